#include "house/guest.h"

#include <stdio.h>

static void a_new_account_signs_up_and_in(void **state)
{
    struct inn *inn = *state;
    struct guest anna;

    guest_key(&anna, inn, "anna");
    guest_arrive(&anna, inn);
    assert_memory_equal(anna.house, house_key(inn->house), 32);
    guest_sign_up(&anna);
    assert_true(bytes_equal(guest_got(&anna, SIGNAL_SIGNED_IN)->signed_in.handle, BYTES_TEXT("anna")));
    guest_hang_up(&anna);

    guest_arrive(&anna, inn);
    guest_sign_in(&anna);
    assert_true(bytes_equal(guest_got(&anna, SIGNAL_SIGNED_IN)->signed_in.handle, BYTES_TEXT("anna")));
    guest_hang_up(&anna);

    /* And after a restart of the house, which is the same house. */
    inn_close(inn);
    inn_open(inn);
    guest_again(&anna);
    guest_hang_up(&anna);
    guest_forget(&anna);
}

static void a_wrong_signature_is_refused(void **state)
{
    struct inn *inn = *state;
    struct guest anna, eve;
    struct signal m = {.type = SIGNAL_SIGN_IN};

    guest_new(&anna, inn, "anna");
    guest_hang_up(&anna);
    guest_key(&eve, inn, "eve");
    guest_arrive(&eve, inn);

    /* Another key's signature, and one bit. */
    memcpy(m.sign_in.account, anna.key, 32);
    guest_sign(&eve, ENVELOPE_SIGN_IN, eve.house, NULL, BYTES_OF(eve.nonce), m.sign_in.signature);
    guest_send(&eve, &m);
    guest_refused(&eve, REASON_FORGED);
    guest_sign(&anna, ENVELOPE_SIGN_IN, eve.house, NULL, BYTES_OF(eve.nonce), m.sign_in.signature);
    m.sign_in.signature[5] ^= 1;
    guest_send(&eve, &m);
    guest_refused(&eve, REASON_FORGED);
    /* An account that signs well and that nobody knows. */
    guest_sign_in(&eve);
    guest_refused(&eve, REASON_UNKNOWN);
    guest_hang_up(&eve);
    guest_forget(&anna);
    guest_forget(&eve);
}

static void who_keeps_forging_is_shown_out(void **state)
{
    struct inn *inn = *state;
    struct guest eve;
    struct signal m = {.type = SIGNAL_SIGN_IN};

    guest_key(&eve, inn, "eve");
    guest_arrive(&eve, inn);
    for (int i = 0; i < HOUSE_FAULTS_MAX; i++) {
        assert_int_equal(eve.closed, 0);
        guest_send(&eve, &m);
        guest_refused(&eve, REASON_FORGED);
    }
    assert_int_equal(eve.closed, CLOSE_POLICY);
    guest_forget(&eve);
}

/* Attack F19: a signature made for one use, house or link counts in no other. */
static void f19_a_signature_counts_once(void **state)
{
    struct inn *inn = *state;
    struct guest anna;
    struct signal m = {.type = SIGNAL_SIGN_IN};
    uint8_t other_house[32], old_nonce[32];

    guest_new(&anna, inn, "anna");
    memcpy(old_nonce, anna.nonce, 32);
    guest_hang_up(&anna);
    guest_arrive(&anna, inn);
    memcpy(m.sign_in.account, anna.key, 32);

    /* For another house that has relayed this house's challenge. */
    memset(other_house, 7, sizeof other_house);
    guest_sign(&anna, ENVELOPE_SIGN_IN, other_house, NULL, BYTES_OF(anna.nonce), m.sign_in.signature);
    guest_send(&anna, &m);
    guest_refused(&anna, REASON_FORGED);
    /* For another link. */
    guest_sign(&anna, ENVELOPE_SIGN_IN, anna.house, NULL, BYTES_OF(old_nonce), m.sign_in.signature);
    guest_send(&anna, &m);
    guest_refused(&anna, REASON_FORGED);
    /* For another use, and for a room. */
    guest_sign(&anna, ENVELOPE_BINDING, anna.house, NULL, BYTES_OF(anna.nonce), m.sign_in.signature);
    guest_send(&anna, &m);
    guest_refused(&anna, REASON_FORGED);
    guest_sign(&anna, ENVELOPE_SIGN_IN, anna.house, old_nonce, BYTES_OF(anna.nonce), m.sign_in.signature);
    guest_send(&anna, &m);
    guest_refused(&anna, REASON_FORGED);
    guest_sign_in(&anna);
    guest_got(&anna, SIGNAL_SIGNED_IN);
    guest_hang_up(&anna);
    guest_forget(&anna);
}

