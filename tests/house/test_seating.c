#include "house/guest.h"
#include "ticket/read.h"

static struct ticket read_ticket(struct inn *inn, struct bytes token)
{
    struct ticket ticket;

    assert_int_equal(ticket_read(token, house_key(inn->house), inn->unix_ms / 1000, &ticket), OK);
    assert_memory_equal(ticket.relay, "relay of the inn", TAG_BYTES);
    return ticket;
}

static struct ticket renewed(struct guest *g, const uint8_t room[32])
{
    guest_forget(g);
    guest_ticket(g, room);
    return read_ticket(g->inn, guest_got(g, SIGNAL_TICKET)->ticket.ticket);
}

/* Field report G47: no ticket for who is in no committed leaf. */
static void g47_no_ticket_without_a_seat(void **state)
{
    struct inn *inn = *state;
    struct guest anna, bert;
    uint8_t room[32], other[32];

    guest_new(&anna, inn, "anna");
    guest_new(&bert, inn, "bert");
    guest_room(&anna, "tea", room);
    guest_room(&anna, "other", other);

    guest_ticket(&bert, room);
    guest_refused(&bert, REASON_NOT_NOW);
    guest_enter(&bert, room, SIGNAL_LISTENER);
    guest_got(&bert, SIGNAL_FOUND_TABLE);
    guest_ticket(&bert, room);
    guest_refused(&bert, REASON_NOT_NOW);
    guest_leave(&bert, room);
    guest_got(&bert, SIGNAL_DONE);

    guest_first(&anna, room, SIGNAL_SPEAKER, "group");
    guest_enter(&bert, room, SIGNAL_LISTENER);
    guest_ticket(&bert, room);
    guest_refused(&bert, REASON_NOT_NOW);
    guest_got(&anna, SIGNAL_WAITING);
    guest_ticket(&anna, other);
    guest_refused(&anna, REASON_NOT_NOW);
    guest_leave(&anna, room);
    guest_got(&anna, SIGNAL_DONE);
    guest_ticket(&anna, room);
    guest_refused(&anna, REASON_NOT_NOW);
    guest_hang_up(&anna);
    guest_hang_up(&bert);
    guest_forget(&anna);
    guest_forget(&bert);
}

static void tickets_are_renewed_upward(void **state)
{
    struct inn *inn = *state;
    struct guest anna, bert;
    struct ticket first, next, of_bert;
    uint8_t room[32];

    guest_new(&anna, inn, "anna");
    guest_new(&bert, inn, "bert");
    guest_room(&anna, "tea", room);
    guest_enter(&anna, room, SIGNAL_SPEAKER);
    guest_found(&anna, room, guest_got(&anna, SIGNAL_FOUND_TABLE)->found_table.founding, "group");
    first = read_ticket(inn, guest_got(&anna, SIGNAL_SEATED)->seated.ticket);
    assert_int_equal(first.number, 1);
    assert_int_equal(first.role, TICKET_SPEAKER);
    assert_true(first.expiry_s == inn->unix_ms / 1000 + TICKET_S);
    assert_int_equal(first.fingerprint[31], 'a');

    inn_wait(inn, 30000);
    for (uint32_t number = 2; number < 5; number++) {
        guest_ticket(&anna, room);
        next = read_ticket(inn, guest_got(&anna, SIGNAL_TICKET)->ticket.ticket);
        assert_int_equal(next.number, number);
        assert_memory_equal(next.seat, first.seat, TAG_BYTES);
        assert_memory_equal(next.room, first.room, TAG_BYTES);
        assert_true(next.expiry_s == inn->unix_ms / 1000 + TICKET_S);
    }

    guest_join(&bert, &anna, room, SIGNAL_LISTENER, "group", 0, 1);
    guest_ticket(&bert, room);
    of_bert = read_ticket(inn, guest_got(&bert, SIGNAL_TICKET)->ticket.ticket);
    assert_int_equal(of_bert.role, TICKET_LISTENER);
    assert_int_equal(of_bert.number, 2);
    assert_memory_equal(of_bert.room, first.room, TAG_BYTES);
    assert_true(memcmp(of_bert.seat, first.seat, TAG_BYTES) != 0);
    /* A room's tag is not its id, nor is a seat's its holder's. */
    assert_true(memcmp(first.room, room, TAG_BYTES) != 0);

    /* The same people at a table that was founded anew have other tags. */
    guest_hang_up(&bert);
    guest_hang_up(&anna);
    inn_wait(inn, SEAT_LOST_MS);
    guest_again(&anna);
    guest_enter(&anna, room, SIGNAL_SPEAKER);
    guest_found(&anna, room, guest_got(&anna, SIGNAL_FOUND_TABLE)->found_table.founding, "group");
    next = read_ticket(inn, guest_got(&anna, SIGNAL_SEATED)->seated.ticket);
    assert_true(memcmp(next.seat, first.seat, TAG_BYTES) != 0);
    assert_true(memcmp(next.room, first.room, TAG_BYTES) != 0);
    guest_hang_up(&anna);
    guest_forget(&anna);
    guest_forget(&bert);
}

