#include "client/inside.h"

#include <string.h>

static const char another_room[] = "the room that the house showed is not the one that was asked for";

static const char *why_not(enum result res)
{
    if (res == E_EXPIRED)
        return "a moderator has closed this link: ask for the new one";
    return res == E_REPLAY ? "the house brings back the room as it was before its moderators' last words"
                           : another_room;
}

/* The own word on the stage, which a seat in place of another keeps. */
static bool wants_stage(const struct client *s)
{
    const struct core_member *self = NULL;

    if (s->core != NULL && core_room_is_seated(s->core))
        self = core_room_member(s->core, core_room_leaf(s->core));
    return self != NULL ? self->stage : s->options.role == SIGNAL_SPEAKER;
}

enum result arrival_prepare(struct client *s)
{
    const struct client_options *o = &s->options;
    const struct core_self self = {
        .account_seed = o->pseudonym == NULL ? o->identity->seed : NULL,
        .house = o->identity->house_key,
        .room = o->room,
        .stage = wants_stage(s),
        .secret = o->secret,
        .mark = &s->mark,
    };

    core_room_free(s->coming);
    s->coming = NULL;
    return core_room_new(o->random, &self, client_time(), &s->coming);
}

/* A KeyPackage is good once: that of the first seat is made while the link opens. */
enum result arrival_ask(struct client *s)
{
    struct signal signal = {.type = SIGNAL_ENTER};
    struct signal_enter *enter = &signal.enter;
    enum result res = s->core != NULL ? arrival_prepare(s) : OK;

    enter->replaces = SIGNAL_NO_LEAF;
    if (res == OK && s->core != NULL && core_room_is_seated(s->core))
        res = core_room_replaces(s->core, s->coming, &enter->replaces, enter->replaces_signature);
    if (res != OK)
        return res;
    memcpy(enter->room, s->options.room, sizeof enter->room);
    enter->role = wants_stage(s) ? SIGNAL_SPEAKER : SIGNAL_LISTENER;
    enter->key_package = core_room_key_package(s->coming);
    enter->pseudonym = bytes_string(s->options.pseudonym != NULL ? s->options.pseudonym : "");
    memcpy(enter->fingerprint, media_fingerprint(s->media), sizeof enter->fingerprint);
    res = client_ask(s, &signal);
    if (res == OK) {
        client_state_set(s, CLIENT_ENTERING);
        loop_timer_set(s->timer, loop_now_us() + (uint64_t)CLIENT_SEAT_MS * 1000);
    }
    return res;
}

void arrival_again(struct client *s)
{
    enum result res = arrival_ask(s);

    if (res != OK)
        departure_leave(s, res, "a change of the room was missed, and no other seat can be asked for");
}

void arrival_table(struct client *s, const struct signal_found_table *found)
{
    struct signal signal = {.type = SIGNAL_FOUNDED};
    enum result res;

    if (s->state != CLIENT_ENTERING)
        return;
    memcpy(signal.founded.room, s->options.room, sizeof signal.founded.room);
    signal.founded.table = found->table;
    signal.founded.founding = found->founding;
    res = core_room_found_again(s->coming, client_time(), found->charter, found->signature, found->words,
                                &signal.founded.group_id);
    if (res == OK)
        res = client_ask(s, &signal);
    if (res == OK)
        client_state_set(s, CLIENT_FOUNDING);
    else
        departure_leave(s, res, why_not(res));
}

void arrival_unfounded(struct client *s)
{
    core_room_unfound(s->coming);
    client_state_set(s, CLIENT_ENTERING);
}

static bool is_missing(const struct client *s, const struct client_seat *seat)
{
    static const uint8_t nobody[32];
    const struct core_member *members;

    if (memcmp(seat->account, nobody, sizeof nobody) == 0)
        return false; /* a pseudonym: who that was nobody can tell */
    for (size_t i = 0, count = core_room_members(s->coming, &members); i < count; i++)
        if (memcmp(members[i].account, seat->account, sizeof seat->account) == 0)
            return false;
    return true;
}

