#define _GNU_SOURCE /* accept4, O_PATH */
#include "cli/doorbell.h"

#include "client/room_link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { CALLERS = 8, NAME_SIZE = ROOM_NAME_SIZE + 24 };

struct caller {
    struct doorbell *bell;
    uint32_t number; /* 0: a free place */
    int fd;
    struct loop_watch *watch; /* NULL once the line is whole */
    size_t used;
    char line[DOORBELL_LINE];
};

struct doorbell {
    struct doorbell_options options;
    int folder, fd; /* -1 for none */
    struct loop_watch *watch;
    char name[NAME_SIZE];
    struct stat own; /* of the socket in the folder */
    uint32_t last_number;
    struct caller callers[CALLERS];
};

/* A home's path may be longer than a socket's address can be: its open folder stands for it. */
static void address_of(int folder, const char *name, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/%s", folder, name);
}

static void name_of(const uint8_t room[static 32], char out[static NAME_SIZE])
{
    char text[ROOM_NAME_SIZE];

    room_name_write(room, text);
    snprintf(out, NAME_SIZE, "stage-%s", text);
}

/* --- The join's side --- */

static void hang_up(struct caller *c)
{
    loop_watch_free(c->watch);
    close(c->fd);
    *c = (struct caller){.bell = c->bell};
}

static void on_readable(void *context)
{
    struct caller *c = context;
    ssize_t n = read(c->fd, c->line + c->used, sizeof c->line - 1 - c->used);
    char *end;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        hang_up(c);
        return;
    }
    c->used += (size_t)n;
    end = memchr(c->line, '\n', c->used);
    if (end == NULL) {
        if (c->used == sizeof c->line - 1)
            hang_up(c);
        return;
    }
    *end = '\0';
    loop_watch_free(c->watch);
    c->watch = NULL;
    c->bell->options.rung(c->bell->options.context, c->number, c->line);
}

static struct caller *place_for(struct doorbell *bell)
{
    struct caller *oldest = NULL;

    for (struct caller *c = bell->callers; c < bell->callers + CALLERS; c++) {
        if (c->number == 0)
            return c;
        if (c->watch != NULL && (oldest == NULL || c->number < oldest->number))
            oldest = c;
    }
    if (oldest != NULL)
        hang_up(oldest);
    return oldest;
}

