#include "io/http.h"
#include "support/patience.h"
#include "support/raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const origins[] = {"https://tea.example", "http://localhost:8080/", NULL};

struct house {
    struct loop *loop;
    struct http_server *server;
    struct address at;
    struct http_turn turn; /* the last one of /later */
    unsigned requests;
    size_t body_len;
    char seen[256];
};

static void echo(void *context, const struct http_request *request, struct http_turn turn)
{
    struct house *h = context;
    struct http_reply reply = {.status = 200, .type = "application/octet-stream", .body = request->body};

    h->requests++;
    h->body_len = request->body.len;
    snprintf(h->seen, sizeof h->seen, "%.*s|%.*s|%.*s", (int)request->head->path.len,
             (const char *)request->head->path.at, (int)request->rest.len, (const char *)request->rest.at,
             (int)request->head->query.len, (const char *)request->head->query.at);
    assert_true(address_is_loopback(&request->from));
    assert_true(http_waits(turn));
    http_answer(turn, &reply);
    assert_false(http_waits(turn));
    http_answer_text(turn, 500, "A second answer does nothing.\n");
}

static void later(void *context, const struct http_request *request, struct http_turn turn)
{
    struct house *h = context;

    (void)request;
    h->requests++;
    h->turn = turn;
    loop_stop(h->loop);
}

static void created(void *context, const struct http_request *request, struct http_turn turn)
{
    struct http_reply reply = {.status = 201,
                               .type = "application/sdp",
                               .body = BYTES_TEXT("v=0\r\n"),
                               .location = BYTES_TEXT("/media/abc")};

    (void)context;
    (void)request;
    http_answer(turn, &reply);
}

static void denied(void *context, const struct http_request *request, struct http_turn turn)
{
    (void)context;
    (void)request;
    http_answer_text(turn, 401, "No.\n");
}

static void large(void *context, const struct http_request *request, struct http_turn turn)
{
    size_t len = 8 * 1024 * 1024;
    uint8_t *body = calloc(1, len);
    struct http_reply reply = {.status = 200, .type = "application/octet-stream", .body = {body, len}};

    (void)context;
    (void)request;
    http_answer(turn, &reply);
    free(body);
}

static const uint8_t loopback4[4] = {127, 0, 0, 1};

static void open_house(struct house *h, struct http_server_options options)
{
    struct address at = address_v4(loopback4, 0);
    const struct http_route routes[] = {
        {.method = "GET", .path = "/", .handle = echo, .context = h},
        {.method = "POST", .path = "/echo", .handle = echo, .context = h, .body_max = 1000},
        {.method = "POST", .path = "/media", .handle = created, .context = h},
        {.method = "PATCH", .path = "/media/", .below = true, .handle = echo, .context = h},
        {.method = "DELETE", .path = "/media/", .below = true, .handle = echo, .context = h},
        {.method = "GET", .path = "/later", .handle = later, .context = h},
        {.method = "GET", .path = "/denied", .handle = denied, .context = h},
        {.method = "GET", .path = "/large", .handle = large, .context = h},
    };

    *h = (struct house){.loop = patience_loop()};
    options.loop = h->loop;
    options.origins = origins;
    assert_int_equal(http_server_new(&options, &h->server), OK);
    assert_int_equal(http_listen(h->server, &at, NULL, &h->at), OK);
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        assert_int_equal(http_route_add(h->server, &routes[i]), OK);
    assert_int_equal(http_route_add(h->server, &routes[0]), E_EXISTS);
}

static void close_house(struct house *h)
{
    http_server_free(h->server);
    loop_free(h->loop);
}

/* Sends a request on a fresh connection and waits for this text in the answer. */
static void ask(struct house *h, const char *request, const char *answer)
{
    struct raw r;

    raw_connect(&r, h->loop, &h->at);
    raw_send(&r, request);
    raw_expect(&r, answer);
    raw_close(&r);
}

