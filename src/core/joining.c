#include "core/joining.h"

#include "core/group_state.h"
#include "core/label.h"

#include <stdlib.h>
#include <string.h>

struct joining {
    bool spent;
    struct buffer package; /* the KeyPackage, encoded */
    uint8_t ref[MLS_HASH_LEN];
    struct hpke_pair init, encryption;
    uint8_t seed[CRYPTO_ED25519_SEED_LEN];
    struct psk_store psks;
};

/* --- Key packages --- */

static enum result write_package(const struct key_package_order *order, const struct joining *joining,
                                 struct buffer *out)
{
    uint8_t signature[MLS_SIGNATURE_LEN];
    struct key_package package = {
        .version = MLS_VERSION_10,
        .suite = order->suite,
        .init_key = BYTES_OF(joining->init.public),
    };
    struct arena arena = {0};
    struct buffer leaf = {0}, body = {0};
    enum result res;

    res = identity_leaf(&order->identity, &arena, &package.leaf);
    package.leaf.encryption_key = BYTES_OF(joining->encryption.public);
    package.leaf.source = MLS_LEAF_KEY_PACKAGE;
    package.leaf.not_before = order->not_before;
    package.leaf.not_after = order->not_after;
    if (res == OK)
        res = leaf_write_signed(&leaf, &package.leaf, NULL, order->identity.signature_seed);
    if (res == OK) {
        struct reader r = reader_on(buffer_bytes(&leaf));

        leaf_read(&r, &package.leaf);
        key_package_write_body(&body, &package);
        res = buffer_end(&body, NULL);
    }
    if (res == OK)
        res = label_sign(order->identity.signature_seed, BYTES_TEXT("KeyPackageTBS"), buffer_bytes(&body),
                         signature);
    if (res == OK) {
        package.signature = BYTES_OF(signature);
        key_package_write(out, &package);
        res = buffer_end(out, NULL);
    }
    buffer_free(&leaf);
    buffer_free(&body);
    arena_free(&arena);
    return res;
}

static enum result read_package(const struct joining *joining, struct key_package *package)
{
    struct reader r = reader_on(buffer_bytes(&joining->package));

    key_package_read(&r, package);
    return reader_end(&r);
}

enum result key_package_new(const struct random *random, const struct key_package_order *order,
                            struct buffer *message, struct joining **out)
{
    struct joining *joining;
    struct key_package package;
    enum result res;

    if (!mls_suite_known(order->suite))
        return E_UNSUPPORTED;
    joining = calloc(1, sizeof *joining);
    if (joining == NULL)
        return E_NO_MEMORY;
    memcpy(joining->seed, order->identity.signature_seed, sizeof joining->seed);
    res = hpke_pair_new(random, &joining->init);
    if (res == OK)
        res = hpke_pair_new(random, &joining->encryption);
    if (res == OK)
        res = write_package(order, joining, &joining->package);
    if (res == OK)
        res = read_package(joining, &package);
    if (res == OK)
        res = leaf_check(&package.leaf, order->suite, (struct bytes){0});
    if (res == OK)
        res = key_package_ref(&package, joining->ref);
    if (res == OK) {
        mls_message_head(message, MLS_KEY_PACKAGE);
        buffer_put(message, package.encoded);
        res = buffer_end(message, NULL);
    }
    if (res == OK)
        *out = joining;
    else
        joining_free(joining);
    return res;
}

enum result joining_from(const struct joining_parts *parts, struct joining **out)
{
    struct joining *joining = calloc(1, sizeof *joining);
    struct key_package package;
    enum result res;

    if (joining == NULL)
        return E_NO_MEMORY;
    memcpy(joining->seed, parts->signature_seed, sizeof joining->seed);
    buffer_put(&joining->package, parts->package);
    res = buffer_end(&joining->package, NULL);
    if (res == OK)
        res = hpke_pair_from(parts->init, &joining->init);
    if (res == OK)
        res = hpke_pair_from(parts->encryption, &joining->encryption);
    if (res == OK)
        res = read_package(joining, &package);
    if (res == OK && (!bytes_equal(package.init_key, BYTES_OF(joining->init.public)) ||
                      !bytes_equal(package.leaf.encryption_key, BYTES_OF(joining->encryption.public))))
        res = E_REFUSED;
    if (res == OK)
        res = key_package_ref(&package, joining->ref);
    if (res == OK)
        *out = joining;
    else
        joining_free(joining);
    return res;
}

