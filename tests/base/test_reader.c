#include "base/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void reads_in_order(void **state)
{
    const uint8_t message[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 2, 'h', 'i'};
    struct reader r = reader_on(BYTES_OF(message));
    struct bytes run;

    (void)state;
    assert_int_equal(reader_u8(&r), 1);
    assert_int_equal(reader_u16(&r), 0x0203);
    assert_int_equal(reader_u24(&r), 0x040506);
    assert_int_equal(reader_u32(&r), 0x0708090a);
    assert_int_equal(reader_u64(&r), 0x0b0c0d0e0f101112);
    run = reader_run8(&r);
    assert_true(bytes_equal(run, BYTES_TEXT("hi")));
    assert_int_equal(reader_end(&r), OK);
}

static void stays_failed(void **state)
{
    const uint8_t message[] = {9, 1, 2};
    struct reader r = reader_on(BYTES_OF(message));
    struct bytes run = reader_run8(&r);

    (void)state;
    assert_int_equal(run.len, 0);
    assert_int_equal(reader_u8(&r), 0);
    assert_int_equal(reader_left(&r), 0);
    assert_int_equal(reader_end(&r), E_MALFORMED);
}

static void leftover_is_an_error(void **state)
{
    const uint8_t message[] = {1, 2};
    struct reader r = reader_on(BYTES_OF(message));

    (void)state;
    assert_int_equal(reader_u8(&r), 1);
    assert_int_equal(reader_end(&r), E_MALFORMED);
}

static void nothing_is_a_message(void **state)
{
    struct reader r = reader_on((struct bytes){0});

    (void)state;
    assert_int_equal(reader_end(&r), OK);
    assert_int_equal(reader_take(&r, 0).len, 0);
    assert_int_equal(reader_end(&r), OK);
    reader_u8(&r);
    assert_int_equal(reader_end(&r), E_MALFORMED);
}

static void copy_leaves_target_untouched_on_failure(void **state)
{
    const uint8_t message[] = {1, 2, 3};
    uint8_t to[4] = {9, 9, 9, 9}, untouched[4] = {9, 9, 9, 9};
    struct reader r = reader_on(BYTES_OF(message));

    (void)state;
    reader_copy(&r, to, sizeof to);
    assert_memory_equal(to, untouched, sizeof to);
    assert_int_equal(reader_end(&r), E_MALFORMED);
}

/* RFC 9420, section 2.1.2: three widths, and only the shortest is right. */
static void vector_lengths(void **state)
{
    static const struct {
        uint8_t head[4];
        size_t head_len, len;
        enum result expect;
    } cases[] = {
        {{0x00}, 1, 0, OK},
        {{0x3f}, 1, 63, OK},
        {{0x40, 0x40}, 2, 64, OK},
        {{0x7f, 0xff}, 2, 16383, OK},
        {{0x80, 0x00, 0x40, 0x00}, 4, 16384, OK},
        {{0x40, 0x3f}, 2, 63, E_MALFORMED},
        {{0x80, 0x00, 0x3f, 0xff}, 4, 16383, E_MALFORMED},
        {{0xc0}, 1, 0, E_MALFORMED},
        {{0x40}, 1, 0, E_MALFORMED},
        {{0x02}, 1, 1, E_MALFORMED},
    };
    static uint8_t message[4 + 16384];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memcpy(message, cases[i].head, cases[i].head_len);

        struct reader r = reader_on(bytes(message, cases[i].head_len + cases[i].len));
        struct bytes run = reader_vector(&r);
        assert_int_equal(reader_end(&r), cases[i].expect);
        if (cases[i].expect == OK)
            assert_int_equal(run.len, cases[i].len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_in_order),
        cmocka_unit_test(stays_failed),
        cmocka_unit_test(leftover_is_an_error),
        cmocka_unit_test(nothing_is_a_message),
        cmocka_unit_test(copy_leaves_target_untouched_on_failure),
        cmocka_unit_test(vector_lengths),
    };

    return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
