#include "core/policy.h"

#include "core/roles.h"

#include <string.h>

bool policy_may_kick(const struct policy *p, uint32_t by, uint32_t leaf)
{
    const struct core_member *judge = roster_find(p->roster, by), *member = roster_find(p->roster, leaf);

    if (judge == NULL || member == NULL || !judge->moderator)
        return false;
    return !member->bound || memcmp(member->account, p->charter->maker, 32) != 0 ||
           memcmp(judge->account, p->charter->maker, 32) == 0;
}

static bool is_lost(const struct policy *p, struct bytes permits, uint32_t leaf)
{
    struct permit permit;

    while (permit_next(&permits, &permit) == OK)
        if (permit.kind == PERMIT_LOST && permit.leaf == leaf)
            return roles_lost_check(p->charter, p->room, group_id(p->group), group_epoch(p->group), leaf,
                                    permit.signature) == OK;
    return false;
}

/* F4: by a moderator, by the leaver's own proposal, or by the house's word for this epoch. */
static enum result judge_remove(const struct policy *p, const struct opened *o, const struct opened_remove *r)
{
    bool asked_itself = r->proposer_type == MLS_SENDER_MEMBER && r->proposer == r->leaf;

    if (asked_itself || policy_may_kick(p, o->sender, r->leaf) || is_lost(p, o->authenticated_data, r->leaf))
        return OK;
    return E_REFUSED;
}

/* F7: the signature key and the binding are the leaf's for good. */
static enum result judge_update(const struct policy *p, const struct opened_update *u)
{
    const struct leaf_node *before = group_member(p->group, u->leaf);
    struct bytes was, is;

    if (before == NULL || !bytes_equal(before->signature_key, u->node->signature_key) ||
        extension_find(before->extensions, EXTENSION_SEAT, &was) != OK ||
        extension_find(u->node->extensions, EXTENSION_SEAT, &is) != OK || !bytes_equal(was, is))
        return E_REFUSED;
    return OK;
}

enum result policy_judge(const struct policy *p, const struct opened *o)
{
    enum result res = OK;

    if (o->kind != OPENED_COMMIT || o->sender_type != MLS_SENDER_MEMBER || o->reinit || o->new_context)
        return E_REFUSED;
    if (p->roster->count - o->remove_count + o->add_count > TABLE_LEAVES)
        return E_TOO_LARGE;
    for (size_t i = 0; i < o->remove_count && res == OK; i++)
        res = judge_remove(p, o, &o->removes[i]);
    for (size_t i = 0; i < o->update_count && res == OK; i++)
        res = judge_update(p, &o->updates[i]);
    for (size_t i = 0; i < o->add_count && res == OK; i++) {
        struct seat_binding binding;

        res = roles_binding_check(o->adds[i].node, p->charter, p->room, &binding);
    }
    return res;
}
