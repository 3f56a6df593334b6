/* Any member can be asked to let in who waits; moderators do more, and everybody speaks for itself:
 * core_room_commit. */
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
    uint32_t replaced[TABLE_LEAVES]; /* the leaf that goes for an add alone, or SIGNAL_NO_LEAF */
    size_t add_count;
    uint32_t removes[TABLE_LEAVES];
    uint8_t why[TABLE_LEAVES]; /* enum signal_why, of each remove */
    size_t remove_count;
    struct writer permits;
    struct standing standing; /* with the words that are new */
    struct buffer statements; /* the whole list then */
    size_t before;            /* how long it was */
    uint8_t binding[SEAT_BINDING_BYTES];
    struct bytes own; /* our own binding, where it changes */
};

static bool is_removed(const struct gathering *g, uint32_t leaf)
{
    for (size_t i = 0; i < g->remove_count; i++)
        if (g->removes[i] == leaf)
            return true;
    return false;
}

/* ... by a moderator's wish. */
static bool is_put_out(const struct gathering *g, uint32_t leaf)
{
    for (size_t i = 0; i < g->remove_count; i++)
        if (g->removes[i] == leaf)
            return g->why[i] == SIGNAL_KICKED || g->why[i] == SIGNAL_BLOCKED;
    return false;
}

static void remove_leaf(struct gathering *g, uint32_t leaf, enum signal_why why)
{
    if (is_removed(g, leaf))
        return;
    g->removes[g->remove_count] = leaf;
    g->why[g->remove_count++] = (uint8_t)why;
}

static enum result put_permit(struct gathering *g, const struct permit *permit)
{
    uint8_t text_room[PERMIT_BYTES];
    struct bytes text;
    enum result res = permit_write(permit, (struct bytes_mut){text_room, sizeof text_room}, &text);

    if (res == OK)
        writer_put(&g->permits, text);
    return res;
}

static enum result gather_lost(const struct core_room *room, struct bytes lost, struct gathering *g)
{
    struct signal_lost item;

    while (signal_lost_next(&lost, &item)) {
        struct permit permit = {.kind = PERMIT_LOST, .leaf = item.leaf};
        enum result res;

        if (roster_find(&room->roster, item.leaf) == NULL)
            return E_NOT_FOUND;
        if (item.leaf == group_own_leaf(room->group) || is_removed(g, item.leaf))
            return E_REFUSED;
        res = roles_lost_check(&room->charter, room->id, group_id(room->group), group_epoch(room->group),
                               item.leaf, item.signature);
        if (res != OK)
            return res;
        memcpy(permit.signature, item.signature, sizeof permit.signature);
        res = put_permit(g, &permit);
        if (res != OK)
            return res;
        remove_leaf(g, item.leaf, SIGNAL_LOST);
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
        remove_leaf(g, leaf, SIGNAL_KICKED);
    }
    return OK;
}

/* --- Words --- */

struct core_word core_word_on(const struct core_member *m, enum statement_verb verb)
{
    struct core_word word = {verb, m->bound ? STATEMENT_ACCOUNT : STATEMENT_LEAF, {0}};

    memcpy(word.subject, m->bound ? m->account : m->key, sizeof word.subject);
    return word;
}

/* Whoever is blocked leaves the seat that it has; a pseudonym's seat stays (F20). */
static enum result remove_account(const struct core_room *room, const uint8_t account[static 32],
                                  struct gathering *g)
{
    for (size_t i = 0; i < room->roster.count; i++) {
        const struct core_member *m = &room->roster.members[i];

        if (!m->bound || memcmp(m->account, account, sizeof m->account) != 0)
            continue;
        if (m->self)
            return E_REFUSED;
        remove_leaf(g, m->leaf, SIGNAL_BLOCKED);
    }
    return OK;
}

