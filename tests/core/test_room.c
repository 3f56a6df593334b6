#include "core/room.h"

#include "core/frame.h"
#include "core/group_state.h"
#include "core/label.h"
#include "core/table.h"
#include "support/denied.h"
#include "support/memory.h"

static const struct charter everyone_speaks = {.stage = CHARTER_EVERYONE};
static const struct charter moderators_speak = {.stage = CHARTER_INVITED};

/* Each says a word that all others hear, and none hears twice. */
static void all_hear_all(struct table_of_people *t, unsigned mask)
{
    uint8_t frame[TABLE_FRAME];

    for (unsigned by = 0; by < PEOPLE; by++) {
        if (!(mask >> by & 1))
            continue;
        assert_int_equal(table_say(t, by, (uint8_t)(10 + by), frame), OK);
        for (unsigned who = 0; who < PEOPLE; who++) {
            if (!(mask >> who & 1) || who == by)
                continue;
            assert_int_equal(table_hear(t, who, by, frame), 10 + by);
            assert_int_equal(table_hear(t, who, by, frame), -E_REPLAY);
        }
    }
}

static void all_agree(struct table_of_people *t, unsigned mask)
{
    struct bytes first = {0};
    const struct core_member *members, *others;
    size_t count = 0;

    for (unsigned i = 0; i < PEOPLE; i++) {
        struct core_room *room = t->people[i].room;

        if (!(mask >> i & 1))
            continue;
        assert_true(core_room_is_seated(room));
        if (first.len == 0) {
            first = core_room_authenticator(room);
            count = core_room_members(room, &members);
            assert_int_equal(first.len, 32);
            assert_int_equal(count, __builtin_popcount(mask));
            continue;
        }
        assert_true(bytes_equal(core_room_authenticator(room), first));
        assert_int_equal(core_room_members(room, &others), count);
        for (size_t k = 0; k < count; k++) {
            assert_int_equal(others[k].leaf, members[k].leaf);
            assert_memory_equal(others[k].account, members[k].account, 32);
            assert_int_equal(others[k].self, others[k].leaf == core_room_leaf(room));
        }
    }
}

static void join_speak_hear(void **state)
{
    (void)state;
    for (unsigned count = 1; count <= PEOPLE; count++) {
        struct table_of_people t;
        unsigned all = (1u << count) - 1;

        table_start(&t, &everyone_speaks);
        table_seat(&t, count);
        all_agree(&t, all);
        t.now_ms += ADD_SWITCH_MS;
        all_hear_all(&t, all);
        for (unsigned i = 0; i < count; i++)
            assert_int_equal(keyring_refused(core_room_keyring(t.people[i].room)),
                             count < 2 ? 0 : count - 1); /* the replays of all_hear_all */
        table_end(&t);
    }
}

static void one_by_one_and_any_keeper(void **state)
{
    struct table_of_people t;

    (void)state;
    table_start(&t, &everyone_speaks);
    table_found(&t, 0);
    for (unsigned i = 1; i < PEOPLE; i++) {
        table_enter(&t, i);
        table_epoch(&t, (struct wish){.keeper = i - 1, .joiners = 1u << i});
        all_agree(&t, (2u << i) - 1);
        t.now_ms += 1000;
        all_hear_all(&t, (2u << i) - 1);
    }
    assert_int_equal(core_room_epoch(t.people[0].room), PEOPLE - 1);
    table_end(&t);
}

/* While somebody joins, those who speak are heard without a gap: by the old key until all can have the new
 * one. */
static void nobody_is_cut_off_by_a_join(void **state)
{
    struct table_of_people t;
    uint8_t frame[TABLE_FRAME];

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 2);
    table_enter(&t, 2);
    t.now_ms += 1000;
    for (unsigned i = 0; i < 50; i++) {
        if (i == 20)
            table_epoch(&t, (struct wish){.keeper = 1, .joiners = 1u << 2});
        assert_int_equal(table_say(&t, 0, (uint8_t)i, frame), OK);
        assert_int_equal(table_hear(&t, 1, 0, frame), i);
        /* The joiner has no key for the 150 ms; then it hears. */
        if (i >= 20)
            assert_int_equal(table_hear(&t, 2, 0, frame), i < 28 ? -E_NOT_FOUND : (int)i);
        t.now_ms += 20;
    }
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(keyring_refused(core_room_keyring(t.people[i].room)), 0);
    table_end(&t);
}

static void a_lost_seat_goes_by_the_houses_word(void **state)
{
    struct table_of_people t;
    uint8_t early[TABLE_FRAME], late[TABLE_FRAME];

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 4);
    t.now_ms += 1000;
    all_hear_all(&t, 0xf);
    assert_int_equal(table_say(&t, 3, 1, early), OK);
    assert_int_equal(table_say(&t, 3, 2, late), OK);
    table_epoch(&t, (struct wish){.keeper = 1, .lost = 1u << 3});
    all_agree(&t, 0x7);
    all_hear_all(&t, 0x7);
    /* F14: no grace for who is gone. */
    assert_int_equal(table_hear(&t, 0, 3, early), -E_REFUSED);
    /* Whoever lost the seat stays behind in an epoch where nobody is left. */
    assert_int_equal(table_say(&t, 0, 9, early), OK);
    assert_int_equal(table_hear(&t, 3, 0, early), -E_NO_KEY);
    /* The free leaf is taken again, and the old one's voice does not become the new one's. */
    core_room_free(t.people[3].room);
    t.people[3].room = NULL;
    table_enter(&t, 4);
    table_epoch(&t, (struct wish){.keeper = 0, .joiners = 1u << 4});
    all_agree(&t, 0x17);
    assert_int_equal(core_room_leaf(t.people[4].room), 3);
    assert_int_equal(table_hear(&t, 0, 3, late), -E_REFUSED);
    t.now_ms += 1000;
    all_hear_all(&t, 0x17);
    table_end(&t);
}

