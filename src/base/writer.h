/* Writes a message into memory that somebody else owns. Like the reader it fails once and stays failed:
 * nothing is written past the end, and the caller asks once, with `writer_end`. */
#ifndef BASE_WRITER_H
#define BASE_WRITER_H

#include "base/bytes.h"
#include "base/result.h"

struct writer {
    uint8_t *start, *at, *end;
    bool failed;
};

struct writer writer_on(struct bytes_mut);
/* The whole of an array. */
#define writer_over(array) writer_on((struct bytes_mut){(array), sizeof(array)})

/* Integers in network byte order. */
void writer_u8(struct writer *, uint8_t);
void writer_u16(struct writer *, uint16_t);
void writer_u24(struct writer *, uint32_t);
void writer_u32(struct writer *, uint32_t);
void writer_u64(struct writer *, uint64_t);

void writer_put(struct writer *, struct bytes);
void writer_zeros(struct writer *, size_t);

/* A run with its length before it; one that is too long for the length's width fails. */
void writer_run8(struct writer *, struct bytes);
void writer_run16(struct writer *, struct bytes);
void writer_run32(struct writer *, struct bytes);
/* Variable-size vector (RFC 9420, section 2.1.2). */
void writer_vector(struct writer *, struct bytes);
/* The length alone of such a vector, for content that is written piece by piece and whose size is known. */
void writer_vector_length(struct writer *, size_t);

/* Opens a run whose length is not known yet; close it with the same width (1, 2 or 4) and the mark. */
size_t writer_open(struct writer *, unsigned width);
void writer_close(struct writer *, size_t mark, unsigned width);

/* Hands out n bytes of the message to be filled by the caller; NULL when there is no room. */
uint8_t *writer_room(struct writer *, size_t n);

void writer_fail(struct writer *);
size_t writer_used(const struct writer *);

/* OK and what was written, or E_TOO_LARGE; *out may be NULL. */
MUST_USE enum result writer_end(const struct writer *, struct bytes *out);

#endif
