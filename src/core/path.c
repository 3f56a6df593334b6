#include "core/path.h"

#include "core/label.h"

#include <stdlib.h>
#include <string.h>

enum { SEALED_LEN = MLS_HASH_LEN + MLS_TAG_LEN };

/* --- Keys --- */

void path_keys_prune(struct path_keys *keys, const struct tree *tree)
{
    for (unsigned level = 1; level <= TREE_DEPTH_MAX; level++) {
        if (level <= tree->depth && !tree_is_blank(tree, node_ancestor(keys->leaf * 2, level)))
            continue;
        wipe(keys->secrets[level], sizeof keys->secrets[level]);
        keys->known &= ~(1u << level);
    }
}

static enum result next_path_secret(uint8_t secret[static 32])
{
    uint8_t next[MLS_HASH_LEN];
    enum result res = label_derive(secret, BYTES_TEXT("path"), next);

    if (res == OK)
        memcpy(secret, next, sizeof next);
    wipe(next, sizeof next);
    return res;
}

static enum result node_pair(const uint8_t path_secret[static 32], struct hpke_pair *out)
{
    uint8_t secret[MLS_HASH_LEN];
    enum result res = label_derive(path_secret, BYTES_TEXT("node"), secret);

    if (res == OK)
        res = hpke_pair_derive(BYTES_OF(secret), out);
    wipe(secret, sizeof secret);
    return res;
}

enum result path_keys_take(struct path_keys *keys, const struct tree *tree, unsigned level,
                           const uint8_t path_secret[static 32], uint8_t commit_secret[static 32])
{
    uint8_t secret[MLS_HASH_LEN];
    struct hpke_pair pair;
    enum result res = OK;

    memcpy(secret, path_secret, sizeof secret);
    for (; level <= tree->depth && res == OK; level++) {
        const struct parent_node *parent = tree->nodes[node_ancestor(keys->leaf * 2, level)].parent;

        if (parent == NULL)
            continue;
        res = node_pair(secret, &pair);
        if (res == OK && !bytes_equal(parent->key, BYTES_OF(pair.public)))
            res = E_REFUSED;
        if (res == OK) {
            memcpy(keys->secrets[level], pair.secret, sizeof pair.secret);
            keys->known |= 1u << level;
            res = next_path_secret(secret);
        }
    }
    if (res == OK)
        memcpy(commit_secret, secret, sizeof secret);
    wipe(secret, sizeof secret);
    wipe(&pair, sizeof pair);
    return res;
}

/* --- Making a path --- */

/* From the root down: each parent hash takes in the one above it. `hash` ends as the leaf's; `len` is 0 where
 * there is nothing above. Section 7.9. */
static enum result hash_path(struct tree *tree, uint32_t leaf, uint32_t levels, uint8_t hash[static 32],
                             size_t *len)
{
    enum result res = OK;

    *len = 0;
    for (unsigned level = tree->depth; level >= 1 && res == OK; level--) {
        uint32_t node = node_ancestor(leaf * 2, level);
        uint8_t sibling_hash[MLS_HASH_LEN];

        if ((levels & 1u << level) == 0)
            continue;
        res = tree_put_parent(tree, node, tree->nodes[node].parent->key, bytes(hash, *len));
        if (res == OK)
            res = tree_hash(tree, node_sibling(node_ancestor(leaf * 2, level - 1)), sibling_hash);
        if (res == OK)
            res = tree_parent_hash(tree->nodes[node].parent->key, bytes(hash, *len), BYTES_OF(sibling_hash),
                                   hash);
        *len = MLS_HASH_LEN;
    }
    return res;
}

static enum result make_nodes(struct tree *tree, uint32_t leaf, const struct random *random,
                              struct path_making *making)
{
    uint8_t secret[MLS_HASH_LEN];
    struct hpke_pair pair;
    enum result res;

    res = hpke_pair_new(random, &pair);
    if (res == OK)
        memcpy(making->keys.secrets[0], pair.secret, sizeof pair.secret);
    random_fill(random, secret, sizeof secret);
    for (unsigned level = 1; level <= tree->depth && res == OK; level++) {
        if ((making->levels & 1u << level) == 0)
            continue;
        memcpy(making->secrets[level], secret, sizeof secret);
        res = node_pair(secret, &pair);
        if (res == OK)
            res = tree_put_parent(tree, node_ancestor(leaf * 2, level), BYTES_OF(pair.public),
                                  (struct bytes){0});
        if (res == OK) {
            memcpy(making->keys.secrets[level], pair.secret, sizeof pair.secret);
            making->keys.known |= 1u << level;
            res = next_path_secret(secret);
        }
    }
    memcpy(making->commit_secret, secret, sizeof secret);
    wipe(secret, sizeof secret);
    wipe(&pair, sizeof pair);
    return res;
}

