#define _GNU_SOURCE
#include "io/gate.h"
#include "support/patience.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A resolver for the tests, which may be held back: no name ever leaves the machine. */
static struct {
    sem_t go, gone; /* one `go` lets one call through, which says so with `gone` */
    const char *literals[3];
} resolver;

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0)
        ;
}

/* Lets one call of the resolver through. Whoever needs the call's thread to have moved on waits for that, or
 * a thread that is slow to start would take a later test's turn. */
static void resolver_lets_through(void)
{
    sem_post(&resolver.go);
    wait_for(&resolver.gone);
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    struct addrinfo *first = NULL;

    (void)service;
    (void)hints;
    wait_for(&resolver.go);
    sem_post(&resolver.gone);
    if (strcmp(host, "tea.example") != 0)
        return EAI_NONAME;
    for (int i = 2; i >= 0; i--) {
        struct address a;
        struct addrinfo *info;
        struct sockaddr_in *in;

        if (resolver.literals[i] == NULL || address_parse(bytes_string(resolver.literals[i]), 0, &a) != OK)
            continue;
        info = calloc(1, sizeof *info + sizeof *in);
        in = (struct sockaddr_in *)(info + 1);
        in->sin_family = AF_INET;
        memcpy(&in->sin_addr, a.ip + 12, 4);
        info->ai_addr = (struct sockaddr *)in;
        info->ai_addrlen = sizeof *in;
        info->ai_next = first;
        first = info;
    }
    *out = first;
    return 0;
}

void freeaddrinfo(struct addrinfo *info)
{
    while (info != NULL) {
        struct addrinfo *next = info->ai_next;

        free(info);
        info = next;
    }
}

/* Whoever names an address names none that lies nearer to us than himself. */
static void judged_by_who_names_it(void **state)
{
    static const char *const nets[][4] = {
        {"127.0.0.1:9", "127.9.9.9:9", "[::1]:9", NULL},
        {"169.254.7.7:9", "[fe80::7]:9", "[febf::1]:9", NULL},
        {"10.1.2.3:9", "192.168.0.1:9", "[fd12::1]:9", NULL},
        {"172.31.255.255:9", "100.64.0.1:9", "172.16.0.1:9", NULL},
        {"192.0.2.1:9", "172.32.0.1:9", "[2001:db8::1]:9", "100.128.0.1:9"},
    };
    static const unsigned reach[] = {0, 1, 2, 2, 3};
    struct gate gate = {0};

    (void)state;
    for (unsigned by = 0; by < 5; by++)
        for (unsigned to = 0; to < 5; to++)
            for (unsigned i = 0; i < 4 && nets[by][i] != NULL; i++)
                for (unsigned k = 0; k < 4 && nets[to][k] != NULL; k++) {
                    struct address who, what;

                    assert_int_equal(address_parse_pair(bytes_string(nets[by][i]), &who), OK);
                    assert_int_equal(address_parse_pair(bytes_string(nets[to][k]), &what), OK);
                    if (gate_allows_named(&gate, &who, &what) != (reach[to] < reach[by] ? E_REFUSED : OK))
                        fail_msg("%s by %s", nets[to][k], nets[by][i]);
                }
    for (unsigned by = 0; by < 5; by++) {
        struct address who, multicast;

        assert_int_equal(address_parse_pair(bytes_string(nets[by][0]), &who), OK);
        assert_int_equal(address_parse_pair(BYTES_TEXT("224.0.0.1:9"), &multicast), OK);
        assert_int_equal(gate_allows_named(&gate, &who, &multicast), E_REFUSED);
    }
}

struct listener {
    int fd;
    uint16_t port;
};

