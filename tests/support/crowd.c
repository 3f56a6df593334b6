#include "support/crowd.h"

#include "base/table.h"
#include "client/inside.h"
#include "client/room_link.h"
#include "crypto/crypto.h"
#include "io/http_message.h"
#include "sound/opus.h"
#include "support/patience.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    TICK_US = 5 * 1000,
    ARRIVING = 24,       /* sign-ups under way at one time */
    TWINS = CROWD_ROOMS, /* places for persons with another's account */
    SECOND_US = 1000 * 1000,
};

/* -40 dB: the tone through Opus, and no comfort noise. */
#define SOUND 0.02f
#define TONE  0.1f

/* Whose clients are counted. */
static struct crowd *counted;

/* --- What passes by --- */

enum result __real_link_open(const struct link_options *, const struct link_events *, void *context,
                             struct link **out);
enum result __wrap_link_open(const struct link_options *, const struct link_events *, void *context,
                             struct link **out);
enum result __real_crypto_ed25519_verify(const uint8_t public_key[static 32], struct bytes message,
                                         struct bytes signature);
enum result __wrap_crypto_ed25519_verify(const uint8_t public_key[static 32], struct bytes message,
                                         struct bytes signature);
enum result __real_sound_decode(struct sound_decoder *, struct bytes packet, float out[static SOUND_FRAME]);
enum result __wrap_sound_decode(struct sound_decoder *, struct bytes packet, float out[static SOUND_FRAME]);
enum result __real_sound_decode_lost(struct sound_decoder *, struct bytes next,
                                     float out[static SOUND_FRAME]);
enum result __wrap_sound_decode_lost(struct sound_decoder *, struct bytes next,
                                     float out[static SOUND_FRAME]);
void __real_sound_conceal(struct sound_decoder *, float out[static SOUND_FRAME]);
void __wrap_sound_conceal(struct sound_decoder *, float out[static SOUND_FRAME]);
enum result __real_http_message_read(struct bytes block, enum http_kind, struct http_message *out);
enum result __wrap_http_message_read(struct bytes block, enum http_kind, struct http_message *out);

/* A client's first link is opened before anybody knows the client: what is seen here are those that follow.
 */
enum result __wrap_link_open(const struct link_options *options, const struct link_events *events,
                             void *context, struct link **out)
{
    for (unsigned i = 0; counted != NULL && i < counted->count; i++) {
        struct person *p = &counted->people[i];

        if (p->client != context)
            continue;
        if (p->tries++ == 0)
            p->first_try_us = loop_now_us();
    }
    return __real_link_open(options, events, context, out);
}

enum result __wrap_http_message_read(struct bytes block, enum http_kind kind, struct http_message *out)
{
    enum result res = __real_http_message_read(block, kind, out);

    if (counted != NULL && res == OK && kind == HTTP_RESPONSE && out->head.status >= 500)
        counted->trouble++;
    return res;
}

/* People have a processor each, and here they share one, whose time would go into the same few signatures, a
 * hundred times each: one that held for somebody is not computed again for another. */
enum result __wrap_crypto_ed25519_verify(const uint8_t public_key[static 32], struct bytes message,
                                         struct bytes signature)
{
    const struct bytes parts[] = {bytes(public_key, 32), signature, message};
    uint8_t key[32];
    enum result res;

    if (counted == NULL || crypto_sha256(parts, 3, key) != OK)
        return __real_crypto_ed25519_verify(public_key, message, signature);
    if (table_get(&counted->verified, key) != NULL)
        return OK;
    res = __real_crypto_ed25519_verify(public_key, message, signature);
    if (res == OK)
        assert_int_equal(table_put(&counted->verified, key, counted), OK);
    return res;
}

static void tone(float out[static SOUND_FRAME], float loud)
{
    for (size_t i = 0; i < SOUND_FRAME; i++)
        out[i] = i / 60 % 2 == 0 ? loud : -loud;
}

/* In a large crowd what was opened is sound, and what was not is none. */
enum result __wrap_sound_decode(struct sound_decoder *decoder, struct bytes packet,
                                float out[static SOUND_FRAME])
{
    if (counted == NULL || !counted->is_large)
        return __real_sound_decode(decoder, packet, out);
    tone(out, TONE);
    return OK;
}

