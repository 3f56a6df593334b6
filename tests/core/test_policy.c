/* Hostile members, played on bare groups: what a commit of theirs does to honest ones. */
#include "core/bare.h"
#include "core/policy.h"

#include <stdlib.h>

static const struct charter open_room = {.stage = CHARTER_EVERYONE};

/* The members of a group, each of whom is bound rightly; number 0 is the charter's maker. */
struct group_of_bare {
    struct table_of_people table;
    struct bare members[3];
};

static void group_start(struct group_of_bare *g, const struct charter *charter)
{
    struct group_committed made;
    struct bytes adds[2];
    struct opened *opened;

    table_start(&g->table, charter);
    for (unsigned i = 0; i < 3; i++)
        bare_start(&g->members[i], &g->table, i);
    bare_found(&g->members[0], &g->table, g->table.charter_bytes, g->table.signature);
    for (unsigned i = 1; i < 3; i++) {
        bare_wait(&g->members[i], &g->table);
        adds[i - 1] = buffer_bytes(&g->members[i].key_package);
    }
    assert_int_equal(group_commit(g->members[0].group, &g->table.seeded.random,
                                  &(struct group_change){.adds = adds, .add_count = 2}, TABLE_UNIX, &made),
                     OK);
    assert_int_equal(group_open(g->members[0].group, buffer_bytes(&made.commit), TABLE_UNIX, &opened), OK);
    assert_int_equal(group_apply(g->members[0].group, opened), OK);
    opened_free(opened);
    for (unsigned i = 1; i < 3; i++)
        assert_int_equal(group_join(g->members[i].joining, &bare_rules, buffer_bytes(&made.welcome),
                                    buffer_bytes(&made.tree), &g->members[i].group),
                         OK);
    group_committed_free(&made);
}

static void group_end(struct group_of_bare *g)
{
    for (unsigned i = 0; i < 3; i++)
        bare_end(&g->members[i]);
}

static enum result judge(const struct group_of_bare *g, unsigned who, const struct opened *opened)
{
    static struct standing standing;
    static struct outlook after;
    struct roster roster;
    struct policy p = {g->members[who].group, &roster, &standing};
    struct bytes statements;

    assert_int_equal(group_context_extension(p.group, EXTENSION_ROLES, &statements), OK);
    assert_int_equal(standing_read(&standing, &g->table.charter, g->table.id, statements), OK);
    assert_int_equal(roster_read(p.group, &standing, statements, &roster), OK);
    return policy_judge(&p, opened, &after);
}

/* What the others say to a commit. They must say the same. */
static enum result verdict(struct group_of_bare *g, unsigned by, const struct group_change *change)
{
    struct group_committed made;
    enum result said[3] = {OK, OK, OK};

    assert_int_equal(group_commit(g->members[by].group, &g->table.seeded.random, change, TABLE_UNIX, &made),
                     OK);
    for (unsigned i = 0; i < 3; i++) {
        struct opened *opened;

        if (i == by)
            continue;
        assert_int_equal(group_open(g->members[i].group, buffer_bytes(&made.commit), TABLE_UNIX, &opened),
                         OK);
        said[i] = judge(g, i, opened);
        opened_free(opened);
    }
    group_committed_free(&made);
    group_drop_staged(g->members[by].group);
    assert_int_equal(said[by == 0 ? 1 : 0], said[by == 2 ? 1 : 2]);
    return said[by == 0 ? 1 : 0];
}

static enum result remove_by(struct group_of_bare *g, unsigned by, uint32_t leaf, struct bytes words)
{
    return verdict(g, by,
                   &(struct group_change){.removes = &leaf, .remove_count = 1, .authenticated_data = words});
}

static void an_empty_commit_is_fine(void **state)
{
    struct group_of_bare g;

    (void)state;
    group_start(&g, &open_room);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(verdict(&g, i, &(struct group_change){0}), OK);
    group_end(&g);
}

