#include "client/link.h"

#include "wire/envelope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct asked {
    uint32_t number; /* 0: a free place */
    enum signal_type type;
    uint64_t until_us;
};

struct link {
    struct ws *ws;
    struct loop_timer *timer;
    const struct link_events *events;
    void *context;
    bool challenged, closing;
    uint8_t house[32], nonce[32];
    uint32_t last_number;
    struct asked asked[LINK_ASKED_MAX];
    uint8_t plain[SIGNAL_BYTES], padded[SIGNAL_BYTES];
};

/* A seat is waited for as long as its taker wants to: others have to wake up for it. */
static bool has_deadline(enum signal_type type)
{
    return type != SIGNAL_ENTER && type != SIGNAL_FOUNDED;
}

static void deadline_set(struct link *link)
{
    uint64_t first_us = UINT64_MAX;

    for (size_t i = 0; i < LINK_ASKED_MAX; i++)
        if (link->asked[i].number != 0 && link->asked[i].until_us < first_us)
            first_us = link->asked[i].until_us;
    if (first_us == UINT64_MAX)
        loop_timer_clear(link->timer);
    else
        loop_timer_set(link->timer, first_us);
}

/* The last word of a link. Its owner may free it in there. */
static void lose(struct link *link, enum result why)
{
    ws_free(link->ws);
    link->ws = NULL;
    loop_timer_clear(link->timer);
    link->events->lost(link->context, link, why);
}

static void overdue(void *context)
{
    lose(context, E_EXPIRED);
}

/* Whether a house may answer so. Everything may be refused. */
static bool is_answer(enum signal_type asked, enum signal_type type)
{
    switch (asked) {
    case SIGNAL_SIGN_UP:
    case SIGNAL_SIGN_IN:
        return type == SIGNAL_SIGNED_IN || type == SIGNAL_REFUSED;
    case SIGNAL_ROOM_NEW:
    case SIGNAL_ROOM_SHOW:
        return type == SIGNAL_ROOM_IS || type == SIGNAL_REFUSED;
    case SIGNAL_ROOM_LIST:
        return type == SIGNAL_ROOMS || type == SIGNAL_REFUSED;
    case SIGNAL_ROOM_END:
    case SIGNAL_LEAVE:
    case SIGNAL_CATCH_UP:
    case SIGNAL_FOLLOW:
    case SIGNAL_UNFOLLOW:
    case SIGNAL_COMMIT:
    case SIGNAL_SAY:
        return type == SIGNAL_DONE || type == SIGNAL_REFUSED;
    case SIGNAL_ADMIT:
        return type == SIGNAL_ADMITTED || type == SIGNAL_REFUSED;
    case SIGNAL_ENTER:
        return type == SIGNAL_FOUND_TABLE || type == SIGNAL_SEATED || type == SIGNAL_REFUSED;
    case SIGNAL_FOUNDED:
        return type == SIGNAL_SEATED || type == SIGNAL_REFUSED;
    case SIGNAL_TICKET_NEW:
        return type == SIGNAL_TICKET || type == SIGNAL_REFUSED;
    default:
        return false;
    }
}

/* Who lost the race of founders is seated later, without having asked again. */
static bool comes_unasked(enum signal_type type)
{
    return type == SIGNAL_ROOM_ENDED || type == SIGNAL_WAITING || type == SIGNAL_HANDSHAKE ||
           type == SIGNAL_SEATED || type == SIGNAL_SEAT_ENDED || type == SIGNAL_SAID || type == SIGNAL_TICKET;
}

static struct asked *asked_find(struct link *link, uint32_t number)
{
    for (size_t i = 0; i < LINK_ASKED_MAX; i++)
        if (link->asked[i].number == number)
            return &link->asked[i];
    return NULL;
}

/* Finds what a message answers and strikes it off. An ENTER that was told to found stays: another may be
 * first. A seat settles all that was asked for it. OK | E_MALFORMED */
static enum result answer_match(struct link *link, const struct signal *signal, enum signal_type *asked)
{
    struct asked *entry;

    *asked = (enum signal_type)0;
    if (signal->request == 0)
        return comes_unasked(signal->type) ? OK : E_MALFORMED;
    entry = asked_find(link, signal->request);
    if (entry == NULL || !is_answer(entry->type, signal->type))
        return E_MALFORMED;
    *asked = entry->type;
    if (signal->type != SIGNAL_FOUND_TABLE)
        *entry = (struct asked){0};
    if (signal->type == SIGNAL_SEATED)
        for (size_t i = 0; i < LINK_ASKED_MAX; i++)
            if (!has_deadline(link->asked[i].type))
                link->asked[i] = (struct asked){0};
    deadline_set(link);
    return OK;
}

static void challenge_take(struct link *link, const struct signal *signal)
{
    if (signal->type != SIGNAL_CHALLENGE || signal->request != 0) {
        lose(link, E_MALFORMED);
        return;
    }
    link->challenged = true;
    memcpy(link->house, signal->challenge.house, sizeof link->house);
    memcpy(link->nonce, signal->challenge.nonce, sizeof link->nonce);
    link->events->challenged(link->context, link, &signal->challenge);
}

