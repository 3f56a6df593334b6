/* A commit that is being judged, with all that came beside it (attack F23). What members would refuse, the
 * house refuses as far as it can see it. */
#ifndef HOUSE_UPLOAD_H
#define HOUSE_UPLOAD_H

#include "house/delivery.h"
#include "house/seating.h"
#include "house/standing.h"
#include "wire/charter.h"

/* Somebody's seat after the commit, where its roles change anything. */
struct move {
    struct session *who;
    uint32_t leaf;
    bool invited, wants, moderates;
    enum signal_role role;
    bool of_speaking, of_moderating; /* a moderator said so of an account: it holds beyond this seat */
};

struct upload {
    struct session *by;
    const struct signal_commit *commit;
    struct charter charter;
    unsigned placed_count, removed_count, moved_count;
    struct session *placed[TABLE_LEAVES]; /* their new leaves are in `leaves` */
    uint32_t leaves[TABLE_LEAVES];
    struct seat removed[TABLE_LEAVES]; /* as they were */
    enum signal_why why[TABLE_LEAVES];
    struct move moved[TABLE_LEAVES];
    unsigned words_before, note_count; /* of the room; of what stood of those whom the commit is about */
    struct standing_note *notes;       /* owned */
};

/* judge.c: fills the upload from by, commit and the table's state. */
struct answer upload_judge(struct upload *, const struct delivery_state *);

bool upload_removes(const struct upload *, uint32_t leaf);

/* stage.c: who comes on stage and leaves it. */
struct answer stage_judge(struct upload *);
/* Inside a transaction. OK | E_IO | E_NO_MEMORY */
MUST_USE enum result stage_keep(const struct upload *);
/* After it: tickets follow. A seat that must not publish any more is ended at the relay with all its tickets
 * (attack F32) and gets a listener's. */
void stage_take(const struct upload *);
/* The same for one seat. */
void stage_set(struct session *, const struct seat *);

#endif
