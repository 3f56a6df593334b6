#include "store/folder.h"
#include "store/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

enum { BUSY_MS = 2000, STATEMENTS_STEP = 32, PATH_SIZE = 4096 };

static_assert(STORE_KEY_LEN == sizeof((struct folder *)0)->key, "the door and the folder agree on the key");

/* A statement is found again by the address of its literal. */
struct kept {
    const char *text;
    sqlite3_stmt *prepared;
};

struct store {
    struct folder folder;
    sqlite3 *db;
    struct kept *kept;
    size_t count, room;
    bool changing; /* between begin and commit or rollback */
};

static enum result result_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return OK;
    case SQLITE_NOMEM:
        return E_NO_MEMORY;
    case SQLITE_TOOBIG:
        return E_TOO_LARGE;
    case SQLITE_CONSTRAINT:
        return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
                       code == SQLITE_CONSTRAINT_ROWID
                   ? E_EXISTS
                   : E_REFUSED;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return E_MALFORMED;
    default:
        return E_IO;
    }
}

static enum result run_plain(struct store *s, const char *text)
{
    return result_of(sqlite3_exec(s->db, text, NULL, NULL, NULL));
}

/* SQLite ends a transaction by itself on some errors; what came after would then be committed alone. */
static bool is_broken(const struct store *s)
{
    return s->changing && sqlite3_get_autocommit(s->db) != 0;
}

static enum result version_read(struct store *s, unsigned *version)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &statement, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *version = (unsigned)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW ? OK : result_of(code);
}

static enum result step_up(struct store *s, const char *step, unsigned to)
{
    char mark[48];
    enum result res = store_begin(s);

    if (res != OK)
        return res;
    snprintf(mark, sizeof mark, "PRAGMA user_version = %u", to);
    res = run_plain(s, step);
    if (res == OK)
        res = run_plain(s, mark);
    if (res != OK) {
        store_rollback(s);
        return res;
    }
    return store_commit(s);
}

static enum result bring_up(struct store *s, const struct store_schema *schema, const char **why)
{
    unsigned version = 0;
    enum result res = version_read(s, &version);

    if (res == OK && version > schema->count) {
        *why = "house.db was written by a newer version of this program";
        return E_UNSUPPORTED;
    }
    for (; res == OK && version < schema->count; version++)
        res = step_up(s, schema->steps[version], version + 1);
    return res;
}

static enum result database_open(struct store *s, const char *folder)
{
    static const char *const settings[] = {
        "PRAGMA journal_mode = WAL",   "PRAGMA synchronous = FULL",  "PRAGMA foreign_keys = ON",
        "PRAGMA secure_delete = ON",   "PRAGMA temp_store = MEMORY", "PRAGMA trusted_schema = OFF",
        "PRAGMA cell_size_check = ON",
    };
    char path[PATH_SIZE];
    int used = snprintf(path, sizeof path, "%s/house.db", folder), code;
    enum result res = OK;

    if (used < 0 || (size_t)used >= sizeof path)
        return E_TOO_LARGE;
    code = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                           NULL);
    if (code != SQLITE_OK)
        return result_of(code);
    sqlite3_busy_timeout(s->db, BUSY_MS);
    /* Deny the statements that could damage the file, and "text" where 'text' was meant. */
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0] && res == OK; i++)
        res = run_plain(s, settings[i]);
    return res;
}

enum result store_open(const char *folder, const struct store_schema *schema, const struct random *random,
                       struct store **out, const char **why)
{
    struct store *s = calloc(1, sizeof *s);
    enum result res;

    *why = "out of memory";
    if (s == NULL)
        return E_NO_MEMORY;
    res = folder_open(&s->folder, FOLDER_HOUSE, folder, random, why);
    if (res != OK)
        goto out;
    *why = "house.db cannot be opened as a database";
    res = database_open(s, folder);
    if (res != OK)
        goto out;
    *why = "house.db cannot be brought to this program's version";
    res = bring_up(s, schema, why);
    if (res != OK)
        goto out;
    *why = NULL;
    *out = s;
    s = NULL;
out:
    store_close(s);
    return res;
}

