#define _POSIX_C_SOURCE 200809L
#include "client/session.h"

#include "client/beat.h"
#include "client/link.h"
#include "client/media.h"
#include "core/core.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WHAT_SIZE = 256 };

struct client {
    struct client_options options;
    enum client_state state;
    struct link *link;
    struct media *media;
    struct core_room *core;
    struct beat *beat; /* from being seated on */
    struct loop_timer *timer;

    bool commit_waits;  /* ours is at the house, and its HANDSHAKE has not come */
    uint64_t epoch_us;  /* when the epoch began for us */
    uint64_t ticket_us; /* when the next ticket is to be asked for */

    bool left_house, left_relay;
    enum result over_why;
    char over_what[WHAT_SIZE];

    size_t seat_count;
    struct client_seat seats[TABLE_LEAVES];
};

/* What may follow what: a bit for each state. Everything may end at any time. */
static const uint8_t follows[] = {
    [CLIENT_LINKING] = 1 << CLIENT_ENTERING | 1 << CLIENT_LEAVING,
    [CLIENT_ENTERING] = 1 << CLIENT_FOUNDING | 1 << CLIENT_SEATED | 1 << CLIENT_LEAVING,
    [CLIENT_FOUNDING] = 1 << CLIENT_ENTERING | 1 << CLIENT_SEATED | 1 << CLIENT_LEAVING,
    [CLIENT_SEATED] = 1 << CLIENT_HEARING | 1 << CLIENT_LEAVING,
    [CLIENT_HEARING] = 1 << CLIENT_LEAVING,
    [CLIENT_LEAVING] = 0,
    [CLIENT_OVER] = 0,
};

/* The one place where the state changes. */
static void state_set(struct client *s, enum client_state state)
{
    assert(state == CLIENT_OVER ? s->state != CLIENT_OVER : (follows[s->state] & 1u << state) != 0);
    s->state = state;
}

static struct core_now core_time(void)
{
    struct timespec day;

    clock_gettime(CLOCK_REALTIME, &day);
    return (struct core_now){loop_now_us() / 1000, (uint64_t)day.tv_sec};
}

static void tell(struct client *s, struct client_news news)
{
    if (news.at_us == 0)
        news.at_us = loop_now_us();
    s->options.told(s->options.context, s, &news);
}

static void alarm_tell(struct client *s, const char *what)
{
    tell(s, (struct client_news){.kind = NEWS_ALARM, .what = what});
}

static bool is_in_room(const struct client *s)
{
    return s->state == CLIENT_SEATED || s->state == CLIENT_HEARING;
}

/* --- The way out --- */

static void over(struct client *s)
{
    if (s->state == CLIENT_OVER)
        return;
    state_set(s, CLIENT_OVER);
    loop_timer_clear(s->timer);
    media_free(s->media);
    link_free(s->link);
    s->media = NULL;
    s->link = NULL;
    tell(s, (struct client_news){.kind = NEWS_OVER,
                                 .why = s->over_why,
                                 .what = s->over_what[0] != '\0' ? s->over_what : NULL});
}

static void why_set(struct client *s, enum result why, const char *what)
{
    s->over_why = why;
    snprintf(s->over_what, sizeof s->over_what, "%s", what != NULL ? what : "");
}

/* At once, without a word to anybody. */
static void fail(struct client *s, enum result why, const char *what)
{
    if (s->state != CLIENT_LEAVING)
        why_set(s, why, what);
    over(s);
}

static void leave_check(struct client *s)
{
    if (s->state == CLIENT_LEAVING && s->left_house && s->left_relay)
        over(s);
}

/* In order: house and relay hear of it, for as long as CLIENT_LEAVE_MS allows. */
static void leave(struct client *s, enum result why, const char *what)
{
    struct signal signal = {.type = SIGNAL_LEAVE};

    if (s->state == CLIENT_LEAVING || s->state == CLIENT_OVER)
        return;
    why_set(s, why, what);
    state_set(s, CLIENT_LEAVING);
    loop_timer_set(s->timer, loop_now_us() + (uint64_t)CLIENT_LEAVE_MS * 1000);
    memcpy(signal.leave.room, s->options.room, sizeof signal.leave.room);
    s->left_house = link_ask(s->link, &signal) != OK;
    media_leave(s->media);
}