/* G33, G43: after the kick's commit the kicked one seals and opens nothing, and nobody plays it. */
static void kicked_keys_are_dead(void **state)
{
    struct table_of_people t;
    uint8_t by_kicked[TABLE_FRAME], after[TABLE_FRAME], before[TABLE_FRAME];

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 3);
    t.now_ms += 1000;
    assert_int_equal(table_say(&t, 2, 1, by_kicked), OK);
    assert_int_equal(table_say(&t, 0, 2, before), OK);
    table_epoch(&t, (struct wish){.keeper = 0, .kicks = 1u << 2});
    assert_false(core_room_is_seated(t.people[2].room));
    assert_int_equal(table_say(&t, 2, 1, after), E_NO_KEY);
    assert_int_equal(table_hear(&t, 2, 0, before), -E_NO_KEY);
    assert_int_equal(table_say(&t, 0, 3, after), OK);
    assert_int_equal(table_hear(&t, 2, 0, after), -E_NO_KEY);
    assert_int_equal(table_hear(&t, 1, 2, by_kicked), -E_REFUSED);
    assert_int_equal(table_hear(&t, 1, 0, before), 2);
    assert_int_equal(table_hear(&t, 1, 0, after), 3);
    assert_true(core_room_due(t.people[2].room, table_now(&t)) == KEYRING_NEVER);
    table_end(&t);
}

static void f4_only_moderators_kick(void **state)
{
    struct table_of_people t;
    struct order_room order;
    const struct core_commit *commit;

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 3);
    table_order(&t, (struct wish){.keeper = 1, .kicks = 1u << 2}, &order);
    assert_int_equal(core_room_commit(t.people[1].room, table_now(&t), &order.order, &commit), E_REFUSED);
    table_order(&t, (struct wish){.keeper = 0, .kicks = 1u << 0}, &order);
    assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), E_REFUSED);
    order.kicks[0] = 77;
    assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), E_NOT_FOUND);
    table_end(&t);
}

/* A word that the house gave for another epoch or another seat takes nobody's. */
static void f4_a_lost_word_counts_once(void **state)
{
    struct table_of_people t;
    struct order_room order;
    const struct core_commit *commit;
    struct writer w;
    struct signal_lost word;

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 3);
    table_order(&t, (struct wish){.keeper = 1}, &order);
    w = writer_over(order.lost);
    word = table_lost(&t, order.order.group_id, order.order.epoch + 1, 2);
    signal_lost_put(&w, &word);
    assert_int_equal(writer_end(&w, &order.order.lost), OK);
    assert_int_equal(core_room_commit(t.people[1].room, table_now(&t), &order.order, &commit), E_FORGED);

    w = writer_over(order.lost);
    word = table_lost(&t, order.order.group_id, order.order.epoch, 2);
    word.leaf = 0;
    signal_lost_put(&w, &word);
    assert_int_equal(writer_end(&w, &order.order.lost), OK);
    assert_int_equal(core_room_commit(t.people[1].room, table_now(&t), &order.order, &commit), E_FORGED);

    /* Our own seat, and one twice. */
    w = writer_over(order.lost);
    word = table_lost(&t, order.order.group_id, order.order.epoch, 1);
    signal_lost_put(&w, &word);
    assert_int_equal(writer_end(&w, &order.order.lost), OK);
    assert_int_equal(core_room_commit(t.people[1].room, table_now(&t), &order.order, &commit), E_REFUSED);
    w = writer_over(order.lost);
    word = table_lost(&t, order.order.group_id, order.order.epoch, 2);
    signal_lost_put(&w, &word);
    signal_lost_put(&w, &word);
    assert_int_equal(writer_end(&w, &order.order.lost), OK);
    assert_int_equal(core_room_commit(t.people[1].room, table_now(&t), &order.order, &commit), E_REFUSED);
    table_end(&t);
}

/* A house asks one member's client to commit in another group, or another epoch. */
static void orders_for_another_group_or_epoch_are_refused(void **state)
{
    struct table_of_people t;
    struct order_room order;
    const struct core_commit *commit;

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 2);
    table_order(&t, (struct wish){.keeper = 1}, &order);
    order.order.epoch--;
    assert_int_equal(core_room_commit(t.people[1].room, table_now(&t), &order.order, &commit), E_STALE);
    order.order.epoch++;
    order.order.group_id.len--;
    assert_int_equal(core_room_commit(t.people[1].room, table_now(&t), &order.order, &commit), E_NOT_FOUND);
    table_end(&t);
}

