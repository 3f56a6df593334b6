#include "base/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void keeps_order_and_addresses(void **state)
{
    uint8_t room[64];
    struct outbox box;
    struct address to = address_v4((const uint8_t[]){127, 0, 0, 1}, 9);

    (void)state;
    outbox_start(&box, (struct bytes_mut){room, sizeof room});
    outbox_put(&box, &to, BYTES_TEXT("first"));
    outbox_put(&box, NULL, BYTES_TEXT("second"));
    assert_int_equal(box.count, 2);
    assert_true(address_equal(&box.messages[0].to, &to));
    assert_true(bytes_equal(bytes_const(box.messages[1].body), BYTES_TEXT("second")));
}

static void leaves_out_whole_messages(void **state)
{
    uint8_t room[8];
    struct outbox box;

    (void)state;
    outbox_start(&box, (struct bytes_mut){room, sizeof room});
    outbox_put(&box, NULL, BYTES_TEXT("12345"));
    outbox_put(&box, NULL, BYTES_TEXT("6789"));
    assert_int_equal(box.count, 1);
    assert_true(box.full);
    outbox_put(&box, NULL, BYTES_TEXT("abc"));
    assert_int_equal(box.count, 2);
    outbox_clear(&box);
    assert_int_equal(box.count, 0);
    assert_false(box.full);
}

static void stops_at_its_number_of_messages(void **state)
{
    uint8_t room[2 * OUTBOX_MESSAGES];
    struct outbox box;

    (void)state;
    outbox_start(&box, (struct bytes_mut){room, sizeof room});
    for (int i = 0; i < OUTBOX_MESSAGES + 1; i++)
        outbox_put(&box, NULL, BYTES_TEXT("x"));
    assert_int_equal(box.count, OUTBOX_MESSAGES);
    assert_true(box.full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_order_and_addresses),
        cmocka_unit_test(leaves_out_whole_messages),
        cmocka_unit_test(stops_at_its_number_of_messages),
    };

    return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
