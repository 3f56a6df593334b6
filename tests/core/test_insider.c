/* Commits of a member who means ill: signed and sealed as they must be, and wrong inside. Every other member
 * refuses them, stays where it was, and takes a good one afterwards (field report G37: a commit that nobody
 * can follow must not stop a room). The numbers are RFC 9420's sections. */
#include "core/group.h"

#include "core/group_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/heap.h"
#include "support/mls_room.h"

enum { ATTACKER = 1, VICTIM = 0, MEMBERS = 5 };

/* A commit taken to pieces. What is changed lies in the arena. */
struct piece {
    struct room *room;
    struct arena arena;
    struct buffer plain;
    struct content content;
    struct commit commit;
};

static struct epoch *epoch_at(struct piece *p, uint32_t leaf)
{
    return p->room->members[leaf]->epoch;
}

static void take_apart(struct piece *p, struct bytes message)
{
    struct epoch *epoch = epoch_at(p, VICTIM);
    struct mls_message read;
    struct sender_data sender;
    struct reader r;

    assert_int_equal(mls_message_read(message, &read), OK);
    assert_int_equal(private_sender(&read.private, epoch->suite, epoch->secrets.sender_data, &sender), OK);
    assert_int_equal(
        private_open(&read.private, epoch->suite, epoch->messages, &sender, &p->plain, &p->content), OK);
    r = reader_on(p->content.body);
    commit_read(&r, &p->commit);
    assert_int_equal(reader_end(&r), OK);
}

static struct bytes keep(struct piece *p, struct buffer *b)
{
    struct bytes kept;

    assert_int_equal(arena_copy(&p->arena, buffer_bytes(b), &kept), OK);
    buffer_free(b);
    return kept;
}

static void send(struct piece *p, struct buffer *message)
{
    struct group *attacker = p->room->members[ATTACKER];
    struct epoch *epoch = attacker->epoch;
    struct buffer body = {0};
    uint8_t signature[MLS_SIGNATURE_LEN];
    struct content content = p->content;

    commit_write(&body, &p->commit);
    content.body = buffer_bytes(&body);
    assert_int_equal(content_sign(&content, epoch_context(epoch), attacker->seed, signature), OK);
    content.signature = BYTES_OF(signature);
    assert_int_equal(private_protect(&content, epoch->suite, epoch->messages, epoch->secrets.sender_data, 0,
                                     &p->room->seeded.random, message),
                     OK);
    buffer_free(&body);
}

/* --- What can be wrong with a path --- */

static void sign_leaf(struct piece *p)
{
    struct buffer b = {0};
    struct bytes encoded;
    struct reader r;

    assert_int_equal(leaf_write_signed(&b, &p->commit.path.leaf,
                                       &(struct leaf_place){group_id(p->room->members[ATTACKER]), ATTACKER},
                                       p->room->members[ATTACKER]->seed),
                     OK);
    encoded = keep(p, &b);
    r = reader_on(encoded);
    leaf_read(&r, &p->commit.path.leaf);
}

static void no_path(struct piece *p)
{
    p->commit.has_path = false;
}

static void leaf_with_another_signature(struct piece *p)
{
    uint8_t *signature = arena_take(&p->arena, MLS_SIGNATURE_LEN);

    memcpy(signature, p->commit.path.leaf.signature.at, MLS_SIGNATURE_LEN);
    signature[5] ^= 1;
    p->commit.path.leaf.signature = bytes(signature, MLS_SIGNATURE_LEN);
}

static void leaf_of_an_update(struct piece *p)
{
    p->commit.path.leaf.source = MLS_LEAF_UPDATE;
    sign_leaf(p);
}

static void leaf_with_its_old_key(struct piece *p)
{
    p->commit.path.leaf.encryption_key = group_member(p->room->members[ATTACKER], ATTACKER)->encryption_key;
    sign_leaf(p);
}

