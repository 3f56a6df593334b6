#include "io/ws_link.h"

#include <event2/buffer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPEN_MS = 10000 };

/* A link that is not open yet: belongs to its `struct ws`. */
struct opening {
    struct ws *ws;
    struct url url;
    const char *protocol;
    struct dial *dial;
    struct bufferevent *stream;
    struct address peer;
    struct loop_timer *deadline;
    char key[WS_KEY_SIZE];
};

static void opening_free(void *context)
{
    struct opening *o = context;

    dial_cancel(o->dial);
    loop_timer_free(o->deadline);
    if (o->stream != NULL)
        bufferevent_free(o->stream);
    free(o);
}

static void too_late(void *context)
{
    struct opening *o = context;

    ws_finish(o->ws, 1006, E_EXPIRED);
}

static enum result ask(struct opening *o)
{
    struct evbuffer *output = bufferevent_get_output(o->stream);
    char authority[URL_ORIGIN_SIZE];
    bool good;

    url_authority(&o->url, authority);
    good = evbuffer_add_printf(output,
                               "GET %s HTTP/1.1\r\n"
                               "Host: %s\r\n"
                               "Upgrade: websocket\r\n"
                               "Connection: Upgrade\r\n"
                               "Sec-WebSocket-Version: 13\r\n"
                               "Sec-WebSocket-Key: %s\r\n",
                               o->url.path, authority, o->key) > 0;
    if (o->protocol != NULL)
        good = good && evbuffer_add_printf(output, "Sec-WebSocket-Protocol: %s\r\n", o->protocol) > 0;
    return good && evbuffer_add(output, "\r\n", 2) == 0 ? OK : E_NO_MEMORY;
}

/* RFC 6455, section 4.1, the five points on the server's answer. */
static bool answer_is_good(const struct opening *o, const struct http_head *head)
{
    struct bytes protocol = http_header(head, "Sec-WebSocket-Protocol");
    char accept[WS_ACCEPT_SIZE];

    return ws_accept_of(bytes_string(o->key), accept) == OK &&
           http_header_has(head, "Upgrade", "websocket") && http_header_has(head, "Connection", "Upgrade") &&
           bytes_equal(http_header(head, "Sec-WebSocket-Accept"), bytes_string(accept)) &&
           http_header_count(head, "Sec-WebSocket-Extensions") == 0 &&
           (o->protocol != NULL ? bytes_equal(protocol, bytes_string(o->protocol)) : protocol.len == 0);
}

static void open_link(struct opening *o)
{
    struct ws *ws = o->ws;
    struct bufferevent *stream = o->stream;
    enum result res;

    o->stream = NULL;
    res = ws_start(ws, WS_CLIENT, stream, &o->peer);
    if (res != OK) {
        ws_finish(ws, 1006, res);
        return;
    }
    ws_wait_for(ws, NULL, NULL);
    opening_free(o);
    ws_tell_opened(ws);
}

static void on_read(struct bufferevent *stream, void *context)
{
    struct opening *o = context;
    struct http_message message;
    uint8_t *block = NULL;
    size_t len;
    enum result res = http_head_take(bufferevent_get_input(stream), &block, &len);

    if (res == E_AGAIN)
        return;
    if (res == OK)
        res = http_message_read(bytes(block, len), HTTP_RESPONSE, &message);
    if (res != OK)
        ws_finish(o->ws, 1006, res);
    else if (message.head.status != 101)
        ws_finish(o->ws, message.head.status, E_REFUSED);
    else if (!answer_is_good(o, &message.head))
        ws_finish(o->ws, 1006, E_MALFORMED);
    else
        open_link(o);
    free(block);
}

static void on_event(struct bufferevent *stream, short events, void *context)
{
    struct opening *o = context;

    if (!(events & BEV_EVENT_CONNECTED))
        ws_finish(o->ws, 1006, stream_why(stream, events));
}

static void dialled(void *context, enum result res, struct bufferevent *stream, const struct address *peer)
{
    struct opening *o = context;

    o->dial = NULL;
    o->stream = stream;
    o->peer = *peer;
    if (res == OK)
        res = ask(o);
    if (res == OK) {
        bufferevent_setcb(stream, on_read, NULL, on_event, o);
        bufferevent_setwatermark(stream, EV_READ, 0, HTTP_HEAD_MAX);
        if (bufferevent_enable(stream, EV_READ | EV_WRITE) != 0)
            res = E_NO_MEMORY;
    }
    if (res != OK)
        ws_finish(o->ws, 1006, res);
}

static enum result start(const struct ws_client_options *options, struct opening *o)
{
    uint32_t open_ms = options->open_ms != 0 ? options->open_ms : OPEN_MS;
    enum result res = ws_key_new(o->key);

    if (res == OK)
        res = loop_timer_new(options->loop, too_late, o, &o->deadline);
    if (res != OK)
        return res;
    loop_timer_set(o->deadline, loop_now_us() + open_ms * UINT64_C(1000));
    return dial_open(options->gate, options->loop, o->url.tls ? options->tls : NULL, o->url.host, o->url.port,
                     dialled, o, &o->dial);
}

enum result ws_connect(const struct ws_client_options *options, struct bytes url,
                       const struct ws_events *events, void *context, struct ws **out)
{
    struct opening *o = calloc(1, sizeof *o);
    struct ws *ws = ws_new(options->loop, &options->limits);
    enum result res;

    if (o == NULL || ws == NULL) {
        free(o);
        ws_free(ws);
        return E_NO_MEMORY;
    }
    *o = (struct opening){.ws = ws, .protocol = options->protocol};
    ws_wait_for(ws, opening_free, o);
    res = url_parse(url, &o->url);
    if (res == OK && o->url.tls && options->tls == NULL)
        res = E_UNSUPPORTED;
    if (res == OK)
        res = start(options, o);
    if (res != OK) {
        ws_free(ws);
        return res;
    }
    ws_attach(ws, events, context);
    *out = ws;
    return OK;
}