static enum result look(struct store *s, const char *folder, const struct store_schema *schema,
                        const char **why)
{
    char path[PATH_SIZE];
    int used = snprintf(path, sizeof path, "%s/house.db", folder), code;
    unsigned version = 0;
    enum result res;

    if (used < 0 || (size_t)used >= sizeof path)
        return E_TOO_LARGE;
    code = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                           NULL);
    if ((code & 0xff) == SQLITE_CANTOPEN) {
        *why = "there is no house.db";
        return E_NOT_FOUND;
    }
    if (code != SQLITE_OK)
        return result_of(code);
    sqlite3_busy_timeout(s->db, BUSY_MS);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    res = run_plain(s, "PRAGMA trusted_schema = OFF");
    if (res == OK)
        res = version_read(s, &version);
    if (res == OK && version != schema->count) {
        *why = "house.db was written by another version of this program";
        return E_UNSUPPORTED;
    }
    return res;
}

enum result store_look(const char *folder, const struct store_schema *schema, struct store **out,
                       const char **why)
{
    struct store *s = calloc(1, sizeof *s);
    enum result res;

    *why = "out of memory";
    if (s == NULL)
        return E_NO_MEMORY;
    s->folder = (struct folder){.at = -1, .lock = -1};
    *why = "house.db cannot be read";
    res = look(s, folder, schema, why);
    if (res != OK) {
        store_close(s);
        return res;
    }
    *why = NULL;
    *out = s;
    return OK;
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->count; i++)
        sqlite3_finalize(s->kept[i].prepared);
    free(s->kept);
    /* Closing rolls back what is open. */
    sqlite3_close(s->db);
    folder_close(&s->folder);
    free(s);
}

const uint8_t *store_key(const struct store *s)
{
    return s->folder.key;
}

enum result store_begin(struct store *s)
{
    enum result res;

    assert(!s->changing);
    res = run_plain(s, "BEGIN IMMEDIATE");
    s->changing = res == OK;
    return res;
}

enum result store_commit(struct store *s)
{
    enum result res = E_IO;

    assert(s->changing);
    if (!is_broken(s))
        res = run_plain(s, "COMMIT");
    if (res != OK)
        store_rollback(s);
    s->changing = false;
    return res;
}

void store_rollback(struct store *s)
{
    /* If this fails too the transaction stays open and every later BEGIN is refused: nothing gets in. */
    if (sqlite3_get_autocommit(s->db) == 0)
        (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    s->changing = false;
}

enum result store_tidy(struct store *s)
{
    int code;

    assert(!s->changing);
    /* The server does not stand still for whoever looks at its data. */
    sqlite3_busy_timeout(s->db, 0);
    code = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_timeout(s->db, BUSY_MS);
    return (code & 0xff) == SQLITE_BUSY ? E_AGAIN : result_of(code);
}

static enum result keep(struct store *s, const char *text, sqlite3_stmt **out)
{
    sqlite3_stmt *statement = NULL;
    int code;

    if (s->count == s->room) {
        struct kept *larger = realloc(s->kept, (s->room + STATEMENTS_STEP) * sizeof *larger);

        if (larger == NULL)
            return E_NO_MEMORY;
        s->kept = larger;
        s->room += STATEMENTS_STEP;
    }
    code = sqlite3_prepare_v3(s->db, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    if (code != SQLITE_OK)
        return result_of(code);
    s->kept[s->count++] = (struct kept){text, statement};
    *out = statement;
    return OK;
}

static enum result prepared(struct store *s, const char *text, sqlite3_stmt **out)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->kept[i].text == text) {
            *out = s->kept[i].prepared;
            assert(sqlite3_stmt_busy(*out) == 0);
            return OK;
        }
    }
    return keep(s, text, out);
}