static enum result gather_word(const struct core_room *room, const uint8_t *account_seed,
                               const struct core_word *word, struct gathering *g)
{
    struct statement s = {.verb = word->verb, .kind = word->kind};
    uint8_t text_room[STATEMENT_BYTES];
    struct bytes text;
    enum result res;

    memcpy(s.subject, word->subject, sizeof s.subject);
    res = crypto_ed25519_public(account_seed, s.signer);
    if (res == OK && standing_is_full(&g->standing, s.signer))
        res = E_TOO_LARGE;
    if (res != OK)
        return res;
    s.number = standing_next_number(&g->standing, s.signer);
    res = roles_state(account_seed, room->house, room->id, &s);
    if (res == OK)
        res = standing_add(&g->standing, &s);
    if (res == OK)
        res = statement_write(&s, (struct bytes_mut){text_room, sizeof text_room}, &text);
    if (res == OK)
        buffer_put(&g->statements, text);
    if (res == OK && word->verb == STATEMENT_BLOCK)
        res = remove_account(room, word->subject, g);
    return res;
}

static bool has_word(const struct core_order *order, enum statement_verb verb)
{
    for (size_t i = 0; i < order->word_count; i++)
        if (order->words[i].verb == verb)
            return true;
    return false;
}

/* A link whose secret nobody has, for whoever is sent away has the old one (F15). A kick is not to fail
 * because others have filled the list. */
static enum result close_link(const struct core_room *room, const struct core_order *order,
                              struct gathering *g)
{
    struct core_word word = {.verb = STATEMENT_LINK, .kind = STATEMENT_ROOM};
    uint8_t secret[CORE_SECRET_BYTES], signer[32];
    enum result res;

    if (room->charter.kind != CHARTER_PRIVATE || has_word(order, STATEMENT_LINK) ||
        (order->kick_count == 0 && !has_word(order, STATEMENT_BLOCK)))
        return OK;
    if (order->account_seed == NULL)
        return E_REFUSED;
    res = crypto_ed25519_public(order->account_seed, signer);
    if (res != OK || standing_is_full(&g->standing, signer))
        return res;
    random_fill(room->random, secret, sizeof secret);
    res = core_link_key(secret, word.subject);
    wipe(secret, sizeof secret);
    return res == OK ? gather_word(room, order->account_seed, &word, g) : res;
}

static enum result gather_words(const struct core_room *room, const struct core_order *order,
                                struct gathering *g)
{
    struct bytes before;
    enum result res = OK;

    if (order->word_count != 0 && order->account_seed == NULL)
        return E_REFUSED;
    g->standing = room->standing;
    res = group_context_extension(room->group, EXTENSION_ROLES, &before);
    if (res == OK)
        buffer_put(&g->statements, before);
    g->before = g->statements.len;
    for (size_t i = 0; i < order->word_count && res == OK; i++)
        res = gather_word(room, order->account_seed, &order->words[i], g);
    if (res == OK)
        res = close_link(room, order, g);
    return res == OK ? buffer_end(&g->statements, NULL) : res;
}

static enum result gather_stage(const struct core_room *room, enum core_stage stage, struct gathering *g)
{
    const struct leaf_node *own = group_member(room->group, group_own_leaf(room->group));
    struct seat_binding binding;
    enum result res = roles_binding_read(own, &binding);

    if (res != OK || stage == CORE_STAGE_KEEP || binding.stage == (stage == CORE_STAGE_COME))
        return res;
    binding.stage = stage == CORE_STAGE_COME;
    return seat_binding_write(&binding, (struct bytes_mut){g->binding, sizeof g->binding}, &g->own);
}

/* --- Who comes --- */

/* Two leaves of a tree may not share a key (RFC 9420, section 7.3): one copied KeyPackage must not spoil the
 * commit for all who wait. */
static bool is_new(const struct gathering *g, const struct leaf_node *leaf)
{
    for (size_t i = 0; i < g->add_count; i++)
        if (bytes_equal(g->leaves[i].signature_key, leaf->signature_key) ||
            bytes_equal(g->leaves[i].encryption_key, leaf->encryption_key))
            return false;
    return true;
}

/* That joiner's word that it takes an older leaf's place. */
static enum result check_replaces(const struct core_room *room, const struct signal_joiner *joiner,
                                  const struct core_member *old, const struct leaf_node *leaf)
{
    return roles_replaces_check(BYTES_OF(old->key), room->id, leaf->signature_key.at,
                                joiner->replaces_signature);
}

