#include "core/tree.h"

#include <stdlib.h>
#include <string.h>

enum { BLANK = 0, PRESENT = 1 };

uint32_t tree_leaf_limit(const struct tree *tree)
{
    return tree->nodes == NULL ? 0 : 1u << tree->depth;
}

bool tree_is_blank(const struct tree *tree, uint32_t node)
{
    return tree->nodes[node].leaf == NULL && tree->nodes[node].parent == NULL;
}

const struct leaf_node *tree_leaf(const struct tree *tree, uint32_t leaf)
{
    return leaf < tree_leaf_limit(tree) ? tree->nodes[leaf * 2].leaf : NULL;
}

static enum result tree_of_depth(unsigned depth, struct tree *out)
{
    *out = (struct tree){.depth = depth};
    out->nodes = calloc(tree_node_count(depth), sizeof *out->nodes);
    return out->nodes == NULL ? E_NO_MEMORY : OK;
}

enum result tree_new(struct tree *out)
{
    return tree_of_depth(0, out);
}

void tree_free(struct tree *tree)
{
    free(tree->nodes);
    arena_free(&tree->arena);
    *tree = (struct tree){0};
}

/* A changed node makes its own hash and all above it unknown. */
static void touch(struct tree *tree, uint32_t node)
{
    for (unsigned level = node_level(node); level <= tree->depth; level++)
        tree->nodes[node_ancestor(node, level)].hashed = false;
}

/* --- Nodes --- */

enum result tree_put_leaf(struct tree *tree, uint32_t leaf, const struct leaf_node *node)
{
    struct leaf_node *copy = arena_take(&tree->arena, sizeof *copy);
    struct bytes encoded;
    struct reader r;

    if (copy == NULL || arena_copy(&tree->arena, node->encoded, &encoded) != OK)
        return E_NO_MEMORY;
    r = reader_on(encoded);
    leaf_read(&r, copy);
    if (reader_end(&r) != OK)
        return E_MALFORMED;
    tree->nodes[leaf * 2].leaf = copy;
    touch(tree, leaf * 2);
    return OK;
}

static enum result put_parent(struct tree *tree, uint32_t node, const struct parent_node *parent)
{
    struct parent_node *copy = arena_take(&tree->arena, sizeof *copy);

    if (copy == NULL || arena_copy(&tree->arena, parent->key, &copy->key) != OK ||
        arena_copy(&tree->arena, parent->parent_hash, &copy->parent_hash) != OK)
        return E_NO_MEMORY;
    if (parent->unmerged_count != 0) {
        copy->unmerged = arena_array(&tree->arena, parent->unmerged_count, sizeof *copy->unmerged);
        if (copy->unmerged == NULL)
            return E_NO_MEMORY;
        memcpy(copy->unmerged, parent->unmerged, parent->unmerged_count * sizeof *copy->unmerged);
        copy->unmerged_count = copy->unmerged_room = parent->unmerged_count;
    }
    tree->nodes[node].parent = copy;
    touch(tree, node);
    return OK;
}

enum result tree_put_parent(struct tree *tree, uint32_t node, struct bytes key, struct bytes parent_hash)
{
    return put_parent(tree, node, &(struct parent_node){.key = key, .parent_hash = parent_hash});
}

enum result tree_clone(const struct tree *tree, struct tree *out)
{
    enum result res = tree_of_depth(tree->depth, out);

    for (uint32_t i = 0; i < tree_node_count(tree->depth) && res == OK; i++) {
        const struct tree_node *node = &tree->nodes[i];

        if (node->leaf != NULL)
            res = tree_put_leaf(out, i / 2, node->leaf);
        else if (node->parent != NULL)
            res = put_parent(out, i, node->parent);
    }
    if (res != OK) {
        tree_free(out);
        return res;
    }
    for (uint32_t i = 0; i < tree_node_count(tree->depth); i++) {
        out->nodes[i].hashed = tree->nodes[i].hashed;
        memcpy(out->nodes[i].hash, tree->nodes[i].hash, MLS_HASH_LEN);
    }
    return OK;
}

void tree_blank_leaf(struct tree *tree, uint32_t leaf)
{
    tree->nodes[leaf * 2].leaf = NULL;
    touch(tree, leaf * 2);
}

void tree_blank_path(struct tree *tree, uint32_t leaf)
{
    for (unsigned level = 1; level <= tree->depth; level++)
        tree->nodes[node_ancestor(leaf * 2, level)].parent = NULL;
    touch(tree, leaf * 2);
}

/* --- Size --- */

