#include "hop/hop.h"

#include "hop/dtls.h"
#include "hop/ice.h"
#include "hop/srtp.h"
#include "wire/rtcp.h"

#include <stdlib.h>
#include <string.h>

enum {
    FLIGHT_FIRST_US = 100 * 1000,       /* a flight without an answer is sent again after this ... */
    FLIGHT_LONGEST_US = 1600 * 1000,    /* ... doubling up to this */
    FLIGHT_REPEAT_US = 20 * 1000,       /* the last flight is repeated on demand, but no faster */
    FLIGHT_HEARD_US = 10 * 1000 * 1000, /* not asked for again in this time, it has arrived */
};

struct hop {
    enum hop_role role;
    enum hop_state state;
    enum result why;
    const struct hop_identity *identity; /* borrowed */
    uint8_t peer_fingerprint[HOP_FINGERPRINT_LEN];
    struct hop_ice ice;
    uint64_t born_us, heard_us; /* the latter: of anything authentic */

    struct hop_dtls *dtls; /* NULL before the peer is verified, and again when nothing is left to be said */
    struct address
        flight_to; /* where its flight is sent: all of it, always, so that an answer shows who is there */
    uint64_t flight_us; /* when that was done last */
    uint64_t flight_wait_us;
    bool flight_open; /* an answer is awaited */
    size_t farewell_len;
    uint8_t farewell[HOP_FAREWELL_MAX];

    struct hop_way sending, receiving;
};

enum result hop_new(const struct hop_settings *settings, uint64_t now_us, struct hop **out)
{
    struct hop *hop = calloc(1, sizeof *hop);
    enum result res;

    if (hop == NULL)
        return E_NO_MEMORY;
    res = hop_ice_start(&hop->ice, settings, now_us);
    if (res != OK) {
        hop_free(hop);
        return res;
    }
    hop->role = settings->role;
    hop->identity = settings->identity;
    memcpy(hop->peer_fingerprint, settings->peer_fingerprint, sizeof hop->peer_fingerprint);
    hop->born_us = hop->heard_us = now_us;
    *out = hop;
    return OK;
}

static void shut(struct hop *hop, enum result why)
{
    hop->state = HOP_CLOSED;
    hop->why = why;
    hop_dtls_free(hop->dtls);
    hop->dtls = NULL;
    hop->flight_open = false;
    hop_way_end(&hop->sending);
    hop_way_end(&hop->receiving);
}

void hop_free(struct hop *hop)
{
    if (hop == NULL)
        return;
    shut(hop, OK);
    wipe(hop, sizeof *hop);
    free(hop);
}

enum hop_state hop_state(const struct hop *hop)
{
    return hop->state;
}

enum result hop_why(const struct hop *hop)
{
    return hop->why;
}

bool hop_peer(const struct hop *hop, struct address *out)
{
    if (hop->ice.found)
        *out = hop->ice.peer;
    return hop->ice.found;
}

void hop_displaced(struct hop *hop)
{
    hop->ice.found = false;
}

uint64_t hop_heard_us(const struct hop *hop)
{
    return hop->heard_us;
}

bool hop_asks(const struct hop *hop, uint8_t transaction[static HOP_TRANSACTION_LEN])
{
    if (hop->ice.asking)
        memcpy(transaction, hop->ice.asked, sizeof hop->ice.asked);
    return hop->ice.asking;
}

static bool is_open(const struct hop *hop)
{
    return hop->state == HOP_OPEN || hop->state == HOP_SILENT;
}

/* The handshake. */

static void flight_send(struct hop *hop, uint64_t now_us, struct outbox *outbox)
{
    struct bytes rest = hop_dtls_flight(hop->dtls);
    struct bytes datagram = hop_records_next(&rest);

    while (datagram.len != 0) {
        outbox_put(outbox, &hop->flight_to, datagram);
        datagram = hop_records_next(&rest);
    }
    hop->flight_us = now_us;
}

static enum result handshake_step(struct hop *hop, uint64_t now_us, struct bytes datagram,
                                  struct outbox *outbox)
{
    enum result res = OK;
    bool fresh;

