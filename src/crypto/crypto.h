/* The primitives that everything sealed stands on. One contract, two makes: native (OpenSSL EVP, libsodium)
 * and wasm (libsodium-wrappers-sumo by import, BearSSL's AES-GCM compiled in).
 *
 * Thread rules: functions without a context may be called from any thread; a context belongs to one thread at
 * a time. Secrets are borrowed and never kept, except inside a context, which wipes them when freed. Time
 * depends on lengths, never on secret values. Outputs are written only on OK unless said otherwise. */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"

enum {
    CRYPTO_SHA256_LEN = 32,
    CRYPTO_X25519_LEN = 32,       /* secret, public and shared alike */
    CRYPTO_ED25519_SEED_LEN = 32, /* RFC 8032's private key */
    CRYPTO_ED25519_PUBLIC_LEN = 32,
    CRYPTO_ED25519_SIGNATURE_LEN = 64,
    CRYPTO_AEAD_IV_LEN = 12,
    CRYPTO_AEAD_TAG_LEN = 16,
    CRYPTO_AES_128_GCM_KEY_LEN = 16,
    CRYPTO_CHACHA20_POLY1305_KEY_LEN = 32,
};

/* Once per process, before anything else and before threads start. OK | E_CRYPTO */
MUST_USE enum result crypto_start(void);

/* The system's randomness. Ends the process if the system has none: nothing can be promised then. */
const struct random *crypto_random(void);

/* SHA-256 (FIPS 180-4) of the parts one after another. OK | E_CRYPTO */
MUST_USE enum result crypto_sha256(const struct bytes *parts, size_t count, uint8_t out[static 32]);

/* HMAC-SHA-256 (RFC 2104) of the parts one after another. OK | E_CRYPTO */
MUST_USE enum result crypto_hmac_sha256(struct bytes key, const struct bytes *parts, size_t count,
                                        uint8_t out[static 32]);
/* HMAC-SHA-1, for STUN's MESSAGE-INTEGRITY alone (RFC 8489, section 14.5). OK | E_CRYPTO */
MUST_USE enum result crypto_hmac_sha1(struct bytes key, const struct bytes *parts, size_t count,
                                      uint8_t out[static 20]);

/* HKDF with SHA-256 (RFC 5869). Expand takes the info in parts; out.len is at most 255 * 32.
 * OK | E_TOO_LARGE | E_CRYPTO */
MUST_USE enum result crypto_hkdf_extract(struct bytes salt, struct bytes secret, uint8_t out[static 32]);
MUST_USE enum result crypto_hkdf_expand(struct bytes prk, const struct bytes *info, size_t count,
                                        struct bytes_mut out);

/* X25519 (RFC 7748). An all-zero shared secret is refused (RFC 9180, section 7.1.4). OK | E_REFUSED |
 * E_CRYPTO */
MUST_USE enum result crypto_x25519_public(const uint8_t secret[static 32], uint8_t out[static 32]);
MUST_USE enum result crypto_x25519_shared(const uint8_t secret[static 32], const uint8_t theirs[static 32],
                                          uint8_t out[static 32]);

/* Ed25519 (RFC 8032). A signature of another length than 64 is a forged one. OK | E_FORGED (verify) |
 * E_CRYPTO */
MUST_USE enum result crypto_ed25519_public(const uint8_t seed[static 32], uint8_t out[static 32]);
MUST_USE enum result crypto_ed25519_sign(const uint8_t seed[static 32], struct bytes message,
                                         uint8_t out[static 64]);
MUST_USE enum result crypto_ed25519_verify(const uint8_t public_key[static 32], struct bytes message,
                                           struct bytes signature);

enum crypto_aead { CRYPTO_AES_128_GCM = 1, CRYPTO_CHACHA20_POLY1305 = 3 }; /* HPKE's AEAD ids */

size_t crypto_aead_key_len(enum crypto_aead);

/* One AEAD key, kept expanded: nothing is allocated and no key is set per call. It seals and opens, in any
 * order. Owned by the caller. OK | E_NO_MEMORY | E_CRYPTO (a key of the wrong length, or not started) */
struct crypto_sealer;
MUST_USE enum result crypto_sealer_new(enum crypto_aead, struct bytes key, struct crypto_sealer **out);
void crypto_sealer_free(struct crypto_sealer *); /* NULL is fine; wipes */

/* Encrypts in place and writes the tag. OK | E_CRYPTO */
MUST_USE enum result crypto_seal(struct crypto_sealer *, const uint8_t iv[static 12], struct bytes aad,
                                 struct bytes_mut text, uint8_t tag[static 16]);
/* Checks and decrypts in place. On E_FORGED the text holds zeros, never unverified plain text.
 * OK | E_FORGED | E_CRYPTO */
MUST_USE enum result crypto_open(struct crypto_sealer *, const uint8_t iv[static 12], struct bytes aad,
                                 struct bytes_mut text, const uint8_t tag[static 16]);

#endif
