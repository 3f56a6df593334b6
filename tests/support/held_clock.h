/* Time that a test holds in its hand, for whole sessions on real sockets: a minute costs no minute. What asks
 * for the time or for a timer through io/loop.h gets the held clock; sockets are as they are. The linker
 * leads the calls here (the dependency `held_clock` of tests/promises/meson.build). One loop at a time. */
#ifndef SUPPORT_HELD_CLOCK_H
#define SUPPORT_HELD_CLOCK_H

#include "io/loop.h"

/* A loop whose time stands still, or the running test fails. */
struct loop *held_loop(void);
/* Lets time pass: each timer fires at its time, and whatever comes over sockets meanwhile is taken. */
void held_pass(struct loop *, unsigned ms);

#endif
