/* People come, leave and are sent away, over a bad way to the relay, while the maker speaks: whoever sits can
 * open every frame that reaches it. */
#ifndef CROWD_CHURN_H
#define CROWD_CHURN_H

#include "support/crowd.h"

enum {
    CHURN_STAY = 5,  /* who sit from beginning to end ... */
    CHURN_COME = 10, /* ... and who come and go */
    CHURN_PEOPLE = 1 + CHURN_STAY + CHURN_COME,
    CHURN_LOSS = 50, /* of 1000 datagrams, on each of the two ways */
    CHURN_JITTER_US = 100 * 1000,
    CHURN_STEP_MS = 500,
};

struct churn_figures {
    unsigned comes, leaves, kicks, epochs;
    unsigned seat_seconds;          /* of all who sat, their first second apart */
    unsigned undecryptable_seconds; /* in which a frame came that could not be opened */
    unsigned silent_seconds;        /* in which nothing was heard */
    unsigned longest_gap_ms;        /* of those who stayed */
    unsigned turned_away, alarms, disagreements;
    double lost_percent; /* datagrams */
    bool one_epoch;      /* at the end all share one */
    bool
        came_again; /* at the end somebody who stayed leaves, and comes again, and hears (field report G45) */
    char complaint[CROWD_WHAT];
};

/* A scene and a crowd of its own; nothing is asserted but what a test bench needs. */
void churn_run(unsigned seconds, uint64_t seed, struct churn_figures *out);
/* Whether all that is promised was kept. */
bool churn_is_good(const struct churn_figures *);

#endif
