#include "io/http.h"
#include "support/patience.h"
#include "support/raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct gate gate = {0};

struct visit {
    struct loop *loop;
    struct http_client *client;
    int listening;
    struct address at;
    unsigned answers, status;
    enum result res;
    char location[64], body[256];
    bool free_when_answered, ask_again;
};

static void answered(void *context, enum result res, const struct http_head *head, struct bytes body);

static enum result ask(struct visit *v, const char *method, const char *body)
{
    struct http_ask ask = {.method = method,
                           .path = BYTES_TEXT("/media?x=1"),
                           .type = body != NULL ? "application/sdp" : NULL,
                           .bearer = BYTES_TEXT("v4.public.abc"),
                           .body = body != NULL ? bytes_string(body) : (struct bytes){0}};

    return http_request(v->client, &ask, answered, v);
}

static void answered(void *context, enum result res, const struct http_head *head, struct bytes body)
{
    struct visit *v = context;
    struct bytes location;

    v->answers++;
    v->res = res;
    assert_true((res == OK) == (head != NULL));
    if (head != NULL) {
        location = http_header(head, "Location");
        v->status = head->status;
        snprintf(v->location, sizeof v->location, "%.*s", (int)location.len, (const char *)location.at);
        snprintf(v->body, sizeof v->body, "%.*s", (int)body.len, (const char *)body.at);
    }
    if (v->free_when_answered) {
        http_client_free(v->client);
        v->client = NULL;
    }
    if (v->ask_again) {
        v->ask_again = false;
        assert_int_equal(ask(v, "DELETE", NULL), OK);
    }
    /* What was handed in is still whole. */
    if (head != NULL)
        assert_int_equal(head->status, v->status);
    loop_stop(v->loop);
}

static void begin(struct visit *v, struct http_client_options options)
{
    char url[64];

    *v = (struct visit){.loop = patience_loop()};
    v->listening = raw_listen(&v->at);
    options.loop = v->loop;
    options.gate = &gate;
    snprintf(url, sizeof url, "http://127.0.0.1:%u/ignored", address_port(&v->at));
    assert_int_equal(http_client_new(&options, bytes_string(url), &v->client), OK);
}

static void end(struct visit *v)
{
    http_client_free(v->client);
    close(v->listening);
    loop_free(v->loop);
}

static void wait_answer(struct visit *v, enum result res)
{
    unsigned before = v->answers;

    while (v->answers == before)
        patience_run(v->loop);
    assert_int_equal(v->answers, before + 1);
    assert_int_equal(v->res, res);
}

