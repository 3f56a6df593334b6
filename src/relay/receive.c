#include "relay/receive.h"

#include "relay/route.h"
#include "relay/send.h"

/* STUN begins with 0 to 3 (RFC 7983, section 7). */
enum { STUN_LAST_FIRST_BYTE = 3 };

/* A check names its session, wherever it comes from: that is how an address becomes known and how a client
 * moves; the answer to a question names the question. Everything else comes from an address that has passed
 * a check. */
static struct relay_session *session_of(const struct relay_seats *seats, const struct address *from,
                                        struct bytes datagram)
{
    uint8_t transaction[HOP_TRANSACTION_LEN];
    struct bytes ufrag;

    if (datagram.len == 0)
        return NULL;
    if (datagram.at[0] > STUN_LAST_FIRST_BYTE)
        return table_get(&seats->by_address, from);
    if (hop_answers(datagram, transaction) == OK)
        return table_get(&seats->by_proof, transaction);
    if (hop_names(datagram, &ufrag) != OK || ufrag.len != HOP_UFRAG_LEN)
        return NULL;
    return table_get(&seats->by_ufrag, ufrag.at);
}

static bool is_frame_len(size_t len)
{
    return len == FRAME_SEALED_SPEECH || len == FRAME_SEALED_MUSIC;
}

/* The steady rate of an open microphone with some to spare: one seat can't make the relay send without end.
 */
static bool rate_allows(struct relay_mouth *mouth, uint64_t now_us)
{
    uint64_t more = (now_us - mouth->since_us) * RELAY_RATE / 1000000;

    if (more != 0) {
        mouth->since_us += more * 1000000 / RELAY_RATE;
        mouth->allowance =
            more > RELAY_BURST - mouth->allowance ? RELAY_BURST : mouth->allowance + (uint32_t)more;
    }
    if (mouth->allowance == 0)
        return false;
    mouth->allowance--;
    return true;
}

/* A listener may send nothing, a speaker frames of one constant size. */
static bool may_send(struct relay_session *s, const struct rtp *rtp, uint64_t now_us)
{
    struct relay_mouth *mouth = &s->mouth;

    if (s->role != TICKET_SPEAKER || !mouth->offered || rtp->payload_type != mouth->payload_type ||
        !rate_allows(mouth, now_us))
        return false;
    relay_reception_count(&mouth->reception, rtp, now_us);
    if (!is_frame_len(rtp->payload.len) || (mouth->frame_len != 0 && mouth->frame_len != rtp->payload.len)) {
        relay_route_skip(s, rtp);
        return false;
    }
    mouth->frame_len = rtp->payload.len;
    return true;
}

void relay_receive(struct relay_seats *seats, uint64_t now_us, const struct address *from,
                   struct bytes_mut datagram, struct relay_departures *out)
{
    struct relay_session *s = session_of(seats, from, bytes_const(datagram));
    struct hop_packet packet = {0};
    struct relay_passage passage;

    if (s == NULL) {
        seats->refused++;
        return;
    }
    enum result res = hop_take(s->hop, now_us, from, datagram, relay_departures_for_hop(out), &packet);
    if (res != OK) {
        seats->refused++;
        if (hop_state(s->hop) == HOP_CLOSED)
            relay_seats_settle(seats, s, now_us, out);
        return;
    }
    if (packet.kind == HOP_NOTHING)
        relay_seats_settle(seats, s, now_us, out);
    /* A peer's reports end here: they are about the one stream between it and us. */
    if (packet.kind != HOP_RTP)
        return;
    if (!may_send(s, &packet.rtp, now_us) || relay_route(s, &packet.rtp, now_us, &passage) != OK) {
        seats->refused++;
        return;
    }
    seats->packets_in++;
    relay_send(&passage, seats->random, now_us, out);
}
