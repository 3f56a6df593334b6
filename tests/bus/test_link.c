/* A house's end and a relay's end of the link, over the loopback. */
#include "bus/handshake.h"
#include "crypto/crypto.h"
#include "io/ws.h"
#include "support/patience.h"
#include "support/seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct gate gate = {0};

struct end {
    struct place *place;
    uint8_t seed[32], key[32];
    struct bus *bus;
    struct bus_link_options options;
    struct bus_link *link;
    unsigned ups, downs, taken;
    enum result why; /* of the last `down` */
    uint8_t heard[CONTROL_BYTES];
    size_t heard_len;
};

struct place {
    struct loop *loop;
    struct seeded seeded;
    struct http_server *server;
    struct address at;
    char url[64];
    struct end house, relay;
};

static void on_up(void *context)
{
    struct end *e = context;

    e->ups++;
    loop_stop(e->place->loop);
}

static void on_take(void *context, struct bytes message)
{
    struct end *e = context;

    e->taken++;
    e->heard_len = message.len;
    memcpy(e->heard, message.at, message.len);
    loop_stop(e->place->loop);
}

static void on_down(void *context, enum result why)
{
    struct end *e = context;

    e->downs++;
    e->why = why;
    loop_stop(e->place->loop);
}

static enum result sign(void *self, struct bytes message, uint8_t signature[static 64])
{
    const struct end *e = self;

    return crypto_ed25519_sign(e->seed, message, signature);
}

static void end_start(struct place *p, struct end *e, uint8_t seed)
{
    e->place = p;
    memset(e->seed, seed, sizeof e->seed);
    assert_int_equal(crypto_ed25519_public(e->seed, e->key), OK);
    assert_int_equal(bus_local(&e->bus), OK);
    e->options = (struct bus_link_options){
        .loop = p->loop,
        .random = &p->seeded.random,
        .key = e->key,
        .sign = sign,
        .verify = crypto_ed25519_verify,
        .self = e,
        .bus = e->bus,
        .subject = "out",
        .up = on_up,
        .take = on_take,
        .down = on_down,
        .context = e,
    };
}

static void house_open(struct place *p)
{
    struct address at = p->at;

    assert_int_equal(http_server_new(&(struct http_server_options){.loop = p->loop}, &p->server), OK);
    assert_int_equal(bus_link_attend(&p->house.options, p->server, &p->house.link), OK);
    assert_int_equal(http_listen(p->server, &at, NULL, &p->at), OK);
    snprintf(p->url, sizeof p->url, "http://127.0.0.1:%u", address_port(&p->at));
}

static void house_close(struct place *p)
{
    http_server_free(p->server);
    bus_link_free(p->house.link);
    p->server = NULL;
    p->house.link = NULL;
}

static int place_open(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    if (p == NULL || crypto_start() != OK)
        return -1;
    p->loop = patience_loop();
    seeded_start(&p->seeded, 3);
    end_start(p, &p->house, 'h');
    end_start(p, &p->relay, 'r');
    p->house.options.other = p->relay.key;
    p->relay.options.other = p->house.key;
    assert_int_equal(address_parse_pair(BYTES_TEXT("127.0.0.1:0"), &p->at), OK);
    house_open(p);
    *state = p;
    return 0;
}

static int place_close(void **state)
{
    struct place *p = *state;

    bus_link_free(p->relay.link);
    house_close(p);
    bus_free(p->house.bus);
    bus_free(p->relay.bus);
    loop_free(p->loop);
    free(p);
    return 0;
}

static void relay_dial(struct place *p)
{
    assert_int_equal(bus_link_dial(&p->relay.options, p->url, &gate, NULL, &p->relay.link), OK);
}

static void link_up(struct place *p)
{
    unsigned house = p->house.ups, relay = p->relay.ups;

    while (p->house.ups == house || p->relay.ups == relay)
        patience_run(p->loop);
}

