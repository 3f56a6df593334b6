#include "client/mix.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void one_soft_voice_passes_bit_for_bit(void **state)
{
    float voice[SOUND_FRAME], sum[SOUND_FRAME];

    (void)state;
    for (int i = 0; i < SOUND_FRAME; i++)
        voice[i] = 0.9f * sinf((float)i / 7);
    mix_start(sum);
    mix_add(sum, voice);
    mix_limit(sum);
    assert_memory_equal(sum, voice, sizeof sum);
}

static void sixteen_loud_voices_stay_within_one(void **state)
{
    float voice[SOUND_FRAME], sum[SOUND_FRAME];

    (void)state;
    for (int i = 0; i < SOUND_FRAME; i++)
        voice[i] = (float)(2 * i - SOUND_FRAME) / SOUND_FRAME;
    mix_start(sum);
    for (int n = 0; n < 16; n++)
        mix_add(sum, voice);
    assert_true(sum[0] == -16);
    mix_limit(sum);
    for (int i = 0; i < SOUND_FRAME; i++) {
        assert_true(sum[i] >= -1 && sum[i] <= 1);
        assert_true(i == 0 || sum[i] >= sum[i - 1]); /* bent, never folded */
        assert_true((sum[i] < 0) == (voice[i] < 0));
    }
}

static void bends_without_a_step(void **state)
{
    float sum[SOUND_FRAME];

    (void)state;
    for (int i = 0; i < SOUND_FRAME; i++)
        sum[i] = 0.88f + (float)i * 0.0001f;
    mix_limit(sum);
    for (int i = 1; i < SOUND_FRAME; i++)
        assert_true(sum[i] - sum[i - 1] >= 0 && sum[i] - sum[i - 1] < 0.00011f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_soft_voice_passes_bit_for_bit),
        cmocka_unit_test(sixteen_loud_voices_stay_within_one),
        cmocka_unit_test(bends_without_a_step),
    };

    return cmocka_run_group_tests_name("mix", tests, NULL, NULL);
}