    if (hop->dtls == NULL)
        res = hop_dtls_new(hop->identity, hop->role, hop->peer_fingerprint, &hop->dtls);
    if (res != OK) {
        shut(hop, res);
        return res;
    }
    res = hop_dtls_step(hop->dtls, datagram, &fresh);
    if (fresh) {
        /* The relay's last flight goes where the one before it was answered. */
        if (res != OK || hop->role == HOP_CLIENT)
            hop->flight_to = hop->ice.peer;
        flight_send(hop, now_us, outbox);
        hop->flight_wait_us = FLIGHT_FIRST_US;
        hop->flight_open = true;
    }
    if (res == E_AGAIN)
        return OK;
    if (res == OK)
        res = hop_dtls_ways(hop->dtls, &hop->sending, &hop->receiving);
    if (res != OK) {
        shut(hop, res);
        return res;
    }
    hop->state = HOP_OPEN;
    hop->flight_open = false;
    if (hop->role == HOP_RELAY)
        hop_ice_settle(&hop->ice, now_us, &hop->flight_to, outbox);
    return OK;
}

/* The first authentic packet shows that the relay's last flight has arrived. What is left to be said over
 * DTLS is the farewell, which is made in advance, so a listener does not cost OpenSSL's buffers for hours. A
 * farewell of the client's can't be read then; its absence is noticed by consent. */
static void dtls_retire(struct hop *hop)
{
    hop->farewell_len = hop_dtls_farewell(hop->dtls, hop->farewell);
    hop_dtls_free(hop->dtls);
    hop->dtls = NULL;
}

enum { CHANGE_CIPHER_SPEC = 20, HANDSHAKE = 22 }; /* content types of records */

static enum result dtls_take(struct hop *hop, uint64_t now_us, struct bytes datagram, struct outbox *outbox)
{
    uint8_t type = datagram.at[0];

    if (!is_open(hop))
        return handshake_step(hop, now_us, datagram, outbox);
    if (hop->dtls == NULL)
        return OK;
    if (type == HANDSHAKE || type == CHANGE_CIPHER_SPEC) {
        /* The client still asks: the relay's last flight was lost (RFC 6347, section 4.2.4). */
        if (hop->role == HOP_RELAY && now_us - hop->flight_us >= FLIGHT_REPEAT_US)
            flight_send(hop, now_us, outbox);
        return OK;
    }
    if (hop_dtls_take(hop->dtls, datagram) == E_CLOSED)
        shut(hop, OK);
    return OK;
}

/* Media. */

static enum result media_take(struct hop *hop, uint64_t now_us, struct bytes_mut datagram,
                              struct hop_packet *out)
{
    bool rtcp = rtp_is_rtcp(bytes_const(datagram));
    size_t len = 0;
    enum result res;

    if (!is_open(hop))
        return E_STATE;
    if (rtcp)
        res = hop_way_open_rtcp(&hop->receiving, datagram, &len);
    else
        res = hop_way_open_rtp(&hop->receiving, datagram, &out->rtp);
    if (res != OK)
        return res;
    hop->heard_us = now_us;
    if (hop->role == HOP_RELAY && hop->dtls != NULL)
        dtls_retire(hop);

    if (rtcp)
        res = rtcp_check(bytes(datagram.at, len));
    else
        len = out->rtp.header_len + out->rtp.payload.len + out->rtp.padding;
    if (res != OK)
        return res;
    out->kind = rtcp ? HOP_RTCP : HOP_RTP;
    out->plain = (struct bytes_mut){datagram.at, len};
    return OK;
}

static enum result stun_take(struct hop *hop, uint64_t now_us, const struct address *from,
                             struct bytes datagram, struct outbox *outbox)
{
    enum result res = hop_ice_take(&hop->ice, now_us, from, datagram, outbox);

    if (res != OK)
        return res;
    hop->heard_us = now_us;
    if (hop->ice.consent_us != now_us)
        return OK; /* heard, and not agreed to */
    if (hop->state == HOP_NEW || hop->state == HOP_CHECKING)
        hop->state = HOP_HANDSHAKING;
    else if (hop->state == HOP_SILENT)
        hop->state = HOP_OPEN;
    return OK;
}

