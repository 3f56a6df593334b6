/* For this folder's own files: a WebSocket after its handshake, whoever began it. */
#ifndef IO_WS_LINK_H
#define IO_WS_LINK_H

#include "io/http_message.h"
#include "io/http_server.h"
#include "io/stream.h"
#include "io/ws.h"

enum ws_side { WS_SERVER, WS_CLIENT };

struct ws *ws_new(struct loop *, const struct ws_limits *);
/* Takes the stream; bytes that have come already are read in the loop's next turn. OK | E_NO_MEMORY */
MUST_USE enum result ws_start(struct ws *, enum ws_side, struct bufferevent *, const struct address *peer);
/* The place of a server's link among the server's guests. */
struct http_guest *ws_guest(struct ws *);
/* What a client's link still waits for: given up with the link. */
void ws_wait_for(struct ws *, void (*give_up)(void *context), void *context);
/* `closed`, and the end of it. */
void ws_finish(struct ws *, unsigned code, enum result why);
void ws_tell_opened(struct ws *);

enum { WS_KEY_SIZE = 25, WS_ACCEPT_SIZE = 29 };
/* RFC 6455, section 4.2.2; OK | E_MALFORMED (no key of 16 bytes) | E_CRYPTO */
MUST_USE enum result ws_accept_of(struct bytes key, char out[static WS_ACCEPT_SIZE]);
MUST_USE enum result ws_key_new(char out[static WS_KEY_SIZE]);

#endif
