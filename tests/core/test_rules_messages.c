/* Messages that cannot be: RFC 9420, sections 6, 6.1, 6.2, 6.3, 9.1, 12.1.8 and 14. Senders that are none,
 * kinds that a sender may not send, epochs, generations, tags. Who refuses one is byte for byte what it was,
 * and takes a good one afterwards. */
#include "core/group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "evil.h"
#include "support/heap.h"

enum { ATTACKER = 1, VICTIM = 0, OTHER = 2, GONE = 3, MEMBERS = 5, FAR = 40 };

/* A message in the making: good as it begins, an application message of the attacker. */
struct scene {
    struct room room;
    struct arena arena;
    struct content content;
    const uint8_t *seed;
    bool public, no_membership, tag_cut;
    uint8_t membership_flip;
    uint32_t skipped; /* generations before it that nobody hears */
    struct buffer message;
};

static void good(struct scene *s)
{
    (void)s;
}

/* --- Who says it --- */

static void of_a_blank_leaf(struct scene *s)
{
    s->content.sender = GONE;
}

static void of_a_leaf_beyond(struct scene *s)
{
    s->content.sender = FAR;
}

static void of_the_hearer(struct scene *s)
{
    s->content.sender = VICTIM;
}

static void in_anothers_name(struct scene *s)
{
    s->content.sender = OTHER;
}

static void by_another_key(struct scene *s)
{
    static const uint8_t seed[32] = {9};

    s->seed = seed;
}

/* --- Where and when --- */

static void another_group(struct scene *s)
{
    s->content.group_id = BYTES_TEXT("another group");
}

static void the_epoch_before(struct scene *s)
{
    s->content.epoch--;
}

static void the_epoch_after(struct scene *s)
{
    s->content.epoch++;
}

static void the_last_of_all_epochs(struct scene *s)
{
    s->content.epoch = UINT64_MAX;
}

static void many_skipped(struct scene *s)
{
    s->skipped = SECRET_TREE_AHEAD;
}

static void one_too_many_skipped(struct scene *s)
{
    s->skipped = SECRET_TREE_AHEAD + 1;
}

/* --- In the open --- */

static void public_proposal(struct scene *s)
{
    struct buffer body = {0};

    proposal_write(&body, &(struct proposal){.type = MLS_PROPOSAL_REMOVE, .removed = 4});
    s->content.body = evil_keep(&s->arena, &body);
    s->content.type = MLS_PROPOSAL;
    s->content.wire_format = MLS_PUBLIC_MESSAGE;
    s->public = true;
}

static void public_words(struct scene *s)
{
    s->content.wire_format = MLS_PUBLIC_MESSAGE;
    s->public = true;
}

static void public_with_another_tag(struct scene *s)
{
    public_proposal(s);
    s->membership_flip = 1;
}

static void public_with_half_a_tag(struct scene *s)
{
    public_proposal(s);
    s->tag_cut = true;
}

static void public_of_a_blank_leaf(struct scene *s)
{
    public_proposal(s);
    s->content.sender = GONE;
}

static void public_of_the_hearer(struct scene *s)
{
    public_proposal(s);
    s->content.sender = VICTIM;
}

static void public_in_anothers_name(struct scene *s)
{
    public_proposal(s);
    s->content.sender = OTHER;
}

/* --- From outside --- */

static const uint8_t outside_seed[32] = {7};

static void from_outside(struct scene *s, uint8_t sender_type, uint8_t type, const struct proposal *proposal)
{
    struct buffer body = {0};

    proposal_write(&body, proposal);
    s->content.body = evil_keep(&s->arena, &body);
    s->content.sender_type = sender_type;
    s->content.sender = 0;
    s->content.type = type;
    s->content.wire_format = MLS_PUBLIC_MESSAGE;
    s->public = s->no_membership = true;
    s->seed = outside_seed;
}

static const struct proposal remove_one = {.type = MLS_PROPOSAL_REMOVE, .removed = 4};

static void external_remove(struct scene *s)
{
    from_outside(s, MLS_SENDER_EXTERNAL, MLS_PROPOSAL, &remove_one);
}

static void external_of_another_number(struct scene *s)
{
    external_remove(s);
    s->content.sender = 1;
}

static void external_by_another_key(struct scene *s)
{
    external_remove(s);
    by_another_key(s);
}