static void leaf_with_anothers_key(struct piece *p)
{
    p->commit.path.leaf.encryption_key = group_member(p->room->members[ATTACKER], 3)->encryption_key;
    sign_leaf(p);
}

static void leaf_without_its_capabilities(struct piece *p)
{
    p->commit.path.leaf.capabilities.extensions = (struct bytes){0};
    p->commit.path.leaf.extensions = (struct bytes){0};
    sign_leaf(p);
}

static void leaf_with_another_parent_hash(struct piece *p)
{
    uint8_t *hash = arena_take(&p->arena, MLS_HASH_LEN);

    memcpy(hash, p->commit.path.leaf.parent_hash.at, MLS_HASH_LEN);
    hash[0] ^= 1;
    p->commit.path.leaf.parent_hash = bytes(hash, MLS_HASH_LEN);
    sign_leaf(p);
}

/* Writes the path's nodes again, with `change` made to each in turn; false leaves the node out. */
static void rewrite(struct piece *p, bool (*change)(struct piece *, unsigned number, struct path_node *))
{
    struct reader r = reader_on(p->commit.path.nodes);
    struct buffer b = {0};
    struct path_node node;

    for (unsigned i = 0; path_node_next(&r, &node); i++) {
        if (!change(p, i, &node))
            continue;
        buffer_vector(&b, node.key);
        buffer_vector(&b, node.secrets);
    }
    p->commit.path.nodes = keep(p, &b);
}

static bool skip_first(struct piece *p, unsigned number, struct path_node *node)
{
    (void)p;
    (void)node;
    return number != 0;
}

static void a_node_too_few(struct piece *p)
{
    rewrite(p, skip_first);
}

static void a_node_too_many(struct piece *p)
{
    struct buffer b = {0};

    buffer_put(&b, p->commit.path.nodes);
    buffer_put(&b, p->commit.path.nodes);
    p->commit.path.nodes = keep(p, &b);
}

static bool short_key(struct piece *p, unsigned number, struct path_node *node)
{
    (void)p;
    if (number == 0)
        node->key.len--;
    return true;
}

static void a_key_too_short(struct piece *p)
{
    rewrite(p, short_key);
}

/* A point of small order: nothing can be sealed to it, so whoever commits next would fail at it. */
static const uint8_t no_key[MLS_KEY_LEN] = {1};

static void leaf_with_a_key_that_is_none(struct piece *p)
{
    p->commit.path.leaf.encryption_key = BYTES_OF(no_key);
    sign_leaf(p);
}

static bool known_key(struct piece *p, unsigned number, struct path_node *node)
{
    if (number == 0)
        node->key = group_member(p->room->members[ATTACKER], 2)->encryption_key;
    return true;
}

static void a_key_that_is_in_the_tree(struct piece *p)
{
    rewrite(p, known_key);
}

/* Of every node: the last ciphertext is missing, or one is there twice, or each is garbage. */
enum harm { MISSING, DOUBLED, GARBAGE, SHORT };

static void harm_secrets(struct piece *p, struct path_node *node, enum harm harm)
{
    struct reader r = reader_on(node->secrets);
    struct buffer b = {0};
    struct bytes kem, sealed;

    while (ciphertext_next(&r, &kem, &sealed)) {
        uint8_t changed[MLS_HASH_LEN + MLS_TAG_LEN];

        if (harm == MISSING && reader_left(&r) == 0)
            break;
        assert_int_equal(sealed.len, sizeof changed);
        memcpy(changed, sealed.at, sizeof changed);
        changed[7] ^= harm == GARBAGE;
        ciphertext_write(&b, kem, bytes(changed, sizeof changed - (harm == SHORT)));
        if (harm == DOUBLED)
            ciphertext_write(&b, kem, sealed);
    }
    node->secrets = keep(p, &b);
}

static bool missing(struct piece *p, unsigned number, struct path_node *node)
{
    (void)number;
    harm_secrets(p, node, MISSING);
    return true;
}

