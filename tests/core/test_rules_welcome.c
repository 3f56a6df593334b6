/* What a newcomer checks of a Welcome and of the tree: RFC 9420,
 * sections 7.1, 7.3, 12.4.3, 12.4.3.1, 12.4.3.3 and 13.4. The Welcome is made by a member who means ill: all
 * else about it is right. Who refuses it can still take the right one. */
#include "core/group.h"

#include "core/joining.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "evil.h"
#include "support/heap.h"

enum { ATTACKER = 0, OTHER = 1, THIRD = 2, MEMBERS = 4, JOINER = 4 };

/* A Welcome in pieces. */
struct scene {
    struct room room;
    struct arena arena;
    struct joining *joining;
    struct group_committed made; /* as it should be */

    struct opened_welcome open;
    struct key_package package;
    struct tree tree;
    uint16_t suite; /* that the Welcome says */
    bool keep_hash, keep_tag, flip_tag, cut_tag, flip_signature, flip_ref, no_tree, inside;
    uint8_t seed[32];
    struct buffer welcome, outside;
};

static void good(struct scene *s)
{
    (void)s;
}

/* As it was made; `good` and all others have no keys above the leaves, so that a leaf can be changed alone.
 */
static void with_nodes(struct scene *s)
{
    tree_free(&s->tree);
    assert_int_equal(tree_read(buffer_bytes(&s->made.tree), &s->tree), OK);
    s->open.secrets.has_path_secret = true;
}

/* --- GroupInfo --- */

static void another_tree_hash(struct scene *s)
{
    static uint8_t hash[MLS_HASH_LEN];

    s->keep_hash = true;
    s->open.info.context.tree_hash = BYTES_OF(hash);
}

static void another_signature(struct scene *s)
{
    s->flip_signature = true;
}

static void anothers_signature(struct scene *s)
{
    s->open.info.signer = OTHER;
}

static void signer_of_a_blank_leaf(struct scene *s)
{
    s->open.info.signer = THIRD;
    tree_blank_leaf(&s->tree, THIRD);
}

static void signer_beyond(struct scene *s)
{
    s->open.info.signer = 1000;
}

static void another_tag(struct scene *s)
{
    s->flip_tag = true;
}

static void half_a_tag(struct scene *s)
{
    s->cut_tag = true;
}

static void version_two(struct scene *s)
{
    s->open.info.context.version = 2;
}

static void another_suite_inside(struct scene *s)
{
    s->open.info.context.suite = MLS_SUITE_AES_128_GCM;
}

static void another_suite_outside(struct scene *s)
{
    s->suite = MLS_SUITE_AES_128_GCM;
}

static void put_extension(struct scene *s, struct bytes *list, uint16_t type, struct bytes data)
{
    struct buffer b = {0};

    buffer_put(&b, *list);
    buffer_u16(&b, type);
    buffer_vector(&b, data);
    *list = evil_keep(&s->arena, &b);
}

static void context_that_we_do_not_know(struct scene *s)
{
    put_extension(s, &s->open.info.context.extensions, 0xf999, (struct bytes){0});
}

static void context_extension_twice(struct scene *s)
{
    put_extension(s, &s->open.info.context.extensions, ROOM_CONTEXT, (struct bytes){0});
}

static void required_that_we_lack(struct scene *s)
{
    static const uint8_t required[] = {2, 0xf9, 0x99, 0, 0};

    s->open.info.context.extensions = (struct bytes){0};
    put_extension(s, &s->open.info.context.extensions, MLS_EXTENSION_REQUIRED_CAPABILITIES,
                  BYTES_OF(required));
}

static void required_credentials_that_we_lack(struct scene *s)
{
    static const uint8_t required[] = {0, 0, 2, 0, MLS_CREDENTIAL_X509};

    s->open.info.context.extensions = (struct bytes){0};
    put_extension(s, &s->open.info.context.extensions, MLS_EXTENSION_REQUIRED_CAPABILITIES,
                  BYTES_OF(required));
}

