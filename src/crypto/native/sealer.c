/* AES-GCM is OpenSSL's, which has the processor's instructions; ChaCha20-Poly1305 is libsodium's, a little
 * quicker than OpenSSL's on short texts and without a context at all. */
#include "crypto/crypto.h"
#include "crypto/native/native.h"

#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct crypto_sealer {
    enum crypto_aead aead;
    EVP_CIPHER_CTX *gcm; /* CRYPTO_AES_128_GCM: holds the expanded key; the IV is all that a call sets */
    uint8_t chacha_key[CRYPTO_CHACHA20_POLY1305_KEY_LEN];
};

size_t crypto_aead_key_len(enum crypto_aead aead)
{
    return aead == CRYPTO_AES_128_GCM ? CRYPTO_AES_128_GCM_KEY_LEN : CRYPTO_CHACHA20_POLY1305_KEY_LEN;
}

enum result crypto_sealer_new(enum crypto_aead aead, struct bytes key, struct crypto_sealer **out)
{
    const struct fetched *f = fetched();
    struct crypto_sealer *s;

    if (f == NULL || (aead != CRYPTO_AES_128_GCM && aead != CRYPTO_CHACHA20_POLY1305) ||
        key.len != crypto_aead_key_len(aead))
        return E_CRYPTO;
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return E_NO_MEMORY;
    s->aead = aead;
    if (aead == CRYPTO_CHACHA20_POLY1305) {
        memcpy(s->chacha_key, key.at, sizeof s->chacha_key);
        *out = s;
        return OK;
    }

    s->gcm = EVP_CIPHER_CTX_new();
    if (s->gcm == NULL || EVP_CipherInit_ex2(s->gcm, f->aes_128_gcm, key.at, NULL, 1, NULL) != 1) {
        enum result res = s->gcm == NULL ? E_NO_MEMORY : E_CRYPTO;

        crypto_sealer_free(s);
        return res;
    }
    *out = s;
    return OK;
}

void crypto_sealer_free(struct crypto_sealer *s)
{
    if (s == NULL)
        return;
    EVP_CIPHER_CTX_free(s->gcm); /* OpenSSL wipes it */
    wipe(s, sizeof *s);
    free(s);
}

/* Both directions run the same key schedule in GCM, so one context serves them; `seal` picks the one. */
static bool gcm_run(struct crypto_sealer *s, bool seal, const uint8_t iv[static 12], struct bytes aad,
                    struct bytes_mut text)
{
    int len;

    if (aad.len > INT_MAX || text.len > INT_MAX)
        return false;
    return EVP_CipherInit_ex2(s->gcm, NULL, NULL, iv, seal, NULL) == 1 &&
           (aad.len == 0 || EVP_CipherUpdate(s->gcm, NULL, &len, aad.at, (int)aad.len) == 1) &&
           (text.len == 0 || EVP_CipherUpdate(s->gcm, text.at, &len, text.at, (int)text.len) == 1);
}

enum result crypto_seal(struct crypto_sealer *s, const uint8_t iv[static 12], struct bytes aad,
                        struct bytes_mut text, uint8_t tag[static 16])
{
    uint8_t none[CRYPTO_AEAD_TAG_LEN];
    uint8_t *at = text.len == 0 ? none : text.at;
    int len;

    if (s->aead == CRYPTO_CHACHA20_POLY1305) {
        int failed = crypto_aead_chacha20poly1305_ietf_encrypt_detached(at, tag, NULL, at, text.len, aad.at,
                                                                        aad.len, NULL, iv, s->chacha_key);

        return failed == 0 ? OK : E_CRYPTO;
    }
    if (!gcm_run(s, true, iv, aad, text) || EVP_CipherFinal_ex(s->gcm, none, &len) != 1 ||
        EVP_CIPHER_CTX_ctrl(s->gcm, EVP_CTRL_AEAD_GET_TAG, CRYPTO_AEAD_TAG_LEN, tag) != 1)
        return E_CRYPTO;
    return OK;
}

enum result crypto_open(struct crypto_sealer *s, const uint8_t iv[static 12], struct bytes aad,
                        struct bytes_mut text, const uint8_t tag[static 16])
{
    uint8_t none[CRYPTO_AEAD_TAG_LEN], expected[CRYPTO_AEAD_TAG_LEN];
    uint8_t *at = text.len == 0 ? none : text.at;
    enum result res = OK;
    int len;

    if (s->aead == CRYPTO_CHACHA20_POLY1305) {
        if (crypto_aead_chacha20poly1305_ietf_decrypt_detached(at, NULL, at, text.len, tag, aad.at, aad.len,
                                                               iv, s->chacha_key) != 0)
            res = E_FORGED;
    } else {
        memcpy(expected, tag, sizeof expected); /* OpenSSL asks for a tag that it could write to */
        if (!gcm_run(s, false, iv, aad, text) ||
            EVP_CIPHER_CTX_ctrl(s->gcm, EVP_CTRL_AEAD_SET_TAG, sizeof expected, expected) != 1)
            res = E_CRYPTO;
        else if (EVP_CipherFinal_ex(s->gcm, none, &len) != 1)
            res = E_FORGED;
    }
    /* OpenSSL decrypts before it has checked: what did not verify may not be read by anybody. */
    if (res != OK)
        wipe(text.at, text.len);
    return res;
}
