#include "client/inside.h"

#include "client/identity.h"
#include "wire/envelope.h"

#include <stdio.h>
#include <string.h>

enum { TRIES = 4 }; /* a commit that came second, and three times more */

static const struct {
    const char *word;
    bool about_somebody;
} verbs[] = {
    [CLIENT_RAISE] = {"raise", false},        [CLIENT_LOWER] = {"lower", false},
    [CLIENT_MUTE] = {"mute", true},           [CLIENT_INVITE] = {"invite", true},
    [CLIENT_ACCEPT] = {"accept", false},      [CLIENT_LEAVE] = {"leave", false},
    [CLIENT_DEMOTE] = {"demote", true},       [CLIENT_ADMIT] = {"admit", true},
    [CLIENT_KICK] = {"kick", true},           [CLIENT_BLOCK] = {"block", true},
    [CLIENT_MODERATOR] = {"moderator", true}, [CLIENT_RESIGN] = {"resign", false},
    [CLIENT_LINK] = {"link", false},          [CLIENT_END] = {"end", false},
};

enum { VERBS = sizeof verbs / sizeof verbs[0] };

bool client_verb_read(struct bytes word, enum client_verb *out, bool *about_somebody)
{
    for (unsigned i = 0; i < VERBS; i++)
        if (bytes_equal(word, bytes_string(verbs[i].word))) {
            *out = (enum client_verb)i;
            *about_somebody = verbs[i].about_somebody;
            return true;
        }
    return false;
}

const char *client_verb_word(unsigned i)
{
    return i < VERBS ? verbs[i].word : NULL;
}

static const char nobody[] = "nobody of that name is in the room";

/* The link that holds from now on, for whoever asked for it; and for our own seat, should it be lost. */
static void link_take(struct client *s, const struct wish *wish, char text[static ROOM_LINK_SIZE])
{
    struct room_link link = {.has_secret = true};

    memcpy(s->secret, wish->secret, sizeof s->secret);
    memcpy(link.room, s->options.room, sizeof link.room);
    memcpy(link.secret, wish->secret, sizeof link.secret);
    snprintf(link.house_url, sizeof link.house_url, "%s", s->options.identity->house_url);
    room_link_write(&link, text);
    wipe(&link, sizeof link);
}

/* By a message of its own, not by a commit. */
static bool asks_house(const struct wish *wish)
{
    return wish->verb == CLIENT_END || (wish->verb == CLIENT_ADMIT && !wish->admitted);
}

/* It ends what the microphone may say: first the last second is proven. */
static bool hushes(const struct wish *wish)
{
    return wish->verb == CLIENT_LEAVE || wish->verb == CLIENT_END;
}

/* The first wish is over. */
static void over(struct client *s, enum result why, const char *what)
{
    char link[ROOM_LINK_SIZE] = "";
    struct client_news news = {.kind = NEWS_WISH, .number = s->wishes[0].number, .why = why, .what = what};

    if (why == OK && s->wishes[0].verb == CLIENT_LINK)
        link_take(s, &s->wishes[0], link);
    if (hushes(&s->wishes[0]))
        hearing_unhush(s);
    s->wish_count--;
    memmove(s->wishes, s->wishes + 1, s->wish_count * sizeof s->wishes[0]);
    wipe(&s->wishes[s->wish_count], sizeof s->wishes[0]);
    news.text = bytes_string(link);
    client_tell(s, news);
    wipe(link, sizeof link);
}

void wish_end_all(struct client *s)
{
    while (s->wish_count != 0)
        over(s, E_CLOSED, "the room was left before that was done");
}

/* --- A commit for it --- */

struct plan {
    struct core_order order;
    uint32_t leaves[TABLE_LEAVES];
    size_t leaf_count;
    struct core_word words[2];
};

static void plan_word(struct plan *plan, const struct core_member *m, enum statement_verb verb)
{
    plan->words[plan->order.word_count++] = core_word_on(m, verb);
}

/* NULL, or why it cannot be done. */
static const char *plan_person(const struct client *s, const struct wish *wish, struct plan *plan)
{
    const struct core_member *m;

    plan->leaf_count = people_named(s, wish->who, plan->leaves, TABLE_LEAVES);
    m = plan->leaf_count != 0 ? core_room_member(s->core, plan->leaves[0]) : NULL;
    if (m == NULL)
        return nobody;
    if (wish->verb == CLIENT_KICK) {
        plan->order.kicks = plan->leaves;
        plan->order.kick_count = plan->leaf_count;
    } else if (wish->verb == CLIENT_BLOCK) {
        if (!m->bound)
            return "a pseudonym has no account to be blocked";
        plan_word(plan, m, STATEMENT_BLOCK);
    } else if (wish->verb == CLIENT_INVITE) {
        plan_word(plan, m, STATEMENT_SPEAKER);
    } else if (wish->verb == CLIENT_MODERATOR) {
        plan_word(plan, m, STATEMENT_MODERATOR);
    } else {
        if (m->moderator)
            plan_word(plan, m, STATEMENT_NO_MODERATOR);
        plan_word(plan, m, STATEMENT_NO_SPEAKER);
    }
    return NULL;
}

