#include "house/doorkeeper.h"
#include "house/delivery.h"
#include "house/gathering.h"
#include "house/rooms.h"
#include "house/seating.h"
#include "house/words.h"

#include "crypto/crypto.h"
#include "wire/charter.h"
#include "wire/envelope.h"

/* One round lets in so many, so that commit, Welcome and tree stay within their limits. */
enum { JOINERS_MAX = 32, JOINERS_BYTES = 24 * 1024, LOST_MAX = 64 };

/* A doorkeeper may err, or commit before he hears of a joiner: one more is asked, no third. */
enum { PASSED_OVER_MAX = 2 };

/* Plain leaves are batched; and a failure of the disk is tried again after as long. */
enum { REKEY_MS = 1000 };

/* Where people come in a stream, those of so long a time share a commit (field report G42): each costs every
 * member work, and no more than COMMITS_KEPT are kept for who was away. The first few do not wait. */
enum { ADMIT_BURST = 8, ADMIT_EACH_MS = 100 };

/* Time for two doorkeepers to answer before the epoch is as old as it may be. */
enum { EPOCH_OLD_MS = EPOCH_MS - 2 * DOORKEEPER_MS };

void doorkeeper_stir(struct gathering *g, uint64_t at_ms)
{
    if (at_ms < g->due_ms)
        g->due_ms = at_ms;
    house_wake(g->house, g->due_ms);
}

void doorkeeper_anew(struct gathering *g)
{
    g->asked = false;
    doorkeeper_stir(g, g->house->now_ms);
}

static void send_away(struct session *s)
{
    struct signal message = {.type = SIGNAL_REFUSED, .request = s->enter_request};

    message.refused.reason = REASON_MALFORMED;
    message.refused.text = BYTES_TEXT("no doorkeeper takes this KeyPackage");
    session_tell(s, &message);
    gathering_quit(s);
}

void doorkeeper_committed(struct gathering *g, const struct session *by)
{
    bool was_asked = g->asked && g->asked_leaf == by->leaf, left_out = false;
    struct session *next;

    for (struct session *s = g->sessions; s != NULL && was_asked; s = next) {
        next = s->beside;
        if (s->place != PLACE_WAITING || !s->offered)
            continue;
        left_out = true;
        if (++s->passed_over >= PASSED_OVER_MAX)
            send_away(s);
    }
    doorkeeper_anew(g);
    /* As if the one who was asked had not answered. */
    if (left_out) {
        g->asked = true;
        g->asked_until_ms = g->house->now_ms;
    }
}

/* Somebody who was seated left without ever having followed: the Welcome may have been good for nothing, and
 * nobody but its maker can tell (attack F23). The duty goes to others, as long as there are any. */
void doorkeeper_failed(struct gathering *g, uint32_t leaf)
{
    struct session *s = gathering_leaf(g, leaf);

    if (s != NULL)
        s->shunned = true;
}

static struct session *willing(const struct gathering *g, uint32_t from)
{
    struct session *s = gathering_awake(g, from);

    while (s != NULL && s->shunned)
        s = gathering_awake(g, s->leaf + 1);
    return s;
}

static struct session *whom(const struct gathering *g)
{
    struct session *next = g->asked ? willing(g, g->asked_leaf + 1) : NULL;

    if (next == NULL)
        next = willing(g, 0);
    if (next == NULL && g->asked)
        next = gathering_awake(g, g->asked_leaf + 1);
    return next != NULL ? next : gathering_awake(g, 0);
}

/* Who has waited longest comes first. */
static struct session *next_joiner(const struct gathering *g, uint32_t after)
{
    struct session *next = NULL;

    for (struct session *s = g->sessions; s != NULL; s = s->beside)
        if (s->place == PLACE_WAITING && s->state != SESSION_ENDED && s->waiting > after &&
            (next == NULL || s->waiting < next->waiting))
            next = s;
    return next;
}

static enum result write_joiners(struct gathering *g, struct writer *w, struct bytes *list)
{
    struct session *s;
    size_t used = 0;

    for (s = g->sessions; s != NULL; s = s->beside)
        s->offered = false;
    s = next_joiner(g, 0);
    for (unsigned count = 0; s != NULL && count < JOINERS_MAX; count++) {
        struct signal_joiner item = {.waiting = s->waiting,
                                     .key_package = bytes(s->key_package, s->key_package_len),
                                     .replaces = s->replaces};

        memcpy(item.replaces_signature, s->replaces_signature, sizeof item.replaces_signature);
        used += s->key_package_len;
        if (used > JOINERS_BYTES)
            break;
        signal_joiner_put(w, &item);
        s->offered = true;
        s = next_joiner(g, s->waiting);
    }
    return writer_end(w, list);
}

/* The house's word that a seat is lost, for this group and epoch alone (attack F4). */
static enum result sign_lost(const struct gathering *g, const struct delivery_state *state, uint32_t leaf,
                             uint8_t signature[static 64])
{
    uint8_t content_room[128], signed_room[ENVELOPE_SIGNED_BYTES];
    struct bytes content, message;
    enum result res = seat_lost_write(delivery_group(state), state->epoch, leaf,
                                      (struct bytes_mut){content_room, sizeof content_room}, &content);

    if (res == OK)
        res = envelope_signed(ENVELOPE_SEAT_LOST, g->house->key, g->room, content,
                              (struct bytes_mut){signed_room, sizeof signed_room}, &message);
    return res == OK ? crypto_ed25519_sign(store_key(g->house->store), message, signature) : res;
}

static enum result write_lost(const struct gathering *g, const struct delivery_state *state, struct writer *w,
                              struct bytes *list)
{
    uint32_t leaves[LOST_MAX];
    size_t count = 0;
    enum result res = seating_lost(g->house, g->room, g->number, leaves, LOST_MAX, &count);

