/* The way to a house: one WebSocket, the house's challenge, requests and their answers. Signalling is
 * docs/protocol.md, section 4. A link lives on its loop's thread and tells what happens through its events.
 * It does not come back by itself: who lost it decides what that means. */
#ifndef CLIENT_LINK_H
#define CLIENT_LINK_H

#include "client/identity.h"
#include "io/ws.h"
#include "wire/signal.h"

struct link;

enum {
    LINK_ANSWER_MS = 10000, /* then a house that owes an answer is given up */
    LINK_ASKED_MAX = 16,    /* requests that wait for an answer at one time */
};

struct link_events {
    /* The house's first message. Now is the time for link_sign_in or link_sign_up; requests may follow at
     * once, without waiting for the answer. */
    void (*challenged)(void *context, struct link *, const struct signal_challenge *);
    /* A message, and the type of the request that it answers; 0 for what comes unasked. Valid until it
     * returns.
     */
    void (*heard)(void *context, struct link *, const struct signal *, enum signal_type asked);
    /* The last call, once; the link must still be freed. `why`: OK (closed by link_close) | E_CLOSED |
     * E_EXPIRED (no answer in time) | E_MALFORMED (the house speaks something else) | E_REFUSED (no such
     * WebSocket there) | E_NOT_FOUND (no such host) | E_IO (nobody listens) | E_FORGED, E_CRYPTO (TLS) |
     * E_NO_MEMORY */
    void (*lost)(void *context, struct link *, enum result why);
};

struct link_options {
    struct loop *loop; /* these three are borrowed */
    const struct gate *gate;
    const struct tls *tls; /* for https */
    const char *house_url;
};

/* The events are static. `lost` comes even if it never opens, but not from within. OK | E_MALFORMED (URL) |
 * E_UNSUPPORTED (scheme) | E_NO_MEMORY */
MUST_USE enum result link_open(const struct link_options *, const struct link_events *, void *context,
                               struct link **out);
/* From anywhere, its own events included; nothing is called afterwards. NULL is fine. */
void link_free(struct link *);
/* Ends in order: `lost` follows with OK. */
void link_close(struct link *);

/* Answers the challenge. The house must be the one that was pinned. OK | E_FORGED (another house) | E_STATE |
 * errors of link_ask */
MUST_USE enum result link_sign_in(struct link *, const struct identity *);
/* Registers the identity's key and handle; its house key must be set. Errors as link_sign_in. */
MUST_USE enum result link_sign_up(struct link *, const struct identity *);

/* Sends a request, which gets its number by this. OK | E_STATE (not open, or too many wait) | E_TOO_LARGE |
 * E_NO_MEMORY | E_AGAIN (the house does not read) */
MUST_USE enum result link_ask(struct link *, struct signal *);

#endif
