#include "io/http_connection.h"

#include <event2/buffer.h>

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_AHEAD = HTTP_HEAD_MAX + 4096, LINGER_MS = 2000 };

static void read_more(struct http_connection *);

void http_connection_free(struct http_connection *c)
{
    if (c->slot < c->server->options.connections_max && c->server->slots[c->slot] == c)
        c->server->slots[c->slot] = NULL;
    loop_timer_free(c->timer);
    if (c->stream != NULL)
        bufferevent_free(c->stream);
    http_body_free(&c->body);
    free(c->block);
    free(c);
}

static void drop(struct http_connection *c)
{
    struct http_server *server = c->server;
    int crowd = c->crowd;

    http_connection_free(c);
    http_server_left(server, crowd);
}

/* ---- its states */

static void timer_in(struct http_connection *c, uint32_t ms)
{
    loop_timer_set(c->timer, loop_now_us() + ms * UINT64_C(1000));
}

static void become(struct http_connection *c, enum http_state state)
{
    const struct http_server_options *o = &c->server->options;

    c->state = state;
    switch (state) {
    case HTTP_AT_HEAD:
        c->begun = false;
        timer_in(c, o->idle_ms);
        break;
    case HTTP_AT_BODY:
        timer_in(c, o->body_ms);
        break;
    case HTTP_AT_TURN:
        loop_timer_clear(c->timer);
        break;
    case HTTP_AT_ANSWER: {
        struct timeval patience = {o->write_ms / 1000, o->write_ms % 1000 * 1000};

        loop_timer_clear(c->timer);
        bufferevent_set_timeouts(c->stream, NULL, &patience);
        break;
    }
    case HTTP_AT_LINGER:
        timer_in(c, LINGER_MS);
        break;
    case HTTP_AT_TAKEN:
        loop_timer_clear(c->timer);
        break;
    }
}

void http_connection_answer(struct http_connection *c, const struct http_reply *reply,
                            struct http_reply_extra *extra)
{
    c->turn = 0;
    c->keep = c->keep && !extra->close;
    extra->close = !c->keep;
    extra->no_body = bytes_equal(c->message.head.method, BYTES_TEXT("HEAD"));
    become(c, HTTP_AT_ANSWER);
    if (http_reply_write(reply, extra, bufferevent_get_output(c->stream)) != OK) {
        /* A part of an answer would be worse than none. */
        evbuffer_drain(bufferevent_get_output(c->stream), SIZE_MAX);
        c->keep = false;
        timer_in(c, 0);
    }
}

struct http_reply http_reply_text(unsigned status, const char *line)
{
    return (struct http_reply){
        .status = status, .type = "text/plain; charset=utf-8", .body = bytes_string(line)};
}

/* Answers before the request is whole, or one that is none: nothing can follow it on this connection. */
static void refuse(struct http_connection *c, unsigned status, const char *line)
{
    struct http_reply reply = http_reply_text(status, line);
    struct http_reply_extra extra = {.close = true};

    http_connection_answer(c, &reply, &extra);
}

static const char not_http[] = "This is no HTTP/1.1 request.\n";

static void timed_out(void *context)
{
    struct http_connection *c = context;

    if (c->state == HTTP_AT_BODY || (c->state == HTTP_AT_HEAD && c->begun))
        refuse(c, 408, "The request did not come in time.\n");
    else
        drop(c);
}

/* ---- from the head to the handler */

/* No handler for it: OPTIONS, a wrong method or a path that is nobody's. */
static void answer_without_route(struct http_connection *c)
{
    const struct http_head *head = &c->message.head;
    struct http_reply reply = http_reply_text(404, "There is nothing here.\n");
    char allow[ALLOW_SIZE] = "";
    struct http_reply_extra extra = {.close = c->message.chunked || c->message.length != 0};

    http_entries_allow(c->server, head->path, allow);
    if (bytes_equal(head->method, BYTES_TEXT("OPTIONS")) && (allow[0] != 0 || head->path.at[0] == '*'))
        reply = (struct http_reply){.status = 204};
    else if (allow[0] != 0)
        reply = http_reply_text(405, "This method is not possible here.\n");
    if (allow[0] != 0)
        extra.allow = allow;
    http_connection_answer(c, &reply, &extra);
}

static void handle(struct http_connection *c)
{
    struct http_server *server = c->server;
    struct http_request request = {.head = &c->message.head, .rest = c->rest, .from = c->from};

    if (server->options.behind_proxy)
        request.from = http_forwarded(&c->message.head);

    if (http_body_bytes(&c->body, &request.body) != OK) {
        refuse(c, 503, "Out of memory.\n");
        return;
    }
    c->turn = ++server->turns << 16 | c->slot;
    become(c, HTTP_AT_TURN);
    c->route->is.handle(c->route->is.context, &request, (struct http_turn){server, c->turn});
    if (c->state == HTTP_AT_TAKEN)
        http_connection_free(c);
}

static void take_body(struct http_connection *c)
{
    switch (http_body_take(&c->body, bufferevent_get_input(c->stream))) {
    case OK:
        handle(c);
        break;
    case E_AGAIN:
        break;
    case E_TOO_LARGE:
        refuse(c, 413, "The body is too large.\n");
        break;
    case E_NO_MEMORY:
        refuse(c, 503, "Out of memory.\n");
        break;
    default:
        refuse(c, 400, "The body is no chunked body.\n");
        break;
    }
}

