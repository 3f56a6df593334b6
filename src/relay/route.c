#include "relay/route.h"

/* The room's clock in samples: what a microphone's time is measured against (field report G10). */
static uint32_t room_time(const struct relay_room *room, uint64_t now_us)
{
    return (uint32_t)((now_us - room->origin_us) * (SAMPLE_RATE / 1000) / 1000);
}

static uint32_t distance(uint32_t a, uint32_t b)
{
    int32_t d = (int32_t)(a - b);

    return d < 0 ? 0 - (uint32_t)d : (uint32_t)d;
}

static bool is_free(const struct relay_microphone *m, uint64_t now_us)
{
    return m->speaker == NULL || now_us - m->heard_us > RELAY_HOLD_US;
}

/* The session's own microphone, or the first that is free. Its stream starts anew in the second case. */
static enum result microphone_of(struct relay_session *s, uint64_t now_us, struct relay_microphone **out,
                                 bool *begins)
{
    struct relay_room *room = s->room;

    *begins = s->microphone < 0;
    for (int i = 0; i < SLOTS && s->microphone < 0; i++) {
        struct relay_microphone *m = &room->microphones[i];

        if (!is_free(m, now_us))
            continue;
        if (m->speaker != NULL)
            relay_microphone_leave(m->speaker);
        m->speaker = s;
        s->microphone = i;
    }
    if (s->microphone < 0)
        return E_NO_MEMORY;
    *out = &room->microphones[s->microphone];
    return OK;
}

/* A run of packets that has nothing to do with what was on this microphone before, be it another speaker or
 * the same one with other numbers (field reports G07, G09). */
static void run_begin(struct relay_microphone *m, const struct relay_room *room, const struct rtp *rtp,
                      uint64_t now_us)
{
    uint32_t now = room_time(room, now_us);

    m->sequence++;
    m->time = (int32_t)(now - m->time) > FRAME_SAMPLES ? now : m->time + FRAME_SAMPLES;
    m->talk_first = m->sequence;
    m->ssrc = rtp->ssrc;
    m->in_sequence = rtp->sequence;
    m->in_time = rtp->time;
    m->heard_us = now_us;
    m->strange = 0;
}

/* The next packet, or one after a gap. After a pause the time must agree with the clock as after a change of
 * speakers; otherwise the speaker's own steps are kept. */
static bool goes_on(const struct relay_microphone *m, const struct relay_room *room, const struct rtp *rtp,
                    uint64_t now_us)
{
    int16_t ahead = (int16_t)(rtp->sequence - m->in_sequence);
    int32_t later = (int32_t)(rtp->time - m->in_time);
    uint32_t off = distance(m->time + (uint32_t)later, room_time(room, now_us));
    bool paused = now_us - m->heard_us > RELAY_PAUSE_US;

    return ahead > 0 && ahead <= RELAY_JUMP && later > 0 &&
           off <= (uint32_t)(paused ? RELAY_DRIFT : RELAY_STRAY);
}

enum result relay_route(struct relay_session *from, const struct rtp *rtp, uint64_t now_us,
                        struct relay_passage *out)
{
    struct relay_room *room = from->room;
    struct relay_microphone *m;
    bool begins;

    enum result res = microphone_of(from, now_us, &m, &begins);
    if (res != OK)
        return res;

    int16_t ahead = (int16_t)(rtp->sequence - m->in_sequence);
    uint32_t sequence, time;
    begins = begins || rtp->ssrc != m->ssrc;
    if (!begins && goes_on(m, room, rtp, now_us)) {
        m->sequence += (uint32_t)ahead;
        m->time += rtp->time - m->in_time;
        m->in_sequence = rtp->sequence;
        m->in_time = rtp->time;
        m->heard_us = now_us;
        m->strange = 0;
        sequence = m->sequence;
        time = m->time;
    } else if (!begins && ahead <= 0 && ahead > -RELAY_LATE) {
        /* Late. That it is no duplicate is SRTP's to know (RFC 3711, section 3.3.2). */
        sequence = m->sequence + (uint32_t)(int32_t)ahead;
        time = m->time + (rtp->time - m->in_time);
        if (ahead == 0 || (int32_t)(sequence - m->talk_first) < 0)
            return E_STALE;
        if ((int32_t)(rtp->time - m->in_time) >= 0 || distance(time, m->time) > RELAY_STRAY)
            return E_REFUSED;
    } else {
        bool paused = now_us - m->heard_us > RELAY_PAUSE_US;

        if (!begins && !paused && ++m->strange <= RELAY_STRANGE_MAX)
            return E_REFUSED;
        run_begin(m, room, rtp, now_us);
        begins = true;
        sequence = m->sequence;
        time = m->time;
    }
    *out =
        (struct relay_passage){room, from, (unsigned)from->microphone, sequence, time, begins, rtp->payload};
    return OK;
}

void relay_route_skip(struct relay_session *from, const struct rtp *rtp)
{
    struct relay_microphone *m;

    if (from->microphone < 0)
        return;
    m = &from->room->microphones[from->microphone];
    if (rtp->ssrc == m->ssrc && rtp->sequence == (uint16_t)(m->in_sequence + 1))
        m->in_sequence++;
}
