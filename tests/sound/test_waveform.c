/* The ruler itself: what it must let pass, and the controls that it must not. */
#include "support/waveform.h"

#include "sound/sound.h"
#include "support/seeded.h"
#include "support/speech.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct stage {
    struct speech said;
    float *heard; /* room for the speech and three seconds */
    size_t room;
    struct waveform_verdict verdict;
};

/* Each test asks for the speech, so that each is skipped where there is nothing to make it with. */
static struct stage *spoken(void **state)
{
    struct stage *s = *state;

    if (s->said.samples == NULL) {
        s->said = speech_say("en", speech_english);
        s->room = s->said.count + 3 * SOUND_RATE;
        s->heard = calloc(s->room, sizeof *s->heard);
        assert_non_null(s->heard);
        assert_true(s->said.count > 6 * SOUND_RATE);
    }
    return s;
}

/* The speech in the recording, `lag` samples later; a negative lag leaves out its beginning. */
static void record(struct stage *s, int64_t lag)
{
    memset(s->heard, 0, s->room * sizeof *s->heard);
    for (size_t i = 0; i < s->room; i++) {
        int64_t from = (int64_t)i - lag;

        if (from >= 0 && from < (int64_t)s->said.count)
            s->heard[i] = s->said.samples[from];
    }
}

static void judge(struct stage *s)
{
    assert_true(waveform_compare(s->said.samples, s->said.count, s->heard, s->room, 4, &s->verdict));
}

/* A sample in the midst of loud speech. */
static size_t loud_place(const struct stage *s)
{
    size_t best = 0;

    for (size_t at = SOUND_RATE; at + SOUND_RATE < s->said.count; at += SOUND_FRAME / 8) {
        double sum = 0, most = 0;

        for (size_t i = 0; i < SOUND_FRAME; i++) {
            sum += fabsf(s->said.samples[at + i]);
            most += fabsf(s->said.samples[best + i]);
        }
        if (sum > most)
            best = at;
    }
    return best;
}

static void the_same_at_any_lag(void **state)
{
    static const int64_t lags[] = {0, 1, 959, 4801, 2 * SOUND_RATE, -1, -957, -2 * SOUND_RATE - 5};
    struct stage *s = spoken(state);

    for (size_t i = 0; i < sizeof lags / sizeof lags[0]; i++) {
        record(s, lags[i]);
        judge(s);
        assert_string_equal(s->verdict.why, "");
        assert_true(s->verdict.same);
        assert_int_equal(s->verdict.lag, lags[i]);
        assert_true(s->verdict.worst_correlation > 0.999);
    }
}

static void softer_is_the_same(void **state)
{
    struct stage *s = spoken(state);

    record(s, 1000);
    for (size_t i = 0; i < s->room; i++)
        s->heard[i] *= 0.4f;
    judge(s);
    assert_true(s->verdict.same);
}

static void noise_of_one_loudness_is_not(void **state)
{
    struct stage *s = spoken(state);
    struct seeded seeded;

    seeded_start(&seeded, 7);
    record(s, 0);
    for (size_t at = 0; at + SOUND_FRAME <= s->said.count; at += SOUND_FRAME) {
        double sum = 0;

        for (size_t i = 0; i < SOUND_FRAME; i++)
            sum += s->said.samples[at + i] * s->said.samples[at + i];
        for (size_t i = 0; i < SOUND_FRAME; i++)
            s->heard[at + i] =
                (float)(sqrt(3 * sum / SOUND_FRAME) * ((double)seeded_below(&seeded, 2001) / 1000 - 1));
    }
    judge(s);
    assert_false(s->verdict.same);
    assert_string_equal(s->verdict.why, "another waveform");
    assert_true(s->verdict.worst_correlation < 0.3);
}

static void a_hole_of_400_ms_is_not(void **state)
{
    struct stage *s = spoken(state);
    size_t at = loud_place(s);

    record(s, 0);
    memset(s->heard + at - 9600, 0, 19200 * sizeof *s->heard);
    judge(s);
    assert_false(s->verdict.same);
    assert_true(s->verdict.longest_hole_ms > WAVEFORM_HOLE_MS);
}

static void a_hole_counts_from_20_ms(void **state)
{
    struct stage *s = spoken(state);
    size_t at = loud_place(s);

    record(s, 480);
    memset(s->heard + 480 + at, 0, SOUND_FRAME * sizeof *s->heard);
    judge(s);
    assert_in_range((int)s->verdict.longest_hole_ms, 10, 20);
    memset(s->heard + 480 + at - SOUND_FRAME, 0, 3 * SOUND_FRAME * sizeof *s->heard);
    judge(s);
    assert_true(s->verdict.longest_hole_ms > WAVEFORM_HOLE_MS);
    assert_false(s->verdict.same);
}

static void a_frame_too_many_is_not(void **state)
{
    struct stage *s = spoken(state);
    size_t at = loud_place(s);

    record(s, 0);
    memmove(s->heard + at + SOUND_FRAME, s->heard + at, (s->said.count - at) * sizeof *s->heard);
    judge(s);
    assert_false(s->verdict.same);
}

static void one_second_is_too_little(void **state)
{
    struct stage *s = spoken(state);

    record(s, 0);
    assert_true(waveform_compare(s->said.samples, s->said.count, s->heard, SOUND_RATE, 4, &s->verdict));
    assert_string_equal(s->verdict.why, "too little in common");
    assert_true(waveform_compare(s->said.samples, s->said.count, s->heard, 0, 0, &s->verdict));
    assert_false(s->verdict.same);
}

static void silence_is_not(void **state)
{
    struct stage *s = spoken(state);

    memset(s->heard, 0, s->room * sizeof *s->heard);
    judge(s);
    assert_false(s->verdict.same);
}

static void a_missing_beginning_is_not(void **state)
{
    struct stage *s = spoken(state);

    record(s, SOUND_RATE);
    memset(s->heard, 0, (SOUND_RATE + SOUND_RATE / 2) * sizeof *s->heard);
    judge(s);
    assert_false(s->verdict.same);
}

static int set_up(void **state)
{
    struct stage *s = calloc(1, sizeof *s);

    if (s == NULL)
        return -1;
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *s = *state;

    free(s->said.samples);
    free(s->heard);
    free(s);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_at_any_lag),          cmocka_unit_test(softer_is_the_same),
        cmocka_unit_test(noise_of_one_loudness_is_not), cmocka_unit_test(a_hole_of_400_ms_is_not),
        cmocka_unit_test(a_hole_counts_from_20_ms),     cmocka_unit_test(a_frame_too_many_is_not),
        cmocka_unit_test(one_second_is_too_little),     cmocka_unit_test(silence_is_not),
        cmocka_unit_test(a_missing_beginning_is_not),
    };

    return cmocka_run_group_tests_name("waveform", tests, set_up, tear_down);
}
