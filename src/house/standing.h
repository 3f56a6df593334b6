/* What a room's moderators said of accounts, as far as the house heard it in the lists of commits: who speaks
 * and who moderates beside the charter's, and who takes no seat any more. It holds as long
 * as the room lives.
 *
 * A pseudonym has no standing: what is said of it holds for its seat alone. */
#ifndef HOUSE_STANDING_H
#define HOUSE_STANDING_H

#include "house/inside.h"
#include "wire/charter.h"

struct standing {
    bool speaks, moderates;
};

/* By the charter and by what was said since. OK | E_IO | E_NO_MEMORY */
MUST_USE enum result standing_of(struct house *, const uint8_t room[static 32], const struct charter *,
                                 const uint8_t account[static 32], struct standing *);
/* Inside a transaction. OK | E_IO | E_NO_MEMORY */
MUST_USE enum result standing_speaks(struct house *, const uint8_t room[static 32],
                                     const uint8_t account[static 32], bool speaks);
MUST_USE enum result standing_moderates(struct house *, const uint8_t room[static 32],
                                        const uint8_t account[static 32], bool moderates);

/* All that is noted of an account, and inside a transaction the way back to it. OK | E_IO | E_NO_MEMORY */
struct standing_note {
    uint8_t account[32];
    bool said, barred[2];        /* anything of its roles; its name, its pseudonyms */
    struct store_value roles[2]; /* speaks, moderates: numbers, or nothing */
};
MUST_USE enum result standing_note(struct house *, const uint8_t room[static 32],
                                   const uint8_t account[static 32], struct standing_note *);
MUST_USE enum result standing_restore(struct house *, const uint8_t room[static 32],
                                      const struct standing_note *);

/* Inside a transaction: all of an account, or its pseudonyms alone. OK | E_IO | E_NO_MEMORY */
MUST_USE enum result standing_bar(struct house *, const uint8_t room[static 32],
                                  const uint8_t account[static 32], bool pseudonyms_alone);
/* Takes that back. */
MUST_USE enum result standing_unbar(struct house *, const uint8_t room[static 32],
                                    const uint8_t account[static 32]);
/* Whether it may sit down, under a pseudonym or its own name. OK | E_REFUSED | E_IO | E_NO_MEMORY */
MUST_USE enum result standing_admits(struct house *, const uint8_t room[static 32],
                                     const uint8_t account[static 32], bool is_pseudonym);

#endif
