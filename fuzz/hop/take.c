/* A program for two hops: each command gives one of them a datagram, raw from the input, or sealed, signed or
 * sent by the other and then spoilt. Its first byte says how far the handshake goes before. */
#include "crypto/crypto.h"
#include "hop/hop.h"
#include "wire/rtcp.h"
#include "wire/stun.h"

#include "base/reader.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CLIENT, RELAY, DATAGRAM = 1500 };

struct play {
    struct hop *hops[2];
    struct address at[2], stranger;
    struct hop_credentials credentials[2];
    struct outbox boxes[2]; /* what each wants sent to the other, and was not delivered yet */
    uint8_t rooms[2][HOP_OUTBOX_SIZE];
    uint64_t now_us;
    struct random random;
    uint8_t counter;
};

static void count(void *self, uint8_t *to, size_t len)
{
    struct play *p = self;

    for (size_t i = 0; i < len; i++)
        to[i] = p->counter++;
}

/* Making keys is slow, and they are no part of what is tried here. */
static struct hop_identity *identity_of(unsigned side)
{
    static struct hop_identity *both[2];

    if (both[side] == NULL)
        assert(crypto_start() == OK && hop_identity_new(&both[side]) == OK);
    return both[side];
}

static void start(struct play *p)
{
    memset(p, 0, sizeof *p);
    p->random = (struct random){count, p};
    p->now_us = 1000000;
    for (unsigned side = 0; side < 2; side++) {
        outbox_start(&p->boxes[side], (struct bytes_mut){p->rooms[side], sizeof p->rooms[side]});
        hop_credentials_draw(&p->random, &p->credentials[side]);
        p->at[side] = address_v4((const uint8_t[4]){10, 0, 0, 1}, (uint16_t)(1 + side));
    }
    p->stranger = address_v4((const uint8_t[4]){10, 0, 0, 9}, 9);
    for (unsigned side = 0; side < 2; side++) {
        struct hop_settings s = {.role = side == CLIENT ? HOP_CLIENT : HOP_RELAY,
                                 .identity = identity_of(side),
                                 .random = &p->random,
                                 .local = p->credentials[side],
                                 .remote_ufrag = bytes_string(p->credentials[!side].ufrag),
                                 .remote_password = bytes_string(p->credentials[!side].password),
                                 .peer = p->at[!side]};

        memcpy(s.peer_fingerprint, hop_identity_fingerprint(identity_of(!side)), HOP_FINGERPRINT_LEN);
        assert(hop_new(&s, p->now_us, &p->hops[side]) == OK);
    }
}

static void give(struct play *p, unsigned side, const struct address *from, struct bytes b)
{
    bool stranger = address_equal(from, &p->stranger);
    enum hop_state before = hop_state(p->hops[side]);
    struct hop_packet packet;
    struct outbox box;
    uint8_t room[HOP_OUTBOX_SIZE];
    uint8_t *exact = malloc(b.len + (b.len == 0)); /* the sanitizer sees a read past the end */

    assert(exact != NULL);
    if (b.len != 0)
        memcpy(exact, b.at, b.len);
    outbox_start(&box, (struct bytes_mut){room, sizeof room});
    enum result res =
        hop_take(p->hops[side], p->now_us, from, (struct bytes_mut){exact, b.len}, &box, &packet);

    assert(!box.full);
    if (packet.kind != HOP_NOTHING) {
        assert(res == OK && !stranger);
        assert(packet.plain.at == exact && packet.plain.len < b.len);
    }
    if (packet.kind == HOP_RTP)
        assert(packet.rtp.header_len + packet.rtp.payload.len + packet.rtp.padding == packet.plain.len);
    if (stranger && box.count != 0) /* he had the password, then */
        assert(stun_is(b) && box.messages[0].body.len <= b.len);
    if (stranger && !stun_is(b))
        assert(box.count == 0 && hop_state(p->hops[side]) == before);
    for (unsigned i = 0; i < box.count; i++) {
        assert(box.messages[i].body.len <= HOP_DATAGRAM_MAX);
        outbox_put(&p->boxes[side], &box.messages[i].to, bytes_const(box.messages[i].body));
    }
    free(exact);
}

