/* The short form of `dev bench churn`; see churn.h. */
#include "churn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { SECONDS = 10, SEED = 5 };

static void whoever_sits_opens_every_frame(void **state)
{
    struct churn_figures f;

    (void)state;
    churn_run(SECONDS, SEED, &f);
    print_message(
        "# %u came, %u left, %u were sent away, %u epochs, %u seconds of seats; %u undecryptable, %u silent, "
        "longest gap %u ms, %.1f %% lost\n",
        f.comes, f.leaves, f.kicks, f.epochs, f.seat_seconds, f.undecryptable_seconds, f.silent_seconds,
        f.longest_gap_ms, f.lost_percent);
    if (!churn_is_good(&f))
        fail_msg("%u undecryptable, %u silent, %u turned away, %u alarms, %u forks, one epoch: %d, came "
                 "again: %d; %s",
                 f.undecryptable_seconds, f.silent_seconds, f.turned_away, f.alarms, f.disagreements,
                 f.one_epoch, f.came_again, f.complaint);
    /* The weather was there. */
    assert_true(f.lost_percent > 4 && f.lost_percent < 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_sits_opens_every_frame),
    };

    return cmocka_run_group_tests_name("churn", tests, NULL, NULL);
}
