#include "pair.h"

#include "crypto/crypto.h"
#include "support/denied.h"
#include "wire/stun.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SECOND = 1000000, SSRC = 0x11111111 };

static const struct address stranger = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 66}, .port = {0x13, 0x37}};

static struct pair *fresh(uint64_t seed)
{
    struct pair *p = malloc(sizeof *p);

    assert_non_null(p);
    pair_start(p, seed);
    return p;
}

static struct pair *opened(uint64_t seed)
{
    struct pair *p = fresh(seed);

    assert_true(pair_open(p, p->now_us + SECOND));
    return p;
}

static void done(struct pair *p)
{
    pair_end(p);
    free(p);
}

static enum hop_state state_of(struct pair *p, enum pair_side side)
{
    return hop_state(p->ends[side].hop);
}

/* Says `count` things, 20 ms apart. */
static void converse(struct pair *p, enum pair_side side, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        assert_int_equal(pair_speak(p, side, SSRC, (uint16_t)i, i), OK);
        pair_run(p, p->now_us + 20000);
    }
}

static unsigned heard(struct pair *p, enum pair_side side, uint32_t first, uint32_t count)
{
    unsigned sum = 0;

    for (uint32_t i = first; i < first + count; i++) {
        assert_in_range(p->ends[side].heard[i], 0, 1); /* never twice */
        sum += p->ends[side].heard[i];
    }
    return sum;
}

/* Check and hello in one flight: answer and server's flight come after one round trip, the rest after two. */
static void opens_in_two_round_trips(void **state)
{
    struct pair *p = fresh(1);
    uint64_t start = p->now_us;

    (void)state;
    assert_int_equal(state_of(p, CLIENT), HOP_NEW);
    assert_true(pair_open(p, start + SECOND));
    assert_int_equal(p->now_us - start, 4 * p->link.delay_us);
    assert_int_equal(p->ends[CLIENT].datagrams, 3); /* check, hello, second flight */
    converse(p, CLIENT, 0, 50);
    converse(p, RELAY, 0, 50);
    pair_run(p, p->now_us + SECOND);
    assert_int_equal(heard(p, RELAY, 0, 50), 50);
    assert_int_equal(heard(p, CLIENT, 0, 50), 50);
    assert_int_equal(pair_report(p, CLIENT, SSRC), OK);
    assert_int_equal(pair_report(p, RELAY, SSRC), OK);
    pair_run(p, p->now_us + SECOND);
    assert_int_equal(p->ends[RELAY].rtcp, 1);
    assert_int_equal(p->ends[CLIENT].rtcp, 1);
    done(p);
}

/* 20 % lost either way, a tenth doubled, order shuffled within 60 ms. */
static void opens_over_a_bad_link(void **state)
{
    unsigned at_once = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct pair *p = fresh(seed);
        uint64_t start = p->now_us;

        p->link.loss = 200;
        p->link.twice = 100;
        p->link.jitter_us = 60000;
        assert_true(pair_open(p, start + 10 * SECOND));
        at_once += p->now_us - start < SECOND;

        unsigned lost_before = p->link.lost;
        converse(p, CLIENT, 0, 100);
        converse(p, RELAY, 0, 100);
        pair_run(p, p->now_us + SECOND);
        assert_in_range(heard(p, RELAY, 0, 100) + heard(p, CLIENT, 0, 100),
                        200 - (p->link.lost - lost_before), 200);
        assert_int_equal(p->ends[CLIENT].results[E_FORGED] + p->ends[RELAY].results[E_FORGED], 0);
        done(p);
    }
    assert_in_range(at_once, 30, 40);
}

/* Each datagram of the handshake is lost once, and each pair of them. */
static void any_two_losses_are_made_up_for(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 7; first++) {
        for (unsigned second = first; second < 8; second++) {
            struct pair *p = fresh(7);
            uint64_t start = p->now_us;
            unsigned before = 0;

            while (state_of(p, CLIENT) != HOP_OPEN || state_of(p, RELAY) != HOP_OPEN) {
                assert_true(p->now_us < start + 3 * SECOND);
                pair_run(p, p->now_us + 1000);
                for (unsigned n = before; n < p->link.sent; n++)
                    if (n == first || n == second)
                        link_drop(&p->link, n);
                before = p->link.sent;
            }
            done(p);
        }
    }
}

/* The relay is open and thinks that all is said; the client did not hear it. */
static void the_relays_last_flight_is_repeated_on_demand(void **state)
{
    struct pair *p = fresh(8);

    (void)state;
    while (state_of(p, RELAY) != HOP_OPEN)
        pair_run(p, p->now_us + 1000);
    link_drop(&p->link, p->link.sent - 1);
    assert_int_equal(state_of(p, CLIENT), HOP_HANDSHAKING);
    assert_true(pair_open(p, p->now_us + SECOND));
    converse(p, CLIENT, 0, 10);
    pair_run(p, p->now_us + SECOND);
    assert_int_equal(heard(p, RELAY, 0, 10), 10);
    done(p);
}

static void tampered_packets_are_dropped(void **state)
{
    struct pair *p = opened(9);

    (void)state;
    for (unsigned i = 0; i < 400; i++) {
        assert_int_equal(pair_speak(p, CLIENT, SSRC, (uint16_t)i, i), OK);
        if (i % 2 == 1) {
            struct link_datagram d;

            assert_true(link_take(&p->link, UINT64_MAX, &d));
            d.bytes[seeded_below(&p->seeded, (uint32_t)d.len)] ^=
                (uint8_t)(1 + seeded_below(&p->seeded, 255));
            link_put(&p->link, p->now_us, &d.from, &d.to, bytes(d.bytes, d.len));
        }
        pair_run(p, p->now_us + 20000);
    }
    for (unsigned i = 0; i < 400; i++)
        assert_int_equal(p->ends[RELAY].heard[i], i % 2 == 0);
    assert_int_equal(state_of(p, RELAY), HOP_OPEN);
    done(p);
}

