/* The messages between a house and its relays, over the bus or over the relay's link. docs/protocol.md,
 * "Control". They name sessions by their random tags alone: nothing in here tells a relay who anybody is.
 *
 * On the wire: uint8 type, then the type's fields in order. */
#ifndef WIRE_CONTROL_H
#define WIRE_CONTROL_H

#include "base/bytes.h"
#include "base/result.h"
#include "wire/limits.h"

/* H = by the house, R = by the relay. */
enum control_type {
    CONTROL_HOUSE_KEY = 1,   /* [H] tickets are signed by this key from now on */
    CONTROL_REVOKE_SEAT = 2, /* [H] end this seat's session and take none of its tickets up to the number */
    CONTROL_END_ROOM = 3,    /* [H] end all sessions of the room */
    CONTROL_DRAIN = 4,       /* [H] take no new session */
    CONTROL_LOAD = 5,        /* [R] every few seconds */
    CONTROL_RELAY_IS = 6,    /* [R] the first message of a link that stands */

    /* Over a link, before anything else: who is at its ends. */
    CONTROL_GREET = 7,  /* [H] */
    CONTROL_PROVE = 8,  /* [R] */
    CONTROL_PROVEN = 9, /* [H] */
};

struct control_house_key {
    uint8_t key[32];
};
struct control_revoke_seat {
    uint8_t seat[TAG_BYTES];
    uint32_t number;
};
struct control_end_room {
    uint8_t room[TAG_BYTES];
};
struct control_load {
    uint8_t relay[TAG_BYTES];
    uint32_t sessions;   /* open now */
    uint32_t packets_in; /* a second, over the last interval */
    uint32_t packets_out;
};

struct control_relay_is {
    uint8_t relay[TAG_BYTES]; /* what tickets for it name: random, and new in each of its lives */
    struct bytes url;         /* its entrance, for clients */
};
struct control_greet {
    uint8_t house[32];
    uint8_t nonce[32];
};
struct control_prove {
    uint8_t key[32];
    uint8_t nonce[32];
    uint8_t signature[64]; /* ENVELOPE_RELAY over the house's nonce, then the relay's */
};
struct control_proven {
    uint8_t signature[64]; /* ENVELOPE_HOUSE over the relay's nonce, the house's, then the relay's key */
};

struct control {
    enum control_type type;
    union {
        struct control_house_key house_key;
        struct control_revoke_seat revoke_seat;
        struct control_end_room end_room;
        struct control_load load;
        struct control_relay_is relay_is; /* the url is borrowed from the message */
        struct control_greet greet;
        struct control_prove prove;
        struct control_proven proven;
    };
};

enum { CONTROL_URL_BYTES = 512, CONTROL_BYTES = 1 + TAG_BYTES + 2 + CONTROL_URL_BYTES };

/* OK | E_MALFORMED | E_UNSUPPORTED */
MUST_USE enum result control_read(struct bytes message, struct control *out);
/* OK | E_TOO_LARGE */
MUST_USE enum result control_write(const struct control *, struct bytes_mut to, struct bytes *out);

#endif
