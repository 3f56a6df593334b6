/* Who was let in: by seat, with the number of the newest ticket. A seat is remembered for as long as an older
 * ticket of it could still be valid, so none is taken twice or after a newer one (attack F32). On the loop's
 * thread. */
#ifndef RELAY_ROLL_H
#define RELAY_ROLL_H

#include "base/table.h"
#include "relay/seats.h"

struct relay_seat {
    uint8_t tag[TAG_BYTES], room[TAG_BYTES];
    uint8_t fingerprint[TICKET_FINGERPRINT_LEN];
    uint32_t number;   /* no ticket up to this one counts any more */
    uint64_t forget_s; /* then nothing valid can be left of it, unless a session lives */
    bool seated;       /* a session lives: */
    uint8_t id[RELAY_ID_LEN];
    unsigned worker;
};

struct relay_roll {
    struct table by_tag, by_id; /* all seats; those with a session */
    struct table rooms; /* that have ended: no ticket for them counts. Values are struct relay_seat too */
    size_t limit;       /* seats and rooms in all */
    size_t seated;
};

struct relay_roll relay_roll_of(size_t limit, const struct random *);
void relay_roll_free(struct relay_roll *);

/* Finds or makes the entry. OK | E_NO_MEMORY (the limit too) */
MUST_USE enum result relay_roll_seat(struct relay_roll *, const uint8_t tag[static TAG_BYTES], uint64_t now_s,
                                     struct relay_seat **out);
/* NULL where there is none. */
struct relay_seat *relay_roll_by_id(const struct relay_roll *, const uint8_t id[static RELAY_ID_LEN]);
/* Whether a ticket may be taken: its room lives, and its number is higher than any before. OK | E_STALE */
MUST_USE enum result relay_roll_check(const struct relay_roll *, const struct ticket *);

/* A session begins in the seat, or ends. OK | E_NO_MEMORY */
MUST_USE enum result relay_roll_sit(struct relay_roll *, struct relay_seat *,
                                    const uint8_t id[static RELAY_ID_LEN], unsigned worker);
void relay_roll_rise(struct relay_roll *, struct relay_seat *);

/* OK | E_NO_MEMORY */
MUST_USE enum result relay_roll_end_room(struct relay_roll *, const uint8_t room[static TAG_BYTES],
                                         uint64_t now_s);
/* Drops what is past. */
void relay_roll_forget(struct relay_roll *, uint64_t now_s);

#endif
