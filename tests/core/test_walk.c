/* Groups of any size, founded, filled, updated and emptied, with all their members in one process. */
#include "core/group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support/mls_room.h"

static const uint16_t suites[] = {MLS_SUITE_CHACHA20_POLY1305, MLS_SUITE_AES_128_GCM};

static void chat(struct room *room, uint32_t from)
{
    struct buffer message = {0};

    assert_int_equal(group_seal(room->members[from], &room->seeded.random, BYTES_TEXT("good evening"),
                                BYTES_TEXT("public"), &message),
                     OK);
    for (uint32_t leaf = 0; leaf < ROOM_MAX; leaf++) {
        struct opened *opened = NULL;

        if (room->members[leaf] == NULL || leaf == from)
            continue;
        assert_int_equal(group_open(room->members[leaf], buffer_bytes(&message), room->now, &opened), OK);
        assert_int_equal(opened->kind, OPENED_APPLICATION);
        assert_int_equal(opened->sender, from);
        assert_true(bytes_equal(opened->application, BYTES_TEXT("good evening")));
        assert_true(bytes_equal(opened->authenticated_data, BYTES_TEXT("public")));
        opened_free(opened);
    }
    buffer_free(&message);
}

/* Trees overflow at sizes that are no power of two where they do (field report G41). */
static void g41_groups_of_any_size(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 5, 6, 7, 16, 149};
    static struct room room;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t size = sizes[i];
        uint32_t last = (uint32_t)size - 1;

        room_found(&room, suites[i % 2], size);
        if (size > 1)
            room_commit(&room, 0, size - 1, NULL, 0);
        room_agrees(&room);
        chat(&room, last);
        room_commit(&room, last, 0, NULL, 0);
        room_commit(&room, last / 2, 0, NULL, 0);
        if (size > 2) {
            room_commit(&room, last, 1, &(uint32_t){last / 2}, 1);
            room_commit(&room, 0, 0, &(uint32_t){last}, 1);
        }
        room_commit(&room, 0, 2, NULL, 0);
        chat(&room, 0);
        room_free(&room);
    }
}

static void one_by_one(void **state)
{
    static struct room room;

    (void)state;
    room_found(&room, MLS_SUITE_CHACHA20_POLY1305, 77);
    for (uint32_t size = 1; size < 20; size++) {
        room_commit(&room, size - 1, 1, NULL, 0);
        room_commit(&room, size / 2, 0, NULL, 0);
    }
    while (room_count(&room) > 1) {
        uint32_t gone = room_any(&room), by;

        do
            by = room_any(&room);
        while (by == gone);
        room_commit(&room, by, 0, &gone, 1);
    }
    room_commit(&room, room_any(&room), 3, NULL, 0);
    room_free(&room);
}

static void random_walk(void **state)
{
    static struct room room;

    (void)state;
    for (uint64_t seed = 0; seed < 2; seed++) {
        room_found(&room, suites[seed], 1000 + seed);
        for (unsigned step = 0; step < 60; step++) {
            uint32_t by = room_any(&room), gone[3];
            size_t adds = seeded_below(&room.seeded, 4), removes = 0;

            if (room_count(&room) > 12)
                adds = 0;
            for (unsigned i = 0; i < 3 && seeded_below(&room.seeded, 3) == 0; i++) {
                uint32_t leaf = room_any(&room);

                if (leaf != by && (removes == 0 || gone[0] != leaf) && (removes < 2 || gone[1] != leaf))
                    gone[removes++] = leaf;
            }
            room_commit(&room, by, adds, gone, removes);
            chat(&room, room_any(&room));
        }
        room_free(&room);
    }
}

/* Far beyond what a table may hold, and not a power of two: only that it is quick and right. */
static void a_thousand_leaves(void **state)
{
    enum { NEWCOMERS = 1002 };
    static struct room room;
    static struct buffer packages[NEWCOMERS];
    static struct bytes list[NEWCOMERS];
    static struct joining *joinings[NEWCOMERS];
    const uint32_t gone[] = {2, 500, 1002};
    struct group_committed out;

    (void)state;
    room_found(&room, MLS_SUITE_CHACHA20_POLY1305, 55);
    for (size_t i = 0; i < NEWCOMERS; i++) {
        room_package(&room, room.now - 1, room.now + 60, &packages[i], &joinings[i]);
        list[i] = buffer_bytes(&packages[i]);
    }
    assert_int_equal(group_commit(room.members[0], &room.seeded.random,
                                  &(struct group_change){.adds = list, .add_count = NEWCOMERS}, room.now,
                                  &out),
                     OK);
    room_take(&room, 0, buffer_bytes(&out.commit), true);
    assert_int_equal(group_member_count(room.members[0]), NEWCOMERS + 1);
    assert_int_equal(group_join(joinings[6], &room.rules, buffer_bytes(&out.welcome), buffer_bytes(&out.tree),
                                &room.members[7]),
                     OK);
    group_committed_free(&out);

    assert_int_equal(group_commit(room.members[7], &room.seeded.random,
                                  &(struct group_change){.removes = gone, .remove_count = 3}, room.now, &out),
                     OK);
    room_spread(&room, 7, buffer_bytes(&out.commit));
    group_committed_free(&out);
    assert_int_equal(group_member_count(room.members[7]), NEWCOMERS - 2);
    assert_true(
        bytes_equal(group_epoch_authenticator(room.members[0]), group_epoch_authenticator(room.members[7])));
    for (size_t i = 0; i < NEWCOMERS; i++) {
        buffer_free(&packages[i]);
        joining_free(joinings[i]);
    }
    room_free(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g41_groups_of_any_size),
        cmocka_unit_test(one_by_one),
        cmocka_unit_test(random_walk),
        cmocka_unit_test(a_thousand_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
