#include "client/inside.h"

#include <stdio.h>
#include <string.h>

static void over(struct client *s)
{
    if (s->state == CLIENT_OVER)
        return;
    wish_end_all(s);
    client_state_set(s, CLIENT_OVER);
    loop_timer_clear(s->timer);
    media_free(s->media);
    link_free(s->link);
    s->media = NULL;
    s->link = NULL;
    s->linked = false;
    client_tell(s, (struct client_news){.kind = NEWS_OVER,
                                        .why = s->over_why,
                                        .what = s->over_what[0] != '\0' ? s->over_what : NULL});
}

static void why_set(struct client *s, enum result why, const char *what)
{
    s->over_why = why;
    snprintf(s->over_what, sizeof s->over_what, "%s", what != NULL ? what : "");
}

void departure_fail(struct client *s, enum result why, const char *what)
{
    if (s->state != CLIENT_LEAVING)
        why_set(s, why, what);
    over(s);
}

static void check(struct client *s)
{
    if (s->state == CLIENT_LEAVING && s->left_house && s->left_relay)
        over(s);
}

static void say_goodbye(struct client *s)
{
    struct signal signal = {.type = SIGNAL_LEAVE};

    s->hushes = false;
    loop_timer_set(s->timer, loop_now_us() + (uint64_t)CLIENT_LEAVE_MS * 1000);
    memcpy(signal.leave.room, s->options.room, sizeof signal.leave.room);
    s->left_house = client_ask(s, &signal) != OK;
    media_leave(s->media);
}

void departure_leave(struct client *s, enum result why, const char *what)
{
    if (s->state == CLIENT_LEAVING || s->state == CLIENT_OVER)
        return;
    why_set(s, why, what);
    client_state_set(s, CLIENT_LEAVING);
    say_goodbye(s);
}

void departure_begin(struct client *s)
{
    if (s->state != CLIENT_HEARING || hearing_hush(s)) {
        departure_leave(s, OK, NULL);
        return;
    }
    why_set(s, OK, NULL);
    client_state_set(s, CLIENT_LEAVING);
    loop_timer_set(s->timer, loop_now_us() + (uint64_t)CLIENT_LEAVE_MS * 1000);
}

void departure_due(struct client *s)
{
    if (s->state == CLIENT_LEAVING && s->hushes && hearing_hush(s))
        say_goodbye(s);
}

void departure_overdue(struct client *s)
{
    if (s->state == CLIENT_LEAVING && s->hushes)
        say_goodbye(s);
    else if (s->state == CLIENT_LEAVING)
        over(s);
    else
        departure_leave(s, E_EXPIRED, "nobody in the room opens the door");
}

void departure_house_left(struct client *s)
{
    s->left_house = true;
    check(s);
}

void departure_relay_left(struct client *s)
{
    s->left_relay = true;
    check(s);
}

void departure_refused(struct client *s, const struct signal_refused *refused)
{
    char what[CLIENT_WHAT_SIZE];

    snprintf(what, sizeof what, "the house refused%s%.*s", refused->text.len != 0 ? ": " : "",
             (int)refused->text.len, refused->text.len != 0 ? (const char *)refused->text.at : "");
    departure_leave(s, E_REFUSED, what);
}

/* The relay may have been quicker with its end of the same: the house's word is the better reason. */
static void leave_because(struct client *s, enum result why, const char *what)
{
    if (s->state != CLIENT_LEAVING) {
        departure_leave(s, why, what);
        return;
    }
    why_set(s, why, what);
    if (s->hushes) /* nothing is heard of us any more */
        say_goodbye(s);
}

void departure_room_ended(struct client *s)
{
    if (s->state == CLIENT_OVER)
        return;
    client_tell(s, (struct client_news){.kind = NEWS_ENDED});
    leave_because(s, OK, NULL);
}

void departure_seat_ended(struct client *s, uint8_t why, bool shown)
{
    static const char *const words[] = {
        [SIGNAL_LOST] = "the house has given the seat up",
        [SIGNAL_LEFT] = "the seat was left",
        [SIGNAL_KICKED] = "a moderator removed you from the room",
        [SIGNAL_BLOCKED] = "a moderator shut the room to you",
        [SIGNAL_REPLACED] = "another seat has taken the place of this one",
        [SIGNAL_SUSPENDED] = "nobody could follow what this client changed in the room",
    };
    const char *what = why < sizeof words / sizeof words[0] ? words[why] : "the seat was taken away";
    bool kicked = why == SIGNAL_KICKED || why == SIGNAL_BLOCKED;

    if (kicked && !shown)
        what = "the house says that a moderator removed you, and shows no moderator's word for it";
    if (s->state == CLIENT_OVER || s->was_removed || (s->state == CLIENT_LEAVING && !kicked))
        return;
    /* A commit that the house took back, or a word of the house that came too late for us: another seat. */
    if (why == SIGNAL_LOST && s->losses++ < CLIENT_LOSSES && client_is_in_room(s)) {
        arrival_again(s);
        return;
    }
    s->was_removed = true;
    if (kicked)
        client_tell(s, (struct client_news){.kind = NEWS_KICKED});
    leave_because(s, E_REFUSED, what);
}
