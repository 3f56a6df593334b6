/* A link and houses of all kinds, most of them bad ones, on one loop. */
#include "client/link.h"
#include "client/played_house.h"
#include "crypto/crypto.h"
#include "support/patience.h"
#include "support/seeded.h"
#include "wire/envelope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct visit {
    struct played_house house;
    struct gate gate;
    struct link *link;
    struct identity identity;

    bool signs_in;
    struct signal question; /* asked right behind the sign-in, where it has a type */
    unsigned heard, lost;
    enum signal_type answer, answered;
    enum result why, sign_in;
};

/* --- The guest --- */

static void on_challenged(void *context, struct link *link, const struct signal_challenge *c)
{
    struct visit *v = context;

    (void)c;
    if (!v->signs_in) {
        loop_stop(v->house.loop);
        return;
    }
    v->sign_in = link_sign_in(link, &v->identity);
    if (v->sign_in == OK && v->question.type != 0)
        assert_int_equal(link_ask(link, &v->question), OK);
    if (v->sign_in != OK)
        loop_stop(v->house.loop);
}

static void on_heard(void *context, struct link *link, const struct signal *signal, enum signal_type asked)
{
    struct visit *v = context;

    (void)link;
    v->heard++;
    v->answer = signal->type;
    v->answered = asked;
    loop_stop(v->house.loop);
}

static void on_lost(void *context, struct link *link, enum result why)
{
    struct visit *v = context;

    v->lost++;
    v->why = why;
    link_free(link);
    v->link = NULL;
    loop_stop(v->house.loop);
}

static const struct link_events guest_events = {on_challenged, on_heard, on_lost};

static int visit_make(void **state)
{
    struct visit *v = calloc(1, sizeof *v);
    struct seeded seeded;

    if (v == NULL || crypto_start() != OK)
        return -1;
    seeded_start(&seeded, 5);
    v->signs_in = true;
    if (identity_new(&seeded.random, &v->identity) != OK)
        return -1;
    memset(v->identity.house_key, 7, 32);
    memset(v->house.key, 7, 32);
    v->house.context = v;
    played_house_open(&v->house);
    *state = v;
    return 0;
}

static int visit_end(void **state)
{
    struct visit *v = *state;

    link_free(v->link);
    played_house_close(&v->house);
    free(v);
    return 0;
}

static void open_link(struct visit *v)
{
    const struct link_options options = {v->house.loop, &v->gate, NULL, v->house.url};

    assert_int_equal(link_open(&options, &guest_events, v, &v->link), OK);
    patience_run(v->house.loop);
}

static void expect_lost(struct visit *v, enum result why)
{
    open_link(v);
    while (v->lost == 0)
        patience_run(v->house.loop);
    while (v->house.link != NULL)
        patience_run(v->house.loop);
    assert_int_equal(v->why, why);
    assert_int_equal(v->heard, 0);
}

/* --- A good house --- */

static void play_well(void *context, const struct signal *request)
{
    struct visit *v = context;
    struct signal done = {.type = SIGNAL_DONE};

    if (request == NULL) {
        played_house_challenge(&v->house);
    } else if (request->type == SIGNAL_SIGN_IN) {
        struct bytes text;
        uint8_t room[ENVELOPE_SIGNED_BYTES];
        const uint8_t nonce[32] = {9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
                                   9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9};

        assert_int_equal(envelope_signed(ENVELOPE_SIGN_IN, v->house.key, NULL, BYTES_OF(nonce),
                                         (struct bytes_mut){room, sizeof room}, &text),
                         OK);
        assert_int_equal(
            crypto_ed25519_verify(request->sign_in.account, text, BYTES_OF(request->sign_in.signature)), OK);
    } else {
        done.request = request->request;
        played_house_say(&v->house, &done);
    }
}

static void requests_follow_the_sign_in_at_once(void **state)
{
    struct visit *v = *state;

    v->house.play = play_well;
    v->question.type = SIGNAL_LEAVE;
    open_link(v);
    assert_int_equal(v->house.first_asked, SIGNAL_SIGN_IN);
    assert_int_equal(v->house.asked, 2);
    assert_int_equal(v->answer, SIGNAL_DONE);
    assert_int_equal(v->answered, SIGNAL_LEAVE);
    link_close(v->link);
    while (v->lost == 0)
        patience_run(v->house.loop);
    assert_int_equal(v->why, OK);
}

/* F19: who is not the pinned house gets no signature, and nothing else either. */
static void f19_another_house_gets_not_a_word(void **state)
{
    struct visit *v = *state;

    v->house.play = play_well;
    v->question.type = SIGNAL_LEAVE;
    const struct link_options options = {v->house.loop, &v->gate, NULL, v->house.url};
    assert_int_equal(link_open(&options, &guest_events, v, &v->link), OK);
    v->signs_in = false;
    patience_run(v->house.loop);
    v->identity.house_key[0] ^= 1;
    assert_int_equal(link_sign_in(v->link, &v->identity), E_FORGED);
    assert_int_equal(link_sign_up(v->link, &v->identity), E_FORGED);
    patience_let_pass(v->house.loop, 100);
    assert_int_equal(v->house.asked, 0);
}

