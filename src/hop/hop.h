/* One peer connection as a machine without sockets: ICE, DTLS 1.2 and SRTP between a client and a relay,
 * bytes in and bytes out. RFC 8445 (the relay is ICE-lite and controlled, the client full and controlling,
 * with one candidate pair), RFC 7675 (consent), RFC 6347 and 5764 (DTLS-SRTP), RFC 3711 and 7714
 * (AEAD_AES_128_GCM and nothing else: both browsers have it), RFC 7983 (which is which on one port).
 *
 * Time is handed in, in microseconds of any clock that never runs back. Randomness is handed in as well, but
 * for the keys and nonces of DTLS, which OpenSSL draws from the system. A hop belongs to one thread at a
 * time; an identity may be used by many hops on many threads. Sealing and opening a packet allocates nothing,
 * locks nothing and copies nothing.
 *
 * An address that has not passed a STUN check under this hop's password gets not one byte and leaves no trace
 * (field report G24). */
#ifndef HOP_HOP_H
#define HOP_HOP_H

#include "base/address.h"
#include "base/bytes.h"
#include "base/outbox.h"
#include "base/random.h"
#include "base/result.h"
#include "wire/rtp.h"

enum {
    HOP_FINGERPRINT_LEN = 32, /* SHA-256 of a certificate (RFC 8122) */
    HOP_UFRAG_LEN = 8,        /* of credentials that we draw: 48 and 144 random bits */
    HOP_PASSWORD_LEN = 24,
    HOP_TRANSACTION_LEN = 12,
    HOP_UFRAG_MAX = 256, /* of a peer's (RFC 8839, section 5.4) */
    HOP_PASSWORD_MAX = 256,
    HOP_RTP_OVERHEAD = 16,   /* what sealing adds: the tag */
    HOP_RTCP_OVERHEAD = 20,  /* the tag and the index */
    HOP_STREAMS = 24,        /* SSRCs in each direction; more are refused */
    HOP_DATAGRAM_MAX = 1200, /* the longest that a hop puts into an outbox */
    HOP_OUTBOX_SIZE = 6144,  /* enough room in an outbox for whatever one call gives */
};

/* A fresh ECDSA P-256 key with a self-signed certificate that names nobody. It makes a session recognisable
 * to whoever sees two handshakes under it, so a client draws one for each session. */
struct hop_identity;
/* OK | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result hop_identity_new(struct hop_identity **out);
void hop_identity_free(struct hop_identity *); /* NULL is fine; no hop may have its handshake before it */
/* HOP_FINGERPRINT_LEN bytes, as long as the identity lives. */
const uint8_t *hop_identity_fingerprint(const struct hop_identity *);

/* ICE user fragment and password, zero-closed text of ALPHA, DIGIT, '+' and '/'. */
struct hop_credentials {
    char ufrag[HOP_UFRAG_LEN + 1];
    char password[HOP_PASSWORD_LEN + 1];
};
void hop_credentials_draw(const struct random *, struct hop_credentials *out);

enum hop_role { HOP_RELAY, HOP_CLIENT };

/* All of it is copied but for `identity` and `random`. The latter must outlive the hop, the former the
 * handshake: an identity that serves one hop alone may be freed as soon as that is HOP_OPEN. */
struct hop_settings {
    enum hop_role role;
    const struct hop_identity *identity;
    const struct random *random;
    uint8_t peer_fingerprint[HOP_FINGERPRINT_LEN];
    struct hop_credentials local;
    struct bytes remote_ufrag;    /* a relay with none takes any, and relies on the integrity alone */
    struct bytes remote_password; /* a relay with none follows nobody to another address */
    struct address peer;          /* client only: where the relay is */
};

enum hop_state {
    HOP_NEW,         /* a relay before the first verified check; a client before its first hop_due */
    HOP_CHECKING,    /* a client without an answer to its check yet */
    HOP_HANDSHAKING, /* DTLS is under way */
    HOP_OPEN,        /* keys are there */
    HOP_SILENT,      /* open, but the peer's consent is 30 s old: nothing is sent until it is renewed */
    HOP_CLOSED,      /* for good: closed by either side, failed, or not heard of for HOP_GONE_US */
};

enum {
    HOP_SETUP_US = 30 * 1000 * 1000,   /* from hop_new's first use to open, or closed */
    HOP_CONSENT_US = 30 * 1000 * 1000, /* RFC 7675, section 5.1 */
    HOP_GONE_US = 60 * 1000 * 1000,
};

