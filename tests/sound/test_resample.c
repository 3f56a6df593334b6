#include "sound/frames.h"
#include "sound/resample.h"

#include "support/denied.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint32_t rates[] = {8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000};

enum { RATES = sizeof rates / sizeof rates[0], TONE_HZ = 440 };

static double tone(double seconds)
{
    return 0.5 * sin(2 * 3.14159265358979 * TONE_HZ * seconds);
}

/* The share of what is no tone of the right pitch and phase, past the edges of the recording. */
static double error_of(const float *samples, size_t count)
{
    double wrong = 0, right = 0;

    for (size_t i = 500; i + 500 < count; i++) {
        double expected = tone((double)i / SOUND_RATE);

        wrong += (samples[i] - expected) * (samples[i] - expected);
        right += expected * expected;
    }
    return wrong / right;
}

static void keeps_pitch_phase_and_length(void **state)
{
    (void)state;
    for (size_t n = 0; n < RATES; n++) {
        struct resampler *r;
        float in[100], *out = calloc(SOUND_RATE + 1000, sizeof *out);
        size_t put = 0, made = 0, tail;

        assert_non_null(out);
        assert_int_equal(resampler_new(&r, rates[n]), OK);
        tail = resampler_tail(r);
        while (put < rates[n] + tail) {
            size_t taken = rates[n] + tail - put < 100 ? rates[n] + tail - put : 100;
            size_t given = SOUND_RATE + 1000 - made;

            for (size_t i = 0; i < taken; i++)
                in[i] = put + i < rates[n] ? (float)tone((double)(put + i) / rates[n]) : 0;
            resampler_put(r, in, &taken, out + made, &given);
            assert_true(taken + given > 0);
            put += taken;
            made += given;
        }
        assert_in_range(made, SOUND_RATE - 8, SOUND_RATE + 8);
        assert_true(error_of(out, made) < 1e-6);
        resampler_free(r);
        free(out);
    }
}

static void refuses_insane_rates(void **state)
{
    static const uint32_t insane[] = {0, 1, 7999, 192001, UINT32_MAX};
    struct resampler *r;

    (void)state;
    for (size_t i = 0; i < sizeof insane / sizeof insane[0]; i++) {
        assert_int_equal(resampler_new(&r, insane[i]), E_UNSUPPORTED);
        assert_null(r);
    }
    resampler_free(NULL);
}

/* --- frames --- */

struct file {
    uint8_t bytes[200 * 1024];
    size_t len, at;
    bool patient, asked;
};

static enum result read_file(void *self, struct bytes_mut into, size_t *got)
{
    struct file *f = self;
    size_t n = f->len - f->at < into.len ? f->len - f->at : into.len;

    f->asked = !f->asked;
    if (f->patient && f->asked)
        return E_AGAIN;
    if (f->patient && n > 333)
        n = 333;
    memcpy(into.at, f->bytes + f->at, n);
    f->at += n;
    *got = n;
    return OK;
}

static void put_little(struct file *f, uint32_t value, unsigned len)
{
    for (unsigned i = 0; i < len; i++)
        f->bytes[f->len++] = (uint8_t)(value >> 8 * i);
}

static void put_tone(struct file *f, uint32_t rate, size_t samples)
{
    static const char begin[] = "RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\1", end[] = "data\0\0\0";

    memset(f, 0, sizeof *f);
    memcpy(f->bytes, begin, sizeof begin);
    f->len = sizeof begin;
    put_little(f, rate, 4);
    put_little(f, rate * 2, 4);
    put_little(f, 2, 2);
    put_little(f, 16, 2);
    memcpy(f->bytes + f->len, end, sizeof end);
    f->len += sizeof end;
    for (size_t i = 0; i < samples; i++)
        put_little(f, (uint16_t)(int16_t)lrint(tone((double)i / rate) * 32768), 2);
}

static void frames_of_every_rate(void **state)
{
    struct file *f = *state;

    for (size_t n = 0; n < RATES * 2; n++) {
        uint32_t rate = rates[n / 2];
        float *got = calloc(110 * SOUND_FRAME, sizeof *got);
        struct frames *frames;
        size_t count = 0;
        enum result res;

        assert_non_null(got);
        put_tone(f, rate, rate);
        f->patient = n % 2 != 0;
        assert_int_equal(frames_new(&frames, (struct wav_source){read_file, f}), OK);
        for (;;) {
            assert_true(count < 110);
            res = frames_next(frames, got + count * SOUND_FRAME);
            if (res == OK)
                count++;
            else if (res != E_AGAIN)
                break;
        }
        assert_int_equal(res, E_CLOSED);
        assert_int_equal(frames_next(frames, got), E_CLOSED);
        assert_in_range(count, 50, 51); /* the filter's length may spill over by a few samples */
        assert_true(error_of(got, SOUND_RATE) < 1e-6);
        assert_string_equal(frames_reason(frames), "");
        frames_free(frames);
        free(got);
    }
}

static void fills_up_the_last_frame(void **state)
{
    float got[SOUND_FRAME];
    struct file *f = *state;
    struct frames *frames;

    put_tone(f, SOUND_RATE, SOUND_FRAME + 100);
    assert_int_equal(frames_new(&frames, (struct wav_source){read_file, f}), OK);
    assert_int_equal(frames_next(frames, got), OK);
    assert_int_equal(frames_next(frames, got), OK);
    assert_true(fabsf(got[99]) > 0);
    for (size_t i = 100; i < SOUND_FRAME; i++)
        assert_true(got[i] == 0);
    assert_int_equal(frames_next(frames, got), E_CLOSED);
    frames_free(frames);
}

static void passes_on_what_was_wrong(void **state)
{
    float got[SOUND_FRAME];
    struct file *f = *state;
    struct frames *frames;

    put_tone(f, 96000, 10);
    assert_int_equal(frames_new(&frames, (struct wav_source){read_file, f}), OK);
    assert_int_equal(frames_next(frames, got), E_UNSUPPORTED);
    assert_string_equal(frames_reason(frames), "WAV at 96000 Hz: 8000 to 48000 needed");
    frames_free(frames);
    frames_free(NULL);
}

static void no_memory_is_a_result(void **state)
{
    float got[SOUND_FRAME];
    struct file *f = *state;
    struct frames *frames;
    struct resampler *r;

    denied_after(0);
    assert_int_equal(resampler_new(&r, 8000), E_NO_MEMORY);
    assert_true(denied_end());
    assert_null(r);
    denied_after(0);
    assert_int_equal(frames_new(&frames, (struct wav_source){read_file, f}), E_NO_MEMORY);
    assert_true(denied_end());
    assert_null(frames);

    put_tone(f, 8000, 100);
    assert_int_equal(frames_new(&frames, (struct wav_source){read_file, f}), OK);
    denied_after(0);
    assert_int_equal(frames_next(frames, got), E_NO_MEMORY);
    assert_true(denied_end());
    assert_int_equal(frames_next(frames, got), OK);
    frames_free(frames);
}

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct file));
    return *state == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_pitch_phase_and_length), cmocka_unit_test(refuses_insane_rates),
        cmocka_unit_test(frames_of_every_rate),         cmocka_unit_test(fills_up_the_last_frame),
        cmocka_unit_test(passes_on_what_was_wrong),     cmocka_unit_test(no_memory_is_a_result),
    };

    return cmocka_run_group_tests_name("resample", tests, set_up, tear_down);
}
