/* The folder that a server's data lives in: its lock and its key. For the store alone. */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

#include "base/random.h"
#include "base/result.h"

#include <stdbool.h>
#include <stdint.h>

enum folder_kind { FOLDER_HOUSE, FOLDER_RELAY };

struct folder {
    int at, lock; /* descriptors, -1 where not open */
    uint8_t key[32];
};

/* Makes what is missing, takes the lock, then reads or makes the key and, for a house, makes sure of an own,
 * private house.db. *why is a literal on errors. Close after any result. Errors as of store_open. */
MUST_USE enum result folder_open(struct folder *, enum folder_kind, const char *path, const struct random *,
                                 const char **why);
/* Wipes the key and gives the lock back. */
void folder_close(struct folder *);

#endif
