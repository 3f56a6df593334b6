/* The ratchet tree: who is in a group, and the public keys that secrets are sent to. RFC 9420, section 7.
 * A tree owns all that its nodes point at. Changing it is additive in memory until it is cloned: a commit
 * works on a clone, and the old tree dies with its epoch. Nothing recurses, whatever the shape. */
#ifndef CORE_TREE_H
#define CORE_TREE_H

#include "base/arena.h"
#include "core/leaf.h"
#include "core/tree_math.h"

struct parent_node {
    struct bytes key;
    struct bytes parent_hash;
    uint32_t *unmerged; /* leaves, ascending */
    uint32_t unmerged_count, unmerged_room;
};

/* Blank where both are NULL. */
struct tree_node {
    struct leaf_node *leaf;
    struct parent_node *parent;
    bool hashed;
    uint8_t hash[MLS_HASH_LEN]; /* the subtree's, where hashed */
};

struct tree {
    unsigned depth; /* 2^depth leaves */
    struct tree_node *nodes;
    struct arena arena;
};

/* A list of nodes; the array is the caller's, and one of tree_node_count is always enough. */
struct node_list {
    uint32_t *at;
    uint32_t count;
};

/* One blank leaf. OK | E_NO_MEMORY */
MUST_USE enum result tree_new(struct tree *);
void tree_free(struct tree *); /* a zeroed one is fine */
/* A deep copy. OK | E_NO_MEMORY; *out is zero after an error. */
MUST_USE enum result tree_clone(const struct tree *, struct tree *out);

/* The ratchet_tree extension's content, section 12.4.3.3. Only the shape is checked: tree_check does the
 * rest. OK | E_MALFORMED | E_TOO_LARGE (over 65,536 leaves) | E_NO_MEMORY; *out is zero after an error. */
MUST_USE enum result tree_read(struct bytes, struct tree *out);
void tree_write(struct buffer *, const struct tree *);

uint32_t tree_leaf_limit(const struct tree *);
bool tree_is_blank(const struct tree *, uint32_t node);
/* NULL for a blank leaf, or one beyond the tree. */
const struct leaf_node *tree_leaf(const struct tree *, uint32_t leaf);

/* Section 12.1.1: the leftmost blank leaf takes a copy; the tree grows where it must. OK | E_NO_MEMORY |
 * E_TOO_LARGE */
MUST_USE enum result tree_add(struct tree *, const struct leaf_node *, uint32_t *leaf);
/* The same for a newcomer by an external commit, which takes its place and nothing else: its path follows. */
MUST_USE enum result tree_reserve(struct tree *, uint32_t *leaf);
/* A leaf in the place of another; the path above is left as it is. OK | E_NO_MEMORY */
MUST_USE enum result tree_put_leaf(struct tree *, uint32_t leaf, const struct leaf_node *);
/* A parent with no unmerged leaves. OK | E_NO_MEMORY */
MUST_USE enum result tree_put_parent(struct tree *, uint32_t node, struct bytes key,
                                     struct bytes parent_hash);
void tree_blank_leaf(struct tree *, uint32_t leaf);
void tree_blank_path(struct tree *, uint32_t leaf);
/* Halves the tree as long as its right half has no member. Section 7.7. */
void tree_truncate(struct tree *);

/* Appends the resolution of a node (section 4.1.1) to the list. */
void tree_resolve(const struct tree *, uint32_t node, struct node_list *);
/* The levels of a leaf's filtered direct path (section 4.1.2), as a bit set: 1 << level. */
uint32_t tree_filtered_path(const struct tree *, uint32_t leaf);

/* Section 7.8: the hash of a node's subtree, computed where it is not known. OK | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result tree_hash(struct tree *, uint32_t node, uint8_t out[static MLS_HASH_LEN]);
MUST_USE enum result tree_root_hash(struct tree *, uint8_t out[static MLS_HASH_LEN]);
/* ParentHashInput's hash, section 7.9. OK | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result tree_parent_hash(struct bytes key, struct bytes parent_hash, struct bytes sibling_hash,
                                      uint8_t out[static MLS_HASH_LEN]);

/* Section 7.9.2, as when joining. OK | E_REFUSED | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result tree_check_parent_hashes(struct tree *);
/* What else section 12.4.3.1 asks of a tree: key lengths, order and place of unmerged leaves, no key twice,
 * every leaf valid in the group, every credential understood by all. Signatures are tree_check_signatures'.
 * OK | E_MALFORMED | E_REFUSED | E_UNSUPPORTED | E_NO_MEMORY */
MUST_USE enum result tree_check(const struct tree *, uint16_t suite, struct bytes context_extensions);
/* The part of it that a commit can break: no key twice, every credential understood by all.
 * OK | E_REFUSED | E_NO_MEMORY */
MUST_USE enum result tree_check_members(const struct tree *);
/* Whether a leaf that is valid by itself could come in without breaking that. OK | E_EXISTS (a key that is
 * there already) | E_REFUSED */
MUST_USE enum result tree_check_newcomer(const struct tree *, const struct leaf_node *);
/* OK | E_FORGED | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result tree_check_signatures(const struct tree *, struct bytes group_id);

#endif