static void a_handle_is_had_once(void **state)
{
    struct inn *inn = *state;
    struct guest anna, other;

    guest_new(&anna, inn, "anna");
    guest_key(&other, inn, "anna");
    guest_arrive(&other, inn);
    guest_sign_up(&other);
    guest_refused(&other, REASON_NAME_TAKEN);
    /* The link is still good for another try. */
    memcpy(other.handle, "anton", 6);
    guest_sign_up(&other);
    guest_got(&other, SIGNAL_SIGNED_IN);
    guest_hang_up(&other);

    /* An answer that was lost: the same sign-up again is no theft; another handle for the key is none at all.
     */
    guest_arrive(&other, inn);
    guest_sign_up(&other);
    guest_got(&other, SIGNAL_SIGNED_IN);
    guest_hang_up(&other);
    guest_arrive(&other, inn);
    memcpy(other.handle, "bert", 5);
    guest_sign_up(&other);
    guest_refused(&other, REASON_NOT_NOW);
    guest_hang_up(&other);
    guest_hang_up(&anna);
    guest_forget(&anna);
    guest_forget(&other);
}

static void try_handle(struct inn *inn, const char *handle, enum signal_reason reason)
{
    struct guest g;

    guest_key(&g, inn, handle);
    guest_arrive(&g, inn);
    guest_sign_up(&g);
    guest_refused(&g, reason);
    guest_hang_up(&g);
    guest_forget(&g);
}

/* Field reports G53 to G55 through the wire. */
static void g53_g54_g55_bad_handles_are_refused(void **state)
{
    struct inn *inn = *state;
    struct guest user, coco;

    guest_new(&user, inn, "user");
    guest_new(&coco, inn, "coco");
    try_handle(inn, "us\u0435r", REASON_NAME_BAD);
    try_handle(inn, "\u0441\u043e\u0441\u043e", REASON_NAME_TAKEN);
    try_handle(inn, "User", REASON_NAME_BAD);
    try_handle(inn, "us\u202eer", REASON_NAME_BAD);
    try_handle(inn, "us\ner", REASON_NAME_BAD);
    try_handle(inn, "us\x1b[2J", REASON_NAME_BAD);
    try_handle(inn, "abcdefghijklmnopqrstuvwxyz0123456", REASON_NAME_BAD);
    guest_hang_up(&user);
    guest_hang_up(&coco);
    guest_forget(&user);
    guest_forget(&coco);
}