static void external_update(struct scene *s)
{
    struct proposal update = evil_update(&s->room, &s->arena, OTHER);

    from_outside(s, MLS_SENDER_EXTERNAL, MLS_PROPOSAL, &update);
}

static void external_external_init(struct scene *s)
{
    from_outside(s, MLS_SENDER_EXTERNAL, MLS_PROPOSAL,
                 &(struct proposal){.type = MLS_PROPOSAL_EXTERNAL_INIT, .kem = BYTES_OF(outside_seed)});
}

static void external_commit(struct scene *s)
{
    struct buffer body = {0};

    external_remove(s);
    commit_write(&body, &(struct commit){0});
    s->content.body = evil_keep(&s->arena, &body);
    s->content.type = MLS_COMMIT;
    s->content.confirmation_tag = BYTES_OF(outside_seed);
}

static void newcomer(struct scene *s, uint8_t sender_type)
{
    uint8_t *seed = arena_take(&s->arena, 32);
    struct proposal add = evil_newcomer(&s->room, &s->arena, NULL, NULL, seed);

    from_outside(s, sender_type, MLS_PROPOSAL, &add);
    s->seed = seed;
}

static void newcomer_asks(struct scene *s)
{
    newcomer(s, MLS_SENDER_NEW_MEMBER_PROPOSAL);
}

static void newcomer_asked_for_by_another(struct scene *s)
{
    newcomer(s, MLS_SENDER_NEW_MEMBER_PROPOSAL);
    by_another_key(s);
}

static void newcomer_removes(struct scene *s)
{
    from_outside(s, MLS_SENDER_NEW_MEMBER_PROPOSAL, MLS_PROPOSAL, &remove_one);
}

static void newcomers_commit_that_is_a_proposal(struct scene *s)
{
    newcomer(s, MLS_SENDER_NEW_MEMBER_COMMIT);
}

static void sender_of_no_type(struct scene *s)
{
    from_outside(s, 5, MLS_PROPOSAL, &remove_one);
}

/* --- What it says --- */

static void no_kind_of_content(struct scene *s)
{
    s->content.type = 4;
}

static void proposal_of_no_kind(struct scene *s)
{
    s->content.type = MLS_PROPOSAL;
    s->content.body = BYTES_TEXT("\x0a\x0a\0");
}

static void proposal_and_more(struct scene *s)
{
    s->content.type = MLS_PROPOSAL;
    s->content.body = BYTES_TEXT("\0\3\0\0\0\4\0");
}

static void remove_of_nobody(struct scene *s)
{
    s->content.type = MLS_PROPOSAL;
    s->content.body = BYTES_TEXT("\0\3\0\0\0\3");
}

static void remove_of_a_leaf_beyond(struct scene *s)
{
    s->content.type = MLS_PROPOSAL;
    s->content.body = BYTES_TEXT("\0\3\xff\xff\xff\xff");
}

/* --- Updates --- */

/* The attacker's own leaf again, as `says` has it, signed for a place in a group. */
static void update_to(struct scene *s, const struct leaf_node *says, uint32_t place, struct bytes in_group)
{
    struct proposal update = {.type = MLS_PROPOSAL_UPDATE};
    struct buffer leaf = {0}, body = {0};
    struct reader r;

    assert_int_equal(leaf_write_signed(&leaf, says, &(struct leaf_place){in_group, place}, s->seed), OK);
    r = reader_on(evil_keep(&s->arena, &leaf));
    leaf_read(&r, &update.update);
    assert_int_equal(reader_end(&r), OK);
    proposal_write(&body, &update);
    s->content.type = MLS_PROPOSAL;
    s->content.body = evil_keep(&s->arena, &body);
}

static struct leaf_node fresh_leaf(struct scene *s)
{
    return evil_update(&s->room, &s->arena, ATTACKER).update;
}

static void good_update(struct scene *s)
{
    struct leaf_node says = fresh_leaf(s);

    update_to(s, &says, ATTACKER, s->content.group_id);
}

static void update_to_the_key_that_it_has(struct scene *s)
{
    struct leaf_node says = fresh_leaf(s);

    says.encryption_key = group_member(s->room.members[VICTIM], ATTACKER)->encryption_key;
    update_to(s, &says, ATTACKER, s->content.group_id);
}

static void update_of_a_key_package(struct scene *s)
{
    struct leaf_node says = fresh_leaf(s);

    says.source = MLS_LEAF_KEY_PACKAGE;
    update_to(s, &says, ATTACKER, s->content.group_id);
}

