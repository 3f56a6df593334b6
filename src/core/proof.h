/* The proof of the speaker: any member of a room could seal a frame as any other (RFC 9605, section 7.2), so
 * a speaker signs what it sent. docs/protocol.md, "Proof of the speaker".
 *
 * A block is the 50 counters from a multiple of 50 on. When it is full, the speaker signs the hashes of its
 * sealed frames together with room, group, leaf, epoch, epoch authenticator and its clock; the 480 bytes
 * travel as 50 pieces of 20, one in each frame of the next block, and any 24 of them are enough. Rekeys do
 * not cut a block. Times are milliseconds; the speaker's clock is its own, unix time as a rule. */
#ifndef CORE_PROOF_H
#define CORE_PROOF_H

#include "base/bytes.h"
#include "base/result.h"
#include "core/erasure.h"
#include "core/mls.h"
#include "wire/limits.h"

enum {
    PROOF_BLOCK = 50,
    PROOF_HASH_LEN = 8,
    PROOF_WAIT_MS = 3000, /* a frame without a verified list after this is unproven */
    PROOF_LAG_MS = 5000,  /* a proof's lag may not grow more over the smallest seen (F17) */
    PROOF_BLOCKS_KEPT = 6,
};

/* What every proof of one speaker is about. */
struct proof_ground {
    uint8_t room[32];
    struct bytes group_id;
    uint32_t leaf;
    bool deniable; /* hashes, time and authenticator without a signature */
};

/* One epoch as members of it know it; the authenticator is no secret among them. */
struct proof_epoch {
    uint64_t epoch;
    uint8_t authenticator[MLS_HASH_LEN];
};

/* Signs with the leaf's key: group_sign with its group. */
struct proof_signer {
    enum result (*sign)(void *self, struct bytes label, struct bytes content, uint8_t out[MLS_SIGNATURE_LEN]);
    void *self;
};

/* ---- the speaker's side */

struct proof_speaker {
    bool sending; /* `pieces` are a proof of block `number` - 1 */
    bool begun;
    uint32_t number; /* of the running block */
    uint8_t hashes[PROOF_BLOCK][PROOF_HASH_LEN];
    unsigned count; /* frames of the running block that were sent */
    struct erasure_pieces pieces;
};

/* The piece that the frame with this counter carries; zeros while there is no proof yet. Counters only rise;
 * the one that opens a new block signs the block before. OK | an error of the signer, and then the piece is
 * zeros. */
MUST_USE enum result proof_piece(struct proof_speaker *, const struct proof_ground *,
                                 const struct proof_epoch *newest, const struct proof_signer *,
                                 uint64_t clock_ms, uint32_t counter,
                                 uint8_t piece[static ERASURE_PIECE_LEN]);
/* The same frame as it was sealed: header, ciphertext and tag. OK | E_CRYPTO */
MUST_USE enum result proof_sent(struct proof_speaker *, uint32_t counter, struct bytes sealed);

/* ---- the listener's side: one for each slot and leaf, so that a false stream in another slot cannot
 * spoil a true one (F16) */

enum proof_verdict {
    PROOF_NONE,     /* nothing to judge yet */
    PROOF_PROVEN,   /* the newest judged frames are in a verified list */
    PROOF_UNPROVEN, /* 3 s without one, or one that came too late */
    PROOF_FORGED,   /* a frame differs from a verified list, or a list that is complete does not verify */
};

struct proof_block {
    bool used, judged;
    uint32_t number;
    uint64_t first_ms; /* our clock, at its first frame */
    bool heard[PROOF_BLOCK];
    uint8_t hashes[PROOF_BLOCK][PROOF_HASH_LEN];
    struct erasure_pieces pieces; /* that prove the block before */
};

struct proof_listener {
    struct proof_block blocks[PROOF_BLOCKS_KEPT];
    enum proof_verdict verdict;
    uint64_t verdict_ms; /* when it was last given */
    bool lag_known;
    int64_t least_lag_ms; /* our clock less the speaker's, the smallest seen */
    uint32_t proven;      /* one more than the newest block that was; 0 for none */
};

/* A frame that opened, before it is played. Its piece may complete a proof, which is then judged.
 * `epochs` are those that the listener was in lately, in any order.
 * OK | E_STALE (its block has been judged: it must not be played) | E_CRYPTO */
MUST_USE enum result proof_heard(struct proof_listener *, const struct proof_ground *,
                                 const struct proof_epoch *epochs, size_t epoch_count,
                                 const uint8_t signature_key[static 32], uint64_t now_ms, uint32_t counter,
                                 struct bytes sealed, const uint8_t piece[static ERASURE_PIECE_LEN]);

/* What to show at the voice now. */
enum proof_verdict proof_verdict(struct proof_listener *, uint64_t now_ms);

#endif
