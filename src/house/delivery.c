#include "house/delivery.h"
#include "house/clear.h"
#include "house/doorkeeper.h"
#include "house/gathering.h"
#include "house/rooms.h"
#include "house/seating.h"

enum { SWEEP_MS = 5000 };

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

/* Ends the transaction in the way that `res` says. */
static enum result conclude(struct house *h, enum result res)
{
    if (res == OK)
        return store_commit(h->store);
    store_rollback(h->store);
    return res;
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
    return conclude(h, res);
}

static bool is_at(const struct session *s, const uint8_t room[static 32], uint16_t number,
                  enum session_place place)
{
    return s->place == place && s->gathering->number == number && memcmp(s->gathering->room, room, 32) == 0;
}

struct answer delivery_founded(struct session *s, const struct signal *message)
{
    const struct signal_founded *m = &message->founded;
    struct gathering *g = s->gathering;
    struct delivery_state before;
    struct session *next;
    enum result res;

    if (!is_at(s, m->room, m->table, PLACE_FOUNDING))
        return refusal(REASON_NOT_NOW, "nobody asked for this table to be founded");
    res = delivery_get(s->house, g->room, g->number, &before);
    /* The number tells one founding from another; somebody awake, that one has come to its end. */
    if (res == OK && (m->founding != before.founding + 1 || gathering_awake(g, 0) != NULL))
        res = E_STALE;
    if (res == OK)
        res = found(s, m->founding, m->group_id);
    if (res == E_STALE) {
        gathering_wait(s);
        doorkeeper_stir(g, s->house->now_ms);
        return refusal(REASON_STALE, "somebody else has founded the table");
    }
    if (res != OK)
        return trouble(res);

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

/* ---- commits */

/* A commit that is being judged. */
struct upload {
    struct session *by;
    const struct signal_commit *commit;
    unsigned placed_count, removed_count;
    struct session *placed[TABLE_LEAVES]; /* their new leaves are in `leaves` */
    uint32_t leaves[TABLE_LEAVES];
    uint32_t removed[TABLE_LEAVES];
};

static struct answer judge_placed(struct upload *u)
{
    struct bytes list = u->commit->seated;
    struct signal_placed item;

    while (signal_placed_next(&list, &item)) {
        struct session *who = gathering_waiting(u->by->gathering, item.waiting);

        if (u->placed_count == TABLE_LEAVES)
            return refusal(REASON_FULL, "a table does not have so many leaves");
        /* A joiner may have gone while the commit was under way: the doorkeeper is asked for those who are
         * left. */
        if (who == NULL)
            doorkeeper_anew(u->by->gathering);
        if (who == NULL)
            return refusal(REASON_STALE, "somebody whom the commit adds does not wait any more");
        if (item.leaf > UINT16_MAX)
            return refusal(REASON_MALFORMED, "a leaf is out of range");
        for (unsigned i = 0; i < u->placed_count; i++)
            if (u->placed[i] == who || u->leaves[i] == item.leaf)
                return refusal(REASON_MALFORMED, "a joiner or a leaf is named twice");
        u->placed[u->placed_count] = who;
        u->leaves[u->placed_count++] = item.leaf;
    }
    return answered();
}

/* The Welcome is for those who are listed, and for all of them. */
static struct answer judge_welcome(const struct upload *u)
{
    const struct signal_commit *c = u->commit;
    struct bytes secrets, reference;
    unsigned met = 0;

    if (u->placed_count == 0)
        return c->welcome.len == 0 && c->tree.len == 0
                   ? answered()
                   : refusal(REASON_MALFORMED, "a Welcome or a tree for nobody");
    if (c->tree.len == 0 || clear_welcome(c->welcome, &secrets) != OK)
        return refusal(REASON_MALFORMED, "joiners need a Welcome and the tree");
    for (; clear_welcome_next(&secrets, &reference); met++) {
        unsigned i = 0;

        while (i < u->placed_count && !bytes_equal(reference, BYTES_OF(u->placed[i]->reference)))
            i++;
        if (i == u->placed_count)
            return refusal(REASON_MALFORMED, "the Welcome is for somebody who is not listed");
    }
    return met == u->placed_count ? answered() : refusal(REASON_MALFORMED, "the Welcome leaves out a joiner");
}

/* What members would refuse the house refuses as well (attack F4): only a moderator removes who is not lost.
 */
static struct answer judge_removed(struct upload *u)
{
    struct session *s = u->by;
    struct bytes list = u->commit->removed;
    struct signal_gone item;
    struct charter charter;
    bool moderates, is_lost;
    enum result res = rooms_charter(s->house, s->gathering->room, &charter);

