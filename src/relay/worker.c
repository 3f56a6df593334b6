#define _GNU_SOURCE
#include "relay/worker.h"

#include "io/loop.h"
#include "io/udp.h"
#include "relay/handover.h"
#include "relay/receive.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    ORDERS = 4096,
    BATCHES = 8, /* of datagrams, before orders and deadlines get their turn */
    WAIT_MAX_MS = 1000,
};

struct relay_worker {
    struct udp *udp;
    int wake, epoll; /* eventfd for orders; the epoll of both */
    pthread_t thread;
    bool started, stop;
    struct relay_seats *seats;
    struct relay_departures departures;
    struct relay_ended ended;
    uint8_t *room; /* of the departures */
    struct relay_handover orders, endings;
    _Atomic uint64_t settled, packets_in, packets_out, refused;
};

static void empty(void *self, const struct outbox *box)
{
    struct relay_worker *w = self;

    udp_send(w->udp, box); /* what the system does not take is lost, as any datagram may be */
}

static void room_end(struct relay_worker *w, const uint8_t tag[static TAG_BYTES])
{
    struct relay_room *room = relay_seats_room(w->seats, tag);

    /* The room goes with its last session. */
    for (size_t left = room == NULL ? 0 : room->count; left != 0; left--)
        relay_seats_end(w->seats, room->members[left - 1], &w->departures);
}

static void endings_tell(struct relay_worker *w)
{
    for (size_t i = 0; i < w->ended.count; i++) {
        /* There is a place for every session that the entrance believes to live. */
        enum result res = relay_handover_put(&w->endings, w->ended.ids[i]);
        (void)res;
    }
    w->ended.count = 0;
}

static void session_enter(struct relay_worker *w, struct relay_session *s, uint64_t now_us)
{
    if (relay_seats_add(w->seats, s, now_us) == OK)
        return;
    memcpy(w->ended.ids[0], s->id, RELAY_ID_LEN);
    w->ended.count = 1;
    endings_tell(w);
    relay_session_free(s);
}

static void order_do(struct relay_worker *w, const struct relay_order *order, uint64_t now_us)
{
    struct relay_session *s;

    switch (order->kind) {
    case RELAY_ORDER_ADD:
        session_enter(w, order->session, now_us);
        break;
    case RELAY_ORDER_RENEW:
        s = relay_seats_find(w->seats, order->id);
        if (s != NULL)
            relay_seats_renew(w->seats, s, order->role, order->expires_us);
        break;
    case RELAY_ORDER_END:
        s = relay_seats_find(w->seats, order->id);
        if (s != NULL)
            relay_seats_end(w->seats, s, &w->departures);
        break;
    case RELAY_ORDER_END_ROOM:
        room_end(w, order->id);
        break;
    case RELAY_ORDER_STOP:
        w->stop = true;
        break;
    }
}

static void orders_take(struct relay_worker *w, uint64_t now_us)
{
    struct relay_order order;
    uint64_t wakes;

    while (read(w->wake, &wakes, sizeof wakes) < 0 && errno == EINTR)
        ;
    while (relay_handover_take(&w->orders, &order))
        order_do(w, &order, now_us);
}

static void datagrams_take(struct relay_worker *w)
{
    const struct udp_packet *packets;
    unsigned count;

    for (int batch = 0; batch < BATCHES; batch++) {
        if (udp_receive(w->udp, &packets, &count) != OK)
            return;
        uint64_t now_us = loop_now_us();
        for (unsigned i = 0; i < count; i++)
            relay_receive(w->seats, now_us, &packets[i].from, packets[i].body, &w->departures);
        relay_departures_flush(&w->departures);
    }
}

static int wait_ms(const struct relay_worker *w, uint64_t now_us)
{
    uint64_t next_us = w->seats->next_us;

    if (next_us <= now_us)
        return 0;
    uint64_t ms = (next_us - now_us + 999) / 1000;
    return ms > WAIT_MAX_MS ? WAIT_MAX_MS : (int)ms;
}

static void counts_publish(struct relay_worker *w)
{
    atomic_store_explicit(&w->settled, w->seats->settled, memory_order_relaxed);
    atomic_store_explicit(&w->packets_in, w->seats->packets_in, memory_order_relaxed);
    atomic_store_explicit(&w->packets_out, w->departures.sent, memory_order_relaxed);
    atomic_store_explicit(&w->refused, w->seats->refused, memory_order_relaxed);
}

