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
    struct seat_binding full = {.stage = true, .bound = true, .vouched = true}, pseudonym = {.bound = false},
                        back;
    uint8_t room[SEAT_BINDING_BYTES];
    struct bytes text;

    (void)state;
    memset(full.room, 1, 32);
    memset(full.account, 2, 32);
    memset(full.signature, 3, 64);
    memset(full.voucher, 4, 64);
    assert_int_equal(seat_binding_write(&full, (struct bytes_mut){room, sizeof room}, &text), OK);
    assert_int_equal(text.len, SEAT_BINDING_BYTES);
    assert_int_equal(seat_binding_read(text, &back), OK);
    assert_true(back.stage && back.bound && back.vouched);
    assert_memory_equal(back.account, full.account, 32);
    assert_memory_equal(back.voucher, full.voucher, 64);
    for (size_t cut = 0; cut < text.len; cut++)
        assert_int_equal(seat_binding_read(bytes(text.at, cut), &back), E_MALFORMED);
    room[32] = 2;
    assert_int_equal(seat_binding_read(text, &back), E_MALFORMED);
    room[32] = 1;
    room[33] = 2;
    assert_int_equal(seat_binding_read(text, &back), E_MALFORMED);

    assert_int_equal(seat_binding_write(&pseudonym, (struct bytes_mut){room, sizeof room}, &text), OK);
    assert_int_equal(text.len, 35);
    assert_int_equal(seat_binding_read(text, &back), OK);
    assert_false(back.stage || back.bound || back.vouched);
}

static void permits(void **state)
{
    struct permit lost = {.kind = PERMIT_LOST, .leaf = 7, .signature = {1}},
                  replaced = {.kind = PERMIT_REPLACED, .leaf = 9, .key = {2}, .signature = {3}}, back;
    uint8_t list[2 * PERMIT_BYTES];
    struct bytes one, rest = BYTES_OF(list);

    (void)state;
    assert_int_equal(permit_write(&lost, (struct bytes_mut){list, PERMIT_BYTES}, &one), OK);
    assert_int_equal(permit_write(&replaced, (struct bytes_mut){list + PERMIT_BYTES, PERMIT_BYTES}, &one),
                     OK);
    assert_int_equal(permit_next(&rest, &back), OK);
    assert_int_equal(back.leaf, 7);
    assert_int_equal(permit_next(&rest, &back), OK);
    assert_int_equal(back.kind, PERMIT_REPLACED);
    assert_int_equal(back.key[0], 2);
    assert_int_equal(permit_next(&rest, &back), E_NOT_FOUND);
    for (size_t cut = 1; cut < PERMIT_BYTES; cut++) {
        rest = bytes(list, cut);
        assert_int_equal(permit_next(&rest, &back), E_MALFORMED);
    }
    list[5] = 1; /* a lost seat names no key */
    rest = BYTES_OF(list);
    assert_int_equal(permit_next(&rest, &back), E_MALFORMED);
    list[0] = 3;
    rest = BYTES_OF(list);
    assert_int_equal(permit_next(&rest, &back), E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip), cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(refusals),   cmocka_unit_test(seat_bindings),
        cmocka_unit_test(permits),
    };

    return cmocka_run_group_tests_name("charter", tests, NULL, NULL);
}
