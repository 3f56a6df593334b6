#define _POSIX_C_SOURCE 200809L
#include "client/inside.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What may follow what: a bit for each state. Everything may end at any time. */
static const uint8_t follows[] = {
    [CLIENT_LINKING] = 1 << CLIENT_ENTERING | 1 << CLIENT_LEAVING,
    [CLIENT_ENTERING] =
        1 << CLIENT_ENTERING | 1 << CLIENT_FOUNDING | 1 << CLIENT_SEATED | 1 << CLIENT_LEAVING,
    [CLIENT_FOUNDING] = 1 << CLIENT_ENTERING | 1 << CLIENT_SEATED | 1 << CLIENT_LEAVING,
    [CLIENT_SEATED] = 1 << CLIENT_ENTERING | 1 << CLIENT_HEARING | 1 << CLIENT_LEAVING,
    [CLIENT_HEARING] = 1 << CLIENT_ENTERING | 1 << CLIENT_SEATED | 1 << CLIENT_LEAVING,
    [CLIENT_LEAVING] = 0,
    [CLIENT_OVER] = 0,
};

void client_state_set(struct client *s, enum client_state state)
{
    assert(state == CLIENT_OVER ? s->state != CLIENT_OVER : (follows[s->state] & 1u << state) != 0);
    s->state = state;
}

struct core_now client_time(void)
{
    struct timespec day;

    clock_gettime(CLOCK_REALTIME, &day);
    return (struct core_now){loop_now_us() / 1000, (uint64_t)day.tv_sec};
}

void client_tell(struct client *s, struct client_news news)
{
    if (news.at_us == 0)
        news.at_us = loop_now_us();
    s->options.told(s->options.context, s, &news);
}

void client_alarm(struct client *s, const char *what)
{
    client_tell(s, (struct client_news){.kind = NEWS_ALARM, .what = what});
}

bool client_is_in_room(const struct client *s)
{
    return s->state == CLIENT_SEATED || s->state == CLIENT_HEARING;
}

uint64_t client_random_us(const struct client *s, uint64_t below_us)
{
    return below_us * (random_u32(s->options.random) >> 8) >> 24;
}

enum result client_ask(struct client *s, struct signal *signal)
{
    return s->link != NULL ? link_ask(s->link, signal) : E_STATE;
}

/* --- The link --- */

static void on_challenged(void *context, struct link *link, const struct signal_challenge *challenge)
{
    struct client *s = context;
    enum result res = link_sign_in(link, s->options.identity);

    (void)challenge;
    if (res != OK) {
        departure_fail(s, res, NULL);
    } else if (s->core != NULL) {
        comeback_challenged(s);
    } else if (s->state == CLIENT_LINKING) {
        res = arrival_ask(s);
        if (res != OK)
            departure_fail(s, res, NULL);
    }
}

/* The room that a message is about, where it names one. */
static const uint8_t *room_of(const struct signal *signal)
{
    switch (signal->type) {
    case SIGNAL_FOUND_TABLE:
        return signal->found_table.room;
    case SIGNAL_SEATED:
        return signal->seated.room;
    case SIGNAL_TICKET:
        return signal->ticket.room;
    case SIGNAL_WAITING:
        return signal->waiting.room;
    case SIGNAL_HANDSHAKE:
        return signal->handshake.room;
    case SIGNAL_ROOM_ENDED:
        return signal->room_ended.room;
    case SIGNAL_SEAT_ENDED:
        return signal->seat_ended.room;
    case SIGNAL_ADMITTED:
        return signal->admitted.room;
    case SIGNAL_SAID:
        return signal->said.room;
    default:
        return NULL;
    }
}

static void refused_take(struct client *s, const struct signal *signal, enum signal_type asked)
{
    const struct signal_refused *refused = &signal->refused;

    switch (asked) {
    case SIGNAL_COMMIT:
        epochs_refused(s, signal->request, refused);
        break;
    case SIGNAL_LEAVE:
        departure_house_left(s);
        break;
    case SIGNAL_ROOM_END:
    case SIGNAL_ADMIT:
        wish_refused(s, refused);
        break;
    case SIGNAL_SAY:
        if (signal->request == s->say_number)
            gossip_refused(s, refused);
        break;
    case SIGNAL_CATCH_UP:
        if (client_is_in_room(s))
            comeback_stale(s);
        break;
    case SIGNAL_FOUNDED:
        if (refused->reason == REASON_STALE && s->state == CLIENT_FOUNDING) {
            arrival_unfounded(s);
            break;
        }
        departure_refused(s, refused);
        break;
    default:
        departure_refused(s, refused);
    }
}