static void a_wrong_certificate_ends_it(void **state)
{
    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        struct pair *p = fresh(10 + side);
        struct hop_settings s = pair_settings(p, side);

        s.peer_fingerprint[31] ^= 1;
        hop_free(p->ends[side].hop);
        assert_int_equal(hop_new(&s, p->now_us, &p->ends[side].hop), OK);
        assert_false(pair_open(p, p->now_us + 5 * SECOND));
        assert_int_equal(state_of(p, side), HOP_CLOSED);
        assert_int_equal(hop_why(p->ends[side].hop), E_FORGED);
        /* The alert tells the other, which has no keys either. */
        assert_int_equal(state_of(p, !side), HOP_CLOSED);
        assert_int_equal(pair_speak(p, CLIENT, SSRC, 1, 1), E_STATE);
        assert_int_equal(pair_speak(p, RELAY, SSRC, 1, 1), E_STATE);
        done(p);
    }
}

static void farewell_closes_the_other(void **state)
{
    enum { AT_ONCE, AFTER_WORDS, AFTER_SILENCE, CASES };

    (void)state;
    for (unsigned when = 0; when < CASES; when++) {
        for (unsigned side = 0; side < 2; side++) {
            struct pair *p = opened(20);

            /* Either shows that the last flight arrived, whereupon the relay lets go of DTLS. */
            if (when == AFTER_WORDS)
                converse(p, CLIENT, 0, 5);
            if (when == AFTER_SILENCE)
                pair_run(p, p->now_us + 11 * SECOND);
            hop_close(p->ends[side].hop, &p->outbox);
            assert_int_equal(p->outbox.count, 1);
            link_put_all(&p->link, p->now_us, &p->ends[side].at, &p->outbox);
            assert_int_equal(state_of(p, side), HOP_CLOSED);
            assert_int_equal(hop_due(p->ends[side].hop, p->now_us, &p->outbox), UINT64_MAX);
            pair_run(p, p->now_us + SECOND);
            /* A relay that let go hears no farewell: it is told by the entrance, or by silence. */
            assert_int_equal(state_of(p, !side), side == CLIENT && when != AT_ONCE ? HOP_OPEN : HOP_CLOSED);
            assert_int_equal(hop_why(p->ends[!side].hop), OK);
            done(p);
        }
    }
}

static void forged_farewell_is_ignored(void **state)
{
    static const uint8_t plain[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0};
    static const uint8_t sealed[] = {21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 26, [38] = 0};
    struct pair *p = opened(21);

    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        (void)pair_give(p, side, &p->ends[!side].at, BYTES_OF(plain));
        (void)pair_give(p, side, &p->ends[!side].at, BYTES_OF(sealed));
        assert_int_equal(state_of(p, side), HOP_OPEN);
    }
    done(p);
}

/* The hello overtakes the check that vouches for it: it is dropped, and comes again. */
static void hello_before_check(void **state)
{
    struct pair *p = fresh(22);
    struct link_datagram check;

    (void)state;
    pair_run(p, p->now_us);
    assert_int_equal(p->link.sent, 2);
    assert_true(link_take(&p->link, UINT64_MAX, &check));
    link_put(&p->link, p->now_us + 1000, &check.from, &check.to, bytes(check.bytes, check.len));
    assert_true(pair_open(p, p->now_us + SECOND));
    assert_int_equal(p->ends[RELAY].results[E_REFUSED], 1);
    done(p);
}

static void g16_stun_cut_short(void **state)
{
    struct pair *p = fresh(23);
    struct link_datagram check;
    struct bytes named;

    (void)state;
    pair_run(p, p->now_us);
    assert_true(link_take(&p->link, UINT64_MAX, &check));
    for (size_t len = 0; len < check.len; len++) {
        assert_int_equal(hop_names(bytes(check.bytes, len), &named), E_MALFORMED);
        assert_int_not_equal(pair_give(p, RELAY, &check.from, bytes(check.bytes, len)), OK);
    }
    assert_int_equal(p->ends[RELAY].datagrams, 0);
    assert_int_equal(state_of(p, RELAY), HOP_NEW);
    assert_int_equal(hop_names(bytes(check.bytes, check.len), &named), OK);
    assert_true(bytes_equal(named, bytes_string(p->ends[RELAY].credentials.ufrag)));
    done(p);
}

static void only_authentic_requests_are_answered(void **state)
{
    struct pair *p = fresh(24);
    struct bytes ours = bytes_string(p->ends[RELAY].credentials.ufrag);
    struct bytes theirs = bytes_string(p->ends[CLIENT].credentials.ufrag);
    struct bytes password = bytes_string(p->ends[RELAY].credentials.password);
    const struct {
        struct pair_request request;
        enum result expect;
        unsigned answers;
    } cases[] = {
        {{ours, theirs, BYTES_TEXT("a password of somebody"), .use_candidate = true}, E_FORGED, 0},
        {{ours, BYTES_TEXT("other"), password, .use_candidate = true}, E_FORGED, 0},
        {{BYTES_TEXT("others78"), theirs, password, .use_candidate = true}, E_FORGED, 0},
        {{BYTES_TEXT("x"), theirs, password, .use_candidate = true}, E_FORGED, 0},
        {{ours, theirs, password, .no_integrity = true}, E_FORGED, 0},
        {{ours, theirs, password, .no_fingerprint = true}, E_FORGED, 0},
        {{ours, theirs, password, .controlled = true}, E_REFUSED, 1},
        {{ours, theirs, password, .unknown = true}, E_REFUSED, 1},
        {{ours, theirs, password, .use_candidate = true}, OK, 1},
    };
    uint8_t room[512];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned before = p->ends[RELAY].datagrams;
        struct bytes b = pair_request(p, room, &cases[i].request);
        struct link_datagram d;
        struct stun m;

        assert_int_equal(pair_give(p, RELAY, &p->ends[CLIENT].at, b), cases[i].expect);
        assert_int_equal(p->ends[RELAY].datagrams - before, cases[i].answers);
        assert_int_equal(state_of(p, RELAY), cases[i].expect == OK ? HOP_HANDSHAKING : HOP_NEW);
        if (cases[i].answers == 0)
            continue;
        assert_true(link_take(&p->link, UINT64_MAX, &d));
        assert_true(d.len <= b.len); /* nobody gets more than was sent in his name */
        assert_int_equal(stun_read(bytes(d.bytes, d.len), &m), OK);
        assert_true(m.fingerprint && m.integrity != NULL);
        assert_int_equal(m.error, cases[i].request.controlled ? 487 : cases[i].request.unknown ? 420 : 0);
        if (cases[i].expect == OK)
            assert_true(m.mapped_given && address_equal(&m.mapped, &p->ends[CLIENT].at));
    }
    done(p);
}

