/* Commits that nobody follows: the room goes on without them, and without whoever posted them. */
#include "house/guest.h"

struct quartet {
    struct guest anna, bert, cleo, dora;
    uint8_t room[32];
};

/* Anna made the room and sits at leaf 0, bert at 1, cleo at 2, in epoch 2; all have said that they follow.
 * Dora is signed in. */
static void sit(struct quartet *t, struct inn *inn)
{
    guest_new(&t->anna, inn, "anna");
    guest_new(&t->bert, inn, "bert");
    guest_new(&t->cleo, inn, "cleo");
    guest_new(&t->dora, inn, "dora");
    guest_room(&t->anna, "tea", t->room);
    guest_first(&t->anna, t->room, SIGNAL_SPEAKER, "group");
    guest_join(&t->bert, &t->anna, t->room, SIGNAL_LISTENER, "group", 0, 1);
    guest_join(&t->cleo, &t->anna, t->room, SIGNAL_LISTENER, "group", 1, 2);
    guest_got(&t->bert, SIGNAL_HANDSHAKE);
    guest_answer(&t->anna, t->room, 2, '2');
    guest_answer(&t->bert, t->room, 2, '2');
    guest_answer(&t->cleo, t->room, 2, '2');
}

static void forget_all(struct quartet *t)
{
    guest_forget(&t->anna);
    guest_forget(&t->bert);
    guest_forget(&t->cleo);
    guest_forget(&t->dora);
}

static void rise(struct quartet *t)
{
    guest_hang_up(&t->anna);
    guest_hang_up(&t->bert);
    guest_hang_up(&t->cleo);
    guest_hang_up(&t->dora);
    forget_all(t);
}

static void commits(struct guest *g, const uint8_t room[32], uint64_t epoch)
{
    struct draft d;

    draft_start(&d, room, epoch, "group");
    draft_send(&d, g);
}

static int64_t epoch_of(struct inn *inn)
{
    struct store_rows rows;
    int64_t epoch;

    assert_int_equal(store_query(inn->store, "SELECT epoch FROM gathering", NULL, 0, &rows), OK);
    assert_int_equal(store_next(&rows), OK);
    epoch = store_column_int(&rows, 0);
    store_done(&rows);
    return epoch;
}

/* Attack F5 and field report G37: right epoch, garbage inside. Nobody follows, and two seconds later the
 * room is where it was, without the poster. */
static void f5_g37_a_commit_that_nobody_follows_is_undone(void **state)
{
    struct inn *inn = *state;
    struct quartet t;
    struct signal_lost lost;
    const struct signal *m;
    struct bytes list;
    struct draft d;

    sit(&t, inn);
    commits(&t.bert, t.room, 2);
    guest_got(&t.bert, SIGNAL_DONE);
    guest_answer(&t.bert, t.room, 3, '3');
    inn_wait(inn, TRIAL_MS - 1);
    assert_int_equal(epoch_of(inn), 3);
    guest_got(&t.bert, SIGNAL_HANDSHAKE);
    guest_nothing(&t.bert);
    inn_wait(inn, 1);
    assert_int_equal(epoch_of(inn), 2);
    assert_int_equal(guest_got(&t.bert, SIGNAL_SEAT_ENDED)->seat_ended.why, SIGNAL_SUSPENDED);
    guest_ticket(&t.bert, t.room);
    guest_refused(&t.bert, REASON_NOT_NOW);

    /* The house's word on bert's seat is for the epoch that they are in again. */
    guest_got(&t.anna, SIGNAL_HANDSHAKE);
    m = guest_got(&t.anna, SIGNAL_WAITING);
    assert_true(m->waiting.epoch == 2);
    list = m->waiting.lost;
    assert_true(signal_lost_next(&list, &lost));
    assert_int_equal(lost.leaf, 1);
    forget_all(&t);
    draft_start(&d, t.room, 2, "group");
    draft_remove_for(&d, 1, SIGNAL_LOST);
    draft_send(&d, &t.anna);
    guest_got(&t.anna, SIGNAL_DONE);
    guest_answer(&t.anna, t.room, 3, 'x');
    guest_answer(&t.cleo, t.room, 3, 'x');
    inn_wait(inn, 2 * TRIAL_MS);
    assert_int_equal(epoch_of(inn), 3);
    guest_got(&t.cleo, SIGNAL_HANDSHAKE);
    guest_nothing(&t.cleo);
    rise(&t);
}

/* A house that waits for its disk reads no answers: that nobody followed is known two seconds after it looks
 * again. */
