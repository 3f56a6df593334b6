/* What a newcomer checks of a Welcome and of the tree: RFC 9420,
 * sections 7.1, 7.3, 12.4.3, 12.4.3.1, 12.4.3.3 and 13.4. The Welcome is made by a member who means ill: all
 * else about it is right. Who refuses it can still take the right one. */
#include "core/group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "evil_welcome.h"
#include "support/heap.h"

enum { OTHER = 1, THIRD = 2 };

static void good(struct evil_welcome *s)
{
    (void)s;
}

/* As it was made; `good` and all others have no keys above the leaves, so that a leaf can be changed alone.
 */
static void with_nodes(struct evil_welcome *s)
{
    tree_free(&s->tree);
    assert_int_equal(tree_read(buffer_bytes(&s->made.tree), &s->tree), OK);
    s->open.secrets.has_path_secret = true;
}

/* --- GroupInfo --- */

static void another_tree_hash(struct evil_welcome *s)
{
    static uint8_t hash[MLS_HASH_LEN];

    s->keep_hash = true;
    s->open.info.context.tree_hash = BYTES_OF(hash);
}

static void another_signature(struct evil_welcome *s)
{
    s->flip_signature = true;
}

static void anothers_signature(struct evil_welcome *s)
{
    s->open.info.signer = OTHER;
}

static void signer_of_a_blank_leaf(struct evil_welcome *s)
{
    s->open.info.signer = THIRD;
    tree_blank_leaf(&s->tree, THIRD);
}

static void signer_beyond(struct evil_welcome *s)
{
    s->open.info.signer = 1000;
}

static void another_tag(struct evil_welcome *s)
{
    s->flip_tag = true;
}

static void half_a_tag(struct evil_welcome *s)
{
    s->cut_tag = true;
}

static void version_two(struct evil_welcome *s)
{
    s->open.info.context.version = 2;
}

static void another_suite_inside(struct evil_welcome *s)
{
    s->open.info.context.suite = MLS_SUITE_AES_128_GCM;
}

static void another_suite_outside(struct evil_welcome *s)
{
    s->suite = MLS_SUITE_AES_128_GCM;
}

static void context_that_we_do_not_know(struct evil_welcome *s)
{
    evil_put_extension(s, &s->open.info.context.extensions, 0xf999, (struct bytes){0});
}

static void context_extension_twice(struct evil_welcome *s)
{
    evil_put_extension(s, &s->open.info.context.extensions, ROOM_CONTEXT, (struct bytes){0});
}

static void required_that_we_lack(struct evil_welcome *s)
{
    static const uint8_t required[] = {2, 0xf9, 0x99, 0, 0};

    s->open.info.context.extensions = (struct bytes){0};
    evil_put_extension(s, &s->open.info.context.extensions, MLS_EXTENSION_REQUIRED_CAPABILITIES,
                       BYTES_OF(required));
}

static void required_credentials_that_we_lack(struct evil_welcome *s)
{
    static const uint8_t required[] = {0, 0, 2, 0, MLS_CREDENTIAL_X509};

    s->open.info.context.extensions = (struct bytes){0};
    evil_put_extension(s, &s->open.info.context.extensions, MLS_EXTENSION_REQUIRED_CAPABILITIES,
                       BYTES_OF(required));
}

static void required_proposals_that_we_lack(struct evil_welcome *s)
{
    static const uint8_t required[] = {0, 2, 0xf9, 0x99, 0};

    s->open.info.context.extensions = (struct bytes){0};
    evil_put_extension(s, &s->open.info.context.extensions, MLS_EXTENSION_REQUIRED_CAPABILITIES,
                       BYTES_OF(required));
}

static void info_extension_that_we_do_not_know(struct evil_welcome *s)
{
    evil_put_extension(s, &s->open.info.extensions, 0x0a0a, BYTES_TEXT("grease"));
}

static void info_extension_twice(struct evil_welcome *s)
{
    info_extension_that_we_do_not_know(s);
    info_extension_that_we_do_not_know(s);
}

static void tree_inside(struct evil_welcome *s)
{
    s->inside = s->no_tree = true;
}

static void no_tree_at_all(struct evil_welcome *s)
{
    s->no_tree = true;
}

/* --- GroupSecrets --- */

static void for_somebody_else(struct evil_welcome *s)
{
    s->flip_ref = true;
}

static void joiner_secret_cut(struct evil_welcome *s)
{
    s->open.secrets.joiner_secret.len--;
}

static void path_secret_cut(struct evil_welcome *s)
{
    with_nodes(s);
    s->open.secrets.path_secret.len--;
}

static void another_path_secret(struct evil_welcome *s)
{
    static uint8_t secret[MLS_HASH_LEN];

    with_nodes(s);
    s->open.secrets.path_secret = BYTES_OF(secret);
}

static void psk_of(struct evil_welcome *s, const struct psk_id *psk)
{
    struct buffer b = {0};

    psk_id_write(&b, psk);
    s->open.secrets.psks = evil_keep(&s->arena, &b);
}

static const uint8_t nonce[MLS_HASH_LEN] = {1};

static void psk_of_a_branch(struct evil_welcome *s)
{
    psk_of(s,
           &(struct psk_id){.type = MLS_PSK_RESUMPTION, .usage = MLS_PSK_BRANCH, .nonce = BYTES_OF(nonce)});
}

static void psk_with_a_short_nonce(struct evil_welcome *s)
{
    psk_of(s, &(struct psk_id){.type = MLS_PSK_EXTERNAL, .id = BYTES_TEXT("x"), .nonce = bytes(nonce, 31)});
}

static void psk_that_we_lack(struct evil_welcome *s)
{
    psk_of(s, &(struct psk_id){.type = MLS_PSK_EXTERNAL, .id = BYTES_TEXT("x"), .nonce = BYTES_OF(nonce)});
}

