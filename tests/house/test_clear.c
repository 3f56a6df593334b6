#include "base/writer.h"
#include "crypto/crypto.h"
#include "house/clear.h"
#include "support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* RFC 9420's published Welcomes: each names the KeyPackage that it is for. */
static void welcomes_name_their_key_packages(void **state)
{
    struct json_object *all = vectors_load("mls/welcome.json");
    struct arena arena = {0};
    unsigned met = 0;

    (void)state;
    for (size_t i = 0; i < json_object_array_length(all); i++) {
        struct json_object *one = json_object_array_get_idx(all, i);
        struct bytes package = vectors_hex(&arena, one, "key_package");
        struct bytes welcome = vectors_hex(&arena, one, "welcome"), secrets, reference;
        uint64_t suite = vectors_number(one, "cipher_suite");
        uint8_t expected[32];

        if (suite != 1 && suite != 3) {
            assert_int_equal(clear_key_package(package, expected), E_UNSUPPORTED);
            assert_int_equal(clear_welcome(welcome, &secrets), E_UNSUPPORTED);
            continue;
        }
        assert_int_equal(clear_key_package(package, expected), OK);
        assert_int_equal(clear_welcome(welcome, &secrets), OK);
        assert_true(clear_welcome_next(&secrets, &reference));
        assert_true(bytes_equal(reference, BYTES_OF(expected)));
        assert_false(clear_welcome_next(&secrets, &reference));
        met++;

        for (size_t cut = 0; cut < welcome.len; cut++)
            assert_int_equal(clear_welcome(bytes(welcome.at, cut), &secrets), E_MALFORMED);
    }
    assert_int_equal(met, 2);
    arena_free(&arena);
    json_object_put(all);
}

/* RFC 9420's published PrivateMessages: for a commit a commit alone is taken, for talk anything else. */
static void commits_are_told_from_the_rest(void **state)
{
    struct json_object *all = vectors_load("mls/message-protection.json");
    struct arena arena = {0};

    (void)state;
    for (size_t i = 0; i < json_object_array_length(all); i++) {
        struct json_object *one = json_object_array_get_idx(all, i);
        struct bytes commit = vectors_hex(&arena, one, "commit_priv"), group;
        struct bytes id = vectors_hex(&arena, one, "group_id");
        uint64_t epoch;

        assert_int_equal(clear_commit(commit, &group, &epoch), OK);
        assert_true(bytes_equal(group, id));
        assert_true(epoch == vectors_number(one, "epoch"));
        assert_int_equal(clear_commit(vectors_hex(&arena, one, "proposal_priv"), &group, &epoch),
                         E_UNSUPPORTED);
        assert_int_equal(clear_commit(vectors_hex(&arena, one, "application_priv"), &group, &epoch),
                         E_UNSUPPORTED);
        /* Field report G38, the house's half: a commit in clear, as external ones are, is none. */
        assert_int_equal(clear_commit(vectors_hex(&arena, one, "commit_pub"), &group, &epoch), E_UNSUPPORTED);
        for (size_t cut = 0; cut < commit.len; cut++)
            assert_int_equal(clear_commit(bytes(commit.at, cut), &group, &epoch), E_MALFORMED);

        assert_int_equal(clear_say(commit, &group, &epoch), E_UNSUPPORTED);
        assert_int_equal(clear_say(vectors_hex(&arena, one, "proposal_pub"), &group, &epoch), E_UNSUPPORTED);
        assert_int_equal(clear_say(vectors_hex(&arena, one, "proposal_priv"), &group, &epoch), OK);
        epoch = 0;
        commit = vectors_hex(&arena, one, "application_priv");
        assert_int_equal(clear_say(commit, &group, &epoch), OK);
        assert_true(bytes_equal(group, id));
        assert_true(epoch == vectors_number(one, "epoch"));
        for (size_t cut = 0; cut < commit.len; cut++)
            assert_int_equal(clear_say(bytes(commit.at, cut), &group, &epoch), E_MALFORMED);
    }
    arena_free(&arena);
    json_object_put(all);
}

static void leftovers_are_refused(void **state)
{
    uint8_t to[256];
    struct writer w = writer_over(to);
    struct bytes whole, group, secrets;
    uint64_t epoch;

    (void)state;
    writer_u16(&w, 1);
    writer_u16(&w, 2);
    writer_vector(&w, BYTES_TEXT("group"));
    writer_u64(&w, 7);
    writer_u8(&w, 3);
    for (int i = 0; i < 3; i++)
        writer_vector(&w, BYTES_TEXT("part"));
    assert_int_equal(writer_end(&w, &whole), OK);
    assert_int_equal(clear_commit(whole, &group, &epoch), OK);
    writer_u8(&w, 0);
    assert_int_equal(writer_end(&w, &whole), OK);
    assert_int_equal(clear_commit(whole, &group, &epoch), E_MALFORMED);

    /* A Welcome whose list ends in the middle of an item. */
    w = writer_over(to);
    writer_u16(&w, 1);
    writer_u16(&w, 3);
    writer_u16(&w, 3);
    writer_vector(&w, BYTES_TEXT("\3abc\1k"));
    writer_vector(&w, BYTES_TEXT("info"));
    assert_int_equal(writer_end(&w, &whole), OK);
    assert_int_equal(clear_welcome(whole, &secrets), E_MALFORMED);
}

static int start(void **state)
{
    (void)state;
    return crypto_start() == OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(welcomes_name_their_key_packages),
        cmocka_unit_test(commits_are_told_from_the_rest),
        cmocka_unit_test(leftovers_are_refused),
    };

    return cmocka_run_group_tests_name("clear", tests, start, NULL);
}
