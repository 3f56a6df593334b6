/* For this folder's own files: a connection as a bufferevent, with or without TLS. */
#ifndef IO_STREAM_H
#define IO_STREAM_H

#include "io/gate.h"
#include "io/loop.h"
#include "io/tls.h"

#include <event2/bufferevent.h>
#include <event2/event.h>

/* Takes the descriptor, on failure too. `tls` NULL: plain. `host` NULL: the server's side. NULL where memory
 * is short. */
struct bufferevent *stream_new(struct loop *, int fd, const struct tls *, const char *host);
/* Why an event other than BEV_EVENT_CONNECTED came. Never OK. */
enum result stream_why(struct bufferevent *, short events);
/* No more will be written: the peer is told, in TLS and TCP. */
void stream_shut(struct bufferevent *);

/* A client's connection: through the gate, then TLS. */
struct dial;
/* `done` is called once, never from within: with OK, a connection without callbacks, which is the callee's,
 * and its peer; or with a reason of gate_open | E_FORGED | E_CRYPTO | E_CLOSED. The dial is over then. OK |
 * E_MALFORMED | E_NO_MEMORY */
MUST_USE enum result
dial_open(const struct gate *, struct loop *, const struct tls *, const char *host, uint16_t port,
          void (*done)(void *context, enum result, struct bufferevent *, const struct address *),
          void *context, struct dial **out);
/* Gives up, without a call. NULL is fine. */
void dial_cancel(struct dial *);

#endif