/* --- Bad ones --- */

static void play_silence_first(void *context, const struct signal *request)
{
    struct visit *v = context;
    const struct signal done = {.type = SIGNAL_DONE};

    if (request == NULL)
        played_house_say(&v->house, &done);
}

static void the_challenge_comes_first(void **state)
{
    struct visit *v = *state;

    v->house.play = play_silence_first;
    expect_lost(v, E_MALFORMED);
    assert_int_equal(v->house.asked, 0);
}

static void play_junk(void *context, const struct signal *request)
{
    struct visit *v = context;
    static const uint8_t junk[256] = {0, 0, 0, 5, 1, 2, 3};

    if (request == NULL)
        played_house_challenge(&v->house);
    else
        assert_int_equal(ws_send(v->house.link, BYTES_OF(junk)), OK);
}

static void play_unpadded(void *context, const struct signal *request)
{
    struct visit *v = context;
    if (request == NULL)
        played_house_challenge(&v->house);
    else
        assert_int_equal(ws_send(v->house.link, BYTES_TEXT("no size class")), OK);
}

static void play_number_of_nobody(void *context, const struct signal *request)
{
    struct visit *v = context;
    const struct signal done = {.type = SIGNAL_DONE, .request = 99};

    if (request == NULL)
        played_house_challenge(&v->house);
    else
        played_house_say(&v->house, &done);
}

static void play_wrong_answer(void *context, const struct signal *request)
{
    struct visit *v = context;
    struct signal done = {.type = SIGNAL_DONE};

    if (request == NULL) {
        played_house_challenge(&v->house);
    } else {
        done.request = request->request; /* to SIGN_IN */
        played_house_say(&v->house, &done);
    }
}

static void play_answer_unasked(void *context, const struct signal *request)
{
    struct visit *v = context;
    const struct signal done = {.type = SIGNAL_DONE};

    if (request == NULL)
        played_house_challenge(&v->house);
    else
        played_house_say(&v->house, &done);
}

static void play_request(void *context, const struct signal *request)
{
    struct visit *v = context;
    const struct signal leave = {.type = SIGNAL_LEAVE};

    if (request == NULL)
        played_house_challenge(&v->house);
    else
        played_house_say(&v->house, &leave);
}

static void what_makes_no_sense_ends_the_link(void **state)
{
    static void (*const plays[])(void *, const struct signal *) = {
        play_junk, play_unpadded, play_number_of_nobody, play_wrong_answer, play_answer_unasked, play_request,
    };
    struct visit *v = *state;

    for (size_t i = 0; i < sizeof plays / sizeof plays[0]; i++) {
        v->house.play = plays[i];
        v->lost = 0;
        expect_lost(v, E_MALFORMED);
    }
}

static void play_goodbye(void *context, const struct signal *request)
{
    struct visit *v = context;
    if (request == NULL)
        played_house_challenge(&v->house);
    else
        ws_close(v->house.link, 1001, "");
}

static void a_house_may_go(void **state)
{
    struct visit *v = *state;

    v->house.play = play_goodbye;
    expect_lost(v, E_CLOSED);
}

static void where_no_house_is(void **state)
{
    struct visit *v = *state;

    /* A port where nobody listens any more. */
    http_server_free(v->house.server);
    v->house.server = NULL;
    expect_lost(v, E_IO);
    const struct link_options bad = {v->house.loop, &v->gate, NULL, "ftp://127.0.0.1"};
    const struct link_options no_tls = {v->house.loop, &v->gate, NULL, "https://127.0.0.1"};
    assert_int_equal(link_open(&bad, &guest_events, v, &v->link), E_UNSUPPORTED);
    assert_int_equal(link_open(&no_tls, &guest_events, v, &v->link), E_UNSUPPORTED);
}

static void too_many_questions_at_once(void **state)
{
    struct visit *v = *state;
    struct signal leave = {.type = SIGNAL_LEAVE};
    unsigned sent = 0;

    v->house.play = play_well;
    v->question.type = SIGNAL_LEAVE;
    open_link(v);
    while (sent < LINK_ASKED_MAX && link_ask(v->link, &leave) == OK)
        sent++;
    /* The sign-in is still unanswered by this house. */
    assert_int_equal(sent, LINK_ASKED_MAX - 1);
    assert_int_equal(link_ask(v->link, &leave), E_STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests_follow_the_sign_in_at_once, visit_make, visit_end),
        cmocka_unit_test_setup_teardown(f19_another_house_gets_not_a_word, visit_make, visit_end),
        cmocka_unit_test_setup_teardown(the_challenge_comes_first, visit_make, visit_end),
        cmocka_unit_test_setup_teardown(what_makes_no_sense_ends_the_link, visit_make, visit_end),
        cmocka_unit_test_setup_teardown(a_house_may_go, visit_make, visit_end),
        cmocka_unit_test_setup_teardown(where_no_house_is, visit_make, visit_end),
        cmocka_unit_test_setup_teardown(too_many_questions_at_once, visit_make, visit_end),
    };

    return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
