/* A stream of bytes as HTTP messages: the first byte tells requests from responses and in how large pieces
 * the body arrives. A body in pieces must be the same as in one, and what a head gives lies within it. */
#include "io/http_connection.h"

#include <event2/buffer.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_MAX = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_within(struct bytes part, const uint8_t *block, size_t len)
{
    if (part.len != 0)
        assert(part.at >= block && part.at + part.len <= block + len);
}

static void check_head(const struct http_message *m, enum http_kind kind, const uint8_t *block, size_t len)
{
    const struct http_head *head = &m->head;

    assert(head->count <= HTTP_HEADERS_MAX);
    assert(!(m->chunked && m->measured));
    if (kind == HTTP_REQUEST)
        assert(head->method.len != 0 && head->path.len != 0);
    else
        assert(head->status >= 100 && head->status < 600);
    check_within(head->method, block, len);
    check_within(head->path, block, len);
    check_within(head->query, block, len);
    for (unsigned i = 0; i < head->count; i++) {
        assert(head->headers[i].name.len != 0);
        check_within(head->headers[i].name, block, len);
        check_within(head->headers[i].value, block, len);
        assert(head->headers[i].value.len == 0 ||
               memchr(head->headers[i].value.at, '\n', head->headers[i].value.len) == NULL);
    }
    (void)http_header(head, "Content-Length");
    (void)http_header_has(head, "Connection", "upgrade");
    (void)http_forwarded(head);
}

/* What comes of a body that arrives `piece` bytes at a time. */
static enum result body(const struct http_message *m, enum http_kind kind, struct bytes rest, size_t piece,
                        struct http_body *b, struct evbuffer *from)
{
    enum result res = http_body_start(b, m, kind, BODY_MAX);

    if (res != OK)
        return res;
    res = http_body_take(b, from);
    for (size_t at = 0; at < rest.len && res == E_AGAIN; at += piece) {
        if (evbuffer_add(from, rest.at + at, rest.len - at < piece ? rest.len - at : piece) != 0)
            abort();
        res = http_body_take(b, from);
    }
    return res;
}

static void check_body(const struct http_message *m, enum http_kind kind, struct bytes rest, size_t piece)
{
    struct evbuffer *from[2] = {evbuffer_new(), evbuffer_new()};
    struct http_body bodies[2];
    struct bytes whole[2];
    enum result res[2];

    for (int i = 0; i < 2; i++) {
        res[i] = body(m, kind, rest, i == 0 ? piece : rest.len + 1, &bodies[i], from[i]);
        if (http_body_bytes(&bodies[i], &whole[i]) != OK)
            abort();
        assert(whole[i].len <= BODY_MAX);
    }
    assert(res[0] == res[1]);
    if (res[0] == OK)
        assert(bytes_equal(whole[0], whole[1]));
    for (int i = 0; i < 2; i++) {
        http_body_free(&bodies[i]);
        evbuffer_free(from[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct evbuffer *from = evbuffer_new();
    struct http_message m;
    enum http_kind kind;
    uint8_t *block = NULL;
    size_t piece, len;

    if (size != 0) {
        kind = data[0] & 1 ? HTTP_RESPONSE : HTTP_REQUEST;
        piece = (data[0] >> 1) + 1u;
        if (evbuffer_add(from, data + 1, size - 1) != 0)
            abort();
        if (http_head_take(from, &block, &len) == OK &&
            http_message_read(bytes(block, len), kind, &m) == OK) {
            check_head(&m, kind, block, len);
            check_body(&m, kind, bytes(data + 1 + len, size - 1 - len), piece);
        }
    }
    free(block);
    evbuffer_free(from);
    return 0;
}
