#include "support/heap.h"

#include <stdlib.h>
#include <string.h>

/* The allocator is asked through these alone; denied.c judges whether there is memory. */
void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void __real_free(void *);
void *__wrap_malloc(size_t);
void *__wrap_calloc(size_t, size_t);
void __wrap_free(void *);
bool denied_now(void);

enum { BLOCKS = 1 << 17, SECRETS = 256, SECRET_MAX = 64, SECRET_MIN = 16 };

struct block {
    void *at; /* NULL was never used */
    size_t len;
    bool live;
};

static bool watching;
static struct block blocks[BLOCKS];
static size_t live, used;

static struct {
    size_t len;
    uint8_t bytes[SECRET_MAX];
} secrets[SECRETS];
static size_t secret_count;
static unsigned found;

/* --- Which blocks there are --- */

static struct block *block_of(const void *at)
{
    size_t i = ((uintptr_t)at >> 4) * 0x9e3779b97f4a7c15u >> 20;

    for (;; i++) {
        struct block *b = &blocks[i % BLOCKS];

        if (b->at == NULL || b->at == at)
            return b;
    }
}

static void *note(void *at, size_t len)
{
    struct block *b;

    if (!watching || at == NULL)
        return at;
    b = block_of(at);
    used += b->at == NULL;
    if (used > BLOCKS / 2)
        abort(); /* a test that wants more must say so */
    *b = (struct block){at, len, true};
    live++;
    return at;
}

/* What is left of a place whose block was freed goes, so that the table does not fill. */
static void tidy(void)
{
    static struct block kept[BLOCKS / 2];
    size_t count = 0;

    for (size_t i = 0; i < BLOCKS; i++)
        if (blocks[i].live)
            kept[count++] = blocks[i];
    memset(blocks, 0, sizeof blocks);
    for (size_t i = 0; i < count; i++)
        *block_of(kept[i].at) = kept[i];
    used = count;
}

void heap_watch(void)
{
    watching = true;
}

size_t heap_blocks(void)
{
    return live;
}

/* --- What is in them --- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

uint64_t heap_image(void)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < BLOCKS; i++) {
        const uint8_t *at = blocks[i].at;
        uint64_t hash;

        if (!blocks[i].live)
            continue;
        hash = mix(mix(1, (uintptr_t)at), blocks[i].len);
        for (size_t k = 0; k < blocks[i].len; k++)
            hash = mix(hash, at[k]);
        sum += hash;
    }
    return sum;
}

/* --- What was in those that are gone --- */

void heap_search(struct bytes secret)
{
    if (secret.len < SECRET_MIN || secret.len > SECRET_MAX || secret_count == SECRETS)
        abort();
    secrets[secret_count].len = secret.len;
    memcpy(secrets[secret_count++].bytes, secret.at, secret.len);
}

unsigned heap_found(void)
{
    return found;
}

void heap_search_end(void)
{
    wipe(secrets, sizeof secrets);
    secret_count = 0;
    found = 0;
}

static bool holds(const struct block *b, size_t secret)
{
    size_t len = secrets[secret].len;
    const uint8_t *at = b->at;

    for (size_t i = 0; i + len <= b->len; i++)
        if (at[i] == secrets[secret].bytes[0] && memcmp(at + i, secrets[secret].bytes, len) == 0)
            return true;
    return false;
}

static void forget(void *at)
{
    struct block *b;

    if (!watching || at == NULL)
        return;
    b = block_of(at);
    if (b->at == NULL || !b->live)
        return;
    for (size_t i = 0; i < secret_count; i++)
        found += holds(b, i);
    b->live = false;
    live--;
    if (used > BLOCKS / 4 && live < BLOCKS / 8)
        tidy();
}

/* --- In place of the allocator --- */

void *__wrap_malloc(size_t size)
{
    return denied_now() ? NULL : note(__real_malloc(size), size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return denied_now() ? NULL : note(__real_calloc(count, size), count * size);
}

void __wrap_free(void *at)
{
    forget(at);
    __real_free(at);
}
