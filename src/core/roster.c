#include "core/roster.h"

#include "core/roles.h"
#include "wire/signal.h"

#include <string.h>

struct core_member roster_member(const struct charter *charter, const struct seat_binding *b, uint32_t leaf)
{
    struct core_member m = {
        .leaf = leaf,
        .bound = b->bound,
        .speaker = roles_on_stage(charter, b),
        .moderator = roles_moderates(charter, b),
    };

    memcpy(m.account, b->account, sizeof m.account);
    return m;
}

enum result roster_read(const struct group *group, const struct charter *charter,
                        const uint8_t room[static 32], bool check, struct roster *out)
{
    uint32_t own = group_own_leaf(group), limit = group_leaf_limit(group);

    out->count = 0;
    for (uint32_t leaf = 0; leaf < limit; leaf++) {
        const struct leaf_node *node = group_member(group, leaf);
        struct seat_binding b;
        enum result res;

        if (node == NULL)
            continue;
        if (out->count == TABLE_LEAVES)
            return E_TOO_LARGE;
        res = check ? roles_binding_check(node, charter, room, &b) : roles_binding_read(node, &b);
        if (res != OK)
            return res;
        out->members[out->count] = roster_member(charter, &b, leaf);
        out->members[out->count].self = leaf == own;
        out->count++;
    }
    return OK;
}

static const struct core_member *find(const struct core_member *members, size_t count, uint32_t leaf)
{
    for (size_t i = 0; i < count; i++)
        if (members[i].leaf == leaf)
            return &members[i];
    return NULL;
}

const struct core_member *roster_find(const struct roster *roster, uint32_t leaf)
{
    return find(roster->members, roster->count, leaf);
}

/* Each of the house's items must be another one of ours, and none of ours may be left. */
struct tally {
    const struct core_member *members;
    size_t count, ticked;
    bool named[TABLE_LEAVES];
};

static const struct core_member *tick(struct tally *t, uint32_t leaf)
{
    const struct core_member *m = find(t->members, t->count, leaf);

    if (m == NULL || t->named[m - t->members])
        return NULL;
    t->named[m - t->members] = true;
    t->ticked++;
    return m;
}

bool roster_agrees(const struct core_member *members, size_t count, struct bytes seats)
{
    struct tally t = {.members = members, .count = count};
    struct signal_seat seat;

    while (signal_seat_next(&seats, &seat)) {
        const struct core_member *m = tick(&t, seat.leaf);

        if (m == NULL || memcmp(m->account, seat.account, sizeof m->account) != 0)
            return false;
    }
    return t.ticked == count;
}

bool roster_agrees_leaves(const struct core_member *members, size_t count, struct bytes leaves)
{
    struct tally t = {.members = members, .count = count};
    struct signal_gone item;

    while (signal_gone_next(&leaves, &item))
        if (tick(&t, item.leaf) == NULL)
            return false;
    return t.ticked == count;
}
