#include "house/standing.h"
#include "house/rooms.h"

enum result standing_of(struct house *h, const uint8_t room[static 32], const struct charter *charter,
                        const uint8_t account[static 32], struct standing *out)
{
    struct store_rows rows;
    struct standing s = {charter->stage == CHARTER_EVERYONE, charter_moderator(charter, account)};
    enum result res =
        store_ask(h->store, &rows, "SELECT speaks, moderates FROM standing WHERE room = $1 AND account = $2",
                  store_bytes(bytes(room, 32)), store_bytes(bytes(account, 32)));

    if (res == OK)
        res = store_next(&rows);
    /* Nobody overrules the maker (attack F30). */
    if (res == OK && memcmp(charter->maker, account, 32) != 0) {
        if (!store_column_is_null(&rows, 0))
            s.speaks = store_column_int(&rows, 0) != 0;
        if (!store_column_is_null(&rows, 1))
            s.moderates = store_column_int(&rows, 1) != 0;
    }
    store_done(&rows);
    *out = s;
    return res == E_NOT_FOUND ? OK : res;
}

enum result standing_speaks(struct house *h, const uint8_t room[static 32], const uint8_t account[static 32],
                            bool speaks)
{
    return store_do(h->store,
                    "INSERT INTO standing (room, account, speaks) VALUES ($1, $2, $3) "
                    "ON CONFLICT (room, account) DO UPDATE SET speaks = excluded.speaks",
                    NULL, store_bytes(bytes(room, 32)), store_bytes(bytes(account, 32)), store_int(speaks));
}

enum result standing_moderates(struct house *h, const uint8_t room[static 32],
                               const uint8_t account[static 32], bool moderates)
{
    return store_do(h->store,
                    "INSERT INTO standing (room, account, moderates) VALUES ($1, $2, $3) "
                    "ON CONFLICT (room, account) DO UPDATE SET moderates = excluded.moderates",
                    NULL, store_bytes(bytes(room, 32)), store_bytes(bytes(account, 32)),
                    store_int(moderates));
}

static enum result note_bars(struct house *h, const uint8_t room[static 32], struct standing_note *n)
{
    struct store_rows rows;
    enum result res = store_ask(h->store, &rows, "SELECT alias FROM barred WHERE room = $1 AND account = $2",
                                store_bytes(bytes(room, 32)), store_bytes(BYTES_OF(n->account)));

    while (res == OK) {
        res = store_next(&rows);
        if (res == OK)
            n->barred[store_column_int(&rows, 0) != 0] = true;
    }
    store_done(&rows);
    return res == E_NOT_FOUND ? OK : res;
}

enum result standing_note(struct house *h, const uint8_t room[static 32], const uint8_t account[static 32],
                          struct standing_note *out)
{
    struct standing_note n = {.said = false};
    struct store_rows rows;
    enum result res =
        store_ask(h->store, &rows, "SELECT speaks, moderates FROM standing WHERE room = $1 AND account = $2",
                  store_bytes(bytes(room, 32)), store_bytes(bytes(account, 32)));

    memcpy(n.account, account, sizeof n.account);
    if (res == OK)
        res = store_next(&rows);
    n.said = res == OK;
    for (int i = 0; i < 2 && res == OK; i++)
        n.roles[i] = store_column_is_null(&rows, i) ? store_null() : store_int(store_column_int(&rows, i));
    store_done(&rows);
    if (res == OK || res == E_NOT_FOUND)
        res = note_bars(h, room, &n);
    *out = n;
    return res;
}

enum result standing_restore(struct house *h, const uint8_t room[static 32], const struct standing_note *n)
{
    enum result res = store_do(h->store, "DELETE FROM standing WHERE room = $1 AND account = $2", NULL,
                               store_bytes(bytes(room, 32)), store_bytes(BYTES_OF(n->account)));

    if (res == OK && n->said)
        res = store_do(
            h->store, "INSERT INTO standing (room, account, speaks, moderates) VALUES ($1, $2, $3, $4)", NULL,
            store_bytes(bytes(room, 32)), store_bytes(BYTES_OF(n->account)), n->roles[0], n->roles[1]);
    if (res == OK)
        res = standing_unbar(h, room, n->account);
    for (int i = 0; i < 2 && res == OK; i++)
        if (n->barred[i])
            res = standing_bar(h, room, n->account, i != 0);
    return res;
}

enum result standing_bar(struct house *h, const uint8_t room[static 32], const uint8_t account[static 32],
                         bool pseudonyms_alone)
{
    return store_do(h->store,
                    "INSERT INTO barred (room, account, alias) VALUES ($1, $2, $3) "
                    "ON CONFLICT (room, account, alias) DO NOTHING",
                    NULL, store_bytes(bytes(room, 32)), store_bytes(bytes(account, 32)),
                    store_int(pseudonyms_alone));
}

enum result standing_unbar(struct house *h, const uint8_t room[static 32], const uint8_t account[static 32])
{
    return store_do(h->store, "DELETE FROM barred WHERE room = $1 AND account = $2", NULL,
                    store_bytes(bytes(room, 32)), store_bytes(bytes(account, 32)));
}

enum result standing_admits(struct house *h, const uint8_t room[static 32], const uint8_t account[static 32],
                            bool is_pseudonym)
{
    struct store_rows rows;
    enum result res =
        store_ask(h->store, &rows, "SELECT 1 FROM barred WHERE room = $1 AND account = $2 AND alias <= $3",
                  store_bytes(bytes(room, 32)), store_bytes(bytes(account, 32)), store_int(is_pseudonym));

    if (res == OK)
        res = store_next(&rows);
    store_done(&rows);
    if (res == E_NOT_FOUND)
        return OK;
    return res == OK ? E_REFUSED : res;
}
