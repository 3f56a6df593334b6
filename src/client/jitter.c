#include "client/jitter.h"

#include <string.h>

enum {
    REORDER = 64, /* packets that may overtake one */
    LEAP = 500,   /* numbers that a stream may skip while its time leaps: 10 s */
    LEAP_TIME = 10 * SAMPLE_RATE,
    ODD_ENOUGH = 3,    /* packets in a row make a new stream */
    SILENT_AFTER = 10, /* turns with nothing: 200 ms */
    LATE_ENOUGH = 3,   /* arrivals in a row, over so long, move the play-out: */
    LATE_ENOUGH_US = 50000,
    LOOK = 40,       /* arrivals are looked at together: 0.8 s */
    LATE_EVENTS = 3, /* among them ask for a higher target */
    CALM = 12,       /* looks without lateness lower it again */
};

void jitter_start(struct jitter *j)
{
    memset(j, 0, sizeof *j);
    j->target_us = JITTER_TARGET_US;
    j->least_spare_us = INT64_MAX;
    j->missed = SILENT_AFTER;
    j->played = INT64_MIN;
}

/* Nothing is left of the sound that concealment could go on with. */
static bool is_faded(const struct jitter *j)
{
    return j->missed >= SILENT_AFTER;
}

bool jitter_seen(const struct jitter *j, uint16_t sequence)
{
    uint16_t behind = (uint16_t)(j->sequence - sequence);

    return j->known && behind < REORDER && j->seen >> behind & 1;
}

static struct jitter_frame *at(struct jitter *j, int64_t place)
{
    return &j->frames[(uint64_t)place % JITTER_FRAMES];
}

static const struct jitter_frame *held(struct jitter *j, int64_t place)
{
    const struct jitter_frame *frame = at(j, place);

    return frame->held && frame->place == place ? frame : NULL;
}

static void look_anew(struct jitter *j)
{
    j->arrivals = 0;
    j->late_events = 0;
    j->least_spare_us = INT64_MAX;
}

/* The frame at `place`, which came at `came_us`, is the first to be played. */
static void begin(struct jitter *j, int64_t place, uint64_t came_us)
{
    j->state = JITTER_WAITING;
    j->next = place;
    j->begin_us = came_us + j->target_us;
    j->streak = 0;
    j->drop = 0;
    j->insert = false;
    look_anew(j);
}

/* --- Where a packet belongs --- */

static void move_on(struct jitter *j, const struct jitter_packet *p, int64_t place, unsigned step)
{
    j->seen = step < REORDER ? j->seen << step | 1 : 1;
    j->sequence = p->sequence;
    j->time_48k = p->time_48k;
    j->place = place;
    j->span += step;
    j->lost += step - 1;
    j->odd = 0;
}

static enum result begin_anew(struct jitter *j, const struct jitter_packet *p)
{
    bool goes_on = j->odd > 0 && p->sequence == (uint16_t)(j->odd_sequence + 1) &&
                   p->time_48k == j->odd_time_48k + FRAME_SAMPLES;

    j->odd = goes_on ? j->odd + 1 : 1;
    j->odd_sequence = p->sequence;
    j->odd_time_48k = p->time_48k;
    if (j->odd < ODD_ENOUGH)
        return E_STALE;
    j->seen = 0;
    j->span = 0;
    j->state = JITTER_SILENT;
    move_on(j, p, j->place + 1, 1);
    return OK;
}

static enum result take_place(struct jitter *j, const struct jitter_packet *p, int64_t *place)
{
    int16_t step = (int16_t)(uint16_t)(p->sequence - j->sequence);
    int32_t time = (int32_t)(p->time_48k - j->time_48k);
    enum result res = OK;

    if (!j->known) {
        j->known = true;
        move_on(j, p, 0, 1);
    } else if (jitter_seen(j, p->sequence)) {
        res = E_EXISTS;
    } else if (time == step * FRAME_SAMPLES && step > 0) {
        move_on(j, p, j->place + step, (unsigned)step);
    } else if (time == step * FRAME_SAMPLES && step > -REORDER) {
        j->seen |= (uint64_t)1 << -step;
        if (-step < (int64_t)j->span) /* else it is older than the first that came, and never was missed */
            j->lost--;
        *place = j->place + step;
        return OK;
    } else if (step > 0 && step < LEAP && time > 0) {
        /* Another speaker, or the same after a pause: time says how long nobody spoke. */
        int64_t frames = time > LEAP_TIME ? step : (time + FRAME_SAMPLES / 2) / FRAME_SAMPLES;

        move_on(j, p, j->place + (frames > step ? frames : step), (unsigned)step);
    } else {
        res = begin_anew(j, p);
    }
    *place = j->place;
    return res;
}

/* --- When it is played --- */

/* Time from now until the turn of a place, if nothing moves. */
static int64_t spare_us(const struct jitter *j, int64_t place, uint64_t now_us)
{
    return (int64_t)(j->ticked_us - now_us) + (place - j->next + 1) * FRAME_US;
}

