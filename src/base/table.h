/* A hash table from keys of one fixed length to pointers. Keys may come from strangers: they are hashed
 * with SipHash-2-4 under a seed that the caller draws from the system, so nobody can make them collide.
 * The table owns copies of the keys and never the values. */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/bytes.h"
#include "base/result.h"

struct table {
    uint8_t *keys; /* room * key_len */
    void **values; /* NULL marks a free place */
    size_t key_len, room, count;
    uint64_t seed[2];
};

/* An empty table; takes no memory before the first put. */
struct table table_of(size_t key_len, const uint8_t seed[static 16]);
void table_free(struct table *);

/* The value, or NULL. */
void *table_get(const struct table *, const void *key);
/* Adds, or replaces, a value that is not NULL. OK | E_NO_MEMORY */
MUST_USE enum result table_put(struct table *, const void *key, void *value);
/* Gives back what was there, or NULL. */
void *table_remove(struct table *, const void *key);

/* Walks in no order: start with *cursor = 0; NULL at the end. The table must not change meanwhile. */
void *table_next(const struct table *, size_t *cursor);

/* The hash itself, SipHash-2-4, for whatever else strangers choose. */
uint64_t table_hash(const uint8_t seed[static 16], struct bytes);

#endif
