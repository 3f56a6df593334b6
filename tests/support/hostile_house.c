#define _POSIX_C_SOURCE 200809L
#include "support/hostile_house.h"

#include "crypto/crypto.h"
#include "sound/opus.h"
#include "support/held_clock.h"
#include "support/played_media.h"
#include "wire/envelope.h"

#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

enum { STEP_MS = 20, PATIENCE_MS = 20000 };

static const char *const names[] = {"ada", "ben", "cat", "ghost"};

uint64_t hostile_house_ms(void)
{
    return loop_now_us() / 1000;
}

/* --- The houses, without a server of their own --- */

static uint64_t unix_ms(void *self)
{
    struct timespec day;

    (void)self;
    clock_gettime(CLOCK_REALTIME, &day);
    return (uint64_t)day.tv_sec * 1000 + (uint64_t)day.tv_nsec / 1000000;
}

static void attend(struct hostile_house *h, unsigned n)
{
    uint64_t due = h->houses[n]->due_ms;

    if (due <= hostile_house_ms())
        due = house_due(h->houses[n], hostile_house_ms());
    if (due == UINT64_MAX)
        loop_timer_clear(h->due[n]);
    else
        loop_timer_set(h->due[n], due * 1000);
}

static void first_due(void *context)
{
    attend(context, 0);
}

static void second_due(void *context)
{
    attend(context, 1);
}

static void open_house(struct hostile_house *h, unsigned n)
{
    const struct house_settings settings = {.random = &h->seeded.random,
                                            .unix_ms = unix_ms,
                                            .relay_subject = "relay",
                                            .relay_tag = "relay that lies!",
                                            .media_url = "http://127.0.0.1:9/media"};
    struct house_settings s = settings;
    const char *why = NULL;

    assert_int_equal(bus_local(&h->buses[n]), OK);
    assert_int_equal(store_open(h->folders[n], house_schema(), &h->seeded.random, &h->stores[n], &why), OK);
    s.bus = h->buses[n];
    s.store = h->stores[n];
    assert_int_equal(house_new(&s, &h->houses[n]), OK);
    assert_int_equal(loop_timer_new(h->loop, n == 0 ? first_due : second_due, h, &h->due[n]), OK);
}

/* --- Accounts and the room, by sessions without a link --- */

struct errand {
    uint8_t nonce[32];
    enum signal_type got;
};

static enum result errand_take(void *self, struct bytes padded)
{
    struct errand *e = self;
    struct bytes plain;
    struct signal s;

    assert_int_equal(envelope_unpad(padded, &plain), OK);
    assert_int_equal(signal_read(plain, &s), OK);
    e->got = s.type;
    if (s.type == SIGNAL_CHALLENGE)
        memcpy(e->nonce, s.challenge.nonce, sizeof e->nonce);
    return OK;
}

static void errand_close(void *self, unsigned code)
{
    (void)self;
    (void)code;
}

static void hand_in(struct session *session, const struct signal *s)
{
    static uint8_t plain[SIGNAL_BYTES], padded[SIGNAL_BYTES];
    struct bytes message, whole;

    assert_int_equal(signal_write(s, (struct bytes_mut){plain, sizeof plain}, &message), OK);
    assert_int_equal(envelope_pad(message, (struct bytes_mut){padded, sizeof padded}, &whole), OK);
    session_take(session, hostile_house_ms(), whole);
}

static void sign_up(const struct hostile_guest *g, const uint8_t nonce[static 32], struct signal *s)
{
    uint8_t content[32 + HANDLE_BYTES];
    size_t len = strlen(g->identity.handle);

    *s = (struct signal){.type = SIGNAL_SIGN_UP, .request = 1};
    memcpy(content, nonce, 32);
    memcpy(content + 32, g->identity.handle, len);
    memcpy(s->sign_up.account, g->identity.account_key, 32);
    s->sign_up.handle = bytes(g->identity.handle, len);
    assert_int_equal(
        identity_sign(&g->identity, ENVELOPE_SIGN_UP, NULL, bytes(content, 32 + len), s->sign_up.signature),
        OK);
}

