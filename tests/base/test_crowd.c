#include "base/crowd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { CROWDS = 1 << 12 };

static int crowd(const char *text, const char *seed)
{
    struct address a;

    assert_int_equal(address_parse_pair(bytes_string(text), &a), OK);
    return crowd_of(&a, (const uint8_t *)seed, CROWDS);
}

static void one_customer_is_one_crowd(void **state)
{
    static const char seed[] = "a process's seed", other[] = "another's, later";

    (void)state;
    assert_int_equal(crowd("192.0.2.1:1", seed), crowd("192.0.2.1:60000", seed));
    assert_int_equal(crowd("192.0.2.1:1", seed), crowd("[::ffff:192.0.2.1]:1", seed));
    assert_int_not_equal(crowd("192.0.2.1:1", seed), crowd("192.0.2.2:1", seed));
    assert_int_equal(crowd("[2001:db8:1:2::1]:1", seed), crowd("[2001:db8:1:2:ffff::9]:1", seed));
    assert_int_not_equal(crowd("[2001:db8:1:2::1]:1", seed), crowd("[2001:db8:1:3::1]:1", seed));
    assert_int_not_equal(crowd("192.0.2.1:1", seed), crowd("192.0.2.1:1", other));
}

static void this_machine_and_nobody_are_none(void **state)
{
    static const char *const rows[] = {"127.0.0.1:1", "127.8.9.1:1", "[::1]:1", "[::]:0"};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(crowd(rows[i], "a process's seed"), CROWD_NONE);
}

/* Neighbours do not meet in few places. */
static void neighbours_are_spread(void **state)
{
    static unsigned char seen[CROWDS];
    unsigned used = 0;

    (void)state;
    for (unsigned i = 0; i < CROWDS; i++) {
        char text[32];
        int which;

        snprintf(text, sizeof text, "10.7.%u.%u:1", i / 256, i % 256);
        which = crowd(text, "a process's seed");
        assert_in_range(which, 0, CROWDS - 1);
        used += !seen[which];
        seen[which] = 1;
    }
    assert_in_range(used, CROWDS / 2, CROWDS * 3 / 4); /* 63 % of them, by chance */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_customer_is_one_crowd),
        cmocka_unit_test(this_machine_and_nobody_are_none),
        cmocka_unit_test(neighbours_are_spread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
