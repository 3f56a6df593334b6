/* A message in the making whose size is not known beforehand: bytes that grow. Like the writer it fails once
 * and stays failed, here for want of memory, and the caller asks once, with `buffer_end`. Its owner frees it;
 * everything that was ever in it is wiped. */
#ifndef CORE_BUFFER_H
#define CORE_BUFFER_H

#include "base/bytes.h"
#include "base/result.h"

/* An empty one is {0}. */
struct buffer {
    uint8_t *at;
    size_t len, room;
    bool failed;
};

/* Integers in network byte order. */
void buffer_u8(struct buffer *, uint8_t);
void buffer_u16(struct buffer *, uint16_t);
void buffer_u32(struct buffer *, uint32_t);
void buffer_u64(struct buffer *, uint64_t);

void buffer_put(struct buffer *, struct bytes);
void buffer_zeros(struct buffer *, size_t);
/* n bytes at the end, to be filled by the caller before the next call; NULL after a failure. */
uint8_t *buffer_room(struct buffer *, size_t n);

/* A variable-size vector (RFC 9420, section 2.1.2): at once, or opened and closed around what is written in
 * between. They nest. */
void buffer_vector(struct buffer *, struct bytes);
size_t buffer_open(struct buffer *);
void buffer_close(struct buffer *, size_t mark);

struct bytes buffer_bytes(const struct buffer *);
/* OK and what was written, valid until the buffer changes; *out may be NULL. OK | E_NO_MEMORY */
MUST_USE enum result buffer_end(const struct buffer *, struct bytes *out);

/* Wipes; the buffer is then empty and may be used again. */
void buffer_free(struct buffer *);

#endif