static void done_take(struct client *s, const struct signal *signal, enum signal_type asked)
{
    if (asked == SIGNAL_SAY && signal->request == s->say_number)
        gossip_done(s);
    else if (asked == SIGNAL_COMMIT)
        epochs_taken(s, signal->request);
    else if (asked == SIGNAL_LEAVE)
        departure_house_left(s);
    else if (asked == SIGNAL_ROOM_END)
        wish_answered(s);
    else if (asked == SIGNAL_CATCH_UP && client_is_in_room(s))
        comeback_done(s);
}

static void on_heard(void *context, struct link *link, const struct signal *signal, enum signal_type asked)
{
    struct client *s = context;
    const uint8_t *room = room_of(signal);

    (void)link;
    if (room != NULL && memcmp(room, s->options.room, 32) != 0)
        return;
    switch (signal->type) {
    case SIGNAL_FOUND_TABLE:
        arrival_table(s, &signal->found_table);
        break;
    case SIGNAL_SEATED:
        arrival_seated(s, &signal->seated);
        break;
    case SIGNAL_TICKET:
        hearing_ticket(s, signal->ticket.ticket, asked != (enum signal_type)0);
        break;
    case SIGNAL_WAITING:
        epochs_waiting(s, &signal->waiting);
        break;
    case SIGNAL_HANDSHAKE:
        epochs_handshake(s, &signal->handshake);
        break;
    case SIGNAL_ROOM_ENDED:
        departure_room_ended(s);
        break;
    case SIGNAL_SEAT_ENDED:
        departure_seat_ended(s, signal->seat_ended.why, false);
        break;
    case SIGNAL_ADMITTED:
        wish_admitted(s, &signal->admitted);
        break;
    case SIGNAL_SAID:
        gossip_heard(s, &signal->said);
        break;
    case SIGNAL_REFUSED:
        refused_take(s, signal, asked);
        break;
    case SIGNAL_DONE:
        done_take(s, signal, asked);
        break;
    default:
        break;
    }
}

static void on_lost(void *context, struct link *link, enum result why)
{
    struct client *s = context;

    (void)link;
    if (s->state == CLIENT_LEAVING)
        departure_house_left(s);
    else if (s->core != NULL)
        comeback_begin(s, why == OK ? E_CLOSED : why);
    else
        departure_fail(s, why == OK ? E_CLOSED : why, NULL);
}

static const struct link_events link_events = {on_challenged, on_heard, on_lost};

enum result client_link(struct client *s)
{
    const struct client_options *o = &s->options;
    const struct link_options link = {o->loop, o->gate, o->tls, o->identity->house_url};

    return link_open(&link, &link_events, s, &s->link);
}

/* --- Beginning and end --- */

static void overdue(void *context)
{
    departure_overdue(context);
}

static enum result ways_open(struct client *s)
{
    const struct client_options *o = &s->options;
    const struct media_options media = {o->loop, o->gate, o->tls, o->random, o->identity->house_url};
    enum result res = loop_timer_new(o->loop, overdue, s, &s->timer);

    /* The connections first: they open while the keys are made. */
    if (res == OK)
        res = client_link(s);
    if (res == OK)
        res = media_new(&media, &hearing_events, s, &s->media);
    if (res == OK)
        res = arrival_prepare(s);
    return res;
}

enum result client_new(const struct client_options *options, struct client **out)
{
    struct client *s = calloc(1, sizeof *s);
    enum result res;

    if (s == NULL)
        return E_NO_MEMORY;
    s->options = *options;
    if (options->secret != NULL) {
        memcpy(s->secret, options->secret, sizeof s->secret);
        s->options.secret = s->secret;
    }
    s->state = CLIENT_LINKING;
    res = ways_open(s);
    if (res != OK) {
        client_free(s);
        return res;
    }
    loop_timer_set(s->timer, loop_now_us() + (uint64_t)CLIENT_SEAT_MS * 1000);
    *out = s;
    return OK;
}

void client_free(struct client *s)
{
    if (s == NULL)
        return;
    beat_free(s->beat);
    media_free(s->media);
    link_free(s->link);
    core_room_free(s->core);
    core_room_free(s->coming);
    loop_timer_free(s->timer);
    wipe(s, sizeof *s); /* names of people, and what was about to be said to them */
    free(s);
}

void client_leave(struct client *s)
{
    departure_begin(s);
}

enum client_state client_state(const struct client *s)
{
    return s->state;
}

size_t client_roster(const struct client *s, const struct client_seat **out)
{
    *out = s->seats;
    return s->seat_count;
}

struct ear_report client_report(const struct client *s)
{
    return s->beat != NULL ? beat_report(s->beat) : (struct ear_report){0};
}
