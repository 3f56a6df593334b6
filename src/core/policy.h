/* What a member may change. MLS lets any member remove any other (RFC 9420, section 12.1.3) and add whom it
 * likes; a room does not. Every member judges a commit by the same facts, charter, statements, tree and the
 * commit itself, so honest members cannot fall apart over it. docs/protocol.md, "The table" and "Roles". */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include "core/roster.h"

/* The room, as it is before the commit. Borrowed. */
struct policy {
    const struct group *group;
    const struct roster *roster;
    const struct standing *standing; /* and in it the charter and the room's id */
};

/* What it is after it. */
struct outlook {
    struct standing standing;
    struct roster roster;
};

/* A moderator may remove anybody but the maker; the maker anybody (F30). */
bool policy_may_kick(const struct policy *, uint32_t by, uint32_t leaf);

/* Whether a leaf that the commit removes goes by a moderator's right, and by nothing else. */
bool policy_is_kick(const struct policy *, const struct opened *, uint32_t leaf);

/* Whether a leaf that takes this one's place would be the same person's, as far as that can be told. */
bool policy_goes_on(const struct leaf_node *was, const struct seat_binding *is);

/* Judges an opened commit, before it is applied; after an error the outlook is of no use.
 * OK | E_REFUSED | E_MALFORMED | E_FORGED (a leaf without a right binding, a statement) | E_REPLAY (a
 * statement's number) | E_UNSUPPORTED (a statement's version) | E_TOO_LARGE | E_CRYPTO */
MUST_USE enum result policy_judge(const struct policy *, const struct opened *, struct outlook *);

#endif
