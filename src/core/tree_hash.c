#include "core/tree.h"

#include <stdlib.h>
#include <string.h>

enum { ABSENT = 0, PRESENT = 1 };

static enum result hash_of(struct buffer *b, uint8_t out[static MLS_HASH_LEN])
{
    struct bytes input;
    enum result res = buffer_end(b, &input);

    return res == OK ? crypto_sha256(&input, 1, out) : res;
}

static enum result hash_leaf(uint32_t leaf, const struct leaf_node *node, uint8_t out[static MLS_HASH_LEN])
{
    struct buffer b = {0};
    enum result res;

    buffer_u8(&b, MLS_NODE_LEAF);
    buffer_u32(&b, leaf);
    buffer_u8(&b, node == NULL ? ABSENT : PRESENT);
    if (node != NULL)
        buffer_put(&b, node->encoded);
    res = hash_of(&b, out);
    buffer_free(&b);
    return res;
}

/* Without the leaves of `apart`, which is ascending like the node's own list. */
static void write_unmerged(struct buffer *b, const struct parent_node *parent, const uint32_t *apart,
                           uint32_t apart_count)
{
    size_t mark = buffer_open(b);
    uint32_t next = 0;

    for (uint32_t i = 0; i < parent->unmerged_count; i++) {
        while (next < apart_count && apart[next] < parent->unmerged[i])
            next++;
        if (next == apart_count || apart[next] != parent->unmerged[i])
            buffer_u32(b, parent->unmerged[i]);
    }
    buffer_close(b, mark);
}

static enum result hash_parent(const struct parent_node *parent, const uint32_t *apart, uint32_t apart_count,
                               const uint8_t *left, const uint8_t *right, uint8_t out[static MLS_HASH_LEN])
{
    struct buffer b = {0};
    enum result res;

    buffer_u8(&b, MLS_NODE_PARENT);
    buffer_u8(&b, parent == NULL ? ABSENT : PRESENT);
    if (parent != NULL) {
        buffer_vector(&b, parent->key);
        buffer_vector(&b, parent->parent_hash);
        write_unmerged(&b, parent, apart, apart_count);
    }
    buffer_vector(&b, bytes(left, MLS_HASH_LEN));
    buffer_vector(&b, bytes(right, MLS_HASH_LEN));
    res = hash_of(&b, out);
    buffer_free(&b);
    return res;
}

enum result tree_hash(struct tree *tree, uint32_t node, uint8_t out[static MLS_HASH_LEN])
{
    enum result res = OK;

    if (!tree->nodes[node].hashed) {
        uint32_t first = node_first(node), last = node_last(node);

        /* Level by level from the leaves; what is known is stepped over. */
        for (unsigned level = 0; level <= node_level(node) && res == OK; level++) {
            for (uint32_t i = first + (1u << level) - 1; i <= last && res == OK; i += 2u << level) {
                struct tree_node *here = &tree->nodes[i];

                if (here->hashed)
                    continue;
                if (level == 0)
                    res = hash_leaf(i / 2, here->leaf, here->hash);
                else
                    res = hash_parent(here->parent, NULL, 0, tree->nodes[node_left(i)].hash,
                                      tree->nodes[node_right(i)].hash, here->hash);
                here->hashed = res == OK;
            }
        }
    }
    if (res == OK)
        memcpy(out, tree->nodes[node].hash, MLS_HASH_LEN);
    return res;
}

enum result tree_root_hash(struct tree *tree, uint8_t out[static MLS_HASH_LEN])
{
    return tree_hash(tree, tree_root(tree->depth), out);
}

enum result tree_parent_hash(struct bytes key, struct bytes parent_hash, struct bytes sibling_hash,
                             uint8_t out[static MLS_HASH_LEN])
{
    struct buffer b = {0};
    enum result res;

    buffer_vector(&b, key);
    buffer_vector(&b, parent_hash);
    buffer_vector(&b, sibling_hash);
    res = hash_of(&b, out);
    buffer_free(&b);
    return res;
}

/* --- Parent hashes of a whole tree, section 7.9.2 --- */

/* Where one recomputed hash belongs. */
struct rehashed {
    uint32_t node;
    uint8_t hash[MLS_HASH_LEN];
};

/* The leaves of an ascending list that lie beneath a node. */
static struct node_list beneath(uint32_t *leaves, uint32_t count, uint32_t node)
{
    uint32_t first = node_first(node) / 2, last = node_last(node) / 2, from = 0, to;

    while (from < count && leaves[from] < first)
        from++;
    for (to = from; to < count && leaves[to] <= last; to++)
        ;
    return (struct node_list){leaves == NULL ? NULL : leaves + from, to - from};
}

