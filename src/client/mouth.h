/* The way of a word, outwards: samples -> Opus -> one constant length -> seal -> RTP. The hop comes after. */
#ifndef CLIENT_MOUTH_H
#define CLIENT_MOUTH_H

#include "base/outbox.h"
#include "base/random.h"
#include "sound/sound.h"

struct keyring;
struct mouth;

/* Begins a stream with an ssrc, a first sequence number (below 2^15) and a first time drawn anew. The keyring
 * is borrowed until mouth_free. OK | E_NO_MEMORY */
MUST_USE enum result mouth_new(struct mouth **, struct keyring *, const struct random *);
void mouth_free(struct mouth *);
uint32_t mouth_ssrc(const struct mouth *);

/* One frame of 20 ms becomes one RTP packet in the outbox, of one size whatever is said; its time is 960
 * after the last one's. Without a key nothing is sent, ever. OK | E_NO_KEY | E_NO_MEMORY (outbox full) |
 * E_CRYPTO */
MUST_USE enum result mouth_take(struct mouth *, uint64_t now_us, const float in[static SOUND_FRAME],
                                struct outbox *);

#endif
