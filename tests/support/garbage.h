/* Datagrams that are nobody's, from many addresses of the loopback: random bytes, STUN requests that name no
 * session, the beginning of a DTLS handshake, and what looks like RTP. */
#ifndef SUPPORT_GARBAGE_H
#define SUPPORT_GARBAGE_H

#include <stdint.h>

struct garbage;

/* Sends so many a second to 127.0.0.1, from a thread of its own. */
struct garbage *garbage_start(uint16_t port, unsigned each_second);
/* Ends it; gives how many were sent. */
unsigned garbage_end(struct garbage *);

/* What a listener loses with and without them, at a server of its own with a speaker. */
struct garbage_figures {
    unsigned control_frames, control_lost; /* of the time before */
    unsigned frames, lost;
    unsigned sent;
    long grown_kb; /* the server's memory */
};
void garbage_measure(unsigned seconds, unsigned each_second, struct garbage_figures *);

#endif
