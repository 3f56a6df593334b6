#include "base/table.h"

#include <stdlib.h>
#include <string.h>

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

/* SipHash-2-4 of Aumasson and Bernstein. */
static uint64_t sip_hash(const uint64_t seed[2], const uint8_t *at, size_t len)
{
    uint64_t v[4] = {seed[0] ^ 0x736f6d6570736575u, seed[1] ^ 0x646f72616e646f6du,
                     seed[0] ^ 0x6c7967656e657261u, seed[1] ^ 0x7465646279746573u};
    uint64_t word;

    for (size_t left = len; left >= 8; left -= 8, at += 8) {
        memcpy(&word, at, 8);
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
    }
    word = (uint64_t)len << 56;
    for (size_t i = 0; i < len % 8; i++)
        word |= (uint64_t)at[i] << (8 * i);
    v[3] ^= word;
    sip_round(v);
    sip_round(v);
    v[0] ^= word;

    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t table_hash(const uint8_t seed[static 16], struct bytes b)
{
    uint64_t words[2];

    memcpy(words, seed, sizeof words);
    return sip_hash(words, b.at, b.len);
}

struct table table_of(size_t key_len, const uint8_t seed[static 16])
{
    struct table t = {.key_len = key_len};

    memcpy(t.seed, seed, sizeof t.seed);
    return t;
}

void table_free(struct table *t)
{
    free(t->keys);
    free(t->values);
    t->keys = NULL;
    t->values = NULL;
    t->room = t->count = 0;
}

static uint8_t *key_at(const struct table *t, size_t place)
{
    return t->keys + place * t->key_len;
}

static size_t home(const struct table *t, const void *key)
{
    return sip_hash(t->seed, key, t->key_len) & (t->room - 1);
}

/* The key's place, or the free one where it would go. There is always a free place. */
static size_t place_of(const struct table *t, const void *key)
{
    size_t place = home(t, key);

    while (t->values[place] != NULL && memcmp(key_at(t, place), key, t->key_len) != 0)
        place = (place + 1) & (t->room - 1);
    return place;
}

static void put_new(struct table *t, const void *key, void *value)
{
    size_t place = place_of(t, key);

    memcpy(key_at(t, place), key, t->key_len);
    t->values[place] = value;
    t->count++;
}

static enum result grow(struct table *t)
{
    struct table larger = *t;

    larger.count = 0;
    larger.room = t->room == 0 ? 16 : t->room * 2;
    larger.keys = calloc(larger.room, t->key_len);
    larger.values = calloc(larger.room, sizeof *larger.values);
    if (larger.keys == NULL || larger.values == NULL) {
        free(larger.keys);
        free(larger.values);
        return E_NO_MEMORY;
    }
    for (size_t i = 0; i < t->room; i++)
        if (t->values[i] != NULL)
            put_new(&larger, key_at(t, i), t->values[i]);
    table_free(t);
    *t = larger;
    return OK;
}

void *table_get(const struct table *t, const void *key)
{
    if (t->count == 0)
        return NULL;
    return t->values[place_of(t, key)];
}

enum result table_put(struct table *t, const void *key, void *value)
{
    size_t place;

    if (t->count + t->count / 2 + 1 >= t->room) {
        enum result res = grow(t);
        if (res != OK)
            return res;
    }
    place = place_of(t, key);
    if (t->values[place] != NULL)
        t->values[place] = value;
    else
        put_new(t, key, value);
    return OK;
}

void *table_remove(struct table *t, const void *key)
{
    size_t hole, place;
    void *value;

    if (t->count == 0)
        return NULL;
    hole = place_of(t, key);
    value = t->values[hole];
    if (value == NULL)
        return NULL;

    /* Move later members of the chain up, so that no search stops at the hole. */
    for (place = (hole + 1) & (t->room - 1); t->values[place] != NULL; place = (place + 1) & (t->room - 1)) {
        size_t distance = (place - home(t, key_at(t, place))) & (t->room - 1);

        if (distance >= ((place - hole) & (t->room - 1))) {
            memcpy(key_at(t, hole), key_at(t, place), t->key_len);
            t->values[hole] = t->values[place];
            hole = place;
        }
    }
    t->values[hole] = NULL;
    t->count--;
    return value;
}

void *table_next(const struct table *t, size_t *cursor)
{
    while (*cursor < t->room) {
        void *value = t->values[(*cursor)++];

        if (value != NULL)
            return value;
    }
    return NULL;
}