    for (size_t i = 0; i < count && res == OK; i++) {
        struct signal_lost item = {.leaf = leaves[i]};

        res = sign_lost(g, state, leaves[i], item.signature);
        if (res == OK)
            signal_lost_put(w, &item);
    }
    return res == OK ? writer_end(w, list) : res;
}

/* Nobody comes or goes: an epoch that has lasted for long ends with an empty commit (attack F18). */
static bool is_old(const struct gathering *g)
{
    return g->house->now_ms >= g->epoch_since_ms + EPOCH_OLD_MS;
}

/* When the next commit may be asked for: now, or later. */
static uint64_t ask_from_ms(struct gathering *g, bool joiners)
{
    bool rested;

    if (!joiners)
        return g->last_commit_ms + REKEY_MS;
    if (gathering_count(g, PLACE_WAITING) >= JOINERS_MAX ||
        allowance_spend(&g->admits, g->house->now_ms, ADMIT_BURST, ADMIT_EACH_MS, &rested))
        return g->house->now_ms;
    return g->admits.at_ms + ADMIT_EACH_MS;
}

static enum result ask(struct gathering *g, struct session *doorkeeper)
{
    const size_t half = SIGNAL_BYTES / 2;
    struct house *h = g->house;
    struct writer first = writer_on((struct bytes_mut){h->list, half});
    struct writer second = writer_on((struct bytes_mut){h->list + half, half});
    struct signal message = {.type = SIGNAL_WAITING};
    struct delivery_state state;
    uint64_t from_ms;
    enum result res = delivery_get(h, g->room, g->number, &state);

    if (res == OK)
        res = write_joiners(g, &first, &message.waiting.joiners);
    if (res == OK)
        res = write_lost(g, &state, &second, &message.waiting.lost);
    if (res != OK)
        return res;
    if (message.waiting.joiners.len == 0 && message.waiting.lost.len == 0 && !is_old(g)) {
        g->asked = false;
        return OK;
    }
    from_ms = ask_from_ms(g, message.waiting.joiners.len != 0);
    if (h->now_ms < from_ms) {
        doorkeeper_stir(g, from_ms);
        return OK;
    }

    memcpy(message.waiting.room, g->room, sizeof g->room);
    message.waiting.table = g->number;
    message.waiting.epoch = state.epoch;
    message.waiting.group_id = delivery_group(&state);
    session_tell(doorkeeper, &message);
    g->asked = true;
    g->asked_leaf = doorkeeper->leaf;
    g->asked_until_ms = h->now_ms + DOORKEEPER_MS;
    doorkeeper_stir(g, g->asked_until_ms);
    return OK;
}

/* Whoever waits may be about to take this seat's place: its holder does not come back to it. */
static bool is_replaced(const struct gathering *g, const struct session *seated)
{
    for (const struct session *s = g->sessions; s != NULL; s = s->beside)
        if ((s->place == PLACE_WAITING || s->place == PLACE_FOUNDING) && s->replaces == seated->leaf &&
            memcmp(s->account, seated->account, sizeof s->account) == 0)
            return true;
    return false;
}

bool doorkeeper_is_awaited(const struct gathering *g)
{
    for (const struct session *s = g->sessions; s != NULL; s = s->beside)
        if (session_awake(s) || (s->place == PLACE_SEATED && !is_replaced(g, s)))
            return true;
    return false;
}

/* Nobody is awake: all who wait may found, and the first to do so has founded. */
static enum result tell_founders(struct gathering *g)
{
    struct writer w = writer_on((struct bytes_mut){g->house->list, SIGNAL_BYTES});
    struct signal message = {.type = SIGNAL_FOUND_TABLE};
    struct delivery_state state;
    struct room room;
    enum result res;

    if (gathering_count(g, PLACE_WAITING) == 0 || doorkeeper_is_awaited(g))
        return OK;
    res = delivery_get(g->house, g->room, g->number, &state);
    if (res == OK)
        res = rooms_get(g->house, g->room, &room);
    if (res == OK)
        res = words_list(g->house, g->room, &w);
    if (res == OK)
        res = writer_end(&w, &message.found_table.words);
    if (res != OK)
        return res;
    memcpy(message.found_table.room, g->room, sizeof g->room);
    message.found_table.table = g->number;
    message.found_table.founding = state.founding + 1;
    message.found_table.charter = room_charter(&room);
    memcpy(message.found_table.signature, room.signature, sizeof room.signature);
    for (struct session *s = g->sessions; s != NULL; s = s->beside) {
        if (s->place != PLACE_WAITING)
            continue;
        s->place = PLACE_FOUNDING;
        message.request = s->enter_request;
        session_tell(s, &message);
    }
    return OK;
}

void doorkeeper_ask(struct gathering *g)
{
    struct session *doorkeeper;
    enum result res;

    if (g->epoch_since_ms == 0)
        g->epoch_since_ms = g->house->now_ms;
    doorkeeper_stir(g, g->epoch_since_ms + EPOCH_OLD_MS > g->house->now_ms ? g->epoch_since_ms + EPOCH_OLD_MS
                                                                           : UINT64_MAX);
    if (g->trial != NULL) /* its end stirs again */
        return;
    if (g->asked && g->house->now_ms < g->asked_until_ms) {
        doorkeeper_stir(g, g->asked_until_ms);
        return;
    }
    doorkeeper = whom(g);
    if (doorkeeper == NULL)
        g->asked = false;
    res = doorkeeper == NULL ? tell_founders(g) : ask(g, doorkeeper);
    if (res != OK) {
        log_warn("house", "a doorkeeper could not be asked", (struct log_tag){0}, res);
        doorkeeper_stir(g, g->house->now_ms + REKEY_MS);
    }
}
