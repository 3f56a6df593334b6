/* The session with a relay, and relays that answer badly, on one loop. */
#include "base/writer.h"
#include "client/media.h"
#include "crypto/crypto.h"
#include "support/patience.h"
#include "support/raw.h"
#include "support/seeded.h"
#include "wire/sdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const origins[] = {NULL};
static const char ticket[] = "v4.public.of-no-use";

/* How the relay answers an offer. */
struct answer {
    unsigned status;
    const char *location; /* NULL: none */
    const char *body;     /* NULL: a good answer */
    void (*spoil)(struct sdp_self *);
    const char *from, *to; /* a text of the good answer, and what stands there instead; of one length */
    const char *told;      /* what the guest is told */
};

struct visit {
    struct seeded seeded;
    struct loop *loop;
    struct gate gate;
    struct http_server *server;
    char origin[64], url[80];
    struct media *media;
    const struct answer *answer;
    unsigned opened, lost, left, offers, deletes;
    enum result why;
    char what[256];
};

/* --- The relay --- */

static void on_post(void *context, const struct http_request *request, struct http_turn turn)
{
    struct visit *v = context;
    const struct answer *a = v->answer;
    struct address candidate;
    struct sdp_self self = {.ufrag = BYTES_TEXT("abcdefgh"),
                            .pwd = BYTES_TEXT("abcdefghijklmnopqrstuvwx"),
                            .cname = BYTES_TEXT("x"),
                            .candidates = &candidate,
                            .candidate_count = 1};
    struct http_reply reply = {.status = a->status, .type = "application/sdp"};
    uint8_t text[8192];
    struct writer w = writer_over(text);
    struct sdp_plan plan;
    struct sdp offer;
    bool active;

    v->offers++;
    assert_true(
        bytes_equal(http_header(request->head, "authorization"), BYTES_TEXT("Bearer v4.public.of-no-use")));
    assert_int_equal(sdp_read(request->body, &offer), OK);
    assert_memory_equal(offer.media[offer.transport].fingerprint, media_fingerprint(v->media), 32);
    assert_int_equal(offer.candidate_count, 0);
    assert_int_equal(address_parse_pair(BYTES_TEXT("127.0.0.1:9"), &candidate), OK);
    for (uint32_t i = 0; i < SLOTS; i++)
        self.ssrc[i] = 1000 + i;
    if (a->spoil != NULL)
        a->spoil(&self);
    sdp_plan_of(&offer, &plan);
    sdp_answer_write(&w, &offer, &plan, &self, &active);
    assert_int_equal(writer_end(&w, &reply.body), OK);
    if (a->from != NULL)
        for (uint8_t *at = text; at + strlen(a->from) <= w.at; at++)
            if (memcmp(at, a->from, strlen(a->from)) == 0)
                memcpy(at, a->to, strlen(a->to));
    if (a->body != NULL)
        reply.body = bytes_string(a->body);
    if (a->location != NULL)
        reply.location = bytes_string(a->location);
    http_answer(turn, &reply);
}

static void on_delete(void *context, const struct http_request *request, struct http_turn turn)
{
    struct visit *v = context;

    (void)request;
    v->deletes++;
    http_answer_text(turn, 200, "ended");
}

/* It was restarted, and knows no session. */
static void on_patch(void *context, const struct http_request *request, struct http_turn turn)
{
    (void)context;
    (void)request;
    http_answer_text(turn, 404, "there is no such session");
}

/* --- The guest --- */

static void on_opened(void *context)
{
    struct visit *v = context;

    v->opened++;
}

static void on_renewed(void *context)
{
    (void)context;
    fail_msg("nothing was renewed");
}

static void on_heard(void *context, uint64_t now_us, unsigned slot, struct bytes_mut packet)
{
    (void)context;
    (void)now_us;
    (void)slot;
    (void)packet;
    fail_msg("nobody speaks");
}

static void on_lost(void *context, enum result why, const char *what)
{
    struct visit *v = context;

    assert_int_not_equal(why, OK);
    v->lost++;
    v->why = why;
    snprintf(v->what, sizeof v->what, "%s", what);
    loop_stop(v->loop);
}

static void on_left(void *context)
{
    struct visit *v = context;

    v->left++;
    loop_stop(v->loop);
}

