/* Any member can be asked to let in who waits: core_room_commit. */
#include "core/room.h"

#include "core/roles.h"
#include "wire/signal.h"

#include <stdlib.h>
#include <string.h>

/* What a commit is to hold, while it is gathered. */
struct gathering {
    struct bytes adds[TABLE_LEAVES];
    struct leaf_node leaves[TABLE_LEAVES]; /* of the adds, in their order */
    uint32_t waiting[TABLE_LEAVES];
    size_t add_count;
    uint32_t removes[TABLE_LEAVES];
    size_t remove_count, lost_count; /* those whose seats are lost come first */
    struct writer words;
};

static bool is_removed(const struct gathering *g, uint32_t leaf)
{
    for (size_t i = 0; i < g->remove_count; i++)
        if (g->removes[i] == leaf)
            return true;
    return false;
}

static enum result permit_lost(struct writer *w, const struct signal_lost *lost)
{
    struct permit permit = {.kind = PERMIT_LOST, .leaf = lost->leaf};
    uint8_t text_room[PERMIT_BYTES];
    struct bytes text;
    enum result res;

    memcpy(permit.signature, lost->signature, sizeof permit.signature);
    res = permit_write(&permit, (struct bytes_mut){text_room, sizeof text_room}, &text);
    if (res == OK)
        writer_put(w, text);
    return res;
}

static enum result gather_lost(const struct core_room *room, struct bytes lost, struct gathering *g)
{
    struct signal_lost item;

    while (signal_lost_next(&lost, &item)) {
        enum result res;

        if (roster_find(&room->roster, item.leaf) == NULL)
            return E_NOT_FOUND;
        if (item.leaf == group_own_leaf(room->group) || is_removed(g, item.leaf))
            return E_REFUSED;
        res = roles_lost_check(&room->charter, room->id, group_id(room->group), group_epoch(room->group),
                               item.leaf, item.signature);
        if (res != OK)
            return res;
        res = permit_lost(&g->words, &item);
        if (res != OK)
            return res;
        g->removes[g->remove_count++] = item.leaf;
        g->lost_count++;
    }
    return OK;
}

static enum result gather_kicks(const struct core_room *room, const struct core_order *order,
                                struct gathering *g)
{
    struct policy p = room_policy(room);
    uint32_t own = group_own_leaf(room->group);

    for (size_t i = 0; i < order->kick_count; i++) {
        uint32_t leaf = order->kicks[i];

        if (roster_find(&room->roster, leaf) == NULL)
            return E_NOT_FOUND;
        if (leaf == own || !policy_may_kick(&p, own, leaf))
            return E_REFUSED;
        if (!is_removed(g, leaf))
            g->removes[g->remove_count++] = leaf;
    }
    return OK;
}

/* Two leaves of a tree may not share a key (RFC 9420, section 7.3): one copied KeyPackage must not spoil the
 * commit for all who wait. */
static bool is_new(const struct core_room *room, const struct gathering *g, const struct leaf_node *leaf)
{
    for (size_t i = 0; i < g->add_count; i++)
        if (bytes_equal(g->leaves[i].signature_key, leaf->signature_key) ||
            bytes_equal(g->leaves[i].encryption_key, leaf->encryption_key))
            return false;
    for (size_t i = 0; i < room->roster.count; i++) {
        const struct leaf_node *seated = group_member(room->group, room->roster.members[i].leaf);

        if (bytes_equal(seated->signature_key, leaf->signature_key) ||
            bytes_equal(seated->encryption_key, leaf->encryption_key))
            return false;
    }
    return true;
}

/* What no member would accept. OK | E_NO_MEMORY | any other: it does not come in */
static enum result is_welcome(const struct core_room *room, uint64_t unix_s, struct bytes key_package,
                              const struct gathering *g, struct leaf_node *leaf)
{
    uint8_t ref[MLS_HASH_LEN];
    struct seat_binding binding;
    enum result res = key_package_open(key_package, unix_s, ROOM_LIFETIME_MAX_S, leaf, ref);

    if (res == OK)
        res = roles_binding_check(leaf, &room->charter, room->id, &binding);
    if (res == OK && !is_new(room, g, leaf))
        res = E_EXISTS;
    return res;
}

/* Whoever cannot come in holds nobody else up. */
static enum result gather_joiners(const struct core_room *room, uint64_t unix_s, struct bytes joiners,
                                  struct gathering *g)
{
    size_t free_leaves = TABLE_LEAVES - room->roster.count + g->remove_count;
    struct signal_joiner item;

