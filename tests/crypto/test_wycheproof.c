/* Wycheproof's vectors against the crypto contract. Each test prints how many vectors it ran, so that a file
 * that has changed its shape cannot pass by being empty. */
#include "base/arena.h"
#include "crypto/crypto.h"
#include "support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct test {
    struct arena *arena;
    struct json_object *group, *test;
    bool valid, acceptable;
    uint64_t id;
};

static struct bytes hex(struct test *t, const char *member)
{
    return vectors_hex(t->arena, t->test, member);
}

static bool has_flag(struct test *t, const char *flag)
{
    struct json_object *flags = vectors_member(t->test, "flags");

    for (size_t i = 0; i < json_object_array_length(flags); i++)
        if (strcmp(json_object_get_string(json_object_array_get_idx(flags, i)), flag) == 0)
            return true;
    return false;
}

/* Gives each vector of the file to `run`, which says whether it applies. */
static void each(const char *name, unsigned at_least, bool (*run)(struct test *))
{
    struct json_object *file = vectors_load(name), *groups = vectors_member(file, "testGroups");
    unsigned ran = 0, left_out = 0;

    for (size_t g = 0; g < json_object_array_length(groups); g++) {
        struct json_object *group = json_object_array_get_idx(groups, g);
        struct json_object *tests = vectors_member(group, "tests");

        for (size_t i = 0; i < json_object_array_length(tests); i++) {
            struct arena arena = {0};
            struct json_object *test = json_object_array_get_idx(tests, i);
            const char *result = vectors_text(test, "result");
            struct test t = {
                &arena,
                group,
                test,
                strcmp(result, "valid") == 0,
                strcmp(result, "acceptable") == 0,
                vectors_number(test, "tcId"),
            };

            if (run(&t))
                ran++;
            else
                left_out++;
            arena_free(&arena);
        }
    }
    print_message("# %s: %u vectors ran, %u of other sizes left out\n", name, ran, left_out);
    assert_true(ran >= at_least);
    vectors_ran(name, ran);
    json_object_put(file);
}

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            fail_msg("vector %u: %s", (unsigned)t->id, #condition);                                          \
    } while (0)

static bool ed25519(struct test *t)
{
    struct bytes key = vectors_hex(t->arena, vectors_member(t->group, "publicKey"), "pk");

    CHECK(key.len == CRYPTO_ED25519_PUBLIC_LEN);
    enum result res = crypto_ed25519_verify(key.at, hex(t, "msg"), hex(t, "sig"));
    CHECK(res == (t->valid ? OK : E_FORGED));
    return true;
}

static bool x25519(struct test *t)
{
    struct bytes secret = hex(t, "private"), theirs = hex(t, "public"), shared = hex(t, "shared");
    uint8_t out[32], zeros[32] = {0};

    if (theirs.len != 32 || secret.len != 32)
        return false;
    enum result res = crypto_x25519_shared(secret.at, theirs.at, out);
    /* MLS and HPKE refuse what the curve's own specification lets pass. */
    if (has_flag(t, "ZeroSharedSecret") || memcmp(shared.at, zeros, 32) == 0) {
        CHECK(res == E_REFUSED);
        return true;
    }
    CHECK(t->valid || t->acceptable);
    CHECK(res == OK);
    CHECK(shared.len == 32 && memcmp(out, shared.at, 32) == 0);
    return true;
}

static bool hkdf(struct test *t)
{
    struct bytes expected = hex(t, "okm"), info = hex(t, "info");
    size_t size = vectors_number(t->test, "size");
    uint8_t prk[32], *out = arena_take(t->arena, size);

    assert_non_null(out);
    CHECK(crypto_hkdf_extract(hex(t, "salt"), hex(t, "ikm"), prk) == OK);
    enum result res = crypto_hkdf_expand(bytes(prk, 32), &info, 1, (struct bytes_mut){out, size});
    if (t->valid)
        CHECK(res == OK && bytes_equal(bytes(out, size), expected));
    else
        CHECK(res == E_TOO_LARGE);
    return true;
}

