/* All of a worker but its socket: clients with real hops, a network in memory and a clock of our own. */
#include "crypto/crypto.h"
#include "relay/receive.h"
#include "relay/visit.h"
#include "support/denied.h"
#include "support/seeded.h"

#include "caller.h"

#include <stdio.h>
#include <stdlib.h>

enum { CALLERS = 6, QUEUE = 8192, ANSWER = 16384 };

struct datagram {
    struct address to, from;
    size_t len;
    uint8_t body[CALLER_PACKET];
};

struct world {
    struct seeded seeded;
    uint64_t now_us;
    struct relay_seats *seats;
    struct relay_departures departures;
    uint8_t departures_room[RELAY_DEPARTURES_SIZE];
    struct address relay_at;
    struct caller callers[CALLERS];
    uint8_t ids[CALLERS][RELAY_ID_LEN];
    char answers[CALLERS][ANSWER];
    size_t count;
    struct datagram queue[QUEUE]; /* towards the callers */
    size_t queued;
    size_t departed;
    uint8_t ended_ids[64][RELAY_ID_LEN];
    struct relay_ended ended;
};

static void depart(void *self, const struct outbox *box)
{
    struct world *w = self;

    for (unsigned i = 0; i < box->count; i++) {
        struct datagram *d = &w->queue[w->queued++];

        assert_true(w->queued < QUEUE && box->messages[i].body.len <= sizeof d->body);
        d->to = box->messages[i].to;
        d->len = box->messages[i].body.len;
        memcpy(d->body, box->messages[i].body.at, d->len);
        w->departed++;
    }
}

static struct world *world_new(void)
{
    static const uint8_t ip[4] = {10, 0, 0, 200};
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    seeded_start(&w->seeded, 2025);
    w->now_us = 1000000000;
    w->relay_at = address_v4(ip, 8080);
    assert_int_equal(relay_seats_new(16, &w->seeded.random, &w->seats), OK);
    relay_departures_start(&w->departures, (struct bytes_mut){w->departures_room, sizeof w->departures_room},
                           depart, w);
    w->ended = (struct relay_ended){.capacity = 64, .ids = w->ended_ids};
    return w;
}

static void world_free(struct world *w)
{
    for (size_t i = 0; i < w->count; i++)
        caller_end(&w->callers[i]);
    relay_seats_free(w->seats);
    free(w);
}

/* A copy, as the relay opens datagrams in place. */
static void to_relay(struct world *w, const struct address *from, struct bytes datagram)
{
    uint8_t copy[CALLER_PACKET];

    assert_true(datagram.len <= sizeof copy);
    if (datagram.len != 0)
        memcpy(copy, datagram.at, datagram.len);
    relay_receive(w->seats, w->now_us, from, (struct bytes_mut){copy, datagram.len}, &w->departures);
    relay_departures_flush(&w->departures);
}

static void deliver(struct world *w)
{
    for (size_t i = 0; i < w->queued; i++) {
        struct datagram *d = &w->queue[i];

        for (size_t j = 0; j < w->count; j++) {
            if (w->callers[j].hop != NULL && address_equal(&w->callers[j].at, &d->to))
                caller_take(&w->callers[j], w->now_us, &w->relay_at, (struct bytes_mut){d->body, d->len});
        }
    }
    w->queued = 0;
}

/* All that happens at this moment. */
static void settle(struct world *w)
{
    bool busy = true;

    while (busy) {
        busy = false;
        for (size_t i = 0; i < w->count; i++) {
            struct caller *c = &w->callers[i];

            caller_due(c, w->now_us);
            for (unsigned m = 0; m < c->box.count; m++) {
                to_relay(w, &c->at, bytes_const(c->box.messages[m].body));
                busy = true;
            }
            outbox_clear(&c->box);
        }
        relay_seats_due(w->seats, w->now_us, &w->departures, &w->ended);
        relay_departures_flush(&w->departures);
        busy = busy || w->queued != 0;
        deliver(w);
    }
}