/* Whoever sits came by a link that held then, and comes again by it in the place of its own leaf. */
static enum result is_vouched(const struct core_room *room, const struct signal_joiner *joiner,
                              const struct gathering *g, const struct leaf_node *leaf,
                              const struct seat_binding *binding)
{
    const struct core_member *old = roster_find(&room->roster, joiner->replaces);
    enum result res = roles_voucher_check(leaf, binding, &room->charter, room->id, g->standing.link_key);
    struct bytes statements;

    if (res != E_FORGED || !binding->vouched || old == NULL || is_put_out(g, old->leaf) ||
        !policy_goes_on(group_member(room->group, old->leaf), binding) ||
        check_replaces(room, joiner, old, leaf) != OK ||
        group_context_extension(room->group, EXTENSION_ROLES, &statements) != OK)
        return res;
    return roster_vouched_once(leaf, binding, &room->standing, statements);
}

/* What no member would accept. OK | E_NO_MEMORY | any other: it does not come in */
static enum result is_welcome(const struct core_room *room, uint64_t unix_s,
                              const struct signal_joiner *joiner, const struct gathering *g,
                              struct leaf_node *leaf)
{
    struct seat_binding binding;
    enum result res = group_may_add(room->group, joiner->key_package, unix_s, leaf);

    if (res == OK)
        res = roles_binding_check(leaf, &room->charter, room->id, &binding);
    if (res == OK)
        res = is_vouched(room, joiner, g, leaf, &binding);
    if (res == OK && binding.bound && standing_is_blocked(&g->standing, binding.account))
        res = E_REFUSED;
    if (res == OK && !is_new(g, leaf))
        res = E_EXISTS;
    return res;
}

/* A joiner may say that it takes an older leaf's place, which has signed that; a leaf that is gone by now, or
 * goes by this commit anyway, needs no word. OK | E_NO_MEMORY | any other: it does not come in */
static enum result gather_replaced(const struct core_room *room, const struct signal_joiner *joiner,
                                   const struct leaf_node *leaf, struct gathering *g)
{
    struct permit permit = {.kind = PERMIT_REPLACED, .leaf = joiner->replaces};
    const struct core_member *old = roster_find(&room->roster, joiner->replaces);
    enum result res;

    if (joiner->replaces == SIGNAL_NO_LEAF || old == NULL || is_put_out(g, old->leaf))
        return OK;
    memcpy(permit.key, leaf->signature_key.at, sizeof permit.key);
    memcpy(permit.signature, joiner->replaces_signature, sizeof permit.signature);
    res = check_replaces(room, joiner, old, leaf);
    /* The house has given its seat up already; what it says lets it in by a link that is closed by now. */
    if (is_removed(g, old->leaf))
        return res == OK ? put_permit(g, &permit) : OK;
    if (res == OK && old->self)
        res = E_REFUSED; /* the next doorkeeper can */
    if (res == OK)
        res = put_permit(g, &permit);
    if (res == OK) {
        remove_leaf(g, old->leaf, SIGNAL_REPLACED);
        g->replaced[g->add_count] = old->leaf;
    }
    return res;
}

/* Whoever cannot come in holds nobody else up. */
static enum result gather_joiners(const struct core_room *room, uint64_t unix_s, struct bytes joiners,
                                  struct gathering *g)
{
    struct signal_joiner item;

