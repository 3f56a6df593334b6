#define _GNU_SOURCE
#include "io/ws.h"
#include "support/patience.h"
#include "support/raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

static const char *const origins[] = {"https://tea.example", NULL};
static const uint8_t loopback4[4] = {127, 0, 0, 1};

struct house {
    struct loop *loop;
    struct http_server *server;
    struct address at;
    struct ws *link; /* the last one accepted */
    unsigned accepted, messages, closed, code;
    size_t last_len;
    enum result why;
    bool mute, greet, drop_at_once, drop_at_message, close_at_message, never_attach;
};

static void house_message(void *context, struct ws *ws, struct bytes message)
{
    struct house *h = context;

    h->messages++;
    h->last_len = message.len;
    if (h->drop_at_message) {
        ws_free(ws);
        h->link = NULL;
        loop_stop(h->loop);
        return;
    }
    if (h->close_at_message)
        ws_close(ws, 1000, "enough");
    if (!h->mute)
        assert_int_equal(ws_send(ws, message), h->close_at_message ? E_STATE : OK);
}

static void house_closed(void *context, struct ws *ws, unsigned code, enum result why)
{
    struct house *h = context;

    h->closed++;
    h->code = code;
    h->why = why;
    if (h->link == ws)
        h->link = NULL;
    assert_int_equal(ws_send(ws, BYTES_TEXT("too late")), E_STATE);
    loop_stop(h->loop);
}

static const struct ws_events house_events = {.message = house_message, .closed = house_closed};

static void house_accept(void *context, struct ws *ws, const struct http_request *request)
{
    struct house *h = context;
    struct address peer = ws_peer(ws);

    h->accepted++;
    assert_true(address_equal(&peer, &request->from));
    if (h->drop_at_once) {
        ws_free(ws);
        return;
    }
    h->link = ws;
    if (!h->never_attach)
        ws_attach(ws, &house_events, h);
    if (h->greet)
        assert_int_equal(ws_send(ws, BYTES_TEXT("welcome")), OK);
}

static void open_house_at(struct house *h, const struct address *at, struct http_server_options options,
                          struct ws_limits limits)
{
    struct ws_route route = {
        .path = "/signal", .protocol = "teahouse.1", .limits = limits, .accept = house_accept, .context = h};

    *h = (struct house){.loop = patience_loop()};
    options.loop = h->loop;
    options.origins = origins;
    assert_int_equal(http_server_new(&options, &h->server), OK);
    assert_int_equal(http_listen(h->server, at, NULL, &h->at), OK);
    assert_int_equal(ws_route_add(h->server, &route), OK);
    assert_int_equal(ws_route_add(h->server, &route), E_EXISTS);
}

static void open_house(struct house *h, struct ws_limits limits)
{
    static const struct http_server_options options = {.connections_max = 4};
    struct address at = address_v4(loopback4, 0);

    open_house_at(h, &at, options, limits);
}

static void close_house(struct house *h)
{
    ws_free(h->link);
    http_server_free(h->server);
    loop_free(h->loop);
}

/* ---- the server, against bytes */

#define UPGRADE                                                                                              \
    "GET /signal HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"           \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: other, teahouse.1\r\n"