static void the_stage_is_for_the_charters_speakers(void **state)
{
    struct inn *inn = *state;
    struct guest anna, bert, cleo;
    struct charter c;
    uint8_t room[32];

    guest_new(&anna, inn, "anna");
    guest_new(&bert, inn, "bert");
    guest_new(&cleo, inn, "cleo");
    c = guest_charter(&anna);
    c.moderator_count = 1;
    memcpy(c.moderators[0], bert.key, 32);
    guest_room_from(&anna, &c, "invited");
    memcpy(room, guest_got(&anna, SIGNAL_ROOM_IS)->room_is.room, 32);
    guest_enter(&cleo, room, (enum signal_role)2);
    guest_refused(&cleo, REASON_MALFORMED);
    guest_first(&bert, room, SIGNAL_SPEAKER, "group");
    guest_join(&cleo, &bert, room, SIGNAL_SPEAKER, "group", 0, 1);
    assert_int_equal(renewed(&bert, room).role, TICKET_SPEAKER);
    assert_int_equal(renewed(&cleo, room).role, TICKET_LISTENER);
    guest_leave(&bert, room);
    guest_leave(&cleo, room);
    guest_forget(&cleo);

    c = guest_charter(&anna);
    c.stage = CHARTER_EVERYONE;
    guest_room_from(&anna, &c, "everyone");
    memcpy(room, guest_got(&anna, SIGNAL_ROOM_IS)->room_is.room, 32);
    guest_first(&cleo, room, SIGNAL_SPEAKER, "group");
    guest_enter(&cleo, room, SIGNAL_SPEAKER);
    guest_refused(&cleo, REASON_NOT_NOW);
    guest_hang_up(&anna);
    guest_hang_up(&bert);
    guest_hang_up(&cleo);
    guest_forget(&anna);
    guest_forget(&bert);
    guest_forget(&cleo);
}

/* Never more open microphones than slots, and leaves of the first table kept free for them. */
/* F28: a room for 150 is full for listeners when 16 leaves are left, and those are for the stage, which has
 * as many places. Once the speakers come first, and once the listeners. */
static void fill(struct inn *inn, bool listeners_first)
{
    enum { MANY = TABLE_LEAVES + 1, FIRST_LISTENERS = TABLE_LEAVES - STAGE_LEAVES };
    struct guest *all = calloc(MANY, sizeof *all);
    struct charter c;
    uint8_t room[32];
    unsigned speakers = 0, listeners = 0, refused = 0;

    assert_non_null(all);
    for (unsigned i = 0; i < MANY; i++) {
        char handle[] = "guest-aa";
        struct guest *g = &all[i];
        bool would_speak = listeners_first ? i == 0 || i > FIRST_LISTENERS : i < SLOTS + 1;
        bool has_place = would_speak ? speakers < SLOTS : speakers + listeners < TABLE_LEAVES - STAGE_LEAVES;

        handle[6] = (char)('a' + i / 26);
        handle[7] = (char)('a' + i % 26);
        guest_new(g, inn, handle);
        if (i == 0) {
            c = guest_charter(g);
            c.stage = CHARTER_EVERYONE;
            guest_room_from(g, &c, "full");
            memcpy(room, guest_got(g, SIGNAL_ROOM_IS)->room_is.room, 32);
            guest_first(g, room, SIGNAL_SPEAKER, "group");
            speakers++;
            continue;
        }
        if (has_place) {
            guest_join(g, &all[0], room, would_speak ? SIGNAL_SPEAKER : SIGNAL_LISTENER, "group",
                       i - 1 - refused, i - refused);
            speakers += would_speak;
            listeners += !would_speak;
        } else {
            guest_enter(g, room, would_speak ? SIGNAL_SPEAKER : SIGNAL_LISTENER);
            guest_refused(g, REASON_FULL);
            refused++;
        }
        for (unsigned k = 0; k <= i; k++)
            guest_forget(&all[k]);
        inn_wait(inn, 200);
    }
    assert_int_equal(speakers, SLOTS);
    assert_int_equal(listeners, TABLE_LEAVES - STAGE_LEAVES - (listeners_first ? 1 : SLOTS));
    for (unsigned i = 0; i < MANY; i++) {
        guest_hang_up(&all[i]);
        guest_forget(&all[i]);
    }
    free(all);
}

