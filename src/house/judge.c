#include "house/clear.h"
#include "house/doorkeeper.h"
#include "house/gathering.h"
#include "house/rooms.h"
#include "house/upload.h"
#include "house/words.h"

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

/* Who may take this seat away, and why (attacks F4, F30). */
static struct answer judge_reason(const struct upload *u, const struct seat *seat, enum signal_why why)
{
    bool is_maker = !seat->is_pseudonym && memcmp(seat->account, u->charter.maker, 32) == 0;

    if (why == SIGNAL_REPLACED)
        for (unsigned i = 0; i < u->placed_count; i++)
            if (u->placed[i]->replaces == seat->leaf &&
                memcmp(u->placed[i]->account, seat->account, 32) == 0 &&
                (u->placed[i]->alias_len != 0) == seat->is_pseudonym)
                return answered();
    if (seat->is_lost && (why == SIGNAL_LOST || why == SIGNAL_LEFT))
        return answered();
    if (!u->by->moderates)
        return refusal(REASON_NOT_YOURS, "only a moderator removes somebody who has not left");
    if (is_maker && (u->by->alias_len != 0 || memcmp(u->by->account, seat->account, 32) != 0))
        return refusal(REASON_NOT_YOURS, "nobody removes the room's maker");
    return answered();
}

static struct answer judge_removed(struct upload *u)
{
    struct session *s = u->by;
    struct bytes list = u->commit->removed;
    struct signal_gone item;

    while (signal_gone_next(&list, &item)) {
        struct seat *seat = &u->removed[u->removed_count];
        struct answer how;
        enum result res;

        if (u->removed_count == TABLE_LEAVES)
            return refusal(REASON_FULL, "a table does not have so many leaves");
        for (unsigned i = 0; i < u->removed_count; i++)
            if (u->removed[i].leaf == item.leaf)
                return refusal(REASON_MALFORMED, "a leaf is removed twice");
        res = seating_get(s->house, s->gathering->room, s->gathering->number, item.leaf, seat);
        if (res == E_NOT_FOUND || item.leaf == s->leaf || item.why > SIGNAL_SUSPENDED)
            return refusal(REASON_MALFORMED, "this leaf cannot be removed");
        if (res != OK)
            return trouble(res);
        how = judge_reason(u, seat, (enum signal_why)item.why);
        if (how.reason != 0)
            return how;
        u->why[u->removed_count++] = (enum signal_why)item.why;
    }
    return answered();
}

bool upload_removes(const struct upload *u, uint32_t leaf)
{
    for (unsigned i = 0; i < u->removed_count; i++)
        if (u->removed[i].leaf == leaf)
            return true;
    return false;
}

struct answer upload_judge(struct upload *u, const struct delivery_state *state)
{
    const struct signal_commit *c = u->commit;
    struct bytes group;
    uint64_t epoch;
    struct answer how;
    enum result res;

    if (c->epoch != state->epoch)
        return refusal(REASON_STALE, "another commit has ended this epoch");
    if (clear_commit(c->commit, &group, &epoch) != OK || epoch != c->epoch ||
        !bytes_equal(group, delivery_group(state)))
        return refusal(REASON_MALFORMED, "not a private commit for this group and epoch");
    res = rooms_charter(u->by->house, c->room, &u->charter);
    if (res != OK)
        return trouble(res);
    how = judge_placed(u);
    if (how.reason == 0)
        how = judge_welcome(u);
    if (how.reason == 0)
        how = judge_removed(u);
    if (how.reason == 0)
        how = stage_judge(u);
    if (how.reason == 0)
        how = words_judge(u);
    return how;
}
