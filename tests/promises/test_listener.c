/* A listener hears what is said in the room. It is not heard itself, does not pass for a speaker unnoticed,
 * and removes nobody. */
#include "support/hostile_relay.h"

#include <stdlib.h>

static const struct charter moderators_speak = {.stage = CHARTER_INVITED};

static void f4_a_listener_is_not_heard_and_removes_nobody(void **state)
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

/* What everybody but Alice thinks of the voice under her name in a slot: Bob by his room, the hearer by its
 * ear. */
static enum proof_verdict shown(struct hostile_relay *h, unsigned listener, unsigned slot)
{
    return core_room_verdict(h->table.people[listener].room, table_now(&h->table), slot,
                             h->voices[ALICE].leaf);
}

/* One frame to each listener, one in five of them lost, to each another. */
static void give(struct hostile_relay *h, unsigned slot, const uint8_t frame[static TABLE_FRAME])
{
    if (seeded_below(&h->table.seeded, 5) != 0)
        hostile_give_frame(h, slot, bytes(frame, TABLE_FRAME));
    if (seeded_below(&h->table.seeded, 5) != 0)
        (void)table_hear(&h->table, BOB, slot, frame);
}

/* With every key that a member has, and a relay's help: as Alice, in a slot of its own and while she is
 * silent, with one frame in five lost. It is shown as unproven or forged within 3 s, and never as proven. */
static void f9_nobody_passes_for_a_speaker_unnoticed(void **state)
{
    struct hostile_relay *h = calloc(1, sizeof *h);
    uint32_t counter;

    (void)state;
    assert_non_null(h);
    hostile_start(h, 7);
    counter = hostile_counter(hostile_say(h, ALICE)) + 100;
    for (unsigned turn = 0; turn < 300; turn++) {
        uint8_t frame[TABLE_FRAME];

        hostile_forge(h, h->voices[ALICE].leaf, counter + turn, frame);
        give(h, 7, frame);
        hostile_turn(h);
        for (unsigned listener = BOB; listener <= HEARER; listener++) {
            enum proof_verdict verdict = shown(h, listener, 7);

            assert_int_not_equal(verdict, PROOF_PROVEN);
            if (turn > 3000000 / FRAME_US)
                assert_true(verdict == PROOF_UNPROVEN || verdict == PROOF_FORGED);
        }
    }
    assert_true(h->foreign > 0); /* it was played, and so it was judged */
    hostile_end(h);
    free(h);
}

/* The same among her own words, in her own slot: the relay keeps one of hers back and puts another under its
 * number. Once all see her proven; 3 s after the first false frame all see that she is not. */
static void f9_a_word_put_into_a_speakers_mouth_is_forged_in_3_s(void **state)
{
    enum { TRUE_TURNS = 150, JUDGED = 3000000 / FRAME_US, TURNS = TRUE_TURNS + JUDGED + 1 };
    struct hostile_relay *h = calloc(1, sizeof *h);

    (void)state;
    assert_non_null(h);
    hostile_start(h, 7);
    for (unsigned turn = 0; turn < TURNS; turn++) {
        const uint8_t *packet = hostile_say(h, ALICE);
        uint8_t frame[TABLE_FRAME];

        memcpy(frame, hostile_frame(packet).at, sizeof frame);
        if (turn == TRUE_TURNS)
            for (unsigned listener = BOB; listener <= HEARER; listener++)
                assert_int_equal(shown(h, listener, 0), PROOF_PROVEN);
        if (turn >= TRUE_TURNS && turn % 10 == 3)
            hostile_forge(h, h->voices[ALICE].leaf, hostile_counter(packet), frame);
        give(h, 0, frame);
        hostile_turn(h);
    }
    for (unsigned listener = BOB; listener <= HEARER; listener++)
        assert_int_equal(shown(h, listener, 0), PROOF_FORGED);
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
        cmocka_unit_test(f4_a_listener_is_not_heard_and_removes_nobody),
        cmocka_unit_test(f9_nobody_passes_for_a_speaker_unnoticed),
        cmocka_unit_test(f9_a_word_put_into_a_speakers_mouth_is_forged_in_3_s),
    };

    return cmocka_run_group_tests_name("listener", tests, start, NULL);
}