static void what_a_house_did_not_look_at_counts_for_nothing(void **state)
{
    struct inn *inn = *state;
    struct quartet t;

    sit(&t, inn);
    commits(&t.anna, t.room, 2);
    inn->now_ms += TRIAL_MS + 1000;
    guest_ticket(&t.dora, t.room); /* whatever is read first */
    assert_int_equal(epoch_of(inn), 3);
    guest_answer(&t.bert, t.room, 3, '3');
    guest_answer(&t.cleo, t.room, 3, '3');
    inn_wait(inn, 2 * TRIAL_MS);
    assert_int_equal(epoch_of(inn), 3);

    /* But no longer. */
    forget_all(&t);
    commits(&t.anna, t.room, 3);
    inn->now_ms += TRIAL_MS + 1000;
    inn_attend(inn);
    assert_int_equal(epoch_of(inn), 4);
    inn_wait(inn, TRIAL_MS);
    assert_int_equal(epoch_of(inn), 3);
    rise(&t);
}

/* What somebody followed is never taken back, whatever the others say or do not say. */
static void f5_what_was_followed_stays(void **state)
{
    struct inn *inn = *state;
    struct quartet t;

    sit(&t, inn);
    commits(&t.bert, t.room, 2);
    guest_answer(&t.cleo, t.room, 3, '3');
    guest_answer(&t.cleo, t.room, 3, '4');
    guest_answer(&t.bert, t.room, 3, '3');
    forget_all(&t);
    inn_wait(inn, 2 * TRIAL_MS);
    assert_int_equal(epoch_of(inn), 3);

    /* A poster that lies about its own good commit has it stand all the same. */
    commits(&t.bert, t.room, 3);
    guest_answer(&t.bert, t.room, 4, 'l');
    guest_answer(&t.anna, t.room, 4, '4');
    guest_answer(&t.cleo, t.room, 4, '4');
    forget_all(&t);
    inn_wait(inn, 2 * TRIAL_MS);
    assert_int_equal(epoch_of(inn), 4);
    guest_nothing(&t.bert);
    rise(&t);
}

/* Whoever came by it is sent away to come again; whoever was put out by it is gone, and its leaf is lost. */
static void f5_joiners_and_the_removed(void **state)
{
    struct inn *inn = *state;
    struct quartet t;
    struct draft d;
    struct signal_lost lost;
    struct bytes list;
    uint32_t waiting;

    sit(&t, inn);
    guest_enter(&t.dora, t.room, SIGNAL_LISTENER);
    waiting = guest_asked_for_one(&t.anna);
    draft_start(&d, t.room, 2, "group");
    draft_remove(&d, 2);
    draft_seat(&d, &t.dora, waiting, 2);
    draft_send(&d, &t.anna);
    guest_got(&t.dora, SIGNAL_SEATED);
    guest_got(&t.cleo, SIGNAL_HANDSHAKE);
    guest_got(&t.cleo, SIGNAL_SEAT_ENDED);
    inn_wait(inn, TRIAL_MS);
    assert_int_equal(guest_got(&t.dora, SIGNAL_SEAT_ENDED)->seat_ended.why, SIGNAL_LOST);
    guest_got(&t.bert, SIGNAL_HANDSHAKE);
    list = guest_got(&t.bert, SIGNAL_WAITING)->waiting.lost;
    for (uint32_t leaf = 0; leaf < 3; leaf += 2) {
        assert_true(signal_lost_next(&list, &lost));
        assert_int_equal(lost.leaf, leaf);
    }
    assert_int_equal(list.len, 0);
    guest_enter(&t.dora, t.room, SIGNAL_LISTENER);
    inn_wait(inn, DOORKEEPER_MS);
    guest_asked_for_one(&t.bert);
    rise(&t);
}

/* Everybody says something else, and one of them has left meanwhile: nobody is in the epoch before, and the
 * table is deserted. */
static void f5_nobody_is_left_to_go_on(void **state)
{
    struct inn *inn = *state;
    struct quartet t;

    sit(&t, inn);
    commits(&t.bert, t.room, 2);
    guest_answer(&t.anna, t.room, 3, 'a');
    guest_answer(&t.cleo, t.room, 3, 'c');
    guest_leave(&t.cleo, t.room);
    inn_wait(inn, TRIAL_MS);
    forget_all(&t);
    guest_enter(&t.dora, t.room, SIGNAL_LISTENER);
    assert_int_equal(guest_got(&t.dora, SIGNAL_FOUND_TABLE)->found_table.founding, 2);
    rise(&t);
}

/* A joiner's answer counts, too. */
static void f5_a_joiner_follows(void **state)
{
    struct inn *inn = *state;
    struct quartet t;
    struct draft d;

    sit(&t, inn);
    guest_enter(&t.dora, t.room, SIGNAL_LISTENER);
    draft_start(&d, t.room, 2, "group");
    draft_seat(&d, &t.dora, guest_asked_for_one(&t.anna), 3);
    draft_send(&d, &t.anna);
    guest_answer(&t.dora, t.room, 3, '3');
    guest_answer(&t.anna, t.room, 3, '3');
    inn_wait(inn, 2 * TRIAL_MS);
    assert_int_equal(epoch_of(inn), 3);
    rise(&t);
}

