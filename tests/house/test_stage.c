/* Who may publish, and who must go: what the house makes of the lists that stand beside a commit. */
#include "house/guest.h"
#include "ticket/read.h"

struct trio {
    struct guest anna, bert, cleo;
    uint8_t room[32];
    uint64_t epoch;
};

/* Anna made the room and sits at leaf 0 as a speaker; bert and cleo came to speak, and listen. */
static void sit(struct trio *t, struct inn *inn)
{
    guest_new(&t->anna, inn, "anna");
    guest_new(&t->bert, inn, "bert");
    guest_new(&t->cleo, inn, "cleo");
    guest_room(&t->anna, "tea", t->room);
    guest_first(&t->anna, t->room, SIGNAL_SPEAKER, "group");
    guest_join(&t->bert, &t->anna, t->room, SIGNAL_SPEAKER, "group", 0, 1);
    guest_join(&t->cleo, &t->anna, t->room, SIGNAL_LISTENER, "group", 1, 2);
    guest_forget(&t->bert);
    t->epoch = 2;
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

static void forget_all(struct trio *t)
{
    guest_forget(&t->anna);
    guest_forget(&t->bert);
    guest_forget(&t->cleo);
}

/* A commit that says this of one leaf, and whether it was taken. */
static enum signal_type says(struct trio *t, struct guest *by, uint32_t leaf, enum signal_role role)
{
    struct draft d;
    enum signal_type how;

    forget_all(t);
    draft_start(&d, t->room, t->epoch, "group");
    draft_role(&d, leaf, role);
    draft_send(&d, by);
    how = by->inbox[0].signal.type;
    t->epoch += how == SIGNAL_DONE;
    return how;
}

static enum signal_type removes(struct trio *t, struct guest *by, uint32_t leaf, enum signal_why why)
{
    struct draft d;
    enum signal_type how;

    forget_all(t);
    draft_start(&d, t->room, t->epoch, "group");
    draft_remove_for(&d, leaf, why);
    draft_send(&d, by);
    how = by->inbox[0].signal.type;
    t->epoch += how == SIGNAL_DONE;
    return how;
}

static struct ticket read_ticket(struct inn *inn, struct bytes token)
{
    struct ticket ticket;

    assert_int_equal(ticket_read(token, house_key(inn->house), inn->unix_ms / 1000, &ticket), OK);
    return ticket;
}

static struct ticket renewed(struct guest *g, const uint8_t room[32])
{
    guest_forget(g);
    guest_ticket(g, room);
    return read_ticket(g->inn, guest_got(g, SIGNAL_TICKET)->ticket.ticket);
}

/* By a moderator's word and one's own; either alone ends it. */
static void on_stage_by_two_words(void **state)
{
    struct inn *inn = *state;
    struct trio t;

    sit(&t, inn);
    assert_int_equal(renewed(&t.bert, t.room).role, TICKET_LISTENER);
    assert_int_equal(says(&t, &t.anna, 1, SIGNAL_SPEAKER), SIGNAL_DONE);
    assert_int_equal(renewed(&t.bert, t.room).role, TICKET_SPEAKER);
    /* Cleo listens of her own will until she says otherwise. */
    assert_int_equal(says(&t, &t.cleo, 2, SIGNAL_SPEAKER), SIGNAL_REFUSED);
    assert_int_equal(says(&t, &t.anna, 2, SIGNAL_SPEAKER), SIGNAL_DONE);
    assert_int_equal(renewed(&t.cleo, t.room).role, TICKET_LISTENER);
    assert_int_equal(says(&t, &t.cleo, 2, SIGNAL_SPEAKER), SIGNAL_DONE);
    assert_int_equal(renewed(&t.cleo, t.room).role, TICKET_SPEAKER);
    assert_int_equal(says(&t, &t.cleo, 2, SIGNAL_LISTENER), SIGNAL_DONE);
    assert_int_equal(renewed(&t.cleo, t.room).role, TICKET_LISTENER);
    assert_int_equal(says(&t, &t.anna, 1, SIGNAL_LISTENER), SIGNAL_DONE);
    assert_int_equal(says(&t, &t.bert, 1, SIGNAL_SPEAKER), SIGNAL_REFUSED);
    assert_int_equal(renewed(&t.bert, t.room).role, TICKET_LISTENER);
    rise(&t);
}

/* A listener says nothing of others, nor a moderator anything of the maker (attack F30). */
static void f30_who_may_say_it(void **state)
{
    struct inn *inn = *state;
    struct trio t;

    sit(&t, inn);
    assert_int_equal(says(&t, &t.bert, 2, SIGNAL_SPEAKER), SIGNAL_REFUSED);
    assert_int_equal(says(&t, &t.bert, 1, SIGNAL_MODERATOR), SIGNAL_REFUSED);
    assert_int_equal(removes(&t, &t.bert, 2, SIGNAL_KICKED), SIGNAL_REFUSED);
    assert_int_equal(says(&t, &t.anna, 1, SIGNAL_MODERATOR), SIGNAL_DONE);
    assert_int_equal(renewed(&t.bert, t.room).role, TICKET_SPEAKER);
    assert_int_equal(says(&t, &t.bert, 0, SIGNAL_LISTENER), SIGNAL_REFUSED);
    assert_int_equal(says(&t, &t.bert, 0, SIGNAL_NO_MODERATOR), SIGNAL_REFUSED);
    assert_int_equal(removes(&t, &t.bert, 0, SIGNAL_KICKED), SIGNAL_REFUSED);
    assert_int_equal(says(&t, &t.bert, 2, SIGNAL_SPEAKER), SIGNAL_DONE);
    assert_int_equal(removes(&t, &t.bert, 2, SIGNAL_KICKED), SIGNAL_DONE);
    assert_int_equal(says(&t, &t.anna, 1, SIGNAL_NO_MODERATOR), SIGNAL_DONE);
    assert_int_equal(renewed(&t.bert, t.room).role, TICKET_LISTENER);
    rise(&t);
}

/* What a moderator said of an account holds when it comes again. */
static void roles_outlive_a_seat(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    struct draft d;

    sit(&t, inn);
    assert_int_equal(says(&t, &t.anna, 1, SIGNAL_SPEAKER), SIGNAL_DONE);
    guest_answer(&t.bert, t.room, t.epoch, '=');
    guest_leave(&t.bert, t.room);
    forget_all(&t);
    guest_enter(&t.bert, t.room, SIGNAL_SPEAKER);
    draft_start(&d, t.room, t.epoch, "group");
    draft_remove_for(&d, 1, SIGNAL_LEFT);
    draft_seat(&d, &t.bert, guest_asked_for_one(&t.anna), 1);
    draft_send(&d, &t.anna);
    assert_int_equal(read_ticket(inn, guest_got(&t.bert, SIGNAL_SEATED)->seated.ticket).role, TICKET_SPEAKER);
    rise(&t);
}

/* A table that is founded anew begins with what its moderators have said. */
static void roles_outlive_the_group(void **state)
{
    struct inn *inn = *state;
    struct trio t;

    sit(&t, inn);
    assert_int_equal(says(&t, &t.anna, 1, SIGNAL_MODERATOR), SIGNAL_DONE);
    assert_int_equal(removes(&t, &t.anna, 2, SIGNAL_BLOCKED), SIGNAL_DONE);
    guest_leave(&t.anna, t.room);
    guest_leave(&t.bert, t.room);
    forget_all(&t);
    guest_first(&t.bert, t.room, SIGNAL_SPEAKER, "next");
    assert_int_equal(renewed(&t.bert, t.room).role, TICKET_SPEAKER);
    guest_join(&t.anna, &t.bert, t.room, SIGNAL_SPEAKER, "next", 0, 1);
    assert_int_equal(renewed(&t.anna, t.room).role, TICKET_SPEAKER);
    guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
    guest_refused(&t.cleo, REASON_NOT_YOURS);

    /* Anna's client starts anew while nobody is awake: a table for one. */
    guest_hang_up(&t.bert);
    inn_wait(inn, SEAT_LOST_MS);
    guest_hang_up(&t.anna);
    guest_again(&t.anna);
    guest_enter_for(&t.anna, t.room, SIGNAL_SPEAKER, 1);
    guest_found(&t.anna, t.room, guest_got(&t.anna, SIGNAL_FOUND_TABLE)->found_table.founding, "third");
    guest_got(&t.anna, SIGNAL_SEATED);
    assert_int_equal(renewed(&t.anna, t.room).role, TICKET_SPEAKER);
    rise(&t);
}

/* Attack F32: who leaves the stage has no ticket any more that publishes, and a new one that does not. */
static void f32_a_speakers_tickets_end_with_the_stage(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    struct ticket old, next;

    sit(&t, inn);
    assert_int_equal(says(&t, &t.anna, 1, SIGNAL_SPEAKER), SIGNAL_DONE);
    old = renewed(&t.bert, t.room);
    inn->control_count = 0;
    assert_int_equal(says(&t, &t.anna, 1, SIGNAL_LISTENER), SIGNAL_DONE);
    bus_drain(inn->subscription);
    assert_int_equal(inn->control_count, 1);
    assert_int_equal(inn->controls[0].type, CONTROL_REVOKE_SEAT);
    assert_memory_equal(inn->controls[0].revoke_seat.seat, old.seat, TAG_BYTES);
    assert_int_equal(inn->controls[0].revoke_seat.number, old.number);
    guest_got(&t.bert, SIGNAL_HANDSHAKE);
    next = read_ticket(inn, guest_got(&t.bert, SIGNAL_TICKET)->ticket.ticket);
    assert_int_equal(next.role, TICKET_LISTENER);
    assert_int_equal(next.number, old.number + 1);
    assert_memory_equal(next.seat, old.seat, TAG_BYTES);
    rise(&t);
}

/* A kicked link is told, its tickets end at once, and it may come again. */
static void g43_the_kicked_are_told(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    struct ticket old;
    const struct signal *m;

    sit(&t, inn);
    old = renewed(&t.cleo, t.room);
    inn->control_count = 0;
    assert_int_equal(removes(&t, &t.anna, 2, SIGNAL_KICKED), SIGNAL_DONE);
    bus_drain(inn->subscription);
    assert_int_equal(inn->control_count, 1);
    assert_memory_equal(inn->controls[0].revoke_seat.seat, old.seat, TAG_BYTES);
    guest_got(&t.cleo, SIGNAL_HANDSHAKE);
    m = guest_got(&t.cleo, SIGNAL_SEAT_ENDED);
    assert_memory_equal(m->seat_ended.room, t.room, 32);
    assert_int_equal(m->seat_ended.why, SIGNAL_KICKED);
    guest_ticket(&t.cleo, t.room);
    guest_refused(&t.cleo, REASON_NOT_NOW);
    guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
    guest_nothing(&t.cleo);
    rise(&t);
}

static void the_blocked_stay_out(void **state)
{
    struct inn *inn = *state;
    struct trio t;

    sit(&t, inn);
    assert_int_equal(removes(&t, &t.anna, 2, SIGNAL_BLOCKED), SIGNAL_DONE);
    guest_got(&t.cleo, SIGNAL_HANDSHAKE);
    assert_int_equal(guest_got(&t.cleo, SIGNAL_SEAT_ENDED)->seat_ended.why, SIGNAL_BLOCKED);
    guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
    guest_refused(&t.cleo, REASON_NOT_YOURS);
    guest_hang_up(&t.cleo);
    guest_again(&t.cleo);
    guest_enter(&t.cleo, t.room, SIGNAL_SPEAKER);
    guest_refused(&t.cleo, REASON_NOT_YOURS);
    rise(&t);
}

/* Who sits may ask for another seat in the place of its own; what is refused changes nothing of the one it
 * has. */
static void a_refused_entry_is_no_way_on_stage(void **state)
{
    struct inn *inn = *state;
    struct guest anna, bert;
    struct charter charter;
    struct signal enter = {.type = SIGNAL_ENTER, .enter.replaces = 1, .enter.role = SIGNAL_SPEAKER};
    uint8_t room[32];

    guest_new(&anna, inn, "anna");
    guest_new(&bert, inn, "bert");
    charter = guest_charter(&anna);
    charter.stage = CHARTER_EVERYONE;
    guest_room_from(&anna, &charter, "tea");
    memcpy(room, guest_got(&anna, SIGNAL_ROOM_IS)->room_is.room, 32);
    guest_first(&anna, room, SIGNAL_SPEAKER, "group");
    guest_join(&bert, &anna, room, SIGNAL_LISTENER, "group", 0, 1);
    assert_int_equal(renewed(&bert, room).role, TICKET_LISTENER);
    memcpy(enter.enter.room, room, 32);
    enter.enter.key_package = BYTES_TEXT("junk");
    guest_send(&bert, &enter);
    guest_refused(&bert, REASON_MALFORMED);
    assert_int_equal(renewed(&bert, room).role, TICKET_LISTENER);
    guest_hang_up(&bert);
    guest_hang_up(&anna);
    guest_forget(&bert);
    guest_forget(&anna);
}

/* Never more speakers than slots, however they come on stage. */
static void the_stage_has_sixteen_places(void **state)
{
    enum { MANY = SLOTS + 1 };
    struct inn *inn = *state;
    struct guest anna, *all = calloc(MANY, sizeof *all);
    struct draft d;
    uint8_t room[32];

    assert_non_null(all);
    guest_new(&anna, inn, "anna");
    guest_room(&anna, "tea", room);
    guest_first(&anna, room, SIGNAL_SPEAKER, "group");
    for (uint32_t i = 0; i < MANY; i++) {
        char handle[] = "guest-a";

        handle[6] = (char)('a' + i);
        guest_new(&all[i], inn, handle);
        guest_join(&all[i], &anna, room, SIGNAL_SPEAKER, "group", i, i + 1);
        guest_forget(&anna);
        inn_wait(inn, 200);
    }
    draft_start(&d, room, MANY, "group");
    for (uint32_t i = 0; i < SLOTS; i++)
        draft_role(&d, i + 1, SIGNAL_SPEAKER);
    draft_send(&d, &anna);
    guest_refused(&anna, REASON_FULL);
    draft_start(&d, room, MANY, "group");
    for (uint32_t i = 0; i < SLOTS - 1; i++)
        draft_role(&d, i + 1, SIGNAL_SPEAKER);
    draft_send(&d, &anna);
    guest_got(&anna, SIGNAL_DONE);
    guest_forget(&anna);
    draft_start(&d, room, MANY + 1, "group");
    draft_role(&d, SLOTS, SIGNAL_SPEAKER);
    draft_send(&d, &anna);
    guest_refused(&anna, REASON_FULL);
    /* One goes, and the next comes. */
    draft_start(&d, room, MANY + 1, "group");
    draft_role(&d, 1, SIGNAL_LISTENER);
    draft_role(&d, SLOTS, SIGNAL_SPEAKER);
    draft_send(&d, &anna);
    guest_got(&anna, SIGNAL_DONE);
    for (uint32_t i = 0; i < MANY; i++) {
        guest_hang_up(&all[i]);
        guest_forget(&all[i]);
    }
    guest_hang_up(&anna);
    guest_forget(&anna);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(on_stage_by_two_words, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f30_who_may_say_it, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(roles_outlive_a_seat, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(roles_outlive_the_group, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f32_a_speakers_tickets_end_with_the_stage, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(g43_the_kicked_are_told, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(the_blocked_stay_out, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(a_refused_entry_is_no_way_on_stage, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(the_stage_has_sixteen_places, inn_start, inn_end),
    };

    return cmocka_run_group_tests_name("stage", tests, NULL, NULL);
}
