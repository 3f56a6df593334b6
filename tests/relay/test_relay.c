/* The whole relay on real sockets: a thread with its loop and entrance, a worker, and clients over loopback.
 */
#define _GNU_SOURCE
#include "base/text.h"
#include "crypto/crypto.h"
#include "io/udp.h"
#include "relay/relay.h"
#include "ticket/write.h"
#include "wire/control.h"

#include "caller.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { GUESTS = 5, REPLY = 32768, ANSWER = 16384, PATIENCE_US = 15 * 1000 * 1000 };

static const uint8_t house_seed[32] = {42}, other_seed[32] = {43};

struct scene {
    struct loop *loop;
    struct http_server *http;
    struct bus *bus;
    struct relay *relay;
    struct relay_settings settings;
    struct address web, media;
    pthread_t thread;
    unsigned introduced;
};

static uint64_t unix_ms(void *self)
{
    struct timespec t;

    (void)self;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void *run(void *self)
{
    struct scene *s = self;

    assert_int_equal(loop_run(s->loop), OK);
    return NULL;
}

static struct scene *scene_with(unsigned workers, bool keyless)
{
    struct scene *s = calloc(1, sizeof *s);
    struct address anywhere;

    assert_non_null(s);
    assert_int_equal(address_parse_pair(BYTES_TEXT("127.0.0.1:0"), &anywhere), OK);
    assert_int_equal(loop_new(&s->loop), OK);
    assert_int_equal(bus_local(&s->bus), OK);
    const struct http_server_options options = {.loop = s->loop};
    assert_int_equal(http_server_new(&options, &s->http), OK);
    assert_int_equal(http_listen(s->http, &anywhere, NULL, &s->web), OK);
    s->settings = (struct relay_settings){.loop = s->loop,
                                          .http = s->http,
                                          .bus = s->bus,
                                          .subject = "relay",
                                          .load_subject = "load",
                                          .random = crypto_random(),
                                          .unix_ms = unix_ms,
                                          .media = anywhere,
                                          .url = "https://relay.example/media",
                                          .keyless = keyless,
                                          .workers = workers};
    memset(s->settings.tag, 0x77, TAG_BYTES);
    if (!keyless)
        assert_int_equal(crypto_ed25519_public(house_seed, s->settings.house_key), OK);
    assert_int_equal(relay_new(&s->settings, &s->relay), OK);
    s->media = relay_address(s->relay, 0);
    assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
    return s;
}

static struct scene *scene_new(unsigned workers)
{
    return scene_with(workers, false);
}

static void stop(void *self)
{
    struct scene *s = self;

    loop_stop(s->loop);
}

static void scene_free(struct scene *s)
{
    assert_int_equal(loop_post(s->loop, stop, s), OK);
    pthread_join(s->thread, NULL);
    http_server_free(s->http);
    relay_free(s->relay);
    bus_free(s->bus);
    loop_free(s->loop);
    free(s);
}

struct counting {
    const struct scene *scene;
    struct relay_counts counts;
    atomic_bool done;
};

static void count(void *self)
{
    struct counting *c = self;

    c->counts = relay_counts(c->scene->relay);
    atomic_store(&c->done, true);
}

/* The relay's figures, asked for on its own thread. */
static struct relay_counts counts_of(const struct scene *s)
{
    struct counting counting = {.scene = s};

    assert_int_equal(loop_post(s->loop, count, &counting), OK);
    while (!atomic_load(&counting.done))
        sched_yield();
    return counting.counts;
}

/* ---- HTTP, one blocking request at a time */

struct reply {
    unsigned status;
    char text[REPLY]; /* head and body */
    struct bytes body;
};

static void send_all(int fd, const void *at, size_t len)
{
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send(fd, (const char *)at + sent, len - sent, MSG_NOSIGNAL);

        assert_true(n > 0);
        sent += (size_t)n;
    }
}

