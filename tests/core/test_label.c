/* crypto-basics.json, RFC 9180's vectors for HPKE, and refusals. */
#include "core/label.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/mls_cases.h"
#include "support/seeded.h"

static struct bytes text_of(struct json_object *object, const char *member)
{
    return bytes_string(vectors_text(object, member));
}

static void derivations(struct mls_case *c)
{
    struct json_object *part = vectors_member(c->json, "ref_hash");
    uint8_t out[255];
    size_t len;

    assert_int_equal(label_ref(text_of(part, "label"), case_hex(c, part, "value"), out), OK);
    assert_same(bytes(out, 32), case_hex(c, part, "out"));

    part = vectors_member(c->json, "expand_with_label");
    len = vectors_number(part, "length");
    assert_int_equal(label_expand(case_hex(c, part, "secret").at, text_of(part, "label"),
                                  case_hex(c, part, "context"), (struct bytes_mut){out, len}),
                     OK);
    assert_same(bytes(out, len), case_hex(c, part, "out"));

    part = vectors_member(c->json, "derive_secret");
    assert_int_equal(label_derive(case_hex(c, part, "secret").at, text_of(part, "label"), out), OK);
    assert_same(bytes(out, 32), case_hex(c, part, "out"));

    part = vectors_member(c->json, "derive_tree_secret");
    len = vectors_number(part, "length");
    assert_int_equal(label_derive_tree(case_hex(c, part, "secret").at, text_of(part, "label"),
                                       (uint32_t)vectors_number(part, "generation"),
                                       (struct bytes_mut){out, len}),
                     OK);
    assert_same(bytes(out, len), case_hex(c, part, "out"));
}

static void signatures(struct mls_case *c)
{
    struct json_object *part = vectors_member(c->json, "sign_with_label");
    struct bytes public_key = case_hex(c, part, "pub"), content = case_hex(c, part, "content");
    struct bytes label = text_of(part, "label"), signature = case_hex(c, part, "signature");
    uint8_t own[MLS_SIGNATURE_LEN];

    assert_int_equal(label_verify(public_key, label, content, signature), OK);
    assert_int_equal(label_sign(case_hex(c, part, "priv").at, label, content, own), OK);
    assert_int_equal(label_verify(public_key, label, content, BYTES_OF(own)), OK);
    assert_int_equal(label_verify(public_key, BYTES_TEXT("Other"), content, BYTES_OF(own)), E_FORGED);
    assert_int_equal(label_verify(public_key, label, bytes(own, 10), BYTES_OF(own)), E_FORGED);
    assert_int_equal(label_verify(public_key, label, content, bytes(own, 63)), E_FORGED);
    assert_int_equal(label_verify(bytes(own, 31), label, content, BYTES_OF(own)), E_FORGED);
}

static void encryption(struct mls_case *c)
{
    struct json_object *part = vectors_member(c->json, "encrypt_with_label");
    struct bytes label = text_of(part, "label"), context = case_hex(c, part, "context");
    struct bytes plain = case_hex(c, part, "plaintext"), sealed = case_hex(c, part, "ciphertext");
    struct bytes kem = case_hex(c, part, "kem_output");
    uint8_t *out = arena_take(&c->arena, plain.len + MLS_TAG_LEN), own_kem[32];
    uint8_t *back = arena_take(&c->arena, plain.len);
    struct hpke_pair pair;
    struct seeded seeded;

    seeded_start(&seeded, c->number);
    assert_int_equal(hpke_pair_from(case_hex(c, part, "priv").at, &pair), OK);
    assert_same(BYTES_OF(pair.public), case_hex(c, part, "pub"));
    assert_int_equal(label_decrypt(c->suite, &pair, label, context, kem, sealed, back), OK);
    assert_same(bytes(back, plain.len), plain);

    assert_int_equal(
        label_encrypt(&seeded.random, c->suite, pair.public, label, context, plain, own_kem, out), OK);
    sealed = bytes(out, plain.len + MLS_TAG_LEN);
    assert_int_equal(label_decrypt(c->suite, &pair, label, context, BYTES_OF(own_kem), sealed, back), OK);
    assert_same(bytes(back, plain.len), plain);
    assert_int_equal(
        label_decrypt(c->suite, &pair, BYTES_TEXT("Other"), context, BYTES_OF(own_kem), sealed, back),
        E_FORGED);
    assert_int_equal(label_decrypt(c->suite, &pair, label, context, bytes(own_kem, 31), sealed, back),
                     E_MALFORMED);
    assert_int_equal(label_decrypt(c->suite, &pair, label, context, BYTES_OF(own_kem), bytes(out, 15), back),
                     E_MALFORMED);
    /* A point of low order gives no secret (RFC 9180, section 7.1.4). */
    memset(own_kem, 0, sizeof own_kem);
    assert_int_equal(label_decrypt(c->suite, &pair, label, context, BYTES_OF(own_kem), sealed, back),
                     E_REFUSED);
}

