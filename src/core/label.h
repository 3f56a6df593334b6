/* Everything that MLS derives, signs, refers to or seals carries a label. RFC 9420, sections 5.1.2, 5.1.3,
 * 5.2, 8 and 9.1. Labels are given without "MLS 1.0 ". What is signed or sealed with a leaf's keys outside of
 * MLS goes through here as well, under labels of its own (sections 17.6, 17.7). */
#ifndef CORE_LABEL_H
#define CORE_LABEL_H

#include "core/hpke.h"
#include "core/mls.h"

/* ExpandWithLabel. OK | E_TOO_LARGE | E_CRYPTO */
MUST_USE enum result label_expand(const uint8_t secret[static 32], struct bytes label, struct bytes context,
                                  struct bytes_mut out);
/* DeriveSecret. OK | E_CRYPTO */
MUST_USE enum result label_derive(const uint8_t secret[static 32], struct bytes label,
                                  uint8_t out[static 32]);
/* DeriveTreeSecret. OK | E_CRYPTO */
MUST_USE enum result label_derive_tree(const uint8_t secret[static 32], struct bytes label,
                                       uint32_t generation, struct bytes_mut out);

/* RefHash; this label alone is given whole. OK | E_CRYPTO */
MUST_USE enum result label_ref(struct bytes label, struct bytes value, uint8_t out[static 32]);

/* SignWithLabel, VerifyWithLabel. A key or signature of another length is E_FORGED.
 * OK | E_FORGED | E_CRYPTO | E_NO_MEMORY */
MUST_USE enum result label_sign(const uint8_t seed[static 32], struct bytes label, struct bytes content,
                                uint8_t out[static MLS_SIGNATURE_LEN]);
MUST_USE enum result label_verify(struct bytes public_key, struct bytes label, struct bytes content,
                                  struct bytes signature);

/* EncryptWithLabel: `out` holds text.len + 16 bytes. DecryptWithLabel: `out` holds sealed.len - 16.
 * Errors as hpke_seal and hpke_open. */
MUST_USE enum result label_encrypt(const struct random *, uint16_t suite, const uint8_t to[static 32],
                                   struct bytes label, struct bytes context, struct bytes text,
                                   uint8_t kem[static 32], uint8_t *out);
MUST_USE enum result label_decrypt(uint16_t suite, const struct hpke_pair *own, struct bytes label,
                                   struct bytes context, struct bytes kem, struct bytes sealed, uint8_t *out);

#endif
