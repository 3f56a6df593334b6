/* Memory runs out at each allocation of a group's work in turn: what fails has changed nothing, and does not
 * fail when there is memory again. */
#include "core/group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/denied.h"
#include "support/mls_room.h"

/* What is asked for, and what came of it; all is freed between two tries. */
struct ask {
    struct room *room;
    uint32_t leaf;
    struct bytes message, tree;
    struct joining *joining;

    struct group *group;
    struct opened *opened;
    struct group_committed committed;
    struct buffer buffer;
    struct joining *made;
};

static void ask_free(struct ask *ask)
{
    group_free(ask->group);
    opened_free(ask->opened);
    group_committed_free(&ask->committed);
    buffer_free(&ask->buffer);
    joining_free(ask->made);
    ask->group = NULL;
    ask->opened = NULL;
    ask->made = NULL;
}

/* Leaves what the last, good try made to the caller. Gives how many tries were denied. */
static unsigned until_done(struct ask *ask, enum result (*what)(struct ask *))
{
    for (unsigned passed = 0;; passed++) {
        enum result res;

        denied_after(passed);
        res = what(ask);
        if (!denied_end()) {
            assert_int_equal(res, OK);
            return passed;
        }
        assert_int_equal(res, E_NO_MEMORY);
        ask_free(ask);
        assert_true(passed < 20000);
    }
}

static const uint8_t seed[32] = {4};

static enum result found(struct ask *ask)
{
    static const struct group_extension context = {ROOM_CONTEXT, {(const uint8_t *)"charter", 7}};
    struct group_founding founding = {
        .suite = ask->room->suite,
        .identity = room_identity(seed),
        .context = {&context, 1},
        .required = {room_types, 2},
        .now = ROOM_NOW,
        .lifetime_s = 60,
    };

    return group_found(&ask->room->seeded.random, &founding, &ask->group);
}

static enum result publish(struct ask *ask)
{
    return key_package_new(&ask->room->seeded.random,
                           &(struct key_package_order){.suite = ask->room->suite,
                                                       .identity = room_identity(seed),
                                                       .not_before = ROOM_NOW - 1,
                                                       .not_after = ROOM_NOW + 60},
                           &ask->buffer, &ask->made);
}

static enum result commit(struct ask *ask)
{
    return group_commit(
        ask->room->members[ask->leaf], &ask->room->seeded.random,
        &(struct group_change){.adds = &ask->message,
                               .add_count = 1,
                               .removes = &(uint32_t){2},
                               .remove_count = 1,
                               .context = &(struct group_extensions){&room_context_extension, 1},
                               .authenticated_data = BYTES_TEXT("list")},
        ROOM_NOW, &ask->committed);
}

static enum result open(struct ask *ask)
{
    return group_open(ask->room->members[ask->leaf], ask->message, ROOM_NOW, &ask->opened);
}

static enum result join(struct ask *ask)
{
    return group_join(ask->joining, &ask->room->rules, ask->message, ask->tree, &ask->group);
}

static enum result seal(struct ask *ask)
{
    return group_seal(ask->room->members[ask->leaf], &ask->room->seeded.random, BYTES_TEXT("word"),
                      BYTES_TEXT("data"), &ask->buffer);
}

static enum result propose(struct ask *ask)
{
    return group_propose_remove(ask->room->members[ask->leaf], &ask->room->seeded.random, ask->leaf,
                                (struct bytes){0}, &ask->buffer);
}

static void foundings(void **state)
{
    static struct room room;
    struct ask ask = {.room = &room};

    (void)state;
    room_found(&room, MLS_SUITE_CHACHA20_POLY1305, 1);
    assert_true(until_done(&ask, found) > 10);
    assert_int_equal(group_member_count(ask.group), 1);
    ask_free(&ask);
    assert_true(until_done(&ask, publish) > 5);
    ask_free(&ask);
    room_free(&room);
}

static void changes(void **state)
{
    static struct room room;
    struct ask ask = {.room = &room}, follow = {.room = &room}, enter = {.room = &room};
    struct buffer package = {0};
    struct joining *joining = NULL;

    (void)state;
    room_found(&room, MLS_SUITE_AES_128_GCM, 2);
    room_commit(&room, 0, 3, NULL, 0);
    room_package(&room, ROOM_NOW - 1, ROOM_NOW + 60, &package, &joining);

    ask.message = buffer_bytes(&package);
    assert_true(until_done(&ask, commit) > 50);
    room_agrees(&room);

    follow.message = buffer_bytes(&ask.committed.commit);
    for (follow.leaf = 1; follow.leaf < 4; follow.leaf++) {
        assert_true(until_done(&follow, open) > 20);
        assert_int_equal(group_apply(room.members[follow.leaf], follow.opened), OK);
        ask_free(&follow);
    }
    room_take(&room, 0, follow.message, true);
    group_free(room.members[2]);
    room.members[2] = NULL;

    enter.message = buffer_bytes(&ask.committed.welcome);
    enter.tree = buffer_bytes(&ask.committed.tree);
    enter.joining = joining;
    assert_true(until_done(&enter, join) > 20);
    assert_int_equal(group_own_leaf(enter.group), 2);
    room.members[2] = enter.group;
    room_agrees(&room);
    ask_free(&ask);
    joining_free(joining);
    buffer_free(&package);
    room_free(&room);
}

static void words_and_proposals(void **state)
{
    static struct room room;
    struct ask speak = {.room = &room, .leaf = 1}, hear = {.room = &room, .leaf = 0};

    (void)state;
    room_found(&room, MLS_SUITE_CHACHA20_POLY1305, 3);
    room_commit(&room, 0, 2, NULL, 0);

    assert_true(until_done(&speak, seal) > 5);
    hear.message = buffer_bytes(&speak.buffer);
    assert_true(until_done(&hear, open) > 5);
    assert_true(bytes_equal(hear.opened->application, BYTES_TEXT("word")));
    ask_free(&hear);
    ask_free(&speak);

    assert_true(until_done(&speak, propose) > 5);
    hear.message = buffer_bytes(&speak.buffer);
    assert_true(until_done(&hear, open) > 5);
    assert_int_equal(group_apply(room.members[0], hear.opened), OK);
    ask_free(&hear);
    ask_free(&speak);
    room_free(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foundings),
        cmocka_unit_test(changes),
        cmocka_unit_test(words_and_proposals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
