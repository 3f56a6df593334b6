/* What our own libraries have taken from the heap: whether a call leaves all of it byte for byte as it was,
 * and whether what it gives back still holds a secret. The linker leads malloc, calloc and free here, as for
 * support/denied.h; what other libraries take is not seen. For tests with one thread. */
#ifndef SUPPORT_HEAP_H
#define SUPPORT_HEAP_H

#include "base/bytes.h"

/* From here on blocks are seen; those that were taken before are not. */
void heap_watch(void);
/* Of all blocks that are in use, where they are and what is in them: equal where nothing has changed. */
uint64_t heap_image(void);
size_t heap_blocks(void);

/* Each block that is freed from now on is searched for the secret, which is copied; 16 bytes at least, so
 * that no other bytes are taken for it. */
void heap_search(struct bytes secret);
/* Freed blocks in which a secret stood. */
unsigned heap_found(void);
/* No more searching. */
void heap_search_end(void);

#endif
