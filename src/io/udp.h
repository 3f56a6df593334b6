/* One UDP socket and its fixed buffers: nothing is allocated per packet. It belongs to one thread and is
 * driven by a loop_watch or by a bare epoll on `udp_fd`. It never blocks. */
#ifndef IO_UDP_H
#define IO_UDP_H

#include "base/address.h"
#include "base/outbox.h"

struct udp;

enum {
    UDP_BATCH = 64,       /* packets of one udp_receive */
    UDP_PACKET_MAX = 2048 /* longer ones are dropped on receipt */
};

struct udp_packet {
    struct address from;
    struct bytes_mut body; /* may be changed in place; the socket's until the next udp_receive */
};

enum udp_sharing { UDP_ALONE, UDP_SHARED }; /* SO_REUSEPORT: many sockets on one port, one a worker */

/* Binds; port 0 takes a free one. An IPv6 `::` takes IPv4 as well. OK | E_NO_MEMORY | E_IO (errno:
 * EADDRINUSE, EADDRNOTAVAIL, ...) */
MUST_USE enum result udp_open(const struct address *at, enum udp_sharing, struct udp **out);
void udp_close(struct udp *);
/* Where it is bound, with the real port. */
struct address udp_address(const struct udp *);
int udp_fd(const struct udp *);

/* What has come, up to UDP_BATCH packets, in order. OK (count > 0) | E_AGAIN (nothing there) | E_IO */
MUST_USE enum result udp_receive(struct udp *, const struct udp_packet **packets, unsigned *count);

/* Sends the whole outbox and leaves it as it is. Returns how many messages the system did not take (its
 * buffer is full, there is no way to that address, ...): they are lost, as any datagram may be. */
unsigned udp_send(struct udp *, const struct outbox *);
/* One datagram. Returns how many were not taken: 0 or 1. */
unsigned udp_send_one(struct udp *, const struct address *to, struct bytes);
/* Packets that lie side by side, `each` bytes long, the last one shorter or equal, to one address: in as few
 * calls as the kernel's segmentation allows. Where that does not work on the way to `to` (field report G52),
 * the same packets go one by one, none is lost, and the socket remembers it. Returns how many were not taken.
 */
unsigned udp_send_segments(struct udp *, const struct address *to, struct bytes packets, size_t each);
/* Whether the socket still sends in segments. */
bool udp_segments(const struct udp *);

#endif
