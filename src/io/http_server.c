#define _GNU_SOURCE
#include "io/http_server.h"

#include "io/http_message.h"
#include "io/socket.h"
#include "io/stream.h"

#include <event2/buffer.h>
#include <event2/listener.h>

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ORIGINS_MAX = 8,
    LISTENERS_MAX = 8,
    ALLOW_SIZE = 128,
    READ_AHEAD = HTTP_HEAD_MAX + 4096,
    LINGER_MS = 2000
};

enum state {
    HEAD,   /* waiting for a head, or for the rest of it */
    BODY,   /* and for the body */
    TURN,   /* a handler has it; the peer must stay */
    ANSWER, /* the answer is on its way */
    LINGER, /* answered and shut; what still comes is thrown away, so that no reset overtakes the answer */
    TAKEN   /* the stream is a guest's */
};

struct route {
    struct route *next;
    struct http_route is;
    void *owned;
};

struct connection {
    struct http_server *server;
    unsigned slot;
    enum state state;
    struct bufferevent *stream;
    struct address from;
    struct loop_timer *timer;
    bool begun;     /* bytes of the next head have come */
    uint8_t *block; /* the head's memory, from BODY to ANSWER */
    struct http_message message;
    struct http_body body;
    const struct route *route;
    struct bytes rest;
    uint64_t turn; /* 0 when there is none */
    bool keep;
    bool deaf; /* the peer sent its last byte */
};

struct listener {
    struct http_server *server;
    struct evconnlistener *accepts;
    const struct tls *tls;
};

struct http_server {
    struct http_server_options options;
    struct route *routes;
    char origins[ORIGINS_MAX][URL_ORIGIN_SIZE];
    unsigned origin_count;
    struct listener listeners[LISTENERS_MAX];
    unsigned listener_count;
    struct loop_timer *rested; /* after an error of accept */
    struct connection **slots;
    unsigned count; /* connections and guests */
    uint64_t turns;
    struct http_guest *guests;
};

static void read_more(struct connection *);

struct loop *http_server_loop(const struct http_server *server)
{
    return server->options.loop;
}

/* ---- listening */

static void listen_all(struct http_server *server)
{
    for (unsigned i = 0; i < server->listener_count; i++)
        evconnlistener_enable(server->listeners[i].accepts);
}

static void rest_all(struct http_server *server)
{
    for (unsigned i = 0; i < server->listener_count; i++)
        evconnlistener_disable(server->listeners[i].accepts);
}

static void rested(void *context)
{
    struct http_server *server = context;

    if (server->count < server->options.connections_max)
        listen_all(server);
}

static void count_down(struct http_server *server)
{
    if (server->count-- == server->options.connections_max)
        listen_all(server);
}

static void connection_free(struct connection *c)
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

static void drop(struct connection *c)
{
    struct http_server *server = c->server;

    connection_free(c);
    count_down(server);
}

/* ---- one connection's states */

static void timer_in(struct connection *c, uint32_t ms)
{
    loop_timer_set(c->timer, loop_now_us() + ms * UINT64_C(1000));
}

static void become(struct connection *c, enum state state)
{
    const struct http_server_options *o = &c->server->options;

    c->state = state;
    switch (state) {
    case HEAD:
        c->begun = false;
        timer_in(c, o->idle_ms);
        break;
    case BODY:
        timer_in(c, o->body_ms);
        break;
    case TURN:
        loop_timer_clear(c->timer);
        break;
    case ANSWER: {
        struct timeval patience = {o->write_ms / 1000, o->write_ms % 1000 * 1000};

        loop_timer_clear(c->timer);
        bufferevent_set_timeouts(c->stream, NULL, &patience);
        break;
    }
    case LINGER:
        timer_in(c, LINGER_MS);
        break;
    case TAKEN:
        loop_timer_clear(c->timer);
        break;
    }
}

