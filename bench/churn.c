/* People come, leave and are sent away for five minutes, or for as many seconds as the first argument says,
 * at 5 % loss and up to 100 ms of jitter each way (tests/crowd/churn.h). Prints one JSON line; ends with 1
 * where somebody who sat could not open a frame, heard nothing for a second, or was turned away. */
#include "churn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SECONDS = 300, SEED = 5 };

int main(int argc, char **argv)
{
    unsigned seconds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : SECONDS;
    struct churn_figures f;

    churn_run(seconds, SEED, &f);
    printf("{\"name\":\"churn\",\"run_s\":%u,\"comes\":%u,\"leaves\":%u,\"kicks\":%u,\"epochs\":%u,\"seats_"
           "s\":%u,"
           "\"undecryptable_s\":%u,\"silent_s\":%u,\"longest_gap_ms\":%u,\"lost_percent\":%.1f,\"turned_"
           "away\":%u,"
           "\"alarms\":%u,\"forks\":%u,\"one_epoch\":%s,\"came_again\":%s}\n",
           seconds, f.comes, f.leaves, f.kicks, f.epochs, f.seat_seconds, f.undecryptable_seconds,
           f.silent_seconds, f.longest_gap_ms, f.lost_percent, f.turned_away, f.alarms, f.disagreements,
           f.one_epoch ? "true" : "false", f.came_again ? "true" : "false");
    if (churn_is_good(&f))
        return 0;
    fprintf(stderr, "churn: the promise is broken; %s\n", f.complaint);
    return 1;
}
