/* Publish and subscribe by subject, for control messages between threads and machines; never for media. Here
 * the local bus: in one process. Messages of one publisher arrive in order; each subscriber gets each message
 * of its subject once. */
#ifndef BUS_BUS_H
#define BUS_BUS_H

#include "base/bytes.h"
#include "base/result.h"
#include "io/loop.h"

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

#endif
