/* Two people and a way between them, in one process and with a clock of its own: what one mouth says comes to
 * one ear late, lost, twice or in another order, as a seed will have it. */
#ifndef CLIENT_TALK_H
#define CLIENT_TALK_H

#include "client/ear.h"
#include "client/mouth.h"
#include "core/core.h"
#include "support/seeded.h"

enum {
    TALK_SPEAKER = 3, /* leaves */
    TALK_OTHER = 4,
    TALK_HEARER = 0,
    TALK_UNDER_WAY = 64,
    TALK_START_US = 5000000,
};

struct talk_packet {
    bool under_way;
    uint64_t comes_us;
    unsigned slot;
    uint8_t bytes[MOUTH_PACKET_LEN];
};

struct dialogue {
    struct seeded seeded;
    struct keyring *speaker, *other, *hearer;
    struct mouth *mouth;
    struct ear *ear;
    uint64_t now_us;

    unsigned lost_percent, twice_percent; /* of the way */
    uint32_t delay_us, jitter_us;         /* of it: at least, and how much more at most */
    struct talk_packet packets[TALK_UNDER_WAY];
    unsigned sent, dropped;
};

/* Everybody in epoch 1, the first two on stage; a way without delay or loss. Asserts that all goes well. */
void talk_start(struct dialogue *, uint64_t seed);
void talk_end(struct dialogue *);

/* Gives a keyring the keys of an epoch that all of a talk share. */
void talk_enter(struct dialogue *, struct keyring *, uint16_t own_leaf, uint64_t epoch);

/* Puts one packet on the way. */
void talk_send(struct dialogue *, unsigned slot, const uint8_t packet[static MOUTH_PACKET_LEN]);
/* Seals any Opus as a leaf's frame and makes a packet of it. */
void talk_packet(struct dialogue *, struct keyring *, uint16_t sequence, uint32_t time_48k, struct bytes opus,
                 uint8_t packet[static MOUTH_PACKET_LEN]);
/* The mouth speaks, the packet goes on its way to slot 0. */
void talk_say(struct dialogue *, const float frame[static SOUND_FRAME]);
/* Lets come what has come by now, plays the next 20 ms and moves the clock there. */
void talk_hear(struct dialogue *, float out[static SOUND_FRAME]);

/* Says all of it, and goes on to listen for `more` frames: `heard` holds count + more * SOUND_FRAME samples.
 */
void talk_through(struct dialogue *, const float *said, size_t count, float *heard, size_t more);

#endif
