/* What a list of proposals may not be, by value, by reference and from outside: RFC 9420,
 * sections 12.1, 12.2, 12.3, 12.4 and 12.4.3.2. All else about the commit is right. Who refuses it is byte
 * for byte what it was. */
#include "core/group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "evil.h"
#include "support/heap.h"

enum { ATTACKER = 1, VICTIM = 0, OTHER = 2, MEMBERS = 5 };

struct scene {
    struct room room;
    struct evil_commit evil;
};

/* --- Newcomers that are wrong --- */

static void signature_key_of_other(struct key_package *package, void *self)
{
    struct scene *s = self;

    package->leaf.signature_key = group_member(s->room.members[VICTIM], OTHER)->signature_key;
}

static void encryption_key_of_other(struct key_package *package, void *self)
{
    struct scene *s = self;

    package->leaf.encryption_key = group_member(s->room.members[VICTIM], OTHER)->encryption_key;
}

static void encryption_key_of_a_node(struct key_package *package, void *self)
{
    struct scene *s = self;
    const struct tree *tree = &s->room.members[VICTIM]->epoch->tree;

    /* The root keeps its key only where the committer's path does not give it another: the node beside does.
     */
    for (uint32_t i = 1; i < tree_node_count(tree->depth); i += 2)
        if (tree->nodes[i].parent != NULL && !node_covers(i, ATTACKER * 2)) {
            package->leaf.encryption_key = tree->nodes[i].parent->key;
            return;
        }
    fail_msg("no node beside the attacker's path has a key");
}

static void a_certificate(struct key_package *package, void *self)
{
    static const uint8_t both[] = {0, MLS_CREDENTIAL_BASIC, 0, MLS_CREDENTIAL_X509};

    (void)self;
    package->leaf.credential_type = MLS_CREDENTIAL_X509;
    package->leaf.credential = BYTES_TEXT("\4cert");
    package->leaf.capabilities.credentials = BYTES_OF(both);
}

static void only_certificates_understood(struct key_package *package, void *self)
{
    static const uint8_t certificates[] = {0, MLS_CREDENTIAL_X509};

    a_certificate(package, self);
    package->leaf.capabilities.credentials = BYTES_OF(certificates);
}

static void add_with(struct scene *s, void (*change)(struct key_package *, void *))
{
    struct proposal add = evil_newcomer(&s->room, &s->evil.arena, change, s, NULL);

    evil_add(&s->evil, &add);
}

static void good_add(struct scene *s)
{
    add_with(s, NULL);
}

static void good_add_without_path(struct scene *s)
{
    add_with(s, NULL);
    s->evil.no_path = true;
}

static void add_signature_key(struct scene *s)
{
    add_with(s, signature_key_of_other);
}

static void add_encryption_key(struct scene *s)
{
    add_with(s, encryption_key_of_other);
}

static void add_node_key(struct scene *s)
{
    add_with(s, encryption_key_of_a_node);
}

static void add_certificate(struct scene *s)
{
    add_with(s, a_certificate);
}

static void add_who_understands_none(struct scene *s)
{
    add_with(s, only_certificates_understood);
}

static void same_package(struct scene *s)
{
    add_with(s, NULL);
    evil_add(&s->evil, &s->evil.items[0].proposal);
}

static void like_the_first(struct key_package *package, void *self)
{
    struct scene *s = self;

    package->leaf.encryption_key = s->evil.items[0].proposal.add.leaf.encryption_key;
}

static void one_encryption_key_for_two(struct scene *s)
{
    add_with(s, NULL);
    add_with(s, like_the_first);
}

/* --- Removes and Updates --- */

static void remove_of(struct scene *s, uint32_t leaf)
{
    evil_add(&s->evil, &(struct proposal){.type = MLS_PROPOSAL_REMOVE, .removed = leaf});
}

static void refer(struct scene *s, uint32_t sender, const struct proposal *proposal)
{
    s->evil.items[s->evil.count++] = evil_proposed(&s->room, &s->evil.arena, sender, VICTIM, proposal);
}

static void update_by(struct scene *s, uint32_t member)
{
    struct proposal update = evil_update(&s->room, &s->evil.arena, member);

    refer(s, member, &update);
}