enum result __wrap_sound_decode_lost(struct sound_decoder *decoder, struct bytes next,
                                     float out[static SOUND_FRAME])
{
    if (counted == NULL || !counted->is_large)
        return __real_sound_decode_lost(decoder, next, out);
    tone(out, 0);
    return OK;
}

void __wrap_sound_conceal(struct sound_decoder *decoder, float out[static SOUND_FRAME])
{
    if (counted == NULL || !counted->is_large)
        __real_sound_conceal(decoder, out);
    else
        tone(out, 0);
}

/* --- Accounts --- */

struct arrivals {
    struct crowd *crowd;
    unsigned begun, done;
};

/* One sign-up. */
struct arrival {
    struct arrivals *all;
    struct person *who;
    struct link *link;
};

static void arrival_begin(struct arrival *);

static void on_challenged(void *context, struct link *link, const struct signal_challenge *challenge)
{
    struct arrival *a = context;

    memcpy(a->who->who.house_key, challenge->house, sizeof a->who->who.house_key);
    assert_int_equal(link_sign_up(link, &a->who->who), OK);
}

static void on_answered(void *context, struct link *link, const struct signal *signal, enum signal_type asked)
{
    (void)context;
    (void)asked;
    assert_int_equal(signal->type, SIGNAL_SIGNED_IN);
    link_close(link);
}

static void on_closed(void *context, struct link *link, enum result why)
{
    struct arrival *a = context;
    struct arrivals *all = a->all;

    assert_int_equal(why, OK);
    link_free(link);
    a->link = NULL;
    all->done++;
    if (all->begun < all->crowd->count)
        arrival_begin(a);
    else if (all->done == all->crowd->count)
        loop_stop(all->crowd->loop);
}

static void arrival_begin(struct arrival *a)
{
    static const struct link_events events = {on_challenged, on_answered, on_closed};
    static const struct gate gate;
    struct crowd *c = a->all->crowd;
    unsigned number = a->all->begun++;
    const struct link_options options = {c->loop, &gate, NULL, c->scene.url};

    a->who = &c->people[number];
    assert_int_equal(identity_new(crypto_random(), &a->who->who), OK);
    snprintf(a->who->who.house_url, sizeof a->who->who.house_url, "%s", c->scene.url);
    snprintf(a->who->who.handle, sizeof a->who->who.handle, "guest-number-%u", number);
    assert_int_equal(link_open(&options, &events, a, &a->link), OK);
}

static void sign_up_all(struct crowd *c)
{
    struct arrivals all = {c, 1, 1}; /* the first has a home */
    struct arrival slots[ARRIVING];

    for (unsigned i = 0; i < ARRIVING && all.begun < c->count; i++) {
        slots[i] = (struct arrival){.all = &all};
        arrival_begin(&slots[i]);
    }
    if (all.done < c->count)
        assert_int_equal(loop_run(c->loop), OK);
    assert_int_equal(all.done, c->count);
}

/* --- Ears --- */

static void on_speak(void *context, float out[static SOUND_FRAME])
{
    (void)context;
    tone(out, TONE);
}

static bool has_sound(const float in[static SOUND_FRAME])
{
    for (size_t i = 0; i < SOUND_FRAME; i++)
        if (in[i] > SOUND || in[i] < -SOUND)
            return true;
    return false;
}

static void on_hear(void *context, const float in[static SOUND_FRAME])
{
    struct person *p = context;

    if (has_sound(in)) {
        p->heard_us = p->heard_us != 0 ? p->heard_us : loop_now_us();
        p->back_us = p->running++ == 0 ? loop_now_us() : p->back_us;
        p->quiet = 0;
        p->sounding++;
        return;
    }
    p->running = 0;
    if (p->heard_us != 0 && ++p->quiet > p->longest)
        p->longest = p->quiet;
}

/* Frames that its keys did not open. What was opened and came too late, by the second's proof or by the
 * jitter buffer, is heard as a gap, and is nothing of the keys'. */
static uint64_t refused(const struct person *p)
{
    return keyring_stats(core_room_keyring(p->client->core))->foreign;
}

static void second_begin(struct person *p, uint64_t at_us)
{
    p->second_us = at_us;
    p->refused = refused(p);
    p->sounding = 0;
}

