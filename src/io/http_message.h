/* For this folder's own files: HTTP/1.1 messages as bytes (RFC 9112). Strict where laxness has let one server
 * see two requests where another saw one: lines end with CRLF, no folding, one Content-Length, never together
 * with chunks. */
#ifndef IO_HTTP_MESSAGE_H
#define IO_HTTP_MESSAGE_H

#include "io/http.h"

struct evbuffer;

enum http_kind { HTTP_REQUEST, HTTP_RESPONSE };

struct http_message {
    struct http_head head;
    bool keep;     /* the connection may carry another message */
    bool chunked;  /* neither this nor `measured`: no body in a request, up to the end of a response */
    bool measured; /* `length` was given */
    bool expects_continue;
    uint64_t length;
};

/* `block` is all up to and with the empty line; *out borrows from it. OK | E_MALFORMED | E_TOO_LARGE (too
 * many headers) | E_UNSUPPORTED (another version, or a transfer coding other than chunked) */
MUST_USE enum result http_message_read(struct bytes block, enum http_kind, struct http_message *out);

/* Moves the head of a message, with its empty line, from the buffer to memory that the caller frees.
 * OK | E_AGAIN (not whole yet) | E_TOO_LARGE | E_MALFORMED (already its first byte cannot be one) |
 * E_NO_MEMORY */
MUST_USE enum result http_head_take(struct evbuffer *from, uint8_t **block, size_t *len);

unsigned http_header_count(const struct http_head *, const char *name);
/* Whether one of the comma-separated tokens of all headers of that name is this one; in any case. */
bool http_header_has(const struct http_head *, const char *name, const char *token);
bool http_text_is(struct bytes, const char *); /* in any case */

enum http_body_step {
    BODY_COUNTED,
    BODY_TO_END,
    BODY_CHUNK_SIZE,
    BODY_CHUNK,
    BODY_CHUNK_END,
    BODY_TRAILER,
    BODY_WHOLE
};

/* A body on its way. */
struct http_body {
    enum http_body_step step;
    uint64_t left;         /* of the counted body or the chunk */
    size_t max, trailer;   /* the cap; bytes of trailers so far */
    struct evbuffer *held; /* owned */
};

/* OK | E_TOO_LARGE (announced) | E_NO_MEMORY */
MUST_USE enum result http_body_start(struct http_body *, const struct http_message *, enum http_kind,
                                     size_t max);
void http_body_free(struct http_body *);
/* Takes what it can. OK (whole) | E_AGAIN | E_TOO_LARGE | E_MALFORMED | E_NO_MEMORY */
MUST_USE enum result http_body_take(struct http_body *, struct evbuffer *from);
/* The body in one piece; borrowed. OK | E_NO_MEMORY */
MUST_USE enum result http_body_bytes(struct http_body *, struct bytes *out);

#endif
