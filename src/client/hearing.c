#include "client/inside.h"

#include <stdio.h>
#include <string.h>

enum {
    RETRY_FIRST_US = 200 * 1000, /* the house's word that the seat is gone may be on its way */
    RETRY_US = 1000 * 1000,
};

/* --- The beat --- */

static void on_tick(void *context, uint64_t now_us)
{
    struct client *s = context;

    comeback_due(s, now_us);
    plan_due(s, now_us);
    departure_due(s);
    if (!client_is_in_room(s))
        return;
    (void)core_room_due(s->core, client_time());
    epochs_due(s, now_us);
    wish_due(s, now_us);
    if (client_is_in_room(s))
        gossip_due(s, now_us);
    people_judge(s, now_us);
    hearing_due(s, now_us);
}

static void on_speak(void *context, float out[static SOUND_FRAME])
{
    struct client *s = context;

    s->options.speak(s->options.context, out);
}

static void on_hear(void *context, const float in[static SOUND_FRAME])
{
    struct client *s = context;

    if (s->state != CLIENT_LEAVING && s->state != CLIENT_OVER)
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
    const struct client_seat *seat = people_at(s, leaf);

    if (client_is_in_room(s))
        client_tell(s, (struct client_news){.kind = NEWS_HEARD,
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
        .speak = on_speak,
        .hear = on_hear,
        .send = on_send,
        .heard = on_heard_leaf,
        .tick = on_tick,
        .context = s,
    };

    if (s->beat == NULL)
        return beat_new(&options, loop_now_us(), &s->beat);
    beat_change_keys(s->beat, options.keyring);
    return OK;
}

/* --- The stage --- */

static bool is_silenced(const struct client *s)
{
    return s->hushes || core_room_is_muted(s->core, core_room_leaf(s->core)) || plan_is_over(s);
}

static void stage_open(struct client *s)
{
    if (s->on_stage && !s->stage_waits && !is_silenced(s) && s->state == CLIENT_HEARING &&
        !beat_is_open(s->beat))
        client_tell(
            s, (struct client_news){.kind = NEWS_STAGE, .on = true, .at_us = beat_open_microphone(s->beat)});
}

static void stage_close(struct client *s)
{
    if (!beat_is_open(s->beat))
        return;
    beat_close_microphone(s->beat);
    client_tell(s, (struct client_news){.kind = NEWS_STAGE});
}

void hearing_mute(struct client *s)
{
    if (is_silenced(s))
        stage_close(s);
    else
        stage_open(s);
}

bool hearing_hush(struct client *s)
{
    s->hushes = true;
    if (s->beat == NULL)
        return true;
    stage_close(s);
    return !beat_is_closing(s->beat);
}

void hearing_unhush(struct client *s)
{
    s->hushes = false;
    if (client_is_in_room(s))
        hearing_mute(s);
}

static bool may_be_heard(const struct client *s)
{
    return core_room_member(s->core, core_room_leaf(s->core))->speaker;
}

void hearing_stage(struct client *s)
{
    bool on = may_be_heard(s);

    if (on == s->on_stage)
        return;
    s->on_stage = on;
    s->stage_waits = on;
    if (on) {
        hearing_ticket_soon(s);
        if (s->hand_up)
            gossip_hand(s, false);
    } else {
        stage_close(s);
    }
}

/* --- The relay --- */

static void ticket_next(struct client *s)
{
    s->ticket_us = loop_now_us() + (uint64_t)(TICKET_S - TICKET_RENEW_S) * 1000 * 1000;
}

static enum result enter(struct client *s, struct bytes ticket)
{
    if (s->state == CLIENT_HEARING)
        client_state_set(s, CLIENT_SEATED);
    return media_enter(s->media, bytes_string(s->media_url), ticket, beat_ssrc(s->beat));
}

enum result hearing_begin(struct client *s, struct bytes media_url, struct bytes ticket)
{
    enum result res;

    if (media_url.len >= sizeof s->media_url)
        return E_TOO_LARGE;
    memcpy(s->media_url, media_url.at, media_url.len);
    s->media_url[media_url.len] = '\0';
    res = beat_begin(s);
    if (res != OK)
        return res;
    s->on_stage = may_be_heard(s);
    s->stage_waits = false;
    if (!s->on_stage)
        stage_close(s);
    s->media_lost_us = 0;
    s->media_retry_us = 0;
    ticket_next(s);
    return enter(s, ticket);
}

void hearing_ticket_soon(struct client *s)
{
    s->ticket_us = 0;
}

void hearing_due(struct client *s, uint64_t now_us)
{
    struct signal signal = {.type = SIGNAL_TICKET_NEW};

    if (!s->linked || (now_us < s->ticket_us && (s->media_retry_us == 0 || now_us < s->media_retry_us)))
        return;
    s->ticket_us = UINT64_MAX;
    s->media_retry_us = 0;
    memcpy(signal.ticket_new.room, s->options.room, sizeof signal.ticket_new.room);
    if (client_ask(s, &signal) != OK)
        s->ticket_us = now_us + RETRY_US;
}

/* How long a relay is tried again. What has never been heard and is refused, or is not there, will not be for
 * trying again; but a house that is restarted takes its relay along just while somebody sits down (field
 * report G48). */
static uint64_t patience_us(const struct client *s, enum result why)
{
    if (s->was_heard)
        return (uint64_t)CLIENT_RETURN_MS * 1000;
    return why == E_CLOSED || !s->linked ? (uint64_t)CLIENT_SEAT_MS * 1000 : 0;
}

static void lost(struct client *s, enum result why, const char *what)
{
    uint64_t now_us = loop_now_us(), patience = patience_us(s, why);

    if (s->state == CLIENT_HEARING)
        client_state_set(s, CLIENT_SEATED);
    if (patience == 0 || (s->media_lost_us != 0 && now_us > s->media_lost_us + patience)) {
        departure_leave(s, why, what);
        return;
    }
    s->media_retry_us = now_us + (s->media_lost_us == 0 ? RETRY_FIRST_US : client_random_us(s, RETRY_US));
    if (s->media_lost_us == 0)
        s->media_lost_us = now_us;
}

/* A ticket that the house sends by itself means that it has ended the session of those before. */
void hearing_ticket(struct client *s, struct bytes ticket, bool asked)
{
    enum media_state state = media_state(s->media);
    enum result res = OK;

    if (!client_is_in_room(s))
        return;
    ticket_next(s);
    s->stage_waits = s->stage_waits && !asked;
    if (!asked || state == MEDIA_IDLE)
        res = enter(s, ticket);
    else if (state == MEDIA_JOINING || state == MEDIA_OPEN)
        res = media_renew(s->media, ticket);
    if (res != OK)
        lost(s, res, "the ticket for the relay could not be used");
}

static void on_media_opened(void *context)
{
    struct client *s = context;

    if (s->state == CLIENT_SEATED)
        client_state_set(s, CLIENT_HEARING);
    s->was_heard = true;
    s->media_lost_us = 0;
    stage_open(s);
}

static void on_media_renewed(void *context)
{
    struct client *s = context;

    if (client_is_in_room(s))
        stage_open(s);
}

static void on_media_heard(void *context, uint64_t now_us, unsigned slot, struct bytes_mut packet)
{
    struct client *s = context;

    beat_take(s->beat, now_us, slot, packet);
}

static void on_media_lost(void *context, enum result why, const char *what)
{
    lost(context, why, what);
}

static void on_media_left(void *context)
{
    departure_relay_left(context);
}

const struct media_events hearing_events = {on_media_opened, on_media_renewed, on_media_heard, on_media_lost,
                                            on_media_left};
