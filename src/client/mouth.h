/* The way of a word, outwards: samples -> Opus -> one constant length -> seal -> RTP. The hop comes after. */
#ifndef CLIENT_MOUTH_H
#define CLIENT_MOUTH_H

#include "base/outbox.h"
#include "base/random.h"
#include "sound/sound.h"
#include "wire/limits.h"
#include "wire/rtp.h"

enum { MOUTH_PACKET_LEN = RTP_HEADER_LEN + FRAME_SEALED_SPEECH };

struct keyring;
struct mouth;

/* Begins a stream with an ssrc, a first sequence number (below 2^15) and a first time drawn anew. The keyring
 * must outlive the mouth. OK | E_NO_MEMORY */
MUST_USE enum result mouth_new(struct mouth **, struct keyring *, const struct random *);
void mouth_free(struct mouth *);
/* Goes on with another seat's keys, which must outlive it as well. */
void mouth_change_keys(struct mouth *, struct keyring *);
uint32_t mouth_ssrc(const struct mouth *);
/* As keyring_owes. */
unsigned mouth_owes(const struct mouth *);

/* One frame of 20 ms becomes one RTP packet of MOUTH_PACKET_LEN bytes in the outbox, whatever is said; its
 * time is 960 after the last one's. Without a key there is no packet, ever. OK | E_NO_MEMORY (outbox full) |
 * errors of keyring_seal */
MUST_USE enum result mouth_take(struct mouth *, uint64_t now_us, const float in[static SOUND_FRAME],
                                struct outbox *);

/* The same for a frame that another encoder made. One that is longer than the frame has room for, or out of
 * profile, is replaced by silence: the packet's size and time tell nothing. */
MUST_USE enum result mouth_send(struct mouth *, uint64_t now_us, struct bytes opus, struct outbox *);

#endif
