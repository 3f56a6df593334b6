#include "bus/bus.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct waiting {
    struct waiting *next;
    size_t len;
    uint8_t message[];
};

struct bus_subscription {
    struct bus *bus;
    struct bus_subscription *next; /* under the bus's lock, as is the queue */
    struct waiting *first, **last;
    size_t count, held;
    char subject[BUS_SUBJECT_MAX + 1];
    int wake;
    struct loop_watch *watch;
    void (*take)(void *context, struct bytes message);
    void *context;
};

struct bus {
    pthread_mutex_t lock;
    struct bus_subscription *subscriptions;
};

enum result bus_local(struct bus **out)
{
    struct bus *bus = calloc(1, sizeof *bus);

    if (bus == NULL)
        return E_NO_MEMORY;
    if (pthread_mutex_init(&bus->lock, NULL) != 0) {
        free(bus);
        return E_NO_MEMORY;
    }
    *out = bus;
    return OK;
}

void bus_free(struct bus *bus)
{
    if (bus == NULL)
        return;
    assert(bus->subscriptions == NULL);
    pthread_mutex_destroy(&bus->lock);
    free(bus);
}

static enum result queue_put(struct bus_subscription *s, struct bytes message)
{
    uint64_t one = 1;
    struct waiting *w;

    if (s->count == BUS_QUEUE_MAX || s->held + message.len > BUS_QUEUE_BYTES)
        return E_NO_MEMORY;
    w = malloc(sizeof *w + message.len);
    if (w == NULL)
        return E_NO_MEMORY;
    w->next = NULL;
    w->len = message.len;
    if (message.len != 0)
        memcpy(w->message, message.at, message.len);
    *s->last = w;
    s->last = &w->next;
    s->count++;
    s->held += message.len;
    /* One wakening is enough for all that waits; it fails only where the counter stands high already. */
    if (s->count == 1) {
        ssize_t wrote = write(s->wake, &one, sizeof one);
        (void)wrote;
    }
    return OK;
}

enum result bus_publish(struct bus *bus, const char *subject, struct bytes message)
{
    enum result res = OK;

    if (strlen(subject) > BUS_SUBJECT_MAX || message.len > BUS_MESSAGE_MAX)
        return E_TOO_LARGE;
    pthread_mutex_lock(&bus->lock);
    for (struct bus_subscription *s = bus->subscriptions; s != NULL; s = s->next)
        if (strcmp(s->subject, subject) == 0 && queue_put(s, message) != OK)
            res = E_NO_MEMORY;
    pthread_mutex_unlock(&bus->lock);
    return res;
}

static void queue_free(struct waiting *w)
{
    while (w != NULL) {
        struct waiting *next = w->next;

        free(w);
        w = next;
    }
}

void bus_drain(struct bus_subscription *s)
{
    struct waiting *all;
    uint64_t count;
    ssize_t got;

    pthread_mutex_lock(&s->bus->lock);
    got = read(s->wake, &count, sizeof count);
    (void)got;
    all = s->first;
    s->first = NULL;
    s->last = &s->first;
    s->count = s->held = 0;
    pthread_mutex_unlock(&s->bus->lock);

    for (struct waiting *w = all; w != NULL; w = w->next)
        s->take(s->context, bytes(w->message, w->len));
    queue_free(all);
}

static void readable(void *context)
{
    bus_drain(context);
}

static void subscription_free(struct bus_subscription *s)
{
    loop_watch_free(s->watch);
    if (s->wake >= 0)
        close(s->wake);
    queue_free(s->first);
    free(s);
}

enum result bus_subscribe(struct bus *bus, const char *subject, struct loop *loop,
                          void (*take)(void *context, struct bytes message), void *context,
                          struct bus_subscription **out)
{
    struct bus_subscription *s;
    size_t len = strlen(subject);
    enum result res = OK;

    if (len > BUS_SUBJECT_MAX)
        return E_TOO_LARGE;
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return E_NO_MEMORY;
    s->bus = bus;
    s->last = &s->first;
    s->take = take;
    s->context = context;
    memcpy(s->subject, subject, len);
    s->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (s->wake < 0)
        res = E_IO;
    else if (loop != NULL)
        res = loop_watch_new(loop, s->wake, readable, s, &s->watch);
    if (res != OK) {
        subscription_free(s);
        return res;
    }
    pthread_mutex_lock(&bus->lock);
    s->next = bus->subscriptions;
    bus->subscriptions = s;
    pthread_mutex_unlock(&bus->lock);
    *out = s;
    return OK;
}

void bus_unsubscribe(struct bus_subscription *s)
{
    struct bus_subscription **at;

    if (s == NULL)
        return;
    pthread_mutex_lock(&s->bus->lock);
    for (at = &s->bus->subscriptions; *at != s; at = &(*at)->next)
        ;
    *at = s->next;
    pthread_mutex_unlock(&s->bus->lock);
    subscription_free(s);
}

int bus_fd(const struct bus_subscription *s)
{
    return s->wake;
}
