#include "core/buffer.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 256 };

/* By hand and not by realloc, which would leave an unwiped copy behind. */
static bool grow(struct buffer *b, size_t n)
{
    size_t room = b->room < FIRST_ROOM ? FIRST_ROOM : b->room * 2;
    uint8_t *at;

    if (n > SIZE_MAX / 4 || b->len > SIZE_MAX / 4)
        return false;
    if (room < b->len + n)
        room = b->len + n;
    at = malloc(room);
    if (at == NULL)
        return false;
    if (b->len != 0)
        memcpy(at, b->at, b->len);
    wipe(b->at, b->len);
    free(b->at);
    b->at = at;
    b->room = room;
    return true;
}

uint8_t *buffer_room(struct buffer *b, size_t n)
{
    if (b->failed)
        return NULL;
    if ((b->at == NULL || b->room - b->len < n) && !grow(b, n)) {
        b->failed = true;
        return NULL;
    }

    uint8_t *room = b->at + b->len;
    b->len += n;
    return room;
}

static void big_endian(struct buffer *b, uint64_t value, size_t n)
{
    uint8_t *room = buffer_room(b, n);

    if (room == NULL)
        return;
    while (n > 0) {
        room[--n] = (uint8_t)value;
        value >>= 8;
    }
}

void buffer_u8(struct buffer *b, uint8_t value)
{
    big_endian(b, value, 1);
}

void buffer_u16(struct buffer *b, uint16_t value)
{
    big_endian(b, value, 2);
}

void buffer_u32(struct buffer *b, uint32_t value)
{
    big_endian(b, value, 4);
}

void buffer_u64(struct buffer *b, uint64_t value)
{
    big_endian(b, value, 8);
}

void buffer_put(struct buffer *b, struct bytes bytes)
{
    uint8_t *room = buffer_room(b, bytes.len);

    if (room != NULL && bytes.len != 0)
        memcpy(room, bytes.at, bytes.len);
}

void buffer_zeros(struct buffer *b, size_t n)
{
    uint8_t *room = buffer_room(b, n);

    if (room != NULL && n != 0)
        memset(room, 0, n);
}

static void vector_length(struct buffer *b, size_t len)
{
    if (len < 1u << 6)
        big_endian(b, len, 1);
    else if (len < 1u << 14)
        big_endian(b, len | 1u << 14, 2);
    else if (len < 1u << 30)
        big_endian(b, len | 2u << 30, 4);
    else
        b->failed = true;
}

void buffer_vector(struct buffer *b, struct bytes bytes)
{
    vector_length(b, bytes.len);
    buffer_put(b, bytes);
}

size_t buffer_open(struct buffer *b)
{
    return b->len;
}

void buffer_close(struct buffer *b, size_t mark)
{
    uint8_t header[4];
    size_t len = b->len - mark, header_len;

    if (b->failed)
        return;
    /* The length goes behind the content first, so that its own size is known, and then changes places. */
    vector_length(b, len);
    if (b->failed)
        return;
    header_len = b->len - mark - len;
    memcpy(header, b->at + mark + len, header_len);
    memmove(b->at + mark + header_len, b->at + mark, len);
    memcpy(b->at + mark, header, header_len);
}

struct bytes buffer_bytes(const struct buffer *b)
{
    return bytes(b->at, b->failed ? 0 : b->len);
}

enum result buffer_end(const struct buffer *b, struct bytes *out)
{
    if (b->failed)
        return E_NO_MEMORY;
    if (out != NULL)
        *out = buffer_bytes(b);
    return OK;
}

void buffer_free(struct buffer *b)
{
    wipe(b->at, b->len);
    free(b->at);
    *b = (struct buffer){0};
}
