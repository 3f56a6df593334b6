/* The border of a module for the browser's app: a person at a house's door, in no room yet. Account, list of
 * rooms, new rooms: what the command line has as errands, over one link that stays. What session.c says about
 * bytes and calls holds here too; web/src/visit.ts has the same calls with types.
 *
 * What is asked carries a number of the host's; the news with that number is its answer. */
#include "base/host.h"
#include "client/identity.h"
#include "client/link.h"
#include "client/recovery.h"
#include "client/room_link.h"
#include "core/core.h"
#include "crypto/crypto.h"
#include "io/wasm/turn.h"
#include "wasm/json.h"
#include "wire/charter.h"

#include <stdlib.h>
#include <string.h>

HOST(news) void host_news(const uint8_t *json, size_t);

struct visit;

/* Each goes to a house and says who is there; NULL where something of it is wrong. The news `account` have
 * the account's file for the host to keep.
 *
 * A new account: its key is made here, and the house hears of it by visit_register alone, once the file is
 * kept. */
EXPORT(visit_new)
struct visit *visit_new(const uint8_t *url, size_t, const uint8_t *handle, size_t);
/* An account that the host has kept. */
EXPORT(visit_back) struct visit *visit_back(const uint8_t *identity, size_t);
/* An account on paper: its handle comes from the house. */
EXPORT(visit_recover)
struct visit *visit_recover(const uint8_t *url, size_t, const uint8_t *code, size_t);
EXPORT(visit_free) void visit_free(struct visit *);
EXPORT(visit_turn) void visit_turn(struct visit *);

EXPORT(visit_register) int visit_register(struct visit *);

/* Results as of link_ask; E_MALFORMED for what is no link, no title ... */
EXPORT(visit_rooms) int visit_rooms(struct visit *, uint32_t number);
EXPORT(visit_show) int visit_show(struct visit *, const uint8_t *link, size_t, uint32_t number);
EXPORT(visit_make)
int visit_make(struct visit *, const uint8_t *title, size_t, unsigned kind, unsigned stage, bool deniable,
               bool pseudonyms, uint32_t number);
EXPORT(visit_follow)
int visit_follow(struct visit *, const uint8_t *handle, size_t, bool on, uint32_t number);

/* The account's recovery code, zero-terminated; NULL where it cannot be made. Good until the next call. */
EXPORT(visit_code) const char *visit_code(struct visit *);

enum { VISIT_NEWS = 160 * 1024 };
enum visit_way { VISIT_NEW, VISIT_BACK, VISIT_RECOVER };

/* A question that the house owes an answer to. */
struct owed {
    uint32_t request; /* 0: a free place */
    uint32_t number;
    struct room_link link; /* of the room that it is about */
};

struct visit {
    enum visit_way way;
    struct loop *loop;
    struct gate gate;
    struct identity identity;
    struct link *link;
    struct owed owed[LINK_ASKED_MAX];
    char code[RECOVERY_SIZE];
    uint8_t news[VISIT_NEWS];
};

/* --- News --- */

static struct json news_begin(struct visit *v, const char *event)
{
    struct json j = json_on((struct bytes_mut){v->news, sizeof v->news});

    json_open_object(&j, NULL);
    json_word(&j, "event", event);
    return j;
}

static void news_end(struct json *j)
{
    struct bytes json;

    json_close_object(j);
    if (json_end(j, &json) == OK)
        host_news(json.at, json.len);
}

static void tell_account(struct visit *v)
{
    uint8_t room[IDENTITY_FILE_BYTES];
    char fingerprint[IDENTITY_FINGERPRINT_SIZE];
    struct bytes file;
    struct json j = news_begin(v, "account");

    if (identity_write(&v->identity, (struct bytes_mut){room, sizeof room}, &file) != OK ||
        identity_fingerprint(v->identity.account_key, fingerprint) != OK)
        return;
    json_text(&j, "file", file);
    json_word(&j, "handle", v->identity.handle);
    json_hex(&j, "account", BYTES_OF(v->identity.account_key));
    json_word(&j, "fingerprint", fingerprint);
    news_end(&j);
    wipe(room, sizeof room);
    wipe(v->news, IDENTITY_FILE_BYTES * 2);
}

