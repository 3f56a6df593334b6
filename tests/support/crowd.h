/* Many people in one process: real clients of a real server, all on one loop, and what each of them saw and
 * heard, counted. One of each room's people speaks, a tone without end, so that every frame of 20 ms in which
 * a listener hears nothing is a gap.
 *
 * Some counts are taken on the way: the linker leads functions of client and io here (the dependency `crowd`
 * of tests/crowd/meson.build). What should work and does not fails the running test. */
#ifndef SUPPORT_CROWD_H
#define SUPPORT_CROWD_H

#include "base/table.h"
#include "client/session.h"
#include "support/scene.h"

enum {
    CROWD_ROOMS = 5,
    CROWD_EPOCHS = 1024, /* of a room, that are compared */
    CROWD_AUTHENTICATOR = 32,
    CROWD_WHAT = 160,
    CROWD_LARGE = 200, /* beyond so many people Opus is left out: one machine cannot listen for them all */
};

struct crowd;

/* Somebody with an account. Times are loop_now_us(), 0 for not yet, and begin anew with crowd_enter, as does
 * what is said of now; counts go on. */
struct person {
    struct crowd *crowd;
    struct identity who;
    unsigned room;
    bool speaks;
    struct client *client; /* NULL while it is nowhere */

    uint64_t entered_us, seated_us;
    uint64_t heard_us;       /* its first frame with sound */
    uint64_t back_us;        /* the first frame with sound of those in a row that it hears now ... */
    unsigned running;        /* ... and how many those are; 0 where it hears none */
    unsigned quiet, longest; /* frames without sound in a row, after the first with: now, and at most */
    unsigned tries;          /* to open a link again */
    uint64_t first_try_us;
    unsigned seats, alarms, kicks;
    uint64_t epoch; /* the newest that it saw */

    /* Whole seconds of its seat, the first one apart: in which a frame came that it could not open, and in
     * which no frame had sound. */
    unsigned seconds, unopened, silent;
    uint64_t second_us, refused; /* where the running one began, and how many were not opened then */
    unsigned sounding;           /* frames of it with sound */

    bool gone; /* it has asked to go, or was sent away */
    bool over;
    enum result why;
    char what[CROWD_WHAT]; /* of the last alarm, or of its end */
};

struct crowd_room {
    char name[SCENE_ROOM];
    uint8_t id[32];
    uint64_t newest;        /* epoch that anybody saw */
    unsigned disagreements; /* of two who were in epochs of one number, and not in one epoch */
    bool known[CROWD_EPOCHS];
    uint8_t authenticators[CROWD_EPOCHS][CROWD_AUTHENTICATOR];
};

struct crowd {
    struct scene scene;
    struct loop *loop;
    struct loop_timer *ticks;
    unsigned count;
    struct person *people;
    unsigned room_count;
    struct crowd_room rooms[CROWD_ROOMS];
    bool is_large;
    unsigned trouble;      /* answers of 500 and above */
    struct table verified; /* signatures that held */

    bool (*met)(struct crowd *, void *context);
    void *context;
    uint64_t until_us; /* the wait is over, or has failed */
    bool is_met;
};

/* A server with further options (may be NULL), and so many accounts, as fast as it gives them. Person 0 has
 * made `rooms` rooms, moderates them, and is the only one with a home. */
void crowd_start(struct crowd *, unsigned people, unsigned rooms, const char *const options[]);
void crowd_end(struct crowd *);

/* Sits down; a person who was there before must be over. */
void crowd_enter(struct crowd *, struct person *, unsigned room, bool speaks);
/* Person `like`'s account once more, as the last of the people: one account sits in several rooms. */
struct person *crowd_twin(struct crowd *, unsigned like);
/* A moderator who listens comes on stage. */
void crowd_speak(struct person *);
/* Asks to go; `over` follows. */
void crowd_leave(struct person *);
/* A moderator's wish about another. */
void crowd_kick(struct person *moderator, const struct person *whom);

/* Runs the loop until it is so. False after the time. */
bool crowd_until(struct crowd *, unsigned ms, bool (*met)(struct crowd *, void *context), void *context);
/* Runs the loop for a while. */
void crowd_pass(struct crowd *, unsigned ms);

/* For crowd_until: everybody who has a client ... */
bool crowd_all_seated(struct crowd *, void *);
bool crowd_all_hear(struct crowd *, void *);  /* ... and does not speak hears at this moment */
bool crowd_all_agree(struct crowd *, void *); /* ... shares one epoch with all others of its room */
bool crowd_all_over(struct crowd *, void *);

/* Sums over all people. */
unsigned crowd_here(const struct crowd *);
unsigned crowd_alarms(const struct crowd *);
unsigned crowd_disagreements(const struct crowd *);
/* The first alarm or end with a fault, for people; "" where there is none. */
const char *crowd_complaint(const struct crowd *);

#endif
