#include "io/http.h"
#include "io/tls.h"
#include "io/ws.h"
#include "support/certificate.h"
#include "support/patience.h"
#include "support/raw.h"
#include "support/scratch.h"

#include <openssl/ssl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t loopback4[4] = {127, 0, 0, 1};
static const struct gate gate = {0};

/* Certificates are made once: for the loopback, for another name, and a key of neither. */
static struct {
    char folder[SCRATCH_PATH], good[SCRATCH_PATH], good_key[SCRATCH_PATH], other[SCRATCH_PATH],
        other_key[SCRATCH_PATH];
} files;

static int make_files(void **state)
{
    (void)state;
    scratch_make(files.folder);
    scratch_path(files.folder, "good.pem", files.good);
    scratch_path(files.folder, "good.key", files.good_key);
    scratch_path(files.folder, "other.pem", files.other);
    scratch_path(files.folder, "other.key", files.other_key);
    certificate_make("DNS:localhost,IP:127.0.0.1", files.good, files.good_key);
    certificate_make("DNS:tea.example", files.other, files.other_key);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    scratch_remove(files.folder);
    return 0;
}

struct house {
    struct loop *loop;
    struct tls *tls;
    struct http_server *server;
    struct address at;
    struct ws *link;
    unsigned closed;
};

static void hello(void *context, const struct http_request *request, struct http_turn turn)
{
    (void)context;
    (void)request;
    http_answer_text(turn, 200, "hello");
}

static void house_message(void *context, struct ws *ws, struct bytes message)
{
    (void)context;
    assert_int_equal(ws_send(ws, message), OK);
}

static void house_closed(void *context, struct ws *ws, unsigned code, enum result why)
{
    struct house *h = context;

    (void)ws;
    (void)code;
    (void)why;
    h->link = NULL;
    h->closed++;
    loop_stop(h->loop);
}

static const struct ws_events house_events = {.message = house_message, .closed = house_closed};

static void house_accept(void *context, struct ws *ws, const struct http_request *request)
{
    struct house *h = context;

    (void)request;
    h->link = ws;
    ws_attach(ws, &house_events, h);
}

static void open_house(struct house *h, const char *certificate, const char *key, uint32_t head_ms)
{
    struct http_server_options options = {.head_ms = head_ms};
    struct http_route route = {.method = "GET", .path = "/", .handle = hello};
    struct ws_route signal = {.path = "/signal", .accept = house_accept, .context = h};
    struct address at = address_v4(loopback4, 0);

    *h = (struct house){.loop = patience_loop()};
    options.loop = h->loop;
    assert_int_equal(tls_server_new(certificate, key, &h->tls), OK);
    assert_int_equal(http_server_new(&options, &h->server), OK);
    assert_int_equal(http_listen(h->server, &at, h->tls, &h->at), OK);
    assert_int_equal(http_route_add(h->server, &route), OK);
    assert_int_equal(ws_route_add(h->server, &signal), OK);
}

static void close_house(struct house *h)
{
    ws_free(h->link);
    http_server_free(h->server);
    tls_free(h->tls);
    loop_free(h->loop);
}

struct guest {
    struct loop *loop;
    unsigned answers, opened, closed;
    enum result res;
    size_t len;
};

static void answered(void *context, enum result res, const struct http_head *head, struct bytes body)
{
    struct guest *g = context;

    (void)head;
    g->answers++;
    g->res = res;
    g->len = body.len;
    loop_stop(g->loop);
}

/* Asks for `/` as `host` and gives what came of it. */
static enum result ask(struct house *h, const char *host, const char *authorities)
{
    struct guest g = {.loop = h->loop};
    struct http_client_options options = {.loop = h->loop, .gate = &gate};
    struct http_ask ask = {.method = "GET", .path = BYTES_TEXT("/")};
    struct http_client *client;
    struct tls *tls;
    char url[64];