void joining_free(struct joining *joining)
{
    if (joining == NULL)
        return;
    psk_store_free(&joining->psks);
    buffer_free(&joining->package);
    wipe(joining, sizeof *joining);
    free(joining);
}

struct bytes joining_ref(const struct joining *joining)
{
    return BYTES_OF(joining->ref);
}

enum result joining_psk(struct joining *joining, struct bytes id, struct bytes psk)
{
    return psk_store_add(&joining->psks, id, psk);
}

enum result key_package_open(struct bytes message, uint64_t now, uint64_t longest_s, struct leaf_node *leaf,
                             uint8_t ref[static MLS_HASH_LEN])
{
    struct mls_message read;
    enum result res = mls_message_read(message, &read);

    if (res == OK && read.wire_format != MLS_KEY_PACKAGE)
        res = E_MALFORMED;
    if (res == OK && !mls_suite_known(read.package.suite))
        res = E_UNSUPPORTED;
    if (res == OK)
        res = key_package_check(&read.package, read.package.suite, (struct bytes){0}, now, longest_s, 0);
    if (res == OK)
        res = key_package_ref(&read.package, ref);
    if (res == OK)
        *leaf = read.package.leaf;
    return res;
}

/* --- Welcome --- */

/* What a Welcome says once it is open. The texts lie in the buffers. */
struct opened_welcome {
    struct buffer secrets_text, info_text;
    struct group_secrets secrets;
    struct group_info info;
    uint8_t psk_secret[MLS_HASH_LEN];
};

static void opened_welcome_free(struct opened_welcome *open)
{
    buffer_free(&open->secrets_text);
    buffer_free(&open->info_text);
    wipe(open, sizeof *open);
}

static bool find_ours(const struct joining *joining, const struct welcome *welcome,
                      struct welcome_secrets *out)
{
    struct reader r = reader_on(welcome->secrets);

    while (welcome_secrets_next(&r, out))
        if (bytes_equal(out->new_member, BYTES_OF(joining->ref)))
            return true;
    return false;
}

static enum result open_secrets(const struct joining *joining, const struct welcome *welcome,
                                struct opened_welcome *open)
{
    struct welcome_secrets ours;
    struct reader r;
    enum result res;

    if (!find_ours(joining, welcome, &ours))
        return E_NOT_FOUND;
    if (ours.sealed.len < MLS_TAG_LEN)
        return E_MALFORMED;
    buffer_zeros(&open->secrets_text, ours.sealed.len - MLS_TAG_LEN);
    res = buffer_end(&open->secrets_text, NULL);
    if (res == OK)
        res = label_decrypt(welcome->suite, &joining->init, BYTES_TEXT("Welcome"), welcome->sealed_info,
                            ours.kem, ours.sealed, open->secrets_text.at);
    if (res != OK)
        return res;
    r = reader_on(buffer_bytes(&open->secrets_text));
    group_secrets_read(&r, &open->secrets);
    if (reader_end(&r) != OK || open->secrets.joiner_secret.len != MLS_HASH_LEN ||
        (open->secrets.has_path_secret && open->secrets.path_secret.len != MLS_HASH_LEN))
        return E_MALFORMED;
    return OK;
}

static enum result mix_psks(const struct joining *joining, struct opened_welcome *open)
{
    const struct psk_sources sources = {.store = &joining->psks};
    struct reader r = reader_on(open->secrets.psks);
    struct psk_id id;
    uint16_t count = 0, index = 0;
    enum result res = OK;