/* --- The roster --- */

static void seat_drop(struct client *s, uint32_t leaf)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->seat_count; i++)
        if (s->seats[i].leaf != leaf)
            s->seats[kept++] = s->seats[i];
    s->seat_count = kept;
}

/* Whoever is in the tree gets a line, with the name that the house tells for the leaf. */
static void seat_add(struct client *s, const struct core_member *member, struct bytes told)
{
    struct client_seat seat = {.leaf = member->leaf, .speaker = member->speaker};
    struct signal_seat name;
    size_t at = s->seat_count;

    seat_drop(s, member->leaf);
    if (s->seat_count == TABLE_LEAVES)
        return;
    memcpy(seat.account, member->account, sizeof seat.account);
    while (signal_seat_next(&told, &name)) {
        if (name.leaf != member->leaf)
            continue;
        memcpy(seat.handle, name.handle.at, name.handle.len);
        seat.handle[name.handle.len] = '\0';
        seat.speaker = member->speaker && name.role == SIGNAL_SPEAKER;
    }
    for (at = s->seat_count; at > 0 && s->seats[at - 1].leaf > seat.leaf; at--)
        s->seats[at] = s->seats[at - 1];
    s->seats[at] = seat;
    s->seat_count++;
}

static void seat_move(struct client *s, const struct core_member *member)
{
    for (size_t i = 0; i < s->seat_count; i++)
        if (s->seats[i].leaf == member->leaf)
            s->seats[i].speaker = member->speaker;
}

static const struct client_seat *seat_of(const struct client *s, uint32_t leaf)
{
    for (size_t i = 0; i < s->seat_count; i++)
        if (s->seats[i].leaf == leaf)
            return &s->seats[i];
    return NULL;
}

/* --- Epochs --- */

static void epoch_begun(struct client *s)
{
    s->epoch_us = loop_now_us();
    tell(s, (struct client_news){.kind = NEWS_EPOCH, .epoch = core_room_epoch(s->core)});
    tell(s, (struct client_news){.kind = NEWS_ROSTER});
}

/* Commits what the order says. What does not lead to a commit leaves the duty to the next. */
static void doorkeep(struct client *s, const struct core_order *order, uint16_t table)
{
    struct signal signal = {.type = SIGNAL_COMMIT};
    struct signal_commit *ask = &signal.commit;
    const struct core_commit *made;

    if (s->commit_waits || core_room_commit(s->core, core_time(), order, &made) != OK)
        return;
    memcpy(ask->room, s->options.room, sizeof ask->room);
    ask->table = table;
    ask->epoch = made->epoch;
    ask->commit = made->commit;
    ask->welcome = made->welcome;
    ask->tree = made->tree;
    ask->seated = made->seated;
    ask->removed = made->removed;
    ask->roles = made->roles;
    s->commit_waits = link_ask(s->link, &signal) == OK;
}

static void waiting_take(struct client *s, const struct signal_waiting *waiting)
{
    const struct core_order order = {
        .epoch = waiting->epoch,
        .group_id = waiting->group_id,
        .joiners = waiting->joiners,
        .lost = waiting->lost,
    };

    if (is_in_room(s))
        doorkeep(s, &order, waiting->table);
}

/* No epoch lasts longer than EPOCH_MS (F18): the lowest leaf sees to that, then the next. */
static void epoch_check(struct client *s, uint64_t now_us)
{
    const uint64_t first_us = s->epoch_us + (uint64_t)(EPOCH_MS - CLIENT_EPOCH_EARLY_MS) * 1000;
    uint64_t rank = 0;

    if (now_us < first_us)
        return;
    while (rank < s->seat_count && s->seats[rank].leaf != core_room_leaf(s->core))
        rank++;
    if (now_us >= first_us + rank * 1000 * 1000) {
        const struct core_order order = {
            .epoch = core_room_epoch(s->core),
            .group_id = core_room_group_id(s->core),
        };

        doorkeep(s, &order, 0);
        s->epoch_us += 1000 * 1000; /* for another try, should this one come to nothing */
    }
}