static void f28_leaves_stay_free_for_the_stage(void **state)
{
    fill(*state, false);
}

static void f28_the_stage_comes_in_after_the_crowd(void **state)
{
    fill(*state, true);
}

static void one_seat_a_link(void **state)
{
    struct inn *inn = *state;
    struct guest anna;
    uint8_t room[32], other[32];
    struct signal m = {.type = SIGNAL_ENTER, .enter.replaces = SIGNAL_NO_LEAF};

    guest_new(&anna, inn, "anna");
    guest_room(&anna, "tea", room);
    guest_room(&anna, "coffee", other);
    guest_leave(&anna, room);
    guest_refused(&anna, REASON_NOT_NOW);
    guest_first(&anna, room, SIGNAL_SPEAKER, "group");
    guest_enter(&anna, other, SIGNAL_SPEAKER);
    guest_refused(&anna, REASON_NOT_NOW);
    guest_leave(&anna, other);
    guest_refused(&anna, REASON_NOT_NOW);
    guest_leave(&anna, room);
    guest_got(&anna, SIGNAL_DONE);
    memcpy(m.enter.room, room, 32);
    m.enter.key_package = BYTES_TEXT("\0\1\0\3\0\1\0\3");
    guest_send(&anna, &m);
    guest_refused(&anna, REASON_MALFORMED);
    guest_first(&anna, other, SIGNAL_SPEAKER, "group");
    guest_hang_up(&anna);
    guest_forget(&anna);
}

/* Field report G44: one account on two devices has two leaves, and neither throws the other out. */
static void g44_two_devices_have_two_leaves(void **state)
{
    struct inn *inn = *state;
    struct guest anna, again;
    uint8_t room[32];

    guest_new(&anna, inn, "anna");
    guest_room(&anna, "tea", room);
    guest_first(&anna, room, SIGNAL_SPEAKER, "group");
    guest_key(&again, inn, "anna");
    memcpy(again.seed, anna.seed, 32);
    memcpy(again.key, anna.key, 32);
    guest_again(&again);
    guest_join(&again, &anna, room, SIGNAL_SPEAKER, "group", 0, 1);
    inn_wait(inn, 60000);
    guest_ticket(&anna, room);
    guest_got(&anna, SIGNAL_TICKET);
    guest_ticket(&again, room);
    guest_got(&again, SIGNAL_TICKET);
    guest_hang_up(&anna);
    guest_hang_up(&again);
    guest_forget(&anna);
    guest_forget(&again);
}

/* The one control message that the relay has got since it was last asked. */
static struct control heard(struct inn *inn, enum control_type type)
{
    inn->control_count = 0;
    bus_drain(inn->subscription);
    assert_int_equal(inn->control_count, 1);
    assert_int_equal(inn->controls[0].type, type);
    return inn->controls[0];
}

static void heard_nothing(struct inn *inn)
{
    inn->control_count = 0;
    bus_drain(inn->subscription);
    assert_int_equal(inn->control_count, 0);
}

