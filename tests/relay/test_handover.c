#include "relay/handover.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>

enum { ITEMS = 200000 };

static void full_and_empty(void **state)
{
    struct relay_handover h;
    uint32_t item = 0;

    (void)state;
    assert_int_equal(relay_handover_start(&h, 3, sizeof item), OK); /* rounded up to 4 */
    assert_false(relay_handover_take(&h, &item));
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 4; i++)
            assert_int_equal(relay_handover_put(&h, &i), OK);
        assert_int_equal(relay_handover_put(&h, &item), E_AGAIN);
        for (uint32_t i = 0; i < 4; i++) {
            assert_true(relay_handover_take(&h, &item));
            assert_int_equal(item, i);
        }
        assert_false(relay_handover_take(&h, &item));
    }
    relay_handover_free(&h);
}

static void *putter(void *self)
{
    for (uint64_t i = 0; i < ITEMS; i++) {
        uint64_t item[3] = {i, ~i, i * 7};

        while (relay_handover_put(self, item) != OK)
            sched_yield();
    }
    return NULL;
}

/* Each item arrives once, whole and in order. */
static void between_two_threads(void **state)
{
    struct relay_handover h;
    pthread_t thread;
    uint64_t item[3];

    (void)state;
    assert_int_equal(relay_handover_start(&h, 64, sizeof item), OK);
    assert_int_equal(pthread_create(&thread, NULL, putter, &h), 0);
    for (uint64_t i = 0; i < ITEMS; i++) {
        while (!relay_handover_take(&h, item))
            sched_yield();
        assert_true(item[0] == i && item[1] == ~i && item[2] == i * 7);
    }
    pthread_join(thread, NULL);
    assert_false(relay_handover_take(&h, item));
    relay_handover_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_and_empty),
        cmocka_unit_test(between_two_threads),
    };

    return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}
