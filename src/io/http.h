/* HTTP/1.1 (RFC 9112), as little as Teahouse needs: a server with routes, and a client with one connection.
 * All on one loop's thread. No pipelining: a second request waits until the first is answered. */
#ifndef IO_HTTP_H
#define IO_HTTP_H

#include "base/address.h"
#include "io/gate.h"
#include "io/loop.h"
#include "io/tls.h"
#include "io/url.h"

enum {
    HTTP_HEAD_MAX = 16 * 1024, /* request line and headers: beyond it 431 */
    HTTP_BODY_MAX = 64 * 1024, /* where a route does not say otherwise: beyond it 413 */
    HTTP_HEADERS_MAX = 64
};

struct http_header {
    struct bytes name, value;
};

/* A message's head, borrowed from the connection. */
struct http_head {
    struct bytes method, path, query; /* of requests; the path as sent, without `?` and the query */
    unsigned status;                  /* of responses */
    unsigned count;
    struct http_header headers[HTTP_HEADERS_MAX];
};

/* The value of the one header of that name (any case); empty where there is none, or more than one. */
struct bytes http_header(const struct http_head *, const char *name);

/* ---- server */

struct http_server;

/* One request's right to be answered, once. A value that may be kept and copied: if the peer has left or the
 * request is answered, a reply to it does nothing. Good while the server lives. */
struct http_turn {
    struct http_server *server;
    uint64_t number;
};

/* Valid until the handler returns. */
struct http_request {
    const struct http_head *head;
    struct bytes rest; /* the last segment, where the route has `below`; at least 1 byte, as sent */
    struct bytes body;
    struct address from; /* the peer of the connection; behind a proxy whom that names, or zeros */
};

/* A method and a path that are handled. Plain data with static strings; the context is borrowed. */
struct http_route {
    const char *method, *path;
    bool below; /* the path and one more segment: `/media/` takes `/media/x`, not `/media/` or `/media/x/y` */
    size_t body_max; /* 0 for HTTP_BODY_MAX */
    void (*handle)(void *context, const struct http_request *, struct http_turn);
    void *context;
};

/* Numbers may be 0 for the default that stands behind them. */
struct http_server_options {
    struct loop *loop; /* borrowed */
    const char *const
        *origins; /* the public URLs, up to a NULL; borrowed. A request with an Origin that is none of
                     these is answered 403 before anything else happens (field report G49) */
    unsigned connections_max; /* 1024; beyond it the listener rests until one has gone */
    unsigned
        connections_each; /* no limit; of one address (base/crowd.h) at a time; a further one is closed */
    bool behind_proxy;    /* people come by a proxy, which adds its peer to X-Forwarded-For as the last one;
                             connections_each is then of WebSockets, and a further one is answered 429 */
    uint32_t head_ms;     /* 10 s for a whole head, from its first byte; the first one of a connection from
                             the accept on, TLS handshake included */
    uint32_t body_ms;     /* 20 s for a whole body */
    uint32_t idle_ms;     /* 60 s between requests */
    uint32_t write_ms;    /* 20 s without the peer taking any of an answer */
};

/* OK | E_NO_MEMORY | E_MALFORMED (an origin is no URL) | E_CRYPTO */
MUST_USE enum result http_server_new(const struct http_server_options *, struct http_server **out);
/* Ends listeners and connections; turns and routes are void. Not from within a handler. NULL is fine. */
void http_server_free(struct http_server *);
/* Listens; several times if wanted. Port 0 takes a free one; *real gets the address with the real port. `tls`
 * is borrowed, NULL for plain. OK | E_NO_MEMORY | E_IO (errno: EADDRINUSE, ...) */
MUST_USE enum result http_listen(struct http_server *, const struct address *at, const struct tls *tls,
                                 struct address *real);
/* HEAD is answered by a GET route without the body, OPTIONS from the table of routes. OK | E_NO_MEMORY |
 * E_EXISTS */
MUST_USE enum result http_route_add(struct http_server *, const struct http_route *);

/* An answer; everything is copied. Security headers, date and length are added by themselves. */
struct http_reply {
    unsigned status;
    const char *type; /* Content-Type; NULL where there is no body */
    struct bytes body;
    struct bytes location, etag,
        cache;            /* Location, ETag and Cache-Control (`no-store` by default) where not empty */
    const char *policy;   /* Content-Security-Policy; NULL for one that allows nothing */
    const char *encoding; /* Content-Encoding; NULL for none */
    bool varies;          /* the same path has other encodings too */
};

/* Now or later. A location or etag with a control character is our bug. */
void http_answer(struct http_turn, const struct http_reply *);
/* One line of text for people. */
void http_answer_text(struct http_turn, unsigned status, const char *line);
/* Whether the peer still waits for it. */
bool http_waits(struct http_turn);

/* ---- client */

struct http_client;

struct http_client_options {
    struct loop *loop; /* these three are borrowed */
    const struct gate *gate;
    const struct tls *tls; /* for https; NULL makes https E_UNSUPPORTED */
    uint32_t wait_ms;      /* for a whole answer, from http_request on; 0 for 10 s */
    size_t body_max;       /* of answers; 0 for HTTP_BODY_MAX */
};

/* A client of the URL's host; its path is not used. OK | E_NO_MEMORY | E_MALFORMED | E_UNSUPPORTED */
MUST_USE enum result http_client_new(const struct http_client_options *, struct bytes url,
                                     struct http_client **out);
/* Drops the request that is under way, without a call. May be called from `answered`. NULL is fine. */
void http_client_free(struct http_client *);
/* Whom the newest connection went to: in `answered`, whose answer it is. False before the first. */
bool http_client_peer(const struct http_client *, struct address *out);
/* Opens the connection in advance, so that the first request need not wait for it. Failures show at the
 * request. */
void http_connect(struct http_client *);

struct http_ask {
    const char *method;
    struct bytes path;   /* absolute, with the query */
    const char *type;    /* Content-Type; NULL where there is no body */
    struct bytes bearer; /* Authorization: Bearer; may be empty */
    struct bytes body;
};

/* Sends one request, on the connection that is there or a new one; everything is copied. `answered` is called
 * once, from the loop: with OK, head and body, both valid until it returns; or without them and a result of
 * gate_open, E_CLOSED, E_EXPIRED, E_TOO_LARGE, E_MALFORMED, E_FORGED (the certificate is not the host's) or
 * E_CRYPTO (no TLS with it). Redirects are not followed. OK | E_STATE (one is under way) | E_NO_MEMORY |
 * E_MALFORMED */
MUST_USE enum result http_request(struct http_client *, const struct http_ask *,
                                  void (*answered)(void *context, enum result, const struct http_head *,
                                                   struct bytes body),
                                  void *context);

#endif
