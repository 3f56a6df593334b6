#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 4096 - 64 };

struct arena_block {
    struct arena_block *older;
    size_t size, used;
    alignas(max_align_t) uint8_t room[];
};

struct arena arena_up_to(size_t limit)
{
    return (struct arena){.limit = limit};
}

static size_t rounded(size_t n)
{
    size_t unit = alignof(max_align_t);

    return (n + unit - 1) / unit * unit;
}

static struct arena_block *block_add(struct arena *a, size_t n)
{
    size_t size = n > BLOCK_SIZE ? n : BLOCK_SIZE;
    struct arena_block *block = calloc(1, sizeof *block + size);

    if (block == NULL)
        return NULL;
    block->size = size;
    block->older = a->newest;
    a->newest = block;
    return block;
}

void *arena_take(struct arena *a, size_t n)
{
    struct arena_block *block = a->newest;

    if (n > SIZE_MAX / 2)
        return NULL;
    n = rounded(n == 0 ? 1 : n);
    if (a->limit != 0 && (a->taken > a->limit || n > a->limit - a->taken))
        return NULL;
    if (block == NULL || block->size - block->used < n)
        block = block_add(a, n);
    if (block == NULL)
        return NULL;

    void *room = block->room + block->used;
    block->used += n;
    a->taken += n;
    return room;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return arena_take(a, count * size);
}

enum result arena_copy(struct arena *a, struct bytes b, struct bytes *out)
{
    uint8_t *room;

    *out = (struct bytes){0};
    if (b.len == 0)
        return OK;
    room = arena_take(a, b.len);
    if (room == NULL)
        return E_NO_MEMORY;
    memcpy(room, b.at, b.len);
    *out = (struct bytes){room, b.len};
    return OK;
}

void arena_free(struct arena *a)
{
    struct arena_block *block = a->newest;

    while (block != NULL) {
        struct arena_block *older = block->older;

        wipe(block->room, block->used);
        free(block);
        block = older;
    }
    a->newest = NULL;
    a->taken = 0;
}
