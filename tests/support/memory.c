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

/* In the mappings that have a right of two: `r`, at 0, or `w`, at 1. */
static unsigned count_all(const struct memory_needle *needle, const char *process, unsigned right)
{
    char path[64], line[512];
    unsigned found = 0;
    FILE *maps;
    int memory;

    snprintf(path, sizeof path, "/proc/%s/maps", process);
    maps = fopen(path, "r");
    snprintf(path, sizeof path, "/proc/%s/mem", process);
    memory = open(path, O_RDONLY | O_CLOEXEC);

    assert_non_null(maps);
    assert_true(memory >= 0);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long long from, to;
        char rights[5];

        if (sscanf(line, "%llx-%llx %4s", &from, &to, rights) == 3 && rights[right] != '-' &&
            to - from < LARGEST)
            found += count_range(needle, memory, from, to);
    }
    close(memory);
    fclose(maps);
    return found;
}

unsigned memory_count(const struct memory_needle *needle)
{
    return count_all(needle, "self", 1);
}

unsigned memory_count_of(int pid, const struct memory_needle *needle)
{
    char process[16];

    snprintf(process, sizeof process, "%d", pid);
    return count_all(needle, process, 0);
}

void memory_needle_show(const struct memory_needle *needle, uint8_t to[static 32])
{
    for (size_t i = 0; i < needle->len; i++)
        to[i] = needle->masked[i] ^ MASK;
}
