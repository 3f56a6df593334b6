/* All that the store holds of one account, table by table. A table that names accounts is named here. */
#include "house/house.h"

#include "base/text.h"
#include "wire/signal.h"

#include <string.h>

enum { ENCODED_BYTES = 1024 }; /* a charter of CHARTER_BYTES in base64url, and less */

enum column_kind { TEXT, BASE64, NUMBER };

/* $1 is the account's key. */
static const struct source {
    const char *kind, *question;
    struct {
        const char *name;
        enum column_kind kind;
    } columns[HOUSE_FACT_FIELDS];
} sources[] = {
    {"account",
     "SELECT handle, key, skeleton FROM account WHERE key = $1",
     {{"handle", TEXT}, {"key", BASE64}, {"skeleton", TEXT}}},
    {"follows",
     "SELECT account.handle FROM follow JOIN account ON account.key = follow.followed "
     "WHERE follow.follower = $1 ORDER BY account.handle",
     {{"handle", TEXT}}},
    {"followed by",
     "SELECT account.handle FROM follow JOIN account ON account.key = follow.follower "
     "WHERE follow.followed = $1 ORDER BY account.handle",
     {{"handle", TEXT}}},
    {"room",
     "SELECT id, title, charter, signature, listed, empty_since_ms FROM room WHERE maker = $1 ORDER BY id",
     {{"room", BASE64},
      {"title", TEXT},
      {"charter", BASE64},
      {"signature", BASE64},
      {"listed", NUMBER},
      {"empty_since_ms", NUMBER}}},
    {"named by charter",
     "SELECT id, title FROM room WHERE maker <> $1 AND instr(charter, $1) > 0 ORDER BY id",
     {{"room", BASE64}, {"title", TEXT}}},
    {"role",
     "SELECT room, speaks, moderates FROM standing WHERE account = $1 ORDER BY room",
     {{"room", BASE64}, {"speaks", NUMBER}, {"moderates", NUMBER}}},
    {"word",
     "SELECT room, place, statement FROM word WHERE instr(statement, $1) > 0 ORDER BY room, place",
     {{"room", BASE64}, {"place", NUMBER}, {"statement", BASE64}}},
    {"block",
     "SELECT room, alias FROM barred WHERE account = $1 ORDER BY room, alias",
     {{"room", BASE64}, {"pseudonyms_alone", NUMBER}}},
    {"admission", "SELECT room FROM admitted WHERE account = $1 ORDER BY room", {{"room", BASE64}}},
    {"seat",
     "SELECT room, number, leaf, alias, role, invited, wants, moderates, lost, fingerprint FROM seat "
     "WHERE account = $1 "
     "ORDER BY room, number, leaf",
     {{"room", BASE64},
      {"table", NUMBER},
      {"leaf", NUMBER},
      {"pseudonym", TEXT},
      {"role", NUMBER},
      {"invited", NUMBER},
      {"wants", NUMBER},
      {"moderates", NUMBER},
      {"lost", NUMBER},
      {"fingerprint", BASE64}}},
    {"key message",
     "SELECT room, epoch, at_ms FROM handshake WHERE instr(message, $1) > 0 ORDER BY room, epoch",
     {{"room", BASE64}, {"epoch", NUMBER}, {"at_ms", NUMBER}}},
};

/* One row as a fact. NULL is left out. */
static enum result tell_row(const struct source *s, const struct store_rows *rows,
                            void (*each)(void *, const struct house_fact *), void *context)
{
    char encoded[HOUSE_FACT_FIELDS][ENCODED_BYTES];
    struct house_fact fact = {.kind = s->kind};

    for (int i = 0; i < HOUSE_FACT_FIELDS && s->columns[i].name != NULL; i++) {
        struct bytes run = store_column_bytes(rows, i);

        if (store_column_is_null(rows, i))
            continue;
        fact.fields[fact.count].name = s->columns[i].name;
        fact.fields[fact.count].is_number = s->columns[i].kind == NUMBER;
        if (s->columns[i].kind == NUMBER) {
            fact.fields[fact.count].number = store_column_int(rows, i);
        } else if (s->columns[i].kind == TEXT) {
            fact.fields[fact.count].text = run;
        } else {
            if (run.len > ENCODED_BYTES / 4 * 3 - 3)
                return E_TOO_LARGE;
            text_base64url(run, encoded[i]);
            fact.fields[fact.count].text = bytes_string(encoded[i]);
        }
        fact.count++;
    }
    each(context, &fact);
    return OK;
}

static enum result tell_source(struct store *store, const struct source *s, const uint8_t key[static 32],
                               void (*each)(void *, const struct house_fact *), void *context)
{
    const struct store_value account = store_bytes(bytes(key, 32));
    struct store_rows rows;
    enum result res = store_query(store, s->question, &account, 1, &rows);

    while (res == OK) {
        res = store_next(&rows);
        if (res == OK)
            res = tell_row(s, &rows, each, context);
    }
    store_done(&rows);
    return res == E_NOT_FOUND ? OK : res;
}

enum result house_disclose(struct store *store, struct bytes handle,
                           void (*each)(void *, const struct house_fact *), void *context)
{
    struct store_rows rows;
    uint8_t key[32];
    enum result res =
        store_ask(store, &rows, "SELECT key FROM account WHERE handle = $1", store_text(handle));

    if (res == OK)
        res = store_next(&rows);
    if (res == OK)
        res = store_column_copy(&rows, 0, key, sizeof key);
    store_done(&rows);
    for (size_t i = 0; i < sizeof sources / sizeof sources[0] && res == OK; i++)
        res = tell_source(store, &sources[i], key, each, context);
    return res;
}
