/* What members of a room say to one another besides their voices, sealed and signed as MLS application
 * messages: the house passes them on and reads none. docs/protocol.md, "Talk".
 *
 * On the wire, inside the seal: uint8 type, then the type's fields in order. */
#ifndef WIRE_TALK_H
#define WIRE_TALK_H

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "wire/limits.h"

enum talk_type {
    TALK_CHAT = 1,
    TALK_HAND = 2,   /* raised or lowered, one's own */
    TALK_MUTE = 3,   /* a moderator's: that leaf's voice is not played until it unmutes itself */
    TALK_UNMUTE = 4, /* one's own */
    TALK_PLAN = 5,   /* the steward's, at each change and every PLAN_MS */
};

enum { TALK_CHAT_BYTES = 2000, TALK_BYTES = 4096, PLAN_MS = 5000, PLAN_WARN_MS = 15000, PLAN_END_MS = 60000 };

struct talk_chat {
    struct bytes text; /* UTF-8 */
};
struct talk_hand {
    uint8_t up;
};
struct talk_mute {
    uint32_t leaf;
};
struct talk_plan {
    uint64_t clock_ms;      /* the steward's, Unix time: a plan held back is older than those before it */
    struct bytes tables;    /* of struct talk_table */
    uint8_t roles_hash[32]; /* SHA-256 of the statements that hold */
    uint8_t media_hash[32]; /* of the media key; docs/protocol.md, "Plan" */
};

/* A table of the plan. */
struct talk_table {
    uint16_t table;
    uint64_t epoch;
    uint8_t tree_hash[32];
    uint16_t leaves; /* that are taken */
};

struct talk {
    enum talk_type type;
    union {
        struct talk_chat chat;
        struct talk_hand hand;
        struct talk_mute mute;
        struct talk_plan plan;
    };
};

/* OK | E_MALFORMED | E_UNSUPPORTED (a type of a later version: ignore it) */
MUST_USE enum result talk_read(struct bytes message, struct talk *out);
/* OK | E_TOO_LARGE */
MUST_USE enum result talk_write(const struct talk *, struct bytes_mut to, struct bytes *out);

/* As the lists of wire/signal.h. */
bool talk_table_next(struct bytes *list, struct talk_table *out);
void talk_table_put(struct writer *, const struct talk_table *);

#endif
