/* What members say to one another besides their voices, and the steward's plan, by which they notice that
 * they are not all in one room. docs/protocol.md, "Talk" and "Plan". */
#include "core/room.h"

#include <string.h>

/* --- The plan --- */

static uint64_t clock_of(const struct core_room *room, struct core_now now)
{
    return now.ms + room->unix_ahead_ms;
}

const struct core_member *core_room_steward(const struct core_room *room)
{
    for (size_t i = 0; i < room->roster.count; i++)
        if (room->roster.members[i].moderator)
            return &room->roster.members[i];
    return NULL;
}

static struct talk_table own_table(const struct core_room *room)
{
    struct talk_table table = {.epoch = group_epoch(room->group), .leaves = (uint16_t)room->roster.count};

    memcpy(table.tree_hash, group_tree_hash(room->group).at, sizeof table.tree_hash);
    return table;
}

static enum result roles_hash(const struct core_room *room, uint8_t out[static 32])
{
    struct bytes statements;
    enum result res = group_context_extension(room->group, EXTENSION_ROLES, &statements);

    return res == OK ? crypto_sha256(&statements, 1, out) : res;
}

enum result core_room_plan(struct core_room *room, struct core_now now, struct talk *out)
{
    struct talk talk = {.type = TALK_PLAN, .plan = {.clock_ms = clock_of(room, now)}};
    struct writer w = writer_over(room->tables);
    struct talk_table table;
    const struct core_member *self;
    enum result res;

    if (room->stage != ROOM_SEATED)
        return E_STATE;
    self = roster_find(&room->roster, group_own_leaf(room->group));
    if (self == NULL || !self->moderator)
        return E_REFUSED;
    table = own_table(room);
    talk_table_put(&w, &table);
    res = writer_end(&w, &talk.plan.tables);
    if (res == OK)
        res = roles_hash(room, talk.plan.roles_hash);
    if (res != OK)
        return res;
    memcpy(talk.plan.media_hash, room->media_hash, sizeof talk.plan.media_hash);
    *out = talk;
    return OK;
}

static bool has_own_table(const struct core_room *room, struct bytes tables)
{
    struct talk_table mine = own_table(room), table;
    unsigned found = 0;

    while (talk_table_next(&tables, &table)) {
        if (table.table != mine.table)
            continue;
        if (table.epoch != mine.epoch || table.leaves != mine.leaves ||
            memcmp(table.tree_hash, mine.tree_hash, sizeof mine.tree_hash) != 0)
            return false;
        found++;
    }
    return found == 1;
}

/* F17: whoever holds plans back makes each later one older than the first were. Clocks differ, so every
 * steward is measured by its own. */
static bool is_late(struct core_room *room, struct core_now now, uint32_t leaf, uint64_t clock_ms)
{
    struct plan_lag *lag = &room->lags[leaf];
    int64_t lag_ms = (int64_t)(clock_of(room, now) - clock_ms);

    if (!lag->known || lag_ms < lag->least_ms)
        *lag = (struct plan_lag){true, lag_ms};
    return lag_ms - lag->least_ms > PLAN_LAG_MS;
}

static enum result judge_plan(struct core_room *room, struct core_now now, struct core_said *said)
{
    const struct talk_plan *plan = &said->talk.plan;
    uint8_t roles[32];
    enum result res = roles_hash(room, roles);

    if (res != OK)
        return res;
    if (!has_own_table(room, plan->tables) || memcmp(roles, plan->roles_hash, sizeof roles) != 0 ||
        !equal_secret(room->media_hash, plan->media_hash, sizeof room->media_hash))
        said->plan = CORE_PLAN_DIFFERS;
    else
        said->plan = is_late(room, now, said->leaf, plan->clock_ms) ? CORE_PLAN_LATE : CORE_PLAN_AGREES;
    return OK;
}

struct bytes core_room_answer(const struct core_room *room)
{
    return BYTES_OF(room->answer);
}

/* --- Who may say what, and what it does --- */

static enum result may_say(const struct core_room *room, const struct core_member *by,
                           const struct talk *talk)
{
    switch (talk->type) {
    case TALK_MUTE:
        if (!by->moderator)
            return E_REFUSED;
        return roster_find(&room->roster, talk->mute.leaf) == NULL ? E_NOT_FOUND : OK;
    case TALK_PLAN:
        return by->moderator ? OK : E_REFUSED;
    default:
        return OK;
    }
}

static void heed(struct core_room *room, uint32_t leaf, const struct talk *talk)
{
    if (talk->type == TALK_MUTE)
        keyring_mute(room->ring, (uint16_t)talk->mute.leaf, true);
    if (talk->type == TALK_UNMUTE)
        keyring_mute(room->ring, (uint16_t)leaf, false);
}

bool core_room_is_muted(const struct core_room *room, uint32_t leaf)
{
    return room->ring != NULL && leaf <= UINT16_MAX && keyring_is_muted(room->ring, (uint16_t)leaf);
}

enum result core_room_say(struct core_room *room, const struct talk *talk, struct bytes *message)
{
    uint8_t text_room[TALK_BYTES];
    struct buffer sealed = {0};
    struct bytes text;
    uint32_t own;
    enum result res;

    if (room->stage != ROOM_SEATED)
        return E_STATE;
    own = group_own_leaf(room->group);
    res = may_say(room, roster_find(&room->roster, own), talk);
    if (res == OK)
        res = talk_write(talk, (struct bytes_mut){text_room, sizeof text_room}, &text);
    if (res == OK)
        res = group_seal(room->group, room->random, text, (struct bytes){0}, &sealed);
    wipe(text_room, sizeof text_room);
    if (res != OK) {
        buffer_free(&sealed);
        return res;
    }
    heed(room, own, talk); /* the house brings it to everybody else */
    buffer_free(&room->said);
    room->said = sealed;
    *message = buffer_bytes(&room->said);
    return OK;
}

enum result core_room_hear(struct core_room *room, struct core_now now, struct bytes message,
                           const struct core_said **out)
{
    struct core_said said = {0};
    struct opened *opened = NULL;
    enum result res;

    if (room->stage != ROOM_SEATED)
        return E_STATE;
    res = group_open(room->group, message, now.unix_s, &opened);
    /* Proposals and commits have no business here: nobody's proposal waits in a room, to spoil the commit of
     * whoever comes next. */
    if (res == OK && opened->kind != OPENED_APPLICATION)
        res = E_REFUSED;
    if (res == OK) {
        said.leaf = opened->sender;
        res = talk_read(opened->application, &said.talk);
    }
    if (res == OK) {
        res = may_say(room, roster_find(&room->roster, said.leaf), &said.talk);
        res = res == E_NOT_FOUND ? E_REFUSED : res; /* not to be taken for another group */
    }
    if (res == OK && said.talk.type == TALK_PLAN)
        res = judge_plan(room, now, &said);
    if (res != OK) {
        opened_free(opened);
        return res;
    }
    heed(room, said.leaf, &said.talk);
    opened_free(room->opened);
    room->opened = opened;
    room->heard = said;
    *out = &room->heard;
    return OK;
}
