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

enum result standing_clear(struct house *h, const uint8_t room[static 32])
{
    return store_do(h->store, "DELETE FROM standing WHERE room = $1", NULL, store_bytes(bytes(room, 32)));
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
