#include "support/denied.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__wrap_malloc(size_t);
void *__wrap_calloc(size_t, size_t);

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

static bool is_denied(void)
{
    taken++;
    if (left == UINT64_MAX || left-- != 0)
        return false;
    left = UINT64_MAX;
    happened = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return is_denied() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_denied() ? NULL : __real_calloc(count, size);
}