/* The client's socket gets another port in the middle of a call. */
static void g20_follows_the_authenticated_address(void **state)
{
    struct pair *p = opened(25);
    struct address before = p->ends[CLIENT].at, now;

    (void)state;
    converse(p, CLIENT, 0, 50);
    p->ends[CLIENT].at.port[1] ^= 0x55;
    assert_int_equal(pair_speak(p, CLIENT, SSRC, 50, 50), OK);
    pair_run(p, p->now_us + 20000);
    assert_int_equal(p->ends[RELAY].heard[50], 0); /* not before the new address is verified */
    assert_true(hop_peer(p->ends[RELAY].hop, &now) && address_equal(&now, &before));

    hop_moved(p->ends[CLIENT].hop);
    p->ends[CLIENT].due_us = p->now_us;
    pair_run(p, p->now_us + 20000); /* the check is there, the answer to the relay's question is not */
    assert_true(hop_peer(p->ends[RELAY].hop, &now) && address_equal(&now, &before));
    pair_run(p, p->now_us + 20000);
    assert_true(hop_peer(p->ends[RELAY].hop, &now) && address_equal(&now, &p->ends[CLIENT].at));
    converse(p, CLIENT, 51, 50);
    converse(p, RELAY, 0, 50);
    pair_run(p, p->now_us + SECOND);
    assert_int_equal(heard(p, RELAY, 51, 50), 50);
    assert_int_equal(heard(p, CLIENT, 0, 50), 50);
    done(p);
}

/* Without a word from the application it takes the next consent check. */
static void g20_follows_a_consent_check_too(void **state)
{
    struct pair *p = opened(26);
    struct address now;

    (void)state;
    p->ends[CLIENT].at.port[1] ^= 0x55;
    pair_run(p, p->now_us + 7 * SECOND);
    assert_true(hop_peer(p->ends[RELAY].hop, &now) && address_equal(&now, &p->ends[CLIENT].at));
    done(p);
}

/* A check as the client's own, under anybody's address: whoever has a ticket can send it. */
static void spoof(struct pair *p)
{
    const struct pair_request r = {bytes_string(p->ends[RELAY].credentials.ufrag),
                                   bytes_string(p->ends[CLIENT].credentials.ufrag),
                                   bytes_string(p->ends[RELAY].credentials.password), .use_candidate = true};
    uint8_t room[512];

    assert_int_equal(pair_give(p, RELAY, &stranger, pair_request(p, room, &r)), OK);
}

/* Counts what goes to the stranger, and keeps the question. */
static unsigned to_stranger(struct pair *p, struct link_datagram *last)
{
    unsigned count = 0;

    for (unsigned i = 0; i < LINK_QUEUE; i++)
        if (p->link.queue[i].len != 0 && address_equal(&p->link.queue[i].to, &stranger)) {
            if (p->link.queue[i].bytes[1] == 1) /* a request */
                *last = p->link.queue[i];
            count++;
        }
    return count;
}

static struct bytes answer_to(const struct link_datagram *question, const char *password,
                              uint8_t room[static 512])
{
    struct writer w = writer_on((struct bytes_mut){room, 512});
    struct bytes covered, out;
    uint8_t *mac;

    stun_open(&w, STUN_SUCCESS, question->bytes + 8);
    stun_put_mapped(&w, &stranger);
    mac = stun_integrity(&w, &covered);
    assert_non_null(mac);
    assert_int_equal(crypto_hmac_sha1(bytes_string(password), &covered, 1, mac), OK);
    stun_fingerprint(&w);
    assert_int_equal(writer_end(&w, &out), OK);
    return out;
}

