#include "support/hostile_relay.h"

#include "core/room.h"

#include <math.h>
#include <stdlib.h>

static const struct charter everyone_speaks = {.stage = CHARTER_EVERYONE};

/* Whose decoder runs. */
static struct hostile_relay *listened_to;

enum result __real_sound_decode(struct sound_decoder *, struct bytes, float out[static SOUND_FRAME]);
enum result __wrap_sound_decode(struct sound_decoder *, struct bytes, float out[static SOUND_FRAME]);

static void judge(struct hostile_relay *h, struct bytes opus)
{
    bool known = false;

    for (unsigned who = 0; who < SPEAKERS; who++) {
        struct hostile_voice *voice = &h->voices[who];

        for (size_t i = voice->count; i-- > 0;) {
            if (!bytes_equal(opus, BYTES_OF(voice->said[i].opus)))
                continue;
            known = true;
            h->decoded_of[who]++;
            if (voice->said[i].plays++ != 0)
                h->twice++;
        }
    }
    if (!known)
        h->foreign++;
}

enum result __wrap_sound_decode(struct sound_decoder *decoder, struct bytes packet,
                                float out[static SOUND_FRAME])
{
    if (listened_to != NULL)
        judge(listened_to, packet);
    return __real_sound_decode(decoder, packet, out);
}

static struct core_room *room_of(struct hostile_relay *h, unsigned who)
{
    return h->table.people[who].room;
}

void hostile_start(struct hostile_relay *h, uint64_t seed)
{
    memset(h, 0, sizeof *h);
    assert_int_equal(crypto_start(), OK);
    table_start(&h->table, &everyone_speaks);
    seeded_start(&h->table.seeded, seed);
    table_seat(&h->table, HEARER + 1);
    bare_start(&h->carol, &h->table, CAROL);
    bare_join(&h->carol, &h->table, ALICE);
    assert_int_equal(group_export(h->carol.group, BYTES_TEXT("SFrame 1.0 Base Key"), (struct bytes){0},
                                  (struct bytes_mut){h->base_key, sizeof h->base_key}),
                     OK);
    for (unsigned who = 0; who < SPEAKERS; who++) {
        struct hostile_voice *voice = &h->voices[who];

        voice->leaf = core_room_leaf(room_of(h, who));
        assert_int_equal(sound_encoder_new(&voice->encoder), OK);
        assert_int_equal(
            mouth_new(&voice->mouth, core_room_keyring(room_of(h, who)), &h->table.seeded.random), OK);
    }
    assert_int_equal(ear_new(&h->ear, core_room_keyring(room_of(h, HEARER))), OK);
    for (unsigned slot = 0; slot < SLOTS; slot++)
        h->sequence[slot] = (uint16_t)(100 * slot);
    h->now_us = 1000000 + h->table.now_ms * 1000;
    h->table.now_ms = h->now_us / 1000;
    for (unsigned who = 0; who <= HEARER; who++)
        core_room_due(room_of(h, who), table_now(&h->table));
    listened_to = h;
}

void hostile_end(struct hostile_relay *h)
{
    listened_to = NULL;
    ear_free(h->ear);
    for (unsigned who = 0; who < SPEAKERS; who++) {
        mouth_free(h->voices[who].mouth);
        sound_encoder_free(h->voices[who].encoder);
    }
    bare_end(&h->carol);
    table_end(&h->table);
}

/* A siren: its pitch goes up from frame to frame, so that no two encode alike. */
static void siren(unsigned who, size_t number, float out[static SOUND_FRAME])
{
    double hertz = 200 + 150.0 * who + 7.0 * (double)(number % 97) + 0.31 * (double)number;

    for (size_t i = 0; i < SOUND_FRAME; i++)
        out[i] = (float)(0.3 * sin(2 * 3.14159265358979 * hertz * (double)i / SOUND_RATE + (double)number));
}

const uint8_t *hostile_say(struct hostile_relay *h, unsigned who)
{
    struct hostile_voice *voice = &h->voices[who];
    struct hostile_said *said;
    float frame[SOUND_FRAME];
    struct outbox box;

    assert_true(voice->count < HOSTILE_SAID);
    said = &voice->said[voice->count++];
    siren(who, voice->count, frame);
    sound_encode(voice->encoder, frame, said->opus);
    outbox_start(&box, (struct bytes_mut){said->packet, sizeof said->packet});
    assert_int_equal(mouth_send(voice->mouth, h->now_us, BYTES_OF(said->opus), &box), OK);
    return said->packet;
}

enum result hostile_give(struct hostile_relay *h, unsigned slot, struct bytes packet)
{
    uint8_t copy[2 * MOUTH_PACKET_LEN];
    uint64_t attempts = hostile_keys(h)->attempts;
    enum result res;

