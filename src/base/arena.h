/* Memory that dies together: a chain of blocks handed out from the front. Freed as a whole, and wiped then.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/bytes.h"
#include "base/result.h"

struct arena_block;

struct arena {
    struct arena_block *newest;
    size_t limit; /* bytes that may be taken in all; 0 for no limit */
    size_t taken;
};

/* An empty arena needs no other preparation than {0}; this one has a limit. */
struct arena arena_up_to(size_t limit);

/* n zeroed bytes, aligned for any type; NULL where memory or the limit is reached. */
void *arena_take(struct arena *, size_t n);
/* An array; NULL where count * size overflows as well. */
void *arena_array(struct arena *, size_t count, size_t size);
/* A copy that the arena owns. *out is empty for empty bytes. OK | E_NO_MEMORY */
MUST_USE enum result arena_copy(struct arena *, struct bytes, struct bytes *out);

/* Wipes and frees all of it; the arena is then empty and may be used again. */
void arena_free(struct arena *);

#endif
