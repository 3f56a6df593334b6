/* Who may publish, as the house hears it in the lists of commits: by a moderator's word and by one's own, and
 * either alone ends it (attack F31). Members judge frames by the roles inside their group; this is only what
 * tickets say. */
#ifndef HOUSE_STAGE_H
#define HOUSE_STAGE_H

#include "house/inside.h"
#include "wire/charter.h"

static inline enum signal_role stage_role(bool moderates, bool invited, bool wants)
{
    return wants && (moderates || invited) ? SIGNAL_SPEAKER : SIGNAL_LISTENER;
}

/* What charter and moderators say by now of a session that waits for its seat. OK | E_IO | E_NO_MEMORY */
MUST_USE enum result stage_refresh(struct session *, const struct charter *);

#endif
