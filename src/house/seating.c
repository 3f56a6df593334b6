#include "house/seating.h"
#include "house/accounts.h"
#include "house/delivery.h"
#include "house/doorkeeper.h"
#include "house/gathering.h"
#include "house/rooms.h"

#include "ticket/write.h"

/* ---- the list of seats */

void seating_put(struct writer *w, const struct session *s, uint32_t leaf)
{
    struct signal_seat item = {.leaf = leaf, .role = (uint8_t)s->role, .handle = session_handle(s)};

    if (s->alias_len == 0)
        memcpy(item.account, s->account, sizeof item.account);
    else
        item.handle = bytes(s->alias, s->alias_len);
    signal_seat_put(w, &item);
}

enum result seating_write(struct house *h, const uint8_t room[static 32], uint16_t number, struct writer *w)
{
    struct store_rows rows;
    enum result res = store_ask(h->store, &rows,
                                "SELECT leaf, role, account, alias FROM seat WHERE room = $1 AND number = $2 "
                                "ORDER BY leaf",
                                store_bytes(bytes(room, 32)), store_int(number));

    while (res == OK) {
        uint8_t handle[HANDLE_BYTES];
        struct signal_seat item = {0};

        res = store_next(&rows);
        if (res == OK)
            res = store_column_copy(&rows, 2, item.account, sizeof item.account);
        if (res != OK)
            break;
        item.leaf = (uint32_t)store_column_int(&rows, 0);
        item.role = (uint8_t)store_column_int(&rows, 1);
        if (store_column_is_null(&rows, 3)) {
            res = accounts_handle(h, item.account, handle, &item.handle);
        } else {
            memset(item.account, 0, sizeof item.account);
            item.handle = store_column_bytes(&rows, 3);
        }
        /* A seat refers to an account; that one is gone would be our bug. */
        if (res == E_NOT_FOUND)
            res = E_MALFORMED;
        if (res == OK)
            signal_seat_put(w, &item);
    }
    store_done(&rows);
    return res == E_NOT_FOUND ? OK : res;
}

enum result seating_count(struct house *h, const uint8_t room[static 32], uint16_t *speakers,
                          uint16_t *listeners)
{
    struct store_rows rows;
    enum result res = store_ask(h->store, &rows,
                                "SELECT role, COUNT(*) FROM seat WHERE room = $1 AND lost = 0 GROUP BY role",
                                store_bytes(bytes(room, 32)));

    *speakers = *listeners = 0;
    while (res == OK) {
        res = store_next(&rows);
        if (res != OK)
            break;
        if (store_column_int(&rows, 0) == SIGNAL_SPEAKER)
            *speakers = (uint16_t)store_column_int(&rows, 1);
        else
            *listeners = (uint16_t)store_column_int(&rows, 1);
    }
    store_done(&rows);
    return res == E_NOT_FOUND ? OK : res;
}

enum result seating_lost(struct house *h, const uint8_t room[static 32], uint16_t number, uint32_t *leaves,
                         size_t most, size_t *count)
{
    struct store_rows rows;
    size_t n = 0;
    enum result res = store_ask(h->store, &rows,
                                "SELECT leaf FROM seat WHERE room = $1 AND number = $2 AND lost = 1 "
                                "ORDER BY leaf LIMIT $3",
                                store_bytes(bytes(room, 32)), store_int(number), store_int((int64_t)most));

    while (res == OK && n < most) {
        res = store_next(&rows);
        if (res == OK)
            leaves[n++] = (uint32_t)store_column_int(&rows, 0);
    }
    store_done(&rows);
    *count = n;
    return res == E_NOT_FOUND ? OK : res;
}

enum result seating_get(struct house *h, const uint8_t room[static 32], uint16_t number, uint32_t leaf,
                        struct seat *out)
{
    struct store_rows rows;
    enum result res = store_ask(h->store, &rows,
                                "SELECT account, invited, wants, moderates, role, lost, alias FROM seat "
                                "WHERE room = $1 AND number = $2 AND leaf = $3",
                                store_bytes(bytes(room, 32)), store_int(number), store_int(leaf));