    assert_int_equal(tls_client_new(authorities, &tls), OK);
    options.tls = tls;
    snprintf(url, sizeof url, "https://%s:%u", host, address_port(&h->at));
    assert_int_equal(http_client_new(&options, bytes_string(url), &client), OK);
    /* Twice: the second time on the same connection. */
    for (unsigned i = 0; i < 2 && g.res == OK; i++) {
        assert_int_equal(http_request(client, &ask, answered, &g), OK);
        while (g.answers == i)
            patience_run(h->loop);
    }
    if (g.res == OK)
        assert_int_equal(g.len, 5);
    http_client_free(client);
    tls_free(tls);
    return g.res;
}

static void host_is_verified(void **state)
{
    struct house h;

    (void)state;
    open_house(&h, files.good, files.good_key, 0);
    assert_int_equal(ask(&h, "localhost", files.good), OK);
    assert_int_equal(ask(&h, "127.0.0.1", files.good), OK);
    assert_int_equal(ask(&h, "tea.localhost", files.good), E_FORGED); /* another name */
    assert_int_equal(ask(&h, "localhost", files.other), E_FORGED);    /* another authority */
    assert_int_equal(ask(&h, "localhost", NULL), E_FORGED);           /* the system's do not know it */
    close_house(&h);

    open_house(&h, files.other, files.other_key, 0);
    assert_int_equal(ask(&h, "127.0.0.1", files.other), E_FORGED); /* a name is no address */
    close_house(&h);
}

