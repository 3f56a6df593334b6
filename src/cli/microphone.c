#define _POSIX_C_SOURCE 200809L
#include "cli/microphone.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static int file_open(struct microphone *m)
{
    m->flags = -1;
    if (strcmp(m->path, "-") == 0) {
        m->file = STDIN_FILENO;
        m->flags = fcntl(m->file, F_GETFL);
        if (m->flags < 0 || fcntl(m->file, F_SETFL, m->flags | O_NONBLOCK) != 0)
            return args_wrong(m->args, "standard input cannot be read: %s", strerror(errno));
        return EXIT_DONE;
    }
    m->file = open(m->path, O_RDONLY | O_CLOEXEC);
    if (m->file < 0)
        return args_wrong(m->args, "%s cannot be read: %s", m->path, strerror(errno));
    return EXIT_DONE;
}

static int bad_file(const struct microphone *m)
{
    const char *name = strcmp(m->path, "-") == 0 ? "standard input" : m->path;

    return args_wrong(m->args, "%s: %s", name, frames_reason(m->frames));
}

int microphone_open(struct microphone *m, const struct args *args, const char *path)
{
    struct pollfd ready;
    enum result res;
    int code;

    *m = (struct microphone){.args = args, .path = path, .flags = -1};
    if (path == NULL)
        return EXIT_DONE;
    code = file_open(m);
    if (code != EXIT_DONE)
        return code;
    if (frames_new(&m->frames, wav_source_of(&m->file)) != OK)
        return args_failed(args, "out of memory");
    while ((res = frames_next(m->frames, m->first)) == E_AGAIN) {
        ready = (struct pollfd){m->file, POLLIN, 0};
        (void)poll(&ready, 1, -1);
    }
    m->first_waits = res == OK;
    return res == OK || res == E_CLOSED ? EXIT_DONE : bad_file(m);
}

void microphone_next(struct microphone *m, float out[static SOUND_FRAME])
{
    enum result res;

    if (m->first_waits) {
        memcpy(out, m->first, sizeof m->first);
        m->first_waits = false;
        return;
    }
    res = m->frames != NULL ? frames_next(m->frames, out) : E_CLOSED;
    if (res == OK)
        return;
    memset(out, 0, SOUND_FRAME * sizeof *out);
    if (res == E_AGAIN || m->frames == NULL)
        return;
    if (res != E_CLOSED)
        (void)bad_file(m);
    microphone_close(m);
}

void microphone_close(struct microphone *m)
{
    if (m->frames == NULL)
        return;
    frames_free(m->frames);
    m->frames = NULL;
    if (m->flags >= 0)
        (void)fcntl(m->file, F_SETFL, m->flags);
    else
        close(m->file);
}
