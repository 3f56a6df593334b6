#include "base/reader.h"
#include "base/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void what_is_written_reads_back(void **state)
{
    uint8_t room[128];
    struct writer w = writer_over(room);
    struct bytes message;
    size_t mark;

    (void)state;
    writer_u8(&w, 1);
    writer_u16(&w, 2);
    writer_u24(&w, 3);
    writer_u32(&w, 4);
    writer_u64(&w, UINT64_MAX);
    writer_run8(&w, BYTES_TEXT("a"));
    writer_run16(&w, BYTES_TEXT("bc"));
    writer_run32(&w, BYTES_TEXT("def"));
    writer_vector(&w, BYTES_TEXT("ghij"));
    mark = writer_open(&w, 2);
    writer_u8(&w, 7);
    writer_u8(&w, 8);
    writer_close(&w, mark, 2);
    assert_int_equal(writer_end(&w, &message), OK);

    struct reader r = reader_on(message);
    assert_int_equal(reader_u8(&r), 1);
    assert_int_equal(reader_u16(&r), 2);
    assert_int_equal(reader_u24(&r), 3);
    assert_int_equal(reader_u32(&r), 4);
    assert_true(reader_u64(&r) == UINT64_MAX);
    assert_int_equal(reader_run8(&r).len, 1);
    assert_int_equal(reader_run16(&r).len, 2);
    assert_int_equal(reader_run32(&r).len, 3);
    assert_int_equal(reader_vector(&r).len, 4);
    assert_int_equal(reader_run16(&r).len, 2);
    assert_int_equal(reader_end(&r), OK);
}

static void never_writes_past_the_end(void **state)
{
    uint8_t room[4] = {0, 0, 0, 0xaa};
    struct writer w = writer_on((struct bytes_mut){room, 3});

    (void)state;
    writer_u16(&w, 1);
    writer_u16(&w, 2);
    writer_u8(&w, 3);
    assert_int_equal(writer_end(&w, NULL), E_TOO_LARGE);
    assert_int_equal(room[3], 0xaa);
}

static void too_long_for_its_length_field(void **state)
{
    static uint8_t long_run[256], room[600];
    struct writer w = writer_over(room);

    (void)state;
    writer_run8(&w, BYTES_OF(long_run));
    assert_int_equal(writer_end(&w, NULL), E_TOO_LARGE);

    w = writer_over(room);
    size_t mark = writer_open(&w, 1);
    writer_zeros(&w, 256);
    writer_close(&w, mark, 1);
    assert_int_equal(writer_end(&w, NULL), E_TOO_LARGE);

    w = writer_over(room);
    writer_u24(&w, 1u << 24);
    assert_int_equal(writer_end(&w, NULL), E_TOO_LARGE);
}

static void vectors_take_the_shortest_length(void **state)
{
    static const size_t sizes[] = {0, 63, 64, 16383, 16384};
    static const size_t heads[] = {1, 1, 2, 2, 4};
    static uint8_t content[16384], room[16400];

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct writer w = writer_over(room);
        struct bytes message;

        writer_vector(&w, bytes(content, sizes[i]));
        assert_int_equal(writer_end(&w, &message), OK);
        assert_int_equal(message.len, heads[i] + sizes[i]);

        struct reader r = reader_on(message);
        assert_int_equal(reader_vector(&r).len, sizes[i]);
        assert_int_equal(reader_end(&r), OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(never_writes_past_the_end),
        cmocka_unit_test(too_long_for_its_length_field),
        cmocka_unit_test(vectors_take_the_shortest_length),
    };

    return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