static void listeners_are_not_played(void **state)
{
    struct table_of_people t;
    struct charter c = moderators_speak;
    uint8_t frame[TABLE_FRAME], seed[32];
    const struct core_member *m;

    (void)state;
    c.moderator_count = 1;
    key_from(2, seed, c.moderators[0]); /* the second of the people */
    table_start(&t, &c);
    table_seat(&t, 3);
    t.now_ms += 1000;
    for (unsigned i = 0; i < 3; i++) {
        m = core_room_member(t.people[2].room, core_room_leaf(t.people[i].room));
        assert_int_equal(m->speaker, i < 2);
        assert_int_equal(m->moderator, i < 2);
    }
    assert_int_equal(table_say(&t, 2, 1, frame), E_REFUSED);
    assert_int_equal(table_say(&t, 1, 5, frame), OK);
    assert_int_equal(table_hear(&t, 2, 0, frame), 5);
    /* The speaker's frame under the listener's name is not even tried. */
    frame[3] = (uint8_t)core_room_leaf(t.people[2].room);
    assert_int_equal(table_hear(&t, 0, 0, frame), -E_REFUSED);
    assert_int_equal(keyring_stats(core_room_keyring(t.people[0].room))->attempts, 0);
    table_end(&t);
}

static void f16_a_leap_in_another_slot_silences_nobody(void **state)
{
    struct table_of_people t;
    uint8_t frame[TABLE_FRAME], copy[TABLE_FRAME];

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 3);
    t.now_ms += 1000;
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(table_say(&t, 0, 1, frame), OK);
        if (i == 0)
            memcpy(copy, frame, sizeof copy);
    }
    /* The newest comes in slot 5; what slot 2 brings is behind it by more than a window, and is played. */
    assert_int_equal(table_hear(&t, 1, 5, frame), 1);
    assert_int_equal(table_hear(&t, 1, 2, copy), 1);
    assert_int_equal(table_hear(&t, 1, 5, copy), -E_REPLAY);
    table_end(&t);
}

/* Somebody else was first: the founder's own group is dropped and the KeyPackage is still good. */
static void f24_the_second_founder_waits(void **state)
{
    struct table_of_people t;
    struct order_room order;

    (void)state;
    table_start(&t, &everyone_speaks);
    table_found(&t, 0);
    table_found(&t, 1);
    assert_true(core_room_is_seated(t.people[1].room));
    core_room_unfound(t.people[1].room);
    assert_false(core_room_is_seated(t.people[1].room));
    table_order(&t, (struct wish){.keeper = 0, .joiners = 1u << 1}, &order);
    table_epoch(&t, (struct wish){.keeper = 0, .joiners = 1u << 1});
    all_agree(&t, 3);
    t.now_ms += 1000;
    all_hear_all(&t, 3);
    table_end(&t);
}

/* Two members commit for one epoch; the house takes the first. The loser follows and tries again. */
static void g42_the_loser_of_a_race_follows(void **state)
{
    static struct upload won, lost;
    struct table_of_people t;
    struct order_room order;
    const struct core_commit *commit;
    const struct core_change *change;

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 3);
    table_enter(&t, 3);
    for (unsigned keeper = 0; keeper < 2; keeper++) {
        table_order(&t, (struct wish){.keeper = keeper, .joiners = 1u << 3}, &order);
        assert_int_equal(core_room_commit(t.people[keeper].room, table_now(&t), &order.order, &commit), OK);
        table_upload(&t, commit, keeper == 0 ? &won : &lost);
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(core_room_take(t.people[i].room, table_now(&t), &won.handshake, &change), OK);
        assert_int_equal(change->own, i == 0);
        assert_int_equal(change->came_count, 1);
        assert_int_equal(core_room_take(t.people[i].room, table_now(&t), &lost.handshake, &change), E_STALE);
    }
    /* The loser's Welcome would open: into a fork of one, which the authenticator shows. */
    assert_int_equal(core_room_join(t.people[3].room, table_now(&t), lost.welcome_bytes, lost.tree_bytes),
                     OK);
    for (unsigned i = 1; i < 4; i++)
        assert_int_equal(
            bytes_equal(core_room_authenticator(t.people[i].room), core_room_authenticator(t.people[0].room)),
            i != 3);
    core_room_free(t.people[3].room);
    t.people[3].room = NULL;
    table_enter(&t, 3);
    table_epoch(&t, (struct wish){.keeper = 1, .joiners = 1u << 3});
    table_end(&t);
}

/* The house's lists and the commit must say the same. */
static void lists_that_differ_raise_an_alarm(void **state)
{
    static struct upload upload;
    const struct core_commit *commit;
    const struct core_change *change;

    (void)state;
    for (int way = 0; way < 5; way++) {
        struct table_of_people t;
        struct order_room order;
        struct signal_seat seat = {.leaf = 2, .handle = BYTES_TEXT("x")}, ghost = {.leaf = 9};
        struct writer w = writer_over(upload.seats);

        table_start(&t, &everyone_speaks);
        table_seat(&t, 2);
        table_enter(&t, 2);
        table_order(&t, (struct wish){.keeper = 0, .joiners = 1u << 2}, &order);
        assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), OK);
        table_upload(&t, commit, &upload);
        memcpy(seat.account, t.people[way == 1 ? 3 : 2].account, 32);
        if (way == 2)
            seat.leaf = 3;
        if (way != 3)
            signal_seat_put(&w, &seat); /* 0: the truth; 1: another's account; 2: another leaf; 3: nobody */
        if (way == 4)
            signal_seat_put(&w, &ghost);
        assert_int_equal(writer_end(&w, &upload.handshake.seated), OK);
        assert_int_equal(core_room_take(t.people[1].room, table_now(&t), &upload.handshake, &change), OK);
        assert_int_equal(change->alarm, way != 0);
        table_end(&t);
    }
}

