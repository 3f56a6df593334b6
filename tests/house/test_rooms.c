#include "house/guest.h"

static void a_room_is_made_shown_listed_and_ended(void **state)
{
    struct inn *inn = *state;
    struct guest anna, bert;
    struct charter c;
    struct signal show = {.type = SIGNAL_ROOM_SHOW}, list = {.type = SIGNAL_ROOM_LIST};
    struct signal_room item;
    const struct signal *m;
    struct bytes written, rooms;
    uint8_t room[32], to[CHARTER_BYTES], expected[32];

    guest_new(&anna, inn, "anna");
    guest_new(&bert, inn, "bert");
    c = guest_charter(&anna);
    guest_room_from(&anna, &c, "Five o'clock");
    m = guest_got(&anna, SIGNAL_ROOM_IS);
    assert_int_equal(charter_write(&c, (struct bytes_mut){to, sizeof to}, &written), OK);
    assert_int_equal(crypto_sha256(&written, 1, expected), OK);
    assert_memory_equal(m->room_is.room, expected, 32);
    memcpy(room, expected, 32);

    /* What another gets is what the maker signed. */
    memcpy(show.room_show.room, room, 32);
    guest_send(&bert, &show);
    m = guest_got(&bert, SIGNAL_ROOM_IS);
    assert_true(bytes_equal(m->room_is.charter, written));
    assert_true(bytes_equal(m->room_is.title, BYTES_TEXT("Five o'clock")));
    assert_int_equal(m->room_is.seats.len, 0);
    assert_int_equal(
        house_verify(inn->house, anna.key, ENVELOPE_CHARTER, NULL, m->room_is.charter, m->room_is.signature),
        OK);

    guest_send(&bert, &list);
    rooms = guest_got(&bert, SIGNAL_ROOMS)->rooms.rooms;
    assert_true(signal_room_next(&rooms, &item));
    assert_memory_equal(item.room, room, 32);
    assert_true(bytes_equal(item.title, BYTES_TEXT("Five o'clock")));
    assert_int_equal(item.speakers + item.listeners, 0);
    assert_int_equal(rooms.len, 0);

    /* Only its maker ends it, and with his signature. */
    guest_end_room(&bert, room);
    guest_refused(&bert, REASON_NOT_YOURS);
    struct signal end = {.type = SIGNAL_ROOM_END};
    memcpy(end.room_end.room, room, 32);
    guest_send(&anna, &end);
    guest_refused(&anna, REASON_FORGED);
    guest_end_room(&anna, room);
    guest_got(&anna, SIGNAL_DONE);

    guest_send(&bert, &show);
    guest_refused(&bert, REASON_UNKNOWN);
    guest_end_room(&anna, room);
    guest_refused(&anna, REASON_UNKNOWN);
    guest_enter(&anna, room, SIGNAL_LISTENER);
    guest_refused(&anna, REASON_UNKNOWN);
    guest_hang_up(&anna);
    guest_hang_up(&bert);
    guest_forget(&anna);
    guest_forget(&bert);
}

static void charters_that_are_not_this_makers_are_refused(void **state)
{
    struct inn *inn = *state;
    struct guest anna, bert;
    struct signal m = {.type = SIGNAL_ROOM_NEW};
    struct charter c;
    uint8_t to[CHARTER_BYTES];

    guest_new(&anna, inn, "anna");
    guest_new(&bert, inn, "bert");

    c = guest_charter(&anna);
    memset(c.house, 9, sizeof c.house);
    guest_room_from(&anna, &c, "t");
    guest_refused(&anna, REASON_NOT_HERE);
    c = guest_charter(&bert);
    guest_room_from(&anna, &c, "t");
    guest_refused(&anna, REASON_NOT_YOURS);
    /* A charter with another one's signature. */
    c = guest_charter(&anna);
    assert_int_equal(charter_write(&c, (struct bytes_mut){to, sizeof to}, &m.room_new.charter), OK);
    guest_sign(&bert, ENVELOPE_CHARTER, anna.house, NULL, m.room_new.charter, m.room_new.signature);
    m.room_new.title = BYTES_TEXT("t");
    guest_send(&anna, &m);
    guest_refused(&anna, REASON_FORGED);
    m.room_new.charter.len--;
    guest_send(&anna, &m);
    guest_refused(&anna, REASON_MALFORMED);
    guest_hang_up(&anna);
    guest_hang_up(&bert);
    guest_forget(&anna);
    guest_forget(&bert);
}

