#include "house/retention.h"
#include "house/delivery.h"
#include "house/rooms.h"

/* Each class of data. What has no sweep goes at once, with the request that ends it or with its room; what
 * has no count is never stored. */
static const struct row {
    const char *name, *what, *until;
    uint64_t lifetime_ms;
    enum result (*sweep)(struct house *);
    const char *count;
} rows[] = {
    {"account", "handle and public key", "as long as the house", 0, NULL, "SELECT COUNT(*) FROM account"},
    {"follow", "whom an account follows", "until it unfollows", 0, NULL, "SELECT COUNT(*) FROM follow"},
    {"room", "charter with its maker's signature, title",
     "until its maker ends it, or it has stood empty for so long", (uint64_t)HOUSE_ROOM_EMPTY_MIN * 60 * 1000,
     rooms_sweep, "SELECT COUNT(*) FROM room"},
    {"role", "who speaks and moderates in a room beside its charter", "as long as its room", 0, NULL,
     "SELECT COUNT(*) FROM standing"},
    {"word", "moderators' signed statements on roles, blocks and links", "as long as its room", 0, NULL,
     "SELECT COUNT(*) FROM word"},
    {"block", "whom a room's moderators shut out", "as long as its room, or until they let it in", 0, NULL,
     "SELECT COUNT(*) FROM barred"},
    {"admission", "whom a room's moderators let in", "as long as its room", 0, NULL,
     "SELECT COUNT(*) FROM admitted"},
    {"table", "the id of its group, its epoch",
     "as long as its room; the group's id until the last one leaves", 0, delivery_sweep_tables,
     "SELECT COUNT(*) FROM gathering"},
    {"seat", "account, pseudonym, leaf, role, fingerprint of the media certificate",
     "until a commit removes its leaf, or the last one leaves", 0, NULL, "SELECT COUNT(*) FROM seat"},
    {"key message", "a commit, sealed, and who came and went by it", "so long, or for 64 epochs",
     COMMITS_KEPT_MS, delivery_sweep_commits, "SELECT COUNT(*) FROM handshake"},
    {"ticket", "tickets, and the tags that a relay knows rooms and seats by", "in memory while seated", 0,
     NULL, NULL},
    {"talk", "chat, hands, plans, sealed", "never kept", 0, NULL, NULL},
    {"sound", "audio and its keys", "never at the house", 0, NULL, NULL},
    {"address", "where a client calls from", "never kept", 0, NULL, NULL},
};

void retention_due(struct house *h)
{
    if (h->now_ms >= h->sweep_due_ms) {
        enum result res = OK;

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            if (rows[i].sweep != NULL)
                res = rows[i].sweep(h);
            if (res != OK)
                log_warn("house", "a sweep failed", (struct log_tag){0}, res);
            res = OK;
        }
        res = store_tidy(h->store);
        if (res != OK)
            log_warn("house", "the log was not emptied", (struct log_tag){0}, res);
        h->sweep_due_ms = h->now_ms + RETENTION_SWEEP_MS;
    }
    house_wake(h, h->sweep_due_ms);
}

static enum result count(struct store *store, const char *statement, int64_t *out)
{
    struct store_rows found;
    enum result res = store_query(store, statement, NULL, 0, &found);

    if (res == OK)
        res = store_next(&found);
    if (res == OK)
        *out = store_column_int(&found, 0);
    store_done(&found);
    return res;
}

enum result house_retention(struct store *store, void (*each)(void *, const struct house_class *),
                            void *context)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct house_class c = {rows[i].name, rows[i].what, rows[i].until, rows[i].lifetime_ms, -1};
        enum result res = rows[i].count == NULL ? OK : count(store, rows[i].count, &c.count);

        if (res != OK)
            return res;
        each(context, &c);
    }
    return OK;
}