static void ask(const struct scene *s, const char *method, const char *path, const char *bearer,
                const char *type, struct bytes body, struct reply *out)
{
    static const uint8_t loopback[4] = {127, 0, 0, 1};
    struct sockaddr_in to = {.sin_family = AF_INET};
    char head[2048], line[1024] = "";
    size_t len = 0;
    ssize_t n;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(&to.sin_addr, loopback, 4);
    memcpy(&to.sin_port, s->web.port, 2);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    if (bearer != NULL)
        snprintf(line, sizeof line, "Authorization: Bearer %s\r\n", bearer);
    snprintf(head, sizeof head,
             "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s%s%s%sContent-Length: %zu\r\n\r\n",
             method, path, line, type == NULL ? "" : "Content-Type: ", type == NULL ? "" : type,
             type == NULL ? "" : "\r\n", body.len);
    send_all(fd, head, strlen(head));
    send_all(fd, body.at, body.len);
    while (len < sizeof out->text - 1 && (n = recv(fd, out->text + len, sizeof out->text - 1 - len, 0)) > 0)
        len += (size_t)n;
    close(fd);
    out->text[len] = '\0';
    assert_int_equal(sscanf(out->text, "HTTP/1.1 %u ", &out->status), 1);
    char *end = strstr(out->text, "\r\n\r\n");
    assert_non_null(end);
    out->body = bytes(end + 4, len - (size_t)(end + 4 - out->text));
}

/* ---- guests: clients with a socket each */

struct guest {
    struct caller caller;
    struct udp *udp;
    char answer[ANSWER];
    char path[64]; /* of its session */
};

static struct guest guests[GUESTS];

static void grant(const struct scene *s, struct guest *g, uint64_t seconds, const uint8_t seed[static 32],
                  char out[static TICKET_TEXT_SIZE])
{
    memcpy(g->caller.ticket.relay, s->settings.tag, TAG_BYTES);
    g->caller.ticket.expiry_s = unix_ms(NULL) / 1000 + seconds;
    assert_int_equal(ticket_write(&g->caller.ticket, seed, out), OK);
}

static void post(const struct scene *s, struct guest *g, const char *bearer, struct reply *reply)
{
    ask(s, "POST", "/media", bearer, "application/sdp", g->caller.offer_text, reply);
}

static void guest_start(struct guest *g, uint8_t number, enum ticket_role role)
{
    struct address at;

    memset(g, 0, sizeof *g);
    assert_int_equal(address_parse_pair(BYTES_TEXT("127.0.0.1:0"), &at), OK);
    assert_int_equal(udp_open(&at, UDP_ALONE, &g->udp), OK);
    caller_start(&g->caller, crypto_random(), number, 1, role);
}

static void guest_end(struct guest *g)
{
    caller_end(&g->caller);
    udp_close(g->udp);
}

/* What has come for the guests, and what they have to say. */
static void turn(size_t count)
{
    struct pollfd fds[GUESTS];

    for (size_t i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = udp_fd(guests[i].udp), .events = POLLIN};
    poll(fds, (nfds_t)count, 2);
    for (size_t i = 0; i < count; i++) {
        struct caller *c = &guests[i].caller;
        const struct udp_packet *packets;
        unsigned packet_count;
        uint64_t now_us = loop_now_us();

        while (udp_receive(guests[i].udp, &packets, &packet_count) == OK) {
            for (unsigned p = 0; p < packet_count && c->hop != NULL; p++)
                caller_take(c, now_us, &packets[p].from, packets[p].body);
        }
        caller_due(c, now_us);
        udp_send(guests[i].udp, &c->box);
        outbox_clear(&c->box);
    }
}

static bool all_open(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (hop_state(guests[i].caller.hop) != HOP_OPEN)
            return false;
    }
    return true;
}

