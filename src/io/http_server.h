/* For this folder's own files: what a WebSocket takes over from the HTTP server. */
#ifndef IO_HTTP_SERVER_H
#define IO_HTTP_SERVER_H

#include "io/http.h"

struct bufferevent;

/* A connection that is HTTP no longer counts against the server's limit until it leaves. Part of its new
 * owner; the server may go first. */
struct http_guest {
    struct http_server *server; /* NULL when it has gone */
    struct http_guest *next, *previous;
    int crowd; /* where it counts, or CROWD_NONE */
};

/* Whether one more guest may come from there. */
bool http_guest_allowed(const struct http_server *, const struct address *from);
/* The stream of a request that waits for its answer, without callbacks; the caller owns it now. */
struct bufferevent *http_stream_take(struct http_turn, const struct address *from, struct http_guest *);
void http_guest_leave(struct http_guest *);
struct loop *http_server_loop(const struct http_server *);

/* As http_route_add, and frees `owned` with the server, or at once on failure. */
MUST_USE enum result http_route_add_owned(struct http_server *, const struct http_route *, void *owned);

/* An answer as bytes. `allow` names methods (405 and OPTIONS); `upgrade` a protocol (426). */
struct http_reply_extra {
    const char *allow, *upgrade;
    bool close, no_body;
};
struct evbuffer;
MUST_USE enum result http_reply_write(const struct http_reply *, const struct http_reply_extra *,
                                      struct evbuffer *);

/* As http_answer_text, with a header Upgrade. */
void http_answer_upgrade(struct http_turn, const char *protocol, const char *line);

#endif
