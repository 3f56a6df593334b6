/* Five hundred people in five rooms, and the server is killed and started again (tests/crowd/restart.h).
 * Prints one JSON line; ends with 1 where not all hear again within 15 s, or anything else of the promise is
 * broken. */
#include "restart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>

#include <cmocka.h>

enum { ROOMS = 5, LISTENERS = 99, LIMIT_MS = 15000 };

int main(void)
{
    struct restart_figures f;
    struct rlimit files;

    /* Each client has three sockets. */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &files) != 0)
            perror("restart");
    }
    restart_run(ROOMS, LISTENERS, LIMIT_MS, &f);
    printf("{\"name\":\"restart\",\"people\":%u,\"rooms\":%u,\"back_ms_p50\":%u,\"back_ms_max\":%u,"
           "\"first_try_ms_min\":%u,\"first_try_ms_max\":%u,\"together_max\":%u,\"answers_5xx\":%u,\"seats_"
           "anew\":%u,"
           "\"gone\":%u,\"alarms\":%u,\"forks\":%u,\"epochs_lost\":%u,\"one_epoch\":%s}\n",
           f.people, f.rooms, f.back_ms_p50, f.back_ms_max, f.try_ms_min, f.try_ms_max, f.together, f.trouble,
           f.seats, f.gone, f.alarms, f.disagreements, (unsigned)f.epochs_lost,
           f.one_epoch ? "true" : "false");
    if (restart_is_good(&f, LIMIT_MS))
        return 0;
    fprintf(stderr, "restart: the promise is broken; %s\n", f.complaint);
    return 1;
}
