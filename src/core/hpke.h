/* Hybrid public-key encryption: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, base and PSK mode. RFC 9180,
 * sections 4 to 6. */
#ifndef CORE_HPKE_H
#define CORE_HPKE_H

#include "crypto/crypto.h"

/* The owner wipes it. */
struct hpke_pair {
    uint8_t secret[CRYPTO_X25519_LEN];
    uint8_t public[CRYPTO_X25519_LEN];
};

/* What both ends agree on: the AEAD's key and first nonce, and the secret to export from. */
struct hpke_context {
    enum crypto_aead aead;
    uint8_t key[32]; /* crypto_aead_key_len of it */
    uint8_t nonce[CRYPTO_AEAD_IV_LEN];
    uint8_t exporter[32];
};

/* A fresh pair; a pair from key material (DeriveKeyPair, section 7.1.3); a pair from its secret half.
 * OK | E_CRYPTO */
MUST_USE enum result hpke_pair_new(const struct random *, struct hpke_pair *out);
MUST_USE enum result hpke_pair_derive(struct bytes material, struct hpke_pair *out);
MUST_USE enum result hpke_pair_from(const uint8_t secret[static 32], struct hpke_pair *out);

/* Whether anything can be sealed to a public key. A key of small order is none: its secret would be the same
 * for everybody, so X25519 refuses it (RFC 7748, section 6.1), and a group with such a key in its tree could
 * commit nothing any more. OK | E_MALFORMED (length) | E_REFUSED */
MUST_USE enum result hpke_key_check(struct bytes public_key);

/* What both ends know beforehand, and its name: 32 bytes of secret at least (section 9.5). */
struct hpke_psk {
    struct bytes secret, id;
};

/* SetupBaseS and SetupBaseR, or with a PSK SetupPSKS and SetupPSKR; NULL is none. *out is for the caller to
 * wipe. OK | E_REFUSED (a key that is no key; a PSK too short or without a name) | E_MALFORMED (a kem of
 * another length) | E_CRYPTO */
MUST_USE enum result hpke_setup_sender(const struct random *, enum crypto_aead, const uint8_t to[static 32],
                                       struct bytes info, const struct hpke_psk *, uint8_t kem[static 32],
                                       struct hpke_context *out);
MUST_USE enum result hpke_setup_receiver(enum crypto_aead, const struct hpke_pair *own, struct bytes kem,
                                         struct bytes info, const struct hpke_psk *,
                                         struct hpke_context *out);
/* One message of a context, section 5.2; a number is sealed under once. `out` as below.
 * OK | E_FORGED | E_MALFORMED (too short for a tag) | E_CRYPTO | E_NO_MEMORY */
MUST_USE enum result hpke_context_seal(const struct hpke_context *, uint64_t sequence, struct bytes aad,
                                       struct bytes text, uint8_t *out);
MUST_USE enum result hpke_context_open(const struct hpke_context *, uint64_t sequence, struct bytes aad,
                                       struct bytes sealed, uint8_t *out);
/* Context.Export with a length of 32. OK | E_CRYPTO */
MUST_USE enum result hpke_export(const struct hpke_context *, struct bytes label, uint8_t out[static 32]);

/* SealBase: `out` holds text.len + 16 bytes. OK | E_REFUSED | E_CRYPTO | E_NO_MEMORY */
MUST_USE enum result hpke_seal(const struct random *, enum crypto_aead, const uint8_t to[static 32],
                               struct bytes info, struct bytes aad, struct bytes text, uint8_t kem[static 32],
                               uint8_t *out);
/* OpenBase: `out` holds sealed.len - 16 bytes and is zero after E_FORGED. OK | E_FORGED | E_REFUSED |
 * E_MALFORMED (too short for a tag, a kem of another length) | E_CRYPTO | E_NO_MEMORY */
MUST_USE enum result hpke_open(enum crypto_aead, const struct hpke_pair *own, struct bytes kem,
                               struct bytes info, struct bytes aad, struct bytes sealed, uint8_t *out);

#endif
