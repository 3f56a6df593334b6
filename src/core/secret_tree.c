#include "core/secret_tree.h"

#include "core/label.h"
#include "core/tree_math.h"

#include <stdlib.h>
#include <string.h>

struct kept_key {
    bool held;
    uint32_t generation;
    struct message_key key;
};

struct ratchet {
    uint8_t secret[MLS_HASH_LEN]; /* of generation `next` */
    uint64_t next;                /* 2^32 when all are spent */
    struct kept_key kept[SECRET_TREE_KEPT];
};

/* Both ratchets of a member that has been heard in this epoch, by enum ratchet_kind. */
struct sender {
    struct ratchet ratchets[2];
};

struct tree_secret {
    bool held;
    uint8_t secret[MLS_HASH_LEN];
};

struct secret_tree {
    uint16_t suite;
    unsigned depth;
    struct tree_secret *nodes;
    struct sender **senders; /* NULL until heard */
};

enum result secret_tree_new(uint16_t suite, unsigned depth, const uint8_t encryption[static 32],
                            struct secret_tree **out)
{
    struct secret_tree *tree = calloc(1, sizeof *tree);

    if (tree == NULL)
        return E_NO_MEMORY;
    tree->suite = suite;
    tree->depth = depth;
    tree->nodes = calloc(tree_node_count(depth), sizeof *tree->nodes);
    tree->senders = calloc((size_t)1 << depth, sizeof(struct sender *));
    if (tree->nodes == NULL || tree->senders == NULL) {
        secret_tree_free(tree);
        return E_NO_MEMORY;
    }

    struct tree_secret *root = &tree->nodes[tree_root(depth)];
    memcpy(root->secret, encryption, MLS_HASH_LEN);
    root->held = true;
    *out = tree;
    return OK;
}

void secret_tree_free(struct secret_tree *tree)
{
    if (tree == NULL)
        return;
    if (tree->senders != NULL) {
        for (size_t i = 0; i < (size_t)1 << tree->depth; i++) {
            wipe(tree->senders[i], tree->senders[i] == NULL ? 0 : sizeof(struct sender));
            free(tree->senders[i]);
        }
    }
    wipe(tree->nodes, tree->nodes == NULL ? 0 : tree_node_count(tree->depth) * sizeof *tree->nodes);
    free(tree->nodes);
    free(tree->senders);
    free(tree);
}

/* --- From the root to a leaf --- */

/* The secrets beside and on the way from the lowest ancestor that still has one down to a leaf. */
struct descent {
    unsigned from;                                 /* that ancestor's level */
    uint8_t sibling[TREE_DEPTH_MAX][MLS_HASH_LEN]; /* by level */
    uint8_t leaf[MLS_HASH_LEN];
};

static enum result descend(const struct secret_tree *tree, uint32_t leaf, struct descent *way)
{
    const struct bytes sides[2] = {BYTES_TEXT("left"), BYTES_TEXT("right")};
    uint32_t node = leaf * 2;
    unsigned level = 0;
    uint8_t secret[MLS_HASH_LEN];
    enum result res = OK;

    while (level <= tree->depth && !tree->nodes[node_ancestor(node, level)].held)
        level++;
    if (level > tree->depth)
        return E_REPLAY;

    way->from = level;
    memcpy(secret, tree->nodes[node_ancestor(node, level)].secret, sizeof secret);
    while (level > 0 && res == OK) {
        bool right = node_ancestor(node, level - 1) > node_ancestor(node, level);
        uint8_t child[MLS_HASH_LEN];

        level--;
        res = label_expand(secret, BYTES_TEXT("tree"), sides[!right],
                           (struct bytes_mut){way->sibling[level], MLS_HASH_LEN});
        if (res == OK)
            res = label_expand(secret, BYTES_TEXT("tree"), sides[right],
                               (struct bytes_mut){child, sizeof child});
        memcpy(secret, child, sizeof secret);
        wipe(child, sizeof child);
    }
    memcpy(way->leaf, secret, sizeof way->leaf);
    wipe(secret, sizeof secret);
    return res;
}

static enum result sender_start(const uint8_t leaf_secret[static 32], struct sender *sender)
{
    enum result res;

