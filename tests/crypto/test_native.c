/* What Wycheproof's files do not cover: known answers of the hashes, signing, and the contract's own words.
 */
#include "base/arena.h"
#include "crypto/crypto.h"
#include "support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_hex(const uint8_t *got, size_t len, const char *hex)
{
    struct arena arena = {0};
    struct bytes expected = vectors_hex_string(&arena, hex);

    assert_int_equal(expected.len, len);
    assert_memory_equal(got, expected.at, len);
    arena_free(&arena);
}

/* FIPS 180-4's example, in parts of which one is empty. */
static void sha256_of_parts(void **state)
{
    const struct bytes parts[] = {BYTES_TEXT("a"), {0}, BYTES_TEXT("bc")};
    uint8_t out[32];

    (void)state;
    assert_int_equal(crypto_sha256(parts, 3, out), OK);
    assert_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(crypto_sha256(NULL, 0, out), OK);
    assert_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* RFC 2202, test cases 1, 2 and 6 (a key longer than the block); then an empty key. */
static void hmac_sha1(void **state)
{
    uint8_t key[80], out[20];
    struct bytes message = BYTES_TEXT("Hi There");

    (void)state;
    memset(key, 0x0b, sizeof key);
    assert_int_equal(crypto_hmac_sha1(bytes(key, 20), &message, 1, out), OK);
    assert_hex(out, 20, "b617318655057264e28bc0b6fb378c8ef146be00");
    message = BYTES_TEXT("what do ya want for nothing?");
    assert_int_equal(crypto_hmac_sha1(BYTES_TEXT("Jefe"), &message, 1, out), OK);
    assert_hex(out, 20, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    memset(key, 0xaa, sizeof key);
    message = BYTES_TEXT("Test Using Larger Than Block-Size Key - Hash Key First");
    assert_int_equal(crypto_hmac_sha1(bytes(key, 80), &message, 1, out), OK);
    assert_hex(out, 20, "aa4ae5e15272d00e95705637ce8a3b55ed402112");
    assert_int_equal(crypto_hmac_sha1((struct bytes){0}, NULL, 0, out), OK);
    assert_hex(out, 20, "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
}

/* RFC 8032, section 7.1, test 2. */
static void ed25519_signs(void **state)
{
    struct arena arena = {0};
    struct bytes seed =
        vectors_hex_string(&arena, "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    const uint8_t message[] = {0x72};
    uint8_t public_key[32], signature[64];

    (void)state;
    assert_int_equal(crypto_ed25519_public(seed.at, public_key), OK);
    assert_hex(public_key, 32, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    assert_int_equal(crypto_ed25519_sign(seed.at, BYTES_OF(message), signature), OK);
    assert_hex(signature, 64,
               "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
               "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
    assert_int_equal(crypto_ed25519_verify(public_key, BYTES_OF(message), BYTES_OF(signature)), OK);
    assert_int_equal(crypto_ed25519_verify(public_key, BYTES_OF(message), bytes(signature, 63)), E_FORGED);
    assert_int_equal(crypto_ed25519_verify(public_key, (struct bytes){0}, BYTES_OF(signature)), E_FORGED);
    arena_free(&arena);
}

/* RFC 7748, section 6.1. */
static void x25519_agrees(void **state)
{
    struct arena arena = {0};
    struct bytes a =
        vectors_hex_string(&arena, "77076d0a7318a57d3c16c17251b26645624c2fef1df0de1f8d2bdbf7e1b9f8b8");
    struct bytes b =
        vectors_hex_string(&arena, "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    uint8_t public_a[32], public_b[32], one[32], other[32];

    (void)state;
    assert_int_equal(crypto_x25519_public(a.at, public_a), OK);
    assert_int_equal(crypto_x25519_public(b.at, public_b), OK);
    assert_int_equal(crypto_x25519_shared(a.at, public_b, one), OK);
    assert_int_equal(crypto_x25519_shared(b.at, public_a, other), OK);
    assert_memory_equal(one, other, 32);
    arena_free(&arena);
}

static void sealer_wants_the_right_key(void **state)
{
    uint8_t key[33] = {0};
    struct crypto_sealer *sealer = NULL;

    (void)state;
    assert_int_equal(crypto_sealer_new(CRYPTO_AES_128_GCM, bytes(key, 15), &sealer), E_CRYPTO);
    assert_int_equal(crypto_sealer_new(CRYPTO_AES_128_GCM, bytes(key, 32), &sealer), E_CRYPTO);
    assert_int_equal(crypto_sealer_new(CRYPTO_CHACHA20_POLY1305, bytes(key, 33), &sealer), E_CRYPTO);
    assert_int_equal(crypto_sealer_new((enum crypto_aead)2, bytes(key, 32), &sealer), E_CRYPTO);
    assert_null(sealer);
    crypto_sealer_free(NULL);
}

/* A forged text leaves the sealer as good as new. */
static void sealer_outlives_a_forgery(void **state)
{
    static const enum crypto_aead kinds[] = {CRYPTO_AES_128_GCM, CRYPTO_CHACHA20_POLY1305};
    const uint8_t key[32] = {1, 2, 3}, iv[12] = {4}, zeros[5] = {0};

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct crypto_sealer *sealer = NULL;
        uint8_t text[5] = {'h', 'e', 'l', 'l', 'o'}, sealed[5], tag[16];

        assert_int_equal(crypto_sealer_new(kinds[k], bytes(key, crypto_aead_key_len(kinds[k])), &sealer), OK);
        assert_int_equal(
            crypto_seal(sealer, iv, BYTES_TEXT("aad"), (struct bytes_mut){text, sizeof text}, tag), OK);
        memcpy(sealed, text, sizeof sealed);
        assert_int_equal(
            crypto_open(sealer, iv, BYTES_TEXT("aae"), (struct bytes_mut){text, sizeof text}, tag), E_FORGED);
        assert_memory_equal(text, zeros, sizeof text);
        assert_int_equal(
            crypto_open(sealer, iv, BYTES_TEXT("aad"), (struct bytes_mut){sealed, sizeof sealed}, tag), OK);
        assert_memory_equal(sealed, "hello", sizeof sealed);
        crypto_sealer_free(sealer);
    }
}

/* Empty runs have no address. */
static void nothing_is_a_message(void **state)
{
    static const enum crypto_aead kinds[] = {CRYPTO_AES_128_GCM, CRYPTO_CHACHA20_POLY1305};
    const uint8_t key[32] = {1}, iv[12] = {0};
    const struct bytes none = {0};
    uint8_t out[64], public_key[32];

    (void)state;
    assert_int_equal(crypto_hkdf_extract(none, none, out), OK);
    assert_hex(out, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    assert_int_equal(crypto_hkdf_expand(none, NULL, 0, (struct bytes_mut){out, 64}), OK);
    assert_int_equal(crypto_hkdf_expand(none, &none, 1, (struct bytes_mut){0}), OK);
    assert_int_equal(crypto_ed25519_public(key, public_key), OK);
    assert_int_equal(crypto_ed25519_sign(key, none, out), OK);
    assert_int_equal(crypto_ed25519_verify(public_key, none, BYTES_OF(out)), OK);
    for (size_t k = 0; k < 2; k++) {
        struct crypto_sealer *sealer = NULL;

        assert_int_equal(crypto_sealer_new(kinds[k], bytes(key, crypto_aead_key_len(kinds[k])), &sealer), OK);
        assert_int_equal(crypto_seal(sealer, iv, none, (struct bytes_mut){0}, out), OK);
        assert_int_equal(crypto_open(sealer, iv, none, (struct bytes_mut){0}, out), OK);
        out[0] ^= 1;
        assert_int_equal(crypto_open(sealer, iv, none, (struct bytes_mut){0}, out), E_FORGED);
        crypto_sealer_free(sealer);
    }
}

static void randomness_differs(void **state)
{
    uint8_t one[32] = {0}, other[32] = {0};

    (void)state;
    random_fill(crypto_random(), one, sizeof one);
    random_fill(crypto_random(), other, sizeof other);
    assert_memory_not_equal(one, other, sizeof one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_parts),
        cmocka_unit_test(hmac_sha1),
        cmocka_unit_test(ed25519_signs),
        cmocka_unit_test(x25519_agrees),
        cmocka_unit_test(sealer_wants_the_right_key),
        cmocka_unit_test(sealer_outlives_a_forgery),
        cmocka_unit_test(nothing_is_a_message),
        cmocka_unit_test(randomness_differs),
    };

    if (crypto_start() != OK)
        return 1;
    return cmocka_run_group_tests_name("native", tests, NULL, NULL);
}
