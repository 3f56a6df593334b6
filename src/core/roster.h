/* Who sits at a table, and what each may do there: read from the tree and the statements of an epoch, and
 * from nowhere else. */
#ifndef CORE_ROSTER_H
#define CORE_ROSTER_H

#include "core/core.h"
#include "core/group.h"
#include "core/standing.h"

struct roster {
    struct core_member members[TABLE_LEAVES]; /* ascending by leaf, and each leaf is below TABLE_LEAVES */
    size_t count;
};

/* All leaves of the group's tree, each binding checked, for a joiner who has seen none of them come. In a
 * private room any link key that held until now may have vouched for them: they are in `statements`. OK |
 * E_TOO_LARGE | E_REFUSED (unbound, of another room, or blocked) | E_MALFORMED | E_FORGED | E_CRYPTO */
MUST_USE enum result roster_read(const struct group *, const struct standing *, struct bytes statements,
                                 struct roster *out);
/* A voucher by any link key that held until now: of whoever may have come by it. As roles_voucher_check. */
MUST_USE enum result roster_vouched_once(const struct leaf_node *, const struct seat_binding *,
                                         const struct standing *, struct bytes statements);
/* What a commit makes of a roster. The bindings of new leaves have been checked; `standing` is what stands
 * after it. OK | E_TOO_LARGE | E_REFUSED (a leaf that is not there, or that is blocked) | E_MALFORMED */
MUST_USE enum result roster_after(const struct roster *before, const struct opened *,
                                  const struct standing *after, struct roster *out);

/* NULL where nobody sits. */
const struct core_member *roster_find(const struct roster *, uint32_t leaf);
/* The same, if it is still the same leaf and not another in its place. */
const struct core_member *roster_find_same(const struct roster *, const struct core_member *);

/* Are these members and the house's list (of struct signal_seat) the same, leaf for leaf and account for
 * account? */
bool roster_agrees(const struct core_member *members, size_t count, struct bytes seats);
/* The same for leaves alone (of struct signal_gone). */
bool roster_agrees_leaves(const struct core_member *members, size_t count, struct bytes leaves);

/* A commit's words on roles, a list of struct signal_moved as COMMIT has it: ascending by leaf, whom its
 * statements make a moderator or none, whom they let on stage or not, and the committer's own word. */
struct roster_words {
    const struct roster *before, *after;
    const struct standing *was, *is;
    uint32_t committer;
};
void roster_words_put(const struct roster_words *, struct writer *);

#endif
