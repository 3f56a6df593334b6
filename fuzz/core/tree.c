/* A ratchet tree from anybody: read, checked as when joining, and then worked upon, as a member would. */
#include "core/tree.h"
#include "core/path.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fill(void *self, uint8_t *to, size_t len)
{
    (void)self;
    memset(to, 0x11, len);
}

/* The node list's room is exact, so that a resolution that is too long is seen. */
static void resolve_all(const struct tree *tree)
{
    uint32_t nodes = tree_node_count(tree->depth);
    struct node_list list = {calloc(nodes, sizeof *list.at), 0};

    if (list.at == NULL)
        return;
    for (uint32_t i = 0; i < nodes && i < 64; i++) {
        list.count = 0;
        tree_resolve(tree, i, &list);
        assert(list.count <= nodes);
    }
    free(list.at);
}

static void change(const struct tree *tree)
{
    static const struct random fixed = {fill, NULL};
    static const uint8_t seed[32] = {1};
    struct path_making making;
    struct tree clone;
    uint8_t hash[2][MLS_HASH_LEN];
    uint32_t first = 0, added;

    if (tree_clone(tree, &clone) != OK)
        return;
    while (tree_leaf(&clone, first) == NULL)
        first++;
    if (tree_add(&clone, tree_leaf(&clone, first), &added) == OK) {
        assert(tree_root_hash(&clone, hash[0]) == OK);
        tree_blank_leaf(&clone, added);
        tree_truncate(&clone);
        assert(tree_leaf(&clone, first) != NULL);
    }
    if (path_make(&clone, first, tree_leaf(&clone, first), BYTES_TEXT("g"), seed, &fixed, &making) == OK) {
        assert(tree_root_hash(&clone, hash[0]) == OK);
        for (uint32_t i = 0; i < tree_node_count(clone.depth); i++)
            clone.nodes[i].hashed = false;
        assert(tree_root_hash(&clone, hash[1]) == OK);
        assert(memcmp(hash[0], hash[1], MLS_HASH_LEN) == 0);
    }
    tree_free(&clone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer again = {0};
    struct tree tree;

    if (crypto_start() != OK || tree_read(bytes(data, size), &tree) != OK)
        return 0;
    /* One encoding: what was read is what we should have written. */
    tree_write(&again, &tree);
    assert(bytes_equal(buffer_bytes(&again), bytes(data, size)));
    buffer_free(&again);

    if (tree_check(&tree, MLS_SUITE_CHACHA20_POLY1305, (struct bytes){0}) == OK) {
        resolve_all(&tree);
        if (tree_check_parent_hashes(&tree) == OK)
            change(&tree);
        (void)!tree_check_signatures(&tree, BYTES_TEXT("g"));
    }
    tree_free(&tree);
    return 0;
}