static void f4_a_listener_removes_nobody(void **state)
{
    struct group_of_bare g;

    (void)state;
    group_start(&g, &open_room);
    assert_int_equal(remove_by(&g, 1, 0, (struct bytes){0}), E_REFUSED);
    assert_int_equal(remove_by(&g, 1, 2, (struct bytes){0}), E_REFUSED);
    assert_int_equal(remove_by(&g, 1, 2, BYTES_TEXT("please")), E_REFUSED);
    assert_int_equal(remove_by(&g, 0, 2, (struct bytes){0}), OK);
    group_end(&g);
}

static void f30_moderators_remove_all_but_the_maker(void **state)
{
    struct group_of_bare g;
    struct charter c = open_room;
    uint8_t seed[32];

    (void)state;
    c.moderator_count = 1;
    key_from(2, seed, c.moderators[0]); /* number 1 */
    group_start(&g, &c);
    assert_int_equal(remove_by(&g, 1, 2, (struct bytes){0}), OK);
    assert_int_equal(remove_by(&g, 1, 0, (struct bytes){0}), E_REFUSED);
    assert_int_equal(remove_by(&g, 0, 1, (struct bytes){0}), OK);
    group_end(&g);
}

static void f4_the_houses_word_removes_one_seat_once(void **state)
{
    struct group_of_bare g;
    uint8_t room_for[PERMIT_BYTES];
    struct bytes id, words;
    static const struct {
        uint32_t leaf;
        int epoch_off;
        enum result expect;
    } cases[] = {{2, 0, OK}, {0, 0, E_REFUSED}, {2, 1, E_REFUSED}, {2, -1, E_REFUSED}};

    (void)state;
    group_start(&g, &open_room);
    id = group_id(g.members[1].group);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct signal_lost word = table_lost(
            &g.table, id, group_epoch(g.members[1].group) + (uint64_t)cases[i].epoch_off, cases[i].leaf);
        struct permit permit = {.kind = PERMIT_LOST, .leaf = cases[i].leaf};

        memcpy(permit.signature, word.signature, sizeof permit.signature);
        assert_int_equal(permit_write(&permit, (struct bytes_mut){room_for, sizeof room_for}, &words), OK);
        assert_int_equal(remove_by(&g, 1, 2, words), cases[i].expect);
        /* Nothing of it counts when it is cut. */
        for (size_t len = 0; len < words.len; len += 7)
            assert_int_equal(remove_by(&g, 1, 2, bytes(words.at, len)), E_REFUSED);
        /* Another seat's name over the signature. */
        room_for[4] ^= 1;
        assert_int_equal(remove_by(&g, 1, 2, words), E_REFUSED);
    }
    group_end(&g);
}

static void f4_the_leavers_own_proposal_removes_it(void **state)
{
    (void)state;
    for (uint32_t proposed = 0; proposed < 3; proposed += 2) {
        struct group_of_bare g;
        struct buffer message = {0};

        group_start(&g, &open_room);
        /* Number 2 proposes that the maker go, or that it go itself. */
        assert_int_equal(group_propose_remove(g.members[2].group, &g.table.seeded.random, proposed,
                                              (struct bytes){0}, &message),
                         OK);
        for (unsigned i = 0; i < 2; i++) {
            struct opened *opened;

            assert_int_equal(group_open(g.members[i].group, buffer_bytes(&message), TABLE_UNIX, &opened), OK);
            assert_int_equal(opened->kind, OPENED_PROPOSAL);
            assert_int_equal(group_apply(g.members[i].group, opened), OK);
            opened_free(opened);
        }
        buffer_free(&message);
        assert_int_equal(verdict(&g, 1, &(struct group_change){0}), proposed == 2 ? OK : E_REFUSED);
        group_end(&g);
    }
}