static void pass(struct world *w, uint64_t us)
{
    uint64_t until = w->now_us + us;

    while (w->now_us < until) {
        uint64_t step = until - w->now_us < 5000 ? until - w->now_us : 5000;

        w->now_us += step;
        settle(w);
    }
}

static struct relay_session *session_of_caller(const struct world *w, size_t index)
{
    return relay_seats_find(w->seats, w->ids[index]);
}

static struct caller *join(struct world *w, uint8_t room, enum ticket_role role)
{
    size_t index = w->count++;
    struct caller *c = &w->callers[index];
    struct writer answer =
        writer_on((struct bytes_mut){(uint8_t *)w->answers[index], sizeof w->answers[index]});
    struct relay_session *s;
    struct sdp_plan plan;
    struct sdp offer;

    assert_true(index < CALLERS);
    caller_start(c, &w->seeded.random, (uint8_t)(index + 1), room, role);
    assert_int_equal(relay_offer_read(c->offer_text, &c->ticket, &offer, &plan), OK);
    assert_int_equal(relay_session_new(&offer, &plan, &c->ticket, &w->relay_at, 1, &w->seeded.random,
                                       w->now_us, &answer, &s),
                     OK);
    s->expires_us = w->now_us + 60000000;
    memcpy(w->ids[index], s->id, RELAY_ID_LEN);
    assert_int_equal(relay_seats_add(w->seats, s, w->now_us), OK);
    caller_answered(c, bytes(w->answers[index], writer_used(&answer)), &w->seeded.random, w->now_us);
    return c;
}

/* Joined, and open. */
static struct caller *arrive(struct world *w, uint8_t room, enum ticket_role role)
{
    struct caller *c = join(w, room, role);

    for (int i = 0; i < 200 && hop_state(c->hop) != HOP_OPEN; i++)
        pass(w, 5000);
    assert_int_equal(hop_state(c->hop), HOP_OPEN);
    pass(w, 5000); /* the relay's side too */
    return c;
}

/* A frame that no other is like. */
static struct bytes frame(uint32_t number, size_t len)
{
    static uint8_t room[FRAME_SEALED_MUSIC + 1];

    for (size_t i = 0; i < sizeof room; i++)
        room[i] = (uint8_t)(number * 31 + i * 7 + (number >> 8));
    return bytes(room, len);
}

static void say(struct world *w, struct caller *c, uint32_t number)
{
    uint8_t room[CALLER_PACKET];
    struct bytes_mut packet = caller_packet(c, frame(number, FRAME_SEALED_SPEECH), 0, room);

    to_relay(w, &c->at, bytes_const(packet));
    deliver(w);
    w->now_us += FRAME_US;
    settle(w);
}

static void assert_heard(const struct caller *c, size_t index, uint32_t number)
{
    struct bytes want = frame(number, FRAME_SEALED_SPEECH);

    assert_true(index < c->heard_count);
    assert_int_equal(c->heard[index].rtp.payload.len, want.len);
    assert_memory_equal(c->heard[index].payload, want.at, want.len);
}

static void frames_pass_untouched(void **state)
{
    struct world *w = world_new();
    struct caller *speaker = arrive(w, 1, TICKET_SPEAKER), *listeners[3], *elsewhere;

    (void)state;
    for (int i = 0; i < 3; i++)
        listeners[i] = arrive(w, 1, TICKET_LISTENER);
    elsewhere = arrive(w, 2, TICKET_LISTENER);
    for (uint32_t n = 0; n < 50; n++)
        say(w, speaker, n);

    for (int i = 0; i < 3; i++) {
        const struct caller *c = listeners[i];

        assert_int_equal(c->heard_count, 50);
        for (uint32_t n = 0; n < 50; n++) {
            const struct rtp *rtp = &c->heard[n].rtp;

            assert_heard(c, n, n);
            assert_int_equal(c->heard[n].first_byte, 0x80); /* no padding, extension or CSRC */
            assert_int_equal(rtp->payload_type, OPUS_PAYLOAD_TYPE);
            assert_int_equal(rtp->ssrc, c->answer.media[1].ssrc);
            assert_int_equal(rtp->marker, n == 0);
            assert_int_equal((uint16_t)(rtp->sequence - c->heard[0].rtp.sequence), n);
            assert_int_equal(rtp->time - c->heard[0].rtp.time, n * FRAME_SAMPLES);
        }
    }
    assert_int_equal(speaker->heard_count, 0);
    assert_int_equal(elsewhere->heard_count, 0);
    world_free(w);
}