static void handshake_take(struct client *s, const struct signal_handshake *handshake)
{
    const struct core_handshake taken = {handshake->commit, handshake->seated, handshake->removed,
                                         handshake->roles};
    const struct core_change *change;
    enum result res;

    if (!is_in_room(s))
        return;
    s->commit_waits = false;
    res = core_room_take(s->core, core_time(), &taken, &change);
    if (res == E_STALE)
        return;
    if (res == E_NO_KEY) {
        leave(s, res, "a change of the room was missed");
        return;
    }
    if (res != OK) {
        alarm_tell(s, "a change of the room was refused");
        return;
    }
    if (change->alarm)
        alarm_tell(s, "the house's word about who came or went is not what the members' is");
    if (change->out) {
        tell(s, (struct client_news){.kind = NEWS_KICKED});
        leave(s, E_REFUSED, "the seat was taken away");
        return;
    }
    for (size_t i = 0; i < change->went_count; i++)
        seat_drop(s, change->went[i].leaf);
    for (size_t i = 0; i < change->moved_count; i++)
        seat_move(s, &change->moved[i]);
    for (size_t i = 0; i < change->came_count; i++)
        seat_add(s, &change->came[i], handshake->seated);
    epoch_begun(s);
}

/* --- The voice --- */

static void on_tick(void *context, uint64_t now_us)
{
    struct client *s = context;
    struct signal signal = {.type = SIGNAL_TICKET_NEW};

    if (!is_in_room(s))
        return;
    (void)core_room_due(s->core, core_time());
    epoch_check(s, now_us);
    if (now_us < s->ticket_us)
        return;
    s->ticket_us = UINT64_MAX;
    memcpy(signal.ticket_new.room, s->options.room, sizeof signal.ticket_new.room);
    if (link_ask(s->link, &signal) != OK)
        fail(s, E_CLOSED, NULL);
}

static void on_speak(void *context, float out[static SOUND_FRAME])
{
    struct client *s = context;

    s->options.speak(s->options.context, out);
}

static void on_hear(void *context, const float in[static SOUND_FRAME])
{
    struct client *s = context;

    if (is_in_room(s))
        s->options.hear(s->options.context, in);
}

static void on_send(void *context, struct bytes_mut room, size_t len)
{
    struct client *s = context;
    enum result res = s->media != NULL ? media_send(s->media, room, len) : E_STATE;

    (void)res; /* a datagram may be lost in more ways than this */
}

static void on_heard_leaf(void *context, uint64_t at_us, uint32_t leaf)
{
    struct client *s = context;
    const struct client_seat *seat = seat_of(s, leaf);

    if (is_in_room(s))
        tell(s, (struct client_news){.kind = NEWS_HEARD,
                                     .at_us = at_us,
                                     .leaf = leaf,
                                     .handle = bytes_string(seat != NULL ? seat->handle : "")});
}

static enum result beat_begin(struct client *s)
{
    const struct beat_options options = {
        .loop = s->options.loop,
        .keyring = core_room_keyring(s->core),
        .random = s->options.random,
        .speaks = s->options.role == SIGNAL_SPEAKER,
        .speak = on_speak,
        .hear = on_hear,
        .send = on_send,
        .heard = on_heard_leaf,
        .tick = on_tick,
        .context = s,
    };

    return beat_new(&options, loop_now_us(), &s->beat);
}

/* --- The relay --- */

static void on_media_opened(void *context)
{
    struct client *s = context;

    state_set(s, CLIENT_HEARING);
    if (s->options.role == SIGNAL_SPEAKER)
        tell(s, (struct client_news){.kind = NEWS_STAGE, .at_us = beat_open_microphone(s->beat)});
}

static void on_media_heard(void *context, uint64_t now_us, unsigned slot, struct bytes_mut packet)
{
    struct client *s = context;

    beat_take(s->beat, now_us, slot, packet);
}

static void on_media_lost(void *context, enum result why, const char *what)
{
    struct client *s = context;

    s->left_relay = true;
    leave(s, why, what);
}

static void on_media_left(void *context)
{
    struct client *s = context;

    s->left_relay = true;
    leave_check(s);
}

static const struct media_events media_events = {on_media_opened, on_media_heard, on_media_lost,
                                                 on_media_left};

/* --- The seat --- */

static void ticket_next(struct client *s)
{
    s->ticket_us = loop_now_us() + (uint64_t)(TICKET_S - TICKET_RENEW_S) * 1000 * 1000;
}

