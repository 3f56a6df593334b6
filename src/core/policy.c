#include "core/policy.h"

#include "core/roles.h"

#include <string.h>

bool policy_may_kick(const struct policy *p, uint32_t by, uint32_t leaf)
{
    const struct core_member *judge = roster_find(p->roster, by), *member = roster_find(p->roster, leaf);
    const uint8_t *maker = p->standing->charter->maker;

    if (judge == NULL || member == NULL || !judge->moderator)
        return false;
    return !member->bound || memcmp(member->account, maker, 32) != 0 ||
           memcmp(judge->account, maker, 32) == 0;
}

/* --- Who goes --- */

static bool adds_key(const struct opened *o, const uint8_t key[static 32])
{
    for (size_t i = 0; i < o->add_count; i++)
        if (bytes_equal(o->adds[i].node->signature_key, bytes(key, 32)))
            return true;
    return false;
}

static bool permit_holds(const struct policy *p, const struct opened *o, const struct permit *permit)
{
    const struct leaf_node *leaf = group_member(p->group, permit->leaf);
    const struct standing *s = p->standing;

    switch (permit->kind) {
    case PERMIT_LOST:
        return roles_lost_check(s->charter, s->room, group_id(p->group), group_epoch(p->group), permit->leaf,
                                permit->signature) == OK;
    case PERMIT_REPLACED:
        return leaf != NULL && adds_key(o, permit->key) &&
               roles_replaces_check(leaf->signature_key, s->room, permit->key, permit->signature) == OK;
    }
    return false;
}

/* The first permit for a leaf decides: nobody is to be made to check a long list for one Remove. */
static bool is_permitted(const struct policy *p, const struct opened *o, uint32_t leaf)
{
    struct bytes permits = o->authenticated_data;
    struct permit permit;

    while (permit_next(&permits, &permit) == OK)
        if (permit.leaf == leaf)
            return permit_holds(p, o, &permit);
    return false;
}

static bool asked_itself(const struct opened_remove *r)
{
    return r->proposer_type == MLS_SENDER_MEMBER && r->proposer == r->leaf;
}

bool policy_is_kick(const struct policy *p, const struct opened *o, uint32_t leaf)
{
    for (size_t i = 0; i < o->remove_count; i++)
        if (o->removes[i].leaf == leaf)
            return !asked_itself(&o->removes[i]) && policy_may_kick(p, o->sender, leaf) &&
                   !is_permitted(p, o, leaf);
    return false;
}

/* F4: by a moderator, by the leaver's own proposal, by the house's word for this epoch, or because the leaf
 * itself said that another takes its place. */
static enum result judge_remove(const struct policy *p, const struct opened *o, const struct opened_remove *r)
{
    if (asked_itself(r) || policy_may_kick(p, o->sender, r->leaf) || is_permitted(p, o, r->leaf))
        return OK;
    return E_REFUSED;
}

/* --- Who comes --- */

bool policy_goes_on(const struct leaf_node *was, const struct seat_binding *is)
{
    struct seat_binding before;

    return was != NULL && roles_binding_read(was, &before) == OK && before.bound == is->bound &&
           memcmp(before.account, is->account, sizeof is->account) == 0;
}

static bool removes(const struct opened *o, uint32_t leaf)
{
    for (size_t i = 0; i < o->remove_count; i++)
        if (o->removes[i].leaf == leaf)
            return true;
    return false;
}

/* It takes the place of a leaf that goes by this commit, and is the same person's. */
static bool goes_on(const struct policy *p, const struct opened *o, const struct leaf_node *leaf,
                    const struct seat_binding *binding)
{
    struct bytes permits = o->authenticated_data;
    struct permit permit;

    while (permit_next(&permits, &permit) == OK)
        if (permit.kind == PERMIT_REPLACED && bytes_equal(leaf->signature_key, BYTES_OF(permit.key)) &&
            removes(o, permit.leaf))
            return permit_holds(p, o, &permit) &&
                   policy_goes_on(group_member(p->group, permit.leaf), binding);
    return false;
}

/* In a private room, by the link that holds after the commit: one that closes the link closes it at once
 * (F15). Whoever sits may stay, with a new leaf too. */