    memset(sender, 0, sizeof *sender);
    res = label_derive(leaf_secret, BYTES_TEXT("handshake"), sender->ratchets[RATCHET_HANDSHAKE].secret);
    if (res == OK)
        res = label_derive(leaf_secret, BYTES_TEXT("application"),
                           sender->ratchets[RATCHET_APPLICATION].secret);
    return res;
}

/* --- Along a ratchet --- */

/* The key of the ratchet's next generation; the ratchet goes on behind it. */
static enum result ratchet_step(uint16_t suite, struct ratchet *ratchet, struct message_key *key)
{
    uint32_t generation = (uint32_t)ratchet->next;
    size_t key_len = crypto_aead_key_len(mls_suite_aead(suite));
    uint8_t next[MLS_HASH_LEN];
    enum result res;

    *key = (struct message_key){0};
    res = label_derive_tree(ratchet->secret, BYTES_TEXT("key"), generation,
                            (struct bytes_mut){key->key, key_len});
    if (res == OK)
        res = label_derive_tree(ratchet->secret, BYTES_TEXT("nonce"), generation,
                                (struct bytes_mut){key->nonce, sizeof key->nonce});
    if (res == OK)
        res = label_derive_tree(ratchet->secret, BYTES_TEXT("secret"), generation,
                                (struct bytes_mut){next, sizeof next});
    if (res == OK) {
        memcpy(ratchet->secret, next, sizeof next);
        ratchet->next++;
    }
    wipe(next, sizeof next);
    return res;
}

/* Takes one key out of a ratchet, keeping what was skipped. The ratchet is spoiled by an error: callers work
 * on a copy. */
static enum result ratchet_take(uint16_t suite, struct ratchet *ratchet, uint32_t generation,
                                struct message_key *out)
{
    enum result res = OK;

    if (generation < ratchet->next) {
        struct kept_key *kept = &ratchet->kept[generation % SECRET_TREE_KEPT];

        if (!kept->held || kept->generation != generation)
            return E_REPLAY;
        *out = kept->key;
        wipe(kept, sizeof *kept);
        return OK;
    }
    if (generation - ratchet->next > SECRET_TREE_AHEAD)
        return E_TOO_LARGE;
    while (ratchet->next < generation && res == OK) {
        struct kept_key *kept = &ratchet->kept[ratchet->next % SECRET_TREE_KEPT];

        kept->generation = (uint32_t)ratchet->next;
        kept->held = true;
        res = ratchet_step(suite, ratchet, &kept->key);
    }
    if (res == OK)
        res = ratchet_step(suite, ratchet, out);
    if (res == OK) {
        /* The place of this generation holds a key that is a whole round older. */
        struct kept_key *kept = &ratchet->kept[generation % SECRET_TREE_KEPT];

        wipe(kept, sizeof *kept);
    }
    return res;
}

/* --- The whole --- */

static bool leaf_is_here(const struct secret_tree *tree, uint32_t leaf)
{
    return leaf < 1u << tree->depth;
}

enum result secret_tree_look(const struct secret_tree *tree, uint32_t leaf, enum ratchet_kind kind,
                             uint32_t generation, struct message_key *out)
{
    struct descent way;
    struct sender started;
    struct ratchet ratchet;
    enum result res = OK;

    if (!leaf_is_here(tree, leaf))
        return E_NOT_FOUND;
    if (tree->senders[leaf] != NULL) {
        ratchet = tree->senders[leaf]->ratchets[kind];
    } else {
        res = descend(tree, leaf, &way);
        if (res == OK)
            res = sender_start(way.leaf, &started);
        if (res == OK)
            ratchet = started.ratchets[kind];
        wipe(&way, sizeof way);
        wipe(&started, sizeof started);
    }
    if (res == OK) {
        res = ratchet_take(tree->suite, &ratchet, generation, out);
        wipe(&ratchet, sizeof ratchet);
    }
    return res;
}

/* Gives a member its ratchets, and takes every secret that they follow from out of the tree. */
static enum result sender_admit(struct secret_tree *tree, uint32_t leaf)
{
    struct descent way;
    struct sender *sender = calloc(1, sizeof *sender);
    enum result res;