static void *run(void *self)
{
    struct relay_worker *w = self;

    while (!w->stop) {
        struct epoll_event events[2];
        int count = epoll_wait(w->epoll, events, 2, wait_ms(w, loop_now_us()));

        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == w->wake)
                orders_take(w, loop_now_us());
            else
                datagrams_take(w);
        }
        relay_seats_due(w->seats, loop_now_us(), &w->departures, &w->ended);
        relay_departures_flush(&w->departures);
        endings_tell(w);
        counts_publish(w);
    }
    while (w->seats->count != 0)
        relay_seats_end(w->seats, w->seats->sessions[0], &w->departures);
    relay_departures_flush(&w->departures);
    return NULL;
}

/* The process's signals belong to the loop's thread. */
static enum result thread_start(struct relay_worker *w)
{
    sigset_t all, before;
    int failed;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    w->started = failed == 0;
    errno = failed;
    return failed == 0 ? OK : E_IO;
}

static enum result watch(struct relay_worker *w, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    return epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? OK : E_IO;
}

static enum result memory_take(struct relay_worker *w, size_t sessions_max, const struct random *random)
{
    w->room = malloc(RELAY_DEPARTURES_SIZE);
    w->ended.ids = calloc(sessions_max, sizeof *w->ended.ids);
    w->ended.capacity = sessions_max;
    if (w->room == NULL || w->ended.ids == NULL)
        return E_NO_MEMORY;
    relay_departures_start(&w->departures, (struct bytes_mut){w->room, RELAY_DEPARTURES_SIZE}, empty, w);
    enum result res = relay_handover_start(&w->orders, ORDERS, sizeof(struct relay_order));
    if (res == OK)
        res = relay_handover_start(&w->endings, 2 * sessions_max, RELAY_ID_LEN);
    if (res == OK)
        res = relay_seats_new(sessions_max, random, &w->seats);
    return res;
}

enum result relay_worker_new(const struct address *at, size_t sessions_max, const struct random *random,
                             struct relay_worker **out)
{
    struct relay_worker *w = calloc(1, sizeof *w);

    if (w == NULL)
        return E_NO_MEMORY;
    w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    w->epoll = epoll_create1(EPOLL_CLOEXEC);
    enum result res = w->wake < 0 || w->epoll < 0 ? E_IO : memory_take(w, sessions_max, random);
    if (res == OK)
        res = udp_open(at, UDP_ALONE, &w->udp);
    if (res == OK)
        res = watch(w, w->wake);
    if (res == OK)
        res = watch(w, udp_fd(w->udp));
    if (res == OK)
        res = thread_start(w);
    if (res == OK)
        *out = w;
    else
        relay_worker_free(w);
    return res;
}

void relay_worker_free(struct relay_worker *w)
{
    struct relay_order order = {.kind = RELAY_ORDER_STOP};
    int why = errno;

    if (w == NULL)
        return;
    if (w->started) {
        enum result res = relay_worker_order(w, &order);
        (void)res;
        pthread_join(w->thread, NULL);
    }
    while (w->orders.items != NULL && relay_handover_take(&w->orders, &order)) {
        if (order.kind == RELAY_ORDER_ADD)
            relay_session_free(order.session);
    }
    relay_seats_free(w->seats);
    relay_handover_free(&w->orders);
    relay_handover_free(&w->endings);
    if (w->udp != NULL)
        udp_close(w->udp);
    if (w->wake >= 0)
        close(w->wake);
    if (w->epoll >= 0)
        close(w->epoll);
    free(w->ended.ids);
    free(w->room);
    free(w);
    errno = why;
}

struct address relay_worker_address(const struct relay_worker *w)
{
    return udp_address(w->udp);
}

enum result relay_worker_order(struct relay_worker *w, const struct relay_order *order)
{
    const uint64_t one = 1;
    enum result res;

    while ((res = relay_handover_put(&w->orders, order)) != OK && order->kind != RELAY_ORDER_ADD)
        sched_yield();
    if (res == OK && write(w->wake, &one, sizeof one) < 0)
        return OK; /* the counter is full: the worker is being woken anyway */
    return res;
}

bool relay_worker_ended(struct relay_worker *w, uint8_t id[static RELAY_ID_LEN])
{
    return relay_handover_take(&w->endings, id);
}

struct relay_worker_counts relay_worker_counts(const struct relay_worker *w)
{
    return (struct relay_worker_counts){
        atomic_load_explicit(&w->settled, memory_order_relaxed),
        atomic_load_explicit(&w->packets_in, memory_order_relaxed),
        atomic_load_explicit(&w->packets_out, memory_order_relaxed),
        atomic_load_explicit(&w->refused, memory_order_relaxed),
    };
}
