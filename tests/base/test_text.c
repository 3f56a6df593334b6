#include "base/address.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void hex_goes_both_ways(void **state)
{
    const uint8_t raw[] = {0x00, 0x7f, 0xff};
    char text[7];
    uint8_t back[3];
    size_t used;

    (void)state;
    text_hex(BYTES_OF(raw), text);
    assert_string_equal(text, "007fff");
    assert_int_equal(text_unhex(BYTES_TEXT("007FfF"), (struct bytes_mut){back, 3}, &used), OK);
    assert_memory_equal(back, raw, 3);
    assert_int_equal(text_unhex(BYTES_TEXT("0"), (struct bytes_mut){back, 3}, &used), E_MALFORMED);
    assert_int_equal(text_unhex(BYTES_TEXT("0g"), (struct bytes_mut){back, 3}, &used), E_MALFORMED);
    assert_int_equal(text_unhex(BYTES_TEXT("00112233"), (struct bytes_mut){back, 3}, &used), E_TOO_LARGE);
}

/* RFC 4648, section 10, without padding. */
static void base64url_goes_both_ways(void **state)
{
    static const char *const pairs[][2] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"}};

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct bytes plain = bytes_string(pairs[i][0]);
        char text[16];
        uint8_t back[8];
        size_t used;

        text_base64url(plain, text);
        assert_string_equal(text, pairs[i][1]);
        assert_int_equal(strlen(text), TEXT_BASE64URL_LEN(plain.len));
        assert_int_equal(text_unbase64url(bytes_string(text), (struct bytes_mut){back, 8}, &used), OK);
        assert_true(bytes_equal(plain, bytes(back, used)));
    }
}

static void base64url_is_strict(void **state)
{
    static const char *const bad[] = {"Z", "Zh", "Zm9=", "Zm8=", "Zm+v", "Zm/v", "Zm 9v", "Zm9"};
    uint8_t back[8];
    size_t used;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_not_equal(text_unbase64url(bytes_string(bad[i]), (struct bytes_mut){back, 8}, &used), OK);
}

static void numbers_have_an_end(void **state)
{
    uint64_t n;

    (void)state;
    assert_int_equal(text_number(BYTES_TEXT("65535"), 65535, &n), OK);
    assert_int_equal(n, 65535);
    assert_int_equal(text_number(BYTES_TEXT("65536"), 65535, &n), E_TOO_LARGE);
    assert_int_equal(text_number(BYTES_TEXT("18446744073709551615"), UINT64_MAX, &n), OK);
    assert_true(n == UINT64_MAX);
    assert_int_equal(text_number(BYTES_TEXT("18446744073709551616"), UINT64_MAX, &n), E_TOO_LARGE);
    assert_int_equal(text_number(BYTES_TEXT("9"), 5, &n), E_TOO_LARGE);
    assert_int_equal(text_number(BYTES_TEXT(""), 5, &n), E_MALFORMED);
    assert_int_equal(text_number(BYTES_TEXT("-1"), 5, &n), E_MALFORMED);
    assert_int_equal(text_number(BYTES_TEXT(" 1"), 5, &n), E_MALFORMED);
}

static void utf8_is_strict(void **state)
{
    static const char *const good[] = {"a",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "茶館",
                                       "🚲"};
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xe2\x80",
                                      "\xff"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(text_is_utf8(bytes_string(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(text_is_utf8(bytes_string(bad[i])));
}

/* Field report G54, the terminal's half. */
static void g54_display_moves_nobody(void **state)
{
    char shown[64], short_room[6];

    (void)state;
    text_for_display(BYTES_TEXT("a\xe2\x80\xae"
                                "b\n\x1b[2J\xe2\x80\xa8"),
                     shown, sizeof shown);
    assert_string_equal(shown, "a\xef\xbf\xbd"
                               "b\xef\xbf\xbd\xef\xbf\xbd[2J\xef\xbf\xbd");
    text_for_display(BYTES_TEXT("abcd🚲"), short_room, sizeof short_room);
    assert_string_equal(short_room, "abcd");
    text_for_display(BYTES_TEXT("茶館 🚲"), shown, sizeof shown);
    assert_string_equal(shown, "茶館 🚲");
}

static void addresses(void **state)
{
    static const char *const bad[] = {"",       ":1",      "127.0.0.1", "127.0.0.1:",  "127.0.0.1:65536",
                                      "::1:80", "[::1]80", "[]:1",      "localhost:1", "[127.0.0.1",
                                      "1.2.3:4"};
    struct address a;
    char text[ADDRESS_TEXT_SIZE];

    (void)state;
    assert_int_equal(address_parse_pair(BYTES_TEXT("127.0.0.1:8080"), &a), OK);
    assert_true(address_is_v4(&a) && address_is_loopback(&a));
    assert_int_equal(address_port(&a), 8080);
    address_write(&a, text);
    assert_string_equal(text, "127.0.0.1");

    assert_int_equal(address_parse_pair(BYTES_TEXT("[2001:db8::1]:53"), &a), OK);
    assert_false(address_is_v4(&a) || address_is_loopback(&a));
    address_write(&a, text);
    assert_string_equal(text, "2001:db8::1");

    /* One address has one form: a mapped address is the IPv4 address. */
    struct address mapped;
    assert_int_equal(address_parse_pair(BYTES_TEXT("[::ffff:127.0.0.1]:8080"), &mapped), OK);
    assert_int_equal(address_parse_pair(BYTES_TEXT("127.0.0.1:8080"), &a), OK);
    assert_true(address_equal(&a, &mapped));

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(address_parse_pair(bytes_string(bad[i]), &a), E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_goes_both_ways),  cmocka_unit_test(base64url_goes_both_ways),
        cmocka_unit_test(base64url_is_strict), cmocka_unit_test(numbers_have_an_end),
        cmocka_unit_test(utf8_is_strict),      cmocka_unit_test(g54_display_moves_nobody),
        cmocka_unit_test(addresses),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