    while (psk_id_next(&r, &id)) {
        if (id.nonce.len != MLS_HASH_LEN)
            return E_REFUSED;
        /* The group that this one goes on from would have to be at hand (sections 11.2, 11.3). */
        if (id.type == MLS_PSK_RESUMPTION && id.usage != MLS_PSK_APPLICATION)
            return E_UNSUPPORTED;
        if (count++ == CHANGE_PSKS_MAX)
            return E_TOO_LARGE;
    }
    r = reader_on(open->secrets.psks);
    while (res == OK && psk_id_next(&r, &id))
        res = psk_mix(&sources, &id, index++, count, open->psk_secret);
    return res;
}

enum result welcome_key(const uint8_t joiner[static 32], const uint8_t psk_secret[static 32], uint16_t suite,
                        struct message_key *out)
{
    uint8_t secret[MLS_HASH_LEN];
    enum result res = schedule_welcome(joiner, psk_secret, secret);

    *out = (struct message_key){0};
    if (res == OK)
        res = label_expand(secret, BYTES_TEXT("key"), (struct bytes){0},
                           (struct bytes_mut){out->key, crypto_aead_key_len(mls_suite_aead(suite))});
    if (res == OK)
        res = label_expand(secret, BYTES_TEXT("nonce"), (struct bytes){0},
                           (struct bytes_mut){out->nonce, sizeof out->nonce});
    wipe(secret, sizeof secret);
    return res;
}

static enum result open_info(const struct welcome *welcome, struct opened_welcome *open)
{
    struct message_key key;
    struct reader r;
    enum result res;

    if (welcome->sealed_info.len < MLS_TAG_LEN)
        return E_MALFORMED;
    res = welcome_key(open->secrets.joiner_secret.at, open->psk_secret, welcome->suite, &key);
    buffer_put(&open->info_text, welcome->sealed_info);
    if (res == OK)
        res = buffer_end(&open->info_text, NULL);
    if (res == OK)
        res = message_key_open(welcome->suite, &key, (struct bytes){0}, open->info_text.at,
                               open->info_text.len);
    wipe(&key, sizeof key);
    if (res != OK)
        return res;
    r = reader_on(bytes(open->info_text.at, open->info_text.len - MLS_TAG_LEN));
    group_info_read(&r, &open->info);
    return reader_end(&r);
}

/* --- The group that it leads to --- */

static enum result read_tree(const struct group_info *info, struct bytes outside, struct tree *tree)
{
    struct bytes inside;

    if (extension_find(info->extensions, MLS_EXTENSION_RATCHET_TREE, &inside) == OK)
        return tree_read(inside, tree);
    return outside.len == 0 ? E_NOT_FOUND : tree_read(outside, tree);
}

/* Nothing that needs a signature is done before what needs none. */
static enum result check_tree(const struct opened_welcome *open, struct tree *tree)
{
    const struct group_context *context = &open->info.context;
    const struct leaf_node *signer = tree_leaf(tree, open->info.signer);
    uint8_t hash[MLS_HASH_LEN];
    enum result res;

    if (signer == NULL)
        return E_REFUSED;
    res = label_verify(signer->signature_key, BYTES_TEXT("GroupInfoTBS"), open->info.body,
                       open->info.signature);
    if (res == OK)
        res = tree_root_hash(tree, hash);
    if (res == OK && !bytes_equal(context->tree_hash, BYTES_OF(hash)))
        res = E_REFUSED;
    if (res == OK)
        res = tree_check(tree, context->suite, context->extensions);
    if (res == OK)
        res = tree_check_parent_hashes(tree);
    if (res == OK)
        res = tree_check_signatures(tree, context->group_id);
    return res;
}

static enum result find_own_leaf(const struct joining *joining, const struct tree *tree, uint32_t *leaf)
{
    struct key_package package;
    enum result res = read_package(joining, &package);

    for (*leaf = 0; res == OK && *leaf < tree_leaf_limit(tree); ++*leaf)
        if (tree_leaf(tree, *leaf) != NULL &&
            bytes_equal(tree_leaf(tree, *leaf)->encoded, package.leaf.encoded))
            return OK;
    return res == OK ? E_REFUSED : res;
}

