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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g48_ten_are_back_within_five_seconds),
        cmocka_unit_test(g48_fifty_are_back_within_fifteen_seconds),
    };

    return cmocka_run_group_tests_name("restart", tests, NULL, NULL);
}