    while (g->add_count < TABLE_LEAVES && signal_joiner_next(&joiners, &item)) {
        struct leaf_node leaf;
        enum result res = is_welcome(room, unix_s, &item, g, &leaf);

        g->replaced[g->add_count] = SIGNAL_NO_LEAF;
        if (res == OK)
            res = gather_replaced(room, &item, &leaf, g);
        if (res == OK && room->roster.count - g->remove_count + g->add_count == TABLE_LEAVES)
            break;
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

static void put_placed(const struct opened *opened, const struct gathering *g, struct writer *w)
{
    for (size_t i = 0; i < opened->add_count; i++)
        for (size_t k = 0; k < g->add_count; k++)
            if (bytes_equal(opened->adds[i].node->signature_key, g->leaves[k].signature_key))
                signal_placed_put(w, &(struct signal_placed){g->waiting[k], opened->adds[i].leaf});
}

/* Where the joiners will sit, and who will be on stage, is in our own commit, judged as others will judge it.
 */
static enum result list_seated(struct core_room *room, uint64_t unix_s, const struct gathering *g)
{
    struct policy p = room_policy(room);
    struct roster_words words = {&room->roster, &room->next.roster, &room->standing, &room->next.standing,
                                 group_own_leaf(room->group)};
    struct writer placed = writer_over(room->placed), roles = writer_over(room->roles);
    struct opened *opened = NULL;
    enum result res = group_open(room->group, buffer_bytes(&room->committed.commit), unix_s, &opened);

    if (res == OK)
        res = policy_judge(&p, opened, &room->next);
    if (res == OK) {
        put_placed(opened, g, &placed);
        roster_words_put(&words, &roles);
        res = writer_end(&placed, &room->commit.seated);
    }
    if (res == OK)
        res = writer_end(&roles, &room->commit.roles);
    opened_free(opened);
    return res;
}

static enum result list_removed(struct core_room *room, const struct gathering *g)
{
    struct writer w = writer_over(room->removed);

    for (size_t i = 0; i < g->remove_count; i++)
        signal_gone_put(&w, &(struct signal_gone){g->removes[i], g->why[i]});
    return writer_end(&w, &room->commit.removed);
}

static bool fits(const struct group_committed *c)
{
    return c->commit.len <= COMMIT_BYTES && c->welcome.len <= WELCOME_BYTES && c->tree.len <= TREE_BYTES;
}

/* Whoever does not come in now keeps the old seat. Its permit stays in the commit, and permits nothing. */
static void drop_adds(struct gathering *g, size_t left)
{
    for (; g->add_count > left; g->add_count--) {
        uint32_t leaf = g->replaced[g->add_count - 1];
        size_t kept = 0;

        for (size_t i = 0; i < g->remove_count; i++) {
            if (g->removes[i] == leaf)
                continue;
            g->removes[kept] = g->removes[i];
            g->why[kept++] = g->why[i];
        }
        g->remove_count = kept;
    }
}

/* How long a commit gets depends on the tree as well as on the change: where it would not go through the
 * door, half of the joiners wait for the next. */
static enum result commit_what_fits(struct core_room *room, uint64_t unix_s, struct gathering *g,
                                    struct group_change *change)
{
    for (;; drop_adds(g, g->add_count / 2)) {
        enum result res;

        change->add_count = g->add_count;
        change->remove_count = g->remove_count;
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
    const struct group_extension own = {EXTENSION_SEAT, g->own};
    struct group_extension context[] = {{EXTENSION_CHARTER, {0}},
                                        {EXTENSION_ROLES, buffer_bytes(&g->statements)}};
    const struct group_extensions own_list = {&own, 1}, context_list = {context, 2};
    struct group_change change = {
        .adds = g->adds,
        .removes = g->removes,
        .own = g->own.len == 0 ? NULL : &own_list,
        .context = g->standing.statement_count == room->standing.statement_count ? NULL : &context_list,
    };
    enum result res = writer_end(&g->permits, &change.authenticated_data);

    room_drop_commit(room);
    if (res == OK)
        res = group_context_extension(room->group, EXTENSION_CHARTER, &context[0].data);
    if (res == OK)
        res = commit_what_fits(room, unix_s, g, &change);
    if (res == OK)
        res = list_seated(room, unix_s, g);
    if (res == OK)
        res = list_removed(room, g);
    if (res != OK) {
        room_drop_commit(room);
        return res;
    }
    room->statements = g->statements;
    g->statements = (struct buffer){0};
    if (room->statements.len > g->before)
        room->commit.words = bytes(room->statements.at + g->before, room->statements.len - g->before);
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
    g->permits = writer_over(room->permits);
    res = gather_lost(room, order->lost, g);
    if (res == OK)
        res = gather_kicks(room, order, g);
    if (res == OK)
        res = gather_words(room, order, g);
    if (res == OK)
        res = gather_stage(room, order->stage, g);
    if (res == OK)
        res = gather_joiners(room, now.unix_s, order->joiners, g);
    if (res == OK)
        res = commit_gathered(room, now.unix_s, g);
    buffer_free(&g->statements);
    free(g);
    if (res == OK)
        *out = &room->commit;
    return res;
}