static void a_hidden_removal_raises_an_alarm(void **state)
{
    static struct upload upload;
    const struct core_commit *commit;
    const struct core_change *change;

    (void)state;
    for (int way = 0; way < 3; way++) {
        struct table_of_people t;
        struct order_room order;
        struct writer w = writer_over(upload.removed);

        table_start(&t, &everyone_speaks);
        table_seat(&t, 4);
        table_order(&t, (struct wish){.keeper = 0, .kicks = 1u << 2}, &order);
        assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), OK);
        table_upload(&t, commit, &upload);
        if (way == 1)
            upload.handshake.removed.len = 0;
        if (way == 2) {
            signal_gone_put(&w, &(struct signal_gone){3, SIGNAL_LOST});
            assert_int_equal(writer_end(&w, &upload.handshake.removed), OK);
        }
        for (unsigned i = 1; i < 3; i++) {
            assert_int_equal(core_room_take(t.people[i].room, table_now(&t), &upload.handshake, &change), OK);
            assert_int_equal(change->alarm, way != 0);
            assert_int_equal(change->went_count, 1);
            assert_memory_equal(change->went[0].account, t.people[2].account, 32);
        }
        table_end(&t);
    }
}

/* F18: what could make an epoch's key again is gone once the key is made. */
static void f18_the_exporter_is_gone(void **state)
{
    struct table_of_people t;
    uint8_t again[16];

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(group_export(t.people[i].room->group, BYTES_TEXT("SFrame 1.0 Base Key"),
                                      (struct bytes){0}, (struct bytes_mut){again, sizeof again}),
                         E_NO_KEY);
    table_end(&t);
}

static void seats_agree_with_the_tree_or_not(void **state)
{
    struct table_of_people t;
    uint8_t list[1024];

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 3);
    for (int way = 0; way < 5; way++) {
        struct writer w = writer_over(list);
        struct bytes seats;

        for (uint32_t leaf = 0; leaf < 3; leaf++) {
            struct signal_seat seat = {.leaf = leaf};

            memcpy(seat.account, t.people[way == 1 && leaf == 2 ? 4 : leaf].account, 32);
            if ((way == 2 || way == 4) && leaf == 2)
                continue; /* a member that the house does not name */
            signal_seat_put(&w, &seat);
            if (way == 3 && leaf == 2) {
                seat.leaf = 3; /* one that it makes up */
                signal_seat_put(&w, &seat);
            }
            if (way == 4 && leaf == 1)
                signal_seat_put(&w, &seat); /* one that it names twice */
        }
        assert_int_equal(writer_end(&w, &seats), OK);
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(core_room_agrees(t.people[i].room, seats), way == 0);
    }
    table_end(&t);
}

/* The house founds a group of its own under the true link: with a charter of its own, or with the true one
 * but itself in no binding, it gets no joiner. */
static void f2_a_false_group_gets_no_joiner(void **state)
{
    static struct upload upload;
    struct table_of_people true_room, false_room;
    struct charter mine = everyone_speaks;
    struct order_room order;
    const struct core_commit *commit;
    struct core_self victim;
    struct core_room *room = NULL;
    struct writer w;

    (void)state;
    mine.nonce[0] = 1; /* another room id, though all else is copied */
    table_start(&true_room, &everyone_speaks);
    table_start(&false_room, &mine);
    table_found(&false_room, 0);
    victim = (struct core_self){true_room.people[1].seed, true_room.house, true_room.id};
    assert_int_equal(core_room_new(&true_room.seeded.random, &victim, table_now(&true_room), &room), OK);

    /* F25: members do not let a leaf of another room in: the honest doorkeeper leaves it out. */
    table_order(&false_room, (struct wish){.keeper = 0}, &order);
    w = writer_over(order.joiners);
    signal_joiner_put(&w, &(struct signal_joiner){100, core_room_key_package(room), SIGNAL_NO_LEAF, {0}});
    assert_int_equal(writer_end(&w, &order.order.joiners), OK);
    assert_int_equal(
        core_room_commit(false_room.people[0].room, table_now(&false_room), &order.order, &commit), OK);
    assert_int_equal(commit->welcome.len, 0);
    assert_int_equal(commit->seated.len, 0);
    table_upload(&false_room, commit, &upload);
    core_room_free(room);
    table_end(&true_room);
    table_end(&false_room);
}

/* The KeyPackage's maker is asked into a group that is another room's: the joiner refuses the Welcome. */
static void f25_a_welcome_into_another_room_is_refused(void **state)
{
    static struct upload upload;
    struct table_of_people t;
    struct charter mine = everyone_speaks;
    struct order_room order;
    const struct core_commit *commit;

    (void)state;
    mine.nonce[0] = 1;
    table_start(&t, &mine);
    table_found(&t, 0);
    table_enter(&t, 1);
    table_order(&t, (struct wish){.keeper = 0, .joiners = 2}, &order);
    assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), OK);
    table_upload(&t, commit, &upload);
    /* Only the joiner's idea of where it is going differs: as after a swap of two KeyPackages. */
    {
        struct core_room *room = t.people[1].room;
        struct core_self elsewhere = {t.people[1].seed, t.house, t.people[2].account};
        struct core_room *other = NULL;

        assert_int_equal(core_room_new(&t.seeded.random, &elsewhere, table_now(&t), &other), OK);
        assert_int_equal(core_room_join(other, table_now(&t), upload.welcome_bytes, upload.tree_bytes),
                         E_NOT_FOUND);
        assert_int_equal(core_room_join(room, table_now(&t), upload.welcome_bytes, upload.tree_bytes), OK);
        core_room_free(other);
    }
    table_end(&t);
}