/* A try that came second leaves no secret that anything was vouched by. */
static const char *plan_link(const struct client *s, struct wish *wish, struct plan *plan)
{
    struct core_word *word = &plan->words[plan->order.word_count++];

    if (core_room_charter(s->core)->kind != CHARTER_PRIVATE)
        return "only a private room has a link that can be closed";
    random_fill(s->options.random, wish->secret, sizeof wish->secret);
    *word = (struct core_word){.verb = STATEMENT_LINK, .kind = STATEMENT_ROOM};
    return core_link_key(wish->secret, word->subject) == OK ? NULL : "the link's key cannot be made";
}

static const char *plan_self(const struct client *s, struct wish *wish, struct plan *plan)
{
    const struct core_member *self = core_room_member(s->core, core_room_leaf(s->core));

    if (wish->verb == CLIENT_LINK)
        return plan_link(s, wish, plan);
    if (wish->verb == CLIENT_RESIGN) {
        plan_word(plan, self, STATEMENT_NO_MODERATOR);
        return self->moderator ? NULL : "you are no moderator here";
    }
    if (wish->verb == CLIENT_ACCEPT && !self->may_speak)
        return "no moderator has invited you on stage";
    plan->order.stage = wish->verb == CLIENT_ACCEPT ? CORE_STAGE_COME : CORE_STAGE_LEAVE;
    return NULL;
}

/* Whoever is let in again after a block, and is not there. */
static const char *plan_absent(const struct wish *wish, struct plan *plan)
{
    struct core_word *word = &plan->words[plan->order.word_count++];

    *word = (struct core_word){.verb = STATEMENT_UNBLOCK, .kind = STATEMENT_ACCOUNT};
    memcpy(word->subject, wish->account, sizeof word->subject);
    return NULL;
}

static const char *why_not(enum result res)
{
    switch (res) {
    case E_REFUSED:
        return "only a moderator may do that, and nobody overrules the room's maker";
    case E_TOO_LARGE:
        return "the room holds no more words of its moderators";
    default:
        return result_text(res);
    }
}

static void commit(struct client *s)
{
    struct wish *wish = &s->wishes[0];
    struct plan plan = {.order = {
                            .epoch = core_room_epoch(s->core),
                            .group_id = core_room_group_id(s->core),
                            .words = plan.words,
                            /* A pseudonym that signs with its account's key is none any more. */
                            .account_seed = s->options.pseudonym == NULL ? s->options.identity->seed : NULL,
                        }};
    const char *what = wish->verb == CLIENT_ADMIT         ? plan_absent(wish, &plan)
                       : verbs[wish->verb].about_somebody ? plan_person(s, wish, &plan)
                                                          : plan_self(s, wish, &plan);
    enum result res;

    if (what != NULL) {
        over(s, E_REFUSED, what);
        return;
    }
    res = epochs_commit(s, &plan.order, 0);
    if (res == OK)
        wish->under_way = true;
    else if (res != E_AGAIN && res != E_STATE)
        over(s, res, why_not(res));
}

static void end_room(struct client *s)
{
    struct signal signal = {.type = SIGNAL_ROOM_END};
    enum result res;

    memcpy(signal.room_end.room, s->options.room, sizeof signal.room_end.room);
    res = identity_sign(s->options.identity, ENVELOPE_END_ROOM, s->options.room, (struct bytes){0},
                        signal.room_end.signature);
    if (res == OK)
        res = client_ask(s, &signal);
    if (res == OK)
        s->wishes[0].under_way = true;
    else
        over(s, res, result_text(res));
}

/* Whoever is let in is not there yet: the house has the door, and knows whose handle it is. */
static void admit(struct client *s)
{
    struct signal signal = {.type = SIGNAL_ADMIT};
    enum result res;

    memcpy(signal.admit.room, s->options.room, sizeof signal.admit.room);
    signal.admit.handle = bytes_string(s->wishes[0].who);
    res = client_ask(s, &signal);
    if (res == OK)
        s->wishes[0].under_way = true;
    else
        over(s, res, result_text(res));
}

/* --- Talk for it --- */

static bool unmutes(const struct client *s, const struct wish *wish)
{
    return wish->verb == CLIENT_ACCEPT && core_room_is_muted(s->core, core_room_leaf(s->core));
}

static bool is_talk(const struct client *s, const struct wish *wish)
{
    return wish->verb == CLIENT_RAISE || wish->verb == CLIENT_LOWER || wish->verb == CLIENT_MUTE ||
           unmutes(s, wish);
}

