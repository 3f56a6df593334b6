/* A moderator is a listener with two words more, on the stage and on seats. Whom it seats all see, and
 * whoever has left the stage is not kept on by it. */
#include "core/room.h"
#include "core/table.h"
#include "crypto/crypto.h"

static const struct charter moderators_speak = {.stage = CHARTER_INVITED};

enum { MODERATOR, MEMBER, OTHER, NEW, ALL };

static void all_see(const struct table_of_people *t, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct core_member *members;

        assert_int_equal(core_room_members(t->people[i].room, &members), count);
        for (unsigned k = 0; k < count; k++) {
            const struct core_member *one =
                core_room_member(t->people[i].room, core_room_leaf(t->people[k].room));

            assert_non_null(one);
            assert_memory_equal(one->account, t->people[k].account, 32);
        }
    }
}

static void f38_whom_a_moderator_seats_all_see(void **state)
{
    struct table_of_people t;

    (void)state;
    table_start(&t, &moderators_speak);
    table_seat(&t, NEW);
    all_see(&t, NEW);
    table_enter(&t, NEW);
    table_epoch(&t, (struct wish){.keeper = MODERATOR, .joiners = 1u << NEW});
    all_see(&t, ALL);
    table_end(&t);
}

/* F31: he was invited, spoke, and leaves the stage; the moderator says again that he may speak, and again. */
static void f31_nobody_is_kept_on_the_stage(void **state)
{
    struct table_of_people t;
    struct core_word word;
    uint8_t frame[TABLE_FRAME];

    (void)state;
    table_start(&t, &moderators_speak);
    table_seat(&t, NEW);
    word = core_word_on(core_room_member(t.people[MODERATOR].room, core_room_leaf(t.people[MEMBER].room)),
                        STATEMENT_SPEAKER);
    table_epoch(&t, (struct wish){.keeper = MODERATOR, .words = &word, .word_count = 1});
    t.now_ms += 1000;
    assert_int_equal(table_say(&t, MEMBER, 4, frame), OK);
    assert_int_equal(table_hear(&t, OTHER, MEMBER, frame), 4);
    assert_int_equal(table_say(&t, MEMBER, 5, frame), OK); /* under way when he goes */
    table_epoch(&t, (struct wish){.keeper = MEMBER, .stage = CORE_STAGE_LEAVE});
    assert_int_equal(table_hear(&t, OTHER, MEMBER, frame), -E_REFUSED);
    for (unsigned again = 0; again < 2; again++) {
        word = core_word_on(core_room_member(t.people[MODERATOR].room, core_room_leaf(t.people[MEMBER].room)),
                            STATEMENT_SPEAKER);
        table_epoch(&t, (struct wish){.keeper = MODERATOR, .words = &word, .word_count = 1});
        assert_int_equal(table_say(&t, MEMBER, 6, frame), E_REFUSED);
        assert_false(core_room_member(t.people[OTHER].room, core_room_leaf(t.people[MEMBER].room))->speaker);
    }
    table_end(&t);
}

static int start(void **state)
{
    (void)state;
    return crypto_start();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f38_whom_a_moderator_seats_all_see),
        cmocka_unit_test(f31_nobody_is_kept_on_the_stage),
    };

    return cmocka_run_group_tests_name("moderator", tests, start, NULL);
}
