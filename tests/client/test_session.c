/* A person who joins, and houses that do not mean well. */
#include "client/played_house.h"
#include "client/session.h"
#include "core/core.h"
#include "crypto/crypto.h"
#include "support/patience.h"
#include "support/raw.h"
#include "support/seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { NEWS_KINDS = NEWS_OVER + 1 };

struct evening {
    struct seeded seeded;
    struct gate gate;
    struct played_house house;
    struct identity maker;
    struct charter charter;
    uint8_t charter_room[CHARTER_BYTES];
    struct bytes charter_bytes;
    uint8_t signature[64], room[32];
    struct client *client;

    /* What the house does out of the ordinary. */
    enum signal_type at; /* at which request */
    void (*spoil)(struct evening *, struct signal *answer);
    void (*then)(struct evening *, struct signal *answer); /* at CATCH_UP */

    char media_url[96];
    unsigned links; /* so far */
    uint64_t closed_us, gaps_us[8];
    unsigned entered, gap_count;
    uint32_t replaces;
    bool shut;        /* no second link is answered */
    bool relay_waits; /* takes the offer and does not answer */
    int deaf_relay;   /* or hangs up: so often */
    unsigned calls;
    unsigned return_ms;

    unsigned told[NEWS_KINDS];
    enum result why;
    char what[256];
};

/* --- The house --- */

static void put_seat(struct evening *e, struct signal *seated, uint8_t room[static 256], uint32_t leaf)
{
    struct writer w = writer_on((struct bytes_mut){room, 256});
    struct signal_seat seat = {.leaf = leaf, .role = SIGNAL_SPEAKER, .handle = BYTES_TEXT("amy")};

    memcpy(seat.account, e->maker.account_key, 32);
    signal_seat_put(&w, &seat);
    assert_int_equal(writer_end(&w, &seated->seated.seats), OK);
}

static void close_link(struct evening *e)
{
    e->closed_us = loop_now_us();
    ws_close(e->house.link, 1001, "");
}

static void play(void *context, const struct signal *request)
{
    struct evening *e = context;
    struct signal answer = {0};
    uint8_t seats[256];

    if (request == NULL) {
        if (e->links++ != 0 && e->gap_count < 8)
            e->gaps_us[e->gap_count++] = loop_now_us() - e->closed_us;
        if (e->shut && e->links > 1) {
            close_link(e);
            return;
        }
        played_house_challenge(&e->house);
        return;
    }
    answer.request = request->request;
    switch (request->type) {
    case SIGNAL_SIGN_IN:
        answer.type = SIGNAL_SIGNED_IN;
        answer.signed_in.handle = BYTES_TEXT("amy");
        break;
    case SIGNAL_CATCH_UP:
        answer.type = SIGNAL_DONE;
        break;
    case SIGNAL_ENTER:
        e->entered++;
        e->replaces = request->enter.replaces;
        answer.type = SIGNAL_FOUND_TABLE;
        memcpy(answer.found_table.room, e->room, 32);
        answer.found_table.founding = 1;
        answer.found_table.charter = e->charter_bytes;
        memcpy(answer.found_table.signature, e->signature, 64);
        break;
    case SIGNAL_FOUNDED:
        answer.type = SIGNAL_SEATED;
        memcpy(answer.seated.room, e->room, 32);
        answer.seated.title = BYTES_TEXT("Tea");
        put_seat(e, &answer, seats, 0);
        answer.seated.media_url = e->relay_waits
                                      ? bytes_string(e->media_url)
                                      : BYTES_TEXT("http://127.0.0.1:9/media"); /* nobody is there */
        answer.seated.ticket = BYTES_TEXT("v4.public.x");
        break;
    case SIGNAL_TICKET_NEW:
        answer.type = SIGNAL_TICKET;
        memcpy(answer.ticket.room, e->room, 32);
        answer.ticket.ticket = BYTES_TEXT("v4.public.y");
        break;
    case SIGNAL_LEAVE:
        answer.type = SIGNAL_DONE;
        break;
    default:
        return;
    }
    if (request->type == SIGNAL_CATCH_UP && e->then != NULL)
        e->then(e, &answer);
    else if (request->type == e->at)
        e->spoil(e, &answer);
    if (answer.type != 0)
        played_house_say(&e->house, &answer);
}

/* A relay that takes its time. */
static void on_offer(void *context, const struct http_request *request, struct http_turn turn)
{
    (void)context;
    (void)request;
    (void)turn;
}

static const struct http_route offers = {
    .method = "POST", .path = "/media", .body_max = 65536, .handle = on_offer};

