/* STUN as ICE uses it: binding requests, their answers, and nothing else. RFC 8489; ICE's attributes by
 * RFC 8445, section 16.1. HMAC-SHA-1 is the caller's to compute, since wire knows no keys; the fingerprint,
 * which needs none, is checked and made here. */
#ifndef WIRE_STUN_H
#define WIRE_STUN_H

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"

enum stun_type {
    STUN_REQUEST = 0x0001,
    STUN_INDICATION = 0x0011,
    STUN_SUCCESS = 0x0101,
    STUN_ERROR = 0x0111,
};

enum {
    STUN_HEADER_LEN = 20,
    STUN_TRANSACTION_LEN = 12,
    STUN_INTEGRITY_LEN = 20,
    STUN_USERNAME_MAX = 513, /* RFC 8489, section 14.3: fewer than 509 bytes; ICE's two halves and a colon */
    STUN_UNKNOWN_MAX = 4,    /* of those that had to be understood, so many are named in a refusal */
    STUN_ERROR_UNKNOWN = 420,
    STUN_ERROR_ROLE_CONFLICT = 487,
};

/* Runs are borrowed from the datagram. Of an attribute that comes twice, the first counts. */
struct stun {
    uint16_t type; /* enum stun_type, or another method */
    uint8_t transaction[STUN_TRANSACTION_LEN];
    struct bytes username; /* empty where there is none */
    bool mapped_given;     /* XOR-MAPPED-ADDRESS */
    struct address mapped;
    uint32_t priority; /* 0 where not given */
    bool use_candidate;
    bool controlling, controlled; /* the sender's own role */
    uint16_t error;               /* 0, or 300 to 699 */
    unsigned unknown_count;       /* attributes that had to be understood and were not */
    uint16_t unknown[STUN_UNKNOWN_MAX];
    bool fingerprint; /* one is there, and right */

    /* MESSAGE-INTEGRITY is right where it equals HMAC-SHA-1 of covered_head, covered_rest. What followed it
     * was not read, but for the fingerprint. NULL where there is none. */
    const uint8_t *integrity;
    uint8_t covered_head[STUN_HEADER_LEN];
    struct bytes covered_rest;
};

/* Whether the datagram begins like STUN (RFC 7983; RFC 8489, section 5). */
bool stun_is(struct bytes datagram);

/* OK | E_MALFORMED (also for a wrong fingerprint) */
MUST_USE enum result stun_read(struct bytes datagram, struct stun *out);

/* Writing: open, attributes in any order, then stun_integrity, stun_fingerprint, and writer_end. */
void stun_open(struct writer *, enum stun_type, const uint8_t transaction[static STUN_TRANSACTION_LEN]);
void stun_put_username(struct writer *, struct bytes first, struct bytes second); /* `first:second` */
void stun_put_mapped(struct writer *, const struct address *);
void stun_put_priority(struct writer *, uint32_t);
void stun_put_controlling(struct writer *, uint64_t tie_breaker);
void stun_put_controlled(struct writer *, uint64_t tie_breaker);
void stun_put_use_candidate(struct writer *);
/* With a refusal for STUN_ERROR_UNKNOWN come the types that were not understood. */
void stun_put_error(struct writer *, uint16_t code);
void stun_put_unknown(struct writer *, const uint16_t *types, unsigned count);
/* The place for HMAC-SHA-1 of *covered, which the caller computes and fills in; NULL after a failure. */
uint8_t *stun_integrity(struct writer *, struct bytes *covered);
void stun_fingerprint(struct writer *);

#endif
