/* treekem.json: every member follows published paths, and paths that we make. RFC 9420, sections 7.4 to 7.6.
 */
#include "core/path.h"
#include "core/welcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/mls_cases.h"
#include "support/seeded.h"

enum { MEMBERS_MAX = 64 };

struct member {
    bool here;
    struct path_keys keys;
    uint8_t seed[32];
};

struct kem {
    struct mls_case *c;
    struct tree tree;
    struct member members[MEMBERS_MAX];
    struct seeded seeded;
};

static void take_member(struct kem *kem, struct json_object *json)
{
    uint32_t leaf = (uint32_t)vectors_number(json, "index");
    struct json_object *secrets = vectors_member(json, "path_secrets");
    struct member *member = &kem->members[leaf];
    struct hpke_pair pair;

    assert_true(leaf < MEMBERS_MAX);
    member->here = true;
    member->keys.leaf = leaf;
    member->keys.known = 1;
    memcpy(member->keys.secrets[0], case_hex(kem->c, json, "encryption_priv").at, 32);
    memcpy(member->seed, case_hex(kem->c, json, "signature_priv").at, 32);
    assert_int_equal(hpke_pair_from(member->keys.secrets[0], &pair), OK);
    assert_same(BYTES_OF(pair.public), tree_leaf(&kem->tree, leaf)->encryption_key);

    for (size_t i = 0; i < json_object_array_length(secrets); i++) {
        struct json_object *item = json_object_array_get_idx(secrets, i);
        uint32_t node = (uint32_t)vectors_number(item, "node");
        struct path_keys one = {.leaf = leaf};
        uint8_t commit_secret[32];
        struct tree alone;

        /* The secret is of that node alone, so everything above is taken out of sight. */
        assert_int_equal(tree_clone(&kem->tree, &alone), OK);
        for (unsigned level = node_level(node) + 1; level <= alone.depth; level++)
            alone.nodes[node_ancestor(node, level)].parent = NULL;
        assert_int_equal(path_keys_take(&one, &alone, node_level(node),
                                        case_hex(kem->c, item, "path_secret").at, commit_secret),
                         OK);
        assert_int_equal(one.known, 1u << node_level(node));
        memcpy(member->keys.secrets[node_level(node)], one.secrets[node_level(node)], 32);
        member->keys.known |= one.known;
        tree_free(&alone);
    }
}

static void context_of(struct kem *kem, struct tree *tree, struct buffer *b)
{
    uint8_t hash[MLS_HASH_LEN];

    assert_int_equal(tree_root_hash(tree, hash), OK);
    group_context_write(
        b, &(struct group_context){
               .version = MLS_VERSION_10,
               .suite = kem->c->suite,
               .group_id = case_hex(kem->c, kem->c->json, "group_id"),
               .epoch = vectors_number(kem->c->json, "epoch"),
               .tree_hash = BYTES_OF(hash),
               .confirmed_transcript_hash = case_hex(kem->c, kem->c->json, "confirmed_transcript_hash"),
           });
}

/* Everybody but the sender opens the path; `secrets` (may be NULL) are the published path secrets. */
static void everybody_follows(struct kem *kem, const struct tree *tree, uint32_t sender,
                              const struct update_path *path, struct bytes context,
                              struct json_object *secrets, struct bytes commit_secret)
{
    for (uint32_t leaf = 0; leaf < MEMBERS_MAX; leaf++) {
        struct path_keys keys = kem->members[leaf].keys, published = keys;
        uint8_t got[MLS_HASH_LEN];

        if (!kem->members[leaf].here || leaf == sender)
            continue;
        path_keys_prune(&keys, tree);
        published = keys;
        assert_int_equal(path_open(tree, sender, path, kem->c->suite, context, NULL, 0, &keys, got), OK);
        assert_same(BYTES_OF(got), commit_secret);
        if (secrets == NULL)
            continue;
        struct json_object *secret = json_object_array_get_idx(secrets, leaf);
        assert_non_null(secret);
        assert_int_equal(path_keys_take(&published, tree, leaves_meet(sender, leaf),
                                        vectors_hex_string(&kem->c->arena, json_object_get_string(secret)).at,
                                        got),
                         OK);
        assert_memory_equal(&published, &keys, sizeof keys);
    }
}

