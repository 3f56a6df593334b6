/* The house between members who do real MLS: what it reads in clear is there, its order is one that they can
 * follow, and its lists say what their trees say. */
#include "house/guest.h"

#include "core/core.h"

enum { MEMBERS = 4 };

struct member {
    struct guest guest;
    struct core_room *room;
};

static struct core_now now_of(const struct inn *inn)
{
    return (struct core_now){inn->now_ms, inn->unix_ms / 1000};
}

static void member_new(struct member *m, struct inn *inn, const char *handle)
{
    guest_new(&m->guest, inn, handle);
    m->room = NULL;
}

static void member_enter(struct member *m, const uint8_t room[32], enum signal_role role)
{
    struct inn *inn = m->guest.inn;
    const struct core_self self = {m->guest.seed, m->guest.house, room, true};
    struct signal enter = {.type = SIGNAL_ENTER, .enter.replaces = SIGNAL_NO_LEAF};

    core_room_free(m->room);
    m->room = NULL;
    assert_int_equal(core_room_new(&inn->seeded.random, &self, now_of(inn), &m->room), OK);
    memcpy(enter.enter.room, room, 32);
    enter.enter.role = (uint8_t)role;
    enter.enter.key_package = core_room_key_package(m->room);
    guest_send(&m->guest, &enter);
}

static void member_found(struct member *m)
{
    const struct signal *found = guest_got(&m->guest, SIGNAL_FOUND_TABLE), *seated;
    struct signal founded = {.type = SIGNAL_FOUNDED};

    assert_int_equal(core_room_found(m->room, now_of(m->guest.inn), found->found_table.charter,
                                     found->found_table.signature, &founded.founded.group_id),
                     OK);
    memcpy(founded.founded.room, found->found_table.room, 32);
    founded.founded.founding = found->found_table.founding;
    guest_send(&m->guest, &founded);
    seated = guest_got(&m->guest, SIGNAL_SEATED);
    assert_true(core_room_agrees(m->room, seated->seated.seats));
}

static void member_seated(struct member *m)
{
    const struct signal *s = guest_got(&m->guest, SIGNAL_SEATED);

    assert_int_equal(core_room_join(m->room, now_of(m->guest.inn), s->seated.welcome, s->seated.tree), OK);
    assert_int_equal(core_room_leaf(m->room), s->seated.leaf);
    assert_true(core_room_epoch(m->room) == s->seated.epoch);
    assert_true(core_room_agrees(m->room, s->seated.seats));
}

/* The doorkeeper's answer to WAITING, or a moderator's kick. */
static void member_commit(struct member *m, const struct signal *waiting, const uint8_t room[32],
                          const uint32_t *kicks, size_t kick_count)
{
    struct core_order order = {.kicks = kicks, .kick_count = kick_count};
    struct signal commit = {.type = SIGNAL_COMMIT};
    const struct core_commit *made;

    order.epoch = core_room_epoch(m->room);
    order.group_id = core_room_group_id(m->room);
    if (waiting != NULL) {
        order.epoch = waiting->waiting.epoch;
        order.group_id = waiting->waiting.group_id;
        order.joiners = waiting->waiting.joiners;
        order.lost = waiting->waiting.lost;
    }
    assert_int_equal(core_room_commit(m->room, now_of(m->guest.inn), &order, &made), OK);
    memcpy(commit.commit.room, room, 32);
    commit.commit.epoch = made->epoch;
    commit.commit.commit = made->commit;
    commit.commit.welcome = made->welcome;
    commit.commit.tree = made->tree;
    commit.commit.seated = made->seated;
    commit.commit.removed = made->removed;
    commit.commit.roles = made->roles;
    guest_send(&m->guest, &commit);
}

/* Follows the next commit; says whether it put this member out. */
static bool member_follow(struct member *m)
{
    const struct signal *h = guest_got(&m->guest, SIGNAL_HANDSHAKE);
    const struct core_change *change;

    assert_int_equal(core_room_take(m->room, now_of(m->guest.inn),
                                    &(struct core_handshake){h->handshake.commit, h->handshake.seated,
                                                             h->handshake.removed, h->handshake.roles},
                                    &change),
                     OK);
    assert_false(change->alarm);
    return change->out;
}

static void all_share_an_epoch(struct member *members, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        assert_true(core_room_epoch(members[0].room) == core_room_epoch(members[i].room));
        assert_true(
            bytes_equal(core_room_authenticator(members[0].room), core_room_authenticator(members[i].room)));
    }
}