static void required_proposals_that_we_lack(struct scene *s)
{
    static const uint8_t required[] = {0, 2, 0xf9, 0x99, 0};

    s->open.info.context.extensions = (struct bytes){0};
    put_extension(s, &s->open.info.context.extensions, MLS_EXTENSION_REQUIRED_CAPABILITIES,
                  BYTES_OF(required));
}

static void info_extension_that_we_do_not_know(struct scene *s)
{
    put_extension(s, &s->open.info.extensions, 0x0a0a, BYTES_TEXT("grease"));
}

static void info_extension_twice(struct scene *s)
{
    info_extension_that_we_do_not_know(s);
    info_extension_that_we_do_not_know(s);
}

static void tree_inside(struct scene *s)
{
    s->inside = s->no_tree = true;
}

static void no_tree_at_all(struct scene *s)
{
    s->no_tree = true;
}

/* --- GroupSecrets --- */

static void for_somebody_else(struct scene *s)
{
    s->flip_ref = true;
}

static void joiner_secret_cut(struct scene *s)
{
    s->open.secrets.joiner_secret.len--;
}

static void path_secret_cut(struct scene *s)
{
    with_nodes(s);
    s->open.secrets.path_secret.len--;
}

static void another_path_secret(struct scene *s)
{
    static uint8_t secret[MLS_HASH_LEN];

    with_nodes(s);
    s->open.secrets.path_secret = BYTES_OF(secret);
}

static void psk_of(struct scene *s, const struct psk_id *psk)
{
    struct buffer b = {0};

    psk_id_write(&b, psk);
    s->open.secrets.psks = evil_keep(&s->arena, &b);
}

static const uint8_t nonce[MLS_HASH_LEN] = {1};

static void psk_of_a_branch(struct scene *s)
{
    psk_of(s,
           &(struct psk_id){.type = MLS_PSK_RESUMPTION, .usage = MLS_PSK_BRANCH, .nonce = BYTES_OF(nonce)});
}

static void psk_with_a_short_nonce(struct scene *s)
{
    psk_of(s, &(struct psk_id){.type = MLS_PSK_EXTERNAL, .id = BYTES_TEXT("x"), .nonce = bytes(nonce, 31)});
}

static void psk_that_we_lack(struct scene *s)
{
    psk_of(s, &(struct psk_id){.type = MLS_PSK_EXTERNAL, .id = BYTES_TEXT("x"), .nonce = BYTES_OF(nonce)});
}

/* --- The tree --- */

static void we_are_not_in_it(struct scene *s)
{
    tree_blank_leaf(&s->tree, JOINER);
    tree_truncate(&s->tree);
}

/* A leaf says something else, signed by itself as it must be. */
static void leaf_says(struct scene *s, uint32_t place, const struct leaf_node *says, uint32_t signed_for,
                      struct bytes in_group)
{
    struct buffer b = {0};
    struct leaf_node leaf;
    struct reader r;

    assert_int_equal(
        leaf_write_signed(&b, says, &(struct leaf_place){in_group, signed_for}, s->room.members[place]->seed),
        OK);
    r = reader_on(evil_keep(&s->arena, &b));
    leaf_read(&r, &leaf);
    assert_int_equal(reader_end(&r), OK);
    assert_int_equal(tree_put_leaf(&s->tree, place, &leaf), OK);
}

static struct leaf_node leaf_of(const struct scene *s, uint32_t place)
{
    return *tree_leaf(&s->tree, place);
}

static void put(struct scene *s, const struct leaf_node *leaf)
{
    leaf_says(s, OTHER, leaf, OTHER, s->open.info.context.group_id);
}

static void leaf_as_it_was(struct scene *s)
{
    struct leaf_node leaf = leaf_of(s, OTHER);

    put(s, &leaf);
}