static void g03_padding_ends_at_the_relay(void **state)
{
    struct world *w = world_new();
    struct caller *speaker = arrive(w, 1, TICKET_SPEAKER), *listener = arrive(w, 1, TICKET_LISTENER);
    uint8_t room[CALLER_PACKET];

    (void)state;
    for (uint8_t n = 1; n <= 15; n++) {
        struct bytes_mut packet = caller_packet(speaker, frame(n, FRAME_SEALED_SPEECH), n, room);

        to_relay(w, &speaker->at, bytes_const(packet));
        w->now_us += FRAME_US;
    }
    settle(w);
    assert_int_equal(listener->heard_count, 15);
    for (uint8_t n = 1; n <= 15; n++) {
        assert_heard(listener, n - 1u, n);
        assert_int_equal(listener->heard[n - 1].first_byte, 0x80);
    }
    world_free(w);
}

static void g04_packets_without_voice_are_not_media(void **state)
{
    struct world *w = world_new();
    struct caller *speaker = arrive(w, 1, TICKET_SPEAKER), *listener = arrive(w, 1, TICKET_LISTENER);
    static const struct {
        size_t payload;
        uint8_t padding;
    } cases[] = {{0, 0},
                 {0, 8},
                 {1, 0},
                 {FRAME_SEALED_SPEECH - 1, 0},
                 {FRAME_SEALED_SPEECH + 1, 0},
                 {FRAME_SEALED_MUSIC, 0}, /* another profile than before */
                 {FRAME_SEALED_SPEECH - 1, 1}};
    uint8_t room[CALLER_PACKET];

    (void)state;
    say(w, speaker, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes_mut packet = caller_packet(speaker, frame(99, cases[i].payload), cases[i].padding, room);

        to_relay(w, &speaker->at, bytes_const(packet));
    }
    settle(w);
    assert_int_equal(listener->heard_count, 1);
    assert_int_equal(session_of_caller(w, 0)->room->microphones[0].sequence, 1);
    say(w, speaker, 2);
    assert_int_equal(listener->heard_count, 2);
    assert_heard(listener, 1, 2);
    assert_int_equal((uint16_t)(listener->heard[1].rtp.sequence - listener->heard[0].rtp.sequence), 1);
    world_free(w);
}

static void g05_first_sequences_lie_below_the_middle(void **state)
{
    (void)state;
    for (int round = 0; round < 8; round++) {
        struct world *w = world_new();
        struct caller *speakers[2], *listeners[3];

        seeded_start(&w->seeded, 100 + (uint64_t)round);
        for (int i = 0; i < 2; i++)
            speakers[i] = arrive(w, 1, TICKET_SPEAKER);
        for (int i = 0; i < 3; i++)
            listeners[i] = arrive(w, 1, TICKET_LISTENER);
        say(w, speakers[0], 0);
        say(w, speakers[1], 1);
        for (int i = 0; i < 3; i++) {
            assert_int_equal(listeners[i]->heard_count, 2);
            assert_true(listeners[i]->heard[0].rtp.sequence < 1 << 15);
            assert_true(listeners[i]->heard[1].rtp.sequence < 1 << 15);
        }
        world_free(w);
    }
}