static void good_update(struct scene *s)
{
    update_by(s, OTHER);
}

static void update_without_path(struct scene *s)
{
    update_by(s, OTHER);
    s->evil.no_path = true;
}

static void update_of_the_committer(struct scene *s)
{
    update_by(s, ATTACKER);
}

static void two_updates_of_one(struct scene *s)
{
    update_by(s, OTHER);
    update_by(s, OTHER);
}

static void update_and_remove(struct scene *s)
{
    update_by(s, OTHER);
    remove_of(s, OTHER);
}

static void remove_and_update(struct scene *s)
{
    remove_of(s, OTHER);
    update_by(s, OTHER);
}

/* Two may not take one key, nor one that is there: each Update for itself is in order. */
static void two_updates_to_one_key(struct scene *s)
{
    struct leaf_node says;
    struct proposal update = {.type = MLS_PROPOSAL_UPDATE};

    update_by(s, OTHER);
    says = *group_member(s->room.members[VICTIM], 3);
    says.source = MLS_LEAF_UPDATE;
    says.encryption_key = s->evil.items[0].proposal.update.encryption_key;
    update.update = evil_leaf(&s->room, &s->evil.arena, &says, 3, s->room.members[3]->seed);
    refer(s, 3, &update);
}

static void committer_removed_by_reference(struct scene *s)
{
    refer(s, OTHER, &(struct proposal){.type = MLS_PROPOSAL_REMOVE, .removed = ATTACKER});
}

static void one_reference_twice(struct scene *s)
{
    refer(s, OTHER, &(struct proposal){.type = MLS_PROPOSAL_REMOVE, .removed = 3});
    s->evil.items[s->evil.count] = s->evil.items[0];
    s->evil.count++;
}

static void good_remove(struct scene *s)
{
    remove_of(s, 3);
}

/* --- The context --- */

static void context_of(struct scene *s, struct bytes required)
{
    struct buffer b = {0};

    buffer_u16(&b, MLS_EXTENSION_REQUIRED_CAPABILITIES);
    buffer_vector(&b, required);
    buffer_u16(&b, ROOM_CONTEXT);
    buffer_vector(&b, BYTES_TEXT("another charter"));
    evil_add(&s->evil, &(struct proposal){.type = MLS_PROPOSAL_CONTEXT_EXTENSIONS,
                                          .extensions = evil_keep(&s->evil.arena, &b)});
}

static const uint8_t what_all_have[] = {2, ROOM_LEAF >> 8, ROOM_LEAF & 0xff, 0, 0};

static void good_context(struct scene *s)
{
    context_of(s, BYTES_OF(what_all_have));
}

/* ts-mls does so. */
static void context_without_path(struct scene *s)
{
    good_context(s);
    s->evil.no_path = true;
}

static void without_the_leaf_type(struct key_package *package, void *self)
{
    static const uint8_t context_alone[] = {ROOM_CONTEXT >> 8, ROOM_CONTEXT & 0xff};

    (void)self;
    package->leaf.capabilities.extensions = BYTES_OF(context_alone);
    package->leaf.extensions = (struct bytes){0};
}

/* Section 12.3: the new context decides over the Adds beside it, wherever it stands. */
static void add_who_lacks_what_becomes_required(struct scene *s)
{
    add_with(s, without_the_leaf_type);
    context_of(s, BYTES_OF(what_all_have));
}

/* --- Others --- */

static void good_reinit_alone(struct scene *s)
{
    evil_add(&s->evil,
             &(struct proposal){.type = MLS_PROPOSAL_REINIT,
                                .reinit = {.group_id = BYTES_TEXT("the next"), .version = 1, .suite = 1}});
    s->evil.no_path = true;
}

static void reinit_and_add(struct scene *s)
{
    good_reinit_alone(s);
    add_with(s, NULL);
}

static void nothing(struct scene *s)
{
    (void)s;
}

static void nothing_without_path(struct scene *s)
{
    s->evil.no_path = true;
}

static void remove_without_path(struct scene *s)
{
    remove_of(s, 3);
    s->evil.no_path = true;
}

/* --- From outside --- */