static void basics_derive(void **state)
{
    (void)state;
    mls_cases("mls/crypto-basics.json", 2, derivations);
}

static void basics_sign(void **state)
{
    (void)state;
    mls_cases("mls/crypto-basics.json", 2, signatures);
}

static void basics_encrypt(void **state)
{
    (void)state;
    mls_cases("mls/crypto-basics.json", 2, encryption);
}

/* Gives out the secret of the vector. */
static void fill_known(void *self, uint8_t *to, size_t len)
{
    memcpy(to, self, len);
}

static void hpke_encryptions(struct mls_case *c, const struct hpke_context *sender,
                             const struct hpke_context *receiver)
{
    struct json_object *list = vectors_member(c->json, "encryptions");

    assert_true(json_object_array_length(list) >= 6);
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        struct bytes plain = case_hex(c, one, "pt"), aad = case_hex(c, one, "aad"),
                     sealed = case_hex(c, one, "ct");
        uint64_t sequence = vectors_number(one, "sequence_number");
        uint8_t out[256];

        assert_int_equal(hpke_context_seal(sender, sequence, aad, plain, out), OK);
        assert_same(bytes(out, plain.len + MLS_TAG_LEN), sealed);
        assert_int_equal(hpke_context_open(receiver, sequence, aad, sealed, out), OK);
        assert_same(bytes(out, plain.len), plain);
        assert_int_equal(hpke_context_open(receiver, sequence + 1, aad, sealed, out), E_FORGED);
    }
}

static void hpke_exports(struct mls_case *c, const struct hpke_context *context)
{
    struct json_object *list = vectors_member(c->json, "exports");

    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        uint8_t exported[32];

        assert_int_equal(vectors_number(one, "L"), 32);
        assert_int_equal(hpke_export(context, case_hex(c, one, "exporter_context"), exported), OK);
        assert_same(BYTES_OF(exported), case_hex(c, one, "exported_value"));
    }
}

