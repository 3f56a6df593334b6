#include "house/returning.h"
#include "house/accounts.h"
#include "house/delivery.h"
#include "house/doorkeeper.h"
#include "house/gathering.h"
#include "house/seating.h"

#include "crypto/crypto.h"

/* The new link sits where the old one did; the old one, should it still be there, is told. */
static enum result take_over(struct session *s, struct session *old)
{
    struct signal ended = {.type = SIGNAL_SEAT_ENDED, .seat_ended.why = SIGNAL_REPLACED};
    struct gathering *g = old->gathering;
    enum result res = gathering_join(s, g->room, g->number);

    if (res != OK)
        return res;
    s->place = PLACE_SEATED;
    s->leaf = old->leaf;
    s->ticket = old->ticket;
    s->invited = old->invited;
    s->wants = old->wants;
    s->moderates = old->moderates;
    s->role = old->role;
    s->answers = old->answers;
    s->seated_by = old->seated_by;
    s->shunned = old->shunned;
    memcpy(s->alias, old->alias, sizeof s->alias);
    s->alias_len = old->alias_len;
    memcpy(s->bones, old->bones, sizeof s->bones);
    memcpy(s->tag, old->tag, sizeof s->tag);
    memcpy(s->fingerprint, old->fingerprint, sizeof s->fingerprint);
    memcpy(ended.seat_ended.room, g->room, sizeof ended.seat_ended.room);
    session_tell(old, &ended);
    if (g->asked && g->asked_leaf == s->leaf)
        g->asked = false;
    seating_gone(old);
    doorkeeper_stir(g, s->house->now_ms);
    return OK;
}

/* All commits from that epoch on, if they are all there. OK | E_STALE | ... */
static enum result check_kept(struct house *h, const struct signal_catch_up *m, uint64_t epoch)
{
    struct store_rows rows;
    enum result res;
    uint64_t kept = 0;

    if (m->epoch > epoch)
        return E_STALE;
    res = store_ask(h->store, &rows,
                    "SELECT COUNT(*) FROM handshake WHERE room = $1 AND number = $2 AND epoch >= $3",
                    store_bytes(BYTES_OF(m->room)), store_int(m->table), store_int((int64_t)m->epoch));
    if (res == OK)
        res = store_next(&rows);
    if (res == OK)
        kept = (uint64_t)store_column_int(&rows, 0);
    store_done(&rows);
    return res == OK && kept != epoch - m->epoch ? E_STALE : res;
}

static enum result tell_missed(struct session *s, const struct signal_catch_up *m)
{
    struct store_rows rows;
    struct bytes packed;
    enum result res =
        store_ask(s->house->store, &rows,
                  "SELECT message FROM handshake WHERE room = $1 AND number = $2 "
                  "AND epoch >= $3 ORDER BY epoch",
                  store_bytes(BYTES_OF(m->room)), store_int(m->table), store_int((int64_t)m->epoch));

    while (res == OK) {
        res = store_next(&rows);
        if (res == OK)
            res = house_pad(s->house, store_column_bytes(&rows, 0), &packed);
        if (res == OK)
            session_tell_packed(s, packed);
    }
    store_done(&rows);
    return res == E_NOT_FOUND ? OK : res;
}

struct answer returning_catch_up(struct session *s, const struct signal *message)
{
    const struct signal_catch_up *m = &message->catch_up;
    struct signal done = {.type = SIGNAL_DONE, .request = message->request};
    struct gathering *g = gathering_find(s->house, m->room, m->table);
    struct session *old = g == NULL ? NULL : gathering_leaf(g, m->leaf);
    struct delivery_state state;
    enum result res;

    /* Who sits there over this very link asks for what it has missed (attack F26). */
    if (s->place != PLACE_NONE && s != old)
        return refusal(REASON_NOT_NOW, "one seat a link: leave the other first");
    if (old == NULL || memcmp(old->account, s->account, sizeof s->account) != 0)
        return refusal(REASON_STALE, "this seat is not yours any more: enter again");
    res = delivery_get(s->house, m->room, m->table, &state);
    if (res == OK)
        res = check_kept(s->house, m, state.epoch);
    if (res == E_STALE)
        return refusal(REASON_STALE, "the commits since then are gone: enter again");
    if (res == OK && s != old)
        res = take_over(s, old);
    if (res != OK)
        return trouble(res);
    res = tell_missed(s, m);
    if (res != OK) {
        /* It sits and has heard a part: it asks again over another link. */
        log_warn("house", "missed commits could not be told", s->log, res);
        session_dismiss(s, CLOSE_TRY_LATER);
        return answered();
    }
    session_tell(s, &done);
    return answered();
}

/* ---- after a restart */

static enum result restore_alias(struct session *s, struct bytes alias)
{
    uint8_t room[SKELETON_BYTES];
    struct bytes skeleton;
    const char *why;
    enum result res;

    if (alias.len == 0)
        return OK;
    res = names_handle(s->house->names, alias, (struct bytes_mut){room, sizeof room}, &skeleton, &why);
    if (res == OK)
        res = crypto_sha256(&skeleton, 1, s->bones);
    if (res != OK)
        return res;
    memcpy(s->alias, alias.at, alias.len); /* not too long: names_handle has taken it */
    s->alias_len = alias.len;
    return OK;
}

static enum result restore_one(struct house *h, const struct store_rows *rows)
{
    struct bytes handle;
    uint8_t room[32], fingerprint[32];
    struct session *s;
    enum result res = store_column_copy(rows, 0, room, sizeof room);

    if (res == OK)
        res = store_column_copy(rows, 8, fingerprint, sizeof fingerprint);
    if (res != OK)
        return res;
    res = session_absent(h, &s);
    if (res != OK)
        return res;
    res = store_column_copy(rows, 3, s->account, sizeof s->account);
    if (res == OK)
        res = accounts_handle(h, s->account, s->handle, &handle);
    if (res == OK)
        res = restore_alias(s, store_column_bytes(rows, 9));
    if (res == OK)
        res = gathering_join(s, room, (uint16_t)store_column_int(rows, 1));
    if (res != OK) {
        session_free(s);
        return res;
    }
    s->handle_len = handle.len;
    s->invited = store_column_int(rows, 4) != 0;
    s->wants = store_column_int(rows, 5) != 0;
    s->moderates = store_column_int(rows, 6) != 0;
    s->role = store_column_int(rows, 7) == SIGNAL_SPEAKER ? SIGNAL_SPEAKER : SIGNAL_LISTENER;
    memcpy(s->fingerprint, fingerprint, sizeof s->fingerprint);
    seating_take(s, (uint32_t)store_column_int(rows, 2));
    if (!s->gathering->has_media)
        gathering_open_media(s->gathering);
    s->gathering->due_ms = 0; /* the age of its epoch counts from the first house_due on */
    return OK;
}

enum result returning_restore(struct house *h)
{
    struct store_rows rows;
    enum result res = store_query(h->store,
                                  "SELECT room, number, leaf, account, invited, wants, moderates, role, "
                                  "fingerprint, alias FROM seat WHERE lost = 0",
                                  NULL, 0, &rows);

    while (res == OK) {
        res = store_next(&rows);
        if (res == OK)
            res = restore_one(h, &rows);
    }
    store_done(&rows);
    return res == E_NOT_FOUND ? OK : res;
}
