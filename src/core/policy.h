/* What a member may change. MLS lets any member remove any other (RFC 9420, section 12.1.3) and add whom it
 * likes; a room does not. Every member judges a commit by the same facts, charter, tree and the commit
 * itself, so honest members cannot fall apart over it. docs/protocol.md, "The table". */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include "core/roster.h"

/* The room, as it is before the commit. Borrowed. */
struct policy {
    const struct group *group;
    const struct roster *roster;
    const struct charter *charter;
    const uint8_t *room; /* 32 bytes */
};

/* A moderator may remove anybody but the maker; the maker anybody (F30). */
bool policy_may_kick(const struct policy *, uint32_t by, uint32_t leaf);

/* Judges an opened commit, before it is applied.
 * OK | E_REFUSED | E_MALFORMED | E_FORGED (a leaf without a right binding) | E_TOO_LARGE | E_CRYPTO */
MUST_USE enum result policy_judge(const struct policy *, const struct opened *);

#endif
