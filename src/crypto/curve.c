/* Both makes have libsodium's curves. */
#include "crypto/crypto.h"
#include "crypto/somewhere.h"

#include <sodium/crypto_scalarmult_curve25519.h>
#include <sodium/crypto_sign_ed25519.h>
#include <string.h>

enum result crypto_x25519_public(const uint8_t secret[static 32], uint8_t out[static 32])
{
    return crypto_scalarmult_curve25519_base(out, secret) == 0 ? OK : E_CRYPTO;
}

enum result crypto_x25519_shared(const uint8_t secret[static 32], const uint8_t theirs[static 32],
                                 uint8_t out[static 32])
{
    uint8_t shared[CRYPTO_X25519_LEN], zeros[CRYPTO_X25519_LEN] = {0};
    enum result res = E_REFUSED;

    /* libsodium refuses the known points of low order; the comparison is the rule itself. */
    if (crypto_scalarmult_curve25519(shared, secret, theirs) == 0 &&
        !equal_secret(shared, zeros, sizeof shared)) {
        memcpy(out, shared, sizeof shared);
        res = OK;
    }
    wipe(shared, sizeof shared);
    return res;
}

enum result crypto_ed25519_public(const uint8_t seed[static 32], uint8_t out[static 32])
{
    uint8_t pair[crypto_sign_ed25519_SECRETKEYBYTES], public_key[CRYPTO_ED25519_PUBLIC_LEN];
    enum result res = crypto_sign_ed25519_seed_keypair(public_key, pair, seed) == 0 ? OK : E_CRYPTO;

    if (res == OK)
        memcpy(out, public_key, sizeof public_key);
    wipe(pair, sizeof pair);
    return res;
}

enum result crypto_ed25519_sign(const uint8_t seed[static 32], struct bytes message, uint8_t out[static 64])
{
    uint8_t pair[crypto_sign_ed25519_SECRETKEYBYTES], public_key[CRYPTO_ED25519_PUBLIC_LEN];
    enum result res = E_CRYPTO;

    /* The public half goes into the signature: taken from the seed, never from a caller who might err. */
    if (crypto_sign_ed25519_seed_keypair(public_key, pair, seed) == 0 &&
        crypto_sign_ed25519_detached(out, NULL, somewhere(message), message.len, pair) == 0)
        res = OK;
    wipe(pair, sizeof pair);
    return res;
}

enum result crypto_ed25519_verify(const uint8_t public_key[static 32], struct bytes message,
                                  struct bytes signature)
{
    if (signature.len != CRYPTO_ED25519_SIGNATURE_LEN)
        return E_FORGED;
    return crypto_sign_ed25519_verify_detached(signature.at, somewhere(message), message.len, public_key) == 0
               ? OK
               : E_FORGED;
}
