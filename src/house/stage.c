#include "house/stage.h"
#include "house/gathering.h"
#include "house/rooms.h"
#include "house/standing.h"
#include "house/upload.h"

enum result stage_refresh(struct session *s, const struct charter *charter)
{
    struct standing standing = {.speaks = charter->stage == CHARTER_EVERYONE};
    enum result res = OK;

    if (s->alias_len == 0)
        res = standing_of(s->house, s->gathering->room, charter, s->account, &standing);
    if (res != OK)
        return res;
    s->moderates = standing.moderates;
    s->invited = standing.speaks;
    s->role = stage_role(s->moderates, s->invited, s->wants);
    return OK;
}

static struct move *find_move(struct upload *u, const struct session *who)
{
    for (unsigned i = 0; i < u->moved_count; i++)
        if (u->moved[i].who == who)
            return &u->moved[i];
    return NULL;
}

static struct move *move_of(struct upload *u, struct session *who, uint32_t leaf)
{
    struct move *m = find_move(u, who);

    if (m != NULL)
        return m;
    if (u->moved_count == TABLE_LEAVES)
        return NULL;
    m = &u->moved[u->moved_count++];
    *m = (struct move){who, leaf, who->invited, who->wants, who->moderates, who->role, false, false};
    return m;
}

static struct session *find_placed(const struct upload *u, uint32_t leaf)
{
    for (unsigned i = 0; i < u->placed_count; i++)
        if (u->leaves[i] == leaf)
            return u->placed[i];
    return NULL;
}

/* Under his own name. */
static bool is_room_maker(const struct upload *u, const struct session *s)
{
    return s->alias_len == 0 && memcmp(s->account, u->charter.maker, 32) == 0;
}

/* A moderator's word on another, or on itself. */
static struct answer moderate(const struct upload *u, struct move *m, uint8_t role)
{
    bool is_maker = is_room_maker(u, m->who);

    if (is_maker && m->who != u->by)
        return refusal(REASON_NOT_YOURS, "nobody overrules the room's maker");
    if (role == SIGNAL_MODERATOR || role == SIGNAL_NO_MODERATOR) {
        m->moderates = is_maker || role == SIGNAL_MODERATOR;
        m->of_moderating = m->who->alias_len == 0;
    } else if (m->who == u->by) {
        m->wants = role == SIGNAL_SPEAKER;
    } else {
        m->invited = role == SIGNAL_SPEAKER;
        m->of_speaking = m->who->alias_len == 0;
    }
    return answered();
}

static struct answer judge_one(struct upload *u, const struct signal_moved *item)
{
    struct session *who = find_placed(u, item->leaf);
    bool is_joiner = who != NULL;
    struct move *m;

    if (item->role > SIGNAL_NO_MODERATOR)
        return refusal(REASON_MALFORMED, "no such role");
    if (!is_joiner && upload_removes(u, item->leaf))
        return answered();
    if (who == NULL)
        who = gathering_leaf(u->by->gathering, item->leaf);
    if (who == NULL) /* lost, and about to be removed */
        return answered();
    if (!u->by->moderates && is_joiner) /* it comes as the house knows it */
        return answered();
    if (!u->by->moderates && (who != u->by || item->role > SIGNAL_SPEAKER))
        return refusal(REASON_NOT_YOURS, "only a moderator says what another may do");
    m = move_of(u, who, item->leaf);
    if (m == NULL)
        return refusal(REASON_FULL, "a table does not have so many leaves");
    if (u->by->moderates)
        return moderate(u, m, item->role);
    m->wants = item->role == SIGNAL_SPEAKER;
    return m->wants && !m->invited ? refusal(REASON_NOT_YOURS, "no moderator has invited you on stage")
                                   : answered();
}

/* On stage after the commit, joiners aside. */
static unsigned count_speakers(const struct upload *u)
{
    unsigned count = 0;

    for (const struct session *s = u->by->gathering->sessions; s != NULL; s = s->beside) {
        enum signal_role role = s->role;

        if (s->place != PLACE_SEATED || upload_removes(u, s->leaf))
            continue;
        for (unsigned i = 0; i < u->moved_count; i++)
            if (u->moved[i].who == s)
                role = u->moved[i].role;
        count += role == SIGNAL_SPEAKER;
    }
    return count;
}

struct answer stage_judge(struct upload *u)
{
    struct bytes list = u->commit->roles;
    struct signal_moved item;
    unsigned speakers;
    bool rises = false;

    /* It may have been named while it was on its way, or by a commit that it was not there for. */
    for (unsigned i = 0; i < u->placed_count; i++) {
        enum result res = stage_refresh(u->placed[i], &u->charter);

        if (res != OK)
            return trouble(res);
    }
    while (signal_moved_next(&list, &item)) {
        struct answer how = judge_one(u, &item);

        if (how.reason != 0)
            return how;
    }
    for (unsigned i = 0; i < u->moved_count; i++) {
        struct move *m = &u->moved[i];

        m->role = stage_role(m->moderates, m->invited, m->wants);
        rises = rises || (m->who->place == PLACE_SEATED && m->role == SIGNAL_SPEAKER &&
                          m->who->role != SIGNAL_SPEAKER);
    }
    speakers = count_speakers(u);
    if (rises && speakers > SLOTS)
        return refusal(REASON_FULL, "the stage is full");
    /* Whoever was promised a place on a stage that has filled up meanwhile listens. */
    for (unsigned i = 0; i < u->placed_count; i++) {
        struct session *joiner = u->placed[i];
        struct move *m = find_move(u, joiner);

        joiner->role = m != NULL ? m->role : stage_role(joiner->moderates, joiner->invited, joiner->wants);
        if (joiner->role == SIGNAL_SPEAKER && ++speakers > SLOTS)
            joiner->role = SIGNAL_LISTENER;
        if (m != NULL)
            m->role = joiner->role;
    }
    return answered();
}

static struct seat seat_after(const struct move *m)
{
    return (struct seat){.leaf = m->leaf,
                         .invited = m->invited,
                         .wants = m->wants,
                         .moderates = m->moderates,
                         .role = m->role};
}

enum result stage_keep(const struct upload *u)
{
    struct house *h = u->by->house;
    const struct gathering *g = u->by->gathering;
    enum result res = OK;

    for (unsigned i = 0; i < u->moved_count && res == OK; i++) {
        const struct move *m = &u->moved[i];
        const struct seat seat = seat_after(m);

        res = seating_update(h, g->room, g->number, &seat);
        if (res == OK && m->of_speaking)
            res = standing_speaks(h, g->room, m->who->account, m->invited);
        if (res == OK && m->of_moderating)
            res = standing_moderates(h, g->room, m->who->account, m->moderates);
    }
    return res;
}

void stage_set(struct session *s, const struct seat *to)
{
    bool must_stop = s->role == SIGNAL_SPEAKER && to->role != SIGNAL_SPEAKER;

    s->invited = to->invited;
    s->wants = to->wants;
    s->moderates = to->moderates;
    s->role = to->role;
    if (!must_stop || s->place != PLACE_SEATED)
        return;
    seating_revoke(s);
    if (seating_send_ticket(s, 0) != OK)
        session_dismiss(s, CLOSE_TRY_LATER);
}

void stage_take(const struct upload *u)
{
    for (unsigned i = 0; i < u->moved_count; i++) {
        const struct seat seat = seat_after(&u->moved[i]);

        stage_set(u->moved[i].who, &seat);
    }
}
