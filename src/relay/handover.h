/* A queue between two threads, one that puts and one that takes: no lock, no allocation, items of one size
 * that are copied in and out. */
#ifndef RELAY_HANDOVER_H
#define RELAY_HANDOVER_H

#include "base/result.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct relay_handover {
    uint8_t *items;
    size_t item_len, mask;     /* the number of items less one; a power of two */
    _Atomic size_t put, taken; /* so far; each is written by one thread alone */
};

/* For at least `count` items. OK | E_NO_MEMORY */
MUST_USE enum result relay_handover_start(struct relay_handover *, size_t count, size_t item_len);
void relay_handover_free(struct relay_handover *);

/* By the one thread that puts. OK | E_AGAIN (full) */
MUST_USE enum result relay_handover_put(struct relay_handover *, const void *item);
/* By the one thread that takes. False where there is nothing. */
bool relay_handover_take(struct relay_handover *, void *item);

#endif