#define UNTIL(count, condition)                                                                              \
    do {                                                                                                     \
        uint64_t until_us = loop_now_us() + PATIENCE_US;                                                     \
                                                                                                             \
        while (!(condition)) {                                                                               \
            assert_true(loop_now_us() < until_us);                                                           \
            turn(count);                                                                                     \
        }                                                                                                    \
    } while (0)

static void enter(const struct scene *s, struct guest *g, uint64_t seconds)
{
    char ticket[TICKET_TEXT_SIZE];
    struct reply reply;

    grant(s, g, seconds, house_seed, ticket);
    post(s, g, ticket, &reply);
    assert_int_equal(reply.status, 201);
    const char *location = strstr(reply.text, "ocation: /media/");
    assert_non_null(location);
    assert_int_equal(sscanf(location, "ocation: %63s", g->path), 1);
    memcpy(g->answer, reply.body.at, reply.body.len);
    caller_answered(&g->caller, bytes(g->answer, reply.body.len), crypto_random(), loop_now_us());
}

/* The first speaks, the others listen; all are open. */
static struct scene *gather(size_t count, unsigned workers)
{
    struct scene *s = scene_new(workers);

    for (size_t i = 0; i < count; i++) {
        guest_start(&guests[i], (uint8_t)(i + 1), i == 0 ? TICKET_SPEAKER : TICKET_LISTENER);
        enter(s, &guests[i], 50);
    }
    UNTIL(count, all_open(count));
    return s;
}

static void part(struct scene *s, size_t count)
{
    for (size_t i = 0; i < count; i++)
        guest_end(&guests[i]);
    scene_free(s);
}

static struct bytes frame(uint32_t number)
{
    static uint8_t room[FRAME_SEALED_SPEECH];

    for (size_t i = 0; i < sizeof room; i++)
        room[i] = (uint8_t)(number * 31 + i * 7);
    return bytes(room, sizeof room);
}

/* One frame, and its 20 ms. */
static void say(struct guest *g, size_t count, uint32_t number)
{
    uint8_t room[CALLER_PACKET];
    struct bytes_mut packet = caller_packet(&g->caller, frame(number), 0, room);
    uint64_t next_us = loop_now_us() + FRAME_US;

    assert_int_equal(udp_send_one(g->udp, &g->caller.answer.candidates[0], bytes_const(packet)), 0);
    while (loop_now_us() < next_us)
        turn(count);
}

/* Says frames until the last of them is heard or not. */
static bool is_heard(struct guest *speaker, const struct guest *listener, size_t count)
{
    size_t before = listener->caller.heard_count;

    for (uint32_t n = 0; n < 25 && listener->caller.heard_count == before; n++)
        say(speaker, count, 1000 + n);
    return listener->caller.heard_count != before;
}

static void one_speaker_and_three_listeners(unsigned workers)
{
    struct scene *s = gather(4, workers);

    for (uint32_t n = 0; n < 50; n++)
        say(&guests[0], 4, n);
    UNTIL(4, guests[1].caller.heard_count >= 50 && guests[2].caller.heard_count >= 50 &&
                 guests[3].caller.heard_count >= 50);
    for (size_t i = 1; i < 4; i++) {
        const struct caller *c = &guests[i].caller;

        assert_int_equal(c->heard_count, 50);
        for (uint32_t n = 0; n < 50; n++) {
            assert_int_equal(c->heard[n].rtp.payload.len, FRAME_SEALED_SPEECH);
            assert_memory_equal(c->heard[n].payload, frame(n).at, FRAME_SEALED_SPEECH);
            assert_int_equal(c->heard[n].rtp.ssrc, c->answer.media[1].ssrc);
            assert_int_equal(c->heard[n].rtp.time - c->heard[0].rtp.time, n * FRAME_SAMPLES);
        }
    }
    UNTIL(4, counts_of(s).packets_in >= 50); /* the worker tells them a moment later */
    assert_int_equal(counts_of(s).packets_in, 50);
    part(s, 4);
}

static void frames_reach_three_listeners(void **state)
{
    (void)state;
    one_speaker_and_three_listeners(1);
}

