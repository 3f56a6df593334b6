/* WebSocket (RFC 6455): binary messages only, whole and of a bounded size, both ways. A text message closes
 * with 1003, one that grows beyond the cap with 1009 before it is whole (field report G50), a breach of the
 * protocol with 1002. A link lives on its loop's thread. */
#ifndef IO_WS_H
#define IO_WS_H

#include "io/http.h"

struct ws;

/* Numbers may be 0 for the default that stands behind them. */
struct ws_limits {
    size_t message_max; /* 64 KiB: the whole message, however many frames bring it */
    size_t queue_max;   /* 1 MiB: what a slow reader may leave unread; beyond it 1008, E_AGAIN */
    uint32_t ping_ms;   /* 15 s: after so long without a byte from the peer it is pinged */
    uint32_t dead_ms;   /* 40 s: after so long without one it is given up; more than ping_ms */
    uint32_t whole_ms;  /* 60 s: a message that is not whole so long after its first byte, or ping_ms later at
                           most, closes with 1008, E_EXPIRED: nobody holds memory by drops */
};

/* What a link tells. Each may be NULL. */
struct ws_events {
    void (*opened)(void *context, struct ws *); /* clients: the 101 has come; before it ws_send is E_STATE */
    void (*message)(void *context, struct ws *, struct bytes); /* borrowed until it returns */
    /* The last call, once; the link is freed when it returns. `code` is the peer's or ours (RFC 6455,
     * section 7.4), 1006 where the connection broke. `why`: OK (closed in order by either side) | E_CLOSED |
     * E_EXPIRED (dead, never opened, or too slow with a message) | E_TOO_LARGE | E_MALFORMED | E_AGAIN (reads
     * too slowly) | E_NO_MEMORY | E_REFUSED (not upgraded: the server's status is in `code`) | a result of
     * gate_open | E_FORGED, E_CRYPTO (TLS) */
    void (*closed)(void *context, struct ws *, unsigned code, enum result why);
};

/* Server: GET on `path` with an upgrade. Plain data with static strings. `accept` is called for each new
 * link, already open, and must answer with ws_attach or ws_free. The limit of connections counts links too,
 * but a link is no longer the server's: it outlives it until `closed` or ws_free. */
struct ws_route {
    const char *path;
    const char *protocol; /* the subprotocol that must be offered; NULL for none */
    struct ws_limits limits;
    void (*accept)(void *context, struct ws *, const struct http_request *);
    void *context;
};
/* OK | E_NO_MEMORY | E_EXISTS */
MUST_USE enum result ws_route_add(struct http_server *, const struct ws_route *);
/* Names who hears of a link: the events (static) and their context. */
void ws_attach(struct ws *, const struct ws_events *, void *context);

/* Client. Options are borrowed for the call; what they point at, for the link's life. `closed` comes even if
 * it never opens. OK | E_NO_MEMORY | E_MALFORMED (URL) | E_UNSUPPORTED (scheme, or wss without tls) */
struct ws_client_options {
    struct loop *loop;
    const struct gate *gate;
    const struct tls *tls;
    const char *protocol;
    struct ws_limits limits;
    uint32_t open_ms; /* 10 s for connection and 101 */
};
MUST_USE enum result ws_connect(const struct ws_client_options *, struct bytes url, const struct ws_events *,
                                void *context, struct ws **out);

/* Queues one binary message; copied. OK | E_STATE (not open yet, or closing) | E_TOO_LARGE (over message_max)
 * | E_AGAIN (the peer reads too slowly: the link is being closed with 1008) | E_NO_MEMORY */
MUST_USE enum result ws_send(struct ws *, struct bytes message);
/* Starts the closing handshake; messages queued before go out first. `reason` is a short ASCII literal, or
 * "". `closed` follows, after 3 s at the latest. Calling it again does nothing. */
void ws_close(struct ws *, unsigned code, const char *reason);
/* Drops the link at once, without a call. From anywhere, its own callbacks included. NULL is fine. */
void ws_free(struct ws *);
/* The peer of the connection. */
struct address ws_peer(const struct ws *);

#endif
