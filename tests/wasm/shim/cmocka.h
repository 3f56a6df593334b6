/* As much of cmocka's interface as the tests of core and crypto use, for a module: each test runs in an
 * instance of its own, and one that fails or is skipped leaves it by an exception of the host. */
#ifndef SHIM_CMOCKA_H
#define SHIM_CMOCKA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void (*shim_test)(void **state);
typedef int (*shim_fixture)(void **state);

struct CMUnitTest {
    const char *name;
    shim_test test;
    shim_fixture setup, teardown;
};

#define cmocka_unit_test(f)                                                                                  \
    {                                                                                                        \
#f, f, NULL, NULL                                                                                    \
    }
#define cmocka_unit_test_setup(f, setup)                                                                     \
    {                                                                                                        \
#f, f, setup, NULL                                                                                   \
    }
#define cmocka_unit_test_setup_teardown(f, set, end)                                                         \
    {                                                                                                        \
#f, f, set, end                                                                                      \
    }

/* The test program's own main, which the host calls again for each test. */
int test_main(void);
#define main test_main

int shim_run_tests(const struct CMUnitTest *, size_t count, shim_fixture setup, shim_fixture teardown);
#define cmocka_run_group_tests(tests, setup, teardown)                                                       \
    shim_run_tests(tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)
#define cmocka_run_group_tests_name(name, tests, setup, teardown)                                            \
    cmocka_run_group_tests(tests, setup, teardown)

_Noreturn void shim_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
_Noreturn void shim_skip(void);
void print_message(const char *format, ...) __attribute__((format(printf, 1, 2)));

void shim_equal(unsigned long long, unsigned long long, bool equal, const char *what, const char *file,
                int line);
void shim_memory(const void *, const void *, size_t, bool equal, const char *what, const char *file,
                 int line);
void shim_string(const char *, const char *, const char *what, const char *file, int line);
void shim_range(unsigned long long, unsigned long long least, unsigned long long most, const char *what,
                const char *file, int line);

#define fail()        shim_fail(__FILE__, __LINE__, "failed")
#define fail_msg(...) shim_fail(__FILE__, __LINE__, __VA_ARGS__)
#define skip()        shim_skip()

#define SHIM_TRUE(condition, text)                                                                           \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            shim_fail(__FILE__, __LINE__, "%s", text);                                                       \
    } while (0)
#define assert_true(condition)   SHIM_TRUE(condition, #condition)
#define assert_false(condition)  SHIM_TRUE(!(condition), "not " #condition)
#define assert_null(pointer)     SHIM_TRUE((pointer) == NULL, "NULL: " #pointer)
#define assert_non_null(pointer) SHIM_TRUE((pointer) != NULL, #pointer)

#define assert_ptr_equal(a, b) SHIM_TRUE((a) == (b), #a " is " #b)

#define SHIM_U64(value)        ((unsigned long long)(value))
#define assert_int_equal(a, b) shim_equal(SHIM_U64(a), SHIM_U64(b), true, #a " is " #b, __FILE__, __LINE__)
#define assert_int_not_equal(a, b)                                                                           \
    shim_equal(SHIM_U64(a), SHIM_U64(b), false, #a " is not " #b, __FILE__, __LINE__)
#define assert_in_range(value, least, most)                                                                  \
    shim_range(SHIM_U64(value), SHIM_U64(least), SHIM_U64(most), #value, __FILE__, __LINE__)
#define assert_memory_equal(a, b, len)     shim_memory(a, b, len, true, #a " is " #b, __FILE__, __LINE__)
#define assert_memory_not_equal(a, b, len) shim_memory(a, b, len, false, #a " is not " #b, __FILE__, __LINE__)
#define assert_string_equal(a, b)          shim_string(a, b, #a " is " #b, __FILE__, __LINE__)

#endif