static void tell_lost(struct visit *v, enum result why)
{
    struct json j = news_begin(v, "lost");

    json_word(&j, "why", result_text(why));
    json_truth(&j, "otherHouse", why == E_FORGED);
    news_end(&j);
}

static void tell_refused(struct visit *v, uint32_t number, const struct signal_refused *refused)
{
    struct json j = news_begin(v, "refused");

    json_number(&j, "number", number);
    json_number(&j, "reason", refused->reason);
    json_text(&j, "text", refused->text);
    news_end(&j);
}

static void tell_done(struct visit *v, uint32_t number)
{
    struct json j = news_begin(v, "done");

    json_number(&j, "number", number);
    news_end(&j);
}

static void tell_rooms(struct visit *v, uint32_t number, struct bytes rooms, bool *any,
                       uint8_t last[static 32])
{
    struct json j = news_begin(v, "rooms");
    struct signal_room room;
    char name[ROOM_NAME_SIZE];

    json_number(&j, "number", number);
    json_open_list(&j, "rooms");
    while (signal_room_next(&rooms, &room)) {
        room_name_write(room.room, name);
        json_open_object(&j, NULL);
        json_word(&j, "room", name);
        json_name(&j, "title", room.title);
        json_number(&j, "speakers", room.speakers);
        json_number(&j, "listeners", room.listeners);
        json_close_object(&j);
        /* Pages go upward, or a house could keep us turning them for ever. */
        if (memcmp(room.room, last, 32) <= 0)
            break;
        memcpy(last, room.room, 32);
        *any = true;
    }
    json_close_list(&j);
    json_truth(&j, "last", !*any);
    news_end(&j);
}

static void put_seats(struct json *j, struct bytes seats)
{
    struct signal_seat seat;

    json_open_list(j, "seats");
    while (signal_seat_next(&seats, &seat)) {
        json_open_object(j, NULL);
        json_name(j, "handle", seat.handle);
        json_truth(j, "speaker", seat.role == SIGNAL_SPEAKER);
        json_close_object(j);
    }
    json_close_list(j);
}

/* A link that was made anew has a secret of which the charter knows nothing; who is in the room knows. */
static const char *secret_word(const struct room_link *link, const struct charter *charter)
{
    uint8_t key[32];

    if (charter->kind != CHARTER_PRIVATE)
        return "none";
    if (!link->has_secret)
        return "missing";
    return core_link_key(link->secret, key) == OK && memcmp(key, charter->link_key, sizeof key) == 0
               ? "right"
               : "other";
}

static void tell_room(struct visit *v, const struct owed *owed, const struct signal_room_is *is)
{
    static const char *const kinds[] = {"open", "social", "private"};
    char name[ROOM_NAME_SIZE];
    struct charter charter;
    struct json j = news_begin(v, "room");

    if (core_charter_check(is->charter, is->signature, owed->link.room, &charter) != OK) {
        tell_lost(v, E_FORGED);
        return;
    }
    room_name_write(owed->link.room, name);
    json_number(&j, "number", owed->number);
    json_word(&j, "room", name);
    json_name(&j, "title", is->title);
    json_word(&j, "kind", kinds[charter.kind]);
    json_truth(&j, "everyone", charter.stage == CHARTER_EVERYONE);
    json_truth(&j, "deniable", charter.proof == CHARTER_DENIABLE);
    json_truth(&j, "pseudonyms", charter.pseudonyms);
    json_truth(&j, "mine", memcmp(charter.maker, v->identity.account_key, sizeof charter.maker) == 0);
    json_word(&j, "secret", secret_word(&owed->link, &charter));
    put_seats(&j, is->seats);
    news_end(&j);
}

static void tell_made(struct visit *v, const struct owed *owed)
{
    char link[ROOM_LINK_SIZE];
    struct json j = news_begin(v, "made");

    room_link_write(&owed->link, link);
    json_number(&j, "number", owed->number);
    json_word(&j, "link", link);
    news_end(&j);
    wipe(link, sizeof link);
}

/* --- Asking --- */

static struct owed *owed_find(struct visit *v, uint32_t request)
{
    for (size_t i = 0; i < LINK_ASKED_MAX; i++)
        if (v->owed[i].request == request)
            return &v->owed[i];
    return NULL;
}

