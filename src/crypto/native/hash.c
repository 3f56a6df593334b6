/* SHA-256 comes from OpenSSL, which uses the processor's instructions; HMAC-SHA-256 from libsodium, which
 * needs no memory and so cannot fail half-way through a key schedule. */
#include "crypto/crypto.h"
#include "crypto/native/native.h"
#include "crypto/somewhere.h"

#include <sodium.h>
#include <string.h>

enum result crypto_sha256(const struct bytes *parts, size_t count, uint8_t out[static 32])
{
    const struct fetched *f = fetched();
    EVP_MD_CTX *context = f == NULL ? NULL : EVP_MD_CTX_new();
    enum result res = E_CRYPTO;
    uint8_t digest[CRYPTO_SHA256_LEN];

    if (context == NULL || EVP_DigestInit_ex2(context, f->sha256, NULL) != 1)
        goto out;
    for (size_t i = 0; i < count; i++)
        if (parts[i].len != 0 && EVP_DigestUpdate(context, parts[i].at, parts[i].len) != 1)
            goto out;
    if (EVP_DigestFinal_ex(context, digest, NULL) != 1)
        goto out;
    memcpy(out, digest, sizeof digest);
    res = OK;
out:
    wipe(digest, sizeof digest);
    EVP_MD_CTX_free(context);
    return res;
}

static void update(crypto_auth_hmacsha256_state *state, const struct bytes *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (parts[i].len != 0)
            crypto_auth_hmacsha256_update(state, parts[i].at, parts[i].len);
}

enum result crypto_hmac_sha256(struct bytes key, const struct bytes *parts, size_t count,
                               uint8_t out[static 32])
{
    crypto_auth_hmacsha256_state state;

    crypto_auth_hmacsha256_init(&state, somewhere(key), key.len);
    update(&state, parts, count);
    crypto_auth_hmacsha256_final(&state, out);
    wipe(&state, sizeof state);
    return OK;
}

enum result crypto_hmac_sha1(struct bytes key, const struct bytes *parts, size_t count,
                             uint8_t out[static 20])
{
    const struct fetched *f = fetched();
    EVP_MAC_CTX *context = f == NULL ? NULL : EVP_MAC_CTX_dup(f->hmac_sha1);
    enum result res = E_CRYPTO;
    uint8_t digest[20];
    size_t len;

    /* A NULL key would mean `the key as before` to OpenSSL. */
    if (context == NULL || EVP_MAC_init(context, somewhere(key), key.len, NULL) != 1)
        goto out;
    for (size_t i = 0; i < count; i++)
        if (parts[i].len != 0 && EVP_MAC_update(context, parts[i].at, parts[i].len) != 1)
            goto out;
    if (EVP_MAC_final(context, digest, &len, sizeof digest) != 1 || len != sizeof digest)
        goto out;
    memcpy(out, digest, sizeof digest);
    res = OK;
out:
    EVP_MAC_CTX_free(context);
    return res;
}

enum result crypto_hkdf_extract(struct bytes salt, struct bytes secret, uint8_t out[static 32])
{
    return crypto_hmac_sha256(salt, &secret, 1, out);
}

enum result crypto_hkdf_expand(struct bytes prk, const struct bytes *info, size_t count, struct bytes_mut out)
{
    crypto_auth_hmacsha256_state state;
    uint8_t block[CRYPTO_SHA256_LEN];

    if (out.len > 255 * sizeof block)
        return E_TOO_LARGE;
    for (size_t done = 0; done < out.len;) {
        size_t piece = out.len - done < sizeof block ? out.len - done : sizeof block;
        uint8_t number = (uint8_t)(done / sizeof block + 1);

        crypto_auth_hmacsha256_init(&state, somewhere(prk), prk.len);
        if (done != 0)
            crypto_auth_hmacsha256_update(&state, block, sizeof block);
        update(&state, info, count);
        crypto_auth_hmacsha256_update(&state, &number, 1);
        crypto_auth_hmacsha256_final(&state, block);
        memcpy(out.at + done, block, piece);
        done += piece;
    }
    wipe(&state, sizeof state);
    wipe(block, sizeof block);
    return OK;
}
