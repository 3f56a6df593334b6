#include "house/guest.h"

struct trio {
    struct guest anna, bert, cleo;
    uint8_t room[32];
};

/* Anna at leaf 0, bert at 1, cleo at 2, in epoch 2. */
static void sit(struct trio *t, struct inn *inn)
{
    guest_new(&t->anna, inn, "anna");
    guest_new(&t->bert, inn, "bert");
    guest_new(&t->cleo, inn, "cleo");
    guest_room(&t->anna, "tea", t->room);
    guest_first(&t->anna, t->room, SIGNAL_SPEAKER, "group");
    guest_join(&t->bert, &t->anna, t->room, SIGNAL_LISTENER, "group", 0, 1);
    guest_join(&t->cleo, &t->anna, t->room, SIGNAL_LISTENER, "group", 1, 2);
    guest_got(&t->bert, SIGNAL_HANDSHAKE);
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

static void what_one_says_everybody_else_hears(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    struct guest dora;
    const struct signal *m;
    uint8_t to[256];

    sit(&t, inn);
    guest_new(&dora, inn, "dora");
    guest_enter(&dora, t.room, SIGNAL_LISTENER);
    guest_got(&t.anna, SIGNAL_WAITING);
    for (unsigned content = 1; content < 3; content++) {
        guest_say(&t.bert, t.room, 2, "group", content);
        guest_got(&t.bert, SIGNAL_DONE);
        for (struct guest *g = &t.anna; g != NULL; g = g == &t.anna ? &t.cleo : NULL) {
            m = guest_got(g, SIGNAL_SAID);
            assert_int_equal(m->request, 0);
            assert_true(m->said.epoch == 2);
            assert_memory_equal(m->said.room, t.room, 32);
            assert_true(bytes_equal(m->said.message,
                                    guest_private((struct bytes_mut){to, sizeof to}, 2, "group", content)));
        }
    }
    guest_nothing(&t.bert);
    guest_nothing(&dora);
    guest_hang_up(&dora);
    guest_forget(&dora);
    rise(&t);
}

static void talk_is_for_this_epoch_and_table_and_no_commit(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    struct guest dora;

    sit(&t, inn);
    guest_new(&dora, inn, "dora");
    guest_say(&dora, t.room, 2, "group", 1);
    guest_refused(&dora, REASON_NOT_NOW);
    guest_say(&t.bert, t.room, 1, "group", 1);
    guest_refused(&t.bert, REASON_STALE);
    guest_say(&t.bert, t.room, 3, "group", 1);
    guest_refused(&t.bert, REASON_STALE);
    guest_say(&t.bert, t.room, 2, "other", 1);
    guest_refused(&t.bert, REASON_MALFORMED);
    guest_say(&t.bert, t.room, 2, "group", 3);
    guest_refused(&t.bert, REASON_MALFORMED);
    guest_nothing(&t.anna);
    guest_nothing(&t.cleo);
    guest_hang_up(&dora);
    guest_forget(&dora);
    rise(&t);
}

static void talk_has_its_rate(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    unsigned said = 0;

    sit(&t, inn);
    inn_wait(inn, 10000);
    for (unsigned i = 0; i < HOUSE_SAYS_BURST + 5; i++) {
        guest_say(&t.bert, t.room, 2, "group", 1);
        said += t.bert.inbox[t.bert.came - 1].signal.type == SIGNAL_DONE;
    }
    assert_int_equal(said, HOUSE_SAYS_BURST);
    guest_forget(&t.anna);
    guest_forget(&t.bert);
    inn_wait(inn, HOUSE_SAYS_EACH_MS);
    guest_say(&t.bert, t.room, 2, "group", 1);
    guest_got(&t.bert, SIGNAL_DONE);
    guest_got(&t.anna, SIGNAL_SAID);
    guest_say(&t.bert, t.room, 2, "group", 1);
    guest_refused(&t.bert, REASON_TOO_MANY);
    rise(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_one_says_everybody_else_hears, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(talk_is_for_this_epoch_and_table_and_no_commit, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(talk_has_its_rate, inn_start, inn_end),
    };

    return cmocka_run_group_tests_name("talk", tests, NULL, NULL);
}
