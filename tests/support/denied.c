#include "support/denied.h"

#include <stdatomic.h>
#include <stdint.h>

/* heap.c asks at each allocation. */
bool denied_now(void);

/* Programs with threads are counted too; who denies has one thread alone. */
static atomic_ullong left = UINT64_MAX;
static atomic_uint taken;
static atomic_bool happened;

void denied_after(unsigned passed)
{
    left = passed;
    happened = false;
}

bool denied_end(void)
{
    left = UINT64_MAX;
    return happened;
}

unsigned denied_count(void)
{
    return taken;
}

bool denied_now(void)
{
    taken++;
    if (left == UINT64_MAX || left-- != 0)
        return false;
    left = UINT64_MAX;
    happened = true;
    return true;
}
