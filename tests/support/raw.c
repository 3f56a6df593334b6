#define _GNU_SOURCE
#include "support/raw.h"
#include "support/patience.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

bool raw_own_address(struct address *out)
{
    struct ifaddrs *all;
    bool found = false;

    if (getifaddrs(&all) != 0)
        return false;
    for (const struct ifaddrs *i = all; i != NULL && !found; i = i->ifa_next) {
        if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET || (i->ifa_flags & IFF_LOOPBACK) != 0)
            continue;
        *out = address_v4((const uint8_t *)&((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr,
                          0);
        found = true;
    }
    freeifaddrs(all);
    return found;
}

static void readable(void *context)
{
    struct raw *r = context;
    ssize_t got;

    assert_true(r->len < RAW_HELD);
    got = recv(r->fd, r->held + r->len, RAW_HELD - r->len, MSG_DONTWAIT);
    if (got > 0) {
        r->len += (size_t)got;
        r->held[r->len] = 0;
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        r->ended = true;
        r->reset = got < 0;
        raw_pause(r, true);
    }
    loop_stop(r->loop);
}

void raw_pause(struct raw *r, bool paused)
{
    if (paused) {
        loop_watch_free(r->watch);
        r->watch = NULL;
    } else if (r->watch == NULL) {
        assert_int_equal(loop_watch_new(r->loop, r->fd, readable, r, &r->watch), OK);
    }
}

void raw_connect(struct raw *r, struct loop *loop, const struct address *to)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    struct sockaddr_in in = {.sin_family = AF_INET};
    bool v4 = address_is_v4(to);
    int failed;

    memcpy(&in.sin_addr, to->ip + 12, 4);
    memcpy(&in.sin_port, to->port, 2);
    memcpy(&in6.sin6_addr, to->ip, 16);
    memcpy(&in6.sin6_port, to->port, 2);
    *r = (struct raw){.loop = loop, .held = calloc(1, RAW_HELD + 1)};
    assert_non_null(r->held);
    r->fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    failed = v4 ? connect(r->fd, (struct sockaddr *)&in, sizeof in)
                : connect(r->fd, (struct sockaddr *)&in6, sizeof in6);
    assert_int_equal(failed, 0);
    raw_pause(r, false);
}

int raw_listen(struct address *at)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof in;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
    *at = address_v4((const uint8_t *)&in.sin_addr, ntohs(in.sin_port));
    return fd;
}

static void stop(void *loop)
{
    loop_stop(loop);
}

void raw_accept(struct raw *r, struct loop *loop, int listening)
{
    struct loop_watch *watch;

    assert_int_equal(loop_watch_new(loop, listening, stop, loop, &watch), OK);
    patience_run(loop);
    loop_watch_free(watch);
    *r = (struct raw){.loop = loop, .held = calloc(1, RAW_HELD + 1)};
    assert_non_null(r->held);
    r->fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    assert_true(r->fd >= 0);
    raw_pause(r, false);
}

bool raw_try(struct raw *r, struct bytes b, size_t *sent)
{
    ssize_t n = send(r->fd, b.at, b.len, MSG_DONTWAIT | MSG_NOSIGNAL);

    *sent = n > 0 ? (size_t)n : 0;
    return n >= 0 || errno == EAGAIN || errno == EINTR;
}

void raw_send_bytes(struct raw *r, struct bytes b)
{
    size_t sent;

    assert_true(raw_try(r, b, &sent));
    assert_int_equal(sent, b.len);
}

void raw_send(struct raw *r, const char *text)
{
    raw_send_bytes(r, bytes_string(text));
}

void raw_drop(struct raw *r, size_t n)
{
    assert_true(n <= r->len);
    memmove(r->held, r->held + n, r->len - n + 1);
    r->len -= n;
}

void raw_expect(struct raw *r, const char *text)
{
    char *at;

    while ((at = memmem(r->held, r->len, text, strlen(text))) == NULL) {
        if (r->ended)
            fail_msg("the connection ended without: %s\nbut with: %s", text, r->held);
        patience_run(r->loop);
    }
    raw_drop(r, (size_t)(at - r->held) + strlen(text));
}

void raw_expect_bytes(struct raw *r, size_t n)
{
    while (r->len < n) {
        assert_false(r->ended);
        patience_run(r->loop);
    }
}

void raw_expect_end(struct raw *r)
{
    while (!r->ended)
        patience_run(r->loop);
}

void raw_shut(struct raw *r)
{
    assert_int_equal(shutdown(r->fd, SHUT_WR), 0);
}

void raw_close(struct raw *r)
{
    loop_watch_free(r->watch);
    close(r->fd);
    free(r->held);
    *r = (struct raw){.fd = -1};
}

void raw_reset(struct raw *r)
{
    struct linger at_once = {.l_onoff = 1};

    assert_int_equal(setsockopt(r->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    raw_close(r);
}
