#include "io/http_message.h"

#include "base/reader.h"

#include <event2/buffer.h>

enum { LINE_MAX_LEN = 256, TRAILER_MAX = 4096 };

enum result http_body_start(struct http_body *b, const struct http_message *m, enum http_kind kind,
                            size_t max)
{
    *b = (struct http_body){.max = max, .step = BODY_WHOLE};
    if (m->measured && m->length > max)
        return E_TOO_LARGE;
    b->held = evbuffer_new();
    if (b->held == NULL)
        return E_NO_MEMORY;
    b->left = m->length;
    if (m->chunked)
        b->step = BODY_CHUNK_SIZE;
    else if (m->measured && m->length != 0)
        b->step = BODY_COUNTED;
    else if (!m->measured && kind == HTTP_RESPONSE)
        b->step = BODY_TO_END;
    return OK;
}

void http_body_free(struct http_body *b)
{
    if (b->held != NULL)
        evbuffer_free(b->held);
    *b = (struct http_body){.step = BODY_WHOLE};
}

static enum result move(struct http_body *b, struct evbuffer *from, uint64_t most)
{
    size_t there = evbuffer_get_length(from), n = there < most ? there : (size_t)most;

    if (n > b->max - evbuffer_get_length(b->held))
        return E_TOO_LARGE;
    if (n != 0 && evbuffer_remove_buffer(from, b->held, n) != (int)n)
        return E_NO_MEMORY;
    b->left -= b->step == BODY_TO_END ? 0 : n;
    return OK;
}

/* A line that ends with CRLF, without it, in the caller's memory. OK | E_AGAIN | E_MALFORMED (longer) */
static enum result take_line(struct evbuffer *from, uint8_t line[static LINE_MAX_LEN], size_t *len)
{
    struct evbuffer_ptr end = evbuffer_search(from, "\r\n", 2, NULL);

    if (end.pos < 0 ? evbuffer_get_length(from) > LINE_MAX_LEN : end.pos >= LINE_MAX_LEN)
        return E_MALFORMED;
    if (end.pos < 0)
        return E_AGAIN;
    *len = (size_t)end.pos;
    evbuffer_remove(from, line, *len);
    evbuffer_drain(from, 2);
    return OK;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 9112, section 7.1; extensions of a chunk are passed over. */
static enum result chunk_size_read(struct bytes line, uint64_t *size)
{
    struct reader r = reader_on(line);
    uint64_t value = 0;
    unsigned digits = 0;

    while (reader_left(&r) != 0) {
        uint8_t c = reader_u8(&r);
        int digit = hex_digit(c);

        if (digit < 0) {
            if (digits == 0 || (c != ';' && c != ' ' && c != '\t'))
                return E_MALFORMED;
            break;
        }
        if (++digits > 15)
            return E_TOO_LARGE;
        value = value << 4 | (unsigned)digit;
    }
    *size = value;
    return digits != 0 ? OK : E_MALFORMED;
}

static enum result chunk_begin(struct http_body *b, struct evbuffer *from)
{
    uint8_t line[LINE_MAX_LEN];
    size_t len;
    enum result res = take_line(from, line, &len);

    if (res == OK)
        res = chunk_size_read(bytes(line, len), &b->left);
    if (res != OK)
        return res;
    if (b->left > b->max - evbuffer_get_length(b->held))
        return E_TOO_LARGE;
    b->step = b->left != 0 ? BODY_CHUNK : BODY_TRAILER;
    return OK;
}

static enum result chunk_end(struct http_body *b, struct evbuffer *from)
{
    uint8_t end[2];

    if (evbuffer_get_length(from) < sizeof end)
        return E_AGAIN;
    evbuffer_remove(from, end, sizeof end);
    if (end[0] != '\r' || end[1] != '\n')
        return E_MALFORMED;
    b->step = BODY_CHUNK_SIZE;
    return OK;
}

static enum result trailer_pass(struct http_body *b, struct evbuffer *from)
{
    uint8_t line[LINE_MAX_LEN];
    size_t len;
    enum result res = take_line(from, line, &len);

    if (res != OK)
        return res;
    b->trailer += len;
    if (b->trailer > TRAILER_MAX)
        return E_TOO_LARGE;
    if (len == 0)
        b->step = BODY_WHOLE;
    return OK;
}

static enum result step(struct http_body *b, struct evbuffer *from)
{
    enum result res;

    switch (b->step) {
    case BODY_CHUNK_SIZE:
        return chunk_begin(b, from);
    case BODY_CHUNK_END:
        return chunk_end(b, from);
    case BODY_TRAILER:
        return trailer_pass(b, from);
    case BODY_TO_END:
        res = move(b, from, UINT64_MAX);
        return res == OK ? E_AGAIN : res;
    case BODY_COUNTED:
    case BODY_CHUNK:
        res = move(b, from, b->left);
        if (res == OK && b->left != 0)
            return E_AGAIN;
        b->step = b->step == BODY_CHUNK ? BODY_CHUNK_END : BODY_WHOLE;
        return res;
    case BODY_WHOLE:
        break;
    }
    return OK;
}

enum result http_body_take(struct http_body *b, struct evbuffer *from)
{
    enum result res = OK;

    while (res == OK && b->step != BODY_WHOLE)
        res = step(b, from);
    return res;
}

enum result http_body_bytes(struct http_body *b, struct bytes *out)
{
    size_t len = b->held != NULL ? evbuffer_get_length(b->held) : 0;

    *out = (struct bytes){0};
    if (len == 0)
        return OK;
    *out = bytes(evbuffer_pullup(b->held, -1), len);
    return out->at != NULL ? OK : E_NO_MEMORY;
}