/* Whoever is not asked gets a few questions, and no stream; whoever cannot read them is not followed. */
static void a_spoofed_check_turns_nothing(void **state)
{
    struct pair *p = opened(31);
    struct link_datagram question;
    struct address now;
    struct stun m;
    uint8_t room[512];
    unsigned sent;

    (void)state;
    converse(p, CLIENT, 0, 1); /* the relay's handshake is over for good */
    spoof(p);
    assert_int_equal(to_stranger(p, &question), 2); /* the answer, then the question */
    assert_int_equal(stun_read(bytes(question.bytes, question.len), &m), OK);
    assert_int_equal(m.type, STUN_REQUEST);
    assert_true(m.controlled);

    /* A guess, another's answer, and the right one from elsewhere. */
    assert_int_equal(pair_give(p, RELAY, &stranger, answer_to(&question, "not the client's password", room)),
                     E_FORGED);
    question.bytes[19] ^= 1;
    assert_int_equal(
        pair_give(p, RELAY, &stranger, answer_to(&question, p->ends[CLIENT].credentials.password, room)),
        E_FORGED);
    question.bytes[19] ^= 1;
    assert_int_equal(pair_give(p, RELAY, &p->ends[CLIENT].at,
                               answer_to(&question, p->ends[CLIENT].credentials.password, room)),
                     E_FORGED);
    sent = p->ends[RELAY].datagrams;
    pair_run(p, p->now_us + 3 * SECOND);
    assert_in_range(p->ends[RELAY].datagrams - sent, 4, 5); /* asked four times more, and a consent check */
    assert_true(hop_peer(p->ends[RELAY].hop, &now) && address_equal(&now, &p->ends[CLIENT].at));
    converse(p, RELAY, 0, 10);
    pair_run(p, p->now_us + SECOND);
    assert_int_equal(heard(p, CLIENT, 0, 10), 10);
    assert_int_equal(
        pair_give(p, RELAY, &stranger, answer_to(&question, p->ends[CLIENT].credentials.password, room)),
        E_FORGED); /* too late */

    /* From there it is no consent either. */
    for (unsigned i = 0; i < 40; i++) {
        p->link.loss = 1000;
        pair_run(p, p->now_us + SECOND);
        p->link.loss = 0;
        spoof(p);
    }
    assert_int_equal(state_of(p, RELAY), HOP_SILENT);

    /* Who reads the question and has the keys is there. */
    assert_in_range(to_stranger(p, &question), 1, 2);
    assert_int_equal(
        pair_give(p, RELAY, &stranger, answer_to(&question, p->ends[CLIENT].credentials.password, room)), OK);
    assert_true(hop_peer(p->ends[RELAY].hop, &now) && address_equal(&now, &stranger));
    assert_int_equal(state_of(p, RELAY), HOP_OPEN);
    done(p);
}

/* Nor does one in the middle of the handshake: the peer is where the flight that it has answered went. */
static void a_spoofed_check_turns_no_handshake(void **state)
{
    struct pair *p = fresh(32);
    struct address now;

    (void)state;
    while (p->ends[RELAY].datagrams < 2)
        pair_run(p, p->now_us + 1000);
    assert_int_equal(state_of(p, RELAY), HOP_HANDSHAKING);
    spoof(p);
    assert_true(hop_peer(p->ends[RELAY].hop, &now) && address_equal(&now, &stranger));
    assert_true(pair_open(p, p->now_us + SECOND));
    assert_true(hop_peer(p->ends[RELAY].hop, &now) && address_equal(&now, &p->ends[CLIENT].at));
    converse(p, RELAY, 0, 10);
    pair_run(p, p->now_us + SECOND);
    assert_int_equal(heard(p, CLIENT, 0, 10), 10);
    done(p);
}

/* A NAT gives the client another port, and an agent that has nominated once does not say so again: when
 * nothing comes from where it was, it is asked where it is. */
static void who_does_not_nominate_again_is_followed(void **state)
{
    struct pair *p = opened(35);
    const struct pair_request r = {bytes_string(p->ends[RELAY].credentials.ufrag),
                                   bytes_string(p->ends[CLIENT].credentials.ufrag),
                                   bytes_string(p->ends[RELAY].credentials.password)};
    struct link_datagram question;
    struct address now;
    uint8_t room[512];

    (void)state;
    converse(p, CLIENT, 0, 50);
    p->link.loss = 1000;
    pair_run(p, p->now_us + 6 * SECOND);
    p->link.loss = 0;
    assert_int_equal(pair_give(p, RELAY, &stranger, pair_request(p, room, &r)), OK);
    assert_int_equal(to_stranger(p, &question), 1); /* an answer alone */
    p->link.loss = 1000;
    pair_run(p, p->now_us + SECOND + SECOND / 2);
    p->link.loss = 0;
    assert_int_equal(pair_give(p, RELAY, &stranger, pair_request(p, room, &r)), OK);
    assert_int_equal(to_stranger(p, &question), 2);
    assert_int_equal(
        pair_give(p, RELAY, &stranger, answer_to(&question, p->ends[CLIENT].credentials.password, room)), OK);
    assert_true(hop_peer(p->ends[RELAY].hop, &now) && address_equal(&now, &stranger));
    done(p);
}

/* Another's peer has shown that it is at this address: nothing goes there until this one has shown it anew.
 */
static void a_displaced_peer_shows_where_it_is(void **state)
{
    struct pair *p = opened(33);
    struct address now;

    (void)state;
    hop_displaced(p->ends[RELAY].hop);
    assert_false(hop_peer(p->ends[RELAY].hop, &now));
    spoof(p); /* from elsewhere, unanswered */
    pair_run(p, p->now_us + 2 * SECOND);
    assert_false(hop_peer(p->ends[RELAY].hop, &now));
    hop_moved(p->ends[CLIENT].hop);
    p->ends[CLIENT].due_us = p->now_us;
    pair_run(p, p->now_us + 15000); /* its check alone is not enough */
    assert_false(hop_peer(p->ends[RELAY].hop, &now));
    pair_run(p, p->now_us + SECOND);
    assert_true(hop_peer(p->ends[RELAY].hop, &now) && address_equal(&now, &p->ends[CLIENT].at));
    done(p);
}

/* A client answers its relay alone, and only with the right words. */
static void a_client_answers_its_relay_alone(void **state)
{
    struct pair *p = opened(34);
    struct pair_request r = {bytes_string(p->ends[CLIENT].credentials.ufrag),
                             bytes_string(p->ends[RELAY].credentials.ufrag),
                             bytes_string(p->ends[CLIENT].credentials.password), .controlled = true};
    unsigned before = p->ends[CLIENT].datagrams;
    uint8_t room[512];

    (void)state;
    assert_int_equal(pair_give(p, CLIENT, &stranger, pair_request(p, room, &r)), E_REFUSED);
    r.password = bytes_string(p->ends[RELAY].credentials.password);
    assert_int_equal(pair_give(p, CLIENT, &p->ends[RELAY].at, pair_request(p, room, &r)), E_FORGED);
    r.password = bytes_string(p->ends[CLIENT].credentials.password);
    r.controlled = false;
    assert_int_equal(pair_give(p, CLIENT, &p->ends[RELAY].at, pair_request(p, room, &r)), E_REFUSED);
    assert_int_equal(p->ends[CLIENT].datagrams, before);
    r.controlled = true;
    assert_int_equal(pair_give(p, CLIENT, &p->ends[RELAY].at, pair_request(p, room, &r)), OK);
    assert_int_equal(p->ends[CLIENT].datagrams, before + 1);
    done(p);
}