static const struct media_events events = {on_opened, on_renewed, on_heard, on_lost, on_left};

static int visit_make_at(void **state, const struct address *at)
{
    struct visit *v = calloc(1, sizeof *v);
    char host[ADDRESS_TEXT_SIZE];
    struct address real;

    if (v == NULL || crypto_start() != OK)
        return -1;
    address_write(at, host);
    seeded_start(&v->seeded, 11);
    v->loop = patience_loop();
    const struct http_server_options server = {.loop = v->loop, .origins = origins};
    const struct http_route post = {.method = "POST", .path = "/media", .handle = on_post, .context = v};
    const struct http_route end = {
        .method = "DELETE", .path = "/media/", .below = true, .handle = on_delete, .context = v};
    const struct http_route renewal = {
        .method = "PATCH", .path = "/media/", .below = true, .handle = on_patch, .context = v};
    if (http_server_new(&server, &v->server) != OK || http_listen(v->server, at, NULL, &real) != OK ||
        http_route_add(v->server, &post) != OK || http_route_add(v->server, &end) != OK ||
        http_route_add(v->server, &renewal) != OK)
        return -1;
    snprintf(v->origin, sizeof v->origin, "http://%s:%u", host, address_port(&real));
    snprintf(v->url, sizeof v->url, "%s/media", v->origin);
    const struct media_options media = {v->loop, &v->gate, NULL, &v->seeded.random, v->origin};
    if (media_new(&media, &events, v, &v->media) != OK)
        return -1;
    *state = v;
    return 0;
}

static int visit_make(void **state)
{
    struct address at;

    return address_parse_pair(BYTES_TEXT("127.0.0.1:0"), &at) == OK ? visit_make_at(state, &at) : -1;
}

static int visit_end(void **state)
{
    struct visit *v = *state;

    media_free(v->media);
    http_server_free(v->server);
    loop_free(v->loop);
    free(v);
    return 0;
}

static void spoil_candidate(struct sdp_self *self)
{
    self->candidate_count = 0;
}

static void what_a_relay_may_not_answer(void **state)
{
    static const struct answer answers[] = {
        {401, NULL, "the ticket has expired\n", NULL, NULL, NULL,
         "the relay refused (401): the ticket has expired"},
        {503, NULL, "", NULL, NULL, NULL, "the relay refused (503)"},
        {200, "/media/x", NULL, NULL, NULL, NULL, "the relay refused (200)"},
        {201, NULL, NULL, NULL, NULL, NULL, "the relay answered without a session"},
        {201, "http://elsewhere/media/x", NULL, NULL, NULL, NULL, "the relay answered without a session"},
        {201, "/media/x", "v=0", NULL, NULL, NULL, "the relay's answer cannot be used"},
        {201, "/media/x", NULL, spoil_candidate, NULL, NULL, "the relay's answer cannot be used"},
        /* We start the handshake, or nobody does. */
        {201, "/media/x", NULL, NULL, "setup:passive", "setup:active ", "the relay's answer cannot be used"},
        {201, "/media/x", NULL, NULL, "sha-256", "sha-1  ", "the relay's answer cannot be used"},
        /* Nobody has the address 0.0.0.0, nor port 0. */
        {201, "/media/x", NULL, NULL, "127.0.0.1 9 typ", "0.0.0.0 9 typ  ",
         "the relay's answer cannot be used"},
    };
    struct visit *v;

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        void *fresh;

        assert_int_equal(visit_make(&fresh), 0);
        v = fresh;
        v->answer = &answers[i];
        assert_int_equal(media_enter(v->media, bytes_string(v->url), bytes_string(ticket), 77), OK);
        patience_run(v->loop);
        if (strncmp(v->what, answers[i].told, strlen(answers[i].told)) != 0)
            fail_msg("answer %zu: %s", i, v->what);
        assert_int_equal(v->lost, 1);
        assert_int_equal(media_state(v->media), MEDIA_IDLE);
        assert_int_equal(media_renew(v->media, bytes_string(ticket)), E_STATE);
        assert_int_equal(v->offers, 1);
        visit_end(&fresh);
    }
    (void)state;
}

/* A relay out in the net sends nobody to this machine's own services: what lies nearer than
 * its entrance is no candidate. */
