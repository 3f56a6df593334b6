#include "support/seeded.h"

uint64_t seeded_u64(struct seeded *s)
{
    s->state ^= s->state >> 12;
    s->state ^= s->state << 25;
    s->state ^= s->state >> 27;
    return s->state * 0x2545f4914f6cdd1du;
}

uint32_t seeded_below(struct seeded *s, uint32_t below)
{
    return (uint32_t)((seeded_u64(s) >> 32) * below >> 32);
}

static void fill(void *self, uint8_t *to, size_t len)
{
    struct seeded *s = self;

    for (size_t i = 0; i < len; i++)
        to[i] = (uint8_t)(seeded_u64(s) >> 40);
}

void seeded_start(struct seeded *s, uint64_t seed)
{
    s->random = (struct random){fill, s};
    s->state = seed * 0x9e3779b97f4a7c15u + 1;
}