static void what_is_published_at_one_end_is_taken_at_the_other(void **state)
{
    struct place *p = *state;

    assert_int_equal(bus_publish(p->house.bus, "out", BYTES_TEXT("before it is up")), OK);
    relay_dial(p);
    link_up(p);
    assert_int_equal(p->house.taken + p->relay.taken, 0);

    assert_int_equal(bus_publish(p->house.bus, "out", BYTES_TEXT("down")), OK);
    while (p->relay.taken < 1)
        patience_run(p->loop);
    assert_true(bytes_equal(bytes(p->relay.heard, p->relay.heard_len), BYTES_TEXT("down")));
    assert_int_equal(bus_publish(p->relay.bus, "out", BYTES_TEXT("up")), OK);
    assert_int_equal(bus_publish(p->relay.bus, "elsewhere", BYTES_TEXT("not")), OK);
    assert_int_equal(bus_link_send(p->relay.link, BYTES_TEXT("and on")), OK);
    while (p->house.taken < 2)
        patience_run(p->loop);
    patience_let_pass(p->loop, 50);
    assert_int_equal(p->house.taken, 2);
    assert_int_equal(p->house.downs + p->relay.downs, 0);
}

static void a_relay_that_was_not_named_is_refused(void **state)
{
    struct place *p = *state;
    uint8_t other[32] = "another relay";

    p->house.options.other = other;
    house_close(p);
    house_open(p);
    relay_dial(p);
    while (p->relay.downs == 0)
        patience_run(p->loop);
    assert_int_equal(p->relay.why, E_REFUSED);
    patience_let_pass(p->loop, 800); /* it does not dial again */
    assert_int_equal(p->relay.downs, 1);
    assert_int_equal(p->house.ups + p->relay.ups, 0);
}

/* It names the relay's key, but signs with another. */
static void a_relay_that_does_not_hold_its_key_is_refused(void **state)
{
    struct place *p = *state;

    p->relay.seed[0] ^= 1;
    relay_dial(p);
    while (p->relay.downs == 0)
        patience_run(p->loop);
    assert_int_equal(p->relay.why, E_REFUSED);
    assert_int_equal(p->house.ups, 0);
}

static void another_house_is_told_by_its_key(void **state)
{
    struct place *p = *state;
    uint8_t other[32] = "another house";

    p->relay.options.other = other;
    relay_dial(p);
    while (p->relay.downs == 0)
        patience_run(p->loop);
    assert_int_equal(p->relay.why, E_FORGED);
    patience_let_pass(p->loop, 800);
    assert_int_equal(p->relay.downs, 1);
    assert_int_equal(p->house.ups + p->relay.ups, 0);
}

static void a_house_that_does_not_hold_its_key_is_told(void **state)
{
    struct place *p = *state;

    p->house.seed[0] ^= 1;
    relay_dial(p);
    while (p->relay.downs == 0)
        patience_run(p->loop);
    assert_int_equal(p->relay.why, E_FORGED);
    assert_int_equal(p->relay.ups, 0);
}

static void a_link_that_breaks_comes_back(void **state)
{
    struct place *p = *state;

    relay_dial(p);
    link_up(p);
    house_close(p);
    while (p->relay.downs < 2) /* the link, and an attempt with nobody there */
        patience_run(p->loop);
    assert_int_equal(bus_link_send(p->relay.link, BYTES_TEXT("lost")), E_STATE);
    house_open(p);
    link_up(p);
    assert_int_equal(p->relay.ups, 2);
    assert_int_equal(p->house.taken, 0);
}

/* The house need not have noticed that the former link is dead. */
static void a_relay_that_dials_again_takes_the_place_of_its_former_link(void **state)
{
    struct place *p = *state;
    struct end again = {0};

    relay_dial(p);
    link_up(p);
    end_start(p, &again, 'r');
    again.options.other = p->house.key;
    assert_int_equal(bus_link_dial(&again.options, p->url, &gate, NULL, &again.link), OK);
    while (again.ups == 0 || p->relay.downs == 0)
        patience_run(p->loop);
    assert_int_equal(p->house.ups, 2);
    assert_int_equal(p->house.downs, 1);
    bus_link_free(p->relay.link);
    p->relay.link = NULL;
    assert_int_equal(bus_link_send(p->house.link, BYTES_TEXT("to the new one")), OK);
    while (again.taken == 0)
        patience_run(p->loop);
    bus_link_free(again.link);
    bus_free(again.bus);
}

/* --- Strangers that say what they like --- */

struct stranger {
    struct place *place;
    struct ws *ws;
    struct control_greet greet;
    bool greeted, closed;
    unsigned code;
};

