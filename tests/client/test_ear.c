#include "client/ear.h"
#include "sound/opus.h"
#include "support/denied.h"
#include "support/waveform.h"
#include "talk.h"

#include <math.h>
#include <opus.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A tone that is not in phase with the frames. */
static void tone(float out[static SOUND_FRAME], double hertz, size_t frame)
{
    for (size_t i = 0; i < SOUND_FRAME; i++)
        out[i] =
            (float)(0.3 * sin(2 * 3.14159265358979 * hertz * (double)(frame * SOUND_FRAME + i) / SOUND_RATE));
}

static double loudness(const float frame[static SOUND_FRAME])
{
    double sum = 0;

    for (size_t i = 0; i < SOUND_FRAME; i++)
        sum += (double)frame[i] * frame[i];
    return sqrt(sum / SOUND_FRAME);
}

/* How much of a frame is a tone of that pitch: 0 to 1. */
static double share(const float frame[static SOUND_FRAME], double hertz)
{
    double re = 0, im = 0, all = 0;

    for (size_t i = 0; i < SOUND_FRAME; i++) {
        double phase = 2 * 3.14159265358979 * hertz * (double)i / SOUND_RATE;

        re += frame[i] * cos(phase);
        im += frame[i] * sin(phase);
        all += (double)frame[i] * frame[i];
    }
    return all > 0 ? 2 * (re * re + im * im) / (all * SOUND_FRAME) : 0;
}

/* Somebody who sends a tone under numbers of any kind. */
struct singer {
    struct dialogue *talk;
    struct keyring *ring;
    struct sound_encoder *encoder;
    unsigned slot;
    double hertz;
    uint16_t sequence;
    uint32_t time_48k;
    size_t sung;
};

static void singer_start(struct singer *s, struct dialogue *t, struct keyring *ring, unsigned slot,
                         double hertz)
{
    *s = (struct singer){t, ring, NULL, slot, hertz, 1000, 50000, 0};
    assert_int_equal(sound_encoder_new(&s->encoder), OK);
}

static void sing(struct singer *s)
{
    uint8_t opus[SOUND_SPEECH_BYTES], packet[MOUTH_PACKET_LEN];
    float frame[SOUND_FRAME];

    tone(frame, s->hertz, s->sung++);
    sound_encode(s->encoder, frame, opus);
    talk_packet(s->talk, s->ring, s->sequence++, s->time_48k, bytes(opus, sizeof opus), packet);
    s->time_48k += FRAME_SAMPLES;
    talk_send(s->talk, s->slot, packet);
}

static void sing_and_hear(struct singer *s, unsigned frames, float out[static SOUND_FRAME])
{
    for (unsigned i = 0; i < frames; i++) {
        sing(s);
        talk_hear(s->talk, out);
    }
}

static void hears_who_speaks(void **state)
{
    float out[SOUND_FRAME];
    struct singer singer;
    struct dialogue t;
    uint32_t leaf;

    (void)state;
    talk_start(&t, 1);
    singer_start(&singer, &t, t.other, 5, 440);
    assert_false(ear_hears(t.ear, 5, &leaf));
    sing_and_hear(&singer, 20, out);
    assert_true(ear_hears(t.ear, 5, &leaf));
    assert_int_equal(leaf, TALK_OTHER);
    assert_false(ear_hears(t.ear, 4, &leaf));
    assert_true(share(out, 440) > 0.95);
    for (unsigned i = 0; i < 50; i++)
        talk_hear(&t, out);
    assert_false(ear_hears(t.ear, 5, &leaf));
    assert_true(loudness(out) == 0);
    assert_int_equal(ear_report(t.ear).frames_played, 20);
    assert_int_equal(ear_report(t.ear).frames_concealed, 0);
    sound_encoder_free(singer.encoder);
    talk_end(&t);
}

