#define _POSIX_C_SOURCE 200809L

/* Files and pipes as sources and sinks. */
#include "sound/wav.h"

#include <errno.h>
#include <unistd.h>

static enum result read_some(void *self, struct bytes_mut into, size_t *got)
{
    const int *fd = self;
    ssize_t n;

    do
        n = read(*fd, into.at, into.len);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? E_AGAIN : E_IO;
    *got = (size_t)n;
    return OK;
}

struct wav_source wav_source_of(int *fd)
{
    return (struct wav_source){read_some, fd};
}

static enum result write_all(void *self, uint64_t at, struct bytes b)
{
    const int *fd = self;

    while (b.len != 0) {
        ssize_t n = pwrite(*fd, b.at, b.len, (off_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return E_IO;
        at += (size_t)n;
        b = bytes(b.at + n, b.len - (size_t)n);
    }
    return OK;
}

struct wav_sink wav_sink_of(int *fd)
{
    return (struct wav_sink){write_all, fd};
}
