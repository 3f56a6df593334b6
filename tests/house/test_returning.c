/* Links break, houses are killed: whoever sat comes back to its seat and misses nothing. */
#include "house/guest.h"
#include "ticket/read.h"

struct trio {
    struct guest anna, bert, cleo;
    uint8_t room[32];
};

/* Anna made the room and sits at leaf 0, bert at 1, in epoch 1. Cleo is signed in. */
static void sit(struct trio *t, struct inn *inn)
{
    guest_new(&t->anna, inn, "anna");
    guest_new(&t->bert, inn, "bert");
    guest_new(&t->cleo, inn, "cleo");
    guest_room(&t->anna, "tea", t->room);
    guest_first(&t->anna, t->room, SIGNAL_SPEAKER, "group");
    guest_join(&t->bert, &t->anna, t->room, SIGNAL_LISTENER, "group", 0, 1);
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

static void commits(struct guest *g, const uint8_t room[32], uint64_t epoch)
{
    struct draft d;

    draft_start(&d, room, epoch, "group");
    draft_send(&d, g);
    guest_got(g, SIGNAL_DONE);
    guest_got(g, SIGNAL_HANDSHAKE);
}

static void hears_commits(struct guest *g, uint64_t from, uint64_t to)
{
    for (; from < to; from++) {
        const struct signal *m = guest_got(g, SIGNAL_HANDSHAKE);

        assert_true(m->handshake.epoch == from);
        assert_int_equal(m->request, 0);
    }
}

static struct ticket read_ticket(struct inn *inn, struct bytes token)
{
    struct ticket ticket;

    assert_int_equal(ticket_read(token, house_key(inn->house), inn->unix_ms / 1000, &ticket), OK);
    return ticket;
}

static struct ticket renewed(struct guest *g, const uint8_t room[32])
{
    guest_ticket(g, room);
    return read_ticket(g->inn, guest_got(g, SIGNAL_TICKET)->ticket.ticket);
}

/* Killed, as far as the store can tell, and started anew; every link is gone. */
static void restart(struct inn *inn, struct trio *t)
{
    inn_close(inn);
    inn_open(inn);
    t->anna.session = t->bert.session = t->cleo.session = NULL;
    inn_attend(inn);
}

/* Field report G46 and attack F26: the seat waits, the commits are told, and the tickets go on. */
static void g46_a_broken_link_loses_nothing(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    struct ticket before, after;

    sit(&t, inn);
    before = renewed(&t.bert, t.room);
    guest_hang_up(&t.bert);
    for (uint64_t epoch = 1; epoch < 4; epoch++)
        commits(&t.anna, t.room, epoch);
    inn_wait(inn, SEAT_LOST_MS - 1);
    guest_again(&t.bert);
    guest_catch_up(&t.bert, t.room, 1, 1);
    hears_commits(&t.bert, 1, 4);
    assert_int_equal(guest_got(&t.bert, SIGNAL_DONE)->request, t.bert.request);
    after = renewed(&t.bert, t.room);
    assert_memory_equal(after.seat, before.seat, TAG_BYTES);
    assert_int_equal(after.number, before.number + 1);
    commits(&t.anna, t.room, 4);
    hears_commits(&t.bert, 4, 5);
    inn_wait(inn, 2 * SEAT_LOST_MS);
    guest_nothing(&t.anna);
    rise(&t);
}

/* Over the link that it has, too: what did not come is asked for, and comes once more. */
static void f26_who_sits_asks_for_what_it_missed(void **state)
{
    struct inn *inn = *state;
    struct trio t;

    sit(&t, inn);
    commits(&t.anna, t.room, 1);
    hears_commits(&t.bert, 1, 2);
    guest_catch_up(&t.bert, t.room, 1, 1);
    hears_commits(&t.bert, 1, 2);
    assert_int_equal(guest_got(&t.bert, SIGNAL_DONE)->request, t.bert.request);
    guest_catch_up(&t.bert, t.room, 1, 2);
    assert_int_equal(guest_got(&t.bert, SIGNAL_DONE)->request, t.bert.request);
    guest_catch_up(&t.bert, t.room, 1, 3);
    guest_refused(&t.bert, REASON_STALE);
    commits(&t.anna, t.room, 2);
    hears_commits(&t.bert, 2, 3);
    rise(&t);
}

static void a_seat_is_its_accounts_alone(void **state)
{
    struct inn *inn = *state;
    struct trio t;

    sit(&t, inn);
    guest_catch_up(&t.cleo, t.room, 1, 1);
    guest_refused(&t.cleo, REASON_STALE);
    guest_catch_up(&t.cleo, t.room, 7, 1);
    guest_refused(&t.cleo, REASON_STALE);
    guest_catch_up(&t.bert, t.room, 0, 1);
    guest_refused(&t.bert, REASON_NOT_NOW);
    guest_hang_up(&t.bert);
    guest_again(&t.bert);
    guest_catch_up(&t.bert, t.room, 1, 2);
    guest_refused(&t.bert, REASON_STALE);
    inn_wait(inn, SEAT_LOST_MS);
    guest_catch_up(&t.bert, t.room, 1, 1);
    guest_refused(&t.bert, REASON_STALE);
    rise(&t);
}

/* The house did not hear yet that the old link is dead: the new one takes its seat, without any quarrel. */
static void a_half_open_link_is_taken_over(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    struct guest again;

    sit(&t, inn);
    guest_key(&again, inn, "bert");
    memcpy(again.seed, t.bert.seed, 32);
    memcpy(again.key, t.bert.key, 32);
    guest_again(&again);
    guest_catch_up(&again, t.room, 1, 1);
    guest_got(&again, SIGNAL_DONE);
    assert_int_equal(guest_got(&t.bert, SIGNAL_SEAT_ENDED)->seat_ended.why, SIGNAL_REPLACED);
    guest_ticket(&t.bert, t.room);
    guest_refused(&t.bert, REASON_NOT_NOW);
    guest_hang_up(&t.bert);
    inn_wait(inn, 2 * SEAT_LOST_MS);
    guest_nothing(&t.anna);
    commits(&t.anna, t.room, 1);
    hears_commits(&again, 1, 2);
    guest_hang_up(&again);
    guest_forget(&again);
    rise(&t);
}

/* Attack F26: what is older than a minute is gone, and a new seat takes the old one's place. */
static void f26_who_is_too_late_replaces_its_seat(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    struct draft d;
    struct signal_joiner joiner;
    struct bytes list;

    sit(&t, inn);
    for (uint64_t epoch = 1; epoch < COMMITS_KEPT + 3; epoch++) {
        commits(&t.anna, t.room, epoch);
        guest_forget(&t.anna);
        guest_forget(&t.bert);
        inn_wait(inn, 100);
    }
    guest_hang_up(&t.bert);
    guest_again(&t.bert);
    guest_catch_up(&t.bert, t.room, 1, 1);
    guest_refused(&t.bert, REASON_STALE);
    guest_enter_for(&t.bert, t.room, SIGNAL_LISTENER, 1);
    list = guest_got(&t.anna, SIGNAL_WAITING)->waiting.joiners;
    assert_true(signal_joiner_next(&list, &joiner));
    assert_int_equal(joiner.replaces, 1);
    assert_int_equal(joiner.replaces_signature[63], 's');

    draft_start(&d, t.room, COMMITS_KEPT + 3, "group");
    draft_remove_for(&d, 1, SIGNAL_REPLACED);
    draft_seat(&d, &t.bert, joiner.waiting, 1);
    draft_send(&d, &t.anna);
    guest_got(&t.anna, SIGNAL_DONE);
    guest_got(&t.bert, SIGNAL_SEATED);
    rise(&t);
}

/* A plain member, too, may let a seat be replaced by its own account's, and by no other's. */
static void only_ones_own_seat_is_replaced(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    struct draft d;
    uint32_t waiting;

    sit(&t, inn);
    guest_hang_up(&t.anna);
    guest_enter_for(&t.cleo, t.room, SIGNAL_LISTENER, 0);
    waiting = guest_asked_for_one(&t.bert);
    draft_start(&d, t.room, 1, "group");
    draft_remove_for(&d, 0, SIGNAL_REPLACED);
    draft_seat(&d, &t.cleo, waiting, 0);
    draft_send(&d, &t.bert);
    guest_refused(&t.bert, REASON_NOT_YOURS);
    guest_leave(&t.cleo, t.room);
    inn_wait(inn, DOORKEEPER_MS);

    guest_again(&t.anna);
    guest_enter_for(&t.anna, t.room, SIGNAL_SPEAKER, 0);
    waiting = guest_asked_for_one(&t.bert);
    draft_start(&d, t.room, 1, "group");
    draft_remove_for(&d, 0, SIGNAL_REPLACED);
    draft_seat(&d, &t.anna, waiting, 0);
    draft_send(&d, &t.bert);
    guest_got(&t.bert, SIGNAL_DONE);
    assert_int_equal(guest_got(&t.anna, SIGNAL_SEATED)->seated.leaf, 0);
    rise(&t);
}

/* Over the same link: whoever cannot follow a commit gives its seat up and waits for another. */
static void who_cannot_follow_enters_again(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    const struct signal *m;
    struct signal_lost lost;
    struct bytes list;

    sit(&t, inn);
    inn_wait(inn, 2000);
    guest_enter_for(&t.bert, t.room, SIGNAL_LISTENER, 0);
    guest_refused(&t.bert, REASON_NOT_NOW);
    guest_enter_for(&t.bert, t.room, SIGNAL_LISTENER, 1);
    guest_ticket(&t.bert, t.room);
    guest_refused(&t.bert, REASON_NOT_NOW);
    m = guest_got(&t.anna, SIGNAL_WAITING);
    list = m->waiting.lost;
    assert_true(m->waiting.joiners.len != 0);
    assert_true(signal_lost_next(&list, &lost));
    assert_int_equal(lost.leaf, 1);
    rise(&t);
}

/* Field report G41 and the house's own end: a commit that was accepted, and answered or not, is told again to
 * all, its sender too; seats, roles and the order of epochs are as they were. */
static void g41_a_restart_loses_no_accepted_commit(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    struct ticket before, after;
    struct draft d;

    sit(&t, inn);
    before = renewed(&t.anna, t.room);
    draft_start(&d, t.room, 1, "group");
    draft_role(&d, 1, SIGNAL_MODERATOR);
    draft_send(&d, &t.anna);
    restart(inn, &t);
    inn_wait(inn, SEAT_RESTORED_MS - 1);

    guest_again(&t.anna);
    guest_catch_up(&t.anna, t.room, 0, 1);
    hears_commits(&t.anna, 1, 2);
    guest_got(&t.anna, SIGNAL_DONE);
    after = renewed(&t.anna, t.room);
    assert_int_equal(after.role, TICKET_SPEAKER);
    assert_memory_equal(after.fingerprint, before.fingerprint, 32);
    assert_true(memcmp(after.seat, before.seat, TAG_BYTES) != 0);
    guest_again(&t.bert);
    guest_catch_up(&t.bert, t.room, 1, 1);
    hears_commits(&t.bert, 1, 2);
    guest_got(&t.bert, SIGNAL_DONE);
    assert_memory_equal(renewed(&t.bert, t.room).room, after.room, TAG_BYTES);

    guest_again(&t.cleo);
    /* The next epoch follows, and bert is the moderator that he was made. */
    guest_join(&t.cleo, &t.anna, t.room, SIGNAL_LISTENER, "group", 2, 2);
    guest_got(&t.bert, SIGNAL_HANDSHAKE);
    draft_start(&d, t.room, 3, "group");
    draft_remove(&d, 2);
    draft_send(&d, &t.bert);
    guest_got(&t.bert, SIGNAL_DONE);
    rise(&t);
}

/* Whoever comes first after a restart founds no second table beside those who are on their way back. */
static void a_restarted_table_is_waited_for(void **state)
{
    struct inn *inn = *state;
    struct trio t;

    sit(&t, inn);
    restart(inn, &t);
    guest_again(&t.cleo);
    guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
    inn_wait(inn, SEAT_RESTORED_MS / 2);
    guest_nothing(&t.cleo);
    guest_again(&t.bert);
    guest_catch_up(&t.bert, t.room, 1, 1);
    guest_got(&t.bert, SIGNAL_DONE);
    guest_asked_for_one(&t.bert);
    guest_hang_up(&t.bert);
    inn_wait(inn, SEAT_RESTORED_MS);
    guest_got(&t.cleo, SIGNAL_FOUND_TABLE);
    rise(&t);
}

/* Bert at leaf 1, in no time at all. */
static void leaves_and_comes_again(struct trio *t, uint64_t epoch)
{
    struct draft d;

    guest_leave(&t->bert, t->room);
    guest_got(&t->bert, SIGNAL_DONE);
    guest_enter(&t->bert, t->room, SIGNAL_LISTENER);
    guest_got(&t->anna, SIGNAL_WAITING);
    draft_start(&d, t->room, epoch, "group");
    draft_remove_for(&d, 1, SIGNAL_LEFT);
    draft_send(&d, &t->anna);
    guest_got(&t->anna, SIGNAL_DONE);
    guest_got(&t->anna, SIGNAL_HANDSHAKE);
    draft_start(&d, t->room, epoch + 1, "group");
    draft_seat(&d, &t->bert, guest_asked_for_one(&t->anna), 1);
    draft_send(&d, &t->anna);
    guest_got(&t->anna, SIGNAL_DONE);
    assert_true(guest_got(&t->bert, SIGNAL_SEATED)->seated.epoch == epoch + 2);
}

/* Field report G32, the house's half: thirty times out and in again, each within the second. */
static void g32_thirty_times_out_and_in(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    uint64_t epoch = 1;

    sit(&t, inn);
    for (unsigned i = 0; i < 30; i++) {
        guest_forget(&t.anna);
        guest_forget(&t.bert);
        leaves_and_comes_again(&t, epoch);
        epoch += 2;
        inn_wait(inn, 2000);
    }
    rise(&t);
}

/* Field report G45: after three lives of a ticket one leaves and comes again over the same link. */
static void g45_out_and_in_after_three_tickets(void **state)
{
    struct inn *inn = *state;
    struct trio t;

    sit(&t, inn);
    for (unsigned i = 0; i < 6; i++) {
        inn_wait(inn, TICKET_RENEW_S * 1000);
        guest_forget(&t.anna);
        guest_forget(&t.bert);
        guest_ticket(&t.bert, t.room);
        guest_got(&t.bert, SIGNAL_TICKET);
    }
    commits(&t.anna, t.room, 1);
    guest_forget(&t.bert);
    inn_wait(inn, 2000);
    leaves_and_comes_again(&t, 2);
    rise(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(g46_a_broken_link_loses_nothing, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f26_who_sits_asks_for_what_it_missed, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(a_seat_is_its_accounts_alone, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(a_half_open_link_is_taken_over, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f26_who_is_too_late_replaces_its_seat, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(only_ones_own_seat_is_replaced, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(who_cannot_follow_enters_again, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(g41_a_restart_loses_no_accepted_commit, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(a_restarted_table_is_waited_for, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(g32_thirty_times_out_and_in, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(g45_out_and_in_after_three_tickets, inn_start, inn_end),
    };

    return cmocka_run_group_tests_name("returning", tests, NULL, NULL);
}
