/* Groups of up to 300 that grow and shrink at random, with a newcomer at each step. A few of the members are
 * there with all their keys; the rest has leaves alone, since what they would compute is what the few do. */
#include "core/group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/mls_room.h"

enum { CROWD = 300, AWAKE = 6, STEPS = 50, PACE = 40 };

struct crowd {
    struct room room; /* its members are those who are awake */
    bool sits[ROOM_MAX];
    uint32_t count;
};

/* A change in the making. */
struct turn {
    uint32_t by;
    struct buffer packages[PACE + 1];
    struct bytes adds[PACE + 1];
    struct joining *joining; /* of the last of them, who is awake */
    size_t add_count;
    uint32_t removes[PACE];
    size_t remove_count;
};

static void crowd_agrees(const struct crowd *c)
{
    const struct group *first = NULL;
    uint8_t exported[2][32];

    for (uint32_t leaf = 0; leaf < ROOM_MAX; leaf++) {
        const struct group *group = c->room.members[leaf];

        if (group == NULL)
            continue;
        if (first == NULL)
            first = group;
        assert_int_equal(group_own_leaf(group), leaf);
        assert_int_equal(group_epoch(group), group_epoch(first));
        assert_int_equal(group_member_count(group), c->count);
        assert_true(bytes_equal(group_tree_hash(group), group_tree_hash(first)));
        assert_true(bytes_equal(group_epoch_authenticator(group), group_epoch_authenticator(first)));
        for (size_t i = 0; i < 2; i++)
            assert_int_equal(group_export(i == 0 ? first : group, BYTES_TEXT("label"), BYTES_TEXT("context"),
                                          (struct bytes_mut){exported[i], 32}),
                             OK);
        assert_memory_equal(exported[0], exported[1], 32);
    }
    for (uint32_t leaf = 0; leaf < group_leaf_limit(first); leaf++)
        assert_int_equal(group_member(first, leaf) != NULL, c->sits[leaf]);
}

static uint32_t anybody(struct crowd *c)
{
    uint32_t leaf;

    do
        leaf = seeded_below(&c->room.seeded, ROOM_MAX);
    while (!c->sits[leaf]);
    return leaf;
}

static bool goes(const struct turn *t, uint32_t leaf)
{
    for (size_t i = 0; i < t->remove_count; i++)
        if (t->removes[i] == leaf)
            return true;
    return false;
}

static void plan(struct crowd *c, uint32_t target, struct turn *t)
{
    struct room *room = &c->room;
    size_t adds = 1 + (target > c->count ? seeded_below(&room->seeded, PACE) : 0);
    size_t removes = target < c->count ? seeded_below(&room->seeded, PACE) : 0;

    t->by = room_any(room);
    t->add_count = c->count + adds > CROWD ? 1 : adds;
    for (size_t i = 0; i < t->add_count; i++) {
        struct joining *joining;

        room_package(room, room->now - 10, room->now - 10 + ROOM_LIFETIME_S, &t->packages[i], &joining);
        t->adds[i] = buffer_bytes(&t->packages[i]);
        if (i + 1 == t->add_count)
            t->joining = joining;
        else
            joining_free(joining);
    }
    /* Who is awake goes as others do, but one stays to see it. */
    if (room_count(room) > AWAKE)
        removes += removes == 0;
    for (t->remove_count = 0; t->remove_count < removes && t->remove_count + 1 < c->count;) {
        uint32_t leaf = t->remove_count == 0 && room_count(room) > AWAKE ? room_any(room) : anybody(c);

        if (leaf != t->by && !goes(t, leaf))
            t->removes[t->remove_count++] = leaf;
    }
}

/* What the tree says of who sits where, by one who is in it. */
static void recount(struct crowd *c)
{
    const struct group *group = c->room.members[room_any(&c->room)];

    memset(c->sits, 0, sizeof c->sits);
    c->count = 0;
    for (uint32_t leaf = 0; leaf < group_leaf_limit(group); leaf++) {
        c->sits[leaf] = group_member(group, leaf) != NULL;
        c->count += c->sits[leaf];
    }
}

static void take_turn(struct crowd *c, uint32_t target)
{
    struct room *room = &c->room;
    static struct turn t;
    struct group *joined = NULL;
    struct group_committed out;
    uint32_t expected;

    memset(&t, 0, sizeof t);
    plan(c, target, &t);
    expected = c->count + (uint32_t)t.add_count - (uint32_t)t.remove_count;
    assert_int_equal(group_commit(room->members[t.by], &room->seeded.random,
                                  &(struct group_change){.adds = t.adds,
                                                         .add_count = t.add_count,
                                                         .removes = t.removes,
                                                         .remove_count = t.remove_count},
                                  room->now, &out),
                     OK);
    room_spread(room, t.by, buffer_bytes(&out.commit));
    assert_int_equal(
        group_join(t.joining, &room->rules, buffer_bytes(&out.welcome), buffer_bytes(&out.tree), &joined),
        OK);
    assert_null(room->members[group_own_leaf(joined)]);
    room->members[group_own_leaf(joined)] = joined;
    recount(c);
    assert_int_equal(c->count, expected);
    crowd_agrees(c);
    group_committed_free(&out);
    joining_free(t.joining);
    for (size_t i = 0; i < t.add_count; i++)
        buffer_free(&t.packages[i]);
}

static void crowds_grow_and_shrink(void **state)
{
    static const uint16_t suites[] = {MLS_SUITE_CHACHA20_POLY1305, MLS_SUITE_AES_128_GCM};
    static struct crowd c;

    (void)state;
    for (uint64_t seed = 0; seed < 2; seed++) {
        uint32_t largest = 0, target = CROWD;

        room_found(&c.room, suites[seed], 300 + seed);
        c.sits[0] = true;
        c.count = 1;
        for (unsigned step = 0; step < STEPS; step++) {
            take_turn(&c, target);
            largest = c.count > largest ? c.count : largest;
            if (c.count + PACE / 2 > CROWD || (target < CROWD && c.count < target + PACE))
                target = c.count > CROWD / 2 ? 1 + seeded_below(&c.room.seeded, CROWD / 2) : CROWD;
        }
        assert_true(largest > CROWD - PACE);
        room_free(&c.room);
        memset(c.sits, 0, sizeof c.sits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crowds_grow_and_shrink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
