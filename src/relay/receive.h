/* The beginning of the relay's way of a word: whose datagram it is, whether it is authentic, and whether that
 * session may send such a packet. Most of what a stranger can send ends here. */
#ifndef RELAY_RECEIVE_H
#define RELAY_RECEIVE_H

#include "relay/departures.h"
#include "relay/seats.h"

enum {
    RELAY_RATE = 100, /* packets a second that a speaker may send; an open microphone needs 50 */
    RELAY_BURST = 100,
};

/* Takes one datagram, opened in place, and puts whatever follows from it into the departures: the hop's own
 * answers, or the packet for every listener. */
void relay_receive(struct relay_seats *, uint64_t now_us, const struct address *from,
                   struct bytes_mut datagram, struct relay_departures *);

#endif
