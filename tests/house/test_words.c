/* What moderators have said of a room, kept for whoever founds its table again; and of people who are not
 * there. */
#include "house/guest.h"
#include "ticket/read.h"

struct trio {
    struct guest anna, bert, cleo;
    uint8_t room[32];
    uint64_t epoch;
};

/* Anna made the room and sits at leaf 0, bert at leaf 1; cleo has not come yet. Both follow. */
static void sit(struct trio *t, struct inn *inn)
{
    guest_new(&t->anna, inn, "anna");
    guest_new(&t->bert, inn, "bert");
    guest_new(&t->cleo, inn, "cleo");
    guest_room(&t->anna, "tea", t->room);
    guest_first(&t->anna, t->room, SIGNAL_SPEAKER, "group");
    guest_join(&t->bert, &t->anna, t->room, SIGNAL_LISTENER, "group", 0, 1);
    t->epoch = 1;
}

static void answer(struct trio *t)
{
    guest_answer(&t->anna, t->room, t->epoch, '=');
    guest_answer(&t->bert, t->room, t->epoch, '=');
}

static void forget_all(struct trio *t)
{
    guest_forget(&t->anna);
    guest_forget(&t->bert);
    guest_forget(&t->cleo);
}

static void rise(struct trio *t)
{
    guest_hang_up(&t->anna);
    guest_hang_up(&t->bert);
    guest_hang_up(&t->cleo);
    forget_all(t);
}

/* One statement, in a commit of its own; how it was answered. */
static enum signal_type says(struct trio *t, struct guest *by, const struct guest *signer, uint32_t number,
                             enum statement_verb verb, const struct guest *of)
{
    struct draft d;
    enum signal_type how;

    forget_all(t);
    draft_start(&d, t->room, t->epoch, "group");
    draft_word(&d, signer, number, verb, of->key);
    draft_send(&d, by);
    how = by->inbox[0].signal.type;
    t->epoch += how == SIGNAL_DONE;
    return how;
}

static enum ticket_role role_of(struct inn *inn, struct bytes token)
{
    struct ticket ticket;

    assert_int_equal(ticket_read(token, house_key(inn->house), inn->unix_ms / 1000, &ticket), OK);
    return ticket.role;
}

/* Cleo comes to speak, and anna seats her at leaf 2. */
static enum ticket_role cleo_comes(struct trio *t)
{
    struct draft d;

    forget_all(t);
    guest_enter(&t->cleo, t->room, SIGNAL_SPEAKER);
    draft_start(&d, t->room, t->epoch++, "group");
    draft_seat(&d, &t->cleo, guest_asked_for_one(&t->anna), 2);
    draft_send(&d, &t->anna);
    return role_of(t->cleo.inn, guest_got(&t->cleo, SIGNAL_SEATED)->seated.ticket);
}

/* A word on somebody who is not there is a ticket, or a closed door, when it comes. */
static void who_is_named_while_away_comes_as_named(void **state)
{
    static const enum statement_verb verbs[] = {STATEMENT_SPEAKER, STATEMENT_MODERATOR};
    struct inn *inn = *state;

    for (unsigned i = 0; i < COUNT(verbs); i++) {
        struct trio t;

        if (i != 0) {
            inn_end(state);
            inn_start(state);
            inn = *state;
        }
        sit(&t, inn);
        assert_int_equal(says(&t, &t.anna, &t.anna, 1, verbs[i], &t.cleo), SIGNAL_DONE);
        assert_int_equal(cleo_comes(&t), TICKET_SPEAKER);
        rise(&t);
    }
}

/* It may wait already when it is named. */
static void who_is_named_while_waiting_comes_as_named(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    struct draft d;
    uint32_t waiting;

    sit(&t, inn);
    forget_all(&t);
    guest_enter(&t.cleo, t.room, SIGNAL_SPEAKER);
    waiting = guest_asked_for_one(&t.anna);
    assert_int_equal(says(&t, &t.anna, &t.anna, 1, STATEMENT_SPEAKER, &t.cleo), SIGNAL_DONE);
    draft_start(&d, t.room, t.epoch, "group");
    draft_seat(&d, &t.cleo, waiting, 2);
    draft_send(&d, &t.bert);
    assert_int_equal(role_of(inn, guest_got(&t.cleo, SIGNAL_SEATED)->seated.ticket), TICKET_SPEAKER);
    rise(&t);
}

static void who_is_blocked_while_away_stays_out(void **state)
{
    struct inn *inn = *state;
    struct trio t;

    sit(&t, inn);
    assert_int_equal(says(&t, &t.anna, &t.anna, 1, STATEMENT_BLOCK, &t.cleo), SIGNAL_DONE);
    guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
    guest_refused(&t.cleo, REASON_NOT_YOURS);
    assert_int_equal(says(&t, &t.anna, &t.anna, 2, STATEMENT_UNBLOCK, &t.cleo), SIGNAL_DONE);
    assert_int_equal(cleo_comes(&t), TICKET_LISTENER);
    rise(&t);
}

