/* What must survive a restart: a folder with a database, the house's key and a lock. One make today, SQLite;
 * the statements that callers write must fit PostgreSQL as well, so placeholders are $1, $2 and so on, and
 * upserts, RETURNING and STRICT's four types (INTEGER, TEXT, BLOB, ANY is not used) are all there is.
 *
 * One store belongs to one thread, the only writer. A statement's text is a literal of the program: it is
 * prepared once and kept. Nothing from outside ever becomes part of a statement.
 *
 * What was committed is on the disk when `store_commit` returns OK (write-ahead log, synchronous FULL), and a
 * failure of any step leaves the last committed state. Deleted rows are overwritten (secure_delete). */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"

struct store;

enum { STORE_KEY_LEN = 32 }; /* an Ed25519 seed */

/* The layout as a list of steps: step i brings a database from version i to i + 1. Steps are only ever added.
 */
struct store_schema {
    const char *const *steps;
    unsigned count;
};

/* Opens the folder, making it (0700) and what is missing in it: `house.db` and `house.key` (0600 each) and
 * `lock`, which is held until store_close. Runs the steps that the database lacks, each in a transaction.
 * `random` makes the key and is not kept. *why gets a phrase for people, a literal, on every error.
 * OK | E_EXISTS (another server holds the lock) | E_UNSUPPORTED (written by a newer version) | E_MALFORMED
 * (no database, or a key file of the wrong size) | E_IO (errno says why where the system refused) |
 * E_NO_MEMORY */
MUST_USE enum result store_open(const char *folder, const struct store_schema *, const struct random *random,
                                struct store **out, const char **why);
/* Opens a database to be read beside a server that may be running: without lock, key and changes.
 * OK | E_NOT_FOUND (no database there) | E_UNSUPPORTED (of another version) | E_MALFORMED | E_IO |
 * E_NO_MEMORY */
MUST_USE enum result store_look(const char *folder, const struct store_schema *, struct store **out,
                                const char **why);
/* Rolls back what is open. NULL is fine. */
void store_close(struct store *);

/* The house's secret key, for as long as the store is open. */
const uint8_t *store_key(const struct store *);

/* What a relay keeps: a folder with `relay.key` (0600) and `lock` alone, made where missing. *why as of
 * store_open, and its results; E_EXISTS also where the folder is a house's. */
struct store_relay;
MUST_USE enum result store_relay_open(const char *folder, const struct random *random,
                                      struct store_relay **out, const char **why);
const uint8_t *store_relay_key(const struct store_relay *); /* STORE_KEY_LEN bytes, secret */
void store_relay_close(struct store_relay *);               /* NULL is fine */

/* A bound value. */
enum store_kind { STORE_NULL, STORE_INT, STORE_BYTES, STORE_TEXT };

struct store_value {
    enum store_kind kind;
    int64_t number;
    struct bytes run;
};

static inline struct store_value store_int(int64_t number)
{
    return (struct store_value){STORE_INT, number, {0}};
}

static inline struct store_value store_bytes(struct bytes run)
{
    return (struct store_value){STORE_BYTES, 0, run};
}

static inline struct store_value store_text(struct bytes run)
{
    return (struct store_value){STORE_TEXT, 0, run};
}

static inline struct store_value store_null(void)
{
    return (struct store_value){STORE_NULL, 0, {0}};
}

/* One transaction at a time. Every change is made inside of one: `store_run` outside is a bug of ours.
 * After an error of a statement nothing but store_rollback is sensible. Commit rolls back on an error.
 * OK | E_IO | E_NO_MEMORY */
MUST_USE enum result store_begin(struct store *);
MUST_USE enum result store_commit(struct store *);
/* Nothing to roll back is fine. */
void store_rollback(struct store *);

/* Empties the write-ahead log, so that what was deleted before is in none of the files any more. Outside of
 * transactions. OK | E_AGAIN (somebody is reading) | E_IO | E_NO_MEMORY */
MUST_USE enum result store_tidy(struct store *);

/* Runs a statement that gives no rows; *changed (may be NULL) gets the number of rows that it touched. The
 * values are borrowed. OK | E_EXISTS (a uniqueness or primary key stands against it) | E_REFUSED (another
 * constraint does) | E_IO (disk full too) | E_NO_MEMORY */
MUST_USE enum result store_run(struct store *, const char *statement, const struct store_value *values,
                               size_t count, uint64_t *changed);
#define store_do(store, statement, changed, ...)                                                             \
    store_run((store), "" statement, (const struct store_value[]){__VA_ARGS__},                              \
              sizeof((const struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value), (changed))

/* A question that is being answered row by row. At most one at a time for one statement. */
struct store_rows {
    struct store *store;
    void *statement;
};

/* Close with store_done, also after an error of store_next. OK | E_IO | E_NO_MEMORY */
MUST_USE enum result store_query(struct store *, const char *statement, const struct store_value *values,
                                 size_t count, struct store_rows *);
#define store_ask(store, rows, statement, ...)                                                               \
    store_query((store), "" statement, (const struct store_value[]){__VA_ARGS__},                            \
                sizeof((const struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value), (rows))

/* The next row. OK | E_NOT_FOUND (that was all) | the errors of store_run */
MUST_USE enum result store_next(struct store_rows *);
void store_done(struct store_rows *);

/* Columns of the current row, from 0. The bytes, of a BLOB or a TEXT, live until the next row or store_done.
 * NULL reads as 0 and as nothing. */
int64_t store_column_int(const struct store_rows *, int column);
struct bytes store_column_bytes(const struct store_rows *, int column);
bool store_column_is_null(const struct store_rows *, int column);
/* Copies a column that must have just this size. OK | E_MALFORMED (the database holds something else) */
MUST_USE enum result store_column_copy(const struct store_rows *, int column, void *to, size_t len);

#endif