static void update_of_a_commit(struct scene *s)
{
    struct leaf_node says = fresh_leaf(s);

    says.source = MLS_LEAF_COMMIT;
    update_to(s, &says, ATTACKER, s->content.group_id);
}

static void update_for_another_place(struct scene *s)
{
    struct leaf_node says = fresh_leaf(s);

    update_to(s, &says, OTHER, s->content.group_id);
}

static void update_for_another_group(struct scene *s)
{
    struct leaf_node says = fresh_leaf(s);

    update_to(s, &says, ATTACKER, BYTES_TEXT("another group"));
}

static void update_that_lacks_what_is_required(struct scene *s)
{
    struct leaf_node says = fresh_leaf(s);

    says.capabilities.extensions = (struct bytes){0};
    says.extensions = (struct bytes){0};
    update_to(s, &says, ATTACKER, s->content.group_id);
}

static void update_that_lacks_the_suite(struct scene *s)
{
    struct leaf_node says = fresh_leaf(s);

    says.capabilities.suites = BYTES_TEXT("\x0a\x0a");
    update_to(s, &says, ATTACKER, s->content.group_id);
}

/* --- All of them --- */

static const struct row {
    const char *section, *what;
    void (*make)(struct scene *);
    enum result why;
} rows[] = {
    {"6.3", "a word", good, OK},
    {"6.3.2", "of a blank leaf", of_a_blank_leaf, E_REFUSED},
    {"6.3.2", "of a leaf beyond the tree", of_a_leaf_beyond, E_REFUSED},
    {"6.3.2", "of the hearer", of_the_hearer, E_REPLAY},
    {"6.1", "in another's name", in_anothers_name, E_FORGED},
    {"6.1", "signed by another key", by_another_key, E_FORGED},
    {"6", "to another group", another_group, E_NOT_FOUND},
    {"12.4.2, 14", "in the epoch before", the_epoch_before, E_STALE},
    {"14", "in the epoch after", the_epoch_after, E_NO_KEY},
    {"14", "in the last of all epochs", the_last_of_all_epochs, E_NO_KEY},
    {"9.1", "after many that are lost", many_skipped, OK},
    {"9.1", "after one more", one_too_many_skipped, E_TOO_LARGE},

    {"6.2", "a proposal in the open", public_proposal, OK},
    {"6", "a word in the open", public_words, E_REFUSED},
    {"6.2", "another membership tag", public_with_another_tag, E_FORGED},
    {"6.2", "half a membership tag", public_with_half_a_tag, E_FORGED},
    {"6.2", "in the open, of a blank leaf", public_of_a_blank_leaf, E_REFUSED},
    {"6.2", "in the open, of the hearer", public_of_the_hearer, E_REPLAY},
    {"6.2", "in the open, in another's name", public_in_anothers_name, E_FORGED},

    {"12.1.8", "an external sender's Remove", external_remove, OK},
    {"12.1.8.1", "of an external sender that is not listed", external_of_another_number, E_REFUSED},
    {"12.1.8.1", "by another's key", external_by_another_key, E_FORGED},
    {"12.1.8", "an external sender's Update", external_update, E_REFUSED},
    {"12.1.8", "an external sender's ExternalInit", external_external_init, E_REFUSED},
    {"6.1", "an external sender's commit", external_commit, E_REFUSED},
    {"12.1.8", "a newcomer asks", newcomer_asks, OK},
    {"6.1", "another asks for it", newcomer_asked_for_by_another, E_FORGED},
    {"6.1", "a newcomer removes", newcomer_removes, E_REFUSED},
    {"6.1", "a newcomer's commit that is a proposal", newcomers_commit_that_is_a_proposal, E_REFUSED},
    {"6", "a sender of no type", sender_of_no_type, E_MALFORMED},

    {"12.1.2", "an Update", good_update, OK},
    {"12.1.2", "an Update to the key that it has", update_to_the_key_that_it_has, E_REFUSED},
    {"7.3", "an Update to the leaf of a KeyPackage", update_of_a_key_package, E_REFUSED},
    {"7.3", "an Update to the leaf of a Commit", update_of_a_commit, E_REFUSED},
    {"7.2", "an Update for another place", update_for_another_place, E_FORGED},
    {"7.2", "an Update for another group", update_for_another_group, E_FORGED},
    {"7.3", "an Update to a leaf that lacks what is required", update_that_lacks_what_is_required, E_REFUSED},
    {"7.3", "an Update to a leaf that lacks the suite", update_that_lacks_the_suite, E_UNSUPPORTED},

    {"6", "content of no kind", no_kind_of_content, E_MALFORMED},
    {"13.2", "a proposal of no kind", proposal_of_no_kind, E_MALFORMED},
    {"12.1", "a proposal and more", proposal_and_more, E_MALFORMED},
    {"12.1.3", "a Remove of a blank leaf", remove_of_nobody, E_NOT_FOUND},
    {"12.1.3", "a Remove of a leaf beyond the tree", remove_of_a_leaf_beyond, E_NOT_FOUND},
};

