/* A listener hears what is said in the room. It is not heard itself, does not pass for a speaker unnoticed,
 * and removes nobody. */
#include "support/hostile_relay.h"

#include <stdlib.h>

static const struct charter moderators_speak = {.stage = CHARTER_INVITED};

static void a_listener_is_not_heard_and_removes_nobody(void **state)
{
    static struct order_room order;
    const struct core_commit *commit;
    struct table_of_people t;
    uint8_t frame[TABLE_FRAME];

    (void)state;
    table_start(&t, &moderators_speak);
    table_seat(&t, 3);
    t.now_ms += 1000;
    assert_int_equal(table_say(&t, 1, 9, frame), E_REFUSED);
    assert_int_equal(table_say(&t, 0, 9, frame), OK);
    assert_int_equal(table_hear(&t, 1, 0, frame), 9);
    for (unsigned whom = 0; whom < 3; whom += 2) {
        table_order(&t, (struct wish){.keeper = 1, .kicks = 1u << whom}, &order);
        assert_int_equal(core_room_commit(t.people[1].room, table_now(&t), &order.order, &commit), E_REFUSED);
    }
    table_end(&t);
}

/* With every key that a member has, and a relay's help: as Alice, in a slot of its own and while she is
 * silent, with one frame in five lost. It is shown as unproven or forged within 3 s, and never as proven. */
static void nobody_passes_for_a_speaker_unnoticed(void **state)
{
    struct hostile_relay *h = calloc(1, sizeof *h);
    uint32_t counter;

    (void)state;
    assert_non_null(h);
    hostile_start(h, 7);
    counter = hostile_counter(hostile_say(h, ALICE)) + 100;
    for (unsigned turn = 0; turn < 300; turn++) {
        enum proof_verdict shown;
        uint8_t frame[TABLE_FRAME];

        hostile_forge(h, h->voices[ALICE].leaf, counter + turn, frame);
        if (seeded_below(&h->table.seeded, 5) != 0)
            hostile_give_frame(h, 7, BYTES_OF(frame));
        hostile_turn(h);
        shown = hostile_verdict(h, 7, ALICE);
        assert_int_not_equal(shown, PROOF_PROVEN);
        if (turn > 3000000 / FRAME_US)
            assert_true(shown == PROOF_UNPROVEN || shown == PROOF_FORGED);
    }
    assert_true(h->foreign > 0); /* it was played, and so it was judged */
    hostile_end(h);
    free(h);
}

static int start(void **state)
{
    (void)state;
    return crypto_start();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_is_not_heard_and_removes_nobody),
        cmocka_unit_test(nobody_passes_for_a_speaker_unnoticed),
    };

    return cmocka_run_group_tests_name("listener", tests, start, NULL);
}
