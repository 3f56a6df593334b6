#include "client/room_link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NAME "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

static void both_forms_go_both_ways(void **state)
{
    struct room_link link;
    char text[ROOM_LINK_SIZE];

    (void)state;
    assert_int_equal(room_link_read(BYTES_TEXT("https://tea.example:8443/r/" NAME), &link), OK);
    assert_string_equal(link.house_url, "https://tea.example:8443");
    for (unsigned i = 0; i < 32; i++)
        assert_int_equal(link.room[i], i);
    room_link_write(&link, text);
    assert_string_equal(text, "https://tea.example:8443/r/" NAME);

    assert_int_equal(
        room_link_read(BYTES_TEXT("http://tea.example/r/" NAME "#AAECAwQFBgcICQoLDA0ODw"), &link), OK);
    assert_true(link.has_secret);
    for (unsigned i = 0; i < ROOM_SECRET_BYTES; i++)
        assert_int_equal(link.secret[i], i);
    room_link_write(&link, text);
    assert_string_equal(text, "http://tea.example/r/" NAME "#AAECAwQFBgcICQoLDA0ODw");

    assert_int_equal(room_link_read(BYTES_TEXT(NAME), &link), OK);
    assert_false(link.has_secret);
    assert_string_equal(link.house_url, "");
    room_name_write(link.room, text);
    assert_string_equal(text, NAME);
}

static void what_is_no_link_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "AAEC",
        "x" NAME,
        "/r/" NAME,
        "http:///r/" NAME,
        "ftp://a/r/" NAME,
        "http://a/" NAME,
        "http://a/x/r/" NAME,
        "http://a?b/r/" NAME,
        "http://user@a/r/" NAME,
        "http://a b/r/" NAME,
        "http://a/r/" NAME "/",
        "http://a/r/" NAME "#secret",
        "http://a/r/" NAME "#AAECAwQFBgcICQoLDA0ODx",
        "http://a/r/" NAME "#AAECAwQFBgcICQoLDA0ODw#",
        "#AAECAwQFBgcICQoLDA0ODwAECAwQFBgcICQoLDA0ODw",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9",
    };
    struct room_link link;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (room_link_read(bytes_string(bad[i]), &link) != E_MALFORMED)
            fail_msg("taken: %s", bad[i]);
}

static void house_urls(void **state)
{
    static const char *const bad[] = {"",          "/",          "http://",    "https:///",
                                      "localhost", "http://a/b", "http://a\nb"};
    char url[IDENTITY_URL_SIZE], longer[400] = "http://";

    (void)state;
    assert_int_equal(house_url_read(BYTES_TEXT("http://[::1]:8080/"), url), OK);
    assert_string_equal(url, "http://[::1]:8080");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(house_url_read(bytes_string(bad[i]), url), E_MALFORMED);
    memset(longer + 7, 'a', sizeof longer - 8);
    assert_int_equal(house_url_read(bytes_string(longer), url), E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_go_both_ways),
        cmocka_unit_test(what_is_no_link_is_refused),
        cmocka_unit_test(house_urls),
    };

    return cmocka_run_group_tests_name("room_link", tests, NULL, NULL);
}