static struct listener listening(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    struct listener l = {.fd = socket(AF_INET, SOCK_STREAM, 0)};

    assert_true(l.fd >= 0);
    assert_int_equal(bind(l.fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(l.fd, 4), 0);
    assert_int_equal(getsockname(l.fd, (struct sockaddr *)&at, &len), 0);
    l.port = ntohs(at.sin_port);
    return l;
}

struct opened {
    struct loop *loop;
    unsigned calls;
    enum result res;
    int fd;
    struct address to;
};

static void opened(void *context, enum result res, int fd, const struct address *to)
{
    struct opened *o = context;

    o->calls++;
    o->res = res;
    o->fd = fd;
    o->to = *to;
    loop_stop(o->loop);
}

static struct opened try_host(const char *host, uint16_t port, uint32_t wait_ms)
{
    struct gate gate = {.wait_ms = wait_ms};
    struct opened o = {.loop = patience_loop(), .fd = -1};
    struct gate_call *call;

    assert_int_equal(gate_open(&gate, o.loop, host, port, opened, &o, &call), OK);
    assert_int_equal(o.calls, 0);
    patience_run(o.loop);
    assert_int_equal(o.calls, 1);
    loop_free(o.loop);
    return o;
}

static void expect_connected(const struct listener *l, const struct opened *o)
{
    int on = 0, accepted;
    socklen_t len = sizeof on;

    assert_int_equal(o->res, OK);
    assert_int_equal(getsockopt(o->fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
    assert_int_not_equal(on, 0);
    assert_int_not_equal(fcntl(o->fd, F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(address_port(&o->to), l->port);
    accepted = accept(l->fd, NULL, NULL);
    assert_true(accepted >= 0);
    close(accepted);
    close(o->fd);
}

static void judged(void **state)
{
    static const struct {
        const char *text;
        uint16_t port;
        enum result res;
    } rows[] = {
        {"127.0.0.1", 80, OK},      {"192.0.2.1", 80, OK},        {"::1", 80, OK},
        {"2001:db8::1", 80, OK},    {"127.0.0.1", 0, E_REFUSED},  {"0.0.0.0", 80, E_REFUSED},
        {"0.1.2.3", 80, E_REFUSED}, {"224.0.0.1", 80, E_REFUSED}, {"255.255.255.255", 80, E_REFUSED},
        {"::", 80, E_REFUSED},      {"ff02::1", 80, E_REFUSED},
    };
    struct gate gate = {0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address a;

        assert_int_equal(address_parse(bytes_string(rows[i].text), rows[i].port, &a), OK);
        assert_int_equal(gate_allows(&gate, &a), rows[i].res);
    }
}

static void literals_and_localhost(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "LocalHost", "tea.localhost"};
    struct listener l = listening();

    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        struct opened o = try_host(hosts[i], l.port, 0);

        expect_connected(&l, &o);
    }
    close(l.fd);
}

static void refused_or_nobody_there(void **state)
{
    struct listener l = listening();
    struct opened o;

    (void)state;
    close(l.fd);
    o = try_host("127.0.0.1", l.port, 0);
    assert_int_equal(o.res, E_IO);
    assert_int_equal(o.fd, -1);
    assert_int_equal(try_host("0.0.0.0", 80, 0).res, E_REFUSED);
    assert_int_equal(try_host("127.0.0.1", 0, 0).res, E_REFUSED);
}

static void no_host_is_called_so(void **state)
{
    static const char *const hosts[] = {"", "a b", "a/b", "[::1]%eth0", "t\xc3\xa9"};
    struct loop *loop = patience_loop();
    struct gate gate = {0};
    struct gate_call *call;
    char longer[300];

    (void)state;
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
        assert_int_equal(gate_open(&gate, loop, hosts[i], 80, opened, NULL, &call), E_MALFORMED);
    assert_int_equal(gate_open(&gate, loop, longer, 80, opened, NULL, &call), E_MALFORMED);
    loop_free(loop);
}

static void name_resolves_beside_the_loop(void **state)
{
    struct listener l = listening();
    struct opened o = {.loop = patience_loop()};
    struct gate gate = {0};
    struct gate_call *call;

    (void)state;
    resolver.literals[0] = "224.0.0.1"; /* passed over by the rules */
    resolver.literals[1] = "127.0.0.1";
    assert_int_equal(gate_open(&gate, o.loop, "tea.example", l.port, opened, &o, &call), OK);
    patience_let_pass(o.loop, 20); /* the loop turns while the resolver hangs */
    assert_int_equal(o.calls, 0);
    resolver_lets_through();
    patience_run(o.loop);
    expect_connected(&l, &o);
    loop_free(o.loop);

    sem_post(&resolver.go);
    assert_int_equal(try_host("other.example", l.port, 0).res, E_NOT_FOUND);
    wait_for(&resolver.gone);
    resolver.literals[1] = NULL;
    sem_post(&resolver.go);
    assert_int_equal(try_host("tea.example", l.port, 0).res, E_REFUSED);
    wait_for(&resolver.gone);
    close(l.fd);
}

static void next_address_where_one_refuses(void **state)
{
    struct listener l = listening();
    struct opened o;

    (void)state;
    resolver.literals[0] = "127.0.0.9"; /* loopback too, but nobody listens there */
    resolver.literals[1] = "127.0.0.1";
    sem_post(&resolver.go);
    o = try_host("tea.example", l.port, 0);
    wait_for(&resolver.gone);
    expect_connected(&l, &o);
    close(l.fd);
}

static void cancelled_while_resolving(void **state)
{
    struct loop *loop = patience_loop();
    struct gate gate = {0};
    struct gate_call *call;

    (void)state;
    assert_int_equal(gate_open(&gate, loop, "tea.example", 80, opened, NULL, &call), OK);
    gate_cancel(call);
    loop_free(loop);
    resolver_lets_through(); /* the thread cleans up after itself; the leak checker sees if not */

    loop = patience_loop();
    assert_int_equal(gate_open(&gate, loop, "127.0.0.1", 80, opened, NULL, &call), OK);
    gate_cancel(call);
    gate_cancel(NULL);
    loop_free(loop);
}

static void resolver_that_hangs_expires(void **state)
{
    (void)state;
    assert_int_equal(try_host("tea.example", 80, 50).res, E_EXPIRED);
    resolver_lets_through();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judged),
        cmocka_unit_test(judged_by_who_names_it),
        cmocka_unit_test(literals_and_localhost),
        cmocka_unit_test(refused_or_nobody_there),
        cmocka_unit_test(no_host_is_called_so),
        cmocka_unit_test(name_resolves_beside_the_loop),
        cmocka_unit_test(next_address_where_one_refuses),
        cmocka_unit_test(cancelled_while_resolving),
        cmocka_unit_test(resolver_that_hangs_expires),
    };

    sem_init(&resolver.go, 0, 0);
    sem_init(&resolver.gone, 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
