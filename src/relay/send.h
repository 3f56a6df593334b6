/* The end of the relay's way of a word: one packet is rewritten and sealed for each listener of the room,
 * side by side in memory, and leaves with as few calls of the system as possible. */
#ifndef RELAY_SEND_H
#define RELAY_SEND_H

#include "relay/departures.h"
#include "relay/route.h"

/* To every open session of the room but the speaker's own. A listener whose offer has no slot of that number
 * gets nothing. */
void relay_send(const struct relay_passage *, const struct random *, uint64_t now_us,
                struct relay_departures *);

#endif
