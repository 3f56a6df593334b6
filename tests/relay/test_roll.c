#include "relay/roll.h"
#include "support/seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct ticket ticket_for(uint8_t seat, uint8_t room, uint32_t number)
{
    struct ticket t = {.number = number};

    memset(t.seat, seat, sizeof t.seat);
    memset(t.room, room, sizeof t.room);
    return t;
}

static void f32_numbers_go_only_upward(void **state)
{
    struct seeded seeded;
    struct relay_seat *seat;

    (void)state;
    seeded_start(&seeded, 1);
    struct relay_roll roll = relay_roll_of(8, &seeded.random);
    struct ticket t = ticket_for(1, 9, 5), other = ticket_for(2, 9, 1);

    assert_int_equal(relay_roll_check(&roll, &t), OK);
    assert_int_equal(relay_roll_seat(&roll, t.seat, 100, &seat), OK);
    seat->number = 5;
    assert_int_equal(relay_roll_check(&roll, &t), E_STALE);
    t.number = 4;
    assert_int_equal(relay_roll_check(&roll, &t), E_STALE);
    t.number = 6;
    assert_int_equal(relay_roll_check(&roll, &t), OK);
    assert_int_equal(relay_roll_check(&roll, &other), OK);
    relay_roll_free(&roll);
}

/* A seat is remembered while a ticket of it could still be valid, and while its session lives. */
static void remembered_as_long_as_a_ticket_lives(void **state)
{
    static const uint8_t id[RELAY_ID_LEN] = {7};
    struct seeded seeded;
    struct relay_seat *seat;

    (void)state;
    seeded_start(&seeded, 2);
    struct relay_roll roll = relay_roll_of(8, &seeded.random);
    struct ticket t = ticket_for(1, 9, 5);

    assert_int_equal(relay_roll_seat(&roll, t.seat, 100, &seat), OK);
    seat->number = 5;
    assert_int_equal(relay_roll_sit(&roll, seat, id, 0), OK);
    assert_ptr_equal(relay_roll_by_id(&roll, id), seat);
    relay_roll_forget(&roll, 1000);
    assert_int_equal(relay_roll_check(&roll, &t), E_STALE);
    relay_roll_rise(&roll, seat);
    assert_null(relay_roll_by_id(&roll, id));
    assert_int_equal(roll.seated, 0);

    assert_int_equal(relay_roll_seat(&roll, t.seat, 1000, &seat), OK);
    relay_roll_forget(&roll, 1000 + TICKET_S);
    assert_int_equal(relay_roll_check(&roll, &t), E_STALE);
    relay_roll_forget(&roll, 1001 + TICKET_S);
    assert_int_equal(relay_roll_check(&roll, &t), OK);
    relay_roll_free(&roll);
}

static void an_ended_room_takes_no_ticket(void **state)
{
    struct seeded seeded;

    (void)state;
    seeded_start(&seeded, 3);
    struct relay_roll roll = relay_roll_of(8, &seeded.random);
    struct ticket t = ticket_for(1, 9, 5), elsewhere = ticket_for(1, 8, 5);

    assert_int_equal(relay_roll_end_room(&roll, t.room, 100), OK);
    assert_int_equal(relay_roll_check(&roll, &t), E_STALE);
    assert_int_equal(relay_roll_check(&roll, &elsewhere), OK);
    relay_roll_forget(&roll, 101 + TICKET_S);
    assert_int_equal(relay_roll_check(&roll, &t), OK);
    relay_roll_free(&roll);
}

static void holds_no_more_than_its_limit(void **state)
{
    struct seeded seeded;
    struct relay_seat *seat;
    uint8_t tag[TAG_BYTES] = {0};

    (void)state;
    seeded_start(&seeded, 4);
    struct relay_roll roll = relay_roll_of(300, &seeded.random);
    for (int i = 0; i < 300; i++) {
        tag[0] = (uint8_t)i;
        tag[1] = (uint8_t)(i >> 8);
        assert_int_equal(relay_roll_seat(&roll, tag, 100, &seat), OK);
    }
    tag[2] = 1;
    assert_int_equal(relay_roll_seat(&roll, tag, 100, &seat), E_NO_MEMORY);
    assert_int_equal(relay_roll_end_room(&roll, tag, 100), E_NO_MEMORY);
    relay_roll_forget(&roll, 101 + TICKET_S);
    assert_int_equal(roll.by_tag.count, 0);
    assert_int_equal(relay_roll_seat(&roll, tag, 200, &seat), OK);
    relay_roll_free(&roll);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f32_numbers_go_only_upward),
        cmocka_unit_test(remembered_as_long_as_a_ticket_lives),
        cmocka_unit_test(an_ended_room_takes_no_ticket),
        cmocka_unit_test(holds_no_more_than_its_limit),
    };

    return cmocka_run_group_tests_name("roll", tests, NULL, NULL);
}