static void answer(struct connection *c, const struct http_reply *reply, struct http_reply_extra *extra)
{
    c->turn = 0;
    c->keep = c->keep && !extra->close;
    extra->close = !c->keep;
    extra->no_body = bytes_equal(c->message.head.method, BYTES_TEXT("HEAD"));
    become(c, ANSWER);
    if (http_reply_write(reply, extra, bufferevent_get_output(c->stream)) != OK) {
        /* A part of an answer would be worse than none. */
        evbuffer_drain(bufferevent_get_output(c->stream), SIZE_MAX);
        c->keep = false;
        timer_in(c, 0);
    }
}

static struct http_reply text_reply(unsigned status, const char *line)
{
    return (struct http_reply){
        .status = status, .type = "text/plain; charset=utf-8", .body = bytes_string(line)};
}

/* Answers before the request is whole, or one that is none: nothing can follow it on this connection. */
static void refuse(struct connection *c, unsigned status, const char *line)
{
    struct http_reply reply = text_reply(status, line);
    struct http_reply_extra extra = {.close = true};

    answer(c, &reply, &extra);
}

static const char not_http[] = "This is no HTTP/1.1 request.\n";

static void timed_out(void *context)
{
    struct connection *c = context;

    if (c->state == BODY || (c->state == HEAD && c->begun))
        refuse(c, 408, "The request did not come in time.\n");
    else
        drop(c);
}

/* ---- from the head to the handler */

static bool origin_allowed(const struct http_server *server, const struct http_head *head)
{
    struct bytes origin = http_header(head, "Origin");

    if (http_header_count(head, "Origin") == 0)
        return true;
    for (unsigned i = 0; i < server->origin_count; i++)
        if (bytes_equal(origin, bytes_string(server->origins[i])))
            return true;
    return false;
}

static bool path_matches(const struct http_route *route, struct bytes path, struct bytes *rest)
{
    struct bytes start = bytes_string(route->path);

    *rest = (struct bytes){0};
    if (!route->below)
        return bytes_equal(start, path);
    if (path.len <= start.len || memcmp(path.at, start.at, start.len) != 0)
        return false;
    *rest = bytes(path.at + start.len, path.len - start.len);
    return memchr(rest->at, '/', rest->len) == NULL;
}

static bool method_matches(const struct http_route *route, struct bytes method)
{
    return bytes_equal(bytes_string(route->method), method) ||
           (bytes_equal(method, BYTES_TEXT("HEAD")) && strcmp(route->method, "GET") == 0);
}

/* What a path offers, as the value of Allow; empty where it is nobody's. */
static void allowed(const struct http_server *server, struct bytes path, char allow[static ALLOW_SIZE])
{
    struct bytes rest;
    size_t used = 0;

    allow[0] = 0;
    for (const struct route *r = server->routes; r != NULL; r = r->next) {
        const char *head = strcmp(r->is.method, "GET") == 0 ? ", HEAD" : "";
        size_t len = strlen(r->is.method) + strlen(head) + 2;

        if (!path_matches(&r->is, path, &rest) || used + len + sizeof "OPTIONS" > ALLOW_SIZE)
            continue;
        memcpy(allow + used, r->is.method, strlen(r->is.method));
        memcpy(allow + used + strlen(r->is.method), head, strlen(head));
        memcpy(allow + used + len - 2, ", ", 2);
        used += len;
    }
    if (used != 0)
        memcpy(allow + used, "OPTIONS", sizeof "OPTIONS");
}

static const struct route *find_route(const struct http_server *server, const struct http_head *head,
                                      struct bytes *rest)
{
    for (const struct route *r = server->routes; r != NULL; r = r->next)
        if (method_matches(&r->is, head->method) && path_matches(&r->is, head->path, rest))
            return r;
    return NULL;
}