/* --- The guest --- */

static void on_speak(void *context, float out[static SOUND_FRAME])
{
    (void)context;
    memset(out, 0, SOUND_FRAME * sizeof *out);
}

static void on_hear(void *context, const float in[static SOUND_FRAME])
{
    (void)context;
    (void)in;
}

static void on_told(void *context, struct client *client, const struct client_news *news)
{
    struct evening *e = context;

    e->told[news->kind]++;
    if (news->kind == NEWS_SEATED && e->told[NEWS_SEATED] == 2)
        client_leave(client);
    if (news->kind != NEWS_OVER)
        return;
    e->why = news->why;
    snprintf(e->what, sizeof e->what, "%s", news->what != NULL ? news->what : "");
    loop_stop(e->house.loop);
}

static int evening_make(void **state)
{
    struct evening *e = calloc(1, sizeof *e);

    if (e == NULL || crypto_start() != OK)
        return -1;
    seeded_start(&e->seeded, 21);
    if (identity_new(&e->seeded.random, &e->maker) != OK)
        return -1;
    memset(e->maker.house_key, 7, 32);
    memset(e->house.key, 7, 32);
    memcpy(e->charter.maker, e->maker.account_key, 32);
    memcpy(e->charter.house, e->maker.house_key, 32);
    if (core_charter_sign(&e->charter, e->maker.seed,
                          (struct bytes_mut){e->charter_room, sizeof e->charter_room}, &e->charter_bytes,
                          e->signature, e->room) != OK)
        return -1;
    e->house.play = play;
    e->house.context = e;
    played_house_open(&e->house);
    snprintf(e->media_url, sizeof e->media_url, "%s/media", e->house.url);
    if (http_route_add(e->house.server, &offers) != OK)
        return -1;
    snprintf(e->maker.house_url, sizeof e->maker.house_url, "%s", e->house.url);
    *state = e;
    return 0;
}

static int evening_end(void **state)
{
    struct evening *e = *state;

    client_free(e->client);
    played_house_close(&e->house);
    free(e);
    return 0;
}

static void join(struct evening *e)
{
    const struct client_options options = {
        .loop = e->house.loop,
        .gate = &e->gate,
        .random = &e->seeded.random,
        .identity = &e->maker,
        .room = e->room,
        .role = SIGNAL_SPEAKER,
        .return_ms = e->return_ms,
        .speak = on_speak,
        .hear = on_hear,
        .told = on_told,
        .context = e,
    };

    assert_int_equal(client_new(&options, &e->client), OK);
    while (e->told[NEWS_OVER] == 0)
        patience_run(e->house.loop);
    assert_int_equal(client_state(e->client), CLIENT_OVER);
    assert_int_equal(e->told[NEWS_OVER], 1);
}

/* --- Evenings --- */

/* Everything goes well up to a relay that is not there. */
static void a_seat_without_a_relay_is_given_back(void **state)
{
    struct evening *e = *state;
    const struct client_seat *seats;

    join(e);
    assert_int_equal(e->told[NEWS_SEATED], 1);
    assert_int_equal(e->told[NEWS_ALARM], 0);
    assert_int_equal(e->told[NEWS_STAGE], 0);
    assert_int_equal(e->why, E_IO);
    assert_string_equal(e->what, "the relay's entrance cannot be reached");
    assert_int_equal(client_roster(e->client, &seats), 1);
    assert_string_equal(seats[0].handle, "amy");
    assert_true(seats[0].speaker);
}

/* A relay that takes a call and hangs up. */
static void hang_up(void *context)
{
    struct evening *e = context;

    close(accept(e->deaf_relay, NULL, NULL));
    if (++e->calls == 3)
        client_leave(e->client);
}

/* G48: the server is restarted just while somebody sits down. */
static void g48_a_first_call_that_breaks_is_made_again(void **state)
{
    struct evening *e = *state;
    struct loop_watch *watch;
    struct address at;

    e->deaf_relay = raw_listen(&at);
    snprintf(e->media_url, sizeof e->media_url, "http://127.0.0.1:%u/media", address_port(&at));
    e->relay_waits = true;
    assert_int_equal(loop_watch_new(e->house.loop, e->deaf_relay, hang_up, e, &watch), OK);
    join(e);
    loop_watch_free(watch);
    close(e->deaf_relay);
    assert_int_equal(e->why, OK);
    assert_int_equal(e->calls, 3);
    assert_int_equal(e->entered, 1);
}

