/* Two guests of a real server, `teahouse serve`: their clients run in this process, on one loop, so that a
 * test knows every secret they have, and can look for it where it must not be.
 *
 * What they know is noted on its way: the linker leads some functions of client, core and sound here (the
 * dependency `guests` of tests/promises/meson.build). It is kept masked, so that no search finds the note. */
#ifndef SUPPORT_GUESTS_H
#define SUPPORT_GUESTS_H

#include "client/session.h"
#include "support/memory.h"
#include "support/scene.h"
#include "support/speech.h"

enum { ADA, BEN, GUESTS, SECRETS = 8 };

/* Their handles are searched for as well, so no number in hex may spell one, nor chance in a database. */
#define GUEST_ADA "ada-of-the-lamp"
#define GUEST_BEN "ben-by-the-door"

enum secret_kind {
    SECRET_BASE_KEY,   /* of an epoch */
    SECRET_SENDER_KEY, /* as SFrame derives it */
    SECRET_OPUS,       /* a piece of a loud packet before it is sealed */
    SECRET_PCM,        /* of a loud frame: floats, as the encoder gets them */
    SECRET_TICKET,     /* the end of its text: of its signature */
    SECRET_SEAT,       /* the seat's tag, as bytes */
    SECRET_KINDS,
};

struct secrets {
    unsigned count; /* the newest SECRETS are kept */
    struct memory_needle needles[SECRETS];
};

struct guests {
    struct scene scene;
    char room_name[SCENE_ROOM];
    uint8_t room[32];
    struct identity who[GUESTS];
    struct client *clients[GUESTS];
    struct loop *loop;
    struct speech said; /* Ada's, round and round */
    size_t at;
    bool met; /* what the test waits for */
    enum client_news_kind wanted;
    unsigned of, heard; /* frames of sound that Ben heard */
    struct secrets secrets[SECRET_KINDS];
};

/* The server, two accounts, a room; nobody is in it yet. */
void guests_start(struct guests *);
/* All but the server, which the test has started in the scene of a struct of zeros. */
void guests_settle(struct guests *);
/* Ada speaks and Ben hears her, for so many frames of 20 ms. */
void guests_talk(struct guests *, unsigned frames);
/* For so many more. */
void guests_go_on(struct guests *, unsigned frames);
/* Both leave, and their clients are no more. */
void guests_leave(struct guests *);
void guests_end(struct guests *);

/* How many of the secrets of a kind stand in a process's memory. */
unsigned guests_in_memory(const struct guests *, enum secret_kind, int pid);
/* The same in a run of bytes, as themselves or in hex. */
unsigned guests_in_bytes(const struct guests *, enum secret_kind, struct bytes);

#endif
