/* A house that lies, between honest clients: whole sessions of src/client over real WebSockets on one side,
 * the house of src/house on the other, and on each link a liar who reads every message, and changes it, keeps
 * it or adds to it as a test will have it. Two such houses with one key can stand side by side, each with
 * guests of its own: a room that is split.
 *
 * Time is held by the test (support/held_clock.h). The relay is the test's as well (support/played_media.h):
 * it passes on every frame to everybody, kicked or not, because this house and its relay are one party. */
#ifndef SUPPORT_HOSTILE_HOUSE_H
#define SUPPORT_HOSTILE_HOUSE_H

#include "client/session.h"
#include "core/core.h"
#include "house/inside.h"
#include "io/ws.h"
#include "support/scratch.h"
#include "support/seeded.h"
#include "wire/charter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Ada is the maker. The ghost is an account of the house's own, whose client no one is told of. */
enum { ADA, BEN, CAT, GHOST, HOSTILE_GUESTS, HOUSES = 2, ALARMS = 32, WHAT = 96 };

struct hostile_house;

struct hostile_guest {
    struct hostile_house *house;
    unsigned number, at; /* `at`: which of the houses its link leads to */
    struct identity identity;
    char url[64];
    struct http_server *server; /* of its own, so that a link tells whose it is */
    struct ws *ws;
    struct session *session;
    const uint8_t *secret; /* of a private room's link, where it has it */

    struct client *client;
    unsigned told[NEWS_OVER + 1];
    char alarms[ALARMS][WHAT];
    uint64_t alarm_ms[ALARMS]; /* when, by the held clock */
    unsigned alarm_count;
    enum result why;
    char what[WHAT];
    bool open; /* its microphone */
    uint64_t open_changed_ms;
    unsigned frames; /* of sound that it made: asked of its microphone */
    uint64_t frame_last_ms;
    unsigned heard; /* of sound that it heard */
    uint64_t heard_last_ms;
    char chat[WHAT]; /* the last line that it was shown */
    unsigned chats;
};

/* What the liar does with a message; false keeps it back. It may change it, its lists being the liar's. */
typedef bool hostile_lie(struct hostile_house *, unsigned who, struct signal *);

struct hostile_house {
    struct loop *loop;
    struct seeded seeded;
    struct gate gate;
    char folders[HOUSES][SCRATCH_PATH];
    struct store *stores[HOUSES];
    struct house *houses[HOUSES];
    struct bus *buses[HOUSES];
    struct loop_timer *due[HOUSES];
    uint8_t key[32];
    struct charter charter;
    uint8_t charter_text[CHARTER_BYTES], signature[64], room[32];
    struct bytes charter_bytes;
    uint8_t secret[CORE_SECRET_BYTES];
    struct hostile_guest guests[HOSTILE_GUESTS];

    hostile_lie *to_guest, *to_house; /* NULL: all is passed on */
    unsigned lies;                    /* a test's own counter */
    /* Whether the relay passes a packet on, which it may change; NULL: yes. */
    bool (*relay)(struct hostile_house *, unsigned from, unsigned to, struct bytes_mut packet);
};

/* The house, all accounts, and Ada's room by a charter like this one. Nobody is in it yet. */
void hostile_house_start(struct hostile_house *, const struct charter *like);
void hostile_house_end(struct hostile_house *);
/* A second house with the first one's key, accounts and room, and nobody in it. */
void hostile_house_split(struct hostile_house *);
/* A second house with a key of its own, where one of the people has an account too. */
void hostile_house_neighbour(struct hostile_house *, unsigned who);

/* Somebody begins to join. */
void hostile_house_begin(struct hostile_house *, unsigned who, enum signal_role);
/* Joins, and is seated. */
void hostile_house_enter(struct hostile_house *, unsigned who, enum signal_role);
/* All three, Ada on stage; and Ben as well where the room lets everybody speak. Microphones are open. */
void hostile_house_gather(struct hostile_house *);

/* Seconds and more of the held clock. */
void hostile_house_pass(struct hostile_house *, unsigned ms);
/* Until this news has come so often; fails the running test after 20 s of the held clock. */
void hostile_house_until(struct hostile_house *, unsigned who, enum client_news_kind, unsigned times);

/* Milliseconds from `since_ms` to the first alarm with these words, or UINT64_MAX. */
uint64_t hostile_house_alarm(const struct hostile_house *, unsigned who, const char *words,
                             uint64_t since_ms);
uint64_t hostile_house_ms(void);
/* The seat of this account on somebody's roster, or NULL. */
const struct client_seat *hostile_house_seat(struct hostile_house *, unsigned of, unsigned whom);
/* What a person wants done, and that it was: fails the running test where it was not. */
void hostile_house_wish(struct hostile_house *, unsigned who, enum client_verb, const char *whom);

/* Says something of the liar's own to somebody, as its house. */
void hostile_house_say(struct hostile_house *, unsigned who, const struct signal *);
/* Brings something to the house of a guest, as that guest. */
void hostile_house_bring(struct hostile_house *, unsigned who, const struct signal *);

#endif
