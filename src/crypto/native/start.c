#include "crypto/crypto.h"
#include "crypto/native/native.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <sodium.h>

/* The one piece of process-wide state here: the contract's functions take no context to keep it in. */
static struct fetched library;

const struct fetched *fetched(void)
{
    return library.sha256 == NULL ? NULL : &library;
}

static EVP_MAC_CTX *hmac_sha1_new(void)
{
    char digest[] = "SHA1";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = hmac == NULL ? NULL : EVP_MAC_CTX_new(hmac);

    EVP_MAC_free(hmac); /* the context holds it */
    if (context != NULL && EVP_MAC_CTX_set_params(context, params) != 1) {
        EVP_MAC_CTX_free(context);
        return NULL;
    }
    return context;
}

enum result crypto_start(void)
{
    if (library.sha256 != NULL)
        return OK;
    if (sodium_init() < 0)
        return E_CRYPTO;

    struct fetched f = {
        .sha256 = EVP_MD_fetch(NULL, "SHA256", NULL),
        .aes_128_gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL),
        .hmac_sha1 = hmac_sha1_new(),
    };
    if (f.sha256 == NULL || f.aes_128_gcm == NULL || f.hmac_sha1 == NULL) {
        EVP_MD_free(f.sha256);
        EVP_CIPHER_free(f.aes_128_gcm);
        EVP_MAC_CTX_free(f.hmac_sha1);
        return E_CRYPTO;
    }
    library = f;
    return OK;
}

static void fill(void *self, uint8_t *to, size_t len)
{
    (void)self;
    randombytes_buf(to, len); /* aborts where the system has no randomness */
}

const struct random *crypto_random(void)
{
    static const struct random system_random = {fill, NULL};

    return &system_random;
}
