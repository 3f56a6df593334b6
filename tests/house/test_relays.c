/* A house whose relay is elsewhere: nobody comes in and no ticket is made while none is linked. */
#include "house/guest.h"
#include "house/relays.h"
#include "ticket/read.h"

static int start(void **state)
{
    struct inn *inn;

    if (inn_start(state) != 0)
        return -1;
    inn = *state;
    memset(&inn->house->relay, 0, sizeof inn->house->relay);
    inn->house->settings.media_url = NULL;
    return 0;
}

static void link_up(struct inn *inn, const char *tag)
{
    struct control_relay_is is = {.url = BYTES_TEXT("https://relay.example/media")};

    assert_int_equal(strlen(tag), TAG_BYTES);
    memcpy(is.relay, tag, TAG_BYTES);
    relays_linked(inn->house, &is);
}

static struct ticket ticket_of(struct inn *inn, struct bytes token, const char *tag)
{
    struct ticket ticket;

    assert_int_equal(ticket_read(token, house_key(inn->house), inn->unix_ms / 1000, &ticket), OK);
    assert_memory_equal(ticket.relay, tag, TAG_BYTES);
    return ticket;
}

static void nobody_enters_without_a_relay(void **state)
{
    struct inn *inn = *state;
    struct guest anna;
    uint8_t room[32];

    guest_new(&anna, inn, "anna");
    guest_room(&anna, "tea", room);
    guest_enter(&anna, room, SIGNAL_SPEAKER);
    const struct signal *m = guest_got(&anna, SIGNAL_REFUSED);
    assert_int_equal(m->refused.reason, REASON_TROUBLE);
    assert_true(bytes_equal(m->refused.text, BYTES_TEXT("no relay is linked")));

    link_up(inn, "relay, life one.");
    guest_enter(&anna, room, SIGNAL_SPEAKER);
    uint32_t founding = guest_got(&anna, SIGNAL_FOUND_TABLE)->found_table.founding;
    guest_found(&anna, room, founding, "group");
    m = guest_got(&anna, SIGNAL_SEATED);
    assert_true(bytes_equal(m->seated.media_url, BYTES_TEXT("https://relay.example/media")));
    ticket_of(inn, m->seated.ticket, "relay, life one.");

    relays_gone(inn->house);
    guest_leave(&anna, room);
    guest_got(&anna, SIGNAL_DONE);
    guest_enter(&anna, room, SIGNAL_SPEAKER);
    guest_refused(&anna, REASON_TROUBLE);
    guest_hang_up(&anna);
    guest_forget(&anna);
}

/* A relay that is away hears of no revocation: who sits waits for the next ticket until it is back. */
static void a_ticket_is_owed_until_the_relay_is_back(void **state)
{
    struct inn *inn = *state;
    struct guest anna;
    uint8_t room[32];

    link_up(inn, "relay, life one.");
    guest_new(&anna, inn, "anna");
    guest_room(&anna, "tea", room);
    guest_first(&anna, room, SIGNAL_SPEAKER, "group");
    guest_forget(&anna);
    relays_gone(inn->house);
    guest_ticket(&anna, room);
    guest_nothing(&anna);

    link_up(inn, "relay, life two.");
    const struct signal *m = guest_got(&anna, SIGNAL_TICKET);
    assert_int_equal(m->request, anna.request);
    assert_memory_equal(m->ticket.room, room, 32);
    assert_int_equal(ticket_of(inn, m->ticket.ticket, "relay, life two.").number, 2);
    relays_gone(inn->house);
    link_up(inn, "relay, life two.");
    guest_nothing(&anna);

    /* Nor is one made for who has left meanwhile. */
    relays_gone(inn->house);
    guest_ticket(&anna, room);
    guest_leave(&anna, room);
    guest_got(&anna, SIGNAL_DONE);
    link_up(inn, "relay, life two.");
    guest_nothing(&anna);
    guest_hang_up(&anna);
    guest_forget(&anna);
}

static unsigned heard(struct inn *inn)
{
    inn->control_count = 0;
    bus_drain(inn->subscription);
    return inn->control_count;
}

/* What was said while the link was down, or just before that was noticed, is said again to the same relay,
 * for as long as a ticket lives. */
static void what_a_relay_missed_is_said_again(void **state)
{
    struct inn *inn = *state;
    struct control_revoke_seat first;
    struct guest anna, bert;
    uint8_t room[32];

    link_up(inn, "relay, life one.");
    guest_new(&anna, inn, "anna");
    guest_new(&bert, inn, "bert");
    guest_room(&anna, "tea", room);
    guest_first(&anna, room, SIGNAL_SPEAKER, "group");
    guest_join(&bert, &anna, room, SIGNAL_LISTENER, "group", 0, 1);
    (void)heard(inn);
    guest_leave(&bert, room);
    assert_int_equal(heard(inn), 1);
    first = inn->controls[0].revoke_seat;
    relays_gone(inn->house);
    guest_forget(&anna);
    guest_leave(&anna, room);
    assert_int_equal(heard(inn), 2);

    link_up(inn, "relay, life one.");
    assert_int_equal(heard(inn), 3);
    assert_int_equal(inn->controls[0].type, CONTROL_REVOKE_SEAT);
    assert_memory_equal(inn->controls[0].revoke_seat.seat, first.seat, TAG_BYTES);
    assert_int_equal(inn->controls[0].revoke_seat.number, first.number);
    assert_int_equal(inn->controls[1].type, CONTROL_REVOKE_SEAT);
    assert_int_equal(inn->controls[2].type, CONTROL_END_ROOM);

    /* A ticket that has lapsed needs no end, and another life of the relay knows nobody. */
    inn->unix_ms += TICKET_S * 1000 - 1;
    link_up(inn, "relay, life one.");
    assert_int_equal(heard(inn), 3);
    link_up(inn, "relay, life two.");
    link_up(inn, "relay, life two.");
    assert_int_equal(heard(inn), 0);
    link_up(inn, "relay, life one.");
    guest_again(&bert);
    guest_first(&bert, room, SIGNAL_SPEAKER, "group");
    guest_leave(&bert, room);
    assert_int_equal(heard(inn), 2);
    inn->unix_ms += TICKET_S * 1000;
    link_up(inn, "relay, life one.");
    assert_int_equal(heard(inn), 0);
    guest_hang_up(&anna);
    guest_hang_up(&bert);
    guest_forget(&anna);
    guest_forget(&bert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_enters_without_a_relay, start, inn_end),
        cmocka_unit_test_setup_teardown(a_ticket_is_owed_until_the_relay_is_back, start, inn_end),
        cmocka_unit_test_setup_teardown(what_a_relay_missed_is_said_again, start, inn_end),
    };

    return cmocka_run_group_tests_name("relays", tests, NULL, NULL);
}