/* The house keeps nothing that members would not take: the next founder would have to sort it out. */
static void words_are_moderators_own(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    struct draft d;

    sit(&t, inn);
    assert_int_equal(says(&t, &t.bert, &t.bert, 1, STATEMENT_SPEAKER, &t.bert), SIGNAL_REFUSED);
    assert_int_equal(says(&t, &t.bert, &t.anna, 1, STATEMENT_SPEAKER, &t.bert), SIGNAL_REFUSED);
    assert_int_equal(says(&t, &t.anna, &t.bert, 1, STATEMENT_SPEAKER, &t.bert), SIGNAL_REFUSED);
    assert_int_equal(says(&t, &t.anna, &t.anna, 1, STATEMENT_BLOCK, &t.anna), SIGNAL_REFUSED);
    forget_all(&t);
    draft_start(&d, t.room, t.epoch, "group");
    draft_word(&d, &t.anna, 1, STATEMENT_SPEAKER, t.bert.key);
    d.words[STATEMENT_BYTES - 1] ^= 1;
    draft_send(&d, &t.anna);
    guest_refused(&t.anna, REASON_FORGED);
    draft_start(&d, t.room, t.epoch, "group");
    draft_word(&d, &t.anna, 1, STATEMENT_SPEAKER, t.bert.key);
    d.words_writer.at--;
    draft_send(&d, &t.anna);
    guest_refused(&t.anna, REASON_MALFORMED);

    /* Numbers go upward: a table that does not know the words before would begin anew. */
    assert_int_equal(says(&t, &t.anna, &t.anna, 2, STATEMENT_SPEAKER, &t.bert), SIGNAL_DONE);
    assert_int_equal(says(&t, &t.anna, &t.anna, 2, STATEMENT_NO_SPEAKER, &t.bert), SIGNAL_REFUSED);
    assert_int_equal(says(&t, &t.anna, &t.anna, 3, STATEMENT_NO_SPEAKER, &t.bert), SIGNAL_DONE);
    rise(&t);
}

/* The next founder is given all of it, in order, and a room that is no more has none. */
static void the_next_founder_has_the_words(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    const struct signal *m;
    struct bytes words;
    struct statement word;

    sit(&t, inn);
    assert_int_equal(says(&t, &t.anna, &t.anna, 1, STATEMENT_MODERATOR, &t.bert), SIGNAL_DONE);
    assert_int_equal(says(&t, &t.anna, &t.anna, 2, STATEMENT_BLOCK, &t.cleo), SIGNAL_DONE);
    guest_leave(&t.anna, t.room);
    guest_leave(&t.bert, t.room);
    inn_wait(inn, COMMITS_KEPT_MS);
    forget_all(&t);
    guest_enter(&t.bert, t.room, SIGNAL_SPEAKER);
    m = guest_got(&t.bert, SIGNAL_FOUND_TABLE);
    words = m->found_table.words;
    assert_int_equal(words.len, 2 * STATEMENT_BYTES);
    assert_int_equal(statement_next(&words, &word), OK);
    assert_int_equal(word.verb, STATEMENT_MODERATOR);
    assert_memory_equal(word.subject, t.bert.key, 32);
    assert_int_equal(statement_next(&words, &word), OK);
    assert_int_equal(word.verb, STATEMENT_BLOCK);
    assert_memory_equal(word.subject, t.cleo.key, 32);
    assert_memory_equal(word.signer, t.anna.key, 32);
    guest_found(&t.bert, t.room, m->found_table.founding, "next");
    assert_int_equal(role_of(inn, guest_got(&t.bert, SIGNAL_SEATED)->seated.ticket), TICKET_SPEAKER);
    rise(&t);
}

static void is_as_before(struct trio *t)
{
    struct inn *inn = t->anna.inn;

    guest_leave(&t->bert, t->room);
    guest_leave(&t->anna, t->room);
    forget_all(t);
    guest_enter(&t->anna, t->room, SIGNAL_SPEAKER);
    assert_int_equal(guest_got(&t->anna, SIGNAL_FOUND_TABLE)->found_table.words.len, STATEMENT_BYTES);
    guest_enter(&t->cleo, t->room, SIGNAL_SPEAKER);
    guest_got(&t->cleo, SIGNAL_FOUND_TABLE);
    guest_found(&t->cleo, t->room, 2, "next");
    assert_int_equal(role_of(inn, guest_got(&t->cleo, SIGNAL_SEATED)->seated.ticket), TICKET_LISTENER);
}

/* What a commit said is not said where nobody could follow the commit (attack F5). */
static void f5_what_is_undone_was_not_said(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    struct draft d;

    sit(&t, inn);
    forget_all(&t);
    draft_start(&d, t.room, t.epoch++, "group");
    draft_word(&d, &t.anna, 1, STATEMENT_MODERATOR, t.bert.key);
    draft_role(&d, 1, SIGNAL_MODERATOR);
    draft_send(&d, &t.anna);
    guest_got(&t.anna, SIGNAL_DONE);
    answer(&t);
    forget_all(&t);
    /* Bert makes himself a speaker for good, cleo a moderator, and blocks her: none of it stays. */
    draft_start(&d, t.room, t.epoch, "group");
    draft_word(&d, &t.bert, 1, STATEMENT_MODERATOR, t.cleo.key);
    draft_word(&d, &t.bert, 2, STATEMENT_SPEAKER, t.bert.key);
    draft_word(&d, &t.bert, 3, STATEMENT_BLOCK, t.cleo.key);
    draft_role(&d, 1, SIGNAL_SPEAKER);
    draft_send(&d, &t.bert);
    guest_got(&t.bert, SIGNAL_DONE);
    guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
    guest_refused(&t.cleo, REASON_NOT_YOURS);
    inn_wait(inn, TRIAL_MS);
    guest_got(&t.bert, SIGNAL_HANDSHAKE);
    guest_got(&t.bert, SIGNAL_TICKET);
    guest_got(&t.bert, SIGNAL_SEAT_ENDED);
    is_as_before(&t);
    rise(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_is_named_while_away_comes_as_named, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(who_is_named_while_waiting_comes_as_named, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(who_is_blocked_while_away_stays_out, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(words_are_moderators_own, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(the_next_founder_has_the_words, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f5_what_is_undone_was_not_said, inn_start, inn_end),
    };

    return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
