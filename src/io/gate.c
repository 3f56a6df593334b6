#define _GNU_SOURCE
#include "io/gate.h"

#include "io/socket.h"

#include <event2/event.h>

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { ADDRESSES = 8, NEXT_AFTER_US = 250 * 1000, WAIT_MS = 10000, HOST_MAX = 253 };

/* What the resolving thread and the call share: whoever of the two leaves last frees it. */
struct lookup {
    pthread_mutex_t lock;
    bool done, abandoned; /* under the lock */
    int wake;
    char host[HOST_MAX + 1];
    uint16_t port;
    enum result result; /* these are the thread's until `done` */
    unsigned count;
    struct address addresses[ADDRESSES];
};

struct attempt {
    struct gate_call *call;
    int fd;
    struct event *writable;
};

struct gate_call {
    const struct gate *gate;
    struct loop *loop;
    void (*opened)(void *context, enum result, int fd, const struct address *);
    void *context;
    struct lookup *lookup;
    struct loop_watch *resolved;
    struct loop_timer *next, *deadline;
    unsigned count, tried, pending;
    struct address addresses[ADDRESSES];
    struct attempt attempts[ADDRESSES];
    enum result why; /* of the failure that is told if all fail */
};

enum result gate_allows(const struct gate *gate, const struct address *to)
{
    static const uint8_t nowhere[16];
    const uint8_t *v4 = to->ip + 12;

    (void)gate; /* the rules about countries will be asked here */
    if (address_port(to) == 0)
        return E_REFUSED;
    if (address_is_v4(to))
        return v4[0] == 0 || v4[0] >= 224 ? E_REFUSED : OK;
    return memcmp(to->ip, nowhere, sizeof nowhere) == 0 || to->ip[0] == 0xff ? E_REFUSED : OK;
}

/* Where an address means something: RFC 6890, RFC 4193 (fc00::/7), RFC 6598 (100.64.0.0/10). */
enum reach { REACH_LOOPBACK, REACH_LINK, REACH_PRIVATE, REACH_ALL };

static enum reach reach_of(const struct address *a)
{
    const uint8_t *v4 = a->ip + 12, *v6 = a->ip;

    if (address_is_loopback(a))
        return REACH_LOOPBACK;
    if (address_is_v4(a)) {
        if (v4[0] == 169 && v4[1] == 254)
            return REACH_LINK;
        return v4[0] == 10 || (v4[0] == 172 && (v4[1] & 0xf0) == 16) || (v4[0] == 192 && v4[1] == 168) ||
                       (v4[0] == 100 && (v4[1] & 0xc0) == 64)
                   ? REACH_PRIVATE
                   : REACH_ALL;
    }
    if (v6[0] == 0xfe && (v6[1] & 0xc0) == 0x80)
        return REACH_LINK;
    return (v6[0] & 0xfe) == 0xfc ? REACH_PRIVATE : REACH_ALL;
}

enum result gate_allows_named(const struct gate *gate, const struct address *by, const struct address *to)
{
    return reach_of(to) < reach_of(by) ? E_REFUSED : gate_allows(gate, to);
}

static void lookup_free(struct lookup *l)
{
    pthread_mutex_destroy(&l->lock);
    if (l->wake >= 0)
        close(l->wake);
    free(l);
}

static void *resolve(void *context)
{
    struct lookup *l = context;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    uint64_t one = 1;
    bool abandoned;

    if (getaddrinfo(l->host, NULL, &hints, &found) != 0)
        found = NULL;
    for (struct addrinfo *a = found; a != NULL && l->count < ADDRESSES; a = a->ai_next) {
        struct sockaddr_storage name = {0};
        struct address address;

        memcpy(&name, a->ai_addr, a->ai_addrlen < sizeof name ? a->ai_addrlen : sizeof name);
        address = socket_address_from(&name);
        l->addresses[l->count++] = address_v6(address.ip, l->port);
    }
    if (found != NULL)
        freeaddrinfo(found);
    l->result = l->count != 0 ? OK : E_NOT_FOUND;

    pthread_mutex_lock(&l->lock);
    l->done = true;
    abandoned = l->abandoned;
    if (!abandoned && write(l->wake, &one, sizeof one) < 0)
        l->result = E_IO;
    pthread_mutex_unlock(&l->lock);
    if (abandoned)
        lookup_free(l);
    return NULL;
}

static void lookup_leave(struct lookup *l)
{
    bool done;

    if (l == NULL)
        return;
    pthread_mutex_lock(&l->lock);
    done = l->done;
    l->abandoned = true;
    pthread_mutex_unlock(&l->lock);
    if (done)
        lookup_free(l);
}

static void attempt_end(struct attempt *a)
{
    if (a->writable != NULL)
        event_free(a->writable);
    if (a->fd >= 0)
        close(a->fd);
    a->writable = NULL;
    a->fd = -1;
}

void gate_cancel(struct gate_call *call)
{
    if (call == NULL)
        return;
    for (unsigned i = 0; i < ADDRESSES; i++)
        attempt_end(&call->attempts[i]);
    loop_watch_free(call->resolved);
    loop_timer_free(call->next);
    loop_timer_free(call->deadline);
    lookup_leave(call->lookup);
    free(call);
}

static void finish(struct gate_call *call, enum result res, int fd, const struct address *to)
{
    void (*opened)(void *, enum result, int, const struct address *) = call->opened;
    void *context = call->context;
    struct address address = {0};

    if (to != NULL)
        address = *to;
    gate_cancel(call);
    opened(context, res, fd, &address);
}