bool wish_talk(struct client *s, struct talk *talk)
{
    struct wish *wish = &s->wishes[0];
    uint32_t leaves[TABLE_LEAVES];
    size_t count;

    if (s->wish_count == 0 || wish->under_way || !is_talk(s, wish))
        return false;
    *talk = (struct talk){.type = TALK_HAND, .hand.up = wish->verb == CLIENT_RAISE};
    if (wish->verb == CLIENT_MUTE) {
        count = people_named(s, wish->who, leaves, TABLE_LEAVES);
        if (wish->told >= count) {
            over(s, E_NOT_FOUND, nobody);
            return false;
        }
        *talk = (struct talk){.type = TALK_MUTE, .mute.leaf = leaves[wish->told]};
    } else if (wish->verb == CLIENT_ACCEPT) {
        *talk = (struct talk){.type = TALK_UNMUTE};
    }
    wish->under_way = true;
    return true;
}

/* Each leaf of the same name is muted. */
void wish_said(struct client *s, enum result res)
{
    struct wish *wish = &s->wishes[0];
    uint32_t leaves[TABLE_LEAVES];

    if (s->wish_count == 0 || !wish->under_way)
        return;
    wish->under_way = false;
    if (res == OK && wish->verb == CLIENT_MUTE &&
        ++wish->told < people_named(s, wish->who, leaves, TABLE_LEAVES))
        return;
    if (res == OK && wish->verb == CLIENT_ACCEPT)
        hearing_mute(s);
    over(s, res, res != OK ? why_not(res) : NULL);
}

/* --- Its way --- */

static void step(struct client *s)
{
    if (s->wish_count == 0 || s->wishes[0].under_way || !s->linked || !client_is_in_room(s))
        return;
    if (hushes(&s->wishes[0]) && !hearing_hush(s))
        return;
    if (s->wishes[0].verb == CLIENT_END)
        end_room(s);
    else if (asks_house(&s->wishes[0]))
        admit(s);
    else if (is_talk(s, &s->wishes[0]))
        gossip_due(s, loop_now_us());
    else if (s->commit_number == 0)
        commit(s);
}

enum result client_wish(struct client *s, enum client_verb verb, const char *who, uint32_t number)
{
    struct wish wish = {.number = number, .verb = verb};

    if (!client_is_in_room(s))
        return E_STATE;
    if (s->wish_count == CLIENT_WISHES)
        return E_TOO_LARGE;
    if (who != NULL && strlen(who) >= sizeof wish.who)
        return E_NOT_FOUND;
    wish.until_us = loop_now_us() + (uint64_t)CLIENT_WISH_MS * 1000;
    snprintf(wish.who, sizeof wish.who, "%s", who != NULL ? who : "");
    s->wishes[s->wish_count++] = wish;
    step(s);
    return OK;
}

void wish_due(struct client *s, uint64_t now_us)
{
    if (s->wish_count != 0 && now_us >= s->wishes[0].until_us)
        over(s, E_EXPIRED, "the house does not answer");
    step(s);
}

void wish_epoch(struct client *s, bool own)
{
    struct wish *wish = &s->wishes[0];

    if (s->wish_count == 0)
        return;
    if (is_talk(s, wish) || asks_house(wish)) {
        step(s);
        return;
    }
    if (wish->under_way && own) {
        over(s, OK, NULL);
    } else if (wish->under_way) {
        wish->under_way = false;
        if (++wish->tries == TRIES)
            over(s, E_STALE, "others changed the room each time that this was tried");
    }
    step(s);
}

void wish_answered(struct client *s)
{
    if (s->wish_count != 0 && s->wishes[0].under_way)
        over(s, OK, NULL);
    step(s);
}

/* What the house says of a handle is its word; a name that was seen here is its first key's. */
void wish_admitted(struct client *s, const struct signal_admitted *admitted)
{
    struct wish *wish = &s->wishes[0];
    const uint8_t *pinned;

    if (s->wish_count == 0 || !wish->under_way || wish->verb != CLIENT_ADMIT || wish->admitted)
        return;
    pinned = people_pinned(s, wish->who);
    if (pinned != NULL && memcmp(pinned, admitted->account, 32) != 0) {
        over(s, E_FORGED, "the house gives this name to another key than before");
    } else if (core_room_is_blocked(s->core, admitted->account)) {
        wish->admitted = true;
        wish->under_way = false;
        memcpy(wish->account, admitted->account, sizeof wish->account);
    } else {
        over(s, OK, NULL);
    }
    step(s);
}

void wish_refused(struct client *s, const struct signal_refused *refused)
{
    char what[CLIENT_WHAT_SIZE];

    if (s->wish_count == 0 || !s->wishes[0].under_way)
        return;
    snprintf(what, sizeof what, "the house refused: %.*s", (int)refused->text.len,
             (const char *)refused->text.at);
    over(s, E_REFUSED, what);
}

void wish_again(struct client *s)
{
    if (s->wish_count != 0)
        s->wishes[0].under_way = false;
    step(s);
}
