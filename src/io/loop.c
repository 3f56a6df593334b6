#define _GNU_SOURCE
#include "io/loop.h"

#include <event2/event.h>

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct posted {
    struct posted *next;
    void (*call)(void *context);
    void *context;
};

struct loop {
    struct event_base *base;
    struct event *woken;
    int wake; /* an eventfd: something was posted */
    pthread_mutex_t lock;
    struct posted *first, **last; /* under the lock */
    bool stopped;
    struct event *ends[2];
    void (*end)(void *context);
    void *end_context;
};

struct event_base *loop_base(struct loop *loop)
{
    return loop->base;
}

static void run_posted(evutil_socket_t fd, short what, void *context)
{
    struct loop *loop = context;
    struct posted *calls;
    uint64_t count;

    (void)what;
    if (read(fd, &count, sizeof count) < 0)
        return;
    pthread_mutex_lock(&loop->lock);
    calls = loop->first;
    loop->first = NULL;
    loop->last = &loop->first;
    pthread_mutex_unlock(&loop->lock);

    while (calls != NULL) {
        struct posted *next = calls->next;

        calls->call(calls->context);
        free(calls);
        calls = next;
    }
}

enum result loop_new(struct loop **out)
{
    struct loop *loop = calloc(1, sizeof *loop);
    struct event_config *config = event_config_new();
    enum result res = E_NO_MEMORY;

    if (loop == NULL || config == NULL)
        goto out;
    loop->wake = -1;
    loop->last = &loop->first;
    pthread_mutex_init(&loop->lock, NULL);

    /* A cached time would make a timer that is set late in a long callback fire too early. */
    if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) != 0 ||
        event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) != 0 ||
        event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME) != 0)
        goto out;
    loop->base = event_base_new_with_config(config);
    if (loop->base == NULL)
        goto out;
    loop->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->wake < 0) {
        res = E_IO;
        goto out;
    }
    loop->woken = event_new(loop->base, loop->wake, EV_READ | EV_PERSIST, run_posted, loop);
    if (loop->woken == NULL || event_add(loop->woken, NULL) != 0)
        goto out;
    *out = loop;
    loop = NULL;
    res = OK;
out:
    if (config != NULL)
        event_config_free(config);
    loop_free(loop);
    return res;
}

static void free_event(struct event *event)
{
    if (event != NULL)
        event_free(event);
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    while (loop->first != NULL) {
        struct posted *next = loop->first->next;

        free(loop->first);
        loop->first = next;
    }
    free_event(loop->ends[0]);
    free_event(loop->ends[1]);
    free_event(loop->woken);
    if (loop->wake >= 0)
        close(loop->wake);
    if (loop->base != NULL)
        event_base_free(loop->base);
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}

enum result loop_run(struct loop *loop)
{
    int ran = 0;

    /* libevent forgets a break that was asked for before the loop began. */
    if (!loop->stopped)
        ran = event_base_dispatch(loop->base);
    loop->stopped = false;
    return ran == 0 ? OK : E_IO;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
    event_base_loopbreak(loop->base);
}

uint64_t loop_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

struct loop_timer {
    struct event *event;
    void (*due)(void *context);
    void *context;
    bool set;
};

/* A timer at rest stays in libevent's heap, due in a year: so setting it later needs no memory and cannot
 * fail. */
static void arm(struct loop_timer *timer, uint64_t in_us)
{
    struct timeval tv = {(time_t)(in_us / 1000000), (suseconds_t)(in_us % 1000000)};

    if (event_add(timer->event, &tv) != 0)
        abort();
}

static const uint64_t rest_us = UINT64_C(365) * 24 * 3600 * 1000000;

static void timer_fired(evutil_socket_t fd, short what, void *context)
{
    struct loop_timer *timer = context;
    bool set = timer->set;

    (void)fd;
    (void)what;
    timer->set = false;
    arm(timer, rest_us);
    if (set)
        timer->due(timer->context);
}

enum result loop_timer_new(struct loop *loop, void (*due)(void *context), void *context,
                           struct loop_timer **out)
{
    struct loop_timer *timer = calloc(1, sizeof *timer);
    struct timeval rest = {(time_t)(rest_us / 1000000), 0};

    if (timer == NULL)
        return E_NO_MEMORY;
    timer->due = due;
    timer->context = context;
    timer->event = evtimer_new(loop->base, timer_fired, timer);
    if (timer->event == NULL || event_add(timer->event, &rest) != 0) {
        loop_timer_free(timer);
        return E_NO_MEMORY;
    }
    *out = timer;
    return OK;
}

void loop_timer_set(struct loop_timer *timer, uint64_t at_us)
{
    uint64_t now_us = loop_now_us();

    timer->set = true;
    arm(timer, at_us > now_us ? at_us - now_us : 0);
}

void loop_timer_clear(struct loop_timer *timer)
{
    if (!timer->set)
        return;
    timer->set = false;
    arm(timer, rest_us);
}

void loop_timer_free(struct loop_timer *timer)
{
    if (timer == NULL)
        return;
    free_event(timer->event);
    free(timer);
}

struct loop_watch {
    struct event *event;
    void (*readable)(void *context);
    void *context;
};

static void watch_fired(evutil_socket_t fd, short what, void *context)
{
    struct loop_watch *watch = context;

    (void)fd;
    (void)what;
    watch->readable(watch->context);
}

enum result loop_watch_new(struct loop *loop, int fd, void (*readable)(void *context), void *context,
                           struct loop_watch **out)
{
    struct loop_watch *watch = calloc(1, sizeof *watch);

    if (watch == NULL)
        return E_NO_MEMORY;
    watch->readable = readable;
    watch->context = context;
    watch->event = event_new(loop->base, fd, EV_READ | EV_PERSIST, watch_fired, watch);
    if (watch->event == NULL || event_add(watch->event, NULL) != 0) {
        enum result res = watch->event == NULL ? E_NO_MEMORY : E_IO;

        loop_watch_free(watch);
        return res;
    }
    *out = watch;
    return OK;
}

void loop_watch_free(struct loop_watch *watch)
{
    if (watch == NULL)
        return;
    free_event(watch->event);
    free(watch);
}

enum result loop_post(struct loop *loop, void (*call)(void *context), void *context)
{
    struct posted *posted = malloc(sizeof *posted);
    uint64_t one = 1;
    ssize_t wrote;

    if (posted == NULL)
        return E_NO_MEMORY;
    *posted = (struct posted){NULL, call, context};
    pthread_mutex_lock(&loop->lock);
    *loop->last = posted;
    loop->last = &posted->next;
    pthread_mutex_unlock(&loop->lock);

    /* Fails only where the counter is full, and then the loop is woken already. */
    wrote = write(loop->wake, &one, sizeof one);
    (void)wrote;
    return OK;
}

static void end_fired(evutil_socket_t signal_number, short what, void *context)
{
    struct loop *loop = context;

    (void)signal_number;
    (void)what;
    loop->end(loop->end_context);
}

enum result loop_on_end(struct loop *loop, void (*end)(void *context), void *context)
{
    static const int numbers[2] = {SIGINT, SIGTERM};

    assert(loop->ends[0] == NULL);
    loop->end = end;
    loop->end_context = context;
    for (int i = 0; i < 2; i++) {
        loop->ends[i] = evsignal_new(loop->base, numbers[i], end_fired, loop);
        if (loop->ends[i] == NULL)
            return E_NO_MEMORY;
        if (event_add(loop->ends[i], NULL) != 0)
            return E_IO;
    }
    return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? E_IO : OK;
}
