#define _POSIX_C_SOURCE 200809L
#include "client/identity.h"

#include "base/text.h"
#include "crypto/crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SUFFIX_LEN = 8 };

/* Who may write into the directory could exchange the file, whatever its own mode. */
static enum result home_open(const char *home, int *out)
{
    struct stat info;
    int dir = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum result res;

    if (dir < 0)
        return errno == ENOENT ? E_NOT_FOUND : E_IO;
    if (fstat(dir, &info) != 0)
        res = E_IO;
    else
        res = (info.st_mode & (S_IWGRP | S_IWOTH)) != 0 ? E_REFUSED : OK;
    if (res == OK)
        *out = dir;
    else
        close(dir);
    return res;
}

static bool write_all(int file, struct bytes b)
{
    while (b.len != 0) {
        ssize_t n = write(file, b.at, b.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        b.at += n;
        b.len -= (size_t)n;
    }
    return true;
}

/* Under a name of its own first, then linked to the real one, which fails where that exists: a half-written
 * account is never seen, and an account that is there is never replaced. */
static enum result file_place(int dir, struct bytes content)
{
    uint8_t suffix[SUFFIX_LEN];
    char hex[2 * SUFFIX_LEN + 1], name[32];
    enum result res = OK;
    int file;

    random_fill(crypto_random(), suffix, sizeof suffix);
    text_hex(BYTES_OF(suffix), hex);
    snprintf(name, sizeof name, "account.%s", hex);
    file = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0)
        return E_IO;
    if (!write_all(file, content) || fsync(file) != 0)
        res = E_IO;
    if (close(file) != 0)
        res = E_IO;
    if (res == OK && linkat(dir, name, dir, "account", 0) != 0)
        res = errno == EEXIST ? E_EXISTS : E_IO;
    if (unlinkat(dir, name, 0) != 0 && res == OK)
        res = E_IO;
    if (res == OK && fsync(dir) != 0)
        res = E_IO;
    return res;
}

enum result identity_save(const struct identity *identity, const char *home)
{
    uint8_t room[IDENTITY_FILE_BYTES];
    struct bytes content;
    enum result res = identity_write(identity, (struct bytes_mut){room, sizeof room}, &content);
    int dir = -1;

    if (res == OK && mkdir(home, S_IRWXU) != 0 && errno != EEXIST)
        res = E_IO;
    if (res == OK)
        res = home_open(home, &dir);
    if (res == OK)
        res = file_place(dir, content);
    if (dir >= 0)
        close(dir);
    wipe(room, sizeof room);
    return res;
}

static enum result file_load(int file, struct identity *out)
{
    uint8_t room[IDENTITY_FILE_BYTES];
    struct stat info;
    enum result res;
    ssize_t n;

    if (fstat(file, &info) != 0)
        return E_IO;
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return E_REFUSED;
    n = read(file, room, sizeof room);
    if (n < 0)
        return E_IO;
    res = (size_t)n == sizeof room ? E_MALFORMED : identity_read(bytes(room, (size_t)n), out);
    wipe(room, sizeof room);
    return res;
}

enum result identity_load(const char *home, struct identity *out)
{
    enum result res;
    int dir, file;

    res = home_open(home, &dir);
    if (res != OK)
        return res;
    file = openat(dir, "account", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        res = errno == ENOENT ? E_NOT_FOUND : E_IO;
    close(dir);
    if (res != OK)
        return res;
    res = file_load(file, out);
    close(file);
    return res;
}

enum result identity_remove(const char *home)
{
    enum result res;
    int dir;

    res = home_open(home, &dir);
    if (res != OK)
        return res;
    if (unlinkat(dir, "account", 0) != 0 || fsync(dir) != 0)
        res = E_IO;
    close(dir);
    return res;
}
