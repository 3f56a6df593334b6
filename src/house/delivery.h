/* One order for each table's MLS messages: foundings by compare-and-swap on the founding's number (attack
 * F24), commits by compare-and-swap on the epoch, each in one transaction with the Welcome's readers and the
 * list of who is seated (attack F23). */
#ifndef HOUSE_DELIVERY_H
#define HOUSE_DELIVERY_H

#include "house/inside.h"

struct delivery_state {
    uint32_t founding;
    uint64_t epoch;
    uint8_t group_id[64];
    size_t group_len; /* 0 while nobody has founded it, or all have left */
};

static inline struct bytes delivery_group(const struct delivery_state *d)
{
    return bytes(d->group_id, d->group_len);
}

/* OK | E_NOT_FOUND | E_IO | E_NO_MEMORY | E_MALFORMED */
MUST_USE enum result delivery_get(struct house *, const uint8_t room[static 32], uint16_t number,
                                  struct delivery_state *);
/* Inside the transaction that makes a room: its first table. */
MUST_USE enum result delivery_open(struct house *, const uint8_t room[static 32]);

struct answer delivery_founded(struct session *, const struct signal *);
struct answer delivery_commit(struct session *, const struct signal *);

/* Inside a transaction: the commit that began this epoch is no more. OK | E_STALE | E_IO | E_NO_MEMORY */
MUST_USE enum result delivery_step_back(struct house *, const uint8_t room[static 32], uint16_t number,
                                        uint64_t epoch);

/* When the last one is gone, in grace or not, the table is nobody's: forgets group, seats and commits. */
void delivery_deserted(struct house *, const uint8_t room[static 32], uint16_t number);
/* The room is no more in the store: tells everybody who was in it. */
void delivery_room_ended(struct house *, const uint8_t room[static 32]);

void delivery_due(struct house *);

/* Commits that are old enough to be gone before the next sweep; then tables that could not be cleared when
 * the last one left. OK | E_IO | E_NO_MEMORY | E_MALFORMED */
MUST_USE enum result delivery_sweep_commits(struct house *);
MUST_USE enum result delivery_sweep_tables(struct house *);

#endif
