/* The door of the relay: tickets and offers come in over HTTP, a session ready to run goes to a worker. Knows
 * who sits where and until when; never touches a packet. On the loop's thread. */
#ifndef RELAY_ENTRANCE_H
#define RELAY_ENTRANCE_H

#include "relay/relay.h"
#include "relay/roll.h"
#include "relay/worker.h"

struct relay_entrance {
    const struct relay_settings *settings; /* the relay's copy */
    struct relay_worker **workers;
    unsigned worker_count;
    uint64_t *added; /* sessions given to each worker so far: less what has settled, the open handshakes */
    size_t *seated;  /* sessions that each worker has now, as far as known */
    uint8_t house_key[32];
    bool has_key;
    bool draining;
    struct relay_roll roll;
};

/* Adds the routes. The entrance must not move afterwards. OK | E_NO_MEMORY | E_EXISTS */
MUST_USE enum result relay_entrance_mount(struct relay_entrance *);

/* Hears from the workers which sessions are gone. */
void relay_entrance_sweep(struct relay_entrance *);
/* No ticket of the seat up to the number counts, and its session ends. OK | E_NO_MEMORY */
MUST_USE enum result relay_entrance_revoke(struct relay_entrance *, const uint8_t seat[static TAG_BYTES],
                                           uint32_t number);
MUST_USE enum result relay_entrance_end_room(struct relay_entrance *, const uint8_t room[static TAG_BYTES]);

#endif
