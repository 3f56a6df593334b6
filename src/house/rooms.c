#include "house/rooms.h"
#include "house/delivery.h"
#include "house/seating.h"

#include "crypto/crypto.h"
#include "wire/envelope.h"

enum { ROOMS_A_PAGE = 100 };

static const uint64_t empty_ms = (uint64_t)HOUSE_ROOM_EMPTY_MIN * 60 * 1000;

static enum result column_bytes(const struct store_rows *rows, int column, uint8_t *to, size_t most,
                                size_t *len)
{
    struct bytes b = store_column_bytes(rows, column);

    if (b.len == 0 || b.len > most)
        return E_MALFORMED;
    memcpy(to, b.at, b.len);
    *len = b.len;
    return OK;
}

enum result rooms_get(struct house *h, const uint8_t id[static 32], struct room *out)
{
    struct store_rows rows;
    enum result res = store_ask(h->store, &rows, "SELECT charter, signature, title FROM room WHERE id = $1",
                                store_bytes(bytes(id, 32)));

    if (res == OK)
        res = store_next(&rows);
    if (res == OK)
        res = column_bytes(&rows, 0, out->charter_bytes, sizeof out->charter_bytes, &out->charter_len);
    if (res == OK)
        res = store_column_copy(&rows, 1, out->signature, sizeof out->signature);
    if (res == OK)
        res = column_bytes(&rows, 2, out->title_bytes, sizeof out->title_bytes, &out->title_len);
    store_done(&rows);
    memcpy(out->id, id, sizeof out->id);
    return res;
}

enum result rooms_charter(struct house *h, const uint8_t id[static 32], struct charter *out)
{
    struct room room;
    enum result res = rooms_get(h, id, &room);

    return res == OK ? charter_read(room_charter(&room), out) : res;
}

bool charter_moderator(const struct charter *c, const uint8_t account[static 32])
{
    if (memcmp(c->maker, account, 32) == 0)
        return true;
    for (unsigned i = 0; i < c->moderator_count; i++)
        if (memcmp(c->moderators[i], account, 32) == 0)
            return true;
    return false;
}

enum result rooms_mark(struct house *h, const uint8_t id[static 32], bool is_empty)
{
    return store_do(h->store, "UPDATE room SET empty_since_ms = $2 WHERE id = $1", NULL,
                    store_bytes(bytes(id, 32)),
                    is_empty ? store_int((int64_t)house_unix_ms(h)) : store_null());
}

static enum result count_of(struct house *h, const uint8_t maker[static 32], int64_t *count)
{
    struct store_rows rows;
    enum result res = store_ask(h->store, &rows, "SELECT COUNT(*) FROM room WHERE maker = $1",
                                store_bytes(bytes(maker, 32)));

    if (res == OK)
        res = store_next(&rows);
    if (res == OK)
        *count = store_column_int(&rows, 0);
    store_done(&rows);
    return res;
}

static enum result add(struct house *h, const struct room *room, const uint8_t maker[static 32])
{
    enum result res = store_begin(h->store);

    if (res != OK)
        return res;
    res = store_do(h->store,
                   "INSERT INTO room (id, charter, signature, title, maker, empty_since_ms, listed) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                   NULL, store_bytes(BYTES_OF(room->id)), store_bytes(room_charter(room)),
                   store_bytes(BYTES_OF(room->signature)), store_text(room_title(room)),
                   store_bytes(bytes(maker, 32)), store_int((int64_t)house_unix_ms(h)),
                   store_int(room->is_listed));
    if (res == OK)
        res = delivery_open(h, room->id);
    if (res != OK) {
        store_rollback(h->store);
        return res;
    }
    return store_commit(h->store);
}

/* Tells a room and who sits in it. */
static struct answer tell_room(struct session *s, uint32_t request, const struct room *room)
{
    struct signal message = {.type = SIGNAL_ROOM_IS, .request = request};
    struct writer w = writer_on((struct bytes_mut){s->house->list, SIGNAL_BYTES});
    enum result res = seating_write(s->house, room->id, 0, &w);

    if (res == OK)
        res = writer_end(&w, &message.room_is.seats);
    if (res != OK)
        return trouble(res);
    memcpy(message.room_is.room, room->id, sizeof room->id);
    message.room_is.charter = room_charter(room);
    memcpy(message.room_is.signature, room->signature, sizeof room->signature);
    message.room_is.title = room_title(room);
    session_tell(s, &message);
    return answered();
}

/* What the charter says must be what this house can keep. */
static struct answer judge_charter(struct session *s, const struct signal_room_new *m, bool *is_listed)
{
    struct charter charter;
    enum result res = charter_read(m->charter, &charter);

    if (res != OK)
        return refusal(REASON_MALFORMED, "the charter does not have its form");
    if (memcmp(charter.house, s->house->key, sizeof charter.house) != 0)
        return refusal(REASON_NOT_HERE, "the charter names another house");
    if (memcmp(charter.maker, s->account, sizeof charter.maker) != 0)
        return refusal(REASON_NOT_YOURS, "the charter names another maker");
    *is_listed = charter.kind != CHARTER_PRIVATE;
    res = house_verify(s->house, s->account, ENVELOPE_CHARTER, NULL, m->charter, m->signature);
    if (res == E_FORGED)
        return refusal(REASON_FORGED, "the charter is not signed by its maker");
    return res == OK ? answered() : trouble(res);
}

