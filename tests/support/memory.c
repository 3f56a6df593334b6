#define _GNU_SOURCE
#include "support/memory.h"

#include <fcntl.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MASK = 0x5c, CHUNK = 1 << 16 };

/* A sanitizer's shadow is larger than any heap of ours, and holds no program's bytes. */
static const unsigned long long LARGEST = 1ull << 30;

void memory_needle_take(struct memory_needle *needle, uint8_t *secret, size_t len)
{
    assert_true(len <= sizeof needle->masked);
    /* meson has freed memory overwritten in tests, which would hide what was not wiped. */
    mallopt(M_PERTURB, 0);
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

static unsigned count_range(const struct memory_needle *needle, int memory, unsigned long long from,
                            unsigned long long to)
{
    static uint8_t chunk[CHUNK + 32];
    unsigned found = 0;

    for (; from < to; from += CHUNK) {
        ssize_t got;

        /* This chunk is memory as well: nothing that was found may stay in it. */
        wipe(chunk, sizeof chunk);
        got = pread(memory, chunk, sizeof chunk, (off_t)from);
        for (ssize_t i = 0; i < CHUNK && from + (size_t)i < to && i + (ssize_t)needle->len <= got; i++)
            if (is_here(needle, chunk + i))
                found++;
    }
    wipe(chunk, sizeof chunk);
    return found;
}

unsigned memory_count(const struct memory_needle *needle)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    char line[512];
    unsigned found = 0;

    assert_non_null(maps);
    assert_true(memory >= 0);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long long from, to;
        char rights[5];

        if (sscanf(line, "%llx-%llx %4s", &from, &to, rights) == 3 && rights[1] == 'w' && to - from < LARGEST)
            found += count_range(needle, memory, from, to);
    }
    close(memory);
    fclose(maps);
    return found;
}