/* A house that says that nobody is awake makes a room of its own of those to whom it says so (F3). They know
 * who sat with them before. */
static void tell_who_is_missing(struct client *s)
{
    static const char anew[] = "the table was founded anew, without";
    char what[CLIENT_WHAT_SIZE];
    size_t len = sizeof anew - 1;

    if (s->core == NULL || !core_room_is_seated(s->core) ||
        bytes_equal(core_room_group_id(s->core), core_room_group_id(s->coming)))
        return;
    memcpy(what, anew, sizeof anew);
    for (size_t i = 0; i < s->seat_count; i++)
        if (is_missing(s, &s->seats[i]) && len + 1 + strlen(s->seats[i].handle) < sizeof what) {
            what[len++] = ' ';
            memcpy(what + len, s->seats[i].handle, strlen(s->seats[i].handle) + 1);
            len += strlen(s->seats[i].handle);
        }
    if (len > sizeof anew - 1)
        client_alarm(s, what);
}

/* Nothing of the seat before stays but what was counted. */
static enum result sit_down(struct client *s, const struct signal_seated *seated)
{
    struct core_room *before = s->core;
    const struct core_member *members;
    enum result res;

    tell_who_is_missing(s);
    s->core = s->coming;
    s->coming = NULL;
    s->linked = true;
    s->link_lost_us = 0;
    s->commit_number = 0;
    s->seat_count = 0;
    for (size_t i = 0, count = core_room_members(s->core, &members); i < count; i++)
        people_add(s, &members[i], seated->seats);
    res = hearing_begin(s, seated->media_url, seated->ticket);
    core_room_free(before);
    return res;
}

/* A doorkeeper who means ill, or a house, gave us a leaf without its keys (F23): it is given back, and
 * another asked for. Where the group is not the link's there is nothing to be tried again. */
static bool comes_again(struct client *s, enum result why)
{
    struct signal signal = {.type = SIGNAL_LEAVE};

    if (why == E_REFUSED || why == E_REPLAY || why == E_UNSUPPORTED || why == E_NO_MEMORY ||
        s->losses++ >= CLIENT_LOSSES)
        return false;
    memcpy(signal.leave.room, s->options.room, sizeof signal.leave.room);
    return client_ask(s, &signal) == OK && arrival_prepare(s) == OK && arrival_ask(s) == OK;
}

/* The table is ours, or we are at it. What house and tree say of the seat must be one. */
void arrival_seated(struct client *s, const struct signal_seated *seated)
{
    enum result res;

    if (s->state == CLIENT_ENTERING) {
        res = core_room_join(s->coming, client_time(), seated->welcome, seated->tree);
        if (res != OK && !comes_again(s, res))
            departure_leave(s, res, why_not(res));
        if (res != OK)
            return;
    } else if (s->state != CLIENT_FOUNDING) {
        return;
    }
    loop_timer_clear(s->timer);
    client_state_set(s, CLIENT_SEATED);
    res = sit_down(s, seated);
    if (res != OK) {
        departure_leave(s, res, "the way to the relay cannot be begun");
        return;
    }
    client_tell(s, (struct client_news){
                       .kind = NEWS_SEATED, .title = seated->title, .leaf = core_room_leaf(s->core)});
    if (seated->leaf != core_room_leaf(s->core) || seated->epoch != core_room_epoch(s->core) ||
        !core_room_agrees(s->core, seated->seats))
        client_alarm(s, "the house's roster is not the members'");
    epochs_begun(s);
    plan_begin(s);
    /* Who wants to speak and may not yet asks for it; the invitation then suffices. */
    if (wants_stage(s) && !s->on_stage)
        gossip_hand(s, true);
    gossip_again(s);
    wish_again(s);
}