/* The table is ours, or we are at it. What house and tree say of the seat must be one. */
static void seated_take(struct client *s, const struct signal_seated *seated)
{
    const struct core_member *members;
    enum result res;

    if (s->state == CLIENT_ENTERING) {
        res = core_room_join(s->core, core_time(), seated->welcome, seated->tree);
        if (res != OK) {
            leave(s, res, "the room that the house showed is not the one that was asked for");
            return;
        }
    } else if (s->state != CLIENT_FOUNDING) {
        return;
    }
    loop_timer_clear(s->timer);
    state_set(s, CLIENT_SEATED);
    for (size_t i = 0, count = core_room_members(s->core, &members); i < count; i++)
        seat_add(s, &members[i], seated->seats);

    res = beat_begin(s);
    if (res == OK)
        res = media_enter(s->media, seated->media_url, seated->ticket, beat_ssrc(s->beat));
    if (res != OK) {
        leave(s, res, "the way to the relay cannot be begun");
        return;
    }
    ticket_next(s);
    tell(s,
         (struct client_news){.kind = NEWS_SEATED, .title = seated->title, .leaf = core_room_leaf(s->core)});
    if (seated->leaf != core_room_leaf(s->core) || seated->epoch != core_room_epoch(s->core) ||
        !core_room_agrees(s->core, seated->seats))
        alarm_tell(s, "the house's roster is not the members'");
    epoch_begun(s);
    if (s->options.role == SIGNAL_SPEAKER && !core_room_member(s->core, core_room_leaf(s->core))->speaker)
        leave(s, E_REFUSED, "only who is invited may speak in this room");
}

static void found_table_take(struct client *s, const struct signal_found_table *found)
{
    struct signal signal = {.type = SIGNAL_FOUNDED};
    enum result res;

    if (s->state != CLIENT_ENTERING)
        return;
    memcpy(signal.founded.room, s->options.room, sizeof signal.founded.room);
    signal.founded.table = found->table;
    signal.founded.founding = found->founding;
    res = core_room_found(s->core, core_time(), found->charter, found->signature, &signal.founded.group_id);
    if (res == OK)
        res = link_ask(s->link, &signal);
    if (res == OK)
        state_set(s, CLIENT_FOUNDING);
    else
        leave(s, res, "the room that the house showed is not the one that was asked for");
}

static void refused_take(struct client *s, const struct signal_refused *refused, enum signal_type asked)
{
    char what[WHAT_SIZE];

    if (asked == SIGNAL_FOUNDED && refused->reason == REASON_STALE && s->state == CLIENT_FOUNDING) {
        core_room_unfound(s->core);
        state_set(s, CLIENT_ENTERING);
    } else if (asked == SIGNAL_COMMIT) {
        s->commit_waits = false;
    } else if (asked == SIGNAL_LEAVE) {
        s->left_house = true;
        leave_check(s);
    } else {
        snprintf(what, sizeof what, "the house refused%s%.*s", refused->text.len != 0 ? ": " : "",
                 (int)refused->text.len, refused->text.len != 0 ? (const char *)refused->text.at : "");
        leave(s, E_REFUSED, what);
    }
}

/* --- The link --- */

static void on_challenged(void *context, struct link *link, const struct signal_challenge *challenge)
{
    struct client *s = context;
    struct signal signal = {.type = SIGNAL_ENTER};
    enum result res;

    (void)challenge;
    if (s->state != CLIENT_LINKING)
        return;
    memcpy(signal.enter.room, s->options.room, sizeof signal.enter.room);
    signal.enter.role = (uint8_t)s->options.role;
    signal.enter.replaces = SIGNAL_NO_LEAF;
    signal.enter.key_package = core_room_key_package(s->core);
    memcpy(signal.enter.fingerprint, media_fingerprint(s->media), sizeof signal.enter.fingerprint);
    res = link_sign_in(link, s->options.identity);
    if (res == OK)
        res = link_ask(link, &signal);
    if (res == OK)
        state_set(s, CLIENT_ENTERING);
    else
        fail(s, res, NULL);
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
    default:
        return NULL;
    }
}

