/* An erasure code for the proof of the speaker: 24 pieces of 20 bytes become 50, and any 24 of those give the
 * 24 back.
 *
 * Systematic Reed-Solomon code with a Cauchy matrix over GF(2^8), polynomial x^8 + x^4 + x^3 + x^2 + 1
 * (0x11d): piece i is data piece i for i < 24, and for i >= 24 the sum over j of data piece j divided by (i +
 * j), where + and / are the field's. Nothing here is secret, so time may depend on the data. */
#ifndef CORE_ERASURE_H
#define CORE_ERASURE_H

#include "base/bytes.h"
#include "base/result.h"

enum {
    ERASURE_DATA = 24,
    ERASURE_PIECES = 50,
    ERASURE_PIECE_LEN = 20,
    ERASURE_DATA_LEN = ERASURE_DATA * ERASURE_PIECE_LEN
};

struct erasure_pieces {
    bool have[ERASURE_PIECES];
    uint8_t at[ERASURE_PIECES][ERASURE_PIECE_LEN];
};

/* All pieces of one block; the first 24 are the data itself. */
void erasure_encode(const uint8_t data[static ERASURE_DATA_LEN], struct erasure_pieces *out);

/* The data from the pieces that are there. OK | E_AGAIN (fewer than 24) */
MUST_USE enum result erasure_decode(const struct erasure_pieces *, uint8_t data[static ERASURE_DATA_LEN]);

#endif
