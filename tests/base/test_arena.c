#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void gives_zeroed_aligned_memory(void **state)
{
    struct arena arena = {0};

    (void)state;
    for (size_t n = 1; n < 10000; n += 37) {
        uint8_t *room = arena_take(&arena, n);

        assert_non_null(room);
        assert_int_equal((uintptr_t)room % sizeof(max_align_t) % 16, 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(room[i], 0);
        memset(room, 0xff, n);
    }
    arena_free(&arena);
}

static void keeps_its_limit(void **state)
{
    struct arena arena = arena_up_to(1000);

    (void)state;
    assert_null(arena_take(&arena, 1001));
    assert_non_null(arena_take(&arena, 900));
    assert_null(arena_take(&arena, 200));
    arena_free(&arena);
    assert_non_null(arena_take(&arena, 900));
    arena_free(&arena);
}

static void refuses_what_overflows(void **state)
{
    struct arena arena = {0};

    (void)state;
    assert_null(arena_take(&arena, SIZE_MAX));
    assert_null(arena_array(&arena, SIZE_MAX / 2, 3));
    arena_free(&arena);
}

static void copies(void **state)
{
    struct arena arena = {0};
    struct bytes copy;

    (void)state;
    assert_int_equal(arena_copy(&arena, BYTES_TEXT("tea"), &copy), OK);
    assert_true(bytes_equal(copy, BYTES_TEXT("tea")));
    assert_int_equal(arena_copy(&arena, (struct bytes){0}, &copy), OK);
    assert_int_equal(copy.len, 0);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_zeroed_aligned_memory),
        cmocka_unit_test(keeps_its_limit),
        cmocka_unit_test(refuses_what_overflows),
        cmocka_unit_test(copies),
    };

    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