static bool hmac(struct test *t)
{
    struct bytes tag = hex(t, "tag"), message = hex(t, "msg");
    struct bytes halves[2] = {{message.at, message.len / 2},
                              {message.at + message.len / 2, message.len - message.len / 2}};
    uint8_t out[32];

    CHECK(crypto_hmac_sha256(hex(t, "key"), halves, 2, out) == OK);
    /* Cut tags are compared at their length; nobody in Teahouse uses one. */
    CHECK((tag.len <= 32 && memcmp(out, tag.at, tag.len) == 0) == t->valid);
    return true;
}

/* Seals and opens on one sealer in turn, which is how a context is used that serves both directions. */
static bool aead(struct test *t, enum crypto_aead kind)
{
    struct bytes key = hex(t, "key"), iv = hex(t, "iv"), aad = hex(t, "aad");
    struct bytes message = hex(t, "msg"), ct = hex(t, "ct"), tag = hex(t, "tag");
    struct bytes_mut text = {arena_take(t->arena, message.len), message.len};
    struct crypto_sealer *sealer = NULL;
    uint8_t made[16];

    if (key.len != crypto_aead_key_len(kind) || iv.len != 12 || tag.len != 16)
        return false;
    assert_non_null(text.at);
    CHECK(crypto_sealer_new(kind, key, &sealer) == OK);
    for (int round = 0; round < 2; round++) {
        if (message.len != 0)
            memcpy(text.at, message.at, message.len);
        CHECK(crypto_seal(sealer, iv.at, aad, text, made) == OK);
        if (t->valid) {
            CHECK(bytes_equal(bytes_const(text), ct));
            CHECK(memcmp(made, tag.at, 16) == 0);
        }
        if (ct.len != 0)
            memcpy(text.at, ct.at, ct.len);
        enum result res = crypto_open(sealer, iv.at, aad, text, tag.at);
        CHECK(res == (t->valid ? OK : E_FORGED));
        if (t->valid)
            CHECK(bytes_equal(bytes_const(text), message));
        for (size_t i = 0; !t->valid && i < text.len; i++)
            CHECK(text.at[i] == 0);
    }
    crypto_sealer_free(sealer);
    return true;
}

static bool aes_gcm(struct test *t)
{
    return aead(t, CRYPTO_AES_128_GCM);
}

static bool chacha20_poly1305(struct test *t)
{
    return aead(t, CRYPTO_CHACHA20_POLY1305);
}

static void ed25519_vectors(void **state)
{
    (void)state;
    each("wycheproof/ed25519_test.json", 150, ed25519);
}

static void x25519_vectors(void **state)
{
    (void)state;
    each("wycheproof/x25519_test.json", 500, x25519);
}

static void hkdf_vectors(void **state)
{
    (void)state;
    each("wycheproof/hkdf_sha256_test.json", 80, hkdf);
}

static void hmac_vectors(void **state)
{
    (void)state;
    each("wycheproof/hmac_sha256_test.json", 170, hmac);
}

static void aes_gcm_vectors(void **state)
{
    (void)state;
    each("wycheproof/aes_gcm_test.json", 60, aes_gcm);
}

static void chacha20_poly1305_vectors(void **state)
{
    (void)state;
    each("wycheproof/chacha20_poly1305_test.json", 300, chacha20_poly1305);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ed25519_vectors), cmocka_unit_test(x25519_vectors),
        cmocka_unit_test(hkdf_vectors),    cmocka_unit_test(hmac_vectors),
        cmocka_unit_test(aes_gcm_vectors), cmocka_unit_test(chacha20_poly1305_vectors),
    };

    if (crypto_start() != OK)
        return 1;
    return cmocka_run_group_tests_name("wycheproof", tests, NULL, NULL);
}
