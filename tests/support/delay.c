#define _GNU_SOURCE
#include "support/delay.h"

#include "support/process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAYS = 64, CHUNK = 16 * 1024, TICK_US = 200 };

/* A run of bytes, or a datagram, on its way. */
struct chunk {
    struct chunk *next;
    int64_t due_us;
    size_t len; /* 0: the stream has ended */
    uint8_t bytes[];
};

/* One direction of a connection. */
struct lane {
    int to;
    struct chunk *first, **last;
};

/* A TCP connection, or one client's datagrams. */
struct way {
    bool used, stream;
    int near, far;             /* near is the listening socket itself for datagrams */
    struct sockaddr_in client; /* datagrams: whose they are */
    int64_t open_us;           /* when the handshake would have been over */
    struct lane there, back;
    bool near_ended, far_ended; /* nothing more will be read */
};

struct delay {
    pthread_t thread;
    atomic_bool ends;
    int tcp, udp;
    uint16_t tcp_port, udp_port;
    int64_t half_us;
    struct way ways[WAYS];
};

static int bound_socket(int type, const char *host, uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1, fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    inet_pton(AF_INET, host, &at.sin_addr);
    if (fd >= 0 &&
        (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
         bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || (type == SOCK_STREAM && listen(fd, 16) != 0))) {
        close(fd);
        return -1;
    }
    return fd;
}

static int connected_socket(int type, uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1, fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) != 0) {
        close(fd);
        return -1;
    }
    if (type == SOCK_STREAM)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static struct way *way_new(struct delay *d, bool stream, int near, uint16_t port)
{
    for (size_t i = 0; i < WAYS; i++) {
        struct way *way = &d->ways[i];

        if (way->used)
            continue;
        *way = (struct way){.stream = stream, .near = near};
        way->far = connected_socket(stream ? SOCK_STREAM : SOCK_DGRAM, port);
        if (way->far < 0)
            return NULL;
        way->there = (struct lane){way->far, NULL, &way->there.first};
        way->back = (struct lane){near, NULL, &way->back.first};
        way->open_us = process_now_us() + (stream ? 2 * d->half_us : 0);
        way->used = true;
        return way;
    }
    return NULL;
}

static void lane_empty(struct lane *lane)
{
    while (lane->first != NULL) {
        struct chunk *chunk = lane->first;

        lane->first = chunk->next;
        free(chunk);
    }
    lane->last = &lane->first;
}

static void way_end(struct way *way)
{
    lane_empty(&way->there);
    lane_empty(&way->back);
    close(way->far);
    if (way->stream)
        close(way->near);
    way->used = false;
}

static void lane_put(struct lane *lane, const void *at, size_t len, int64_t due_us)
{
    struct chunk *chunk = malloc(sizeof *chunk + len);

    if (chunk == NULL)
        abort();
    chunk->next = NULL;
    chunk->due_us = due_us;
    chunk->len = len;
    memcpy(chunk->bytes, at, len);
    *lane->last = chunk;
    lane->last = &chunk->next;
}

static void addresses_change(uint8_t *at, size_t len)
{
    static const char told[] = "127.0.0.1";

    for (uint8_t *hit = at; (hit = memmem(hit, len - (size_t)(hit - at), told, sizeof told - 1)) != NULL;)
        memcpy(hit, DELAY_HOST, sizeof told - 1);
}

/* One read of a way's near (a stream's) or far end. */
static void way_read(struct delay *d, struct way *way, bool near)
{
    static _Thread_local uint8_t room[CHUNK];
    ssize_t n = recv(near ? way->near : way->far, room, sizeof room, MSG_DONTWAIT);
    int64_t now_us = process_now_us(), from_us = near && now_us < way->open_us ? way->open_us : now_us;
    bool *ended = near ? &way->near_ended : &way->far_ended;

    if (n < 0 && (errno == EAGAIN || errno == EINTR || !way->stream))
        return;
    if (!near && way->stream && n > 0)
        addresses_change(room, (size_t)n);
    *ended = way->stream && n <= 0;
    lane_put(near ? &way->there : &way->back, room, n > 0 ? (size_t)n : 0, from_us + d->half_us);
}

