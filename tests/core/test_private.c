/* Private rooms: the link's secret vouches for each leaf, and a kick closes it (attack F15). */
#include "core/bare.h"
#include "core/room.h"

static const struct charter closed = {
    .kind = CHARTER_PRIVATE, .stage = CHARTER_EVERYONE, .pseudonyms = true, .proof = CHARTER_DENIABLE};
static const struct charter open_room = {.stage = CHARTER_EVERYONE};

static const uint8_t guessed[CORE_SECRET_BYTES] = "not the secret";

/* How many of one a doorkeeper lets in. */
static size_t comes_in(struct table_of_people *t, unsigned keeper, unsigned who)
{
    static struct order_room order;
    const struct core_commit *commit;

    table_order(t, (struct wish){.keeper = keeper, .joiners = 1u << who}, &order);
    assert_int_equal(core_room_commit(t->people[keeper].room, table_now(t), &order.order, &commit), OK);
    return commit->seated.len / ROOM_PLACED_BYTES;
}

static void enter_anew(struct table_of_people *t, unsigned who)
{
    core_room_free(t->people[who].room);
    t->people[who].room = NULL;
    table_enter(t, who);
}

static void all_hear(struct table_of_people *t, unsigned count)
{
    uint8_t frame[TABLE_FRAME];

    t->now_ms += 1000;
    for (unsigned by = 0; by < count; by++) {
        assert_int_equal(table_say(t, by, 5, frame), OK);
        for (unsigned i = 0; i < count; i++)
            if (i != by)
                assert_int_equal(table_hear(t, i, by, frame), 5);
    }
}

/* Computed by other means from docs/protocol.md, "Private rooms". */
static void the_link_key_is_the_protocols(void **state)
{
    static const uint8_t expect[32] = {0xd5, 0xee, 0xe0, 0xd0, 0xb6, 0x3a, 0xd1, 0xf8, 0x17, 0x56, 0x6b,
                                       0x55, 0xb0, 0x79, 0xf3, 0x6d, 0xaa, 0xba, 0xc3, 0x70, 0x55, 0xb0,
                                       0x04, 0x65, 0x18, 0x74, 0x65, 0xb1, 0x9b, 0x32, 0x12, 0xc3};
    uint8_t key[32];

    (void)state;
    assert_int_equal(core_link_key(guessed, key), OK);
    assert_memory_equal(key, expect, sizeof key);
}

static void who_has_the_link_sits_down(void **state)
{
    struct table_of_people t;

    (void)state;
    table_start(&t, &closed);
    t.people[2].masked = true;
    table_seat(&t, 4);
    all_hear(&t, 4);
    table_enter(&t, 4);
    table_epoch(&t, (struct wish){.keeper = 2, .joiners = 1u << 4});
    all_hear(&t, 5);
    table_end(&t);
}

static void who_has_not_does_not(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        struct table_of_people t;
        struct bytes group_id;

        table_start(&t, &closed);
        t.people[0].secret = t.people[2].secret = way == 0 ? NULL : guessed;
        assert_int_equal(
            core_room_found(table_enter(&t, 0), table_now(&t), t.charter_bytes, t.signature, &group_id),
            way == 0 ? E_REFUSED : E_FORGED);
        t.people[0].secret = t.secret;
        core_room_free(t.people[0].room);
        t.people[0].room = NULL;
        table_seat(&t, 2);
        table_enter(&t, 2);
        for (unsigned keeper = 0; keeper < 2; keeper++)
            assert_int_equal(comes_in(&t, keeper, 2), 0);
        table_end(&t);
    }
}

/* A voucher says that a room is private; elsewhere it has no place, and no two leaves of an open room differ
 * by it. */
static void open_rooms_have_no_vouchers(void **state)
{
    struct table_of_people t;
    static const struct core_word word = {.verb = STATEMENT_LINK, .kind = STATEMENT_ROOM, .subject = {1}};
    static struct order_room order;
    const struct core_commit *commit;

    (void)state;
    table_start(&t, &open_room);
    table_seat(&t, 2);
    t.people[2].secret = guessed;
    table_enter(&t, 2);
    assert_int_equal(comes_in(&t, 0, 2), 0);
    table_order(&t, (struct wish){.keeper = 0, .words = &word, .word_count = 1}, &order);
    assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), E_REFUSED);
    table_end(&t);
}

