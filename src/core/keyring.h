/* The media keys of one room as one member holds them: seals the own voice, opens the others', and erases
 * what has had its time. docs/protocol.md, "Media keys" and "The sealed frame"; RFC 9605, section 5.2.
 *
 * No clock: time is handed in, in milliseconds from any start, and never runs back. One thread at a time. No
 * function allocates on the way of an ordinary frame: a sender's key is expanded when its first frame comes.
 */
#ifndef CORE_KEYRING_H
#define CORE_KEYRING_H

#include "base/random.h"
#include "core/seal.h"
#include "core/witness.h"

struct keyring;

enum {
    KEYRING_WINDOW = 128,    /* counters behind the newest that may still come late; per slot and key id */
    KEYRING_PAUSE_MS = 1000, /* after a longer one the counter goes on at the next block of frames */
};

#define KEYRING_NEVER UINT64_MAX

/* Since the ring was made. A frame that waits for its epoch's keys is not counted: it will come again, and
 * who gives it up counts it with keyring_gave_up. */
struct keyring_stats {
    uint64_t sealed, opened;
    uint64_t attempts;              /* AEAD openings: never more than one a frame (G35) */
    uint64_t refused[RESULT_COUNT]; /* frames, by reason */
    /* Frames that nobody on this room's stage has sealed in an epoch that we are in or were: of another half
     * of a room that is split, or of a half that goes on without us. */
    uint64_t foreign;
};

/* `plain_len` is the profile's: FRAME_PLAIN_SPEECH or FRAME_PLAIN_MUSIC. The first counter is drawn here.
 * OK | E_NO_MEMORY */
MUST_USE enum result keyring_new(const struct random *, size_t plain_len, struct keyring **out);
void keyring_free(struct keyring *); /* NULL is fine; wipes */

/* From now on the own voice is proven, and others' are judged, by the witness, which is borrowed. */
void keyring_prove(struct keyring *, struct witness *);

/* What a new epoch brings. Borrowed until return. */
struct keyring_epoch {
    uint64_t number;
    const uint8_t *base_key;  /* SEAL_BASE_KEY_LEN */
    const uint16_t *speakers; /* the leaves on stage by this epoch's roles: only they are heard */
    size_t speaker_count;
    const uint16_t *gone; /* the leaves that the commit removed, whoever sits there now */
    size_t gone_count;
    const uint8_t (*keys)[32]; /* the speakers' signature keys, in their order; NULL without a witness */
    uint16_t own_leaf;
    bool only_adds; /* the own voice changes key ADD_SWITCH_MS later */
};

/* Takes an epoch's keys: they open frames at once. The epoch before opens frames for OLD_KEY_MS more, but not
 * those of leaves that are gone or not on stage any more: their keys die here (F14).
 * OK | E_STALE (not newer than the newest) | E_NO_MEMORY */
MUST_USE enum result keyring_enter(struct keyring *, uint64_t now_ms, const struct keyring_epoch *);

/* Wipes every key: we are out of the room. Nothing is sealed or opened until the next keyring_enter, which
 * may then bring any epoch. The counter and the statistics stay. */
void keyring_close(struct keyring *);

/* Seals one frame of the profile's length: `frame.len` is keyring_frame_len. Nothing is sealed without a key.
 * With a witness the voice's own piece of proof is not looked at.
 * OK | E_NO_KEY (no epoch) | E_REFUSED (not on stage) | E_TOO_LARGE, E_MALFORMED (as voice_write) |
 * E_STATE (the counter has come to its end: take a new leaf) | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result keyring_seal(struct keyring *, uint64_t now_ms, const struct voice *,
                                  struct bytes_mut frame);
size_t keyring_frame_len(const struct keyring *);
/* How many frames of silence a microphone that closes now is to seal, so that what was said last is proven:
 * those that its block of frames lacks, and a block that carries the proof. */
unsigned keyring_owes(const struct keyring *);

/* What an opened frame was. `voice` borrows from the frame. */
struct keyring_heard {
    uint16_t leaf;
    uint32_t counter;
    uint64_t epoch;
    struct voice voice;
};

/* Opens one frame in place, which came in `slot` (below SLOTS). One attempt, with the key that its key id
 * names. After E_NO_KEY the frame is as it was; after E_FORGED its text is zeros.
 * OK | E_MALFORMED | E_NO_KEY (an epoch to come: hold it up to EARLY_HOLD_MS and try again) |
 * E_NOT_FOUND (an epoch before the first that we entered) | E_STALE (an epoch that is over, or a block of
 * frames that has been judged) | E_REFUSED (not on stage, gone, or muted) | E_REPLAY (seen, or behind the
 * window) | E_FORGED (the seal; or the voice, as witness_heard says) | E_UNSUPPORTED (authentic, but no
 * voice) | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result keyring_open(struct keyring *, uint64_t now_ms, unsigned slot, struct bytes_mut frame,
                                  struct keyring_heard *out);
/* A muted leaf's frames are opened, so that none can be kept for later, and refused. Whoever goes is not
 * muted any more. */
void keyring_mute(struct keyring *, uint16_t leaf, bool);
bool keyring_is_muted(const struct keyring *, uint16_t leaf);
/* Counts a frame that was held in vain. */
void keyring_gave_up(struct keyring *);

/* Erases what is due and changes the own key when it is time. Gives the next deadline, or KEYRING_NEVER. */
uint64_t keyring_due(struct keyring *, uint64_t now_ms);

const struct keyring_stats *keyring_stats(const struct keyring *);
/* All frames refused, for whatever reason. */
uint64_t keyring_refused(const struct keyring *);

#endif