static void a_copied_check_turns_nothing(void **state)
{
    struct pair *p = opened(27);
    struct link_datagram check;
    struct address now;

    (void)state;
    hop_moved(p->ends[CLIENT].hop);
    p->ends[CLIENT].due_us = p->now_us;
    pair_run(p, p->now_us);
    assert_true(link_take(&p->link, UINT64_MAX, &check));
    assert_int_equal(pair_give(p, RELAY, &check.from, bytes(check.bytes, check.len)), OK);
    unsigned answers = p->ends[RELAY].datagrams;
    assert_int_equal(pair_give(p, RELAY, &stranger, bytes(check.bytes, check.len)), E_REPLAY);
    assert_int_equal(p->ends[RELAY].datagrams, answers);
    assert_true(hop_peer(p->ends[RELAY].hop, &now) && address_equal(&now, &p->ends[CLIENT].at));
    /* Doubled on the way it is answered again, as any request. */
    assert_int_equal(pair_give(p, RELAY, &check.from, bytes(check.bytes, check.len)), OK);
    done(p);
}

/* Nor does one that was copied long ago, when many others have been answered since. */
static void a_check_copied_long_ago_turns_nothing(void **state)
{
    struct pair *p = opened(29);
    struct link_datagram check;
    struct address now;

    (void)state;
    hop_moved(p->ends[CLIENT].hop);
    p->ends[CLIENT].due_us = p->now_us;
    pair_run(p, p->now_us);
    assert_true(link_take(&p->link, UINT64_MAX, &check));
    assert_int_equal(pair_give(p, RELAY, &check.from, bytes(check.bytes, check.len)), OK);
    pair_run(p, p->now_us + 120 * SECOND);
    assert_int_equal(pair_give(p, RELAY, &stranger, bytes(check.bytes, check.len)), E_REPLAY);
    assert_true(hop_peer(p->ends[RELAY].hop, &now) && address_equal(&now, &p->ends[CLIENT].at));
    /* Who moves with a check of its own is followed. */
    p->ends[CLIENT].at.port[1] ^= 0x55;
    pair_run(p, p->now_us + 7 * SECOND);
    assert_true(hop_peer(p->ends[RELAY].hop, &now) && address_equal(&now, &p->ends[CLIENT].at));
    done(p);
}

/* An answer is consent once. */
static void an_answer_counts_once(void **state)
{
    struct pair *p = opened(30);
    struct link_datagram check, answer;

    (void)state;
    hop_moved(p->ends[CLIENT].hop);
    p->ends[CLIENT].due_us = p->now_us;
    pair_run(p, p->now_us);
    assert_true(link_take(&p->link, UINT64_MAX, &check));
    assert_int_equal(pair_give(p, RELAY, &check.from, bytes(check.bytes, check.len)), OK);
    assert_true(link_take(&p->link, UINT64_MAX, &answer));
    assert_int_equal(pair_give(p, CLIENT, &answer.from, bytes(answer.bytes, answer.len)), OK);
    assert_int_equal(pair_give(p, CLIENT, &answer.from, bytes(answer.bytes, answer.len)), E_REPLAY);
    done(p);
}

/* A peer that checks without nominating is heard, but not followed. */
static void a_check_without_nomination_moves_nothing(void **state)
{
    struct pair *p = opened(28);
    const struct pair_request r = {bytes_string(p->ends[RELAY].credentials.ufrag),
                                   bytes_string(p->ends[CLIENT].credentials.ufrag),
                                   bytes_string(p->ends[RELAY].credentials.password)};
    struct address at = p->ends[CLIENT].at, now;
    uint8_t room[512];

    (void)state;
    for (uint8_t i = 0; i < 20; i++) { /* more of them than are remembered */
        at.port[0] = i;
        assert_int_equal(pair_give(p, RELAY, &at, pair_request(p, room, &r)), OK);
        assert_true(hop_peer(p->ends[RELAY].hop, &now) && address_equal(&now, &p->ends[CLIENT].at));
    }
    converse(p, CLIENT, 0, 10);
    pair_run(p, p->now_us + SECOND);
    assert_int_equal(heard(p, RELAY, 0, 10), 10);
    done(p);
}

static void consent_is_asked_for_every_five_seconds(void **state)
{
    struct pair *p = opened(29);
    unsigned before = p->ends[CLIENT].datagrams;

    (void)state;
    pair_run(p, p->now_us + 600 * SECOND);
    assert_in_range(p->ends[CLIENT].datagrams - before, 100, 150);
    assert_int_equal(state_of(p, CLIENT), HOP_OPEN);
    assert_int_equal(state_of(p, RELAY), HOP_OPEN);
    done(p);
}

/* STUN answers are lost for 20 s while media flows: nothing happens. For more than 30 s: sending stops, and
 * goes on when there is consent again. */
