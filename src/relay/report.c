#include "relay/report.h"

#include "relay/seats.h"
#include "wire/rtcp.h"

enum { SIZE = 256 };

static uint32_t samples(uint64_t us)
{
    return (uint32_t)(us * (SAMPLE_RATE / 1000) / 1000);
}

void relay_reception_count(struct relay_reception *r, const struct rtp *rtp, uint64_t now_us)
{
    uint32_t transit = samples(now_us) - rtp->time;

    if (r->received == 0 || r->ssrc != rtp->ssrc) {
        *r = (struct relay_reception){.ssrc = rtp->ssrc, .first = rtp->sequence, .highest = rtp->sequence};
    } else {
        int16_t ahead = (int16_t)(rtp->sequence - (uint16_t)r->highest);
        int32_t change = (int32_t)(transit - r->transit);
        uint32_t by = change < 0 ? 0 - (uint32_t)change : (uint32_t)change;

        if (ahead > 0)
            r->highest += (uint32_t)ahead;
        r->jitter += by - ((r->jitter + 8) >> 4);
    }
    r->transit = transit;
    r->received++;
}

static void report_put(const struct relay_session *s, const struct rtcp_compound *compound,
                       struct relay_departures *out)
{
    struct bytes_mut room = {relay_departures_room(out, SIZE), SIZE};
    struct bytes written;

    if (room.at == NULL || rtcp_write(compound, room, &written) != OK)
        return;
    size_t len = written.len;
    if (hop_seal_rtcp(s->hop, room, &len) == OK)
        outbox_keep(&out->box, &s->peer, len);
}

static struct bytes cname_of(const struct relay_session *s)
{
    return bytes_string(s->cname);
}

/* The clock that is told is the room's: it says nothing about the machine. */
static uint64_t room_ntp(const struct relay_room *room, uint64_t now_us)
{
    uint64_t us = now_us - room->origin_us;

    return (us / 1000000 + 1) << 32 | (us % 1000000 << 32) / 1000000;
}

static void sender_report(const struct relay_session *s, const struct relay_slot *slot, uint64_t now_us,
                          struct relay_departures *out)
{
    const struct rtcp_sender sender = {
        .ntp = room_ntp(s->room, now_us),
        .time = slot->time + samples(now_us - slot->sent_us),
        .packets = slot->packets,
        .bytes = slot->octets,
    };
    const struct rtcp_compound compound = {.ssrc = slot->ssrc, .sender = &sender, .cname = cname_of(s)};

    report_put(s, &compound, out);
}

static void receiver_report(struct relay_session *s, struct relay_departures *out)
{
    struct relay_reception *r = &s->mouth.reception;
    uint32_t expected = r->highest - r->first + 1;
    uint32_t expected_now = expected - r->expected_before, received_now = r->received - r->received_before;
    uint32_t lost_now = expected_now > received_now ? expected_now - received_now : 0;
    struct rtcp_report report = {
        .ssrc = r->ssrc,
        .fraction_lost = expected_now == 0 ? 0 : (uint8_t)(lost_now * UINT64_C(255) / expected_now),
        .lost = (int32_t)(expected - r->received) % (1 << 23),
        .highest = r->highest,
        .jitter = r->jitter >> 4,
    };
    const struct rtcp_compound compound = {
        .ssrc = s->ssrc, .reports = &report, .report_count = 1, .cname = cname_of(s)};

    r->expected_before = expected;
    r->received_before = r->received;
    report_put(s, &compound, out);
}

void relay_report(struct relay_session *s, uint64_t now_us, struct relay_departures *out)
{
    for (size_t i = 0; i < s->slot_count; i++) {
        const struct relay_slot *slot = &s->slots[i];

        if (slot->packets != 0 && now_us - slot->sent_us < RELAY_REPORT_US)
            sender_report(s, slot, now_us, out);
    }
    if (s->mouth.reception.received != s->mouth.reception.received_before)
        receiver_report(s, out);
}
