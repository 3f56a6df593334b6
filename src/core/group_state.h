/* What the files of a group share: group.c, joining.c, commit.c, open.c. */
#ifndef CORE_GROUP_STATE_H
#define CORE_GROUP_STATE_H

#include "core/change.h"
#include "core/epoch.h"
#include "core/group.h"
#include "core/psk.h"

enum group_phase {
    GROUP_ACTIVE,
    GROUP_REMOVED, /* by a commit that we followed */
    GROUP_CLOSED,  /* by a ReInit */
};

/* A proposal that waits for a commit to refer to it. */
struct waiting {
    struct waiting *next;
    uint8_t ref[MLS_HASH_LEN];
    uint8_t sender_type;
    uint32_t sender;
    struct proposal proposal; /* borrows from `encoded` */
    size_t len;
    uint8_t encoded[];
};

/* What a commit leads to. */
struct outcome {
    struct epoch *next; /* NULL where it removes us */
    enum group_phase phase;
    struct tree tree;   /* where it removes us: the one that goes on without us */
    struct arena arena; /* of the view's lists */
};

/* Our own commit, until it comes back. */
struct own_commit {
    uint8_t message_hash[MLS_HASH_LEN];
    struct outcome outcome;
    struct opened view;
};

struct group {
    struct group_rules rules;
    uint8_t seed[CRYPTO_ED25519_SEED_LEN];
    enum group_phase phase;
    struct epoch *epoch;
    struct waiting *waiting; /* oldest first */
    size_t waiting_count;
    struct own_commit *own;
    struct psk_store psks;
    struct resumption resumptions[GROUP_RESUMPTIONS]; /* newest last */
    size_t resumption_count;
};

/* A group in an epoch. Takes the epoch on OK. OK | E_NO_MEMORY */
MUST_USE enum result group_new(const struct group_rules *, const uint8_t seed[static 32], struct epoch *,
                               struct group **out);
/* Makes the outcome's epoch the group's, or ends the group. Cannot fail; takes the epoch. */
void group_advance(struct group *, struct outcome *);
struct psk_sources group_psk_sources(const struct group *);
/* E_STATE where the group has ended for us. */
MUST_USE enum result group_must_be_active(const struct group *);

/* OK | E_TOO_LARGE | E_NO_MEMORY | E_MALFORMED */
MUST_USE enum result waiting_new(const struct content *, const uint8_t ref[static MLS_HASH_LEN],
                                 struct waiting **out);
MUST_USE enum result waiting_add(struct group *, struct waiting *); /* takes it on OK */
const struct waiting *waiting_find(const struct group *, struct bytes ref);
void waiting_free_all(struct waiting *);

void outcome_free(struct outcome *);
/* Fills a view's lists: what the change does to the members, as they stand in the new tree. OK | E_NO_MEMORY
 */
MUST_USE enum result view_fill(struct opened *, struct arena *, const struct change *, bool has_path,
                               const struct tree *after);

/* A leaf's capabilities and lists for an identity, as leaf_write wants them; in the arena. Section 7.2.
 * OK | E_REFUSED | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result identity_leaf(const struct group_identity *, struct arena *, struct leaf_node *out);
/* Writes a list of extensions, with required_capabilities first where `required` has any; every type must be
 * supported. OK | E_REFUSED | E_NO_MEMORY */
MUST_USE enum result extensions_write(const struct group_extensions *, const struct group_types *required,
                                      const struct group_types *supported, struct buffer *out);

#endif