static void leaf_with_anothers_encryption_key(struct scene *s)
{
    struct leaf_node leaf = leaf_of(s, OTHER);

    leaf.encryption_key = leaf_of(s, THIRD).encryption_key;
    put(s, &leaf);
}

static void leaf_twice(struct scene *s)
{
    struct leaf_node leaf = leaf_of(s, OTHER);

    assert_int_equal(tree_put_leaf(&s->tree, THIRD, &leaf), OK);
}

static void leaf_that_lacks_the_suite(struct scene *s)
{
    struct leaf_node leaf = leaf_of(s, OTHER);

    leaf.capabilities.suites = BYTES_TEXT("\x0a\x0a");
    put(s, &leaf);
}

static void leaf_that_lacks_what_is_required(struct scene *s)
{
    struct leaf_node leaf = leaf_of(s, OTHER);

    leaf.capabilities.extensions = (struct bytes){0};
    leaf.extensions = (struct bytes){0};
    put(s, &leaf);
}

static void leaf_with_a_certificate(struct scene *s)
{
    struct leaf_node leaf = leaf_of(s, OTHER);

    leaf.credential_type = MLS_CREDENTIAL_X509;
    leaf.credential = BYTES_TEXT("\4cert");
    leaf.capabilities.credentials = BYTES_TEXT("\0\1\0\2");
    put(s, &leaf);
}

static void leaf_key_that_is_none(struct scene *s)
{
    static const uint8_t no_key[MLS_KEY_LEN] = {1};
    struct leaf_node leaf = leaf_of(s, OTHER);

    leaf.encryption_key = BYTES_OF(no_key);
    put(s, &leaf);
}

static void leaf_with_another_signature(struct scene *s)
{
    struct leaf_node leaf = leaf_of(s, OTHER);
    uint8_t *signature = arena_take(&s->arena, MLS_SIGNATURE_LEN);
    struct buffer b = {0};
    struct reader r;

    memcpy(signature, leaf.signature.at, MLS_SIGNATURE_LEN);
    signature[0] ^= 1;
    leaf.signature = bytes(signature, MLS_SIGNATURE_LEN);
    leaf_write(&b, &leaf);
    r = reader_on(evil_keep(&s->arena, &b));
    leaf_read(&r, &leaf);
    assert_int_equal(tree_put_leaf(&s->tree, OTHER, &leaf), OK);
}

/* Only leaves that are not a KeyPackage's any more are signed for a place and a group. */
static void leaf_of_another_place(struct scene *s)
{
    struct leaf_node leaf = leaf_of(s, OTHER);

    leaf.source = MLS_LEAF_UPDATE;
    leaf_says(s, OTHER, &leaf, THIRD, s->open.info.context.group_id);
}

static void leaf_of_another_group(struct scene *s)
{
    struct leaf_node leaf = leaf_of(s, OTHER);

    leaf.source = MLS_LEAF_UPDATE;
    leaf_says(s, OTHER, &leaf, OTHER, BYTES_TEXT("another group"));
}

static void leaf_updated(struct scene *s)
{
    struct leaf_node leaf = leaf_of(s, OTHER);

    leaf.source = MLS_LEAF_UPDATE;
    put(s, &leaf);
}

/* The one inner node whose parent is the root. */
static struct parent_node *low_node(struct scene *s)
{
    with_nodes(s);
    assert_non_null(s->tree.nodes[1].parent);
    return s->tree.nodes[1].parent;
}

static void node_with_another_key(struct scene *s)
{
    static uint8_t key[MLS_KEY_LEN] = {9};

    low_node(s)->key = BYTES_OF(key);
}

static void node_with_a_key_cut(struct scene *s)
{
    low_node(s)->key.len--;
}

static void node_with_another_parent_hash(struct scene *s)
{
    static uint8_t hash[MLS_HASH_LEN];

    low_node(s)->parent_hash = BYTES_OF(hash);
}

