/* Frames after opening: each record of the input becomes a packet with any numbers and any Opus, properly
 * sealed by one of two speakers, that comes to an ear at some time. What is played stays sound, and every
 * frame is counted once. Records with a length of 255 are given to the ear as they are, unsealed. */
#include "client/ear.h"

#include "base/reader.h"
#include "core/core.h"
#include "wire/rtp.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PLAIN_OPUS = FRAME_PLAIN_SPEECH - FRAME_PROOF_LEN - 2, RAW = 255, TICKS = 400 };

static void not_random(void *self, uint8_t *to, size_t len)
{
    (void)self;
    memset(to, 0x5a, len);
}

static struct keyring *ring_of(uint16_t own_leaf)
{
    static const struct random random = {not_random, NULL};
    static const uint16_t stage[] = {1, 2};
    static const uint8_t base_key[SEAL_BASE_KEY_LEN] = {7};
    struct keyring_epoch epoch = {
        .number = 1, .base_key = base_key, .speakers = stage, .speaker_count = 2, .own_leaf = own_leaf};
    struct keyring *ring;
    enum result res = keyring_new(&random, FRAME_PLAIN_SPEECH, &ring);

    assert(res == OK);
    res = keyring_enter(ring, 0, &epoch);
    assert(res == OK);
    return ring;
}

static void give(struct ear *ear, struct keyring *ring, uint64_t now_us, unsigned slot,
                 const struct rtp *header, struct bytes opus)
{
    uint8_t packet[RTP_HEADER_LEN + FRAME_SEALED_SPEECH];
    struct bytes_mut frame = {packet + RTP_HEADER_LEN, FRAME_SEALED_SPEECH};
    struct voice voice = {opus, NULL};
    struct rtp rtp = *header;
    struct bytes whole;

    if (keyring_seal(ring, now_us / 1000, &voice, frame) != OK)
        return;
    rtp.payload = bytes_const(frame);
    if (rtp_write(&rtp, (struct bytes_mut){packet, sizeof packet}, &whole) == OK)
        ear_take(ear, now_us, slot, (struct bytes_mut){packet, whole.len});
}

static void play(struct ear *ear, uint64_t now_us)
{
    float out[SOUND_FRAME];

    ear_due(ear, now_us, out);
    for (unsigned i = 0; i < SOUND_FRAME; i++)
        assert(out[i] >= -1 && out[i] <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_on(bytes(data, size));
    uint64_t now_us = 1000000, given = 0;
    struct keyring *speakers[2], *hearer;
    struct ear_report report;
    struct ear *ear;
    unsigned ticks = 0;

    if (crypto_start() != OK)
        return 0;
    speakers[0] = ring_of(1);
    speakers[1] = ring_of(2);
    hearer = ring_of(3);
    if (ear_new(&ear, hearer) != OK)
        goto out;
    while (reader_left(&r) != 0 && ticks < TICKS) {
        uint8_t who = reader_u8(&r), pause = reader_u8(&r), len;
        struct rtp rtp = {.payload_type = OPUS_PAYLOAD_TYPE, .ssrc = 1};
        uint8_t raw[512];

        rtp.sequence = reader_u16(&r);
        rtp.time = reader_u32(&r);
        len = reader_u8(&r);
        if (len == RAW) {
            struct bytes packet = reader_run16(&r);

            if (packet.len > sizeof raw)
                break;
            memcpy(raw, packet.at == NULL ? data : packet.at, packet.len);
            ear_take(ear, now_us, who % SLOTS, (struct bytes_mut){raw, packet.len});
        } else {
            struct bytes opus = reader_take(&r, len);

            if (opus.len != 0 && opus.len <= PLAIN_OPUS) {
                give(ear, speakers[who >> 7], now_us, who % SLOTS, &rtp, opus);
                given++;
            }
        }
        for (; pause > 0 && ticks < TICKS; pause /= 4) {
            play(ear, now_us);
            now_us += FRAME_US;
            ticks++;
        }
    }
    for (unsigned i = 0; i < 20; i++) {
        play(ear, now_us);
        now_us += FRAME_US;
    }
    report = ear_report(ear);
    assert(report.frames_played <= given);
    assert(report.frames_played + report.frames_late <= given);
    assert(report.frames_lost <= given * 32768);
out:
    ear_free(ear);
    keyring_free(speakers[0]);
    keyring_free(speakers[1]);
    keyring_free(hearer);
    return 0;
}
