/* All memory that a module has, looked through: its data, its stack and its heap, freed blocks as well. */
#include "support/memory.h"

#include <stdarg.h>

#include <cmocka.h>

enum { MASK = 0x5c, PAGE = 65536 };

void memory_needle_take(struct memory_needle *needle, uint8_t *secret, size_t len)
{
    assert_true(len <= sizeof needle->masked);
    for (size_t i = 0; i < len; i++)
        needle->masked[i] = secret[i] ^ MASK;
    needle->len = len;
    wipe(secret, len);
}

static bool is_here(const struct memory_needle *needle, const volatile uint8_t *at)
{
    for (size_t i = 0; i < needle->len; i++)
        if ((at[i] ^ MASK) != needle->masked[i])
            return false;
    return true;
}

unsigned memory_count(const struct memory_needle *needle)
{
    const size_t size = __builtin_wasm_memory_size(0) * PAGE;
    unsigned found = 0;

    for (size_t at = 1; at + needle->len <= size; at++)
        if (is_here(needle, (const volatile uint8_t *)at))
            found++;
    return found;
}
