/* Whoever dies between sending a commit and hearing it again keeps no key of a group: it comes back on a new
 * leaf, and there is one epoch for all, whether the commit was passed on or not (field report G41). */
#include "core/group.h"
#include "table.h"

#include "support/mls_room.h"

static void crash(struct room *room, uint32_t leaf)
{
    group_free(room->members[leaf]);
    room->members[leaf] = NULL;
}

/* In groups whose sizes are no power of two, where trees go wrong if they do. */
static void g41_dies_between_send_and_echo(void **state)
{
    static const size_t sizes[] = {2, 3, 5, 6, 7, 149};
    static struct room room;

    (void)state;
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        size_t size = sizes[i / 2];
        bool passed_on = i % 2 == 0;
        uint32_t dead = (uint32_t)size - 1;
        struct group_committed out;
        struct opened *opened = NULL;

        if (size > 100 && !passed_on) /* seconds more, and nothing new */
            continue;
        room_found(&room, MLS_SUITE_CHACHA20_POLY1305, 41 + i);
        room_commit(&room, 0, size - 1, NULL, 0);
        assert_int_equal(
            group_commit(room.members[dead], &room.seeded.random, &(struct group_change){0}, room.now, &out),
            OK);
        crash(&room, dead);
        for (uint32_t leaf = 0; passed_on && leaf < dead; leaf++)
            room_take(&room, leaf, buffer_bytes(&out.commit), false);
        room_commit(&room, 0, 1, &dead, 1);
        assert_non_null(room.members[dead]); /* the place is free again, and the newcomer has it */
        assert_int_equal(group_epoch(room.members[0]), passed_on ? 3 : 2);
        /* What it sent in its former life is old, for itself as for others. */
        assert_int_equal(group_open(room.members[dead], buffer_bytes(&out.commit), room.now, &opened),
                         E_STALE);
        assert_int_equal(group_open(room.members[0], buffer_bytes(&out.commit), room.now, &opened), E_STALE);
        room_commit(&room, dead, 0, NULL, 0);
        group_committed_free(&out);
        room_free(&room);
    }
}

/* The same at a table: the keeper that dies has let somebody in. */
static void g41_a_doorkeeper_dies_between_send_and_echo(void **state)
{
    static struct order_room order;
    static struct upload upload;
    const struct core_commit *commit;
    const struct core_change *change;
    struct table_of_people t;
    struct signal_lost lost;
    struct writer w;
    uint32_t old_leaf;

    (void)state;
    table_start(&t, &(struct charter){.stage = CHARTER_EVERYONE});
    table_seat(&t, 3);
    table_enter(&t, 3);
    table_order(&t, (struct wish){.keeper = 1, .joiners = 1 << 3}, &order);
    assert_int_equal(core_room_commit(t.people[1].room, table_now(&t), &order.order, &commit), OK);
    table_upload(&t, commit, &upload);
    old_leaf = core_room_leaf(t.people[1].room);
    core_room_free(t.people[1].room);
    t.people[1].room = NULL;

    assert_int_equal(core_room_take(t.people[0].room, table_now(&t), &upload.handshake, &change), OK);
    assert_int_equal(core_room_take(t.people[2].room, table_now(&t), &upload.handshake, &change), OK);
    assert_int_equal(core_room_join(t.people[3].room, table_now(&t), upload.welcome_bytes, upload.tree_bytes),
                     OK);

    /* It comes back, and hears of its own commit first. */
    table_enter(&t, 1);
    assert_int_equal(core_room_take(t.people[1].room, table_now(&t), &upload.handshake, &change), E_STATE);
    table_order(&t, (struct wish){.keeper = 0, .joiners = 1 << 1}, &order);
    lost = table_lost(&t, order.order.group_id, order.order.epoch, old_leaf);
    w = writer_over(order.lost);
    signal_lost_put(&w, &lost);
    assert_int_equal(writer_end(&w, &order.order.lost), OK);
    assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), OK);
    table_upload(&t, commit, &upload);
    for (unsigned i = 0; i < 4; i++)
        if (i == 1)
            assert_int_equal(
                core_room_join(t.people[i].room, table_now(&t), upload.welcome_bytes, upload.tree_bytes), OK);
        else
            assert_int_equal(core_room_take(t.people[i].room, table_now(&t), &upload.handshake, &change), OK);
    for (unsigned i = 1; i < 4; i++) {
        assert_int_equal(core_room_epoch(t.people[i].room), core_room_epoch(t.people[0].room));
        assert_true(bytes_equal(core_room_authenticator(t.people[i].room),
                                core_room_authenticator(t.people[0].room)));
    }
    table_end(&t);
}

/* A speaker that dies and comes back sits on a new leaf key in a later epoch, and begins to count anywhere:
 * what it seals goes under no key and number that it has used. It may get its old leaf's number again, so
 * that numbers alone would not do. */
static void a_counter_is_never_used_again(void **state)
{
    enum { LIVES = 12, FRAMES = 60 };
    static struct order_room order;
    static struct upload upload;
    static struct {
        uint64_t epoch;
        struct seal_name name;
    } used[LIVES * FRAMES];
    const struct core_commit *commit;
    const struct core_change *change;
    struct table_of_people t;
    size_t count = 0;

    (void)state;
    table_start(&t, &(struct charter){.stage = CHARTER_EVERYONE});
    table_seat(&t, 2);
    for (unsigned life = 0; life < LIVES; life++) {
        uint32_t old_leaf = core_room_leaf(t.people[1].room);
        struct signal_lost lost;
        struct writer w;

        t.now_ms += ADD_SWITCH_MS;
        for (unsigned i = 0; i < FRAMES; i++) {
            uint8_t frame[TABLE_FRAME];

            t.now_ms += 20;
            assert_int_equal(table_say(&t, 1, 1, frame), OK);
            assert_int_equal(seal_name_read(bytes(frame, FRAME_HEADER_LEN), &used[count].name), OK);
            used[count].epoch = core_room_epoch(t.people[1].room);
            assert_int_equal(used[count].name.epoch, (uint8_t)used[count].epoch);
            count++;
        }
        core_room_free(t.people[1].room);
        t.people[1].room = NULL;
        table_enter(&t, 1);
        table_order(&t, (struct wish){.keeper = 0, .joiners = 1 << 1}, &order);
        lost = table_lost(&t, order.order.group_id, order.order.epoch, old_leaf);
        w = writer_over(order.lost);
        signal_lost_put(&w, &lost);
        assert_int_equal(writer_end(&w, &order.order.lost), OK);
        assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), OK);
        table_upload(&t, commit, &upload);
        assert_int_equal(core_room_take(t.people[0].room, table_now(&t), &upload.handshake, &change), OK);
        assert_int_equal(
            core_room_join(t.people[1].room, table_now(&t), upload.welcome_bytes, upload.tree_bytes), OK);
        assert_int_equal(core_room_leaf(t.people[1].room), old_leaf); /* the number alone is the same */
    }
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            assert_false(used[i].epoch == used[k].epoch && used[i].name.leaf == used[k].name.leaf &&
                         used[i].name.counter == used[k].name.counter);
    /* And no life has begun to count where the one before ended. */
    for (unsigned life = 1; life < LIVES; life++) {
        assert_true(used[life * FRAMES].epoch > used[life * FRAMES - 1].epoch);
        assert_int_not_equal(used[life * FRAMES].name.counter, used[life * FRAMES - 1].name.counter + 1);
    }
    table_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g41_dies_between_send_and_echo),
        cmocka_unit_test(g41_a_doorkeeper_dies_between_send_and_echo),
        cmocka_unit_test(a_counter_is_never_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