/* Field reports G54 to G56 through the wire. */
static void g54_g55_g56_titles(void **state)
{
    static const char *const bad[] = {"a\u202eb", "a\nb", "a\u2028b", "a\x1b[2Jb", " a", "a\u200b"};
    struct inn *inn = *state;
    struct guest anna;
    struct charter c;
    char long_title[TITLE_BYTES + 1];
    const struct signal *m;

    guest_new(&anna, inn, "anna");
    for (size_t i = 0; i < COUNT(bad); i++) {
        c = guest_charter(&anna);
        guest_room_from(&anna, &c, bad[i]);
        guest_refused(&anna, REASON_NAME_BAD);
    }
    /* 200 Cyrillic letters are 400 bytes and too many characters. */
    memset(long_title, 0, sizeof long_title);
    for (int i = 0; i < 200; i++)
        memcpy(long_title + 2 * i, "\u0436", 2);
    c = guest_charter(&anna);
    guest_room_from(&anna, &c, long_title);
    guest_refused(&anna, REASON_NAME_BAD);
    long_title[2 * TITLE_POINTS] = '\0';
    c = guest_charter(&anna);
    guest_room_from(&anna, &c, long_title);
    assert_true(bytes_equal(guest_got(&anna, SIGNAL_ROOM_IS)->room_is.title, bytes_string(long_title)));

    c = guest_charter(&anna);
    guest_room_from(&anna, &c, "a 🚲 b 🅱️");
    m = guest_got(&anna, SIGNAL_ROOM_IS);
    assert_true(bytes_equal(m->room_is.title, BYTES_TEXT("a 🚲 b 🅱️")));

    /* And it is the same after a restart. */
    struct signal show = {.type = SIGNAL_ROOM_SHOW};
    memcpy(show.room_show.room, m->room_is.room, 32);
    guest_hang_up(&anna);
    inn_close(inn);
    inn_open(inn);
    guest_again(&anna);
    guest_send(&anna, &show);
    assert_true(bytes_equal(guest_got(&anna, SIGNAL_ROOM_IS)->room_is.title, BYTES_TEXT("a 🚲 b 🅱️")));
    guest_hang_up(&anna);
    guest_forget(&anna);
}

static void the_same_charter_is_the_same_room(void **state)
{
    struct inn *inn = *state;
    struct guest anna;
    struct charter c;
    uint8_t room[32];
    const struct signal *m;

    guest_new(&anna, inn, "anna");
    c = guest_charter(&anna);
    guest_room_from(&anna, &c, "first");
    memcpy(room, guest_got(&anna, SIGNAL_ROOM_IS)->room_is.room, 32);
    guest_room_from(&anna, &c, "second");
    m = guest_got(&anna, SIGNAL_ROOM_IS);
    assert_memory_equal(m->room_is.room, room, 32);
    assert_true(bytes_equal(m->room_is.title, BYTES_TEXT("first")));
    guest_hang_up(&anna);
    guest_forget(&anna);
}

static void an_account_has_so_many_rooms(void **state)
{
    struct inn *inn = *state;
    struct guest anna;
    struct charter c;
    uint8_t room[32];

    guest_new(&anna, inn, "anna");
    for (int i = 0; i < HOUSE_ROOMS_EACH; i++)
        guest_room(&anna, "one of many", room);
    c = guest_charter(&anna);
    guest_room_from(&anna, &c, "one too many");
    guest_refused(&anna, REASON_FULL);
    guest_end_room(&anna, room);
    guest_got(&anna, SIGNAL_DONE);
    guest_room(&anna, "again", room);
    guest_hang_up(&anna);
    guest_forget(&anna);
}

/* More rooms than a page holds come page by page, each once. */
static void a_long_list_has_pages(void **state)
{
    struct inn *inn = *state;
    struct guest makers[8];
    struct signal list = {.type = SIGNAL_ROOM_LIST};
    unsigned seen = 0, pages = 0;
    uint8_t room[32];

    for (size_t i = 0; i < COUNT(makers); i++) {
        char handle[] = "maker-a";

        handle[6] = (char)('a' + i);
        guest_new(&makers[i], inn, handle);
        for (int k = 0; k < HOUSE_ROOMS_EACH; k++)
            guest_room(&makers[i], "room", room);
    }
    for (bool more = true; more; pages++) {
        struct bytes rooms;
        struct signal_room item;

        guest_send(&makers[0], &list);
        rooms = guest_got(&makers[0], SIGNAL_ROOMS)->rooms.rooms;
        more = rooms.len != 0;
        while (signal_room_next(&rooms, &item)) {
            assert_true(memcmp(item.room, list.room_list.after, 32) > 0);
            memcpy(list.room_list.after, item.room, 32);
            seen++;
        }
    }
    assert_int_equal(seen, COUNT(makers) * HOUSE_ROOMS_EACH);
    assert_int_equal(pages, 3);
    for (size_t i = 0; i < COUNT(makers); i++) {
        guest_hang_up(&makers[i]);
        guest_forget(&makers[i]);
    }
}