static void plain_and_tls_do_not_understand_each_other(void **state)
{
    struct house h;
    struct raw r;
    struct address at = address_v4(loopback4, 0);

    (void)state;
    open_house(&h, files.good, files.good_key, 0);
    raw_connect(&r, h.loop, &h.at);
    raw_send(&r, "GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    raw_expect_end(&r);
    assert_null(strstr(r.held, "hello"));
    raw_close(&r);

    assert_int_equal(http_listen(h.server, &at, NULL, &h.at), OK);
    assert_int_equal(ask(&h, "localhost", files.good), E_CRYPTO);
    close_house(&h);
}

static void handshake_that_never_comes(void **state)
{
    struct house h;
    struct raw r;

    (void)state;
    open_house(&h, files.good, files.good_key, 50);
    raw_connect(&r, h.loop, &h.at);
    raw_send_bytes(&r, bytes("\x16\x03\x01\x02\x00", 5));
    raw_expect_end(&r);
    raw_close(&r);
    close_house(&h);
}

static void guest_opened(void *context, struct ws *ws)
{
    struct guest *g = context;
    static uint8_t message[60000];

    g->opened++;
    assert_int_equal(ws_send(ws, BYTES_OF(message)), OK);
}

static void guest_message(void *context, struct ws *ws, struct bytes message)
{
    struct guest *g = context;

    g->len = message.len;
    ws_close(ws, 1000, "");
}

static void guest_closed(void *context, struct ws *ws, unsigned code, enum result why)
{
    struct guest *g = context;

    (void)ws;
    (void)code;
    g->closed++;
    g->res = why;
    loop_stop(g->loop);
}

static const struct ws_events guest_events = {
    .opened = guest_opened, .message = guest_message, .closed = guest_closed};

static void websocket_within_tls(void **state)
{
    struct house h;
    struct guest g;
    struct ws *ws;
    struct tls *tls;
    struct ws_client_options options = {.gate = &gate};
    char url[64];

    (void)state;
    open_house(&h, files.good, files.good_key, 0);
    assert_int_equal(tls_client_new(files.good, &tls), OK);
    options.loop = h.loop;
    options.tls = tls;
    g = (struct guest){.loop = h.loop};
    snprintf(url, sizeof url, "wss://localhost:%u/signal", address_port(&h.at));
    assert_int_equal(ws_connect(&options, bytes_string(url), &guest_events, &g, &ws), OK);
    while (g.closed == 0 || h.closed == 0)
        patience_run(h.loop);
    assert_int_equal(g.res, OK);
    assert_int_equal(g.len, 60000);

    snprintf(url, sizeof url, "wss://tea.localhost:%u/signal", address_port(&h.at));
    g = (struct guest){.loop = h.loop};
    assert_int_equal(ws_connect(&options, bytes_string(url), &guest_events, &g, &ws), OK);
    while (g.closed == 0)
        patience_run(h.loop);
    assert_int_equal(g.res, E_FORGED);
    assert_int_equal(g.opened, 0);
    tls_free(tls);
    close_house(&h);
}

static void files_are_judged(void **state)
{
    struct tls *tls;

    (void)state;
    assert_int_equal(tls_server_new("/nowhere", files.good_key, &tls), E_MALFORMED);
    assert_int_equal(tls_server_new(files.good, "/nowhere", &tls), E_MALFORMED);
    assert_int_equal(tls_server_new(files.good_key, files.good_key, &tls), E_MALFORMED);
    assert_int_equal(tls_server_new(files.good, files.other_key, &tls), E_REFUSED);
    assert_int_equal(tls_client_new("/nowhere", &tls), E_MALFORMED);
    assert_int_equal(tls_client_new(files.good_key, &tls), E_MALFORMED);
    tls_free(NULL);
}

/* ---- what is negotiated, over memory */

struct pair {
    struct tls *server, *client;
    SSL *a, *b;
};

static void pair_make(struct pair *p)
{
    BIO *to_a, *to_b;

    assert_int_equal(tls_server_new(files.good, files.good_key, &p->server), OK);
    assert_int_equal(tls_client_new(files.good, &p->client), OK);
    p->a = tls_connection(p->server, NULL);
    p->b = tls_connection(p->client, "localhost");
    assert_non_null(p->a);
    assert_non_null(p->b);
    assert_int_equal(BIO_new_bio_pair(&to_a, 0, &to_b, 0), 1);
    SSL_set_bio(p->a, to_a, to_a);
    SSL_set_bio(p->b, to_b, to_b);
    SSL_set_accept_state(p->a);
    SSL_set_connect_state(p->b);
}

static bool pair_shakes_hands(struct pair *p)
{
    char byte;

    for (int i = 0; i < 20; i++) {
        SSL_do_handshake(p->a);
        SSL_do_handshake(p->b);
    }
    /* Tickets would come now. */
    SSL_read(p->b, &byte, 1);
    return SSL_is_init_finished(p->a) && SSL_is_init_finished(p->b);
}

static void pair_free(struct pair *p)
{
    SSL_free(p->a);
    SSL_free(p->b);
    tls_free(p->server);
    tls_free(p->client);
}

static void nothing_can_be_resumed(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pair p;
        SSL_SESSION *session;
        unsigned len;

        pair_make(&p);
        assert_int_equal(SSL_set_max_proto_version(p.b, versions[i]), 1);
        assert_true(pair_shakes_hands(&p));
        assert_int_equal(SSL_version(p.b), versions[i]);
        session = SSL_get0_session(p.b);
        assert_false(SSL_SESSION_has_ticket(session));
        if (versions[i] == TLS1_2_VERSION) {
            SSL_SESSION_get_id(session, &len);
            assert_int_equal(len, 0);
        }
        assert_int_equal(SSL_CIPHER_is_aead(SSL_get_current_cipher(p.b)), 1);
        pair_free(&p);
    }
}

static void old_or_weak_is_refused(void **state)
{
    struct pair p;

    (void)state;
    pair_make(&p);
    SSL_set_security_level(p.b, 0);
    assert_int_equal(SSL_set_min_proto_version(p.b, TLS1_1_VERSION), 1);
    assert_int_equal(SSL_set_max_proto_version(p.b, TLS1_1_VERSION), 1);
    assert_false(pair_shakes_hands(&p));
    pair_free(&p);

    pair_make(&p);
    assert_int_equal(SSL_set_max_proto_version(p.b, TLS1_2_VERSION), 1);
    assert_int_equal(SSL_set_cipher_list(p.b, "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA"), 1);
    assert_false(pair_shakes_hands(&p));
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_is_verified),
        cmocka_unit_test(plain_and_tls_do_not_understand_each_other),
        cmocka_unit_test(handshake_that_never_comes),
        cmocka_unit_test(websocket_within_tls),
        cmocka_unit_test(files_are_judged),
        cmocka_unit_test(nothing_can_be_resumed),
        cmocka_unit_test(old_or_weak_is_refused),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
