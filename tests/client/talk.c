#include "talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

void talk_enter(struct dialogue *t, struct keyring *ring, uint16_t own_leaf, uint64_t epoch)
{
    static const uint16_t stage[] = {TALK_SPEAKER, TALK_OTHER};
    uint8_t base_key[SEAL_BASE_KEY_LEN] = {(uint8_t)epoch};
    struct keyring_epoch entered = {
        .number = epoch, .base_key = base_key, .speakers = stage, .speaker_count = 2, .own_leaf = own_leaf};

    assert_int_equal(keyring_enter(ring, t->now_us / 1000, &entered), OK);
}

static void make(struct dialogue *t, struct keyring **ring, uint16_t own_leaf)
{
    assert_int_equal(keyring_new(&t->seeded.random, FRAME_PLAIN_SPEECH, ring), OK);
    talk_enter(t, *ring, own_leaf, 1);
}

void talk_start(struct dialogue *t, uint64_t seed)
{
    memset(t, 0, sizeof *t);
    assert_int_equal(crypto_start(), OK);
    seeded_start(&t->seeded, seed);
    t->now_us = TALK_START_US;
    make(t, &t->speaker, TALK_SPEAKER);
    make(t, &t->other, TALK_OTHER);
    make(t, &t->hearer, TALK_HEARER);
    assert_int_equal(mouth_new(&t->mouth, t->speaker, &t->seeded.random), OK);
    assert_int_equal(ear_new(&t->ear, t->hearer), OK);
}

void talk_end(struct dialogue *t)
{
    mouth_free(t->mouth);
    ear_free(t->ear);
    keyring_free(t->speaker);
    keyring_free(t->other);
    keyring_free(t->hearer);
}

static void set_out(struct dialogue *t, unsigned slot, const uint8_t packet[static MOUTH_PACKET_LEN])
{
    struct talk_packet *free_place = t->packets;

    while (free_place->under_way)
        assert_true(++free_place < t->packets + TALK_UNDER_WAY);
    free_place->under_way = true;
    free_place->slot = slot;
    free_place->comes_us = t->now_us + t->delay_us + seeded_below(&t->seeded, t->jitter_us + 1);
    memcpy(free_place->bytes, packet, MOUTH_PACKET_LEN);
}

void talk_send(struct dialogue *t, unsigned slot, const uint8_t packet[static MOUTH_PACKET_LEN])
{
    t->sent++;
    if (seeded_below(&t->seeded, 100) < t->lost_percent) {
        t->dropped++;
        return;
    }
    set_out(t, slot, packet);
    if (seeded_below(&t->seeded, 100) < t->twice_percent)
        set_out(t, slot, packet);
}

void talk_packet(struct dialogue *t, struct keyring *ring, uint16_t sequence, uint32_t time_48k,
                 struct bytes opus, uint8_t packet[static MOUTH_PACKET_LEN])
{
    struct rtp rtp = {.payload_type = OPUS_PAYLOAD_TYPE, .sequence = sequence, .time = time_48k, .ssrc = 99};
    struct bytes_mut frame = {packet + RTP_HEADER_LEN, FRAME_SEALED_SPEECH};
    struct voice voice = {opus, NULL};
    struct bytes whole;

    assert_int_equal(keyring_seal(ring, t->now_us / 1000, &voice, frame), OK);
    rtp.payload = bytes_const(frame);
    assert_int_equal(rtp_write(&rtp, (struct bytes_mut){packet, MOUTH_PACKET_LEN}, &whole), OK);
    assert_int_equal(whole.len, MOUTH_PACKET_LEN);
}

void talk_say(struct dialogue *t, const float frame[static SOUND_FRAME])
{
    uint8_t packet[MOUTH_PACKET_LEN];
    struct outbox box;

    outbox_start(&box, (struct bytes_mut){packet, sizeof packet});
    assert_int_equal(mouth_take(t->mouth, t->now_us, frame, &box), OK);
    talk_send(t, 0, packet);
}

static struct talk_packet *first_to_come(struct dialogue *t)
{
    struct talk_packet *first = NULL;

    for (struct talk_packet *p = t->packets; p < t->packets + TALK_UNDER_WAY; p++) {
        if (p->under_way && (first == NULL || p->comes_us < first->comes_us))
            first = p;
    }
    return first;
}

void talk_hear(struct dialogue *t, float out[static SOUND_FRAME])
{
    struct talk_packet *p;

    while ((p = first_to_come(t)) != NULL && p->comes_us <= t->now_us) {
        ear_take(t->ear, p->comes_us, p->slot, (struct bytes_mut){p->bytes, sizeof p->bytes});
        p->under_way = false;
    }
    ear_due(t->ear, t->now_us, out);
    t->now_us += FRAME_US;
}

void talk_through(struct dialogue *t, const float *said, size_t count, float *heard, size_t more)
{
    for (size_t at = 0; at < count; at += SOUND_FRAME) {
        talk_say(t, said + at);
        talk_hear(t, heard + at);
    }
    for (size_t frame = 0; frame < more; frame++)
        talk_hear(t, heard + count + frame * SOUND_FRAME);
}