static void ticket_take(struct client *s, const struct signal_ticket *ticket)
{
    enum result res;

    if (!is_in_room(s))
        return;
    ticket_next(s);
    res = media_renew(s->media, ticket->ticket);
    if (res != OK)
        leave(s, res, "the ticket for the relay could not be renewed");
}

/* The relay may have been quicker with its end of the same. */
static void room_ended_take(struct client *s)
{
    if (s->state == CLIENT_OVER)
        return;
    tell(s, (struct client_news){.kind = NEWS_ENDED});
    if (s->state == CLIENT_LEAVING)
        why_set(s, OK, NULL);
    else
        leave(s, OK, NULL);
}

/* The house's own word that the seat is gone; a commit says so too, but not to whom it removes. */
static void seat_ended_take(struct client *s, const struct signal_seat_ended *ended)
{
    static const char *const words[] = {
        [SIGNAL_LOST] = "the house has given the seat up",
        [SIGNAL_LEFT] = "the seat was left",
        [SIGNAL_KICKED] = "a moderator removed you from the room",
        [SIGNAL_BLOCKED] = "a moderator shut the room to you",
        [SIGNAL_REPLACED] = "another seat has taken the place of this one",
        [SIGNAL_SUSPENDED] = "nobody could follow what this client changed in the room",
    };
    const char *what =
        ended->why < sizeof words / sizeof words[0] ? words[ended->why] : "the seat was taken away";

    if (!is_in_room(s))
        return;
    if (ended->why == SIGNAL_KICKED || ended->why == SIGNAL_BLOCKED)
        tell(s, (struct client_news){.kind = NEWS_KICKED});
    leave(s, E_REFUSED, what);
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
        found_table_take(s, &signal->found_table);
        break;
    case SIGNAL_SEATED:
        seated_take(s, &signal->seated);
        break;
    case SIGNAL_TICKET:
        ticket_take(s, &signal->ticket);
        break;
    case SIGNAL_WAITING:
        waiting_take(s, &signal->waiting);
        break;
    case SIGNAL_HANDSHAKE:
        handshake_take(s, &signal->handshake);
        break;
    case SIGNAL_ROOM_ENDED:
        room_ended_take(s);
        break;
    case SIGNAL_SEAT_ENDED:
        seat_ended_take(s, &signal->seat_ended);
        break;
    case SIGNAL_REFUSED:
        refused_take(s, &signal->refused, asked);
        break;
    case SIGNAL_DONE:
        if (asked == SIGNAL_LEAVE) {
            s->left_house = true;
            leave_check(s);
        }
        break;
    default:
        break;
    }
}

static void on_lost(void *context, struct link *link, enum result why)
{
    struct client *s = context;

    (void)link;
    s->left_house = true;
    if (s->state == CLIENT_LEAVING)
        leave_check(s);
    else
        fail(s, why == OK ? E_CLOSED : why, NULL);
}

static const struct link_events link_events = {on_challenged, on_heard, on_lost};

/* --- Beginning and end --- */

static void overdue(void *context)
{
    struct client *s = context;

    if (s->state == CLIENT_LEAVING)
        over(s);
    else
        leave(s, E_EXPIRED, "nobody in the room opens the door");
}

static enum result ways_open(struct client *s)
{
    const struct client_options *o = &s->options;
    const struct link_options link = {o->loop, o->gate, o->tls, o->identity->house_url};
    const struct media_options media = {o->loop, o->gate, o->tls, o->random, o->identity->house_url};
    const struct core_self self = {o->identity->seed, o->identity->house_key, o->room,
                                   o->role == SIGNAL_SPEAKER};
    enum result res = loop_timer_new(o->loop, overdue, s, &s->timer);

    /* The connections first: they open while the keys are made. */
    if (res == OK)
        res = link_open(&link, &link_events, s, &s->link);
    if (res == OK)
        res = media_new(&media, &media_events, s, &s->media);
    if (res == OK)
        res = core_room_new(o->random, &self, core_time(), &s->core);
    return res;
}

enum result client_new(const struct client_options *options, struct client **out)
{
    struct client *s = calloc(1, sizeof *s);
    enum result res;

    if (s == NULL)
        return E_NO_MEMORY;
    s->options = *options;
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
    loop_timer_free(s->timer);
    free(s);
}

void client_leave(struct client *s)
{
    leave(s, OK, NULL);
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
