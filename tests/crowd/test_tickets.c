/* Somebody stays for three lives of a ticket, leaves, and comes again in the same process (field report G45).
 * The minutes pass on a held clock; `dev bench churn` has the same with a real relay, in real minutes. */
#include "support/hostile_house.h"

enum { LIVES_MS = 3 * TICKET_S * 1000 };

static struct hostile_house h;

/* An honest house: all is passed on, and Ben's tickets are counted. */
static bool count_tickets(struct hostile_house *house, unsigned who, struct signal *signal)
{
    house->lies += who == BEN && signal->type == SIGNAL_TICKET;
    return true;
}

static void hears(unsigned since)
{
    hostile_house_pass(&h, 2000);
    assert_in_range(h.guests[BEN].heard - since, 50, 100);
}

static void g45_out_and_in_after_three_tickets(void **state)
{
    static const struct charter invited = {.stage = CHARTER_INVITED};

    (void)state;
    hostile_house_start(&h, &invited);
    h.to_guest = count_tickets;
    hostile_house_gather(&h);
    for (unsigned round = 0; round < 2; round++) {
        h.lies = 0;
        hostile_house_pass(&h, LIVES_MS);
        assert_in_range(h.lies, 3, 3 * TICKET_S / TICKET_RENEW_S + 1);
        hears(h.guests[BEN].heard);
        client_leave(h.guests[BEN].client);
        hostile_house_until(&h, BEN, NEWS_OVER, 1);
        assert_int_equal(h.guests[BEN].why, OK);
        hostile_house_enter(&h, BEN, SIGNAL_LISTENER);
        hears(h.guests[BEN].heard);
    }
    for (unsigned who = ADA; who <= CAT; who++)
        assert_int_equal(h.guests[who].alarm_count, 0);
    hostile_house_end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g45_out_and_in_after_three_tickets),
    };

    return cmocka_run_group_tests_name("tickets", tests, NULL, NULL);
}