static enum result extend(struct tree *tree)
{
    size_t old = tree_node_count(tree->depth), new = tree_node_count(tree->depth + 1);
    struct tree_node *nodes;

    if (tree->depth == TREE_DEPTH_MAX)
        return E_TOO_LARGE;
    nodes = calloc(new, sizeof *nodes);
    if (nodes == NULL)
        return E_NO_MEMORY;
    memcpy(nodes, tree->nodes, old * sizeof *nodes);
    free(tree->nodes);
    tree->nodes = nodes;
    tree->depth++;
    return OK;
}

void tree_truncate(struct tree *tree)
{
    uint32_t last = tree_leaf_limit(tree);

    while (last > 1 && tree->nodes[(last - 1) * 2].leaf == NULL)
        last--;
    /* The array keeps its size: the nodes behind the new end are out of the tree, and blank when it grows. */
    while (tree->depth > 0 && last <= 1u << (tree->depth - 1)) {
        memset(&tree->nodes[tree_root(tree->depth)], 0,
               (tree_node_count(tree->depth) - tree_root(tree->depth)) * sizeof *tree->nodes);
        tree->depth--;
    }
}

enum result tree_reserve(struct tree *tree, uint32_t *leaf)
{
    uint32_t free_leaf = 0;

    while (free_leaf < tree_leaf_limit(tree) && tree->nodes[free_leaf * 2].leaf != NULL)
        free_leaf++;
    if (free_leaf == tree_leaf_limit(tree)) {
        enum result res = extend(tree);

        if (res != OK)
            return res;
    }
    *leaf = free_leaf;
    return OK;
}

static enum result add_unmerged(struct tree *tree, struct parent_node *parent, uint32_t leaf)
{
    uint32_t at = parent->unmerged_count;

    if (parent->unmerged_count == parent->unmerged_room) {
        uint32_t room = parent->unmerged_room < 4 ? 4 : parent->unmerged_room * 2;
        uint32_t *more = arena_array(&tree->arena, room, sizeof *more);

        if (more == NULL)
            return E_NO_MEMORY;
        if (parent->unmerged_count != 0)
            memcpy(more, parent->unmerged, parent->unmerged_count * sizeof *more);
        parent->unmerged = more;
        parent->unmerged_room = room;
    }
    while (at > 0 && parent->unmerged[at - 1] > leaf) {
        parent->unmerged[at] = parent->unmerged[at - 1];
        at--;
    }
    parent->unmerged[at] = leaf;
    parent->unmerged_count++;
    return OK;
}

enum result tree_add(struct tree *tree, const struct leaf_node *node, uint32_t *leaf)
{
    enum result res = tree_reserve(tree, leaf);

    if (res == OK)
        res = tree_put_leaf(tree, *leaf, node);
    for (unsigned level = 1; level <= tree->depth && res == OK; level++) {
        struct parent_node *parent = tree->nodes[node_ancestor(*leaf * 2, level)].parent;

        if (parent != NULL)
            res = add_unmerged(tree, parent, *leaf);
    }
    return res;
}

/* --- Paths --- */

void tree_resolve(const struct tree *tree, uint32_t node, struct node_list *list)
{
    /* Going down to the left first, at most one node a level waits for its turn. */
    uint32_t waiting[TREE_DEPTH_MAX + 2];
    unsigned count = 0;

    waiting[count++] = node;
    while (count > 0) {
        uint32_t next = waiting[--count];
        const struct tree_node *here = &tree->nodes[next];

        if (here->leaf != NULL) {
            list->at[list->count++] = next;
        } else if (here->parent != NULL) {
            list->at[list->count++] = next;
            for (uint32_t i = 0; i < here->parent->unmerged_count; i++)
                list->at[list->count++] = here->parent->unmerged[i] * 2;
        } else if (next & 1) {
            waiting[count++] = node_right(next);
            waiting[count++] = node_left(next);
        }
    }
}

uint32_t tree_filtered_path(const struct tree *tree, uint32_t leaf)
{
    uint32_t levels = 0;

    for (unsigned level = 1; level <= tree->depth; level++) {
        uint32_t beside = node_sibling(node_ancestor(leaf * 2, level - 1));

        for (uint32_t i = node_first(beside); i <= node_last(beside); i++) {
            if (!tree_is_blank(tree, i)) {
                levels |= 1u << level;
                break;
            }
        }
    }
    return levels;
}

/* --- The extension --- */

