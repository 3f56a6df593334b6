#include "house/guest.h"
#include "support/denied.h"

/* Sends what `ask` sends, with each allocation denied in turn, until nothing was left to deny. What is
 * refused for want of memory has changed nothing: the same request is taken once there is some. */
static void until_taken(struct guest *g, void (*ask)(struct guest *), enum signal_type expected)
{
    for (unsigned passed = 0;; passed++) {
        bool was_denied;

        denied_after(passed);
        ask(g);
        was_denied = denied_end();
        inn_wait(g->inn, 1000);
        if (!was_denied) {
            guest_got(g, expected);
            return;
        }
        assert_non_null(g->session);
        guest_refused(g, REASON_TROUBLE);
        assert_true(passed < 50);
    }
}

static uint8_t the_room[32];

static void ask_room(struct guest *g)
{
    struct charter c = guest_charter(g);

    guest_room_from(g, &c, "tea");
}

static void ask_enter(struct guest *g)
{
    guest_enter(g, the_room, SIGNAL_SPEAKER);
}

static void ask_show(struct guest *g)
{
    struct signal m = {.type = SIGNAL_ROOM_SHOW};

    memcpy(m.room_show.room, the_room, 32);
    guest_send(g, &m);
}

static void ask_say(struct guest *g)
{
    guest_say(g, the_room, 0, "group", 1);
}

static void ask_catch_up(struct guest *g)
{
    guest_catch_up(g, the_room, 0, 0);
}

static void ask_follow(struct guest *g)
{
    struct signal m = {.type = SIGNAL_FOLLOW};

    m.follow.handle = BYTES_TEXT("anna");
    guest_send(g, &m);
}

static void requests_are_refused_whole(void **state)
{
    struct inn *inn = *state;
    struct guest anna;
    const struct line line = {guest_take, guest_closed, &anna};

    guest_key(&anna, inn, "anna");
    denied_after(0);
    assert_int_equal(session_new(inn->house, inn->now_ms, &line, &anna.session), E_NO_MEMORY);
    assert_true(denied_end());
    guest_arrive(&anna, inn);
    until_taken(&anna, guest_sign_up, SIGNAL_SIGNED_IN);
    until_taken(&anna, ask_room, SIGNAL_ROOM_IS);
    memcpy(the_room, anna.inbox[anna.taken - 1].signal.room_is.room, 32);
    until_taken(&anna, ask_show, SIGNAL_ROOM_IS);
    until_taken(&anna, ask_enter, SIGNAL_FOUND_TABLE);
    guest_found(&anna, the_room, 1, "group");
    guest_got(&anna, SIGNAL_SEATED);
    until_taken(&anna, ask_say, SIGNAL_DONE);
    guest_hang_up(&anna);
    guest_again(&anna);
    until_taken(&anna, ask_catch_up, SIGNAL_DONE);
    until_taken(&anna, ask_follow, SIGNAL_DONE);
    guest_hang_up(&anna);
    guest_forget(&anna);
}

static void a_house_is_whole_or_not_there(void **state)
{
    struct inn *inn = *state;
    const struct house_settings settings = inn->house->settings;
    struct guest anna;
    struct charter c;
    bool was_denied = true;

    /* A seat is there to be known again. */
    guest_new(&anna, inn, "anna");
    c = guest_charter(&anna);
    c.pseudonyms = true;
    guest_room_from(&anna, &c, "tea");
    memcpy(the_room, guest_got(&anna, SIGNAL_ROOM_IS)->room_is.room, 32);
    guest_enter_as(&anna, the_room, SIGNAL_LISTENER, SIGNAL_NO_LEAF, "fox");
    guest_found(&anna, the_room, 1, "group");
    guest_forget(&anna);
    house_free(inn->house);
    for (unsigned passed = 0; was_denied; passed++) {
        enum result res;

        inn->house = NULL;
        denied_after(passed);
        res = house_new(&settings, &inn->house);
        was_denied = denied_end();
        assert_int_equal(res, was_denied ? E_NO_MEMORY : OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests_are_refused_whole, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(a_house_is_whole_or_not_there, inn_start, inn_end),
    };

    return cmocka_run_group_tests_name("denied", tests, NULL, NULL);
}