static void a_room_shares_one_of_many_workers(void **state)
{
    (void)state;
    one_speaker_and_three_listeners(3);
}

static void tickets_that_let_nobody_in(void **state)
{
    struct scene *s = scene_new(1);
    struct guest *g = &guests[0];
    char ticket[TICKET_TEXT_SIZE];
    struct reply reply;

    (void)state;
    guest_start(g, 1, TICKET_SPEAKER);
    post(s, g, NULL, &reply);
    assert_int_equal(reply.status, 401);
    post(s, g, "v4.public.AAAA", &reply);
    assert_int_equal(reply.status, 401);
    grant(s, g, 50, other_seed, ticket); /* another house */
    post(s, g, ticket, &reply);
    assert_int_equal(reply.status, 401);
    grant(s, g, 0, house_seed, ticket); /* over */
    post(s, g, ticket, &reply);
    assert_int_equal(reply.status, 401);
    grant(s, g, 90, house_seed, ticket); /* too long */
    post(s, g, ticket, &reply);
    assert_int_equal(reply.status, 401);
    s->settings.tag[0] ^= 1; /* another relay */
    grant(s, g, 50, house_seed, ticket);
    s->settings.tag[0] ^= 1;
    post(s, g, ticket, &reply);
    assert_int_equal(reply.status, 401);
    g->caller.ticket.fingerprint[0] ^= 1; /* another certificate */
    grant(s, g, 50, house_seed, ticket);
    g->caller.ticket.fingerprint[0] ^= 1;
    post(s, g, ticket, &reply);
    assert_int_equal(reply.status, 401);
    assert_int_equal(counts_of(s).sessions, 0);
    part(s, 1);
}

static void f32_an_older_ticket_is_refused(void **state)
{
    struct scene *s = scene_new(1);
    struct guest *g = &guests[0];
    char first[TICKET_TEXT_SIZE], second[TICKET_TEXT_SIZE], third[TICKET_TEXT_SIZE];
    struct reply reply;

    (void)state;
    guest_start(g, 1, TICKET_SPEAKER);
    g->caller.ticket.number = 5;
    grant(s, g, 50, house_seed, first);
    g->caller.ticket.number = 6;
    g->caller.ticket.role = TICKET_LISTENER; /* taken off the stage */
    grant(s, g, 50, house_seed, second);
    g->caller.ticket.number = 7;
    grant(s, g, 50, house_seed, third);

    post(s, g, first, &reply);
    assert_int_equal(reply.status, 201);
    post(s, g, first, &reply);
    assert_int_equal(reply.status, 401);
    post(s, g, third, &reply); /* the seat's session makes way */
    assert_int_equal(reply.status, 201);
    post(s, g, second, &reply);
    assert_int_equal(reply.status, 401);
    assert_int_equal(counts_of(s).sessions, 1);
    part(s, 1);
}

static void requests_that_make_no_sense(void **state)
{
    struct scene *s = scene_new(1);
    struct guest *g = &guests[0];
    char ticket[TICKET_TEXT_SIZE];
    struct reply reply;

    (void)state;
    guest_start(g, 1, TICKET_SPEAKER);
    grant(s, g, 50, house_seed, ticket);
    ask(s, "POST", "/media", ticket, "text/plain", g->caller.offer_text, &reply);
    assert_int_equal(reply.status, 415);
    ask(s, "POST", "/media", ticket, "application/sdp", BYTES_TEXT("hello"), &reply);
    assert_int_equal(reply.status, 400);
    ask(s, "POST", "/media", ticket, "application/sdp", BYTES_TEXT("v=0\r\nm=audio 9 RTP/AVP 0\r\n"), &reply);
    assert_int_equal(reply.status, 400);
    ask(s, "PATCH", "/media/AAAAAAAAAAAAAAAAAAAAAA", ticket, NULL, (struct bytes){0}, &reply);
    assert_int_equal(reply.status, 404);
    ask(s, "DELETE", "/media/x", ticket, NULL, (struct bytes){0}, &reply);
    assert_int_equal(reply.status, 404);
    ask(s, "GET", "/media", ticket, NULL, (struct bytes){0}, &reply);
    assert_int_equal(reply.status, 405);
    post(s, g, ticket, &reply); /* none of it has used the ticket up */
    assert_int_equal(reply.status, 201);
    part(s, 1);
}

