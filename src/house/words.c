#include "house/words.h"
#include "house/accounts.h"
#include "house/standing.h"

#include "wire/envelope.h"
#include "wire/statement.h"

enum result words_count(struct house *h, const uint8_t room[static 32], unsigned *count)
{
    struct store_rows rows;
    enum result res =
        store_ask(h->store, &rows, "SELECT COUNT(*) FROM word WHERE room = $1", store_bytes(bytes(room, 32)));

    if (res == OK)
        res = store_next(&rows);
    if (res == OK)
        *count = (unsigned)store_column_int(&rows, 0);
    store_done(&rows);
    return res;
}

enum result words_cut(struct house *h, const uint8_t room[static 32], unsigned count)
{
    return store_do(h->store, "DELETE FROM word WHERE room = $1 AND place >= $2", NULL,
                    store_bytes(bytes(room, 32)), store_int(count));
}

enum result words_list(struct house *h, const uint8_t room[static 32], struct writer *w)
{
    struct store_rows rows;
    enum result res =
        store_ask(h->store, &rows, "SELECT statement FROM word WHERE room = $1 ORDER BY place LIMIT $2",
                  store_bytes(bytes(room, 32)), store_int(STATEMENTS_MAX));

    while (res == OK) {
        res = store_next(&rows);
        if (res == OK)
            writer_put(w, store_column_bytes(&rows, 0));
    }
    store_done(&rows);
    return res == E_NOT_FOUND ? OK : res;
}

/* The highest number of a signer. */
static enum result last_number(struct house *h, const uint8_t room[static 32],
                               const uint8_t signer[static 32], uint32_t *number)
{
    struct store_rows rows;
    enum result res = store_ask(h->store, &rows, "SELECT statement FROM word WHERE room = $1",
                                store_bytes(bytes(room, 32)));

    *number = 0;
    while (res == OK) {
        struct statement word;
        struct bytes one;

        res = store_next(&rows);
        if (res != OK)
            break;
        one = store_column_bytes(&rows, 0);
        if (statement_next(&one, &word) == OK && memcmp(word.signer, signer, 32) == 0 &&
            word.number > *number)
            *number = word.number;
    }
    store_done(&rows);
    return res == E_NOT_FOUND ? OK : res;
}

/* ---- a commit's */

static struct answer judge_one(const struct upload *u, const struct statement *word)
{
    uint8_t room[STATEMENT_SIGNED_BYTES];
    struct bytes content;
    enum result res;

    if (memcmp(word->signer, u->by->account, 32) != 0)
        return refusal(REASON_NOT_YOURS, "a statement of somebody else");
    if (word->kind == STATEMENT_ACCOUNT && memcmp(word->subject, u->charter.maker, 32) == 0)
        return refusal(REASON_NOT_YOURS, "nobody overrules the room's maker");
    res = statement_write_signed(word, (struct bytes_mut){room, sizeof room}, &content);
    if (res == OK)
        res = house_verify(u->by->house, word->signer, ENVELOPE_ROLE, u->commit->room, content,
                           word->signature);
    if (res == E_FORGED)
        return refusal(REASON_FORGED, "a statement is not signed by its signer");
    return res == OK ? answered() : trouble(res);
}

struct answer words_judge(const struct upload *u)
{
    struct bytes list = u->commit->words;
    struct statement word;
    unsigned count = 0;
    uint32_t last;
    enum result res;

    if (list.len == 0)
        return answered();
    if (!u->by->moderates || u->by->alias_len != 0)
        return refusal(REASON_NOT_YOURS, "only a moderator says what another may do");
    res = words_count(u->by->house, u->commit->room, &count);
    if (res == OK)
        res = last_number(u->by->house, u->commit->room, u->by->account, &last);
    if (res != OK)
        return trouble(res);
    while ((res = statement_next(&list, &word)) == OK) {
        struct answer how = judge_one(u, &word);

        if (how.reason != 0)
            return how;
        /* Whoever founded the table has kept them back: what is said there would be lost with it. */
        if (word.number <= last)
            return refusal(REASON_NOT_NOW,
                           "this table was begun without what the room's moderators have said before");
        last = word.number;
        if (++count > STATEMENTS_MAX)
            return refusal(REASON_FULL, "a room does not hold so many statements");
    }
    return res == E_NOT_FOUND ? answered() : refusal(REASON_MALFORMED, "a statement does not have its form");
}

/* What tickets, and the door, will say of an account that has not come yet, or is about to go. */
static enum result note(struct house *h, const uint8_t room[static 32], const struct statement *word)
{
    uint8_t handle_room[HANDLE_BYTES];
    struct bytes handle;
    enum result res = accounts_handle(h, word->subject, handle_room, &handle);

    if (res != OK) /* nobody's key here: nobody comes with it */
        return res == E_NOT_FOUND ? OK : res;
    switch (word->verb) {
    case STATEMENT_MODERATOR:
    case STATEMENT_NO_MODERATOR:
        return standing_moderates(h, room, word->subject, word->verb == STATEMENT_MODERATOR);
    case STATEMENT_SPEAKER:
    case STATEMENT_NO_SPEAKER:
        return standing_speaks(h, room, word->subject, word->verb == STATEMENT_SPEAKER);
    case STATEMENT_BLOCK:
        return standing_bar(h, room, word->subject, false);
    case STATEMENT_UNBLOCK:
        return standing_unbar(h, room, word->subject);
    case STATEMENT_LINK:
        break;
    }
    return OK;
}

enum result words_keep(const struct upload *u)
{
    struct house *h = u->by->house;
    struct bytes list = u->commit->words, rest = list;
    struct statement word;
    unsigned count = 0;
    enum result res = list.len == 0 ? OK : words_count(h, u->commit->room, &count);

    while (res == OK && statement_next(&rest, &word) == OK) {
        res = store_do(h->store, "INSERT INTO word (room, place, statement) VALUES ($1, $2, $3)", NULL,
                       store_bytes(BYTES_OF(u->commit->room)), store_int(count++),
                       store_bytes(bytes(list.at, list.len - rest.len)));
        if (res == OK && word.kind == STATEMENT_ACCOUNT)
            res = note(h, u->commit->room, &word);
        list = rest;
    }
    return res;
}
