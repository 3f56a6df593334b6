/* RTP packets. RFC 3550, section 5.1; header extensions by RFC 8285. Bytes to struct and back: nothing here
 * knows of keys, streams or time. */
#ifndef WIRE_RTP_H
#define WIRE_RTP_H

#include "base/bytes.h"
#include "base/result.h"

enum {
    RTP_HEADER_LEN = 12, /* without CSRCs and extension */
    RTP_CSRC_MAX = 15,
    RTP_EXTENSION_ONE_BYTE = 0xbede,
    RTP_EXTENSION_TWO_BYTES = 0x1000, /* the low four bits are free */
};

/* Runs are borrowed from the packet. */
struct rtp {
    bool marker;
    bool padded;          /* the header says that padding follows the payload */
    uint8_t payload_type; /* 0 to 127 */
    uint16_t sequence;
    uint32_t time; /* in units of the codec's clock: 48 kHz for Opus */
    uint32_t ssrc;
    struct bytes csrcs;     /* 4 bytes each */
    bool extended;          /* a header extension is there, though it may be empty */
    uint16_t profile;       /* what kind of extension */
    struct bytes extension; /* its body, a multiple of 4 bytes */
    size_t header_len;      /* from the packet's start to the payload */
    struct bytes payload;   /* without padding; may be empty */
    uint8_t padding;        /* bytes behind the payload, their count included; 0 for none */
};

/* The header alone: what may be read of a sealed packet, whose padding is sealed as well. `payload` is then
 * all that follows the header, and `padding` is 0. OK | E_MALFORMED */
MUST_USE enum result rtp_header_read(struct bytes packet, struct rtp *out);
/* The other half, once the payload is plain: takes the padding off it. Unchanged on error. OK | E_MALFORMED
 */
MUST_USE enum result rtp_unpad(struct rtp *);
/* The whole of a plain packet. OK | E_MALFORMED */
MUST_USE enum result rtp_read(struct bytes packet, struct rtp *out);

/* One element of the header extension, by the number that the session's description gave it (1 to 14, or to
 * 255 in the two-byte form). Elements before a malformed one are found. OK | E_NOT_FOUND */
MUST_USE enum result rtp_element(const struct rtp *, uint8_t id, struct bytes *out);

/* A packet without CSRCs and padding. The extension is written where `extended`; its body must be whole
 * words. `payload` is appended, and may be the very bytes that follow the header in `to`. OK | E_TOO_LARGE
 * (also for fields that do not fit) */
MUST_USE enum result rtp_write(const struct rtp *, struct bytes_mut to, struct bytes *out);

/* A one-byte-form extension body with a single element of 1 to 16 bytes, padded to whole words: for `mid`.
 * OK | E_TOO_LARGE */
MUST_USE enum result rtp_element_write(uint8_t id, struct bytes value, struct bytes_mut to,
                                       struct bytes *out);

/* Whether the first octets may be those of RTCP rather than RTP on a shared port (RFC 5761, section 4). */
bool rtp_is_rtcp(struct bytes packet);

#endif