    if (res != OK)
        return trouble(res);
    moderates = charter_moderator(&charter, s->account);
    while (signal_gone_next(&list, &item)) {
        if (u->removed_count == TABLE_LEAVES)
            return refusal(REASON_FULL, "a table does not have so many leaves");
        for (unsigned i = 0; i < u->removed_count; i++)
            if (u->removed[i] == item.leaf)
                return refusal(REASON_MALFORMED, "a leaf is removed twice");
        res = seating_leaf(s->house, s->gathering->room, s->gathering->number, item.leaf, &is_lost);
        if (res == E_NOT_FOUND || item.leaf == s->leaf)
            return refusal(REASON_MALFORMED, "this leaf cannot be removed");
        if (res != OK)
            return trouble(res);
        if (!is_lost && !moderates)
            return refusal(REASON_NOT_YOURS, "only a moderator removes somebody who has not left");
        u->removed[u->removed_count++] = item.leaf;
    }
    return answered();
}

static struct answer judge_commit(struct upload *u, const struct delivery_state *state)
{
    const struct signal_commit *c = u->commit;
    struct bytes group;
    uint64_t epoch;
    struct answer how;

    if (c->epoch != state->epoch)
        return refusal(REASON_STALE, "another commit has ended this epoch");
    if (clear_commit(c->commit, &group, &epoch) != OK || epoch != c->epoch ||
        !bytes_equal(group, delivery_group(state)))
        return refusal(REASON_MALFORMED, "not a private commit for this group and epoch");
    how = judge_placed(u);
    if (how.reason == 0)
        how = judge_welcome(u);
    if (how.reason == 0)
        how = judge_removed(u);
    return how;
}

/* The message for the members, without a request's number, in the house's room for plain messages. */
static enum result write_handshake(const struct upload *u, struct bytes *plain)
{
    struct house *h = u->by->house;
    struct writer w = writer_on((struct bytes_mut){h->list, SIGNAL_BYTES});
    struct signal message = {.type = SIGNAL_HANDSHAKE};
    enum result res;

    for (unsigned i = 0; i < u->placed_count; i++)
        seating_put(&w, u->placed[i], u->leaves[i]);
    res = writer_end(&w, &message.handshake.seated);
    if (res != OK)
        return res;
    memcpy(message.handshake.room, u->commit->room, sizeof u->commit->room);
    message.handshake.table = u->commit->table;
    message.handshake.epoch = u->commit->epoch;
    message.handshake.commit = u->commit->commit;
    message.handshake.removed = u->commit->removed;
    return signal_write(&message, (struct bytes_mut){h->plain, SIGNAL_BYTES}, plain);
}

static enum result keep_handshake(struct house *h, const struct gathering *g, uint64_t epoch,
                                  struct bytes plain)
{
    enum result res = store_do(
        h->store, "INSERT INTO handshake (room, number, epoch, message, at_ms) VALUES ($1, $2, $3, $4, $5)",
        NULL, store_bytes(BYTES_OF(g->room)), store_int(g->number), store_int((int64_t)epoch),
        store_bytes(plain), store_int((int64_t)house_unix_ms(h)));

    if (res != OK || epoch < COMMITS_KEPT)
        return res;
    return store_do(h->store, "DELETE FROM handshake WHERE room = $1 AND number = $2 AND epoch <= $3", NULL,
                    store_bytes(BYTES_OF(g->room)), store_int(g->number),
                    store_int((int64_t)(epoch - COMMITS_KEPT)));
}

static enum result accept_inside(struct upload *u, struct bytes plain)
{
    struct house *h = u->by->house;
    const struct gathering *g = u->by->gathering;
    uint64_t changed = 0;
    enum result res = store_do(
        h->store, "UPDATE gathering SET epoch = $3 + 1 WHERE room = $1 AND number = $2 AND epoch = $3",
        &changed, store_bytes(BYTES_OF(g->room)), store_int(g->number), store_int((int64_t)u->commit->epoch));

