/* Whether the machine kept up: sound that plays in real time breaks where processes wait for a core, and then
 * the machine was tested, not the sound. Read from the kernel's pressure figures; without these it always
 * kept up. */
#ifndef SUPPORT_PRESSURE_H
#define SUPPORT_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

struct pressure {
    uint64_t began_us, waited_us;
};

struct pressure pressure_watch(void);
/* Processes waited for a core for over a twentieth of the time since. */
bool pressure_felt(const struct pressure *);

#endif