static enum result ask(struct visit *v, struct signal *question, const struct room_link *about,
                       uint32_t number)
{
    struct owed *place = owed_find(v, 0);
    enum result res = v->link != NULL && place != NULL ? link_ask(v->link, question) : E_STATE;

    if (res == OK)
        *place = (struct owed){question->request, number, about != NULL ? *about : (struct room_link){0}};
    return res;
}

static enum result ask_rooms(struct visit *v, const uint8_t after[static 32], uint32_t number)
{
    struct signal question = {.type = SIGNAL_ROOM_LIST};

    memcpy(question.room_list.after, after, sizeof question.room_list.after);
    return ask(v, &question, NULL, number);
}

/* --- What the house says --- */

static void on_challenged(void *context, struct link *link, const struct signal_challenge *challenge)
{
    struct visit *v = context;
    enum result res = OK;

    if (v->way != VISIT_BACK)
        memcpy(v->identity.house_key, challenge->house, sizeof v->identity.house_key);
    if (v->way == VISIT_NEW)
        tell_account(v);
    else
        res = link_sign_in(link, &v->identity);
    if (res != OK)
        tell_lost(v, res);
}

static void signed_in(struct visit *v, struct bytes handle)
{
    if (v->way == VISIT_RECOVER && handle.len < sizeof v->identity.handle) {
        memcpy(v->identity.handle, handle.at, handle.len);
        v->identity.handle[handle.len] = '\0';
    }
    if (v->way != VISIT_NEW)
        tell_account(v);
    tell_done(v, 0);
}

static void on_rooms(struct visit *v, const struct owed *owed, struct bytes rooms)
{
    uint8_t last[32];
    bool any = false;
    enum result res;

    memcpy(last, owed->link.room, sizeof last); /* the last of the page before */
    tell_rooms(v, owed->number, rooms, &any, last);
    if (!any)
        return;
    res = ask_rooms(v, last, owed->number);
    if (res != OK) {
        tell_lost(v, res);
        return;
    }
    for (size_t i = 0; i < LINK_ASKED_MAX; i++)
        if (v->owed[i].request != 0 && v->owed[i].number == owed->number)
            memcpy(v->owed[i].link.room, last, sizeof last);
}

static void on_heard(void *context, struct link *link, const struct signal *signal, enum signal_type asked)
{
    struct visit *v = context;
    struct owed *place = signal->request != 0 ? owed_find(v, signal->request) : NULL;
    struct owed owed = {0};

    (void)link;
    if (place != NULL) {
        owed = *place;
        *place = (struct owed){0};
    }
    switch (signal->type) {
    case SIGNAL_SIGNED_IN:
        signed_in(v, signal->signed_in.handle);
        break;
    case SIGNAL_ROOMS:
        on_rooms(v, &owed, signal->rooms.rooms);
        break;
    case SIGNAL_ROOM_IS:
        if (asked == SIGNAL_ROOM_NEW)
            tell_made(v, &owed);
        else
            tell_room(v, &owed, &signal->room_is);
        break;
    case SIGNAL_DONE:
        tell_done(v, owed.number);
        break;
    case SIGNAL_REFUSED:
        tell_refused(v, owed.number, &signal->refused);
        break;
    default: /* nothing else is for somebody in no room */
        break;
    }
    wipe(&owed, sizeof owed);
}

static void on_lost(void *context, struct link *link, enum result why)
{
    struct visit *v = context;

    v->link = NULL;
    link_free(link);
    tell_lost(v, why);
}

/* --- Coming --- */

static struct visit *begin(enum visit_way way)
{
    struct visit *v = calloc(1, sizeof *v);

    if (v == NULL)
        return NULL;
    v->way = way;
    if (crypto_start() == OK && loop_new(&v->loop) == OK)
        return v;
    free(v);
    return NULL;
}

static struct visit *go(struct visit *v, enum result res)
{
    static const struct link_events events = {on_challenged, on_heard, on_lost};
    struct link_options options = {v->loop, &v->gate, NULL, v->identity.house_url};

    if (res == OK)
        res = link_open(&options, &events, v, &v->link);
    if (res == OK)
        return v;
    visit_free(v);
    return NULL;
}

struct visit *visit_new(const uint8_t *url, size_t url_len, const uint8_t *handle, size_t handle_len)
{
    struct visit *v = begin(VISIT_NEW);
    enum result res = handle_len == 0 || handle_len > HANDLE_BYTES ? E_TOO_LARGE : OK;