static void an_empty_room_ends_in_time(void **state)
{
    const uint64_t empty_ms = (uint64_t)HOUSE_ROOM_EMPTY_MIN * 60 * 1000;
    struct inn *inn = *state;
    struct guest anna;
    struct signal show = {.type = SIGNAL_ROOM_SHOW};

    guest_new(&anna, inn, "anna");
    guest_room(&anna, "soon gone", show.room_show.room);
    guest_forget(&anna);
    /* A restart starts no new hour. */
    inn_wait(inn, empty_ms / 2);
    guest_hang_up(&anna);
    inn_close(inn);
    inn_open(inn);
    inn_wait(inn, empty_ms / 2 - 1000);
    guest_again(&anna);
    guest_send(&anna, &show);
    guest_got(&anna, SIGNAL_ROOM_IS);
    inn_wait(inn, 60000);
    guest_send(&anna, &show);
    guest_refused(&anna, REASON_UNKNOWN);
    guest_forget(&anna);

    /* One in which somebody sits does not. */
    guest_room(&anna, "stays", show.room_show.room);
    guest_first(&anna, show.room_show.room, SIGNAL_SPEAKER, "group");
    for (uint64_t past_ms = 0; past_ms < 2 * empty_ms; past_ms += 30000) {
        inn_wait(inn, 30000);
        guest_forget(&anna); /* she is asked to begin new epochs, and does not */
    }
    guest_send(&anna, &show);
    guest_got(&anna, SIGNAL_ROOM_IS);
    guest_leave(&anna, show.room_show.room);
    guest_got(&anna, SIGNAL_DONE);
    inn_wait(inn, empty_ms - 1000);
    guest_send(&anna, &show);
    guest_got(&anna, SIGNAL_ROOM_IS);
    inn_wait(inn, 60000);
    guest_send(&anna, &show);
    guest_refused(&anna, REASON_UNKNOWN);
    guest_hang_up(&anna);
    guest_forget(&anna);
}

static void an_end_is_told_to_all_who_are_there(void **state)
{
    struct inn *inn = *state;
    struct guest anna, bert, cleo;
    uint8_t room[32];

    guest_new(&anna, inn, "anna");
    guest_new(&bert, inn, "bert");
    guest_new(&cleo, inn, "cleo");
    guest_room(&anna, "short", room);
    guest_first(&anna, room, SIGNAL_SPEAKER, "group");
    guest_join(&bert, &anna, room, SIGNAL_LISTENER, "group", 0, 1);
    guest_enter(&cleo, room, SIGNAL_LISTENER);
    guest_got(&anna, SIGNAL_WAITING);
    guest_end_room(&anna, room);
    guest_got(&anna, SIGNAL_ROOM_ENDED);
    guest_got(&anna, SIGNAL_DONE);
    assert_memory_equal(guest_got(&bert, SIGNAL_ROOM_ENDED)->room_ended.room, room, 32);
    guest_got(&cleo, SIGNAL_ROOM_ENDED);
    guest_ticket(&bert, room);
    guest_refused(&bert, REASON_NOT_NOW);
    /* Their links go on. */
    guest_room(&bert, "the next", room);
    guest_first(&bert, room, SIGNAL_SPEAKER, "group");
    guest_hang_up(&anna);
    guest_hang_up(&bert);
    guest_hang_up(&cleo);
    guest_forget(&anna);
    guest_forget(&bert);
    guest_forget(&cleo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_room_is_made_shown_listed_and_ended, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(charters_that_are_not_this_makers_are_refused, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(g54_g55_g56_titles, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(the_same_charter_is_the_same_room, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(an_account_has_so_many_rooms, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(a_long_list_has_pages, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(an_empty_room_ends_in_time, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(an_end_is_told_to_all_who_are_there, inn_start, inn_end),
    };

    return cmocka_run_group_tests_name("rooms", tests, NULL, NULL);
}