static void f15_a_kick_closes_the_link(void **state)
{
    (void)state;
    for (int block = 0; block < 2; block++) {
        struct table_of_people t;
        struct core_word words[1] = {{.verb = STATEMENT_BLOCK, .kind = STATEMENT_ACCOUNT}};
        static const uint8_t fresh[CORE_SECRET_BYTES] = "the next secret";

        table_start(&t, &closed);
        table_seat(&t, 4);
        memcpy(words[0].subject, t.people[3].account, 32);
        table_epoch(&t, block ? (struct wish){.keeper = 0, .words = words, .word_count = 1}
                              : (struct wish){.keeper = 0, .kicks = 1u << 3});
        all_hear(&t, 3); /* whoever sits stays */

        /* Neither the kicked one, as itself or as nobody, nor anybody else who has the old link. */
        t.people[3].masked = true;
        enter_anew(&t, 3);
        table_enter(&t, 4);
        for (unsigned keeper = 0; keeper < 3; keeper++)
            assert_int_equal(comes_in(&t, keeper, 3) + comes_in(&t, keeper, 4), 0);

        /* By a new link, who joins accepts those whom the old one had vouched for. */
        words[0] = (struct core_word){.verb = STATEMENT_LINK, .kind = STATEMENT_ROOM};
        assert_int_equal(core_link_key(fresh, words[0].subject), OK);
        table_epoch(&t, (struct wish){.keeper = 0, .words = words, .word_count = 1});
        assert_int_equal(comes_in(&t, 1, 4), 0);
        t.people[4].secret = fresh;
        enter_anew(&t, 4);
        table_epoch(&t, (struct wish){.keeper = 1, .joiners = 1u << 4});
        core_room_free(t.people[3].room);
        t.people[3].room = t.people[4].room;
        t.people[4].room = NULL;
        all_hear(&t, 4);
        table_end(&t);
    }
}

/* Whoever waits with the old link while somebody is kicked waits in vain; with the new one, in the same
 * commit, not.
 */
static void f15_at_once(void **state)
{
    static struct order_room order;
    struct table_of_people t;
    static const uint8_t fresh[CORE_SECRET_BYTES] = "the next secret";
    struct core_word word = {.verb = STATEMENT_LINK, .kind = STATEMENT_ROOM};
    const struct core_commit *commit;
    struct signal_placed placed;
    struct bytes list;

    (void)state;
    table_start(&t, &closed);
    table_seat(&t, 3);
    assert_int_equal(core_link_key(fresh, word.subject), OK);
    table_enter(&t, 3);
    t.people[4].secret = fresh;
    table_enter(&t, 4);
    table_order(&t, (struct wish){.keeper = 0, .kicks = 1u << 2, .joiners = 3u << 3}, &order);
    assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), OK);
    assert_int_equal(commit->seated.len, 0);
    table_order(
        &t, (struct wish){.keeper = 0, .kicks = 1u << 2, .joiners = 3u << 3, .words = &word, .word_count = 1},
        &order);
    assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), OK);
    list = commit->seated;
    assert_true(signal_placed_next(&list, &placed));
    assert_int_equal(placed.waiting, 104);
    assert_int_equal(list.len, 0);
    /* The word must be signed. */
    table_order(&t, (struct wish){.keeper = 0, .kicks = 1u << 2}, &order);
    order.order.account_seed = NULL;
    assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), E_REFUSED);
    table_end(&t);
}

/* Where a room holds no more statements a kick still works. */
static void a_full_list_does_not_stop_a_kick(void **state)
{
    static struct core_word words[STATEMENTS_MAX];
    struct table_of_people t;

    (void)state;
    table_start(&t, &closed);
    table_seat(&t, 3);
    for (unsigned i = 0; i < STATEMENTS_MAX; i++)
        words[i] = core_word_on(core_room_member(t.people[0].room, 1),
                                i % 2 == 0 ? STATEMENT_NO_SPEAKER : STATEMENT_SPEAKER);
    table_epoch(&t, (struct wish){.keeper = 0, .words = words, .word_count = STATEMENTS_MAX});
    table_epoch(&t, (struct wish){.keeper = 0, .kicks = 1u << 2});
    assert_false(core_room_is_seated(t.people[2].room));
    all_hear(&t, 2);
    table_end(&t);
}

