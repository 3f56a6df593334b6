/* tree-operations.json and tree-validation.json; shapes of a tree that are refused. RFC 9420, section 7. */
#include "core/proposal.h"
#include "core/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/mls_cases.h"

static void assert_root(struct tree *tree, struct bytes wanted)
{
    uint8_t hash[MLS_HASH_LEN];

    assert_int_equal(tree_root_hash(tree, hash), OK);
    assert_same(BYTES_OF(hash), wanted);
}

static void operation(struct mls_case *c)
{
    struct reader r = reader_on(case_hex(c, c->json, "proposal"));
    uint32_t sender = (uint32_t)vectors_number(c->json, "proposal_sender"), leaf;
    struct buffer written = {0};
    struct proposal proposal;
    struct tree before, tree;

    proposal_read(&r, &proposal);
    assert_int_equal(reader_end(&r), OK);
    assert_int_equal(tree_read(case_hex(c, c->json, "tree_before"), &before), OK);
    assert_root(&before, case_hex(c, c->json, "tree_hash_before"));
    assert_int_equal(tree_clone(&before, &tree), OK);
    tree_free(&before);

    switch (proposal.type) {
    case MLS_PROPOSAL_ADD:
        assert_int_equal(tree_add(&tree, &proposal.add.leaf, &leaf), OK);
        break;
    case MLS_PROPOSAL_UPDATE:
        assert_int_equal(tree_put_leaf(&tree, sender, &proposal.update), OK);
        tree_blank_path(&tree, sender);
        break;
    case MLS_PROPOSAL_REMOVE:
        tree_blank_leaf(&tree, proposal.removed);
        tree_blank_path(&tree, proposal.removed);
        tree_truncate(&tree);
        break;
    default:
        fail();
    }
    tree_write(&written, &tree);
    assert_same(buffer_bytes(&written), case_hex(c, c->json, "tree_after"));
    assert_root(&tree, case_hex(c, c->json, "tree_hash_after"));
    buffer_free(&written);
    tree_free(&tree);
}

static void validation(struct mls_case *c)
{
    struct json_object *resolutions = vectors_member(c->json, "resolutions");
    struct json_object *hashes = vectors_member(c->json, "tree_hashes");
    struct buffer written = {0};
    struct node_list list;
    struct tree tree;
    uint32_t nodes;

    assert_int_equal(tree_read(case_hex(c, c->json, "tree"), &tree), OK);
    nodes = tree_node_count(tree.depth);
    tree_write(&written, &tree);
    assert_same(buffer_bytes(&written), case_hex(c, c->json, "tree"));
    buffer_free(&written);

    list.at = calloc(nodes, sizeof *list.at);
    assert_non_null(list.at);
    assert_int_equal(json_object_array_length(hashes), nodes);
    for (uint32_t i = 0; i < nodes; i++) {
        struct json_object *wanted = json_object_array_get_idx(resolutions, i);
        struct bytes hash =
            vectors_hex_string(&c->arena, json_object_get_string(json_object_array_get_idx(hashes, i)));
        uint8_t got[MLS_HASH_LEN];

        list.count = 0;
        tree_resolve(&tree, i, &list);
        assert_int_equal(list.count, json_object_array_length(wanted));
        for (uint32_t k = 0; k < list.count; k++)
            assert_int_equal(list.at[k], json_object_get_int(json_object_array_get_idx(wanted, k)));
        assert_int_equal(tree_hash(&tree, i, got), OK);
        assert_same(BYTES_OF(got), hash);
    }
    free(list.at);

    assert_int_equal(tree_check(&tree, c->suite, (struct bytes){0}), OK);
    assert_int_equal(tree_check_parent_hashes(&tree), OK);
    assert_int_equal(tree_check_signatures(&tree, case_hex(c, c->json, "group_id")), OK);
    assert_int_equal(tree_check_signatures(&tree, BYTES_TEXT("another")), tree.depth == 0 ? OK : E_FORGED);
    tree_free(&tree);
}

/* One bit of one parent is wrong: somebody's parent hash must tell. */
static void tampering(struct mls_case *c)
{
    struct tree tree;

    assert_int_equal(tree_read(case_hex(c, c->json, "tree"), &tree), OK);
    for (uint32_t i = 1; i < tree_node_count(tree.depth); i += 2) {
        struct parent_node *parent = tree.nodes[i].parent;
        uint8_t key[MLS_KEY_LEN];
        struct bytes kept;

        if (parent == NULL)
            continue;
        kept = parent->key;
        memcpy(key, kept.at, sizeof key);
        key[0] ^= 1;
        parent->key = BYTES_OF(key);
        assert_int_equal(tree_check_parent_hashes(&tree), E_REFUSED);
        parent->key = kept;
        if (parent->unmerged_count == 0)
            continue;
        parent->unmerged_count--;
        assert_int_equal(tree_check_parent_hashes(&tree), E_REFUSED);
        parent->unmerged_count++;
    }
    assert_int_equal(tree_check_parent_hashes(&tree), OK);
    tree_free(&tree);
}

static void cut_short(struct mls_case *c)
{
    struct bytes whole = case_hex(c, c->json, "tree");
    struct tree tree;

    if (c->number > 3)
        return;
    for (size_t len = 0; len < whole.len; len++)
        assert_int_equal(tree_read(bytes(whole.at, len), &tree), E_MALFORMED);
}

static void operations(void **state)
{
    (void)state;
    mls_cases("mls/tree-operations.json", 5, operation);
}

static void validations(void **state)
{
    (void)state;
    mls_cases("mls/tree-validation.json", 28, validation);
}

static void tampered_trees(void **state)
{
    (void)state;
    mls_cases("mls/tree-validation.json", 28, tampering);
}

static void truncated_trees(void **state)
{
    (void)state;
    mls_cases("mls/tree-validation.json", 28, cut_short);
}

static void shapes_that_are_no_tree(void **state)
{
    static const struct {
        const char *what;
        uint8_t bytes[8];
        size_t len;
    } rows[] = {
        {"nothing", {0}, 0},
        {"no node", {0}, 1},
        {"one blank", {1, 0}, 2},
        {"neither blank nor present", {1, 2}, 2},
        {"a parent for a leaf", {5, 1, 2, 0, 0, 0}, 6},
        {"unmerged leaves that are no number", {6, 1, 2, 0, 0, 1, 9}, 7},
        {"more than it says", {1, 0, 0}, 3},
    };
    struct tree tree;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(tree_read(bytes(rows[i].bytes, rows[i].len), &tree), E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations),
        cmocka_unit_test(validations),
        cmocka_unit_test(tampered_trees),
        cmocka_unit_test(truncated_trees),
        cmocka_unit_test(shapes_that_are_no_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
