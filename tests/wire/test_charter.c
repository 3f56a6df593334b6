#include "wire/charter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct charter sample(void)
{
    struct charter c = {.kind = CHARTER_PRIVATE,
                        .stage = CHARTER_EVERYONE,
                        .proof = CHARTER_DENIABLE,
                        .pseudonyms = true,
                        .profile = CHARTER_MUSIC,
                        .moderator_count = 2};

    memset(c.maker, 0x11, 32);
    memset(c.house, 0x22, 32);
    memset(c.nonce, 0x33, 16);
    memset(c.link_key, 0x44, 32);
    memset(c.moderators[0], 0x55, 32);
    memset(c.moderators[1], 0x66, 32);
    return c;
}

static void round_trip(void **state)
{
    struct charter c = sample(), back;
    uint8_t room[CHARTER_BYTES], again[CHARTER_BYTES];
    struct bytes text, second;

    (void)state;
    assert_int_equal(charter_write(&c, (struct bytes_mut){room, sizeof room}, &text), OK);
    assert_int_equal(charter_read(text, &back), OK);
    assert_memory_equal(back.maker, c.maker, 32);
    assert_int_equal(back.kind, CHARTER_PRIVATE);
    assert_true(back.pseudonyms);
    assert_int_equal(back.moderator_count, 2);
    assert_int_equal(charter_write(&back, (struct bytes_mut){again, sizeof again}, &second), OK);
    assert_true(bytes_equal(text, second));
}

static void every_truncation_is_refused(void **state)
{
    struct charter c = sample(), back;
    uint8_t room[CHARTER_BYTES];
    struct bytes text;

    (void)state;
    assert_int_equal(charter_write(&c, (struct bytes_mut){room, sizeof room}, &text), OK);
    for (size_t cut = 0; cut < text.len; cut++)
        assert_int_equal(charter_read(bytes(text.at, cut), &back), E_MALFORMED);
}

/* The room's id is a hash: what can be written in two ways, or means two things, is refused. */
static void refusals(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        enum result expect;
    } changes[] = {
        {0, 2, E_UNSUPPORTED}, {81, 3, E_MALFORMED}, {82, 2, E_MALFORMED},   {83, 2, E_MALFORMED},
        {84, 2, E_MALFORMED},  {85, 2, E_MALFORMED}, {119, 31, E_MALFORMED}, {81, 0, E_MALFORMED},
    };
    uint8_t room[CHARTER_BYTES];
    struct charter c = sample(), back;
    struct bytes text;

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        assert_int_equal(charter_write(&c, (struct bytes_mut){room, sizeof room}, &text), OK);
        room[changes[i].at] = changes[i].value;
        assert_int_equal(charter_read(text, &back), changes[i].expect);
    }

    memset(c.moderators[1], 0x55, 32); /* named twice */
    assert_int_equal(charter_write(&c, (struct bytes_mut){room, sizeof room}, &text), OK);
    assert_int_equal(charter_read(text, &back), E_MALFORMED);
    memset(c.moderators[1], 0x50, 32); /* out of order */
    assert_int_equal(charter_write(&c, (struct bytes_mut){room, sizeof room}, &text), OK);
    assert_int_equal(charter_read(text, &back), E_MALFORMED);
    c = sample();
    memcpy(c.moderators[0], c.maker, 32); /* the maker beside himself */
    assert_int_equal(charter_write(&c, (struct bytes_mut){room, sizeof room}, &text), OK);
    assert_int_equal(charter_read(text, &back), E_MALFORMED);
    c = sample();
    memset(c.link_key, 0, 32); /* private without a link key */
    assert_int_equal(charter_write(&c, (struct bytes_mut){room, sizeof room}, &text), OK);
    assert_int_equal(charter_read(text, &back), E_MALFORMED);
}

static void seat_bindings(void **state)
{
    struct seat_binding bound = {.bound = true}, pseudonym = {.bound = false}, back;
    uint8_t room[SEAT_BINDING_BYTES];
    struct bytes text;

    (void)state;
    memset(bound.room, 1, 32);
    memset(bound.account, 2, 32);
    memset(bound.signature, 3, 64);
    assert_int_equal(seat_binding_write(&bound, (struct bytes_mut){room, sizeof room}, &text), OK);
    assert_int_equal(seat_binding_read(text, &back), OK);
    assert_memory_equal(&back, &bound, sizeof back);
    for (size_t cut = 0; cut < text.len; cut++)
        assert_int_equal(seat_binding_read(bytes(text.at, cut), &back), E_MALFORMED);
    room[32] = 2;
    assert_int_equal(seat_binding_read(text, &back), E_MALFORMED);

    assert_int_equal(seat_binding_write(&pseudonym, (struct bytes_mut){room, sizeof room}, &text), OK);
    assert_int_equal(text.len, 33);
    assert_int_equal(seat_binding_read(text, &back), OK);
    assert_false(back.bound);
}

static void lost_seats(void **state)
{
    uint8_t list[2 * 68] = {0, 0, 0, 7, 0xaa, [68 + 3] = 9, [68 + 4] = 0xbb};
    struct bytes rest = BYTES_OF(list);
    const uint8_t *signature;
    uint32_t leaf;

    (void)state;
    assert_int_equal(seat_lost_next(&rest, &leaf, &signature), OK);
    assert_int_equal(leaf, 7);
    assert_int_equal(signature[0], 0xaa);
    assert_int_equal(seat_lost_next(&rest, &leaf, &signature), OK);
    assert_int_equal(leaf, 9);
    assert_int_equal(seat_lost_next(&rest, &leaf, &signature), E_NOT_FOUND);
    for (size_t cut = 1; cut < 68; cut++) {
        rest = bytes(list, cut);
        assert_int_equal(seat_lost_next(&rest, &leaf, &signature), E_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip), cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(refusals),   cmocka_unit_test(seat_bindings),
        cmocka_unit_test(lost_seats),
    };

    return cmocka_run_group_tests_name("charter", tests, NULL, NULL);
}