    if (res == OK)
        res = store_next(&rows);
    if (res == OK)
        res = store_column_copy(&rows, 0, out->account, sizeof out->account);
    if (res == OK) {
        out->leaf = leaf;
        out->invited = store_column_int(&rows, 1) != 0;
        out->wants = store_column_int(&rows, 2) != 0;
        out->moderates = store_column_int(&rows, 3) != 0;
        out->role = store_column_int(&rows, 4) == SIGNAL_SPEAKER ? SIGNAL_SPEAKER : SIGNAL_LISTENER;
        out->is_lost = store_column_int(&rows, 5) != 0;
        out->is_pseudonym = !store_column_is_null(&rows, 6);
    }
    store_done(&rows);
    return res;
}

enum result seating_add(const struct session *s, uint32_t leaf)
{
    const struct gathering *g = s->gathering;

    return store_do(
        s->house->store,
        "INSERT INTO seat (room, number, leaf, account, alias, invited, wants, moderates, role, fingerprint, "
        "lost) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)",
        NULL, store_bytes(BYTES_OF(g->room)), store_int(g->number), store_int(leaf),
        store_bytes(BYTES_OF(s->account)),
        s->alias_len == 0 ? store_null() : store_text(bytes(s->alias, s->alias_len)), store_int(s->invited),
        store_int(s->wants), store_int(s->moderates), store_int(s->role),
        store_bytes(BYTES_OF(s->fingerprint)));
}

enum result seating_update(struct house *h, const uint8_t room[static 32], uint16_t number,
                           const struct seat *seat)
{
    return store_do(h->store,
                    "UPDATE seat SET invited = $4, wants = $5, moderates = $6, role = $7 "
                    "WHERE room = $1 AND number = $2 AND leaf = $3",
                    NULL, store_bytes(bytes(room, 32)), store_int(number), store_int(seat->leaf),
                    store_int(seat->invited), store_int(seat->wants), store_int(seat->moderates),
                    store_int(seat->role));
}

enum result seating_lose(struct house *h, const uint8_t room[static 32], uint16_t number, uint32_t leaf)
{
    return store_do(h->store, "UPDATE seat SET lost = 1 WHERE room = $1 AND number = $2 AND leaf = $3", NULL,
                    store_bytes(bytes(room, 32)), store_int(number), store_int(leaf));
}

enum result seating_put_back(struct house *h, const uint8_t room[static 32], uint16_t number,
                             const struct seat *seat)
{
    static const uint8_t nothing[32];

    return store_do(h->store,
                    "INSERT INTO seat (room, number, leaf, account, alias, invited, wants, moderates, role, "
                    "fingerprint, lost) VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0, $6, 1)",
                    NULL, store_bytes(bytes(room, 32)), store_int(number), store_int(seat->leaf),
                    store_bytes(BYTES_OF(seat->account)),
                    seat->is_pseudonym ? store_text(BYTES_TEXT("-")) : store_null(),
                    store_bytes(BYTES_OF(nothing)));
}

enum result seating_remove(struct house *h, const uint8_t room[static 32], uint16_t number, uint32_t leaf)
{
    uint64_t changed = 0;
    enum result res = store_do(h->store, "DELETE FROM seat WHERE room = $1 AND number = $2 AND leaf = $3",
                               &changed, store_bytes(bytes(room, 32)), store_int(number), store_int(leaf));

    return res == OK && changed == 0 ? E_NOT_FOUND : res;
}

enum result seating_clear(struct house *h, const uint8_t room[static 32], uint16_t number)
{
    return store_do(h->store, "DELETE FROM seat WHERE room = $1 AND number = $2", NULL,
                    store_bytes(bytes(room, 32)), store_int(number));
}

/* ---- tickets */