static void unmerged(struct scene *s, struct parent_node *node, const uint32_t *leaves, uint32_t count)
{
    node->unmerged = arena_array(&s->arena, count, sizeof *leaves);
    assert_non_null(node->unmerged);
    memcpy(node->unmerged, leaves, count * sizeof *leaves);
    node->unmerged_count = node->unmerged_room = count;
}

static void unmerged_out_of_order(struct scene *s)
{
    unmerged(s, low_node(s), (const uint32_t[]){1, 0}, 2);
}

static void unmerged_twice(struct scene *s)
{
    unmerged(s, low_node(s), (const uint32_t[]){1, 1}, 2);
}

static void unmerged_of_elsewhere(struct scene *s)
{
    unmerged(s, low_node(s), (const uint32_t[]){THIRD}, 1);
}

/* The root lists one whom the node between does not. */
static void unmerged_above_alone(struct scene *s)
{
    low_node(s);
    unmerged(s, s->tree.nodes[tree_root(s->tree.depth)].parent, (const uint32_t[]){1}, 1);
}

static const struct row {
    const char *section, *what;
    void (*make)(struct scene *);
    enum result why;
} rows[] = {
    {"12.4.3.1", "as it should be", good, OK},
    {"12.4.3.1", "as it was made", with_nodes, OK},
    {"12.4.3.3", "the tree inside", tree_inside, OK},
    {"13.4", "an extension of GroupInfo that we do not know", info_extension_that_we_do_not_know, OK},
    {"7.3", "a leaf signed again", leaf_as_it_was, OK},
    {"7.3", "a leaf that was updated", leaf_updated, OK},

    {"12.4.3.1", "another tree hash", another_tree_hash, E_REFUSED},
    {"12.4.3", "another signature", another_signature, E_FORGED},
    {"12.4.3", "another's signature", anothers_signature, E_FORGED},
    {"12.4.3", "a signer of a blank leaf", signer_of_a_blank_leaf, E_REFUSED},
    {"12.4.3", "a signer beyond the tree", signer_beyond, E_REFUSED},
    {"12.4.3.1", "another confirmation tag", another_tag, E_FORGED},
    {"12.4.3.1", "half a confirmation tag", half_a_tag, E_FORGED},
    {"12.4.3.1", "another version", version_two, E_UNSUPPORTED},
    {"12.4.3.1", "another suite inside", another_suite_inside, E_UNSUPPORTED},
    {"12.4.3.1", "another suite", another_suite_outside, E_UNSUPPORTED},
    {"13.4", "an extension of the context that we do not know", context_that_we_do_not_know, E_REFUSED},
    {"13.4", "an extension of the context twice", context_extension_twice, E_MALFORMED},
    {"13.4", "an extension of GroupInfo twice", info_extension_twice, E_MALFORMED},
    {"7.3", "extensions required that we lack", required_that_we_lack, E_REFUSED},
    {"7.3", "proposals required that we lack", required_proposals_that_we_lack, E_REFUSED},
    {"7.3", "credentials required that we lack", required_credentials_that_we_lack, E_REFUSED},
    {"12.4.3.1", "no tree", no_tree_at_all, E_NOT_FOUND},

    {"12.4.3.1", "for somebody else", for_somebody_else, E_NOT_FOUND},
    {"12.4.3.1", "a joiner secret cut short", joiner_secret_cut, E_MALFORMED},
    {"12.4.3.1", "a path secret cut short", path_secret_cut, E_MALFORMED},
    {"12.4.3.1", "another path secret", another_path_secret, E_REFUSED},
    {"11.3", "a PSK of a branch", psk_of_a_branch, E_UNSUPPORTED},
    {"8.4", "a PSK with a short nonce", psk_with_a_short_nonce, E_REFUSED},
    {"8.4", "a PSK that we lack", psk_that_we_lack, E_NO_KEY},

    {"12.4.3.1", "a tree without us", we_are_not_in_it, E_REFUSED},
    {"7.3", "a leaf with another's encryption key", leaf_with_anothers_encryption_key, E_REFUSED},
    {"7.3", "a leaf twice", leaf_twice, E_REFUSED},
    {"7.3", "a leaf that lacks the suite", leaf_that_lacks_the_suite, E_UNSUPPORTED},
    {"7.3", "a leaf that lacks what is required", leaf_that_lacks_what_is_required, E_REFUSED},
    {"7.3", "a leaf with a credential that others do not know", leaf_with_a_certificate, E_REFUSED},
    {"7.3", "a leaf whose key is none", leaf_key_that_is_none, E_REFUSED},
    {"7.3", "a leaf with another signature", leaf_with_another_signature, E_FORGED},
    {"7.2", "a leaf of another place", leaf_of_another_place, E_FORGED},
    {"7.2", "a leaf of another group", leaf_of_another_group, E_FORGED},

    {"7.9.2", "a node with another key", node_with_another_key, E_REFUSED},
    {"7.1", "a node with a key cut short", node_with_a_key_cut, E_MALFORMED},
    {"7.9.2", "a node with another parent hash", node_with_another_parent_hash, E_REFUSED},
    {"7.1", "unmerged leaves out of order", unmerged_out_of_order, E_MALFORMED},
    {"7.1", "an unmerged leaf twice", unmerged_twice, E_MALFORMED},
    {"12.4.3.1", "an unmerged leaf of elsewhere", unmerged_of_elsewhere, E_REFUSED},
    {"12.4.3.1", "an unmerged leaf above alone", unmerged_above_alone, E_REFUSED},
};