    assert_true(packet.len <= sizeof copy);
    if (packet.len != 0)
        memcpy(copy, packet.at, packet.len);
    h->given++;
    res = ear_take(h->ear, h->now_us, slot, (struct bytes_mut){copy, packet.len});
    if (hostile_keys(h)->attempts > attempts + 1)
        fail_msg("%d keys were tried on one frame", (int)(hostile_keys(h)->attempts - attempts));
    return res;
}

enum result hostile_give_frame(struct hostile_relay *h, unsigned slot, struct bytes frame)
{
    uint8_t room[2 * MOUTH_PACKET_LEN];
    struct rtp rtp = {.payload_type = OPUS_PAYLOAD_TYPE,
                      .sequence = h->sequence[slot]++,
                      .time = h->time_48k[slot],
                      .ssrc = 1 + slot,
                      .payload = frame};
    struct bytes packet;

    h->time_48k[slot] += FRAME_SAMPLES;
    assert_int_equal(rtp_write(&rtp, (struct bytes_mut){room, sizeof room}, &packet), OK);
    return hostile_give(h, slot, packet);
}

struct bytes hostile_frame(const uint8_t packet[static MOUTH_PACKET_LEN])
{
    return bytes(packet + RTP_HEADER_LEN, FRAME_SEALED_SPEECH);
}

/* Each voice that was decoded is one that the ear names. */
static void names_are_right(struct hostile_relay *h)
{
    for (unsigned who = 0; who < SPEAKERS; who++) {
        bool named = h->decoded_of[who] == 0;

        for (unsigned slot = 0; slot < SLOTS; slot++) {
            uint32_t leaf;

            named |= ear_hears(h->ear, slot, &leaf) && leaf == h->voices[who].leaf;
        }
        if (!named)
            h->as_another++;
    }
}

void hostile_turn(struct hostile_relay *h)
{
    float out[SOUND_FRAME];

    memset(h->decoded_of, 0, sizeof h->decoded_of);
    ear_due(h->ear, h->now_us, out);
    names_are_right(h);
    h->now_us += FRAME_US;
    h->table.now_ms = h->now_us / 1000;
    for (unsigned who = 0; who <= HEARER; who++)
        if (core_room_is_seated(room_of(h, who)))
            core_room_due(room_of(h, who), table_now(&h->table));
    /* Also of those that were held for an epoch to come. */
    assert_true(hostile_keys(h)->attempts <= h->given);
}

void hostile_forge(struct hostile_relay *h, uint32_t leaf, uint32_t counter,
                   uint8_t frame[static TABLE_FRAME])
{
    struct seal_name name = {(uint16_t)leaf, (uint8_t)group_epoch(h->carol.group), counter};
    struct bytes_mut plain = {frame + FRAME_HEADER_LEN, FRAME_PLAIN_SPEECH};
    uint8_t opus[SOUND_SPEECH_BYTES];
    struct seal_key *key;

    memset(opus, 66, sizeof opus);
    opus[0] = h->voices[ALICE].said[0].opus[0]; /* a frame of the profile */
    assert_int_equal(voice_write(&(struct voice){BYTES_OF(opus), NULL}, plain), OK);
    seal_name_write(&name, frame);
    assert_int_equal(seal_key_new(h->base_key, seal_kid(name.leaf, name.epoch), &key), OK);
    assert_int_equal(seal_encrypt(key, counter, bytes(frame, FRAME_HEADER_LEN), plain, plain.at + plain.len),
                     OK);
    seal_key_free(key);
}

uint32_t hostile_counter(const uint8_t packet[static MOUTH_PACKET_LEN])
{
    struct seal_name name;

    assert_int_equal(seal_name_read(bytes(packet + RTP_HEADER_LEN, FRAME_HEADER_LEN), &name), OK);
    return name.counter;
}

unsigned hostile_played(const struct hostile_relay *h, unsigned who)
{
    const struct hostile_voice *voice = &h->voices[who];
    unsigned played = 0;

    for (size_t i = 0; i < voice->count; i++)
        played += voice->said[i].plays != 0;
    return played;
}

unsigned hostile_wrong(const struct hostile_relay *h)
{
    return h->foreign + h->twice + h->as_another;
}

const struct keyring_stats *hostile_keys(struct hostile_relay *h)
{
    return keyring_stats(core_room_keyring(room_of(h, HEARER)));
}

enum proof_verdict hostile_verdict(struct hostile_relay *h, unsigned slot, unsigned who)
{
    return core_room_verdict(room_of(h, HEARER), table_now(&h->table), slot, h->voices[who].leaf);
}
