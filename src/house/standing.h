/* What a room's moderators said of accounts, as far as the house heard it in the lists of commits: who speaks
 * and who moderates beside the charter's, and who takes no seat any more. The first dies with the group whose
 * statements it stands for, the second with the room.
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

/* Inside a transaction: a group without statements follows. OK | E_IO | E_NO_MEMORY */
MUST_USE enum result standing_clear(struct house *, const uint8_t room[static 32]);

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
