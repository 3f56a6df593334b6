#include "house/social.h"
#include "house/accounts.h"
#include "house/rooms.h"
#include "house/standing.h"

/* ---- whom one follows */

static enum result count_followed(struct house *h, const uint8_t follower[static 32], int64_t *count)
{
    struct store_rows rows;
    enum result res = store_ask(h->store, &rows, "SELECT COUNT(*) FROM follow WHERE follower = $1",
                                store_bytes(bytes(follower, 32)));

    if (res == OK)
        res = store_next(&rows);
    if (res == OK)
        *count = store_column_int(&rows, 0);
    store_done(&rows);
    return res;
}

static enum result note(struct house *h, const uint8_t follower[static 32], const uint8_t followed[static 32],
                        bool follows)
{
    enum result res = store_begin(h->store);

    if (res != OK)
        return res;
    if (follows)
        res = store_do(h->store,
                       "INSERT INTO follow (follower, followed) VALUES ($1, $2) "
                       "ON CONFLICT (follower, followed) DO NOTHING",
                       NULL, store_bytes(bytes(follower, 32)), store_bytes(bytes(followed, 32)));
    else
        res = store_do(h->store, "DELETE FROM follow WHERE follower = $1 AND followed = $2", NULL,
                       store_bytes(bytes(follower, 32)), store_bytes(bytes(followed, 32)));
    return house_conclude(h, res);
}

static struct answer follow(struct session *s, uint32_t request, struct bytes handle, bool follows)
{
    struct signal done = {.type = SIGNAL_DONE, .request = request};
    uint8_t followed[32];
    int64_t count = 0;
    enum result res = accounts_find(s->house, handle, followed);

    if (res == E_NOT_FOUND)
        return refusal(REASON_UNKNOWN, "nobody here has this handle");
    if (res == OK && follows)
        res = count_followed(s->house, s->account, &count);
    if (res == OK && count >= HOUSE_FOLLOWS_EACH)
        return refusal(REASON_FULL, "this account follows as many as it may");
    if (res == OK)
        res = note(s->house, s->account, followed, follows);
    if (res != OK)
        return trouble(res);
    session_tell(s, &done);
    return answered();
}

struct answer social_follow(struct session *s, const struct signal *message)
{
    return follow(s, message->request, message->follow.handle, true);
}

struct answer social_unfollow(struct session *s, const struct signal *message)
{
    return follow(s, message->request, message->unfollow.handle, false);
}

/* ---- who may come in */

static enum result let_in(struct house *h, const uint8_t room[static 32], const uint8_t account[static 32])
{
    enum result res = store_begin(h->store);

    if (res != OK)
        return res;
    res = store_do(h->store,
                   "INSERT INTO admitted (room, account) VALUES ($1, $2) "
                   "ON CONFLICT (room, account) DO NOTHING",
                   NULL, store_bytes(bytes(room, 32)), store_bytes(bytes(account, 32)));
    if (res == OK)
        res = standing_unbar(h, room, account);
    return house_conclude(h, res);
}

struct answer social_admit(struct session *s, const struct signal *message)
{
    const struct signal_admit *m = &message->admit;
    struct signal reply = {.type = SIGNAL_ADMITTED, .request = message->request};
    struct standing standing;
    struct charter charter;
    uint8_t account[32];
    enum result res = rooms_charter(s->house, m->room, &charter);

    if (res == E_NOT_FOUND)
        return refusal(REASON_UNKNOWN, "there is no such room");
    if (res == OK)
        res = standing_of(s->house, m->room, &charter, s->account, &standing);
    if (res != OK)
        return trouble(res);
    if (!standing.moderates)
        return refusal(REASON_NOT_YOURS, "only a moderator lets somebody in");
    res = accounts_find(s->house, m->handle, account);
    if (res == E_NOT_FOUND)
        return refusal(REASON_UNKNOWN, "nobody here has this handle");
    if (res == OK)
        res = let_in(s->house, m->room, account);
    if (res != OK)
        return trouble(res);
    memcpy(reply.admitted.room, m->room, sizeof reply.admitted.room);
    memcpy(reply.admitted.account, account, sizeof account);
    session_tell(s, &reply);
    return answered();
}

/* OK: at least one row. */
static enum result any(struct store_rows *rows, enum result res)
{
    if (res == OK)
        res = store_next(rows);
    store_done(rows);
    return res;
}

static enum result follows(struct house *h, const uint8_t follower[static 32],
                           const uint8_t followed[static 32])
{
    struct store_rows rows;

    return any(&rows, store_ask(h->store, &rows, "SELECT 1 FROM follow WHERE follower = $1 AND followed = $2",
                                store_bytes(bytes(follower, 32)), store_bytes(bytes(followed, 32))));
}

static enum result is_admitted(struct house *h, const uint8_t room[static 32],
                               const uint8_t account[static 32])
{
    struct store_rows rows;

    return any(&rows, store_ask(h->store, &rows, "SELECT 1 FROM admitted WHERE room = $1 AND account = $2",
                                store_bytes(bytes(room, 32)), store_bytes(bytes(account, 32))));
}

/* By somebody who was made a moderator later. */
static enum result is_followed_by_others(struct house *h, const uint8_t room[static 32],
                                         const uint8_t account[static 32])
{
    struct store_rows rows;

    return any(&rows,
               store_ask(h->store, &rows,
                         "SELECT 1 FROM standing JOIN follow ON follow.follower = standing.account "
                         "WHERE standing.room = $1 AND standing.moderates = 1 AND follow.followed = $2",
                         store_bytes(bytes(room, 32)), store_bytes(bytes(account, 32))));
}

enum result social_admits(struct house *h, const uint8_t room[static 32], const struct charter *charter,
                          const uint8_t account[static 32])
{
    struct standing standing;
    enum result res = standing_of(h, room, charter, account, &standing);

    if (res != OK || standing.moderates)
        return res;
    res = is_admitted(h, room, account);
    if (res == E_NOT_FOUND)
        res = is_followed_by_others(h, room, account);
    if (res == E_NOT_FOUND)
        res = follows(h, charter->maker, account);
    for (unsigned i = 0; i < charter->moderator_count && res == E_NOT_FOUND; i++) {
        res = standing_of(h, room, charter, charter->moderators[i], &standing);
        if (res == OK)
            res = standing.moderates ? follows(h, charter->moderators[i], account) : E_NOT_FOUND;
    }
    return res == E_NOT_FOUND ? E_REFUSED : res;
}
