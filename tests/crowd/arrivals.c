#define _POSIX_C_SOURCE 200809L
#include "arrivals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 30000 };

static int order(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

    return (x > y) - (x < y);
}

static double own_cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Fields 14 and 15 of /proc/PID/stat: of user and of the system, in ticks. */
static double cpu_s_of(int pid)
{
    char path[48], text[1024], *at;
    unsigned long user, system;
    size_t len;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    file = fopen(path, "r");
    assert_non_null(file);
    len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    at = strrchr(text, ')');
    assert_non_null(at);
    assert_int_equal(sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system),
                     2);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* Evenly over the time in which they come. */
struct doors {
    unsigned let_in;
    uint64_t since_us;
};

static bool let_in(struct crowd *c, void *context)
{
    struct doors *doors = context;
    unsigned people = c->count - 1;
    uint64_t passed_ms = (loop_now_us() - doors->since_us) / 1000;

    while (doors->let_in < people && passed_ms * people >= (uint64_t)doors->let_in * ARRIVALS_WITHIN_MS)
        crowd_enter(c, &c->people[++doors->let_in], 0, false);
    return doors->let_in == people;
}

static bool all_have_heard(struct crowd *c, void *context)
{
    (void)context;
    for (unsigned i = 1; i < c->count; i++)
        if (c->people[i].heard_us == 0 && !c->people[i].over)
            return false;
    return true;
}

static bool speaker_is_seated(struct crowd *c, void *context)
{
    (void)context;
    return c->people[0].seated_us != 0;
}

static void spread(const struct crowd *c, size_t what, unsigned *p50, unsigned *max)
{
    unsigned *ms = calloc(c->count, sizeof *ms), count = 0;

    assert_non_null(ms);
    for (unsigned i = 1; i < c->count; i++) {
        uint64_t at_us;

        memcpy(&at_us, (const char *)&c->people[i] + what, sizeof at_us);
        ms[count++] = at_us == 0 ? PATIENCE_MS : (unsigned)((at_us - c->people[i].entered_us) / 1000);
    }
    qsort(ms, count, sizeof *ms, order);
    *p50 = ms[count / 2];
    *max = ms[count - 1];
    free(ms);
}

void arrivals_run(struct crowd *c, struct arrivals_figures *out)
{
    struct doors doors = {0};
    uint64_t before;

    *out = (struct arrivals_figures){.people = c->count - 1};
    crowd_enter(c, &c->people[0], 0, true);
    assert_true(crowd_until(c, PATIENCE_MS, speaker_is_seated, NULL));
    crowd_pass(c, 500);
    before = c->rooms[0].newest;
    out->load_s = -own_cpu_s();
    out->server_s = -cpu_s_of(c->scene.server.pid);
    doors.since_us = loop_now_us();
    assert_true(crowd_until(c, PATIENCE_MS, let_in, &doors));
    (void)crowd_until(c, PATIENCE_MS, all_have_heard, NULL);
    out->load_s += own_cpu_s();
    out->server_s += cpu_s_of(c->scene.server.pid);
    /* Nobody comes any more: the last commit reaches all. */
    (void)crowd_until(c, PATIENCE_MS, crowd_all_agree, NULL);
    spread(c, offsetof(struct person, seated_us), &out->seated_ms_p50, &out->seated_ms_max);
    spread(c, offsetof(struct person, heard_us), &out->heard_ms_p50, &out->heard_ms_max);
    out->epochs = (unsigned)(c->rooms[0].newest - before);
    crowd_pass(c, 1000); /* for the second that is running to be judged */
    for (unsigned i = 1; i < c->count; i++)
        out->undecryptable_seconds += c->people[i].unopened;
    out->disagreements = crowd_disagreements(c);
    out->alarms = crowd_alarms(c);
}
