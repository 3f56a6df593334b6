/* The session with a relay: its certificate, the offer and the answer (docs/protocol.md, section 6), the
 * renewal of its ticket, and the hop on a UDP socket of its own. It knows seats by their tickets alone, and
 * frames as sealed bytes. Lives on its loop's thread. */
#ifndef CLIENT_MEDIA_H
#define CLIENT_MEDIA_H

#include "base/random.h"
#include "io/http.h"

struct media;

enum media_state {
    MEDIA_IDLE,    /* no session, or no more */
    MEDIA_OFFERED, /* the offer is sent */
    MEDIA_JOINING, /* ICE and DTLS are under way */
    MEDIA_OPEN,    /* media passes */
    MEDIA_LEAVING, /* the relay is told */
    MEDIA_OVER,
};

struct media_events {
    void (*opened)(void *context);
    /* media_renew has come through. */
    void (*renewed)(void *context);
    /* One RTP packet of a slot, free of the hop's protection; may be changed in place until it returns. */
    void (*heard)(void *context, uint64_t now_us, unsigned slot, struct bytes_mut packet);
    /* The session is over, and not because of media_leave: it is MEDIA_IDLE again. `what` is one line for
     * people, valid until it returns. */
    void (*lost)(void *context, enum result why, const char *what);
    /* media_leave is done. */
    void (*left)(void *context);
};

struct media_options {
    struct loop *loop; /* these four are borrowed */
    const struct gate *gate;
    const struct tls *tls; /* for https */
    const struct random *random;
    const char *near_url; /* where the relay's entrance probably is: the house's own URL */
};

/* Makes a certificate and opens a connection in advance. The events are static, and none comes from within.
 * OK | E_NO_MEMORY | E_CRYPTO | E_MALFORMED, E_UNSUPPORTED (URL) */
MUST_USE enum result media_new(const struct media_options *, const struct media_events *, void *context,
                               struct media **out);
/* Says nothing to the relay. From anywhere. NULL is fine. */
void media_free(struct media *);

enum media_state media_state(const struct media *);
/* SHA-256 of the certificate: what the ticket must name. 32 bytes. */
const uint8_t *media_fingerprint(const struct media *);

/* Takes the seat that a ticket gives; a session that there was is let go of, without a word to the relay.
 * OK | E_STATE (leaving) | E_REFUSED (http, where the house is https) |
 * E_MALFORMED, E_UNSUPPORTED (URL) | E_NO_MEMORY | E_TOO_LARGE */
MUST_USE enum result media_enter(struct media *, struct bytes media_url, struct bytes ticket, uint32_t ssrc);
/* Hands in the next ticket of the seat; a refusal is `lost`, with E_CLOSED where the relay knows no such
 * session. OK | E_STATE | E_NO_MEMORY | E_TOO_LARGE */
MUST_USE enum result media_renew(struct media *, struct bytes ticket);

/* Seals and sends one RTP packet; `room` begins with `len` bytes of it and has HOP_RTP_OVERHEAD more. What
 * the system does not take is lost, as a datagram may be. OK | E_STATE (not open) | errors of hop_seal_rtp */
MUST_USE enum result media_send(struct media *, struct bytes_mut room, size_t len);

/* The own address may have changed: the relay is told at once (field report G20). */
void media_moved(struct media *);

/* Tells the relay; `left` follows, in any case. */
void media_leave(struct media *);

#endif
