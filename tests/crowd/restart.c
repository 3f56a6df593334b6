#define _POSIX_C_SOURCE 200809L
#include "restart.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATIENCE_MS = 60000, ARRIVE_EACH_MS = 20, LATE = 2, BACK_FRAMES = 50 };

static struct crowd crowd;

static int order(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

    return (x > y) - (x < y);
}

/* Who sat when the server was killed. */
static bool was_seated(const struct person *p, uint64_t killed_us)
{
    return p->seated_us != 0 && p->seated_us < killed_us;
}

/* Since when it has heard without a break; 0 where it does not, or has from before the kill. */
static uint64_t back_since(const struct person *p, uint64_t killed_us)
{
    return p->running >= BACK_FRAMES && p->back_us > killed_us ? p->back_us : 0;
}

static bool all_are_back(struct crowd *c, void *context)
{
    uint64_t killed_us = *(uint64_t *)context;

    for (unsigned i = 0; i < c->count; i++) {
        const struct person *p = &c->people[i];

        if (p->client != NULL && !p->speaks && was_seated(p, killed_us) && back_since(p, killed_us) == 0)
            return false;
    }
    return true;
}

static bool is_seated(struct crowd *c, void *context)
{
    const struct person *p = context;

    (void)c;
    return p->seated_us != 0;
}

/* The makers speak when all are there: until then the machine is busy enough. */
static void gather(unsigned rooms, unsigned listeners)
{
    struct person *makers[CROWD_ROOMS];

    for (unsigned room = 0; room < rooms; room++) {
        makers[room] = room == 0 ? &crowd.people[0] : crowd_twin(&crowd, 0);
        crowd_enter(&crowd, makers[room], room, false);
    }
    assert_true(crowd_until(&crowd, PATIENCE_MS, crowd_all_seated, NULL));
    for (unsigned i = 0; i < rooms * listeners; i++) {
        crowd_enter(&crowd, &crowd.people[1 + i], i % rooms, false);
        crowd_pass(&crowd, ARRIVE_EACH_MS);
    }
    if (!crowd_until(&crowd, PATIENCE_MS, crowd_all_seated, NULL) ||
        crowd_here(&crowd) != rooms * (1 + listeners))
        fail_msg("not all are seated before the kill: %s", crowd_complaint(&crowd));
    for (unsigned room = 0; room < rooms; room++)
        crowd_speak(makers[room]);
    if (!crowd_until(&crowd, PATIENCE_MS, crowd_all_hear, NULL))
        fail_msg("not all hear before the kill: %s", crowd_complaint(&crowd));
    assert_true(crowd_until(&crowd, PATIENCE_MS, crowd_all_agree, NULL));
}

/* The last thing that the server did was to accept a commit; whom that let in has not heard anything yet. */
static void let_in_late(unsigned people)
{
    for (unsigned i = 0; i < LATE; i++)
        crowd_enter(&crowd, &crowd.people[people + i], 0, false);
    assert_true(crowd_until(&crowd, PATIENCE_MS, is_seated, &crowd.people[people]));
}

static void judge_tries(uint64_t killed_us, struct restart_figures *f)
{
    unsigned *ms = calloc(crowd.count, sizeof *ms);

    assert_non_null(ms);
    for (unsigned i = 0; i < crowd.count; i++)
        if (crowd.people[i].tries != 0 && was_seated(&crowd.people[i], killed_us))
            ms[f->tries++] = (unsigned)((crowd.people[i].first_try_us - killed_us) / 1000);
    qsort(ms, f->tries, sizeof *ms, order);
    for (unsigned i = 0; i < f->tries; i++) {
        unsigned together = 0;

        while (i + together < f->tries && ms[i + together] - ms[i] < RESTART_WINDOW_MS)
            together++;
        f->together = together > f->together ? together : f->together;
    }
    f->try_ms_min = f->tries != 0 ? ms[0] : 0;
    f->try_ms_max = f->tries != 0 ? ms[f->tries - 1] : 0;
    free(ms);
}

