/* secret-tree.json, and what a receiver may and may not open twice, late or early. RFC 9420, section 9. */
#include "core/secret_tree.h"

#include "core/tree_math.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/mls_cases.h"

static void same_key(struct mls_case *c, struct secret_tree *tree, uint32_t leaf, enum ratchet_kind kind,
                     struct json_object *wanted, const char *key_name, const char *nonce_name)
{
    uint32_t generation = (uint32_t)vectors_number(wanted, "generation");
    struct message_key key;

    assert_int_equal(secret_tree_look(tree, leaf, kind, generation, &key), OK);
    assert_same(bytes(key.key, crypto_aead_key_len(mls_suite_aead(c->suite))), case_hex(c, wanted, key_name));
    assert_same(BYTES_OF(key.nonce), case_hex(c, wanted, nonce_name));
    assert_int_equal(secret_tree_spend(tree, leaf, kind, generation), OK);
    assert_int_equal(secret_tree_look(tree, leaf, kind, generation, &key), E_REPLAY);
}

static void one_tree(struct mls_case *c)
{
    struct json_object *leaves = vectors_member(c->json, "leaves");
    struct json_object *sender_data = vectors_member(c->json, "sender_data");
    uint32_t count = (uint32_t)json_object_array_length(leaves);
    struct secret_tree *tree = NULL;
    struct message_key key;

    assert_int_equal(sender_data_key(c->suite, case_hex(c, sender_data, "sender_data_secret").at,
                                     case_hex(c, sender_data, "ciphertext"), &key),
                     OK);
    assert_same(bytes(key.key, crypto_aead_key_len(mls_suite_aead(c->suite))),
                case_hex(c, sender_data, "key"));
    assert_same(BYTES_OF(key.nonce), case_hex(c, sender_data, "nonce"));

    assert_int_equal(secret_tree_new(c->suite, leaves_meet(0, count - 1),
                                     case_hex(c, c->json, "encryption_secret").at, &tree),
                     OK);
    for (uint32_t leaf = 0; leaf < count; leaf++) {
        struct json_object *generations = json_object_array_get_idx(leaves, leaf);

        for (size_t i = 0; i < json_object_array_length(generations); i++) {
            struct json_object *wanted = json_object_array_get_idx(generations, i);

            same_key(c, tree, leaf, RATCHET_HANDSHAKE, wanted, "handshake_key", "handshake_nonce");
            same_key(c, tree, leaf, RATCHET_APPLICATION, wanted, "application_key", "application_nonce");
        }
    }
    secret_tree_free(tree);
}

static void published_trees(void **state)
{
    (void)state;
    mls_cases("mls/secret-tree.json", 6, one_tree);
}

static struct secret_tree *small_tree(void)
{
    const uint8_t secret[32] = {7};
    struct secret_tree *tree = NULL;

    assert_int_equal(crypto_start(), OK);
    assert_int_equal(secret_tree_new(MLS_SUITE_CHACHA20_POLY1305, 3, secret, &tree), OK);
    return tree;
}

static void looking_changes_nothing(void **state)
{
    struct secret_tree *tree = small_tree();
    struct message_key first, again;

    (void)state;
    assert_int_equal(secret_tree_look(tree, 5, RATCHET_APPLICATION, 3, &first), OK);
    assert_int_equal(secret_tree_look(tree, 5, RATCHET_APPLICATION, 3, &again), OK);
    assert_memory_equal(&first, &again, sizeof first);
    secret_tree_free(tree);
}

static void late_messages_have_a_window(void **state)
{
    struct secret_tree *tree = small_tree();
    struct message_key ahead[40], key;

    (void)state;
    for (uint32_t i = 0; i < 40; i++)
        assert_int_equal(secret_tree_look(tree, 2, RATCHET_APPLICATION, i, &ahead[i]), OK);
    assert_int_equal(secret_tree_spend(tree, 2, RATCHET_APPLICATION, 39), OK);
    for (uint32_t i = 0; i < 40; i++) {
        enum result res = secret_tree_look(tree, 2, RATCHET_APPLICATION, i, &key);

        /* The newest skipped keys are there, each once; the place of the spent one counts as well. */
        if (i < 40 - SECRET_TREE_KEPT || i == 39) {
            assert_int_equal(res, E_REPLAY);
            continue;
        }
        assert_int_equal(res, OK);
        assert_memory_equal(&key, &ahead[i], sizeof key);
        assert_int_equal(secret_tree_spend(tree, 2, RATCHET_APPLICATION, i), OK);
        assert_int_equal(secret_tree_spend(tree, 2, RATCHET_APPLICATION, i), E_REPLAY);
    }
    secret_tree_free(tree);
}

static void a_leap_has_a_limit(void **state)
{
    struct secret_tree *tree = small_tree();
    struct message_key key;

    (void)state;
    assert_int_equal(secret_tree_look(tree, 0, RATCHET_HANDSHAKE, SECRET_TREE_AHEAD, &key), OK);
    assert_int_equal(secret_tree_look(tree, 0, RATCHET_HANDSHAKE, SECRET_TREE_AHEAD + 1, &key), E_TOO_LARGE);
    assert_int_equal(secret_tree_look(tree, 0, RATCHET_HANDSHAKE, UINT32_MAX, &key), E_TOO_LARGE);
    assert_int_equal(secret_tree_spend(tree, 0, RATCHET_HANDSHAKE, UINT32_MAX), E_TOO_LARGE);
    assert_int_equal(secret_tree_look(tree, 8, RATCHET_HANDSHAKE, 0, &key), E_NOT_FOUND);
    assert_int_equal(secret_tree_look(tree, 0, RATCHET_HANDSHAKE, 0, &key), OK);
    secret_tree_free(tree);
}

static void a_sender_never_uses_a_key_twice(void **state)
{
    struct secret_tree *sending = small_tree(), *receiving = small_tree();
    struct message_key sent, received;
    uint32_t generation;

    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(secret_tree_next(sending, 6, RATCHET_APPLICATION, &generation, &sent), OK);
        assert_int_equal(generation, i);
        assert_int_equal(secret_tree_look(receiving, 6, RATCHET_APPLICATION, i, &received), OK);
        assert_memory_equal(&sent, &received, sizeof sent);
        assert_int_equal(secret_tree_look(sending, 6, RATCHET_APPLICATION, i, &received), E_REPLAY);
    }
    /* The other members' secrets are still to be had. */
    for (uint32_t leaf = 0; leaf < 8; leaf++)
        if (leaf != 6)
            assert_int_equal(secret_tree_look(sending, leaf, RATCHET_HANDSHAKE, 0, &received), OK);
    secret_tree_free(sending);
    secret_tree_free(receiving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_trees),
        cmocka_unit_test(looking_changes_nothing),
        cmocka_unit_test(late_messages_have_a_window),
        cmocka_unit_test(a_leap_has_a_limit),
        cmocka_unit_test(a_sender_never_uses_a_key_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
