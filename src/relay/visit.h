/* From an offer and a ticket to a session and its answer. Pure but for keys and random numbers. */
#ifndef RELAY_VISIT_H
#define RELAY_VISIT_H

#include "base/random.h"
#include "relay/seats.h"
#include "wire/sdp.h"

/* Whether we can serve the offer, and it is the ticket's holder who makes it.
 * OK | E_MALFORMED | E_TOO_LARGE | E_UNSUPPORTED (no transport, no voice, or a client that wants us to start)
 * | E_REFUSED (another certificate)
 */
MUST_USE enum result relay_offer_read(struct bytes text, const struct ticket *, struct sdp *offer,
                                      struct sdp_plan *plan);

/* A session with fresh certificate, credentials and numbers, and the answer that tells them. The caller owns
 * the session. `answer` is borrowed room for the text. OK | E_NO_MEMORY | E_CRYPTO | E_MALFORMED |
 * E_TOO_LARGE */
MUST_USE enum result relay_session_new(const struct sdp *offer, const struct sdp_plan *,
                                       const struct ticket *, const struct address *candidates,
                                       size_t candidate_count, const struct random *, uint64_t now_us,
                                       struct writer *answer, struct relay_session **out);

#endif