/* --- The tree --- */

static void we_are_not_in_it(struct evil_welcome *s)
{
    tree_blank_leaf(&s->tree, JOINER);
    tree_truncate(&s->tree);
}

/* A leaf says something else, signed by itself as it must be. */
static void leaf_says(struct evil_welcome *s, uint32_t place, const struct leaf_node *says,
                      uint32_t signed_for, struct bytes in_group)
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

static struct leaf_node leaf_of(const struct evil_welcome *s, uint32_t place)
{
    return *tree_leaf(&s->tree, place);
}

static void put(struct evil_welcome *s, const struct leaf_node *leaf)
{
    leaf_says(s, OTHER, leaf, OTHER, s->open.info.context.group_id);
}

static void leaf_as_it_was(struct evil_welcome *s)
{
    struct leaf_node leaf = leaf_of(s, OTHER);

    put(s, &leaf);
}

static void leaf_with_anothers_encryption_key(struct evil_welcome *s)
{
    struct leaf_node leaf = leaf_of(s, OTHER);

    leaf.encryption_key = leaf_of(s, THIRD).encryption_key;
    put(s, &leaf);
}

static void leaf_twice(struct evil_welcome *s)
{
    struct leaf_node leaf = leaf_of(s, OTHER);

    assert_int_equal(tree_put_leaf(&s->tree, THIRD, &leaf), OK);
}

static void leaf_that_lacks_the_suite(struct evil_welcome *s)
{
    struct leaf_node leaf = leaf_of(s, OTHER);

    leaf.capabilities.suites = BYTES_TEXT("\x0a\x0a");
    put(s, &leaf);
}

static void leaf_that_lacks_what_is_required(struct evil_welcome *s)
{
    struct leaf_node leaf = leaf_of(s, OTHER);

    leaf.capabilities.extensions = (struct bytes){0};
    leaf.extensions = (struct bytes){0};
    put(s, &leaf);
}

static void leaf_with_a_certificate(struct evil_welcome *s)
{
    struct leaf_node leaf = leaf_of(s, OTHER);

    leaf.credential_type = MLS_CREDENTIAL_X509;
    leaf.credential = BYTES_TEXT("\4cert");
    leaf.capabilities.credentials = BYTES_TEXT("\0\1\0\2");
    put(s, &leaf);
}

static void leaf_key_that_is_none(struct evil_welcome *s)
{
    static const uint8_t no_key[MLS_KEY_LEN] = {1};
    struct leaf_node leaf = leaf_of(s, OTHER);

    leaf.encryption_key = BYTES_OF(no_key);
    put(s, &leaf);
}

static void leaf_with_another_signature(struct evil_welcome *s)
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
static void leaf_of_another_place(struct evil_welcome *s)
{
    struct leaf_node leaf = leaf_of(s, OTHER);

    leaf.source = MLS_LEAF_UPDATE;
    leaf_says(s, OTHER, &leaf, THIRD, s->open.info.context.group_id);
}

static void leaf_of_another_group(struct evil_welcome *s)
{
    struct leaf_node leaf = leaf_of(s, OTHER);

    leaf.source = MLS_LEAF_UPDATE;
    leaf_says(s, OTHER, &leaf, OTHER, BYTES_TEXT("another group"));
}

static void leaf_updated(struct evil_welcome *s)
{
    struct leaf_node leaf = leaf_of(s, OTHER);

    leaf.source = MLS_LEAF_UPDATE;
    put(s, &leaf);
}

/* The one inner node whose parent is the root. */
static struct parent_node *low_node(struct evil_welcome *s)
{
    with_nodes(s);
    assert_non_null(s->tree.nodes[1].parent);
    return s->tree.nodes[1].parent;
}

static void node_with_another_key(struct evil_welcome *s)
{
    static uint8_t key[MLS_KEY_LEN] = {9};

    low_node(s)->key = BYTES_OF(key);
}

static void node_with_a_key_cut(struct evil_welcome *s)
{
    low_node(s)->key.len--;
}

static void node_with_another_parent_hash(struct evil_welcome *s)
{
    static uint8_t hash[MLS_HASH_LEN];

    low_node(s)->parent_hash = BYTES_OF(hash);
}

static void unmerged(struct evil_welcome *s, struct parent_node *node, const uint32_t *leaves, uint32_t count)
{
    node->unmerged = arena_array(&s->arena, count, sizeof *leaves);
    assert_non_null(node->unmerged);
    memcpy(node->unmerged, leaves, count * sizeof *leaves);
    node->unmerged_count = node->unmerged_room = count;
}

static void unmerged_out_of_order(struct evil_welcome *s)
{
    unmerged(s, low_node(s), (const uint32_t[]){1, 0}, 2);
}

static void unmerged_twice(struct evil_welcome *s)
{
    unmerged(s, low_node(s), (const uint32_t[]){1, 1}, 2);
}

static void unmerged_of_elsewhere(struct evil_welcome *s)
{
    unmerged(s, low_node(s), (const uint32_t[]){THIRD}, 1);
}

/* The root lists one whom the node between does not. */
static void unmerged_above_alone(struct evil_welcome *s)
{
    low_node(s);
    unmerged(s, s->tree.nodes[tree_root(s->tree.depth)].parent, (const uint32_t[]){1}, 1);
}

static const struct row {
    const char *section, *what;
    void (*make)(struct evil_welcome *);
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

static void each_welcome_is_judged(void **state)
{
    static struct evil_welcome s;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct group *group = NULL;
        uint64_t before;
        enum result res;

        evil_welcome_set(&s);
        rows[i].make(&s);
        evil_welcome_make(&s);
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
        evil_welcome_free(&s);
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
