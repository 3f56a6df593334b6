/* How much comes from one place, without keeping who that is. An address is hashed, under a seed that its
 * owner draws and that dies with the process, onto one of a fixed number of counters; several share one, so
 * that a counter tells nobody's address, and nothing grows. An IPv4 address counts by itself, an IPv6 address
 * with its whole /64, which is one customer's. */
#ifndef BASE_CROWD_H
#define BASE_CROWD_H

#include "base/address.h"

enum { CROWD_NONE = -1 };

/* Which of so many counters. CROWD_NONE for the loopback and for the unspecified address: a tunnel, an onion
 * service or a proxy before the program makes everybody look so, and they are no one place. */
int crowd_of(const struct address *, const uint8_t seed[static 16], unsigned crowds);

#endif
