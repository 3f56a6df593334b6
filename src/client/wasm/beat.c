#include "client/beat.h"
#include "client/wasm/voice.h"

#include "core/core.h"
#include "wire/limits.h"

#include <stdlib.h>
#include <string.h>

enum {
    TICK_US = 50 * 1000,
    SOUNDS_US = 200 * 1000, /* a slot is taken to sound so long after its last frame */
};

/* One frame of 20 ms in which nothing is heard. */
static const uint8_t silence[] = {0xf8, 0xff, 0xfe};

struct sounding {
    uint16_t leaf;
    uint64_t until_us;
};

struct beat {
    struct beat_options options;
    struct loop_timer *timer;
    bool open;
    unsigned tail;          /* frames of silence that are owed to a microphone which has closed */
    uint64_t tail_until_us; /* a host whose encoder has stopped pays no more of them */
    struct sounding slots[SLOTS];
    uint8_t told[65536 / 8]; /* leaves that have been heard, a bit each */
    struct ear_report report;
};

static void due(void *context)
{
    struct beat *beat = context;
    uint64_t now_us = loop_now_us();

    beat->options.tick(beat->options.context, now_us);
    loop_timer_set(beat->timer, now_us + TICK_US);
}

enum result beat_new(const struct beat_options *options, uint64_t start_us, struct beat **out)
{
    struct beat *beat = calloc(1, sizeof *beat);
    enum result res;

    if (beat == NULL)
        return E_NO_MEMORY;
    beat->options = *options;
    res = loop_timer_new(options->loop, due, beat, &beat->timer);
    if (res != OK) {
        free(beat);
        return res;
    }
    loop_timer_set(beat->timer, start_us);
    *out = beat;
    return OK;
}

void beat_free(struct beat *beat)
{
    if (beat == NULL)
        return;
    loop_timer_free(beat->timer);
    free(beat);
}

void beat_change_keys(struct beat *beat, struct keyring *keys)
{
    beat->options.keyring = keys;
    memset(beat->slots, 0, sizeof beat->slots);
    memset(beat->told, 0, sizeof beat->told);
}

/* The browser's own. */
uint32_t beat_ssrc(const struct beat *beat)
{
    (void)beat;
    return 0;
}

uint64_t beat_open_microphone(struct beat *beat)
{
    beat->open = true;
    beat->tail = 0;
    return loop_now_us();
}

void beat_close_microphone(struct beat *beat)
{
    if (!beat->open)
        return;
    beat->open = false;
    beat->tail = keyring_owes(beat->options.keyring);
    beat->tail_until_us = loop_now_us() + (uint64_t)beat->tail * FRAME_US;
}

bool beat_is_closing(const struct beat *beat)
{
    return beat->tail != 0 && loop_now_us() < beat->tail_until_us;
}

bool beat_is_open(const struct beat *beat)
{
    return beat->open;
}

bool beat_hears(const struct beat *beat, unsigned slot, uint32_t *leaf)
{
    const struct sounding *s = &beat->slots[slot];

    *leaf = s->leaf;
    return loop_now_us() < s->until_us;
}

/* Packets are the browser's: it gives frames, to voice_open. */
void beat_take(struct beat *beat, uint64_t now_us, unsigned slot, struct bytes_mut packet)
{
    (void)beat;
    (void)now_us;
    (void)slot;
    (void)packet;
}

struct ear_report beat_report(const struct beat *beat)
{
    return beat->report;
}

/* RFC 6716, section 3.1: one frame, and of 20 ms. */
static bool is_frame(struct bytes opus)
{
    unsigned configuration, code;

    if (opus.len == 0)
        return false;
    configuration = opus.at[0] >> 3;
    code = opus.at[0] & 3;
    if (code != 0 && (code != 3 || opus.len < 2 || (opus.at[1] & 0x3f) != 1))
        return false;
    return configuration < 12   ? configuration % 4 == 1
           : configuration < 16 ? configuration % 2 == 1
                                : configuration % 4 == 3;
}

enum result voice_seal(struct beat *beat, uint64_t now_us, struct bytes_mut frame, size_t len,
                       size_t *sealed_len)
{
    const size_t whole = keyring_frame_len(beat->options.keyring);
    uint8_t opus[FRAME_PLAIN_MAX];
    struct voice voice = {bytes(opus, len), NULL};
    enum result res;

    if (!beat->open && !beat_is_closing(beat))
        return E_STATE;
    if (!beat->open)
        beat->tail--;
    if (frame.len < whole)
        return E_TOO_LARGE;
    if (!beat->open || len > voice_room(whole - FRAME_HEADER_LEN - FRAME_TAG_LEN) ||
        !is_frame(bytes(frame.at, len)))
        voice.opus = BYTES_OF(silence);
    else
        memcpy(opus, frame.at, len);
    res = keyring_seal(beat->options.keyring, now_us / 1000, &voice, (struct bytes_mut){frame.at, whole});
    wipe(opus, sizeof opus);
    if (res == OK)
        *sealed_len = whole;
    return res;
}

static void heard(struct beat *beat, uint64_t now_us, unsigned slot, uint16_t leaf)
{
    beat->slots[slot] = (struct sounding){leaf, now_us + SOUNDS_US};
    beat->report.frames_played++;
    if ((beat->told[leaf / 8] & 1u << leaf % 8) != 0)
        return;
    beat->told[leaf / 8] |= (uint8_t)(1u << leaf % 8);
    beat->options.heard(beat->options.context, now_us, leaf);
}

enum result voice_open(struct beat *beat, uint64_t now_us, unsigned slot, struct bytes_mut frame,
                       struct bytes *opus)
{
    struct keyring_heard opened;
    enum result res;

    if (frame.len == 0)
        return E_AGAIN;
    res = slot < SLOTS ? keyring_open(beat->options.keyring, now_us / 1000, slot, frame, &opened) : E_REFUSED;
    if (res == OK && !is_frame(opened.voice.opus))
        res = E_UNSUPPORTED;
    switch (res) {
    case OK:
        *opus = opened.voice.opus;
        heard(beat, now_us, slot, opened.leaf);
        break;
    case E_NO_KEY:
        break;
    case E_STALE:
    case E_NOT_FOUND: /* sealed before we came */
        beat->report.frames_unknown++;
        break;
    default:
        beat->report.frames_refused++;
    }
    return res;
}

void voice_gave_up(struct beat *beat)
{
    beat->report.frames_unknown++;
    keyring_gave_up(beat->options.keyring);
}