static void spoil_charter(struct evening *e, struct signal *answer)
{
    /* Another room of the same maker, rightly signed: anything but what the link says (F2). */
    static uint8_t room[CHARTER_BYTES], id[32];

    e->charter.nonce[0] ^= 1;
    assert_int_equal(core_charter_sign(&e->charter, e->maker.seed, (struct bytes_mut){room, sizeof room},
                                       &answer->found_table.charter, answer->found_table.signature, id),
                     OK);
}

static void f2_another_room_is_not_entered(void **state)
{
    struct evening *e = *state;

    e->at = SIGNAL_ENTER;
    e->spoil = spoil_charter;
    join(e);
    assert_int_equal(e->told[NEWS_SEATED], 0);
    assert_int_equal(e->why, E_REFUSED);
    assert_string_equal(e->what, "the room that the house showed is not the one that was asked for");
}

static void spoil_signature(struct evening *e, struct signal *answer)
{
    (void)e;
    answer->found_table.signature[5] ^= 1;
}

static void f2_a_charter_that_nobody_signed(void **state)
{
    struct evening *e = *state;

    e->at = SIGNAL_ENTER;
    e->spoil = spoil_signature;
    join(e);
    assert_int_equal(e->told[NEWS_SEATED], 0);
    assert_int_equal(e->why, E_FORGED);
}

static void spoil_with_no_welcome(struct evening *e, struct signal *answer)
{
    const struct signal seated = {.type = SIGNAL_SEATED,
                                  .request = answer->request,
                                  .seated = {.title = BYTES_TEXT("Tea"),
                                             .media_url = BYTES_TEXT("http://127.0.0.1:9/media"),
                                             .ticket = BYTES_TEXT("v4.public.x")}};

    *answer = seated;
    memcpy(answer->seated.room, e->room, 32);
}

/* A seat by the house's word alone, without a group that we are in. */
static void no_seat_without_a_key(void **state)
{
    struct evening *e = *state;

    e->at = SIGNAL_ENTER;
    e->spoil = spoil_with_no_welcome;
    join(e);
    assert_int_equal(e->told[NEWS_SEATED], 0);
    assert_int_not_equal(e->why, OK);
}

static void spoil_roster(struct evening *e, struct signal *answer)
{
    static uint8_t seats[256];

    put_seat(e, answer, seats, 5);
}

static void a_roster_that_is_not_the_members_is_an_alarm(void **state)
{
    struct evening *e = *state;

    e->at = SIGNAL_FOUNDED;
    e->spoil = spoil_roster;
    join(e);
    assert_int_equal(e->told[NEWS_SEATED], 1);
    assert_int_equal(e->told[NEWS_ALARM], 1);
}

static void spoil_by_refusing(struct evening *e, struct signal *answer)
{
    const struct signal refused = {
        .type = SIGNAL_REFUSED,
        .request = answer->request,
        .refused = {.reason = REASON_FULL, .text = BYTES_TEXT("the room is full")}};

    (void)e;
    *answer = refused;
}

static void a_refusal_is_told_in_the_houses_words(void **state)
{
    struct evening *e = *state;

    e->at = SIGNAL_ENTER;
    e->spoil = spoil_by_refusing;
    join(e);
    assert_int_equal(e->why, E_REFUSED);
    assert_string_equal(e->what, "the house refused: the room is full");
}

static void spoil_by_kicking(struct evening *e, struct signal *answer)
{
    struct signal ended = {.type = SIGNAL_SEAT_ENDED, .seat_ended = {.why = SIGNAL_KICKED}};

    played_house_say(&e->house, answer);
    memcpy(ended.seat_ended.room, e->room, 32);
    *answer = ended;
}

static void g43_kicked_is_the_end_of_it(void **state)
{
    struct evening *e = *state;

    e->at = SIGNAL_FOUNDED;
    e->spoil = spoil_by_kicking;
    join(e);
    assert_int_equal(e->told[NEWS_KICKED], 1);
    assert_int_equal(e->why, E_REFUSED);
    /* It does not come back by itself: sign-in, enter, founded, answer, leave, and no more. */
    patience_let_pass(e->house.loop, 200);
    assert_int_equal(e->house.asked, 5);
}

static void spoil_by_ending(struct evening *e, struct signal *answer)
{
    struct signal ended = {.type = SIGNAL_ROOM_ENDED};

    played_house_say(&e->house, answer);
    memcpy(ended.room_ended.room, e->room, 32);
    *answer = ended;
}

static void the_end_of_the_room_is_no_fault(void **state)
{
    struct evening *e = *state;

    e->at = SIGNAL_FOUNDED;
    e->spoil = spoil_by_ending;
    join(e);
    assert_int_equal(e->told[NEWS_ENDED], 1);
    assert_int_equal(e->why, OK);
}