static void published_path(struct kem *kem, struct json_object *json)
{
    uint32_t sender = (uint32_t)vectors_number(json, "sender");
    struct reader r = reader_on(case_hex(kem->c, json, "update_path"));
    struct buffer context = {0};
    struct update_path path;
    struct tree tree;
    uint8_t hash[MLS_HASH_LEN];

    update_path_read(&r, &path);
    assert_int_equal(reader_end(&r), OK);
    assert_int_equal(tree_clone(&kem->tree, &tree), OK);
    assert_int_equal(path_merge(&tree, sender, &path), OK);
    assert_int_equal(tree_root_hash(&tree, hash), OK);
    assert_same(BYTES_OF(hash), case_hex(kem->c, json, "tree_hash_after"));
    assert_int_equal(tree_check_parent_hashes(&tree), OK);
    context_of(kem, &tree, &context);
    everybody_follows(kem, &tree, sender, &path, buffer_bytes(&context), vectors_member(json, "path_secrets"),
                      case_hex(kem->c, json, "commit_secret"));
    buffer_free(&context);
    tree_free(&tree);
}

static void own_path(struct kem *kem, uint32_t sender)
{
    struct bytes group_id = case_hex(kem->c, kem->c->json, "group_id");
    struct buffer context = {0}, encoded = {0};
    struct path_making making;
    struct update_path path;
    struct reader r;
    struct tree made, merged;
    uint8_t hash[2][MLS_HASH_LEN];

    assert_int_equal(tree_clone(&kem->tree, &made), OK);
    assert_int_equal(path_make(&made, sender, tree_leaf(&made, sender), group_id, kem->members[sender].seed,
                               &kem->seeded.random, &making),
                     OK);
    context_of(kem, &made, &context);
    assert_int_equal(path_seal(&made, &making, kem->c->suite, buffer_bytes(&context), NULL, 0,
                               &kem->seeded.random, &encoded),
                     OK);

    r = reader_on(buffer_bytes(&encoded));
    update_path_read(&r, &path);
    assert_int_equal(reader_end(&r), OK);
    assert_int_equal(tree_clone(&kem->tree, &merged), OK);
    assert_int_equal(path_merge(&merged, sender, &path), OK);
    assert_int_equal(tree_root_hash(&made, hash[0]), OK);
    assert_int_equal(tree_root_hash(&merged, hash[1]), OK);
    assert_memory_equal(hash[0], hash[1], MLS_HASH_LEN);
    assert_int_equal(leaf_verify(&path.leaf, &(struct leaf_place){group_id, sender}), OK);
    assert_int_equal(tree_check_parent_hashes(&merged), OK);
    everybody_follows(kem, &merged, sender, &path, buffer_bytes(&context), NULL,
                      BYTES_OF(making.commit_secret));
    buffer_free(&context);
    buffer_free(&encoded);
    tree_free(&made);
    tree_free(&merged);
}

static void treekem(struct mls_case *c)
{
    struct json_object *members = vectors_member(c->json, "leaves_private");
    struct json_object *paths = vectors_member(c->json, "update_paths");
    struct kem *kem = arena_take(&c->arena, sizeof *kem);

    kem->c = c;
    seeded_start(&kem->seeded, c->number);
    assert_int_equal(tree_read(case_hex(c, c->json, "ratchet_tree"), &kem->tree), OK);
    for (size_t i = 0; i < json_object_array_length(members); i++)
        take_member(kem, json_object_array_get_idx(members, i));
    for (size_t i = 0; i < json_object_array_length(paths); i++) {
        struct json_object *path = json_object_array_get_idx(paths, i);

        published_path(kem, path);
        own_path(kem, (uint32_t)vectors_number(path, "sender"));
    }
    tree_free(&kem->tree);
}

static void published_treekem(void **state)
{
    (void)state;
    mls_cases("mls/treekem.json", 22, treekem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_treekem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
