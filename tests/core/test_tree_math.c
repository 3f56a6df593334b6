/* tree-math.json, and the relations that it has no word for. RFC 9420, appendix C. */
#include "core/tree_math.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/mls_cases.h"

static void relation(struct json_object *list, uint32_t node, bool there, uint32_t value)
{
    struct json_object *wanted = json_object_array_get_idx(list, node);

    assert_int_equal(wanted != NULL, there);
    if (there)
        assert_int_equal(json_object_get_int64(wanted), value);
}

static void one_tree(struct mls_case *c)
{
    uint32_t leaves = (uint32_t)vectors_number(c->json, "n_leaves");
    unsigned depth = leaves_meet(0, leaves - 1);
    uint32_t root = tree_root(depth);

    assert_int_equal(leaves, 1u << depth);
    assert_int_equal(tree_node_count(depth), vectors_number(c->json, "n_nodes"));
    assert_int_equal(root, vectors_number(c->json, "root"));
    for (uint32_t node = 0; node < tree_node_count(depth); node++) {
        bool parent = (node & 1) != 0, below = node != root;

        relation(vectors_member(c->json, "left"), node, parent, parent ? node_left(node) : 0);
        relation(vectors_member(c->json, "right"), node, parent, parent ? node_right(node) : 0);
        relation(vectors_member(c->json, "parent"), node, below, below ? node_parent(node) : 0);
        relation(vectors_member(c->json, "sibling"), node, below, below ? node_sibling(node) : 0);
    }
}

static void published_trees(void **state)
{
    (void)state;
    mls_cases("mls/tree-math.json", 10, one_tree);
}

static void paths_meet_at_the_common_ancestor(void **state)
{
    (void)state;
    for (uint32_t a = 0; a < 64; a++) {
        for (uint32_t b = 0; b < 64; b++) {
            unsigned level = leaves_meet(a, b);
            uint32_t node = node_ancestor(a * 2, level);

            assert_int_equal(node, node_ancestor(b * 2, level));
            assert_true(node_covers(node, a * 2) && node_covers(node, b * 2));
            if (level > 0)
                assert_int_not_equal(node_ancestor(a * 2, level - 1), node_ancestor(b * 2, level - 1));
        }
    }
    assert_int_equal(node_first(7), 0);
    assert_int_equal(node_last(7), 14);
    assert_false(node_covers(5, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_trees),
        cmocka_unit_test(paths_meet_at_the_common_ancestor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
