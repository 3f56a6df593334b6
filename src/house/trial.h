/* A commit on trial. The house cannot see whether members can follow a commit; they tell it, by a value that
 * only who entered the new epoch knows. While somebody is there to answer, and until two members have given
 * the same value, other commits wait, moderators' before others' (attack F27). After TRIAL_MS without, the
 * commit is undone as if it had never been accepted, and its poster's seat is over (attack F5, field report
 * G37). What somebody followed is never taken back. */
#ifndef HOUSE_TRIAL_H
#define HOUSE_TRIAL_H

#include "house/upload.h"

struct answer trial_answer(struct session *, const struct signal *);

/* A commit was accepted and nobody has heard of it yet. Takes its notes. Without effect where nobody
 * else answers. */
void trial_begin(struct upload *);
/* Keeps a commit until the trial is over, then to be judged like one that comes in. OK | E_STATE (it is not
 * one to wait) | E_NO_MEMORY */
MUST_USE enum result trial_hold(struct session *, const struct signal *, const struct delivery_state *);
/* The table is nobody's, or has been founded anew. */
void trial_forget(struct gathering *);
/* When its time has come. */
void trial_due(struct gathering *);

#endif