static void two_slots_sound_together(void **state)
{
    float out[SOUND_FRAME];
    struct singer low, high;
    struct dialogue t;

    (void)state;
    talk_start(&t, 2);
    singer_start(&low, &t, t.speaker, 0, 400);
    singer_start(&high, &t, t.other, 15, 1000);
    for (unsigned i = 0; i < 50; i++) {
        sing(&low);
        sing_and_hear(&high, 1, out);
    }
    assert_true(share(out, 400) > 0.35);
    assert_true(share(out, 1000) > 0.35);
    sound_encoder_free(low.encoder);
    sound_encoder_free(high.encoder);
    talk_end(&t);
}

/* Another person on the same slot, whose packets go on where the last one's ended: at the very wrap of the
 * sequence, with a leap of time. */
static void g07_a_slot_goes_on_with_another_speaker(void **state)
{
    float out[SOUND_FRAME];
    struct singer first, second;
    struct ear_report report;
    struct dialogue t;
    uint32_t leaf;

    (void)state;
    talk_start(&t, 3);
    singer_start(&first, &t, t.speaker, 2, 400);
    singer_start(&second, &t, t.other, 2, 1000);
    first.sequence = 65536 - 50;
    sing_and_hear(&first, 50, out);
    second.sequence = first.sequence;
    second.time_48k = first.time_48k + 333;
    assert_int_equal(second.sequence, 0);
    sing_and_hear(&second, 10, out);
    assert_true(ear_hears(t.ear, 2, &leaf));
    assert_int_equal(leaf, TALK_OTHER);
    sing_and_hear(&second, 40, out);
    assert_true(share(out, 1000) > 0.95);
    report = ear_report(t.ear);
    assert_int_equal(report.frames_lost + report.frames_refused + report.frames_late, 0);
    sound_encoder_free(first.encoder);
    sound_encoder_free(second.encoder);
    talk_end(&t);
}

static void g09_a_sequence_that_jumps_is_heard_again(void **state)
{
    float out[SOUND_FRAME];
    struct singer singer;
    struct dialogue t;

    (void)state;
    talk_start(&t, 4);
    singer_start(&singer, &t, t.speaker, 0, 700);
    singer.sequence = 40000 - 100;
    sing_and_hear(&singer, 100, out);
    singer.sequence = 10;
    sing_and_hear(&singer, 50, out);
    assert_true(share(out, 700) > 0.95);
    assert_true(ear_report(t.ear).frames_played > 140);
    sound_encoder_free(singer.encoder);
    talk_end(&t);
}

static void g10_three_speakers_in_turn_with_random_times(void **state)
{
    float out[SOUND_FRAME];
    struct singer singer;
    struct dialogue t;

    (void)state;
    talk_start(&t, 5);
    singer_start(&singer, &t, t.speaker, 0, 700);
    for (unsigned turn = 0; turn < 6; turn++) {
        singer.ring = turn % 2 == 0 ? t.speaker : t.other;
        singer.time_48k = (uint32_t)seeded_u64(&t.seeded);
        sing_and_hear(&singer, 50, out);
        assert_true(share(out, 700) > 0.95);
    }
    assert_true(ear_report(t.ear).frames_played > 280);
    assert_true(ear_report(t.ear).delay_ms_p99 <= 80);
    sound_encoder_free(singer.encoder);
    talk_end(&t);
}

static void g12_one_lost_packet_leaves_no_delay(void **state)
{
    float out[SOUND_FRAME];
    struct singer singer;
    struct ear_report report;
    struct dialogue t;

    (void)state;
    talk_start(&t, 6);
    singer_start(&singer, &t, t.speaker, 0, 700);
    sing_and_hear(&singer, 50, out);
    t.lost_percent = 100;
    sing_and_hear(&singer, 1, out);
    t.lost_percent = 0;
    sing_and_hear(&singer, 100, out);
    report = ear_report(t.ear);
    assert_int_equal(report.frames_lost, 1);
    assert_int_equal(report.frames_concealed, 1);
    assert_int_equal(report.delay_ms_p99, report.delay_ms_p50);
    sound_encoder_free(singer.encoder);
    talk_end(&t);
}

