/* What is signed in a room besides MLS, and checked: charters, who a leaf is, statements, who takes whose
 * place. What follows from it all is core/standing.h. docs/protocol.md, "Rooms". core_charter_sign and
 * core_charter_check are here as well. */
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

/* The leaf extension for a fresh leaf key; a NULL seed makes a pseudonym. Off stage.
 * OK | E_TOO_LARGE | E_CRYPTO */
MUST_USE enum result roles_bind(const uint8_t *account_seed, const uint8_t house[static 32],
                                const uint8_t room[static 32], const uint8_t leaf_key[static 32],
                                struct seat_binding *out);

/* Lets the link's secret vouch for the leaf key. OK | E_TOO_LARGE | E_CRYPTO */
MUST_USE enum result roles_vouch(const uint8_t secret[static CORE_SECRET_BYTES],
                                 const uint8_t house[static 32], const uint8_t room[static 32],
                                 const uint8_t leaf_key[static 32], struct seat_binding *);

/* Reads a leaf's binding without checking its signature. OK | E_REFUSED (none) | E_MALFORMED */
MUST_USE enum result roles_binding_read(const struct leaf_node *, struct seat_binding *out);
/* All that a leaf needs for a seat in this room but a right voucher: a binding to it, by an account's
 * signature, or a pseudonym where the charter has them; a voucher in private rooms, and in no others; a basic
 * credential with an empty identity; and no larger than a KeyPackage may be. OK | E_REFUSED | E_TOO_LARGE |
 * E_MALFORMED | E_FORGED | E_CRYPTO */
MUST_USE enum result roles_binding_check(const struct leaf_node *, const struct charter *,
                                         const uint8_t room[static 32], struct seat_binding *out);

/* The voucher of a binding that has been checked, by a link key. OK (also where the room is not private) |
 * E_FORGED | E_CRYPTO */
MUST_USE enum result roles_voucher_check(const struct leaf_node *, const struct seat_binding *,
                                         const struct charter *, const uint8_t room[static 32],
                                         const uint8_t link_key[static 32]);

/* Numbers and signs a statement; `number`, `verb`, `kind` and `subject` are set already. OK | E_CRYPTO */
MUST_USE enum result roles_state(const uint8_t account_seed[static 32], const uint8_t house[static 32],
                                 const uint8_t room[static 32], struct statement *);

/* The leaf's own word that a leaf with this key takes its place, and its check. OK | E_FORGED | E_NO_MEMORY |
 * E_CRYPTO */
MUST_USE enum result roles_replaces(const uint8_t leaf_seed[static 32], const uint8_t room[static 32],
                                    const uint8_t key[static 32], uint8_t signature[static 64]);
MUST_USE enum result roles_replaces_check(struct bytes leaf_key, const uint8_t room[static 32],
                                          const uint8_t key[static 32], const uint8_t signature[static 64]);

/* The house's word that a seat is lost, for this group and this epoch alone (F4). OK | E_FORGED | E_CRYPTO |
 * E_TOO_LARGE */
MUST_USE enum result roles_lost_check(const struct charter *, const uint8_t room[static 32],
                                      struct bytes group_id, uint64_t epoch, uint32_t leaf,
                                      const uint8_t signature[static 64]);

#endif
