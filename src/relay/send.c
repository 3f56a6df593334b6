#include "relay/send.h"

/* A stream's first sequence lies below 2^15, or a receiver that misses the first packets before a wrap would
 * never guess the rollover counter right (field report G05). */
enum { FIRST_SEQUENCE_MASK = 0x7fff };

static void slot_start(struct relay_slot *slot, const struct relay_passage *p, const struct random *random)
{
    uint16_t sequence = (uint16_t)(random_u32(random) & FIRST_SEQUENCE_MASK);

    slot->started = true;
    slot->first = p->sequence;
    slot->sequence_add = (uint16_t)(sequence - (uint16_t)p->sequence);
    slot->time_add = random_u32(random);
}

static void send_one(struct relay_session *to, struct relay_slot *slot, const struct relay_passage *p,
                     uint64_t now_us, struct relay_departures *out)
{
    struct rtp rtp = {
        .marker = p->begins,
        .payload_type = slot->payload_type,
        .sequence = (uint16_t)((uint16_t)p->sequence + slot->sequence_add),
        .time = p->time + slot->time_add,
        .ssrc = slot->ssrc,
        .payload = p->payload,
    };
    size_t size = RTP_HEADER_LEN + p->payload.len + HOP_RTP_OVERHEAD;
    struct bytes_mut room = {relay_departures_room(out, size), size};
    struct bytes packet;

    if (room.at == NULL || rtp_write(&rtp, room, &packet) != OK)
        return;
    size_t len = packet.len;
    if (hop_seal_rtp(to->hop, room, &len) != OK)
        return;
    outbox_keep(&out->box, &to->peer, len);
    slot->packets++;
    slot->octets += (uint32_t)p->payload.len;
    slot->time = rtp.time;
    slot->sent_us = now_us;
}

void relay_send(const struct relay_passage *p, const struct random *random, uint64_t now_us,
                struct relay_departures *out)
{
    for (size_t i = 0; i < p->room->count; i++) {
        struct relay_session *to = p->room->members[i];

        if (to == p->from || p->microphone >= to->slot_count || !to->placed || hop_state(to->hop) != HOP_OPEN)
            continue;
        struct relay_slot *slot = &to->slots[p->microphone];
        if (!slot->started)
            slot_start(slot, p, random);
        if ((int32_t)(p->sequence - slot->first) >= 0)
            send_one(to, slot, p, now_us, out);
    }
}
