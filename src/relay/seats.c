#include "relay/seats.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Deadlines are looked for no more often than this: a walk over all sessions each time would be dear. */
enum { SWEEP_US = 10 * 1000 };

void relay_session_free(struct relay_session *s)
{
    if (s == NULL)
        return;
    hop_free(s->hop);
    hop_identity_free(s->identity);
    free(s);
}

static struct table table_seeded(size_t key_len, const struct random *random)
{
    uint8_t seed[16];

    random_fill(random, seed, sizeof seed);
    return table_of(key_len, seed);
}

enum result relay_seats_new(size_t limit, const struct random *random, struct relay_seats **out)
{
    struct relay_seats *seats = calloc(1, sizeof *seats);

    if (seats == NULL)
        return E_NO_MEMORY;
    seats->sessions = calloc(limit, sizeof *seats->sessions);
    if (seats->sessions == NULL) {
        free(seats);
        return E_NO_MEMORY;
    }
    seats->random = random;
    seats->limit = limit;
    seats->by_id = table_seeded(RELAY_ID_LEN, random);
    seats->by_ufrag = table_seeded(HOP_UFRAG_LEN, random);
    seats->by_address = table_seeded(sizeof(struct address), random);
    seats->by_proof = table_seeded(HOP_TRANSACTION_LEN, random);
    seats->rooms = table_seeded(TAG_BYTES, random);
    seats->next_us = UINT64_MAX;
    *out = seats;
    return OK;
}

static void room_free(struct relay_room *room)
{
    if (room == NULL)
        return;
    free(room->members);
    free(room);
}

/* The room's list has place for one more afterwards. */
static enum result room_reserve(struct relay_room *room)
{
    if (room->count < room->capacity)
        return OK;

    size_t capacity = room->capacity == 0 ? 8 : 2 * room->capacity;
    struct relay_session **members = realloc(room->members, capacity * sizeof *members);
    if (members == NULL)
        return E_NO_MEMORY;
    room->members = members;
    room->capacity = capacity;
    return OK;
}

static enum result room_find_or_new(struct relay_seats *seats, const uint8_t tag[static TAG_BYTES],
                                    uint64_t now_us, struct relay_room **out)
{
    struct relay_room *room = table_get(&seats->rooms, tag);

    if (room == NULL) {
        room = calloc(1, sizeof *room);
        if (room == NULL)
            return E_NO_MEMORY;
        memcpy(room->tag, tag, TAG_BYTES);
        room->origin_us = now_us;
        if (room_reserve(room) != OK || table_put(&seats->rooms, tag, room) != OK) {
            room_free(room);
            return E_NO_MEMORY;
        }
    }
    *out = room;
    return room_reserve(room);
}

static void room_release(struct relay_seats *seats, struct relay_room *room)
{
    if (room->count != 0)
        return;
    table_remove(&seats->rooms, room->tag);
    room_free(room);
}

void relay_microphone_leave(struct relay_session *s)
{
    if (s->microphone >= 0)
        s->room->microphones[s->microphone].speaker = NULL;
    s->microphone = -1;
}

/* Reports are not sent in step, or they would tell which sessions are one room's. */
static uint64_t report_next(const struct relay_seats *seats, uint64_t now_us)
{
    return now_us + RELAY_REPORT_US / 2 + random_u32(seats->random) % RELAY_REPORT_US;
}

enum result relay_seats_add(struct relay_seats *seats, struct relay_session *s, uint64_t now_us)
{
    struct relay_room *room;

    if (seats->count == seats->limit)
        return E_NO_MEMORY;
    if (table_get(&seats->by_id, s->id) != NULL || table_get(&seats->by_ufrag, s->ufrag) != NULL)
        return E_EXISTS;
    enum result res = room_find_or_new(seats, s->room_tag, now_us, &room);
    if (res != OK)
        return res;
    res = table_put(&seats->by_id, s->id, s);
    if (res == OK)
        res = table_put(&seats->by_ufrag, s->ufrag, s);
    if (res != OK) {
        table_remove(&seats->by_id, s->id);
        room_release(seats, room);
        return res;
    }

    s->room = room;
    s->member = room->count;
    room->members[room->count++] = s;
    s->microphone = -1;
    s->placed = false;
    s->index = seats->count;
    seats->sessions[seats->count++] = s;
    s->due_us = now_us;
    s->report_us = report_next(seats, now_us);
    seats->next_us = now_us;
    return OK;
}

static void address_forget(struct relay_seats *seats, struct relay_session *s)
{
    if (s->placed)
        table_remove(&seats->by_address, &s->peer);
    s->placed = false;
}

static void proof_forget(struct relay_seats *seats, struct relay_session *s)
{
    if (s->proving)
        table_remove(&seats->by_proof, s->proof);
    s->proving = false;
}

static void handshake_over(struct relay_seats *seats, struct relay_session *s)
{
    seats->settled += !s->settled;
    s->settled = true;
}

static void session_remove(struct relay_seats *seats, struct relay_session *s)
{
    struct relay_room *room = s->room;

    handshake_over(seats, s);
    relay_microphone_leave(s);
    address_forget(seats, s);
    proof_forget(seats, s);
    table_remove(&seats->by_id, s->id);
    table_remove(&seats->by_ufrag, s->ufrag);

    seats->sessions[s->index] = seats->sessions[--seats->count];
    seats->sessions[s->index]->index = s->index;
    room->members[s->member] = room->members[--room->count];
    room->members[s->member]->member = s->member;
    room_release(seats, room);
    relay_session_free(s);
}