/* The table of states: what a stranger may not do, and what is done once. */
/* Nobody fills the house with accounts from one place; whoever has one is never kept out by that. */
static void one_address_makes_so_many_accounts_an_hour(void **state)
{
    static const uint8_t one[4] = {192, 0, 2, 1}, two[4] = {192, 0, 2, 2};
    const struct address here = address_v4(one, 1), there = address_v4(two, 1);
    struct inn *inn = *state;
    struct guest g, first;
    char name[16];

    assert_int_not_equal(house_crowd(inn->house, &here), house_crowd(inn->house, &there));
    for (int i = 0; i < HOUSE_SIGN_UPS_EACH; i++) {
        snprintf(name, sizeof name, "one-%d", i);
        guest_key(&g, inn, name);
        g.from = &here;
        guest_arrive(&g, inn);
        guest_sign_up(&g);
        (void)guest_got(&g, SIGNAL_SIGNED_IN);
        guest_hang_up(&g);
        guest_forget(&g);
        if (i == 0)
            first = g;
    }
    guest_key(&g, inn, "the-next");
    g.from = &here;
    guest_arrive(&g, inn);
    guest_sign_up(&g);
    guest_refused(&g, REASON_TOO_MANY);
    guest_arrive(&first, inn);
    guest_sign_in(&first);
    (void)guest_got(&first, SIGNAL_SIGNED_IN);
    guest_hang_up(&first);

    inn->now_ms += 60 * 60 * 1000 / HOUSE_SIGN_UPS_EACH;
    guest_hang_up(&g);
    guest_arrive(&g, inn);
    guest_sign_up(&g);
    (void)guest_got(&g, SIGNAL_SIGNED_IN);
    guest_hang_up(&g);
    guest_forget(&g);

    guest_key(&g, inn, "elsewhere");
    g.from = &there;
    guest_arrive(&g, inn);
    guest_sign_up(&g);
    (void)guest_got(&g, SIGNAL_SIGNED_IN);
    guest_hang_up(&g);
    guest_forget(&g);
    guest_forget(&first);
}

static void requests_have_their_state(void **state)
{
    static const enum signal_type of_the_signed_in[] = {SIGNAL_ROOM_NEW,   SIGNAL_ROOM_LIST, SIGNAL_ROOM_SHOW,
                                                        SIGNAL_ROOM_END,   SIGNAL_ENTER,     SIGNAL_FOUNDED,
                                                        SIGNAL_TICKET_NEW, SIGNAL_LEAVE,     SIGNAL_COMMIT};
    struct inn *inn = *state;
    struct guest anna;

    guest_key(&anna, inn, "anna");
    guest_arrive(&anna, inn);
    for (size_t i = 0; i < COUNT(of_the_signed_in); i++) {
        struct signal m = {.type = of_the_signed_in[i]};

        /* Enough in each field for the message to have its form. */
        if (m.type == SIGNAL_ROOM_NEW)
            m.room_new.charter = m.room_new.title = BYTES_TEXT("x");
        if (m.type == SIGNAL_ENTER)
            m.enter.key_package = BYTES_TEXT("x");
        if (m.type == SIGNAL_FOUNDED)
            m.founded.group_id = BYTES_TEXT("x");
        if (m.type == SIGNAL_COMMIT)
            m.commit.commit = BYTES_TEXT("x");
        guest_send(&anna, &m);
        guest_refused(&anna, REASON_NOT_NOW);
    }
    guest_sign_up(&anna);
    guest_got(&anna, SIGNAL_SIGNED_IN);
    guest_sign_up(&anna);
    guest_refused(&anna, REASON_NOT_NOW);
    guest_sign_in(&anna);
    guest_refused(&anna, REASON_NOT_NOW);
    guest_hang_up(&anna);
    guest_forget(&anna);
}

static void a_stranger_does_not_stay(void **state)
{
    struct inn *inn = *state;
    struct guest silent, anna;

    guest_key(&silent, inn, "silent");
    guest_arrive(&silent, inn);
    guest_new(&anna, inn, "anna");
    inn_wait(inn, HOUSE_SIGN_IN_MS - 1);
    assert_int_equal(silent.closed, 0);
    inn_wait(inn, 1);
    assert_int_equal(silent.closed, CLOSE_POLICY);
    assert_int_equal(anna.closed, 0);
    guest_hang_up(&anna);
    guest_forget(&anna);
    guest_forget(&silent);
}

