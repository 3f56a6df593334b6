#include "house/delivery.h"
#include "house/doorkeeper.h"
#include "house/gathering.h"
#include "house/retention.h"
#include "house/rooms.h"
#include "house/seating.h"
#include "house/stage.h"
#include "house/trial.h"

/* ---- the table's state */

enum result delivery_open(struct house *h, const uint8_t room[static 32])
{
    return store_do(h->store, "INSERT INTO gathering (room, number, founding, epoch) VALUES ($1, 0, 0, 0)",
                    NULL, store_bytes(bytes(room, 32)));
}

enum result delivery_get(struct house *h, const uint8_t room[static 32], uint16_t number,
                         struct delivery_state *out)
{
    struct delivery_state d = {0};
    struct store_rows rows;
    enum result res = store_ask(h->store, &rows,
                                "SELECT founding, epoch, group_id FROM gathering "
                                "WHERE room = $1 AND number = $2",
                                store_bytes(bytes(room, 32)), store_int(number));

    if (res == OK)
        res = store_next(&rows);
    if (res == OK) {
        struct bytes group = store_column_bytes(&rows, 2);

        d.founding = (uint32_t)store_column_int(&rows, 0);
        d.epoch = (uint64_t)store_column_int(&rows, 1);
        d.group_len = group.len;
        if (group.len > sizeof d.group_id)
            res = E_MALFORMED;
        else if (group.len != 0)
            memcpy(d.group_id, group.at, group.len);
    }
    store_done(&rows);
    if (res == OK)
        *out = d;
    return res;
}

static enum result forget_commits(struct house *h, const uint8_t room[static 32], uint16_t number)
{
    return store_do(h->store, "DELETE FROM handshake WHERE room = $1 AND number = $2", NULL,
                    store_bytes(bytes(room, 32)), store_int(number));
}

/* ---- founding */

static enum result found(struct session *s, uint32_t founding, struct bytes group_id)
{
    struct house *h = s->house;
    const struct gathering *g = s->gathering;
    uint64_t changed = 0;
    enum result res = store_begin(h->store);

    if (res != OK)
        return res;
    res = store_do(h->store,
                   "UPDATE gathering SET founding = $3, epoch = 0, group_id = $4 "
                   "WHERE room = $1 AND number = $2 AND founding = $3 - 1",
                   &changed, store_bytes(BYTES_OF(g->room)), store_int(g->number), store_int(founding),
                   store_bytes(group_id));
    if (res == OK && changed == 0)
        res = E_STALE;
    if (res == OK)
        res = seating_clear(h, g->room, g->number);
    if (res == OK)
        res = forget_commits(h, g->room, g->number);
    if (res == OK)
        res = seating_add(s, 0);
    if (res == OK)
        res = rooms_mark(h, g->room, false);
    return house_conclude(h, res);
}

struct answer delivery_founded(struct session *s, const struct signal *message)
{
    const struct signal_founded *m = &message->founded;
    struct gathering *g = s->gathering;
    struct delivery_state before;
    struct charter charter;
    struct session *next;
    enum result res;

    if (!gathering_has(s, m->room, m->table, PLACE_FOUNDING))
        return refusal(REASON_NOT_NOW, "nobody asked for this table to be founded");
    res = delivery_get(s->house, g->room, g->number, &before);
    /* The number tells one founding from another; somebody awake, that one has come to its end. */
    if (res == OK && (m->founding != before.founding + 1 || doorkeeper_is_awaited(g)))
        res = E_STALE;
    if (res == OK)
        res = rooms_charter(s->house, g->room, &charter);
    for (struct session *other = g->sessions; other != NULL && res == OK; other = other->beside)
        if (other->place != PLACE_SEATED)
            res = stage_refresh(other, &charter);
    if (res == OK)
        res = found(s, m->founding, m->group_id);
    if (res == E_STALE) {
        gathering_wait(s);
        doorkeeper_stir(g, s->house->now_ms);
        return refusal(REASON_STALE, "somebody else has founded the table");
    }
    if (res != OK)
        return trouble(res);

    trial_forget(g);
    g->epoch_since_ms = s->house->now_ms;
    gathering_open_media(g);
    seating_take(s, 0);
    /* Seats of the table before, still in their grace, are no seats any more. */
    for (struct session *other = g->sessions; other != NULL; other = next) {
        next = other->beside;
        if (other != s && other->place == PLACE_SEATED)
            seating_gone(other);
    }
    seating_tell(s, message->request, 0, (struct bytes){0}, (struct bytes){0});
    doorkeeper_anew(g);
    return answered();
}