/* The list of those who may propose from outside. */
static struct bytes one_external_sender(struct scene *s)
{
    uint8_t key[32];
    struct buffer b = {0};
    size_t mark;

    assert_int_equal(crypto_ed25519_public(outside_seed, key), OK);
    mark = buffer_open(&b);
    buffer_vector(&b, BYTES_OF(key));
    buffer_u16(&b, MLS_CREDENTIAL_BASIC);
    buffer_vector(&b, BYTES_TEXT("house"));
    buffer_close(&b, mark);
    return evil_keep(&s->arena, &b);
}

static void scene_set(struct scene *s)
{
    struct group_extension context[2];
    struct group_committed out;

    memset(s, 0, sizeof *s);
    room_found(&s->room, MLS_SUITE_CHACHA20_POLY1305, 14);
    room_commit(&s->room, 0, MEMBERS - 1, NULL, 0);
    context[0] = room_context_extension;
    context[1] = (struct group_extension){MLS_EXTENSION_EXTERNAL_SENDERS, one_external_sender(s)};
    assert_int_equal(group_commit(s->room.members[0], &s->room.seeded.random,
                                  &(struct group_change){.removes = &(uint32_t){GONE},
                                                         .remove_count = 1,
                                                         .context = &(struct group_extensions){context, 2}},
                                  s->room.now, &out),
                     OK);
    room_spread(&s->room, 0, buffer_bytes(&out.commit));
    group_committed_free(&out);
    s->room.members[VICTIM]->rules.outsiders = true;
    s->room.members[VICTIM]->rules.public_handshakes = true;
    s->seed = s->room.members[ATTACKER]->seed;
    s->content = (struct content){
        .wire_format = MLS_PRIVATE_MESSAGE,
        .group_id = group_id(s->room.members[ATTACKER]),
        .epoch = group_epoch(s->room.members[ATTACKER]),
        .sender_type = MLS_SENDER_MEMBER,
        .sender = ATTACKER,
        .type = MLS_APPLICATION,
        .body = BYTES_TEXT("word"),
    };
}

static void scene_end(struct scene *s)
{
    buffer_free(&s->message);
    arena_free(&s->arena);
    room_free(&s->room);
}

/* A leaf beyond the tree has no ratchet: its number is put into the sender data of a message of the
 * attacker's. */
static void seal_private(struct scene *s)
{
    struct epoch *epoch = s->room.members[ATTACKER]->epoch;
    struct content content = s->content;
    struct message_key key;
    struct private_message sealed;
    struct mls_message read;
    struct buffer data = {0};
    uint32_t generation;

    for (uint32_t i = 0; i < s->skipped; i++)
        assert_int_equal(secret_tree_next(epoch->messages, ATTACKER, RATCHET_APPLICATION, &generation, &key),
                         OK);
    if (content.sender != FAR) {
        assert_int_equal(private_protect(&content, epoch->suite, epoch->messages, epoch->secrets.sender_data,
                                         0, &s->room.seeded.random, &s->message),
                         OK);
        return;
    }
    content.sender = ATTACKER;
    assert_int_equal(private_protect(&content, epoch->suite, epoch->messages, epoch->secrets.sender_data, 0,
                                     &s->room.seeded.random, &s->message),
                     OK);
    assert_int_equal(mls_message_read(evil_keep(&s->arena, &s->message), &read), OK);
    sealed = read.private;
    buffer_u32(&data, FAR);
    buffer_zeros(&data, 8 + MLS_TAG_LEN);
    assert_int_equal(sender_data_key(epoch->suite, epoch->secrets.sender_data, sealed.ciphertext, &key), OK);
    {
        struct buffer aad = {0};

        buffer_vector(&aad, sealed.group_id);
        buffer_u64(&aad, sealed.epoch);
        buffer_u8(&aad, sealed.type);
        assert_int_equal(
            message_key_seal(epoch->suite, &key, buffer_bytes(&aad), data.at, data.len - MLS_TAG_LEN), OK);
        buffer_free(&aad);
    }
    read.private.sealed_sender = buffer_bytes(&data);
    mls_message_write(&s->message, &read);
    buffer_free(&data);
}