static enum result make_leaf(struct tree *tree, uint32_t leaf, const struct leaf_node *says,
                             struct bytes parent_hash, struct bytes group_id, const uint8_t seed[static 32],
                             const struct path_making *making)
{
    struct leaf_node made = *says;
    struct hpke_pair pair;
    struct buffer b = {0};
    enum result res;

    made.source = MLS_LEAF_COMMIT;
    made.parent_hash = parent_hash;
    res = hpke_pair_from(making->keys.secrets[0], &pair);
    made.encryption_key = BYTES_OF(pair.public);
    if (res == OK)
        res = leaf_write_signed(&b, &made, &(struct leaf_place){group_id, leaf}, seed);
    if (res == OK) {
        made.encoded = buffer_bytes(&b);
        res = tree_put_leaf(tree, leaf, &made);
    }
    wipe(&pair, sizeof pair);
    buffer_free(&b);
    return res;
}

enum result path_make(struct tree *tree, uint32_t leaf, const struct leaf_node *says, struct bytes group_id,
                      const uint8_t seed[static 32], const struct random *random, struct path_making *out)
{
    uint8_t hash[MLS_HASH_LEN];
    size_t hash_len;
    enum result res;

    *out = (struct path_making){.keys = {.leaf = leaf, .known = 1}};
    tree_blank_path(tree, leaf);
    out->levels = tree_filtered_path(tree, leaf);
    res = make_nodes(tree, leaf, random, out);
    if (res == OK)
        res = hash_path(tree, leaf, out->levels, hash, &hash_len);
    if (res == OK)
        res = make_leaf(tree, leaf, says, bytes(hash, hash_len), group_id, seed, out);
    if (res != OK)
        wipe(out, sizeof *out);
    return res;
}

/* --- Sealing and opening --- */

static bool is_new(uint32_t node, const uint32_t *new_leaves, size_t new_count)
{
    for (size_t i = 0; i < new_count; i++)
        if (new_leaves[i] * 2 == node)
            return true;
    return false;
}

/* Those to whom the path secret of a level is sealed: the resolution of the other side without the newcomers.
 */
static void resolve_copath(const struct tree *tree, uint32_t leaf, unsigned level, const uint32_t *new_leaves,
                           size_t new_count, struct node_list *out)
{
    uint32_t kept = 0;

    out->count = 0;
    tree_resolve(tree, node_sibling(node_ancestor(leaf * 2, level - 1)), out);
    for (uint32_t i = 0; i < out->count; i++)
        if (!is_new(out->at[i], new_leaves, new_count))
            out->at[kept++] = out->at[i];
    out->count = kept;
}

static struct bytes key_of(const struct tree *tree, uint32_t node)
{
    return tree->nodes[node].leaf != NULL ? tree->nodes[node].leaf->encryption_key
                                          : tree->nodes[node].parent->key;
}

enum result path_seal(const struct tree *tree, const struct path_making *making, uint16_t suite,
                      struct bytes context, const uint32_t *new_leaves, size_t new_count,
                      const struct random *random, struct buffer *out)
{
    uint32_t leaf = making->keys.leaf;
    struct node_list to = {calloc(tree_node_count(tree->depth), sizeof(uint32_t)), 0};
    size_t nodes_mark, secrets_mark;
    enum result res = to.at == NULL ? E_NO_MEMORY : OK;

    buffer_put(out, tree_leaf(tree, leaf)->encoded);
    nodes_mark = buffer_open(out);
    for (unsigned level = 1; level <= tree->depth && res == OK; level++) {
        if ((making->levels & 1u << level) == 0)
            continue;
        buffer_vector(out, tree->nodes[node_ancestor(leaf * 2, level)].parent->key);
        secrets_mark = buffer_open(out);
        resolve_copath(tree, leaf, level, new_leaves, new_count, &to);
        for (uint32_t i = 0; i < to.count && res == OK; i++) {
            uint8_t kem[CRYPTO_X25519_LEN], sealed[SEALED_LEN];

            res = label_encrypt(random, suite, key_of(tree, to.at[i]).at, BYTES_TEXT("UpdatePathNode"),
                                context, BYTES_OF(making->secrets[level]), kem, sealed);
            ciphertext_write(out, BYTES_OF(kem), BYTES_OF(sealed));
        }
        buffer_close(out, secrets_mark);
    }
    buffer_close(out, nodes_mark);
    if (res == OK)
        res = buffer_end(out, NULL);
    free(to.at);
    return res;
}

/* A key of a path must be new to the tree (section 12.4.2), also to the nodes that the path replaces. */
static bool key_is_known(const struct tree *tree, struct bytes key)
{
    for (uint32_t i = 0; i < tree_node_count(tree->depth); i++)
        if (!tree_is_blank(tree, i) && bytes_equal(key_of(tree, i), key))
            return true;
    return false;
}

static enum result check_keys(const struct tree *tree, const struct update_path *path)
{
    struct reader nodes = reader_on(path->nodes);
    struct path_node node;
    unsigned count = 0;

    if (key_is_known(tree, path->leaf.encryption_key))
        return E_REFUSED;
    while (path_node_next(&nodes, &node)) {
        if (node.key.len != MLS_KEY_LEN || count++ == tree->depth)
            return E_MALFORMED;
        /* Those beneath another's node know its secret and see that the key is no other; for all the rest
         * this is the one look at a key that their next commit may be sealed to. */
        if (hpke_key_check(node.key) != OK || key_is_known(tree, node.key))
            return E_REFUSED;
    }
    return OK;
}