/* No handler for it: OPTIONS, a wrong method or a path that is nobody's. */
static void answer_without_route(struct connection *c)
{
    const struct http_head *head = &c->message.head;
    struct http_reply reply = text_reply(404, "There is nothing here.\n");
    char allow[ALLOW_SIZE] = "";
    struct http_reply_extra extra = {.close = c->message.chunked || c->message.length != 0};

    allowed(c->server, head->path, allow);
    if (bytes_equal(head->method, BYTES_TEXT("OPTIONS")) && (allow[0] != 0 || head->path.at[0] == '*'))
        reply = (struct http_reply){.status = 204};
    else if (allow[0] != 0)
        reply = text_reply(405, "This method is not possible here.\n");
    if (allow[0] != 0)
        extra.allow = allow;
    answer(c, &reply, &extra);
}

static void handle(struct connection *c)
{
    struct http_server *server = c->server;
    struct http_request request = {.head = &c->message.head, .rest = c->rest, .from = c->from};

    if (http_body_bytes(&c->body, &request.body) != OK) {
        refuse(c, 503, "Out of memory.\n");
        return;
    }
    c->turn = ++server->turns << 16 | c->slot;
    become(c, TURN);
    c->route->is.handle(c->route->is.context, &request, (struct http_turn){server, c->turn});
    if (c->state == TAKEN)
        connection_free(c);
}

static void take_body(struct connection *c)
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