static void parent_read(struct reader *r, struct parent_node *parent, struct bytes *unmerged)
{
    *parent = (struct parent_node){0};
    parent->key = reader_vector(r);
    parent->parent_hash = reader_vector(r);
    *unmerged = reader_vector(r);
    if (unmerged->len % 4 != 0)
        reader_fail(r);
}

static enum result read_parent_into(struct tree *tree, uint32_t node, struct reader *r)
{
    struct parent_node parent;
    struct bytes unmerged;

    parent_read(r, &parent, &unmerged);
    if (r->failed)
        return E_MALFORMED;
    parent.unmerged_count = (uint32_t)(unmerged.len / 4);
    if (parent.unmerged_count != 0) {
        struct reader leaves = reader_on(unmerged);

        parent.unmerged = arena_array(&tree->arena, parent.unmerged_count, sizeof *parent.unmerged);
        if (parent.unmerged == NULL)
            return E_NO_MEMORY;
        for (uint32_t i = 0; i < parent.unmerged_count; i++)
            parent.unmerged[i] = reader_u32(&leaves);
    }
    return put_parent(tree, node, &parent);
}

static enum result read_node(struct tree *tree, uint32_t node, struct reader *r)
{
    struct leaf_node leaf;
    uint8_t present, type;

    present = reader_u8(r);
    if (present == BLANK)
        return r->failed ? E_MALFORMED : OK;
    type = reader_u8(r);
    if (r->failed || present != PRESENT || type != (node & 1 ? MLS_NODE_PARENT : MLS_NODE_LEAF))
        return E_MALFORMED;
    if (type == MLS_NODE_PARENT)
        return read_parent_into(tree, node, r);
    leaf_read(r, &leaf);
    return r->failed ? E_MALFORMED : tree_put_leaf(tree, node / 2, &leaf);
}

/* How many nodes there are, without keeping any. */
static enum result count_nodes(struct bytes list, uint32_t *count)
{
    struct reader r = reader_on(list);
    struct parent_node parent;
    struct leaf_node leaf;
    struct bytes unmerged;
    bool last_is_blank = true;

    *count = 0;
    while (reader_left(&r) != 0) {
        uint8_t present, type;

        present = reader_u8(&r);
        if (*count == tree_node_count(TREE_DEPTH_MAX))
            return E_TOO_LARGE;
        ++*count;
        last_is_blank = present == BLANK;
        if (last_is_blank)
            continue;
        type = reader_u8(&r);
        if (type == MLS_NODE_PARENT)
            parent_read(&r, &parent, &unmerged);
        else
            leaf_read(&r, &leaf);
    }
    /* The last node is a leaf: a parent is there only where both its halves have members. */
    return reader_end(&r) != OK || last_is_blank || *count % 2 == 0 ? E_MALFORMED : OK;
}

enum result tree_read(struct bytes extension, struct tree *out)
{
    struct reader r = reader_on(extension);
    struct bytes list;
    uint32_t count;
    unsigned depth = 0;
    enum result res;

    *out = (struct tree){0};
    list = reader_vector(&r);
    if (reader_end(&r) != OK)
        return E_MALFORMED;
    res = count_nodes(list, &count);
    if (res != OK)
        return res;
    while (tree_node_count(depth) < count)
        depth++;

    res = tree_of_depth(depth, out);
    r = reader_on(list);
    for (uint32_t node = 0; node < count && res == OK; node++)
        res = read_node(out, node, &r);
    if (res == OK)
        res = reader_end(&r);
    if (res != OK)
        tree_free(out);
    return res;
}

static void write_node(struct buffer *b, const struct tree_node *node)
{
    if (node->leaf != NULL) {
        buffer_u8(b, PRESENT);
        buffer_u8(b, MLS_NODE_LEAF);
        buffer_put(b, node->leaf->encoded);
    } else if (node->parent != NULL) {
        size_t mark;

        buffer_u8(b, PRESENT);
        buffer_u8(b, MLS_NODE_PARENT);
        buffer_vector(b, node->parent->key);
        buffer_vector(b, node->parent->parent_hash);
        mark = buffer_open(b);
        for (uint32_t i = 0; i < node->parent->unmerged_count; i++)
            buffer_u32(b, node->parent->unmerged[i]);
        buffer_close(b, mark);
    } else {
        buffer_u8(b, BLANK);
    }
}

void tree_write(struct buffer *b, const struct tree *tree)
{
    uint32_t count = tree_node_count(tree->depth);
    size_t mark = buffer_open(b);

    while (count > 0 && tree_is_blank(tree, count - 1))
        count--;
    for (uint32_t node = 0; node < count; node++)
        write_node(b, &tree->nodes[node]);
    buffer_close(b, mark);
}