/* The key and its answer are those of RFC 6455, section 1.3. */
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static void upgrade(struct raw *r, struct house *h)
{
    raw_connect(r, h->loop, &h->at);
    raw_send(r, UPGRADE KEY "\r\n");
    raw_expect(r, "HTTP/1.1 101 Switching Protocols\r\n");
    raw_expect(r, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
    raw_expect(r, "Sec-WebSocket-Protocol: teahouse.1\r\n");
    raw_expect(r, "\r\n");
}

/* A masked frame with up to 65535 bytes of 'x'. */
static void send_frame(struct raw *r, uint8_t first, size_t len)
{
    uint8_t head[8] = {first}, mask[4] = {1, 2, 3, 4};
    uint8_t *payload = malloc(len + 1);
    size_t used = 2;

    head[1] = (uint8_t)(0x80 | (len < 126 ? len : 126));
    if (len >= 126) {
        head[2] = (uint8_t)(len >> 8);
        head[3] = (uint8_t)len;
        used = 4;
    }
    memcpy(head + used, mask, 4);
    for (size_t i = 0; i < len; i++)
        payload[i] = 'x' ^ mask[i % 4];
    raw_send_bytes(r, bytes(head, used + 4));
    if (len != 0)
        raw_send_bytes(r, bytes(payload, len));
    free(payload);
}

/* The server's close frame with this code comes next; 0: without one. */
static void expect_close(struct raw *r, unsigned code)
{
    if (code == 0) {
        raw_expect_bytes(r, 2);
        assert_memory_equal(r->held, "\x88\0", 2);
        return;
    }
    raw_expect_bytes(r, 4);
    assert_int_equal((uint8_t)r->held[0], 0x88);
    assert_int_equal((uint8_t)r->held[2] << 8 | (uint8_t)r->held[3], code);
}

static void expect_closed(struct house *h, unsigned code, enum result why)
{
    while (h->closed == 0)
        patience_run(h->loop);
    assert_int_equal(h->closed, 1);
    assert_int_equal(h->code, code);
    assert_int_equal(h->why, why);
}

static void echo_of_each_size(void **state)
{
    static const size_t sizes[] = {0, 1, 125, 126, 127, 1000, 65535};
    struct house h;
    struct raw r;

    (void)state;
    open_house(&h, (struct ws_limits){0});
    upgrade(&r, &h);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t head = sizes[i] < 126 ? 2 : 4;

        send_frame(&r, 0x82, sizes[i]);
        raw_expect_bytes(&r, head + sizes[i]);
        assert_int_equal((uint8_t)r.held[0], 0x82);
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(r.held[head + j], 'x');
        raw_drop(&r, head + sizes[i]);
    }
    raw_close(&r);
    expect_closed(&h, 1006, E_CLOSED);
    close_house(&h);
}

static void fragments_with_a_ping_between(void **state)
{
    struct house h;
    struct raw r;

    (void)state;
    open_house(&h, (struct ws_limits){0});
    upgrade(&r, &h);
    send_frame(&r, 0x02, 10);
    send_frame(&r, 0x00, 0);
    send_frame(&r, 0x89, 4);
    send_frame(&r, 0x80, 7);
    raw_expect(&r, "\x8a\x04xxxx");
    raw_expect(&r, "\x82\x11xxxxxxxxxxxxxxxxx");
    assert_int_equal(h.messages, 1);
    assert_int_equal(h.last_len, 17);
    raw_close(&r);
    close_house(&h);
}

static void frames_arrive_byte_by_byte(void **state)
{
    static const uint8_t frame[] = {0x82, 0x83, 1, 2, 3, 4, 't' ^ 1, 'e' ^ 2, 'a' ^ 3};
    struct house h;
    struct raw r;

    (void)state;
    open_house(&h, (struct ws_limits){0});
    upgrade(&r, &h);
    for (size_t i = 0; i < sizeof frame; i++) {
        raw_send_bytes(&r, bytes(frame + i, 1));
        patience_let_pass(h.loop, 1);
    }
    raw_expect(&r, "\x82\x03tea");
    raw_close(&r);
    close_house(&h);
}

static void bytes_right_behind_the_handshake(void **state)
{
    struct house h;
    struct raw r;

    (void)state;
    open_house(&h, (struct ws_limits){0});
    raw_connect(&r, h.loop, &h.at);
    raw_send(&r, UPGRADE KEY "\r\n\x82\x83"
                             "bbbb"
                             "\x16\x07\x03");
    raw_expect_bytes(&r, 1);
    while (h.messages == 0)
        patience_run(h.loop);
    assert_int_equal(h.last_len, 3);
    raw_close(&r);
    close_house(&h);
}

static void g50_cap_on_the_whole_message(void **state)
{
    struct house h;
    struct raw r;
    struct rusage before, after;
    uint8_t frame[8 + 1024] = {0x02, 0xfe, 0x04, 0x00};
    bool alive = true;

    (void)state;
    open_house(&h, (struct ws_limits){0});
    upgrade(&r, &h);
    getrusage(RUSAGE_SELF, &before);
    for (int i = 0; i < 100000 && alive && !r.ended; i++) {
        size_t at = 0, sent;

        while (alive && at < sizeof frame && !r.ended) {
            alive = raw_try(&r, bytes(frame + at, sizeof frame - at), &sent);
            at += sent;
            if (at < sizeof frame)
                patience_let_pass(h.loop, 1);
        }
        frame[0] = 0x00;
    }
    getrusage(RUSAGE_SELF, &after);
    expect_close(&r, 1009);
    raw_close(&r);
    expect_closed(&h, 1009, E_TOO_LARGE);
    assert_int_equal(h.messages, 0);
    assert_true(after.ru_maxrss - before.ru_maxrss < 16 * 1024); /* KiB; the flood has 100 MiB */
    close_house(&h);
}

