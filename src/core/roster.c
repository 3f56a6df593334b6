#include "core/roster.h"

#include "core/roles.h"
#include "wire/signal.h"

#include <string.h>

static struct core_member member_of(const struct standing *standing, const struct seat_binding *b,
                                    struct bytes key, uint32_t leaf)
{
    struct core_member m = {.leaf = leaf, .bound = b->bound, .stage = b->stage};

    memcpy(m.account, b->account, sizeof m.account);
    memcpy(m.key, key.at, sizeof m.key);
    m.may_speak = standing_may_speak(standing, b->bound ? m.account : m.key, !b->bound);
    m.speaker = m.may_speak && b->stage;
    m.moderator = standing_is_moderator(standing, b->bound ? m.account : m.key, !b->bound);
    return m;
}

/* Ascending, since a tree is walked from its first leaf on, and a newcomer takes the first free one. */
static enum result put(struct roster *r, const struct core_member *m)
{
    size_t at = r->count;

    /* The leftmost free leaf is taken first, so no honest table has a leaf beyond. */
    if (r->count == TABLE_LEAVES || m->leaf >= TABLE_LEAVES)
        return E_TOO_LARGE;
    for (; at > 0 && r->members[at - 1].leaf > m->leaf; at--)
        r->members[at] = r->members[at - 1];
    r->members[at] = *m;
    r->count++;
    return OK;
}

static bool any_is_blocked(const struct roster *r, const struct standing *standing)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->members[i].bound && standing_is_blocked(standing, r->members[i].account))
            return true;
    return false;
}

enum result roster_vouched_once(const struct leaf_node *leaf, const struct seat_binding *b,
                                const struct standing *standing, struct bytes statements)
{
    const struct charter *c = standing->charter;
    enum result res = roles_voucher_check(leaf, b, c, standing->room, c->link_key);
    struct statement word;

    while (res == E_FORGED && statement_next(&statements, &word) == OK)
        if (word.verb == STATEMENT_LINK)
            res = roles_voucher_check(leaf, b, c, standing->room, word.subject);
    return res;
}

enum result roster_read(const struct group *group, const struct standing *standing, struct bytes statements,
                        struct roster *out)
{
    uint32_t own = group_own_leaf(group), limit = group_leaf_limit(group);

    out->count = 0;
    for (uint32_t leaf = 0; leaf < limit; leaf++) {
        const struct leaf_node *node = group_member(group, leaf);
        struct core_member m;
        struct seat_binding b;
        enum result res;

        if (node == NULL)
            continue;
        res = roles_binding_check(node, standing->charter, standing->room, &b);
        if (res == OK)
            res = roster_vouched_once(node, &b, standing, statements);
        if (res != OK)
            return res;
        m = member_of(standing, &b, node->signature_key, leaf);
        m.self = leaf == own;
        res = put(out, &m);
        if (res != OK)
            return res;
    }
    return any_is_blocked(out, standing) ? E_REFUSED : OK;
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

const struct core_member *roster_find_same(const struct roster *roster, const struct core_member *m)
{
    const struct core_member *now = roster_find(roster, m->leaf);

    return now != NULL && memcmp(now->key, m->key, sizeof m->key) == 0 ? now : NULL;
}

/* --- What a commit makes of it --- */

static bool is_removed(const struct opened *o, uint32_t leaf)
{
    for (size_t i = 0; i < o->remove_count; i++)
        if (o->removes[i].leaf == leaf)
            return true;
    return false;
}

/* The leaf that speaks for a member from now on, where the commit brings a new one. */
static const struct leaf_node *updated(const struct opened *o, uint32_t leaf)
{
    for (size_t i = 0; i < o->update_count; i++)
        if (o->updates[i].leaf == leaf)
            return o->updates[i].node;
    return NULL;
}

static enum result stay(const struct core_member *before, const struct opened *o,
                        const struct standing *after, struct core_member *out)
{
    const struct leaf_node *node = updated(o, before->leaf);
    struct seat_binding b = {.stage = before->stage, .bound = before->bound};
    enum result res = node == NULL ? OK : roles_binding_read(node, &b);

    if (res != OK)
        return res;
    memcpy(b.account, before->account, sizeof b.account);
    *out = member_of(after, &b, BYTES_OF(before->key), before->leaf);
    out->self = before->self;
    return OK;
}

enum result roster_after(const struct roster *before, const struct opened *o, const struct standing *after,
                         struct roster *out)
{
    struct core_member m;
    enum result res = OK;

    out->count = 0;
    for (size_t i = 0; i < before->count && res == OK; i++) {
        if (is_removed(o, before->members[i].leaf))
            continue;
        res = stay(&before->members[i], o, after, &m);
        if (res == OK)
            res = put(out, &m);
    }
    for (size_t i = 0; i < o->add_count && res == OK; i++) {
        struct seat_binding b;

        res = roles_binding_read(o->adds[i].node, &b);
        if (res != OK)
            return res;
        m = member_of(after, &b, o->adds[i].node->signature_key, o->adds[i].leaf);
        res = put(out, &m);
    }
    if (res == OK && any_is_blocked(out, after))
        res = E_REFUSED;
    return res;
}

/* --- What the house says of it --- */

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

static void put_word(struct writer *w, uint32_t leaf, enum signal_role role)
{
    signal_moved_put(w, &(struct signal_moved){leaf, (uint8_t)role});
}

void roster_words_put(const struct roster_words *words, struct writer *w)
{
    for (size_t i = 0; i < words->after->count; i++) {
        const struct core_member *m = &words->after->members[i];
        const struct core_member *was = roster_find_same(words->before, m);
        const uint8_t *key = m->bound ? m->account : m->key;
        bool moderator = standing_is_moderator(words->is, key, !m->bound);
        bool invited = standing_is_invited(words->is, key, !m->bound);

        if (moderator != standing_is_moderator(words->was, key, !m->bound))
            put_word(w, m->leaf, moderator ? SIGNAL_MODERATOR : SIGNAL_NO_MODERATOR);
        if (m->leaf == words->committer) {
            if (was != NULL && was->stage != m->stage)
                put_word(w, m->leaf, m->stage ? SIGNAL_SPEAKER : SIGNAL_LISTENER);
        } else if (invited != standing_is_invited(words->was, key, !m->bound)) {
            put_word(w, m->leaf, invited ? SIGNAL_SPEAKER : SIGNAL_LISTENER);
        }
    }
}