/* Lateness now and then raises the target; what all arrivals had to spare above it, two frames at least, is
 * taken out. */
static void look_back(struct jitter *j)
{
    if (j->late_events >= LATE_EVENTS) {
        if (j->target_us < JITTER_TARGET_MAX_US) {
            j->target_us += JITTER_STEP_US;
            j->insert = true;
        }
        j->calm = 0;
    } else if (j->late_events == 0 && ++j->calm >= CALM && j->target_us > JITTER_TARGET_US) {
        j->target_us -= JITTER_STEP_US;
        j->calm = 0;
    }
    if (j->least_spare_us != INT64_MAX && j->least_spare_us - (int64_t)j->target_us >= 2 * FRAME_US)
        j->drop = (unsigned)((j->least_spare_us - (int64_t)j->target_us) / FRAME_US);
    look_anew(j);
}

/* A single late frame, or a burst of them, was concealed and is over. When all that come are late for a
 * while, it is the play-out that is early. */
static enum result came_late(struct jitter *j, const struct jitter_packet *p, int64_t place)
{
    if (j->streak++ == 0) {
        j->streak_us = p->came_us;
        j->late_events++;
    }
    if (place > j->played && j->streak >= LATE_ENOUGH &&
        (int64_t)(p->came_us - j->streak_us) >= LATE_ENOUGH_US) {
        begin(j, place, p->came_us);
        return OK;
    }
    j->late++;
    return E_EXPIRED;
}

static enum result come_in(struct jitter *j, const struct jitter_packet *p, int64_t place)
{
    int64_t spare;

    if (j->state == JITTER_SILENT ? place == j->place : place >= j->next + JITTER_FRAMES) {
        begin(j, place, p->came_us);
        return OK;
    }
    /* The first packets may come in another order, as long as nothing is heard yet. */
    if (j->state == JITTER_WAITING && is_faded(j) && place < j->next && place > j->played)
        j->next = place;
    if (j->state != JITTER_PLAYING)
        return place < j->next ? came_late(j, p, place) : OK;

    if (++j->arrivals >= LOOK)
        look_back(j);
    if (place < j->next)
        return came_late(j, p, place);
    j->streak = 0;
    spare = spare_us(j, place, p->came_us);
    if (spare < j->least_spare_us)
        j->least_spare_us = spare;
    return OK;
}

enum result jitter_take(struct jitter *j, const struct jitter_packet *p)
{
    struct jitter_frame *frame;
    int64_t place;
    enum result res;

    if (p->opus.len > JITTER_OPUS_MAX)
        return E_TOO_LARGE;
    res = take_place(j, p, &place);
    if (res == OK)
        res = come_in(j, p, place);
    if (res != OK)
        return res;

    frame = at(j, place);
    frame->held = true;
    frame->place = place;
    frame->speaker = p->speaker;
    frame->came_us = p->came_us;
    frame->opus_len = (uint8_t)p->opus.len;
    memcpy(frame->opus, p->opus.at, p->opus.len);
    return OK;
}

/* --- The turns --- */

static void make_up(struct jitter *j, const struct jitter_frame *copy, struct jitter_turn *turn)
{
    if (is_faded(j))
        return;
    j->missed++;
    j->concealed_at_end++;
    turn->what = JITTER_LOST;
    turn->frame = copy;
}

static void play(struct jitter *j, const struct jitter_frame *frame, struct jitter_turn *turn)
{
    j->missed = 0;
    j->concealed += j->concealed_at_end;
    j->concealed_at_end = 0;
    turn->what = JITTER_PLAY;
    turn->frame = frame;
    if (j->drop > 0 && (turn->then = held(j, j->next + j->drop)) != NULL) {
        turn->what = JITTER_SKIP;
        j->next += j->drop;
        j->drop = 0;
    }
    j->played = j->next;
}

static void take_turn(struct jitter *j, struct jitter_turn *turn)
{
    const struct jitter_frame *frame;

    /* What is missing is the first to be left out. */
    while (j->drop > 0 && j->place > j->next && held(j, j->next) == NULL) {
        j->drop--;
        j->next++;
    }
    frame = held(j, j->next);
    if (frame == NULL && is_faded(j) && j->place < j->next) {
        j->state = JITTER_SILENT;
        j->concealed_at_end = 0;
        return;
    }
    if (frame != NULL)
        play(j, frame, turn);
    else
        make_up(j, held(j, j->next + 1), turn);
    j->next++;
}

void jitter_due(struct jitter *j, uint64_t now_us, struct jitter_turn *turn)
{
    *turn = (struct jitter_turn){JITTER_SILENCE, NULL, NULL};
    j->ticked_us = now_us;
    if (j->state == JITTER_WAITING && now_us >= j->begin_us)
        j->state = JITTER_PLAYING;
    if (j->state == JITTER_SILENT)
        return;
    if (j->state == JITTER_WAITING || j->insert) {
        j->insert = false;
        make_up(j, NULL, turn);
        return;
    }
    take_turn(j, turn);
}
