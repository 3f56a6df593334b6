/* PASETO's own vectors for v4.public. */
#include "base/reader.h"
#include "crypto/crypto.h"
#include "support/vectors.h"
#include "ticket/paseto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static enum result open_vector(struct json_object *vector, const uint8_t key[static 32], uint8_t *room,
                               struct bytes *payload)
{
    return paseto_open(bytes_string(vectors_text(vector, "token")), key,
                       bytes_string(vectors_text(vector, "footer")),
                       bytes_string(vectors_text(vector, "implicit-assertion")), room, payload);
}

static void published_vectors(void **state)
{
    struct json_object *file = vectors_load("paseto/v4.json");
    struct json_object *tests = vectors_member(file, "tests");
    struct arena arena = {0};
    size_t verified = 0, refused = 0;

    (void)state;
    for (size_t i = 0; i < json_object_array_length(tests); i++) {
        struct json_object *vector = json_object_array_get_idx(tests, i), *found;
        bool ours = json_object_object_get_ex(vector, "public-key", &found);
        struct bytes key = vectors_hex(&arena, vector, ours ? "public-key" : "key"), payload = {0};
        uint8_t room[PASETO_TOKEN_MAX];
        enum result res = open_vector(vector, key.at, room, &payload);

        if (ours && !json_object_get_boolean(vectors_member(vector, "expect-fail"))) {
            assert_int_equal(res, OK);
            assert_true(bytes_equal(payload, bytes_string(vectors_text(vector, "payload"))));
            verified++;
        } else {
            /* What must fail, and the encrypted purpose, which we do not have. */
            assert_int_not_equal(res, OK);
            refused++;
        }
    }
    assert_int_equal(verified, 3);
    assert_int_equal(refused, 14);
    vectors_ran("paseto/v4.json", verified + refused);
    arena_free(&arena);
    json_object_put(file);
}

/* Every truncation and every changed character of a valid token is refused, and so is another footer. */
static void one_character_off(void **state)
{
    struct json_object *file = vectors_load("paseto/v4.json");
    struct json_object *tests = vectors_member(file, "tests"), *vector = NULL;
    struct arena arena = {0};
    uint8_t room[PASETO_TOKEN_MAX], changed[PASETO_TOKEN_MAX];
    struct bytes payload;

    (void)state;
    for (size_t i = 0; i < json_object_array_length(tests); i++) {
        struct json_object *candidate = json_object_array_get_idx(tests, i);

        if (strcmp(vectors_text(candidate, "name"), "4-S-3") == 0)
            vector = candidate;
    }
    assert_non_null(vector);
    struct bytes token = bytes_string(vectors_text(vector, "token"));
    struct bytes footer = bytes_string(vectors_text(vector, "footer"));
    struct bytes implicit = bytes_string(vectors_text(vector, "implicit-assertion"));
    struct bytes key = vectors_hex(&arena, vector, "public-key");

    assert_int_equal(paseto_open(token, key.at, footer, implicit, room, &payload), OK);
    for (size_t len = 0; len < token.len; len++)
        assert_int_not_equal(paseto_open(bytes(token.at, len), key.at, footer, implicit, room, &payload), OK);
    for (size_t at = 0; at < token.len; at++) {
        memcpy(changed, token.at, token.len);
        changed[at] = changed[at] == 'A' ? 'B' : 'A';
        assert_int_not_equal(paseto_open(bytes(changed, token.len), key.at, footer, implicit, room, &payload),
                             OK);
    }
    assert_int_equal(paseto_open(token, key.at, (struct bytes){0}, implicit, room, &payload), E_FORGED);
    assert_int_equal(paseto_open(token, key.at, footer, (struct bytes){0}, room, &payload), E_FORGED);
    arena_free(&arena);
    json_object_put(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(one_character_off),
    };

    if (crypto_start() != OK)
        return 1;
    return cmocka_run_group_tests_name("paseto", tests, NULL, NULL);
}