/* The first packets, up to and over a wrap of the sequence, are lost: the rest is heard, within a second. */
static void g05_the_first_packets_are_lost_over_a_wrap(void **state)
{
    struct world *w = world_new();
    struct caller *speaker = arrive(w, 1, TICKET_SPEAKER), *listener = arrive(w, 1, TICKET_LISTENER);
    uint8_t room[CALLER_PACKET];

    (void)state;
    speaker->sequence = 65530;
    for (uint32_t n = 0; n < 10; n++)
        caller_packet(speaker, frame(n, FRAME_SEALED_SPEECH), 0, room);
    assert_int_equal(speaker->sequence, 4);
    for (uint32_t n = 0; n < 50 && listener->heard_count == 0; n++)
        say(w, speaker, n);
    assert_true(listener->heard_count != 0);
    world_free(w);
}

static void g08_two_speakers_with_one_ssrc(void **state)
{
    struct world *w = world_new();
    struct caller *a = arrive(w, 1, TICKET_SPEAKER), *b = arrive(w, 1, TICKET_SPEAKER);
    struct caller *listener = arrive(w, 1, TICKET_LISTENER);

    (void)state;
    a->ssrc = b->ssrc = 0x11111111;
    for (uint32_t n = 0; n < 20; n += 2) {
        say(w, a, n);
        say(w, b, n + 1);
    }
    assert_int_equal(listener->heard_count, 20);
    for (uint32_t n = 0; n < 20; n++) {
        assert_heard(listener, n, n);
        assert_int_equal(listener->heard[n].rtp.ssrc, listener->answer.media[1 + n % 2].ssrc);
    }
    assert_int_not_equal(listener->answer.media[1].ssrc, listener->answer.media[2].ssrc);
    /* Each speaker hears the other, not itself. */
    assert_int_equal(a->heard_count, 10);
    assert_int_equal(b->heard_count, 10);
    world_free(w);
}

static void g11_duplicates_loss_and_order(void **state)
{
    static const uint8_t order[] = {0, 1, 1, 3, 2, 2, 0, 6, 5, 7, 7};
    static const uint8_t want[] = {0, 1, 3, 2, 6, 5, 7};
    struct world *w = world_new();
    struct caller *speaker = arrive(w, 1, TICKET_SPEAKER), *listener = arrive(w, 1, TICKET_LISTENER);
    uint8_t rooms[8][CALLER_PACKET];
    struct bytes_mut packets[8];

    (void)state;
    for (uint32_t n = 0; n < 8; n++)
        packets[n] = caller_packet(speaker, frame(n, FRAME_SEALED_SPEECH), 0, rooms[n]);
    for (size_t i = 0; i < sizeof order; i++) {
        to_relay(w, &speaker->at, bytes_const(packets[order[i]]));
        w->now_us += FRAME_US;
    }
    settle(w);
    assert_int_equal(listener->heard_count, sizeof want);
    for (size_t i = 0; i < sizeof want; i++) {
        assert_heard(listener, i, want[i]);
        assert_int_equal((uint16_t)(listener->heard[i].rtp.sequence - listener->heard[0].rtp.sequence),
                         want[i]);
    }
    world_free(w);
}

static void a_listener_sends_nothing(void **state)
{
    struct world *w = world_new();
    struct caller *speaker = arrive(w, 1, TICKET_SPEAKER), *listener = arrive(w, 1, TICKET_LISTENER);
    struct relay_session *s = session_of_caller(w, 1);

    (void)state;
    say(w, listener, 1);
    assert_int_equal(speaker->heard_count, 0);
    relay_seats_renew(w->seats, s, TICKET_SPEAKER, w->now_us + 60000000);
    say(w, listener, 2);
    assert_int_equal(speaker->heard_count, 1);
    relay_seats_renew(w->seats, s, TICKET_LISTENER, w->now_us + 60000000);
    assert_int_equal(s->microphone, -1);
    say(w, listener, 3);
    assert_int_equal(speaker->heard_count, 1);
    world_free(w);
}

