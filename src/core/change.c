#include "core/change.h"

#include <stdlib.h>
#include <string.h>

/* Who may propose what: section 12.1.8, and an Update speaks for a member's own leaf alone. */
static bool may_propose(uint8_t sender_type, uint16_t type)
{
    switch (sender_type) {
    case MLS_SENDER_MEMBER:
        return type != MLS_PROPOSAL_EXTERNAL_INIT;
    case MLS_SENDER_EXTERNAL:
        return type != MLS_PROPOSAL_UPDATE && type != MLS_PROPOSAL_EXTERNAL_INIT;
    case MLS_SENDER_NEW_MEMBER_PROPOSAL:
        return type == MLS_PROPOSAL_ADD;
    case MLS_SENDER_NEW_MEMBER_COMMIT:
        return type == MLS_PROPOSAL_EXTERNAL_INIT || type == MLS_PROPOSAL_REMOVE || type == MLS_PROPOSAL_PSK;
    }
    return false;
}

static enum result update_check(const struct epoch *epoch, const struct change_item *item,
                                struct bytes extensions)
{
    const struct leaf_node *now = tree_leaf(&epoch->tree, item->sender), *next = &item->proposal.update;
    enum result res;

    if (now == NULL)
        return E_NOT_FOUND;
    if (next->source != MLS_LEAF_UPDATE || bytes_equal(now->encryption_key, next->encryption_key))
        return E_REFUSED;
    res = leaf_check(next, epoch->suite, extensions);
    return res == OK ? leaf_verify(next, &(struct leaf_place){epoch->group_id, item->sender}) : res;
}

static enum result psk_check(const struct psk_id *psk)
{
    if (psk->nonce.len != MLS_HASH_LEN)
        return E_REFUSED;
    /* The other usages belong to the founding of other groups (sections 11.2, 11.3). */
    return psk->type == MLS_PSK_RESUMPTION && psk->usage != MLS_PSK_APPLICATION ? E_REFUSED : OK;
}

enum result proposal_check(const struct epoch *epoch, const struct change_item *item, struct bytes extensions,
                           const struct group_rules *rules, uint64_t now, uint64_t slack_s)
{
    const struct proposal *proposal = &item->proposal;

    if (!may_propose(item->sender_type, proposal->type))
        return E_REFUSED;
    switch (proposal->type) {
    case MLS_PROPOSAL_ADD:
        return key_package_check(&proposal->add, epoch->suite, extensions, now, rules->lifetime_max_s,
                                 slack_s);
    case MLS_PROPOSAL_UPDATE:
        return update_check(epoch, item, extensions);
    case MLS_PROPOSAL_REMOVE:
        return tree_leaf(&epoch->tree, proposal->removed) == NULL ? E_NOT_FOUND : OK;
    case MLS_PROPOSAL_PSK:
        return psk_check(&proposal->psk);
    case MLS_PROPOSAL_REINIT:
        return proposal->reinit.version < MLS_VERSION_10 ? E_REFUSED : OK;
    }
    return OK;
}

/* --- The list --- */

/* Notes what a proposal means for the commit as a whole; refuses what may not stand beside what came before.
 */
static enum result note(const struct epoch *epoch, struct change *change, const struct change_item *item,
                        bool *leaves)
{
    const struct proposal *proposal = &item->proposal;
    uint32_t leaf = proposal->type == MLS_PROPOSAL_UPDATE ? item->sender : proposal->removed;

    switch (proposal->type) {
    case MLS_PROPOSAL_UPDATE:
    case MLS_PROPOSAL_REMOVE:
        if (!change->external && leaf == change->committer)
            return E_REFUSED;
        if (tree_leaf(&epoch->tree, leaf) == NULL)
            return E_NOT_FOUND;
        if (leaves[leaf])
            return E_REFUSED;
        leaves[leaf] = true;
        change->needs_path = true;
        break;
    case MLS_PROPOSAL_PSK:
        if (change->psk_count == CHANGE_PSKS_MAX)
            return E_TOO_LARGE;
        change->psk_count++;
        break;
    case MLS_PROPOSAL_REINIT:
        if (change->count != 1)
            return E_REFUSED;
        change->reinit = true;
        break;
    case MLS_PROPOSAL_EXTERNAL_INIT:
        if (!change->external || change->kem.at != NULL)
            return E_REFUSED;
        change->kem = proposal->kem;
        change->needs_path = true;
        break;
    case MLS_PROPOSAL_CONTEXT_EXTENSIONS:
        if (change->new_extensions)
            return E_REFUSED;
        change->new_extensions = true;
        change->extensions = proposal->extensions;
        change->needs_path = true;
        break;
    }
    return OK;
}