static void g21_consent_ends_after_thirty_seconds(void **state)
{
    static const unsigned outages_s[] = {20, 35};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct pair *p = opened(30);
        uint64_t end = p->now_us + outages_s[i] * (uint64_t)SECOND;
        uint32_t said = 0;
        bool silent = false;

        p->link.stun_is_lost = true;
        while (p->now_us < end) {
            enum result res = pair_speak(p, CLIENT, SSRC, (uint16_t)said, said);

            assert_int_equal(res, state_of(p, CLIENT) == HOP_OPEN ? OK : E_STATE);
            silent = silent || res == E_STATE;
            said++;
            pair_run(p, p->now_us + 20000);
        }
        assert_int_equal(silent, outages_s[i] > 30);
        assert_int_equal(state_of(p, CLIENT), outages_s[i] > 30 ? HOP_SILENT : HOP_OPEN);
        assert_int_equal(state_of(p, RELAY), outages_s[i] > 30 ? HOP_SILENT : HOP_OPEN);
        assert_in_range(said, 999, 1800);
        assert_in_range(heard(p, RELAY, 0, said), 20 * 50 - 2, 31 * 50);

        p->link.stun_is_lost = false;
        pair_run(p, p->now_us + 2 * SECOND);
        assert_int_equal(state_of(p, CLIENT), HOP_OPEN);
        assert_int_equal(state_of(p, RELAY), HOP_OPEN);
        converse(p, CLIENT, 2000, 50);
        pair_run(p, p->now_us + SECOND);
        assert_int_equal(heard(p, RELAY, 2000, 50), 50);
        done(p);
    }
}

/* What a restarting client says, from a new place and from where it sits, or from there alone; no answer
 * finds it. */
static void restart_say(struct pair *p, struct hop *again, struct outbox *box, bool moves)
{
    (void)hop_due(again, p->now_us, box);
    for (unsigned i = 0; i < box->count; i++) {
        struct bytes said = bytes_const(box->messages[i].body);

        if (moves)
            (void)pair_give(p, RELAY, &stranger, said);
        (void)pair_give(p, RELAY, &p->ends[CLIENT].at, said);
    }
    outbox_clear(box);
}

/* A restart of ICE begins and never comes to its end: new credentials, checks and a ClientHello, again and
 * again for 20 s. Or the handshake alone is begun anew, under the credentials that hold. The path that there
 * is carries on. */
static void g22_a_restart_that_never_completes_hurts_nothing(void **state)
{
    static uint8_t room[HOP_OUTBOX_SIZE];

    (void)state;
    for (unsigned with_old = 0; with_old < 2; with_old++) {
        struct pair *p = opened(39 + with_old);
        struct hop_settings s = pair_settings(p, CLIENT);
        struct hop_credentials asked;
        struct outbox box;
        struct address to;
        struct hop *again;

        outbox_start(&box, (struct bytes_mut){room, sizeof room});
        hop_credentials_draw(&p->seeded.random, &asked);
        if (!with_old) {
            hop_credentials_draw(&p->seeded.random, &s.local);
            s.remote_ufrag = bytes_string(asked.ufrag);
            s.remote_password = bytes_string(asked.password);
        }
        assert_int_equal(hop_new(&s, p->now_us, &again), OK);
        converse(p, CLIENT, 0, 10);
        for (uint32_t n = 0; n < 1000; n++) {
            restart_say(p, again, &box, !with_old);
            assert_int_equal(pair_speak(p, CLIENT, SSRC, (uint16_t)(10 + n), 10 + n), OK);
            assert_int_equal(pair_speak(p, RELAY, SSRC, (uint16_t)n, n), OK);
            pair_run(p, p->now_us + 20000);
        }
        pair_run(p, p->now_us + SECOND);
        assert_int_equal(heard(p, RELAY, 0, 1010), 1010);
        assert_int_equal(heard(p, CLIENT, 0, 1000), 1000);
        assert_int_equal(state_of(p, CLIENT), HOP_OPEN);
        assert_int_equal(state_of(p, RELAY), HOP_OPEN);
        assert_true(hop_peer(p->ends[RELAY].hop, &to) && address_equal(&to, &p->ends[CLIENT].at));
        hop_free(again);
        done(p);
    }
}

static void who_is_gone_is_closed(void **state)
{
    struct pair *p = opened(31);

    (void)state;
    p->link.loss = 1000;
    pair_run(p, p->now_us + HOP_GONE_US - SECOND);
    assert_int_equal(state_of(p, RELAY), HOP_SILENT);
    pair_run(p, p->now_us + 8 * SECOND);
    assert_int_equal(state_of(p, RELAY), HOP_CLOSED);
    assert_int_equal(state_of(p, CLIENT), HOP_CLOSED);
    assert_int_equal(hop_why(p->ends[RELAY].hop), E_EXPIRED);
    done(p);

    p = fresh(32);
    p->link.loss = 1000;
    pair_run(p, p->now_us + HOP_SETUP_US);
    assert_int_equal(state_of(p, RELAY), HOP_CLOSED);
    assert_int_equal(state_of(p, CLIENT), HOP_CLOSED);
    assert_in_range(p->ends[CLIENT].datagrams, 10, 60);
    done(p);
}

/* The server's flight, and every other datagram: none above 1200 bytes, two at most in a flight. */
static void g23_flights_are_few_and_large(void **state)
{
    struct pair *p = fresh(33);
    unsigned datagrams = 0;
    size_t longest = 0;

    (void)state;
    while (state_of(p, CLIENT) == HOP_NEW || state_of(p, CLIENT) == HOP_CHECKING) {
        pair_run(p, p->now_us + 10000);
        datagrams = p->ends[RELAY].datagrams;
        longest = p->ends[RELAY].longest;
    }
    assert_in_range(datagrams, 2, 3); /* the answer to the check, and a flight of one or two */
    assert_in_range(longest, 500, HOP_DATAGRAM_MAX);
    assert_true(pair_open(p, p->now_us + SECOND));
    assert_in_range(p->ends[CLIENT].longest, 300, HOP_DATAGRAM_MAX);
    done(p);
}