    if (sender == NULL)
        return E_NO_MEMORY;
    res = descend(tree, leaf, &way);
    if (res == OK)
        res = sender_start(way.leaf, sender);
    if (res == OK) {
        wipe(&tree->nodes[node_ancestor(leaf * 2, way.from)], sizeof *tree->nodes);
        for (unsigned level = way.from; level-- > 0;) {
            struct tree_secret *sibling = &tree->nodes[node_sibling(node_ancestor(leaf * 2, level))];

            memcpy(sibling->secret, way.sibling[level], MLS_HASH_LEN);
            sibling->held = true;
        }
        tree->senders[leaf] = sender;
    } else {
        wipe(sender, sizeof *sender);
        free(sender);
    }
    wipe(&way, sizeof way);
    return res;
}

enum result secret_tree_spend(struct secret_tree *tree, uint32_t leaf, enum ratchet_kind kind,
                              uint32_t generation)
{
    struct ratchet ratchet;
    struct message_key key;
    enum result res = OK;

    if (!leaf_is_here(tree, leaf))
        return E_NOT_FOUND;
    if (tree->senders[leaf] == NULL) {
        /* A refusal must leave no trace, so it comes first. */
        res = secret_tree_look(tree, leaf, kind, generation, &key);
        if (res == OK)
            res = sender_admit(tree, leaf);
    }
    if (res == OK) {
        ratchet = tree->senders[leaf]->ratchets[kind];
        res = ratchet_take(tree->suite, &ratchet, generation, &key);
        if (res == OK)
            tree->senders[leaf]->ratchets[kind] = ratchet;
        wipe(&ratchet, sizeof ratchet);
    }
    wipe(&key, sizeof key);
    return res;
}

enum result secret_tree_next(struct secret_tree *tree, uint32_t leaf, enum ratchet_kind kind,
                             uint32_t *generation, struct message_key *out)
{
    struct ratchet ratchet;
    enum result res = OK;

    if (!leaf_is_here(tree, leaf))
        return E_NOT_FOUND;
    if (tree->senders[leaf] == NULL)
        res = sender_admit(tree, leaf);
    if (res != OK)
        return res;
    ratchet = tree->senders[leaf]->ratchets[kind];
    if (ratchet.next > UINT32_MAX) {
        res = E_TOO_LARGE;
    } else {
        *generation = (uint32_t)ratchet.next;
        res = ratchet_step(tree->suite, &ratchet, out);
    }
    if (res == OK)
        tree->senders[leaf]->ratchets[kind] = ratchet;
    wipe(&ratchet, sizeof ratchet);
    return res;
}

/* --- Keys of one message --- */

enum result message_key_seal(uint16_t suite, const struct message_key *key, struct bytes aad, uint8_t *text,
                             size_t len)
{
    enum crypto_aead aead = mls_suite_aead(suite);
    struct crypto_sealer *sealer = NULL;
    enum result res = crypto_sealer_new(aead, bytes(key->key, crypto_aead_key_len(aead)), &sealer);

    if (res == OK)
        res = crypto_seal(sealer, key->nonce, aad, (struct bytes_mut){text, len}, text + len);
    crypto_sealer_free(sealer);
    return res;
}

enum result message_key_open(uint16_t suite, const struct message_key *key, struct bytes aad, uint8_t *sealed,
                             size_t len)
{
    enum crypto_aead aead = mls_suite_aead(suite);
    struct crypto_sealer *sealer = NULL;
    enum result res = crypto_sealer_new(aead, bytes(key->key, crypto_aead_key_len(aead)), &sealer);

    if (res == OK)
        res = crypto_open(sealer, key->nonce, aad, (struct bytes_mut){sealed, len - MLS_TAG_LEN},
                          sealed + len - MLS_TAG_LEN);
    crypto_sealer_free(sealer);
    return res;
}

enum result sender_data_key(uint16_t suite, const uint8_t secret[static 32], struct bytes ciphertext,
                            struct message_key *out)
{
    struct bytes sample = bytes(ciphertext.at, ciphertext.len < MLS_HASH_LEN ? ciphertext.len : MLS_HASH_LEN);
    struct message_key made = {0};
    enum result res;

    res = label_expand(secret, BYTES_TEXT("key"), sample,
                       (struct bytes_mut){made.key, crypto_aead_key_len(mls_suite_aead(suite))});
    if (res == OK)
        res = label_expand(secret, BYTES_TEXT("nonce"), sample,
                           (struct bytes_mut){made.nonce, sizeof made.nonce});
    if (res == OK)
        *out = made;
    wipe(&made, sizeof made);
    return res;
}