/* The hash of a subtree as it was before the leaves `apart` came into it: they are blank, and in nobody's
 * list. Only the paths above them are computed anew. `room` holds a place for each of them. */
static enum result original_hash(struct tree *tree, uint32_t subtree, struct node_list apart,
                                 struct rehashed *room, uint8_t out[static MLS_HASH_LEN])
{
    uint32_t count = apart.count;
    enum result res = OK;

    if (count == 0)
        return tree_hash(tree, subtree, out);
    for (uint32_t i = 0; i < count && res == OK; i++) {
        room[i].node = apart.at[i] * 2;
        res = hash_leaf(apart.at[i], NULL, room[i].hash);
    }
    for (unsigned level = 1; level <= node_level(subtree) && res == OK; level++) {
        uint32_t next = 0;

        for (uint32_t i = 0; i < count && res == OK; next++) {
            uint32_t node = node_ancestor(room[i].node, level), left = node_left(node);
            uint8_t hashes[2][MLS_HASH_LEN];

            for (unsigned side = 0; side < 2 && res == OK; side++) {
                uint32_t child = side == 0 ? left : node_right(node);

                if (i < count && room[i].node == child)
                    memcpy(hashes[side], room[i++].hash, MLS_HASH_LEN);
                else
                    res = tree_hash(tree, child, hashes[side]);
            }
            room[next].node = node;
            if (res == OK)
                res = hash_parent(tree->nodes[node].parent, apart.at, apart.count, hashes[0], hashes[1],
                                  room[next].hash);
        }
        count = next;
    }
    if (res == OK)
        memcpy(out, room[0].hash, MLS_HASH_LEN);
    return res;
}

static struct bytes parent_hash_in(const struct tree_node *node)
{
    if (node->parent != NULL)
        return node->parent->parent_hash;
    return node->leaf->source == MLS_LEAF_COMMIT ? node->leaf->parent_hash : (struct bytes){0};
}

/* The one node in the resolution of P's child that P did not list as unmerged: the only one that can have
 * been set together with P. False where there is none, more than one, or a leaf of P's list is missing. */
static bool only_merged(const struct node_list *resolution, const struct node_list *unmerged, uint32_t *found)
{
    uint32_t matched = 0, merged = 0;

    for (uint32_t i = 0; i < resolution->count; i++) {
        if (matched < unmerged->count && unmerged->at[matched] * 2 == resolution->at[i]) {
            matched++;
        } else {
            *found = resolution->at[i];
            merged++;
        }
    }
    return merged == 1 && matched == unmerged->count;
}

struct parent_check {
    struct tree *tree;
    struct node_list resolution; /* room for a whole tree */
    struct rehashed *room;       /* the same */
};

/* Whether P was set together with a node beneath its child. */
static enum result chained(struct parent_check *check, uint32_t p, uint32_t child, bool *is)
{
    struct tree *tree = check->tree;
    const struct parent_node *parent = tree->nodes[p].parent;
    struct node_list unmerged = beneath(parent->unmerged, parent->unmerged_count, child);
    uint32_t sibling = node_sibling(child), merged;
    uint8_t hash[MLS_HASH_LEN];
    enum result res;

    *is = false;
    check->resolution.count = 0;
    tree_resolve(tree, child, &check->resolution);
    if (!only_merged(&check->resolution, &unmerged, &merged))
        return OK;
    res = original_hash(tree, sibling, beneath(parent->unmerged, parent->unmerged_count, sibling),
                        check->room, hash);
    if (res == OK)
        res = tree_parent_hash(parent->key, parent->parent_hash, BYTES_OF(hash), hash);
    if (res == OK)
        *is = bytes_equal(parent_hash_in(&tree->nodes[merged]), BYTES_OF(hash));
    return res;
}

enum result tree_check_parent_hashes(struct tree *tree)
{
    uint32_t nodes = tree_node_count(tree->depth);
    struct parent_check check = {.tree = tree};
    enum result res = OK;

    check.resolution.at = calloc(nodes, sizeof *check.resolution.at);
    check.room = calloc((size_t)1 << tree->depth, sizeof *check.room);
    if (check.resolution.at == NULL || check.room == NULL)
        res = E_NO_MEMORY;
    for (uint32_t p = 1; p < nodes && res == OK; p += 2) {
        bool left, right;

        if (tree->nodes[p].parent == NULL)
            continue;
        res = chained(&check, p, node_left(p), &left);
        if (res == OK)
            res = chained(&check, p, node_right(p), &right);
        /* Each parent that is chained to exactly one node below ends, step by step, at a leaf. */
        if (res == OK && left == right)
            res = E_REFUSED;
    }
    free(check.resolution.at);
    free(check.room);
    return res;
}
