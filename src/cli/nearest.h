/* Which known word a mistyped one was probably meant to be. */
#ifndef CLI_NEAREST_H
#define CLI_NEAREST_H

#include "base/bytes.h"

struct nearest {
    struct bytes wanted;
    const char *best; /* NULL while nothing offered is close */
    size_t distance;
};

struct nearest nearest_to(struct bytes wanted);
void nearest_offer(struct nearest *, const char *known);

#endif
