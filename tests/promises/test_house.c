/* The house orders messages and tells names. What it says of seats is held against what members' own messages
 * prove, and it makes nobody a member, a speaker or a moderator. */
#include "core/room.h"
#include "core/table.h"
#include "crypto/crypto.h"

static const struct charter moderators_speak = {.stage = CHARTER_INVITED};

enum { MAKER, MEMBER, GHOST };

/* A seat that the house keeps from the others' lists is on their rosters, and an alarm. */
static void a_seat_that_the_house_hides_is_an_alarm(void **state)
{
    static struct order_room order;
    static struct upload upload;
    const struct core_commit *commit;
    const struct core_change *change;
    struct table_of_people t;

    (void)state;
    table_start(&t, &moderators_speak);
    table_seat(&t, 2);
    table_enter(&t, GHOST);
    table_order(&t, (struct wish){.keeper = MAKER, .joiners = 1u << GHOST}, &order);
    assert_int_equal(core_room_commit(t.people[MAKER].room, table_now(&t), &order.order, &commit), OK);
    table_upload(&t, commit, &upload);
    upload.handshake.seated = (struct bytes){0};
    assert_int_equal(core_room_take(t.people[MEMBER].room, table_now(&t), &upload.handshake, &change), OK);
    assert_true(change->alarm);
    assert_int_equal(change->came_count, 1);
    assert_memory_equal(change->came[0].account, t.people[GHOST].account, 32);
    assert_int_equal(change->came[0].speaker, false);
    table_end(&t);
}

/* F4: nobody goes by the house's word but under its own signature, for this seat in this epoch. */
static void f4_the_house_removes_nobody_without_its_signature(void **state)
{
    static struct order_room order;
    const struct core_commit *commit;
    struct table_of_people t;

    (void)state;
    table_start(&t, &moderators_speak);
    table_seat(&t, 3);
    for (unsigned bit = 0; bit < 2; bit++) {
        table_order(&t, (struct wish){.keeper = MEMBER, .lost = 1u << GHOST}, &order);
        order.lost[order.order.lost.len - 1 - 63 * bit] ^= 1;
        assert_int_equal(core_room_commit(t.people[MEMBER].room, table_now(&t), &order.order, &commit),
                         E_FORGED);
    }
    /* As it should be, it is taken. */
    table_order(&t, (struct wish){.keeper = MEMBER, .lost = 1u << GHOST}, &order);
    assert_int_equal(core_room_commit(t.people[MEMBER].room, table_now(&t), &order.order, &commit), OK);
    table_end(&t);
}

/* F2: a group under another charter than the link's, though the house serves it whole and signed. */
static void f2_another_charter_is_not_the_links(void **state)
{
    static const struct charter everyone_speaks = {.stage = CHARTER_EVERYONE};
    struct table_of_people true_room, false_room;
    struct bytes group_id;
    struct charter read;

    (void)state;
    table_start(&true_room, &moderators_speak);
    table_start(&false_room, &everyone_speaks);
    assert_int_equal(core_charter_check(true_room.charter_bytes, true_room.signature, true_room.id, &read),
                     OK);
    assert_int_equal(core_charter_check(false_room.charter_bytes, false_room.signature, true_room.id, &read),
                     E_REFUSED);
    assert_int_equal(core_room_found(table_enter(&true_room, MEMBER), table_now(&true_room),
                                     false_room.charter_bytes, false_room.signature, &group_id),
                     E_REFUSED);
    table_end(&true_room);
    table_end(&false_room);
}

/* F1: a word that lets somebody speak counts where a moderator signed it; the house's key does not do. */
static void f1_the_house_puts_nobody_on_stage(void **state)
{
    static struct order_room order;
    const struct core_commit *commit;
    struct table_of_people t;
    struct core_word word;

    (void)state;
    table_start(&t, &moderators_speak);
    table_seat(&t, 3);
    word = core_word_on(core_room_member(t.people[MEMBER].room, core_room_leaf(t.people[GHOST].room)),
                        STATEMENT_SPEAKER);
    table_order(&t, (struct wish){.keeper = MEMBER, .words = &word, .word_count = 1}, &order);
    for (unsigned by_house = 0; by_house < 2; by_house++) {
        order.order.account_seed = by_house ? t.house_seed : t.people[MEMBER].seed;
        assert_int_equal(core_room_commit(t.people[MEMBER].room, table_now(&t), &order.order, &commit),
                         E_REFUSED);
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
        cmocka_unit_test(a_seat_that_the_house_hides_is_an_alarm),
        cmocka_unit_test(f4_the_house_removes_nobody_without_its_signature),
        cmocka_unit_test(f2_another_charter_is_not_the_links),
        cmocka_unit_test(f1_the_house_puts_nobody_on_stage),
    };

    return cmocka_run_group_tests_name("house", tests, start, NULL);
}