/* An account; and the room, where it is Ada's. */
static void furnish_one(struct hostile_house *h, unsigned n, unsigned who, bool with_room)
{
    struct errand e = {.got = (enum signal_type)0};
    const struct line line = {errand_take, errand_close, &e};
    struct session *session;
    struct signal s;

    assert_int_equal(session_new(h->houses[n], hostile_house_ms(), &line, &session), OK);
    sign_up(&h->guests[who], e.nonce, &s);
    hand_in(session, &s);
    assert_int_equal(e.got, SIGNAL_SIGNED_IN);
    if (with_room) {
        s = (struct signal){.type = SIGNAL_ROOM_NEW,
                            .request = 2,
                            .room_new = {.charter = h->charter_bytes, .title = BYTES_TEXT("Tea")}};
        memcpy(s.room_new.signature, h->signature, sizeof h->signature);
        hand_in(session, &s);
        assert_int_equal(e.got, SIGNAL_ROOM_IS);
    }
    session_end(session, hostile_house_ms());
    attend(h, n);
}

static void furnish(struct hostile_house *h, unsigned n)
{
    for (unsigned who = 0; who < HOSTILE_GUESTS; who++)
        furnish_one(h, n, who, who == ADA);
}

/* --- The links --- */

static void send(struct hostile_guest *g, const struct signal *s)
{
    static uint8_t plain[SIGNAL_BYTES], padded[SIGNAL_BYTES];
    struct bytes message, whole;

    if (g->ws == NULL)
        return;
    assert_int_equal(signal_write(s, (struct bytes_mut){plain, sizeof plain}, &message), OK);
    assert_int_equal(envelope_pad(message, (struct bytes_mut){padded, sizeof padded}, &whole), OK);
    (void)!ws_send(g->ws, whole); /* it may be closing */
}

void hostile_house_say(struct hostile_house *h, unsigned who, const struct signal *s)
{
    send(&h->guests[who], s);
}

void hostile_house_bring(struct hostile_house *h, unsigned who, const struct signal *s)
{
    struct hostile_guest *g = &h->guests[who];

    if (g->session == NULL)
        return;
    hand_in(g->session, s);
    attend(h, g->at);
}

/* The house speaks. What it said is copied: the liar may have the house go on while it holds it. */
static enum result line_send(void *self, struct bytes padded)
{
    struct hostile_guest *g = self;
    struct hostile_house *h = g->house;
    uint8_t *copy;
    struct bytes plain;
    struct signal s;

    assert_int_equal(envelope_unpad(padded, &plain), OK);
    copy = malloc(plain.len);
    assert_non_null(copy);
    memcpy(copy, plain.at, plain.len);
    assert_int_equal(signal_read(bytes(copy, plain.len), &s), OK);
    if (h->to_guest == NULL || h->to_guest(h, g->number, &s))
        send(g, &s);
    free(copy);
    return OK;
}

static void line_close(void *self, unsigned code)
{
    struct hostile_guest *g = self;

    g->session = NULL;
    if (g->ws != NULL)
        ws_close(g->ws, code, "");
}

static void on_message(void *context, struct ws *ws, struct bytes padded)
{
    struct hostile_guest *g = context;
    struct hostile_house *h = g->house;
    struct bytes plain;
    struct signal s;

    (void)ws;
    assert_int_equal(envelope_unpad(padded, &plain), OK);
    assert_int_equal(signal_read(plain, &s), OK);
    if (h->to_house == NULL || h->to_house(h, g->number, &s))
        hostile_house_bring(h, g->number, &s);
}

static void on_closed(void *context, struct ws *ws, unsigned code, enum result why)
{
    struct hostile_guest *g = context;
    struct session *session = g->session;

    (void)ws;
    (void)code;
    (void)why;
    g->ws = NULL;
    g->session = NULL;
    if (session == NULL || g->house->houses[g->at] == NULL)
        return;
    session_end(session, hostile_house_ms());
    attend(g->house, g->at);
}