static void begin_body(struct connection *c)
{
    size_t max = c->route->is.body_max != 0 ? c->route->is.body_max : HTTP_BODY_MAX;
    enum result res = http_body_start(&c->body, &c->message, HTTP_REQUEST, max);

    if (res != OK) {
        refuse(c, res == E_TOO_LARGE ? 413 : 503,
               res == E_TOO_LARGE ? "The body is too large.\n" : "Out of memory.\n");
        return;
    }
    become(c, BODY);
    if (c->message.expects_continue && c->body.step != BODY_WHOLE)
        (void)bufferevent_write(c->stream, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    take_body(c);
}

static void take_request(struct connection *c, size_t len)
{
    enum result res = http_message_read(bytes(c->block, len), HTTP_REQUEST, &c->message);

    c->keep = res == OK && c->message.keep;
    if (res == E_TOO_LARGE) {
        refuse(c, 431, "Too many headers.\n");
    } else if (res == E_UNSUPPORTED) {
        refuse(c, 501, "Only HTTP/1.1 and the transfer coding chunked are understood.\n");
    } else if (res != OK) {
        refuse(c, 400, not_http);
    } else if (!origin_allowed(c->server, &c->message.head)) {
        refuse(c, 403, "The Origin is not this server's public URL.\n");
    } else {
        c->route = find_route(c->server, &c->message.head, &c->rest);
        if (c->route == NULL)
            answer_without_route(c);
        else
            begin_body(c);
    }
}

static void take_head(struct connection *c)
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

static void read_more(struct connection *c)
{
    struct evbuffer *input = bufferevent_get_input(c->stream);

    switch (c->state) {
    case HEAD:
        take_head(c);
        break;
    case BODY:
        take_body(c);
        break;
    case LINGER:
        evbuffer_drain(input, SIZE_MAX);
        break;
    case TURN:
    case ANSWER: /* the next request waits in the buffer, up to READ_AHEAD */
    case TAKEN:
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
    struct connection *c = context;

    if (c->state != ANSWER)
        return;
    bufferevent_set_timeouts(stream, NULL, NULL);
    http_body_free(&c->body);
    free(c->block);
    c->block = NULL;
    c->message = (struct http_message){0};
    if (c->deaf) {
        drop(c);
    } else if (c->keep) {
        become(c, HEAD);
        read_more(c);
    } else {
        stream_shut(stream);
        become(c, LINGER);
        read_more(c);
    }
}

static void on_event(struct bufferevent *stream, short events, void *context)
{
    struct connection *c = context;

    (void)stream;
    if (events & BEV_EVENT_CONNECTED)
        return;
    /* A peer that said its last word may still be listening to the answer, but not to one that is yet to be
     * made. */
    if ((events & BEV_EVENT_EOF) && c->state == ANSWER)
        c->deaf = true;
    else
        drop(c);
}

static enum result connection_new(struct http_server *server, struct connection **out)
{
    struct connection *c = calloc(1, sizeof *c);
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

static void accepted(struct evconnlistener *accepts, evutil_socket_t fd, struct sockaddr *from, int from_len,
                     void *context)
{
    struct listener *l = context;
    struct http_server *server = l->server;
    struct sockaddr_storage name = {0};
    struct connection *c;
    int on = 1;

    (void)accepts;
    /* One event may accept several before the listener can be told to rest. */
    if (server->count == server->options.connections_max || connection_new(server, &c) != OK) {
        close(fd);
        return;
    }
    if (++server->count == server->options.connections_max)
        rest_all(server);
    memcpy(&name, from, (size_t)from_len < sizeof name ? (size_t)from_len : sizeof name);
    c->from = socket_address_from(&name);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->stream = stream_new(server->options.loop, fd, l->tls, NULL);
    if (c->stream == NULL) {
        drop(c);
        return;
    }
    bufferevent_setcb(c->stream, on_read, on_written, on_event, c);
    bufferevent_setwatermark(c->stream, EV_READ, 0, READ_AHEAD);
    become(c, HEAD);
    timer_in(c, server->options.head_ms);
    if (bufferevent_enable(c->stream, EV_READ | EV_WRITE) != 0)
        drop(c);
}

/* Mostly: no more descriptors. Trying again at once would only burn time. */
static void accept_failed(struct evconnlistener *accepts, void *context)
{
    struct listener *l = context;

    (void)accepts;
    rest_all(l->server);
    loop_timer_set(l->server->rested, loop_now_us() + 200 * 1000);
}

/* ---- the server */

static enum result origins_read(struct http_server *server, const char *const *origins)
{
    for (; origins != NULL && *origins != NULL; origins++) {
        struct url url;

        if (server->origin_count == ORIGINS_MAX || url_parse(bytes_string(*origins), &url) != OK)
            return E_MALFORMED;
        url_origin(&url, server->origins[server->origin_count++]);
    }
    return OK;
}

static uint32_t or_default(uint32_t given, uint32_t usual)
{
    return given != 0 ? given : usual;
}

enum result http_server_new(const struct http_server_options *options, struct http_server **out)
{
    struct http_server *server = calloc(1, sizeof *server);
    struct http_server_options *o;
    enum result res;

    if (server == NULL)
        return E_NO_MEMORY;
    o = &server->options;
    *o = *options;
    o->connections_max = or_default(o->connections_max, 1024);
    o->head_ms = or_default(o->head_ms, 10000);
    o->body_ms = or_default(o->body_ms, 20000);
    o->idle_ms = or_default(o->idle_ms, 60000);
    o->write_ms = or_default(o->write_ms, 20000);
    assert(o->connections_max < 1 << 16);
    server->slots = calloc(o->connections_max, sizeof *server->slots);
    res = server->slots != NULL ? origins_read(server, options->origins) : E_NO_MEMORY;
    if (res == OK)
        res = loop_timer_new(o->loop, rested, server, &server->rested);
    if (res != OK) {
        http_server_free(server);
        return res;
    }
    *out = server;
    return OK;
}

void http_server_free(struct http_server *server)
{
    if (server == NULL)
        return;
    for (unsigned i = 0; i < server->listener_count; i++)
        evconnlistener_free(server->listeners[i].accepts);
    for (unsigned i = 0; server->slots != NULL && i < server->options.connections_max; i++)
        if (server->slots[i] != NULL)
            connection_free(server->slots[i]);
    for (struct http_guest *g = server->guests; g != NULL; g = g->next)
        g->server = NULL;
    while (server->routes != NULL) {
        struct route *next = server->routes->next;

        free(server->routes->owned);
        free(server->routes);
        server->routes = next;
    }
    loop_timer_free(server->rested);
    free(server->slots);
    free(server);
}

static int listening_socket(const struct address *at, struct address *real)
{
    struct sockaddr_storage name;
    int family = address_is_v4(at) ? AF_INET : AF_INET6, on = 1, off = 0, why;
    socklen_t len = socket_address(at, family, &name);
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        (family == AF_INET || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0) &&
        bind(fd, (struct sockaddr *)&name, len) == 0 && listen(fd, 128) == 0 && socket_bound(fd, real) == OK)
        return fd;
    why = errno;
    close(fd);
    errno = why;
    return -1;
}

enum result http_listen(struct http_server *server, const struct address *at, const struct tls *tls,
                        struct address *real)
{
    struct listener *l = &server->listeners[server->listener_count];
    int fd;

    if (server->listener_count == LISTENERS_MAX)
        return E_NO_MEMORY;
    fd = listening_socket(at, real);
    if (fd < 0)
        return E_IO;
    *l = (struct listener){.server = server, .tls = tls};
    l->accepts = evconnlistener_new(loop_base(server->options.loop), accepted, l,
                                    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (l->accepts == NULL) {
        close(fd);
        return E_NO_MEMORY;
    }
    evconnlistener_set_error_cb(l->accepts, accept_failed);
    server->listener_count++;
    return OK;
}

enum result http_route_add_owned(struct http_server *server, const struct http_route *is, void *owned)
{
    struct route **last = &server->routes;
    struct route *route = NULL;
    enum result res = E_EXISTS;

    for (; *last != NULL; last = &(*last)->next)
        if (strcmp((*last)->is.method, is->method) == 0 && strcmp((*last)->is.path, is->path) == 0 &&
            (*last)->is.below == is->below)
            goto out;
    res = E_NO_MEMORY;
    route = calloc(1, sizeof *route);
    if (route == NULL)
        goto out;
    *route = (struct route){.is = *is, .owned = owned};
    *last = route;
    return OK;
out:
    free(owned);
    return res;
}

enum result http_route_add(struct http_server *server, const struct http_route *route)
{
    return http_route_add_owned(server, route, NULL);
}

/* ---- answers */

static struct connection *waiting(struct http_turn turn)
{
    struct connection *c = turn.server->slots[turn.number & 0xffff];

    return turn.number != 0 && c != NULL && c->turn == turn.number ? c : NULL;
}

bool http_waits(struct http_turn turn)
{
    return waiting(turn) != NULL;
}

void http_answer(struct http_turn turn, const struct http_reply *reply)
{
    struct connection *c = waiting(turn);
    struct http_reply_extra extra = {0};

    if (c != NULL)
        answer(c, reply, &extra);
}

void http_answer_text(struct http_turn turn, unsigned status, const char *line)
{
    struct http_reply reply = text_reply(status, line);

    http_answer(turn, &reply);
}

void http_answer_upgrade(struct http_turn turn, const char *protocol, const char *line)
{
    struct connection *c = waiting(turn);
    struct http_reply reply = text_reply(426, line);
    struct http_reply_extra extra = {.upgrade = protocol};

    if (c != NULL)
        answer(c, &reply, &extra);
}

/* ---- guests */

struct bufferevent *http_stream_take(struct http_turn turn, struct http_guest *guest)
{
    struct connection *c = waiting(turn);
    struct bufferevent *stream;

    assert(c != NULL && c->state == TURN);
    stream = c->stream;
    c->stream = NULL;
    c->turn = 0;
    become(c, TAKEN);
    bufferevent_setcb(stream, NULL, NULL, NULL, NULL);
    bufferevent_setwatermark(stream, EV_READ, 0, 0);

    *guest = (struct http_guest){.server = turn.server, .next = turn.server->guests};
    if (guest->next != NULL)
        guest->next->previous = guest;
    turn.server->guests = guest;
    return stream;
}

void http_guest_leave(struct http_guest *guest)
{
    struct http_server *server = guest->server;

    if (server == NULL)
        return;
    if (guest->previous != NULL)
        guest->previous->next = guest->next;
    else
        server->guests = guest->next;
    if (guest->next != NULL)
        guest->next->previous = guest->previous;
    count_down(server);
    guest->server = NULL;
}
