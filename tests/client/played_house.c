#include "client/played_house.h"

#include "support/patience.h"
#include "wire/envelope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *const origins[] = {NULL};

void played_house_say(struct played_house *house, const struct signal *signal)
{
    uint8_t plain[8192], padded[16384];
    struct bytes message, whole;

    assert_int_equal(signal_write(signal, (struct bytes_mut){plain, sizeof plain}, &message), OK);
    assert_int_equal(envelope_pad(message, (struct bytes_mut){padded, sizeof padded}, &whole), OK);
    assert_int_equal(ws_send(house->link, whole), OK);
}

void played_house_challenge(struct played_house *house)
{
    struct signal signal = {.type = SIGNAL_CHALLENGE};

    memcpy(signal.challenge.house, house->key, 32);
    memset(signal.challenge.nonce, 9, 32);
    played_house_say(house, &signal);
}

void played_house_answer(struct played_house *house, const struct signal *request, enum signal_type type)
{
    const struct signal answer = {.type = type, .request = request->request};

    played_house_say(house, &answer);
}

static void on_message(void *context, struct ws *ws, struct bytes padded)
{
    struct played_house *house = context;
    struct bytes message;
    struct signal signal;

    (void)ws;
    assert_int_equal(envelope_unpad(padded, &message), OK);
    assert_int_equal(signal_read(message, &signal), OK);
    if (house->asked++ == 0)
        house->first_asked = signal.type;
    house->play(house->context, &signal);
}

static void on_closed(void *context, struct ws *ws, unsigned code, enum result why)
{
    struct played_house *house = context;

    (void)ws;
    (void)code;
    (void)why;
    house->link = NULL;
    loop_stop(house->loop);
}

static const struct ws_events events = {.message = on_message, .closed = on_closed};

static void on_accept(void *context, struct ws *ws, const struct http_request *request)
{
    struct played_house *house = context;

    (void)request;
    house->link = ws;
    ws_attach(ws, &events, house);
    house->play(house->context, NULL);
}

void played_house_open(struct played_house *house)
{
    const struct ws_route route = {.path = "/signal",
                                   .protocol = "teahouse.1",
                                   .limits = {.message_max = SIGNAL_BYTES},
                                   .accept = on_accept,
                                   .context = house};
    struct http_server_options options = {.origins = origins};
    struct address at, real;

    house->loop = patience_loop();
    options.loop = house->loop;
    assert_int_equal(address_parse_pair(BYTES_TEXT("127.0.0.1:0"), &at), OK);
    assert_int_equal(http_server_new(&options, &house->server), OK);
    assert_int_equal(http_listen(house->server, &at, NULL, &real), OK);
    assert_int_equal(ws_route_add(house->server, &route), OK);
    snprintf(house->url, sizeof house->url, "http://127.0.0.1:%u", address_port(&real));
}

void played_house_close(struct played_house *house)
{
    ws_free(house->link);
    http_server_free(house->server);
    loop_free(house->loop);
}
