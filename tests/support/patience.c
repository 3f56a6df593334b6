#include "support/patience.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct guard {
    struct loop *loop;
    bool fired;
};

static void fire(void *context)
{
    struct guard *guard = context;

    guard->fired = true;
    loop_stop(guard->loop);
}

struct loop *patience_loop(void)
{
    struct loop *loop;

    assert_int_equal(loop_new(&loop), OK);
    return loop;
}

static void guard_set(struct guard *guard, struct loop_timer **timer, uint64_t us)
{
    assert_int_equal(loop_timer_new(guard->loop, fire, guard, timer), OK);
    loop_timer_set(*timer, loop_now_us() + us);
}

void patience_run(struct loop *loop)
{
    struct guard guard = {.loop = loop};
    struct loop_timer *timer;

    guard_set(&guard, &timer, 10 * 1000000);
    assert_int_equal(loop_run(loop), OK);
    loop_timer_free(timer);
    assert_false(guard.fired);
}

void patience_let_pass(struct loop *loop, unsigned ms)
{
    struct guard guard = {.loop = loop};
    struct loop_timer *timer;

    guard_set(&guard, &timer, ms * UINT64_C(1000));
    while (!guard.fired)
        assert_int_equal(loop_run(loop), OK);
    loop_timer_free(timer);
}