static void haste_is_refused_and_then_ended(void **state)
{
    struct inn *inn = *state;
    struct guest anna;
    struct signal m = {.type = SIGNAL_ROOM_LIST};

    guest_new(&anna, inn, "anna");
    for (int i = 0; i < HOUSE_REQUESTS_BURST - 1; i++) {
        guest_send(&anna, &m);
        guest_got(&anna, SIGNAL_ROOMS);
        guest_forget(&anna);
    }
    guest_send(&anna, &m);
    guest_refused(&anna, REASON_TOO_MANY);
    inn_wait(inn, 1000 / HOUSE_REQUESTS_SECOND);
    guest_send(&anna, &m);
    guest_got(&anna, SIGNAL_ROOMS);
    for (int i = 1; i < HOUSE_FAULTS_MAX; i++) {
        guest_send(&anna, &m);
        guest_refused(&anna, REASON_TOO_MANY);
    }
    assert_int_equal(anna.closed, CLOSE_POLICY);
    guest_forget(&anna);
}

/* Every truncation of a request of each type, and every type that is none: a clear refusal or the end. */
static void malformed_messages_are_refused(void **state)
{
    struct inn *inn = *state;
    struct guest anna;
    uint8_t plain_room[2048], padded_room[4096];

    guest_new(&anna, inn, "anna");
    for (unsigned type = 0; type < 256; type++) {
        for (size_t len = 0; len < 160; len += type < 64 ? 1 : 53) {
            struct bytes padded;

            memset(plain_room, 0, sizeof plain_room);
            plain_room[0] = (uint8_t)type;
            plain_room[4] = 9;
            assert_int_equal(envelope_pad(bytes(plain_room, len),
                                          (struct bytes_mut){padded_room, sizeof padded_room}, &padded),
                             OK);
            guest_send_raw(&anna, padded);
            /* An ANSWER of the right form is not answered, wherever it comes from. */
            if (type == SIGNAL_ANSWER && len == 5 + 32 + 2 + 8 + 16)
                continue;
            assert_true(anna.came - anna.taken == 1);
            if (anna.inbox[anna.taken].signal.type == SIGNAL_REFUSED && len >= 5)
                assert_int_equal(anna.inbox[anna.taken].signal.request, 9);
            inn_wait(inn, 1000);
            guest_forget(&anna);
            if (anna.session == NULL)
                guest_again(&anna);
        }
    }
    guest_hang_up(&anna);
    guest_forget(&anna);
}

static void padding_that_is_none_ends_the_link(void **state)
{
    struct inn *inn = *state;
    struct guest anna;
    uint8_t padded_room[512];
    struct bytes padded;

    guest_key(&anna, inn, "anna");
    for (int kind = 0; kind < 4; kind++) {
        guest_arrive(&anna, inn);
        assert_int_equal(
            envelope_pad(BYTES_TEXT("\21\0\0\0\1"), (struct bytes_mut){padded_room, 512}, &padded), OK);
        if (kind == 0)
            padded.len--;
        if (kind == 1)
            padded.len = 0;
        if (kind == 2)
            padded_room[200] = 1;
        if (kind == 3)
            padded_room[3] = 255;
        guest_send_raw(&anna, padded);
        guest_refused(&anna, REASON_MALFORMED);
        assert_int_equal(anna.closed, CLOSE_POLICY);
    }
    guest_forget(&anna);
}

static void a_slow_reader_is_let_go(void **state)
{
    struct inn *inn = *state;
    struct guest anna;
    struct signal m = {.type = SIGNAL_ROOM_LIST};

    guest_new(&anna, inn, "anna");
    anna.deaf = true;
    guest_send(&anna, &m);
    assert_int_equal(anna.closed, CLOSE_POLICY);
    guest_forget(&anna);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_account_signs_up_and_in, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(a_wrong_signature_is_refused, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(who_keeps_forging_is_shown_out, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f19_a_signature_counts_once, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(a_handle_is_had_once, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(g53_g54_g55_bad_handles_are_refused, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(one_address_makes_so_many_accounts_an_hour, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(requests_have_their_state, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(a_stranger_does_not_stay, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(haste_is_refused_and_then_ended, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(malformed_messages_are_refused, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(padding_that_is_none_ends_the_link, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(a_slow_reader_is_let_go, inn_start, inn_end),
    };

    return cmocka_run_group_tests_name("accounts", tests, NULL, NULL);
}
