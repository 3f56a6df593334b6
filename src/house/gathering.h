/* Who is at a table now: those seated, those who wait, those who were told to found it. In memory alone. */
#ifndef HOUSE_GATHERING_H
#define HOUSE_GATHERING_H

#include "house/inside.h"

/* NULL where nobody is. */
struct gathering *gathering_find(struct house *, const uint8_t room[static 32], uint16_t number);
/* Puts a session to a table, waiting. OK | E_NO_MEMORY */
MUST_USE enum result gathering_join(struct session *, const uint8_t room[static 32], uint16_t number);
/* Takes it away, whatever it did there; the last one's leaving ends the gathering. Nothing to leave is fine.
 */
void gathering_quit(struct session *);
/* With sessions in it: they are at no table then. */
void gathering_free(struct gathering *);

/* Gives the table a fresh tag, or ends what the relay has under the old one. Also done at the gathering's
 * end. */
void gathering_open_media(struct gathering *);
void gathering_end_media(struct gathering *);

/* How many are at it in this way. */
unsigned gathering_count(const struct gathering *, enum session_place);
/* Whether the session is at this table in this way. */
bool gathering_has(const struct session *, const uint8_t room[static 32], uint16_t number,
                   enum session_place);
/* Seated with a living line. */
bool session_awake(const struct session *);
/* The lowest awake leaf that is not below `from`, or NULL. */
struct session *gathering_awake(const struct gathering *, uint32_t from);
/* The session that sits there, awake or in its grace, or NULL. */
struct session *gathering_leaf(const struct gathering *, uint32_t leaf);
/* The session that waits under this number, or NULL. */
struct session *gathering_waiting(const struct gathering *, uint32_t waiting);
/* A number for a session that waits from now on. */
void gathering_wait(struct session *);

#endif
