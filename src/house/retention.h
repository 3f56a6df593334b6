/* What the house holds and for how long: one table, by which it is swept, told and tested. */
#ifndef HOUSE_RETENTION_H
#define HOUSE_RETENTION_H

#include "house/inside.h"

/* A sweep takes what would be past its time before the next. */
enum { RETENTION_SWEEP_MS = 5000 };

/* Sweeps when it is time, and then empties the write-ahead log: what was deleted is in none of the files. */
void retention_due(struct house *);

#endif
