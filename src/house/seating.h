/* Who sits where: the leaves of each table's committed tree, and their tickets. No ticket without a leaf
 * (field report G47). */
#ifndef HOUSE_SEATING_H
#define HOUSE_SEATING_H

#include "base/writer.h"
#include "house/inside.h"

/* A row of the store: a leaf of the committed tree. */
struct seat {
    uint32_t leaf;
    uint8_t account[32];
    bool invited, wants, moderates; /* as in struct session */
    enum signal_role role;
    bool is_pseudonym;
    bool is_lost; /* still a leaf, but nobody's */
};

struct answer seating_leave(struct session *, const struct signal *);
struct answer seating_ticket(struct session *, const struct signal *);

/* Appends the struct signal_seat of one session, at a leaf that it has or will have. */
void seating_put(struct writer *, const struct session *, uint32_t leaf);
/* Appends a list of struct signal_seat, in order of leaves. OK | E_IO | E_NO_MEMORY | E_MALFORMED */
MUST_USE enum result seating_write(struct house *, const uint8_t room[static 32], uint16_t number,
                                   struct writer *);
MUST_USE enum result seating_count(struct house *, const uint8_t room[static 32], uint16_t *speakers,
                                   uint16_t *listeners);
/* The lowest leaves whose seats are lost, up to `most`. */
MUST_USE enum result seating_lost(struct house *, const uint8_t room[static 32], uint16_t number,
                                  uint32_t *leaves, size_t most, size_t *count);
/* OK | E_NOT_FOUND | E_MALFORMED | E_IO | E_NO_MEMORY */
MUST_USE enum result seating_get(struct house *, const uint8_t room[static 32], uint16_t number,
                                 uint32_t leaf, struct seat *);

/* Inside a transaction. OK | E_EXISTS (the leaf is taken) | ... */
MUST_USE enum result seating_add(const struct session *, uint32_t leaf);
/* Its roles alone. */
MUST_USE enum result seating_update(struct house *, const uint8_t room[static 32], uint16_t number,
                                    const struct seat *);
/* Still a leaf, but nobody's from now on; without effect where none is there. */
MUST_USE enum result seating_lose(struct house *, const uint8_t room[static 32], uint16_t number,
                                  uint32_t leaf);
/* One that was removed is a leaf again, and lost. */
MUST_USE enum result seating_put_back(struct house *, const uint8_t room[static 32], uint16_t number,
                                      const struct seat *);
/* OK | E_NOT_FOUND | ... */
MUST_USE enum result seating_remove(struct house *, const uint8_t room[static 32], uint16_t number,
                                    uint32_t leaf);
MUST_USE enum result seating_clear(struct house *, const uint8_t room[static 32], uint16_t number);

/* After it: the seat is the session's, with a fresh tag and no ticket yet. */
void seating_take(struct session *, uint32_t leaf);
/* Tells the relay that the seat's tickets count no more. */
void seating_revoke(const struct session *);
/* Sends it the next ticket, as an answer or unasked (request 0). OK | E_CRYPTO | E_TOO_LARGE */
MUST_USE enum result seating_send_ticket(struct session *, uint32_t request);

/* SEATED, to a session whose seat is committed. */
void seating_tell(struct session *, uint32_t request, uint64_t epoch, struct bytes welcome,
                  struct bytes tree);

/* The seat is no more in the store: revokes it, tells its link why, and takes the session from the table. */
void seating_end(struct session *, enum signal_why);
/* The seat is no more in the store: takes the session from its table, and frees one that was in its grace. */
void seating_gone(struct session *);

/* A seated session leaves, and its seat is lost from now on. OK | E_IO | E_NO_MEMORY */
MUST_USE enum result seating_rise(struct session *);
/* The line of a seated session broke: its grace begins. Then, when that is over: */
void seating_line_broken(struct session *);
void seating_due(struct house *);

#endif