static enum result take_keys(const struct joining *joining, const struct opened_welcome *open,
                             const struct tree *tree, struct path_keys *keys)
{
    uint8_t commit_secret[MLS_HASH_LEN];
    enum result res;

    *keys = (struct path_keys){.known = 1};
    memcpy(keys->secrets[0], joining->encryption.secret, sizeof keys->secrets[0]);
    res = find_own_leaf(joining, tree, &keys->leaf);
    if (res != OK || !open->secrets.has_path_secret)
        return res;
    if (open->info.signer == keys->leaf)
        return E_REFUSED;
    res = path_keys_take(keys, tree, leaves_meet(keys->leaf, open->info.signer), open->secrets.path_secret.at,
                         commit_secret);
    wipe(commit_secret, sizeof commit_secret);
    return res;
}

static enum result start_epoch(const struct opened_welcome *open, const struct path_keys *keys,
                               struct tree *tree, struct epoch **out)
{
    const struct group_context *context = &open->info.context;
    struct epoch_start start = {
        .suite = context->suite,
        .number = context->epoch,
        .group_id = context->group_id,
        .extensions = context->extensions,
        .confirmed_hash = context->confirmed_transcript_hash,
        .keys = keys,
    };
    struct schedule secrets;
    struct epoch *epoch = NULL;
    enum result res = epoch_new(&start, tree, &epoch);

    if (res == OK)
        res =
            schedule_epoch(open->secrets.joiner_secret.at, open->psk_secret, epoch_context(epoch), &secrets);
    if (res == OK)
        res = epoch_key(epoch, &secrets);
    if (res == OK && (open->info.confirmation_tag.len != MLS_HASH_LEN ||
                      !equal_secret(open->info.confirmation_tag.at, epoch->confirmation_tag, MLS_HASH_LEN)))
        res = E_FORGED;
    if (res == OK)
        *out = epoch;
    else
        epoch_free(epoch);
    return res;
}

static enum result enter(const struct joining *joining, const struct opened_welcome *open,
                         struct bytes outside, struct epoch **out)
{
    struct path_keys keys;
    struct tree tree = {0};
    enum result res = read_tree(&open->info, outside, &tree);

    if (res == OK)
        res = check_tree(open, &tree);
    if (res == OK)
        res = take_keys(joining, open, &tree, &keys);
    if (res == OK)
        res = start_epoch(open, &keys, &tree, out);
    tree_free(&tree);
    wipe(&keys, sizeof keys);
    return res;
}

/* The key pairs of the KeyPackage are good for one group (section 16.8). */
static void spend(struct joining *joining)
{
    joining->spent = true;
    wipe(&joining->init, sizeof joining->init);
    wipe(&joining->encryption, sizeof joining->encryption);
    wipe(joining->seed, sizeof joining->seed);
    psk_store_free(&joining->psks);
}

static enum result check_head(const struct joining *joining, const struct mls_message *message)
{
    struct key_package package;
    enum result res = read_package(joining, &package);

    if (res != OK)
        return res;
    if (message->wire_format != MLS_WELCOME)
        return E_MALFORMED;
    return message->welcome.suite == package.suite ? OK : E_UNSUPPORTED;
}

enum result group_join(struct joining *joining, const struct group_rules *rules, struct bytes welcome,
                       struct bytes tree, struct group **out)
{
    struct opened_welcome open = {0};
    struct mls_message message;
    struct epoch *epoch = NULL;
    enum result res = joining->spent ? E_STATE : mls_message_read(welcome, &message);

    if (res == OK)
        res = check_head(joining, &message);
    if (res == OK)
        res = open_secrets(joining, &message.welcome, &open);
    if (res == OK)
        res = mix_psks(joining, &open);
    if (res == OK)
        res = open_info(&message.welcome, &open);
    if (res == OK &&
        (open.info.context.version != MLS_VERSION_10 || open.info.context.suite != message.welcome.suite))
        res = E_UNSUPPORTED;
    if (res == OK)
        res = enter(joining, &open, tree, &epoch);
    if (res == OK)
        res = group_new(rules, joining->seed, epoch, out);
    if (res == OK) {
        /* External PSKs are the client's, and may be called for again. */
        (*out)->psks = joining->psks;
        joining->psks = (struct psk_store){0};
        spend(joining);
    } else {
        epoch_free(epoch);
    }
    opened_welcome_free(&open);
    return res;
}
