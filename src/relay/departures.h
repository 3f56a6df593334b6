/* Datagrams on their way out, in memory that is there from the beginning. When it is full it is emptied by
 * whoever made it: the worker by one call of the system for many of them, a test by looking at them. */
#ifndef RELAY_DEPARTURES_H
#define RELAY_DEPARTURES_H

#include "base/outbox.h"

enum { RELAY_DEPARTURES_SIZE = 64 * 1024 };

struct relay_departures {
    struct outbox box;
    uint64_t sent; /* datagrams that went out so far */
    void (*empty)(void *self, const struct outbox *);
    void *self;
};

/* `room` of RELAY_DEPARTURES_SIZE bytes, and `self`, are borrowed. */
void relay_departures_start(struct relay_departures *, struct bytes_mut room,
                            void (*empty)(void *self, const struct outbox *), void *self);
/* An outbox with room for all that a hop says in one call. */
struct outbox *relay_departures_for_hop(struct relay_departures *);
/* Memory for one datagram of up to `size` bytes; follow with outbox_keep on `box`. Never NULL for sizes of
 * datagrams. */
uint8_t *relay_departures_room(struct relay_departures *, size_t size);
/* Sends what is there. */
void relay_departures_flush(struct relay_departures *);

#endif
