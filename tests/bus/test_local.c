#include "bus/bus.h"
#include "support/patience.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MESSAGES = 1000 };

struct listener {
    struct bus *bus;
    struct loop *loop;
    struct bus_subscription *subscription;
    unsigned count, stop_at;
    bool disordered;
};

static void take(void *context, struct bytes message)
{
    struct listener *l = context;
    uint32_t number;

    if (message.len == sizeof number) {
        memcpy(&number, message.at, sizeof number);
        l->disordered |= number != l->count;
    }
    if (++l->count == l->stop_at && l->loop != NULL)
        loop_stop(l->loop);
}

static void *publish_many(void *context)
{
    struct bus *bus = context;

    for (uint32_t i = 0; i < MESSAGES; i++)
        if (bus_publish(bus, "relay.control", BYTES_OF(i)) != OK ||
            bus_publish(bus, "relay.load", BYTES_OF(i)) != OK)
            return bus;
    return NULL;
}

static void two_threads_in_order(void **state)
{
    struct listener l = {.loop = patience_loop(), .stop_at = MESSAGES};
    pthread_t thread;
    void *failed;

    (void)state;
    assert_int_equal(bus_local(&l.bus), OK);
    assert_int_equal(bus_subscribe(l.bus, "relay.control", l.loop, take, &l, &l.subscription), OK);
    assert_int_equal(pthread_create(&thread, NULL, publish_many, l.bus), 0);
    patience_run(l.loop);
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
    assert_int_equal(l.count, MESSAGES);
    assert_false(l.disordered);
    bus_unsubscribe(l.subscription);
    bus_free(l.bus);
    loop_free(l.loop);
}

static void each_subscriber_gets_each_message_of_its_subject(void **state)
{
    struct listener a = {0}, b = {0}, c = {0};
    struct pollfd p;
    struct bus *bus;

    (void)state;
    assert_int_equal(bus_local(&bus), OK);
    assert_int_equal(bus_publish(bus, "x", BYTES_TEXT("nobody hears")), OK);
    assert_int_equal(bus_subscribe(bus, "x", NULL, take, &a, &a.subscription), OK);
    assert_int_equal(bus_subscribe(bus, "x", NULL, take, &b, &b.subscription), OK);
    assert_int_equal(bus_subscribe(bus, "xy", NULL, take, &c, &c.subscription), OK);
    assert_int_equal(bus_publish(bus, "x", BYTES_TEXT("tea")), OK);
    assert_int_equal(bus_publish(bus, "x", (struct bytes){0}), OK);

    p = (struct pollfd){.fd = bus_fd(a.subscription), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 0), 1);
    bus_drain(a.subscription);
    bus_drain(b.subscription);
    bus_drain(c.subscription);
    assert_int_equal(poll(&p, 1, 0), 0);
    assert_int_equal(a.count, 2);
    assert_int_equal(b.count, 2);
    assert_int_equal(c.count, 0);

    bus_unsubscribe(b.subscription);
    assert_int_equal(bus_publish(bus, "x", BYTES_TEXT("more")), OK);
    bus_drain(a.subscription);
    assert_int_equal(a.count, 3);
    assert_int_equal(b.count, 2);
    assert_int_equal(bus_publish(bus, "x", BYTES_TEXT("never taken")), OK);
    bus_unsubscribe(a.subscription);
    bus_unsubscribe(c.subscription);
    bus_unsubscribe(NULL);
    bus_free(bus);
}

static void bounded(void **state)
{
    static uint8_t large[BUS_MESSAGE_MAX + 1];
    struct listener slow = {0}, quick = {0};
    struct bus *bus;
    char longer[BUS_SUBJECT_MAX + 2];
    unsigned kept = 0;

    (void)state;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    assert_int_equal(bus_local(&bus), OK);
    assert_int_equal(bus_subscribe(bus, longer, NULL, take, &slow, &slow.subscription), E_TOO_LARGE);
    assert_int_equal(bus_publish(bus, longer, BYTES_TEXT("tea")), E_TOO_LARGE);
    assert_int_equal(bus_publish(bus, "x", BYTES_OF(large)), E_TOO_LARGE);

    assert_int_equal(bus_subscribe(bus, "x", NULL, take, &slow, &slow.subscription), OK);
    assert_int_equal(bus_subscribe(bus, "x", NULL, take, &quick, &quick.subscription), OK);
    for (unsigned i = 0; i < BUS_QUEUE_MAX; i++) {
        assert_int_equal(bus_publish(bus, "x", BYTES_TEXT("tea")), OK);
        bus_drain(quick.subscription);
    }
    assert_int_equal(bus_publish(bus, "x", BYTES_TEXT("tea")), E_NO_MEMORY);
    bus_drain(quick.subscription);
    assert_int_equal(quick.count, BUS_QUEUE_MAX + 1);
    bus_drain(slow.subscription);
    assert_int_equal(slow.count, BUS_QUEUE_MAX);

    while (bus_publish(bus, "x", bytes(large, BUS_MESSAGE_MAX)) == OK)
        kept++;
    assert_int_equal(kept, BUS_QUEUE_BYTES / BUS_MESSAGE_MAX);
    bus_unsubscribe(slow.subscription);
    bus_unsubscribe(quick.subscription);
    bus_free(bus);
}

static void publish_again(void *context, struct bytes message)
{
    struct listener *l = context;

    if (++l->count < 10)
        assert_int_equal(bus_publish(l->bus, "x", message), OK);
    else
        loop_stop(l->loop);
}

static void may_publish_while_taking(void **state)
{
    struct listener l = {.loop = patience_loop()};

    (void)state;
    assert_int_equal(bus_local(&l.bus), OK);
    assert_int_equal(bus_subscribe(l.bus, "x", l.loop, publish_again, &l, &l.subscription), OK);
    assert_int_equal(bus_publish(l.bus, "x", BYTES_TEXT("again")), OK);
    patience_run(l.loop);
    assert_int_equal(l.count, 10);
    bus_unsubscribe(l.subscription);
    bus_free(l.bus);
    loop_free(l.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_threads_in_order),
        cmocka_unit_test(each_subscriber_gets_each_message_of_its_subject),
        cmocka_unit_test(bounded),
        cmocka_unit_test(may_publish_while_taking),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