static bool doubled(struct piece *p, unsigned number, struct path_node *node)
{
    (void)number;
    harm_secrets(p, node, DOUBLED);
    return true;
}

static bool garbage(struct piece *p, unsigned number, struct path_node *node)
{
    (void)number;
    harm_secrets(p, node, GARBAGE);
    return true;
}

static bool shortened(struct piece *p, unsigned number, struct path_node *node)
{
    (void)number;
    harm_secrets(p, node, SHORT);
    return true;
}

static void a_secret_missing(struct piece *p)
{
    rewrite(p, missing);
}

static void a_secret_too_many(struct piece *p)
{
    rewrite(p, doubled);
}

static void secrets_that_are_garbage(struct piece *p)
{
    rewrite(p, garbage);
}

static void secrets_that_are_short(struct piece *p)
{
    rewrite(p, shortened);
}

/* --- What can be wrong with the list of proposals --- */

static void list(struct piece *p, const struct proposal *proposals, size_t count)
{
    struct buffer b = {0};

    for (size_t i = 0; i < count; i++)
        proposal_or_ref_write(&b, &(struct proposal_or_ref){.proposal = proposals[i]});
    p->commit.proposals = keep(p, &b);
}

static const uint8_t nonce[MLS_HASH_LEN] = {1};

static void removes_itself(struct piece *p)
{
    list(p, &(struct proposal){.type = MLS_PROPOSAL_REMOVE, .removed = ATTACKER}, 1);
}

static void removes_nobody(struct piece *p)
{
    list(p, &(struct proposal){.type = MLS_PROPOSAL_REMOVE, .removed = 1000}, 1);
}

static void removes_twice(struct piece *p)
{
    struct proposal remove = {.type = MLS_PROPOSAL_REMOVE, .removed = 3};

    list(p, (struct proposal[]){remove, remove}, 2);
}

static void updates_itself(struct piece *p)
{
    list(p, &(struct proposal){.type = MLS_PROPOSAL_UPDATE, .update = p->commit.path.leaf}, 1);
}

static void external_init(struct piece *p)
{
    list(p, &(struct proposal){.type = MLS_PROPOSAL_EXTERNAL_INIT, .kem = BYTES_OF(nonce)}, 1);
}

static void two_contexts(struct piece *p)
{
    struct proposal context = {.type = MLS_PROPOSAL_CONTEXT_EXTENSIONS};

    list(p, (struct proposal[]){context, context}, 2);
}

static void context_that_nobody_supports(struct piece *p)
{
    struct buffer b = {0};

    buffer_u16(&b, 0xf999);
    buffer_vector(&b, (struct bytes){0});
    list(p, &(struct proposal){.type = MLS_PROPOSAL_CONTEXT_EXTENSIONS, .extensions = keep(p, &b)}, 1);
}

static void capabilities_that_nobody_has(struct piece *p)
{
    static const uint8_t required[] = {2, 0xf9, 0x99, 0, 0};
    struct buffer b = {0};

    buffer_u16(&b, MLS_EXTENSION_REQUIRED_CAPABILITIES);
    buffer_vector(&b, BYTES_OF(required));
    list(p, &(struct proposal){.type = MLS_PROPOSAL_CONTEXT_EXTENSIONS, .extensions = keep(p, &b)}, 1);
}

static void psk_we_lack(struct piece *p)
{
    list(p,
         &(struct proposal){
             .type = MLS_PROPOSAL_PSK,
             .psk = {.type = MLS_PSK_EXTERNAL, .id = BYTES_TEXT("x"), .nonce = BYTES_OF(nonce)}},
         1);
}

static void psk_twice(struct piece *p)
{
    struct proposal psk = {
        .type = MLS_PROPOSAL_PSK,
        .psk = {.type = MLS_PSK_EXTERNAL, .id = BYTES_TEXT("x"), .nonce = BYTES_OF(nonce)}};

    list(p, (struct proposal[]){psk, psk}, 2);
}

