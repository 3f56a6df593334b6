#include "relay/roll.h"

#include <stdlib.h>
#include <string.h>

/* A second more than a ticket lives, for clocks that are read in whole seconds. */
enum { REMEMBERED_S = TICKET_S + 1 };

static struct table table_seeded(const struct random *random)
{
    uint8_t seed[16];

    random_fill(random, seed, sizeof seed);
    return table_of(TAG_BYTES, seed);
}

struct relay_roll relay_roll_of(size_t limit, const struct random *random)
{
    return (struct relay_roll){
        .by_tag = table_seeded(random),
        .by_id = table_seeded(random),
        .rooms = table_seeded(random),
        .limit = limit,
    };
}

static void values_free(struct table *table)
{
    size_t cursor = 0;
    void *value;

    while ((value = table_next(table, &cursor)) != NULL)
        free(value);
    table_free(table);
}

void relay_roll_free(struct relay_roll *roll)
{
    table_free(&roll->by_id);
    values_free(&roll->by_tag);
    values_free(&roll->rooms);
}

static enum result entry(struct relay_roll *roll, struct table *table, const uint8_t tag[static TAG_BYTES],
                         uint64_t now_s, struct relay_seat **out)
{
    struct relay_seat *seat = table_get(table, tag);

    if (seat == NULL) {
        if (roll->by_tag.count + roll->rooms.count >= roll->limit)
            return E_NO_MEMORY;
        seat = calloc(1, sizeof *seat);
        if (seat == NULL)
            return E_NO_MEMORY;
        memcpy(seat->tag, tag, TAG_BYTES);
        if (table_put(table, tag, seat) != OK) {
            free(seat);
            return E_NO_MEMORY;
        }
    }
    seat->forget_s = now_s + REMEMBERED_S;
    *out = seat;
    return OK;
}

enum result relay_roll_seat(struct relay_roll *roll, const uint8_t tag[static TAG_BYTES], uint64_t now_s,
                            struct relay_seat **out)
{
    return entry(roll, &roll->by_tag, tag, now_s, out);
}

struct relay_seat *relay_roll_by_id(const struct relay_roll *roll, const uint8_t id[static RELAY_ID_LEN])
{
    return table_get(&roll->by_id, id);
}

enum result relay_roll_check(const struct relay_roll *roll, const struct ticket *t)
{
    const struct relay_seat *seat = table_get(&roll->by_tag, t->seat);

    if (table_get(&roll->rooms, t->room) != NULL)
        return E_STALE;
    return seat == NULL || t->number > seat->number ? OK : E_STALE;
}

enum result relay_roll_sit(struct relay_roll *roll, struct relay_seat *seat,
                           const uint8_t id[static RELAY_ID_LEN], unsigned worker)
{
    enum result res = table_put(&roll->by_id, id, seat);

    if (res != OK)
        return res;
    memcpy(seat->id, id, RELAY_ID_LEN);
    seat->worker = worker;
    seat->seated = true;
    roll->seated++;
    return OK;
}

void relay_roll_rise(struct relay_roll *roll, struct relay_seat *seat)
{
    if (!seat->seated)
        return;
    table_remove(&roll->by_id, seat->id);
    seat->seated = false;
    roll->seated--;
}

enum result relay_roll_end_room(struct relay_roll *roll, const uint8_t room[static TAG_BYTES], uint64_t now_s)
{
    struct relay_seat *ended;

    return entry(roll, &roll->rooms, room, now_s, &ended);
}

/* The table must not change while it is walked, so they are noted first, and go by the hundred. */
static void forget(struct table *table, uint64_t now_s)
{
    struct relay_seat *past[128], *seat;
    size_t count, cursor;

    do {
        count = cursor = 0;
        while (count < sizeof past / sizeof *past && (seat = table_next(table, &cursor)) != NULL) {
            if (!seat->seated && now_s >= seat->forget_s)
                past[count++] = seat;
        }
        for (size_t i = 0; i < count; i++) {
            table_remove(table, past[i]->tag);
            free(past[i]);
        }
    } while (count == sizeof past / sizeof *past);
}

void relay_roll_forget(struct relay_roll *roll, uint64_t now_s)
{
    forget(&roll->by_tag, now_s);
    forget(&roll->rooms, now_s);
}
