#include "wire/envelope.h"
#include "wire/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static uint8_t room[SIGNAL_BYTES], message[SIGNAL_BYTES];

static void f19_a_signature_names_its_use_house_and_room(void **state)
{
    static const uint8_t house[32] = {1}, other_house[32] = {2}, a_room[32] = {3};
    uint8_t rooms[5][ENVELOPE_SIGNED_BYTES];
    struct bytes texts[5];

    (void)state;
#define SIGNED(i, label, house, room)                                                                        \
    assert_int_equal(envelope_signed(label, house, room, BYTES_TEXT("nonce"),                                \
                                     (struct bytes_mut){rooms[i], sizeof rooms[i]}, &texts[i]),              \
                     OK)
    SIGNED(0, ENVELOPE_SIGN_IN, house, NULL);
    SIGNED(1, ENVELOPE_SIGN_UP, house, NULL);
    SIGNED(2, ENVELOPE_SIGN_IN, other_house, NULL);
    SIGNED(3, ENVELOPE_SIGN_IN, house, a_room);
    SIGNED(4, ENVELOPE_SIGN_IN, house, NULL);
#undef SIGNED
    for (int i = 1; i < 4; i++)
        assert_false(bytes_equal(texts[0], texts[i]));
    assert_true(bytes_equal(texts[0], texts[4]));
}

static void what_is_signed_is_bounded(void **state)
{
    static const uint8_t house[32];
    struct bytes out;

    (void)state;
    assert_int_equal(envelope_signed(ENVELOPE_CHARTER, house, NULL,
                                     bytes(message, ENVELOPE_CONTENT_BYTES + 1),
                                     (struct bytes_mut){room, sizeof room}, &out),
                     E_TOO_LARGE);
    assert_int_equal(envelope_signed(ENVELOPE_CHARTER, house, NULL, bytes(message, ENVELOPE_CONTENT_BYTES),
                                     (struct bytes_mut){room, 100}, &out),
                     E_TOO_LARGE);
}

/* Lengths within a class look alike, and the message comes back whole. */
static void padding_hides_the_length(void **state)
{
    static const size_t lengths[] = {0, 1, 251, 252, 253, 508, 509, 60000, SIGNAL_BYTES - 4};
    static const size_t sizes[] = {256, 256, 256, 256, 512, 512, 1024, 65536, SIGNAL_BYTES};

    (void)state;
    memset(message, 0x55, sizeof message);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct bytes padded, back;

        assert_int_equal(
            envelope_pad(bytes(message, lengths[i]), (struct bytes_mut){room, sizeof room}, &padded), OK);
        assert_int_equal(padded.len, sizes[i]);
        assert_int_equal(envelope_unpad(padded, &back), OK);
        assert_true(bytes_equal(back, bytes(message, lengths[i])));
    }
    struct bytes padded;
    assert_int_equal(
        envelope_pad(bytes(message, SIGNAL_BYTES - 3), (struct bytes_mut){room, sizeof room}, &padded),
        E_TOO_LARGE);
}

static void padding_has_one_encoding(void **state)
{
    struct bytes padded, back;

    (void)state;
    assert_int_equal(envelope_pad(BYTES_TEXT("tea"), (struct bytes_mut){room, sizeof room}, &padded), OK);
    for (size_t cut = 0; cut < padded.len; cut++)
        assert_int_equal(envelope_unpad(bytes(padded.at, cut), &back), E_MALFORMED);
    memset(room + padded.len, 0, 256);
    assert_int_equal(envelope_unpad(bytes(room, 512), &back), E_MALFORMED);
    room[200] = 1;
    assert_int_equal(envelope_unpad(padded, &back), E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f19_a_signature_names_its_use_house_and_room),
        cmocka_unit_test(what_is_signed_is_bounded),
        cmocka_unit_test(padding_hides_the_length),
        cmocka_unit_test(padding_has_one_encoding),
    };

    return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