static void stranger_message(void *context, struct ws *ws, struct bytes message)
{
    struct stranger *s = context;
    struct control control;

    (void)ws;
    assert_int_equal(control_read(message, &control), OK);
    assert_int_equal(control.type, CONTROL_GREET);
    s->greet = control.greet;
    s->greeted = true;
    loop_stop(s->place->loop);
}

static void stranger_closed(void *context, struct ws *ws, unsigned code, enum result why)
{
    struct stranger *s = context;

    (void)ws;
    (void)why;
    s->closed = true;
    s->code = code;
    loop_stop(s->place->loop);
}

static void stranger_come(struct place *p, struct stranger *s)
{
    static const struct ws_events events = {NULL, stranger_message, stranger_closed};
    const struct ws_client_options options = {.loop = p->loop, .gate = &gate, .protocol = "teahouse-relay.1"};
    char url[80];

    *s = (struct stranger){.place = p};
    snprintf(url, sizeof url, "%s" BUS_LINK_PATH, p->url);
    assert_int_equal(ws_connect(&options, bytes_string(url), &events, s, &s->ws), OK);
    while (!s->greeted && !s->closed)
        patience_run(p->loop);
}

static unsigned stranger_says(struct stranger *s, struct bytes message)
{
    assert_true(s->greeted);
    assert_int_equal(ws_send(s->ws, message), OK);
    while (!s->closed)
        patience_run(s->place->loop);
    return s->code;
}

static struct bytes prove(const struct place *p, const struct control_greet *greet,
                          uint8_t room[static CONTROL_BYTES])
{
    struct handshake handshake;
    struct control message;
    struct bytes written;

    assert_int_equal(handshake_prove(&handshake, &p->relay.options, greet, &message), OK);
    assert_int_equal(control_write(&message, (struct bytes_mut){room, CONTROL_BYTES}, &written), OK);
    return written;
}

static void nothing_counts_before_the_proof(void **state)
{
    static const char *const texts[] = {"", "\x04", "\0060123456789abcdef\0\001u", "\xff", "\x08 short"};
    static const size_t lens[] = {0, 1, 20, 1, 7};
    struct place *p = *state;
    uint8_t room[CONTROL_BYTES];
    struct stranger s, first;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        stranger_come(p, &s);
        assert_int_not_equal(stranger_says(&s, bytes((const uint8_t *)texts[i], lens[i])), 1000);
    }
    /* A proof cut short, and one for another link's nonce. */
    stranger_come(p, &first);
    stranger_come(p, &s);
    struct bytes proof = prove(p, &first.greet, room);
    assert_int_equal(stranger_says(&s, proof), 1008);
    stranger_come(p, &s);
    proof = prove(p, &s.greet, room);
    assert_int_equal(stranger_says(&s, bytes(proof.at, proof.len - 1)), 1002);
    ws_free(first.ws);
    assert_int_equal(p->house.ups, 0);
    assert_int_equal(p->house.taken, 0);
}

static void few_strangers_at_a_time(void **state)
{
    struct place *p = *state;
    struct stranger s[9];

    for (unsigned i = 0; i < 8; i++) {
        stranger_come(p, &s[i]);
        assert_true(s[i].greeted);
    }
    stranger_come(p, &s[8]);
    assert_true(s[8].closed);
    for (unsigned i = 0; i < 8; i++)
        ws_free(s[i].ws);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_published_at_one_end_is_taken_at_the_other, place_open,
                                        place_close),
        cmocka_unit_test_setup_teardown(a_relay_that_was_not_named_is_refused, place_open, place_close),
        cmocka_unit_test_setup_teardown(a_relay_that_does_not_hold_its_key_is_refused, place_open,
                                        place_close),
        cmocka_unit_test_setup_teardown(another_house_is_told_by_its_key, place_open, place_close),
        cmocka_unit_test_setup_teardown(a_house_that_does_not_hold_its_key_is_told, place_open, place_close),
        cmocka_unit_test_setup_teardown(a_link_that_breaks_comes_back, place_open, place_close),
        cmocka_unit_test_setup_teardown(a_relay_that_dials_again_takes_the_place_of_its_former_link,
                                        place_open, place_close),
        cmocka_unit_test_setup_teardown(nothing_counts_before_the_proof, place_open, place_close),
        cmocka_unit_test_setup_teardown(few_strangers_at_a_time, place_open, place_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