/* Delivers what one side has sent, but spoils a byte of it, or cuts it. */
static void deliver(struct play *p, unsigned from, uint16_t where, uint8_t how)
{
    struct outbox box = p->boxes[from];
    uint8_t copy[DATAGRAM];

    for (unsigned i = 0; i < box.count; i++) {
        size_t len = box.messages[i].body.len;

        memcpy(copy, box.messages[i].body.at, len);
        if (how % 4 == 1)
            copy[where % len] ^= how;
        if (how % 4 == 2)
            len = where % len;
        give(p, !from, &p->at[from], bytes(copy, len));
    }
    outbox_clear(&p->boxes[from]);
}

static void due(struct play *p, unsigned side, uint64_t later_us)
{
    p->now_us += later_us;
    uint64_t next = hop_due(p->hops[side], p->now_us, &p->boxes[side]);
    assert(next > p->now_us);
}

/* A packet that the other side seals: what it says is the input's. */
static void speak(struct play *p, unsigned from, bool rtcp, struct bytes text, uint8_t spoil)
{
    uint8_t room[DATAGRAM];
    size_t len = text.len < DATAGRAM - 64 ? text.len : DATAGRAM - 64;

    if (len < 2)
        return;
    memcpy(room, text.at, len);
    room[0] = (uint8_t)(0x80 | (room[0] & 0x3f));
    if (rtcp)
        room[1] = (uint8_t)(192 + room[1] % 32);
    else if (room[1] >= 192 && room[1] <= 223)
        room[1] ^= 0x40;

    struct bytes_mut all = {room, sizeof room};
    if ((rtcp ? hop_seal_rtcp(p->hops[from], all, &len) : hop_seal_rtp(p->hops[from], all, &len)) != OK)
        return;
    if (spoil % 4 == 0)
        room[spoil % len] ^= spoil;
    give(p, !from, &p->at[from], bytes(room, len));
}

/* A STUN message with any attributes, but the right user name and password. */
static void sign(struct play *p, unsigned to, const struct address *from, uint16_t type,
                 struct bytes attributes)
{
    struct bytes ours = bytes(p->credentials[to].ufrag, HOP_UFRAG_LEN);
    struct bytes theirs = bytes(p->credentials[!to].ufrag, HOP_UFRAG_LEN);
    uint8_t room[DATAGRAM], transaction[STUN_TRANSACTION_LEN];
    struct writer w = writer_over(room);
    struct bytes covered, message;

    random_fill(&p->random, transaction, sizeof transaction);
    stun_open(&w, (enum stun_type)(type & 0x3fff), transaction);
    stun_put_username(&w, ours, theirs);
    writer_put(&w, bytes(attributes.at, attributes.len / 4 * 4));
    uint8_t *mac = stun_integrity(&w, &covered);
    if (mac == NULL)
        return;
    assert(crypto_hmac_sha1(bytes(p->credentials[to].password, HOP_PASSWORD_LEN), &covered, 1, mac) == OK);
    stun_fingerprint(&w);
    if (writer_end(&w, &message) == OK)
        give(p, to, from, message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_on(bytes(data, size));
    struct play *p = malloc(sizeof *p);
    unsigned rounds = reader_u8(&r) % 8; /* 4 are enough to be open */

    assert(p != NULL);
    start(p);
    for (unsigned i = 0; i < rounds; i++) {
        due(p, CLIENT, 0);
        deliver(p, CLIENT, 0, 0);
        deliver(p, RELAY, 0, 0);
    }
    while (reader_left(&r) != 0) {
        uint8_t command = reader_u8(&r);
        unsigned side = command & 1;
        uint16_t number = reader_u16(&r);
        struct bytes text = reader_run8(&r);

        switch (command / 2 % 8) {
        case 0:
            give(p, side, &p->at[!side], text);
            break;
        case 1:
            give(p, side, &p->stranger, text);
            break;
        case 2:
            speak(p, side, false, text, (uint8_t)number);
            break;
        case 3:
            speak(p, side, true, text, (uint8_t)number);
            break;
        case 4:
            sign(p, side, number & 1 ? &p->at[!side] : &p->stranger, number >> 2, text);
            break;
        case 5:
            due(p, side, (uint64_t)number * 1000);
            break;
        case 6:
            deliver(p, side, number, command / 16 % 4);
            break;
        case 7:
            if (number == 0x4242)
                hop_close(p->hops[side], &p->boxes[side]);
            hop_moved(p->hops[side]);
            break;
        }
    }
    hop_free(p->hops[0]);
    hop_free(p->hops[1]);
    free(p);
    return 0;
}
