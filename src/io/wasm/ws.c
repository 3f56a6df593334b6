/* WebSockets are the host's. It knows each by its struct's address, from link_open until link_drop or until
 * it has told that the link is closed, whichever comes first. */
#include "io/ws.h"
#include "base/host.h"

#include <stdlib.h>

HOST(link_open) void host_link_open(struct ws *, const uint8_t *url, size_t, const char *protocol, size_t);
/* Whether it was taken: not where too much waits to be sent already. */
HOST(link_send) bool host_link_send(struct ws *, const uint8_t *, size_t);
HOST(link_close) void host_link_close(struct ws *, unsigned code);
HOST(link_drop) void host_link_drop(struct ws *);

EXPORT(link_opened) void link_opened(struct ws *);
/* Takes the message, which the host has put into memory of `take`. */
EXPORT(link_heard) void link_heard(struct ws *, uint8_t *message, size_t);
EXPORT(link_closed) void link_closed(struct ws *, unsigned code);

struct ws {
    const struct ws_events *events;
    void *context;
    size_t message_max;
    bool open, closing;
};

enum result ws_connect(const struct ws_client_options *options, struct bytes url,
                       const struct ws_events *events, void *context, struct ws **out)
{
    struct ws *ws = calloc(1, sizeof *ws);

    if (ws == NULL)
        return E_NO_MEMORY;
    *ws = (struct ws){.events = events, .context = context, .message_max = options->limits.message_max};
    host_link_open(ws, url.at, url.len, options->protocol, bytes_string(options->protocol).len);
    *out = ws;
    return OK;
}

enum result ws_send(struct ws *ws, struct bytes message)
{
    if (!ws->open || ws->closing)
        return E_STATE;
    if (message.len > ws->message_max)
        return E_TOO_LARGE;
    return host_link_send(ws, message.at, message.len) ? OK : E_AGAIN;
}

void ws_close(struct ws *ws, unsigned code, const char *reason)
{
    (void)reason; /* for people who read a server's log: a browser has none */
    if (!ws->closing)
        host_link_close(ws, code);
    ws->closing = true;
}

void ws_free(struct ws *ws)
{
    if (ws == NULL)
        return;
    host_link_drop(ws);
    free(ws);
}

void link_opened(struct ws *ws)
{
    ws->open = true;
    if (ws->events->opened != NULL)
        ws->events->opened(ws->context, ws);
}

void link_heard(struct ws *ws, uint8_t *message, size_t len)
{
    if (len <= ws->message_max)
        ws->events->message(ws->context, ws, bytes(message, len));
    else
        ws_close(ws, 1009, "");
    wipe(message, len);
    free(message);
}

void link_closed(struct ws *ws, unsigned code)
{
    enum result why = !ws->open ? E_IO : code == 1000 ? OK : E_CLOSED;

    ws->events->closed(ws->context, ws, code, why);
    free(ws);
}
