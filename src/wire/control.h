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

struct control {
    enum control_type type;
    union {
        struct control_house_key house_key;
        struct control_revoke_seat revoke_seat;
        struct control_end_room end_room;
        struct control_load load;
    };
};

enum { CONTROL_BYTES = 64 };

/* OK | E_MALFORMED | E_UNSUPPORTED */
MUST_USE enum result control_read(struct bytes message, struct control *out);
/* OK | E_TOO_LARGE */
MUST_USE enum result control_write(const struct control *, struct bytes_mut to, struct bytes *out);

#endif
