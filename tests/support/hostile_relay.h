/* A relay that means ill, between honest clients of one room, in one process and on a seeded clock: whole
 * rooms of core, two mouths, one ear, and a fourth member who hands its keys to the relay. The relay gives
 * the ear what it likes; each sound that the ear then makes is held against what was truly said.
 *
 * It looks at every Opus frame that is decoded: the linker leads sound_decode here (the dependency `hostile`
 * of tests/promises/meson.build). One relay is listened to at a time. */
#ifndef SUPPORT_HOSTILE_RELAY_H
#define SUPPORT_HOSTILE_RELAY_H

#include "client/ear.h"
#include "client/mouth.h"
#include "core/bare.h"
#include "sound/opus.h"

enum { ALICE, BOB, HEARER, CAROL, SPEAKERS = 2, HOSTILE_SAID = 4096 };

/* One frame of 20 ms as its speaker's mouth let it out. */
struct hostile_said {
    uint8_t packet[MOUTH_PACKET_LEN];
    uint8_t opus[SOUND_SPEECH_BYTES];
    unsigned plays;
};

struct hostile_voice {
    struct sound_encoder *encoder;
    struct mouth *mouth;
    uint32_t leaf;
    size_t count;
    struct hostile_said said[HOSTILE_SAID];
};

struct hostile_relay {
    struct table_of_people table;
    struct hostile_voice voices[SPEAKERS];
    struct bare carol; /* a member; `keys` is what it hands on */
    uint8_t base_key[SEAL_BASE_KEY_LEN];
    struct ear *ear; /* the hearer's */
    uint64_t now_us;
    uint16_t sequence[SLOTS]; /* of what the relay sends by itself */
    uint32_t time_48k[SLOTS];

    uint64_t given;                      /* packets, to the ear */
    unsigned decoded_of[SPEAKERS];       /* in this turn */
    unsigned foreign, twice, as_another; /* frames wrongly played */
};

/* All four are seated, in an epoch that is a second old; `seed` tells one room from another. */
void hostile_start(struct hostile_relay *, uint64_t seed);
void hostile_end(struct hostile_relay *);

/* The next 20 ms of a voice: never the same twice. Kept, and its packet is given. */
const uint8_t *hostile_say(struct hostile_relay *, unsigned who);
/* A packet of any kind into one of the hearer's slots. Fails the running test where more than one key is
 * tried. */
enum result hostile_give(struct hostile_relay *, unsigned slot, struct bytes packet);
/* The same for a sealed frame, under the relay's own sequence and time for that slot. */
enum result hostile_give_frame(struct hostile_relay *, unsigned slot, struct bytes frame);
/* The sealed frame in a packet of a mouth. */
struct bytes hostile_frame(const uint8_t packet[static MOUTH_PACKET_LEN]);
/* The hearer plays 20 ms; what it plays is judged. */
void hostile_turn(struct hostile_relay *);

/* What Carol seals as the leaf, with any counter. */
void hostile_forge(struct hostile_relay *, uint32_t leaf, uint32_t counter,
                   uint8_t frame[static TABLE_FRAME]);
uint32_t hostile_counter(const uint8_t packet[static MOUTH_PACKET_LEN]);

/* How many of the voice's frames were played, each once. */
unsigned hostile_played(const struct hostile_relay *, unsigned who);
/* Frames that nobody of that name said, that were played again, or under another's name. */
unsigned hostile_wrong(const struct hostile_relay *);
const struct keyring_stats *hostile_keys(struct hostile_relay *);
enum proof_verdict hostile_verdict(struct hostile_relay *, unsigned slot, unsigned who);

#endif
