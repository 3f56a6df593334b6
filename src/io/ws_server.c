#include "io/ws_link.h"

#include <stdlib.h>

#include <event2/buffer.h>

struct server_route {
    struct http_server *server;
    struct ws_route is;
};

/* RFC 6455, section 4.2.1. */
static const char *fault(const struct http_request *request, const struct ws_route *route)
{
    const struct http_head *head = request->head;

    if (!bytes_equal(head->method, BYTES_TEXT("GET")) || !http_header_has(head, "Connection", "Upgrade") ||
        !http_header_has(head, "Upgrade", "websocket"))
        return "Here a WebSocket is spoken.\n";
    if (!http_text_is(http_header(head, "Sec-WebSocket-Version"), "13"))
        return "Only version 13 of WebSocket is spoken.\n";
    if (route->protocol != NULL && !http_header_has(head, "Sec-WebSocket-Protocol", route->protocol))
        return "The subprotocol of this WebSocket was not offered.\n";
    return NULL;
}

static enum result say_yes(struct bufferevent *stream, const char *accept, const char *protocol)
{
    struct evbuffer *output = bufferevent_get_output(stream);
    bool good = evbuffer_add_printf(output,
                                    "HTTP/1.1 101 Switching Protocols\r\n"
                                    "Upgrade: websocket\r\n"
                                    "Connection: Upgrade\r\n"
                                    "Sec-WebSocket-Accept: %s\r\n",
                                    accept) > 0;

    if (protocol != NULL)
        good = good && evbuffer_add_printf(output, "Sec-WebSocket-Protocol: %s\r\n", protocol) > 0;
    return good && evbuffer_add(output, "\r\n", 2) == 0 ? OK : E_NO_MEMORY;
}

static void upgrade(void *context, const struct http_request *request, struct http_turn turn)
{
    const struct server_route *route = context;
    const char *why_not = fault(request, &route->is);
    char accept[WS_ACCEPT_SIZE];
    struct bufferevent *stream;
    struct ws *ws;

    if (why_not != NULL) {
        http_answer_upgrade(turn, "websocket", why_not);
        return;
    }
    if (request->body.len != 0 ||
        ws_accept_of(http_header(request->head, "Sec-WebSocket-Key"), accept) != OK) {
        http_answer_text(turn, 400, "The WebSocket key is no key of 16 bytes.\n");
        return;
    }
    if (!http_guest_allowed(route->server, &request->from)) {
        http_answer_text(turn, 429, "Too many connections from your address.\n");
        return;
    }
    ws = ws_new(http_server_loop(route->server), &route->is.limits);
    if (ws == NULL) {
        http_answer_text(turn, 503, "Out of memory.\n");
        return;
    }
    stream = http_stream_take(turn, &request->from, ws_guest(ws));
    if (say_yes(stream, accept, route->is.protocol) != OK ||
        ws_start(ws, WS_SERVER, stream, &request->from) != OK) {
        ws_free(ws);
        return;
    }
    route->is.accept(route->is.context, ws, request);
}

enum result ws_route_add(struct http_server *server, const struct ws_route *is)
{
    struct server_route *route = malloc(sizeof *route);
    struct http_route http = {.method = "GET", .path = is->path, .handle = upgrade, .context = route};

    if (route == NULL)
        return E_NO_MEMORY;
    *route = (struct server_route){server, *is};
    return http_route_add_owned(server, &http, route);
}