static void hpke_case(struct mls_case *c)
{
    enum crypto_aead aead = (enum crypto_aead)vectors_number(c->json, "aead_id");
    bool with_psk = vectors_number(c->json, "mode") == 1;
    uint8_t secret[32], kem[32], out[256];
    struct random known = {fill_known, secret};
    struct hpke_context sender, receiver;
    struct hpke_pair own, once;
    struct hpke_psk psk = {0};
    struct bytes info = case_hex(c, c->json, "info");

    if (with_psk)
        psk = (struct hpke_psk){case_hex(c, c->json, "psk"), case_hex(c, c->json, "psk_id")};
    assert_int_equal(hpke_pair_derive(case_hex(c, c->json, "ikmR"), &own), OK);
    assert_same(BYTES_OF(own.secret), case_hex(c, c->json, "skRm"));
    assert_same(BYTES_OF(own.public), case_hex(c, c->json, "pkRm"));
    assert_int_equal(hpke_pair_derive(case_hex(c, c->json, "ikmE"), &once), OK);
    memcpy(secret, once.secret, sizeof secret);

    assert_int_equal(hpke_setup_sender(&known, aead, own.public, info, with_psk ? &psk : NULL, kem, &sender),
                     OK);
    assert_same(BYTES_OF(kem), case_hex(c, c->json, "enc"));
    assert_int_equal(hpke_setup_receiver(aead, &own, BYTES_OF(kem), info, with_psk ? &psk : NULL, &receiver),
                     OK);
    assert_memory_equal(&sender.exporter, &receiver.exporter, 32);
    assert_same(bytes(sender.key, crypto_aead_key_len(aead)), case_hex(c, c->json, "key"));
    assert_same(BYTES_OF(receiver.nonce), case_hex(c, c->json, "base_nonce"));
    assert_same(BYTES_OF(receiver.exporter), case_hex(c, c->json, "exporter_secret"));
    hpke_encryptions(c, &sender, &receiver);
    hpke_exports(c, &receiver);

    /* One message a key, as MLS has it, is the first of a context. */
    assert_int_equal(
        hpke_seal(&known, aead, own.public, info, BYTES_TEXT("aad"), BYTES_TEXT("text"), kem, out), OK);
    assert_int_equal(
        hpke_open(aead, &own, BYTES_OF(kem), info, BYTES_TEXT("aad"), bytes(out, 4 + MLS_TAG_LEN), out), OK);
    assert_memory_equal(out, "text", 4);
}

static void hpke_vectors(void **state)
{
    (void)state;
    mls_cases("hpke/rfc9180-x25519.json", 4, hpke_case);
}

/* RFC 9180, section 5.1 (VerifyPSKInputs) and 9.5. */
static void psks_that_are_none(void **state)
{
    const uint8_t long_enough[32] = {1};
    const struct {
        struct hpke_psk psk;
        enum result why;
    } rows[] = {
        {{BYTES_OF(long_enough), BYTES_TEXT("name")}, OK},
        {{BYTES_OF(long_enough), {0}}, E_REFUSED},
        {{{0}, BYTES_TEXT("name")}, E_REFUSED},
        {{bytes(long_enough, 31), BYTES_TEXT("name")}, E_REFUSED},
        {{{0}, {0}}, E_REFUSED},
    };
    struct hpke_context context;
    struct hpke_pair pair;
    uint8_t kem[32];

    (void)state;
    assert_int_equal(hpke_pair_derive(BYTES_OF(long_enough), &pair), OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(hpke_setup_sender(crypto_random(), CRYPTO_AES_128_GCM, pair.public,
                                           (struct bytes){0}, &rows[i].psk, kem, &context),
                         rows[i].why);
        assert_int_equal(hpke_setup_receiver(CRYPTO_AES_128_GCM, &pair, BYTES_OF(pair.public),
                                             (struct bytes){0}, &rows[i].psk, &context),
                         rows[i].why);
    }
}

/* Every point of small order, in each of its encodings, is refused before it comes into a tree: X25519 makes
 * nothing of it, so whoever had to seal to it could not. */
static void keys_that_are_none(void **state)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    const uint8_t secret[32] = {8, 7, 6, 5}, fine[32] = {9};
    uint8_t key[32], shared[32];
    size_t used;

    (void)state;
    for (size_t i = 0; i < 2 * sizeof points / sizeof points[0]; i++) {
        assert_int_equal(text_unhex(bytes_string(points[i / 2]), (struct bytes_mut){key, sizeof key}, &used),
                         OK);
        key[31] |= i % 2 == 0 ? 0 : 0x80;
        assert_int_equal(crypto_x25519_shared(secret, key, shared), E_REFUSED);
        assert_int_equal(hpke_key_check(BYTES_OF(key)), E_REFUSED);
    }
    assert_int_equal(crypto_x25519_shared(secret, fine, shared), OK);
    assert_int_equal(hpke_key_check(BYTES_OF(fine)), OK);
    assert_int_equal(hpke_key_check(bytes(fine, 31)), E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(basics_derive),      cmocka_unit_test(basics_sign),
        cmocka_unit_test(basics_encrypt),     cmocka_unit_test(hpke_vectors),
        cmocka_unit_test(psks_that_are_none), cmocka_unit_test(keys_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