static void revoked(struct inn *inn, const struct ticket *ticket)
{
    struct control c = heard(inn, CONTROL_REVOKE_SEAT);

    assert_memory_equal(c.revoke_seat.seat, ticket->seat, TAG_BYTES);
    assert_int_equal(c.revoke_seat.number, ticket->number);
}

/* The relay hears of each seat that ends, by its tag and its newest ticket, and of each table that does. */
static void the_relay_hears_who_is_gone(void **state)
{
    struct inn *inn = *state;
    struct guest anna, bert, cleo;
    struct ticket of_anna, of_bert, of_cleo;
    struct draft d;
    uint8_t room[32];

    guest_new(&anna, inn, "anna");
    guest_new(&bert, inn, "bert");
    guest_new(&cleo, inn, "cleo");
    guest_room(&anna, "tea", room);
    guest_first(&anna, room, SIGNAL_SPEAKER, "group");
    guest_join(&bert, &anna, room, SIGNAL_LISTENER, "group", 0, 1);
    guest_join(&cleo, &anna, room, SIGNAL_LISTENER, "group", 1, 2);
    of_bert = renewed(&bert, room);
    of_cleo = renewed(&cleo, room);
    heard_nothing(inn);

    /* Left, kicked, lost. */
    guest_leave(&bert, room);
    revoked(inn, &of_bert);
    draft_start(&d, room, 2, "group");
    draft_remove(&d, 1);
    draft_remove(&d, 2);
    draft_send(&d, &anna);
    revoked(inn, &of_cleo);
    guest_forget(&bert);
    guest_forget(&anna);
    guest_join(&bert, &anna, room, SIGNAL_LISTENER, "group", 3, 1);
    of_bert = renewed(&bert, room);
    guest_hang_up(&bert);
    inn_wait(inn, SEAT_LOST_MS - 1);
    heard_nothing(inn);
    inn_wait(inn, 1);
    revoked(inn, &of_bert);

    /* The last one takes the table along. */
    of_anna = renewed(&anna, room);
    guest_leave(&anna, room);
    inn->control_count = 0;
    bus_drain(inn->subscription);
    assert_int_equal(inn->control_count, 2);
    assert_int_equal(inn->controls[0].type, CONTROL_REVOKE_SEAT);
    assert_int_equal(inn->controls[1].type, CONTROL_END_ROOM);
    assert_memory_equal(inn->controls[1].end_room.room, of_anna.room, TAG_BYTES);

    /* Founded anew by the one whose own seat is in its grace: the old table ends at once. */
    guest_forget(&anna);
    guest_first(&anna, room, SIGNAL_SPEAKER, "next");
    of_anna = renewed(&anna, room);
    guest_hang_up(&anna);
    heard_nothing(inn);
    guest_again(&anna);
    guest_enter_for(&anna, room, SIGNAL_SPEAKER, 0);
    guest_found(&anna, room, guest_got(&anna, SIGNAL_FOUND_TABLE)->found_table.founding, "after");
    guest_got(&anna, SIGNAL_SEATED);
    assert_memory_equal(heard(inn, CONTROL_END_ROOM).end_room.room, of_anna.room, TAG_BYTES);
    of_anna = renewed(&anna, room);
    guest_end_room(&anna, room);
    guest_got(&anna, SIGNAL_ROOM_ENDED);
    guest_got(&anna, SIGNAL_DONE);
    assert_memory_equal(heard(inn, CONTROL_END_ROOM).end_room.room, of_anna.room, TAG_BYTES);

    /* The house's own end is nobody's. */
    guest_room(&anna, "tea", room);
    guest_first(&anna, room, SIGNAL_SPEAKER, "group");
    house_free(inn->house);
    inn->house = NULL;
    heard_nothing(inn);
    guest_forget(&anna);
    guest_forget(&bert);
    guest_forget(&cleo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(g47_no_ticket_without_a_seat, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(tickets_are_renewed_upward, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(the_stage_is_for_the_charters_speakers, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f28_leaves_stay_free_for_the_stage, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f28_the_stage_comes_in_after_the_crowd, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(one_seat_a_link, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(the_relay_hears_who_is_gone, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(g44_two_devices_have_two_leaves, inn_start, inn_end),
    };

    return cmocka_run_group_tests_name("seating", tests, NULL, NULL);
}
