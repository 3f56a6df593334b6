/* The way of a word, inwards: RTP -> open -> jitter buffer -> Opus -> mix. Play-out is pulled: whoever plays
 * or records calls ear_due once for each 20 ms of its own clock, after it gave the ear all packets that had
 * come. Nothing here allocates after ear_new. One thread. */
#ifndef CLIENT_EAR_H
#define CLIENT_EAR_H

#include "base/bytes.h"
#include "base/result.h"
#include "sound/sound.h"

struct keyring;
struct ear;

/* What `left` prints. Frames are counted over all slots. */
struct ear_report {
    uint64_t frames_played;    /* decoded from their own packet */
    uint64_t frames_lost;      /* never came */
    uint64_t frames_late;      /* came after their turn, and were thrown away */
    uint64_t frames_concealed; /* made up, or taken from the next packet's copy, in the midst of a stream */
    uint64_t frames_refused;   /* not sealed, not authentic, or out of profile */
    uint64_t frames_unknown;   /* sealed with a key that we never had, or no longer have */
    uint32_t delay_ms_p50, delay_ms_p99; /* arrival to play-out */
};

/* The keyring is borrowed until ear_free. OK | E_NO_MEMORY */
MUST_USE enum result ear_new(struct ear **, struct keyring *);
void ear_free(struct ear *);

/* One RTP packet of one slot (0 to SLOTS - 1), already free of its hop protection; it is opened in place.
 * Empty packets and duplicates are dropped without a count. What is wrong is counted, and the result is for
 * tests: OK | E_AGAIN (held for a key that may come) | E_MALFORMED | E_EXISTS | E_STALE | E_NO_KEY | E_FORGED
 * | E_REPLAY | E_UNSUPPORTED */
MUST_USE enum result ear_take(struct ear *, uint64_t now_us, unsigned slot, struct bytes_mut packet);

/* The next 20 ms of all voices together. `now_us` is the time at which they begin to sound. */
void ear_due(struct ear *, uint64_t now_us, float out[static SOUND_FRAME]);

/* Who is heard on a slot: the leaf whose frame was played last. False where the slot is silent. */
bool ear_hears(const struct ear *, unsigned slot, uint32_t *leaf);

struct ear_report ear_report(const struct ear *);

#endif
