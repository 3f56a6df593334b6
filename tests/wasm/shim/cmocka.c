#include "host.h"

#include <cmocka.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int wanted;

/* Runs the test of that number, counted from 0; a negative one names all tests to the host. */
__attribute__((export_name("run"))) int run(int number);
int run(int number)
{
    wanted = number;
    return test_main();
}

int shim_run_tests(const struct CMUnitTest *tests, size_t count, shim_fixture setup, shim_fixture teardown)
{
    const struct CMUnitTest *t = tests + wanted;
    void *state = NULL;

    for (size_t i = 0; wanted < 0 && i < count; i++)
        host_named(tests[i].name, strlen(tests[i].name));
    if (wanted < 0 || (size_t)wanted >= count)
        return 0;
    if ((setup != NULL && setup(&state) != 0) || (t->setup != NULL && t->setup(&state) != 0))
        shim_fail(__FILE__, __LINE__, "the test could not be set up");
    t->test(&state);
    if ((t->teardown != NULL && t->teardown(&state) != 0) || (teardown != NULL && teardown(&state) != 0))
        shim_fail(__FILE__, __LINE__, "the test could not be torn down");
    return 0;
}

void shim_fail(const char *file, int line, const char *format, ...)
{
    char text[1024];
    size_t len;
    va_list list;

    snprintf(text, sizeof text, "%s:%d: ", file, line);
    len = strlen(text);
    va_start(list, format);
    vsnprintf(text + len, sizeof text - len, format, list);
    va_end(list);
    host_failed(text, strlen(text));
}

void shim_skip(void)
{
    host_skipped();
}

void print_message(const char *format, ...)
{
    char text[1024];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    host_said(text, strlen(text));
}

void shim_equal(unsigned long long a, unsigned long long b, bool equal, const char *what, const char *file,
                int line)
{
    if ((a == b) != equal)
        shim_fail(file, line, "%s: %llu and %llu", what, a, b);
}

void shim_memory(const void *a, const void *b, size_t len, bool equal, const char *what, const char *file,
                 int line)
{
    if ((memcmp(a, b, len) == 0) != equal)
        shim_fail(file, line, "%s", what);
}

void shim_string(const char *a, const char *b, const char *what, const char *file, int line)
{
    if (strcmp(a, b) != 0)
        shim_fail(file, line, "%s: \"%s\" and \"%s\"", what, a, b);
}

void shim_range(unsigned long long value, unsigned long long least, unsigned long long most, const char *what,
                const char *file, int line)
{
    if (value < least || value > most)
        shim_fail(file, line, "%s: %llu is not in %llu to %llu", what, value, least, most);
}