/* Nobody there who ever answered: there is nobody to ask, and nothing is undone. */
static void f5_no_trial_without_witnesses(void **state)
{
    struct inn *inn = *state;
    struct quartet t;

    sit(&t, inn);
    guest_hang_up(&t.anna);
    guest_hang_up(&t.cleo);
    commits(&t.bert, t.room, 2);
    forget_all(&t);
    inn_wait(inn, 2 * TRIAL_MS);
    assert_int_equal(epoch_of(inn), 3);
    rise(&t);
}

/* Attack F27: while a commit is on trial others wait, and a moderator's comes before all of them. */
static void f27_moderators_first(void **state)
{
    struct inn *inn = *state;
    struct quartet t;
    const struct signal *m;

    sit(&t, inn);
    commits(&t.bert, t.room, 2);
    forget_all(&t);
    commits(&t.bert, t.room, 3);
    commits(&t.cleo, t.room, 3);
    commits(&t.anna, t.room, 3);
    guest_nothing(&t.anna);
    guest_nothing(&t.bert);
    guest_nothing(&t.cleo);
    guest_answer(&t.bert, t.room, 3, '3');
    guest_answer(&t.cleo, t.room, 3, '3');
    m = guest_got(&t.anna, SIGNAL_DONE);
    assert_int_equal(m->request, t.anna.request);
    guest_got(&t.bert, SIGNAL_HANDSHAKE);
    guest_nothing(&t.bert);
    guest_answer(&t.anna, t.room, 4, '4');
    guest_answer(&t.cleo, t.room, 4, '4');
    guest_refused(&t.bert, REASON_STALE);
    rise(&t);
}

/* A moderator who lost to a commit that comes to nothing has his own judged when it is undone. */
static void f27_a_kick_outlives_junk(void **state)
{
    struct inn *inn = *state;
    struct quartet t;
    struct draft d;

    sit(&t, inn);
    commits(&t.bert, t.room, 2);
    forget_all(&t);
    draft_start(&d, t.room, 2, "group");
    draft_remove(&d, 2);
    draft_send(&d, &t.anna);
    guest_nothing(&t.anna);
    inn_wait(inn, TRIAL_MS);
    guest_got(&t.bert, SIGNAL_SEAT_ENDED);
    guest_got(&t.anna, SIGNAL_DONE);
    guest_got(&t.cleo, SIGNAL_HANDSHAKE);
    guest_got(&t.cleo, SIGNAL_SEAT_ENDED);
    assert_int_equal(epoch_of(inn), 3);
    rise(&t);
}

static void f27_commits_have_their_rate(void **state)
{
    struct inn *inn = *state;
    struct quartet t;
    uint64_t epoch = 2;

    sit(&t, inn);
    for (; epoch < 2 + HOUSE_COMMITS_BURST; epoch++) {
        commits(&t.bert, t.room, epoch);
        guest_answer(&t.anna, t.room, epoch + 1, 'a');
        guest_answer(&t.bert, t.room, epoch + 1, 'a');
    }
    forget_all(&t);
    commits(&t.bert, t.room, epoch);
    guest_refused(&t.bert, REASON_TOO_MANY);
    commits(&t.anna, t.room, epoch);
    guest_got(&t.anna, SIGNAL_DONE);
    rise(&t);
}

/* Attack F18: an epoch in which nobody comes or goes is ended all the same. */
static void f18_an_epoch_lasts_two_minutes_at_most(void **state)
{
    struct inn *inn = *state;
    struct quartet t;
    const struct signal *m;

    sit(&t, inn);
    forget_all(&t);
    inn_wait(inn, EPOCH_MS - 2 * DOORKEEPER_MS - 1);
    guest_nothing(&t.anna);
    inn_wait(inn, 1);
    m = guest_got(&t.anna, SIGNAL_WAITING);
    assert_int_equal(m->waiting.joiners.len, 0);
    assert_int_equal(m->waiting.lost.len, 0);
    inn_wait(inn, DOORKEEPER_MS);
    guest_got(&t.bert, SIGNAL_WAITING);
    commits(&t.bert, t.room, 2);
    guest_got(&t.bert, SIGNAL_DONE);
    guest_answer(&t.anna, t.room, 3, '3');
    guest_answer(&t.bert, t.room, 3, '3');
    forget_all(&t);
    inn_wait(inn, EPOCH_MS / 2);
    guest_nothing(&t.anna);
    rise(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(f5_g37_a_commit_that_nobody_follows_is_undone, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(what_a_house_did_not_look_at_counts_for_nothing, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f5_what_was_followed_stays, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f5_joiners_and_the_removed, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f5_nobody_is_left_to_go_on, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f5_a_joiner_follows, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f5_no_trial_without_witnesses, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f27_moderators_first, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f27_a_kick_outlives_junk, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f27_commits_have_their_rate, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f18_an_epoch_lasts_two_minutes_at_most, inn_start, inn_end),
    };

    return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}