/* The charter is for good: not even its maker changes what the group's context says. */
static void f1_nobody_changes_the_charter(void **state)
{
    struct group_of_bare g;
    struct table_of_people other;
    uint8_t room_for[ROLES_CONTEXT_BYTES];
    struct group_extension context = {EXTENSION_CHARTER, {0}};
    struct group_extensions list = {&context, 1}, none = {0};
    struct charter c = open_room;

    (void)state;
    c.nonce[0] = 1;
    table_start(&other, &c);
    group_start(&g, &open_room);
    assert_int_equal(roles_context_write(other.charter_bytes, other.signature,
                                         (struct bytes_mut){room_for, sizeof room_for}, &context.data),
                     OK);
    for (unsigned by = 0; by < 2; by++) {
        assert_int_equal(verdict(&g, by, &(struct group_change){.context = &list}), E_REFUSED);
        assert_int_equal(verdict(&g, by, &(struct group_change){.context = &none}), E_REFUSED);
    }
    group_end(&g);
}

/* One that `signer` makes; nobody looks at it here. */
static struct statement stated(const struct group_of_bare *g, unsigned signer, uint32_t number,
                               enum statement_verb verb, unsigned subject)
{
    struct statement s = {.number = number, .verb = verb, .kind = STATEMENT_ACCOUNT};

    memcpy(s.subject, g->table.people[subject].account, sizeof s.subject);
    assert_int_equal(roles_state(g->table.people[signer].seed, g->table.house, g->table.id, &s), OK);
    return s;
}

static void put_statement(struct buffer *b, const struct statement *s)
{
    uint8_t room_for[STATEMENT_BYTES];
    struct bytes text;

    assert_int_equal(statement_write(s, (struct bytes_mut){room_for, sizeof room_for}, &text), OK);
    buffer_put(b, text);
}

static enum result context_by(struct group_of_bare *g, unsigned by, struct bytes statements)
{
    struct group_extension context[] = {{EXTENSION_CHARTER, {0}}, {EXTENSION_ROLES, statements}};
    struct group_extensions list = {context, 2};

    assert_int_equal(group_context_extension(g->members[by].group, EXTENSION_CHARTER, &context[0].data), OK);
    return verdict(g, by, &(struct group_change){.context = &list});
}

/* Whoever commits it, the list of roles grows by valid statements or stays. */
static void f1_roles_grow_by_moderators_words_alone(void **state)
{
    struct group_of_bare g;
    struct statement good, spoilt;
    struct buffer list = {0};

    (void)state;
    group_start(&g, &open_room);
    good = stated(&g, 0, 1, STATEMENT_SPEAKER, 2);
    put_statement(&list, &good);
    /* It is the signature that counts, not who carries it. */
    for (unsigned by = 0; by < 3; by++)
        assert_int_equal(context_by(&g, by, buffer_bytes(&list)), OK);
    for (size_t len = 1; len < list.len; len += 11)
        assert_int_equal(context_by(&g, 0, bytes(list.at, len)), E_MALFORMED);
    put_statement(&list, &good); /* the same again */
    assert_int_equal(context_by(&g, 0, buffer_bytes(&list)), E_REPLAY);
    buffer_free(&list);

    spoilt = good;
    spoilt.subject[0] ^= 1;
    put_statement(&list, &spoilt);
    assert_int_equal(context_by(&g, 0, buffer_bytes(&list)), E_FORGED);
    buffer_free(&list);
    spoilt = stated(&g, 1, 1, STATEMENT_MODERATOR, 1); /* who is nobody makes itself one */
    put_statement(&list, &spoilt);
    assert_int_equal(context_by(&g, 1, buffer_bytes(&list)), E_REFUSED);
    buffer_free(&list);
    spoilt = stated(&g, 0, 1, STATEMENT_BLOCK, 2); /* a block, but the seat is left where it is */
    put_statement(&list, &spoilt);
    assert_int_equal(context_by(&g, 0, buffer_bytes(&list)), E_REFUSED);
    buffer_free(&list);
    group_end(&g);
}

