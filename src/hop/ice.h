/* Which address the peer is at, and whether it still wants to hear us: RFC 8445 with one candidate pair, RFC
 * 7675. A client asks, a relay answers and follows. Where the client was when the keys were agreed the
 * handshake has shown; who is seen elsewhere later may have the address of somebody who is not asked, so the
 * relay, lite as it is, follows only whoever answers from there. Private to hop. */
#ifndef HOP_ICE_H
#define HOP_ICE_H

#include "hop/hop.h"
#include "wire/stun.h"

enum {
    HOP_PATHS = 4,           /* verified addresses of one peer */
    HOP_SEEN_CHECKS = 8,     /* transactions that were answered last */
    HOP_SENT_CHECKS = 4,     /* transactions whose answer is still good */
    HOP_PAST_BITS = 1 << 14, /* of the filter of all that were ever answered */
};

struct hop_text {
    uint16_t len;
    uint8_t at[256];
};

struct hop_check {
    uint8_t transaction[STUN_TRANSACTION_LEN];
    struct address from;
};

struct hop_ice {
    enum hop_role role;
    const struct random *random; /* borrowed from the settings */
    struct hop_credentials local;
    struct hop_text remote_ufrag, remote_password;

    bool found; /* `peer` holds; a client's always does */
    struct address peer;
    uint64_t peer_heard_us; /* relay: of anything authentic from there */
    uint64_t consent_us;    /* when the peer last showed that it wants to hear us */

    unsigned path_count; /* relay */
    struct hop_path {
        struct address from;
        uint64_t heard_us;
    } paths[HOP_PATHS];
    unsigned seen_next, seen_count;
    struct hop_check seen[HOP_SEEN_CHECKS];
    uint8_t past[HOP_PAST_BITS / 8]; /* a Bloom filter */
    bool settled;                    /* by hop_ice_settle */
    bool asking;                     /* whether the peer is at `wanted` */
    struct address wanted;
    uint8_t asked[STUN_TRANSACTION_LEN];
    uint64_t ask_us; /* when it is asked again */
    unsigned asks;

    uint64_t tie_breaker;
    uint64_t check_us; /* client: when the next one is due */
    uint64_t wait_us;  /* until the one after it, before there ever was an answer */
    bool answered;
    unsigned sent_next, sent_open; /* the latter: a bit for each that no answer has come to */
    uint8_t sent[HOP_SENT_CHECKS][STUN_TRANSACTION_LEN];
};

/* OK | E_MALFORMED (credentials) */
MUST_USE enum result hop_ice_start(struct hop_ice *, const struct hop_settings *, uint64_t now_us);

/* Whether media and handshake from there are the peer's. */
bool hop_ice_knows(const struct hop_ice *, const struct address *from);

/* One datagram that stun_is. consent_us moves where it was the peer's, from where it is, and well.
 * OK | E_MALFORMED | E_FORGED | E_REPLAY | E_REFUSED */
MUST_USE enum result hop_ice_take(struct hop_ice *, uint64_t now_us, const struct address *from,
                                  struct bytes datagram, struct outbox *);

/* A relay's handshake is done: the peer has answered what was sent to that address, and is there. */
void hop_ice_settle(struct hop_ice *, uint64_t now_us, const struct address *at, struct outbox *);

/* Sends a client's check, or a relay's question, when it is due. Gives the next time. */
uint64_t hop_ice_due(struct hop_ice *, uint64_t now_us, struct outbox *);

#endif
