/* First speech, no server: a mouth, a way, an ear, one process, one clock. */
#include "sound/sound.h"
#include "support/speech.h"
#include "support/waveform.h"
#include "talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MORE = 25 };

struct scene {
    struct dialogue talk;
    struct speech said;
    float *heard;
    size_t heard_count;
    struct ear_report report;
    struct waveform_verdict verdict;
};

/* Says it over the way that `set_up` makes, and compares with what Opus makes of it. */
static void play_scene(struct scene *s, const char *voice, const char *text,
                       void (*make_way)(struct dialogue *))
{
    s->said = speech_say(voice, text);
    s->heard_count = s->said.count + MORE * SOUND_FRAME;
    s->heard = calloc(s->heard_count, sizeof *s->heard);
    assert_non_null(s->heard);
    talk_start(&s->talk, 17);
    make_way(&s->talk);
    talk_through(&s->talk, s->said.samples, s->said.count, s->heard, MORE);
    s->report = ear_report(s->talk.ear);
    assert_true(waveform_through_opus(s->said.samples, s->said.count));
    assert_true(waveform_compare(s->said.samples, s->said.count, s->heard, s->heard_count, 6, &s->verdict));
    print_message(
        "# %s: worst window %.4f, longest hole %.1f ms, delay %u ms, %u ms at most but for one in 100\n",
        voice, s->verdict.worst_correlation, s->verdict.longest_hole_ms, s->report.delay_ms_p50,
        s->report.delay_ms_p99);
}

static void end_scene(struct scene *s)
{
    free(s->said.samples);
    free(s->heard);
    talk_end(&s->talk);
}

static void a_good_way(struct dialogue *t)
{
    t->delay_us = 3000;
    t->jitter_us = 8000;
    t->twice_percent = 5;
}

static void speech_passes_whole(void **state)
{
    static const struct {
        const char *voice, *text;
    } speakers[] = {{"en", speech_english}, {"cmn", speech_mandarin}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct scene s;

        play_scene(&s, speakers[i].voice, speakers[i].text, a_good_way);
        assert_string_equal(s.verdict.why, "");
        assert_true(s.verdict.worst_correlation > 0.99);
        assert_int_equal(s.report.frames_played, s.said.count / SOUND_FRAME);
        assert_int_equal(s.report.frames_lost + s.report.frames_late + s.report.frames_concealed +
                             s.report.frames_refused + s.report.frames_unknown,
                         0);
        assert_in_range(s.report.delay_ms_p50, 30, 60);
        end_scene(&s);
    }
}

static void a_lossy_way(struct dialogue *t)
{
    a_good_way(t);
    t->lost_percent = 5;
}

/* A loss stays where it is: what is heard of the rest does not move, and most of what is lost comes back. */
static void loss_stays_small(void **state)
{
    struct scene s;

    (void)state;
    play_scene(&s, "en", speech_english, a_lossy_way);
    assert_true(s.talk.dropped > 10);
    assert_in_range(s.report.frames_lost, s.talk.dropped - 1,
                    s.talk.dropped); /* the last one is not missed */
    assert_int_equal(s.report.frames_concealed, s.report.frames_lost);
    assert_int_equal(s.report.frames_played, s.talk.sent - s.talk.dropped);
    assert_int_equal(s.report.frames_late + s.report.frames_refused, 0);
    assert_true(s.verdict.worst_correlation > 0.9);
    assert_true(s.verdict.longest_hole_ms <= WAVEFORM_HOLE_MS);
    end_scene(&s);
}

static void a_hopeless_way(struct dialogue *t)
{
    a_good_way(t);
    t->lost_percent = 60;
}

/* The check that lets the first test pass can fail. */
static void hopeless_loss_shows(void **state)
{
    struct scene s;

    (void)state;
    play_scene(&s, "en", speech_english, a_hopeless_way);
    assert_false(s.verdict.same);
    end_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speech_passes_whole),
        cmocka_unit_test(loss_stays_small),
        cmocka_unit_test(hopeless_loss_shows),
    };

    return cmocka_run_group_tests_name("speech", tests, NULL, NULL);
}
