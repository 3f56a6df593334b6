#include "client/mouth.h"
#include "sound/opus.h"
#include "talk.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void voiced(float out[static SOUND_FRAME], unsigned frame)
{
    for (unsigned i = 0; i < SOUND_FRAME; i++) {
        double t = (double)(frame * SOUND_FRAME + i) / SOUND_RATE;

        out[i] = (float)(0.3 * sin(900 * t + sin(9 * t)) + 0.2 * sin(4100 * t));
    }
}

/* The mouth's only packet, or none. */
static enum result take(struct dialogue *t, struct mouth *mouth, const float *frame,
                        uint8_t packet[static MOUTH_PACKET_LEN])
{
    struct outbox box;
    enum result res;

    outbox_start(&box, (struct bytes_mut){packet, MOUTH_PACKET_LEN});
    res = mouth_take(mouth, t->now_us, frame, &box);
    assert_int_equal(box.count, res == OK ? 1 : 0);
    assert_true(res != OK || box.messages[0].body.len == MOUTH_PACKET_LEN);
    return res;
}

static struct rtp read_packet(const uint8_t packet[static MOUTH_PACKET_LEN])
{
    struct rtp rtp;

    assert_int_equal(rtp_read(bytes(packet, MOUTH_PACKET_LEN), &rtp), OK);
    assert_int_equal(rtp.payload.len, FRAME_SEALED_SPEECH);
    assert_int_equal(rtp.header_len, RTP_HEADER_LEN);
    return rtp;
}

/* What the hearer finds inside; borrowed from the packet, which is opened. */
static struct voice open_packet(struct dialogue *t, uint8_t packet[static MOUTH_PACKET_LEN])
{
    struct keyring_heard heard;

    assert_int_equal(keyring_open(t->hearer, t->now_us / 1000, 0,
                                  (struct bytes_mut){packet + RTP_HEADER_LEN, FRAME_SEALED_SPEECH}, &heard),
                     OK);
    assert_int_equal(heard.leaf, TALK_SPEAKER);
    return heard.voice;
}

static void one_size_and_one_pace(void **state)
{
    static const float silence[SOUND_FRAME];
    uint8_t packet[MOUTH_PACKET_LEN];
    float frame[SOUND_FRAME];
    struct rtp first = {0}, rtp;
    struct dialogue t;

    (void)state;
    talk_start(&t, 1);
    for (unsigned n = 0; n < 300; n++) {
        voiced(frame, n);
        assert_int_equal(take(&t, t.mouth, n / 50 % 2 == 0 ? frame : silence, packet), OK);
        rtp = read_packet(packet);
        if (n == 0)
            first = rtp;
        assert_int_equal(rtp.sequence, (uint16_t)(first.sequence + n));
        assert_int_equal(rtp.time, first.time + n * 960);
        assert_int_equal(rtp.ssrc, mouth_ssrc(t.mouth));
        assert_int_equal(rtp.payload_type, OPUS_PAYLOAD_TYPE);
        assert_false(rtp.marker || rtp.extended || rtp.padding != 0 || rtp.csrcs.len != 0);
        assert_int_equal(open_packet(&t, packet).opus.len, SOUND_SPEECH_BYTES);
    }
    talk_end(&t);
}

static void each_stream_is_fresh(void **state)
{
    static const float silence[SOUND_FRAME];
    struct rtp seen[50];
    struct dialogue t;

    (void)state;
    talk_start(&t, 2);
    for (unsigned n = 0; n < 50; n++) {
        uint8_t packet[MOUTH_PACKET_LEN];
        struct mouth *mouth;

        assert_int_equal(mouth_new(&mouth, t.speaker, &t.seeded.random), OK);
        assert_int_equal(take(&t, mouth, silence, packet), OK);
        mouth_free(mouth);
        seen[n] = read_packet(packet);
        assert_true(seen[n].sequence < 0x8000);
        for (unsigned other = 0; other < n; other++) {
            assert_int_not_equal(seen[n].ssrc, seen[other].ssrc);
            assert_int_not_equal(seen[n].time, seen[other].time);
        }
    }
    talk_end(&t);
}

static void without_a_key_nothing_leaves(void **state)
{
    static const float silence[SOUND_FRAME];
    uint8_t packet[MOUTH_PACKET_LEN];
    struct rtp before, after;
    struct dialogue t;

    (void)state;
    talk_start(&t, 3);
    assert_int_equal(take(&t, t.mouth, silence, packet), OK);
    before = read_packet(packet);
    keyring_close(t.speaker);
    assert_int_equal(take(&t, t.mouth, silence, packet), E_NO_KEY);

    /* Who is not on stage has a key and yet no voice. */
    talk_enter(&t, t.speaker, TALK_HEARER, 2);
    assert_int_equal(take(&t, t.mouth, silence, packet), E_REFUSED);

    talk_enter(&t, t.speaker, TALK_SPEAKER, 3);
    assert_int_equal(take(&t, t.mouth, silence, packet), OK);
    after = read_packet(packet);
    assert_int_equal(after.sequence, (uint16_t)(before.sequence + 1));
    assert_int_equal(after.time, before.time + 960);
    talk_end(&t);
}

static void a_full_outbox_takes_nothing(void **state)
{
    static const float silence[SOUND_FRAME];
    uint8_t room[MOUTH_PACKET_LEN - 1];
    struct outbox box;
    struct dialogue t;

    (void)state;
    talk_start(&t, 4);
    outbox_start(&box, (struct bytes_mut){room, sizeof room});
    assert_int_equal(mouth_take(t.mouth, t.now_us, silence, &box), E_NO_MEMORY);
    assert_int_equal(box.count, 0);
    talk_end(&t);
}

/* Another encoder's frames: the size on the wire never tells, and what does not fit becomes silence. */
static void g14_what_does_not_fit_becomes_silence(void **state)
{
    static const struct {
        unsigned first_byte;
        size_t len;
        bool kept;
    } frames[] = {{0x78, 1, true},   {0x78, 32, true},   {0x78, 80, true},   {0x78, 104, true},
                  {0x78, 106, true}, {0x78, 107, false}, {0x78, 255, false}, {0x78, 265, false},
                  {0x70, 50, false}, {0x79, 51, false},  {0x18, 50, false},  {0x78, 0, false}};
    static const float nothing[SOUND_FRAME];
    uint8_t opus[300] = {0}, packet[MOUTH_PACKET_LEN], silence[SOUND_SPEECH_BYTES];
    struct sound_encoder *encoder;
    struct outbox box;
    struct dialogue t;

    (void)state;
    talk_start(&t, 5);
    assert_int_equal(sound_encoder_new(&encoder), OK);
    sound_encode(encoder, nothing, silence);
    sound_encoder_free(encoder);
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct bytes sent = bytes(opus, frames[i].len), got;

        opus[0] = (uint8_t)frames[i].first_byte;
        outbox_start(&box, (struct bytes_mut){packet, sizeof packet});
        assert_int_equal(mouth_send(t.mouth, t.now_us, sent, &box), OK);
        read_packet(packet);
        got = open_packet(&t, packet).opus;
        assert_true(bytes_equal(got, frames[i].kept ? sent : BYTES_OF(silence)));
    }
    talk_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_size_and_one_pace),
        cmocka_unit_test(each_stream_is_fresh),
        cmocka_unit_test(without_a_key_nothing_leaves),
        cmocka_unit_test(a_full_outbox_takes_nothing),
        cmocka_unit_test(g14_what_does_not_fit_becomes_silence),
    };

    return cmocka_run_group_tests_name("mouth", tests, NULL, NULL);
}
