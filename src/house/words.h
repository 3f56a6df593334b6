/* What a room's moderators have said, as their statements, for whoever founds its table again: as long as the
 * room lives. The house can keep the list back, and add nothing to it: members check each statement. What it
 * says of accounts that are not there is noted in standing.h. */
#ifndef HOUSE_WORDS_H
#define HOUSE_WORDS_H

#include "base/writer.h"
#include "house/upload.h"

/* Only moderators say something, each in its own name, and not of the maker. */
struct answer words_judge(const struct upload *);

/* Inside a transaction. OK | E_IO | E_NO_MEMORY */
MUST_USE enum result words_keep(const struct upload *);
/* How many there are, and a list cut to so many. Results as above. */
MUST_USE enum result words_count(struct house *, const uint8_t room[static 32], unsigned *count);
MUST_USE enum result words_cut(struct house *, const uint8_t room[static 32], unsigned count);

/* Appends the list. OK | E_IO | E_NO_MEMORY */
MUST_USE enum result words_list(struct house *, const uint8_t room[static 32], struct writer *);

#endif