static void psk_with_a_short_nonce(struct piece *p)
{
    list(p,
         &(struct proposal){
             .type = MLS_PROPOSAL_PSK,
             .psk = {.type = MLS_PSK_EXTERNAL, .id = BYTES_TEXT("x"), .nonce = bytes(nonce, 31)}},
         1);
}

static void psk_of_a_branch(struct piece *p)
{
    list(p,
         &(struct proposal){.type = MLS_PROPOSAL_PSK,
                            .psk = {.type = MLS_PSK_RESUMPTION,
                                    .usage = MLS_PSK_BRANCH,
                                    .id = group_id(p->room->members[ATTACKER]),
                                    .epoch = 1,
                                    .nonce = BYTES_OF(nonce)}},
         1);
}

static void reinit_and_more(struct piece *p)
{
    list(p,
         (struct proposal[]){{.type = MLS_PROPOSAL_REINIT, .reinit = {.version = 1, .suite = 3}},
                             {.type = MLS_PROPOSAL_REMOVE, .removed = 3}},
         2);
}

static void reinit_to_an_older_version(struct piece *p)
{
    list(p, &(struct proposal){.type = MLS_PROPOSAL_REINIT, .reinit = {.suite = 3}}, 1);
}

static void a_reference_to_nothing(struct piece *p)
{
    struct buffer b = {0};

    proposal_or_ref_write(&b, &(struct proposal_or_ref){.by_reference = true, .reference = BYTES_OF(nonce)});
    p->commit.proposals = keep(p, &b);
}

static void nothing_and_no_path(struct piece *p)
{
    p->commit.proposals = (struct bytes){0};
    p->commit.has_path = false;
}

static void under_other_data(struct piece *p)
{
    p->content.authenticated_data = BYTES_TEXT("another list");
}

static void as_it_was(struct piece *p)
{
    (void)p;
}

