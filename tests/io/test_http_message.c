#include "io/http_message.h"

#include <event2/buffer.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char good[] = "POST /media/x?a=b&c HTTP/1.1\r\n"
                           "Host: tea.example\r\n"
                           "content-LENGTH:\t12 \r\n"
                           "Connection: keep-alive, Upgrade\r\n"
                           "X-Empty:\r\n"
                           "X-Twice: 1\r\nX-Twice: 2\r\n"
                           "\r\n";

static void request_read(void **state)
{
    struct http_message m;

    (void)state;
    assert_int_equal(http_message_read(bytes_string(good), HTTP_REQUEST, &m), OK);
    assert_true(bytes_equal(m.head.method, BYTES_TEXT("POST")));
    assert_true(bytes_equal(m.head.path, BYTES_TEXT("/media/x")));
    assert_true(bytes_equal(m.head.query, BYTES_TEXT("a=b&c")));
    assert_true(bytes_equal(http_header(&m.head, "HOST"), BYTES_TEXT("tea.example")));
    assert_int_equal(http_header(&m.head, "X-Empty").len, 0);
    assert_int_equal(http_header_count(&m.head, "x-empty"), 1);
    assert_int_equal(http_header(&m.head, "X-Twice").len, 0);
    assert_int_equal(http_header(&m.head, "X-None").len, 0);
    assert_true(m.keep && m.measured && !m.chunked && !m.expects_continue);
    assert_int_equal(m.length, 12);
    assert_true(http_header_has(&m.head, "connection", "upgrade"));
    assert_false(http_header_has(&m.head, "connection", "up"));
}

static void every_truncation_fails(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < sizeof good - 1; cut++) {
        struct http_message m;
        uint8_t *exact = malloc(cut + 1);

        memcpy(exact, good, cut);
        assert_int_not_equal(http_message_read(bytes(exact, cut), HTTP_REQUEST, &m), OK);
        free(exact);
    }
}

