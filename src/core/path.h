/* New keys along a member's path to the root, and how the others learn of them: TreeKEM. RFC 9420, sections
 * 7.4 to 7.6. */
#ifndef CORE_PATH_H
#define CORE_PATH_H

#include "core/hpke.h"
#include "core/proposal.h"
#include "core/tree.h"

/* A member's private keys: its leaf's, and those of the nodes above it that it knows, by level. */
struct path_keys {
    uint32_t leaf;
    uint32_t known; /* 1 << level */
    uint8_t secrets[TREE_DEPTH_MAX + 1][CRYPTO_X25519_LEN];
};

/* Forgets the keys of nodes that have become blank. */
void path_keys_prune(struct path_keys *, const struct tree *);
/* Takes the keys that follow from a path secret, for the non-blank nodes on the own path from `level` up, and
 * checks each against the tree; commit_secret is what follows the last one.
 * OK | E_REFUSED (not the tree's keys) | E_CRYPTO */
MUST_USE enum result path_keys_take(struct path_keys *, const struct tree *, unsigned level,
                                    const uint8_t path_secret[static 32], uint8_t commit_secret[static 32]);

/* A path in the making; path_making_free wipes it. */
struct path_making {
    uint32_t levels;                                   /* of the filtered path, 1 << level */
    uint8_t secrets[TREE_DEPTH_MAX + 1][MLS_HASH_LEN]; /* path secrets by level */
    uint8_t commit_secret[MLS_HASH_LEN];
    struct path_keys keys; /* the member's new ones */
};

/* Puts a fresh path into the tree, to which the proposals have been applied: new keys on the leaf's filtered
 * path, parent hashes, and the leaf itself, signed anew with source commit. `leaf` is what the leaf says
 * besides. OK | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result path_make(struct tree *, uint32_t leaf, const struct leaf_node *says,
                               struct bytes group_id, const uint8_t seed[static 32], const struct random *,
                               struct path_making *out);
/* Writes the UpdatePath: the path secrets sealed to all but the new leaves. `context` is the provisional
 * GroupContext. OK | E_REFUSED (a member's key is no key) | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result path_seal(const struct tree *, const struct path_making *, uint16_t suite,
                               struct bytes context, const uint32_t *new_leaves, size_t new_count,
                               const struct random *, struct buffer *out);

/* Merges another's UpdatePath into the tree, to which the proposals have been applied, and checks its shape
 * and its leaf's parent hash; the leaf itself is checked elsewhere. OK | E_MALFORMED | E_REFUSED |
 * E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result path_merge(struct tree *, uint32_t sender, const struct update_path *);
/* Opens the path secret that is meant for us and takes the keys that follow.
 * OK | E_MALFORMED | E_NO_KEY (sealed to none of ours) | E_FORGED | E_REFUSED | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result path_open(const struct tree *, uint32_t sender, const struct update_path *,
                               uint16_t suite, struct bytes context, const uint32_t *new_leaves,
                               size_t new_count, struct path_keys *keys, uint8_t commit_secret[static 32]);

#endif