static void one_seat_cannot_flood(void **state)
{
    struct world *w = world_new();
    struct caller *speaker = arrive(w, 1, TICKET_SPEAKER), *listener = arrive(w, 1, TICKET_LISTENER);
    uint8_t room[CALLER_PACKET];

    (void)state;
    for (uint32_t n = 0; n < 4 * RELAY_BURST; n++) {
        struct bytes_mut packet = caller_packet(speaker, frame(n, FRAME_SEALED_SPEECH), 0, room);

        to_relay(w, &speaker->at, bytes_const(packet));
    }
    settle(w);
    assert_true(listener->heard_count <= RELAY_BURST);
    world_free(w);
}

static void a_session_ends_with_its_ticket(void **state)
{
    struct world *w = world_new();
    struct caller *speaker = arrive(w, 1, TICKET_SPEAKER), *listener = arrive(w, 1, TICKET_LISTENER);
    uint64_t end_us = session_of_caller(w, 1)->expires_us;

    (void)state;
    relay_seats_renew(w->seats, session_of_caller(w, 0), TICKET_SPEAKER, end_us + 30000000);
    for (uint32_t n = 0; w->now_us < end_us - FRAME_US; n++)
        say(w, speaker, n);
    assert_non_null(session_of_caller(w, 1));
    size_t heard = listener->heard_count;
    assert_true(heard > 2900);

    pass(w, end_us - w->now_us + 20000);
    assert_null(session_of_caller(w, 1));
    assert_int_equal(w->ended.count, 1);
    assert_memory_equal(w->ended.ids[0], w->ids[1], RELAY_ID_LEN);
    assert_int_equal(hop_state(listener->hop), HOP_CLOSED); /* it was told */
    say(w, speaker, 1);
    assert_int_equal(listener->heard_count, heard);
    assert_non_null(session_of_caller(w, 0)); /* whose ticket was renewed */
    world_free(w);
}

static void a_handshake_has_its_time(void **state)
{
    struct world *w = world_new();

    (void)state;
    join(w, 1, TICKET_LISTENER);
    w->callers[0].due_us = UINT64_MAX; /* never says a word */
    pass(w, RELAY_OPEN_US - 100000);
    assert_int_equal(w->seats->count, 1);
    assert_int_equal(w->seats->settled, 0);
    pass(w, 200000);
    assert_int_equal(w->seats->count, 0);
    assert_int_equal(w->seats->settled, 1);
    assert_int_equal(w->departed, 0);
    assert_int_equal(w->ended.count, 1);
    world_free(w);
}

/* Nothing at all for who has not passed a check, before and during a handshake and afterwards. */
static void g24_strangers_get_no_answer(void **state)
{
    /* A ClientHello that offers TLS_NULL_WITH_NULL_NULL, in one record. */
    static const uint8_t hello[] = {
        22, 0xfe, 0xff, 0,    0,  0,  0,  0,  0,  0,  0,  0,  54, 1,  0,  0,  42, 0,  0,  0,  0,  0,  0,
        0,  42,   0xfe, 0xfd, 1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
        20, 21,   22,   23,   24, 25, 26, 27, 28, 29, 30, 31, 32, 0,  0,  0,  2,  0,  0,  1,  0};
    static const uint8_t ip[4] = {10, 9, 9, 9};
    struct address stranger = address_v4(ip, 999);
    struct world *w = world_new();
    struct caller *c = join(w, 1, TICKET_SPEAKER), *listener;
    uint8_t junk[1400];

    (void)state;
    for (int round = 0; round < 300; round++) {
        size_t before = w->departed, placed = w->seats->by_address.count;
        size_t len = seeded_below(&w->seeded, sizeof junk + 1);

        random_fill(&w->seeded.random, junk, len);
        to_relay(w, &stranger, bytes(junk, len));
        to_relay(w, &stranger, BYTES_OF(hello));
        if (c->box.count != 0) /* another's datagram from a wrong place is no better */
            to_relay(w, &stranger, bytes_const(c->box.messages[0].body));
        if (hop_state(c->hop) == HOP_NEW)
            caller_due(c, w->now_us);
        assert_int_equal(w->seats->by_address.count, placed);
        /* A binding request with the right password may come from anywhere; all else is silence. */
        if (c->box.count == 0 || c->box.messages[0].body.at[0] > 3)
            assert_int_equal(w->departed, before);
        pass(w, 1000);
    }
    assert_int_equal(hop_state(c->hop), HOP_OPEN);
    listener = arrive(w, 1, TICKET_LISTENER);
    say(w, c, 5);
    assert_int_equal(listener->heard_count, 1);
    assert_true(w->seats->refused >= 600);
    world_free(w);
}

