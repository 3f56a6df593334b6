/* Ten thousand datagrams a second that are nobody's. What they cost a listener to the packet is for `dev
 * bench garbage`, on a machine that does nothing else. */
#include "support/garbage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { SECONDS = 3, EACH_SECOND = 10000 };

static void garbage_is_passed_over(void **state)
{
    struct garbage_figures f;

    (void)state;
    garbage_measure(SECONDS, EACH_SECOND, &f);
    assert_true(f.sent >= EACH_SECOND * SECONDS / 2);
    assert_true(f.frames >= 50 * (SECONDS - 1));
    if (f.lost > f.control_lost + f.frames / 50)
        fail_msg("%u of %u frames are lost, and %u of %u before", f.lost, f.frames, f.control_lost,
                 f.control_frames);
    if (f.grown_kb > 2048)
        fail_msg("the server grew by %ld kB", f.grown_kb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(garbage_is_passed_over),
    };

    return cmocka_run_group_tests_name("garbage", tests, NULL, NULL);
}
