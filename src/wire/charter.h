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

/* The leaf extension EXTENSION_SEAT: which room the leaf is for, whether its holder wants to be on stage,
 * whose it is unless pseudonymous, and in private rooms the link's voucher. All but `stage` stay as they are
 * for the leaf's life (F7); whoever comes on stage or leaves it says so by a commit with a new leaf (F31). */
struct seat_binding {
    uint8_t room[32];
    bool stage;
    bool bound; /* false: a pseudonym, and the next two are zero */
    uint8_t account[32];
    uint8_t signature[64]; /* ENVELOPE_BINDING by the account over the leaf's signature key */
    bool vouched;          /* true in private rooms alone; else the next is zero */
    uint8_t voucher[64];   /* ENVELOPE_VOUCHER by the link key over the leaf's signature key */
};

enum { SEAT_BINDING_BYTES = 32 + 1 + 1 + 32 + 64 + 1 + 64 };

/* OK | E_TOO_LARGE */
MUST_USE enum result seat_binding_write(const struct seat_binding *, struct bytes_mut to, struct bytes *out);
/* OK | E_MALFORMED */
MUST_USE enum result seat_binding_read(struct bytes, struct seat_binding *out);
bool seat_binding_equal(const struct seat_binding *, const struct seat_binding *);

/* A signature's content for ENVELOPE_SEAT_LOST: opaque group_id<0..64>; uint64 epoch; uint32 leaf.
 * OK | E_TOO_LARGE */
MUST_USE enum result seat_lost_write(struct bytes group_id, uint64_t epoch, uint32_t leaf,
                                     struct bytes_mut to, struct bytes *out);

/* Why a commit may remove a leaf whose holder did not ask for it, where no moderator commits: a list in the
 * commit's authenticated data (F4). */
enum permit_kind {
    PERMIT_LOST = 1,     /* signed by the house: ENVELOPE_SEAT_LOST over seat_lost_write */
    PERMIT_REPLACED = 2, /* signed by the leaf itself: the new leaf with this signature key takes its place */
};

struct permit {
    enum permit_kind kind;
    uint32_t leaf;   /* that goes */
    uint8_t key[32]; /* PERMIT_REPLACED: the new leaf's; else zero */
    uint8_t signature[64];
};

enum { PERMIT_BYTES = 1 + 4 + 32 + 64 };

/* OK | E_TOO_LARGE */
MUST_USE enum result permit_write(const struct permit *, struct bytes_mut to, struct bytes *out);
/* Takes one from the front of *list. OK | E_NOT_FOUND (the end) | E_MALFORMED */
MUST_USE enum result permit_next(struct bytes *list, struct permit *out);

#endif