/* A client moves to another address, and its voice and ears with it. */
static void g20_an_address_changes(void **state)
{
    static const uint8_t ip[4] = {10, 7, 7, 7};
    struct world *w = world_new();
    struct caller *speaker = arrive(w, 1, TICKET_SPEAKER), *listener = arrive(w, 1, TICKET_LISTENER);

    (void)state;
    say(w, speaker, 0);
    listener->at = address_v4(ip, 1234);
    hop_moved(listener->hop);
    listener->due_us = w->now_us;
    settle(w);
    for (uint32_t n = 1; n < 50; n++)
        say(w, speaker, n);
    assert_int_equal(listener->heard_count, 50);
    assert_int_equal(w->seats->by_address.count, 2);

    /* One takes the address that another has left without a word. */
    speaker->at = listener->at;
    listener->at = address_v4(ip, 4321);
    hop_moved(speaker->hop);
    speaker->due_us = w->now_us;
    settle(w);
    hop_moved(listener->hop);
    listener->due_us = w->now_us;
    settle(w);
    say(w, speaker, 60);
    assert_heard(listener, listener->heard_count - 1, 60);
    world_free(w);
}

/* A check of a guest's own, under somebody else's address. */
static void spoof(struct world *w, struct caller *mean, const struct address *as)
{
    hop_moved(mean->hop);
    mean->due_us = w->now_us;
    caller_due(mean, w->now_us);
    assert_true(mean->box.count != 0);
    for (unsigned m = 0; m < mean->box.count; m++)
        to_relay(w, as, bytes_const(mean->box.messages[m].body));
    outbox_clear(&mean->box);
    settle(w);
}

/* Whoever has a ticket can write a check for its own session under any address: it takes nobody's place by
 * that, neither before its handshake nor after, and has no stream sent there. */
static void a_check_under_anothers_address_takes_nothing(void **state)
{
    struct world *w = world_new();
    struct caller *speaker = arrive(w, 1, TICKET_SPEAKER), *listener = arrive(w, 1, TICKET_LISTENER);
    struct caller *mean = arrive(w, 2, TICKET_LISTENER), *loud = arrive(w, 2, TICKET_SPEAKER);
    struct caller *newcomer;
    size_t before, own;

    (void)state;
    for (uint32_t n = 0; n < 100; n++) {
        spoof(w, mean, n % 2 == 0 ? &listener->at : &speaker->at);
        own = mean->heard_count;
        say(w, loud, 1000 + n);
        assert_heard(mean, own, 1000 + n); /* its stream goes on where it is */
        before = listener->heard_count;
        say(w, speaker, n);
        assert_heard(listener, before, n);
    }
    newcomer = join(w, 2, TICKET_LISTENER);
    for (uint32_t n = 100; n < 200; n++) {
        spoof(w, newcomer, n % 2 == 0 ? &listener->at : &speaker->at);
        before = listener->heard_count;
        say(w, speaker, n);
        assert_heard(listener, before, n);
    }
    assert_int_not_equal(hop_state(newcomer->hop), HOP_OPEN);
    pass(w, 2000000); /* from its own address it comes in */
    assert_int_equal(hop_state(newcomer->hop), HOP_OPEN);
    assert_int_equal(w->seats->by_proof.count, 0);
    assert_int_equal(w->seats->by_address.count, 5);
    world_free(w);
}

