#include "support/held_clock.h"

#include <event2/event.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* A message is written in one turn of the loop and read in the next; an answer takes as many again. */
enum { TURNS = 6, START_US = 1000000 };

struct held_timer {
    struct held_timer *next, **link;
    void (*due)(void *context);
    void *context;
    bool set;
    uint64_t at_us;
};

static uint64_t now_us = START_US;
static struct held_timer *timers;

uint64_t __wrap_loop_now_us(void);
enum result __wrap_loop_timer_new(struct loop *, void (*due)(void *context), void *context,
                                  struct loop_timer **out);
void __wrap_loop_timer_set(struct loop_timer *, uint64_t at_us);
void __wrap_loop_timer_clear(struct loop_timer *);
void __wrap_loop_timer_free(struct loop_timer *);

uint64_t __wrap_loop_now_us(void)
{
    return now_us;
}

enum result __wrap_loop_timer_new(struct loop *loop, void (*due)(void *context), void *context,
                                  struct loop_timer **out)
{
    struct held_timer *timer = calloc(1, sizeof *timer);

    (void)loop;
    if (timer == NULL)
        return E_NO_MEMORY;
    timer->due = due;
    timer->context = context;
    timer->next = timers;
    timer->link = &timers;
    if (timers != NULL)
        timers->link = &timer->next;
    timers = timer;
    *out = (struct loop_timer *)timer;
    return OK;
}

void __wrap_loop_timer_set(struct loop_timer *opaque, uint64_t at_us)
{
    struct held_timer *timer = (struct held_timer *)opaque;

    timer->set = true;
    timer->at_us = at_us > now_us ? at_us : now_us;
}

void __wrap_loop_timer_clear(struct loop_timer *opaque)
{
    ((struct held_timer *)opaque)->set = false;
}

void __wrap_loop_timer_free(struct loop_timer *opaque)
{
    struct held_timer *timer = (struct held_timer *)opaque;

    if (timer == NULL)
        return;
    *timer->link = timer->next;
    if (timer->next != NULL)
        timer->next->link = timer->link;
    free(timer);
}

struct loop *held_loop(void)
{
    struct loop *loop;

    assert_int_equal(loop_new(&loop), OK);
    return loop;
}

static void turn(struct loop *loop)
{
    for (unsigned i = 0; i < TURNS; i++)
        assert_true(event_base_loop(loop_base(loop), EVLOOP_NONBLOCK) >= 0);
}

/* The one that is due first; of several, any. */
static struct held_timer *first_due(uint64_t until_us)
{
    struct held_timer *first = NULL;

    for (struct held_timer *timer = timers; timer != NULL; timer = timer->next)
        if (timer->set && timer->at_us <= until_us && (first == NULL || timer->at_us < first->at_us))
            first = timer;
    return first;
}

void held_pass(struct loop *loop, unsigned ms)
{
    const uint64_t until_us = now_us + ms * UINT64_C(1000);
    struct held_timer *timer;

    turn(loop);
    while ((timer = first_due(until_us)) != NULL) {
        now_us = timer->at_us > now_us ? timer->at_us : now_us;
        timer->set = false;
        timer->due(timer->context);
        turn(loop);
    }
    now_us = until_us;
}