enum result path_merge(struct tree *tree, uint32_t sender, const struct update_path *path)
{
    struct reader nodes = reader_on(path->nodes);
    struct path_node node;
    uint32_t levels;
    uint8_t hash[MLS_HASH_LEN];
    size_t hash_len;
    enum result res = check_keys(tree, path);

    if (res != OK)
        return res;
    tree_blank_path(tree, sender);
    levels = tree_filtered_path(tree, sender);
    for (unsigned level = 1; level <= tree->depth && res == OK; level++) {
        if ((levels & 1u << level) == 0)
            continue;
        if (!path_node_next(&nodes, &node))
            return E_MALFORMED;
        res = tree_put_parent(tree, node_ancestor(sender * 2, level), node.key, (struct bytes){0});
    }
    if (res == OK && reader_left(&nodes) != 0)
        return E_MALFORMED;
    if (res == OK)
        res = hash_path(tree, sender, levels, hash, &hash_len);
    if (res == OK && !bytes_equal(path->leaf.parent_hash, bytes(hash, hash_len)))
        return E_REFUSED;
    if (res == OK)
        res = tree_put_leaf(tree, sender, &path->leaf);
    return res;
}

/* Goes through the path's nodes as the tree has them: each must hold a ciphertext for everyone in its
 * resolution (section 7.6). *to ends as the resolution of level `wanted`, *secrets as its ciphertexts. */
static enum result check_shape(const struct tree *tree, uint32_t sender, const struct update_path *path,
                               const uint32_t *new_leaves, size_t new_count, unsigned wanted,
                               struct node_list *to, struct bytes *secrets)
{
    uint32_t levels = tree_filtered_path(tree, sender);
    struct reader nodes = reader_on(path->nodes), ciphertexts;
    struct path_node node;
    struct bytes kem, sealed;

    for (unsigned level = 1; level <= tree->depth; level++) {
        uint32_t count = 0;

        if ((levels & 1u << level) == 0)
            continue;
        if (!path_node_next(&nodes, &node))
            return E_MALFORMED;
        resolve_copath(tree, sender, level, new_leaves, new_count, to);
        ciphertexts = reader_on(node.secrets);
        while (ciphertext_next(&ciphertexts, &kem, &sealed))
            count++;
        if (count != to->count)
            return E_MALFORMED;
        if (level == wanted)
            *secrets = node.secrets;
    }
    resolve_copath(tree, sender, wanted, new_leaves, new_count, to);
    return OK;
}

static void take_ciphertext(struct bytes secrets, uint32_t index, struct bytes *kem, struct bytes *sealed)
{
    struct reader r = reader_on(secrets);

    for (uint32_t i = 0; i <= index; i++)
        if (!ciphertext_next(&r, kem, sealed))
            break;
}

/* The level of the own key that a node of the list belongs to. */
static bool find_own(const struct path_keys *keys, const struct node_list *list, uint32_t *index,
                     unsigned *level)
{
    for (*index = 0; *index < list->count; ++*index) {
        uint32_t node = list->at[*index];

        *level = node_level(node);
        if (node_ancestor(keys->leaf * 2, *level) == node && (keys->known & 1u << *level) != 0)
            return true;
    }
    return false;
}

enum result path_open(const struct tree *tree, uint32_t sender, const struct update_path *path,
                      uint16_t suite, struct bytes context, const uint32_t *new_leaves, size_t new_count,
                      struct path_keys *keys, uint8_t commit_secret[static 32])
{
    unsigned meet = leaves_meet(sender, keys->leaf), own_level;
    struct node_list to = {calloc(tree_node_count(tree->depth), sizeof(uint32_t)), 0};
    struct bytes secrets = {0}, kem = {0}, sealed = {0}, public_key;
    struct hpke_pair own = {0};
    uint8_t secret[MLS_HASH_LEN];
    uint32_t index;
    enum result res;

    if (to.at == NULL)
        return E_NO_MEMORY;
    res = check_shape(tree, sender, path, new_leaves, new_count, meet, &to, &secrets);
    if (res == OK && !find_own(keys, &to, &index, &own_level))
        res = E_NO_KEY;
    if (res == OK) {
        take_ciphertext(secrets, index, &kem, &sealed);
        res = sealed.len == SEALED_LEN ? OK : E_MALFORMED;
    }
    if (res == OK) {
        public_key = key_of(tree, to.at[index]);
        memcpy(own.secret, keys->secrets[own_level], sizeof own.secret);
        memcpy(own.public, public_key.at, sizeof own.public);
        res = label_decrypt(suite, &own, BYTES_TEXT("UpdatePathNode"), context, kem, sealed, secret);
    }
    if (res == OK)
        res = path_keys_take(keys, tree, meet, secret, commit_secret);
    wipe(&own, sizeof own);
    wipe(secret, sizeof secret);
    free(to.at);
    return res;
}
