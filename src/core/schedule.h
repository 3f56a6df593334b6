/* The key schedule, the secrets of an epoch, PSKs and transcript hashes. RFC 9420, section 8. */
#ifndef CORE_SCHEDULE_H
#define CORE_SCHEDULE_H

#include "core/hpke.h"
#include "core/mls.h"
#include "core/proposal.h"

/* What an epoch is made of; the owner wipes it. */
struct schedule {
    uint8_t init[MLS_HASH_LEN];
    uint8_t sender_data[MLS_HASH_LEN];
    uint8_t encryption[MLS_HASH_LEN]; /* goes to the secret tree and is wiped here */
    uint8_t exporter[MLS_HASH_LEN];
    uint8_t external[MLS_HASH_LEN];
    uint8_t confirmation[MLS_HASH_LEN]; /* used once, and wiped then */
    uint8_t membership[MLS_HASH_LEN];
    uint8_t resumption[MLS_HASH_LEN];
    uint8_t authenticator[MLS_HASH_LEN];
};

/* joiner_secret of an epoch from the last one's init secret; `context` is the new GroupContext, encoded.
 * OK | E_CRYPTO | E_TOO_LARGE, as all here */
MUST_USE enum result schedule_joiner(const uint8_t init[static 32], const uint8_t commit[static 32],
                                     struct bytes context, uint8_t out[static 32]);
/* welcome_secret */
MUST_USE enum result schedule_welcome(const uint8_t joiner[static 32], const uint8_t psk[static 32],
                                      uint8_t out[static 32]);
/* Everything that follows from the joiner_secret; or, at a founding, from a random epoch_secret. */
MUST_USE enum result schedule_epoch(const uint8_t joiner[static 32], const uint8_t psk[static 32],
                                    struct bytes context, struct schedule *out);
MUST_USE enum result schedule_from_epoch_secret(const uint8_t secret[static 32], struct schedule *out);

/* One step of psk_secret (section 8.4): begins with 32 zeros and takes PSK `index` of `count`.
 * OK | E_CRYPTO | E_NO_MEMORY */
MUST_USE enum result schedule_psk(uint8_t psk_secret[static 32], const struct psk_id *, struct bytes psk,
                                  uint16_t index, uint16_t count);

/* MLS-Exporter, section 8.5. */
MUST_USE enum result schedule_export(const uint8_t exporter[static 32], struct bytes label,
                                     struct bytes context, struct bytes_mut out);
/* The pair that external commits are made to, section 8. */
MUST_USE enum result schedule_external_pair(const uint8_t external[static 32], struct hpke_pair *out);

/* Section 8.2. `content` is ConfirmedTranscriptHashInput, encoded; the interim hash before epoch 0 is empty.
 * A tag of another length than 32 is E_MALFORMED. */
MUST_USE enum result schedule_confirmed_hash(struct bytes interim_before, struct bytes content,
                                             uint8_t out[static 32]);
MUST_USE enum result schedule_interim_hash(struct bytes confirmed, struct bytes confirmation_tag,
                                           uint8_t out[static 32]);
/* The MAC over the confirmed transcript hash, section 6.1. */
MUST_USE enum result schedule_confirmation_tag(const uint8_t confirmation[static 32], struct bytes confirmed,
                                               uint8_t out[static 32]);

#endif