/* Hellos from elsewhere, one of them with the NULL cipher alone, before, during and after the handshake. */
static void g24_no_byte_and_no_state_without_a_check(void **state)
{
    static const uint8_t null_hello[] = {22, 0xfe, 0xfd, 0,        0,  0, 0, 0, 0, 0, 0, 0,
                                         54, 1,    0,    0,        42, 0, 0, 0, 0, 0, 0, 0,
                                         0,  0xfe, 0xfd, [59] = 0, 0,  0, 2, 0, 1, 1, 0};
    struct pair *p = fresh(34);
    struct link_datagram check, hello;

    (void)state;
    pair_run(p, p->now_us);
    assert_true(link_take(&p->link, UINT64_MAX, &check));
    assert_true(link_take(&p->link, UINT64_MAX, &hello));
    assert_int_equal(hello.bytes[0], 22);
    for (unsigned phase = 0; phase < 3; phase++) {
        enum hop_state before = state_of(p, RELAY);
        unsigned datagrams = p->ends[RELAY].datagrams;

        for (unsigned i = 0; i < 50; i++) {
            assert_int_equal(pair_give(p, RELAY, &stranger, BYTES_OF(null_hello)), E_REFUSED);
            assert_int_equal(pair_give(p, RELAY, &stranger, bytes(hello.bytes, hello.len)), E_REFUSED);
            assert_int_equal(pair_give(p, CLIENT, &stranger, bytes(hello.bytes, hello.len)), E_REFUSED);
        }
        assert_int_equal(p->ends[RELAY].datagrams, datagrams);
        assert_int_equal(state_of(p, RELAY), before);
        if (phase == 0) {
            assert_int_equal(pair_give(p, RELAY, &check.from, bytes(check.bytes, check.len)), OK);
            assert_int_equal(pair_give(p, RELAY, &hello.from, bytes(hello.bytes, hello.len)), OK);
        } else {
            assert_true(pair_open(p, p->now_us + SECOND));
        }
    }
    converse(p, CLIENT, 0, 10);
    pair_run(p, p->now_us + SECOND);
    assert_int_equal(heard(p, RELAY, 0, 10), 10);
    done(p);
}

/* Records of the handshake cut at random, random records and random alerts, in any phase and from the
 * verified address: the session ends or goes on, and nothing else happens. */
static void g26_broken_records(void **state)
{
    unsigned ended = 0, open = 0;

    (void)state;
    for (uint64_t seed = 100; seed < 160; seed++) {
        struct pair *p = fresh(seed);
        uint64_t end = p->now_us + 2 * SECOND;

        while (p->now_us < end) {
            unsigned side = seeded_below(&p->seeded, 2);
            uint8_t junk[64] = {0};
            size_t len = 1 + seeded_below(&p->seeded, sizeof junk);

            random_fill(&p->seeded.random, junk, sizeof junk);
            junk[0] = (uint8_t)(20 + seeded_below(&p->seeded, 4));
            junk[1] = 0xfe;
            junk[2] = 0xfd;
            junk[3] = 0;
            junk[4] = (uint8_t)seeded_below(&p->seeded, 2);
            junk[11] = 0;
            junk[12] = (uint8_t)(len > 13 ? len - 13 : seeded_below(&p->seeded, 256));
            if (seed % 3 != 0)
                junk[12] ^= (uint8_t)(1 + seeded_below(&p->seeded, 255));
            if (hop_state(p->ends[RELAY].hop) != HOP_NEW)
                (void)pair_give(p, side, &p->ends[!side].at, bytes(junk, len));

            struct link_datagram d;
            if (link_take(&p->link, p->now_us + 20000, &d)) {
                link_put(&p->link, p->now_us, &d.from, &d.to,
                         bytes(d.bytes, 1 + seeded_below(&p->seeded, (uint32_t)d.len)));
                link_put(&p->link, p->now_us, &d.from, &d.to, bytes(d.bytes, d.len));
            }
            pair_run(p, p->now_us + 20000);
        }
        ended += state_of(p, RELAY) == HOP_CLOSED || state_of(p, CLIENT) == HOP_CLOSED;
        open += state_of(p, RELAY) == HOP_OPEN && state_of(p, CLIENT) == HOP_OPEN;
        done(p);
    }
    assert_true(ended + open == 60 && open > 10);
}

static void credentials_of_a_strange_shape(void **state)
{
    struct pair *p = fresh(35);
    struct hop_settings s = pair_settings(p, CLIENT);
    uint8_t long_text[257];
    struct hop *hop = NULL;

    (void)state;
    memset(long_text, 'a', sizeof long_text);
    s.remote_ufrag = bytes(long_text, 3);
    assert_int_equal(hop_new(&s, 0, &hop), E_MALFORMED);
    s.remote_ufrag = bytes(long_text, 257);
    assert_int_equal(hop_new(&s, 0, &hop), E_MALFORMED);
    s.remote_ufrag = BYTES_TEXT("ab:d");
    assert_int_equal(hop_new(&s, 0, &hop), E_MALFORMED);
    s.remote_ufrag = bytes(long_text, 256);
    s.remote_password = bytes(long_text, 21);
    assert_int_equal(hop_new(&s, 0, &hop), E_MALFORMED);
    s.remote_password = bytes(long_text, 256);
    assert_int_equal(hop_new(&s, 0, &hop), OK);

    /* The longest still fit into a check. */
    assert_true(hop_due(hop, 0, &p->outbox) < UINT64_MAX);
    assert_int_equal(p->outbox.count, 2);
    hop_free(hop);
    outbox_clear(&p->outbox);
    s.local.ufrag[3] = '\0';
    assert_int_equal(hop_new(&s, 0, &hop), E_MALFORMED);
    done(p);
}

/* An identity of one hop alone need not stay in memory for hours. */
static void identities_may_go_once_open(void **state)
{
    struct pair *p = opened(37);

    (void)state;
    for (unsigned side = 0; side < 2; side++) {
        hop_identity_free(p->ends[side].identity);
        p->ends[side].identity = NULL;
    }
    converse(p, CLIENT, 0, 10);
    converse(p, RELAY, 0, 10);
    hop_close(p->ends[RELAY].hop, &p->outbox);
    link_put_all(&p->link, p->now_us, &p->ends[RELAY].at, &p->outbox);
    pair_run(p, p->now_us + SECOND);
    assert_int_equal(heard(p, RELAY, 0, 10) + heard(p, CLIENT, 0, 10), 20);
    assert_int_equal(state_of(p, CLIENT), HOP_CLOSED);
    done(p);
}