enum result delivery_step_back(struct house *h, const uint8_t room[static 32], uint16_t number,
                               uint64_t epoch)
{
    uint64_t changed = 0;
    enum result res = store_do(
        h->store, "UPDATE gathering SET epoch = $3 - 1 WHERE room = $1 AND number = $2 AND epoch = $3",
        &changed, store_bytes(bytes(room, 32)), store_int(number), store_int((int64_t)epoch));

    if (res == OK && changed == 0)
        return E_STALE;
    if (res != OK)
        return res;
    return store_do(h->store, "DELETE FROM handshake WHERE room = $1 AND number = $2 AND epoch = $3 - 1",
                    NULL, store_bytes(bytes(room, 32)), store_int(number), store_int((int64_t)epoch));
}

/* ---- ends */

static enum result clear_table(struct house *h, const uint8_t room[static 32], uint16_t number)
{
    enum result res = store_begin(h->store);

    if (res != OK)
        return res;
    res =
        store_do(h->store, "UPDATE gathering SET epoch = 0, group_id = NULL WHERE room = $1 AND number = $2",
                 NULL, store_bytes(bytes(room, 32)), store_int(number));
    if (res == OK)
        res = forget_commits(h, room, number);
    if (res == OK)
        res = seating_clear(h, room, number);
    if (res == OK)
        res = rooms_mark(h, room, true);
    return house_conclude(h, res);
}

void delivery_deserted(struct house *h, const uint8_t room[static 32], uint16_t number)
{
    struct gathering *g = gathering_find(h, room, number);
    struct delivery_state state;
    enum result res;

    if (g != NULL && gathering_count(g, PLACE_SEATED) != 0)
        return;
    if (g != NULL) {
        trial_forget(g);
        gathering_end_media(g);
    }
    res = delivery_get(h, room, number, &state);
    if (res == OK && state.group_len == 0)
        return;
    if (res == OK)
        res = clear_table(h, room, number);
    if (res != OK) /* the sweep tries again */
        log_warn("house", "a table was not cleared", (struct log_tag){0}, res);
}

void delivery_room_ended(struct house *h, const uint8_t room[static 32])
{
    struct gathering *g = gathering_find(h, room, 0);
    struct signal ended = {.type = SIGNAL_ROOM_ENDED};
    struct session *next;

    if (g == NULL)
        return;
    memcpy(ended.room_ended.room, room, 32);
    for (struct session *s = g->sessions; s != NULL; s = next) {
        next = s->beside; /* the last one's leaving ends the gathering, and then this is NULL */
        session_tell(s, &ended);
        seating_gone(s);
    }
}

enum result delivery_sweep_commits(struct house *h)
{
    uint64_t now = house_unix_ms(h);
    enum result res = store_begin(h->store);

    if (res != OK)
        return res;
    res = store_do(h->store, "DELETE FROM handshake WHERE at_ms <= $1", NULL,
                   store_int((int64_t)(now - (COMMITS_KEPT_MS - RETENTION_SWEEP_MS))));
    return house_conclude(h, res);
}

static enum result find_deserted(struct house *h, uint8_t room[static 32], uint16_t *number)
{
    struct store_rows rows;
    enum result res = store_query(h->store, "SELECT room, number FROM gathering WHERE group_id IS NOT NULL",
                                  NULL, 0, &rows);

    while (res == OK) {
        const struct gathering *g;

        res = store_next(&rows);
        if (res == OK)
            res = store_column_copy(&rows, 0, room, 32);
        if (res != OK)
            break;
        *number = (uint16_t)store_column_int(&rows, 1);
        g = gathering_find(h, room, *number);
        if (g == NULL || gathering_count(g, PLACE_SEATED) == 0)
            break;
    }
    store_done(&rows);
    return res;
}

enum result delivery_sweep_tables(struct house *h)
{
    uint8_t room[32];
    uint16_t number;
    enum result res = find_deserted(h, room, &number);

    if (res == OK)
        delivery_deserted(h, room, number);
    return res == E_NOT_FOUND ? OK : res;
}

void delivery_due(struct house *h)
{
    struct gathering *next;

    for (struct gathering *g = h->gatherings; g != NULL; g = next) {
        next = g->next;
        house_wake(h, g->due_ms);
        if (g->due_ms > h->now_ms)
            continue;
        g->due_ms = UINT64_MAX;
        doorkeeper_ask(g);
        trial_due(g); /* the gathering may end by it */
    }
}