/* A doorkeeper and the house together seat a ghost in a private room: every member refuses the commit. */
static void f7_a_ghost_without_the_secret_is_refused(void **state)
{
    struct table_of_people t;

    (void)state;
    for (int way = 0; way < 4; way++) { /* 0: a guest as it should be */
        struct bare hostile, ghost;
        struct group_committed made;
        struct core_handshake handshake = {.seated = {0}};
        const struct core_change *change;
        struct seat_binding binding;
        struct bytes add, written;

        table_start(&t, &closed);
        table_seat(&t, 2);
        bare_start(&hostile, &t, 2);
        bare_join(&hostile, &t, 0);
        bare_start(&ghost, &t, 3);
        assert_int_equal(seat_binding_read(ghost.extensions[0].data, &binding), OK);
        if (way == 1)
            binding.vouched = false;
        if (way == 2)
            assert_int_equal(roles_vouch(guessed, t.house, t.id, ghost.key, &binding), OK);
        if (way == 3) /* another's */
            assert_int_equal(roles_vouch(t.secret, t.house, t.id, hostile.key, &binding), OK);
        assert_int_equal(
            seat_binding_write(&binding, (struct bytes_mut){ghost.binding, sizeof ghost.binding}, &written),
            OK);
        ghost.extensions[0].data = written;
        bare_wait(&ghost, &t);
        add = buffer_bytes(&ghost.key_package);
        assert_int_equal(group_commit(hostile.group, &t.seeded.random,
                                      &(struct group_change){.adds = &add, .add_count = 1}, TABLE_UNIX,
                                      &made),
                         OK);
        handshake.commit = buffer_bytes(&made.commit);
        for (unsigned i = 0; i < 2; i++)
            assert_int_equal(core_room_take(t.people[i].room, table_now(&t), &handshake, &change),
                             way == 0   ? OK
                             : way == 1 ? E_REFUSED
                                        : E_FORGED);
        group_committed_free(&made);
        all_hear(&t, 2);
        bare_end(&ghost);
        bare_end(&hostile);
        table_end(&t);
    }
}

/* Who sits and has missed commits comes again in its own leaf's place, by the link that it once came by; and
 * nobody else does by its word. */
static void who_sits_stays_with_a_new_leaf(void **state)
{
    static const struct {
        unsigned who, as;
        bool lost, sits;
    } cases[] = {{2, 2, false, true}, {2, 2, true, true}, {2, 4, false, false}, {2, 4, true, false}};

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct order_room order;
        static struct upload upload;
        struct table_of_people t;
        struct core_room *old;
        const struct core_commit *commit;
        const struct core_change *change;
        struct signal_joiner joiner = {.waiting = 100 + cases[i].as};
        struct writer w;

        table_start(&t, &closed);
        table_seat(&t, 4);
        table_epoch(&t, (struct wish){.keeper = 0, .kicks = 1u << 3});
        old = t.people[cases[i].who].room;
        t.people[cases[i].who].room = NULL;
        table_enter(&t, cases[i].as);
        joiner.key_package = core_room_key_package(t.people[cases[i].as].room);
        assert_int_equal(
            core_room_replaces(old, t.people[cases[i].as].room, &joiner.replaces, joiner.replaces_signature),
            OK);
        table_order(&t, (struct wish){.keeper = 0}, &order);
        w = writer_over(order.joiners);
        signal_joiner_put(&w, &joiner);
        assert_int_equal(writer_end(&w, &order.order.joiners), OK);
        if (cases[i].lost) {
            struct signal_lost lost =
                table_lost(&t, order.order.group_id, order.order.epoch, joiner.replaces);

            w = writer_over(order.lost);
            signal_lost_put(&w, &lost);
            assert_int_equal(writer_end(&w, &order.order.lost), OK);
        }
        assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), OK);
        assert_int_equal(commit->seated.len != 0, cases[i].sits);
        if (cases[i].sits) {
            table_upload(&t, commit, &upload);
            for (unsigned k = 0; k < 2; k++) {
                assert_int_equal(core_room_take(t.people[k].room, table_now(&t), &upload.handshake, &change),
                                 OK);
                assert_false(change->alarm);
            }
            assert_int_equal(
                core_room_join(t.people[2].room, table_now(&t), upload.welcome_bytes, upload.tree_bytes), OK);
            all_hear(&t, 3);
        }
        core_room_free(old);
        table_end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_link_key_is_the_protocols),
        cmocka_unit_test(who_has_the_link_sits_down),
        cmocka_unit_test(who_has_not_does_not),
        cmocka_unit_test(open_rooms_have_no_vouchers),
        cmocka_unit_test(f15_a_kick_closes_the_link),
        cmocka_unit_test(who_sits_stays_with_a_new_leaf),
        cmocka_unit_test(f15_at_once),
        cmocka_unit_test(a_full_list_does_not_stop_a_kick),
        cmocka_unit_test(f7_a_ghost_without_the_secret_is_refused),
    };

    if (crypto_start() != OK)
        return 1;
    return cmocka_run_group_tests_name("private", tests, NULL, NULL);
}