    while (g->add_count < free_leaves && g->add_count < TABLE_LEAVES && signal_joiner_next(&joiners, &item)) {
        struct leaf_node leaf;
        enum result res = is_welcome(room, unix_s, item.key_package, g, &leaf);

        if (res == E_NO_MEMORY)
            return res;
        if (res != OK)
            continue;
        g->adds[g->add_count] = item.key_package;
        g->leaves[g->add_count] = leaf;
        g->waiting[g->add_count] = item.waiting;
        g->add_count++;
    }
    return OK;
}

/* Where the joiners will sit is in our own commit, read as others will read it. */
static enum result list_placed(struct core_room *room, uint64_t unix_s, const struct gathering *g)
{
    struct writer w = writer_over(room->placed);
    struct opened *opened = NULL;
    enum result res = group_open(room->group, buffer_bytes(&room->committed.commit), unix_s, &opened);

    for (size_t i = 0; res == OK && i < opened->add_count; i++)
        for (size_t k = 0; k < g->add_count; k++)
            if (bytes_equal(opened->adds[i].node->signature_key, g->leaves[k].signature_key))
                signal_placed_put(&w, &(struct signal_placed){g->waiting[k], opened->adds[i].leaf});
    opened_free(opened);
    return res == OK ? writer_end(&w, &room->commit.seated) : res;
}

static enum result list_removed(struct core_room *room, const struct gathering *g)
{
    struct writer w = writer_over(room->removed);

    for (size_t i = 0; i < g->remove_count; i++)
        signal_gone_put(
            &w, &(struct signal_gone){g->removes[i], i < g->lost_count ? SIGNAL_LOST : SIGNAL_KICKED});
    return writer_end(&w, &room->commit.removed);
}

static bool fits(const struct group_committed *c)
{
    return c->commit.len <= COMMIT_BYTES && c->welcome.len <= WELCOME_BYTES && c->tree.len <= TREE_BYTES;
}

/* How long a commit gets depends on the tree as well as on the change: where it would not go through the
 * door, half of the joiners wait for the next. */
static enum result commit_what_fits(struct core_room *room, uint64_t unix_s, struct gathering *g,
                                    struct group_change *change)
{
    for (;; g->add_count /= 2) {
        enum result res;

        change->add_count = g->add_count;
        res = group_commit(room->group, room->random, change, unix_s, &room->committed);
        if (res != OK || fits(&room->committed))
            return res;
        room_drop_commit(room);
        if (g->add_count == 0)
            return E_TOO_LARGE;
    }
}

static enum result commit_gathered(struct core_room *room, uint64_t unix_s, struct gathering *g)
{
    struct group_change change = {
        .adds = g->adds,
        .removes = g->removes,
        .remove_count = g->remove_count,
    };
    enum result res = writer_end(&g->words, &change.authenticated_data);

    room_drop_commit(room);
    if (res == OK)
        res = commit_what_fits(room, unix_s, g, &change);
    if (res == OK)
        res = list_placed(room, unix_s, g);
    if (res == OK)
        res = list_removed(room, g);
    if (res != OK) {
        room_drop_commit(room);
        return res;
    }
    room->commit.epoch = group_epoch(room->group);
    room->commit.commit = buffer_bytes(&room->committed.commit);
    room->commit.welcome = buffer_bytes(&room->committed.welcome);
    room->commit.tree = buffer_bytes(&room->committed.tree);
    return OK;
}

enum result core_room_commit(struct core_room *room, struct core_now now, const struct core_order *order,
                             const struct core_commit **out)
{
    struct gathering *g;
    enum result res;

    if (room->stage != ROOM_SEATED)
        return E_STATE;
    if (!bytes_equal(order->group_id, group_id(room->group)))
        return E_NOT_FOUND;
    if (order->epoch != group_epoch(room->group))
        return E_STALE;
    g = calloc(1, sizeof *g);
    if (g == NULL)
        return E_NO_MEMORY;
    g->words = writer_over(room->words);
    res = gather_lost(room, order->lost, g);
    if (res == OK)
        res = gather_kicks(room, order, g);
    if (res == OK)
        res = gather_joiners(room, now.unix_s, order->joiners, g);
    if (res == OK)
        res = commit_gathered(room, now.unix_s, g);
    free(g);
    if (res == OK)
        *out = &room->commit;
    return res;
}
