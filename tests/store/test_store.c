#define _GNU_SOURCE
#include "store/store.h"
#include "support/scratch.h"
#include "support/seeded.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

static const char *const steps[] = {
    "CREATE TABLE cup (name TEXT NOT NULL PRIMARY KEY, tea BLOB NOT NULL, full INTEGER NOT NULL CHECK "
    "(full >= 0)) STRICT;",
    "ALTER TABLE cup ADD COLUMN saucer INTEGER;",
};
static const struct store_schema first = {steps, 1}, second = {steps, 2};

/* SQLite's memory comes from here, so that a test can deny it. It is set before SQLite starts. */
static struct {
    long left; /* allocations until one is denied; negative: none is */
} denial = {-1};

static bool denied(void)
{
    if (denial.left < 0)
        return false;
    if (denial.left == 0)
        return true;
    denial.left--;
    return false;
}

static void *give(int n)
{
    size_t *at = denied() ? NULL : malloc((size_t)n + 16);

    if (at == NULL)
        return NULL;
    *at = (size_t)n;
    return at + 2;
}

static void take(void *at)
{
    if (at != NULL)
        free((size_t *)at - 2);
}

static void *give_more(void *at, int n)
{
    size_t *larger = denied() ? NULL : realloc((size_t *)at - 2, (size_t)n + 16);

    if (larger == NULL)
        return NULL;
    *larger = (size_t)n;
    return larger + 2;
}

static int size_of(void *at)
{
    return at == NULL ? 0 : (int)((size_t *)at)[-2];
}

static int round_up(int n)
{
    return (n + 7) & ~7;
}

static int start(void *unused)
{
    (void)unused;
    return SQLITE_OK;
}

static void end(void *unused)
{
    (void)unused;
}

static int use_own_memory(void **state)
{
    static const sqlite3_mem_methods own = {give, take, give_more, size_of, round_up, start, end, NULL};

    (void)state;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &own) == SQLITE_OK ? 0 : -1;
}

struct bench {
    char folder[SCRATCH_PATH];
    struct seeded seeded;
};

static int lay(void **state)
{
    struct bench *b = calloc(1, sizeof *b);

    if (b == NULL)
        return -1;
    scratch_make(b->folder);
    seeded_start(&b->seeded, 3);
    *state = b;
    return 0;
}

static int clear(void **state)
{
    struct bench *b = *state;

    scratch_remove(b->folder);
    free(b);
    return 0;
}

static struct store *open_it(struct bench *b, const struct store_schema *schema)
{
    struct store *s = NULL;
    const char *why = NULL;

    assert_int_equal(store_open(b->folder, schema, &b->seeded.random, &s, &why), OK);
    assert_null(why);
    return s;
}

static void refuse_it(struct bench *b, const struct store_schema *schema, enum result expected,
                      const char *words)
{
    struct store *s = NULL;
    const char *why = NULL;

    assert_int_equal(store_open(b->folder, schema, &b->seeded.random, &s, &why), expected);
    assert_null(s);
    assert_non_null(why);
    assert_non_null(strstr(why, words));
}

static enum result put(struct store *s, const char *name, int64_t full)
{
    return store_do(s, "INSERT INTO cup (name, tea, full) VALUES ($1, $2, $3)", NULL,
                    store_text(bytes_string(name)), store_bytes(BYTES_TEXT("oolong")), store_int(full));
}

static int64_t full_of(struct store *s, const char *name)
{
    struct store_rows rows;
    int64_t full = -1;
    enum result res;

    assert_int_equal(
        store_ask(s, &rows, "SELECT full FROM cup WHERE name = $1", store_text(bytes_string(name))), OK);
    res = store_next(&rows);
    if (res == OK)
        full = store_column_int(&rows, 0);
    else
        assert_int_equal(res, E_NOT_FOUND);
    store_done(&rows);
    return full;
}

static mode_t mode_of(struct bench *b, const char *name)
{
    char path[SCRATCH_PATH];
    struct stat s;

    scratch_path(b->folder, name, path);
    assert_int_equal(stat(path, &s), 0);
    return s.st_mode & 0777;
}