/* --- Putting it together --- */

static void scene_set(struct scene *s)
{
    struct buffer package = {0};
    struct bytes add;

    memset(s, 0, sizeof *s);
    room_found(&s->room, MLS_SUITE_CHACHA20_POLY1305, 15);
    room_commit(&s->room, 0, MEMBERS - 1, NULL, 0);
    room_package(&s->room, s->room.now - 1, s->room.now + 60, &package, &s->joining);
    add = buffer_bytes(&package);
    assert_int_equal(group_commit(s->room.members[ATTACKER], &s->room.seeded.random,
                                  &(struct group_change){.adds = &add, .add_count = 1}, s->room.now,
                                  &s->made),
                     OK);
    buffer_free(&package);
    assert_int_equal(welcome_open(s->joining, buffer_bytes(&s->made.welcome), &s->open), OK);
    assert_int_equal(joining_package(s->joining, &s->package), OK);
    assert_int_equal(tree_read(buffer_bytes(&s->made.tree), &s->tree), OK);
    s->suite = s->open.info.context.suite;
    memcpy(s->seed, s->room.members[ATTACKER]->seed, sizeof s->seed);
    for (uint32_t leaf = 0; leaf <= JOINER; leaf++)
        tree_blank_path(&s->tree, leaf);
    s->open.secrets.has_path_secret = false;
}

static void scene_end(struct scene *s)
{
    buffer_free(&s->welcome);
    buffer_free(&s->outside);
    opened_welcome_free(&s->open);
    tree_free(&s->tree);
    group_committed_free(&s->made);
    joining_free(s->joining);
    arena_free(&s->arena);
    room_free(&s->room);
}

static void put_tag(struct scene *s, uint8_t tag[static MLS_HASH_LEN])
{
    struct group_info *info = &s->open.info;
    struct buffer context = {0};
    struct schedule secrets;
    uint8_t joiner[MLS_HASH_LEN];

    group_context_write(&context, &info->context);
    memcpy(joiner, s->open.secrets.joiner_secret.at, sizeof joiner);
    assert_int_equal(schedule_epoch(joiner, s->open.psk_secret, buffer_bytes(&context), &secrets), OK);
    assert_int_equal(
        schedule_confirmation_tag(secrets.confirmation, info->context.confirmed_transcript_hash, tag), OK);
    tag[3] ^= s->flip_tag;
    info->confirmation_tag = bytes(tag, MLS_HASH_LEN - 16 * s->cut_tag);
    buffer_free(&context);
}

