#define _GNU_SOURCE
#include "io/http_connection.h"
#include "io/socket.h"

#include <event2/listener.h>
#include <openssl/rand.h>

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UNSENT_MAX = 128 * 1024 };

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

/* ---- who has how many */

static bool crowd_has_room(const struct http_server *server, int crowd)
{
    unsigned each = server->options.connections_each;

    return crowd == CROWD_NONE || each == 0 || server->crowds[crowd] < each;
}

static void crowd_grow(struct http_server *server, int crowd)
{
    if (crowd != CROWD_NONE)
        server->crowds[crowd]++;
}

void http_server_left(struct http_server *server, int crowd)
{
    if (crowd != CROWD_NONE)
        server->crowds[crowd]--;
    if (server->count-- == server->options.connections_max)
        listen_all(server);
}

static void accepted(struct evconnlistener *accepts, evutil_socket_t fd, struct sockaddr *from, int from_len,
                     void *context)
{
    struct http_listener *l = context;
    struct http_server *server = l->server;
    struct sockaddr_storage name = {0};
    struct address peer;
    int on = 1, unsent = UNSENT_MAX, crowd = CROWD_NONE;

    (void)accepts;
    memcpy(&name, from, (size_t)from_len < sizeof name ? (size_t)from_len : sizeof name);
    peer = socket_address_from(&name);
    if (!server->options.behind_proxy)
        crowd = crowd_of(&peer, server->seed, CROWDS);
    /* One event may accept several before the listener can be told to rest. */
    if (server->count == server->options.connections_max || !crowd_has_room(server, crowd)) {
        close(fd);
        return;
    }
    crowd_grow(server, crowd);
    if (++server->count == server->options.connections_max)
        rest_all(server);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* Without it the system would keep 4 MB for a peer that reads nothing, before any limit of ours is felt.
     */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
    http_connection_open(server, fd, l->tls, &peer, crowd);
}

/* Mostly: no more descriptors. Trying again at once would only burn time. */
static void accept_failed(struct evconnlistener *accepts, void *context)
{
    struct http_listener *l = context;

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
    server->crowds = calloc(CROWDS, sizeof *server->crowds);
    res = server->slots != NULL && server->crowds != NULL ? OK : E_NO_MEMORY;
    if (res == OK && RAND_bytes(server->seed, sizeof server->seed) != 1)
        res = E_CRYPTO;
    if (res == OK)
        res = origins_read(server, options->origins);
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
            http_connection_free(server->slots[i]);
    for (struct http_guest *g = server->guests; g != NULL; g = g->next)
        g->server = NULL;
    while (server->routes != NULL) {
        struct http_entry *next = server->routes->next;

        free(server->routes->owned);
        free(server->routes);
        server->routes = next;
    }
    loop_timer_free(server->rested);
    free(server->slots);
    free(server->crowds);
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
    struct http_listener *l = &server->listeners[server->listener_count];
    int fd;

    if (server->listener_count == LISTENERS_MAX)
        return E_NO_MEMORY;
    fd = listening_socket(at, real);
    if (fd < 0)
        return E_IO;
    *l = (struct http_listener){.server = server, .tls = tls};
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

/* ---- answers */

static struct http_connection *waiting(struct http_turn turn)
{
    struct http_connection *c = turn.server->slots[turn.number & 0xffff];

    return turn.number != 0 && c != NULL && c->turn == turn.number ? c : NULL;
}

bool http_waits(struct http_turn turn)
{
    return waiting(turn) != NULL;
}

void http_answer(struct http_turn turn, const struct http_reply *reply)
{
    struct http_connection *c = waiting(turn);
    struct http_reply_extra extra = {0};

    if (c != NULL)
        http_connection_answer(c, reply, &extra);
}

void http_answer_text(struct http_turn turn, unsigned status, const char *line)
{
    struct http_reply reply = http_reply_text(status, line);

    http_answer(turn, &reply);
}

void http_answer_upgrade(struct http_turn turn, const char *protocol, const char *line)
{
    struct http_connection *c = waiting(turn);
    struct http_reply reply = http_reply_text(426, line);
    struct http_reply_extra extra = {.upgrade = protocol};

    if (c != NULL)
        http_connection_answer(c, &reply, &extra);
}

/* ---- guests */

bool http_guest_allowed(const struct http_server *server, const struct address *from)
{
    return !server->options.behind_proxy || crowd_has_room(server, crowd_of(from, server->seed, CROWDS));
}

struct bufferevent *http_stream_take(struct http_turn turn, const struct address *from,
                                     struct http_guest *guest)
{
    struct http_server *server = turn.server;
    struct http_connection *c = waiting(turn);
    struct bufferevent *stream;
    int crowd;

    assert(c != NULL);
    /* Its place goes over to the guest; behind a proxy it takes one of its own. */
    crowd = c->crowd;
    if (server->options.behind_proxy) {
        crowd = crowd_of(from, server->seed, CROWDS);
        crowd_grow(server, crowd);
    }
    stream = http_connection_release(c);
    *guest = (struct http_guest){.server = server, .next = server->guests, .crowd = crowd};
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
    http_server_left(server, guest->crowd);
    guest->server = NULL;
}