static void on_accept(void *context, struct ws *ws, const struct http_request *request)
{
    static const struct ws_events events = {.message = on_message, .closed = on_closed};
    struct hostile_guest *g = context;
    const struct line line = {line_send, line_close, g};

    (void)request;
    if (g->ws != NULL) { /* of a client that is no more */
        ws_free(g->ws);
        on_closed(g, NULL, 1006, E_CLOSED);
    }
    g->ws = ws;
    ws_attach(ws, &events, g);
    assert_int_equal(session_new(g->house->houses[g->at], hostile_house_ms(), &line, &g->session), OK);
    attend(g->house, g->at);
}

static void open_door(struct hostile_guest *g)
{
    static const char *const origins[] = {NULL};
    const struct ws_route route = {.path = "/signal",
                                   .protocol = "teahouse.1",
                                   .limits = {.message_max = SIGNAL_BYTES},
                                   .accept = on_accept,
                                   .context = g};
    const struct http_server_options options = {.loop = g->house->loop, .origins = origins};
    struct address at, real;

    assert_int_equal(address_parse_pair(BYTES_TEXT("127.0.0.1:0"), &at), OK);
    assert_int_equal(http_server_new(&options, &g->server), OK);
    assert_int_equal(http_listen(g->server, &at, NULL, &real), OK);
    assert_int_equal(ws_route_add(g->server, &route), OK);
    snprintf(g->identity.house_url, sizeof g->identity.house_url, "http://127.0.0.1:%u", address_port(&real));
}

/* --- The relay --- */

static unsigned guest_of(const struct hostile_house *h, const struct client *client)
{
    unsigned who = 0;

    while (who < HOSTILE_GUESTS && h->guests[who].client != client)
        who++;
    return who;
}

static bool passes(void *context, const struct client *from, const struct client *to, struct bytes_mut packet)
{
    struct hostile_house *h = context;
    unsigned speaker = guest_of(h, from), hearer = guest_of(h, to);

    if (speaker == HOSTILE_GUESTS || hearer == HOSTILE_GUESTS)
        return false;
    return h->relay == NULL || h->relay(h, speaker, hearer, packet);
}

/* --- Beginning and end --- */

void hostile_house_start(struct hostile_house *h, const struct charter *like)
{
    memset(h, 0, sizeof *h);
    assert_int_equal(crypto_start(), OK);
    seeded_start(&h->seeded, 4);
    h->loop = held_loop();
    scratch_make(h->folders[0]);
    open_house(h, 0);
    memcpy(h->key, house_key(h->houses[0]), sizeof h->key);
    for (unsigned who = 0; who < HOSTILE_GUESTS; who++) {
        struct hostile_guest *g = &h->guests[who];

        g->house = h;
        g->number = who;
        assert_int_equal(identity_new(&h->seeded.random, &g->identity), OK);
        memcpy(g->identity.house_key, h->key, sizeof h->key);
        snprintf(g->identity.handle, sizeof g->identity.handle, "%s", names[who]);
        open_door(g);
    }
    h->charter = *like;
    memcpy(h->charter.maker, h->guests[ADA].identity.account_key, 32);
    memcpy(h->charter.house, h->key, 32);
    if (like->kind == CHARTER_PRIVATE) {
        random_fill(&h->seeded.random, h->secret, sizeof h->secret);
        assert_int_equal(core_link_key(h->secret, h->charter.link_key), OK);
        for (unsigned who = 0; who < GHOST; who++)
            h->guests[who].secret = h->secret;
    }
    assert_int_equal(core_charter_sign(&h->charter, h->guests[ADA].identity.seed,
                                       (struct bytes_mut){h->charter_text, sizeof h->charter_text},
                                       &h->charter_bytes, h->signature, h->room),
                     OK);
    furnish(h, 0);
    played_media_relay(&(struct played_relay){passes, h});
}

static void close_house(struct hostile_house *h, unsigned n)
{
    if (h->houses[n] == NULL)
        return;
    house_free(h->houses[n]);
    h->houses[n] = NULL;
    loop_timer_free(h->due[n]);
    store_close(h->stores[n]);
    bus_free(h->buses[n]);
    scratch_remove(h->folders[n]);
}

