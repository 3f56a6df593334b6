/* Every allocation of ours is denied in turn, on the whole way of a request and of a message: what is asked
 * for may fail, and says so; nothing else may happen. The address sanitizer sees what is left behind. */
#include "io/http.h"
#include "io/ws.h"
#include "support/denied.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const uint8_t loopback4[4] = {127, 0, 0, 1};
static const struct gate gate = {0};

struct scene {
    struct loop *loop;
    struct http_server *server;
    struct address at;
    struct ws *house_link;
    unsigned asked, answered, linked, closed, heard;
};

static void echo(void *context, const struct http_request *request, struct http_turn turn)
{
    struct http_reply reply = {.status = 200, .type = "text/plain", .body = request->body};

    (void)context;
    http_answer(turn, &reply);
}

static void house_message(void *context, struct ws *ws, struct bytes message)
{
    (void)context;
    if (ws_send(ws, message) != OK)
        ws_close(ws, 1011, "");
}

static void house_closed(void *context, struct ws *ws, unsigned code, enum result why)
{
    struct scene *s = context;

    (void)ws;
    (void)code;
    (void)why;
    s->house_link = NULL;
}

static const struct ws_events house_events = {.message = house_message, .closed = house_closed};

static void accept_link(void *context, struct ws *ws, const struct http_request *request)
{
    struct scene *s = context;

    (void)request;
    s->house_link = ws;
    ws_attach(ws, &house_events, s);
}

static void answered(void *context, enum result res, const struct http_head *head, struct bytes body)
{
    struct scene *s = context;

    assert_true((res == OK) == (head != NULL));
    if (res == OK && head->status == 200)
        assert_int_equal(body.len, 3);
    s->answered++;
    loop_stop(s->loop);
}

static void guest_opened(void *context, struct ws *ws)
{
    (void)context;
    if (ws_send(ws, BYTES_TEXT("tea")) != OK)
        ws_close(ws, 1011, "");
}

static void guest_message(void *context, struct ws *ws, struct bytes message)
{
    struct scene *s = context;

    assert_int_equal(message.len, 3);
    s->heard++;
    ws_close(ws, 1000, "");
}

static void guest_closed(void *context, struct ws *ws, unsigned code, enum result why)
{
    struct scene *s = context;

    (void)ws;
    (void)code;
    (void)why;
    s->closed++;
    loop_stop(s->loop);
}

static const struct ws_events guest_events = {
    .opened = guest_opened, .message = guest_message, .closed = guest_closed};

static enum result open_house(struct scene *s)
{
    struct http_server_options options = {.loop = s->loop, .connections_max = 8};
    struct http_route route = {.method = "POST", .path = "/echo", .handle = echo};
    struct ws_route signal = {.path = "/signal", .accept = accept_link, .context = s};
    struct address at = address_v4(loopback4, 0);
    enum result res = http_server_new(&options, &s->server);

    if (res == OK)
        res = http_route_add(s->server, &route);
    if (res == OK)
        res = ws_route_add(s->server, &signal);
    return res == OK ? http_listen(s->server, &at, NULL, &s->at) : res;
}

static void request_once(struct scene *s)
{
    struct http_client_options options = {.loop = s->loop, .gate = &gate, .wait_ms = 300};
    struct http_ask ask = {
        .method = "POST", .path = BYTES_TEXT("/echo"), .type = "text/plain", .body = BYTES_TEXT("tea")};
    struct http_client *client = NULL;
    char url[64];

    snprintf(url, sizeof url, "http://127.0.0.1:%u", address_port(&s->at));
    if (http_client_new(&options, bytes_string(url), &client) == OK &&
        http_request(client, &ask, answered, s) == OK)
        for (s->asked++; s->answered == 0;)
            assert_int_equal(loop_run(s->loop), OK); /* no guard: its timer would be denied */
    http_client_free(client);
}

static void link_once(struct scene *s)
{
    struct ws_client_options options = {.loop = s->loop, .gate = &gate, .open_ms = 300};
    struct ws *ws;
    char url[64];

    snprintf(url, sizeof url, "ws://127.0.0.1:%u/signal", address_port(&s->at));
    if (ws_connect(&options, bytes_string(url), &guest_events, s, &ws) == OK)
        for (s->linked++; s->closed == 0;)
            assert_int_equal(loop_run(s->loop), OK); /* no guard: its timer would be denied */
}

/* Everything once; whether a denial fell into it. */
static bool play(unsigned passed, struct scene *s)
{
    *s = (struct scene){0};
    denied_after(passed);
    if (loop_new(&s->loop) != OK)
        return denied_end();
    if (open_house(s) == OK) {
        request_once(s);
        link_once(s);
    }
    ws_free(s->house_link);
    http_server_free(s->server);
    loop_free(s->loop);
    return denied_end();
}

static void every_allocation_denied_in_turn(void **state)
{
    struct scene s;
    unsigned passed = 0;

    (void)state;
    while (play(passed, &s)) {
        assert_int_equal(s.asked, s.answered);
        assert_int_equal(s.linked, s.closed);
        passed++;
    }
    /* The last round had all it wanted. */
    assert_true(passed > 10);
    assert_int_equal(s.answered, 1);
    assert_int_equal(s.heard, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_denied_in_turn)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
