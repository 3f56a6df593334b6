#include "wire/statement.h"
#include "wire/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static uint8_t room[TALK_BYTES], again[TALK_BYTES];

static void talk_goes_both_ways(void **state)
{
    uint8_t tables_room[64];
    struct writer w = writer_over(tables_room);
    const struct talk_table table = {0, 7, {1, 2}, 40};
    struct bytes tables;

    (void)state;
    talk_table_put(&w, &table);
    assert_int_equal(writer_end(&w, &tables), OK);
    const struct talk samples[] = {
        {.type = TALK_CHAT, .chat = {BYTES_TEXT("喝茶嗎？")}},
        {.type = TALK_HAND, .hand = {1}},
        {.type = TALK_MUTE, .mute = {9}},
        {.type = TALK_UNMUTE},
        {.type = TALK_PLAN, .plan = {1764000000000, tables, {3}, {4}}},
    };

    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct bytes text, second;
        struct talk back;

        assert_int_equal(talk_write(&samples[i], (struct bytes_mut){room, sizeof room}, &text), OK);
        assert_int_equal(talk_read(text, &back), OK);
        assert_int_equal(talk_write(&back, (struct bytes_mut){again, sizeof again}, &second), OK);
        assert_true(bytes_equal(text, second));
        for (size_t cut = 0; cut < text.len; cut++)
            assert_int_equal(talk_read(bytes(text.at, cut), &back), E_MALFORMED);
    }
}

static void what_cannot_be_is_refused(void **state)
{
    static const struct {
        struct bytes text;
        enum result expect;
    } cases[] = {
        {{(const uint8_t *)"\x00", 1}, E_UNSUPPORTED},
        {{(const uint8_t *)"\x06", 1}, E_UNSUPPORTED},
        {{(const uint8_t *)"\x01\x00\x01\xff", 4}, E_MALFORMED},
        {{(const uint8_t *)"\x01\x00\x00", 3}, E_MALFORMED},
        {{(const uint8_t *)"\x02\x02", 2}, E_MALFORMED},
        {{(const uint8_t *)"\x04\x00", 2}, E_MALFORMED},
    };
    struct talk back;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(talk_read(cases[i].text, &back), cases[i].expect);
}

static void statements_have_one_encoding(void **state)
{
    struct statement s = {.number = 5,
                          .signer = {1},
                          .verb = STATEMENT_BLOCK,
                          .kind = STATEMENT_ACCOUNT,
                          .subject = {2}},
                     back;
    uint8_t text_room[STATEMENT_BYTES], second_room[STATEMENT_BYTES];
    struct bytes text, second, list;
    static const struct {
        size_t at;
        uint8_t value;
        enum result expect;
    } changes[] = {
        {0, 2, E_UNSUPPORTED}, {4, 0, E_MALFORMED},  {37, 0, E_MALFORMED},
        {37, 8, E_MALFORMED},  {38, 1, E_MALFORMED}, {38, 3, E_MALFORMED}, /* a leaf is never blocked */
        {37, 7, E_MALFORMED},                                              /* a link key for an account */
    };

    (void)state;
    assert_int_equal(statement_write(&s, (struct bytes_mut){text_room, sizeof text_room}, &text), OK);
    assert_int_equal(text.len, STATEMENT_BYTES);
    list = text;
    assert_int_equal(statement_next(&list, &back), OK);
    assert_int_equal(list.len, 0);
    assert_int_equal(statement_next(&list, &back), E_NOT_FOUND);
    assert_int_equal(statement_write(&back, (struct bytes_mut){second_room, sizeof second_room}, &second),
                     OK);
    assert_true(bytes_equal(text, second));
    for (size_t cut = 1; cut < text.len; cut++) {
        list = bytes(text.at, cut);
        assert_int_equal(statement_next(&list, &back), E_MALFORMED);
    }
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        memcpy(second_room, text_room, sizeof text_room);
        second_room[changes[i].at] = changes[i].value;
        list = BYTES_OF(second_room);
        assert_int_equal(statement_next(&list, &back), changes[i].expect);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(talk_goes_both_ways),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(statements_have_one_encoding),
    };

    return cmocka_run_group_tests_name("talk", tests, NULL, NULL);
}
