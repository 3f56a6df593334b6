#define _GNU_SOURCE
#include "io/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

static const uint8_t loopback4[4] = {127, 0, 0, 1}, loopback6[16] = {[15] = 1}, any6[16] = {0};

/* Stands before the C library's: lets a test be the kernel that offers segmentation and cannot do it. */
static struct {
    int refuse_segments; /* the errno; 0 to let them pass */
    unsigned asked;      /* segmented sends so far */
} kernel;

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)m, c))
        if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_SEGMENT) {
            kernel.asked++;
            if (kernel.refuse_segments != 0) {
                errno = kernel.refuse_segments;
                return -1;
            }
        }
    return syscall(SYS_sendmsg, fd, m, flags);
}

static uint16_t port_of(const struct udp *u)
{
    struct address at = udp_address(u);

    return address_port(&at);
}

static struct udp *bound(const struct address *at)
{
    struct udp *u;

    assert_int_equal(udp_open(at, UDP_ALONE, &u), OK);
    assert_int_not_equal(port_of(u), 0);
    return u;
}

static struct udp *bound4(void)
{
    struct address at = address_v4(loopback4, 0);

    return bound(&at);
}

static void wait_readable(const struct udp *u)
{
    struct pollfd p = {.fd = udp_fd(u), .events = POLLIN};

    assert_int_equal(poll(&p, 1, 5000), 1);
}

/* Receives n packets and compares the first bytes of each with its number and the length with `lens`. */
static void expect(struct udp *u, unsigned n, size_t each, size_t last)
{
    unsigned seen = 0;

    while (seen < n) {
        const struct udp_packet *packets;
        unsigned count;

        wait_readable(u);
        assert_int_equal(udp_receive(u, &packets, &count), OK);
        for (unsigned i = 0; i < count; i++, seen++) {
            assert_int_equal(packets[i].body.len, seen == n - 1 ? last : each);
            assert_int_equal(packets[i].body.at[0], (uint8_t)seen);
        }
    }
}

static void expect_nothing(struct udp *u)
{
    const struct udp_packet *packets;
    unsigned count;

    assert_int_equal(udp_receive(u, &packets, &count), E_AGAIN);
    assert_int_equal(count, 0);
}

static void batch_arrives_in_order_with_its_sender(void **state)
{
    struct udp *a = bound4(), *b = bound4();
    struct address to = udp_address(b), from = udp_address(a);
    static uint8_t room[OUTBOX_MESSAGES * 100];
    const struct udp_packet *packets;
    struct outbox outbox;
    unsigned count;

    (void)state;
    expect_nothing(b);
    outbox_start(&outbox, (struct bytes_mut){room, sizeof room});
    for (unsigned i = 0; i < OUTBOX_MESSAGES; i++) {
        uint8_t body[100] = {(uint8_t)i};

        outbox_put(&outbox, &to, BYTES_OF(body));
    }
    assert_false(outbox.full);
    assert_int_equal(udp_send(a, &outbox), 0);
    expect(b, OUTBOX_MESSAGES, 100, 100);

    /* And back again, to the address that the packets named. */
    assert_int_equal(udp_send_one(a, &to, BYTES_TEXT("tea?")), 0);
    wait_readable(b);
    assert_int_equal(udp_receive(b, &packets, &count), OK);
    assert_true(address_equal(&packets[0].from, &from));
    assert_int_equal(udp_send_one(b, &packets[0].from, BYTES_TEXT("tea!")), 0);
    wait_readable(a);
    assert_int_equal(udp_receive(a, &packets, &count), OK);
    assert_memory_equal(packets[0].body.at, "tea!", 4);
    udp_close(a);
    udp_close(b);
}

static void one_bad_address_does_not_stop_the_others(void **state)
{
    struct udp *a = bound4(), *b = bound4();
    struct address to = udp_address(b), v6 = address_v6(loopback6, 9), portless = address_v4(loopback4, 0);
    uint8_t room[256];
    struct outbox outbox;

    (void)state;
    outbox_start(&outbox, (struct bytes_mut){room, sizeof room});
    outbox_put(&outbox, &v6, BYTES_TEXT("x"));
    outbox_put(&outbox, &to, bytes("\0a", 2));
    outbox_put(&outbox, &portless, BYTES_TEXT("x"));
    outbox_put(&outbox, &to, bytes("\1b", 2));
    assert_int_equal(udp_send(a, &outbox), 2);
    expect(b, 2, 2, 2);
    udp_close(a);
    udp_close(b);
}

static void ipv6_and_ipv4_on_one_socket(void **state)
{
    struct address any = address_v6(any6, 0), six = address_v6(loopback6, 0), to;
    struct udp *both = bound(&any), *four = bound4(), *only6 = bound(&six);
    struct address from4 = udp_address(four), from6 = udp_address(only6);
    const struct udp_packet *packets;
    unsigned count;

    (void)state;
    to = address_v4(loopback4, port_of(both));
    assert_int_equal(udp_send_one(four, &to, BYTES_TEXT("4")), 0);
    wait_readable(both);
    assert_int_equal(udp_receive(both, &packets, &count), OK);
    assert_true(address_equal(&packets[0].from, &from4));
    assert_int_equal(udp_send_one(both, &from4, bytes("\0", 1)), 0);
    expect(four, 1, 1, 1);

    to = address_v6(loopback6, port_of(both));
    assert_int_equal(udp_send_one(only6, &to, BYTES_TEXT("6")), 0);
    wait_readable(both);
    assert_int_equal(udp_receive(both, &packets, &count), OK);
    assert_true(address_equal(&packets[0].from, &from6));
    udp_close(both);
    udp_close(four);
    udp_close(only6);
}

