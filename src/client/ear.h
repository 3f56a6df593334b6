/* The way of a word, inwards: RTP -> open -> jitter buffer -> Opus -> mix. Play-out is pulled: whoever plays
 * or records calls ear_due once for each 20 ms of its own clock, after it gave the ear all packets that had
 * come. Nothing here allocates after ear_new. One thread. */
#ifndef CLIENT_EAR_H
#define CLIENT_EAR_H

#include "base/bytes.h"
#include "base/result.h"
#include "sound/sound.h"

struct ear;
struct keyring;

/* What `left` prints. Frames are counted over all slots. */
struct ear_report {
    uint64_t frames_played;    /* decoded from their own packet */
    uint64_t frames_lost;      /* never came */
    uint64_t frames_late;      /* came after their turn, and were thrown away */
    uint64_t frames_concealed; /* made up, or taken from the next packet's copy, in the midst of a stream */
    uint64_t frames_refused;   /* not sealed, not authentic, not on stage, or out of profile */
    uint64_t frames_unknown;   /* under keys of an epoch that is over or never came: nobody can tell */
    uint32_t delay_ms_p50, delay_ms_p99; /* arrival to play-out; 0 before the first frame */
};

/* The keyring must outlive the ear. OK | E_NO_MEMORY */
MUST_USE enum result ear_new(struct ear **, struct keyring *);
void ear_free(struct ear *);
/* Goes on with another seat's keys; what has come under the former ones, and is not open yet, is dropped. */
void ear_change_keys(struct ear *, struct keyring *);

/* One RTP packet of one slot (below SLOTS), already free of its hop protection; it is opened in place.
 * Packets without a payload and duplicates are dropped without a count; whatever else is wrong is counted, so
 * the result is of use to tests alone: OK | E_AGAIN (held for EARLY_HOLD_MS: its epoch may come) |
 * E_MALFORMED | E_EXISTS (a duplicate) | E_EXPIRED (late) | E_NO_KEY (nothing more can be held) |
 * E_UNSUPPORTED (no frame of 20 ms) | errors of keyring_open */
enum result ear_take(struct ear *, uint64_t now_us, unsigned slot, struct bytes_mut packet);

/* The next 20 ms of all voices together. `now_us` is the time at which they begin to sound: it goes up by 20
 * ms from call to call, also where the caller is behind. */
void ear_due(struct ear *, uint64_t now_us, float out[static SOUND_FRAME]);

/* Whose frame a slot played last, concealment counted in. False where it is silent. */
bool ear_hears(const struct ear *, unsigned slot, uint32_t *leaf);

struct ear_report ear_report(const struct ear *);

#endif