static void *handshakes(void *argument)
{
    struct hop_identity *shared = argument;

    for (uint64_t seed = 0; seed < 10; seed++) {
        struct pair *p = fresh(40 + seed);
        struct hop_settings s[2];

        for (unsigned side = 0; side < 2; side++) {
            hop_free(p->ends[side].hop);
            s[side] = pair_settings(p, side);
            s[side].identity = shared;
            memcpy(s[side].peer_fingerprint, hop_identity_fingerprint(shared), HOP_FINGERPRINT_LEN);
            assert_int_equal(hop_new(&s[side], p->now_us, &p->ends[side].hop), OK);
        }
        assert_true(pair_open(p, p->now_us + SECOND));
        converse(p, CLIENT, 0, 10);
        done(p);
    }
    return NULL;
}

/* A relay may have one identity for all its workers. */
static void one_identity_on_many_threads(void **state)
{
    struct hop_identity *shared;
    pthread_t threads[4];

    (void)state;
    assert_int_equal(crypto_start(), OK);
    assert_int_equal(hop_identity_new(&shared), OK);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, handshakes, shared), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    hop_identity_free(shared);
}

/* Each allocation of ours is denied in turn: the hop whose it was closes and says why, or is not made. */
static void memory_that_runs_out_is_a_result(void **state)
{
    unsigned failed = 0;
    bool was_denied = true;

    (void)state;
    for (unsigned passed = 0; was_denied; passed++) {
        struct pair *p = fresh(38);
        struct hop_settings s = pair_settings(p, RELAY);
        struct hop_identity *identity = NULL;
        struct hop *hop = NULL;

        denied_after(passed);
        enum result made_identity = hop_identity_new(&identity);
        enum result made_hop = hop_new(&s, p->now_us, &hop);
        bool open = pair_open(p, p->now_us + 2 * SECOND);
        was_denied = denied_end();

        enum result why[2] = {hop_why(p->ends[CLIENT].hop), hop_why(p->ends[RELAY].hop)};
        bool closed = why[CLIENT] == E_NO_MEMORY || why[RELAY] == E_NO_MEMORY;
        assert_true(made_identity == OK ? identity != NULL
                                        : made_identity == E_NO_MEMORY && identity == NULL);
        assert_true(made_hop == OK ? hop != NULL : made_hop == E_NO_MEMORY && hop == NULL);
        assert_int_equal(!open, closed);
        assert_int_equal(was_denied, closed || made_identity != OK || made_hop != OK);
        failed += was_denied;
        hop_free(hop);
        hop_identity_free(identity);
        done(p);
    }
    assert_in_range(failed, 10, 20); /* an identity, a hop, two of DTLS, and four sealers on either side */
}

/* Sealed packets of another session, of the same addresses. */
static void keys_differ_from_session_to_session(void **state)
{
    struct pair *one = opened(36), *two = opened(36);
    struct link_datagram d;

    (void)state;
    assert_memory_not_equal(hop_identity_fingerprint(one->ends[CLIENT].identity),
                            hop_identity_fingerprint(two->ends[CLIENT].identity), HOP_FINGERPRINT_LEN);
    while (link_take(&one->link, UINT64_MAX, &d))
        continue;
    assert_int_equal(pair_speak(one, CLIENT, SSRC, 1, 1), OK);
    assert_true(link_take(&one->link, UINT64_MAX, &d));
    assert_int_equal(pair_give(two, RELAY, &d.from, bytes(d.bytes, d.len)), E_FORGED);
    done(one);
    done(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_in_two_round_trips),
        cmocka_unit_test(opens_over_a_bad_link),
        cmocka_unit_test(any_two_losses_are_made_up_for),
        cmocka_unit_test(the_relays_last_flight_is_repeated_on_demand),
        cmocka_unit_test(tampered_packets_are_dropped),
        cmocka_unit_test(a_wrong_certificate_ends_it),
        cmocka_unit_test(farewell_closes_the_other),
        cmocka_unit_test(forged_farewell_is_ignored),
        cmocka_unit_test(hello_before_check),
        cmocka_unit_test(g16_stun_cut_short),
        cmocka_unit_test(only_authentic_requests_are_answered),
        cmocka_unit_test(g20_follows_the_authenticated_address),
        cmocka_unit_test(g20_follows_a_consent_check_too),
        cmocka_unit_test(a_copied_check_turns_nothing),
        cmocka_unit_test(a_check_copied_long_ago_turns_nothing),
        cmocka_unit_test(an_answer_counts_once),
        cmocka_unit_test(a_spoofed_check_turns_nothing),
        cmocka_unit_test(a_spoofed_check_turns_no_handshake),
        cmocka_unit_test(who_does_not_nominate_again_is_followed),
        cmocka_unit_test(a_displaced_peer_shows_where_it_is),
        cmocka_unit_test(a_client_answers_its_relay_alone),
        cmocka_unit_test(a_check_without_nomination_moves_nothing),
        cmocka_unit_test(consent_is_asked_for_every_five_seconds),
        cmocka_unit_test(g21_consent_ends_after_thirty_seconds),
        cmocka_unit_test(g22_a_restart_that_never_completes_hurts_nothing),
        cmocka_unit_test(who_is_gone_is_closed),
        cmocka_unit_test(g23_flights_are_few_and_large),
        cmocka_unit_test(g24_no_byte_and_no_state_without_a_check),
        cmocka_unit_test(g26_broken_records),
        cmocka_unit_test(credentials_of_a_strange_shape),
        cmocka_unit_test(identities_may_go_once_open),
        cmocka_unit_test(one_identity_on_many_threads),
        cmocka_unit_test(memory_that_runs_out_is_a_result),
        cmocka_unit_test(keys_differ_from_session_to_session),
    };

    return cmocka_run_group_tests_name("hop", tests, NULL, NULL);
}
