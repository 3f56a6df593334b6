#include "core/tree.h"

#include "core/hpke.h"

#include <stdlib.h>
#include <string.h>

static bool lists(const struct parent_node *parent, uint32_t leaf)
{
    uint32_t from = 0, to = parent->unmerged_count;

    while (from < to) {
        uint32_t middle = from + (to - from) / 2;

        if (parent->unmerged[middle] < leaf)
            from = middle + 1;
        else
            to = middle;
    }
    return from < parent->unmerged_count && parent->unmerged[from] == leaf;
}

static enum result check_unmerged(const struct tree *tree, uint32_t node)
{
    const struct parent_node *parent = tree->nodes[node].parent;

    for (uint32_t i = 0; i < parent->unmerged_count; i++) {
        uint32_t leaf = parent->unmerged[i];

        if (i > 0 && parent->unmerged[i - 1] >= leaf)
            return E_MALFORMED;
        if (tree_leaf(tree, leaf) == NULL || !node_covers(node, leaf * 2))
            return E_REFUSED;
        for (unsigned level = 1; level < node_level(node); level++) {
            const struct parent_node *between = tree->nodes[node_ancestor(leaf * 2, level)].parent;

            if (between != NULL && !lists(between, leaf))
                return E_REFUSED;
        }
    }
    return OK;
}

static enum result check_parent(const struct tree *tree, uint32_t node)
{
    enum result res = hpke_key_check(tree->nodes[node].parent->key);

    return res == OK ? check_unmerged(tree, node) : res;
}

static int compare_keys(const void *a, const void *b)
{
    return memcmp(*(const uint8_t *const *)a, *(const uint8_t *const *)b, MLS_KEY_LEN);
}

static bool has_twice(const uint8_t **keys, size_t count)
{
    if (count == 0)
        return false;
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 1; i < count; i++)
        if (memcmp(keys[i - 1], keys[i], MLS_KEY_LEN) == 0)
            return true;
    return false;
}

static enum result check_unique(const struct tree *tree)
{
    uint32_t nodes = tree_node_count(tree->depth);
    const uint8_t **keys = calloc(nodes, sizeof *keys);
    size_t count = 0;
    bool twice;

    if (keys == NULL)
        return E_NO_MEMORY;
    for (uint32_t i = 0; i < nodes; i++) {
        if (tree->nodes[i].leaf != NULL)
            keys[count++] = tree->nodes[i].leaf->encryption_key.at;
        else if (tree->nodes[i].parent != NULL)
            keys[count++] = tree->nodes[i].parent->key.at;
    }
    twice = has_twice(keys, count);

    count = 0;
    for (uint32_t i = 0; i < nodes; i += 2)
        if (tree->nodes[i].leaf != NULL)
            keys[count++] = tree->nodes[i].leaf->signature_key.at;
    twice = twice || has_twice(keys, count);
    free(keys);
    return twice ? E_REFUSED : OK;
}

/* Credentials of a type that could be read at all are few: a bit each. */
static enum result check_credentials(const struct tree *tree)
{
    uint32_t used = 0;

    for (uint32_t leaf = 0; leaf < tree_leaf_limit(tree); leaf++)
        if (tree_leaf(tree, leaf) != NULL)
            used |= 1u << tree_leaf(tree, leaf)->credential_type;
    for (uint32_t leaf = 0; leaf < tree_leaf_limit(tree); leaf++)
        for (uint16_t type = MLS_CREDENTIAL_BASIC; type <= MLS_CREDENTIAL_X509; type++)
            if (tree_leaf(tree, leaf) != NULL && (used & 1u << type) != 0 &&
                !leaf_supports_credential(tree_leaf(tree, leaf), type))
                return E_REFUSED;
    return OK;
}

enum result tree_check_newcomer(const struct tree *tree, const struct leaf_node *leaf)
{
    for (uint32_t i = 0; i < tree_node_count(tree->depth); i++) {
        const struct leaf_node *other = tree->nodes[i].leaf;
        const struct parent_node *parent = tree->nodes[i].parent;

        if (parent != NULL && bytes_equal(parent->key, leaf->encryption_key))
            return E_EXISTS;
        if (other == NULL)
            continue;
        if (bytes_equal(other->encryption_key, leaf->encryption_key) ||
            bytes_equal(other->signature_key, leaf->signature_key))
            return E_EXISTS;
        if (!leaf_supports_credential(other, leaf->credential_type) ||
            !leaf_supports_credential(leaf, other->credential_type))
            return E_REFUSED;
    }
    return OK;
}

enum result tree_check_members(const struct tree *tree)
{
    enum result res = check_unique(tree);

    return res == OK ? check_credentials(tree) : res;
}

enum result tree_check(const struct tree *tree, uint16_t suite, struct bytes context_extensions)
{
    enum result res = OK;

    for (uint32_t i = 0; i < tree_node_count(tree->depth) && res == OK; i++) {
        if (tree->nodes[i].leaf != NULL)
            res = leaf_check(tree->nodes[i].leaf, suite, context_extensions);
        else if (tree->nodes[i].parent != NULL)
            res = check_parent(tree, i);
    }
    return res == OK ? tree_check_members(tree) : res;
}

enum result tree_check_signatures(const struct tree *tree, struct bytes group_id)
{
    enum result res = OK;

    for (uint32_t leaf = 0; leaf < tree_leaf_limit(tree) && res == OK; leaf++)
        if (tree_leaf(tree, leaf) != NULL)
            res = leaf_verify(tree_leaf(tree, leaf), &(struct leaf_place){group_id, leaf});
    return res;
}
