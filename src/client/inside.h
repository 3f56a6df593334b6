/* What the files of a session share. Each holds one idea: people.c (the roster), epochs.c (commits and the
 * doorkeeper's duty), arrival.c (the way to a seat), hearing.c (beat, relay and tickets), gossip.c (talk),
 * plan.c, comeback.c (links that broke), wish.c (what the person wants done), departure.c (the way out),
 * session.c (the rest). */
#ifndef CLIENT_INSIDE_H
#define CLIENT_INSIDE_H

#include "client/beat.h"
#include "client/link.h"
#include "client/media.h"
#include "client/room_link.h"
#include "client/session.h"
#include "core/core.h"

enum { CLIENT_WHAT_SIZE = 256, CLIENT_MEDIA_URL_SIZE = 513, PINS = 256 };

/* Something that the person wants done, until it is done or cannot be. */
struct wish {
    uint32_t number;
    enum client_verb verb;
    char who[HANDLE_BYTES + 1]; /* empty where it is about nobody else */
    unsigned tries;
    size_t told;                       /* leaves of `who` that are seen to */
    bool under_way;                    /* the house has been asked */
    uint8_t secret[ROOM_SECRET_BYTES]; /* of the link that is to hold */
    bool admitted;                     /* by the house, which says that this is the account: */
    uint8_t account[32];
    uint64_t until_us;
};

/* A line of chat that waits for its turn. */
struct chat {
    size_t len;
    uint8_t text[TALK_CHAT_BYTES];
};

/* What our SAY that is at the house was for. */
enum client_saying { SAYING_WISH, SAYING_HAND, SAYING_CHAT, SAYING_PLAN };

/* Whose key a name was first seen with. */
struct client_pin {
    uint8_t account[32];
    char handle[HANDLE_BYTES + 1];
};

struct client {
    struct client_options options;
    enum client_state state;
    struct link *link; /* NULL while there is none */
    bool linked;       /* the house knows where we sit: requests may go */
    struct media *media;
    struct core_room *core;   /* the seat that we have; NULL before */
    struct core_room *coming; /* the one that a seat is asked for, from ENTER to SEATED */
    struct beat *beat;        /* from being seated on */
    struct loop_timer *timer; /* of a seat that is asked for, then of leaving */

    uint32_t commit_number;   /* of our COMMIT that is at the house; 0 for none */
    uint64_t commit_taken_us; /* when the house took it; 0: it has not said so */
    uint64_t epoch_began_us;  /* for us */
    uint64_t epoch_us;        /* the same, but later by each try to end it */
    bool epoch_told;          /* that it lasts too long */

    uint8_t secret[ROOM_SECRET_BYTES]; /* of a private room's link, the newest that we know */

    char media_url[CLIENT_MEDIA_URL_SIZE];
    bool on_stage;           /* by the epoch's roles */
    bool stage_waits;        /* for a ticket that lets us speak */
    bool hushes;             /* the microphone is kept closed, for we are about to leave stage or room */
    uint64_t ticket_us;      /* when the next ticket is to be asked for */
    bool was_heard;          /* a media session has been open */
    uint64_t media_lost_us;  /* since when there is none; 0 while there is one */
    uint64_t media_retry_us; /* when to ask for a ticket for another; 0 for never */

    uint64_t link_lost_us;  /* since when there is none; 0 while there is one */
    uint64_t link_retry_us; /* when to try again; 0 while one opens */
    unsigned link_tries;
    uint64_t behind_us; /* not before may the house be asked again for what was missed */

    size_t wish_count;
    struct wish wishes[CLIENT_WISHES]; /* the first is the one that is seen to */

    uint32_t say_number; /* of our SAY that is at the house; 0 for none */
    enum client_saying saying;
    uint64_t say_after_us; /* the house wants to be left alone until then */
    bool hand_up, hand_waits;
    size_t chat_count;
    struct chat chats[CLIENT_CHATS];

    uint64_t plan_us;             /* when the room was confirmed last */
    uint64_t plan_due_us;         /* of our own, where we are the steward */
    bool plan_missed, plan_ended; /* for 15 s, for 60 s: told */
    uint64_t verdicts_us;         /* when the voices are judged again */
    bool split_told;
    uint64_t foreign_seen; /* of keyring_stats, a second ago */
    unsigned foreign_s;    /* for so many seconds foreign voices have come */

    unsigned losses; /* how often the house gave our seat up */
    bool left_house, left_relay;
    struct core_mark mark; /* how far the moderators' words went; for this session alone */

    bool was_removed; /* that the seat is gone has been told */
    enum result over_why;
    char over_what[CLIENT_WHAT_SIZE];

    size_t seat_count;
    struct client_seat seats[TABLE_LEAVES];
    size_t pin_count;             /* all that were made; the oldest make room */
    struct client_pin pins[PINS]; /* for this session alone (F21) */
};

/* --- session.c --- */

/* The one place where the state changes. */
void client_state_set(struct client *, enum client_state);
struct core_now client_time(void);
void client_tell(struct client *, struct client_news);
void client_alarm(struct client *, const char *what);
bool client_is_in_room(const struct client *);
/* Evenly spread over a span of time. */
uint64_t client_random_us(const struct client *, uint64_t below_us);
/* As link_ask; E_STATE as well where there is no link for it. */
MUST_USE enum result client_ask(struct client *, struct signal *);
/* Opens a link; its events are the session's. Errors as link_open. */
MUST_USE enum result client_link(struct client *);

/* --- people.c --- */