static void a_relay_elsewhere_names_nothing_here(void **state)
{
    static const struct answer near = {
        201, "/media/x", NULL, NULL, NULL, NULL, "the relay's answer cannot be used"};
    struct address at;
    struct visit *v;
    void *fresh;

    (void)state;
    if (!raw_own_address(&at))
        skip();
    assert_int_equal(visit_make_at(&fresh, &at), 0);
    v = fresh;
    v->answer = &near; /* 127.0.0.1 */
    assert_int_equal(media_enter(v->media, bytes_string(v->url), bytes_string(ticket), 77), OK);
    patience_run(v->loop);
    assert_int_equal(v->lost, 1);
    assert_string_equal(v->what, near.told);
    visit_end(&fresh);
}

/* A good answer from a relay whose UDP nobody serves: the session is joining, and can be left. */
static void what_was_begun_can_be_left(void **state)
{
    static const struct answer good = {201, "/media/x", NULL, NULL, NULL, NULL, ""};
    struct visit *v = *state;

    v->answer = &good;
    /* The second takes the place of the first, whose answer is nobody's any more. */
    assert_int_equal(media_enter(v->media, bytes_string(v->url), bytes_string(ticket), 77), OK);
    assert_int_equal(media_enter(v->media, bytes_string(v->url), bytes_string(ticket), 77), OK);
    while (media_state(v->media) != MEDIA_JOINING)
        patience_let_pass(v->loop, 1);
    uint8_t packet[64] = {0x80};
    assert_int_equal(media_send(v->media, (struct bytes_mut){packet, sizeof packet}, 12), E_STATE);
    media_leave(v->media);
    media_leave(v->media);
    patience_run(v->loop);
    assert_int_equal(v->left, 1);
    assert_int_equal(v->deletes, 1);
    assert_int_equal(v->opened + v->lost, 0);
}

/* No refusal of who we are: another session may be asked for (field report G48). */
static void a_session_that_is_forgotten_is_lost(void **state)
{
    static const struct answer good = {201, "/media/x", NULL, NULL, NULL, NULL, ""};
    struct visit *v = *state;

    v->answer = &good;
    assert_int_equal(media_enter(v->media, bytes_string(v->url), bytes_string(ticket), 77), OK);
    while (media_state(v->media) != MEDIA_JOINING)
        patience_let_pass(v->loop, 1);
    assert_int_equal(media_renew(v->media, bytes_string(ticket)), OK);
    patience_run(v->loop);
    assert_int_equal(v->lost, 1);
    assert_int_equal(v->why, E_CLOSED);
    assert_int_equal(media_state(v->media), MEDIA_IDLE);
}

static void before_anything_was_said_as_well(void **state)
{
    struct visit *v = *state;

    media_leave(v->media);
    patience_run(v->loop);
    assert_int_equal(v->left, 1);
    assert_int_equal(v->offers + v->deletes + v->lost, 0);
}

/* A ticket for a house that is https goes nowhere in clear. */
static void what_was_https_stays_https(void **state)
{
    struct visit *v = *state;
    struct media *media;
    struct tls *tls;

    assert_int_equal(tls_client_new(NULL, &tls), OK);
    const struct media_options options = {v->loop, &v->gate, tls, &v->seeded.random, "https://127.0.0.1:9"};
    assert_int_equal(media_new(&options, &events, v, &media), OK);
    assert_int_equal(media_enter(media, bytes_string(v->url), bytes_string(ticket), 77), E_REFUSED);
    media_free(media);
    tls_free(tls);
    patience_let_pass(v->loop, 50);
    assert_int_equal(v->offers, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_relay_may_not_answer),
        cmocka_unit_test(a_relay_elsewhere_names_nothing_here),
        cmocka_unit_test_setup_teardown(what_was_begun_can_be_left, visit_make, visit_end),
        cmocka_unit_test_setup_teardown(a_session_that_is_forgotten_is_lost, visit_make, visit_end),
        cmocka_unit_test_setup_teardown(before_anything_was_said_as_well, visit_make, visit_end),
        cmocka_unit_test_setup_teardown(what_was_https_stays_https, visit_make, visit_end),
    };

    return cmocka_run_group_tests_name("media", tests, NULL, NULL);
}
