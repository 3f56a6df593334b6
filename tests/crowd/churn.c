#include "churn.h"

#include "support/weather.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20000, SETTLE_MS = 1000 };

static struct crowd crowd;
static struct weather weather;

/* One step: somebody who is away comes, or somebody who hears leaves or is sent away. Whoever is just on the
 * way in or out is left alone. */
static void step(struct seeded *dice, struct churn_figures *f)
{
    struct person *p = &crowd.people[1 + CHURN_STAY + seeded_below(dice, CHURN_COME)];

    if (p->client == NULL) {
        f->turned_away += p->over && p->why != OK && p->kicks == 0;
        crowd_enter(&crowd, p, 0, false);
        f->comes++;
    } else if (p->heard_us != 0 && !p->gone && seeded_below(dice, 3) != 0) {
        crowd_leave(p);
        f->leaves++;
    } else if (p->heard_us != 0 && !p->gone) {
        p->gone = true;
        crowd_kick(&crowd.people[0], p);
        f->kicks++;
    }
}

static bool hears_again(struct crowd *c, void *context)
{
    const struct person *p = context;

    (void)c;
    return p->heard_us != 0;
}

static bool is_away(struct crowd *c, void *context)
{
    const struct person *p = context;

    (void)c;
    return p->client == NULL;
}

static bool leaves_and_comes(struct person *p)
{
    crowd_leave(p);
    if (!crowd_until(&crowd, PATIENCE_MS, is_away, p))
        return false;
    crowd_enter(&crowd, p, 0, false);
    return crowd_until(&crowd, PATIENCE_MS, hears_again, p);
}

static void sum_up(struct churn_figures *f)
{
    f->epochs = (unsigned)crowd.rooms[0].newest;
    for (unsigned i = 0; i < crowd.count; i++) {
        const struct person *p = &crowd.people[i];

        f->seat_seconds += p->seconds;
        f->undecryptable_seconds += p->unopened;
        f->silent_seconds += p->silent;
        if (i >= 1 && i <= CHURN_STAY && p->longest * 20 > f->longest_gap_ms)
            f->longest_gap_ms = p->longest * 20;
    }
    f->alarms = crowd_alarms(&crowd);
    f->disagreements = crowd_disagreements(&crowd);
    snprintf(f->complaint, sizeof f->complaint, "%s", crowd_complaint(&crowd));
    f->lost_percent = 100.0 * weather.link.lost / (weather.link.sent + 1);
}

void churn_run(unsigned seconds, uint64_t seed, struct churn_figures *out)
{
    static const char *const announced[] = {"--announce", WEATHER_HOST, NULL};
    struct seeded dice;

    *out = (struct churn_figures){0};
    seeded_start(&dice, seed);
    crowd_start(&crowd, CHURN_PEOPLE, 1, announced);
    weather_start(&weather, crowd.loop, crowd.scene.media_port, seed + 1);
    crowd_enter(&crowd, &crowd.people[0], 0, true);
    assert_true(crowd_until(&crowd, PATIENCE_MS, crowd_all_seated, NULL));
    for (unsigned i = 1; i <= CHURN_STAY; i++)
        crowd_enter(&crowd, &crowd.people[i], 0, false);
    assert_true(crowd_until(&crowd, PATIENCE_MS, crowd_all_hear, NULL));
    weather.link.loss = CHURN_LOSS;
    weather.link.jitter_us = CHURN_JITTER_US;
    for (unsigned ms = 0; ms < seconds * 1000; ms += CHURN_STEP_MS) {
        step(&dice, out);
        crowd_pass(&crowd, CHURN_STEP_MS);
    }
    crowd_pass(&crowd, SETTLE_MS);
    out->one_epoch = crowd_until(&crowd, PATIENCE_MS, crowd_all_agree, NULL);
    sum_up(out);
    out->came_again = leaves_and_comes(&crowd.people[1]);
    weather_end(&weather);
    crowd_end(&crowd);
}

bool churn_is_good(const struct churn_figures *f)
{
    return f->undecryptable_seconds == 0 && f->silent_seconds == 0 && f->turned_away == 0 && f->alarms == 0 &&
           f->disagreements == 0 && f->one_epoch && f->came_again && f->seat_seconds != 0 && f->leaves != 0 &&
           f->kicks != 0;
}
