/* One epoch of a group, whole and unchanging but for the keys of its messages: what a commit replaces at one
 * stroke. RFC 9420, sections 8 and 9. */
#ifndef CORE_EPOCH_H
#define CORE_EPOCH_H

#include "core/frame.h"
#include "core/path.h"
#include "core/schedule.h"
#include "core/secret_tree.h"
#include "core/tree.h"

struct epoch {
    uint16_t suite;
    uint64_t number;
    struct bytes group_id, extensions; /* in the arena */
    struct buffer context;             /* GroupContext, encoded */
    uint8_t tree_hash[MLS_HASH_LEN];
    uint8_t confirmed_hash[MLS_HASH_LEN];
    size_t confirmed_len; /* 0 in epoch 0 */
    uint8_t interim_hash[MLS_HASH_LEN];
    uint8_t confirmation_tag[MLS_HASH_LEN];

    struct schedule secrets;
    bool exporter_erased;
    struct secret_tree *messages;
    struct tree tree;
    struct path_keys keys;
    struct arena arena;
};

/* What an epoch is begun with. */
struct epoch_start {
    uint16_t suite;
    uint64_t number;
    struct bytes group_id, extensions;
    struct bytes confirmed_hash; /* empty in epoch 0 */
    const struct path_keys *keys;
};

/* Takes the tree, on an error too; the secrets are not there yet. OK | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result epoch_new(const struct epoch_start *, struct tree *tree, struct epoch **out);
void epoch_free(struct epoch *); /* NULL is fine; wipes */
/* Wipes all keys of an epoch whose group has ended for us; who was in it is still to be read. */
void epoch_forget(struct epoch *);
/* Moves the secrets in, and makes of them the secret tree, the confirmation tag and the interim transcript
 * hash. *secrets is wiped, whatever comes. OK | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result epoch_key(struct epoch *, struct schedule *secrets);

struct bytes epoch_context(const struct epoch *);
uint32_t epoch_own_leaf(const struct epoch *);

/* What a commit brings along besides the tree and extensions that its proposals make. */
struct epoch_step {
    const uint8_t *init;          /* the last epoch's init secret, or an external one */
    const uint8_t *commit_secret; /* 32 zeros without a path */
    const uint8_t *psk_secret;
    const struct content *commit; /* signed; its confirmation tag is not looked at */
    struct bytes extensions;
    const struct path_keys *keys;
};

/* The GroupContext that path secrets are sealed under: the new tree and extensions, the old transcript. */
MUST_USE enum result epoch_provisional(const struct epoch *, struct tree *tree, struct bytes extensions,
                                       struct buffer *out);
/* The epoch after this one. Takes the tree, on an error too. `joiner` is for the caller to wipe.
 * OK | E_NO_MEMORY | E_CRYPTO | E_TOO_LARGE (the last of 2^64 epochs) */
MUST_USE enum result epoch_next(const struct epoch *, const struct epoch_step *, struct tree *tree,
                                uint8_t joiner[static 32], struct epoch **out);

#endif