static void close_after(struct evening *e, struct signal *answer)
{
    played_house_say(&e->house, answer);
    close_link(e);
    answer->type = (enum signal_type)0;
}

static void a_house_that_does_not_come_back_is_given_up(void **state)
{
    struct evening *e = *state;
    uint64_t begun_us;

    e->relay_waits = true;
    e->shut = true;
    e->return_ms = 1500;
    e->at = SIGNAL_FOUNDED;
    e->spoil = close_after;
    begun_us = loop_now_us();
    join(e);
    assert_int_equal(e->told[NEWS_SEATED], 1);
    assert_int_equal(e->why, E_CLOSED);
    assert_true(loop_now_us() - begun_us >= 1500 * 1000);
    assert_true(e->links > 2);
}

/* Each time that it has caught up; the last time it goes. */
static void close_when_caught_up(struct evening *e, struct signal *answer)
{
    played_house_say(&e->house, answer);
    answer->type = (enum signal_type)0;
    if (e->gap_count == 6)
        client_leave(e->client);
    else
        close_link(e);
}

/* A restarted house does not meet all at once: the first try comes at any moment of one second. */
static void g48_who_comes_back_comes_when_it_likes(void **state)
{
    struct evening *e = *state;
    uint64_t first = UINT64_MAX, last = 0;

    e->relay_waits = true;
    e->at = SIGNAL_FOUNDED;
    e->spoil = close_after;
    e->then = close_when_caught_up;
    join(e);
    assert_int_equal(e->why, OK);
    assert_int_equal(e->told[NEWS_SEATED], 1);
    assert_int_equal(e->entered, 1);
    assert_int_equal(e->gap_count, 6);
    for (unsigned i = 0; i < e->gap_count; i++) {
        first = e->gaps_us[i] < first ? e->gaps_us[i] : first;
        last = e->gaps_us[i] > last ? e->gaps_us[i] : last;
    }
    assert_true(last < 1200 * 1000);
    assert_true(last - first > 300 * 1000);
}

static void say_stale(struct evening *e, struct signal *answer)
{
    answer->type = SIGNAL_REFUSED;
    answer->refused = (struct signal_refused){.reason = REASON_STALE};
    e->at = (enum signal_type)0;
}

static void who_cannot_catch_up_takes_another_seat(void **state)
{
    struct evening *e = *state;

    e->relay_waits = true;
    e->at = SIGNAL_FOUNDED;
    e->spoil = close_after;
    e->then = say_stale;
    join(e);
    assert_int_equal(e->why, OK);
    assert_int_equal(e->told[NEWS_SEATED], 2);
    assert_int_equal(e->entered, 2);
    assert_int_equal(e->replaces, 0);
    assert_int_equal(e->told[NEWS_ALARM], 0);
}

static void f19_another_house_is_not_signed_in_to(void **state)
{
    struct evening *e = *state;

    e->house.key[0] ^= 1;
    join(e);
    assert_int_equal(e->why, E_FORGED);
    assert_int_equal(e->house.asked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_seat_without_a_relay_is_given_back, evening_make, evening_end),
        cmocka_unit_test_setup_teardown(f2_another_room_is_not_entered, evening_make, evening_end),
        cmocka_unit_test_setup_teardown(f2_a_charter_that_nobody_signed, evening_make, evening_end),
        cmocka_unit_test_setup_teardown(no_seat_without_a_key, evening_make, evening_end),
        cmocka_unit_test_setup_teardown(a_roster_that_is_not_the_members_is_an_alarm, evening_make,
                                        evening_end),
        cmocka_unit_test_setup_teardown(a_refusal_is_told_in_the_houses_words, evening_make, evening_end),
        cmocka_unit_test_setup_teardown(g43_kicked_is_the_end_of_it, evening_make, evening_end),
        cmocka_unit_test_setup_teardown(the_end_of_the_room_is_no_fault, evening_make, evening_end),
        cmocka_unit_test_setup_teardown(a_house_that_does_not_come_back_is_given_up, evening_make,
                                        evening_end),
        cmocka_unit_test_setup_teardown(g48_who_comes_back_comes_when_it_likes, evening_make, evening_end),
        cmocka_unit_test_setup_teardown(g48_a_first_call_that_breaks_is_made_again, evening_make,
                                        evening_end),
        cmocka_unit_test_setup_teardown(who_cannot_catch_up_takes_another_seat, evening_make, evening_end),
        cmocka_unit_test_setup_teardown(f19_another_house_is_not_signed_in_to, evening_make, evening_end),
    };

    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
