/* A client of the relay for tests: an offer, a hop, a mouth with numbers of its own, and ears that write down
 * what they hear. How datagrams travel is the test's affair. */
#ifndef RELAY_CALLER_H
#define RELAY_CALLER_H

#include "hop/hop.h"
#include "ticket/read.h"
#include "wire/rtcp.h"
#include "wire/sdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { CALLER_HEARD = 4096, CALLER_PACKET = 1500 };

struct heard {
    struct rtp rtp; /* without its runs */
    uint8_t payload[FRAME_SEALED_MUSIC];
    uint8_t first_byte; /* version, padding, extension, count of CSRCs */
    uint64_t at_us;
};

struct caller {
    struct hop *hop;
    struct hop_identity *identity;
    struct hop_credentials local;
    struct address at; /* where it is, in a simulated network */
    struct ticket ticket;
    char offer[16384];
    struct bytes offer_text;
    struct sdp answer; /* points into the text that was taken */
    uint64_t due_us;
    uint32_t ssrc, time;
    uint16_t sequence;
    uint8_t payload_type;
    size_t heard_count, reports;
    struct heard heard[CALLER_HEARD];
    uint8_t outbox_room[HOP_OUTBOX_SIZE];
    struct outbox box;
};

static inline void caller_start(struct caller *c, const struct random *random, uint8_t number, uint8_t room,
                                enum ticket_role role)
{
    const uint8_t ip[4] = {10, 0, 0, number};
    struct sdp_self self = {.cname = BYTES_TEXT("x")};
    struct writer w;

    memset(c, 0, sizeof *c);
    w = writer_on((struct bytes_mut){(uint8_t *)c->offer, sizeof c->offer});
    c->at = address_v4(ip, 4000);
    assert_int_equal(hop_identity_new(&c->identity), OK);
    hop_credentials_draw(random, &c->local);
    self.ufrag = bytes_string(c->local.ufrag);
    self.pwd = bytes_string(c->local.password);
    memcpy(self.fingerprint, hop_identity_fingerprint(c->identity), HOP_FINGERPRINT_LEN);
    c->ssrc = self.ssrc[0] = random_u32(random);
    c->sequence = (uint16_t)(random_u32(random) & 0x7fff);
    c->time = random_u32(random);
    c->payload_type = OPUS_PAYLOAD_TYPE;
    sdp_offer_write(&w, &self);
    assert_int_equal(writer_end(&w, &c->offer_text), OK);

    c->ticket.role = role;
    c->ticket.number = 1;
    memset(c->ticket.room, room, TAG_BYTES);
    memset(c->ticket.seat, number, TAG_BYTES);
    memcpy(c->ticket.fingerprint, self.fingerprint, sizeof c->ticket.fingerprint);
    outbox_start(&c->box, (struct bytes_mut){c->outbox_room, sizeof c->outbox_room});
    c->due_us = UINT64_MAX;
}

/* The text must live as long as the caller. */
static inline void caller_answered(struct caller *c, struct bytes text, const struct random *random,
                                   uint64_t now_us)
{
    struct hop_settings settings = {.role = HOP_CLIENT, .identity = c->identity, .random = random};

    assert_int_equal(sdp_read(text, &c->answer), OK);
    assert_int_equal(sdp_check_transport(&c->answer), OK);
    assert_true(c->answer.candidate_count != 0);
    const struct sdp_media *m = &c->answer.media[c->answer.transport];
    memcpy(settings.peer_fingerprint, m->fingerprint, sizeof m->fingerprint);
    settings.local = c->local;
    settings.remote_ufrag = m->ufrag;
    settings.remote_password = m->pwd;
    settings.peer = c->answer.candidates[0];
    assert_int_equal(hop_new(&settings, now_us, &c->hop), OK);
    c->due_us = now_us;
}

static inline void caller_end(struct caller *c)
{
    hop_free(c->hop);
    hop_identity_free(c->identity);
}

static inline void caller_due(struct caller *c, uint64_t now_us)
{
    if (c->hop != NULL && now_us >= c->due_us)
        c->due_us = hop_due(c->hop, now_us, &c->box);
}

static inline void caller_take(struct caller *c, uint64_t now_us, const struct address *from,
                               struct bytes_mut datagram)
{
    struct hop_packet packet = {0};

    if (hop_take(c->hop, now_us, from, datagram, &c->box, &packet) != OK)
        return;
    if (packet.kind == HOP_NOTHING)
        c->due_us = hop_due(c->hop, now_us, &c->box);
    if (packet.kind == HOP_RTCP) {
        assert_int_equal(rtcp_check(bytes_const(packet.plain)), OK);
        assert_int_equal(packet.plain.at[0] & 0x20, 0);
        c->reports++;
    }
    if (packet.kind == HOP_RTP && c->heard_count < CALLER_HEARD) {
        struct heard *h = &c->heard[c->heard_count++];

        h->rtp = packet.rtp;
        h->first_byte = packet.plain.at[0];
        h->at_us = now_us;
        assert_true(packet.rtp.payload.len <= sizeof h->payload);
        memcpy(h->payload, packet.rtp.payload.at, packet.rtp.payload.len);
    }
}

/* One sealed packet with the caller's next numbers, which go on. `padding` bytes are added and announced. */
static inline struct bytes_mut caller_packet(struct caller *c, struct bytes payload, uint8_t padding,
                                             uint8_t room[static CALLER_PACKET])
{
    struct rtp rtp = {.payload_type = c->payload_type,
                      .sequence = c->sequence++,
                      .time = c->time,
                      .ssrc = c->ssrc,
                      .payload = payload};
    struct bytes packet;

    c->time += FRAME_SAMPLES;
    assert_int_equal(rtp_write(&rtp, (struct bytes_mut){room, CALLER_PACKET}, &packet), OK);
    size_t len = packet.len + padding;
    if (padding != 0) {
        room[0] |= 0x20;
        memset(room + packet.len, 0, padding);
        room[len - 1] = padding;
    }
    assert_int_equal(hop_seal_rtp(c->hop, (struct bytes_mut){room, CALLER_PACKET}, &len), OK);
    return (struct bytes_mut){room, len};
}

#endif
