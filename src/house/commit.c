#include "house/doorkeeper.h"
#include "house/gathering.h"
#include "house/standing.h"
#include "house/trial.h"
#include "house/words.h"

#include "wire/statement.h"

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
    message.handshake.roles = u->commit->roles;
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

/* A block shuts the room to the account, a kick to the account's pseudonyms if it was one of them, and to
 * nobody's name (attack F20). */
static enum result remove_one(const struct upload *u, unsigned i)
{
    struct house *h = u->by->house;
    const struct gathering *g = u->by->gathering;
    const struct seat *seat = &u->removed[i];
    enum result res = seating_remove(h, g->room, g->number, seat->leaf);

    if (res == OK && u->why[i] == SIGNAL_BLOCKED && !seat->is_pseudonym)
        res = standing_bar(h, g->room, seat->account, false);
    if (res == OK && seat->is_pseudonym && (u->why[i] == SIGNAL_KICKED || u->why[i] == SIGNAL_BLOCKED))
        res = standing_bar(h, g->room, seat->account, true);
    return res;
}

static enum result note_one(struct upload *u, const uint8_t account[static 32])
{
    return standing_note(u->by->house, u->commit->room, account, &u->notes[u->note_count++]);
}

/* What is said of accounts before the commit, for the case that it is undone. */
static enum result note_before(struct upload *u)
{
    struct bytes list = u->commit->words;
    struct statement word;
    enum result res = words_count(u->by->house, u->commit->room, &u->words_before);

    u->notes = calloc(u->removed_count + u->moved_count + list.len / STATEMENT_BYTES + 1, sizeof *u->notes);
    if (u->notes == NULL)
        return E_NO_MEMORY;
    for (unsigned i = 0; i < u->removed_count && res == OK; i++)
        res = note_one(u, u->removed[i].account);
    for (unsigned i = 0; i < u->moved_count && res == OK; i++)
        res = note_one(u, u->moved[i].who->account);
    while (res == OK && statement_next(&list, &word) == OK)
        res = note_one(u, word.subject);
    return res;
}

static enum result accept_inside(struct upload *u, struct bytes plain)
{
    struct house *h = u->by->house;
    const struct gathering *g = u->by->gathering;
    uint64_t changed = 0;
    enum result res = note_before(u);

    if (res == OK)
        res = store_do(h->store,
                       "UPDATE gathering SET epoch = $3 + 1 WHERE room = $1 AND number = $2 AND epoch = $3",
                       &changed, store_bytes(BYTES_OF(g->room)), store_int(g->number),
                       store_int((int64_t)u->commit->epoch));

    if (res == OK && changed == 0)
        res = E_STALE;
    /* RFC 9420, section 12.4.2: removes come first, and their leaves may be taken again. */
    for (unsigned i = 0; i < u->removed_count && res == OK; i++)
        res = remove_one(u, i);
    for (unsigned i = 0; i < u->placed_count && res == OK; i++)
        res = seating_add(u->placed[i], u->leaves[i]);
    if (res == OK)
        res = stage_keep(u);
    if (res == OK)
        res = words_keep(u);
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
        struct session *gone = gathering_leaf(g, u->removed[i].leaf);

        if (gone != NULL) /* else lost before, and revoked then */
            seating_end(gone, u->why[i]);
    }
    stage_take(u);
    for (unsigned i = 0; i < u->placed_count; i++) {
        struct session *joiner = u->placed[i];

        seating_take(joiner, u->leaves[i]);
        joiner->seated_by = s->leaf;
        seating_tell(joiner, joiner->enter_request, u->commit->epoch + 1, u->commit->welcome,
                     u->commit->tree);
    }
}

/* What could not be stored has not happened: whoever would have come in hears why, and does not wait for
 * another doorkeeper who can do no more. */
static void tell_refused(struct upload *u, struct answer why)
{
    for (unsigned i = 0; i < u->placed_count; i++) {
        struct session *joiner = u->placed[i];

        session_answer(joiner, joiner->enter_request, why);
        gathering_quit(joiner);
    }
}

/* Moderators, and whoever was asked to, commit as they please; others now and then (attack F27). */
static bool may_commit(struct session *s)
{
    const struct gathering *g = s->gathering;
    bool rested;

    return s->moderates || (g->asked && g->asked_leaf == s->leaf) ||
           allowance_spend(&s->commits, s->house->now_ms, HOUSE_COMMITS_BURST, HOUSE_COMMITS_EACH_MS,
                           &rested);
}

struct answer delivery_commit(struct session *s, const struct signal *message)
{
    struct upload u = {.by = s, .commit = &message->commit};
    struct delivery_state state;
    struct bytes plain;
    struct answer how;
    enum result res;

    if (!gathering_has(s, u.commit->room, u.commit->table, PLACE_SEATED))
        return refusal(REASON_NOT_NOW, "only who sits at the table commits");
    res = delivery_get(s->house, s->gathering->room, s->gathering->number, &state);
    if (res != OK)
        return trouble(res);
    if (s->gathering->trial != NULL) {
        res = trial_hold(s, message, &state);
        if (res == OK)
            return answered();
        if (res != E_STATE)
            return trouble(res);
        if (u.commit->epoch == state.epoch)
            return refusal(REASON_TOO_MANY, "too many commits wait already");
    }
    if (!may_commit(s))
        return refusal(REASON_TOO_MANY, "too many commits in too short a time");
    how = upload_judge(&u, &state);
    if (how.reason != 0)
        return how;
    res = write_handshake(&u, &plain);
    if (res != OK)
        return refusal(REASON_MALFORMED, "the commit and its lists are too long together");
    res = store_begin(s->house->store);
    if (res != OK)
        return trouble(res);
    res = house_conclude(s->house, accept_inside(&u, plain));
    if (res != OK)
        free(u.notes);
    if (res == E_STALE)
        return refusal(REASON_STALE, "another commit has ended this epoch");
    if (res == E_EXISTS)
        return refusal(REASON_MALFORMED, "a joiner's leaf is taken");
    if (res != OK) {
        tell_refused(&u, trouble(res));
        doorkeeper_anew(s->gathering);
        return trouble(res);
    }

    trial_begin(&u);
    free(u.notes);
    tell_all(&u, message->request);
    s->gathering->epoch_since_ms = s->house->now_ms;
    s->gathering->last_commit_ms = s->house->now_ms;
    doorkeeper_committed(s->gathering, s);
    return answered();
}
