/* The border of a module for the browser's app: one session of client/session.h, as calls whose arguments are
 * numbers and bytes. web/src/core.ts is the other side and has the same calls with types.
 *
 * Bytes that the host hands in lie in memory that it has from `take`: for as long as a call, but where the
 * call says that it takes them. Results are `enum result`. No call may come from within a call of the host's,
 * and none to a session after session_free. */
#include "base/host.h"
#include "client/inside.h"
#include "client/room_link.h"
#include "client/wasm/voice.h"
#include "crypto/crypto.h"
#include "io/wasm/turn.h"
#include "wasm/news.h"

#include <stdlib.h>
#include <string.h>

/* One of the session's news, as JSON: borrowed until it returns. */
HOST(news) void host_news(const uint8_t *json, size_t);

/* Memory for the host to write to; NULL where there is no more. */
EXPORT(take) uint8_t *take(size_t);
/* Wipes it and gives it back. */
EXPORT(give) void give(uint8_t *, size_t);

/* An English phrase for a result: zero-terminated, for good. */
EXPORT(result_words) const char *result_words(int);

struct session;

/* Begins at once, for the account and the link that are given as text: what identity_write and room_link_read
 * have. A pseudonym of no length is none. NULL where something of it is wrong. */
EXPORT(session_new)
struct session *session_new(const uint8_t *identity, size_t, const uint8_t *link, size_t,
                            const uint8_t *pseudonym, size_t, bool speaker);
EXPORT(session_free) void session_free(struct session *);

/* To be called when the time has come that was told to `wake`. */
EXPORT(session_turn) void session_turn(struct session *);
EXPORT(session_leave) void session_leave(struct session *);
/* client_wish; E_MALFORMED for a verb that there is not. */
EXPORT(session_wish)
int session_wish(struct session *, const uint8_t *verb, size_t, const uint8_t *who, size_t, uint32_t number);
EXPORT(session_chat) int session_chat(struct session *, const uint8_t *text, size_t);

/* Where frames are sealed and opened: FRAME_SEALED_MAX bytes, for the session's life. */
EXPORT(session_frame) uint8_t *session_frame(struct session *);
/* Of the frame's first bytes, which are Opus, makes a sealed frame: its length, or less than 0 (the result):
 * nothing may be sent then. */
EXPORT(session_seal) int session_seal(struct session *, size_t opus_len);
/* The other way: the length of the Opus that is at the frame's beginning then. */
EXPORT(session_open) int session_open(struct session *, unsigned slot, size_t sealed_len);
/* Whose frame was opened last in a slot: a leaf, or less than 0 where it has been silent. */
EXPORT(session_hears) int session_hears(struct session *, unsigned slot);
/* A frame that was E_NO_KEY for EARLY_HOLD_MS. */
EXPORT(session_gave_up) void session_gave_up(struct session *);

_Static_assert(E_NO_KEY == 4 && FRAME_SEALED_MAX == 409, "web/src/core.ts has these numbers");

struct session {
    struct loop *loop;
    struct gate gate;
    struct identity identity;
    struct room_link link;
    char pseudonym[HANDLE_BYTES + 1];
    struct client *client;
    uint8_t frame[FRAME_SEALED_MAX];
    uint8_t news[NEWS_ROOM];
};

uint8_t *take(size_t len)
{
    return malloc(len);
}

void give(uint8_t *at, size_t len)
{
    wipe(at, len);
    free(at);
}

const char *result_words(int result)
{
    return result_text((enum result)result);
}

static void told(void *context, struct client *client, const struct client_news *news)
{
    struct session *s = context;
    struct bytes json;

    if (news_write(client, news, (struct bytes_mut){s->news, sizeof s->news}, &json) == OK)
        host_news(json.at, json.len);
}