static bool psk_twice(const struct change *change)
{
    for (size_t i = 0; i < change->count; i++) {
        if (change->items[i].proposal.type != MLS_PROPOSAL_PSK)
            continue;
        for (size_t k = 0; k < i; k++)
            if (change->items[k].proposal.type == MLS_PROPOSAL_PSK &&
                bytes_equal(change->items[k].proposal.psk.encoded, change->items[i].proposal.psk.encoded))
                return true;
    }
    return false;
}

static enum result check_external(const struct change *change)
{
    size_t removes = 0;

    for (size_t i = 0; i < change->count; i++)
        removes += change->items[i].proposal.type == MLS_PROPOSAL_REMOVE;
    return change->kem.at == NULL || removes > 1 ? E_REFUSED : OK;
}

enum result change_check(const struct epoch *epoch, struct change *change, const struct group_rules *rules,
                         uint64_t now, uint64_t slack_s)
{
    bool *leaves = calloc(tree_leaf_limit(&epoch->tree), sizeof *leaves);
    enum result res = leaves == NULL ? E_NO_MEMORY : OK;

    change->extensions = epoch->extensions;
    change->needs_path = change->count == 0;
    for (size_t i = 0; i < change->count && res == OK; i++)
        res = note(epoch, change, &change->items[i], leaves);
    free(leaves);
    if (res == OK && psk_twice(change))
        res = E_REFUSED;
    if (res == OK && change->external)
        res = check_external(change);
    /* The extensions to be decide over the other proposals (section 12.3), so they are known first. */
    for (size_t i = 0; i < change->count && res == OK; i++)
        res = proposal_check(epoch, &change->items[i], change->extensions, rules, now, slack_s);
    return res;
}

enum result change_apply(struct change *change, struct tree *tree)
{
    enum result res = OK;
    bool removed = false;

    for (size_t i = 0; i < change->count && res == OK; i++) {
        const struct change_item *item = &change->items[i];

        if (item->proposal.type != MLS_PROPOSAL_UPDATE)
            continue;
        res = tree_put_leaf(tree, item->sender, &item->proposal.update);
        tree_blank_path(tree, item->sender);
    }
    for (size_t i = 0; i < change->count && res == OK; i++) {
        const struct change_item *item = &change->items[i];

        if (item->proposal.type != MLS_PROPOSAL_REMOVE)
            continue;
        tree_blank_leaf(tree, item->proposal.removed);
        tree_blank_path(tree, item->proposal.removed);
        removed = true;
    }
    if (removed)
        tree_truncate(tree);
    change->added_count = 0;
    for (size_t i = 0; i < change->count && res == OK; i++) {
        const struct change_item *item = &change->items[i];

        if (item->proposal.type == MLS_PROPOSAL_ADD)
            res = tree_add(tree, &item->proposal.add.leaf, &change->added[change->added_count++]);
    }
    if (res == OK && change->external)
        res = tree_reserve(tree, &change->committer);
    return res;
}

enum result change_check_tree(const struct epoch *epoch, const struct change *change, const struct tree *tree)
{
    enum result res = tree_check_members(tree);

    for (uint32_t leaf = 0; change->new_extensions && leaf < tree_leaf_limit(tree) && res == OK; leaf++)
        if (tree_leaf(tree, leaf) != NULL)
            res = leaf_check(tree_leaf(tree, leaf), epoch->suite, change->extensions);
    return res;
}

enum result change_psk_secret(const struct change *change, const struct psk_sources *sources,
                              uint8_t out[static 32])
{
    uint16_t index = 0;
    enum result res = OK;

    memset(out, 0, MLS_HASH_LEN);
    for (size_t i = 0; i < change->count && res == OK; i++) {
        const struct proposal *proposal = &change->items[i].proposal;

        if (proposal->type == MLS_PROPOSAL_PSK)
            res = psk_mix(sources, &proposal->psk, index++, change->psk_count, out);
    }
    return res;
}
