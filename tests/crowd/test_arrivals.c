#define _GNU_SOURCE
/* Everybody comes at once, and each hears soon; see arrivals.h. */
#include "arrivals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

enum { PEOPLE = 100 };

/* How many commits the house holds, which holds them for a minute or 64 epochs. */
static int64_t commits_held(const struct crowd *c)
{
    char data[SCRATCH_PATH];
    struct process p;
    const char *line;
    int64_t held;

    scratch_path(c->scene.folder, "data", data);
    const char *words[] = {"admin", "retention", "--data", data, NULL};
    assert_int_equal(scene_do(&p, words), 0);
    line = process_line_with(&p, "\"key message\"", 0);
    assert_non_null(line);
    held = scene_number(line, "held");
    process_end(&p);
    return held;
}

static void g42_a_hundred_come_within_two_seconds(void **state)
{
    static struct crowd c;
    struct arrivals_figures f;

    (void)state;
    crowd_start(&c, PEOPLE + 1, 1, NULL);
    arrivals_run(&c, &f);
    print_message(
        "# seated after %u ms (half), %u ms (all); heard after %u ms, %u ms; %u epochs; CPU %.2f s here, "
        "%.2f s in the server\n",
        f.seated_ms_p50, f.seated_ms_max, f.heard_ms_p50, f.heard_ms_max, f.epochs, f.load_s, f.server_s);
    if (f.alarms != 0 || f.undecryptable_seconds != 0 || f.heard_ms_max > ARRIVALS_HEAR_MS)
        fail_msg("%u alarms; %u undecryptable seconds; the last one heard after %u ms; %s", f.alarms,
                 f.undecryptable_seconds, f.heard_ms_max, crowd_complaint(&c));

    /* One commit for each epoch: all are in the same one, and the house has no other. */
    assert_int_equal(f.disagreements, 0);
    assert_true(crowd_all_agree(&c, NULL));
    assert_int_equal(commits_held(&c), c.rooms[0].newest);
    crowd_end(&c);
}

/* The limit of open files that most systems begin with is not enough for the links that a server promises. */
static void a_server_takes_all_the_descriptors_that_it_may(void **state)
{
    struct rlimit before, less, of_server = {0, 1};
    struct scene scene;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    less = (struct rlimit){before.rlim_max / 2, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &less), 0);
    scene_start(&scene, NULL);
    assert_int_equal(prlimit(scene.server.pid, RLIMIT_NOFILE, NULL, &of_server), 0);
    assert_int_equal(of_server.rlim_cur, before.rlim_max);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_takes_all_the_descriptors_that_it_may),
        cmocka_unit_test(g42_a_hundred_come_within_two_seconds),
    };

    return cmocka_run_group_tests_name("arrivals", tests, NULL, NULL);
}
