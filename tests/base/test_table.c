#include "base/table.h"
#include "support/seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { KEYS = 1000 };

/* A random walk of puts and removes against a plain array. */
static void agrees_with_an_array(void **state)
{
    static int values[KEYS];
    static bool there[KEYS];
    struct seeded seeded;
    uint8_t seed[16];
    size_t count = 0, cursor = 0, seen = 0;

    (void)state;
    memset(there, 0, sizeof there);
    seeded_start(&seeded, 7);
    random_fill(&seeded.random, seed, sizeof seed);
    struct table table = table_of(sizeof(uint32_t), seed);

    for (int step = 0; step < 50000; step++) {
        uint32_t key = seeded_below(&seeded, KEYS);

        assert_ptr_equal(table_get(&table, &key), there[key] ? &values[key] : NULL);
        if (seeded_below(&seeded, 2) == 0) {
            assert_int_equal(table_put(&table, &key, &values[key]), OK);
            count += !there[key];
            there[key] = true;
        } else {
            assert_ptr_equal(table_remove(&table, &key), there[key] ? &values[key] : NULL);
            count -= there[key];
            there[key] = false;
        }
        assert_int_equal(table.count, count);
    }
    for (int *value; (value = table_next(&table, &cursor)) != NULL; seen++)
        assert_true(there[value - values]);
    assert_int_equal(seen, count);
    table_free(&table);
}

static void empty_holds_nothing(void **state)
{
    const uint8_t seed[16] = {0};
    struct table table = table_of(2, seed);
    size_t cursor = 0;

    (void)state;
    assert_null(table_get(&table, "ab"));
    assert_null(table_remove(&table, "ab"));
    assert_null(table_next(&table, &cursor));
    table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_an_array),
        cmocka_unit_test(empty_holds_nothing),
    };

    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
