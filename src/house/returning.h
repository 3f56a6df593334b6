/* Seats that outlive a link, and a house that was started anew: the same account takes its leaf again and
 * hears of the commits that it missed (attack F26, field reports G41, G46). */
#ifndef HOUSE_RETURNING_H
#define HOUSE_RETURNING_H

#include "house/inside.h"

struct answer returning_catch_up(struct session *, const struct signal *);

/* At the start: everybody who sat when the house ended sits, without a link, for SEAT_RESTORED_MS after the
 * first call of house_due. OK | E_IO | E_NO_MEMORY | E_MALFORMED */
MUST_USE enum result returning_restore(struct house *);

#endif
