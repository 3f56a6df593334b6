/* The server is killed while people talk, and another begins on its data: everybody is back soon, not all at
 * the same moment, and what was accepted holds (field reports G41, G48). */
#ifndef CROWD_RESTART_H
#define CROWD_RESTART_H

#include "support/crowd.h"

enum { RESTART_WINDOW_MS = 100 };

struct restart_figures {
    unsigned people, rooms;
    unsigned back_ms_p50, back_ms_max;      /* from the kill to sound in each listener's ear */
    unsigned tries, try_ms_min, try_ms_max; /* first tries to come back, and when they came, after the kill */
    unsigned together;                      /* first tries in the fullest RESTART_WINDOW_MS */
    unsigned trouble;                       /* answers of 500 and above */
    unsigned gone;                          /* who were over, but for those who were on their way in */
    unsigned seats;                         /* taken anew */
    unsigned alarms, disagreements;
    uint64_t epochs_lost; /* that somebody had seen, and the room has not at the end */
    bool one_epoch;       /* each room's people share one at the end */
    char complaint[CROWD_WHAT];
};

/* A scene and a crowd of its own: so many listeners and a speaker in each of so many rooms. The kill follows
 * right behind a commit that was accepted. */
void restart_run(unsigned rooms, unsigned listeners, unsigned limit_ms, struct restart_figures *out);
/* The same with a server that stands still for so long, as one does that waits for its disk, and goes on. */
void restart_pause(unsigned listeners, unsigned pause_ms, struct restart_figures *out);
/* Whether all that is promised was kept. */
bool restart_is_good(const struct restart_figures *, unsigned limit_ms);

#endif
