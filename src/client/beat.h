/* The clock of a seat: every 20 ms by CLOCK_MONOTONIC, without drift, one frame is played out and, while the
 * microphone is open, one is taken in and sent. After a stall the frames that were missed follow at once, so
 * that a recording and a stream stay as long as the time that passed. Lives on its loop's thread. */
#ifndef CLIENT_BEAT_H
#define CLIENT_BEAT_H

#include "base/random.h"
#include "client/ear.h"
#include "io/loop.h"

struct keyring;
struct beat;

struct beat_options {
    struct loop *loop; /* these three are borrowed */
    struct keyring *keyring;
    const struct random *random;

    /* Fills the next frame of the microphone. */
    void (*speak)(void *context, float out[static SOUND_FRAME]);
    /* Plays, or records, the next frame. */
    void (*hear)(void *context, const float in[static SOUND_FRAME]);
    /* Sends one sealed packet; `room` has room for what the hop adds. */
    void (*send)(void *context, struct bytes_mut room, size_t len);
    /* The first audible frame of a leaf begins to sound. */
    void (*heard)(void *context, uint64_t at_us, uint32_t leaf);
    /* Before each frame: for whatever else goes by time. */
    void (*tick)(void *context, uint64_t now_us);
    void *context;
};

/* Frames begin at once, at start_us. OK | E_NO_MEMORY */
MUST_USE enum result beat_new(const struct beat_options *, uint64_t start_us, struct beat **out);
void beat_free(struct beat *); /* NULL is fine */

/* Another seat's keys, and so other people's voices, from now on. */
void beat_change_keys(struct beat *, struct keyring *);

/* The stream's ssrc, for the offer. */
uint32_t beat_ssrc(const struct beat *);
/* The microphone, closed at first, is open from the next frame on; gives the time at which that begins. */
uint64_t beat_open_microphone(struct beat *);
/* Nothing more is taken in. One to two seconds of silence are sent still: they carry the proof of what was
 * said last. */
void beat_close_microphone(struct beat *);
bool beat_is_open(const struct beat *);
/* They are not over yet. */
bool beat_is_closing(const struct beat *);

/* As ear_hears. */
bool beat_hears(const struct beat *, unsigned slot, uint32_t *leaf);
/* One packet of one slot, as ear_take has it. */
void beat_take(struct beat *, uint64_t now_us, unsigned slot, struct bytes_mut packet);
struct ear_report beat_report(const struct beat *);

#endif