static void g13_a_time_that_runs_back_is_dropped(void **state)
{
    float out[SOUND_FRAME];
    struct singer singer;
    struct ear_report report;
    struct dialogue t;

    (void)state;
    talk_start(&t, 7);
    singer_start(&singer, &t, t.speaker, 0, 700);
    sing_and_hear(&singer, 50, out);
    singer.time_48k -= 807813896u;
    sing_and_hear(&singer, 1, out);
    singer.time_48k += 807813896u;
    sing_and_hear(&singer, 50, out);
    assert_true(share(out, 700) > 0.95);
    report = ear_report(t.ear);
    assert_int_equal(report.frames_refused, 1);
    assert_int_equal(report.frames_lost, 1);
    sound_encoder_free(singer.encoder);
    talk_end(&t);
}

/* Opus of 20, then 40, 60 and 120 ms, properly sealed. */
static void g14_longer_frames_are_refused_and_counted(void **state)
{
    static const struct {
        int samples;
        enum result res;
    } frames[] = {{960, OK},
                  {960, OK},
                  {1920, E_UNSUPPORTED},
                  {2880, E_UNSUPPORTED},
                  {5760, E_UNSUPPORTED},
                  {480, E_UNSUPPORTED},
                  {960, OK}};
    float in[5760] = {0.1f}, out[SOUND_FRAME];
    uint8_t opus[80], packet[MOUTH_PACKET_LEN];
    OpusEncoder *encoder;
    struct dialogue t;
    int error;

    (void)state;
    talk_start(&t, 8);
    encoder = opus_encoder_create(SOUND_RATE, 1, OPUS_APPLICATION_VOIP, &error);
    assert_non_null(encoder);
    for (uint16_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        int len = opus_encode_float(encoder, in, frames[i].samples, opus, sizeof opus);

        assert_true(len > 0);
        talk_packet(&t, t.speaker, i, i * FRAME_SAMPLES, bytes(opus, (size_t)len), packet);
        assert_int_equal(ear_take(t.ear, t.now_us, 0, (struct bytes_mut){packet, sizeof packet}),
                         frames[i].res);
        talk_hear(&t, out);
    }
    for (unsigned i = 0; i < 10; i++)
        talk_hear(&t, out);
    assert_int_equal(ear_report(t.ear).frames_refused, 4);
    assert_int_equal(ear_report(t.ear).frames_played, 3);
    opus_encoder_destroy(encoder);
    talk_end(&t);
}

static void refuses_what_is_not_sealed(void **state)
{
    static const float silence[SOUND_FRAME];
    uint8_t good[MOUTH_PACKET_LEN], packet[MOUTH_PACKET_LEN];
    struct outbox box;
    struct dialogue t;
    uint64_t refused = 0;

    (void)state;
    talk_start(&t, 9);
    outbox_start(&box, (struct bytes_mut){good, sizeof good});
    assert_int_equal(mouth_take(t.mouth, t.now_us, silence, &box), OK);

    /* Plain bytes where the seal should be, and each bit of a good frame turned. */
    memcpy(packet, good, sizeof packet);
    memset(packet + RTP_HEADER_LEN, 0, FRAME_SEALED_SPEECH);
    assert_int_equal(ear_take(t.ear, t.now_us, 0, (struct bytes_mut){packet, sizeof packet}), E_MALFORMED);
    refused++;
    for (size_t at = RTP_HEADER_LEN; at < sizeof packet; at++) {
        enum result res;

        memcpy(packet, good, sizeof packet);
        packet[at] ^= (uint8_t)(1 << at % 8);
        res = ear_take(t.ear, t.now_us, 0, (struct bytes_mut){packet, sizeof packet});
        assert_int_not_equal(res, OK);
        if (res != E_AGAIN && res != E_STALE && res != E_NOT_FOUND) /* another epoch's name */
            refused++;
    }
    assert_int_equal(ear_report(t.ear).frames_refused, refused);

    /* Every cut. */
    for (size_t cut = 1; cut < sizeof packet; cut++) {
        enum result res;

        memcpy(packet, good, sizeof packet);
        res = ear_take(t.ear, t.now_us, 0, (struct bytes_mut){packet, cut});
        if (cut == RTP_HEADER_LEN)
            assert_int_equal(res, OK);
        else
            assert_int_equal(res, E_MALFORMED);
        refused += res != OK;
    }
    assert_int_equal(ear_report(t.ear).frames_refused, refused);
    assert_int_equal(ear_report(t.ear).frames_played, 0);

    memcpy(packet, good, sizeof packet);
    assert_int_equal(ear_take(t.ear, t.now_us, 0, (struct bytes_mut){packet, sizeof packet}), OK);
    /* The same packet again is a duplicate; the same frame under another number is a replay. */
    memcpy(packet, good, sizeof packet);
    assert_int_equal(ear_take(t.ear, t.now_us, 0, (struct bytes_mut){packet, sizeof packet}), E_EXISTS);
    memcpy(packet, good, sizeof packet);
    packet[3]++;
    assert_int_equal(ear_take(t.ear, t.now_us, 0, (struct bytes_mut){packet, sizeof packet}), E_REPLAY);
    assert_int_equal(ear_report(t.ear).frames_refused, refused + 1);
    talk_end(&t);
}