    if (v == NULL)
        return NULL;
    if (res == OK)
        res = identity_new(crypto_random(), &v->identity);
    if (res == OK)
        res = house_url_read(bytes(url, url_len), v->identity.house_url);
    if (res == OK)
        memcpy(v->identity.handle, handle, handle_len);
    return go(v, res);
}

struct visit *visit_back(const uint8_t *identity, size_t len)
{
    struct visit *v = begin(VISIT_BACK);

    return v != NULL ? go(v, identity_read(bytes(identity, len), &v->identity)) : NULL;
}

struct visit *visit_recover(const uint8_t *url, size_t url_len, const uint8_t *code, size_t code_len)
{
    struct visit *v = begin(VISIT_RECOVER);
    enum result res;

    if (v == NULL)
        return NULL;
    res = recovery_read(bytes(code, code_len), v->identity.seed);
    if (res == OK)
        res = crypto_ed25519_public(v->identity.seed, v->identity.account_key);
    if (res == OK)
        res = house_url_read(bytes(url, url_len), v->identity.house_url);
    return go(v, res);
}

void visit_free(struct visit *v)
{
    if (v == NULL)
        return;
    link_free(v->link);
    loop_free(v->loop);
    wipe(v, sizeof *v);
    free(v);
}

void visit_turn(struct visit *v)
{
    loop_turn(v->loop);
}

int visit_register(struct visit *v)
{
    return (int)(v->link != NULL && v->way == VISIT_NEW ? link_sign_up(v->link, &v->identity) : E_STATE);
}

int visit_rooms(struct visit *v, uint32_t number)
{
    static const uint8_t start[32];

    return (int)ask_rooms(v, start, number);
}

int visit_show(struct visit *v, const uint8_t *text, size_t len, uint32_t number)
{
    struct signal question = {.type = SIGNAL_ROOM_SHOW};
    struct room_link link;
    enum result res = room_link_read(bytes(text, len), &link);

    if (res != OK)
        return (int)res;
    memcpy(question.room_show.room, link.room, sizeof question.room_show.room);
    return (int)ask(v, &question, &link, number);
}

int visit_make(struct visit *v, const uint8_t *title, size_t len, unsigned kind, unsigned stage,
               bool deniable, bool pseudonyms, uint32_t number)
{
    struct charter charter = {.kind = kind, .stage = stage, .pseudonyms = pseudonyms};
    struct signal question = {.type = SIGNAL_ROOM_NEW, .room_new.title = bytes(title, len)};
    struct room_link link = {.has_secret = kind == CHARTER_PRIVATE};
    uint8_t room[CHARTER_BYTES];
    enum result res = kind > CHARTER_PRIVATE || stage > CHARTER_EVERYONE ? E_MALFORMED : OK;

    charter.proof = deniable ? CHARTER_DENIABLE : CHARTER_PROVEN;
    memcpy(charter.maker, v->identity.account_key, sizeof charter.maker);
    memcpy(charter.house, v->identity.house_key, sizeof charter.house);
    random_fill(crypto_random(), charter.nonce, sizeof charter.nonce);
    memcpy(link.house_url, v->identity.house_url, sizeof link.house_url);
    if (res == OK && len > TITLE_BYTES)
        res = E_TOO_LARGE;
    if (res == OK && link.has_secret) {
        random_fill(crypto_random(), link.secret, sizeof link.secret);
        res = core_link_key(link.secret, charter.link_key);
    }
    if (res == OK)
        res = core_charter_sign(&charter, v->identity.seed, (struct bytes_mut){room, sizeof room},
                                &question.room_new.charter, question.room_new.signature, link.room);
    if (res == OK)
        res = ask(v, &question, &link, number);
    wipe(&link, sizeof link);
    return (int)res;
}

int visit_follow(struct visit *v, const uint8_t *handle, size_t len, bool on, uint32_t number)
{
    struct signal question = {.type = on ? SIGNAL_FOLLOW : SIGNAL_UNFOLLOW};

    if (on)
        question.follow.handle = bytes(handle, len);
    else
        question.unfollow.handle = bytes(handle, len);
    return (int)ask(v, &question, NULL, number);
}

const char *visit_code(struct visit *v)
{
    return recovery_write(v->identity.seed, v->code) == OK ? v->code : NULL;
}
