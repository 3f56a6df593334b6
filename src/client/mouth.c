#include "client/mouth.h"

#include "core/core.h"
#include "sound/opus.h"

#include <assert.h>
#include <stdlib.h>

_Static_assert((int)SOUND_RATE == (int)SAMPLE_RATE && (int)SOUND_FRAME == (int)FRAME_SAMPLES,
               "sound and wire agree on a frame");

struct mouth {
    struct sound_encoder *encoder;
    struct keyring *keys;
    uint32_t ssrc;
    uint16_t sequence; /* of the next packet */
    uint32_t time_48k;
    uint8_t silence[SOUND_SPEECH_BYTES];
};

static enum result encode_silence(uint8_t out[static SOUND_SPEECH_BYTES])
{
    static const float nothing[SOUND_FRAME];
    struct sound_encoder *encoder;
    enum result res = sound_encoder_new(&encoder);

    if (res == OK)
        sound_encode(encoder, nothing, out);
    sound_encoder_free(encoder);
    return res;
}

enum result mouth_new(struct mouth **out, struct keyring *keys, const struct random *random)
{
    struct mouth *m = calloc(1, sizeof *m);
    enum result res = m == NULL ? E_NO_MEMORY : OK;

    *out = NULL;
    if (res == OK)
        res = encode_silence(m->silence);
    if (res == OK)
        res = sound_encoder_new(&m->encoder);
    if (res != OK) {
        mouth_free(m);
        return res;
    }
    m->keys = keys;
    m->ssrc = random_u32(random);
    /* A first number in the upper half could wrap before the first packet arrives (RFC 3711, section 3.3.1).
     */
    m->sequence = random_u32(random) & 0x7fff;
    m->time_48k = random_u32(random);
    *out = m;
    return OK;
}

void mouth_free(struct mouth *m)
{
    if (m == NULL)
        return;
    sound_encoder_free(m->encoder);
    free(m);
}

void mouth_change_keys(struct mouth *m, struct keyring *keys)
{
    m->keys = keys;
}

unsigned mouth_owes(const struct mouth *m)
{
    return keyring_owes(m->keys);
}

uint32_t mouth_ssrc(const struct mouth *m)
{
    return m->ssrc;
}

enum result mouth_send(struct mouth *m, uint64_t now_us, struct bytes opus, struct outbox *box)
{
    struct rtp rtp = {
        .payload_type = OPUS_PAYLOAD_TYPE, .sequence = m->sequence, .time = m->time_48k, .ssrc = m->ssrc};
    struct voice voice = {opus, NULL};
    uint8_t *room = outbox_room(box, MOUTH_PACKET_LEN);
    struct bytes_mut frame;
    struct bytes packet;
    enum result res;

    if (room == NULL)
        return E_NO_MEMORY;
    if (opus.len > voice_room(FRAME_PLAIN_SPEECH) || sound_packet_check(opus) != OK)
        voice.opus = bytes(m->silence, sizeof m->silence);

    frame = (struct bytes_mut){room + RTP_HEADER_LEN, FRAME_SEALED_SPEECH};
    res = keyring_seal(m->keys, now_us / 1000, &voice, frame);
    if (res != OK)
        return res;
    rtp.payload = bytes_const(frame);
    res = rtp_write(&rtp, (struct bytes_mut){room, MOUTH_PACKET_LEN}, &packet);
    assert(res == OK && packet.len == MOUTH_PACKET_LEN);
    outbox_keep(box, NULL, MOUTH_PACKET_LEN);
    m->sequence++;
    m->time_48k += FRAME_SAMPLES;
    return res;
}

enum result mouth_take(struct mouth *m, uint64_t now_us, const float in[static SOUND_FRAME],
                       struct outbox *box)
{
    uint8_t packet[SOUND_SPEECH_BYTES];

    sound_encode(m->encoder, in, packet);
    return mouth_send(m, now_us, bytes(packet, sizeof packet), box);
}