static void another_houses_charter_is_refused(void **state)
{
    struct table_of_people t;
    struct core_self self;
    struct core_room *room = NULL;
    struct bytes group_id;

    (void)state;
    table_start(&t, &everyone_speaks);
    self = (struct core_self){t.people[0].seed, t.people[3].account, t.id};
    assert_int_equal(core_room_new(&t.seeded.random, &self, table_now(&t), &room), OK);
    assert_int_equal(core_room_found(room, table_now(&t), t.charter_bytes, t.signature, &group_id),
                     E_REFUSED);
    assert_false(core_room_is_seated(room));
    core_room_free(room);
}

static void bad_key_packages_hold_nobody_up(void **state)
{
    struct table_of_people t;
    struct order_room order;
    const struct core_commit *commit;
    struct writer w;
    struct signal_placed placed;
    struct bytes good, list;
    uint8_t broken[KEY_PACKAGE_BYTES];

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 2);
    good = core_room_key_package(table_enter(&t, 2));
    memcpy(broken, good.at, good.len);
    broken[good.len - 1] ^= 1;
    table_order(&t, (struct wish){.keeper = 0}, &order);
    w = writer_over(order.joiners);
    signal_joiner_put(&w, &(struct signal_joiner){7, bytes(broken, good.len), SIGNAL_NO_LEAF, {0}});
    signal_joiner_put(&w, &(struct signal_joiner){8, BYTES_TEXT("junk"), SIGNAL_NO_LEAF, {0}});
    signal_joiner_put(&w, &(struct signal_joiner){9, good, SIGNAL_NO_LEAF, {0}});
    signal_joiner_put(&w, &(struct signal_joiner){10, good, SIGNAL_NO_LEAF, {0}}); /* the same again */
    assert_int_equal(writer_end(&w, &order.order.joiners), OK);
    assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), OK);
    list = commit->seated;
    assert_true(signal_placed_next(&list, &placed));
    assert_int_equal(placed.waiting, 9);
    assert_int_equal(placed.leaf, 2);
    assert_false(signal_placed_next(&list, &placed));

    /* G39: expired by the time that it is handed on. */
    t.now_ms += 3 * 3600 * 1000;
    assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), OK);
    assert_int_equal(commit->seated.len, 0);
    table_end(&t);
}

/* A KeyPackage as a stranger may make it, with everything signed as it must be. */
static void remade(struct core_room *room, void (*change)(struct key_package *, const struct core_room *),
                   const struct core_room *other, struct buffer *out)
{
    struct buffer leaf = {0}, body = {0};
    struct mls_message message;
    uint8_t signature[MLS_SIGNATURE_LEN];
    struct reader r;

    assert_int_equal(mls_message_read(core_room_key_package(room), &message), OK);
    change(&message.package, other);
    assert_int_equal(leaf_write_signed(&leaf, &message.package.leaf, NULL, room->leaf_seed), OK);
    r = reader_on(buffer_bytes(&leaf));
    leaf_read(&r, &message.package.leaf);
    assert_int_equal(reader_end(&r), OK);
    key_package_write_body(&body, &message.package);
    assert_int_equal(label_sign(room->leaf_seed, BYTES_TEXT("KeyPackageTBS"), buffer_bytes(&body), signature),
                     OK);
    message.package.signature = BYTES_OF(signature);
    mls_message_write(out, &message);
    assert_int_equal(buffer_end(out, NULL), OK);
    buffer_free(&leaf);
    buffer_free(&body);
}

static const uint8_t no_key[32] = {1}; /* a point of small order */

static void of_another_suite(struct key_package *package, const struct core_room *keeper)
{
    (void)keeper;
    package->suite = MLS_SUITE_AES_128_GCM;
}

static void without_the_rooms_extensions(struct key_package *package, const struct core_room *keeper)
{
    static const uint8_t seat_alone[] = {EXTENSION_SEAT >> 8, EXTENSION_SEAT & 0xff};

    (void)keeper;
    package->leaf.capabilities.extensions = BYTES_OF(seat_alone);
}

static void with_a_certificate(struct key_package *package, const struct core_room *keeper)
{
    static const uint8_t both[] = {0, MLS_CREDENTIAL_BASIC, 0, MLS_CREDENTIAL_X509};

    (void)keeper;
    package->leaf.credential_type = MLS_CREDENTIAL_X509;
    package->leaf.capabilities.credentials = BYTES_OF(both);
}

static void with_a_node_s_key(struct key_package *package, const struct core_room *keeper)
{
    package->leaf.encryption_key =
        keeper->group->epoch->tree.nodes[tree_root(keeper->group->epoch->tree.depth)].parent->key;
}

static void that_nothing_is_sealed_to(struct key_package *package, const struct core_room *keeper)
{
    (void)keeper;
    package->leaf.encryption_key = BYTES_OF(no_key);
}

static void that_no_welcome_is_sealed_to(struct key_package *package, const struct core_room *keeper)
{
    (void)keeper;
    package->init_key = BYTES_OF(no_key);
}

