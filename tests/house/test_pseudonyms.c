/* Seats without a name: what everybody sees of them, and what a block or a kick gives away of them (F20). */
#include "house/guest.h"

struct trio {
    struct guest anna, bert, cleo;
    uint8_t room[32];
};

static void make(struct trio *t, struct inn *inn)
{
    struct charter c;

    guest_new(&t->anna, inn, "anna");
    guest_new(&t->bert, inn, "bert");
    guest_new(&t->cleo, inn, "cleo");
    c = guest_charter(&t->anna);
    c.pseudonyms = true;
    guest_room_from(&t->anna, &c, "masks");
    memcpy(t->room, guest_got(&t->anna, SIGNAL_ROOM_IS)->room_is.room, 32);
    guest_first(&t->anna, t->room, SIGNAL_SPEAKER, "group");
}

static void rise(struct trio *t)
{
    guest_hang_up(&t->anna);
    guest_hang_up(&t->bert);
    guest_hang_up(&t->cleo);
    guest_forget(&t->anna);
    guest_forget(&t->bert);
    guest_forget(&t->cleo);
}

/* Enters under a pseudonym, or its own name where that is empty, and is seated. */
static void sits_down(struct trio *t, struct guest *g, const char *pseudonym, uint64_t epoch, uint32_t leaf)
{
    struct draft d;

    guest_forget(&t->anna);
    guest_enter_as(g, t->room, SIGNAL_LISTENER, SIGNAL_NO_LEAF, pseudonym);
    draft_start(&d, t->room, epoch, "group");
    draft_seat(&d, g, guest_asked_for_one(&t->anna), leaf);
    draft_send(&d, &t->anna);
    guest_got(&t->anna, SIGNAL_DONE);
    guest_got(g, SIGNAL_SEATED);
}

static void removes(struct trio *t, uint64_t epoch, uint32_t leaf, enum signal_why why)
{
    struct draft d;

    guest_forget(&t->anna);
    draft_start(&d, t->room, epoch, "group");
    draft_remove_for(&d, leaf, why);
    draft_send(&d, &t->anna);
    guest_got(&t->anna, SIGNAL_DONE);
    guest_forget(&t->bert);
    guest_forget(&t->cleo);
}

static bool shows(struct bytes list, uint32_t leaf, const char *handle, const uint8_t account[32])
{
    struct signal_seat seat;

    while (signal_seat_next(&list, &seat))
        if (seat.leaf == leaf)
            return bytes_equal(seat.handle, bytes_string(handle)) && memcmp(seat.account, account, 32) == 0;
    return false;
}

static void a_pseudonym_shows_a_name_and_no_account(void **state)
{
    static const uint8_t nobody[32];
    struct inn *inn = *state;
    struct trio t;
    struct signal show = {.type = SIGNAL_ROOM_SHOW};

    make(&t, inn);
    sits_down(&t, &t.bert, "fox", 0, 1);
    assert_true(shows(guest_got(&t.anna, SIGNAL_HANDSHAKE)->handshake.seated, 1, "fox", nobody));
    assert_true(shows(t.bert.inbox[t.bert.taken - 1].signal.seated.seats, 1, "fox", nobody));
    sits_down(&t, &t.cleo, "", 1, 2);
    assert_true(shows(t.cleo.inbox[t.cleo.taken - 1].signal.seated.seats, 1, "fox", nobody));
    assert_true(shows(t.cleo.inbox[t.cleo.taken - 1].signal.seated.seats, 2, "cleo", t.cleo.key));

    /* After a restart as before. */
    inn_close(inn);
    inn_open(inn);
    t.anna.session = t.bert.session = t.cleo.session = NULL;
    inn_attend(inn);
    guest_again(&t.bert);
    guest_catch_up(&t.bert, t.room, 1, 1);
    guest_got(&t.bert, SIGNAL_HANDSHAKE);
    guest_got(&t.bert, SIGNAL_DONE);
    memcpy(show.room_show.room, t.room, 32);
    guest_send(&t.bert, &show);
    assert_true(shows(guest_got(&t.bert, SIGNAL_ROOM_IS)->room_is.seats, 1, "fox", nobody));
    guest_again(&t.cleo);
    guest_enter_as(&t.cleo, t.room, SIGNAL_LISTENER, SIGNAL_NO_LEAF, "f\u043ex");
    guest_refused(&t.cleo, REASON_NAME_BAD);
    guest_enter_as(&t.cleo, t.room, SIGNAL_LISTENER, SIGNAL_NO_LEAF, "fox");
    guest_refused(&t.cleo, REASON_NAME_TAKEN);
    rise(&t);
}