static void seal_info(struct scene *s, struct buffer *sealed)
{
    struct group_info *info = &s->open.info;
    uint8_t signature[MLS_SIGNATURE_LEN], tag[MLS_HASH_LEN], hash[MLS_HASH_LEN];
    struct buffer body = {0};
    struct message_key key;

    for (uint32_t i = 0; i < tree_node_count(s->tree.depth); i++)
        s->tree.nodes[i].hashed = false;
    if (!s->keep_hash) {
        assert_int_equal(tree_root_hash(&s->tree, hash), OK);
        info->context.tree_hash = BYTES_OF(hash);
    }
    tree_write(&s->outside, &s->tree);
    if (s->inside)
        put_extension(s, &info->extensions, MLS_EXTENSION_RATCHET_TREE, buffer_bytes(&s->outside));
    put_tag(s, tag);
    group_info_write_body(&body, info);
    assert_int_equal(label_sign(s->seed, BYTES_TEXT("GroupInfoTBS"), buffer_bytes(&body), signature), OK);
    signature[9] ^= s->flip_signature;
    info->signature = BYTES_OF(signature);
    group_info_write(sealed, info);
    buffer_zeros(sealed, MLS_TAG_LEN);
    assert_int_equal(
        welcome_key(s->open.secrets.joiner_secret.at, s->open.psk_secret, MLS_SUITE_CHACHA20_POLY1305, &key),
        OK);
    assert_int_equal(message_key_seal(MLS_SUITE_CHACHA20_POLY1305, &key, (struct bytes){0}, sealed->at,
                                      sealed->len - MLS_TAG_LEN),
                     OK);
    buffer_free(&body);
}

static void put_together(struct scene *s)
{
    struct buffer info = {0}, text = {0}, secrets = {0};
    uint8_t ref[MLS_HASH_LEN], kem[32], sealed[512];

    seal_info(s, &info);
    group_secrets_write(&text, &s->open.secrets);
    assert_true(text.len + MLS_TAG_LEN <= sizeof sealed);
    assert_int_equal(label_encrypt(&s->room.seeded.random, MLS_SUITE_CHACHA20_POLY1305,
                                   s->package.init_key.at, BYTES_TEXT("Welcome"), buffer_bytes(&info),
                                   buffer_bytes(&text), kem, sealed),
                     OK);
    assert_int_equal(key_package_ref(&s->package, ref), OK);
    ref[0] ^= s->flip_ref;
    welcome_secrets_write(&secrets, &(struct welcome_secrets){BYTES_OF(ref), BYTES_OF(kem),
                                                              bytes(sealed, text.len + MLS_TAG_LEN)});
    mls_message_head(&s->welcome, MLS_WELCOME);
    welcome_write(&s->welcome, &(struct welcome){s->suite, buffer_bytes(&secrets), buffer_bytes(&info)});
    buffer_free(&info);
    buffer_free(&text);
    buffer_free(&secrets);
}

static void each_welcome_is_judged(void **state)
{
    static struct scene s;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct group *group = NULL;
        uint64_t before;
        enum result res;

        scene_set(&s);
        rows[i].make(&s);
        put_together(&s);
        before = heap_image();
        res = group_join(s.joining, &s.room.rules, buffer_bytes(&s.welcome),
                         s.no_tree ? (struct bytes){0} : buffer_bytes(&s.outside), &group);
        if (res != rows[i].why)
            fail_msg("%s: %s: %s", rows[i].section, rows[i].what, result_text(res));
        if (res != OK) {
            if (heap_image() != before)
                fail_msg("%s: %s: it has left a trace", rows[i].section, rows[i].what);
            assert_int_equal(group_join(s.joining, &s.room.rules, buffer_bytes(&s.made.welcome),
                                        buffer_bytes(&s.made.tree), &group),
                             OK);
        }
        group_free(group);
        scene_end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_welcome_is_judged),
    };

    heap_watch();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
