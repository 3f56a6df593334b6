/* BearSSL's AES-GCM and ChaCha20-Poly1305: bitsliced and without tables, so that their time depends on
 * lengths alone. A browser has the first only as a promise, and a frame cannot wait for one. */
#include "crypto/crypto.h"
#include "crypto/somewhere.h"

#include <bearssl_aead.h>
#include <bearssl_block.h>
#include <stdlib.h>
#include <string.h>

struct crypto_sealer {
    enum crypto_aead aead;
    br_aes_ct64_ctr_keys aes;
    br_gcm_context gcm; /* reads `aes`; the IV is all that a call sets */
    uint8_t chacha_key[CRYPTO_CHACHA20_POLY1305_KEY_LEN];
};

size_t crypto_aead_key_len(enum crypto_aead aead)
{
    return aead == CRYPTO_AES_128_GCM ? CRYPTO_AES_128_GCM_KEY_LEN : CRYPTO_CHACHA20_POLY1305_KEY_LEN;
}

enum result crypto_sealer_new(enum crypto_aead aead, struct bytes key, struct crypto_sealer **out)
{
    struct crypto_sealer *s;

    if ((aead != CRYPTO_AES_128_GCM && aead != CRYPTO_CHACHA20_POLY1305) ||
        key.len != crypto_aead_key_len(aead))
        return E_CRYPTO;
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return E_NO_MEMORY;
    s->aead = aead;
    if (aead == CRYPTO_CHACHA20_POLY1305) {
        memcpy(s->chacha_key, key.at, sizeof s->chacha_key);
    } else {
        br_aes_ct64_ctr_init(&s->aes, key.at, key.len);
        br_gcm_init(&s->gcm, &s->aes.vtable, br_ghash_ctmul64);
    }
    *out = s;
    return OK;
}

void crypto_sealer_free(struct crypto_sealer *s)
{
    if (s == NULL)
        return;
    wipe(s, sizeof *s);
    free(s);
}

/* The text is ciphered in place, and the tag is that of the ciphertext, whichever side of it that is. */
static void run(struct crypto_sealer *s, bool seal, const uint8_t iv[static 12], struct bytes aad,
                struct bytes_mut text, uint8_t tag[static 16])
{
    if (s->aead == CRYPTO_CHACHA20_POLY1305) {
        br_poly1305_ctmul_run(s->chacha_key, iv, text.at, text.len, somewhere(aad), aad.len, tag,
                              br_chacha20_ct_run, seal);
        return;
    }
    br_gcm_reset(&s->gcm, iv, CRYPTO_AEAD_IV_LEN);
    br_gcm_aad_inject(&s->gcm, somewhere(aad), aad.len);
    br_gcm_flip(&s->gcm);
    br_gcm_run(&s->gcm, seal, text.at, text.len);
    br_gcm_get_tag(&s->gcm, tag);
}

enum result crypto_seal(struct crypto_sealer *s, const uint8_t iv[static 12], struct bytes aad,
                        struct bytes_mut text, uint8_t tag[static 16])
{
    run(s, true, iv, aad, text, tag);
    return OK;
}

enum result crypto_open(struct crypto_sealer *s, const uint8_t iv[static 12], struct bytes aad,
                        struct bytes_mut text, const uint8_t tag[static 16])
{
    uint8_t made[CRYPTO_AEAD_TAG_LEN];
    enum result res = OK;

    run(s, false, iv, aad, text, made);
    if (!equal_secret(made, tag, sizeof made)) {
        wipe(text.at, text.len); /* what did not verify may not be read by anybody */
        res = E_FORGED;
    }
    wipe(made, sizeof made);
    return res;
}
