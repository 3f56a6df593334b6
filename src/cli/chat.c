#define _POSIX_C_SOURCE 200809L
#include "cli/chat.h"

#include "io/loop.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void line_say(struct chat_input *c, struct bytes line)
{
    enum result res;

    if (line.len != 0 && line.at[line.len - 1] == '\r')
        line.len--;
    if (line.len == 0)
        return;
    res = c->too_long ? E_TOO_LARGE : client_chat(c->session, line);
    switch (res) {
    case OK:
        break;
    case E_MALFORMED:
        (void)args_failed(c->args, "a line of chat must be UTF-8");
        break;
    case E_TOO_LARGE:
        (void)args_failed(c->args, "a line of chat was not sent: at most %d bytes, and %d lines at a time",
                          TALK_CHAT_BYTES, CLIENT_CHATS);
        break;
    default:
        (void)args_failed(c->args, "a line of chat was not sent: there is no seat at the moment");
    }
}

static void lines_take(struct chat_input *c)
{
    uint8_t *end;

    while ((end = memchr(c->line, '\n', c->used)) != NULL) {
        size_t len = (size_t)(end - c->line);

        line_say(c, bytes(c->line, len));
        c->too_long = false;
        c->used -= len + 1;
        memmove(c->line, end + 1, c->used);
    }
    if (c->used == sizeof c->line) {
        c->too_long = true;
        c->used = 0;
    }
}

/* Whether there may be more. */
static bool input_take(struct chat_input *c)
{
    ssize_t n = read(STDIN_FILENO, c->line + c->used, sizeof c->line - c->used);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    c->used += (size_t)n;
    lines_take(c);
    return n != 0;
}

static void on_readable(void *context)
{
    struct chat_input *c = context;

    if (!input_take(c))
        chat_input_end(c);
}

void chat_input_begin(struct chat_input *c, const struct args *args, struct loop *loop,
                      struct client *session)
{
    struct stat info;

    c->args = args;
    c->session = session;
    if (isatty(STDIN_FILENO) ? tcgetpgrp(STDIN_FILENO) != getpgrp() : fstat(STDIN_FILENO, &info) != 0)
        return;
    /* A file has no moment at which it becomes readable: it is said as it is. */
    if (!isatty(STDIN_FILENO) && !S_ISFIFO(info.st_mode) && !S_ISSOCK(info.st_mode))
        while (input_take(c))
            ;
    else if (loop_watch_new(loop, STDIN_FILENO, on_readable, c, &c->watch) != OK)
        (void)args_failed(args, "standard input cannot be read: there will be no chat");
}

void chat_input_end(struct chat_input *c)
{
    loop_watch_free(c->watch);
    c->watch = NULL;
}
