/* Who is asked to let in those who wait and to remove the seats that were lost: the lowest awake leaf, and
 * after DOORKEEPER_MS without a commit the next. */
#ifndef HOUSE_DOORKEEPER_H
#define HOUSE_DOORKEEPER_H

#include "house/inside.h"

/* Has the gathering looked at in house_due, at that time at the latest. */
void doorkeeper_stir(struct gathering *, uint64_t at_ms);
/* A commit came, or whoever was asked is gone: the lowest awake leaf is asked next. */
void doorkeeper_anew(struct gathering *);
/* The one who was asked has committed: those whom he was offered and left out get another doorkeeper, and who
 * was left out twice is sent away, with a KeyPackage that no member takes. */
void doorkeeper_committed(struct gathering *, const struct session *by);
/* Whom the leaf seated could not sit down: it is asked no more while others can be. */
void doorkeeper_failed(struct gathering *, uint32_t leaf);
/* Somebody is awake, or may still come back to its seat: the table is not founded anew. */
bool doorkeeper_is_awaited(const struct gathering *);
/* Asks, where there is something to ask and nobody asked who still has time. With nobody
 * awake and nobody awaited those who wait are told to found the table. For delivery.c, when the gathering's
 * time has come. */
void doorkeeper_ask(struct gathering *);

#endif
