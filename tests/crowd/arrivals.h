/* Everybody comes at once (field report G42): people enter one room within two seconds, while its maker
 * speaks. */
#ifndef CROWD_ARRIVALS_H
#define CROWD_ARRIVALS_H

#include "support/crowd.h"

enum { ARRIVALS_WITHIN_MS = 2000, ARRIVALS_HEAR_MS = 3000 };

struct arrivals_figures {
    unsigned people;
    unsigned seated_ms_p50, seated_ms_max; /* from entering ... */
    unsigned heard_ms_p50, heard_ms_max;   /* ... to the seat, and to the first frame with sound */
    unsigned epochs;                       /* that the arrivals took */
    unsigned undecryptable_seconds;        /* of those who sat already */
    unsigned disagreements, alarms;
    double load_s, server_s; /* of CPU, in this process and in the server, from the first to the last sound */
};

/* The crowd was made with so many people and one more, its maker; afterwards all are seated and hear. */
void arrivals_run(struct crowd *, struct arrivals_figures *out);

#endif