void hostile_house_end(struct hostile_house *h)
{
    h->to_guest = h->to_house = NULL;
    for (unsigned who = 0; who < HOSTILE_GUESTS; who++) {
        struct hostile_guest *g = &h->guests[who];

        client_free(g->client);
        if (g->session != NULL)
            session_end(g->session, hostile_house_ms());
        ws_free(g->ws);
        http_server_free(g->server);
        identity_wipe(&g->identity);
    }
    for (unsigned n = 0; n < HOUSES; n++)
        close_house(h, n);
    played_media_relay(&(struct played_relay){0});
    loop_free(h->loop);
}

static void copy_key(const struct hostile_house *h)
{
    char from[SCRATCH_PATH], to[SCRATCH_PATH];
    uint8_t key[64];
    size_t len;
    FILE *file;

    scratch_path(h->folders[0], "house.key", from);
    scratch_path(h->folders[1], "house.key", to);
    file = fopen(from, "rb");
    assert_non_null(file);
    len = fread(key, 1, sizeof key, file);
    fclose(file);
    file = fopen(to, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(key, 1, len, file), len);
    fclose(file);
    assert_int_equal(chmod(to, 0600), 0);
}

void hostile_house_split(struct hostile_house *h)
{
    scratch_make(h->folders[1]);
    copy_key(h);
    open_house(h, 1);
    assert_memory_equal(house_key(h->houses[1]), h->key, sizeof h->key);
    furnish(h, 1);
}

void hostile_house_neighbour(struct hostile_house *h, unsigned who)
{
    uint8_t *pinned = h->guests[who].identity.house_key;

    scratch_make(h->folders[1]);
    open_house(h, 1);
    assert_memory_not_equal(house_key(h->houses[1]), h->key, sizeof h->key);
    memcpy(pinned, house_key(h->houses[1]), sizeof h->key);
    furnish_one(h, 1, who, false);
    memcpy(pinned, h->key, sizeof h->key);
}

/* --- Guests --- */

/* Minutes of sound are made here, and nobody listens to how it sounds: after a second each frame is the last
 * one again. */
void __real_sound_encode(struct sound_encoder *, const float in[static SOUND_FRAME],
                         uint8_t out[static SOUND_SPEECH_BYTES]);
void __wrap_sound_encode(struct sound_encoder *, const float in[static SOUND_FRAME],
                         uint8_t out[static SOUND_SPEECH_BYTES]);

void __wrap_sound_encode(struct sound_encoder *encoder, const float in[static SOUND_FRAME],
                         uint8_t out[static SOUND_SPEECH_BYTES])
{
    static uint8_t last[SOUND_SPEECH_BYTES];
    static unsigned made;

    if (made < 50) {
        made++;
        __real_sound_encode(encoder, in, last);
    }
    memcpy(out, last, sizeof last);
}

static void on_speak(void *context, float out[static SOUND_FRAME])
{
    struct hostile_guest *g = context;

    g->frames++;
    g->frame_last_ms = hostile_house_ms();
    for (size_t i = 0; i < SOUND_FRAME; i++)
        out[i] = 0.3f * sinf((float)(g->number + 2) * 0.03f * (float)i);
}

static void on_hear(void *context, const float in[static SOUND_FRAME])
{
    struct hostile_guest *g = context;

    for (size_t i = 0; i < SOUND_FRAME; i++)
        if (fabsf(in[i]) > 0.02f) {
            g->heard++;
            g->heard_last_ms = hostile_house_ms();
            return;
        }
}

static void note_alarm(struct hostile_guest *g, const char *what)
{
    assert_true(g->alarm_count < ALARMS);
    snprintf(g->alarms[g->alarm_count], WHAT, "%s", what);
    g->alarm_ms[g->alarm_count++] = hostile_house_ms();
}