/* Valid by itself, and not for this group: whoever waits beside it comes in all the same. */
static void key_packages_that_do_not_fit_hold_nobody_up(void **state)
{
    static const struct {
        const char *what;
        void (*change)(struct key_package *, const struct core_room *);
    } rows[] = {
        {"of another suite", of_another_suite},
        {"without the room's extensions", without_the_rooms_extensions},
        {"with a certificate", with_a_certificate},
        {"with a node's key", with_a_node_s_key},
        {"with a leaf's key that is none", that_nothing_is_sealed_to},
        {"with an init key that is none", that_no_welcome_is_sealed_to},
    };
    struct table_of_people t;

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 2);
    table_epoch(&t, (struct wish){.keeper = 0});
    table_enter(&t, 2);
    table_enter(&t, 3);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct core_commit *commit;
        struct order_room order;
        struct signal_placed placed;
        struct buffer bad = {0};
        struct bytes list;
        struct writer w;

        remade(t.people[2].room, rows[i].change, t.people[0].room, &bad);
        table_order(&t, (struct wish){.keeper = 0}, &order);
        w = writer_over(order.joiners);
        signal_joiner_put(&w, &(struct signal_joiner){7, buffer_bytes(&bad), SIGNAL_NO_LEAF, {0}});
        signal_joiner_put(
            &w, &(struct signal_joiner){8, core_room_key_package(t.people[3].room), SIGNAL_NO_LEAF, {0}});
        assert_int_equal(writer_end(&w, &order.order.joiners), OK);
        if (core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit) != OK)
            fail_msg("one KeyPackage %s holds everybody up", rows[i].what);
        list = commit->seated;
        assert_true(signal_placed_next(&list, &placed));
        assert_int_equal(placed.waiting, 8);
        assert_int_equal(list.len, 0);
        buffer_free(&bad);
    }
    table_end(&t);
}

/* More wait than a message takes, and then more than the table does: as many as fit come in, in order. */
static void a_crowd_comes_in_by_parts(void **state)
{
    enum { CROWD = TABLE_LEAVES + 5, WORDS = STATEMENTS_MAX };
    static struct core_word words[WORDS]; /* of the maker's, so that one message is too small at first */
    static uint8_t list[2 * SIGNAL_BYTES];
    static struct core_room *crowd[CROWD];
    static struct upload upload;
    struct table_of_people t;
    struct order_room order;
    unsigned seated = 0, commits = 0;

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 2);
    for (unsigned i = 0; i < CROWD; i++) {
        uint8_t seed[32] = {0x70, (uint8_t)i};
        struct core_self self = {seed, t.house, t.id};

        assert_int_equal(core_room_new(&t.seeded.random, &self, table_now(&t), &crowd[i]), OK);
    }
    for (unsigned i = 0; i < WORDS; i++)
        words[i] = core_word_on(core_room_member(t.people[0].room, core_room_leaf(t.people[1].room)),
                                STATEMENT_SPEAKER);
    for (unsigned before = 1; before != seated; commits++) {
        const struct core_commit *commit;
        const struct core_change *change;
        struct writer w = writer_over(list);
        struct signal_placed placed;

        before = seated;
        table_order(&t, (struct wish){.keeper = 0, .words = words, .word_count = commits == 0 ? WORDS : 0},
                    &order);
        for (unsigned i = seated; i < CROWD; i++)
            signal_joiner_put(
                &w, &(struct signal_joiner){i, core_room_key_package(crowd[i]), SIGNAL_NO_LEAF, {0}});
        assert_int_equal(writer_end(&w, &order.order.joiners), OK);
        assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), OK);
        assert_true(commit->commit.len <= COMMIT_BYTES && commit->welcome.len <= WELCOME_BYTES);
        kept(upload.commit, sizeof upload.commit, commit->commit);
        upload.handshake = (struct core_handshake){.commit = bytes(upload.commit, commit->commit.len)};
        for (struct bytes placed_list = commit->seated; signal_placed_next(&placed_list, &placed);) {
            assert_int_equal(placed.waiting, seated);
            assert_int_equal(placed.leaf, 2 + seated);
            seated++;
        }
        for (unsigned i = 0; i < 2; i++)
            assert_int_equal(core_room_take(t.people[i].room, table_now(&t), &upload.handshake, &change), OK);
    }
    assert_int_equal(seated, TABLE_LEAVES - 2);
    assert_true(commits > 2);
    for (unsigned i = 0; i < CROWD; i++)
        core_room_free(crowd[i]);
    table_end(&t);
}

/* Who misses a commit cannot follow the next, says so, and is not thrown out of what it has. */
static void f26_missed_commits_are_noticed(void **state)
{
    static struct upload first, second;
    struct table_of_people t;
    struct order_room order;
    const struct core_commit *commit;
    const struct core_change *change;

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 3);
    for (unsigned i = 0; i < 2; i++) {
        struct upload *u = i == 0 ? &first : &second;

        table_order(&t, (struct wish){.keeper = 0}, &order);
        assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), OK);
        table_upload(&t, commit, u);
        assert_int_equal(core_room_take(t.people[0].room, table_now(&t), &u->handshake, &change), OK);
        assert_int_equal(core_room_take(t.people[1].room, table_now(&t), &u->handshake, &change), OK);
    }
    assert_int_equal(core_room_take(t.people[2].room, table_now(&t), &second.handshake, &change), E_NO_KEY);
    assert_int_equal(core_room_take(t.people[2].room, table_now(&t), &first.handshake, &change), OK);
    assert_int_equal(core_room_take(t.people[2].room, table_now(&t), &second.handshake, &change), OK);
    all_agree(&t, 7);
    table_end(&t);
}

