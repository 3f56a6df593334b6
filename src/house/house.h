/* The community's own server: accounts, rooms, who sits where, and one order for the MLS messages of each
 * table. It holds no media key and cannot: core is not among what it may include.
 *
 * Everything runs on the loop's thread. All that must survive a restart lies in the store, and every change
 * of it is one transaction, made before anybody is told: a failure of the disk refuses the request and loses
 * nothing that was accepted (field report G51). docs/protocol.md, sections 2 to 4, says what is on the wire.
 */
#ifndef HOUSE_HOUSE_H
#define HOUSE_HOUSE_H

#include "base/random.h"
#include "base/result.h"
#include "bus/bus.h"
#include "io/http.h"
#include "store/store.h"
#include "wire/limits.h"

/* Times and bounds of the house alone. */
enum {
    HOUSE_SIGN_IN_MS = 10000,     /* a link that has not signed in by then is closed */
    SEAT_RESTORED_MS = 15000,     /* after a restart: so long a seat waits for its client to come back */
    HOUSE_ROOM_EMPTY_MIN = 60,    /* minutes that a room may stand empty before it ends */
    HOUSE_ROOMS_EACH = 16,        /* rooms that one account may have at a time, if nothing else is said */
    HOUSE_SIGN_UPS_EACH = 120,    /* accounts that one address may make at once, and in an hour; the same */
    HOUSE_FOLLOWS_EACH = 1000,    /* accounts that one may follow */
    HOUSE_REQUESTS_BURST = 60,    /* requests of one link at once ... */
    HOUSE_REQUESTS_SECOND = 20,   /* ... and each second; what is beyond is refused */
    HOUSE_SAYS_BURST = 20,        /* messages to the others of a room at once ... */
    HOUSE_SAYS_EACH_MS = 200,     /* ... and then one in this time */
    HOUSE_COMMITS_BURST = 4,      /* commits of a member who is no moderator and was not asked, at once ... */
    HOUSE_COMMITS_EACH_MS = 1000, /* ... and then one in this time */
    TRIAL_MS = 2000,              /* a commit that nobody but its poster follows is undone after this time */
    HOUSE_FAULTS_MAX = 16,  /* malformed, forged or hasty requests without a rest; then the link is closed */
    HOUSE_LINKS_MAX = 4096, /* links at a time */
};

/* All borrowed for the house's life. */
struct house_settings {
    struct store *store; /* opened with house_schema(); from now on the house's alone */
    const struct random *random;
    unsigned sign_ups_each;          /* 0: HOUSE_SIGN_UPS_EACH */
    unsigned rooms_each;             /* 0: HOUSE_ROOMS_EACH */
    uint64_t (*unix_ms)(void *self); /* the time of day: expiries and retention are measured by it */
    void *unix_self;

    struct bus *bus;           /* NULL: no relay hears control messages */
    const char *relay_subject; /* where the relay listens on the bus */

    /* The relay of the same process; or else, with media_url NULL, one that links itself up. */
    uint8_t relay_tag[TAG_BYTES];
    const char *media_url;    /* of the relay's entrance, for clients */
    const uint8_t *relay_key; /* whoever holds it may link up, over WebSocket `/relay`; NULL: nobody */
};

struct house;

/* The layout of the database, for store_open. */
const struct store_schema *house_schema(void);

/* A class of data: what the house holds, and for how long. */
struct house_class {
    const char *name, *what, *until;
    uint64_t lifetime_ms; /* 0 where `until` says it all */
    int64_t count;        /* how many there are; -1 for what is never stored */
};
/* All classes, of a store that may be open for reading alone. OK | E_IO | E_NO_MEMORY | E_MALFORMED */
MUST_USE enum result house_retention(struct store *, void (*each)(void *context, const struct house_class *),
                                     void *context);

/* One thing that the house holds of an account. Texts are UTF-8; keys, ids and sealed bytes base64url. */
enum { HOUSE_FACT_FIELDS = 10 };
struct house_fact {
    const char *kind;
    unsigned count;
    struct {
        const char *name;
        bool is_number;
        int64_t number;
        struct bytes text; /* borrowed until `each` returns */
    } fields[HOUSE_FACT_FIELDS];
};
/* All that the store holds of the account with this handle.
 * OK | E_NOT_FOUND (no such account) | E_IO | E_NO_MEMORY | E_MALFORMED | E_TOO_LARGE */
MUST_USE enum result house_disclose(struct store *, struct bytes handle,
                                    void (*each)(void *context, const struct house_fact *), void *context);

/* OK | E_NO_MEMORY | E_IO | E_CRYPTO */
MUST_USE enum result house_new(const struct house_settings *, struct house **out);
/* Drops all links. The server that it is mounted on must not run any more, or be freed already. NULL is fine.
 */
void house_free(struct house *);

/* The house's name in every signature, and the key that tickets verify with. */
const uint8_t *house_key(const struct house *);
/* The entrance of the relay that it gives tickets for; empty while none is linked up. */
const char *house_media_url(const struct house *);

/* Adds the routes: WebSocket `/signal`, GET `/health` and, with a relay_key, WebSocket `/relay`.
 * OK | E_NO_MEMORY | E_EXISTS | E_IO | E_TOO_LARGE (relay_subject) */
MUST_USE enum result house_mount(struct house *, struct loop *, struct http_server *);

#endif