static void members_meet_leave_and_are_removed(void **state)
{
    static const char *const handles[MEMBERS] = {"anna", "bert", "cleo", "dora"};
    struct inn *inn = *state;
    struct member m[MEMBERS];
    const struct core_member *roster;
    uint8_t room[32];
    uint32_t kick;

    for (size_t i = 0; i < MEMBERS; i++)
        member_new(&m[i], inn, handles[i]);
    guest_room(&m[0].guest, "tea", room);
    member_enter(&m[0], room, SIGNAL_SPEAKER);
    member_found(&m[0]);

    /* One comes, then two at once: the second while the first is on the way. */
    member_enter(&m[1], room, SIGNAL_LISTENER);
    member_enter(&m[2], room, SIGNAL_LISTENER);
    member_enter(&m[3], room, SIGNAL_LISTENER);
    member_commit(&m[0], guest_got(&m[0].guest, SIGNAL_WAITING), room, NULL, 0);
    guest_got(&m[0].guest, SIGNAL_DONE);
    assert_false(member_follow(&m[0]));
    member_seated(&m[1]);
    all_share_an_epoch(m, 2);
    member_commit(&m[0], guest_got(&m[0].guest, SIGNAL_WAITING), room, NULL, 0);
    guest_got(&m[0].guest, SIGNAL_DONE);
    assert_false(member_follow(&m[0]));
    assert_false(member_follow(&m[1]));
    member_seated(&m[2]);
    member_seated(&m[3]);
    all_share_an_epoch(m, 4);
    assert_int_equal(core_room_members(m[3].room, &roster), 4);

    /* One's link breaks: the maker's house gives its word, and the founder commits on it. */
    guest_hang_up(&m[3].guest);
    inn_wait(inn, SEAT_LOST_MS);
    member_commit(&m[0], guest_got(&m[0].guest, SIGNAL_WAITING), room, NULL, 0);
    guest_got(&m[0].guest, SIGNAL_DONE);
    for (size_t i = 0; i < 3; i++)
        assert_false(member_follow(&m[i]));
    all_share_an_epoch(m, 3);
    assert_int_equal(core_room_members(m[2].room, &roster), 3);

    /* One leaves when a plain member is the lowest awake: he may commit it, too. */
    guest_hang_up(&m[0].guest);
    inn_wait(inn, SEAT_LOST_MS);
    member_commit(&m[1], guest_got(&m[1].guest, SIGNAL_WAITING), room, NULL, 0);
    guest_got(&m[1].guest, SIGNAL_DONE);
    for (size_t i = 1; i < 3; i++)
        assert_false(member_follow(&m[i]));
    all_share_an_epoch(m + 1, 2);

    /* The maker comes back, and removes one who has not left. */
    guest_again(&m[0].guest);
    member_enter(&m[0], room, SIGNAL_SPEAKER);
    member_commit(&m[1], guest_got(&m[1].guest, SIGNAL_WAITING), room, NULL, 0);
    guest_got(&m[1].guest, SIGNAL_DONE);
    for (size_t i = 1; i < 3; i++)
        assert_false(member_follow(&m[i]));
    member_seated(&m[0]);
    all_share_an_epoch(m, 3);
    kick = core_room_leaf(m[2].room);
    member_commit(&m[0], NULL, room, &kick, 1);
    guest_got(&m[0].guest, SIGNAL_DONE);
    assert_false(member_follow(&m[0]));
    assert_false(member_follow(&m[1]));
    assert_true(member_follow(&m[2]));
    all_share_an_epoch(m, 2);
    guest_got(&m[2].guest, SIGNAL_SEAT_ENDED);
    guest_ticket(&m[2].guest, room);
    guest_refused(&m[2].guest, REASON_NOT_NOW);

    for (size_t i = 0; i < MEMBERS; i++) {
        guest_hang_up(&m[i].guest);
        guest_forget(&m[i].guest);
        core_room_free(m[i].room);
    }
}

/* Two found at once; the loser's KeyPackage is still good for the winner's table. */
static void f24_the_loser_of_a_founding_joins(void **state)
{
    struct inn *inn = *state;
    struct member m[2];
    const struct signal *found;
    struct signal founded = {.type = SIGNAL_FOUNDED};
    uint8_t room[32];

    member_new(&m[0], inn, "anna");
    member_new(&m[1], inn, "bert");
    guest_room(&m[0].guest, "tea", room);
    member_enter(&m[0], room, SIGNAL_SPEAKER);
    member_enter(&m[1], room, SIGNAL_LISTENER);
    found = guest_got(&m[0].guest, SIGNAL_FOUND_TABLE);
    assert_int_equal(core_room_found(m[0].room, now_of(inn), found->found_table.charter,
                                     found->found_table.signature, &founded.founded.group_id),
                     OK);
    memcpy(founded.founded.room, room, 32);
    founded.founded.founding = found->found_table.founding;
    member_found(&m[1]);
    guest_send(&m[0].guest, &founded);
    guest_refused(&m[0].guest, REASON_STALE);
    core_room_unfound(m[0].room);
    member_commit(&m[1], guest_got(&m[1].guest, SIGNAL_WAITING), room, NULL, 0);
    guest_got(&m[1].guest, SIGNAL_DONE);
    assert_false(member_follow(&m[1]));
    member_seated(&m[0]);
    all_share_an_epoch(m, 2);
    for (size_t i = 0; i < 2; i++) {
        guest_hang_up(&m[i].guest);
        guest_forget(&m[i].guest);
        core_room_free(m[i].room);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(members_meet_leave_and_are_removed, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f24_the_loser_of_a_founding_joins, inn_start, inn_end),
    };

    return cmocka_run_group_tests_name("members", tests, NULL, NULL);
}