static const struct leaf_node *newcomers_leaf(struct scene *s)
{
    static struct leaf_node leaf;
    struct proposal add = evil_newcomer(&s->room, &s->evil.arena, NULL, NULL, NULL);
    uint8_t key[32];

    random_fill(&s->room.seeded.random, s->evil.seed, sizeof s->evil.seed);
    assert_int_equal(crypto_ed25519_public(s->evil.seed, key), OK);
    leaf = add.add.leaf;
    assert_int_equal(arena_copy(&s->evil.arena, BYTES_OF(key), &leaf.signature_key), OK);
    return &leaf;
}

static void outsider(struct scene *s)
{
    s->evil.external = true;
    s->evil.says = newcomers_leaf(s);
    evil_external_init(&s->room, VICTIM, &s->evil);
}

static void outsider_in_anothers_place(struct scene *s)
{
    outsider(s);
    remove_of(s, OTHER);
}

static void outsider_removes_two(struct scene *s)
{
    outsider_in_anothers_place(s);
    remove_of(s, 3);
}

static void outsider_adds(struct scene *s)
{
    outsider(s);
    add_with(s, NULL);
}

static void outsider_changes_the_context(struct scene *s)
{
    outsider(s);
    good_context(s);
}

static void outsider_ends_the_group(struct scene *s)
{
    outsider(s);
    evil_add(&s->evil, &(struct proposal){.type = MLS_PROPOSAL_REINIT, .reinit = {.version = 1, .suite = 3}});
}

static void outsider_without_init(struct scene *s)
{
    outsider(s);
    s->evil.count = 0;
}

static void outsider_with_two_inits(struct scene *s)
{
    outsider(s);
    evil_external_init(&s->room, VICTIM, &s->evil);
}

static void outsider_without_path(struct scene *s)
{
    outsider(s);
    s->evil.no_path = true;
}

static void outsider_refers(struct scene *s)
{
    outsider(s);
    refer(s, OTHER, &(struct proposal){.type = MLS_PROPOSAL_REMOVE, .removed = 3});
}

/* Section 12.2, as section 12.1.2 has it for an Update: the key of the leaf that goes is not used again. */
static void outsider_with_the_old_key(struct scene *s)
{
    outsider_in_anothers_place(s);
    s->evil.leaf_key = group_member(s->room.members[VICTIM], OTHER)->encryption_key;
}

static const struct row {
    const char *section, *what;
    void (*make)(struct scene *);
    enum result why;
} rows[] = {
    {"12.1.1", "an Add", good_add, OK},
    {"12.4", "an Add without a path", good_add_without_path, OK},
    {"12.1.2", "an Update by reference", good_update, OK},
    {"12.1.3", "a Remove", good_remove, OK},
    {"12.1.5", "a ReInit alone", good_reinit_alone, OK},
    {"12.1.7", "a new context", good_context, OK},
    {"12.4", "nothing, with a path", nothing, OK},

    {"7.3", "a newcomer with a member's signature key", add_signature_key, E_REFUSED},
    {"7.3", "a newcomer with a member's encryption key", add_encryption_key, E_REFUSED},
    {"7.3", "a newcomer with a node's key", add_node_key, E_REFUSED},
    {"7.3", "a newcomer whose credential others do not understand", add_certificate, E_REFUSED},
    {"7.3", "a newcomer who does not understand others' credentials", add_who_understands_none, E_REFUSED},
    {"12.2", "one KeyPackage twice", same_package, E_REFUSED},
    {"7.3", "one encryption key for two", one_encryption_key_for_two, E_REFUSED},
    {"12.3", "a newcomer who lacks what becomes required", add_who_lacks_what_becomes_required, E_REFUSED},

    {"12.2", "an Update by the committer", update_of_the_committer, E_REFUSED},
    {"12.2", "two Updates of one leaf", two_updates_of_one, E_REFUSED},
    {"12.2", "an Update and a Remove of one leaf", update_and_remove, E_REFUSED},
    {"12.2", "a Remove and an Update of one leaf", remove_and_update, E_REFUSED},
    {"7.3", "two Updates to one key", two_updates_to_one_key, E_REFUSED},
    {"12.2", "a Remove of the committer, by another", committer_removed_by_reference, E_REFUSED},
    {"12.2", "one reference twice", one_reference_twice, E_REFUSED},
    {"12.2", "a ReInit and an Add", reinit_and_add, E_REFUSED},

    {"12.4", "nothing, and no path", nothing_without_path, E_REFUSED},
    {"12.4", "an Update without a path", update_without_path, E_REFUSED},
    {"12.4", "a Remove without a path", remove_without_path, E_REFUSED},
    {"12.4", "a new context without a path", context_without_path, E_REFUSED},

    {"12.4.3.2", "from outside", outsider, OK},
    {"12.4.3.2", "from outside, in a member's place", outsider_in_anothers_place, OK},
    {"12.2", "from outside, removing two", outsider_removes_two, E_REFUSED},
    {"12.2", "from outside, with an Add", outsider_adds, E_REFUSED},
    {"12.2", "from outside, with a new context", outsider_changes_the_context, E_REFUSED},
    {"12.2", "from outside, with a ReInit", outsider_ends_the_group, E_REFUSED},
    {"12.2", "from outside, without an ExternalInit", outsider_without_init, E_REFUSED},
    {"12.2", "from outside, with two", outsider_with_two_inits, E_REFUSED},
    {"12.4.3.2", "from outside, without a path", outsider_without_path, E_REFUSED},
    {"g38 12.4.3.2", "from outside, by reference", outsider_refers, E_REFUSED},
    {"12.2, 12.1.2", "from outside, with the key of the leaf that goes", outsider_with_the_old_key,
     E_REFUSED},
};