static void on_caller(void *context)
{
    struct doorbell *bell = context;
    int fd = accept4(bell->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct caller *c;

    if (fd < 0)
        return;
    c = place_for(bell);
    if (c == NULL) {
        close(fd);
        return;
    }
    *c = (struct caller){.bell = bell, .number = ++bell->last_number, .fd = fd};
    if (loop_watch_new(bell->options.loop, fd, on_readable, c, &c->watch) != OK)
        hang_up(c);
}

void doorbell_answer(struct doorbell *bell, uint32_t caller, int code, const char *text)
{
    char line[DOORBELL_LINE];
    int len = snprintf(line, sizeof line, "%d %s\n", code, text);

    for (struct caller *c = bell->callers; c < bell->callers + CALLERS; c++) {
        if (c->number != caller)
            continue;
        if (len >= (int)sizeof line)
            len = (int)sizeof line - 1;
        if (send(c->fd, line, (size_t)len, MSG_NOSIGNAL) < 0)
            (void)errno; /* it has gone away: nobody is left to be told */
        hang_up(c);
        return;
    }
}

/* Made beside and then put in its place, so that whoever is there before is replaced in one step. */
static enum result put_in_place(struct doorbell *bell)
{
    char beside[NAME_SIZE];
    struct sockaddr_un address;
    int len = snprintf(beside, sizeof beside, "stage-new-%ld", (long)getpid());
    bool made;

    (void)len;
    address_of(bell->folder, beside, &address);
    (void)unlinkat(bell->folder, beside, 0);
    made = bind(bell->fd, (const struct sockaddr *)&address, sizeof address) == 0;
    if (made && fchmodat(bell->folder, beside, S_IRUSR | S_IWUSR, 0) == 0 && listen(bell->fd, CALLERS) == 0 &&
        fstatat(bell->folder, beside, &bell->own, AT_SYMLINK_NOFOLLOW) == 0 &&
        renameat(bell->folder, beside, bell->folder, bell->name) == 0)
        return OK;
    if (made)
        (void)unlinkat(bell->folder, beside, 0);
    bell->name[0] = '\0';
    return E_IO;
}

enum result doorbell_new(const struct doorbell_options *options, struct doorbell **out)
{
    struct doorbell *bell = calloc(1, sizeof *bell);
    enum result res = OK;

    if (bell == NULL)
        return E_NO_MEMORY;
    bell->options = *options;
    for (size_t i = 0; i < CALLERS; i++)
        bell->callers[i].bell = bell;
    bell->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bell->folder = open(options->home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (bell->fd < 0 || bell->folder < 0)
        res = E_IO;
    if (res == OK) {
        name_of(options->room, bell->name);
        res = put_in_place(bell);
    }
    if (res == OK)
        res = loop_watch_new(options->loop, bell->fd, on_caller, bell, &bell->watch);
    if (res != OK) {
        doorbell_free(bell);
        return res;
    }
    *out = bell;
    return OK;
}

static bool is_own(const struct doorbell *bell)
{
    struct stat now;

    return bell->name[0] != '\0' && fstatat(bell->folder, bell->name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
           now.st_ino == bell->own.st_ino && now.st_dev == bell->own.st_dev;
}

void doorbell_free(struct doorbell *bell)
{
    int error = errno;

    if (bell == NULL)
        return;
    for (struct caller *c = bell->callers; c < bell->callers + CALLERS; c++)
        if (c->number != 0)
            hang_up(c);
    loop_watch_free(bell->watch);
    if (bell->folder >= 0) {
        if (is_own(bell))
            (void)unlinkat(bell->folder, bell->name, 0);
        close(bell->folder);
    }
    if (bell->fd >= 0)
        close(bell->fd);
    free(bell);
    errno = error;
}

/* --- The caller's side --- */

static enum result read_answer(int fd, char answer[static DOORBELL_LINE])
{
    size_t used = 0;

    while (used < DOORBELL_LINE - 1) {
        ssize_t n = read(fd, answer + used, DOORBELL_LINE - 1 - used);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? E_EXPIRED : E_IO;
        if (n == 0)
            break;
        used += (size_t)n;
        if (answer[used - 1] == '\n')
            break;
    }
    if (used < 3 || answer[used - 1] != '\n' || answer[1] != ' ')
        return E_CLOSED;
    answer[used - 1] = '\0';
    return OK;
}

static enum result ask(int fd, int folder, const char *name, const char *line,
                       char answer[static DOORBELL_LINE])
{
    const struct timeval wait = {.tv_sec = DOORBELL_WAIT_S};
    struct sockaddr_un address;

    address_of(folder, name, &address);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0)
        return E_IO;
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        return errno == ENOENT || errno == ECONNREFUSED ? E_NOT_FOUND : E_IO;
    if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0 || send(fd, "\n", 1, MSG_NOSIGNAL) < 0)
        return E_CLOSED;
    return read_answer(fd, answer);
}

enum result doorbell_ring(const char *home, const uint8_t room[static 32], const char *line, int *code,
                          char text[static DOORBELL_LINE])
{
    int folder = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char name[NAME_SIZE], answer[DOORBELL_LINE];
    enum result res = E_IO;

    name_of(room, name);
    if (folder >= 0 && fd >= 0)
        res = ask(fd, folder, name, line, answer);
    if (res == OK) {
        *code = answer[0] - '0';
        snprintf(text, DOORBELL_LINE, "%s", answer + 2);
    }
    if (folder >= 0)
        close(folder);
    if (fd >= 0)
        close(fd);
    return res;
}
