/* The middle of the way of a word: which microphone of the room a packet belongs to, and what sequence and
 * time it has there. A microphone is one continuous stream, whoever speaks: gaps and order are kept, and when
 * the speaker changes the sequence goes on by one and the time by the clock. */
#ifndef RELAY_ROUTE_H
#define RELAY_ROUTE_H

#include "relay/seats.h"
#include "wire/rtp.h"

enum {
    /* A microphone that was silent so long goes to another speaker who needs one. */
    RELAY_HOLD_US = 500 * 1000,
    /* After such a pause the speaker's own clock is believed no more than RELAY_DRIFT against ours. */
    RELAY_PAUSE_US = 200 * 1000,
    RELAY_DRIFT = 40 * 48,         /* 40 ms at 48 kHz */
    RELAY_STRAY = 2 * SAMPLE_RATE, /* a time this far from our clock does not belong to the stream */
    RELAY_JUMP = 3000,             /* the same for a sequence */
    RELAY_LATE = 128,              /* SRTP's window: nothing older comes through it */
    RELAY_STRANGE_MAX = 5,         /* so many in a row: not strange packets but a new stream */
};

/* One packet on its way to the listeners. */
struct relay_passage {
    const struct relay_room *room;
    const struct relay_session *from;
    unsigned microphone;
    uint32_t sequence, time; /* the microphone's; each slot adds its own distance */
    bool begins;             /* the first of a run: the marker bit (RFC 3551, section 4.1) */
    struct bytes payload;
};

/* `from` is a speaker in a room. OK | E_NO_MEMORY (all microphones are in use) | E_STALE (older than this
 * speaker's run) | E_REFUSED (does not fit the stream) */
MUST_USE enum result relay_route(struct relay_session *from, const struct rtp *, uint64_t now_us,
                                 struct relay_passage *out);

/* A packet that is no frame (empty, padding alone, another size) leaves no gap behind: the next one takes its
 * number (field report G04). */
void relay_route_skip(struct relay_session *from, const struct rtp *);

#endif