static int bind_one(sqlite3_stmt *statement, int at, const struct store_value *value)
{
    /* A NULL pointer would bind as NULL; no bytes are not nothing. */
    const void *run = value->run.at != NULL ? value->run.at : (const uint8_t *)"";

    switch (value->kind) {
    case STORE_INT:
        return sqlite3_bind_int64(statement, at, value->number);
    case STORE_BYTES:
        return sqlite3_bind_blob64(statement, at, run, value->run.len, SQLITE_STATIC);
    case STORE_TEXT:
        return sqlite3_bind_text64(statement, at, run, value->run.len, SQLITE_STATIC, SQLITE_UTF8);
    case STORE_NULL:
        break;
    }
    return sqlite3_bind_null(statement, at);
}

/* The number of a placeholder is its name here, as PostgreSQL has it, and not its place. */
static enum result bind_all(sqlite3_stmt *statement, const struct store_value *values, size_t count)
{
    int code = SQLITE_OK;

    assert((size_t)sqlite3_bind_parameter_count(statement) == count);
    for (size_t i = 0; i < count && code == SQLITE_OK; i++) {
        char name[8];
        int at;

        snprintf(name, sizeof name, "$%u", (unsigned)(i + 1) % 1000);
        at = sqlite3_bind_parameter_index(statement, name);
        assert(at > 0);
        code = bind_one(statement, at, &values[i]);
    }
    return result_of(code);
}

static void release(sqlite3_stmt *statement)
{
    /* The outcome was told by the step; the bound memory is the caller's and must not be kept. */
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
}

enum result store_run(struct store *s, const char *text, const struct store_value *values, size_t count,
                      uint64_t *changed)
{
    sqlite3_stmt *statement;
    enum result res;

    assert(s->changing);
    if (is_broken(s))
        return E_IO;
    res = prepared(s, text, &statement);
    if (res != OK)
        return res;
    res = bind_all(statement, values, count);
    if (res == OK) {
        int code = sqlite3_step(statement);

        assert(code != SQLITE_ROW);
        res = result_of(code);
    }
    if (res == OK && changed != NULL)
        *changed = (uint64_t)sqlite3_changes64(s->db);
    release(statement);
    return res;
}

enum result store_query(struct store *s, const char *text, const struct store_value *values, size_t count,
                        struct store_rows *rows)
{
    sqlite3_stmt *statement;
    enum result res;

    rows->store = s;
    rows->statement = NULL;
    if (is_broken(s))
        return E_IO;
    res = prepared(s, text, &statement);
    if (res != OK)
        return res;
    res = bind_all(statement, values, count);
    if (res == OK)
        rows->statement = statement;
    else
        release(statement);
    return res;
}

enum result store_next(struct store_rows *rows)
{
    int code;

    if (rows->statement == NULL)
        return E_NOT_FOUND;
    assert(sqlite3_stmt_readonly(rows->statement) != 0 || rows->store->changing);
    code = sqlite3_step(rows->statement);
    if (code == SQLITE_ROW)
        return OK;
    /* A further step would begin the statement anew. */
    store_done(rows);
    return code == SQLITE_DONE ? E_NOT_FOUND : result_of(code);
}

void store_done(struct store_rows *rows)
{
    if (rows->statement != NULL)
        release(rows->statement);
    rows->statement = NULL;
}

int64_t store_column_int(const struct store_rows *rows, int column)
{
    return sqlite3_column_int64(rows->statement, column);
}

struct bytes store_column_bytes(const struct store_rows *rows, int column)
{
    const void *at = sqlite3_column_blob(rows->statement, column);

    return bytes(at, at == NULL ? 0 : (size_t)sqlite3_column_bytes(rows->statement, column));
}

bool store_column_is_null(const struct store_rows *rows, int column)
{
    return sqlite3_column_type(rows->statement, column) == SQLITE_NULL;
}

enum result store_column_copy(const struct store_rows *rows, int column, void *to, size_t len)
{
    struct bytes b = store_column_bytes(rows, column);

    if (b.len != len)
        return E_MALFORMED;
    memcpy(to, b.at, len);
    return OK;
}