/* Whoever comes under the address of somebody who is not heard of any more does get it. */
static void an_address_that_was_left_is_free_again(void **state)
{
    struct world *w = world_new();
    struct caller *gone = arrive(w, 1, TICKET_LISTENER), *next, *speaker = arrive(w, 1, TICKET_SPEAKER);
    static const uint8_t ip[4] = {10, 8, 8, 8};
    struct address at = gone->at;

    (void)state;
    pass(w, 11000000); /* its handshake is forgotten */
    gone->at = address_v4(ip, 1);
    gone->due_us = UINT64_MAX;
    next = join(w, 1, TICKET_LISTENER);
    next->at = at;
    for (int i = 0; i < 1400 && hop_state(next->hop) != HOP_OPEN; i++) {
        pass(w, 10000);
        gone->due_us = UINT64_MAX;
    }
    assert_int_equal(hop_state(next->hop), HOP_OPEN);
    pass(w, 5000);
    say(w, speaker, 7);
    assert_heard(next, next->heard_count - 1, 7);
    world_free(w);
}

static void g19_reports_are_exact(void **state)
{
    struct world *w = world_new();
    struct caller *speaker = arrive(w, 1, TICKET_SPEAKER), *listener = arrive(w, 1, TICKET_LISTENER);

    (void)state;
    for (uint32_t n = 0; n < 900; n++)
        say(w, speaker, n); /* caller_take looks at each report */
    assert_true(speaker->reports >= 2 && speaker->reports <= 8);
    assert_true(listener->reports >= 2 && listener->reports <= 8);
    world_free(w);
}

static void offers_that_are_refused(void **state)
{
    struct world *w = world_new();
    struct caller *c = join(w, 1, TICKET_SPEAKER);
    struct ticket other = c->ticket;
    struct sdp_plan plan;
    struct sdp offer;

    (void)state;
    other.fingerprint[31] ^= 1;
    assert_int_equal(relay_offer_read(c->offer_text, &other, &offer, &plan), E_REFUSED);
    assert_int_equal(
        relay_offer_read(BYTES_TEXT("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"), &c->ticket, &offer, &plan),
        E_UNSUPPORTED);
    char passive[sizeof c->offer]; /* the client waits for us: nobody would begin */
    snprintf(passive, sizeof passive, "%s", c->offer);
    for (char *at; (at = strstr(passive, "a=setup:actpass")) != NULL;)
        memcpy(at, "a=setup:passive", 15);
    assert_int_equal(relay_offer_read(bytes(passive, c->offer_text.len), &c->ticket, &offer, &plan),
                     E_UNSUPPORTED);
    assert_int_equal(relay_offer_read(BYTES_TEXT("{}"), &c->ticket, &offer, &plan), E_MALFORMED);
    world_free(w);
}

static void no_more_sessions_than_the_limit(void **state)
{
    struct world *w = world_new();
    struct relay_seats *few;

    (void)state;
    assert_int_equal(relay_seats_new(1, &w->seeded.random, &few), OK);
    relay_seats_free(w->seats);
    w->seats = few;
    join(w, 1, TICKET_SPEAKER);

    struct caller *c = &w->callers[w->count];
    struct relay_session *s;
    struct sdp_plan plan;
    struct sdp offer;
    struct writer answer = writer_on((struct bytes_mut){(uint8_t *)w->answers[1], ANSWER});
    caller_start(c, &w->seeded.random, 9, 1, TICKET_LISTENER);
    w->count++;
    assert_int_equal(relay_offer_read(c->offer_text, &c->ticket, &offer, &plan), OK);
    assert_int_equal(relay_session_new(&offer, &plan, &c->ticket, &w->relay_at, 1, &w->seeded.random,
                                       w->now_us, &answer, &s),
                     OK);
    assert_int_equal(relay_seats_add(w->seats, s, w->now_us), E_NO_MEMORY);
    relay_session_free(s);
    world_free(w);
}

