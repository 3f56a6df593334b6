#include "io/loop.h"
#include "base/host.h"
#include "io/wasm/turn.h"

#include <stdlib.h>

/* Milliseconds that only ever count up. */
HOST(now) double host_now(void);
/* A turn is wanted at that time, or soon after; in place of the one that was wanted before. */
HOST(wake) void host_wake(double at_ms);

struct loop_timer {
    struct loop *loop;
    struct loop_timer *next;
    void (*due)(void *context);
    void *context;
    bool set;
    uint64_t at_us;
    uint32_t turn; /* the last that it was called in */
};

struct loop {
    struct loop_timer *timers;
    uint64_t wake_us;
    uint32_t turn;
};

uint64_t loop_now_us(void)
{
    return (uint64_t)(host_now() * 1000.0);
}

enum result loop_new(struct loop **out)
{
    struct loop *loop = calloc(1, sizeof *loop);

    if (loop == NULL)
        return E_NO_MEMORY;
    loop->wake_us = UINT64_MAX;
    *out = loop;
    return OK;
}

void loop_free(struct loop *loop)
{
    free(loop);
}

static void wake_by(struct loop *loop, uint64_t at_us)
{
    if (at_us >= loop->wake_us)
        return;
    loop->wake_us = at_us;
    host_wake((double)at_us / 1000.0);
}

static struct loop_timer *timer_due(struct loop *loop, uint64_t now_us)
{
    for (struct loop_timer *t = loop->timers; t != NULL; t = t->next)
        if (t->set && t->at_us <= now_us && t->turn != loop->turn)
            return t;
    return NULL;
}

void loop_turn(struct loop *loop)
{
    const uint64_t now_us = loop_now_us();
    struct loop_timer *t;

    loop->turn++;
    loop->wake_us = 0; /* nobody is to wake us before all have been called */
    while ((t = timer_due(loop, now_us)) != NULL) {
        t->set = false;
        t->turn = loop->turn;
        t->due(t->context);
    }
    loop->wake_us = UINT64_MAX;
    for (t = loop->timers; t != NULL; t = t->next)
        if (t->set)
            wake_by(loop, t->at_us);
}

enum result loop_timer_new(struct loop *loop, void (*due)(void *context), void *context,
                           struct loop_timer **out)
{
    struct loop_timer *t = calloc(1, sizeof *t);

    if (t == NULL)
        return E_NO_MEMORY;
    *t = (struct loop_timer){
        .loop = loop, .next = loop->timers, .due = due, .context = context, .turn = loop->turn};
    loop->timers = t;
    *out = t;
    return OK;
}

void loop_timer_set(struct loop_timer *t, uint64_t at_us)
{
    t->set = true;
    t->at_us = at_us;
    wake_by(t->loop, at_us);
}

void loop_timer_clear(struct loop_timer *t)
{
    t->set = false;
}

void loop_timer_free(struct loop_timer *t)
{
    struct loop_timer **at;

    if (t == NULL)
        return;
    for (at = &t->loop->timers; *at != t; at = &(*at)->next)
        continue;
    *at = t->next;
    free(t);
}
