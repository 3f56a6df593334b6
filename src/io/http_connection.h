/* For the server's own files: the server, its routes and one connection of it, which know each other. */
#ifndef IO_HTTP_CONNECTION_H
#define IO_HTTP_CONNECTION_H

#include "base/crowd.h"
#include "io/http_message.h"
#include "io/http_server.h"
#include "io/stream.h"

struct evconnlistener;

enum { ORIGINS_MAX = 8, LISTENERS_MAX = 8, ALLOW_SIZE = 128, CROWDS = 1 << 14 };

enum http_state {
    HTTP_AT_HEAD,   /* waiting for a head, or for the rest of it */
    HTTP_AT_BODY,   /* and for the body */
    HTTP_AT_TURN,   /* a handler has it; the peer must stay */
    HTTP_AT_ANSWER, /* the answer is on its way */
    HTTP_AT_LINGER, /* answered and shut; what still comes is thrown away, so that no reset overtakes the
                       answer */
    HTTP_AT_TAKEN   /* the stream is a guest's */
};

struct http_entry {
    struct http_entry *next;
    struct http_route is;
    void *owned;
};

struct http_connection {
    struct http_server *server;
    unsigned slot;
    enum http_state state;
    struct bufferevent *stream;
    struct address from;
    int crowd;
    struct loop_timer *timer;
    bool begun;     /* bytes of the next head have come */
    uint8_t *block; /* the head's memory, from HTTP_AT_BODY to HTTP_AT_ANSWER */
    struct http_message message;
    struct http_body body;
    const struct http_entry *route;
    struct bytes rest;
    uint64_t turn; /* 0 when there is none */
    bool keep;
    bool deaf; /* the peer sent its last byte */
};

struct http_listener {
    struct http_server *server;
    struct evconnlistener *accepts;
    const struct tls *tls;
};

struct http_server {
    struct http_server_options options;
    struct http_entry *routes;
    char origins[ORIGINS_MAX][URL_ORIGIN_SIZE];
    unsigned origin_count;
    struct http_listener listeners[LISTENERS_MAX];
    unsigned listener_count;
    struct loop_timer *rested; /* after an error of accept */
    struct http_connection **slots;
    unsigned count; /* connections and guests */
    uint8_t seed[16];
    uint16_t *crowds; /* CROWDS: connections and guests of each */
    uint64_t turns;
    struct http_guest *guests;
};

/* The place has been taken in `count` and its crowd; from here on the connection cares for itself. Takes the
 * descriptor. */
void http_connection_open(struct http_server *, int fd, const struct tls *, const struct address *from,
                          int crowd);
/* The place in `count` stays. */
void http_connection_free(struct http_connection *);
void http_connection_answer(struct http_connection *, const struct http_reply *, struct http_reply_extra *);
/* The stream of one whose handler is at work, without callbacks; the connection ends with the handler. */
struct bufferevent *http_connection_release(struct http_connection *);
struct http_reply http_reply_text(unsigned status, const char *line);

/* A place in `count` and in the crowd has become free. */
void http_server_left(struct http_server *, int crowd);

/* Whom the proxy before us names as its peer: the last one of X-Forwarded-For, whose others anybody may have
 * made up. Zeros where it names none. */
struct address http_forwarded(const struct http_head *);

bool http_origin_allowed(const struct http_server *, const struct http_head *);
/* NULL where there is none; *rest as in http_request. */
const struct http_entry *http_entry_find(const struct http_server *, const struct http_head *,
                                         struct bytes *rest);
/* What a path offers, as the value of Allow; empty where it is nobody's. */
void http_entries_allow(const struct http_server *, struct bytes path, char allow[static ALLOW_SIZE]);

#endif
