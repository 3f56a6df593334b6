#include "client/ear.h"

#include "client/jitter.h"
#include "client/mix.h"
#include "core/core.h"
#include "sound/opus.h"
#include "wire/limits.h"
#include "wire/rtp.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    HELD = SLOTS * (EARLY_HOLD_MS * 1000 / FRAME_US), /* frames of all slots that wait for their epoch */
    DELAY_BINS = 1000, /* of a millisecond; the last one holds all that is more */
};

struct ear_slot {
    struct jitter jitter;
    struct sound_decoder *decoder;
    uint16_t speaker; /* of what the decoder has in its memory */
    bool heard;       /* the last turn was no silence */
};

struct held_frame {
    bool held;
    uint8_t slot;
    uint16_t sequence;
    uint32_t time_48k;
    uint64_t came_us;
    uint8_t frame[FRAME_SEALED_SPEECH];
};

struct ear {
    struct keyring *keys;
    struct ear_slot slots[SLOTS];
    struct held_frame held[HELD];
    uint64_t played, refused, unknown;
    uint64_t delays[DELAY_BINS];
};

enum result ear_new(struct ear **out, struct keyring *keys)
{
    struct ear *ear = calloc(1, sizeof *ear);
    enum result res = ear == NULL ? E_NO_MEMORY : OK;

    *out = NULL;
    for (unsigned i = 0; res == OK && i < SLOTS; i++) {
        jitter_start(&ear->slots[i].jitter);
        res = sound_decoder_new(&ear->slots[i].decoder);
    }
    if (res != OK) {
        ear_free(ear);
        return res;
    }
    ear->keys = keys;
    *out = ear;
    return OK;
}

void ear_free(struct ear *ear)
{
    if (ear == NULL)
        return;
    for (unsigned i = 0; i < SLOTS; i++)
        sound_decoder_free(ear->slots[i].decoder);
    wipe(ear, sizeof *ear);
    free(ear);
}

void ear_change_keys(struct ear *ear, struct keyring *keys)
{
    ear->keys = keys;
    wipe(ear->held, sizeof ear->held);
}

/* --- In --- */

static enum result refuse(struct ear *ear, enum result why)
{
    ear->refused++;
    return why;
}

static enum result buffer(struct ear *ear, const struct held_frame *f, const struct keyring_heard *heard)
{
    struct jitter_packet packet = {f->sequence, f->time_48k, heard->leaf, f->came_us, heard->voice.opus};
    enum result res = sound_packet_check(packet.opus);

    if (res == OK)
        res = jitter_take(&ear->slots[f->slot].jitter, &packet);
    else
        return refuse(ear, res);
    return res == E_STALE || res == E_TOO_LARGE ? refuse(ear, res) : res;
}

/* E_NO_KEY: its epoch is still to come, and the frame is as it was. */
static enum result open_frame(struct ear *ear, uint64_t now_us, struct held_frame *f)
{
    struct keyring_heard heard;
    enum result res = keyring_open(ear->keys, now_us / 1000, f->slot,
                                   (struct bytes_mut){f->frame, sizeof f->frame}, &heard);

    switch (res) {
    case OK:
        return buffer(ear, f, &heard);
    case E_NO_KEY:
        return res;
    case E_STALE:
    case E_NOT_FOUND: /* sealed before we came */
        ear->unknown++;
        return res;
    default:
        return refuse(ear, res);
    }
}

static enum result hold(struct ear *ear, const struct held_frame *f)
{
    for (unsigned i = 0; i < HELD; i++) {
        if (!ear->held[i].held) {
            ear->held[i] = *f;
            ear->held[i].held = true;
            return E_AGAIN;
        }
    }
    ear->unknown++;
    keyring_gave_up(ear->keys);
    return E_NO_KEY;
}

enum result ear_take(struct ear *ear, uint64_t now_us, unsigned slot, struct bytes_mut packet)
{
    struct held_frame f = {.slot = (uint8_t)slot, .came_us = now_us};
    struct rtp rtp;
    enum result res = rtp_read(bytes_const(packet), &rtp);

    assert(slot < SLOTS);
    if (res != OK)
        return refuse(ear, res);
    /* A probe or padding alone: browsers send them (G04). */
    if (rtp.payload.len == 0)
        return OK;
    if (rtp.payload.len != sizeof f.frame)
        return refuse(ear, E_MALFORMED);
    if (jitter_seen(&ear->slots[slot].jitter, rtp.sequence))
        return E_EXISTS;

    f.sequence = rtp.sequence;
    f.time_48k = rtp.time;
    memcpy(f.frame, rtp.payload.at, sizeof f.frame);
    res = open_frame(ear, now_us, &f);
    if (res == E_NO_KEY)
        res = hold(ear, &f);
    wipe(f.frame, sizeof f.frame);
    return res;
}

