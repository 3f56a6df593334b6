/* What a room's maker signs once, for good. Its SHA-256 is the room's id and stands in the link, so nobody,
 * the house least of all, can put another room behind a link (attack F2). */
#ifndef WIRE_CHARTER_H
#define WIRE_CHARTER_H

#include "base/bytes.h"
#include "base/result.h"
#include "wire/limits.h"

enum charter_kind { CHARTER_OPEN = 0, CHARTER_SOCIAL = 1, CHARTER_PRIVATE = 2 };
enum charter_stage { CHARTER_INVITED = 0, CHARTER_EVERYONE = 1 };
enum charter_proof { CHARTER_PROVEN = 0, CHARTER_DENIABLE = 1 };
enum charter_profile { CHARTER_SPEECH = 0, CHARTER_MUSIC = 1 };

struct charter {
    uint8_t maker[32]; /* account key; the first moderator, who outranks all others */
    uint8_t house[32]; /* the house's key, whose word about lost seats counts in this room */
    uint8_t nonce[16]; /* random: two rooms of one maker differ */
    enum charter_kind kind;
    enum charter_stage stage; /* who may speak */
    enum charter_proof proof;
    bool pseudonyms; /* seats without an account's binding are allowed */
    enum charter_profile profile;
    uint8_t link_key[32]; /* private rooms: the public half of the link's secret; else zeros */
    unsigned moderator_count;
    uint8_t moderators[ROOM_MODERATORS_MAX][32]; /* account keys beside the maker's, strictly ascending */
};

enum { CHARTER_BYTES = 1 + 32 + 32 + 16 + 5 + 32 + 2 + 32 * ROOM_MODERATORS_MAX };

/* docs/protocol.md, "Charter". Writing gives what is hashed and signed. OK | E_TOO_LARGE */
MUST_USE enum result charter_write(const struct charter *, struct bytes_mut to, struct bytes *out);
/* OK | E_MALFORMED | E_UNSUPPORTED (another version) */
MUST_USE enum result charter_read(struct bytes, struct charter *out);

/* The leaf extension EXTENSION_SEAT: which room the leaf is for and, unless pseudonymous, whose it is. */
struct seat_binding {
    uint8_t room[32];
    bool bound; /* false: a pseudonym, and what follows is zero */
    uint8_t account[32];
    uint8_t signature[64]; /* ENVELOPE_BINDING by the account over the leaf's signature key */
};

enum { SEAT_BINDING_BYTES = 32 + 1 + 32 + 64 };

/* OK | E_TOO_LARGE */
MUST_USE enum result seat_binding_write(const struct seat_binding *, struct bytes_mut to, struct bytes *out);
/* OK | E_MALFORMED */
MUST_USE enum result seat_binding_read(struct bytes, struct seat_binding *out);

/* A signature's content for ENVELOPE_SEAT_LOST: opaque group_id<0..64>; uint64 epoch; uint32 leaf.
 * OK | E_TOO_LARGE */
MUST_USE enum result seat_lost_write(struct bytes group_id, uint64_t epoch, uint32_t leaf,
                                     struct bytes_mut to, struct bytes *out);

/* What the authenticated data of a commit that removes lost seats carries: a list of
 *     uint32 leaf; opaque signature[64];
 * Takes one from the front of *list. OK | E_NOT_FOUND (the end) | E_MALFORMED */
MUST_USE enum result seat_lost_next(struct bytes *list, uint32_t *leaf, const uint8_t **signature);

#endif
