/* SHA-2, HMAC and HKDF on BearSSL's hashes. None of them takes memory or can fail. */
#include "crypto/crypto.h"
#include "crypto/somewhere.h"

#include <bearssl_hash.h>
#include <bearssl_hmac.h>
#include <string.h>

enum result crypto_sha256(const struct bytes *parts, size_t count, uint8_t out[static 32])
{
    br_sha256_context context;

    br_sha256_init(&context);
    for (size_t i = 0; i < count; i++)
        br_sha256_update(&context, somewhere(parts[i]), parts[i].len);
    br_sha256_out(&context, out);
    wipe(&context, sizeof context);
    return OK;
}

static void update(br_hmac_context *context, const struct bytes *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        br_hmac_update(context, somewhere(parts[i]), parts[i].len);
}

static void hmac(const br_hash_class *hash, struct bytes key, const struct bytes *parts, size_t count,
                 uint8_t *out)
{
    br_hmac_key_context pads;
    br_hmac_context context;

    br_hmac_key_init(&pads, hash, somewhere(key), key.len);
    br_hmac_init(&context, &pads, 0);
    update(&context, parts, count);
    br_hmac_out(&context, out);
    wipe(&pads, sizeof pads);
    wipe(&context, sizeof context);
}

enum result crypto_hmac_sha256(struct bytes key, const struct bytes *parts, size_t count,
                               uint8_t out[static 32])
{
    hmac(&br_sha256_vtable, key, parts, count, out);
    return OK;
}

enum result crypto_hmac_sha1(struct bytes key, const struct bytes *parts, size_t count,
                             uint8_t out[static 20])
{
    hmac(&br_sha1_vtable, key, parts, count, out);
    return OK;
}

enum result crypto_hkdf_extract(struct bytes salt, struct bytes secret, uint8_t out[static 32])
{
    return crypto_hmac_sha256(salt, &secret, 1, out);
}

enum result crypto_hkdf_expand(struct bytes prk, const struct bytes *info, size_t count, struct bytes_mut out)
{
    br_hmac_key_context pads;
    br_hmac_context context;
    uint8_t block[CRYPTO_SHA256_LEN];

    if (out.len > 255 * sizeof block)
        return E_TOO_LARGE;
    br_hmac_key_init(&pads, &br_sha256_vtable, somewhere(prk), prk.len);
    for (size_t done = 0; done < out.len;) {
        size_t piece = out.len - done < sizeof block ? out.len - done : sizeof block;
        uint8_t number = (uint8_t)(done / sizeof block + 1);

        br_hmac_init(&context, &pads, 0);
        if (done != 0)
            br_hmac_update(&context, block, sizeof block);
        update(&context, info, count);
        br_hmac_update(&context, &number, 1);
        br_hmac_out(&context, block);
        memcpy(out.at + done, block, piece);
        done += piece;
    }
    wipe(&pads, sizeof pads);
    wipe(&context, sizeof context);
    wipe(block, sizeof block);
    return OK;
}