static enum result begin(struct session *s, bool speaker)
{
    const struct client_options options = {
        .loop = s->loop,
        .gate = &s->gate,
        .random = crypto_random(),
        .identity = &s->identity,
        .room = s->link.room,
        .secret = s->link.has_secret ? s->link.secret : NULL,
        .pseudonym = s->pseudonym[0] != '\0' ? s->pseudonym : NULL,
        .role = speaker ? SIGNAL_SPEAKER : SIGNAL_LISTENER,
        .told = told,
        .context = s,
    };

    return client_new(&options, &s->client);
}

struct session *session_new(const uint8_t *identity, size_t identity_len, const uint8_t *link,
                            size_t link_len, const uint8_t *pseudonym, size_t pseudonym_len, bool speaker)
{
    struct session *s = calloc(1, sizeof *s);
    enum result res = s == NULL ? E_NO_MEMORY : crypto_start();

    if (res == OK && pseudonym_len > HANDLE_BYTES)
        res = E_TOO_LARGE;
    if (res == OK)
        res = identity_read(bytes(identity, identity_len), &s->identity);
    if (res == OK)
        res = room_link_read(bytes(link, link_len), &s->link);
    if (res == OK)
        res = loop_new(&s->loop);
    if (res == OK) {
        memcpy(s->pseudonym, pseudonym, pseudonym_len);
        res = begin(s, speaker);
    }
    if (res == OK)
        return s;
    session_free(s);
    return NULL;
}

void session_free(struct session *s)
{
    if (s == NULL)
        return;
    client_free(s->client);
    loop_free(s->loop);
    wipe(s, sizeof *s);
    free(s);
}

void session_turn(struct session *s)
{
    loop_turn(s->loop);
}

void session_leave(struct session *s)
{
    client_leave(s->client);
}

int session_wish(struct session *s, const uint8_t *verb, size_t verb_len, const uint8_t *who, size_t who_len,
                 uint32_t number)
{
    char name[HANDLE_BYTES + 1];
    enum client_verb wanted;
    bool about_somebody;

    if (!client_verb_read(bytes(verb, verb_len), &wanted, &about_somebody))
        return E_MALFORMED;
    if (who_len > HANDLE_BYTES)
        return E_NOT_FOUND;
    memcpy(name, who, who_len);
    name[who_len] = '\0';
    return (int)client_wish(s->client, wanted, about_somebody ? name : NULL, number);
}

int session_chat(struct session *s, const uint8_t *text, size_t len)
{
    return (int)client_chat(s->client, bytes(text, len));
}

uint8_t *session_frame(struct session *s)
{
    return s->frame;
}

static int length_or(enum result res, size_t len)
{
    return res == OK ? (int)len : -(int)res;
}

/* There is a voice from the first seat on. */
int session_seal(struct session *s, size_t opus_len)
{
    size_t len = 0;
    enum result res = E_STATE;

    if (opus_len > sizeof s->frame)
        return -E_TOO_LARGE;
    if (s->client->beat != NULL)
        res = voice_seal(s->client->beat, loop_now_us(), (struct bytes_mut){s->frame, sizeof s->frame},
                         opus_len, &len);
    return length_or(res, len);
}

int session_open(struct session *s, unsigned slot, size_t sealed_len)
{
    struct bytes opus = {0};
    enum result res = E_STATE;

    if (sealed_len > sizeof s->frame)
        return -E_MALFORMED;
    if (s->client->beat != NULL)
        res =
            voice_open(s->client->beat, loop_now_us(), slot, (struct bytes_mut){s->frame, sealed_len}, &opus);
    if (res == OK)
        memmove(s->frame, opus.at, opus.len);
    return length_or(res, opus.len);
}

int session_hears(struct session *s, unsigned slot)
{
    uint32_t leaf;

    if (slot >= SLOTS || s->client->beat == NULL || !beat_hears(s->client->beat, slot, &leaf))
        return -1;
    return (int)leaf;
}

void session_gave_up(struct session *s)
{
    if (s->client->beat != NULL)
        voice_gave_up(s->client->beat);
}
