#include "pair.h"

#include "crypto/crypto.h"
#include "wire/rtcp.h"
#include "wire/stun.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct hop_settings pair_settings(struct pair *p, enum pair_side side)
{
    struct pair_end *own = &p->ends[side], *other = &p->ends[!side];
    struct hop_settings s = {.role = side == CLIENT ? HOP_CLIENT : HOP_RELAY,
                             .identity = own->identity,
                             .random = &p->seeded.random,
                             .local = own->credentials,
                             .remote_ufrag = bytes_string(other->credentials.ufrag),
                             .remote_password = bytes_string(other->credentials.password),
                             .peer = other->at};

    memcpy(s.peer_fingerprint, hop_identity_fingerprint(other->identity), HOP_FINGERPRINT_LEN);
    return s;
}

void pair_start(struct pair *p, uint64_t seed)
{
    memset(p, 0, sizeof *p);
    assert_int_equal(crypto_start(), OK);
    seeded_start(&p->seeded, seed);
    p->link.seeded = &p->seeded;
    p->link.delay_us = 10000;
    p->now_us = 1000000;
    outbox_start(&p->outbox, (struct bytes_mut){p->room, sizeof p->room});
    for (unsigned side = 0; side < 2; side++) {
        struct pair_end *end = &p->ends[side];

        assert_int_equal(hop_identity_new(&end->identity), OK);
        hop_credentials_draw(&p->seeded.random, &end->credentials);
        end->at = address_v4((const uint8_t[4]){10, 0, 0, (uint8_t)(1 + side)}, (uint16_t)(4000 + side));
    }
    for (unsigned side = 0; side < 2; side++) {
        struct hop_settings s = pair_settings(p, side);

        assert_int_equal(hop_new(&s, p->now_us, &p->ends[side].hop), OK);
        p->ends[side].due_us = p->now_us;
    }
}

void pair_end(struct pair *p)
{
    for (unsigned side = 0; side < 2; side++) {
        hop_free(p->ends[side].hop);
        hop_identity_free(p->ends[side].identity);
    }
}

static void post(struct pair *p, enum pair_side side)
{
    struct pair_end *end = &p->ends[side];

    for (unsigned i = 0; i < p->outbox.count; i++) {
        size_t len = p->outbox.messages[i].body.len;

        end->datagrams++;
        if (len > end->longest)
            end->longest = len;
    }
    link_put_all(&p->link, p->now_us, &end->at, &p->outbox);
}

enum result pair_give(struct pair *p, enum pair_side side, const struct address *from, struct bytes b)
{
    struct pair_end *end = &p->ends[side];
    uint8_t copy[LINK_DATAGRAM];
    struct hop_packet packet;
    enum result res;

    assert_in_range(b.len, 0, sizeof copy);
    if (b.len != 0)
        memcpy(copy, b.at, b.len);
    res = hop_take(end->hop, p->now_us, from, (struct bytes_mut){copy, b.len}, &p->outbox, &packet);
    end->results[res]++;
    if (packet.kind == HOP_RTCP)
        end->rtcp++;
    if (packet.kind == HOP_RTP) {
        struct bytes payload = packet.rtp.payload;

        end->rtp++;
        if (p->took != NULL)
            p->took(p->context, side, packet.plain);
        if (payload.len == 4) {
            uint32_t counter =
                (uint32_t)(payload.at[0] << 24 | payload.at[1] << 16 | payload.at[2] << 8 | payload.at[3]);

            assert_in_range(counter, 0, PAIR_COUNTERS - 1);
            end->heard[counter]++;
        }
    }
    post(p, side);
    end->due_us = hop_due(end->hop, p->now_us, &p->outbox);
    post(p, side);
    return res;
}

/* One instant: everything that is due by now. */
static void instant(struct pair *p)
{
    struct link_datagram d;

    for (unsigned side = 0; side < 2; side++) {
        struct pair_end *end = &p->ends[side];

        if (end->due_us <= p->now_us) {
            end->due_us = hop_due(end->hop, p->now_us, &p->outbox);
            assert_true(end->due_us > p->now_us);
            post(p, side);
        }
    }
    while (link_take(&p->link, p->now_us, &d))
        for (unsigned side = 0; side < 2; side++)
            if (address_equal(&d.to, &p->ends[side].at))
                (void)pair_give(p, side, &d.from, bytes(d.bytes, d.len));
}