static void scene_set(struct scene *s)
{
    memset(s, 0, sizeof *s);
    room_found(&s->room, MLS_SUITE_CHACHA20_POLY1305, 12);
    room_commit(&s->room, 0, MEMBERS - 1, NULL, 0);
    room_commit(&s->room, 3, 0, NULL, 0);
    s->room.members[VICTIM]->rules.outsiders = true;
    s->evil = evil_by(&s->room, ATTACKER);
}

static void each_list_is_judged(void **state)
{
    static struct scene s;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct opened *opened = NULL;
        uint64_t before;
        enum result res;

        scene_set(&s);
        rows[i].make(&s);
        evil_make(&s.room, s.evil.external ? VICTIM : ATTACKER, &s.evil);
        before = heap_image();
        res = group_open(s.room.members[VICTIM], buffer_bytes(&s.evil.message), s.room.now, &opened);
        if (res != rows[i].why)
            fail_msg("%s: %s: %s", rows[i].section, rows[i].what, result_text(res));
        if (res == OK)
            assert_int_equal(group_apply(s.room.members[VICTIM], opened), OK);
        else if (heap_image() != before)
            fail_msg("%s: %s: it has left a trace", rows[i].section, rows[i].what);
        opened_free(opened);
        evil_free(&s.evil);
        room_free(&s.room);
    }
}

/* The policy above: a room's members take nothing from outside, however right it is. */
static void g38_nothing_from_outside_where_the_rules_say_so(void **state)
{
    static struct scene s;
    struct opened *opened = NULL;
    uint64_t before;

    (void)state;
    scene_set(&s);
    s.room.members[VICTIM]->rules.outsiders = false;
    outsider(&s);
    evil_make(&s.room, VICTIM, &s.evil);
    before = heap_image();
    assert_int_equal(group_open(s.room.members[VICTIM], buffer_bytes(&s.evil.message), s.room.now, &opened),
                     E_REFUSED);
    assert_true(heap_image() == before);
    evil_free(&s.evil);
    room_free(&s.room);
}

/* An image sees one bit. */
static void the_image_sees_a_bit(void **state)
{
    static struct scene s;
    uint64_t before;

    (void)state;
    scene_set(&s);
    before = heap_image();
    s.room.members[VICTIM]->epoch->secrets.init[3] ^= 4;
    assert_true(heap_image() != before);
    s.room.members[VICTIM]->epoch->secrets.init[3] ^= 4;
    assert_true(heap_image() == before);
    evil_free(&s.evil);
    room_free(&s.room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_list_is_judged),
        cmocka_unit_test(g38_nothing_from_outside_where_the_rules_say_so),
        cmocka_unit_test(the_image_sees_a_bit),
    };

    heap_watch();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
