/* A moderator's numbered, signed word on somebody's role in a room. The statements that hold are a
 * GroupContext extension, so that joiners get them with their Welcome and no house can invent one (attack
 * F1). */
#ifndef WIRE_STATEMENT_H
#define WIRE_STATEMENT_H

#include "base/bytes.h"
#include "base/result.h"

enum statement_verb {
    STATEMENT_MODERATOR = 1,    /* is a moderator */
    STATEMENT_NO_MODERATOR = 2, /* is none any more */
    STATEMENT_SPEAKER = 3,      /* may come on stage */
    STATEMENT_NO_SPEAKER = 4,   /* may not */
    STATEMENT_BLOCK = 5,        /* may take no seat under its own name, and leaves the one that it has */
    STATEMENT_UNBLOCK = 6,
    STATEMENT_LINK = 7, /* private rooms: the subject is the link key that vouches from now on */
};

enum statement_subject { STATEMENT_ACCOUNT = 0, STATEMENT_LEAF = 1, STATEMENT_ROOM = 2 };

struct statement {
    uint32_t number;    /* a signer's statements count upward in a room, from 1 */
    uint8_t signer[32]; /* account key */
    enum statement_verb verb;
    enum statement_subject
        kind;              /* of the subject: an account, a pseudonym's leaf, or (LINK alone) the room */
    uint8_t subject[32];   /* account key, leaf signature key, or link key */
    uint8_t signature[64]; /* ENVELOPE_ROLE by the signer, over what stands before it */
};

enum {
    STATEMENT_SIGNED_BYTES = 1 + 4 + 32 + 1 + 1 + 32,
    STATEMENT_BYTES = STATEMENT_SIGNED_BYTES + 64,
    STATEMENTS_MAX = 256,      /* that one room holds */
    STATEMENTS_FOR_MAKER = 32, /* of them, the last: the maker's alone */
    STATEMENTS_BYTES = STATEMENTS_MAX * STATEMENT_BYTES,
};

/* What is signed; then the whole. OK | E_TOO_LARGE */
MUST_USE enum result statement_write_signed(const struct statement *, struct bytes_mut to, struct bytes *out);
MUST_USE enum result statement_write(const struct statement *, struct bytes_mut to, struct bytes *out);

/* Takes one from the front of a list. OK | E_NOT_FOUND (the end) | E_MALFORMED | E_UNSUPPORTED (version) */
MUST_USE enum result statement_next(struct bytes *list, struct statement *out);

#endif