static void cap_is_exact(void **state)
{
    struct house h;
    struct raw r;

    (void)state;
    open_house(&h, (struct ws_limits){.message_max = 1000});
    h.mute = true;
    upgrade(&r, &h);
    send_frame(&r, 0x82, 1000);
    send_frame(&r, 0x02, 999);
    send_frame(&r, 0x80, 1);
    while (h.messages < 2)
        patience_let_pass(h.loop, 1);
    assert_int_equal(h.last_len, 1000);
    send_frame(&r, 0x02, 999);
    send_frame(&r, 0x80, 2);
    expect_close(&r, 1009);
    raw_close(&r);
    expect_closed(&h, 1009, E_TOO_LARGE);

    /* One frame that announces too much is refused with its first byte. */
    h.closed = 0;
    upgrade(&r, &h);
    raw_send_bytes(&r, BYTES_TEXT("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff"
                                  "maskx"));
    expect_close(&r, 1009);
    raw_close(&r);
    expect_closed(&h, 1009, E_TOO_LARGE);
    close_house(&h);
}

static void breaches_of_the_protocol(void **state)
{
    static const struct {
        struct bytes sent;
        unsigned code;
    } rows[] = {
        {{(const uint8_t *)"\x81\x83maskaaa", 9}, 1003},           /* text */
        {{(const uint8_t *)"\x82\x03tea", 5}, 1002},               /* not masked */
        {{(const uint8_t *)"\xc2\x83maskaaa", 9}, 1002},           /* a reserved bit */
        {{(const uint8_t *)"\x83\x83maskaaa", 9}, 1002},           /* an unknown opcode */
        {{(const uint8_t *)"\x80\x83maskaaa", 9}, 1002},           /* nothing to continue */
        {{(const uint8_t *)"\x02\x80mask\x82\x80mask", 12}, 1002}, /* a message within a message */
        {{(const uint8_t *)"\x09\x80mask", 6}, 0},                 /* a fragmented ping */
        {{(const uint8_t *)"\x89\xfe\x00\x7emask", 8}, 0},         /* a ping of 126 */
    };
    struct house h;

    (void)state;
    open_house(&h, (struct ws_limits){0});
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct raw r;

        h.closed = 0;
        upgrade(&r, &h);
        raw_send_bytes(&r, rows[i].sent);
        expect_close(&r, rows[i].code);
        raw_close(&r);
        while (h.closed == 0)
            patience_run(h.loop);
        assert_int_equal(h.messages, 0);
        assert_int_equal(h.why, E_MALFORMED);
    }
    close_house(&h);
}

static void closing_by_either_side(void **state)
{
    struct house h;
    struct raw r;

    (void)state;
    open_house(&h, (struct ws_limits){0});
    upgrade(&r, &h);
    raw_send_bytes(&r, bytes("\x88\x82\0\0\0\0\x0f\xa1", 8)); /* 4001 */
    expect_close(&r, 4001);
    raw_expect_end(&r);
    expect_closed(&h, 4001, OK);
    raw_close(&r);

    h.closed = 0;
    upgrade(&r, &h);
    raw_send_bytes(&r, bytes("\x88\x80\0\0\0\0", 6)); /* without a code */
    raw_expect_end(&r);
    expect_closed(&h, 1005, OK);
    raw_close(&r);

    h.closed = 0;
    h.close_at_message = true;
    upgrade(&r, &h);
    send_frame(&r, 0x82, 3);
    expect_close(&r, 1000);
    assert_memory_equal(r.held + 4, "enough", 6);
    send_frame(&r, 0x82, 3); /* crossing it: nobody hears it */
    raw_send_bytes(&r, bytes("\x88\x82\0\0\0\0\x03\xe8", 8));
    raw_expect_end(&r);
    expect_closed(&h, 1000, OK);
    assert_int_equal(h.messages, 1);
    raw_close(&r);
    close_house(&h);
}

