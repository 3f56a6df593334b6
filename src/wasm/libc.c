/* The little that wasi-libc asks a system for: the time of day, which is the host's, and streams, which
 * nobody writes to. Defined here, so that a module has no other imports than those of base/host.h. */
#include "base/host.h"

#include <wasi/api.h>

/* Milliseconds since 1970, as they are known here. */
HOST(unix_time) double host_unix_time(void);

__wasi_errno_t __wasi_clock_time_get(__wasi_clockid_t clock, __wasi_timestamp_t precision,
                                     __wasi_timestamp_t *out)
{
    (void)precision;
    if (clock != __WASI_CLOCKID_REALTIME)
        return __WASI_ERRNO_NOTSUP;
    *out = (__wasi_timestamp_t)(host_unix_time() * 1000.0) * 1000u;
    return __WASI_ERRNO_SUCCESS;
}

__wasi_errno_t __wasi_fd_close(__wasi_fd_t fd)
{
    (void)fd;
    return __WASI_ERRNO_BADF;
}

__wasi_errno_t __wasi_fd_seek(__wasi_fd_t fd, __wasi_filedelta_t by, __wasi_whence_t whence,
                              __wasi_filesize_t *at)
{
    (void)fd;
    (void)by;
    (void)whence;
    (void)at;
    return __WASI_ERRNO_BADF;
}

__wasi_errno_t __wasi_fd_write(__wasi_fd_t fd, const __wasi_ciovec_t *pieces, size_t count,
                               __wasi_size_t *out)
{
    (void)fd;
    (void)pieces;
    (void)count;
    (void)out;
    return __WASI_ERRNO_BADF;
}