/* Whoever is in the tree gets a line, with the name that the house tells for the leaf. */
void people_add(struct client *, const struct core_member *, struct bytes told);
void people_drop(struct client *, uint32_t leaf);
void people_move(struct client *, const struct core_member *);
/* The account that a name was first seen with in this session; NULL where it was not. */
const uint8_t *people_pinned(const struct client *, const char *handle);
/* NULL where nobody sits there. */
const struct client_seat *people_at(const struct client *, uint32_t leaf);
/* Asks how far the voices that are heard are proven; NEWS_ROSTER where that has changed. */
void people_judge(struct client *, uint64_t now_us);
/* The leaves of `#LEAF` or of a handle, at most `max`. */
size_t people_named(const struct client *, const char *who, uint32_t *leaves, size_t max);

/* --- epochs.c --- */

/* OK: the commit is at the house. E_AGAIN: another of ours is there | E_STATE | errors of core_room_commit */
MUST_USE enum result epochs_commit(struct client *, const struct core_order *, uint16_t table);
void epochs_waiting(struct client *, const struct signal_waiting *);
void epochs_handshake(struct client *, const struct signal_handshake *);
void epochs_taken(struct client *, uint32_t number);
void epochs_refused(struct client *, uint32_t number, const struct signal_refused *);
void epochs_begun(struct client *);
void epochs_due(struct client *, uint64_t now_us);

/* --- arrival.c --- */

/* Makes the leaf that the first seat will be asked for with. OK | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result arrival_prepare(struct client *);
/* Asks for a seat: the first, or (with a seat already) one in place of it. */
MUST_USE enum result arrival_ask(struct client *);
/* We cannot follow: another seat in place of ours. */
void arrival_again(struct client *);
void arrival_table(struct client *, const struct signal_found_table *);
void arrival_seated(struct client *, const struct signal_seated *);
/* Somebody else has founded it. */
void arrival_unfounded(struct client *);

/* --- hearing.c --- */

extern const struct media_events hearing_events;
/* With a first seat's keys, or goes on with another's. OK | E_TOO_LARGE | errors of beat_new, media_enter */
MUST_USE enum result hearing_begin(struct client *, struct bytes media_url, struct bytes ticket);
void hearing_due(struct client *, uint64_t now_us);
/* `asked` is 0 where the house sent it by itself. */
void hearing_ticket(struct client *, struct bytes ticket, bool asked);
/* A ticket is asked for as soon as may be. */
void hearing_ticket_soon(struct client *);
/* Follows the roles of a new epoch. */
void hearing_stage(struct client *);
/* Closes the microphone while a moderator's mute, or the want of a plan, asks for it; opens it afterwards. */
void hearing_mute(struct client *);
/* Closes the microphone for good. Once this gives true, what was said last has been proven, as far as may be:
 * to be asked again until then. */
bool hearing_hush(struct client *);
void hearing_unhush(struct client *);

/* --- comeback.c --- */

void comeback_begin(struct client *, enum result why);
void comeback_challenged(struct client *);
/* Others talk in an epoch that we were not brought to: the house is asked for what it has not passed on. */
void comeback_behind(struct client *);
void comeback_done(struct client *);
void comeback_stale(struct client *);
void comeback_due(struct client *, uint64_t now_us);

/* --- wish.c --- */

void wish_due(struct client *, uint64_t now_us);
/* An epoch has begun: by our own commit or another's. */
void wish_epoch(struct client *, bool own);
/* The house's answer to what was asked for the first wish: ROOM_END, ADMIT. */
void wish_answered(struct client *);
void wish_admitted(struct client *, const struct signal_admitted *);
void wish_refused(struct client *, const struct signal_refused *);
/* The house does not know any more what was asked: ask again. */
void wish_again(struct client *);
void wish_end_all(struct client *);

/* The first wish, where it is one to be said: what to say now. */
bool wish_talk(struct client *, struct talk *);
void wish_said(struct client *, enum result);

/* --- gossip.c --- */

void gossip_due(struct client *, uint64_t now_us);
void gossip_hand(struct client *, bool up);
void gossip_done(struct client *);
void gossip_refused(struct client *, const struct signal_refused *);
/* The house does not know any more what was said last. */
void gossip_again(struct client *);
void gossip_heard(struct client *, const struct signal_say *);

/* --- plan.c --- */

/* We are the steward; or another moderator, and the steward says nothing. */
bool plan_is_to_say(const struct client *, uint64_t now_us);
/* For 60 s no moderator has confirmed the room, and it is not an open one: nothing is said any more. */
bool plan_is_over(const struct client *);
void plan_begin(struct client *);
void plan_heard(struct client *, enum core_plan);
void plan_due(struct client *, uint64_t now_us);
/* Something of another group has come. */
void plan_split(struct client *);
void plan_listen(struct client *);

/* --- departure.c --- */

/* In order: house and relay hear of it, for as long as CLIENT_LEAVE_MS allows. */
void departure_leave(struct client *, enum result why, const char *what);
/* At once, without a word to anybody. */
void departure_fail(struct client *, enum result why, const char *what);
void departure_overdue(struct client *);
/* The person's own wish: first the microphone closes, and its last second is proven. */
void departure_begin(struct client *);
void departure_due(struct client *);
void departure_house_left(struct client *);
void departure_relay_left(struct client *);
void departure_refused(struct client *, const struct signal_refused *);
/* The seat is gone: enum signal_why, by a commit that has shown it, or by the house's word alone. */
void departure_seat_ended(struct client *, uint8_t why, bool shown);
void departure_room_ended(struct client *);

#endif