/* A commit of this epoch that hangs on what its maker alone knows is refused as any other bad one is. Taken
 * for the sign of a missed commit it would send everybody out of the room. */
static void f5_a_commit_that_nobody_can_open_sends_nobody_away(void **state)
{
    struct table_of_people t;
    struct buffer unsent = {0};
    struct group_committed out;
    const struct core_change *change;

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 3);
    assert_int_equal(
        group_propose_remove(t.people[1].room->group, &t.seeded.random, 1, (struct bytes){0}, &unsent), OK);
    assert_int_equal(
        group_propose_remove(t.people[1].room->group, &t.seeded.random, 2, (struct bytes){0}, &unsent), OK);
    assert_int_equal(group_commit(t.people[1].room->group, &t.seeded.random, &(struct group_change){0},
                                  table_now(&t).unix_s, &out),
                     OK);
    for (unsigned i = 0; i < 3; i += 2)
        assert_int_equal(core_room_take(t.people[i].room, table_now(&t),
                                        &(struct core_handshake){.commit = buffer_bytes(&out.commit)},
                                        &change),
                         E_REFUSED);
    group_committed_free(&out);
    buffer_free(&unsent);
    table_epoch(&t, (struct wish){.keeper = 0});
    all_agree(&t, 7);
    table_end(&t);
}