    if (res == OK && changed == 0)
        res = E_STALE;
    /* RFC 9420, section 12.4.2: removes come first, and their leaves may be taken again. */
    for (unsigned i = 0; i < u->removed_count && res == OK; i++)
        res = seating_remove(h, g->room, g->number, u->removed[i]);
    for (unsigned i = 0; i < u->placed_count && res == OK; i++)
        res = seating_add(u->placed[i], u->leaves[i]);
    if (res == OK)
        res = keep_handshake(h, g, u->commit->epoch, plain);
    return res;
}

/* Only now, accepted, does anybody hear of it. */
static void tell_all(struct upload *u, uint32_t request)
{
    struct session *s = u->by;
    struct house *h = s->house;
    struct gathering *g = s->gathering;
    struct signal done = {.type = SIGNAL_DONE, .request = request};
    struct bytes plain, packed;
    enum result res;

    session_tell(s, &done);
    res = write_handshake(u, &plain);
    if (res == OK)
        res = house_pad(h, plain, &packed);
    for (struct session *other = g->sessions; other != NULL; other = other->beside) {
        if (other->place != PLACE_SEATED)
            continue;
        if (res == OK)
            session_tell_packed(other, packed);
        else
            session_dismiss(other, CLOSE_TRY_LATER);
    }
    for (unsigned i = 0; i < u->removed_count; i++) {
        struct session *gone = gathering_leaf(g, u->removed[i]);

        if (gone == NULL)
            continue; /* lost before, and revoked then */
        seating_revoke(gone);
        seating_gone(gone);
    }
    for (unsigned i = 0; i < u->placed_count; i++) {
        struct session *joiner = u->placed[i];

        seating_take(joiner, u->leaves[i]);
        seating_tell(joiner, joiner->enter_request, u->commit->epoch + 1, u->commit->welcome,
                     u->commit->tree);
    }
}

struct answer delivery_commit(struct session *s, const struct signal *message)
{
    struct upload u = {.by = s, .commit = &message->commit};
    struct delivery_state state;
    struct bytes plain;
    struct answer how;
    enum result res;

    if (!is_at(s, u.commit->room, u.commit->table, PLACE_SEATED))
        return refusal(REASON_NOT_NOW, "only who sits at the table commits");
    res = delivery_get(s->house, s->gathering->room, s->gathering->number, &state);
    if (res != OK)
        return trouble(res);
    how = judge_commit(&u, &state);
    if (how.reason != 0)
        return how;
    res = write_handshake(&u, &plain);
    if (res != OK)
        return refusal(REASON_MALFORMED, "the commit and its lists are too long together");
    res = store_begin(s->house->store);
    if (res != OK)
        return trouble(res);
    res = conclude(s->house, accept_inside(&u, plain));
    if (res == E_STALE)
        return refusal(REASON_STALE, "another commit has ended this epoch");
    if (res == E_EXISTS)
        return refusal(REASON_MALFORMED, "a joiner's leaf is taken");
    if (res != OK)
        return trouble(res);

    tell_all(&u, message->request);
    s->gathering->last_commit_ms = s->house->now_ms;
    doorkeeper_committed(s->gathering, s);
    return answered();
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
    return conclude(h, res);
}

void delivery_deserted(struct house *h, const uint8_t room[static 32], uint16_t number)
{
    struct gathering *g = gathering_find(h, room, number);
    struct delivery_state state;
    enum result res;

    if (g != NULL && gathering_count(g, PLACE_SEATED) != 0)
        return;
    if (g != NULL)
        gathering_end_media(g);
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

enum result delivery_clear_all(struct house *h)
{
    enum result res = store_begin(h->store);

    if (res != OK)
        return res;
    res = store_run(h->store, "UPDATE gathering SET epoch = 0, group_id = NULL", NULL, 0, NULL);
    if (res == OK)
        res = store_run(h->store, "DELETE FROM handshake", NULL, 0, NULL);
    if (res == OK)
        res = seating_clear_all(h);
    if (res == OK)
        res = rooms_mark_all(h);
    return conclude(h, res);
}

static enum result forget_old_commits(struct house *h)
{
    uint64_t now = house_unix_ms(h);
    enum result res = store_begin(h->store);

    if (res != OK)
        return res;
    res = store_do(h->store, "DELETE FROM handshake WHERE at_ms <= $1", NULL,
                   store_int((int64_t)(now - (COMMITS_KEPT_MS - SWEEP_MS))));
    return conclude(h, res);
}

/* Tables that could not be cleared when the last one left. */
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

static void sweep(struct house *h)
{
    uint8_t room[32];
    uint16_t number;
    enum result res = forget_old_commits(h);

    if (res != OK)
        log_warn("house", "old commits were not forgotten", (struct log_tag){0}, res);
    if (find_deserted(h, room, &number) == OK)
        delivery_deserted(h, room, number);
    h->sweep_due_ms = h->now_ms + SWEEP_MS;
}

void delivery_due(struct house *h)
{
    for (struct gathering *g = h->gatherings; g != NULL; g = g->next) {
        if (g->due_ms <= h->now_ms) {
            g->due_ms = UINT64_MAX;
            doorkeeper_ask(g);
        }
        house_wake(h, g->due_ms);
    }
    if (h->now_ms >= h->sweep_due_ms)
        sweep(h);
    house_wake(h, h->sweep_due_ms);
}
