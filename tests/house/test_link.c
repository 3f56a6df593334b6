/* The house on a real server: the same guests, each over a WebSocket of its own on the loopback. */
#include "house/guest.h"

#include "io/ws.h"
#include "support/patience.h"

#include <stdio.h>

struct place {
    struct inn *inn;
    struct loop *loop;
    struct http_server *server;
    struct address at;
};

static int open_place(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    void *inn = NULL;
    struct address any;

    if (p == NULL || inn_start(&inn) != 0)
        return -1;
    p->inn = inn;
    p->loop = patience_loop();
    assert_int_equal(http_server_new(&(struct http_server_options){.loop = p->loop}, &p->server), OK);
    assert_int_equal(house_mount(p->inn->house, p->loop, p->server), OK);
    assert_int_equal(address_parse_pair(BYTES_TEXT("127.0.0.1:0"), &any), OK);
    assert_int_equal(http_listen(p->server, &any, NULL, &p->at), OK);
    *state = p;
    return 0;
}

static int close_place(void **state)
{
    struct place *p = *state;
    void *inn = p->inn;

    http_server_free(p->server);
    inn_end(&inn);
    loop_free(p->loop);
    free(p);
    return 0;
}

/* ---- guests over a link */

struct visitor {
    struct guest guest;
    struct place *place;
    bool is_open;
};

static void on_opened(void *context, struct ws *ws)
{
    struct visitor *v = context;

    (void)ws;
    v->is_open = true;
    loop_stop(v->place->loop);
}

static void on_message(void *context, struct ws *ws, struct bytes message)
{
    struct visitor *v = context;

    (void)ws;
    assert_int_equal(guest_take(&v->guest, message), OK);
    loop_stop(v->place->loop);
}

static void on_closed(void *context, struct ws *ws, unsigned code, enum result why)
{
    struct visitor *v = context;

    (void)ws;
    (void)why;
    v->guest.closed = code;
    v->guest.ws = NULL;
    loop_stop(v->place->loop);
}

static void carry(struct guest *g, struct bytes padded)
{
    assert_non_null(g->ws);
    assert_int_equal(ws_send(g->ws, padded), OK);
}

static void await(struct guest *g)
{
    struct visitor *v = (struct visitor *)g;

    assert_non_null(g->ws);
    patience_run(v->place->loop);
}

static void visit(struct visitor *v, struct place *p)
{
    static const struct ws_events events = {on_opened, on_message, on_closed};
    static const struct gate gate = {0};
    struct ws_client_options options = {
        .loop = p->loop, .gate = &gate, .protocol = "teahouse.1", .limits = {.message_max = SIGNAL_BYTES}};
    char url[64];

    v->place = p;
    v->is_open = false;
    v->guest.closed = 0;
    v->guest.request = 0;
    v->guest.carry = carry;
    v->guest.await = await;
    guest_forget(&v->guest);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/signal", (unsigned)address_port(&p->at));
    assert_int_equal(ws_connect(&options, bytes_string(url), &events, v, &v->guest.ws), OK);
    guest_challenged(&v->guest);
    assert_true(v->is_open);
}

static void visit_as(struct visitor *v, struct place *p, const char *handle)
{
    memset(v, 0, sizeof *v);
    guest_key(&v->guest, p->inn, handle);
    visit(v, p);
    guest_sign_up(&v->guest);
    guest_got(&v->guest, SIGNAL_SIGNED_IN);
}

static void leave_for_good(struct visitor *v)
{
    ws_free(v->guest.ws);
    v->guest.ws = NULL;
    guest_forget(&v->guest);
}

/* ---- tests */

static void a_room_lives_over_real_links(void **state)
{
    struct place *p = *state;
    struct visitor anna, bert, cleo;
    struct draft d;
    uint8_t room[32];

    visit_as(&anna, p, "anna");
    visit_as(&bert, p, "bert");
    visit_as(&cleo, p, "cleo");
    guest_room(&anna.guest, "tea", room);
    guest_first(&anna.guest, room, SIGNAL_SPEAKER, "group");
    guest_join(&bert.guest, &anna.guest, room, SIGNAL_LISTENER, "group", 0, 1);
    guest_ticket(&bert.guest, room);
    guest_got(&bert.guest, SIGNAL_TICKET);

    /* Anna does not answer, so bert is asked after a second: the house's timer runs. */
    guest_enter(&cleo.guest, room, SIGNAL_LISTENER);
    guest_asked_for_one(&anna.guest);
    draft_start(&d, room, 1, "group");
    draft_seat(&d, &cleo.guest, guest_asked_for_one(&bert.guest), 2);
    draft_send(&d, &bert.guest);
    guest_got(&bert.guest, SIGNAL_DONE);
    guest_got(&bert.guest, SIGNAL_HANDSHAKE);
    guest_got(&anna.guest, SIGNAL_HANDSHAKE);
    guest_got(&cleo.guest, SIGNAL_SEATED);

    /* A link that drops: the others are asked to remove its leaf when the grace is over. */
    leave_for_good(&anna);
    assert_true(guest_got(&bert.guest, SIGNAL_WAITING)->waiting.lost.len != 0);
    guest_leave(&cleo.guest, room);
    guest_got(&cleo.guest, SIGNAL_DONE);
    leave_for_good(&bert);
    leave_for_good(&cleo);
}

