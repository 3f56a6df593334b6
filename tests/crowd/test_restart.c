/* The short forms of `dev bench restart`; see restart.h. */
#include "restart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void back_within(unsigned rooms, unsigned listeners, unsigned limit_ms)
{
    struct restart_figures f;

    restart_run(rooms, listeners, limit_ms, &f);
    print_message("# %u people in %u rooms: back after %u ms (half), %u ms (all); first tries from %u to %u "
                  "ms, %u in one window; %u answers of 5xx; %u seats taken anew\n",
                  f.people, f.rooms, f.back_ms_p50, f.back_ms_max, f.try_ms_min, f.try_ms_max, f.together,
                  f.trouble, f.seats);
    if (!restart_is_good(&f, limit_ms))
        fail_msg("%u of %u tried, %u gone, %u alarms, %u forks, %u epochs lost, one epoch: %d; %s", f.tries,
                 f.people, f.gone, f.alarms, f.disagreements, (unsigned)f.epochs_lost, f.one_epoch,
                 f.complaint);
}

static void g48_ten_are_back_within_five_seconds(void **state)
{
    (void)state;
    back_within(1, 9, 5000);
}

static void g48_fifty_are_back_within_fifteen_seconds(void **state)
{
    (void)state;
    back_within(5, 9, 15000);
}

/* A commit is not held against whoever made it, nor a seat against its holder, because the house itself did
 * not look. */
static void a_server_that_stands_still_sends_nobody_away(void **state)
{
    struct restart_figures f;

    (void)state;
    restart_pause(9, 3500, &f);
    print_message("# %u people: heard again after %u ms (all); %u seats taken anew\n", f.people,
                  f.back_ms_max, f.seats);
    if (f.gone != 0 || f.seats != 0 || f.alarms != 0 || f.disagreements != 0 || f.epochs_lost != 0 ||
        !f.one_epoch || f.back_ms_max > 6000)
        fail_msg("%u gone, %u alarms, %u forks, %u epochs lost, one epoch: %d; %s", f.gone, f.alarms,
                 f.disagreements, (unsigned)f.epochs_lost, f.one_epoch, f.complaint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g48_ten_are_back_within_five_seconds),
        cmocka_unit_test(g48_fifty_are_back_within_fifteen_seconds),
        cmocka_unit_test(a_server_that_stands_still_sends_nobody_away),
    };

    return cmocka_run_group_tests_name("restart", tests, NULL, NULL);
}
