#include "pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct pair *fresh(uint64_t seed)
{
    struct pair *p = malloc(sizeof *p);

    assert_non_null(p);
    pair_start(p, seed);
    return p;
}

static void done(struct pair *p)
{
    pair_end(p);
    free(p);
}

/* Check and hello in one flight: answer and server flight come after one round trip, finish after two. */
static void opens_in_two_round_trips(void **state)
{
    struct pair *p = fresh(1);
    uint64_t start = p->now_us;

    (void)state;
    assert_true(pair_open(p, start + 1000000));
    assert_true(p->now_us - start <= 4 * p->link.delay_us);
    assert_int_equal(p->ends[CLIENT].datagrams, 3);
    done(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_in_two_round_trips),
    };

    return cmocka_run_group_tests_name("hop", tests, NULL, NULL);
}