/* SIGN_IN and ENTER go out together, and are answered in order. */
static void requests_may_follow_each_other_at_once(void **state)
{
    struct place *p = *state;
    struct visitor anna;
    uint8_t room[32];

    visit_as(&anna, p, "anna");
    guest_room(&anna.guest, "tea", room);
    leave_for_good(&anna);
    visit(&anna, p);
    guest_sign_in(&anna.guest);
    guest_enter(&anna.guest, room, SIGNAL_SPEAKER);
    guest_got(&anna.guest, SIGNAL_SIGNED_IN);
    guest_got(&anna.guest, SIGNAL_FOUND_TABLE);
    leave_for_good(&anna);
}

static void nonsense_ends_the_link_and_no_other(void **state)
{
    struct place *p = *state;
    struct visitor anna, eve;
    uint8_t room[32];

    visit_as(&anna, p, "anna");
    memset(&eve, 0, sizeof eve);
    guest_key(&eve.guest, p->inn, "eve");
    visit(&eve, p);
    guest_send_raw(&eve.guest, BYTES_TEXT("GET / HTTP/1.1"));
    guest_refused(&eve.guest, REASON_MALFORMED);
    while (eve.guest.closed == 0)
        patience_run(p->loop);
    assert_int_equal(eve.guest.closed, CLOSE_POLICY);
    guest_room(&anna.guest, "goes on", room);
    leave_for_good(&eve);
    leave_for_good(&anna);
}

struct health {
    struct loop *loop;
    unsigned status;
};

static void on_health(void *context, enum result res, const struct http_head *head, struct bytes body)
{
    struct health *h = context;

    assert_int_equal(res, OK);
    assert_true(bytes_equal(body, BYTES_TEXT("ok\n")) || bytes_equal(body, BYTES_TEXT("ok")));
    h->status = head->status;
    loop_stop(h->loop);
}

static void health_is_told(void **state)
{
    static const struct gate gate = {0};
    struct place *p = *state;
    struct http_client *client = NULL;
    struct health health = {p->loop, 0};
    char url[64];

    snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)address_port(&p->at));
    assert_int_equal(http_client_new(&(struct http_client_options){.loop = p->loop, .gate = &gate},
                                     bytes_string(url), &client),
                     OK);
    assert_int_equal(http_request(client, &(struct http_ask){.method = "GET", .path = BYTES_TEXT("/health")},
                                  on_health, &health),
                     OK);
    patience_run(p->loop);
    assert_int_equal(health.status, 200);
    http_client_free(client);
}

/* Links that are open when the server stops are dropped with it. */
static void a_house_ends_with_its_links_open(void **state)
{
    struct place *p = *state;
    struct visitor anna, bert;
    uint8_t room[32];

    visit_as(&anna, p, "anna");
    visit_as(&bert, p, "bert");
    guest_room(&anna.guest, "tea", room);
    guest_first(&anna.guest, room, SIGNAL_SPEAKER, "group");
    house_free(p->inn->house);
    p->inn->house = NULL;
    while (anna.guest.closed == 0 || bert.guest.closed == 0)
        patience_run(p->loop);
    leave_for_good(&anna);
    leave_for_good(&bert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_room_lives_over_real_links, open_place, close_place),
        cmocka_unit_test_setup_teardown(requests_may_follow_each_other_at_once, open_place, close_place),
        cmocka_unit_test_setup_teardown(nonsense_ends_the_link_and_no_other, open_place, close_place),
        cmocka_unit_test_setup_teardown(health_is_told, open_place, close_place),
        cmocka_unit_test_setup_teardown(a_house_ends_with_its_links_open, open_place, close_place),
    };

    return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