static void answers_with_security_headers(void **state)
{
    static const char *const headers[] = {
        "Content-Security-Policy: default-src 'none';",
        "X-Content-Type-Options: nosniff",
        "Referrer-Policy: no-referrer",
        "Cross-Origin-Opener-Policy: same-origin",
        "Cross-Origin-Embedder-Policy: require-corp",
        "Date: ",
        "Cache-Control: no-store",
    };
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET /nowhere HTTP/1.1\r\nHost: t\r\n\r\n",
        "rubbish\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: t\r\nOrigin: http://evil\r\n\r\n",
    };
    struct house h;

    (void)state;
    open_house(&h, (struct http_server_options){0});
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        for (size_t j = 0; j < sizeof headers / sizeof headers[0]; j++)
            ask(&h, requests[i], headers[j]);
    close_house(&h);
}

static void methods_and_paths(void **state)
{
    static const struct {
        const char *request, *answer;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: t\r\n\r\n", "HTTP/1.1 200 OK\r\n"},
        {"GET / HTTP/1.0\r\n\r\n", "Connection: close\r\n"},
        {"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\ntea", "Content-Length: 3\r\n\r\ntea"},
        {"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntea\r\n0\r\n\r\n",
         "\r\n\r\ntea"},
        {"POST /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
         "HTTP/1.1 100 Continue\r\n\r\n"},
        {"POST /media HTTP/1.1\r\nHost: t\r\n\r\n", "Location: /media/abc\r\n"},
        {"PATCH /media/abc HTTP/1.1\r\nHost: t\r\n\r\n", "200 OK"},
        {"GET /media/abc HTTP/1.1\r\nHost: t\r\n\r\n", "405 Method Not Allowed"},
        {"GET /media/abc HTTP/1.1\r\nHost: t\r\n\r\n", "Allow: PATCH, DELETE, OPTIONS\r\n"},
        {"OPTIONS / HTTP/1.1\r\nHost: t\r\n\r\n", "HTTP/1.1 204 No Content\r\n"},
        {"OPTIONS / HTTP/1.1\r\nHost: t\r\n\r\n", "Allow: GET, HEAD, OPTIONS\r\n"},
        {"OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n", "HTTP/1.1 204 No Content\r\n"},
        {"OPTIONS /nowhere HTTP/1.1\r\nHost: t\r\n\r\n", "404 Not Found"},
        {"PATCH /media/ HTTP/1.1\r\nHost: t\r\n\r\n", "404 Not Found"},
        {"PATCH /media/a/b HTTP/1.1\r\nHost: t\r\n\r\n", "404 Not Found"},
        {"GET /denied HTTP/1.1\r\nHost: t\r\n\r\n", "WWW-Authenticate: Bearer\r\n"},
        {"get / HTTP/1.1\r\nHost: t\r\n\r\n", "405 Method Not Allowed"},
        {"GET / HTTP/1.1\r\n\r\n", "400 Bad Request"},
        {"GET / HTTP/2.0\r\nHost: t\r\n\r\n", "501 Not Implemented"},
        {"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n", "501 Not Implemented"},
        {"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "400 Bad Request"},
    };
    struct house h;

    (void)state;
    open_house(&h, (struct http_server_options){0});
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ask(&h, rows[i].request, rows[i].answer);
    close_house(&h);
}

static void path_parts_reach_the_handler(void **state)
{
    struct house h;

    (void)state;
    open_house(&h, (struct http_server_options){0});
    ask(&h, "PATCH /media/a%2Fb?x=1 HTTP/1.1\r\nHost: t\r\n\r\n", "200 OK");
    assert_string_equal(h.seen, "/media/a%2Fb|a%2Fb|x=1");
    close_house(&h);
}

static void head_has_the_length_and_no_body(void **state)
{
    struct house h;
    struct raw r;

    (void)state;
    open_house(&h, (struct http_server_options){0});
    raw_connect(&r, h.loop, &h.at);
    raw_send(&r, "HEAD /nowhere HTTP/1.1\r\nHost: t\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n");
    raw_expect(&r, "404 Not Found");
    raw_expect(&r, "Content-Length: 23\r\n\r\nHTTP/1.1 200 OK");
    raw_close(&r);
    close_house(&h);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct house h;
    struct raw r;

    (void)state;
    open_house(&h, (struct http_server_options){0});
    raw_connect(&r, h.loop, &h.at);
    raw_send(&r, "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\n1"
                 "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\n2"
                 "GET /later HTTP/1.1\r\nHost: t\r\n\r\n"
                 "POST /echo HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 1\r\n\r\n3");
    raw_expect(&r, "\r\n\r\n1HTTP/1.1 200 OK");
    raw_expect(&r, "\r\n\r\n2");
    while (h.requests < 3)
        patience_run(h.loop);
    patience_let_pass(h.loop, 20);
    assert_int_equal(h.requests, 3); /* the fourth waits for the third */
    http_answer_text(h.turn, 200, "late");
    raw_expect(&r, "\r\n\r\nlate");
    raw_expect(&r, "\r\n\r\n3");
    raw_expect_end(&r);
    raw_close(&r);
    close_house(&h);
}

/* ---- limits */

static void head_too_large(void **state)
{
    struct house h;
    struct raw r;
    char line[1024];

    (void)state;
    open_house(&h, (struct http_server_options){0});
    memset(line, 'x', sizeof line);
    memcpy(line, "X: ", 3);
    memcpy(line + sizeof line - 3, "\r\n", 3);

    /* Never ending, and ended but too long. */
    for (int ended = 0; ended < 2; ended++) {
        raw_connect(&r, h.loop, &h.at);
        raw_send(&r, "GET / HTTP/1.1\r\nHost: t\r\n");
        for (int i = 0; i < 17; i++)
            raw_send(&r, line);
        if (ended)
            raw_send(&r, "\r\n");
        raw_expect(&r, "431 Request Header Fields Too Large");
        raw_expect_end(&r);
        raw_close(&r);
    }
    ask(&h, "GET / HTTP/1.1\r\nHost: t\r\n\r\n", "200 OK");
    close_house(&h);
}

static void body_too_large(void **state)
{
    struct house h;
    struct raw r;
    static char much[4000];

    (void)state;
    open_house(&h, (struct http_server_options){0});
    memset(much, 'x', sizeof much - 1);

    /* By its announcement, before it comes: and the answer is not lost to a reset, though bytes keep coming.
     */
    raw_connect(&r, h.loop, &h.at);
    raw_send(&r, "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1001\r\n\r\n");
    for (int i = 0; i < 20; i++)
        raw_send(&r, much);
    raw_expect(&r, "413 Content Too Large");
    raw_expect_end(&r);
    assert_false(r.reset);
    raw_close(&r);

    /* By its growth. */
    raw_connect(&r, h.loop, &h.at);
    raw_send(&r, "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 11; i++)
        raw_send(&r, "64\r\n012345678901234567890123456789012345678901234567890123456789012345678901234567890"
                     "1234567890123456789\r\n");
    raw_expect(&r, "413 Content Too Large");
    raw_expect_end(&r);
    raw_close(&r);

    assert_int_equal(h.requests, 0);
    memcpy(much, "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\n", 54);
    much[54 + 1000] = 0;
    ask(&h, much, "200 OK");
    assert_int_equal(h.body_len, 1000);
    close_house(&h);
}

static void slow_peers_are_left(void **state)
{
    static const struct {
        const char *sent, *answer;
    } rows[] = {
        {"", NULL},
        {"GET / HT", "408 Request Timeout"},
        {"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nte", "408 Request Timeout"},
        {"GET / HTTP/1.1\r\nHost: t\r\n\r\n", "200 OK"}, /* and then idle */
    };
    struct house h;

    (void)state;
    open_house(&h, (struct http_server_options){.head_ms = 50, .body_ms = 50, .idle_ms = 50});
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct raw r;

        raw_connect(&r, h.loop, &h.at);
        raw_send(&r, rows[i].sent);
        if (rows[i].answer != NULL)
            raw_expect(&r, rows[i].answer);
        raw_expect_end(&r);
        raw_close(&r);
    }
    close_house(&h);
}

/* A byte now and then must not buy more time. */
static void trickling_head_gains_nothing(void **state)
{
    struct house h;
    struct raw r;
    size_t sent;

    (void)state;
    open_house(&h, (struct http_server_options){.head_ms = 100});
    raw_connect(&r, h.loop, &h.at);
    raw_send(&r, "GET / HTTP/1.1\r\nX: ");
    for (int i = 0; i < 100 && r.len == 0; i++) {
        (void)raw_try(&r, BYTES_TEXT("x"), &sent);
        patience_let_pass(h.loop, 10);
    }
    assert_true(r.len != 0);
    raw_expect(&r, "408 Request Timeout");
    raw_close(&r);
    close_house(&h);
}

static void reader_that_takes_nothing_is_dropped(void **state)
{
    struct house h;
    struct raw r;

    (void)state;
    open_house(&h, (struct http_server_options){.write_ms = 50, .connections_max = 1});
    raw_connect(&r, h.loop, &h.at);
    raw_pause(&r, true);
    raw_send(&r, "GET /large HTTP/1.1\r\nHost: t\r\n\r\n");
    /* Only when it is dropped is there a place for another. */
    ask(&h, "GET / HTTP/1.1\r\nHost: t\r\n\r\n", "200 OK");
    raw_close(&r);
    close_house(&h);
}

static void connections_are_counted(void **state)
{
    struct house h;
    struct raw a, b, c;

    (void)state;
    open_house(&h, (struct http_server_options){.connections_max = 2});
    raw_connect(&a, h.loop, &h.at);
    raw_connect(&b, h.loop, &h.at);
    raw_send(&a, "GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    raw_expect(&a, "200 OK");
    raw_send(&b, "GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    raw_expect(&b, "200 OK");
    raw_connect(&c, h.loop, &h.at);
    raw_send(&c, "GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    patience_let_pass(h.loop, 30);
    raw_close(&a);
    raw_expect(&c, "200 OK");
    assert_int_equal(h.requests, 3);
    raw_close(&b);
    raw_close(&c);
    close_house(&h);
}

/* ---- answers later */

static void late_answer_after_the_peer_left_is_dropped(void **state)
{
    struct house h;
    struct raw r;
    struct http_turn old;

    (void)state;
    open_house(&h, (struct http_server_options){0});
    for (int way = 0; way < 3; way++) {
        raw_connect(&r, h.loop, &h.at);
        raw_send(&r, "GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
        h.turn.number = 0;
        while (h.turn.number == 0)
            patience_run(h.loop);
        assert_true(http_waits(h.turn));
        if (way == 0)
            raw_close(&r);
        else if (way == 1)
            raw_reset(&r);
        else
            raw_shut(&r); /* half-open: it could not tell whether it is still there */
        while (http_waits(h.turn))
            patience_let_pass(h.loop, 1);
        http_answer_text(h.turn, 200, "nobody hears this");
        if (way == 2)
            raw_close(&r);
    }
    /* The place is another's now; an answer to the old turn must not reach it. */
    old = h.turn;
    raw_connect(&r, h.loop, &h.at);
    raw_send(&r, "GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
    h.turn.number = 0;
    while (h.turn.number == 0)
        patience_run(h.loop);
    http_answer_text(old, 200, "old");
    http_answer_text(h.turn, 200, "new");
    raw_expect(&r, "\r\n\r\nnew");
    raw_close(&r);
    close_house(&h);
}

static void half_closed_after_the_answer_began(void **state)
{
    struct house h;
    struct raw r;

    (void)state;
    open_house(&h, (struct http_server_options){0});
    raw_connect(&r, h.loop, &h.at);
    raw_pause(&r, true);
    raw_send(&r, "GET /large HTTP/1.1\r\nHost: t\r\n\r\n");
    patience_let_pass(h.loop, 20);
    raw_shut(&r);
    patience_let_pass(h.loop, 20);
    raw_pause(&r, false);
    for (size_t got = 0; got < 8 * 1024 * 1024;) {
        raw_expect_bytes(&r, 1);
        got += r.len;
        raw_drop(&r, r.len);
    }
    raw_expect_end(&r);
    raw_close(&r);
    close_house(&h);
}

static void freed_while_everything_is_open(void **state)
{
    struct house h;
    struct raw a, b;

    (void)state;
    open_house(&h, (struct http_server_options){0});
    raw_connect(&a, h.loop, &h.at);
    raw_connect(&b, h.loop, &h.at);
    raw_send(&b, "GET /later HTTP/1.1\r\nHost: t\r\n\r\n");
    while (h.requests == 0)
        patience_run(h.loop);
    http_server_free(h.server);
    raw_expect_end(&a);
    raw_expect_end(&b);
    raw_close(&a);
    raw_close(&b);
    loop_free(h.loop);
}

/* ---- origins */

static void g49_origin_is_the_public_url(void **state)
{
    static const struct {
        const char *header, *answer;
    } rows[] = {
        {"", "200 OK"},
        {"Origin: https://tea.example\r\n", "200 OK"},
        {"Origin: http://localhost:8080\r\n", "200 OK"},
        {"Origin: http://tea.example\r\n", "403 Forbidden"},
        {"Origin: https://tea.example.evil\r\n", "403 Forbidden"},
        {"Origin: https://tea.example:444\r\n", "403 Forbidden"},
        {"Origin: http://inner:8080\r\n", "403 Forbidden"}, /* what Host says is no proof */
        {"Origin: null\r\n", "403 Forbidden"},
        {"Origin:\r\n", "403 Forbidden"},
        {"Origin: https://tea.example\r\nOrigin: http://evil\r\n", "403 Forbidden"},
    };
    struct house h;

    (void)state;
    open_house(&h, (struct http_server_options){0});
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char request[256];

        snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: inner:8080\r\n%s\r\n", rows[i].header);
        ask(&h, request, rows[i].answer);
    }
    assert_int_equal(h.requests, 3);
    close_house(&h);
}

static void bad_origins_and_taken_ports_are_told(void **state)
{
    static const char *const bad[] = {"tea.example", NULL};
    struct http_server_options options = {.loop = patience_loop(), .origins = bad};
    struct http_server *server;
    struct address at = address_v4(loopback4, 0), real, again;

    (void)state;
    assert_int_equal(http_server_new(&options, &server), E_MALFORMED);
    options.origins = NULL;
    assert_int_equal(http_server_new(&options, &server), OK);
    assert_int_equal(http_listen(server, &at, NULL, &real), OK);
    assert_int_not_equal(address_port(&real), 0);
    assert_int_equal(http_listen(server, &real, NULL, &again), E_IO);
    http_server_free(server);
    loop_free(options.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_with_security_headers),
        cmocka_unit_test(methods_and_paths),
        cmocka_unit_test(path_parts_reach_the_handler),
        cmocka_unit_test(head_has_the_length_and_no_body),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(head_too_large),
        cmocka_unit_test(body_too_large),
        cmocka_unit_test(slow_peers_are_left),
        cmocka_unit_test(trickling_head_gains_nothing),
        cmocka_unit_test(reader_that_takes_nothing_is_dropped),
        cmocka_unit_test(connections_are_counted),
        cmocka_unit_test(late_answer_after_the_peer_left_is_dropped),
        cmocka_unit_test(half_closed_after_the_answer_began),
        cmocka_unit_test(freed_while_everything_is_open),
        cmocka_unit_test(g49_origin_is_the_public_url),
        cmocka_unit_test(bad_origins_and_taken_ports_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
