#include "client/inside.h"

#include "base/text.h"

#include <string.h>

enum { AGAIN_US = 1000 * 1000 };

enum result client_chat(struct client *s, struct bytes text)
{
    struct chat *chat;

    if (text.len == 0 || !text_is_utf8(text))
        return E_MALFORMED;
    if (text.len > TALK_CHAT_BYTES || s->chat_count == CLIENT_CHATS)
        return E_TOO_LARGE;
    if (!client_is_in_room(s))
        return E_STATE;
    chat = &s->chats[s->chat_count++];
    memcpy(chat->text, text.at, text.len);
    chat->len = text.len;
    gossip_due(s, loop_now_us());
    return OK;
}

/* --- Out --- */

/* Sealed for the epoch that is now, signed by our leaf. What cannot be said is not tried again. */
static enum result say(struct client *s, const struct talk *talk, enum client_saying saying)
{
    struct signal signal = {.type = SIGNAL_SAY};
    enum result res = core_room_say(s->core, talk, &signal.say.message);

    if (res != OK)
        return res;
    memcpy(signal.say.room, s->options.room, sizeof signal.say.room);
    signal.say.epoch = core_room_epoch(s->core);
    res = client_ask(s, &signal);
    if (res == OK) {
        s->saying = saying;
        s->say_number = signal.request;
    }
    return res;
}

static void chat_drop(struct client *s)
{
    s->chat_count--;
    memmove(s->chats, s->chats + 1, s->chat_count * sizeof s->chats[0]);
}

static void chat_say(struct client *s)
{
    const struct talk talk = {.type = TALK_CHAT, .chat.text = bytes(s->chats[0].text, s->chats[0].len)};

    if (say(s, &talk, SAYING_CHAT) != OK)
        chat_drop(s);
}

static void hand_say(struct client *s)
{
    const struct talk talk = {.type = TALK_HAND, .hand.up = s->hand_up};

    s->hand_waits = say(s, &talk, SAYING_HAND) != OK;
}

static void plan_say(struct client *s, uint64_t now_us)
{
    struct talk talk;
    enum result res = core_room_plan(s->core, client_time(), &talk);

    if (res == OK)
        res = say(s, &talk, SAYING_PLAN);
    s->plan_due_us = now_us + (res == OK ? (uint64_t)PLAN_MS * 1000 : AGAIN_US);
}

/* One at a time, so that a refusal is known to be of what was said last. */
void gossip_due(struct client *s, uint64_t now_us)
{
    struct talk talk;
    enum result res;

    if (s->say_number != 0 || !s->linked || !client_is_in_room(s) || now_us < s->say_after_us)
        return;
    if (wish_talk(s, &talk)) {
        res = say(s, &talk, SAYING_WISH);
        if (res != OK)
            wish_said(s, res);
    } else if (now_us >= s->plan_due_us && plan_is_to_say(s, now_us)) {
        plan_say(s, now_us); /* before whatever its moderator has to tell at length */
    } else if (plan_is_over(s)) {
        return; /* it may be that only those hear it whom others have sent away (F13) */
    } else if (s->hand_waits) {
        hand_say(s);
    } else if (s->chat_count != 0) {
        chat_say(s);
    }
}

void gossip_hand(struct client *s, bool up)
{
    s->hand_up = up;
    s->hand_waits = true;
}

void gossip_done(struct client *s)
{
    s->say_number = 0;
    switch (s->saying) {
    case SAYING_WISH:
        wish_said(s, OK);
        break;
    case SAYING_CHAT:
        chat_drop(s);
        break;
    case SAYING_HAND:
    case SAYING_PLAN:
        break;
    }
    gossip_due(s, loop_now_us());
}

/* An epoch that was over, or too much at once: it is sealed and said again. Else it is given up. */
void gossip_refused(struct client *s, const struct signal_refused *refused)
{
    bool again = refused->reason == REASON_STALE || refused->reason == REASON_TOO_MANY;

    s->say_number = 0;
    if (refused->reason == REASON_TOO_MANY)
        s->say_after_us = loop_now_us() + AGAIN_US;
    switch (s->saying) {
    case SAYING_WISH:
        if (again)
            wish_again(s);
        else
            wish_refused(s, refused);
        break;
    case SAYING_CHAT:
        if (!again)
            chat_drop(s);
        break;
    case SAYING_HAND:
        s->hand_waits = again;
        break;
    case SAYING_PLAN:
        s->plan_due_us = 0;
        break;
    }
}

void gossip_again(struct client *s)
{
    if (s->say_number != 0 && s->saying == SAYING_HAND)
        s->hand_waits = true;
    s->say_number = 0;
}

/* --- In --- */

static void tell(struct client *s, enum client_news_kind kind, uint32_t leaf, bool on, struct bytes text)
{
    const struct client_seat *seat = people_at(s, leaf);

    client_tell(s, (struct client_news){.kind = kind,
                                        .leaf = leaf,
                                        .on = on,
                                        .handle = bytes_string(seat != NULL ? seat->handle : ""),
                                        .text = text});
}

/* What is stale, replayed or not to be understood says nothing to anybody. */
void gossip_heard(struct client *s, const struct signal_say *said)
{
    const struct core_said *what;
    enum result res;

    if (!client_is_in_room(s))
        return;
    res = core_room_hear(s->core, client_time(), said->message, &what);
    if (res == E_NOT_FOUND)
        plan_split(s);
    if (res == E_NO_KEY)
        comeback_behind(s);
    if (res != OK)
        return;
    switch (what->talk.type) {
    case TALK_CHAT:
        tell(s, NEWS_CHAT, what->leaf, true, what->talk.chat.text);
        break;
    case TALK_HAND:
        tell(s, NEWS_HAND, what->leaf, what->talk.hand.up != 0, (struct bytes){0});
        break;
    case TALK_MUTE:
        tell(s, NEWS_MUTED, what->talk.mute.leaf, true, (struct bytes){0});
        hearing_mute(s);
        break;
    case TALK_UNMUTE:
        tell(s, NEWS_MUTED, what->leaf, false, (struct bytes){0});
        break;
    case TALK_PLAN:
        plan_heard(s, what->plan);
        break;
    }
}
