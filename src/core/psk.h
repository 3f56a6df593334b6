/* The pre-shared keys that a client has, and the secret that a list of them makes. RFC 9420, section 8.4. */
#ifndef CORE_PSK_H
#define CORE_PSK_H

#include "core/schedule.h"

struct psk;

/* External PSKs by their ids. An empty one is {0}. */
struct psk_store {
    struct psk *first;
};

/* Copies; a later one of the same id stands in for the earlier. OK | E_NO_MEMORY */
MUST_USE enum result psk_store_add(struct psk_store *, struct bytes id, struct bytes psk);
void psk_store_free(struct psk_store *); /* wipes */

/* The resumption PSK of one epoch of this group. */
struct resumption {
    uint64_t epoch;
    uint8_t psk[MLS_HASH_LEN];
};

/* Where PSKs are looked for. `group_id` and the resumptions are of one group, or there are none. */
struct psk_sources {
    const struct psk_store *store;
    struct bytes group_id;
    const struct resumption *resumptions;
    size_t resumption_count;
};

/* One more PSK of `count` into psk_secret, which begins as 32 zeros.
 * OK | E_NO_KEY (we have no such PSK) | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result psk_mix(const struct psk_sources *, const struct psk_id *, uint16_t index,
                             uint16_t count, uint8_t psk_secret[static 32]);

#endif
