/* Who sits at a table: read from the tree of the current epoch, and from nowhere else. */
#ifndef CORE_ROSTER_H
#define CORE_ROSTER_H

#include "core/core.h"
#include "core/group.h"

struct roster {
    struct core_member members[TABLE_LEAVES]; /* ascending by leaf */
    size_t count;
};

/* One member, by a binding that has been checked. */
struct core_member roster_member(const struct charter *, const struct seat_binding *, uint32_t leaf);

/* All leaves of the group's tree. `check` verifies each binding, for a joiner who has seen none of them come;
 * afterwards a leaf cannot have changed its own. OK | E_TOO_LARGE | E_REFUSED | E_MALFORMED | E_FORGED |
 * E_CRYPTO */
MUST_USE enum result roster_read(const struct group *, const struct charter *, const uint8_t room[static 32],
                                 bool check, struct roster *out);

/* NULL where nobody sits. */
const struct core_member *roster_find(const struct roster *, uint32_t leaf);

/* Are these members and the house's list (of struct signal_seat) the same, leaf for leaf and account for
 * account? */
bool roster_agrees(const struct core_member *members, size_t count, struct bytes seats);
/* The same for leaves alone (of struct signal_gone). */
bool roster_agrees_leaves(const struct core_member *members, size_t count, struct bytes leaves);

#endif
