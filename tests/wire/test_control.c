#include "wire/control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct control samples[] = {
    {.type = CONTROL_HOUSE_KEY, .house_key = {{1, 2, 3}}},
    {.type = CONTROL_REVOKE_SEAT, .revoke_seat = {{4, 5}, 6}},
    {.type = CONTROL_END_ROOM, .end_room = {{7}}},
    {.type = CONTROL_DRAIN},
    {.type = CONTROL_LOAD, .load = {{8}, 9, 10, 11}},
    {.type = CONTROL_RELAY_IS, .relay_is = {{12}, {(const uint8_t *)"https://relay.example/media", 27}}},
    {.type = CONTROL_GREET, .greet = {{13}, {14}}},
    {.type = CONTROL_PROVE, .prove = {{15}, {16}, {17}}},
    {.type = CONTROL_PROVEN, .proven = {{18}}},
};

static void round_trips_and_truncations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        uint8_t room[CONTROL_BYTES], again[CONTROL_BYTES];
        struct bytes text, second;
        struct control back;

        assert_int_equal(control_write(&samples[i], (struct bytes_mut){room, sizeof room}, &text), OK);
        assert_int_equal(control_read(text, &back), OK);
        assert_int_equal(back.type, samples[i].type);
        assert_int_equal(control_write(&back, (struct bytes_mut){again, sizeof again}, &second), OK);
        assert_true(bytes_equal(text, second));
        for (size_t cut = 0; cut < text.len; cut++)
            assert_int_equal(control_read(bytes(text.at, cut), &back), E_MALFORMED);
        assert_int_equal(control_read(bytes(room, text.len + 1), &back), E_MALFORMED);
    }
}

static void unknown_types_are_told_apart(void **state)
{
    struct control back;

    (void)state;
    assert_int_equal(control_read(BYTES_TEXT("\x00"), &back), E_UNSUPPORTED);
    assert_int_equal(control_read(BYTES_TEXT("\x0a"), &back), E_UNSUPPORTED);
    assert_int_equal(control_read(BYTES_TEXT("\xff"), &back), E_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips_and_truncations),
        cmocka_unit_test(unknown_types_are_told_apart),
    };

    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