static unsigned patch(const struct scene *s, struct guest *g, uint32_t number, enum ticket_role role,
                      uint64_t seconds)
{
    char ticket[TICKET_TEXT_SIZE];
    struct reply reply;

    g->caller.ticket.number = number;
    g->caller.ticket.role = role;
    grant(s, g, seconds, house_seed, ticket);
    ask(s, "PATCH", g->path, ticket, NULL, (struct bytes){0}, &reply);
    return reply.status;
}

static void a_renewed_ticket_changes_the_role(void **state)
{
    struct scene *s = gather(2, 1);

    (void)state;
    assert_true(is_heard(&guests[0], &guests[1], 2));
    assert_int_equal(patch(s, &guests[0], 2, TICKET_LISTENER, 50), 204);
    assert_false(is_heard(&guests[0], &guests[1], 2));
    assert_int_equal(patch(s, &guests[0], 2, TICKET_SPEAKER, 50), 401); /* used */
    assert_int_equal(patch(s, &guests[0], 3, TICKET_SPEAKER, 50), 204);
    assert_true(is_heard(&guests[0], &guests[1], 2));
    /* A ticket of another seat does nothing here. */
    char path[sizeof guests[1].path];
    memcpy(path, guests[1].path, sizeof path);
    memcpy(guests[1].path, guests[0].path, sizeof path);
    assert_int_equal(patch(s, &guests[1], 9, TICKET_LISTENER, 50), 401);
    part(s, 2);
}

/* The restart of ICE in WHIP (RFC 9725, section 4.3.3), which this relay does not have: who tries it keeps
 * the session that there is. */
static void g22_an_ice_restart_is_refused_and_hurts_nothing(void **state)
{
    struct scene *s = gather(2, 1);
    char ticket[TICKET_TEXT_SIZE];
    struct reply reply;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        guests[i].caller.ticket.number++;
        grant(s, &guests[i], 50, house_seed, ticket);
        ask(s, "PATCH", guests[i].path, ticket, "application/trickle-ice-sdpfrag",
            BYTES_TEXT("a=ice-ufrag:abcdefgh\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"), &reply);
        assert_in_range(reply.status, 400, 499);
    }
    assert_true(is_heard(&guests[0], &guests[1], 2));
    assert_int_equal(counts_of(s).sessions, 2);
    part(s, 2);
}

static void a_ticket_that_lapses_ends_its_session(void **state)
{
    struct scene *s = scene_new(1);

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        guest_start(&guests[i], (uint8_t)(i + 1), i == 0 ? TICKET_SPEAKER : TICKET_LISTENER);
        enter(s, &guests[i], i == 0 ? 50 : 3);
    }
    UNTIL(3, all_open(3));
    assert_int_equal(patch(s, &guests[2], 2, TICKET_LISTENER, 50), 204);
    assert_true(is_heard(&guests[0], &guests[1], 3));
    UNTIL(3, hop_state(guests[1].caller.hop) == HOP_CLOSED);
    assert_true(is_heard(&guests[0], &guests[2], 3)); /* the renewed one */
    assert_int_equal(patch(s, &guests[1], 2, TICKET_LISTENER, 50), 404);
    part(s, 3);
}