static void g04_empty_packets_are_no_media(void **state)
{
    uint8_t empty[20] = {0x80, 111, 0, 1}, padded[20] = {0xa0, 111, 0, 2, [19] = 8};
    struct ear_report report;
    struct dialogue t;

    (void)state;
    talk_start(&t, 10);
    assert_int_equal(ear_take(t.ear, t.now_us, 0, (struct bytes_mut){empty, 12}), OK);
    assert_int_equal(ear_take(t.ear, t.now_us, 0, (struct bytes_mut){padded, 20}), OK);
    report = ear_report(t.ear);
    assert_int_equal(report.frames_refused + report.frames_played + report.frames_lost, 0);
    talk_end(&t);
}

/* The speaker has the next epoch already, the hearer gets it 100 ms later: nothing is lost. */
static void early_frames_wait_for_their_epoch(void **state)
{
    float out[SOUND_FRAME];
    struct singer singer;
    struct ear_report report;
    struct dialogue t;

    (void)state;
    talk_start(&t, 11);
    singer_start(&singer, &t, t.speaker, 0, 700);
    sing_and_hear(&singer, 50, out);
    talk_enter(&t, t.speaker, TALK_SPEAKER, 2);
    sing_and_hear(&singer, 1, out);
    assert_int_equal(ear_report(t.ear).frames_played, 49);
    talk_enter(&t, t.hearer, TALK_HEARER, 2);
    sing_and_hear(&singer, 49, out);
    for (unsigned i = 0; i < 20; i++)
        talk_hear(&t, out);
    report = ear_report(t.ear);
    assert_int_equal(report.frames_played, 100);
    assert_int_equal(report.frames_lost + report.frames_late + report.frames_refused + report.frames_unknown,
                     0);
    sound_encoder_free(singer.encoder);
    talk_end(&t);
}

static void frames_without_a_key_are_given_up(void **state)
{
    float out[SOUND_FRAME];
    struct singer singer;
    struct ear_report report;
    struct dialogue t;

    (void)state;
    talk_start(&t, 12);
    singer_start(&singer, &t, t.speaker, 0, 700);
    talk_enter(&t, t.speaker, TALK_SPEAKER, 2);
    sing_and_hear(&singer, 5, out);
    assert_int_equal(ear_report(t.ear).frames_unknown, 0);
    for (unsigned i = 0; i < 20; i++)
        talk_hear(&t, out);
    report = ear_report(t.ear);
    assert_int_equal(report.frames_unknown, 5);
    assert_int_equal(report.frames_played + report.frames_refused, 0);

    /* And no more are held than there is room for. */
    for (unsigned i = 0; i < 400; i++) {
        uint8_t opus[3] = {0x78, 0xff, 0xfe}, packet[MOUTH_PACKET_LEN];
        enum result res;

        talk_packet(&t, t.speaker, (uint16_t)i, i * FRAME_SAMPLES, BYTES_OF(opus), packet);
        res = ear_take(t.ear, t.now_us, 0, (struct bytes_mut){packet, sizeof packet});
        assert_int_equal(res, i < SLOTS * 10 ? E_AGAIN : E_NO_KEY);
    }
    assert_int_equal(ear_report(t.ear).frames_unknown, 5 + 400 - SLOTS * 10);
    sound_encoder_free(singer.encoder);
    talk_end(&t);
}

