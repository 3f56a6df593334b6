#include "base/reader.h"

#include <string.h>

struct reader reader_on(struct bytes b)
{
    if (b.len == 0)
        return (struct reader){0};
    return (struct reader){b.at, b.at + b.len, false};
}

size_t reader_left(const struct reader *r)
{
    return r->failed ? 0 : (size_t)(r->end - r->at);
}

void reader_fail(struct reader *r)
{
    r->failed = true;
}

struct bytes reader_take(struct reader *r, size_t n)
{
    if (r->failed || (size_t)(r->end - r->at) < n) {
        r->failed = true;
        return (struct bytes){0};
    }
    if (n == 0)
        return (struct bytes){0};

    struct bytes b = {r->at, n};
    r->at += n;
    return b;
}

void reader_copy(struct reader *r, void *to, size_t n)
{
    struct bytes b = reader_take(r, n);

    if (b.len != 0)
        memcpy(to, b.at, b.len);
}

static uint64_t big_endian(struct reader *r, size_t n)
{
    struct bytes b = reader_take(r, n);
    uint64_t value = 0;

    for (size_t i = 0; i < b.len; i++)
        value = value << 8 | b.at[i];
    return value;
}

uint8_t reader_u8(struct reader *r)
{
    return (uint8_t)big_endian(r, 1);
}

uint16_t reader_u16(struct reader *r)
{
    return (uint16_t)big_endian(r, 2);
}

uint32_t reader_u24(struct reader *r)
{
    return (uint32_t)big_endian(r, 3);
}

uint32_t reader_u32(struct reader *r)
{
    return (uint32_t)big_endian(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
    return big_endian(r, 8);
}

struct bytes reader_run8(struct reader *r)
{
    uint8_t len = reader_u8(r);

    return reader_take(r, len);
}

struct bytes reader_run16(struct reader *r)
{
    uint16_t len = reader_u16(r);

    return reader_take(r, len);
}

struct bytes reader_run32(struct reader *r)
{
    uint32_t len = reader_u32(r);

    return reader_take(r, len);
}

struct bytes reader_vector(struct reader *r)
{
    uint8_t first = reader_u8(r);
    unsigned prefix = first >> 6;
    uint32_t len = first & 0x3f;

    if (prefix == 3) {
        reader_fail(r);
        return (struct bytes){0};
    }
    for (unsigned more = (1u << prefix) - 1; more > 0; more--)
        len = len << 8 | reader_u8(r);

    /* A length in more bytes than it needs would give one value two encodings. */
    if ((prefix == 1 && len < 1u << 6) || (prefix == 2 && len < 1u << 14))
        reader_fail(r);
    return reader_take(r, len);
}

enum result reader_end(const struct reader *r)
{
    if (r->failed || r->at != r->end)
        return E_MALFORMED;
    return OK;
}
