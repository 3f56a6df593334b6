/* Publish and subscribe by subject, for control messages between threads and machines; never for media. First
 * the local bus: in one process. Messages of one publisher arrive in order; each subscriber gets each message
 * of its subject once. Then the link that brings them from machine to machine. */
#ifndef BUS_BUS_H
#define BUS_BUS_H

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "io/gate.h"
#include "io/http.h"
#include "io/loop.h"
#include "io/tls.h"

struct bus;
struct bus_subscription;

enum {
    BUS_SUBJECT_MAX = 64,        /* characters, without the zero */
    BUS_MESSAGE_MAX = 64 * 1024, /* bytes of one message */
    BUS_QUEUE_MAX = 4096,        /* messages that wait for one subscriber */
    BUS_QUEUE_BYTES = 4 * 1024 * 1024
};

/* OK | E_NO_MEMORY */
MUST_USE enum result bus_local(struct bus **out);
/* After its last subscription is gone and when no other thread uses it. NULL is fine. */
void bus_free(struct bus *);

/* Any thread. Subjects are compared whole. OK (even if nobody listens) | E_TOO_LARGE (subject or message) |
 * E_NO_MEMORY (memory, or the queue of at least one subscriber, is full: that one has not got it, the others
 * have) */
MUST_USE enum result bus_publish(struct bus *, const char *subject, struct bytes message);

/* Hands each message to `take`, on the thread of `loop`; borrowed until it returns. Without a loop (NULL) the
 * caller polls bus_fd for reading and calls bus_drain. From `take` one may publish, but end only other
 * subscriptions. OK | E_NO_MEMORY | E_IO | E_TOO_LARGE (subject) */
MUST_USE enum result bus_subscribe(struct bus *, const char *subject, struct loop *loop,
                                   void (*take)(void *context, struct bytes message), void *context,
                                   struct bus_subscription **out);
/* On the subscriber's thread: nothing is taken afterwards. NULL is fine. */
void bus_unsubscribe(struct bus_subscription *);
int bus_fd(const struct bus_subscription *);
/* Calls `take` for all that waits now. */
void bus_drain(struct bus_subscription *);

/* --- The link: a house and its relay, over a WebSocket that the relay dials. docs/protocol.md, "Control".
 *
 * Each end proves the key that the other was told of before anything else is sent or taken. The bus holds no
 * secret: its owner signs and verifies. All on the loop's thread. */

#define BUS_LINK_PATH "/relay"

struct bus_link;

/* All borrowed for the link's life. */
struct bus_link_options {
    struct loop *loop;
    const struct random *random;

    const uint8_t *key;   /* this end's public key, 32 bytes */
    const uint8_t *other; /* the only key that is taken at the other end, 32 bytes */
    enum result (*sign)(void *self, struct bytes message, uint8_t signature[static 64]);
    enum result (*verify)(const uint8_t key[static 32], struct bytes message, struct bytes signature);
    void *self; /* of `sign` */

    struct bus *bus;     /* what is published here ... */
    const char *subject; /* ... under this subject goes out while the link is up, and is dropped else */

    /* What the link tells; none of them may free it. */
    void (*up)(void *context);                         /* both ends are proven */
    void (*take)(void *context, struct bytes message); /* borrowed until it returns */
    /* It was up and is not any more; at the end that dials also: an attempt has failed. There E_FORGED (what
     * answers does not hold the house's key) and E_REFUSED (the house does not take this relay's key) are
     * final, and after any other result the link is dialled again by itself. */
    void (*down)(void *context, enum result why);
    void *context;
};

/* The house's end: adds the route. One relay is linked at a time: the newest that has proven the key.
 * OK | E_NO_MEMORY | E_IO | E_TOO_LARGE (subject) | E_EXISTS (route) */
MUST_USE enum result bus_link_attend(const struct bus_link_options *, struct http_server *,
                                     struct bus_link **out);

/* The relay's end. `url` is the house's, without a path; borrowed, as is `tls`, which http:// does without.
 * Between attempts lie 0.5 s at first and 15 s at most, less up to a half by chance.
 * OK | E_NO_MEMORY | E_IO | E_TOO_LARGE (subject, URL) | E_MALFORMED | E_UNSUPPORTED (URL) */
MUST_USE enum result bus_link_dial(const struct bus_link_options *, const char *url, const struct gate *,
                                   const struct tls *tls, struct bus_link **out);

/* To the other end, past the bus. OK | E_STATE (not up) | E_TOO_LARGE | E_AGAIN | E_NO_MEMORY */
MUST_USE enum result bus_link_send(struct bus_link *, struct bytes message);

/* Before the loop; at the house's end, after the server. Without a call. NULL is fine. */
void bus_link_free(struct bus_link *);

#endif
