/* The relay: an entrance over HTTP in the manner of WHIP (RFC 9725) and workers that forward sealed frames
 * which they cannot open. It knows sessions by random tags; no account, no room's id and no key of a room
 * ever reaches it. docs/protocol.md, sections 6 to 8. */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include "base/address.h"
#include "base/random.h"
#include "bus/bus.h"
#include "io/http.h"
#include "io/loop.h"
#include "wire/limits.h"

enum {
    RELAY_WORKERS_MAX = 64,
    RELAY_ANNOUNCE_MAX = 4,
    RELAY_SESSIONS_MAX = 4096,  /* of one worker */
    RELAY_HANDSHAKES_MAX = 512, /* of one worker, that are not open yet; each for 15 s at most */
};

/* Copied, but for what is said to be borrowed: that must outlive the relay. */
struct relay_settings {
    struct loop *loop;               /* borrowed; the thread of all functions below */
    struct http_server *http;        /* borrowed; gets the routes. It is freed before the relay */
    struct bus *bus;                 /* borrowed; NULL: no control but by relay_control */
    const char *subject;             /* borrowed; where control comes from, and ... */
    const char *load_subject;        /* ... where CONTROL_LOAD goes to, every 5 s; NULL: nowhere */
    const char *url;                 /* borrowed; of the entrance, for relay_introduce; NULL without it */
    const struct random *random;     /* borrowed; used from the workers' threads as well */
    uint64_t (*unix_ms)(void *self); /* the time of day, which tickets expire by */
    void *unix_self;
    struct address media; /* worker i is bound to this port + i; port 0 takes free ones */
    struct address announce[RELAY_ANNOUNCE_MAX]; /* what clients are told, without the port; none: `media` */
    size_t announce_count;
    unsigned workers;       /* 0 for 1. All sessions of a room share a worker */
    uint8_t tag[TAG_BYTES]; /* tickets must name it */
    uint8_t house_key[32];  /* tickets must be signed by it */
    bool keyless;           /* there is no house_key yet: nobody enters before CONTROL_HOUSE_KEY */
};

struct relay;

/* OK | E_MALFORMED (nothing that could be announced; too many workers) | E_NO_MEMORY | E_EXISTS (routes) |
 * E_IO (errno: EADDRINUSE, ...) */
MUST_USE enum result relay_new(const struct relay_settings *, struct relay **out);
/* Ends all sessions. NULL is fine. */
void relay_free(struct relay *);

/* Where worker `index` really is; for index 0 also what `listening` tells. */
struct address relay_address(const struct relay *, unsigned index);

/* A message of wire/control, from whatever link brings it. OK | E_MALFORMED | E_UNSUPPORTED (not for a relay)
 */
MUST_USE enum result relay_control(struct relay *, struct bytes message);

/* Publishes CONTROL_RELAY_IS on the load_subject, which there must be, as the url: owed whenever a link to
 * the house comes up. OK | E_TOO_LARGE (url) | E_NO_MEMORY */
MUST_USE enum result relay_introduce(struct relay *);

struct relay_counts {
    uint32_t sessions;
    uint64_t packets_in, packets_out; /* media taken; datagrams sent; both so far */
    uint64_t refused;                 /* datagrams dropped so far */
};
struct relay_counts relay_counts(const struct relay *);

#endif