static enum result judge_add(const struct policy *p, const struct opened *o, const struct leaf_node *leaf,
                             const uint8_t link_key[static 32])
{
    const struct standing *s = p->standing;
    struct seat_binding binding;
    struct bytes statements;
    enum result res = roles_binding_check(leaf, s->charter, s->room, &binding);

    if (res == OK)
        res = roles_voucher_check(leaf, &binding, s->charter, s->room, link_key);
    if (res == E_FORGED && binding.vouched && goes_on(p, o, leaf, &binding) &&
        group_context_extension(p->group, EXTENSION_ROLES, &statements) == OK)
        res = roster_vouched_once(leaf, &binding, s, statements);
    return res;
}

/* --- Who changes --- */

/* What a leaf brought along when it came in stays: else one that grows with each of its commits would make
 * the tree too large for any Welcome. */
static bool is_as_it_came(const struct leaf_node *was, const struct leaf_node *is)
{
    const struct capabilities *a = &was->capabilities, *b = &is->capabilities;

    return was->credential_type == is->credential_type && bytes_equal(was->credential, is->credential) &&
           bytes_equal(a->versions, b->versions) && bytes_equal(a->suites, b->suites) &&
           bytes_equal(a->extensions, b->extensions) && bytes_equal(a->proposals, b->proposals) &&
           bytes_equal(a->credentials, b->credentials) && was->extensions.len == is->extensions.len;
}

/* F7: the signature key and the binding are the leaf's for good, but for its own word on the stage (F31). */
static enum result judge_update(const struct policy *p, const struct opened_update *u)
{
    const struct leaf_node *before = group_member(p->group, u->leaf);
    struct seat_binding was, is;
    enum result res;

    if (before == NULL || !bytes_equal(before->signature_key, u->node->signature_key) ||
        !is_as_it_came(before, u->node))
        return E_REFUSED;
    res = roles_binding_read(before, &was);
    if (res == OK)
        res = roles_binding_read(u->node, &is);
    if (res != OK)
        return res;
    was.stage = is.stage;
    return seat_binding_equal(&was, &is) ? OK : E_REFUSED;
}

/* --- What the roles become --- */

static enum result add_statements(struct bytes grown, struct standing *after)
{
    struct statement word;
    enum result res;

    while ((res = statement_next(&grown, &word)) == OK) {
        if (after->statement_count == STATEMENTS_MAX)
            return E_TOO_LARGE;
        res = standing_add(after, &word);
        if (res != OK)
            return res;
    }
    return res == E_NOT_FOUND ? OK : res;
}

static size_t count_of(struct bytes extensions)
{
    struct reader r = reader_on(extensions);
    struct bytes data;
    uint16_t type;
    size_t count = 0;

    while (extension_next(&r, &type, &data))
        count++;
    return count;
}

/* F1: nothing of the context changes but the statements, and those by growing. Who asked for it does not
 * matter: each statement is signed. */
static enum result judge_context(const struct policy *p, struct bytes context, struct standing *after)
{
    struct reader r = reader_on(group_context(p->group));
    struct bytes was, is;
    uint16_t type;

    if (count_of(context) != count_of(group_context(p->group)))
        return E_REFUSED;
    while (extension_next(&r, &type, &was)) {
        enum result res;

        if (extension_find(context, type, &is) != OK)
            return E_REFUSED;
        if (type != EXTENSION_ROLES) {
            if (!bytes_equal(was, is))
                return E_REFUSED;
            continue;
        }
        res = standing_follows(was, is);
        if (res == OK)
            res = add_statements(bytes(is.at + was.len, is.len - was.len), after);
        if (res != OK)
            return res;
    }
    return OK;
}

/* --- All of it --- */

enum result policy_judge(const struct policy *p, const struct opened *o, struct outlook *out)
{
    enum result res = OK;

    if (o->kind != OPENED_COMMIT || o->sender_type != MLS_SENDER_MEMBER || o->reinit)
        return E_REFUSED;
    if (p->roster->count - o->remove_count + o->add_count > TABLE_LEAVES)
        return E_TOO_LARGE;
    out->standing = *p->standing;
    if (o->new_context)
        res = judge_context(p, o->context, &out->standing);
    for (size_t i = 0; i < o->remove_count && res == OK; i++)
        res = judge_remove(p, o, &o->removes[i]);
    for (size_t i = 0; i < o->update_count && res == OK; i++)
        res = judge_update(p, &o->updates[i]);
    for (size_t i = 0; i < o->add_count && res == OK; i++)
        res = judge_add(p, o, o->adds[i].node, out->standing.link_key);
    return res == OK ? roster_after(p->roster, o, &out->standing, &out->roster) : res;
}