static void on_message(void *context, struct ws *ws, struct bytes padded)
{
    struct link *link = context;
    struct bytes message;
    struct signal signal;
    enum signal_type asked;
    enum result res = envelope_unpad(padded, &message);

    (void)ws;
    if (link->closing)
        return;
    if (res == OK)
        res = signal_read(message, &signal);
    if (res != OK)
        lose(link, E_MALFORMED);
    else if (!link->challenged)
        challenge_take(link, &signal);
    else if (answer_match(link, &signal, &asked) != OK)
        lose(link, E_MALFORMED);
    else
        link->events->heard(link->context, link, &signal, asked);
}

static void on_closed(void *context, struct ws *ws, unsigned code, enum result why)
{
    struct link *link = context;

    (void)ws;
    (void)code;
    link->ws = NULL; /* it frees itself after this call */
    lose(link, link->closing ? OK : why == OK ? E_CLOSED : why);
}

static const struct ws_events events = {.message = on_message, .closed = on_closed};

enum result link_open(const struct link_options *options, const struct link_events *link_events,
                      void *context, struct link **out)
{
    struct ws_client_options ws = {
        .loop = options->loop,
        .gate = options->gate,
        .tls = options->tls,
        .protocol = "teahouse.1",
        .limits = {.message_max = SIGNAL_BYTES},
    };
    char url[IDENTITY_URL_SIZE + 8];
    struct link *link = calloc(1, sizeof *link);
    enum result res;

    if (link == NULL)
        return E_NO_MEMORY;
    link->events = link_events;
    link->context = context;
    snprintf(url, sizeof url, "%s/signal", options->house_url);
    res = loop_timer_new(options->loop, overdue, link, &link->timer);
    if (res == OK)
        res = ws_connect(&ws, bytes_string(url), &events, link, &link->ws);
    if (res != OK) {
        link_free(link);
        return res;
    }
    *out = link;
    return OK;
}

void link_free(struct link *link)
{
    if (link == NULL)
        return;
    ws_free(link->ws);
    loop_timer_free(link->timer);
    wipe(link, sizeof *link);
    free(link);
}

void link_close(struct link *link)
{
    link->closing = true;
    if (link->ws != NULL)
        ws_close(link->ws, 1000, "");
}

enum result link_ask(struct link *link, struct signal *signal)
{
    struct asked *entry = asked_find(link, 0);
    struct bytes message, padded;
    enum result res;

    if (link->ws == NULL || link->closing || !link->challenged || entry == NULL)
        return E_STATE;
    signal->request = link->last_number + 1;
    res = signal_write(signal, (struct bytes_mut){link->plain, sizeof link->plain}, &message);
    if (res == OK)
        res = envelope_pad(message, (struct bytes_mut){link->padded, sizeof link->padded}, &padded);
    if (res == OK)
        res = ws_send(link->ws, padded);
    if (res != OK)
        return res;
    link->last_number = signal->request;
    if (signal->type == SIGNAL_ANSWER)
        return OK; /* nobody answers that */
    *entry = (struct asked){signal->request, signal->type, UINT64_MAX};
    if (has_deadline(signal->type))
        entry->until_us = loop_now_us() + (uint64_t)LINK_ANSWER_MS * 1000;
    deadline_set(link);
    return OK;
}

enum result link_sign_in(struct link *link, const struct identity *identity)
{
    struct signal signal = {.type = SIGNAL_SIGN_IN};
    enum result res;

    if (!link->challenged)
        return E_STATE;
    if (memcmp(link->house, identity->house_key, sizeof link->house) != 0)
        return E_FORGED;
    memcpy(signal.sign_in.account, identity->account_key, 32);
    res = identity_sign(identity, ENVELOPE_SIGN_IN, NULL, BYTES_OF(link->nonce), signal.sign_in.signature);
    return res == OK ? link_ask(link, &signal) : res;
}

enum result link_sign_up(struct link *link, const struct identity *identity)
{
    struct signal signal = {.type = SIGNAL_SIGN_UP};
    struct bytes handle = bytes_string(identity->handle);
    uint8_t content[32 + IDENTITY_HANDLE_SIZE];
    enum result res;

    if (!link->challenged)
        return E_STATE;
    if (memcmp(link->house, identity->house_key, sizeof link->house) != 0)
        return E_FORGED;
    if (handle.len == 0 || handle.len > HANDLE_BYTES)
        return E_TOO_LARGE;
    memcpy(content, link->nonce, 32);
    memcpy(content + 32, handle.at, handle.len);
    memcpy(signal.sign_up.account, identity->account_key, 32);
    signal.sign_up.handle = handle;
    res = identity_sign(identity, ENVELOPE_SIGN_UP, NULL, bytes(content, 32 + handle.len),
                        signal.sign_up.signature);
    return res == OK ? link_ask(link, &signal) : res;
}