static void seal_public(struct scene *s)
{
    struct epoch *epoch = s->room.members[ATTACKER]->epoch;
    struct mls_message read;
    uint8_t tag[MLS_HASH_LEN] = {0};

    if (s->no_membership) {
        mls_message_write(&s->message, &(struct mls_message){.wire_format = MLS_PUBLIC_MESSAGE,
                                                             .public = {.content = s->content}});
        return;
    }
    if (s->content.type == MLS_APPLICATION) {
        assert_int_equal(
            public_protect(&s->content, epoch_context(epoch), epoch->secrets.membership, &s->message),
            E_REFUSED);
        mls_message_write(&s->message, &(struct mls_message){.wire_format = MLS_PUBLIC_MESSAGE,
                                                             .public = {.content = s->content,
                                                                        .membership_tag = BYTES_OF(tag)}});
        return;
    }
    assert_int_equal(
        public_protect(&s->content, epoch_context(epoch), epoch->secrets.membership, &s->message), OK);
    assert_int_equal(mls_message_read(evil_keep(&s->arena, &s->message), &read), OK);
    memcpy(tag, read.public.membership_tag.at, sizeof tag);
    tag[0] ^= s->membership_flip;
    read.public.membership_tag = bytes(tag, sizeof tag - 16 * s->tag_cut);
    mls_message_write(&s->message, &read);
}

static void seal(struct scene *s)
{
    struct epoch *epoch = s->room.members[ATTACKER]->epoch;
    static uint8_t signature[MLS_SIGNATURE_LEN];

    assert_int_equal(content_sign(&s->content, epoch_context(epoch), s->seed, signature), OK);
    s->content.signature = BYTES_OF(signature);
    if (s->public)
        seal_public(s);
    else
        seal_private(s);
}

static void each_message_is_judged(void **state)
{
    static struct scene s;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct opened *opened = NULL;
        struct buffer word = {0};
        uint64_t before;
        enum result res;

        scene_set(&s);
        rows[i].make(&s);
        seal(&s);
        before = heap_image();
        res = group_open(s.room.members[VICTIM], buffer_bytes(&s.message), s.room.now, &opened);
        if (res != rows[i].why)
            fail_msg("%s: %s: %s", rows[i].section, rows[i].what, result_text(res));
        if (res != OK && heap_image() != before)
            fail_msg("%s: %s: it has left a trace", rows[i].section, rows[i].what);
        opened_free(opened);
        opened = NULL;
        assert_int_equal(group_seal(s.room.members[OTHER], &s.room.seeded.random, BYTES_TEXT("word"),
                                    (struct bytes){0}, &word),
                         OK);
        assert_int_equal(group_open(s.room.members[VICTIM], buffer_bytes(&word), s.room.now, &opened), OK);
        opened_free(opened);
        buffer_free(&word);
        scene_end(&s);
    }
}