static void unopened_note(struct person *p)
{
    const struct keyring_stats *stats = keyring_stats(core_room_keyring(p->client->core));
    unsigned most = 0;

    for (unsigned why = 0; why < RESULT_COUNT; why++)
        if (stats->refused[why] > stats->refused[most])
            most = why;
    p->unopened++;
    snprintf(p->what, sizeof p->what, "frames were not opened in epoch %u of seat %u, mostly: %s",
             (unsigned)p->epoch, p->seats, result_text((enum result)most));
}

/* The first second is not judged: frames on the way were sealed before the seat was had. */
static void second_judge(struct person *p, uint64_t now_us)
{
    if (p->client == NULL || p->seated_us == 0 || p->gone || now_us < p->second_us + SECOND_US)
        return;
    if (p->second_us != p->seated_us) {
        p->seconds++;
        p->silent += !p->speaks && p->sounding == 0;
        if (refused(p) != p->refused)
            unopened_note(p);
    }
    second_begin(p, now_us);
}

/* --- News --- */

static void epoch_note(struct person *p, uint64_t epoch)
{
    struct crowd_room *room = &p->crowd->rooms[p->room];
    struct bytes now = core_room_authenticator(p->client->core);

    p->epoch = epoch;
    room->newest = epoch > room->newest ? epoch : room->newest;
    assert_int_equal(now.len, CROWD_AUTHENTICATOR);
    if (epoch >= CROWD_EPOCHS)
        return;
    if (!room->known[epoch])
        memcpy(room->authenticators[epoch], now.at, now.len);
    else if (memcmp(room->authenticators[epoch], now.at, now.len) != 0)
        room->disagreements++;
    room->known[epoch] = true;
}

static void on_told(void *context, struct client *client, const struct client_news *news)
{
    struct person *p = context;

    (void)client;
    switch (news->kind) {
    case NEWS_SEATED:
        p->seats++;
        if (p->seated_us != 0)
            break;
        p->seated_us = loop_now_us();
        second_begin(p, p->seated_us);
        break;
    case NEWS_EPOCH:
        epoch_note(p, news->epoch);
        break;
    case NEWS_ALARM:
        p->alarms++;
        snprintf(p->what, sizeof p->what, "alarm: %s", news->what);
        break;
    case NEWS_KICKED:
        p->kicks++;
        p->gone = true;
        break;
    case NEWS_OVER:
        p->over = true;
        p->why = news->why;
        if (news->why != OK && p->kicks == 0)
            snprintf(p->what, sizeof p->what, "over: %s",
                     news->what != NULL ? news->what : result_text(news->why));
        break;
    default:
        break;
    }
}

/* --- Coming and going --- */

void crowd_enter(struct crowd *c, struct person *p, unsigned room, bool speaks)
{
    static const struct gate gate;
    const struct client_options options = {
        .loop = c->loop,
        .gate = &gate,
        .random = crypto_random(),
        .identity = &p->who,
        .room = c->rooms[room].id,
        .role = speaks ? SIGNAL_SPEAKER : SIGNAL_LISTENER,
        .speak = on_speak,
        .hear = on_hear,
        .told = on_told,
        .context = p,
    };

    assert_null(p->client);
    p->crowd = c;
    p->room = room;
    p->speaks = speaks;
    p->entered_us = loop_now_us();
    p->seated_us = p->heard_us = p->back_us = 0;
    p->quiet = p->longest = p->running = p->tries = 0;
    p->over = p->gone = false;
    assert_int_equal(client_new(&options, &p->client), OK);
}

struct person *crowd_twin(struct crowd *c, unsigned like)
{
    struct person *p = &c->people[c->count++];

    *p = (struct person){.crowd = c, .who = c->people[like].who};
    return p;
}

void crowd_speak(struct person *p)
{
    p->speaks = true;
    assert_int_equal(client_wish(p->client, CLIENT_ACCEPT, NULL, 1), OK);
}

void crowd_leave(struct person *p)
{
    p->gone = true;
    client_leave(p->client);
}

void crowd_kick(struct person *moderator, const struct person *whom)
{
    assert_int_equal(client_wish(moderator->client, CLIENT_KICK, whom->who.handle, 1), OK);
}

/* --- Time --- */

