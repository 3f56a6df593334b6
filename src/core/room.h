/* The insides of core_room, for room.c and doorkeeper.c alone. */
#ifndef CORE_ROOM_H
#define CORE_ROOM_H

#include "core/core.h"
#include "core/policy.h"

enum {
    ROOM_HOUR_S = 3600,
    /* Lifetimes begin and end at full hours, so that they do not tell clients' clocks apart (F37). */
    ROOM_LIFETIME_MAX_S = 2 * ROOM_HOUR_S,
    ROOM_PADDING = 256,                      /* of messages inside the group, to a multiple */
    PLAN_LAG_MS = 5000,                      /* a steward's lag may not grow more over its least (F17) */
    ROOM_GONE_BYTES = 5,                     /* struct signal_gone on the wire */
    ROOM_PLACED_BYTES = 8,                   /* struct signal_placed */
    ROOM_ROLES_BYTES = 2 * 5 * TABLE_LEAVES, /* at most two struct signal_moved a leaf */
};

/* The least that a steward's clock lagged behind ours, or ran ahead of it. */
struct plan_lag {
    bool known;
    int64_t least_ms;
};

enum room_stage {
    ROOM_WAITING, /* for a table to found or a Welcome */
    ROOM_SEATED,
    ROOM_OUT, /* removed: nothing comes after it */
};

struct core_room {
    const struct random *random;
    enum room_stage stage;
    uint8_t house[32], id[32];
    uint8_t leaf_seed[32];
    struct core_mark mark;  /* that the words of a group must reach */
    uint64_t unix_ahead_ms; /* Unix time less our other clock, when the seat was made */
    uint8_t binding[SEAT_BINDING_BYTES];
    size_t binding_len;
    struct joining *joining;
    struct buffer key_package;

    struct group *group;
    struct charter charter;
    struct standing standing; /* by the epoch's statements */
    struct roster roster;
    struct outlook next;     /* while a commit is judged */
    struct witness *witness; /* of the ring's */
    struct keyring *ring;

    struct group_committed committed; /* what `commit` borrows from, ... */
    struct buffer statements;         /* ... and its words: the whole list */
    struct core_commit commit;
    uint8_t placed[TABLE_LEAVES * ROOM_PLACED_BYTES], removed[TABLE_LEAVES * ROOM_GONE_BYTES];
    uint8_t roles[ROOM_ROLES_BYTES];
    uint8_t
        permits[2 * TABLE_LEAVES * PERMIT_BYTES]; /* for each that goes, and each that comes in its place */

    uint8_t answer[16], media_hash[32]; /* of the epoch */
    uint8_t tables[TALK_BYTES];         /* of our own plan */
    struct plan_lag lags[TABLE_LEAVES]; /* by leaf */
    struct buffer said;
    struct opened *opened; /* what `heard` borrows from */
    struct core_said heard;

    struct core_change change;
    struct core_member came[TABLE_LEAVES], went[TABLE_LEAVES], moved[TABLE_LEAVES];
};

/* The room as policy sees it. */
static inline struct policy room_policy(const struct core_room *room)
{
    return (struct policy){room->group, &room->roster, &room->standing};
}

/* Forgets a commit that was made and did not come back, or has. */
static inline void room_drop_commit(struct core_room *room)
{
    group_drop_staged(room->group);
    group_committed_free(&room->committed);
    buffer_free(&room->statements);
    room->commit = (struct core_commit){0};
}

#endif
