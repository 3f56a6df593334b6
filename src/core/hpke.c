#include "core/hpke.h"

#include <stdlib.h>
#include <string.h>

enum {
    KEY_LEN = CRYPTO_X25519_LEN,
    TAG_LEN = CRYPTO_AEAD_TAG_LEN,
    PSK_LEN_MIN = 32,
    MODE_BASE = 0,
    MODE_PSK = 1,
};

/* "KEM" and the KEM's number; "HPKE" and the numbers of KEM, KDF and AEAD (sections 4.1, 5.1). */
static const uint8_t kem_suite[] = {'K', 'E', 'M', 0x00, 0x20};

struct suite_id {
    uint8_t id[10];
};

static struct suite_id hpke_suite(enum crypto_aead aead)
{
    return (struct suite_id){{'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, (uint8_t)aead}};
}

/* LabeledExtract. HKDF-Extract is HMAC under the salt, and HMAC takes its text in parts. */
static enum result extract(struct bytes suite, struct bytes salt, struct bytes label, struct bytes material,
                           uint8_t out[static 32])
{
    const struct bytes parts[] = {BYTES_TEXT("HPKE-v1"), suite, label, material};

    return crypto_hmac_sha256(salt, parts, 4, out);
}

/* LabeledExpand. */
static enum result expand(struct bytes suite, const uint8_t prk[static 32], struct bytes label,
                          struct bytes info, struct bytes_mut out)
{
    uint8_t length[2] = {(uint8_t)(out.len >> 8), (uint8_t)out.len};
    const struct bytes parts[] = {BYTES_OF(length), BYTES_TEXT("HPKE-v1"), suite, label, info};

    return crypto_hkdf_expand(bytes(prk, 32), parts, 5, out);
}

enum result hpke_pair_from(const uint8_t secret[static 32], struct hpke_pair *out)
{
    struct hpke_pair pair;
    enum result res;

    memcpy(pair.secret, secret, KEY_LEN);
    res = crypto_x25519_public(pair.secret, pair.public);
    if (res == OK)
        *out = pair;
    wipe(&pair, sizeof pair);
    return res;
}

enum result hpke_pair_new(const struct random *random, struct hpke_pair *out)
{
    uint8_t secret[KEY_LEN];
    enum result res;

    random_fill(random, secret, sizeof secret);
    res = hpke_pair_from(secret, out);
    wipe(secret, sizeof secret);
    return res;
}

enum result hpke_pair_derive(struct bytes material, struct hpke_pair *out)
{
    uint8_t prk[32], secret[KEY_LEN];
    enum result res;

    res = extract(BYTES_OF(kem_suite), (struct bytes){0}, BYTES_TEXT("dkp_prk"), material, prk);
    if (res == OK)
        res = expand(BYTES_OF(kem_suite), prk, BYTES_TEXT("sk"), (struct bytes){0},
                     (struct bytes_mut){secret, sizeof secret});
    if (res == OK)
        res = hpke_pair_from(secret, out);
    wipe(prk, sizeof prk);
    wipe(secret, sizeof secret);
    return res;
}

/* ExtractAndExpand of section 4.1: the shared secret of a Diffie-Hellman result and both public keys. */
static enum result kem_secret(const uint8_t dh[static 32], const uint8_t kem[static 32],
                              const uint8_t receiver[static 32], uint8_t out[static 32])
{
    uint8_t context[2 * KEY_LEN], prk[32];
    enum result res;

    memcpy(context, kem, KEY_LEN);
    memcpy(context + KEY_LEN, receiver, KEY_LEN);
    res = extract(BYTES_OF(kem_suite), (struct bytes){0}, BYTES_TEXT("eae_prk"), bytes(dh, 32), prk);
    if (res == OK)
        res = expand(BYTES_OF(kem_suite), prk, BYTES_TEXT("shared_secret"), BYTES_OF(context),
                     (struct bytes_mut){out, 32});
    wipe(prk, sizeof prk);
    return res;
}

/* KeySchedule of section 5.1, in PSK mode where there is one. */
static enum result key_schedule(enum crypto_aead aead, const uint8_t shared[static 32], struct bytes info,
                                const struct hpke_psk *psk, struct hpke_context *out)
{
    static const struct hpke_psk no_psk;
    const struct hpke_psk *with = psk == NULL ? &no_psk : psk;
    struct suite_id id = hpke_suite(aead);
    struct bytes suite = BYTES_OF(id.id), none = {0};
    uint8_t context[1 + 2 * 32] = {psk == NULL ? MODE_BASE : MODE_PSK}; /* and two hashes */
    uint8_t secret[32];
    struct hpke_context made = {.aead = aead};
    enum result res;

    if (psk != NULL && (psk->secret.len < PSK_LEN_MIN || psk->id.len == 0))
        return E_REFUSED;
    res = extract(suite, none, BYTES_TEXT("psk_id_hash"), with->id, context + 1);
    if (res == OK)
        res = extract(suite, none, BYTES_TEXT("info_hash"), info, context + 1 + 32);
    if (res == OK)
        res = extract(suite, bytes(shared, 32), BYTES_TEXT("secret"), with->secret, secret);
    if (res == OK)
        res = expand(suite, secret, BYTES_TEXT("key"), BYTES_OF(context),
                     (struct bytes_mut){made.key, crypto_aead_key_len(aead)});
    if (res == OK)
        res = expand(suite, secret, BYTES_TEXT("base_nonce"), BYTES_OF(context),
                     (struct bytes_mut){made.nonce, sizeof made.nonce});
    if (res == OK)
        res = expand(suite, secret, BYTES_TEXT("exp"), BYTES_OF(context),
                     (struct bytes_mut){made.exporter, sizeof made.exporter});
    if (res == OK)
        *out = made;
    wipe(secret, sizeof secret);
    wipe(&made, sizeof made);
    return res;
}

/* All of small order on the curve and on its twist, and what is the same modulo p. The highest bit counts for
 * nothing (RFC 7748, section 5). */
static const uint8_t small_order[][KEY_LEN] = {
    {0},
    {1},
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
     0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
     0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

enum result hpke_key_check(struct bytes public_key)
{
    uint8_t key[KEY_LEN];

    if (public_key.len != sizeof key)
        return E_MALFORMED;
    memcpy(key, public_key.at, sizeof key);
    key[KEY_LEN - 1] &= 0x7f;
    for (size_t i = 0; i < sizeof small_order / sizeof small_order[0]; i++)
        if (memcmp(key, small_order[i], sizeof key) == 0)
            return E_REFUSED;
    return OK;
}

enum result hpke_setup_sender(const struct random *random, enum crypto_aead aead, const uint8_t to[static 32],
                              struct bytes info, const struct hpke_psk *psk, uint8_t kem[static 32],
                              struct hpke_context *out)
{
    struct hpke_pair once;
    uint8_t dh[32], shared[32];
    enum result res;

    res = hpke_pair_new(random, &once);
    if (res != OK)
        return res;
    res = crypto_x25519_shared(once.secret, to, dh);
    if (res == OK)
        res = kem_secret(dh, once.public, to, shared);
    if (res == OK)
        res = key_schedule(aead, shared, info, psk, out);
    if (res == OK)
        memcpy(kem, once.public, KEY_LEN);
    wipe(&once, sizeof once);
    wipe(dh, sizeof dh);
    wipe(shared, sizeof shared);
    return res;
}

enum result hpke_setup_receiver(enum crypto_aead aead, const struct hpke_pair *own, struct bytes kem,
                                struct bytes info, const struct hpke_psk *psk, struct hpke_context *out)
{
    uint8_t dh[32], shared[32];
    enum result res;

    if (kem.len != KEY_LEN)
        return E_MALFORMED;
    res = crypto_x25519_shared(own->secret, kem.at, dh);
    if (res == OK)
        res = kem_secret(dh, kem.at, own->public, shared);
    if (res == OK)
        res = key_schedule(aead, shared, info, psk, out);
    wipe(dh, sizeof dh);
    wipe(shared, sizeof shared);
    return res;
}

enum result hpke_export(const struct hpke_context *context, struct bytes label, uint8_t out[static 32])
{
    struct suite_id id = hpke_suite(context->aead);

    return expand(BYTES_OF(id.id), context->exporter, BYTES_TEXT("sec"), label, (struct bytes_mut){out, 32});
}

/* ComputeNonce, section 5.2. */
static void nonce_of(const struct hpke_context *context, uint64_t sequence, uint8_t out[CRYPTO_AEAD_IV_LEN])
{
    memcpy(out, context->nonce, CRYPTO_AEAD_IV_LEN);
    for (unsigned i = 0; i < sizeof sequence; i++)
        out[CRYPTO_AEAD_IV_LEN - 1 - i] ^= (uint8_t)(sequence >> 8 * i);
}

enum result hpke_context_seal(const struct hpke_context *context, uint64_t sequence, struct bytes aad,
                              struct bytes text, uint8_t *out)
{
    struct crypto_sealer *sealer = NULL;
    uint8_t nonce[CRYPTO_AEAD_IV_LEN];
    enum result res =
        crypto_sealer_new(context->aead, bytes(context->key, crypto_aead_key_len(context->aead)), &sealer);

    if (res != OK)
        return res;
    nonce_of(context, sequence, nonce);
    if (text.len != 0)
        memcpy(out, text.at, text.len);
    res = crypto_seal(sealer, nonce, aad, (struct bytes_mut){out, text.len}, out + text.len);
    crypto_sealer_free(sealer);
    return res;
}

enum result hpke_context_open(const struct hpke_context *context, uint64_t sequence, struct bytes aad,
                              struct bytes sealed, uint8_t *out)
{
    struct crypto_sealer *sealer = NULL;
    uint8_t nonce[CRYPTO_AEAD_IV_LEN];
    size_t len = sealed.len - TAG_LEN;
    enum result res;

    if (sealed.len < TAG_LEN)
        return E_MALFORMED;
    res = crypto_sealer_new(context->aead, bytes(context->key, crypto_aead_key_len(context->aead)), &sealer);
    if (res != OK)
        return res;
    nonce_of(context, sequence, nonce);
    if (len != 0)
        memcpy(out, sealed.at, len);
    res = crypto_open(sealer, nonce, aad, (struct bytes_mut){out, len}, sealed.at + len);
    crypto_sealer_free(sealer);
    return res;
}

enum result hpke_seal(const struct random *random, enum crypto_aead aead, const uint8_t to[static 32],
                      struct bytes info, struct bytes aad, struct bytes text, uint8_t kem[static 32],
                      uint8_t *out)
{
    struct hpke_context context;
    enum result res = hpke_setup_sender(random, aead, to, info, NULL, kem, &context);

    if (res != OK)
        return res;
    res = hpke_context_seal(&context, 0, aad, text, out);
    wipe(&context, sizeof context);
    return res;
}

enum result hpke_open(enum crypto_aead aead, const struct hpke_pair *own, struct bytes kem, struct bytes info,
                      struct bytes aad, struct bytes sealed, uint8_t *out)
{
    struct hpke_context context;
    enum result res;

    if (sealed.len < TAG_LEN)
        return E_MALFORMED;
    res = hpke_setup_receiver(aead, own, kem, info, NULL, &context);
    if (res != OK)
        return res;
    res = hpke_context_open(&context, 0, aad, sealed, out);
    wipe(&context, sizeof context);
    return res;
}