static void too_long_is_dropped_and_the_next_one_is_not(void **state)
{
    struct udp *a = bound4(), *b = bound4();
    struct address to = udp_address(b);
    uint8_t whole[UDP_PACKET_MAX + 1] = {0};

    (void)state;
    assert_int_equal(udp_send_one(a, &to, BYTES_OF(whole)), 0);
    wait_readable(b);
    expect_nothing(b);
    assert_int_equal(udp_send_one(a, &to, BYTES_OF(whole)), 0);
    assert_int_equal(udp_send_one(a, &to, bytes(whole, UDP_PACKET_MAX)), 0);
    expect(b, 1, UDP_PACKET_MAX, UDP_PACKET_MAX);
    udp_close(a);
    udp_close(b);
}

static void taken_port_is_an_error_unless_shared(void **state)
{
    struct udp *a = bound4(), *b, *c;
    struct address at = udp_address(a), other = address_v4(loopback4, 0);

    (void)state;
    assert_int_equal(udp_open(&at, UDP_ALONE, &b), E_IO);
    assert_int_equal(errno, EADDRINUSE);
    udp_close(a);

    assert_int_equal(udp_open(&other, UDP_SHARED, &b), OK);
    at = udp_address(b);
    assert_int_equal(udp_open(&at, UDP_SHARED, &c), OK);
    udp_close(b);
    udp_close(c);
}

enum { EACH = 153, PACKETS = 200 };

static struct bytes side_by_side(uint8_t room[static EACH * PACKETS], unsigned n, size_t last)
{
    for (unsigned i = 0; i < n; i++)
        memset(room + i * EACH, (int)(uint8_t)i, EACH);
    return bytes(room, (n - 1) * EACH + last);
}

static void segments_arrive_as_packets(void **state)
{
    struct udp *a = bound4(), *b = bound4();
    struct address to = udp_address(b);
    static uint8_t room[EACH * PACKETS];

    (void)state;
    kernel.refuse_segments = 0;
    for (unsigned n = 1; n <= PACKETS; n += n < 70 ? 1 : 43) {
        assert_int_equal(udp_send_segments(a, &to, side_by_side(room, n, 100), EACH), 0);
        expect(b, n, EACH, 100);
    }
    assert_int_equal(udp_send_segments(a, &to, side_by_side(room, 16, EACH), EACH), 0);
    expect(b, 16, EACH, EACH);
    assert_int_equal(udp_send_segments(a, &to, (struct bytes){0}, EACH), 0);
    expect_nothing(b);
    udp_close(a);
    udp_close(b);
}

static void g52_refused_segments_go_singly_and_it_is_remembered(void **state)
{
    static const int reasons[] = {EIO, EINVAL, EOPNOTSUPP};
    static uint8_t room[EACH * PACKETS];

    (void)state;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        struct udp *a = bound4(), *b = bound4();
        struct address to = udp_address(b);

        kernel.refuse_segments = reasons[i];
        kernel.asked = 0;
        assert_true(udp_segments(a));
        for (int again = 0; again < 3; again++) {
            assert_int_equal(udp_send_segments(a, &to, side_by_side(room, PACKETS, 7), EACH), 0);
            expect(b, PACKETS, EACH, 7);
        }
        assert_int_equal(kernel.asked, 1);
        assert_false(udp_segments(a));
        kernel.refuse_segments = 0;
        udp_close(a);
        udp_close(b);
    }
}

static void unreachable_address_says_nothing_about_segments(void **state)
{
    struct udp *a = bound4();
    struct address portless = address_v4(loopback4, 0), v6 = address_v6(loopback6, 9);
    static uint8_t room[EACH * PACKETS];

    (void)state;
    assert_int_equal(udp_send_segments(a, &v6, side_by_side(room, 10, 1), EACH), 10);
    assert_true(udp_segments(a));
    /* Here the kernel's EINVAL has another reason; singly it loses them as well, which is all that is
     * promised. */
    assert_int_equal(udp_send_segments(a, &portless, side_by_side(room, 10, 1), EACH), 10);
    udp_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_arrives_in_order_with_its_sender),
        cmocka_unit_test(one_bad_address_does_not_stop_the_others),
        cmocka_unit_test(ipv6_and_ipv4_on_one_socket),
        cmocka_unit_test(too_long_is_dropped_and_the_next_one_is_not),
        cmocka_unit_test(taken_port_is_an_error_unless_shared),
        cmocka_unit_test(segments_arrive_as_packets),
        cmocka_unit_test(g52_refused_segments_go_singly_and_it_is_remembered),
        cmocka_unit_test(unreachable_address_says_nothing_about_segments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