enum result hop_take(struct hop *hop, uint64_t now_us, const struct address *from, struct bytes_mut datagram,
                     struct outbox *outbox, struct hop_packet *out)
{
    uint8_t first = datagram.len == 0 ? 255 : datagram.at[0];

    out->kind = HOP_NOTHING;
    if (hop->state == HOP_CLOSED)
        return E_STATE;
    if (first <= 3) /* RFC 7983, section 7 */
        return stun_take(hop, now_us, from, bytes_const(datagram), outbox);
    if (!hop_ice_knows(&hop->ice, from))
        return E_REFUSED;
    if (first >= 128 && first <= 191) {
        enum result res = media_take(hop, now_us, datagram, out);

        if (res == OK && address_equal(from, &hop->ice.peer))
            hop->ice.peer_heard_us = now_us;
        return res;
    }
    if (first >= 20 && first <= 63)
        return dtls_take(hop, now_us, bytes_const(datagram), outbox);
    return E_MALFORMED;
}

/* Time. */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Gives when to look again; UINT64_MAX once closed. */
static uint64_t expire(struct hop *hop, uint64_t now_us)
{
    uint64_t setup_end = hop->born_us + HOP_SETUP_US, gone = hop->heard_us + HOP_GONE_US;
    uint64_t consent_end = hop->ice.consent_us + HOP_CONSENT_US, next = gone;
    bool open = is_open(hop);

    if (now_us >= (open ? gone : setup_end)) {
        shut(hop, E_EXPIRED);
        return UINT64_MAX;
    }
    if (!open)
        return setup_end;
    if (hop->role == HOP_RELAY && hop->dtls != NULL) {
        if (now_us - hop->flight_us >= FLIGHT_HEARD_US)
            dtls_retire(hop);
        else
            next = earlier(next, hop->flight_us + FLIGHT_HEARD_US);
    }
    if (now_us < consent_end)
        return earlier(next, consent_end);
    hop->state = HOP_SILENT;
    return next;
}

uint64_t hop_due(struct hop *hop, uint64_t now_us, struct outbox *outbox)
{
    bool check = hop->role == HOP_CLIENT && now_us >= hop->ice.check_us;
    uint64_t next = hop->state == HOP_CLOSED ? UINT64_MAX : expire(hop, now_us);

    if (hop->state == HOP_CLOSED)
        return UINT64_MAX;
    next = earlier(next, hop_ice_due(&hop->ice, now_us, outbox));

    if (hop->state == HOP_NEW && hop->role == HOP_CLIENT) {
        /* The hello goes right behind the check, which spares a round trip: the relay has verified us when it
         * comes to it. */
        hop->state = HOP_CHECKING;
        if (handshake_step(hop, now_us, (struct bytes){0}, outbox) != OK)
            return UINT64_MAX;
    } else if (hop->flight_open && hop->state == HOP_CHECKING) {
        if (check)
            flight_send(hop, now_us, outbox);
    } else if (hop->flight_open && now_us - hop->flight_us >= hop->flight_wait_us) {
        flight_send(hop, now_us, outbox);
        hop->flight_wait_us = earlier(2 * hop->flight_wait_us, FLIGHT_LONGEST_US);
    }
    if (hop->flight_open && hop->state != HOP_CHECKING)
        next = earlier(next, hop->flight_us + hop->flight_wait_us);
    return next;
}

void hop_moved(struct hop *hop)
{
    hop->ice.check_us = 0;
}

/* Sending. */

enum result hop_seal_rtp(struct hop *hop, struct bytes_mut room, size_t *len)
{
    return hop->state == HOP_OPEN ? hop_way_seal_rtp(&hop->sending, room, len) : E_STATE;
}

enum result hop_seal_rtcp(struct hop *hop, struct bytes_mut room, size_t *len)
{
    return hop->state == HOP_OPEN ? hop_way_seal_rtcp(&hop->sending, room, len) : E_STATE;
}

void hop_close(struct hop *hop, struct outbox *outbox)
{
    if (hop->state == HOP_OPEN) {
        if (hop->dtls != NULL)
            dtls_retire(hop);
        if (hop->farewell_len != 0)
            outbox_put(outbox, &hop->ice.peer, bytes(hop->farewell, hop->farewell_len));
    }
    if (hop->state != HOP_CLOSED)
        shut(hop, OK);
}
