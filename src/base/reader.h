/* The only door for hostile bytes: a bounded reader that fails once and stays failed.
 *
 * Read in order, ask once at the end with `reader_end`, store only on success. After a failure every
 * read gives zero or an empty run. Reads are statements, never arguments or initialisers, because C
 * fixes no order there. */
#ifndef BASE_READER_H
#define BASE_READER_H

#include "base/bytes.h"
#include "base/result.h"

struct reader {
    const uint8_t *at, *end;
    bool failed;
};

struct reader reader_on(struct bytes);

/* Integers in network byte order. */
uint8_t reader_u8(struct reader *);
uint16_t reader_u16(struct reader *);
uint32_t reader_u24(struct reader *);
uint32_t reader_u32(struct reader *);
uint64_t reader_u64(struct reader *);

/* The next n bytes, borrowed from the message. */
struct bytes reader_take(struct reader *, size_t n);

/* Copies the next n bytes; `to` is left untouched on failure. */
void reader_copy(struct reader *, void *to, size_t n);

/* A run that its length precedes: in 1, 2 or 4 bytes, or as a variable-size vector (RFC 9420, section 2.1.2,
 * which takes only the shortest form of a length). */
struct bytes reader_run8(struct reader *);
struct bytes reader_run16(struct reader *);
struct bytes reader_run32(struct reader *);
struct bytes reader_vector(struct reader *);

/* How many bytes are left; 0 after a failure. */
size_t reader_left(const struct reader *);

/* Marks the message as bad, for a value that was read whole and cannot be. */
void reader_fail(struct reader *);

/* OK, or E_MALFORMED where a read failed or bytes are left over. */
MUST_USE enum result reader_end(const struct reader *);

#endif