struct hop;
/* Nothing is sent before the first hop_due (client) or hop_take (relay).
 * OK | E_MALFORMED (credentials that RFC 8839 does not allow) | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result hop_new(const struct hop_settings *, uint64_t now_us, struct hop **out);
/* Wipes the keys. Says nothing to the peer: that is hop_close. NULL is fine. */
void hop_free(struct hop *);

enum hop_state hop_state(const struct hop *);
/* The fault that closed it; OK where it was closed in peace or is not closed. */
enum result hop_why(const struct hop *);
/* Where datagrams for the peer go now. False for a relay that has not had a verified check. Once it is open,
 * a relay follows the peer to no address that the peer has not answered from. */
bool hop_peer(const struct hop *, struct address *out);
/* For a relay: another hop's peer has shown that it is at that address now. hop_peer is false until this one
 * has shown anew where it is. */
void hop_displaced(struct hop *);
/* When anything authentic came. */
uint64_t hop_heard_us(const struct hop *);
/* The transaction of the question whether the peer has moved, while there is one. */
bool hop_asks(const struct hop *, uint8_t transaction[static HOP_TRANSACTION_LEN]);

/* The user fragment that a STUN request is addressed to, borrowed from the datagram: how a relay finds the
 * hop for an address that it does not know. It proves nothing; hop_take verifies. OK | E_MALFORMED (no STUN
 * binding request with a user name) */
MUST_USE enum result hop_names(struct bytes datagram, struct bytes *local_ufrag);

/* The transaction that a STUN response answers: how a relay finds the hop that asks. It proves nothing
 * either. OK | E_MALFORMED (no response) */
MUST_USE enum result hop_answers(struct bytes datagram, uint8_t transaction[static HOP_TRANSACTION_LEN]);

enum hop_kind { HOP_NOTHING, HOP_RTP, HOP_RTCP };

struct hop_packet {
    enum hop_kind kind;
    struct bytes_mut plain; /* the opened packet, inside the datagram that was handed in */
    struct rtp rtp;         /* HOP_RTP: `plain` as rtp_read has it */
};

/* Takes one datagram of any kind, opens media in place and puts answers into the outbox. `from` is its
 * source. An error concerns this datagram alone and is there to be counted: the hop lives on unless hop_state
 * says otherwise. A datagram that was understood but holds no media is OK with HOP_NOTHING. On E_FORGED the
 * datagram may have been overwritten.
 * OK | E_MALFORMED | E_FORGED (integrity, tag or certificate) | E_REPLAY | E_REFUSED (source not verified)
 * | E_STATE (no keys yet, or closed) | E_NO_MEMORY (too many SSRCs) | E_CRYPTO */
MUST_USE enum result hop_take(struct hop *, uint64_t now_us, const struct address *from,
                              struct bytes_mut datagram, struct outbox *, struct hop_packet *out);

/* Does what time asks for: checks, retransmissions, consent, the end. Call it first right after hop_new and
 * then whenever the time that it gave has come, and after each hop_take that was no media. Gives the next
 * such time, UINT64_MAX for none. */
uint64_t hop_due(struct hop *, uint64_t now_us, struct outbox *);

/* For a client whose socket or network has changed: the next hop_due checks at once, and the relay follows.
 */
void hop_moved(struct hop *);

/* Seal in place: `room` begins with a plain packet of *len bytes and has HOP_*_OVERHEAD bytes more; *len gets
 * the new length. The number of an RTP packet may jump, and packets may be up to 128 out of order, but one
 * number is never sealed twice. RTCP is sealed under its first packet's SSRC. Send to hop_peer.
 * OK | E_STATE (not open) | E_TOO_LARGE (no room) | E_MALFORMED (no RTP or RTCP header) | E_REPLAY
 * | E_NO_MEMORY (too many SSRCs) | E_CRYPTO; on an error the packet must not be sent. */
MUST_USE enum result hop_seal_rtp(struct hop *, struct bytes_mut room, size_t *len);
MUST_USE enum result hop_seal_rtcp(struct hop *, struct bytes_mut room, size_t *len);

/* Tells the peer (close_notify) where a handshake has been completed, and closes. */
void hop_close(struct hop *, struct outbox *);

#endif
