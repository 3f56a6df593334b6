#include "relay/departures.h"

#include "hop/hop.h"

/* A hop says a few datagrams at most in one call. */
enum { MESSAGES_OF_A_HOP = 8 };

void relay_departures_start(struct relay_departures *d, struct bytes_mut room,
                            void (*empty)(void *self, const struct outbox *), void *self)
{
    outbox_start(&d->box, room);
    d->sent = 0;
    d->empty = empty;
    d->self = self;
}

void relay_departures_flush(struct relay_departures *d)
{
    if (d->box.count != 0) {
        d->empty(d->self, &d->box);
        d->sent += d->box.count;
    }
    outbox_clear(&d->box);
}

struct outbox *relay_departures_for_hop(struct relay_departures *d)
{
    if (d->box.count + MESSAGES_OF_A_HOP > OUTBOX_MESSAGES || d->box.size - d->box.used < HOP_OUTBOX_SIZE)
        relay_departures_flush(d);
    return &d->box;
}

uint8_t *relay_departures_room(struct relay_departures *d, size_t size)
{
    if (d->box.count == OUTBOX_MESSAGES || d->box.size - d->box.used < size)
        relay_departures_flush(d);
    return outbox_room(&d->box, size);
}