static void datagram_read(struct delay *d)
{
    static _Thread_local uint8_t room[CHUNK];
    struct sockaddr_in from;
    socklen_t from_len = sizeof from;
    ssize_t n = recvfrom(d->udp, room, sizeof room, MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
    struct way *way = NULL;

    if (n <= 0)
        return;
    for (size_t i = 0; i < WAYS && way == NULL; i++)
        if (d->ways[i].used && !d->ways[i].stream && d->ways[i].client.sin_port == from.sin_port)
            way = &d->ways[i];
    if (way == NULL)
        way = way_new(d, false, d->udp, d->udp_port);
    if (way == NULL)
        return;
    way->client = from;
    lane_put(&way->there, room, (size_t)n, process_now_us() + d->half_us);
}

static void connection_take(struct delay *d)
{
    int on = 1, near = accept4(d->tcp, NULL, NULL, SOCK_CLOEXEC);

    if (near < 0)
        return;
    setsockopt(near, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (way_new(d, true, near, d->tcp_port) == NULL)
        close(near);
}

static void lane_deliver(struct way *way, struct lane *lane, int64_t now_us)
{
    while (lane->first != NULL && lane->first->due_us <= now_us) {
        struct chunk *chunk = lane->first;

        if (chunk->len == 0)
            shutdown(lane->to, SHUT_WR);
        else if (!way->stream && lane == &way->back)
            sendto(lane->to, chunk->bytes, chunk->len, 0, (struct sockaddr *)&way->client,
                   sizeof way->client);
        else if (send(lane->to, chunk->bytes, chunk->len, MSG_NOSIGNAL) < 0 && way->stream)
            way->near_ended = way->far_ended = true;
        lane->first = chunk->next;
        if (lane->first == NULL)
            lane->last = &lane->first;
        free(chunk);
    }
}

static void *delay_run(void *self)
{
    struct delay *d = self;

    while (!atomic_load(&d->ends)) {
        struct pollfd ready[2 + 2 * WAYS];
        const struct timespec tick = {0, TICK_US * 1000};

        ready[0] = (struct pollfd){d->tcp, POLLIN, 0};
        ready[1] = (struct pollfd){d->udp, POLLIN, 0};
        for (size_t i = 0; i < WAYS; i++) {
            const struct way *way = &d->ways[i];

            ready[2 + 2 * i] =
                (struct pollfd){way->used && way->stream && !way->near_ended ? way->near : -1, POLLIN, 0};
            ready[3 + 2 * i] = (struct pollfd){way->used && !way->far_ended ? way->far : -1, POLLIN, 0};
        }
        if (ppoll(ready, 2 + 2 * WAYS, &tick, NULL) < 0)
            continue;
        for (size_t i = 0; i < WAYS; i++) {
            if (ready[2 + 2 * i].revents != 0)
                way_read(d, &d->ways[i], true);
            if (ready[3 + 2 * i].revents != 0)
                way_read(d, &d->ways[i], false);
        }
        if (ready[0].revents != 0)
            connection_take(d);
        if (ready[1].revents != 0)
            datagram_read(d);
        for (size_t i = 0; i < WAYS; i++) {
            struct way *way = &d->ways[i];

            if (!way->used)
                continue;
            lane_deliver(way, &way->there, process_now_us());
            lane_deliver(way, &way->back, process_now_us());
            if (way->near_ended && way->far_ended && way->there.first == NULL && way->back.first == NULL)
                way_end(way);
        }
    }
    return NULL;
}

struct delay *delay_start(uint16_t tcp_port, uint16_t udp_port, int64_t round_trip_us)
{
    struct delay *d = calloc(1, sizeof *d);

    if (d == NULL)
        return NULL;
    d->tcp_port = tcp_port;
    d->udp_port = udp_port;
    d->half_us = round_trip_us / 2;
    d->tcp = bound_socket(SOCK_STREAM, DELAY_HOST, tcp_port);
    d->udp = bound_socket(SOCK_DGRAM, DELAY_HOST, udp_port);
    if (d->tcp < 0 || d->udp < 0 || pthread_create(&d->thread, NULL, delay_run, d) != 0) {
        close(d->tcp);
        close(d->udp);
        free(d);
        return NULL;
    }
    return d;
}

void delay_end(struct delay *d)
{
    if (d == NULL)
        return;
    atomic_store(&d->ends, true);
    pthread_join(d->thread, NULL);
    for (size_t i = 0; i < WAYS; i++)
        if (d->ways[i].used)
            way_end(&d->ways[i]);
    close(d->tcp);
    close(d->udp);
    free(d);
}