static void connected(evutil_socket_t fd, short what, void *context)
{
    struct attempt *a = context;
    struct gate_call *call = a->call;
    const struct address *to = &call->addresses[a - call->attempts];
    int error = 0;
    socklen_t len = sizeof error;

    (void)what;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0) {
        a->fd = -1;
        finish(call, OK, fd, to);
        return;
    }
    attempt_end(a);
    call->pending--;
    call->why = E_IO;
    loop_timer_set(call->next, 0);
}

static enum result attempt_start(struct attempt *a, const struct address *to)
{
    struct sockaddr_storage name;
    int family = address_is_v4(to) ? AF_INET : AF_INET6, on = 1;
    socklen_t len = socket_address(to, family, &name);

    a->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (a->fd < 0 || setsockopt(a->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        return E_IO;
    if (connect(a->fd, (struct sockaddr *)&name, len) != 0 && errno != EINPROGRESS)
        return E_IO;
    a->writable = event_new(loop_base(a->call->loop), a->fd, EV_WRITE, connected, a);
    if (a->writable == NULL || event_add(a->writable, NULL) != 0)
        return E_NO_MEMORY;
    return OK;
}

/* Tries the next address that the rules allow. Runs from the timer alone, so that `opened` is never called
 * from within gate_open. */
static void try_next(void *context)
{
    struct gate_call *call = context;

    while (call->tried < call->count) {
        struct attempt *a = &call->attempts[call->tried];
        const struct address *to = &call->addresses[call->tried++];
        enum result res = gate_allows(call->gate, to);

        if (res == OK)
            res = attempt_start(a, to);
        if (res == OK) {
            call->pending++;
            loop_timer_set(call->next, loop_now_us() + NEXT_AFTER_US);
            return;
        }
        attempt_end(a);
        call->why = res;
    }
    if (call->pending == 0)
        finish(call, call->why, -1, NULL);
}

static void too_late(void *context)
{
    finish(context, E_EXPIRED, -1, NULL);
}

static void resolved(void *context)
{
    struct gate_call *call = context;
    struct lookup *l = call->lookup;
    bool done;

    pthread_mutex_lock(&l->lock);
    done = l->done;
    pthread_mutex_unlock(&l->lock);
    if (!done)
        return;
    loop_watch_free(call->resolved);
    call->resolved = NULL;
    call->count = l->count;
    memcpy(call->addresses, l->addresses, sizeof call->addresses);
    call->why = l->result;
    call->lookup = NULL;
    lookup_free(l);
    try_next(call);
}

static enum result lookup_start(struct gate_call *call, const char *host, uint16_t port)
{
    struct lookup *l = calloc(1, sizeof *l);
    pthread_attr_t detached;
    pthread_t thread;
    enum result res;
    int failed;

    if (l == NULL)
        return E_NO_MEMORY;
    pthread_mutex_init(&l->lock, NULL);
    l->port = port;
    snprintf(l->host, sizeof l->host, "%s", host);
    l->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    res = l->wake < 0 ? E_NO_MEMORY : loop_watch_new(call->loop, l->wake, resolved, call, &call->resolved);
    if (res != OK) {
        lookup_free(l);
        return E_NO_MEMORY;
    }
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    failed = pthread_create(&thread, &detached, resolve, l);
    pthread_attr_destroy(&detached);
    if (failed != 0) {
        loop_watch_free(call->resolved);
        call->resolved = NULL;
        lookup_free(l);
        return E_NO_MEMORY;
    }
    call->lookup = l;
    return OK;
}

/* Names that are this machine's by definition (RFC 6761, section 6.3): no resolver is asked. */
static bool is_localhost(const char *host)
{
    static const char tail[] = ".localhost";
    size_t len = strlen(host);

    return strcasecmp(host, tail + 1) == 0 ||
           (len >= sizeof tail && strcasecmp(host + len - (sizeof tail - 1), tail) == 0);
}

static bool is_host(const char *host)
{
    size_t len = strlen(host);

    if (len == 0 || len > HOST_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (host[i] <= ' ' || host[i] > '~' || host[i] == '/' || host[i] == '%')
            return false;
    return true;
}

static enum result start(struct gate_call *call, const char *host, uint16_t port)
{
    static const uint8_t v4[4] = {127, 0, 0, 1}, v6[16] = {[15] = 1};
    uint32_t wait_ms = call->gate->wait_ms != 0 ? call->gate->wait_ms : WAIT_MS;
    enum result res = loop_timer_new(call->loop, try_next, call, &call->next);

    if (res == OK)
        res = loop_timer_new(call->loop, too_late, call, &call->deadline);
    if (res != OK)
        return res;
    loop_timer_set(call->deadline, loop_now_us() + wait_ms * UINT64_C(1000));

    if (address_parse(bytes_string(host), port, &call->addresses[0]) == OK) {
        call->count = 1;
    } else if (is_localhost(host)) {
        call->addresses[0] = address_v4(v4, port);
        call->addresses[1] = address_v6(v6, port);
        call->count = 2;
    } else {
        return lookup_start(call, host, port);
    }
    loop_timer_set(call->next, 0);
    return OK;
}

enum result gate_open(const struct gate *gate, struct loop *loop, const char *host, uint16_t port,
                      void (*opened)(void *context, enum result, int fd, const struct address *),
                      void *context, struct gate_call **out)
{
    struct gate_call *call;
    enum result res;

    if (!is_host(host))
        return E_MALFORMED;
    call = calloc(1, sizeof *call);
    if (call == NULL)
        return E_NO_MEMORY;
    *call = (struct gate_call){
        .gate = gate, .loop = loop, .opened = opened, .context = context, .why = E_NOT_FOUND};
    for (unsigned i = 0; i < ADDRESSES; i++)
        call->attempts[i] = (struct attempt){.call = call, .fd = -1};
    res = start(call, host, port);
    if (res != OK) {
        gate_cancel(call);
        return res;
    }
    *out = call;
    return OK;
}