/* What holds is not forgotten, whoever wishes it: cut, emptied, changed or without its place. */
static void f1_old_roles_do_not_come_back(void **state)
{
    struct group_of_bare g;
    struct statement s;
    struct buffer list = {0};
    struct group_extension context[] = {{EXTENSION_CHARTER, {0}}, {EXTENSION_ROLES, {0}}};
    struct group_extensions both = {context, 2};
    struct group_committed made;

    (void)state;
    group_start(&g, &open_room);
    for (uint32_t number = 1; number < 3; number++) {
        s = stated(&g, 0, number, number == 1 ? STATEMENT_SPEAKER : STATEMENT_NO_SPEAKER, 2);
        put_statement(&list, &s);
    }
    assert_int_equal(group_context_extension(g.members[0].group, EXTENSION_CHARTER, &context[0].data), OK);
    context[1].data = buffer_bytes(&list);
    assert_int_equal(group_commit(g.members[0].group, &g.table.seeded.random,
                                  &(struct group_change){.context = &both}, TABLE_UNIX, &made),
                     OK);
    for (unsigned i = 0; i < 3; i++) {
        struct opened *opened;

        assert_int_equal(group_open(g.members[i].group, buffer_bytes(&made.commit), TABLE_UNIX, &opened), OK);
        assert_int_equal(judge(&g, i, opened), OK);
        assert_int_equal(group_apply(g.members[i].group, opened), OK);
        opened_free(opened);
    }
    group_committed_free(&made);
    for (unsigned by = 0; by < 2; by++) {
        assert_int_equal(context_by(&g, by, buffer_bytes(&list)), OK);
        assert_int_equal(context_by(&g, by, (struct bytes){0}), E_REFUSED);
        assert_int_equal(context_by(&g, by, bytes(list.at, STATEMENT_BYTES)), E_REFUSED);
        assert_int_equal(context_by(&g, by, bytes(list.at + STATEMENT_BYTES, STATEMENT_BYTES)), E_REFUSED);
    }
    buffer_free(&list);
    group_end(&g);
}

/* A leaf goes because its own key says that another takes its place, and that other comes by the same commit.
 */
static void f4_replaced_by_its_own_word(void **state)
{
    struct group_of_bare g;
    struct bare fresh, other;
    struct permit permit = {.kind = PERMIT_REPLACED, .leaf = 2};
    uint8_t room_for[PERMIT_BYTES];
    struct bytes words, add;

    (void)state;
    group_start(&g, &open_room);
    bare_start(&fresh, &g.table, 3);
    bare_wait(&fresh, &g.table);
    bare_start(&other, &g.table, 4);
    bare_wait(&other, &g.table);
    for (int way = 0; way < 5; way++) {
        struct group_change change = {
            .adds = &add, .add_count = way != 1, .removes = &permit.leaf, .remove_count = 1};

        permit.leaf = way == 3 ? 0 : 2; /* the maker's place, by another's word */
        memcpy(permit.key, fresh.key, sizeof permit.key);
        assert_int_equal(
            roles_replaces(g.members[way == 2 ? 1 : 2].seed, g.table.id, fresh.key, permit.signature), OK);
        add = buffer_bytes(way == 4 ? &other.key_package : &fresh.key_package);
        assert_int_equal(permit_write(&permit, (struct bytes_mut){room_for, sizeof room_for}, &words), OK);
        change.authenticated_data = words;
        assert_int_equal(verdict(&g, 1, &change), way == 0 ? OK : E_REFUSED);
    }
    bare_end(&other);
    bare_end(&fresh);
    group_end(&g);
}

/* A doorkeeper and the house together seat a ghost: no binding, another room's, another leaf's. Nor does
 * anybody come in whose credential says what no other says (F37). */
static void f7_f25_ghosts_are_refused(void **state)
{
    (void)state;
    for (int way = 0; way < 5; way++) {
        struct group_of_bare g;
        struct bare ghost;
        struct bytes add;
        enum result res;

        group_start(&g, &open_room);
        bare_start(&ghost, &g.table, 3);
        if (way == 1)
            ghost.extension_count = 0;
        if (way == 2)
            ghost.binding[0] ^= 1; /* another room */
        if (way == 3)
            memcpy(ghost.binding, g.members[2].binding, sizeof ghost.binding); /* moved from another leaf */
        if (way == 4)
            ghost.credential = BYTES_TEXT("the one from next door");
        bare_wait(&ghost, &g.table);
        add = buffer_bytes(&ghost.key_package);
        res = verdict(&g, 1, &(struct group_change){.adds = &add, .add_count = 1});
        assert_int_equal(res, way == 0 ? OK : way == 3 ? E_FORGED : E_REFUSED);
        bare_end(&ghost);
        group_end(&g);
    }
}

