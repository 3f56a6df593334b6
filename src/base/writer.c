#include "base/writer.h"

#include <string.h>

struct writer writer_on(struct bytes_mut room)
{
    if (room.len == 0)
        return (struct writer){0};
    return (struct writer){room.at, room.at, room.at + room.len, false};
}

void writer_fail(struct writer *w)
{
    w->failed = true;
}

size_t writer_used(const struct writer *w)
{
    return (size_t)(w->at - w->start);
}

uint8_t *writer_room(struct writer *w, size_t n)
{
    if (w->failed || (size_t)(w->end - w->at) < n) {
        w->failed = true;
        return NULL;
    }

    uint8_t *room = w->at;
    if (n != 0)
        w->at += n;
    return room;
}

static void big_endian(struct writer *w, uint64_t value, size_t n)
{
    uint8_t *room = writer_room(w, n);

    if (room == NULL)
        return;
    while (n > 0) {
        room[--n] = (uint8_t)value;
        value >>= 8;
    }
}

void writer_u8(struct writer *w, uint8_t value)
{
    big_endian(w, value, 1);
}

void writer_u16(struct writer *w, uint16_t value)
{
    big_endian(w, value, 2);
}

void writer_u24(struct writer *w, uint32_t value)
{
    if (value >> 24 != 0)
        writer_fail(w);
    big_endian(w, value, 3);
}

void writer_u32(struct writer *w, uint32_t value)
{
    big_endian(w, value, 4);
}

void writer_u64(struct writer *w, uint64_t value)
{
    big_endian(w, value, 8);
}

void writer_put(struct writer *w, struct bytes b)
{
    uint8_t *room = writer_room(w, b.len);

    if (room != NULL && b.len != 0)
        memcpy(room, b.at, b.len);
}

void writer_zeros(struct writer *w, size_t n)
{
    uint8_t *room = writer_room(w, n);

    if (room != NULL && n != 0)
        memset(room, 0, n);
}

static void run(struct writer *w, struct bytes b, unsigned width)
{
    if (width < sizeof b.len && b.len >> (8 * width) != 0)
        writer_fail(w);
    big_endian(w, b.len, width);
    writer_put(w, b);
}

void writer_run8(struct writer *w, struct bytes b)
{
    run(w, b, 1);
}

void writer_run16(struct writer *w, struct bytes b)
{
    run(w, b, 2);
}

void writer_run32(struct writer *w, struct bytes b)
{
    run(w, b, 4);
}

void writer_vector_length(struct writer *w, size_t len)
{
    if (len < 1u << 6)
        big_endian(w, len, 1);
    else if (len < 1u << 14)
        big_endian(w, len | 1u << 14, 2);
    else if (len < 1u << 30)
        big_endian(w, len | 2u << 30, 4);
    else
        writer_fail(w);
}

void writer_vector(struct writer *w, struct bytes b)
{
    writer_vector_length(w, b.len);
    writer_put(w, b);
}

size_t writer_open(struct writer *w, unsigned width)
{
    writer_zeros(w, width);
    return writer_used(w);
}

void writer_close(struct writer *w, size_t mark, unsigned width)
{
    if (w->failed)
        return;

    size_t len = writer_used(w) - mark;
    if (width < sizeof len && len >> (8 * width) != 0) {
        writer_fail(w);
        return;
    }

    uint8_t *field = w->start + mark - width;
    for (unsigned i = width; i > 0; i--) {
        field[i - 1] = (uint8_t)len;
        len >>= 8;
    }
}

enum result writer_end(const struct writer *w, struct bytes *out)
{
    if (w->failed)
        return E_TOO_LARGE;
    if (out != NULL)
        *out = (struct bytes){w->start, writer_used(w)};
    return OK;
}
