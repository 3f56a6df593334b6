/* Borrowed runs of bytes. Whoever made the memory owns it; a `struct bytes` is never freed. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    const uint8_t *at;
    size_t len;
};

struct bytes_mut {
    uint8_t *at;
    size_t len;
};

/* An array, or any object, as bytes. */
#define BYTES_OF(object)    ((struct bytes){(const uint8_t *)&(object), sizeof(object)})
/* A string literal without its closing zero. */
#define BYTES_TEXT(literal) ((struct bytes){(const uint8_t *)("" literal), sizeof(literal) - 1})

static inline struct bytes bytes(const void *at, size_t len)
{
    return (struct bytes){at, len};
}

static inline struct bytes bytes_const(struct bytes_mut b)
{
    return (struct bytes){b.at, b.len};
}

/* A zero-terminated string as bytes, without the zero. */
struct bytes bytes_string(const char *);

/* Equality of public values; it stops at the first difference. Secrets take `equal_secret`. */
bool bytes_equal(struct bytes, struct bytes);

/* Order as by memcmp, the shorter first where one begins the other. */
int bytes_compare(struct bytes, struct bytes);

/* Equality in time that depends on the length alone. */
bool equal_secret(const void *, const void *, size_t);

/* Zeroes memory in a way that the compiler keeps. NULL with 0 is fine. */
void wipe(void *, size_t);

#endif
