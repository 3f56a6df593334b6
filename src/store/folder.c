#define _GNU_SOURCE
#include "store/folder.h"
#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum result take_lock(struct folder *f, const char **why)
{
    f->lock = openat(f->at, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (f->lock < 0) {
        *why = "the data folder's lock cannot be opened";
        return E_IO;
    }
    if (flock(f->lock, LOCK_EX | LOCK_NB) != 0) {
        *why = errno == EWOULDBLOCK ? "another server is running on this data folder"
                                    : "the data folder cannot be locked";
        return errno == EWOULDBLOCK ? E_EXISTS : E_IO;
    }
    return OK;
}

/* What a folder's key is called, and what is told of it. */
struct key_words {
    const char *name, *fresh;
    const char *unread, *open_to_others, *no_key, *unwritten, *unopened;
};

#define KEY_WORDS(name)                                                                                      \
    {                                                                                                        \
        name, name ".new", name " cannot be read",                                                           \
            name " must be a file that its owner alone can read (chmod 600)",                                \
            name " is not a key: it should have 32 bytes", name " cannot be written",                        \
            name " cannot be opened"                                                                         \
    }

static const struct key_words key_words[] = {
    [FOLDER_HOUSE] = KEY_WORDS("house.key"),
    [FOLDER_RELAY] = KEY_WORDS("relay.key"),
};

static enum result read_key(struct folder *f, const struct key_words *words, int file, const char **why)
{
    struct stat s;

    if (fstat(file, &s) != 0) {
        *why = words->unread;
        return E_IO;
    }
    if (!S_ISREG(s.st_mode) || (s.st_mode & 077) != 0) {
        *why = words->open_to_others;
        return E_REFUSED;
    }
    if (s.st_size != sizeof f->key || read(file, f->key, sizeof f->key) != (ssize_t)sizeof f->key) {
        *why = words->no_key;
        return E_MALFORMED;
    }
    return OK;
}

/* Under another name first, so that a crash leaves a whole key or none. */
static enum result make_key(struct folder *f, const struct key_words *words, const struct random *random,
                            const char **why)
{
    int file = openat(f->at, words->fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool written;

    *why = words->unwritten;
    if (file < 0)
        return E_IO;
    random_fill(random, f->key, sizeof f->key);
    written = write(file, f->key, sizeof f->key) == (ssize_t)sizeof f->key && fsync(file) == 0;
    if (close(file) != 0 || !written || renameat(f->at, words->fresh, f->at, words->name) != 0 ||
        fsync(f->at) != 0)
        return E_IO;
    return OK;
}

static enum result have_key(struct folder *f, enum folder_kind kind, const struct random *random,
                            const char **why)
{
    const struct key_words *words = &key_words[kind];
    int file = openat(f->at, words->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    enum result res;

    if (file >= 0) {
        res = read_key(f, words, file, why);
        close(file);
        return res;
    }
    if (errno != ENOENT) {
        *why = words->unopened;
        return E_IO;
    }
    /* Accounts know the house by its key: a new one beside old data would be another house. */
    if (faccessat(f->at, "house.db", F_OK, 0) == 0) {
        *why = kind == FOLDER_HOUSE ? "house.key is missing although house.db is there: put the key back"
                                    : "this is the data folder of a house";
        return kind == FOLDER_HOUSE ? E_NOT_FOUND : E_EXISTS;
    }
    return make_key(f, words, random, why);
}

/* SQLite would make the file as readable as the umask lets it; its side files copy the database's mode. */
static enum result have_database(struct folder *f, const char **why)
{
    int file = openat(f->at, "house.db", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (file < 0) {
        *why = "house.db cannot be opened";
        return E_IO;
    }
    close(file);
    return OK;
}

enum result folder_open(struct folder *f, enum folder_kind kind, const char *path,
                        const struct random *random, const char **why)
{
    enum result res;

    *f = (struct folder){.at = -1, .lock = -1};
    *why = "the data folder cannot be made";
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return E_IO;
    *why = "the data folder cannot be opened";
    f->at = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->at < 0)
        return E_IO;

    res = take_lock(f, why);
    if (res == OK)
        res = have_key(f, kind, random, why);
    if (res == OK && kind == FOLDER_HOUSE)
        res = have_database(f, why);
    return res;
}

void folder_close(struct folder *f)
{
    if (f->lock >= 0)
        close(f->lock);
    if (f->at >= 0)
        close(f->at);
    wipe(f->key, sizeof f->key);
    f->at = f->lock = -1;
}