static void nothing_is_allocated_per_packet(void **state)
{
    struct world *w = world_new();
    struct caller *speaker = arrive(w, 1, TICKET_SPEAKER), *listener = arrive(w, 1, TICKET_LISTENER);

    (void)state;
    say(w, speaker, 0);
    unsigned before = denied_count();
    assert_true(before > 0);
    for (uint32_t n = 1; n < 100; n++)
        say(w, speaker, n);
    assert_int_equal(denied_count(), before);
    assert_int_equal(listener->heard_count, 100);
    world_free(w);
}

/* One session after another is denied one allocation, until one comes in without; the worker lives on. */
static void memory_that_runs_out(void **state)
{
    struct world *w = world_new();
    struct caller *first = arrive(w, 1, TICKET_SPEAKER), *c = &w->callers[1];
    struct sdp_plan plan;
    struct sdp offer;
    unsigned denials = 0;
    bool denied = true;

    (void)state;
    caller_start(c, &w->seeded.random, 2, 2, TICKET_LISTENER);
    assert_int_equal(relay_offer_read(c->offer_text, &c->ticket, &offer, &plan), OK);
    for (unsigned n = 0; denied; n++) {
        struct writer answer = writer_on((struct bytes_mut){(uint8_t *)w->answers[1], ANSWER});
        struct relay_session *s = NULL;

        denied_after(n);
        enum result res = relay_session_new(&offer, &plan, &c->ticket, &w->relay_at, 1, &w->seeded.random,
                                            w->now_us, &answer, &s);
        bool made = res == OK;
        if (made)
            res = relay_seats_add(w->seats, s, w->now_us);
        denied = denied_end();
        denials += denied;
        assert_int_equal(res == OK, !denied);
        assert_int_equal(w->seats->count, res == OK ? 2 : 1);
        if (res != OK && made)
            relay_session_free(s);
    }
    assert_true(denials >= 4); /* session, identity, hop, room */
    hop_identity_free(c->identity);
    say(w, first, 1);
    assert_int_equal(w->seats->packets_in, 1);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_pass_untouched),
        cmocka_unit_test(g03_padding_ends_at_the_relay),
        cmocka_unit_test(g04_packets_without_voice_are_not_media),
        cmocka_unit_test(g05_first_sequences_lie_below_the_middle),
        cmocka_unit_test(g05_the_first_packets_are_lost_over_a_wrap),
        cmocka_unit_test(g08_two_speakers_with_one_ssrc),
        cmocka_unit_test(g11_duplicates_loss_and_order),
        cmocka_unit_test(a_listener_sends_nothing),
        cmocka_unit_test(one_seat_cannot_flood),
        cmocka_unit_test(a_session_ends_with_its_ticket),
        cmocka_unit_test(a_handshake_has_its_time),
        cmocka_unit_test(g24_strangers_get_no_answer),
        cmocka_unit_test(g20_an_address_changes),
        cmocka_unit_test(a_check_under_anothers_address_takes_nothing),
        cmocka_unit_test(an_address_that_was_left_is_free_again),
        cmocka_unit_test(g19_reports_are_exact),
        cmocka_unit_test(offers_that_are_refused),
        cmocka_unit_test(no_more_sessions_than_the_limit),
        cmocka_unit_test(nothing_is_allocated_per_packet),
        cmocka_unit_test(memory_that_runs_out),
    };

    if (crypto_start() != OK)
        return 1;
    return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