static void a_session_is_deleted(void **state)
{
    struct scene *s = gather(2, 1);
    char ticket[TICKET_TEXT_SIZE];
    struct reply reply;

    (void)state;
    grant(s, &guests[1], 50, house_seed, ticket);
    ask(s, "DELETE", guests[1].path, ticket, NULL, (struct bytes){0}, &reply);
    assert_int_equal(reply.status, 200);
    UNTIL(2, hop_state(guests[1].caller.hop) == HOP_CLOSED);
    ask(s, "DELETE", guests[1].path, ticket, NULL, (struct bytes){0}, &reply);
    assert_int_equal(reply.status, 404);
    part(s, 2);
}

static void tell(const struct scene *s, const struct control *message)
{
    uint8_t room[CONTROL_BYTES];
    struct bytes written;

    assert_int_equal(control_write(message, (struct bytes_mut){room, sizeof room}, &written), OK);
    assert_int_equal(bus_publish(s->bus, "relay", written), OK);
}

static void the_house_revokes_a_seat(void **state)
{
    struct scene *s = gather(3, 1);
    struct control message = {.type = CONTROL_REVOKE_SEAT, .revoke_seat = {.number = 7}};

    (void)state;
    memcpy(message.revoke_seat.seat, guests[1].caller.ticket.seat, TAG_BYTES);
    tell(s, &message);
    UNTIL(3, hop_state(guests[1].caller.hop) == HOP_CLOSED);
    assert_true(is_heard(&guests[0], &guests[2], 3));
    assert_int_equal(patch(s, &guests[1], 8, TICKET_LISTENER, 50), 404);

    char ticket[TICKET_TEXT_SIZE];
    struct reply reply;
    guests[1].caller.ticket.number = 7;
    grant(s, &guests[1], 50, house_seed, ticket);
    post(s, &guests[1], ticket, &reply);
    assert_int_equal(reply.status, 401);
    guests[1].caller.ticket.number = 8; /* the house has let him in again */
    grant(s, &guests[1], 50, house_seed, ticket);
    post(s, &guests[1], ticket, &reply);
    assert_int_equal(reply.status, 201);

    const char *location = strstr(reply.text, "ocation: /media/");
    assert_non_null(location);
    assert_int_equal(sscanf(location, "ocation: %63s", guests[1].path), 1);

    /* Said again, as after a link that broke, it is not meant for the newer ticket. */
    tell(s, &message);
    memcpy(message.revoke_seat.seat, guests[0].caller.ticket.seat, TAG_BYTES);
    tell(s, &message);
    UNTIL(3, hop_state(guests[0].caller.hop) == HOP_CLOSED);
    assert_int_equal(patch(s, &guests[1], 9, TICKET_LISTENER, 50), 204);
    memcpy(message.revoke_seat.seat, guests[1].caller.ticket.seat, TAG_BYTES);
    message.revoke_seat.number = 9;
    tell(s, &message);
    UNTIL(3, patch(s, &guests[1], 9, TICKET_LISTENER, 50) == 404);
    part(s, 3);
}

static void the_house_ends_a_room(void **state)
{
    struct scene *s = gather(3, 1);
    struct control message = {.type = CONTROL_END_ROOM};
    char ticket[TICKET_TEXT_SIZE];
    struct reply reply;

    (void)state;
    memcpy(message.end_room.room, guests[0].caller.ticket.room, TAG_BYTES);
    tell(s, &message);
    UNTIL(3, hop_state(guests[0].caller.hop) == HOP_CLOSED && hop_state(guests[1].caller.hop) == HOP_CLOSED &&
                 hop_state(guests[2].caller.hop) == HOP_CLOSED);
    guests[1].caller.ticket.number = 2;
    grant(s, &guests[1], 50, house_seed, ticket);
    post(s, &guests[1], ticket, &reply);
    assert_int_equal(reply.status, 401);
    part(s, 3);
}

static unsigned status_of_entering(const struct scene *s, struct guest *g, const uint8_t seed[static 32])
{
    char ticket[TICKET_TEXT_SIZE];
    struct reply reply;

    grant(s, g, 50, seed, ticket);
    post(s, g, ticket, &reply);
    return reply.status;
}