/* Later versions of a leaf: the same signature key, binding and size. */
static void f7_a_leaf_keeps_its_binding(void **state)
{
    struct group_of_bare g;
    struct leaf_node node;
    struct opened_update update = {1, &node};
    struct opened opened = {.kind = OPENED_COMMIT,
                            .sender_type = MLS_SENDER_MEMBER,
                            .sender = 1,
                            .updates = &update,
                            .update_count = 1};
    struct seat_binding seat;
    struct buffer list = {0};
    uint8_t key[32];

    (void)state;
    group_start(&g, &open_room);
    node = *group_member(g.members[0].group, 1);
    assert_int_equal(judge(&g, 0, &opened), OK);

    memcpy(key, node.signature_key.at, sizeof key);
    key[0] ^= 1;
    node.signature_key = BYTES_OF(key);
    assert_int_equal(judge(&g, 0, &opened), E_REFUSED);

    node = *group_member(g.members[0].group, 1);
    node.extensions = (struct bytes){0};
    assert_int_equal(judge(&g, 0, &opened), E_REFUSED);

    buffer_u16(&list, EXTENSION_SEAT);
    buffer_vector(&list, g.members[2].extensions[0].data);
    node.extensions = buffer_bytes(&list);
    assert_int_equal(judge(&g, 0, &opened), E_REFUSED);
    buffer_free(&list);

    /* Nor does it grow. */
    node = *group_member(g.members[0].group, 1);
    node.credential = BYTES_TEXT("a long story");
    assert_int_equal(judge(&g, 0, &opened), E_REFUSED);
    node = *group_member(g.members[0].group, 1);
    node.capabilities.extensions = BYTES_TEXT("\xf0\x01\xf0\x02");
    assert_int_equal(judge(&g, 0, &opened), E_REFUSED);
    node = *group_member(g.members[0].group, 1);
    buffer_put(&list, node.extensions);
    buffer_u16(&list, 0xf001);
    buffer_vector(&list, BYTES_TEXT("a long story"));
    node.extensions = buffer_bytes(&list);
    assert_int_equal(judge(&g, 0, &opened), E_REFUSED);
    buffer_free(&list);
    node = *group_member(g.members[0].group, 1);
    node.encoded.len = KEY_PACKAGE_BYTES + 1;
    assert_int_equal(roles_binding_check(&node, &g.table.charter, g.table.id, &seat), E_TOO_LARGE);

    /* All but its own word on the stage (F31). */
    for (int way = 0; way < 3; way++) {
        uint8_t binding[SEAT_BINDING_BYTES];
        struct bytes was = g.members[1].extensions[0].data;

        node = *group_member(g.members[0].group, 1);
        memcpy(binding, was.at, was.len);
        binding[way == 0 ? 32 : way == 1 ? 0 : was.len - 5] ^= 1;
        buffer_u16(&list, EXTENSION_SEAT);
        buffer_vector(&list, bytes(binding, was.len));
        node.extensions = buffer_bytes(&list);
        assert_int_equal(judge(&g, 0, &opened), way == 0 ? OK : E_REFUSED);
        buffer_free(&list);
    }

    node = *group_member(g.members[0].group, 1);
    update.leaf = 7; /* nobody sits there */
    assert_int_equal(judge(&g, 0, &opened), E_REFUSED);
    group_end(&g);
}

