#include "client/beat.h"

#include "client/mouth.h"
#include "hop/hop.h"
#include "wire/limits.h"

#include <stdlib.h>
#include <string.h>

enum { PACKET_ROOM = RTP_HEADER_LEN + FRAME_SEALED_MAX + HOP_RTP_OVERHEAD + 32 };

/* -46 dB: speech, and no comfort noise. */
#define AUDIBLE 0.005f

struct beat {
    struct beat_options options;
    struct loop_timer *timer;
    struct ear *ear;
    struct mouth *mouth;
    bool open;
    unsigned tail; /* frames of silence that are owed to a microphone which has closed */
    uint64_t next_us;
    uint8_t told[65536 / 8]; /* leaves that have been heard, a bit each */
    struct outbox outbox;
    uint8_t room[PACKET_ROOM];
};

static void frame_out(struct beat *beat, uint64_t now_us)
{
    float frame[SOUND_FRAME] = {0};

    if (beat->open)
        beat->options.speak(beat->options.context, frame);
    else
        beat->tail--;
    /* Without a key nothing is sent: the frame is as lost as if it had not been said. */
    if (mouth_take(beat->mouth, now_us, frame, &beat->outbox) == OK && beat->outbox.count == 1)
        beat->options.send(beat->options.context, (struct bytes_mut){beat->room, sizeof beat->room},
                           beat->outbox.messages[0].body.len);
    outbox_clear(&beat->outbox);
}

static bool is_audible(const float frame[static SOUND_FRAME])
{
    for (size_t i = 0; i < SOUND_FRAME; i++)
        if (frame[i] > AUDIBLE || frame[i] < -AUDIBLE)
            return true;
    return false;
}

static void heard_tell(struct beat *beat)
{
    uint32_t leaf;

    for (unsigned slot = 0; slot < SLOTS; slot++) {
        if (!ear_hears(beat->ear, slot, &leaf) || leaf > 0xffff)
            continue;
        if ((beat->told[leaf / 8] & 1u << leaf % 8) != 0)
            continue;
        beat->told[leaf / 8] |= (uint8_t)(1u << leaf % 8);
        beat->options.heard(beat->options.context, beat->next_us, leaf);
    }
}

static void frame_in(struct beat *beat, uint64_t now_us)
{
    float frame[SOUND_FRAME];

    ear_due(beat->ear, now_us, frame);
    beat->options.hear(beat->options.context, frame);
    if (is_audible(frame))
        heard_tell(beat);
}

static void due(void *context)
{
    struct beat *beat = context;
    uint64_t now_us = loop_now_us();

    beat->options.tick(beat->options.context, now_us);
    while (beat->next_us <= now_us) {
        if (beat->open || beat->tail != 0)
            frame_out(beat, now_us);
        frame_in(beat, now_us);
        beat->next_us += FRAME_US;
    }
    loop_timer_set(beat->timer, beat->next_us);
}

enum result beat_new(const struct beat_options *options, uint64_t start_us, struct beat **out)
{
    struct beat *beat = calloc(1, sizeof *beat);
    enum result res;

    if (beat == NULL)
        return E_NO_MEMORY;
    beat->options = *options;
    beat->next_us = start_us;
    outbox_start(&beat->outbox, (struct bytes_mut){beat->room, sizeof beat->room});
    res = loop_timer_new(options->loop, due, beat, &beat->timer);
    if (res == OK)
        res = ear_new(&beat->ear, options->keyring);
    if (res == OK)
        res = mouth_new(&beat->mouth, options->keyring, options->random);
    if (res != OK) {
        beat_free(beat);
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
    ear_free(beat->ear);
    mouth_free(beat->mouth);
    free(beat);
}

uint32_t beat_ssrc(const struct beat *beat)
{
    return mouth_ssrc(beat->mouth);
}

uint64_t beat_open_microphone(struct beat *beat)
{
    beat->open = true;
    beat->tail = 0;
    return beat->next_us;
}

void beat_close_microphone(struct beat *beat)
{
    if (!beat->open)
        return;
    beat->open = false;
    beat->tail = mouth_owes(beat->mouth);
}

bool beat_is_closing(const struct beat *beat)
{
    return beat->tail != 0;
}

bool beat_is_open(const struct beat *beat)
{
    return beat->open;
}

void beat_change_keys(struct beat *beat, struct keyring *keys)
{
    ear_change_keys(beat->ear, keys);
    mouth_change_keys(beat->mouth, keys);
    memset(beat->told, 0, sizeof beat->told);
}

bool beat_hears(const struct beat *beat, unsigned slot, uint32_t *leaf)
{
    return ear_hears(beat->ear, slot, leaf);
}

void beat_take(struct beat *beat, uint64_t now_us, unsigned slot, struct bytes_mut packet)
{
    enum result counted = ear_take(beat->ear, now_us, slot, packet);

    (void)counted; /* the ear's report has what was wrong */
}

struct ear_report beat_report(const struct beat *beat)
{
    return ear_report(beat->ear);
}