static void the_house_changes_its_key_and_drains(void **state)
{
    struct scene *s = scene_new(1);
    struct control key = {.type = CONTROL_HOUSE_KEY}, drain = {.type = CONTROL_DRAIN};
    struct guest *g = &guests[0];
    unsigned status = 0;

    (void)state;
    guest_start(g, 1, TICKET_SPEAKER);
    assert_int_equal(crypto_ed25519_public(other_seed, key.house_key.key), OK);
    tell(s, &key);
    UNTIL(1, (status = status_of_entering(s, g, other_seed)) != 401);
    assert_int_equal(status, 201);
    assert_int_equal(status_of_entering(s, g, house_seed), 401);
    tell(s, &drain);
    UNTIL(1, (g->caller.ticket.number++, status = status_of_entering(s, g, other_seed)) != 201);
    assert_int_equal(status, 503);
    part(s, 1);
}

static void without_a_key_it_takes_nobody(void **state)
{
    static const uint8_t nothing[32] = {0};
    struct scene *s = scene_with(1, true);
    struct control key = {.type = CONTROL_HOUSE_KEY};
    struct guest *g = &guests[0];
    unsigned status = 0;

    (void)state;
    guest_start(g, 1, TICKET_SPEAKER);
    assert_int_equal(status_of_entering(s, g, house_seed), 503);
    assert_int_equal(status_of_entering(s, g, nothing), 503);
    assert_int_equal(crypto_ed25519_public(house_seed, key.house_key.key), OK);
    tell(s, &key);
    UNTIL(1, (status = status_of_entering(s, g, house_seed)) != 503);
    assert_int_equal(status, 201);
    part(s, 1);
}

static void on_name(void *context, struct bytes message)
{
    struct scene *s = context;
    struct control c;

    assert_int_equal(control_read(message, &c), OK);
    if (c.type != CONTROL_RELAY_IS)
        return;
    assert_memory_equal(c.relay_is.relay, s->settings.tag, TAG_BYTES);
    assert_true(bytes_equal(c.relay_is.url, BYTES_TEXT("https://relay.example/media")));
    s->introduced++;
}

static void introduce(void *self)
{
    struct scene *s = self;

    assert_int_equal(relay_introduce(s->relay), OK);
}

static void it_says_who_it_is(void **state)
{
    struct scene *s = gather(1, 1);
    struct bus_subscription *subscription;

    (void)state;
    assert_int_equal(bus_subscribe(s->bus, "load", NULL, on_name, s, &subscription), OK);
    assert_int_equal(loop_post(s->loop, introduce, s), OK);
    UNTIL(1, (bus_drain(subscription), s->introduced != 0));
    assert_int_equal(s->introduced, 1);
    bus_unsubscribe(subscription);
    part(s, 1);
}

static void on_load(void *context, struct bytes message)
{
    struct control c;

    assert_int_equal(control_read(message, &c), OK);
    assert_int_equal(c.type, CONTROL_LOAD);
    *(struct control_load *)context = c.load;
}

static void the_load_is_told(void **state)
{
    struct scene *s = gather(2, 1);
    struct control_load load = {0};
    struct bus_subscription *subscription;

    (void)state;
    assert_int_equal(bus_subscribe(s->bus, "load", NULL, on_load, &load, &subscription), OK);
    for (uint32_t n = 0; n < 25; n++)
        say(&guests[0], 2, n);
    UNTIL(2, (bus_drain(subscription), load.sessions != 0));
    assert_int_equal(load.sessions, 2);
    assert_memory_equal(load.relay, s->settings.tag, TAG_BYTES);
    assert_true(load.packets_in >= 1 && load.packets_in <= 50);
    assert_true(load.packets_out >= load.packets_in);
    bus_unsubscribe(subscription);
    part(s, 2);
}

