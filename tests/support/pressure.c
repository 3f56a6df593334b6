#define _POSIX_C_SOURCE 200809L
#include "support/pressure.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t waited_us(void)
{
    FILE *file = fopen("/proc/pressure/cpu", "re");
    uint64_t total = 0;

    if (file == NULL)
        return 0;
    if (fscanf(file, "some avg10=%*s avg60=%*s avg300=%*s total=%" SCNu64, &total) != 1)
        total = 0;
    fclose(file);
    return total;
}

struct pressure pressure_watch(void)
{
    return (struct pressure){.began_us = now_us(), .waited_us = waited_us()};
}

bool pressure_felt(const struct pressure *p)
{
    return (waited_us() - p->waited_us) * 20 > now_us() - p->began_us;
}
