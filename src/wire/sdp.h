/* Session descriptions (RFC 8866) as far as Teahouse needs them: one offer and one answer per connection
 * (RFC 8829), everything bundled on one ICE and DTLS transport (RFC 9143), Opus alone, and of the header
 * extensions `mid` alone. Reading is generous, because every browser has lines of its own; writing is narrow:
 * nothing in a description of ours tells one person or device from another.
 *
 * All `struct bytes` in here are borrowed from the text that was read. Pure; any thread. */
#ifndef WIRE_SDP_H
#define WIRE_SDP_H

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "wire/limits.h"

enum {
    SDP_SIZE_MAX = 65536,  /* a longer text is refused unread */
    SDP_MEDIA = 24,        /* m-lines in one description */
    SDP_FORMATS_LEN = 512, /* of an m-line: all 128 payload types */
    SDP_CANDIDATES = 8,    /* further ones are ignored */
    SDP_MID_LEN = 32,      /* the longest mid */
    SDP_UFRAG_LEN = 256,   /* RFC 8839, section 5.4 */
    SDP_FINGERPRINT_LEN = 32,
};

enum sdp_kind { SDP_AUDIO, SDP_VIDEO, SDP_APPLICATION, SDP_OTHER };
/* As seen by the side that wrote it. */
enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };
/* RFC 4145, section 4; SDP_SETUP_NONE where the description has none. */
enum sdp_setup { SDP_SETUP_NONE, SDP_ACTPASS, SDP_ACTIVE, SDP_PASSIVE };

/* One m-line. Where it has no line of its own, the session's holds. */
struct sdp_media {
    enum sdp_kind kind;
    enum sdp_direction direction;
    enum sdp_setup setup;
    struct bytes name, proto, formats; /* of the m-line, to be echoed */
    struct bytes mid;                  /* empty where absent */
    struct bytes ufrag, pwd;           /* empty where absent */
    uint8_t fingerprint[SDP_FINGERPRINT_LEN];
    bool has_fingerprint; /* a sha-256 one */
    bool rtcp_mux;
    bool rejected; /* port 0, and not for the bundle's sake */
    bool bundled;  /* in the first BUNDLE group; without a group the first m-line alone */
    bool has_opus;
    uint8_t opus_type;     /* payload type of opus/48000/2 */
    uint8_t mid_extension; /* id of the `mid` header extension, 1 to 14; 0 for none */
    bool has_ssrc;
    uint32_t ssrc; /* of the first a=ssrc line */
};

struct sdp {
    size_t media_count;
    struct sdp_media media[SDP_MEDIA];
    size_t transport; /* the m-line whose ICE and DTLS lines hold for the bundle */
    bool has_bundle;
    bool ice_lite;
    size_t candidate_count;
    struct address candidates[SDP_CANDIDATES]; /* UDP, component 1, type host, literal addresses */
};

/* LF and CRLF both end a line. Lines that we don't know are ignored (field report G29).
 * OK | E_TOO_LARGE (text, number of m-lines or list of formats) | E_MALFORMED */
MUST_USE enum result sdp_read(struct bytes text, struct sdp *out);

/* Whether the bundle's transport can be served: ICE credentials, a sha-256 fingerprint, a setup role.
 * OK | E_UNSUPPORTED */
MUST_USE enum result sdp_check_transport(const struct sdp *);

/* What an answer makes of each m-line of an offer: the first that sends is the mouth, the first SLOTS
 * that only receive are slots, and what is not bundled Opus over SAVPF with rtcp-mux is rejected. */
enum sdp_use { SDP_REJECT, SDP_MOUTH, SDP_SLOT, SDP_IDLE };

struct sdp_plan {
    enum sdp_use use[SDP_MEDIA]; /* by m-line */
    size_t slot_count;
};

void sdp_plan_of(const struct sdp *offer, struct sdp_plan *out);

/* What one side says of itself. Everything in it is random and made for this connection alone. */
struct sdp_self {
    uint64_t session; /* o= line; the upper two bits are ignored */
    struct bytes ufrag, pwd, cname;
    uint8_t fingerprint[SDP_FINGERPRINT_LEN];
    uint32_t ssrc[SLOTS]; /* of each slot in order (answer), or ssrc[0] of the mouth (offer) */
    const struct address *candidates;
    size_t candidate_count;
};

/* The answer of an ICE-lite relay. The role of DTLS follows the offer (field report G25): *active tells
 * whether we start the handshake. Every offered m-line and mid is answered (G27), each profile echoed (G31),
 * and a rejected m-line has port 0, its mid and a c= line (G30). A writer without room fails as writers do.
 */
void sdp_answer_write(struct writer *, const struct sdp *offer, const struct sdp_plan *,
                      const struct sdp_self *, bool *active);

/* The native client's offer: m-line 0 sends, SLOTS follow that receive. mids are "0" to "16". */
void sdp_offer_write(struct writer *, const struct sdp_self *);

#endif