void seating_take(struct session *s, uint32_t leaf)
{
    s->place = PLACE_SEATED;
    s->leaf = leaf;
    s->ticket = 0;
    s->ticket_owed = false;
    s->ticket_request = 0;
    s->answers = false;
    s->seated_by = SIGNAL_NO_LEAF;
    s->shunned = false;
    random_fill(s->house->random, s->tag, sizeof s->tag);
    free(s->key_package);
    s->key_package = NULL;
    s->key_package_len = 0;
}

void seating_revoke(const struct session *s)
{
    struct control control = {.type = CONTROL_REVOKE_SEAT};

    memcpy(control.revoke_seat.seat, s->tag, sizeof s->tag);
    control.revoke_seat.number = s->ticket;
    house_control(s->house, &control);
}

static enum result next_ticket(struct session *s, char out[static TICKET_TEXT_SIZE])
{
    struct house *h = s->house;
    struct ticket ticket = {
        .role = s->role == SIGNAL_SPEAKER ? TICKET_SPEAKER : TICKET_LISTENER,
        .number = ++s->ticket,
        .expiry_s = house_unix_ms(h) / 1000 + TICKET_S,
    };

    memcpy(ticket.relay, h->relay.tag, sizeof ticket.relay);
    memcpy(ticket.room, s->gathering->tag, sizeof ticket.room);
    memcpy(ticket.seat, s->tag, sizeof ticket.seat);
    memcpy(ticket.fingerprint, s->fingerprint, sizeof ticket.fingerprint);
    return ticket_write(&ticket, store_key(h->store), out);
}

enum result seating_send_ticket(struct session *s, uint32_t request)
{
    struct signal reply = {.type = SIGNAL_TICKET, .request = request};
    char text[TICKET_TEXT_SIZE];
    enum result res;

    /* A seat that is taken away meanwhile could not be revoked: sessions may run out, but not be prolonged.
     */
    if (!s->house->relay.is_linked) {
        s->ticket_owed = true;
        s->ticket_request = request != 0 ? request : s->ticket_request;
        return OK;
    }
    res = next_ticket(s, text);
    if (res != OK)
        return res;
    memcpy(reply.ticket.room, s->gathering->room, sizeof reply.ticket.room);
    reply.ticket.ticket = bytes_string(text);
    session_tell(s, &reply);
    return OK;
}

struct answer seating_ticket(struct session *s, const struct signal *message)
{
    enum result res;

    if (s->place != PLACE_SEATED || memcmp(s->gathering->room, message->ticket_new.room, 32) != 0)
        return refusal(REASON_NOT_NOW, "no ticket without a seat");
    res = seating_send_ticket(s, message->request);
    return res == OK ? answered() : trouble(res);
}

void seating_tell(struct session *s, uint32_t request, uint64_t epoch, struct bytes welcome,
                  struct bytes tree)
{
    struct house *h = s->house;
    const struct gathering *g = s->gathering;
    struct writer w = writer_on((struct bytes_mut){h->list, SIGNAL_BYTES});
    struct signal message = {.type = SIGNAL_SEATED, .request = request};
    char text[TICKET_TEXT_SIZE];
    struct room room;
    enum result res = next_ticket(s, text);

    if (res == OK)
        res = rooms_get(h, g->room, &room);
    if (res == OK)
        res = seating_write(h, g->room, g->number, &w);
    if (res == OK)
        res = writer_end(&w, &message.seated.seats);
    if (res != OK) {
        /* It has a leaf and cannot be told: let it come again and take another. */
        log_warn("house", "a seat could not be told", s->log, res);
        session_dismiss(s, CLOSE_TRY_LATER);
        return;
    }
    memcpy(message.seated.room, g->room, sizeof g->room);
    message.seated.table = g->number;
    message.seated.epoch = epoch;
    message.seated.leaf = s->leaf;
    message.seated.title = room_title(&room);
    message.seated.welcome = welcome;
    message.seated.tree = tree;
    message.seated.media_url = bytes_string(h->relay.media_url);
    message.seated.ticket = bytes_string(text);
    session_tell(s, &message);
}