/* One name in a room, and no account's (field report G53). */
static void g53_no_two_of_a_name(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    uint8_t plain[32];

    make(&t, inn);
    guest_enter_as(&t.bert, t.room, SIGNAL_LISTENER, SIGNAL_NO_LEAF, "cleo");
    guest_refused(&t.bert, REASON_NAME_TAKEN);
    guest_enter_as(&t.bert, t.room, SIGNAL_LISTENER, SIGNAL_NO_LEAF, "c1eo");
    guest_refused(&t.bert, REASON_NAME_TAKEN);
    guest_enter_as(&t.bert, t.room, SIGNAL_LISTENER, SIGNAL_NO_LEAF, "A b");
    guest_refused(&t.bert, REASON_NAME_BAD);
    sits_down(&t, &t.bert, "fo1", 0, 1);
    guest_enter_as(&t.cleo, t.room, SIGNAL_LISTENER, SIGNAL_NO_LEAF, "fol");
    guest_refused(&t.cleo, REASON_NAME_TAKEN);

    guest_room(&t.cleo, "no masks", plain);
    guest_enter_as(&t.cleo, plain, SIGNAL_LISTENER, SIGNAL_NO_LEAF, "owl");
    guest_refused(&t.cleo, REASON_NOT_HERE);
    rise(&t);
}

/* Attack F20: who blocks bert learns nothing of the fox's seat. */
static void f20_a_block_does_not_touch_a_pseudonyms_seat(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    struct guest named;

    make(&t, inn);
    sits_down(&t, &t.bert, "fox", 0, 1);
    guest_key(&named, inn, "bert");
    memcpy(named.seed, t.bert.seed, 32);
    memcpy(named.key, t.bert.key, 32);
    guest_again(&named);
    sits_down(&t, &named, "", 1, 2);
    removes(&t, 2, 2, SIGNAL_BLOCKED);
    guest_ticket(&t.bert, t.room);
    guest_got(&t.bert, SIGNAL_TICKET);

    /* Its link breaks, it comes back; it cannot follow, it takes a new seat for the old one. */
    guest_hang_up(&t.bert);
    guest_again(&t.bert);
    guest_catch_up(&t.bert, t.room, 1, 3);
    guest_got(&t.bert, SIGNAL_DONE);
    guest_enter_as(&t.bert, t.room, SIGNAL_LISTENER, 1, "fox");
    guest_nothing(&t.bert);
    /* Nobody else of that account comes in. */
    guest_forget(&named);
    guest_enter_as(&named, t.room, SIGNAL_LISTENER, SIGNAL_NO_LEAF, "owl");
    guest_refused(&named, REASON_NOT_YOURS);
    guest_enter(&named, t.room, SIGNAL_LISTENER);
    guest_refused(&named, REASON_NOT_YOURS);
    guest_hang_up(&named);
    guest_forget(&named);
    rise(&t);
}

/* Attack F20: who kicks the fox does not see by whose name is refused who it was. */
static void f20_a_kicked_pseudonym_shuts_out_no_name(void **state)
{
    struct inn *inn = *state;
    struct trio t;

    make(&t, inn);
    sits_down(&t, &t.bert, "fox", 0, 1);
    removes(&t, 1, 1, SIGNAL_KICKED);
    guest_enter_as(&t.bert, t.room, SIGNAL_LISTENER, SIGNAL_NO_LEAF, "owl");
    guest_refused(&t.bert, REASON_NOT_YOURS);
    inn_wait(inn, 2000);
    sits_down(&t, &t.bert, "", 2, 1);
    rise(&t);
}

/* The maker under a mask is a mask: it moderates nothing, and whoever moderates removes it. */
static void a_mask_has_no_standing(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    struct guest mask;
    struct draft d;

    make(&t, inn);
    guest_key(&mask, inn, "anna");
    memcpy(mask.seed, t.anna.seed, 32);
    memcpy(mask.key, t.anna.key, 32);
    guest_again(&mask);
    sits_down(&t, &mask, "fox", 0, 1);
    sits_down(&t, &t.bert, "", 1, 2);
    guest_forget(&mask);
    draft_start(&d, t.room, 2, "group");
    draft_remove(&d, 2);
    draft_send(&d, &mask);
    guest_refused(&mask, REASON_NOT_YOURS);
    guest_forget(&t.anna);
    draft_start(&d, t.room, 2, "group");
    draft_role(&d, 2, SIGNAL_MODERATOR);
    draft_send(&d, &t.anna);
    guest_got(&t.anna, SIGNAL_DONE);
    guest_forget(&t.bert);
    draft_start(&d, t.room, 3, "group");
    draft_remove(&d, 1);
    draft_send(&d, &t.bert);
    guest_got(&t.bert, SIGNAL_DONE);
    guest_hang_up(&mask);
    guest_forget(&mask);
    rise(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_pseudonym_shows_a_name_and_no_account, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(g53_no_two_of_a_name, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f20_a_block_does_not_touch_a_pseudonyms_seat, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f20_a_kicked_pseudonym_shuts_out_no_name, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(a_mask_has_no_standing, inn_start, inn_end),
    };

    return cmocka_run_group_tests_name("pseudonyms", tests, NULL, NULL);
}