static void dropped_from_within(void **state)
{
    struct house h;
    struct raw r;

    (void)state;
    open_house(&h, (struct ws_limits){0});
    h.drop_at_message = true;
    upgrade(&r, &h);
    send_frame(&r, 0x82, 3);
    send_frame(&r, 0x82, 3);
    raw_expect_end(&r);
    assert_int_equal(h.messages, 1);
    assert_int_equal(h.closed, 0);
    raw_close(&r);

    h.drop_at_once = true;
    raw_connect(&r, h.loop, &h.at);
    raw_send(&r, UPGRADE KEY "\r\n");
    raw_expect_end(&r);
    raw_close(&r);
    assert_int_equal(h.accepted, 2);
    close_house(&h);
}

static void refused_before_the_upgrade(void **state)
{
    static const struct {
        const char *request, *answer;
    } rows[] = {
        {"GET /signal HTTP/1.1\r\nHost: t\r\n\r\n", "426 Upgrade Required"},
        {"GET /signal HTTP/1.1\r\nHost: t\r\n\r\n", "Upgrade: websocket\r\n"},
        {"HEAD /signal HTTP/1.1\r\nHost: t\r\n\r\n", "426 Upgrade Required"},
        {"POST /signal HTTP/1.1\r\nHost: t\r\n\r\n", "405 Method Not Allowed"},
        {UPGRADE "\r\n", "400 Bad Request"},
        {UPGRADE KEY KEY "\r\n", "400 Bad Request"},
        {UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n\r\n", "400 Bad Request"},
        {UPGRADE "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!==\r\n\r\n", "400 Bad Request"},
        {UPGRADE KEY "Content-Length: 1\r\n\r\nx", "400 Bad Request"},
        {UPGRADE KEY "Sec-WebSocket-Version: 8\r\n\r\n", "426 Upgrade Required"},
        {"GET /signal HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: "
         "Upgrade\r\nSec-WebSocket-Version: 13\r\n" KEY "\r\n",
         "426 Upgrade Required"}, /* without the subprotocol */
        {UPGRADE KEY "Origin: https://evil.example\r\n\r\n", "403 Forbidden"},
        {UPGRADE KEY "Origin: http://t\r\n\r\n", "403 Forbidden"},
        {UPGRADE KEY "Origin: https://tea.example\r\n\r\n", "101 Switching Protocols"},
    };
    struct house h;

    (void)state;
    open_house(&h, (struct ws_limits){0});
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct raw r;

        raw_connect(&r, h.loop, &h.at);
        raw_send(&r, rows[i].request);
        raw_expect(&r, rows[i].answer);
        raw_close(&r);
    }
    assert_int_equal(h.accepted, 1); /* g49: after the last one alone */
    close_house(&h);
}