static void on_told(void *context, struct client *client, const struct client_news *news)
{
    struct hostile_guest *g = context;

    (void)client;
    g->told[news->kind]++;
    switch (news->kind) {
    case NEWS_ALARM:
        note_alarm(g, news->what);
        break;
    case NEWS_STAGE:
        g->open = news->on;
        g->open_changed_ms = hostile_house_ms();
        break;
    case NEWS_CHAT:
        snprintf(g->chat, sizeof g->chat, "%.*s", (int)news->text.len, (const char *)news->text.at);
        g->chats++;
        break;
    case NEWS_WISH:
    case NEWS_OVER:
        g->why = news->why;
        snprintf(g->what, sizeof g->what, "%s", news->what != NULL ? news->what : "");
        break;
    default:
        break;
    }
}

void hostile_house_begin(struct hostile_house *h, unsigned who, enum signal_role role)
{
    struct hostile_guest *g = &h->guests[who];
    const struct client_options options = {
        .loop = h->loop,
        .gate = &h->gate,
        .random = &h->seeded.random,
        .identity = &g->identity,
        .room = h->room,
        .secret = g->secret,
        .role = role,
        .speak = on_speak,
        .hear = on_hear,
        .told = on_told,
        .context = g,
    };

    client_free(g->client);
    g->client = NULL;
    memset(g->told, 0, sizeof g->told);
    assert_int_equal(client_new(&options, &g->client), OK);
}

void hostile_house_enter(struct hostile_house *h, unsigned who, enum signal_role role)
{
    hostile_house_begin(h, who, role);
    hostile_house_until(h, who, NEWS_SEATED, 1);
}

void hostile_house_gather(struct hostile_house *h)
{
    bool everyone = h->charter.stage == CHARTER_EVERYONE;

    hostile_house_enter(h, ADA, SIGNAL_SPEAKER);
    hostile_house_enter(h, BEN, everyone ? SIGNAL_SPEAKER : SIGNAL_LISTENER);
    hostile_house_enter(h, CAT, SIGNAL_LISTENER);
    hostile_house_pass(h, 1000);
    assert_true(h->guests[ADA].open);
    assert_int_equal(h->guests[BEN].open, everyone);
    for (unsigned who = ADA; who <= CAT; who++)
        if (h->guests[who].alarm_count != 0)
            fail_msg("an alarm, and nobody has lied yet: %s", h->guests[who].alarms[0]);
    assert_true(h->guests[BEN].heard > 0 && h->guests[CAT].heard > 0);
}

void hostile_house_pass(struct hostile_house *h, unsigned ms)
{
    held_pass(h->loop, ms);
}

void hostile_house_until(struct hostile_house *h, unsigned who, enum client_news_kind kind, unsigned times)
{
    const struct hostile_guest *g = &h->guests[who];

    for (unsigned ms = 0; g->told[kind] < times; ms += STEP_MS) {
        if (ms > PATIENCE_MS)
            fail_msg("%s waited in vain (%s)", names[who], g->what);
        held_pass(h->loop, STEP_MS);
    }
}

uint64_t hostile_house_alarm(const struct hostile_house *h, unsigned who, const char *words,
                             uint64_t since_ms)
{
    const struct hostile_guest *g = &h->guests[who];

    for (unsigned i = 0; i < g->alarm_count; i++)
        if (g->alarm_ms[i] >= since_ms && strstr(g->alarms[i], words) != NULL)
            return g->alarm_ms[i] - since_ms;
    return UINT64_MAX;
}

const struct client_seat *hostile_house_seat(struct hostile_house *h, unsigned of, unsigned whom)
{
    const struct client_seat *seats;
    size_t count = client_roster(h->guests[of].client, &seats);

    for (size_t i = 0; i < count; i++)
        if (memcmp(seats[i].account, h->guests[whom].identity.account_key, 32) == 0)
            return &seats[i];
    return NULL;
}

void hostile_house_wish(struct hostile_house *h, unsigned who, enum client_verb verb, const char *whom)
{
    struct hostile_guest *g = &h->guests[who];
    unsigned before = g->told[NEWS_WISH];

    assert_int_equal(client_wish(g->client, verb, whom, 1), OK);
    hostile_house_until(h, who, NEWS_WISH, before + 1);
    if (g->why != OK)
        fail_msg("not done: %s", g->what);
}
