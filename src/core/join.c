#include "core/joining.h"

#include "core/group_state.h"
#include "core/label.h"

#include <string.h>

static enum result read_tree(const struct group_info *info, struct bytes outside, struct tree *tree)
{
    struct bytes inside;

    if (extension_find(info->extensions, MLS_EXTENSION_RATCHET_TREE, &inside) == OK)
        return tree_read(inside, tree);
    return outside.len == 0 ? E_NOT_FOUND : tree_read(outside, tree);
}

/* Nothing that needs a signature is done before what needs none. */
static enum result check_tree(const struct opened_welcome *open, struct tree *tree)
{
    const struct group_context *context = &open->info.context;
    const struct leaf_node *signer = tree_leaf(tree, open->info.signer);
    uint8_t hash[MLS_HASH_LEN];
    enum result res;

    if (signer == NULL)
        return E_REFUSED;
    res = label_verify(signer->signature_key, BYTES_TEXT("GroupInfoTBS"), open->info.body,
                       open->info.signature);
    if (res == OK)
        res = tree_root_hash(tree, hash);
    if (res == OK && !bytes_equal(context->tree_hash, BYTES_OF(hash)))
        res = E_REFUSED;
    if (res == OK)
        res = tree_check(tree, context->suite, context->extensions);
    if (res == OK)
        res = tree_check_parent_hashes(tree);
    if (res == OK)
        res = tree_check_signatures(tree, context->group_id);
    return res;
}

static enum result find_own_leaf(const struct joining *joining, const struct tree *tree, uint32_t *leaf)
{
    struct key_package package;
    enum result res = joining_package(joining, &package);

    for (*leaf = 0; res == OK && *leaf < tree_leaf_limit(tree); ++*leaf)
        if (tree_leaf(tree, *leaf) != NULL &&
            bytes_equal(tree_leaf(tree, *leaf)->encoded, package.leaf.encoded))
            return OK;
    return res == OK ? E_REFUSED : res;
}

static enum result take_keys(const struct joining *joining, const struct opened_welcome *open,
                             const struct tree *tree, struct path_keys *keys)
{
    uint8_t commit_secret[MLS_HASH_LEN];
    enum result res;

    *keys = (struct path_keys){.known = 1};
    memcpy(keys->secrets[0], joining->encryption.secret, sizeof keys->secrets[0]);
    res = find_own_leaf(joining, tree, &keys->leaf);
    if (res != OK || !open->secrets.has_path_secret)
        return res;
    if (open->info.signer == keys->leaf)
        return E_REFUSED;
    res = path_keys_take(keys, tree, leaves_meet(keys->leaf, open->info.signer), open->secrets.path_secret.at,
                         commit_secret);
    wipe(commit_secret, sizeof commit_secret);
    return res;
}

static enum result start_epoch(const struct opened_welcome *open, const struct path_keys *keys,
                               struct tree *tree, struct epoch **out)
{
    const struct group_context *context = &open->info.context;
    struct epoch_start start = {
        .suite = context->suite,
        .number = context->epoch,
        .group_id = context->group_id,
        .extensions = context->extensions,
        .confirmed_hash = context->confirmed_transcript_hash,
        .keys = keys,
    };
    struct schedule secrets;
    struct epoch *epoch = NULL;
    enum result res = epoch_new(&start, tree, &epoch);

    if (res == OK)
        res =
            schedule_epoch(open->secrets.joiner_secret.at, open->psk_secret, epoch_context(epoch), &secrets);
    if (res == OK)
        res = epoch_key(epoch, &secrets);
    if (res == OK && (open->info.confirmation_tag.len != MLS_HASH_LEN ||
                      !equal_secret(open->info.confirmation_tag.at, epoch->confirmation_tag, MLS_HASH_LEN)))
        res = E_FORGED;
    if (res == OK)
        *out = epoch;
    else
        epoch_free(epoch);
    return res;
}

static enum result enter(const struct joining *joining, const struct opened_welcome *open,
                         struct bytes outside, struct epoch **out)
{
    struct path_keys keys;
    struct tree tree = {0};
    enum result res = read_tree(&open->info, outside, &tree);

    if (res == OK)
        res = check_tree(open, &tree);
    if (res == OK)
        res = take_keys(joining, open, &tree, &keys);
    if (res == OK)
        res = start_epoch(open, &keys, &tree, out);
    tree_free(&tree);
    wipe(&keys, sizeof keys);
    return res;
}

/* The key pairs of the KeyPackage are good for one group (section 16.8). */
static void spend(struct joining *joining)
{
    joining->spent = true;
    wipe(&joining->init, sizeof joining->init);
    wipe(&joining->encryption, sizeof joining->encryption);
    wipe(joining->seed, sizeof joining->seed);
    psk_store_free(&joining->psks);
}

enum result group_join(struct joining *joining, const struct group_rules *rules, struct bytes welcome,
                       struct bytes tree, struct group **out)
{
    struct opened_welcome open = {0};
    struct epoch *epoch = NULL;
    enum result res = joining->spent ? E_STATE : welcome_open(joining, welcome, &open);

    if (res == OK)
        res = enter(joining, &open, tree, &epoch);
    if (res == OK)
        res = group_new(rules, joining->seed, epoch, out);
    if (res == OK) {
        /* External PSKs are the client's, and may be called for again. */
        (*out)->psks = joining->psks;
        joining->psks = (struct psk_store){0};
        spend(joining);
    } else {
        epoch_free(epoch);
    }
    opened_welcome_free(&open);
    return res;
}