static void the_folder_is_private(void **state)
{
    struct bench *b = *state;
    uint8_t key[STORE_KEY_LEN];
    mode_t before = umask(0);
    struct store *s;

    /* One that is not there yet is made. */
    assert_int_equal(rmdir(b->folder), 0);
    s = open_it(b, &first);
    umask(before);
    assert_int_equal(store_begin(s), OK);
    assert_int_equal(put(s, "left", 1), OK);
    assert_int_equal(store_commit(s), OK);

    assert_int_equal(mode_of(b, "."), 0700);
    assert_int_equal(mode_of(b, "house.db"), 0600);
    assert_int_equal(mode_of(b, "house.db-wal"), 0600);
    assert_int_equal(mode_of(b, "house.key"), 0600);

    memcpy(key, store_key(s), sizeof key);
    store_close(s);
    s = open_it(b, &first);
    assert_memory_equal(store_key(s), key, sizeof key);
    store_close(s);
}

static void one_server_at_a_time(void **state)
{
    struct bench *b = *state;
    struct store *s = open_it(b, &first);

    refuse_it(b, &first, E_EXISTS, "another server is running");
    /* The refused one has left the first one's lock alone. */
    refuse_it(b, &first, E_EXISTS, "another server is running");
    store_close(s);
    store_close(open_it(b, &first));
}

static void a_rollback_leaves_nothing(void **state)
{
    struct bench *b = *state;
    struct store *s = open_it(b, &first);
    uint64_t changed = 99;

    assert_int_equal(store_begin(s), OK);
    assert_int_equal(put(s, "kept", 1), OK);
    assert_int_equal(store_commit(s), OK);

    assert_int_equal(store_begin(s), OK);
    assert_int_equal(put(s, "dropped", 1), OK);
    assert_int_equal(store_do(s, "UPDATE cup SET full = $2 WHERE name = $1", &changed,
                              store_text(BYTES_TEXT("kept")), store_int(7)),
                     OK);
    assert_int_equal(changed, 1);
    assert_int_equal(full_of(s, "kept"), 7);
    store_rollback(s);
    store_rollback(s);
    assert_int_equal(full_of(s, "kept"), 1);
    assert_int_equal(full_of(s, "dropped"), -1);

    /* Closing in the middle of one is a rollback as well. */
    assert_int_equal(store_begin(s), OK);
    assert_int_equal(put(s, "dropped", 1), OK);
    store_close(s);
    s = open_it(b, &first);
    assert_int_equal(full_of(s, "kept"), 1);
    assert_int_equal(full_of(s, "dropped"), -1);
    store_close(s);
}

static void constraints_are_told_apart(void **state)
{
    struct bench *b = *state;
    struct store *s = open_it(b, &first);
    uint64_t changed = 99;

    assert_int_equal(store_begin(s), OK);
    assert_int_equal(put(s, "one", 1), OK);
    assert_int_equal(put(s, "one", 2), E_EXISTS);
    assert_int_equal(put(s, "two", -1), E_REFUSED);
    /* A constraint undoes its statement alone. */
    assert_int_equal(put(s, "three", 3), OK);
    assert_int_equal(store_do(s, "UPDATE cup SET full = $2 WHERE name = $1", &changed,
                              store_text(BYTES_TEXT("two")), store_int(7)),
                     OK);
    assert_int_equal(changed, 0);
    assert_int_equal(store_commit(s), OK);
    assert_int_equal(full_of(s, "one"), 1);
    assert_int_equal(full_of(s, "two"), -1);
    assert_int_equal(full_of(s, "three"), 3);
    store_close(s);
}

