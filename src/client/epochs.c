#include "client/inside.h"

#include <string.h>

enum { EPOCH_SLACK_MS = 15000, OWN_BACK_US = 2 * 1000 * 1000 };

/* Whom the house takes for following the epoch (F5). What is lost of it is not missed: others answer too. */
static void answer(struct client *s)
{
    struct signal signal = {.type = SIGNAL_ANSWER};

    memcpy(signal.answer.room, s->options.room, sizeof signal.answer.room);
    signal.answer.epoch = core_room_epoch(s->core);
    memcpy(signal.answer.value, core_room_answer(s->core).at, sizeof signal.answer.value);
    if (client_ask(s, &signal) != OK)
        return;
}

void epochs_begun(struct client *s)
{
    answer(s);
    s->plan_due_us = 0; /* a change is planned at once */
    s->epoch_us = s->epoch_began_us = loop_now_us();
    s->epoch_told = false;
    client_tell(s, (struct client_news){.kind = NEWS_EPOCH, .epoch = core_room_epoch(s->core)});
    client_tell(s, (struct client_news){.kind = NEWS_ROSTER});
}

enum result epochs_commit(struct client *s, const struct core_order *order, uint16_t table)
{
    struct signal signal = {.type = SIGNAL_COMMIT};
    struct signal_commit *ask = &signal.commit;
    const struct core_commit *made;
    enum result res;

    if (!s->linked)
        return E_STATE;
    if (s->commit_number != 0)
        return E_AGAIN;
    res = core_room_commit(s->core, client_time(), order, &made);
    if (res != OK)
        return res;
    memcpy(ask->room, s->options.room, sizeof ask->room);
    ask->table = table;
    ask->epoch = made->epoch;
    ask->commit = made->commit;
    ask->welcome = made->welcome;
    ask->tree = made->tree;
    ask->seated = made->seated;
    ask->removed = made->removed;
    ask->roles = made->roles;
    ask->words = made->words;
    res = client_ask(s, &signal);
    if (res == OK) {
        s->commit_number = signal.request;
        s->commit_taken_us = 0;
    }
    return res;
}

/* What does not lead to a commit leaves the duty to the next. */
void epochs_waiting(struct client *s, const struct signal_waiting *waiting)
{
    const struct core_order order = {
        .epoch = waiting->epoch,
        .group_id = waiting->group_id,
        .joiners = waiting->joiners,
        .lost = waiting->lost,
    };

    if (!client_is_in_room(s) || !bytes_equal(waiting->group_id, core_room_group_id(s->core)))
        return;
    if (waiting->epoch > core_room_epoch(s->core))
        comeback_behind(s);
    else if (epochs_commit(s, &order, waiting->table) != OK)
        return;
}

/* A house that takes nobody's commit has one key last as long as it likes. It cannot do so unseen. */
static void epoch_watch(struct client *s, uint64_t now_us)
{
    if (s->epoch_told || !s->linked ||
        now_us < s->epoch_began_us + (EPOCH_MS + EPOCH_SLACK_MS) * UINT64_C(1000))
        return;
    s->epoch_told = true;
    client_alarm(s, "the room's keys are older than two minutes: the house lets nobody change them");
}

void epochs_taken(struct client *s, uint32_t number)
{
    if (number == s->commit_number)
        s->commit_taken_us = loop_now_us();
}

/* What the house has taken it brings back at once; else it is asked for it. */
static void await_own(struct client *s, uint64_t now_us)
{
    if (s->commit_number != 0 && s->commit_taken_us != 0 && now_us >= s->commit_taken_us + OWN_BACK_US)
        comeback_behind(s);
}

/* No epoch lasts longer than EPOCH_MS (F18): the lowest leaf sees to that, then the next. */
void epochs_due(struct client *s, uint64_t now_us)
{
    const uint64_t first_us = s->epoch_us + (uint64_t)(EPOCH_MS - CLIENT_EPOCH_EARLY_MS) * 1000;
    uint64_t rank = 0;

    epoch_watch(s, now_us);
    await_own(s, now_us);
    if (now_us < first_us)
        return;
    while (rank < s->seat_count && s->seats[rank].leaf != core_room_leaf(s->core))
        rank++;
    if (now_us >= first_us + rank * 1000 * 1000) {
        const struct core_order order = {
            .epoch = core_room_epoch(s->core),
            .group_id = core_room_group_id(s->core),
        };

        s->epoch_us += 1000 * 1000; /* for another try, should this one come to nothing */
        if (epochs_commit(s, &order, 0) != OK)
            return;
    }
}

void epochs_refused(struct client *s, uint32_t number, const struct signal_refused *refused)
{
    if (number != s->commit_number)
        return; /* of an epoch that is over: its handshake has said so */
    s->commit_number = 0;
    if (refused->reason == REASON_STALE) {
        comeback_behind(s); /* whoever was first should have been told of before this */
        wish_epoch(s, false);
    } else {
        wish_refused(s, refused);
    }
}

/* Why we were removed, by the list that everybody got, as far as the commit bears it out. */
static uint8_t why_gone(struct bytes removed, uint32_t leaf, bool kicked)
{
    struct signal_gone gone;

    while (signal_gone_next(&removed, &gone))
        if (gone.leaf == leaf && kicked == (gone.why == SIGNAL_KICKED || gone.why == SIGNAL_BLOCKED))
            return gone.why;
    return kicked ? SIGNAL_KICKED : SIGNAL_LOST;
}

static void follow(struct client *s, const struct signal_handshake *handshake,
                   const struct core_change *change)
{
    for (size_t i = 0; i < change->went_count; i++)
        people_drop(s, change->went[i].leaf);
    for (size_t i = 0; i < change->moved_count; i++)
        people_move(s, &change->moved[i]);
    for (size_t i = 0; i < change->came_count; i++)
        people_add(s, &change->came[i], handshake->seated);
    epochs_begun(s);
    hearing_stage(s);
    wish_epoch(s, change->own);
}

void epochs_handshake(struct client *s, const struct signal_handshake *handshake)
{
    const struct core_handshake taken = {handshake->commit, handshake->seated, handshake->removed,
                                         handshake->roles};
    const struct core_change *change;
    struct core_mark mark;
    uint32_t leaf;
    enum result res, marked;

    if (!client_is_in_room(s))
        return;
    leaf = core_room_leaf(s->core);
    marked = core_room_mark(s->core, &mark);
    res = core_room_take(s->core, client_time(), &taken, &change);
    if (res == OK && marked == OK)
        s->mark = mark; /* an epoch upon which another was built is not undone any more */
    if (res == E_STALE)
        return;
    s->commit_number = 0;
    if (res == E_NO_KEY) {
        arrival_again(s);
        return;
    }
    if (res == E_NOT_FOUND)
        plan_split(s);
    else if (res != OK)
        client_alarm(s, "a change of the room was refused");
    if (res != OK)
        return;
    if (change->alarm)
        client_alarm(s, "the house's word about who came or went is not what the members' is");
    if (change->out)
        departure_seat_ended(s, why_gone(handshake->removed, leaf, change->kicked), true);
    else
        follow(s, handshake, change);
}