/* Garbage at the relay's port, of each kind that shares it, is no reason for an answer or a stumble. */
static void g24_garbage_at_the_port(void **state)
{
    static const uint8_t firsts[] = {0, 1, 20, 22, 23, 64, 128, 200, 255};
    struct scene *s = gather(2, 1);
    struct guest *stranger = &guests[2];
    const struct udp_packet *packets;
    uint8_t junk[1400];
    unsigned count;

    (void)state;
    guest_start(stranger, 3, TICKET_LISTENER);
    for (uint32_t n = 0; n < 2000; n++) {
        size_t len = random_u32(crypto_random()) % sizeof junk;

        random_fill(crypto_random(), junk, sizeof junk);
        junk[0] = firsts[n % sizeof firsts];
        udp_send_one(stranger->udp, &s->media, bytes(junk, len));
        if (n % 50 == 0)
            say(&guests[0], 2, n / 50);
    }
    UNTIL(2, guests[1].caller.heard_count >= 40);
    assert_int_equal(udp_receive(stranger->udp, &packets, &count), E_AGAIN);
    UNTIL(2, counts_of(s).refused > 0);
    guest_end(stranger);
    part(s, 2);
}

/* Sessions that never come to a handshake fill a worker up to its bound, and no further. */
static void handshakes_are_bounded(void **state)
{
    struct scene *s = scene_new(1);
    struct guest *g = &guests[0];
    char ticket[TICKET_TEXT_SIZE];
    struct reply reply;

    (void)state;
    guest_start(g, 1, TICKET_LISTENER);
    for (unsigned n = 0; n <= RELAY_HANDSHAKES_MAX; n++) {
        g->caller.ticket.seat[0] = (uint8_t)n;
        g->caller.ticket.seat[1] = (uint8_t)(n >> 8);
        grant(s, g, 50, house_seed, ticket);
        post(s, g, ticket, &reply);
        assert_int_equal(reply.status, n < RELAY_HANDSHAKES_MAX ? 201 : 503);
    }
    assert_int_equal(counts_of(s).sessions, RELAY_HANDSHAKES_MAX);
    part(s, 1);
}

static void settings_that_cannot_be(void **state)
{
    struct scene *s = scene_new(1);
    struct relay_settings settings = s->settings;
    struct relay *relay;

    (void)state;
    assert_int_equal(address_parse_pair(BYTES_TEXT("0.0.0.0:0"), &settings.media), OK);
    assert_int_equal(relay_new(&settings, &relay), E_MALFORMED); /* what would clients be told? */
    settings = s->settings;
    settings.media = s->media;
    assert_int_equal(relay_new(&settings, &relay), E_IO); /* taken */
    settings = s->settings;
    settings.workers = RELAY_WORKERS_MAX + 1;
    assert_int_equal(relay_new(&settings, &relay), E_MALFORMED);
    scene_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_reach_three_listeners),
        cmocka_unit_test(a_room_shares_one_of_many_workers),
        cmocka_unit_test(tickets_that_let_nobody_in),
        cmocka_unit_test(f32_an_older_ticket_is_refused),
        cmocka_unit_test(requests_that_make_no_sense),
        cmocka_unit_test(a_renewed_ticket_changes_the_role),
        cmocka_unit_test(g22_an_ice_restart_is_refused_and_hurts_nothing),
        cmocka_unit_test(a_ticket_that_lapses_ends_its_session),
        cmocka_unit_test(a_session_is_deleted),
        cmocka_unit_test(the_house_revokes_a_seat),
        cmocka_unit_test(the_house_ends_a_room),
        cmocka_unit_test(the_house_changes_its_key_and_drains),
        cmocka_unit_test(without_a_key_it_takes_nobody),
        cmocka_unit_test(it_says_who_it_is),
        cmocka_unit_test(the_load_is_told),
        cmocka_unit_test(g24_garbage_at_the_port),
        cmocka_unit_test(handshakes_are_bounded),
        cmocka_unit_test(settings_that_cannot_be),
    };

    if (crypto_start() != OK)
        return 1;
    return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
