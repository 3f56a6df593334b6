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

static bool run_for(struct loop *loop, uint64_t us)
{
    struct guard guard = {.loop = loop};
    struct loop_timer *timer;

    assert_int_equal(loop_timer_new(loop, fire, &guard, &timer), OK);
    loop_timer_set(timer, loop_now_us() + us);
    assert_int_equal(loop_run(loop), OK);
    loop_timer_free(timer);
    return guard.fired;
}

void patience_run(struct loop *loop)
{
    assert_false(run_for(loop, 10 * 1000000));
}

void patience_let_pass(struct loop *loop, unsigned ms)
{
    assert_true(run_for(loop, ms * UINT64_C(1000)));
}