static void requests_refused(void **state)
{
#define AFTER(first) first "\r\nHost: t\r\n\r\n"
#define WITH(header) "GET / HTTP/1.1\r\nHost: t\r\n" header "\r\n\r\n"
    static const struct {
        const char *text;
        enum result why;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", E_MALFORMED}, /* no Host */
        {WITH("Host: u"), E_MALFORMED},
        {AFTER("GET  / HTTP/1.1"), E_MALFORMED},
        {AFTER("GET / HTTP/1.1 "), E_MALFORMED},
        {AFTER("GET /"), E_MALFORMED},
        {AFTER(" / HTTP/1.1"), E_MALFORMED},
        {AFTER("G\x01T / HTTP/1.1"), E_MALFORMED},
        {AFTER("GET tea HTTP/1.1"), E_MALFORMED},
        {AFTER("GET http://t/ HTTP/1.1"), E_MALFORMED},
        {AFTER("GET * HTTP/1.1"), E_MALFORMED},
        {AFTER("GET /#x HTTP/1.1"), E_MALFORMED},
        {AFTER("GET /\xc3\xa9 HTTP/1.1"), E_MALFORMED},
        {AFTER("GET / HTTP/1."), E_MALFORMED},
        {AFTER("GET / http/1.1"), E_MALFORMED},
        {AFTER("GET / HTTP/2.0"), E_UNSUPPORTED},
        {AFTER("GET / HTTP/1.2"), E_UNSUPPORTED},
        {"\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n", E_MALFORMED},
        {WITH("X : y"), E_MALFORMED},
        {WITH(": y"), E_MALFORMED},
        {WITH("X"), E_MALFORMED},
        {WITH("X: a\r\n b"), E_MALFORMED}, /* folding */
        {WITH("X: a\nY: b"), E_MALFORMED},
        {WITH("X: a\rb"), E_MALFORMED},
        {WITH("X: a\x7f"), E_MALFORMED},
        {WITH("Content-Length: +1"), E_MALFORMED},
        {WITH("Content-Length: 1, 1"), E_MALFORMED},
        {WITH("Content-Length:"), E_MALFORMED},
        {WITH("Content-Length: 18446744073709551616"), E_MALFORMED},
        {WITH("Content-Length: 1\r\nContent-Length: 1"), E_MALFORMED},
        {WITH("Content-Length: 1\r\nTransfer-Encoding: chunked"), E_MALFORMED},
        {WITH("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), E_MALFORMED},
        {WITH("Transfer-Encoding: gzip, chunked"), E_UNSUPPORTED},
        {WITH("Transfer-Encoding: xchunked"), E_UNSUPPORTED},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", E_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_message m;
        enum result res = http_message_read(bytes_string(rows[i].text), HTTP_REQUEST, &m);

        if (res != rows[i].why)
            fail_msg("%d, not %d for: %s", res, rows[i].why, rows[i].text);
    }
}

static void zero_byte_refused(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: t\r\nX: a\0b\r\n\r\n";
    struct http_message m;

    (void)state;
    assert_int_equal(
        http_message_read(BYTES_TEXT("GET / HTTP/1.1\r\nHost: t\r\nX: a b\r\n\r\n"), HTTP_REQUEST, &m), OK);
    assert_int_equal(http_message_read(bytes(text, sizeof text - 1), HTTP_REQUEST, &m), E_MALFORMED);
}

static void too_many_headers(void **state)
{
    char text[2048] = "GET / HTTP/1.1\r\nHost: t\r\n";
    size_t used = strlen(text);
    struct http_message m;

    (void)state;
    for (int i = 1; i < HTTP_HEADERS_MAX; i++, used += 6)
        memcpy(text + used, "A: b\r\n", 6);
    memcpy(text + used, "\r\n", 2);
    assert_int_equal(http_message_read(bytes(text, used + 2), HTTP_REQUEST, &m), OK);
    memcpy(text + used, "A: b\r\n\r\n", 8);
    assert_int_equal(http_message_read(bytes(text, used + 8), HTTP_REQUEST, &m), E_TOO_LARGE);
}

static void connection_kept_or_not(void **state)
{
    static const struct {
        const char *text;
        bool keep;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: t\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: t\r\nConnection: x, CLOSE\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_message m;

        assert_int_equal(http_message_read(bytes_string(rows[i].text), HTTP_REQUEST, &m), OK);
        assert_int_equal(m.keep, rows[i].keep);
    }
}

static void responses(void **state)
{
    static const struct {
        const char *text;
        enum result res;
        unsigned status;
    } rows[] = {
        {"HTTP/1.1 201 Created\r\nLocation: /media/1\r\n\r\n", OK, 201},
        {"HTTP/1.1 200 \r\n\r\n", OK, 200},
        {"HTTP/1.1 200\r\n\r\n", OK, 200},
        {"HTTP/1.0 404 Not here\r\n\r\n", OK, 404},
        {"HTTP/1.1 2000 OK\r\n\r\n", E_MALFORMED, 0},
        {"HTTP/1.1 099 OK\r\n\r\n", E_MALFORMED, 0},
        {"HTTP/1.1 600 OK\r\n\r\n", E_MALFORMED, 0},
        {"HTTP/1.1 20\r\n\r\n", E_MALFORMED, 0},
        {"HTTP/3.0 200 OK\r\n\r\n", E_UNSUPPORTED, 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", E_MALFORMED, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_message m = {0};

        assert_int_equal(http_message_read(bytes_string(rows[i].text), HTTP_RESPONSE, &m), rows[i].res);
        assert_int_equal(m.head.status, rows[i].status);
    }
}

/* Gives the bytes `step` at a time, so that every border falls everywhere; what is left over stays in *from.
 */
static enum result body_by_steps(struct http_body *b, const char *text, size_t step, struct evbuffer *from)
{
    enum result res = E_AGAIN;

    for (size_t at = 0; at < strlen(text) && res == E_AGAIN; at += step) {
        size_t n = strlen(text) - at < step ? strlen(text) - at : step;

        assert_int_equal(evbuffer_add(from, text + at, n), 0);
        res = http_body_take(b, from);
    }
    return res;
}

static void chunked_bodies(void **state)
{
    static const struct {
        const char *text, *body;
        enum result res;
    } rows[] = {
        {"0\r\n\r\n", "", OK},
        {"3\r\ntea\r\n0\r\n\r\n", "tea", OK},
        {"1\r\nt\r\n00002;x=\"y\"\r\nea\r\n0\r\nTrailer: x\r\n\r\n", "tea", OK},
        {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789", OK},
        {"3\r\ntea\r\n0\r\n", "tea", E_AGAIN},
        {"3\r\nteax\r\n0\r\n\r\n", NULL, E_MALFORMED},
        {"3\ntea\r\n0\r\n\r\n\r\n", NULL, E_MALFORMED},
        {"\r\ntea", NULL, E_MALFORMED},
        {"-1\r\n", NULL, E_MALFORMED},
        {"0x3\r\ntea\r\n", NULL, E_MALFORMED},
        {" 3\r\ntea\r\n", NULL, E_MALFORMED},
        {"21\r\n", NULL, E_TOO_LARGE},
        {"20\r\n0123456789abcdef0123456789abcdef\r\n1\r\nx", NULL, E_TOO_LARGE},
        {"ffffffffffffffff\r\n", NULL, E_TOO_LARGE},
    };
    struct http_message m = {.chunked = true};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t step = 1; step <= strlen(rows[i].text); step++) {
            struct evbuffer *from = evbuffer_new();
            struct http_body b;
            struct bytes whole;

            assert_int_equal(http_body_start(&b, &m, HTTP_REQUEST, 32), OK);
            assert_int_equal(body_by_steps(&b, rows[i].text, step, from), rows[i].res);
            if (rows[i].body != NULL) {
                assert_int_equal(http_body_bytes(&b, &whole), OK);
                assert_true(bytes_equal(whole, bytes_string(rows[i].body)));
            }
            http_body_free(&b);
            evbuffer_free(from);
        }
}

static void counted_body_takes_no_more(void **state)
{
    struct http_message m = {.measured = true, .length = 3};
    struct evbuffer *from = evbuffer_new();
    struct http_body b;
    struct bytes whole;

    (void)state;
    assert_int_equal(http_body_start(&b, &m, HTTP_REQUEST, 2), E_TOO_LARGE);
    http_body_free(&b);
    assert_int_equal(http_body_start(&b, &m, HTTP_REQUEST, 3), OK);
    assert_int_equal(evbuffer_add(from, "teaGET", 6), 0);
    assert_int_equal(http_body_take(&b, from), OK);
    assert_int_equal(http_body_bytes(&b, &whole), OK);
    assert_true(bytes_equal(whole, BYTES_TEXT("tea")));
    assert_int_equal(evbuffer_get_length(from), 3);
    http_body_free(&b);
    evbuffer_free(from);
}

static void endless_line_of_a_chunk_is_refused(void **state)
{
    struct http_message m = {.chunked = true};
    struct evbuffer *from = evbuffer_new();
    struct http_body b;
    enum result res = E_AGAIN;

    (void)state;
    assert_int_equal(http_body_start(&b, &m, HTTP_REQUEST, 1000000), OK);
    for (int i = 0; i < 1000 && res == E_AGAIN; i++) {
        assert_int_equal(evbuffer_add(from, "1;", 2), 0);
        res = http_body_take(&b, from);
    }
    assert_int_equal(res, E_MALFORMED);
    http_body_free(&b);
    evbuffer_free(from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_read),
        cmocka_unit_test(every_truncation_fails),
        cmocka_unit_test(requests_refused),
        cmocka_unit_test(zero_byte_refused),
        cmocka_unit_test(too_many_headers),
        cmocka_unit_test(connection_kept_or_not),
        cmocka_unit_test(responses),
        cmocka_unit_test(chunked_bodies),
        cmocka_unit_test(counted_body_takes_no_more),
        cmocka_unit_test(endless_line_of_a_chunk_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
