/* One thread with one UDP socket, which owns all its sessions. The entrance, on the loop's thread, gives it
 * orders through a queue and hears through another which sessions have ended by themselves; nothing else is
 * shared but a few counters. */
#ifndef RELAY_WORKER_H
#define RELAY_WORKER_H

#include "base/address.h"
#include "relay/seats.h"

enum relay_order_kind {
    RELAY_ORDER_ADD,      /* takes `session` */
    RELAY_ORDER_RENEW,    /* of the session `id`: role and expires_us */
    RELAY_ORDER_END,      /* the session `id` */
    RELAY_ORDER_END_ROOM, /* all sessions of the room `id` */
    RELAY_ORDER_STOP,
};

struct relay_order {
    enum relay_order_kind kind;
    enum ticket_role role;
    uint8_t id[RELAY_ID_LEN]; /* of a session, or a room's tag */
    uint64_t expires_us;
    struct relay_session *session;
};

struct relay_worker;

/* Binds the socket and starts the thread. `random` is borrowed and used from there.
 * OK | E_NO_MEMORY | E_IO (errno says why) */
MUST_USE enum result relay_worker_new(const struct address *at, size_t sessions_max, const struct random *,
                                      struct relay_worker **out);
/* Ends all sessions and the thread. NULL is fine. */
void relay_worker_free(struct relay_worker *);
struct address relay_worker_address(const struct relay_worker *);

/* By one thread, always the same. An order to add may be refused, the others wait for their place in the
 * queue: the worker never waits for anybody. OK | E_AGAIN */
MUST_USE enum result relay_worker_order(struct relay_worker *, const struct relay_order *);
/* The next session that has ended without an order, by the same thread. */
bool relay_worker_ended(struct relay_worker *, uint8_t id[static RELAY_ID_LEN]);

struct relay_worker_counts {
    uint64_t settled;     /* sessions whose handshake is over, so far */
    uint64_t packets_in;  /* media taken for forwarding, so far */
    uint64_t packets_out; /* datagrams sent, so far */
    uint64_t refused;     /* datagrams dropped, so far */
};
/* Any thread; a moment old. */
struct relay_worker_counts relay_worker_counts(const struct relay_worker *);

#endif