/* ---- going */

/* Still a leaf until somebody commits its removal, but without a ticket from now on. */
static enum result lose(const struct session *s)
{
    const struct gathering *g = s->gathering;
    enum result res = store_begin(s->house->store);

    if (res != OK)
        return res;
    res = house_conclude(s->house, seating_lose(s->house, g->room, g->number, s->leaf));
    if (res == OK)
        seating_revoke(s);
    return res;
}

void seating_end(struct session *s, enum signal_why why)
{
    struct signal ended = {.type = SIGNAL_SEAT_ENDED};

    memcpy(ended.seat_ended.room, s->gathering->room, sizeof ended.seat_ended.room);
    ended.seat_ended.why = (uint8_t)why;
    seating_revoke(s);
    session_tell(s, &ended);
    seating_gone(s);
}

void seating_gone(struct session *s)
{
    if (s->state == SESSION_ENDED && s->lost_at_ms != 0)
        session_free(s);
    else
        gathering_quit(s);
}

/* After somebody went: the table has a doorkeeper less, or is nobody's. */
static void look_after(struct house *h, const uint8_t room[static 32], uint16_t number)
{
    struct gathering *g;

    delivery_deserted(h, room, number);
    g = gathering_find(h, room, number);
    if (g == NULL)
        return;
    if (g->asked && gathering_leaf(g, g->asked_leaf) == NULL)
        g->asked = false;
    doorkeeper_stir(g, h->now_ms);
}

enum result seating_rise(struct session *s)
{
    uint8_t room[32];
    uint16_t number = s->gathering->number;
    enum result res = lose(s);

    if (res != OK)
        return res;
    memcpy(room, s->gathering->room, sizeof room);
    gathering_quit(s);
    look_after(s->house, room, number);
    return OK;
}

struct answer seating_leave(struct session *s, const struct signal *message)
{
    struct signal done = {.type = SIGNAL_DONE, .request = message->request};
    enum result res = OK;

    if (s->place == PLACE_NONE || memcmp(s->gathering->room, message->leave.room, 32) != 0)
        return refusal(REASON_NOT_NOW, "not in this room");
    if (s->place == PLACE_SEATED && !s->answers)
        doorkeeper_failed(s->gathering, s->seated_by);
    if (s->place == PLACE_SEATED)
        res = seating_rise(s);
    else
        gathering_quit(s);
    if (res != OK)
        return trouble(res);
    session_tell(s, &done);
    return answered();
}

void seating_line_broken(struct session *s)
{
    struct gathering *g = s->gathering;

    s->lost_at_ms = s->house->now_ms + SEAT_LOST_MS;
    house_wake(s->house, s->lost_at_ms);
    if (g->asked && g->asked_leaf == s->leaf)
        g->asked = false;
    /* Whoever waits hears of the next doorkeeper, or that there is none. */
    doorkeeper_stir(g, s->house->now_ms);
}

static void grace_over(struct session *s)
{
    struct house *h = s->house;
    uint8_t room[32];
    uint16_t number = s->gathering->number;
    enum result res = lose(s);

    if (res != OK) {
        log_warn("house", "a lost seat was not noted", s->log, res);
        s->lost_at_ms = h->now_ms + 1000;
        return;
    }
    memcpy(room, s->gathering->room, sizeof room);
    session_free(s);
    look_after(h, room, number);
}

void seating_due(struct house *h)
{
    struct session *next;

    for (struct session *s = h->sessions; s != NULL; s = next) {
        next = s->next;
        if (s->lost_at_ms == UINT64_MAX)
            s->lost_at_ms = h->now_ms + SEAT_RESTORED_MS;
        if (s->lost_at_ms != 0 && s->lost_at_ms <= h->now_ms)
            grace_over(s);
        else if (s->lost_at_ms != 0)
            house_wake(h, s->lost_at_ms);
    }
}
