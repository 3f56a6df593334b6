/* First speech, no server: mouth, hop, a relay that only passes on what it cannot open, hop, ear; in one
 * process and on one clock, over links that lose and delay by a seed. */
#include "hop/pair.h"
#include "sound/sound.h"
#include "support/speech.h"
#include "support/waveform.h"
#include "talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MORE = 25, MEDIA_LEN = MOUTH_PACKET_LEN + HOP_RTP_OVERHEAD };

struct scene {
    struct pair up, down; /* speaker to relay, relay to hearer */
    struct dialogue talk; /* its mouth, ear and keys; the way between them is ours */
    unsigned passed_on;
};

/* The relay: from one hop into the other, as it came. */
static void pass_on(void *context, enum pair_side side, struct bytes_mut packet)
{
    struct scene *s = context;
    uint8_t room[MEDIA_LEN];

    assert_int_equal(side, RELAY);
    assert_int_equal(packet.len, MOUTH_PACKET_LEN);
    memcpy(room, packet.at, packet.len);
    pair_run(&s->down, s->up.now_us);
    assert_int_equal(pair_send(&s->down, RELAY, (struct bytes_mut){room, sizeof room}, packet.len), OK);
    s->passed_on++;
}

static void come(void *context, enum pair_side side, struct bytes_mut packet)
{
    struct scene *s = context;

    assert_int_equal(side, CLIENT);
    ear_take(s->talk.ear, s->down.now_us, 0, packet);
}

static struct scene *open_scene(uint64_t seed, unsigned loss)
{
    struct scene *s = calloc(1, sizeof *s);

    assert_non_null(s);
    talk_start(&s->talk, seed);
    pair_start(&s->up, seed + 1);
    pair_start(&s->down, seed + 2);
    assert_true(pair_open(&s->up, s->up.now_us + 1000000));
    assert_true(pair_open(&s->down, s->down.now_us + 1000000));
    pair_run(&s->up, 3000000);
    pair_run(&s->down, 3000000);
    s->up.took = pass_on;
    s->down.took = come;
    s->up.context = s->down.context = s;
    s->up.link.loss = s->down.link.loss = loss;
    s->up.link.jitter_us = s->down.link.jitter_us = 5000;
    return s;
}

static void close_scene(struct scene *s)
{
    pair_end(&s->up);
    pair_end(&s->down);
    talk_end(&s->talk);
    free(s);
}

/* 20 ms of it: one frame said, or none, and one heard. */
static void beat(struct scene *s, const float *said, float heard[static SOUND_FRAME])
{
    uint64_t now_us = s->up.now_us;

    if (said != NULL) {
        uint8_t room[MEDIA_LEN];
        struct outbox box;

        outbox_start(&box, (struct bytes_mut){room, sizeof room});
        assert_int_equal(mouth_take(s->talk.mouth, now_us, said, &box), OK);
        assert_int_equal(box.messages[0].body.len, MOUTH_PACKET_LEN);
        assert_int_equal(pair_send(&s->up, CLIENT, (struct bytes_mut){room, sizeof room}, MOUTH_PACKET_LEN),
                         OK);
    }
    ear_due(s->talk.ear, now_us, heard);
    pair_run(&s->up, now_us + FRAME_US);
    pair_run(&s->down, now_us + FRAME_US);
}

static struct ear_report speak(struct scene *s, const char *voice, const char *text,
                               struct waveform_verdict *verdict)
{
    struct speech said = speech_say(voice, text);
    size_t room = said.count + MORE * SOUND_FRAME;
    float *heard = calloc(room, sizeof *heard);

    assert_non_null(heard);
    for (size_t at = 0; at < room; at += SOUND_FRAME)
        beat(s, at < said.count ? said.samples + at : NULL, heard + at);
    assert_true(waveform_through_opus(said.samples, said.count));
    assert_true(waveform_compare(said.samples, said.count, heard, room, 6, verdict));
    free(heard);
    free(said.samples);
    return ear_report(s->talk.ear);
}

static void speech_passes_two_hops_whole(void **state)
{
    struct scene *s = open_scene(40, 0);
    struct waveform_verdict verdict;
    struct ear_report report = speak(s, "cmn", speech_mandarin, &verdict);

    (void)state;
    assert_string_equal(verdict.why, "");
    assert_true(verdict.worst_correlation > 0.99);
    assert_int_equal(report.frames_played, s->passed_on);
    assert_int_equal(report.frames_lost + report.frames_late + report.frames_concealed +
                         report.frames_refused + report.frames_unknown,
                     0);
    /* Links of 10 to 15 ms each, the buffer, a tick. */
    assert_in_range(verdict.lag, 2400, 90 * SOUND_RATE / 1000);
    close_scene(s);
}

static void five_percent_lost_is_bearable(void **state)
{
    struct scene *s = open_scene(50, 25); /* of 1000, on each of the two links */
    struct waveform_verdict verdict;
    struct ear_report report = speak(s, "en", speech_english, &verdict);

    (void)state;
    assert_true(s->up.link.lost + s->down.link.lost > 10);
    assert_in_range(report.frames_lost, s->up.link.lost + s->down.link.lost - 1,
                    s->up.link.lost + s->down.link.lost);
    assert_int_equal(report.frames_concealed, report.frames_lost);
    assert_int_equal(report.frames_refused + report.frames_late, 0);
    assert_true(verdict.worst_correlation > 0.85);
    assert_true(verdict.longest_hole_ms <= 2 * WAVEFORM_HOLE_MS);
    close_scene(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speech_passes_two_hops_whole),
        cmocka_unit_test(five_percent_lost_is_bearable),
    };

    return cmocka_run_group_tests_name("hops", tests, NULL, NULL);
}