static void begin_body(struct http_connection *c)
{
    size_t max = c->route->is.body_max != 0 ? c->route->is.body_max : HTTP_BODY_MAX;
    enum result res = http_body_start(&c->body, &c->message, HTTP_REQUEST, max);

    if (res != OK) {
        refuse(c, res == E_TOO_LARGE ? 413 : 503,
               res == E_TOO_LARGE ? "The body is too large.\n" : "Out of memory.\n");
        return;
    }
    become(c, HTTP_AT_BODY);
    if (c->message.expects_continue && c->body.step != BODY_WHOLE)
        (void)bufferevent_write(c->stream, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    take_body(c);
}

static void take_request(struct http_connection *c, size_t len)
{
    enum result res = http_message_read(bytes(c->block, len), HTTP_REQUEST, &c->message);

    c->keep = res == OK && c->message.keep;
    if (res == E_TOO_LARGE) {
        refuse(c, 431, "Too many headers.\n");
    } else if (res == E_UNSUPPORTED) {
        refuse(c, 501, "Only HTTP/1.1 and the transfer coding chunked are understood.\n");
    } else if (res != OK) {
        refuse(c, 400, not_http);
    } else if (!http_origin_allowed(c->server, &c->message.head)) {
        refuse(c, 403, "The Origin is not this server's public URL.\n");
    } else {
        c->route = http_entry_find(c->server, &c->message.head, &c->rest);
        if (c->route == NULL)
            answer_without_route(c);
        else
            begin_body(c);
    }
}

static void take_head(struct http_connection *c)
{
    struct evbuffer *input = bufferevent_get_input(c->stream);
    size_t len;

    if (!c->begun && evbuffer_get_length(input) != 0) {
        c->begun = true;
        timer_in(c, c->server->options.head_ms);
    }
    switch (http_head_take(input, &c->block, &len)) {
    case OK:
        take_request(c, len);
        break;
    case E_AGAIN:
        break;
    case E_TOO_LARGE:
        refuse(c, 431, "The headers are too large.\n");
        break;
    case E_MALFORMED:
        refuse(c, 400, not_http);
        break;
    default:
        refuse(c, 503, "Out of memory.\n");
        break;
    }
}

static void read_more(struct http_connection *c)
{
    struct evbuffer *input = bufferevent_get_input(c->stream);

    switch (c->state) {
    case HTTP_AT_HEAD:
        take_head(c);
        break;
    case HTTP_AT_BODY:
        take_body(c);
        break;
    case HTTP_AT_LINGER:
        evbuffer_drain(input, SIZE_MAX);
        break;
    case HTTP_AT_TURN:
    case HTTP_AT_ANSWER: /* the next request waits in the buffer, up to READ_AHEAD */
    case HTTP_AT_TAKEN:
        break;
    }
}

/* ---- what the stream tells */

static void on_read(struct bufferevent *stream, void *context)
{
    (void)stream;
    read_more(context);
}

/* Everything that was to be written is with the system. */
static void on_written(struct bufferevent *stream, void *context)
{
    struct http_connection *c = context;

    if (c->state != HTTP_AT_ANSWER)
        return;
    bufferevent_set_timeouts(stream, NULL, NULL);
    http_body_free(&c->body);
    free(c->block);
    c->block = NULL;
    c->message = (struct http_message){0};
    if (c->deaf) {
        drop(c);
    } else if (c->keep) {
        become(c, HTTP_AT_HEAD);
        read_more(c);
    } else {
        stream_shut(stream);
        become(c, HTTP_AT_LINGER);
        read_more(c);
    }
}

static void on_event(struct bufferevent *stream, short events, void *context)
{
    struct http_connection *c = context;

    (void)stream;
    if (events & BEV_EVENT_CONNECTED)
        return;
    /* A peer that said its last word may still be listening to the answer, but not to one that is yet to be
     * made. */
    if ((events & BEV_EVENT_EOF) && c->state == HTTP_AT_ANSWER)
        c->deaf = true;
    else
        drop(c);
}

/* ---- beginning and end */

static enum result connection_new(struct http_server *server, struct http_connection **out)
{
    struct http_connection *c = calloc(1, sizeof *c);
    enum result res;

    if (c == NULL)
        return E_NO_MEMORY;
    c->server = server;
    c->body.step = BODY_WHOLE;
    while (server->slots[c->slot] != NULL)
        c->slot++;
    res = loop_timer_new(server->options.loop, timed_out, c, &c->timer);
    if (res != OK) {
        free(c);
        return res;
    }
    server->slots[c->slot] = c;
    *out = c;
    return OK;
}

void http_connection_open(struct http_server *server, int fd, const struct tls *tls,
                          const struct address *from, int crowd)
{
    struct http_connection *c;

    if (connection_new(server, &c) != OK) {
        close(fd);
        http_server_left(server, crowd);
        return;
    }
    c->from = *from;
    c->crowd = crowd;
    c->stream = stream_new(server->options.loop, fd, tls, NULL);
    if (c->stream == NULL) {
        drop(c);
        return;
    }
    bufferevent_setcb(c->stream, on_read, on_written, on_event, c);
    bufferevent_setwatermark(c->stream, EV_READ, 0, READ_AHEAD);
    become(c, HTTP_AT_HEAD);
    timer_in(c, server->options.head_ms);
    if (bufferevent_enable(c->stream, EV_READ | EV_WRITE) != 0)
        drop(c);
}

struct bufferevent *http_connection_release(struct http_connection *c)
{
    struct bufferevent *stream = c->stream;

    assert(c->state == HTTP_AT_TURN);
    c->stream = NULL;
    c->turn = 0;
    become(c, HTTP_AT_TAKEN);
    bufferevent_setcb(stream, NULL, NULL, NULL, NULL);
    bufferevent_setwatermark(stream, EV_READ, 0, 0);
    return stream;
}