void relay_seats_free(struct relay_seats *seats)
{
    if (seats == NULL)
        return;
    while (seats->count != 0)
        session_remove(seats, seats->sessions[seats->count - 1]);
    table_free(&seats->by_id);
    table_free(&seats->by_ufrag);
    table_free(&seats->by_address);
    table_free(&seats->by_proof);
    table_free(&seats->rooms);
    free(seats->sessions);
    free(seats);
}

struct relay_session *relay_seats_find(const struct relay_seats *seats, const uint8_t id[static RELAY_ID_LEN])
{
    return table_get(&seats->by_id, id);
}

struct relay_room *relay_seats_room(const struct relay_seats *seats, const uint8_t tag[static TAG_BYTES])
{
    return table_get(&seats->rooms, tag);
}

void relay_seats_renew(struct relay_seats *seats, struct relay_session *s, enum ticket_role role,
                       uint64_t expires_us)
{
    s->role = role;
    if (role != TICKET_SPEAKER)
        relay_microphone_leave(s);
    s->expires_us = expires_us;
    if (expires_us < seats->next_us)
        seats->next_us = expires_us;
}

void relay_seats_end(struct relay_seats *seats, struct relay_session *s, struct relay_departures *out)
{
    hop_close(s->hop, relay_departures_for_hop(out));
    session_remove(seats, s);
}

/* A check may come under anybody's address, and the keys to it are any guest's: whoever has an address and is
 * heard of loses it to nobody who has not shown that he is there. */
static bool holds(const struct relay_session *former, const struct relay_session *s, uint64_t now_us)
{
    enum hop_state state = hop_state(former->hop);

    return hop_state(s->hop) < HOP_OPEN && (state == HOP_OPEN || state == HOP_SILENT) &&
           now_us - hop_heard_us(former->hop) < RELAY_KEEP_US;
}

/* The peer may have moved to another address, even to one that was somebody else's before. */
static void address_follow(struct relay_seats *seats, struct relay_session *s, uint64_t now_us)
{
    struct relay_session *former;
    struct address peer;

    if (!hop_peer(s->hop, &peer) || (s->placed && address_equal(&peer, &s->peer)))
        return;
    former = table_get(&seats->by_address, &peer);
    if (former != NULL && holds(former, s, now_us))
        return;
    address_forget(seats, s);
    if (former != NULL) {
        former->placed = false;
        hop_displaced(former->hop);
    }
    if (table_put(&seats->by_address, &peer, s) != OK)
        return; /* its media is unknown to us until the next check finds memory */
    s->peer = peer;
    s->placed = true;
}

/* The answer to a question finds its session by it. */
static void proof_follow(struct relay_seats *seats, struct relay_session *s)
{
    uint8_t transaction[HOP_TRANSACTION_LEN];
    bool asks = hop_asks(s->hop, transaction);

    if (asks && s->proving && memcmp(s->proof, transaction, sizeof transaction) == 0)
        return;
    proof_forget(seats, s);
    if (!asks || table_put(&seats->by_proof, transaction, s) != OK)
        return;
    memcpy(s->proof, transaction, sizeof transaction);
    s->proving = true;
}

static uint64_t earliest(const struct relay_session *s)
{
    uint64_t at = s->due_us < s->expires_us ? s->due_us : s->expires_us;

    if (s->report_us < at)
        at = s->report_us;
    if (hop_state(s->hop) < HOP_OPEN && s->open_by_us < at)
        at = s->open_by_us;
    return at;
}

void relay_seats_settle(struct relay_seats *seats, struct relay_session *s, uint64_t now_us,
                        struct relay_departures *out)
{
    s->due_us = hop_due(s->hop, now_us, relay_departures_for_hop(out));
    address_follow(seats, s, now_us);
    proof_follow(seats, s);
    if (hop_state(s->hop) >= HOP_OPEN)
        handshake_over(seats, s);

    uint64_t at = hop_state(s->hop) == HOP_CLOSED ? now_us : earliest(s);
    if (at < seats->next_us)
        seats->next_us = at;
}

static bool is_over(const struct relay_session *s, uint64_t now_us)
{
    enum hop_state state = hop_state(s->hop);

    return state == HOP_CLOSED || now_us >= s->expires_us || (state < HOP_OPEN && now_us >= s->open_by_us);
}

uint64_t relay_seats_due(struct relay_seats *seats, uint64_t now_us, struct relay_departures *out,
                         struct relay_ended *ended)
{
    uint64_t next_us = UINT64_MAX;

    if (now_us < seats->next_us)
        return seats->next_us;
    for (size_t i = seats->count; i-- != 0;) {
        struct relay_session *s = seats->sessions[i];

        if (now_us >= s->due_us) {
            s->due_us = hop_due(s->hop, now_us, relay_departures_for_hop(out));
            address_follow(seats, s, now_us);
            proof_follow(seats, s);
        }
        if (now_us >= s->report_us) {
            if (hop_state(s->hop) == HOP_OPEN && s->placed)
                relay_report(s, now_us, out);
            s->report_us = report_next(seats, now_us);
        }
        if (is_over(s, now_us)) {
            if (ended->count == ended->capacity)
                return seats->next_us = now_us;
            memcpy(ended->ids[ended->count++], s->id, RELAY_ID_LEN);
            relay_seats_end(seats, s, out);
        } else if (earliest(s) < next_us) {
            next_us = earliest(s);
        }
    }
    if (next_us < now_us + SWEEP_US)
        next_us = now_us + SWEEP_US;
    return seats->next_us = next_us;
}