static void who_is_not_on_stage_is_not_heard(void **state)
{
    uint8_t opus[3] = {0x78, 0xff, 0xfe}, packet[MOUTH_PACKET_LEN];
    struct keyring *intruder;
    struct dialogue t;

    (void)state;
    talk_start(&t, 13);
    assert_int_equal(keyring_new(&t.seeded.random, FRAME_PLAIN_SPEECH, &intruder), OK);
    /* It makes its own roles: the hearer has others. */
    {
        static const uint16_t stage[] = {9};
        uint8_t base_key[SEAL_BASE_KEY_LEN] = {1};
        struct keyring_epoch own = {
            .number = 1, .base_key = base_key, .speakers = stage, .speaker_count = 1, .own_leaf = 9};

        assert_int_equal(keyring_enter(intruder, t.now_us / 1000, &own), OK);
    }
    talk_packet(&t, intruder, 1, 1, BYTES_OF(opus), packet);
    assert_int_equal(ear_take(t.ear, t.now_us, 0, (struct bytes_mut){packet, sizeof packet}), E_REFUSED);
    assert_int_equal(ear_report(t.ear).frames_refused, 1);
    keyring_free(intruder);
    talk_end(&t);
}

static void memory_is_taken_at_the_start_alone(void **state)
{
    float out[SOUND_FRAME];
    struct singer singer;
    struct mouth *mouth;
    struct dialogue t;
    struct ear *ear;
    unsigned taken;

    (void)state;
    talk_start(&t, 14);
    for (unsigned passed = 0;; passed++) {
        enum result res;

        denied_after(passed);
        res = ear_new(&ear, t.hearer);
        if (!denied_end()) {
            assert_int_equal(res, OK);
            assert_true(passed > SLOTS);
            break;
        }
        assert_int_equal(res, E_NO_MEMORY);
        assert_null(ear);
    }
    ear_free(ear);
    for (unsigned passed = 0;; passed++) {
        enum result res;

        denied_after(passed);
        res = mouth_new(&mouth, t.speaker, &t.seeded.random);
        if (!denied_end()) {
            assert_int_equal(res, OK);
            assert_true(passed > 1);
            break;
        }
        assert_int_equal(res, E_NO_MEMORY);
        assert_null(mouth);
    }
    mouth_free(mouth);

    /* The keyring expands a sender's key when its first frame comes. */
    t.lost_percent = 10;
    singer_start(&singer, &t, t.speaker, 0, 500);
    sing_and_hear(&singer, 10, out);
    talk_say(&t, out);
    taken = denied_count();
    sing_and_hear(&singer, 100, out);
    for (unsigned i = 0; i < 100; i++) {
        talk_say(&t, out);
        talk_hear(&t, out);
    }
    assert_int_equal(denied_count(), taken);
    sound_encoder_free(singer.encoder);
    talk_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hears_who_speaks),
        cmocka_unit_test(two_slots_sound_together),
        cmocka_unit_test(g04_empty_packets_are_no_media),
        cmocka_unit_test(g07_a_slot_goes_on_with_another_speaker),
        cmocka_unit_test(g09_a_sequence_that_jumps_is_heard_again),
        cmocka_unit_test(g10_three_speakers_in_turn_with_random_times),
        cmocka_unit_test(g12_one_lost_packet_leaves_no_delay),
        cmocka_unit_test(g13_a_time_that_runs_back_is_dropped),
        cmocka_unit_test(g14_longer_frames_are_refused_and_counted),
        cmocka_unit_test(refuses_what_is_not_sealed),
        cmocka_unit_test(early_frames_wait_for_their_epoch),
        cmocka_unit_test(frames_without_a_key_are_given_up),
        cmocka_unit_test(who_is_not_on_stage_is_not_heard),
        cmocka_unit_test(memory_is_taken_at_the_start_alone),
    };

    return cmocka_run_group_tests_name("ear", tests, NULL, NULL);
}