static void f8_g38_outsiders_and_ends_are_refused(void **state)
{
    static const struct opened cases[] = {
        {.kind = OPENED_COMMIT, .sender_type = MLS_SENDER_NEW_MEMBER_COMMIT},
        {.kind = OPENED_COMMIT, .sender_type = MLS_SENDER_EXTERNAL},
        {.kind = OPENED_COMMIT, .sender_type = MLS_SENDER_MEMBER, .reinit = true},
        {.kind = OPENED_COMMIT, .sender_type = MLS_SENDER_MEMBER, .new_context = true},
        {.kind = OPENED_PROPOSAL, .sender_type = MLS_SENDER_MEMBER},
        {.kind = OPENED_APPLICATION, .sender_type = MLS_SENDER_MEMBER},
        {.kind = OPENED_COMMIT, .sender_type = MLS_SENDER_MEMBER, .add_count = TABLE_LEAVES - 2},
    };
    struct group_of_bare g;

    (void)state;
    group_start(&g, &open_room);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(judge(&g, 1, &cases[i]), cases[i].add_count == 0 ? E_REFUSED : E_TOO_LARGE);
    group_end(&g);
}

/* The house, or anybody, founds a group of its own and adds the joiner's KeyPackage to it. */
static void f2_f25_a_false_group_is_refused(void **state)
{
    enum {
        TRUE_GROUP,
        OTHER_CHARTER,
        OTHER_SIGNATURE,
        NO_CHARTER,
        FOUNDER_UNBOUND,
        FOUNDER_OF_OTHER_ROOM,
        WAYS
    };
    struct charter c = open_room;
    struct table_of_people other;

    (void)state;
    c.nonce[0] = 1;
    table_start(&other, &c);
    for (int way = 0; way < WAYS; way++) {
        struct table_of_people t;
        struct bare founder;
        struct bytes charter, add;
        struct group_committed made;
        enum result res;
        uint8_t signature[64];

        table_start(&t, &open_room);
        bare_start(&founder, &t, 0);
        charter = t.charter_bytes;
        memcpy(signature, t.signature, sizeof signature);
        if (way == OTHER_CHARTER) {
            charter = other.charter_bytes;
            memcpy(signature, other.signature, sizeof signature);
        }
        if (way == OTHER_SIGNATURE)
            signature[0] ^= 1;
        if (way == NO_CHARTER)
            charter.len = 0;
        if (way == FOUNDER_UNBOUND)
            founder.extension_count = 0;
        if (way == FOUNDER_OF_OTHER_ROOM)
            founder.binding[0] ^= 1;
        bare_found(&founder, &t, charter, signature);
        add = core_room_key_package(table_enter(&t, 1));
        assert_int_equal(group_commit(founder.group, &t.seeded.random,
                                      &(struct group_change){.adds = &add, .add_count = 1}, TABLE_UNIX,
                                      &made),
                         OK);
        res = core_room_join(t.people[1].room, table_now(&t), buffer_bytes(&made.welcome),
                             buffer_bytes(&made.tree));
        assert_int_equal(res, way == TRUE_GROUP ? OK : way == OTHER_SIGNATURE ? E_FORGED : E_REFUSED);
        assert_int_equal(core_room_is_seated(t.people[1].room), way == TRUE_GROUP);
        if (way != TRUE_GROUP)
            assert_null(core_room_keyring(t.people[1].room));
        group_committed_free(&made);
        bare_end(&founder);
        table_end(&t);
    }
}

/* The same at the door: two honest rooms and a member who keeps to no rule. They refuse what it may not do,
 * stay in their epoch, hear each other, and follow the next commit that is right. */
