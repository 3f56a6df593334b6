/* What an observer of the loopback sees: all packets of one port, while a test runs. Needs the right to
 * capture (root); capture_start gives NULL without it. A thread of its own fills it until capture_stop; read
 * it after that alone. */
#ifndef SUPPORT_CAPTURE_H
#define SUPPORT_CAPTURE_H

#include "base/bytes.h"

struct capture;

struct capture_packet {
    bool udp; /* else TCP */
    int64_t at_us;
    uint16_t from, to;    /* ports */
    uint32_t sequence;    /* TCP */
    struct bytes payload; /* never empty */
};

/* Everything to or from the two ports, which may be one. */
struct capture *capture_start(uint16_t first_port, uint16_t second_port);
/* Waits until what was sent before has been read. */
void capture_stop(struct capture *);
void capture_free(struct capture *); /* NULL is fine */

size_t capture_count(const struct capture *);
/* Packets that the kernel or the program had no room for: 0, or the test saw too little. */
size_t capture_missed(const struct capture *);
struct capture_packet capture_packet(const struct capture *, size_t index);

#endif