static void values_are_never_statements(void **state)
{
    static const char quoted[] = "x'); DROP TABLE cup; --", astral[] = "a 🚲 b 🅱️";
    static const uint8_t every[] = {0x00, 0x27, 0xff, 0x00};
    struct bench *b = *state;
    struct store *s = open_it(b, &second);
    struct store_rows rows;
    uint8_t copy[sizeof every], five[5];

    assert_int_equal(store_begin(s), OK);
    /* $2 stands before $1: a placeholder's number is its name. */
    assert_int_equal(store_do(s, "INSERT INTO cup (tea, name, full, saucer) VALUES ($2, $1, $3, $4)", NULL,
                              store_text(bytes_string(quoted)), store_bytes(BYTES_OF(every)),
                              store_int(INT64_MAX), store_null()),
                     OK);
    assert_int_equal(store_do(s, "INSERT INTO cup (name, tea, full, saucer) VALUES ($1, $2, $3, $4)", NULL,
                              store_text(bytes_string(astral)), store_bytes(bytes(NULL, 0)), store_int(0),
                              store_int(-5)),
                     OK);
    assert_int_equal(store_commit(s), OK);

    assert_int_equal(store_query(s, "SELECT name, tea, full, saucer FROM cup ORDER BY full", NULL, 0, &rows),
                     OK);
    assert_int_equal(store_next(&rows), OK);
    assert_true(bytes_equal(store_column_bytes(&rows, 0), bytes_string(astral)));
    assert_int_equal(store_column_bytes(&rows, 1).len, 0);
    assert_false(store_column_is_null(&rows, 1));
    assert_true(store_column_int(&rows, 3) == -5);
    assert_int_equal(store_next(&rows), OK);
    assert_true(bytes_equal(store_column_bytes(&rows, 0), bytes_string(quoted)));
    assert_int_equal(store_column_copy(&rows, 1, copy, sizeof copy), OK);
    assert_memory_equal(copy, every, sizeof every);
    assert_int_equal(store_column_copy(&rows, 1, five, sizeof five), E_MALFORMED);
    assert_true(store_column_int(&rows, 2) == INT64_MAX);
    assert_true(store_column_is_null(&rows, 3));
    assert_int_equal(store_next(&rows), E_NOT_FOUND);
    assert_int_equal(store_next(&rows), E_NOT_FOUND);
    store_done(&rows);
    store_close(s);
}

static void steps_run_once_and_whole(void **state)
{
    const char *const broken_steps[] = {steps[0], "CREATE TABLE half (a INTEGER) STRICT; CREATE nonsense"};
    const char *const mended_steps[] = {steps[0], "CREATE TABLE half (a INTEGER) STRICT"};
    const struct store_schema broken = {broken_steps, 2}, mended = {mended_steps, 2};
    struct bench *b = *state;
    struct store *s = open_it(b, &first);

    assert_int_equal(store_begin(s), OK);
    assert_int_equal(put(s, "old", 4), OK);
    assert_int_equal(store_commit(s), OK);
    store_close(s);

    refuse_it(b, &broken, E_IO, "brought to this program's version");
    /* Had a half of the broken step stayed, this one could not run. */
    s = open_it(b, &mended);
    assert_int_equal(full_of(s, "old"), 4);
    store_close(s);
    refuse_it(b, &first, E_UNSUPPORTED, "newer version");
}