static void links_count_as_connections(void **state)
{
    struct house h;
    struct raw links[4], more;

    (void)state;
    open_house(&h, (struct ws_limits){0});
    for (int i = 0; i < 4; i++)
        upgrade(&links[i], &h);
    raw_connect(&more, h.loop, &h.at);
    raw_send(&more, "GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    patience_let_pass(h.loop, 30);
    assert_int_equal(more.len, 0);
    raw_close(&links[0]);
    raw_expect(&more, "404 Not Found");
    raw_close(&more);
    for (int i = 1; i < 4; i++)
        raw_close(&links[i]);
    while (h.closed < 4)
        patience_run(h.loop);
    close_house(&h);
}

/* One address has so many connections, links among them, and a place is free again when one has gone. */
static void one_address_has_no_more_than_its_share(void **state)
{
    static const struct http_server_options options = {.connections_each = 2};
    struct address own;
    struct house h;
    struct raw r[3];

    (void)state;
    if (!raw_own_address(&own))
        skip();
    open_house_at(&h, &own, options, (struct ws_limits){0});
    upgrade(&r[0], &h);
    raw_connect(&r[1], h.loop, &h.at);
    raw_send(&r[1], "GET /nothing HTTP/1.1\r\nHost: t\r\n\r\n");
    raw_expect(&r[1], "404 Not Found");
    raw_connect(&r[2], h.loop, &h.at);
    raw_expect_end(&r[2]);
    raw_close(&r[2]);
    for (unsigned i = 0; i < 2; i++) {
        raw_close(&r[i]);
        while (i == 0 && h.closed == 0)
            patience_run(h.loop);
        do { /* until the server has seen it go */
            raw_connect(&r[2], h.loop, &h.at);
            raw_try(&r[2], BYTES_TEXT("GET /nothing HTTP/1.1\r\nHost: t\r\n\r\n"), &(size_t){0});
            while (!r[2].ended && r[2].len == 0)
                patience_run(h.loop);
            if (r[2].ended)
                raw_close(&r[2]);
        } while (r[2].ended);
        raw_close(&r[2]);
    }
    close_house(&h);
}

/* Behind a proxy all connections are its own; it names who is there, and what others wrote before it into the
 * line counts for nothing. */
static void behind_a_proxy_links_are_counted_by_whom_it_names(void **state)
{
    static const struct http_server_options options = {.connections_each = 2, .behind_proxy = true};
    static const struct {
        const char *forwarded;
        bool fits;
    } rows[] = {
        {"X-Forwarded-For: 192.0.2.1\r\n", true},
        {"X-Forwarded-For: 198.51.100.7 , 192.0.2.1:4444\r\n", true},
        {"X-Forwarded-For: 198.51.100.7, 192.0.2.1\r\n", false},
        {"X-Forwarded-For: 198.51.100.7\r\nX-forwarded-FOR: 192.0.2.1\r\n", false},
        {"X-Forwarded-For: 203.0.113.1, 203.0.113.2, 192.0.2.1\r\n", false},
        {"X-Forwarded-For: 192.0.2.1, 198.51.100.7\r\n", true},
        {"X-Forwarded-For: [2001:db8:1::5]:4444\r\n", true},
        {"X-Forwarded-For: 2001:db8:1::6\r\n", true},
        {"X-Forwarded-For: [2001:db8:1::7]\r\n", false},
        /* A proxy that names nobody is no reason to shut everybody out. */
        {"", true},
        {"X-Forwarded-For: unknown\r\n", true},
        {"X-Forwarded-For: 192.0.2.1,\r\n", true},
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct address loopback = address_v4(loopback4, 0);
    struct raw r[ROWS], again;
    char text[512];
    struct house h;

    (void)state;
    open_house_at(&h, &loopback, options, (struct ws_limits){0});
    for (unsigned i = 0; i < ROWS; i++) {
        raw_connect(&r[i], h.loop, &h.at);
        snprintf(text, sizeof text, UPGRADE KEY "%s\r\n", rows[i].forwarded);
        raw_send(&r[i], text);
        raw_expect(&r[i], rows[i].fits ? "HTTP/1.1 101 " : "HTTP/1.1 429 Too Many Requests\r\n");
    }
    raw_close(&r[0]);
    while (h.closed == 0)
        patience_run(h.loop);
    raw_connect(&again, h.loop, &h.at);
    raw_send(&again, UPGRADE KEY "X-Forwarded-For: 192.0.2.1\r\n\r\n");
    raw_expect(&again, "HTTP/1.1 101 ");
    raw_close(&again);
    for (unsigned i = 1; i < ROWS; i++)
        raw_close(&r[i]);
    while (h.closed < h.accepted)
        patience_run(h.loop);
    close_house(&h);
}

static void link_outlives_the_server(void **state)
{
    struct house h;
    struct raw r;

    (void)state;
    open_house(&h, (struct ws_limits){0});
    upgrade(&r, &h);
    http_server_free(h.server);
    h.server = NULL;
    send_frame(&r, 0x82, 3);
    raw_expect(&r, "\x82\x03xxx");
    raw_close(&r);
    expect_closed(&h, 1006, E_CLOSED);
    close_house(&h);
}

static void never_attached_is_freed_with_its_peer(void **state)
{
    struct house h;
    struct raw r;

    (void)state;
    open_house(&h, (struct ws_limits){0});
    h.never_attach = true;
    upgrade(&r, &h);
    send_frame(&r, 0x82, 3);
    raw_send_bytes(&r, bytes("\x88\x80\0\0\0\0", 6));
    raw_expect_end(&r);
    raw_close(&r);
    h.link = NULL;
    close_house(&h);
}

/* ---- time and slow peers */

static void silent_peer_is_pinged_and_given_up(void **state)
{
    struct house h;
    struct raw r;

    (void)state;
    open_house(&h, (struct ws_limits){.ping_ms = 20, .dead_ms = 110});
    upgrade(&r, &h);
    raw_expect(&r, "\x89");
    expect_closed(&h, 1006, E_EXPIRED);
    raw_expect_end(&r);
    raw_close(&r);
    close_house(&h);
}

/* One that answers pings is alive, and still has no right to hold a message's memory for ever. */
static void a_message_that_is_never_whole_is_refused(void **state)
{
    struct house h;
    struct raw r;
    uint64_t start_us = loop_now_us();

    (void)state;
    open_house(&h, (struct ws_limits){.ping_ms = 20, .dead_ms = 1000, .whole_ms = 100});
    upgrade(&r, &h);
    /* Whole ones, however many, are not counted together. */
    while (loop_now_us() - start_us < 200 * 1000) {
        send_frame(&r, 0x02, 3);
        send_frame(&r, 0x80, 3);
        raw_expect(&r, "\x82\x06xxxxxx");
        patience_let_pass(h.loop, 10);
    }
    assert_int_equal(h.closed, 0);
    raw_drop(&r, r.len);
    send_frame(&r, 0x02, 3);
    start_us = loop_now_us();
    while (h.closed == 0 && loop_now_us() - start_us < 3000 * 1000) {
        send_frame(&r, 0x8a, 0);
        send_frame(&r, 0x00, 1);
        patience_let_pass(h.loop, 10);
        if (r.len > 2 && memmem(r.held, r.len, "takes too long", 14) != NULL)
            break;
    }
    assert_non_null(memmem(r.held, r.len, "takes too long", 14));
    raw_close(&r);
    while (h.closed == 0)
        patience_run(h.loop);
    assert_int_equal(h.code, 1008);
    assert_int_equal(h.why, E_EXPIRED);
    close_house(&h);
}

static void answered_pings_keep_it_alive(void **state)
{
    struct house h;
    struct raw r;
    uint64_t start_us = loop_now_us();

    (void)state;
    open_house(&h, (struct ws_limits){.ping_ms = 20, .dead_ms = 400});
    upgrade(&r, &h);
    while (loop_now_us() - start_us < 600 * 1000) {
        raw_expect(&r, "\x89");
        send_frame(&r, 0x8a, 0);
    }
    assert_int_equal(h.closed, 0);
    raw_close(&r);
    close_house(&h);
}

static void slow_reader_is_closed(void **state)
{
    struct house h;
    struct raw r;
    static uint8_t message[50000];
    enum result res = OK;
    unsigned sent = 0;

    (void)state;
    open_house(&h, (struct ws_limits){.queue_max = 200000});
    upgrade(&r, &h);
    raw_pause(&r, true);
    while (h.accepted == 0)
        patience_run(h.loop);
    for (; res == OK && sent < 1000; sent++) {
        res = ws_send(h.link, BYTES_OF(message));
        patience_let_pass(h.loop, 0); /* what the system's buffers take is gone from ours */
    }
    assert_int_equal(res, E_AGAIN);
    assert_int_equal(ws_send(h.link, BYTES_OF(message)), E_STATE);
    /* When it reads again it finds out why. */
    raw_pause(&r, false);
    while (memmem(r.held, r.len, "reads too slowly", 16) == NULL) {
        raw_drop(&r, r.len > 16 ? r.len - 16 : 0);
        raw_expect_bytes(&r, r.len + 1);
    }
    raw_close(&r);
    expect_closed(&h, 1008, E_AGAIN);
    close_house(&h);
}

/* Pings whose answers nobody reads must not grow the queue without an end. */
static void flood_of_pings_is_bounded(void **state)
{
    struct house h;
    struct raw r;
    static uint8_t pings[131 * 400];
    bool alive = true;

    (void)state;
    open_house(&h, (struct ws_limits){.queue_max = 50000});
    upgrade(&r, &h);
    raw_pause(&r, true);
    for (size_t i = 0; i < sizeof pings; i += 131) {
        pings[i] = 0x89;
        pings[i + 1] = 0x80 | 125;
    }
    for (int i = 0; i < 100000 && alive && h.closed == 0; i++) {
        size_t sent, at = 0;

        while (alive && at < sizeof pings && h.closed == 0) {
            alive = raw_try(&r, bytes(pings + at, sizeof pings - at), &sent);
            at += sent;
            patience_let_pass(h.loop, 0);
        }
    }
    expect_closed(&h, 1008, E_AGAIN);
    raw_close(&r);
    close_house(&h);
}

/* ---- the client */

struct guest {
    struct loop *loop;
    struct ws *link;
    unsigned opened, messages, closed, code;
    enum result why;
    bool drop_when_opened;
    size_t last_len;
};

static void guest_opened(void *context, struct ws *ws)
{
    struct guest *g = context;

    g->opened++;
    if (g->drop_when_opened) {
        ws_free(ws);
        g->link = NULL;
    }
    loop_stop(g->loop);
}

static void guest_message(void *context, struct ws *ws, struct bytes message)
{
    struct guest *g = context;

    (void)ws;
    g->messages++;
    g->last_len = message.len;
    loop_stop(g->loop);
}

static void guest_closed(void *context, struct ws *ws, unsigned code, enum result why)
{
    struct guest *g = context;

    assert_ptr_equal(ws, g->link);
    g->closed++;
    g->code = code;
    g->why = why;
    g->link = NULL;
    loop_stop(g->loop);
}

static const struct ws_events guest_events = {
    .opened = guest_opened, .message = guest_message, .closed = guest_closed};

static void visit(struct guest *g, struct house *h, const char *path, uint32_t open_ms)
{
    static const struct gate gate = {0};
    struct ws_client_options options = {.loop = h->loop,
                                        .gate = &gate,
                                        .protocol = "teahouse.1",
                                        .open_ms = open_ms,
                                        .limits = {.message_max = 100000}};
    char url[128];

    *g = (struct guest){.loop = h->loop};
    snprintf(url, sizeof url, "ws://localhost:%u%s", address_port(&h->at), path);
    assert_int_equal(ws_connect(&options, bytes_string(url), &guest_events, g, &g->link), OK);
    assert_int_equal(ws_send(g->link, BYTES_TEXT("before 101")), E_STATE);
}

static void client_and_server(void **state)
{
    static uint8_t message[100001];
    struct house h;
    struct guest g;

    (void)state;
    open_house(&h, (struct ws_limits){.message_max = 80000});
    visit(&g, &h, "/signal", 0);
    while (g.opened == 0)
        patience_run(h.loop);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(ws_send(g.link, bytes(message, i * 40000)), OK);
    assert_int_equal(ws_send(g.link, bytes(message, sizeof message)), E_TOO_LARGE);
    while (g.messages < 3)
        patience_run(h.loop);
    assert_int_equal(g.last_len, 80000);
    ws_close(g.link, 1000, "");
    ws_close(g.link, 1001, "again");
    assert_int_equal(ws_send(g.link, BYTES_TEXT("x")), E_STATE);
    while (g.closed == 0 || h.closed == 0)
        patience_run(h.loop);
    assert_int_equal(g.code, 1000);
    assert_int_equal(g.why, OK);
    assert_int_equal(h.code, 1000);
    assert_int_equal(h.why, OK);
    close_house(&h);
}

/* What the server says with its 101 may come in one piece with it. */
static void first_word_right_behind_the_101(void **state)
{
    struct house h;
    struct guest g;

    (void)state;
    open_house(&h, (struct ws_limits){0});
    h.greet = true;
    visit(&g, &h, "/signal", 0);
    while (g.messages == 0)
        patience_run(h.loop);
    assert_int_equal(g.opened, 1);
    assert_int_equal(g.last_len, 7);
    ws_free(g.link);
    expect_closed(&h, 1006, E_CLOSED);
    close_house(&h);
}

static void client_is_told_why_not(void **state)
{
    struct house h;
    struct guest g;

    (void)state;
    open_house(&h, (struct ws_limits){0});
    visit(&g, &h, "/nowhere", 0);
    while (g.closed == 0)
        patience_run(h.loop);
    assert_int_equal(g.code, 404);
    assert_int_equal(g.why, E_REFUSED);

    http_server_free(h.server);
    h.server = NULL;
    visit(&g, &h, "/signal", 0);
    while (g.closed == 0)
        patience_run(h.loop);
    assert_int_equal(g.code, 1006);
    assert_int_equal(g.why, E_IO);
    assert_int_equal(g.opened, 0);
    close_house(&h);
}

static void client_drops_at_any_time(void **state)
{
    struct house h;
    struct guest g;

    (void)state;
    open_house(&h, (struct ws_limits){0});
    visit(&g, &h, "/signal", 0);
    ws_free(g.link);
    visit(&g, &h, "/signal", 0);
    patience_let_pass(h.loop, 1);
    ws_free(g.link);
    visit(&g, &h, "/signal", 0);
    ws_close(g.link, 1000, "never mind");
    while (g.closed == 0)
        patience_run(h.loop);
    assert_int_equal(g.opened, 0);
    assert_int_equal(g.why, OK);
    visit(&g, &h, "/signal", 0);
    g.drop_when_opened = true;
    while (g.opened == 0)
        patience_run(h.loop);
    patience_let_pass(h.loop, 10);
    assert_int_equal(g.closed, 0);
    close_house(&h);
}

static const struct ws_events none;

static void later(void *context, const struct http_request *request, struct http_turn turn)
{
    (void)context;
    (void)request;
    (void)turn;
}

static void client_does_not_wait_for_ever(void **state)
{
    struct house h;
    struct guest g;
    struct http_route route = {.method = "GET", .path = "/later", .handle = later};

    (void)state;
    open_house(&h, (struct ws_limits){0});
    assert_int_equal(http_route_add(h.server, &route), OK);
    visit(&g, &h, "/later", 40);
    while (g.closed == 0)
        patience_run(h.loop);
    assert_int_equal(g.why, E_EXPIRED);
    close_house(&h);
}

static void client_needs_a_good_url(void **state)
{
    static const struct gate gate = {0};
    struct ws_client_options options = {.loop = patience_loop(), .gate = &gate};
    struct ws *ws;

    (void)state;
    assert_int_equal(ws_connect(&options, BYTES_TEXT("tea"), &none, NULL, &ws), E_MALFORMED);
    assert_int_equal(ws_connect(&options, BYTES_TEXT("ftp://tea"), &none, NULL, &ws), E_UNSUPPORTED);
    assert_int_equal(ws_connect(&options, BYTES_TEXT("wss://tea"), &none, NULL, &ws), E_UNSUPPORTED);
    loop_free(options.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_of_each_size),
        cmocka_unit_test(fragments_with_a_ping_between),
        cmocka_unit_test(frames_arrive_byte_by_byte),
        cmocka_unit_test(bytes_right_behind_the_handshake),
        cmocka_unit_test(g50_cap_on_the_whole_message),
        cmocka_unit_test(cap_is_exact),
        cmocka_unit_test(breaches_of_the_protocol),
        cmocka_unit_test(closing_by_either_side),
        cmocka_unit_test(dropped_from_within),
        cmocka_unit_test(refused_before_the_upgrade),
        cmocka_unit_test(links_count_as_connections),
        cmocka_unit_test(one_address_has_no_more_than_its_share),
        cmocka_unit_test(behind_a_proxy_links_are_counted_by_whom_it_names),
        cmocka_unit_test(link_outlives_the_server),
        cmocka_unit_test(never_attached_is_freed_with_its_peer),
        cmocka_unit_test(silent_peer_is_pinged_and_given_up),
        cmocka_unit_test(a_message_that_is_never_whole_is_refused),
        cmocka_unit_test(answered_pings_keep_it_alive),
        cmocka_unit_test(slow_reader_is_closed),
        cmocka_unit_test(flood_of_pings_is_bounded),
        cmocka_unit_test(client_and_server),
        cmocka_unit_test(first_word_right_behind_the_101),
        cmocka_unit_test(client_is_told_why_not),
        cmocka_unit_test(client_drops_at_any_time),
        cmocka_unit_test(client_does_not_wait_for_ever),
        cmocka_unit_test(client_needs_a_good_url),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
