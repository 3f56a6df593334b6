/* RTCP: a bounded walk through what peers send, and the writing of what we send. RFC 3550, section 6. Packets
 * need not be compound (RFC 5506): a peer may send feedback alone. */
#ifndef WIRE_RTCP_H
#define WIRE_RTCP_H

#include "base/bytes.h"
#include "base/result.h"

enum rtcp_type {
    RTCP_SENDER = 200,
    RTCP_RECEIVER = 201,
    RTCP_DESCRIPTION = 202,
    RTCP_BYE = 203,
    RTCP_APPLICATION = 204,
    RTCP_FEEDBACK = 205,         /* RFC 4585, transport layer */
    RTCP_PAYLOAD_FEEDBACK = 206, /* RFC 4585, payload specific */
};

enum { RTCP_REPORTS_MAX = 31, RTCP_CNAME_MAX = 255 };

/* One packet of a compound. Runs are borrowed. */
struct rtcp {
    uint8_t type;      /* enum rtcp_type, or another */
    uint8_t count;     /* 0 to 31: reports, sources or the feedback's format */
    struct bytes body; /* what follows the 4 bytes of header, without padding */
};

/* Takes the next packet from the front of *rest, which must not be empty. Padding is right in the last packet
 * alone. Nothing changes on error. OK | E_MALFORMED */
MUST_USE enum result rtcp_next(struct bytes *rest, struct rtcp *out);
/* Whether a whole datagram is a row of packets, one at least. OK | E_MALFORMED */
MUST_USE enum result rtcp_check(struct bytes compound);

/* What a sender says of itself (RFC 3550, section 6.4.1). */
struct rtcp_sender {
    uint32_t ssrc;
    uint64_t ntp;  /* seconds since 1900 in 32.32 fixed point */
    uint32_t time; /* RTP time of the same instant */
    uint32_t packets, bytes;
};

/* What a receiver says of one stream (RFC 3550, section 6.4.1). */
struct rtcp_report {
    uint32_t ssrc;         /* whose stream it is about */
    uint8_t fraction_lost; /* in 1/256 since the last report */
    int32_t lost;          /* -2^23 to 2^23 - 1, in all */
    uint32_t highest;      /* sequence number, with its wraps above */
    uint32_t jitter;       /* in RTP time */
    uint32_t last_sr;      /* middle 32 bits of the last sender report's ntp; 0 for none */
    uint32_t delay;        /* since then, in 1/65536 s */
};

/* OK | E_NOT_FOUND (another type) | E_MALFORMED */
MUST_USE enum result rtcp_sender_read(const struct rtcp *, struct rtcp_sender *out);
/* The sender of a packet of any type that names one first: reports, feedback, bye.
 * OK | E_NOT_FOUND | E_MALFORMED */
MUST_USE enum result rtcp_source(const struct rtcp *, uint32_t *ssrc);
/* The report at `index` of a sender's or receiver's packet. OK | E_NOT_FOUND | E_MALFORMED */
MUST_USE enum result rtcp_report_read(const struct rtcp *, unsigned index, struct rtcp_report *out);

/* A compound of our own: a sender's or receiver's report, the CNAME, and a BYE when leaving. */
struct rtcp_compound {
    uint32_t ssrc;
    const struct rtcp_sender *sender; /* NULL for a receiver's report; its ssrc is not read */
    const struct rtcp_report *reports;
    unsigned report_count; /* up to RTCP_REPORTS_MAX */
    struct bytes cname;    /* random, and fresh with each session (RFC 7022) */
    bool bye;
};

/* Never padded; each length is exact (field report G19). OK | E_TOO_LARGE (also for fields that do not fit)
 */
MUST_USE enum result rtcp_write(const struct rtcp_compound *, struct bytes_mut to, struct bytes *out);

#endif