static void judge_ears(uint64_t killed_us, struct restart_figures *f)
{
    unsigned *ms = calloc(crowd.count, sizeof *ms), count = 0;

    assert_non_null(ms);
    for (unsigned i = 0; i < crowd.count; i++) {
        const struct person *p = &crowd.people[i];

        if (!was_seated(p, killed_us))
            continue;
        f->people++;
        f->seats += p->seats - 1;
        f->gone += p->over;
        if (p->speaks)
            continue;
        ms[count] = PATIENCE_MS;
        if (back_since(p, killed_us) != 0)
            ms[count] = (unsigned)((back_since(p, killed_us) - killed_us) / 1000);
        else
            snprintf(f->complaint, sizeof f->complaint,
                     "guest %u of room %u, in state %d, has heard %u frames in a row, %u not", i, p->room,
                     p->client != NULL ? (int)client_state(p->client) : -1, p->running, p->quiet);
        count++;
    }
    qsort(ms, count, sizeof *ms, order);
    f->back_ms_p50 = ms[count / 2];
    f->back_ms_max = ms[count - 1];
    free(ms);
}

static void sum_up(unsigned limit_ms, uint64_t since_us, const uint64_t newest[static CROWD_ROOMS],
                   struct restart_figures *out)
{
    (void)crowd_until(&crowd, 2 * limit_ms, all_are_back, &since_us);
    out->one_epoch = crowd_until(&crowd, PATIENCE_MS, crowd_all_agree, NULL);
    for (unsigned i = 0; i < out->rooms; i++)
        out->epochs_lost += newest[i] > crowd.rooms[i].newest ? newest[i] - crowd.rooms[i].newest : 0;
    out->trouble = crowd.trouble;
    out->alarms = crowd_alarms(&crowd);
    out->disagreements = crowd_disagreements(&crowd);
    snprintf(out->complaint, sizeof out->complaint, "%s", crowd_complaint(&crowd));
    judge_tries(since_us, out);
    judge_ears(since_us, out);
}

static void begin(unsigned rooms, unsigned listeners, struct restart_figures *out)
{
    unsigned people = 1 + rooms * listeners;

    *out = (struct restart_figures){.rooms = rooms};
    crowd_start(&crowd, people + LATE, rooms, NULL);
    gather(rooms, listeners);
    let_in_late(people);
}

static void newest_note(uint64_t newest[static CROWD_ROOMS])
{
    for (unsigned i = 0; i < CROWD_ROOMS; i++)
        newest[i] = crowd.rooms[i].newest;
}

void restart_run(unsigned rooms, unsigned listeners, unsigned limit_ms, struct restart_figures *out)
{
    uint64_t newest[CROWD_ROOMS], killed_us;

    begin(rooms, listeners, out);
    scene_kill_and_relaunch(&crowd.scene);
    killed_us = loop_now_us();
    newest_note(newest);
    sum_up(limit_ms, killed_us, newest, out);
    crowd_end(&crowd);
}

void restart_pause(unsigned listeners, unsigned pause_ms, struct restart_figures *out)
{
    uint64_t newest[CROWD_ROOMS], since_us;

    begin(1, listeners, out);
    since_us = loop_now_us();
    newest_note(newest);
    process_signal(&crowd.scene.server, SIGSTOP);
    crowd_pass(&crowd, pause_ms);
    process_signal(&crowd.scene.server, SIGCONT);
    sum_up(pause_ms + 5000, since_us, newest, out);
    crowd_end(&crowd);
}

bool restart_is_good(const struct restart_figures *f, unsigned limit_ms)
{
    /* A tenth of many is what a window holds on average, where they are spread over a second. */
    bool spread = f->try_ms_max - f->try_ms_min > 3 * RESTART_WINDOW_MS && f->together <= 5 + f->tries / 4;

    return f->back_ms_max <= limit_ms && f->tries == f->people && spread && f->trouble == 0 && f->gone == 0 &&
           f->alarms == 0 && f->disagreements == 0 && f->epochs_lost == 0 && f->one_epoch;
}
