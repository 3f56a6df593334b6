/* Looks for a secret in all memory of the test's own process, or of a child's, freed memory too. Linux alone.
 */
#ifndef SUPPORT_MEMORY_H
#define SUPPORT_MEMORY_H

#include "base/bytes.h"

/* Keeps a secret of at most 32 bytes in a form that a search does not find. */
struct memory_needle {
    uint8_t masked[32];
    size_t len;
};

/* Takes and wipes the secret. */
void memory_needle_take(struct memory_needle *, uint8_t *secret, size_t len);
/* How often the secret stands in writable memory. Fails the test where memory cannot be read. */
unsigned memory_count(const struct memory_needle *);
/* The same in all readable memory of another process, which must be the test's own child. */
unsigned memory_count_of(int pid, const struct memory_needle *);
/* The secret as it was, for a search in other bytes; the caller wipes it. */
void memory_needle_show(const struct memory_needle *, uint8_t to[static 32]);

#endif
