/* A longer way to a server, for one client alone: TCP and UDP on 127.0.0.2 are passed on to the same port of
 * 127.0.0.1, and what comes back is passed back, each direction later by half of a round trip. What a client
 * says on a new TCP connection waits for the round trip that the handshake would have taken, because the
 * kernel, being at the same place, has answered it at once. Addresses that the server tells in clear
 * (127.0.0.1 in a URL or in SDP) are changed to the proxy's, which has as many characters.
 *
 * Runs in a thread of its own until delay_end. */
#ifndef SUPPORT_DELAY_H
#define SUPPORT_DELAY_H

#include <stdbool.h>
#include <stdint.h>

struct delay;

#define DELAY_HOST "127.0.0.2"

/* NULL where the system refuses. */
struct delay *delay_start(uint16_t tcp_port, uint16_t udp_port, int64_t round_trip_us);
void delay_end(struct delay *); /* NULL is fine */

#endif
