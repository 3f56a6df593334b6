/* Randomness is handed in, so that every machine can be replayed in a test from a seed. Outside of tests the
 * one source is `crypto_random`, which asks the system. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fills the bytes or does not return: there is nothing sensible to do without randomness. Borrowed by whoever
 * takes it, for as long as the taker lives. */
struct random {
    void (*fill)(void *self, uint8_t *to, size_t len);
    void *self;
};

static inline void random_fill(const struct random *r, void *to, size_t len)
{
    r->fill(r->self, to, len);
}

static inline uint32_t random_u32(const struct random *r)
{
    uint32_t value;

    r->fill(r->self, (uint8_t *)&value, sizeof value);
    return value;
}

#endif
