/* Who a leaf is and what it may do, by the charter and the leaf's own binding. The house's word is not asked.
 * docs/protocol.md, "Charter" and "The table". core_charter_sign and core_charter_check are here as well. */
#ifndef CORE_ROLES_H
#define CORE_ROLES_H

#include "core/core.h"
#include "core/leaf.h"

/* The GroupContext extension: opaque charter<1..2^16-1>; opaque signature[64]. */
enum { ROLES_CONTEXT_BYTES = 2 + CHARTER_BYTES + 64 };
/* OK | E_TOO_LARGE */
MUST_USE enum result roles_context_write(struct bytes charter, const uint8_t signature[static 64],
                                         struct bytes_mut to, struct bytes *out);
/* Reads it and checks it as core_charter_check does. */
MUST_USE enum result roles_context_check(struct bytes extension, const uint8_t room[static 32],
                                         struct charter *out);

/* The leaf extension for a fresh leaf key; a NULL seed makes a pseudonym. OK | E_TOO_LARGE | E_CRYPTO */
MUST_USE enum result roles_bind(const uint8_t *account_seed, const uint8_t house[static 32],
                                const uint8_t room[static 32], const uint8_t leaf_key[static 32],
                                struct seat_binding *out);

/* Reads a leaf's binding without checking its signature. OK | E_REFUSED (none) | E_MALFORMED */
MUST_USE enum result roles_binding_read(const struct leaf_node *, struct seat_binding *out);
/* All that a leaf needs for a seat in this room: a binding to it, by an account's signature, or a pseudonym
 * where the charter has them. OK | E_REFUSED | E_MALFORMED | E_FORGED | E_CRYPTO */
MUST_USE enum result roles_binding_check(const struct leaf_node *, const struct charter *,
                                         const uint8_t room[static 32], struct seat_binding *out);

/* By the charter alone: the maker, and whom the charter names. */
bool roles_moderates(const struct charter *, const struct seat_binding *);
bool roles_on_stage(const struct charter *, const struct seat_binding *);

/* The house's word that a seat is lost, for this group and this epoch alone (F4). OK | E_FORGED | E_CRYPTO |
 * E_TOO_LARGE */
MUST_USE enum result roles_lost_check(const struct charter *, const uint8_t room[static 32],
                                      struct bytes group_id, uint64_t epoch, uint32_t leaf,
                                      const uint8_t signature[static 64]);

#endif