static void every_cut_and_bit_of_a_commit_is_refused(void **state)
{
    static struct upload u;
    struct table_of_people t;
    struct order_room order;
    const struct core_commit *commit;
    const struct core_change *change;
    struct bytes whole;

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 2);
    table_order(&t, (struct wish){.keeper = 0}, &order);
    assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), OK);
    table_upload(&t, commit, &u);
    whole = u.commit_bytes;
    for (size_t len = 0; len < whole.len; len++) {
        u.handshake.commit = bytes(whole.at, len);
        assert_int_not_equal(core_room_take(t.people[1].room, table_now(&t), &u.handshake, &change), OK);
    }
    u.handshake.commit = whole;
    for (size_t bit = 0; bit < 8 * whole.len; bit += 5) {
        u.commit[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(core_room_take(t.people[1].room, table_now(&t), &u.handshake, &change), OK);
        u.commit[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(core_room_take(t.people[i].room, table_now(&t), &u.handshake, &change), OK);
    all_agree(&t, 3);
    t.now_ms += 1000;
    all_hear_all(&t, 3);
    table_end(&t);
}

/* Five seconds into a new epoch nothing of the old one opens, in any room. */
static void old_keys_end(void **state)
{
    struct table_of_people t;
    uint8_t in_time[TABLE_FRAME], late[TABLE_FRAME];

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 3);
    t.now_ms += 10000;
    assert_true(core_room_due(t.people[1].room, table_now(&t)) == KEYRING_NEVER);
    assert_int_equal(table_say(&t, 0, 1, in_time), OK);
    assert_int_equal(table_say(&t, 0, 2, late), OK);
    table_epoch(&t, (struct wish){.keeper = 0, .lost = 1u << 2});
    assert_int_equal(core_room_due(t.people[1].room, table_now(&t)), t.now_ms + OLD_KEY_MS);
    t.now_ms += OLD_KEY_MS - 1;
    assert_int_equal(table_hear(&t, 1, 0, in_time), 1);
    t.now_ms += 1;
    assert_int_equal(table_hear(&t, 1, 0, late), -E_STALE);
    table_end(&t);
}

static void music_frames_are_longer(void **state)
{
    static const struct charter music = {.stage = CHARTER_EVERYONE, .profile = CHARTER_MUSIC};
    struct table_of_people t;
    struct keyring *speaker, *hearer;
    uint8_t frame[FRAME_SEALED_MUSIC], opus[361] = {3};
    struct keyring_heard heard;

    (void)state;
    table_start(&t, &music);
    table_seat(&t, 2);
    speaker = core_room_keyring(t.people[0].room);
    hearer = core_room_keyring(t.people[1].room);
    assert_int_equal(keyring_frame_len(speaker), FRAME_SEALED_MUSIC);
    t.now_ms += 1000;
    assert_int_equal(keyring_seal(speaker, t.now_ms, &(struct voice){BYTES_OF(opus), NULL},
                                  (struct bytes_mut){frame, sizeof frame}),
                     OK);
    assert_int_equal(keyring_open(hearer, t.now_ms, 0, (struct bytes_mut){frame, sizeof frame}, &heard), OK);
    assert_true(bytes_equal(heard.voice.opus, BYTES_OF(opus)));
    table_end(&t);
}

/* After the last of them has left the room no seed of a leaf key is anywhere in memory. */
static void leaf_keys_are_wiped(void **state)
{
    struct table_of_people t;
    struct seeded same;
    struct memory_needle needle;
    uint8_t seed[32];

    (void)state;
    table_start(&t, &everyone_speaks);
    seeded_start(&same, 42); /* as table_start: the first that is drawn is the leaf's seed */
    random_fill(&same.random, seed, sizeof seed);
    memory_needle_take(&needle, seed, sizeof seed);
    table_seat(&t, 2);
    assert_int_not_equal(memory_count(&needle), 0);
    table_end(&t);
    assert_int_equal(memory_count(&needle), 0);
}

/* Each allocation of each step is denied in turn. A step that failed for want of memory is tried again; only
 * who is half-way into a new epoch, or into a Welcome, may have lost the seat by it, and says so. */
enum step { STEP_NEW, STEP_FOUND, STEP_COMMIT, STEP_TAKE_OWN, STEP_TAKE, STEP_JOIN, STEPS };

struct run {
    struct table_of_people table;
    struct order_room order;
    struct upload upload;
    enum step step; /* the one that is denied memory, after `nth` allocations */
    unsigned nth;
    bool denied;
};

static enum result take_step(struct run *r, enum step step)
{
    struct table_of_people *t = &r->table;
    struct core_self self = {t->people[2].seed, t->house, t->id, true};
    const struct core_commit *commit;
    const struct core_change *change;
    struct bytes group_id;
    enum result res = E_STATE;

    switch (step) {
    case STEP_NEW:
        return core_room_new(&t->seeded.random, &self, table_now(t), &t->people[2].room);
    case STEP_FOUND:
        res = core_room_found(t->people[2].room, table_now(t), t->charter_bytes, t->signature, &group_id);
        if (res == OK)
            core_room_unfound(t->people[2].room);
        return res;
    case STEP_COMMIT:
        res = core_room_commit(t->people[0].room, table_now(t), &r->order.order, &commit);
        if (res == OK)
            table_upload(t, commit, &r->upload);
        return res;
    case STEP_TAKE_OWN:
        return core_room_take(t->people[0].room, table_now(t), &r->upload.handshake, &change);
    case STEP_TAKE:
        return core_room_take(t->people[1].room, table_now(t), &r->upload.handshake, &change);
    case STEP_JOIN:
        return core_room_join(t->people[2].room, table_now(t), r->upload.welcome_bytes, r->upload.tree_bytes);
    case STEPS:
        break;
    }
    return res;
}

static bool seat_is_lost(const struct run *r)
{
    switch (r->step) {
    case STEP_TAKE_OWN:
        return !core_room_is_seated(r->table.people[0].room);
    case STEP_TAKE:
        return !core_room_is_seated(r->table.people[1].room);
    case STEP_JOIN:
        return !core_room_is_seated(r->table.people[2].room);
    default:
        return false;
    }
}

static void run_denied(struct run *r)
{
    table_start(&r->table, &everyone_speaks);
    table_seat(&r->table, 2);
    for (enum step step = STEP_NEW; step < STEPS; step++) {
        enum result res;

        if (step == STEP_COMMIT)
            table_order(&r->table, (struct wish){.keeper = 0, .joiners = 1u << 2}, &r->order);
        if (step == r->step)
            denied_after(r->nth);
        res = take_step(r, step);
        if (step != r->step) {
            assert_int_equal(res, OK);
            continue;
        }
        r->denied = denied_end();
        assert_int_equal(res, r->denied ? E_NO_MEMORY : OK);
        if (res != OK)
            res = take_step(r, step);
        if (res != OK) {
            assert_true(seat_is_lost(r));
            table_end(&r->table);
            return;
        }
    }
    all_agree(&r->table, 7);
    r->table.now_ms += 1000;
    all_hear_all(&r->table, 7);
    table_end(&r->table);
}

static void want_of_memory_is_a_result(void **state)
{
    static struct run r;

    (void)state;
    for (r.step = STEP_NEW; r.step < STEPS; r.step++) {
        r.denied = true;
        for (r.nth = 0; r.denied; r.nth++)
            run_denied(&r);
        assert_true(r.nth > 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(join_speak_hear),
        cmocka_unit_test(one_by_one_and_any_keeper),
        cmocka_unit_test(nobody_is_cut_off_by_a_join),
        cmocka_unit_test(a_lost_seat_goes_by_the_houses_word),
        cmocka_unit_test(kicked_keys_are_dead),
        cmocka_unit_test(f4_only_moderators_kick),
        cmocka_unit_test(f4_a_lost_word_counts_once),
        cmocka_unit_test(orders_for_another_group_or_epoch_are_refused),
        cmocka_unit_test(listeners_are_not_played),
        cmocka_unit_test(f16_a_leap_in_another_slot_silences_nobody),
        cmocka_unit_test(f24_the_second_founder_waits),
        cmocka_unit_test(g42_the_loser_of_a_race_follows),
        cmocka_unit_test(lists_that_differ_raise_an_alarm),
        cmocka_unit_test(a_hidden_removal_raises_an_alarm),
        cmocka_unit_test(f18_the_exporter_is_gone),
        cmocka_unit_test(seats_agree_with_the_tree_or_not),
        cmocka_unit_test(f2_a_false_group_gets_no_joiner),
        cmocka_unit_test(f25_a_welcome_into_another_room_is_refused),
        cmocka_unit_test(another_houses_charter_is_refused),
        cmocka_unit_test(bad_key_packages_hold_nobody_up),
        cmocka_unit_test(key_packages_that_do_not_fit_hold_nobody_up),
        cmocka_unit_test(a_crowd_comes_in_by_parts),
        cmocka_unit_test(f26_missed_commits_are_noticed),
        cmocka_unit_test(f5_a_commit_that_nobody_can_open_sends_nobody_away),
        cmocka_unit_test(every_cut_and_bit_of_a_commit_is_refused),
        cmocka_unit_test(old_keys_end),
        cmocka_unit_test(music_frames_are_longer),
        cmocka_unit_test(leaf_keys_are_wiped),
        cmocka_unit_test(want_of_memory_is_a_result),
    };

    if (crypto_start() != OK)
        return 1;
    return cmocka_run_group_tests_name("room", tests, NULL, NULL);
}
