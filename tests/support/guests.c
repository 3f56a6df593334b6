#define _GNU_SOURCE
#include "support/guests.h"

#include "base/text.h"
#include "client/media.h"
#include "client/room_link.h"
#include "core/seal.h"
#include "crypto/crypto.h"
#include "sound/opus.h"
#include "support/patience.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Whose secrets are noted. */
static struct guests *noted;
static bool sealer_is_core; /* a hop has sealers as well */

static void note(enum secret_kind kind, const void *at, size_t len)
{
    uint8_t copy[32];
    struct secrets *s;

    if (noted == NULL)
        return;
    s = &noted->secrets[kind];
    memcpy(copy, at, len);
    memory_needle_take(&s->needles[s->count++ % SECRETS], copy, len);
}

/* --- What passes by --- */

enum result __real_seal_key_new(const uint8_t base_key[static SEAL_BASE_KEY_LEN], uint64_t kid,
                                struct seal_key **out);
enum result __wrap_seal_key_new(const uint8_t base_key[static SEAL_BASE_KEY_LEN], uint64_t kid,
                                struct seal_key **out);
enum result __real_crypto_sealer_new(enum crypto_aead, struct bytes key, struct crypto_sealer **out);
enum result __wrap_crypto_sealer_new(enum crypto_aead, struct bytes key, struct crypto_sealer **out);
void __real_sound_encode(struct sound_encoder *, const float in[static SOUND_FRAME],
                         uint8_t out[static SOUND_SPEECH_BYTES]);
void __wrap_sound_encode(struct sound_encoder *, const float in[static SOUND_FRAME],
                         uint8_t out[static SOUND_SPEECH_BYTES]);
enum result __real_media_enter(struct media *, struct bytes media_url, struct bytes ticket, uint32_t ssrc);
enum result __wrap_media_enter(struct media *, struct bytes media_url, struct bytes ticket, uint32_t ssrc);

enum result __wrap_seal_key_new(const uint8_t base_key[static SEAL_BASE_KEY_LEN], uint64_t kid,
                                struct seal_key **out)
{
    enum result res;

    note(SECRET_BASE_KEY, base_key, SEAL_BASE_KEY_LEN);
    sealer_is_core = true;
    res = __real_seal_key_new(base_key, kid, out);
    sealer_is_core = false;
    return res;
}

enum result __wrap_crypto_sealer_new(enum crypto_aead kind, struct bytes key, struct crypto_sealer **out)
{
    if (sealer_is_core)
        note(SECRET_SENDER_KEY, key.at, key.len);
    return __real_crypto_sealer_new(kind, key, out);
}

void __wrap_sound_encode(struct sound_encoder *encoder, const float in[static SOUND_FRAME],
                         uint8_t out[static SOUND_SPEECH_BYTES])
{
    size_t loudest = 0;

    for (size_t i = 0; i < SOUND_FRAME; i++)
        if (fabsf(in[i]) > fabsf(in[loudest]))
            loudest = i;
    __real_sound_encode(encoder, in, out);
    if (fabsf(in[loudest]) < 0.02f)
        return;
    /* The samples about the loudest: elsewhere a frame may hold silence, and zeros are found everywhere. */
    note(SECRET_PCM, in + (loudest < SOUND_FRAME - 8 ? loudest : SOUND_FRAME - 8), 8 * sizeof *in);
    note(SECRET_OPUS, out + 20, 32);
}

enum result __wrap_media_enter(struct media *media, struct bytes media_url, struct bytes ticket,
                               uint32_t ssrc)
{
    static const char before[] = "v4.public.", seat[] = "\"seat\":\"";
    uint8_t payload[TICKET_BYTES], tag[24];
    size_t len, tag_len;
    const char *found;

    assert_memory_equal(ticket.at, before, strlen(before));
    assert_int_equal(text_unbase64url(bytes(ticket.at + strlen(before), ticket.len - strlen(before)),
                                      (struct bytes_mut){payload, sizeof payload}, &len),
                     OK);
    found = memmem(payload, len, seat, strlen(seat));
    assert_non_null(found);
    assert_int_equal(
        text_unbase64url(bytes(found + strlen(seat), 22), (struct bytes_mut){tag, sizeof tag}, &tag_len), OK);
    note(SECRET_TICKET, ticket.at + ticket.len - 32, 32);
    note(SECRET_SEAT, tag, tag_len);
    return __real_media_enter(media, media_url, ticket, ssrc);
}

/* --- The guests --- */

static void on_speak(void *context, float out[static SOUND_FRAME])
{
    struct guests *g = context;

    memcpy(out, g->said.samples + g->at, SOUND_FRAME * sizeof *out);
    g->at = (g->at + SOUND_FRAME) % g->said.count;
}

static void on_hear(void *context, const float in[static SOUND_FRAME])
{
    struct guests *g = context;

    for (size_t i = 0; i < SOUND_FRAME; i++)
        if (fabsf(in[i]) > 0.01f) {
            g->heard++;
            break;
        }
    if (g->wanted == NEWS_HEARD && g->heard >= g->of) {
        g->met = true;
        loop_stop(g->loop);
    }
}

