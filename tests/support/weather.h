/* Bad weather on the way to a relay: a proxy for datagrams, on the test's own loop, that loses, delays and
 * reorders them as support/link does, from a seed. A server whose relay listens on 127.0.0.1 and announces
 * WEATHER_HOST is reached through it; signalling goes past it. */
#ifndef SUPPORT_WEATHER_H
#define SUPPORT_WEATHER_H

#include "io/loop.h"
#include "support/link.h"
#include "support/seeded.h"

#define WEATHER_HOST "127.0.0.2"

enum { WEATHER_PATHS = 64 }; /* of clients that are alive at one time */

struct weather;

/* One client's way: what it sends comes to us, and goes on from a socket of its own. */
struct weather_path {
    struct weather *weather;
    struct udp *far; /* NULL: a free place */
    struct loop_watch *watch;
    struct address client;
    uint64_t used_us;
};

struct weather {
    struct loop *loop;
    struct seeded seeded;
    struct link link; /* its loss, delay_us and jitter_us are the weather: of each way */
    struct udp *near;
    struct loop_watch *watch;
    struct loop_timer *timer;
    struct address relay;
    struct weather_path paths[WEATHER_PATHS];
};

/* The struct must not move afterwards. What cannot be had fails the running test. */
void weather_start(struct weather *, struct loop *, uint16_t media_port, uint64_t seed);
void weather_end(struct weather *);

#endif
