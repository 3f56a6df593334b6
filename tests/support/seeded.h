/* Randomness that a test can replay: xorshift64* from a seed. For tests alone. */
#ifndef SUPPORT_SEEDED_H
#define SUPPORT_SEEDED_H

#include "base/random.h"

struct seeded {
    struct random random; /* hand out &seeded.random; the struct must not move afterwards */
    uint64_t state;
};

void seeded_start(struct seeded *, uint64_t seed);
uint64_t seeded_u64(struct seeded *);
/* 0 to below - 1. */
uint32_t seeded_below(struct seeded *, uint32_t below);

#endif