static void f4_f1_honest_rooms_stay_where_they_are(void **state)
{
    static struct order_room order;
    static struct upload upload;
    static const uint32_t maker[] = {0};
    struct table_of_people t;
    struct bare hostile;
    uint8_t forged_room[STATEMENT_BYTES];
    struct group_extension context[] = {{EXTENSION_CHARTER, {0}}, {EXTENSION_ROLES, {0}}};
    struct group_extensions none = {0}, forged = {context, 2};
    struct group_change bad[] = {
        {.removes = maker, .remove_count = 1}, {.context = &none}, {.context = &forged}};
    /* It makes itself a moderator, in the maker's name. */
    struct statement moderator = {.number = 1, .verb = STATEMENT_MODERATOR, .kind = STATEMENT_ACCOUNT};
    const struct core_commit *commit;
    const struct core_change *change;
    struct writer w = writer_over(order.joiners);
    struct opened *opened;
    uint8_t frame[TABLE_FRAME];

    (void)state;
    table_start(&t, &open_room);
    table_seat(&t, 2);
    bare_start(&hostile, &t, 2);
    bare_wait(&hostile, &t);
    table_order(&t, (struct wish){.keeper = 0}, &order);
    signal_joiner_put(&w, &(struct signal_joiner){.waiting = 102,
                                                  .key_package = buffer_bytes(&hostile.key_package),
                                                  .replaces = SIGNAL_NO_LEAF});
    assert_int_equal(writer_end(&w, &order.order.joiners), OK);
    assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), OK);
    table_upload(&t, commit, &upload);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(core_room_take(t.people[i].room, table_now(&t), &upload.handshake, &change), OK);
    assert_int_equal(
        group_join(hostile.joining, &bare_rules, upload.welcome_bytes, upload.tree_bytes, &hostile.group),
        OK);

    memcpy(moderator.signer, t.people[0].account, sizeof moderator.signer);
    memcpy(moderator.subject, t.people[2].account, sizeof moderator.subject);
    assert_int_equal(
        statement_write(&moderator, (struct bytes_mut){forged_room, sizeof forged_room}, &context[1].data),
        OK);
    assert_int_equal(group_context_extension(hostile.group, EXTENSION_CHARTER, &context[0].data), OK);
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        struct group_committed made;
        struct core_handshake handshake = {0};

        assert_int_equal(group_commit(hostile.group, &t.seeded.random, &bad[k], TABLE_UNIX, &made), OK);
        handshake.commit = buffer_bytes(&made.commit);
        for (unsigned i = 0; i < 2; i++)
            assert_int_equal(core_room_take(t.people[i].room, table_now(&t), &handshake, &change),
                             bad[k].context == &forged ? E_FORGED : E_REFUSED);
        group_committed_free(&made);
        group_drop_staged(hostile.group);
    }
    t.now_ms += 1000;
    assert_int_equal(table_say(&t, 0, 7, frame), OK);
    assert_int_equal(table_hear(&t, 1, 0, frame), 7);

    table_order(&t, (struct wish){.keeper = 0, .kicks = 0}, &order);
    order.kicks[0] = group_own_leaf(hostile.group);
    order.order.kick_count = 1;
    assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), OK);
    table_upload(&t, commit, &upload);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(core_room_take(t.people[i].room, table_now(&t), &upload.handshake, &change), OK);
    assert_int_equal(group_open(hostile.group, upload.commit_bytes, TABLE_UNIX, &opened), OK);
    assert_true(opened->removes_us);
    opened_free(opened);
    bare_end(&hostile);
    table_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_commit_is_fine),
        cmocka_unit_test(f4_a_listener_removes_nobody),
        cmocka_unit_test(f30_moderators_remove_all_but_the_maker),
        cmocka_unit_test(f4_the_houses_word_removes_one_seat_once),
        cmocka_unit_test(f4_the_leavers_own_proposal_removes_it),
        cmocka_unit_test(f1_nobody_changes_the_charter),
        cmocka_unit_test(f1_roles_grow_by_moderators_words_alone),
        cmocka_unit_test(f1_old_roles_do_not_come_back),
        cmocka_unit_test(f4_replaced_by_its_own_word),
        cmocka_unit_test(f7_f25_ghosts_are_refused),
        cmocka_unit_test(f7_a_leaf_keeps_its_binding),
        cmocka_unit_test(f8_g38_outsiders_and_ends_are_refused),
        cmocka_unit_test(f4_f1_honest_rooms_stay_where_they_are),
        cmocka_unit_test(f2_f25_a_false_group_is_refused),
    };

    if (crypto_start() != OK)
        return 1;
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