struct answer rooms_new(struct session *s, const struct signal *message)
{
    const struct signal_room_new *m = &message->room_new;
    struct room room = {.charter_len = m->charter.len};
    struct bytes title;
    const char *why = NULL;
    int64_t count = 0;
    struct answer how = judge_charter(s, m, &room.is_listed);
    enum result res;

    if (how.reason != 0)
        return how;
    res = names_title(s->house->names, m->title,
                      (struct bytes_mut){room.title_bytes, sizeof room.title_bytes}, &title, &why);
    if (res != OK)
        return refusal(REASON_NAME_BAD, why);
    room.title_len = title.len;
    memcpy(room.charter_bytes, m->charter.at, m->charter.len);
    memcpy(room.signature, m->signature, sizeof room.signature);

    res = crypto_sha256(&m->charter, 1, room.id);
    if (res == OK)
        res = count_of(s->house, s->account, &count);
    if (res == OK && count >= s->house->settings.rooms_each)
        return refusal(REASON_FULL, "this account has as many rooms as it may have: end one");
    if (res == OK)
        res = add(s->house, &room, s->account);
    /* The same charter again is the same room; it keeps its title. */
    if (res == E_EXISTS)
        res = rooms_get(s->house, room.id, &room);
    return res == OK ? tell_room(s, message->request, &room) : trouble(res);
}

static enum result write_page(struct house *h, const uint8_t after[static 32], struct writer *w)
{
    struct store_rows rows;
    unsigned count = 0;
    enum result res = store_ask(
        h->store, &rows, "SELECT id, title FROM room WHERE id > $1 AND listed = 1 ORDER BY id LIMIT $2",
        store_bytes(bytes(after, 32)), store_int(ROOMS_A_PAGE));

    for (; res == OK && count < ROOMS_A_PAGE; count++) {
        struct signal_room item = {0};

        res = store_next(&rows);
        if (res == OK)
            res = store_column_copy(&rows, 0, item.room, sizeof item.room);
        if (res == OK)
            res = seating_count(h, item.room, &item.speakers, &item.listeners);
        if (res != OK)
            break;
        item.title = store_column_bytes(&rows, 1);
        signal_room_put(w, &item);
    }
    store_done(&rows);
    return res == E_NOT_FOUND ? OK : res;
}

struct answer rooms_list(struct session *s, const struct signal *message)
{
    struct signal reply = {.type = SIGNAL_ROOMS, .request = message->request};
    struct writer w = writer_on((struct bytes_mut){s->house->list, SIGNAL_BYTES});
    enum result res = write_page(s->house, message->room_list.after, &w);

    if (res == OK)
        res = writer_end(&w, &reply.rooms.rooms);
    if (res != OK)
        return trouble(res);
    session_tell(s, &reply);
    return answered();
}

struct answer rooms_show(struct session *s, const struct signal *message)
{
    struct room room;
    enum result res = rooms_get(s->house, message->room_show.room, &room);

    if (res == E_NOT_FOUND)
        return refusal(REASON_UNKNOWN, "there is no such room");
    return res == OK ? tell_room(s, message->request, &room) : trouble(res);
}

/* With all that hangs on it, and then everybody hears of it. */
static enum result end_room(struct house *h, const uint8_t id[static 32])
{
    enum result res = store_begin(h->store);

    if (res != OK)
        return res;
    res = store_do(h->store, "DELETE FROM room WHERE id = $1", NULL, store_bytes(bytes(id, 32)));
    if (res != OK) {
        store_rollback(h->store);
        return res;
    }
    res = store_commit(h->store);
    if (res == OK)
        delivery_room_ended(h, id);
    return res;
}

struct answer rooms_end(struct session *s, const struct signal *message)
{
    const struct signal_room_end *m = &message->room_end;
    struct signal done = {.type = SIGNAL_DONE, .request = message->request};
    struct charter charter;
    uint8_t id[32];
    enum result res = rooms_charter(s->house, m->room, &charter);

    if (res == E_NOT_FOUND)
        return refusal(REASON_UNKNOWN, "there is no such room");
    if (res != OK)
        return trouble(res);
    if (memcmp(charter.maker, s->account, sizeof charter.maker) != 0)
        return refusal(REASON_NOT_YOURS, "only its maker ends a room");
    res = house_verify(s->house, charter.maker, ENVELOPE_END_ROOM, m->room, (struct bytes){0}, m->signature);
    if (res == E_FORGED)
        return refusal(REASON_FORGED, "the signature does not end this room");
    memcpy(id, m->room, sizeof id);
    if (res == OK)
        res = end_room(s->house, id);
    if (res != OK)
        return trouble(res);
    session_tell(s, &done);
    return answered();
}

/* One room at a time: a query must not run while what it walks over changes. OK: one was found. */
static enum result oldest_empty(struct house *h, uint8_t id[static 32])
{
    struct store_rows rows;
    uint64_t now = house_unix_ms(h);
    enum result res = store_ask(
        h->store, &rows, "SELECT id FROM room WHERE empty_since_ms <= $1 ORDER BY empty_since_ms LIMIT 1",
        store_int((int64_t)(now > empty_ms ? now - empty_ms : 0)));

    if (res == OK)
        res = store_next(&rows);
    if (res == OK)
        res = store_column_copy(&rows, 0, id, 32);
    store_done(&rows);
    return res;
}

enum result rooms_sweep(struct house *h)
{
    uint8_t id[32];
    enum result res = OK;

    while (res == OK) {
        res = oldest_empty(h, id);
        if (res == OK)
            res = end_room(h, id);
    }
    return res == E_NOT_FOUND ? OK : res;
}
