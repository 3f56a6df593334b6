#include "io/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void read_and_written(void **state)
{
    static const struct {
        const char *text, *host, *path, *origin, *authority;
        uint16_t port;
        bool tls;
    } rows[] = {
        {"http://localhost:8080", "localhost", "/", "http://localhost:8080", "localhost:8080", 8080, false},
        {"HTTPS://Tea.Example/", "tea.example", "/", "https://tea.example", "tea.example", 443, true},
        {"https://tea.example:443/r/AB_c?x=1", "tea.example", "/r/AB_c?x=1", "https://tea.example",
         "tea.example", 443, true},
        {"ws://[::1]:99/signal", "::1", "/signal", "http://[::1]:99", "[::1]:99", 99, false},
        {"wss://127.0.0.1", "127.0.0.1", "/", "https://127.0.0.1", "127.0.0.1", 443, true},
        {"http://tea:443", "tea", "/", "http://tea:443", "tea:443", 443, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[URL_ORIGIN_SIZE];
        struct url url;

        assert_int_equal(url_parse(bytes_string(rows[i].text), &url), OK);
        assert_string_equal(url.host, rows[i].host);
        assert_string_equal(url.path, rows[i].path);
        assert_int_equal(url.port, rows[i].port);
        assert_int_equal(url.tls, rows[i].tls);
        url_origin(&url, text);
        assert_string_equal(text, rows[i].origin);
        url_authority(&url, text);
        assert_string_equal(text, rows[i].authority);
    }
}

static void refused(void **state)
{
    static const struct {
        const char *text;
        enum result why;
    } rows[] = {
        {"", E_MALFORMED},
        {"http", E_MALFORMED},
        {"http:/tea", E_MALFORMED},
        {"http://", E_MALFORMED},
        {"http:///path", E_MALFORMED},
        {"http://:80", E_MALFORMED},
        {"http://tea:", E_MALFORMED},
        {"http://tea:0", E_MALFORMED},
        {"http://tea:65536", E_MALFORMED},
        {"http://tea:+80", E_MALFORMED},
        {"http://tea:80:80", E_MALFORMED},
        {"http://user@tea", E_MALFORMED},
        {"http://tea\\@evil", E_MALFORMED},
        {"http://tea#x", E_MALFORMED},
        {"http://tea?x", E_MALFORMED},
        {"http://te a", E_MALFORMED},
        {"http://tea\r\nX: y", E_MALFORMED},
        {"http://t\xc3\xa9", E_MALFORMED},
        {"http://[::1", E_MALFORMED},
        {"http://[::1]x", E_MALFORMED},
        {"http://[tea]", E_MALFORMED},
        {"http://[127.0.0.1]", E_MALFORMED},
        {"http://::1", E_MALFORMED},
        {"ftp://tea", E_UNSUPPORTED},
        {"httpss://tea", E_UNSUPPORTED},
        {"://tea", E_UNSUPPORTED},
    };
    char longer[700] = "http://tea/";
    struct url url;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(url_parse(bytes_string(rows[i].text), &url), rows[i].why);
    memset(longer + 11, 'x', sizeof longer - 12);
    assert_int_equal(url_parse(bytes_string(longer), &url), E_TOO_LARGE);
    memset(longer + 7, 'x', 300);
    assert_int_equal(url_parse(bytes(longer, 300), &url), E_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(read_and_written), cmocka_unit_test(refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