/* Section 6.3.1: what fills a message up is zeros. */
static void padding_that_says_something(void **state)
{
    static struct scene s;
    struct opened *opened = NULL;
    struct epoch *epoch;
    uint64_t before;

    (void)state;
    scene_set(&s);
    epoch = s.room.members[ATTACKER]->epoch;
    for (unsigned good = 0; good < 2; good++) {
        struct private_message message = {
            .group_id = s.content.group_id, .epoch = s.content.epoch, .type = MLS_APPLICATION};
        struct buffer plain = {0}, aad = {0}, data = {0}, data_aad = {0};
        uint8_t signature[MLS_SIGNATURE_LEN];
        struct message_key key;
        uint32_t generation;

        assert_int_equal(content_sign(&s.content, epoch_context(epoch), s.seed, signature), OK);
        assert_int_equal(secret_tree_next(epoch->messages, ATTACKER, RATCHET_APPLICATION, &generation, &key),
                         OK);
        buffer_vector(&plain, s.content.body);
        buffer_vector(&plain, BYTES_OF(signature));
        buffer_zeros(&plain, 20);
        buffer_u8(&plain, good ? 0 : 1);
        buffer_zeros(&plain, MLS_TAG_LEN);
        buffer_vector(&aad, message.group_id);
        buffer_u64(&aad, message.epoch);
        buffer_u8(&aad, message.type);
        buffer_put(&data_aad, buffer_bytes(&aad));
        buffer_vector(&aad, (struct bytes){0});
        /* The guard is zeros, so that the nonce is as it is. */
        assert_int_equal(
            message_key_seal(epoch->suite, &key, buffer_bytes(&aad), plain.at, plain.len - MLS_TAG_LEN), OK);
        message.ciphertext = buffer_bytes(&plain);
        buffer_u32(&data, ATTACKER);
        buffer_u32(&data, generation);
        buffer_zeros(&data, 4 + MLS_TAG_LEN);
        assert_int_equal(sender_data_key(epoch->suite, epoch->secrets.sender_data, message.ciphertext, &key),
                         OK);
        assert_int_equal(
            message_key_seal(epoch->suite, &key, buffer_bytes(&data_aad), data.at, data.len - MLS_TAG_LEN),
            OK);
        message.sealed_sender = buffer_bytes(&data);
        mls_message_write(&s.message,
                          &(struct mls_message){.wire_format = MLS_PRIVATE_MESSAGE, .private = message});
        before = heap_image();
        assert_int_equal(group_open(s.room.members[VICTIM], buffer_bytes(&s.message), s.room.now, &opened),
                         good ? OK : E_MALFORMED);
        if (!good)
            assert_true(heap_image() == before);
        buffer_free(&s.message);
        buffer_free(&plain);
        buffer_free(&aad);
        buffer_free(&data);
        buffer_free(&data_aad);
    }
    opened_free(opened);
    scene_end(&s);
}

/* Section 6: what stands around a message. */
static void what_is_no_message_of_a_group(void **state)
{
    static const uint8_t version_two[] = {0, 2, 0, 2}, no_format[] = {0, 1, 0, 6},
                         format_zero[] = {0, 1, 0, 0};
    static struct scene s;
    struct joining *joining = NULL;
    struct opened *opened = NULL;
    struct buffer package = {0};
    struct bytes add;
    struct group_committed out;
    uint64_t before;

    (void)state;
    scene_set(&s);
    room_package(&s.room, s.room.now - 1, s.room.now + 60, &package, &joining);
    add = buffer_bytes(&package);
    assert_int_equal(group_commit(s.room.members[ATTACKER], &s.room.seeded.random,
                                  &(struct group_change){.adds = &add, .add_count = 1}, s.room.now, &out),
                     OK);
    const struct {
        struct bytes message;
        enum result why;
    } cases[] = {
        {add, E_MALFORMED},
        {buffer_bytes(&out.welcome), E_MALFORMED},
        {buffer_bytes(&out.tree), E_MALFORMED},
        {BYTES_OF(version_two), E_UNSUPPORTED},
        {BYTES_OF(no_format), E_UNSUPPORTED},
        {BYTES_OF(format_zero), E_UNSUPPORTED},
        {{0}, E_MALFORMED},
        {buffer_bytes(&out.commit), OK},
    };

    before = heap_image();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum result res = group_open(s.room.members[VICTIM], cases[i].message, s.room.now, &opened);

        /* A tree begins as it likes. */
        if (cases[i].message.at == out.tree.at ? res == OK : res != cases[i].why)
            fail_msg("case %zu: %s", i, result_text(res));
        if (res != OK)
            assert_true(heap_image() == before);
    }
    opened_free(opened);
    group_committed_free(&out);
    joining_free(joining);
    buffer_free(&package);
    scene_end(&s);
}

/* Section 8: the number of the last epoch has no next. */
static void the_last_epoch_has_no_next(void **state)
{
    static struct scene s;
    struct group_committed out;
    uint64_t before;

    (void)state;
    scene_set(&s);
    s.room.members[VICTIM]->epoch->number = UINT64_MAX;
    before = heap_image();
    assert_int_equal(group_commit(s.room.members[VICTIM], &s.room.seeded.random, &(struct group_change){0},
                                  s.room.now, &out),
                     E_TOO_LARGE);
    assert_true(heap_image() == before);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_is_judged),
        cmocka_unit_test(padding_that_says_something),
        cmocka_unit_test(what_is_no_message_of_a_group),
        cmocka_unit_test(the_last_epoch_has_no_next),
    };

    heap_watch();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