static void write_file(struct bench *b, const char *name, const char *text, mode_t mode)
{
    char path[SCRATCH_PATH];
    int file;

    scratch_path(b->folder, name, path);
    file = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert_true(file >= 0);
    assert_int_equal(fchmod(file, mode), 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    close(file);
}

static void a_key_that_is_none_is_refused(void **state)
{
    struct bench *b = *state;
    char path[SCRATCH_PATH];

    store_close(open_it(b, &first));
    scratch_path(b->folder, "house.key", path);

    write_file(b, "house.key", "short", 0600);
    refuse_it(b, &first, E_MALFORMED, "32 bytes");
    write_file(b, "house.key", "0123456789abcdef0123456789abcdefX", 0600);
    refuse_it(b, &first, E_MALFORMED, "32 bytes");
    write_file(b, "house.key", "0123456789abcdef0123456789abcdef", 0640);
    refuse_it(b, &first, E_REFUSED, "chmod 600");
    assert_int_equal(unlink(path), 0);
    refuse_it(b, &first, E_NOT_FOUND, "house.key is missing");
    write_file(b, "house.key", "0123456789abcdef0123456789abcdef", 0600);
    store_close(open_it(b, &first));
}

static void a_relays_folder_holds_a_key_alone(void **state)
{
    struct bench *b = *state;
    struct store_relay *relay, *second_one;
    char path[SCRATCH_PATH];
    uint8_t key[STORE_KEY_LEN];
    const char *why = NULL;

    assert_int_equal(store_relay_open(b->folder, &b->seeded.random, &relay, &why), OK);
    memcpy(key, store_relay_key(relay), sizeof key);
    assert_int_equal(mode_of(b, "relay.key"), 0600);
    scratch_path(b->folder, "house.db", path);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(store_relay_open(b->folder, &b->seeded.random, &second_one, &why), E_EXISTS);
    store_relay_close(relay);
    assert_int_equal(store_relay_open(b->folder, &b->seeded.random, &relay, &why), OK);
    assert_memory_equal(store_relay_key(relay), key, sizeof key);
    store_relay_close(relay);
    store_relay_close(NULL);

    write_file(b, "relay.key", "short", 0600);
    assert_int_equal(store_relay_open(b->folder, &b->seeded.random, &relay, &why), E_MALFORMED);
    assert_non_null(strstr(why, "relay.key"));
    write_file(b, "relay.key", "0123456789abcdef0123456789abcdef", 0644);
    assert_int_equal(store_relay_open(b->folder, &b->seeded.random, &relay, &why), E_REFUSED);
    scratch_path(b->folder, "relay.key", path);
    assert_int_equal(unlink(path), 0);
    store_close(open_it(b, &first));
    assert_int_equal(store_relay_open(b->folder, &b->seeded.random, &relay, &why), E_EXISTS);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    struct bench *b = *state;

    store_close(open_it(b, &first));
    write_file(b, "house.db", "This file holds nothing that a database would begin with, at some length.",
               0600);
    refuse_it(b, &first, E_MALFORMED, "as a database");
}

/* Field report G51, the store's half: what was committed is there after the process is killed. */
static void g51_a_kill_loses_no_commit(void **state)
{
    struct bench *b = *state;
    struct store *s;
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        s = open_it(b, &first);
        if (store_begin(s) == OK && put(s, "committed", 5) == OK && store_commit(s) == OK &&
            store_begin(s) == OK && put(s, "open", 5) == OK)
            raise(SIGKILL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    s = open_it(b, &first);
    assert_int_equal(full_of(s, "committed"), 5);
    assert_int_equal(full_of(s, "open"), -1);
    store_close(s);
}

/* Field report G51: a full disk refuses what is new and keeps what was accepted. */
static void g51_a_full_disk_loses_nothing(void **state)
{
    static uint8_t large[256 * 1024];
    struct bench *b = *state;
    struct store *s = open_it(b, &first);
    struct rlimit before, tight;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    enum result res;

    assert_int_equal(store_begin(s), OK);
    assert_int_equal(put(s, "kept", 1), OK);
    assert_int_equal(store_commit(s), OK);

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    tight = before;
    tight.rlim_cur = 128 * 1024;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    assert_int_equal(store_begin(s), OK);
    res = store_do(s, "INSERT INTO cup (name, tea, full) VALUES ($1, $2, $3)", NULL,
                   store_text(BYTES_TEXT("large")), store_bytes(BYTES_OF(large)), store_int(1));
    if (res == OK)
        res = store_commit(s);
    else
        store_rollback(s);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(res, E_IO);

    assert_int_equal(full_of(s, "large"), -1);
    assert_int_equal(full_of(s, "kept"), 1);
    assert_int_equal(store_begin(s), OK);
    assert_int_equal(put(s, "next", 2), OK);
    assert_int_equal(store_commit(s), OK);
    store_close(s);
    s = open_it(b, &first);
    assert_int_equal(full_of(s, "next"), 2);
    store_close(s);
}

static enum result fill(struct store *s)
{
    enum result res = store_begin(s);

    if (res != OK)
        return res;
    res = put(s, "first", 1);
    if (res == OK)
        res = put(s, "second", 2);
    if (res != OK) {
        store_rollback(s);
        return res;
    }
    return store_commit(s);
}

/* Denies every allocation of SQLite's in turn: each run is refused whole or done whole. */
static void denied_memory_breaks_nothing(void **state)
{
    struct bench *b = *state;
    bool done = false;
    long until = 0;

    for (; !done; until++) {
        struct store *s = NULL;
        const char *why = NULL;
        enum result res;

        denial.left = until;
        res = store_open(b->folder, &first, &b->seeded.random, &s, &why);
        if (res == OK)
            res = fill(s);
        /* Memory that is denied for good ends in E_NO_MEMORY, or in E_IO where SQLite says so itself. */
        assert_true(res == OK || res == E_NO_MEMORY || res == E_IO);
        done = res == OK;
        denial.left = -1;
        store_close(s);

        s = open_it(b, &first);
        assert_true(full_of(s, "first") == (done ? 1 : -1));
        assert_true(full_of(s, "second") == (done ? 2 : -1));
        store_close(s);
        assert_true(until < 10000);
    }
    assert_true(until > 10);
}

static bool file_holds(struct bench *b, const char *name, struct bytes what)
{
    static char all[1 << 20];
    char path[SCRATCH_PATH];
    FILE *file;
    size_t size;

    scratch_path(b->folder, name, path);
    file = fopen(path, "rb");
    if (file == NULL)
        return false;
    size = fread(all, 1, sizeof all, file);
    fclose(file);
    return memmem(all, size, what.at, what.len) != NULL;
}

static void deleted_rows_are_overwritten(void **state)
{
    struct bench *b = *state;
    struct store *s = open_it(b, &first);
    const struct bytes name = BYTES_TEXT("a-name-to-be-forgotten");

    assert_int_equal(store_begin(s), OK);
    assert_int_equal(put(s, "a-name-to-be-forgotten", 1), OK);
    assert_int_equal(store_commit(s), OK);
    store_close(s);
    assert_true(file_holds(b, "house.db", name));

    s = open_it(b, &first);
    assert_int_equal(store_begin(s), OK);
    assert_int_equal(store_do(s, "DELETE FROM cup WHERE name = $1", NULL, store_text(name)), OK);
    assert_int_equal(store_commit(s), OK);
    store_close(s);
    assert_false(file_holds(b, "house.db", name));
    assert_false(file_holds(b, "house.db-wal", name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_folder_is_private, lay, clear),
        cmocka_unit_test_setup_teardown(one_server_at_a_time, lay, clear),
        cmocka_unit_test_setup_teardown(a_rollback_leaves_nothing, lay, clear),
        cmocka_unit_test_setup_teardown(constraints_are_told_apart, lay, clear),
        cmocka_unit_test_setup_teardown(values_are_never_statements, lay, clear),
        cmocka_unit_test_setup_teardown(steps_run_once_and_whole, lay, clear),
        cmocka_unit_test_setup_teardown(a_key_that_is_none_is_refused, lay, clear),
        cmocka_unit_test_setup_teardown(a_relays_folder_holds_a_key_alone, lay, clear),
        cmocka_unit_test_setup_teardown(a_file_that_is_no_database_is_refused, lay, clear),
        cmocka_unit_test_setup_teardown(g51_a_kill_loses_no_commit, lay, clear),
        cmocka_unit_test_setup_teardown(g51_a_full_disk_loses_nothing, lay, clear),
        cmocka_unit_test_setup_teardown(denied_memory_breaks_nothing, lay, clear),
        cmocka_unit_test_setup_teardown(deleted_rows_are_overwritten, lay, clear),
    };

    return cmocka_run_group_tests_name("store", tests, use_own_memory, NULL);
}