static void request_and_answer(void **state)
{
    struct visit v;
    struct raw r;

    (void)state;
    begin(&v, (struct http_client_options){0});
    assert_int_equal(ask(&v, "POST", "v=0\r\n"), OK);
    assert_int_equal(ask(&v, "POST", "v=0\r\n"), E_STATE);
    raw_accept(&r, v.loop, v.listening);
    raw_expect(&r, "POST /media?x=1 HTTP/1.1\r\nHost: 127.0.0.1:");
    raw_expect(&r, "\r\nAuthorization: Bearer v4.public.abc\r\nContent-Type: "
                   "application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n");
    raw_send(&r, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nlocation: /media/1\r\nContent-Length: "
                 "4\r\n\r\nv=1\n");
    wait_answer(&v, OK);
    assert_int_equal(v.status, 201);
    assert_string_equal(v.location, "/media/1");
    assert_string_equal(v.body, "v=1\n");

    /* On the same connection; DELETE has no body, PATCH an empty one. */
    assert_int_equal(ask(&v, "DELETE", NULL), OK);
    raw_expect(&r, "DELETE /media?x=1 HTTP/1.1\r\n");
    raw_expect(&r, "abc\r\n\r\n");
    raw_send(&r, "HTTP/1.1 204 No Content\r\n\r\n");
    wait_answer(&v, OK);
    assert_int_equal(ask(&v, "PATCH", NULL), OK);
    raw_expect(&r, "Content-Length: 0\r\n\r\n");
    raw_send(&r, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntea\r\n0\r\n\r\n");
    wait_answer(&v, OK);
    assert_string_equal(v.body, "tea");
    assert_int_equal(ask(&v, "HEAD", NULL), OK);
    raw_expect(&r, "HEAD ");
    raw_send(&r, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    wait_answer(&v, OK);
    assert_int_equal(ask(&v, "GET", NULL), OK);
    raw_expect(&r, "GET ");
    raw_send(&r, "HTTP/1.1 200 OK\r\n\r\nup to the end");
    raw_close(&r);
    wait_answer(&v, OK);
    assert_string_equal(v.body, "up to the end");
    end(&v);
}

static void connection_in_advance(void **state)
{
    struct visit v;
    struct raw r, s;

    (void)state;
    begin(&v, (struct http_client_options){0});
    http_connect(v.client);
    http_connect(v.client);
    raw_accept(&r, v.loop, v.listening);
    patience_let_pass(v.loop, 5);
    assert_int_equal(ask(&v, "GET", NULL), OK);
    raw_expect(&r, "GET ");
    raw_send(&r, "HTTP/1.1 204 No Content\r\n\r\n");
    wait_answer(&v, OK);

    /* A server that closed it while it rested costs nothing. */
    raw_close(&r);
    patience_let_pass(v.loop, 5);
    assert_int_equal(ask(&v, "POST", "x"), OK);
    raw_accept(&r, v.loop, v.listening);
    raw_expect(&r, "POST ");
    raw_send(&r, "HTTP/1.1 204 No Content\r\n\r\n");
    wait_answer(&v, OK);

    /* Nor does one that closes it just when it is used, where the request may be repeated. */
    assert_int_equal(ask(&v, "GET", NULL), OK);
    raw_expect(&r, "GET ");
    raw_close(&r);
    raw_accept(&s, v.loop, v.listening);
    raw_expect(&s, "GET ");
    raw_send(&s, "HTTP/1.1 204 No Content\r\n\r\n");
    wait_answer(&v, OK);
    assert_int_equal(ask(&v, "POST", "x"), OK);
    raw_expect(&s, "POST ");
    raw_close(&s);
    wait_answer(&v, E_CLOSED);

    /* Connection: close is obeyed. */
    assert_int_equal(ask(&v, "GET", NULL), OK);
    raw_accept(&r, v.loop, v.listening);
    raw_send(&r, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    wait_answer(&v, OK);
    raw_expect_end(&r);
    raw_close(&r);
    end(&v);
}

static void bad_answers(void **state)
{
    static const struct {
        const char *answer;
        enum result res;
        bool close;
    } rows[] = {
        {"", E_CLOSED, true},
        {"HTTP/1.1 200 OK\r\nContent-Le", E_CLOSED, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntea", E_CLOSED, true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntea", E_CLOSED, true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", E_MALFORMED, false},
        {"ICY 200 OK\r\n\r\n", E_MALFORMED, false},
        {"HTTP/1.1 101 Switching Protocols\r\n\r\n", E_MALFORMED, false},
        {"HTTP/2.0 200 OK\r\n\r\n", E_UNSUPPORTED, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", E_TOO_LARGE, false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n", E_TOO_LARGE, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", E_MALFORMED, false},
        {"HTTP/1.1 200 OK\r\nContent-L", E_EXPIRED, false},
    };
    struct visit v;

    (void)state;
    begin(&v, (struct http_client_options){.body_max = 100, .wait_ms = 50});
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct raw r;

        assert_int_equal(ask(&v, "POST", "x"), OK);
        raw_accept(&r, v.loop, v.listening);
        raw_send(&r, rows[i].answer);
        if (rows[i].close) {
            raw_expect(&r, "\r\n\r\nx");
            raw_shut(&r);
        }
        wait_answer(&v, rows[i].res);
        raw_expect_end(&r);
        raw_close(&r);
    }
    end(&v);
}

static void endless_answers_end(void **state)
{
    struct visit v;
    struct raw r;
    size_t sent;
    bool alive = true;

    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        begin(&v, (struct http_client_options){0});
        assert_int_equal(ask(&v, "GET", NULL), OK);
        raw_accept(&r, v.loop, v.listening);
        raw_send(&r, kind == 0 ? "HTTP/1.1 200 OK\r\nX: " : "HTTP/1.1 200 OK\r\n\r\n");
        for (int i = 0; i < 100000 && v.answers == 0 && alive; i++) {
            alive = raw_try(
                &r, BYTES_TEXT("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
                &sent);
            patience_let_pass(v.loop, 0);
        }
        assert_int_equal(v.answers, 1);
        assert_int_equal(v.res, E_TOO_LARGE);
        raw_close(&r);
        end(&v);
    }
}

static void from_within_its_answer(void **state)
{
    struct visit v;
    struct raw r;

    (void)state;
    begin(&v, (struct http_client_options){0});
    v.ask_again = true;
    assert_int_equal(ask(&v, "GET", NULL), OK);
    raw_accept(&r, v.loop, v.listening);
    raw_send(&r, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntea");
    raw_expect(&r, "DELETE ");
    v.free_when_answered = true;
    raw_send(&r, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntea");
    while (v.answers < 2)
        patience_run(v.loop);
    raw_expect_end(&r);
    raw_close(&r);
    end(&v);
}

static void freed_while_it_waits(void **state)
{
    struct visit v;
    struct raw r;

    (void)state;
    begin(&v, (struct http_client_options){0});
    assert_int_equal(ask(&v, "GET", NULL), OK);
    end(&v);

    begin(&v, (struct http_client_options){0});
    assert_int_equal(ask(&v, "GET", NULL), OK);
    raw_accept(&r, v.loop, v.listening);
    raw_expect(&r, "\r\n\r\n");
    http_client_free(v.client);
    v.client = NULL;
    raw_expect_end(&r);
    assert_int_equal(v.answers, 0);
    raw_close(&r);
    end(&v);
}

static void nobody_there(void **state)
{
    struct visit v;

    (void)state;
    begin(&v, (struct http_client_options){0});
    close(v.listening);
    http_connect(v.client); /* its failure is nobody's business */
    patience_let_pass(v.loop, 5);
    assert_int_equal(ask(&v, "GET", NULL), OK);
    wait_answer(&v, E_IO);
    v.listening = -1;
    end(&v);
}

static void what_cannot_be_asked(void **state)
{
    struct visit v;
    struct http_client *client;
    struct http_client_options options = {.gate = &gate};
    struct http_ask bad_path = {.method = "GET", .path = BYTES_TEXT("/a b")};
    struct http_ask no_path = {.method = "GET"};
    struct http_ask bad_bearer = {
        .method = "GET", .path = BYTES_TEXT("/"), .bearer = BYTES_TEXT("x\r\nY: z")};

    (void)state;
    begin(&v, (struct http_client_options){0});
    options.loop = v.loop;
    assert_int_equal(http_request(v.client, &bad_path, answered, &v), E_MALFORMED);
    assert_int_equal(http_request(v.client, &no_path, answered, &v), E_MALFORMED);
    assert_int_equal(http_request(v.client, &bad_bearer, answered, &v), E_MALFORMED);
    assert_int_equal(http_client_new(&options, BYTES_TEXT("tea"), &client), E_MALFORMED);
    assert_int_equal(http_client_new(&options, BYTES_TEXT("https://tea"), &client), E_UNSUPPORTED);
    end(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_and_answer),
        cmocka_unit_test(connection_in_advance),
        cmocka_unit_test(bad_answers),
        cmocka_unit_test(endless_answers_end),
        cmocka_unit_test(from_within_its_answer),
        cmocka_unit_test(freed_while_it_waits),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(what_cannot_be_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
