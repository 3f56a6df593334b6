#include "support/weather.h"

#include "io/udp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* What comes when the queue is full is lost, as it would be at any other place on the way. */
static void put(struct weather *w, const struct address *from, const struct address *to,
                struct bytes_mut body)
{
    for (unsigned i = 0; i < LINK_QUEUE; i++)
        if (w->link.queue[i].len == 0) {
            link_put(&w->link, loop_now_us(), from, to, bytes_const(body));
            return;
        }
    w->link.sent++;
    w->link.lost++;
}

static void arrived(struct weather *w, const struct link_datagram *d)
{
    struct bytes body = bytes(d->bytes, d->len);

    if (!address_equal(&d->to, &w->relay)) {
        (void)udp_send_one(w->near, &d->to, body);
        return;
    }
    for (unsigned i = 0; i < WEATHER_PATHS; i++)
        if (w->paths[i].far != NULL && address_equal(&w->paths[i].client, &d->from))
            (void)udp_send_one(w->paths[i].far, &w->relay, body);
}

static void deliver(void *context)
{
    struct weather *w = context;
    struct link_datagram d;
    uint64_t next;

    while (link_take(&w->link, loop_now_us(), &d))
        arrived(w, &d);
    next = link_next(&w->link);
    if (next != UINT64_MAX)
        loop_timer_set(w->timer, next);
}

static void from_relay(void *context)
{
    struct weather_path *path = context;
    struct weather *w = path->weather;
    const struct udp_packet *packets;
    unsigned count;

    if (udp_receive(path->far, &packets, &count) != OK)
        return;
    for (unsigned i = 0; i < count; i++)
        put(w, &w->relay, &path->client, packets[i].body);
    deliver(w);
}

static void path_end(struct weather_path *path)
{
    loop_watch_free(path->watch);
    udp_close(path->far);
    path->far = NULL;
}

/* That of the client, or a new one; the one that was silent for longest makes room. */
static struct weather_path *path_of(struct weather *w, const struct address *client)
{
    struct weather_path *path = &w->paths[0];
    struct address any;

    for (unsigned i = 0; i < WEATHER_PATHS; i++) {
        struct weather_path *p = &w->paths[i];

        if (p->far != NULL && address_equal(&p->client, client))
            return p;
        if (p->used_us < path->used_us)
            path = p;
    }
    if (path->far != NULL)
        path_end(path);
    assert_int_equal(address_parse_pair(BYTES_TEXT("127.0.0.1:0"), &any), OK);
    path->weather = w;
    path->client = *client;
    assert_int_equal(udp_open(&any, UDP_ALONE, &path->far), OK);
    assert_int_equal(loop_watch_new(w->loop, udp_fd(path->far), from_relay, path, &path->watch), OK);
    return path;
}

static void from_client(void *context)
{
    struct weather *w = context;
    const struct udp_packet *packets;
    unsigned count;

    if (udp_receive(w->near, &packets, &count) != OK)
        return;
    for (unsigned i = 0; i < count; i++) {
        struct weather_path *path = path_of(w, &packets[i].from);

        path->used_us = loop_now_us();
        put(w, &path->client, &w->relay, packets[i].body);
    }
    deliver(w);
}

void weather_start(struct weather *w, struct loop *loop, uint16_t media_port, uint64_t seed)
{
    struct address near;

    memset(w, 0, sizeof *w);
    w->loop = loop;
    seeded_start(&w->seeded, seed);
    w->link.seeded = &w->seeded;
    assert_int_equal(address_parse(BYTES_TEXT(WEATHER_HOST), media_port, &near), OK);
    assert_int_equal(address_parse(BYTES_TEXT("127.0.0.1"), media_port, &w->relay), OK);
    assert_int_equal(udp_open(&near, UDP_ALONE, &w->near), OK);
    assert_int_equal(loop_watch_new(loop, udp_fd(w->near), from_client, w, &w->watch), OK);
    assert_int_equal(loop_timer_new(loop, deliver, w, &w->timer), OK);
}

void weather_end(struct weather *w)
{
    for (unsigned i = 0; i < WEATHER_PATHS; i++)
        if (w->paths[i].far != NULL)
            path_end(&w->paths[i]);
    loop_timer_free(w->timer);
    loop_watch_free(w->watch);
    udp_close(w->near);
}