/* Tries again what waited for its epoch, in the order in which it came. */
static void release(struct ear *ear, uint64_t now_us)
{
    for (unsigned i = 0; i < HELD; i++) {
        struct held_frame *f = &ear->held[i];
        enum result res;

        if (!f->held)
            continue;
        res = open_frame(ear, now_us, f);
        if (res == E_NO_KEY && now_us < f->came_us + EARLY_HOLD_MS * 1000)
            continue;
        if (res == E_NO_KEY) {
            ear->unknown++;
            keyring_gave_up(ear->keys);
        }
        wipe(f, sizeof *f);
    }
}

/* --- Out --- */

static void count_delay(struct ear *ear, uint64_t now_us, const struct jitter_frame *frame)
{
    uint64_t ms = now_us > frame->came_us ? (now_us - frame->came_us) / 1000 : 0;

    ear->delays[ms < DELAY_BINS ? ms : DELAY_BINS - 1]++;
}

static void decode(struct ear *ear, struct ear_slot *s, uint64_t now_us, const struct jitter_frame *frame,
                   float out[static SOUND_FRAME])
{
    /* One voice's sound is no beginning for another's. */
    if (frame->speaker != s->speaker)
        sound_decoder_reset(s->decoder);
    s->speaker = frame->speaker;
    if (sound_decode(s->decoder, bytes(frame->opus, frame->opus_len), out) != OK) {
        ear->refused++;
        return;
    }
    ear->played++;
    count_delay(ear, now_us, frame);
}

static void conceal(struct ear_slot *s, const struct jitter_frame *next, float out[static SOUND_FRAME])
{
    if (next == NULL || next->speaker != s->speaker ||
        sound_decode_lost(s->decoder, bytes(next->opus, next->opus_len), out) != OK)
        sound_conceal(s->decoder, out);
}

/* From one frame into another that does not follow it, so that nothing clicks. */
static void cross_over(float from[static SOUND_FRAME], const float to[static SOUND_FRAME])
{
    for (unsigned i = 0; i < SOUND_FRAME; i++) {
        float part = (float)i / SOUND_FRAME;

        from[i] += part * (to[i] - from[i]);
    }
}

static void play(struct ear *ear, struct ear_slot *s, uint64_t now_us, float sum[static SOUND_FRAME])
{
    float voice[SOUND_FRAME], after[SOUND_FRAME];
    struct jitter_turn turn;

    jitter_due(&s->jitter, now_us, &turn);
    s->heard = turn.what != JITTER_SILENCE;
    switch (turn.what) {
    case JITTER_SILENCE:
        return;
    case JITTER_PLAY:
        decode(ear, s, now_us, turn.frame, voice);
        break;
    case JITTER_LOST:
        conceal(s, turn.frame, voice);
        break;
    case JITTER_SKIP:
        decode(ear, s, now_us, turn.frame, voice);
        decode(ear, s, now_us, turn.then, after);
        cross_over(voice, after);
        break;
    }
    mix_add(sum, voice);
}

void ear_due(struct ear *ear, uint64_t now_us, float out[static SOUND_FRAME])
{
    release(ear, now_us);
    mix_start(out);
    for (unsigned i = 0; i < SLOTS; i++)
        play(ear, &ear->slots[i], now_us, out);
    mix_limit(out);
}

bool ear_hears(const struct ear *ear, unsigned slot, uint32_t *leaf)
{
    assert(slot < SLOTS);
    *leaf = ear->slots[slot].speaker;
    return ear->slots[slot].heard;
}

/* --- Counts --- */

static uint32_t percentile(const struct ear *ear, unsigned percent)
{
    uint64_t total = 0, below = 0;

    for (unsigned ms = 0; ms < DELAY_BINS; ms++)
        total += ear->delays[ms];
    for (unsigned ms = 0; ms < DELAY_BINS; ms++) {
        below += ear->delays[ms];
        if (below * 100 >= total * percent && below > 0)
            return ms;
    }
    return 0;
}

struct ear_report ear_report(const struct ear *ear)
{
    struct ear_report report = {
        .frames_played = ear->played,
        .frames_refused = ear->refused,
        .frames_unknown = ear->unknown,
        .delay_ms_p50 = percentile(ear, 50),
        .delay_ms_p99 = percentile(ear, 99),
    };

    for (unsigned i = 0; i < SLOTS; i++) {
        const struct jitter *j = &ear->slots[i].jitter;

        report.frames_lost += j->lost;
        report.frames_late += j->late;
        report.frames_concealed += j->concealed;
    }
    return report;
}
