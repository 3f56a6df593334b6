/* What the native make fetches from OpenSSL once and for the whole process. A fetch takes locks and
 * microseconds, so it may not happen per packet or per connection. Written by crypto_start alone, before
 * threads start, and only read afterwards. */
#ifndef CRYPTO_NATIVE_NATIVE_H
#define CRYPTO_NATIVE_NATIVE_H

#include <openssl/evp.h>

struct fetched {
    EVP_MD *sha256;
    EVP_CIPHER *aes_128_gcm;
    EVP_MAC_CTX *hmac_sha1; /* a template with its digest set: each call works on a copy */
};

/* NULL before crypto_start. */
const struct fetched *fetched(void);

#endif
