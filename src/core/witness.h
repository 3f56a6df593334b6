/* Both sides of the proof of the speaker (core/proof.h) for one member of a room: it testifies to its own
 * voice, and judges each voice in each slot. The keyring asks it, frame by frame. docs/protocol.md, "Proof of
 * the speaker".
 *
 * Nothing is allocated on the way of an ordinary frame: a slot takes its memory with its first one. Times are
 * the keyring's milliseconds. One thread at a time. */
#ifndef CORE_WITNESS_H
#define CORE_WITNESS_H

#include "core/proof.h"
#include "wire/limits.h"

struct witness;

enum {
    WITNESS_EPOCHS = 64, /* whose authenticators are remembered */
    WITNESS_VOICES = 4,  /* leaves judged in one slot; a fifth takes the place of the one silent longest */
    WITNESS_CLAIM_MS = 3000, /* a slot claims a leaf for so long after its last frame */
    WITNESS_LATE = 3,        /* blocks behind one that was proven, in whatever slot: 3.5 to 4.5 s */
};

struct witness_start {
    const uint8_t *room; /* 32 bytes */
    struct bytes group_id;
    const uint8_t *leaf_seed; /* 32 bytes: what testifies; copied, and wiped with the witness */
    bool deniable;
    uint64_t unix_ahead_ms; /* Unix time less the keyring's */
};

/* OK | E_TOO_LARGE (a group id of more than 64 bytes) | E_NO_MEMORY */
MUST_USE enum result witness_new(const struct witness_start *, struct witness **out);
void witness_free(struct witness *); /* NULL is fine; wipes */

/* A new epoch. What was heard of the leaves that are gone is forgotten: others may sit there now. */
void witness_enter(struct witness *, uint64_t epoch, const uint8_t authenticator[static MLS_HASH_LEN],
                   uint16_t own_leaf, const uint16_t *gone, size_t gone_count);

/* Our own voice: as proof_piece and proof_sent. `epoch` is the one that the frame was sealed in. */
MUST_USE enum result witness_piece(struct witness *, uint64_t now_ms, uint32_t counter,
                                   uint8_t piece[static ERASURE_PIECE_LEN]);
MUST_USE enum result witness_sent(struct witness *, uint64_t epoch, uint32_t counter, struct bytes sealed);

/* A frame that opened, as it was when it was sealed, before it is played. `key` is the leaf's signature key.
 * OK | E_STALE (its block has been judged; or, where proofs are signed, the speaker has proven what is
 * WITNESS_LATE newer: a relay kept the frame for a slot that had not heard of it, F17) | E_FORGED (what comes
 * in this slot under the leaf's name is forged, and another slot claims it too: F16) | E_NO_MEMORY |
 * E_CRYPTO. After an error it must not be played. */
struct witness_frame {
    unsigned slot;
    uint16_t leaf;
    uint32_t counter;
    struct bytes sealed;
    const uint8_t *key, *piece;
};
MUST_USE enum result witness_heard(struct witness *, uint64_t now_ms, const struct witness_frame *);

/* What to show at this voice now. Where two slots claim a leaf, neither is proven by what was proven before.
 */
enum proof_verdict witness_verdict(struct witness *, uint64_t now_ms, unsigned slot, uint16_t leaf);

#endif