static void each_is_refused(void **state)
{
    static const struct {
        const char *section, *what;
        void (*change)(struct piece *);
        enum result why;
    } rows[] = {
        {"12.4", "no path, with a Remove", no_path, E_REFUSED},
        {"7.3", "another's signature on the leaf", leaf_with_another_signature, E_FORGED},
        {"12.4.2", "the leaf of an Update", leaf_of_an_update, E_REFUSED},
        {"7.5", "the leaf's old key", leaf_with_its_old_key, E_REFUSED},
        {"7.3", "another leaf's key", leaf_with_anothers_key, E_REFUSED},
        {"7.3", "a leaf that lacks what is required", leaf_without_its_capabilities, E_REFUSED},
        {"7.9.2", "another parent hash", leaf_with_another_parent_hash, E_REFUSED},
        {"7.5", "a node too few", a_node_too_few, E_MALFORMED},
        {"7.5", "a node too many", a_node_too_many, E_MALFORMED},
        {"7.6", "a key too short", a_key_too_short, E_MALFORMED},
        {"7.3", "a leaf with a key that is none", leaf_with_a_key_that_is_none, E_REFUSED},
        {"12.4.2", "a key that is in the tree", a_key_that_is_in_the_tree, E_REFUSED},
        {"7.6", "a secret missing", a_secret_missing, E_MALFORMED},
        {"7.6", "a secret too many", a_secret_too_many, E_MALFORMED},
        {"7.6", "secrets that are garbage", secrets_that_are_garbage, E_FORGED},
        {"7.4", "secrets that are short", secrets_that_are_short, E_MALFORMED},
        {"12.2", "removes itself", removes_itself, E_REFUSED},
        {"12.1.3", "removes nobody", removes_nobody, E_NOT_FOUND},
        {"12.2", "removes one twice", removes_twice, E_REFUSED},
        {"12.2", "updates itself", updates_itself, E_REFUSED},
        {"12.1.6", "an external init from inside", external_init, E_REFUSED},
        {"12.2", "two contexts", two_contexts, E_REFUSED},
        {"12.1.7", "an extension that nobody supports", context_that_nobody_supports, E_REFUSED},
        {"12.1.7", "capabilities that nobody has", capabilities_that_nobody_has, E_REFUSED},
        {"12.2", "a PSK twice", psk_twice, E_REFUSED},
        {"12.1.4", "a PSK with a short nonce", psk_with_a_short_nonce, E_REFUSED},
        {"12.1.4", "a PSK of a branch", psk_of_a_branch, E_REFUSED},
        {"12.2", "a ReInit and more", reinit_and_more, E_REFUSED},
        {"12.1.5", "a ReInit to an older version", reinit_to_an_older_version, E_REFUSED},
        {"12.4.2", "a reference to nothing", a_reference_to_nothing, E_NO_KEY},
        {"12.4", "nothing, and no path", nothing_and_no_path, E_REFUSED},
        {"12.4.2", "the tag of another commit", under_other_data, E_FORGED},
        {"12.4.2", "as it was: it is not the taking apart that is refused", as_it_was, OK},
    };
    static struct room room;

    (void)state;
    room_found(&room, MLS_SUITE_CHACHA20_POLY1305, 6);
    room_commit(&room, 0, MEMBERS - 1, NULL, 0);
    room_commit(&room, 3, 0, NULL, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct piece p = {.room = &room};
        struct group_committed out;
        struct buffer message = {0};
        struct opened *opened = NULL;
        uint64_t before;
        enum result res;

        assert_int_equal(group_commit(room.members[ATTACKER], &room.seeded.random,
                                      &(struct group_change){.removes = &(uint32_t){4}, .remove_count = 1},
                                      room.now, &out),
                         OK);
        take_apart(&p, buffer_bytes(&out.commit));
        rows[i].change(&p);
        send(&p, &message);
        before = heap_image();
        res = group_open(room.members[VICTIM], buffer_bytes(&message), room.now, &opened);
        if (res != rows[i].why)
            fail_msg("%s: %s: %s", rows[i].section, rows[i].what, result_text(res));
        if (res != OK && heap_image() != before)
            fail_msg("%s: %s: it has left a trace", rows[i].section, rows[i].what);
        opened_free(opened);
        group_drop_staged(room.members[ATTACKER]);
        group_committed_free(&out);
        buffer_free(&message);
        buffer_free(&p.plain);
        arena_free(&p.arena);
    }
    room_agrees(&room);
    room_commit(&room, ATTACKER, 1, &(uint32_t){4}, 1);
    room_free(&room);
}

/* With the PSK at hand the confirmation tag alone is wrong; without it there is nothing to try. */
static void a_psk_that_we_lack(void **state)
{
    static struct room room;
    enum result wanted[] = {E_NO_KEY, E_FORGED};

    (void)state;
    room_found(&room, MLS_SUITE_CHACHA20_POLY1305, 6);
    room_commit(&room, 0, 1, NULL, 0);
    for (size_t i = 0; i < 2; i++) {
        struct piece p = {.room = &room};
        struct group_committed out;
        struct buffer message = {0};
        struct opened *opened = NULL;

        assert_int_equal(group_commit(room.members[ATTACKER], &room.seeded.random, &(struct group_change){0},
                                      room.now, &out),
                         OK);
        take_apart(&p, buffer_bytes(&out.commit));
        psk_we_lack(&p);
        send(&p, &message);
        assert_int_equal(group_open(room.members[VICTIM], buffer_bytes(&message), room.now, &opened),
                         wanted[i]);
        assert_int_equal(group_psk(room.members[VICTIM], BYTES_TEXT("x"), BYTES_TEXT("secret")), OK);
        group_committed_free(&out);
        buffer_free(&message);
        buffer_free(&p.plain);
        arena_free(&p.arena);
    }
    room_free(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_refused),
        cmocka_unit_test(a_psk_that_we_lack),
    };

    heap_watch();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