static void no_sound(void *context, float out[static SOUND_FRAME])
{
    (void)context;
    memset(out, 0, SOUND_FRAME * sizeof *out);
}

static void no_ear(void *context, const float in[static SOUND_FRAME])
{
    (void)context;
    (void)in;
}

static void on_told(void *context, struct client *client, const struct client_news *news)
{
    struct guests *g = context;

    (void)client;
    if (news->kind == NEWS_ALARM)
        fail_msg("alarm: %s", news->what);
    if (news->kind == NEWS_OVER && news->why != OK)
        fail_msg("over: %s", news->what == NULL ? "" : news->what);
    if (news->kind == g->wanted && g->wanted != NEWS_HEARD) {
        g->met = true;
        loop_stop(g->loop);
    }
}

static void wait_for(struct guests *g, enum client_news_kind wanted)
{
    g->met = false;
    g->wanted = wanted;
    while (!g->met)
        patience_run(g->loop);
}

static void enter(struct guests *g, unsigned who)
{
    static const struct gate gate;
    const struct client_options options = {
        .loop = g->loop,
        .gate = &gate,
        .random = crypto_random(),
        .identity = &g->who[who],
        .room = g->room,
        .role = who == ADA ? SIGNAL_SPEAKER : SIGNAL_LISTENER,
        .speak = who == ADA ? on_speak : no_sound,
        .hear = who == BEN ? on_hear : no_ear,
        .told = on_told,
        .context = g,
    };

    assert_int_equal(client_new(&options, &g->clients[who]), OK);
    wait_for(g, NEWS_SEATED);
}

void guests_start(struct guests *g)
{
    memset(g, 0, sizeof *g);
    scene_start(&g->scene, NULL);
    guests_settle(g);
}

void guests_settle(struct guests *g)
{
    static const char *const names[] = {GUEST_ADA, GUEST_BEN};
    char home[SCRATCH_PATH];
    struct room_link link;

    assert_int_equal(crypto_start(), OK);
    g->said = speech_say("en", speech_english);
    for (unsigned i = 0; i < GUESTS; i++) {
        scene_sign_up(&g->scene, g->scene.url, names[i]);
        scene_home(&g->scene, names[i], home);
        assert_int_equal(identity_load(home, &g->who[i]), OK);
    }
    scene_room(&g->scene, names[ADA], "Between us", g->room_name);
    assert_int_equal(room_link_read(bytes_string(g->room_name), &link), OK);
    memcpy(g->room, link.room, sizeof g->room);
    g->loop = patience_loop();
    noted = g;
}

void guests_go_on(struct guests *g, unsigned frames)
{
    g->heard = 0;
    g->of = frames;
    wait_for(g, NEWS_HEARD);
}

void guests_talk(struct guests *g, unsigned frames)
{
    enter(g, ADA);
    enter(g, BEN);
    guests_go_on(g, frames);
    /* Otherwise nothing is looked for. */
    for (unsigned kind = 0; kind < SECRET_KINDS; kind++)
        assert_true(g->secrets[kind].count >= GUESTS);
}

void guests_leave(struct guests *g)
{
    for (unsigned i = 0; i < GUESTS; i++) {
        if (g->clients[i] == NULL)
            continue;
        client_leave(g->clients[i]);
        wait_for(g, NEWS_OVER);
        client_free(g->clients[i]);
        g->clients[i] = NULL;
    }
}

void guests_end(struct guests *g)
{
    guests_leave(g);
    noted = NULL;
    loop_free(g->loop);
    for (unsigned i = 0; i < GUESTS; i++)
        identity_wipe(&g->who[i]);
    free(g->said.samples);
    scene_end(&g->scene);
}

/* --- The search --- */

static unsigned kept(const struct secrets *s)
{
    return s->count < SECRETS ? s->count : SECRETS;
}

unsigned guests_in_memory(const struct guests *g, enum secret_kind kind, int pid)
{
    const struct secrets *s = &g->secrets[kind];
    unsigned found = 0;

    for (unsigned i = 0; i < kept(s); i++)
        found += memory_count_of(pid, &s->needles[i]) != 0;
    return found;
}

unsigned guests_in_bytes(const struct guests *g, enum secret_kind kind, struct bytes in)
{
    const struct secrets *s = &g->secrets[kind];
    unsigned found = 0;

    for (unsigned i = 0; i < kept(s); i++) {
        uint8_t plain[32];
        char hex[2 * sizeof plain + 1];

        memory_needle_show(&s->needles[i], plain);
        text_hex(bytes(plain, s->needles[i].len), hex);
        found += memmem(in.at, in.len, plain, s->needles[i].len) != NULL ||
                 memmem(in.at, in.len, hex, strlen(hex)) != NULL;
        wipe(plain, sizeof plain);
        wipe(hex, sizeof hex);
    }
    return found;
}
