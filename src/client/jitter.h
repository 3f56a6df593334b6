/* One slot's jitter buffer: packets in as they come, one turn out each 20 ms. It never stretches time. A
 * frame is played at the tick that its place in the stream has, so a loss moves nothing (field report G12);
 * what moves the play-out are whole frames, where lateness lasts or delay is left over for 0.8 s, and a
 * new beginning.
 *
 * Places come from sequence and time together. A slot's sequence goes on when its speaker changes, and its
 * time leaps (G07, G10). A packet whose sequence or time cannot be is dropped; when three in a row go on from
 * each other, the stream has begun anew (G09, G13). */
#ifndef CLIENT_JITTER_H
#define CLIENT_JITTER_H

#include "base/bytes.h"
#include "base/result.h"
#include "wire/limits.h"

enum {
    JITTER_FRAMES = 64, /* held at most: 1.28 s */
    JITTER_OPUS_MAX = FRAME_PLAIN_SPEECH - FRAME_PROOF_LEN - 2,
    JITTER_TARGET_US = 30000,     /* from arrival to play-out at the least, at first ... */
    JITTER_TARGET_MAX_US = 70000, /* ... and where jitter asks for more */
    JITTER_STEP_US = FRAME_US,    /* by which it is raised, and lowered again after 10 calm seconds */
};

struct jitter_packet {
    uint16_t sequence;
    uint32_t time_48k;
    uint16_t speaker; /* the leaf */
    uint64_t came_us;
    struct bytes opus; /* JITTER_OPUS_MAX at most; copied */
};

struct jitter_frame {
    bool held;
    int64_t place;
    uint16_t speaker;
    uint64_t came_us;
    uint8_t opus_len;
    uint8_t opus[JITTER_OPUS_MAX];
};

enum jitter_state {
    JITTER_SILENT,  /* nothing comes */
    JITTER_WAITING, /* the first frame has come, its turn has not */
    JITTER_PLAYING,
};

struct jitter {
    enum jitter_state state;
    int64_t played;     /* the newest place that was played: nothing before it is */
    int64_t next;       /* the place whose turn the next tick is */
    uint64_t begin_us;  /* JITTER_WAITING: from then on it is */
    uint64_t ticked_us; /* the last tick */
    unsigned missed;    /* turns in a row that were made up; at 200 ms of them it is silent */
    uint64_t target_us;

    bool known;        /* these are: */
    uint16_t sequence; /* the newest packet that was taken, */
    uint32_t time_48k;
    int64_t place;
    uint64_t seen; /* it and the 63 before it, */
    uint64_t span; /* and how many numbers there were, from the first on */

    unsigned odd; /* packets in a row that fit each other, but not the stream: */
    uint16_t odd_sequence;
    uint32_t odd_time_48k;

    unsigned streak; /* arrivals in a row that were late, the first of them at: */
    uint64_t streak_us;
    unsigned arrivals, late_events; /* since play-out was last looked at */
    int64_t least_spare_us;         /* of these arrivals: time until their turn */
    unsigned calm;                  /* looks in a row without lateness */
    unsigned drop;                  /* frames to leave out at the next chance */
    bool insert;                    /* a turn to be made up without moving on */

    uint64_t lost; /* never came, up to the newest that did */
    uint64_t late, concealed;
    unsigned concealed_at_end; /* not counted before the stream goes on */
    struct jitter_frame frames[JITTER_FRAMES];
};

enum jitter_what {
    JITTER_SILENCE,
    JITTER_PLAY,
    JITTER_LOST, /* make it up; from `frame`, where there is one, which holds a copy of it */
    JITTER_SKIP, /* go over from `frame` to `then`, and leave out what lies between */
};

/* Borrowed until the next call. */
struct jitter_turn {
    enum jitter_what what;
    const struct jitter_frame *frame, *then;
};

void jitter_start(struct jitter *);

/* Whether a packet of that number was taken lately: a duplicate. */
bool jitter_seen(const struct jitter *, uint16_t sequence);

/* OK | E_EXISTS | E_EXPIRED (late) | E_STALE (no place in the stream) | E_TOO_LARGE */
MUST_USE enum result jitter_take(struct jitter *, const struct jitter_packet *);

/* The turn of the 20 ms that begin now. */
void jitter_due(struct jitter *, uint64_t now_us, struct jitter_turn *);

#endif