static uint64_t next(struct pair *p, uint64_t until_us)
{
    uint64_t at = link_next(&p->link);

    for (unsigned side = 0; side < 2; side++)
        at = p->ends[side].due_us < at ? p->ends[side].due_us : at;
    return at < until_us ? at : until_us;
}

void pair_run(struct pair *p, uint64_t until_us)
{
    for (;;) {
        uint64_t at = next(p, until_us);

        if (at > p->now_us)
            p->now_us = at;
        instant(p);
        if (p->now_us >= until_us)
            return;
    }
}

bool pair_open(struct pair *p, uint64_t until_us)
{
    while (hop_state(p->ends[CLIENT].hop) != HOP_OPEN || hop_state(p->ends[RELAY].hop) != HOP_OPEN) {
        if (p->now_us >= until_us)
            return false;
        pair_run(p, next(p, until_us));
    }
    return true;
}

static void send(struct pair *p, enum pair_side side, struct bytes b)
{
    struct address to;

    if (hop_peer(p->ends[side].hop, &to))
        link_put(&p->link, p->now_us, &p->ends[side].at, &to, b);
}

enum result pair_send(struct pair *p, enum pair_side side, struct bytes_mut room, size_t len)
{
    enum result res = hop_seal_rtp(p->ends[side].hop, room, &len);

    if (res == OK)
        send(p, side, bytes(room.at, len));
    return res;
}

enum result pair_speak(struct pair *p, enum pair_side side, uint32_t ssrc, uint16_t sequence,
                       uint32_t counter)
{
    uint8_t payload[4] = {(uint8_t)(counter >> 24), (uint8_t)(counter >> 16), (uint8_t)(counter >> 8),
                          (uint8_t)counter};
    struct rtp rtp = {.payload_type = 111,
                      .sequence = sequence,
                      .time = 960 * counter,
                      .ssrc = ssrc,
                      .payload = BYTES_OF(payload)};
    uint8_t room[64];
    struct bytes written;

    assert_int_equal(rtp_write(&rtp, (struct bytes_mut){room, sizeof room}, &written), OK);
    return pair_send(p, side, (struct bytes_mut){room, sizeof room}, written.len);
}

enum result pair_report(struct pair *p, enum pair_side side, uint32_t ssrc)
{
    struct rtcp_compound compound = {.ssrc = ssrc, .cname = BYTES_TEXT("cname")};
    uint8_t room[128];
    struct bytes written;
    enum result res;

    assert_int_equal(rtcp_write(&compound, (struct bytes_mut){room, sizeof room}, &written), OK);
    size_t len = written.len;
    res = hop_seal_rtcp(p->ends[side].hop, (struct bytes_mut){room, sizeof room}, &len);
    if (res == OK)
        send(p, side, bytes(room, len));
    return res;
}

struct bytes pair_request(struct pair *p, uint8_t room[static 512], const struct pair_request *r)
{
    struct writer w = writer_on((struct bytes_mut){room, 512});
    uint8_t transaction[STUN_TRANSACTION_LEN];
    struct bytes covered, out = {0};

    random_fill(&p->seeded.random, transaction, sizeof transaction);
    stun_open(&w, STUN_REQUEST, transaction);
    stun_put_username(&w, r->first, r->second);
    if (r->use_candidate)
        stun_put_use_candidate(&w);
    if (r->controlled) {
        writer_u32(&w, 0x80290008);
        writer_u64(&w, 1);
    } else {
        stun_put_controlling(&w, 1);
    }
    if (r->unknown)
        writer_u32(&w, 0x7fff0000);
    if (!r->no_integrity) {
        uint8_t *mac = stun_integrity(&w, &covered);

        assert_non_null(mac);
        assert_int_equal(crypto_hmac_sha1(r->password, &covered, 1, mac), OK);
    }
    if (!r->no_fingerprint)
        stun_fingerprint(&w);
    assert_int_equal(writer_end(&w, &out), OK);
    return out;
}