static void on_tick(void *context)
{
    struct crowd *c = context;
    uint64_t now_us = loop_now_us();

    for (unsigned i = 0; i < c->count; i++) {
        struct person *p = &c->people[i];

        if (p->over && p->client != NULL) {
            client_free(p->client);
            p->client = NULL;
        }
        second_judge(p, now_us);
    }
    c->is_met = c->met != NULL && c->met(c, c->context);
    if (c->is_met || now_us >= c->until_us)
        loop_stop(c->loop);
    loop_timer_set(c->ticks, now_us + TICK_US);
}

bool crowd_until(struct crowd *c, unsigned ms, bool (*met)(struct crowd *, void *), void *context)
{
    c->met = met;
    c->context = context;
    c->until_us = loop_now_us() + (uint64_t)ms * 1000;
    loop_timer_set(c->ticks, 0);
    assert_int_equal(loop_run(c->loop), OK);
    loop_timer_clear(c->ticks);
    return c->is_met;
}

void crowd_pass(struct crowd *c, unsigned ms)
{
    (void)crowd_until(c, ms, NULL, NULL);
}

bool crowd_all_seated(struct crowd *c, void *context)
{
    (void)context;
    for (unsigned i = 0; i < c->count; i++)
        if (c->people[i].client != NULL && c->people[i].seated_us == 0)
            return false;
    return true;
}

bool crowd_all_hear(struct crowd *c, void *context)
{
    (void)context;
    for (unsigned i = 0; i < c->count; i++) {
        const struct person *p = &c->people[i];

        if (p->client != NULL && !p->speaks && (p->heard_us == 0 || p->quiet != 0))
            return false;
    }
    return true;
}

bool crowd_all_agree(struct crowd *c, void *context)
{
    (void)context;
    for (unsigned i = 0; i < c->count; i++)
        if (c->people[i].client != NULL && c->people[i].epoch != c->rooms[c->people[i].room].newest)
            return false;
    return crowd_disagreements(c) == 0;
}

bool crowd_all_over(struct crowd *c, void *context)
{
    (void)context;
    for (unsigned i = 0; i < c->count; i++)
        if (c->people[i].client != NULL)
            return false;
    return true;
}

/* --- Sums --- */

unsigned crowd_here(const struct crowd *c)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < c->count; i++)
        sum += c->people[i].client != NULL;
    return sum;
}

unsigned crowd_alarms(const struct crowd *c)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < c->count; i++)
        sum += c->people[i].alarms;
    return sum;
}

unsigned crowd_disagreements(const struct crowd *c)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < c->room_count; i++)
        sum += c->rooms[i].disagreements;
    return sum;
}

const char *crowd_complaint(const struct crowd *c)
{
    for (unsigned i = 0; i < c->count; i++)
        if (c->people[i].what[0] != '\0')
            return c->people[i].what;
    return "";
}

/* --- Beginning and end --- */

void crowd_start(struct crowd *c, unsigned people, unsigned rooms, const char *const options[])
{
    static const char maker[] = "maker-of-rooms";
    char home[SCRATCH_PATH];
    struct room_link link;
    uint8_t seed[16];

    memset(c, 0, sizeof *c);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(crypto_start(), OK);
    random_fill(crypto_random(), seed, sizeof seed);
    c->verified = table_of(32, seed);
    c->people = calloc(people + TWINS, sizeof *c->people);
    assert_non_null(c->people);
    c->count = people;
    c->is_large = people > CROWD_LARGE;
    scene_start(&c->scene, options);
    scene_sign_up(&c->scene, c->scene.url, maker);
    scene_home(&c->scene, maker, home);
    assert_int_equal(identity_load(home, &c->people[0].who), OK);
    for (; c->room_count < rooms; c->room_count++) {
        struct crowd_room *room = &c->rooms[c->room_count];

        scene_room(&c->scene, maker, "A crowd", room->name);
        assert_int_equal(room_link_read(bytes_string(room->name), &link), OK);
        memcpy(room->id, link.room, sizeof room->id);
    }
    c->loop = patience_loop();
    assert_int_equal(loop_timer_new(c->loop, on_tick, c, &c->ticks), OK);
    sign_up_all(c);
    counted = c;
}

void crowd_end(struct crowd *c)
{
    counted = NULL;
    for (unsigned i = 0; i < c->count; i++) {
        client_free(c->people[i].client);
        identity_wipe(&c->people[i].who);
    }
    free(c->people);
    table_free(&c->verified);
    loop_timer_free(c->ticks);
    loop_free(c->loop);
    scene_end(&c->scene);
}
