/* RTCP as far as browsers want it: a sender report for each slot that was heard lately, and a receiver report
 * on a speaker's stream. RFC 3550, section 6.4. Each side's reports end at the relay. */
#ifndef RELAY_REPORT_H
#define RELAY_REPORT_H

#include "relay/departures.h"
#include "wire/rtp.h"

enum { RELAY_REPORT_US = 5 * 1000 * 1000 };

struct relay_session;

/* What a receiver report needs to know of a speaker's stream. RFC 3550, appendix A.1 and A.8. */
struct relay_reception {
    uint32_t ssrc;
    uint32_t first, highest; /* sequence numbers, with their wraps above */
    uint32_t received;
    uint32_t expected_before, received_before; /* at the last report */
    uint32_t transit, jitter;                  /* in samples; the jitter times 16 */
};

void relay_reception_count(struct relay_reception *, const struct rtp *, uint64_t now_us);

/* What there is to report on this session, which is open. */
void relay_report(struct relay_session *, uint64_t now_us, struct relay_departures *);

#endif
