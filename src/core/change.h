/* The list of proposals that a commit carries out: whether it is valid, and what it does to the tree. RFC
 * 9420, sections 12.1 to 12.3. Committers and those who follow go through the same functions. */
#ifndef CORE_CHANGE_H
#define CORE_CHANGE_H

#include "core/epoch.h"
#include "core/group.h"
#include "core/psk.h"

enum { CHANGE_PSKS_MAX = 64 }; /* in one commit */

/* A proposal and who made it. */
struct change_item {
    struct proposal proposal;
    uint8_t sender_type; /* enum mls_sender_type */
    uint32_t sender;     /* a leaf, or an external sender's number */
};

struct change {
    struct change_item *items; /* the caller's */
    size_t count;
    bool external;      /* a new member commits */
    uint32_t committer; /* its leaf; of a new member, once the change is applied */

    /* Found by change_check. */
    bool needs_path, reinit;
    bool new_extensions;
    struct bytes extensions; /* of the context to be; the epoch's where they do not change */
    struct bytes kem;        /* external_init */
    uint16_t psk_count;

    /* Filled by change_apply: the leaf of each Add, in order; the array has room for `count`. */
    uint32_t *added;
    size_t added_count;
};

/* One proposal against an epoch and the extensions to be, section 12.1: by itself, not in a list.
 * `sender_type` must be one that may make it. OK | E_REFUSED | E_MALFORMED | E_UNSUPPORTED | E_FORGED |
 * E_EXPIRED | E_NOT_FOUND (no such leaf) | E_TOO_LARGE (PSKs) | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result proposal_check(const struct epoch *, const struct change_item *, struct bytes extensions,
                                    const struct group_rules *, uint64_t now, uint64_t slack_s);
/* The whole list, section 12.2, but for what shows in the tree afterwards. Errors as above. */
MUST_USE enum result change_check(const struct epoch *, struct change *, const struct group_rules *,
                                  uint64_t now, uint64_t slack_s);
/* Section 12.3, to a clone of the epoch's tree. OK | E_TOO_LARGE | E_NO_MEMORY */
MUST_USE enum result change_apply(struct change *, struct tree *);
/* What must hold in the tree with proposals and path in it: no key twice, credentials and extensions
 * understood by all. OK | E_REFUSED | E_MALFORMED | E_UNSUPPORTED | E_NO_MEMORY */
MUST_USE enum result change_check_tree(const struct epoch *, const struct change *, const struct tree *);
/* OK | E_NO_KEY | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result change_psk_secret(const struct change *, const struct psk_sources *,
                                       uint8_t out[static 32]);

#endif
