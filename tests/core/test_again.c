/* A room whose table empties and is founded again: what its moderators have said holds on, whoever keeps the
 * list. */
#include "core/bare.h"
#include "core/room.h"

static const struct charter open_room = {.stage = CHARTER_INVITED};
static const struct charter closed = {.kind = CHARTER_PRIVATE, .stage = CHARTER_EVERYONE};

enum { MAKER, BO, CY, DAN };

/* The list as a house keeps it, from COMMIT to COMMIT. */
static uint8_t told[STATEMENTS_BYTES];
static size_t told_len;

static struct bytes words(void)
{
    return bytes(told, told_len);
}

static void says(struct table_of_people *t, unsigned by, enum statement_verb verb, unsigned of)
{
    struct core_word word = {.verb = verb, .kind = STATEMENT_ACCOUNT};
    struct wish wish = {.keeper = by, .words = &word, .word_count = 1};
    static struct order_room order;
    const struct core_commit *commit;

    memcpy(word.subject, t->people[of].account, 32);
    table_order(t, wish, &order);
    assert_int_equal(core_room_commit(t->people[by].room, table_now(t), &order.order, &commit), OK);
    assert_int_equal(commit->words.len % STATEMENT_BYTES, 0);
    assert_true(commit->words.len != 0 && told_len + commit->words.len <= sizeof told);
    memcpy(told + told_len, commit->words.at, commit->words.len);
    told_len += commit->words.len;
    table_epoch(t, wish);
}

static void all_leave(struct table_of_people *t)
{
    for (unsigned i = 0; i < PEOPLE; i++) {
        core_room_free(t->people[i].room);
        t->people[i].room = NULL;
    }
}

static enum result founds(struct table_of_people *t, unsigned who, struct bytes list)
{
    struct bytes group_id;

    core_room_free(t->people[who].room);
    t->people[who].room = NULL;
    return core_room_found_again(table_enter(t, who), table_now(t), t->charter_bytes, t->signature, list,
                                 &group_id);
}

static bool comes_in(struct table_of_people *t, unsigned keeper, unsigned who)
{
    static struct order_room order;
    const struct core_commit *commit;

    core_room_free(t->people[who].room);
    t->people[who].room = NULL;
    table_enter(t, who);
    table_order(t, (struct wish){.keeper = keeper, .joiners = 1u << who}, &order);
    assert_int_equal(core_room_commit(t->people[keeper].room, table_now(t), &order.order, &commit), OK);
    return commit->seated.len != 0;
}

/* Bo is a moderator, cy blocked, dan invited: after all have left, too. */
static void start(struct table_of_people *t, const struct charter *charter)
{
    told_len = 0;
    table_start(t, charter);
    table_seat(t, 4);
    says(t, MAKER, STATEMENT_MODERATOR, BO);
    says(t, MAKER, STATEMENT_SPEAKER, DAN);
    says(t, BO, STATEMENT_BLOCK, CY);
}

static void what_was_said_outlives_the_table(void **state)
{
    struct table_of_people t;

    (void)state;
    start(&t, &open_room);
    all_leave(&t);
    assert_int_equal(founds(&t, DAN, words()), OK);
    assert_true(core_room_member(t.people[DAN].room, 0)->speaker);
    assert_true(core_room_is_blocked(t.people[DAN].room, t.people[CY].account));
    assert_false(comes_in(&t, DAN, CY));
    assert_true(comes_in(&t, DAN, BO));
    table_epoch(&t, (struct wish){.keeper = DAN, .joiners = 1u << BO});
    assert_true(core_room_member(t.people[BO].room, 1)->moderator);
    says(&t, BO, STATEMENT_UNBLOCK, CY);
    assert_true(comes_in(&t, DAN, CY));
    table_end(&t);
}

static void the_blocked_found_nothing(void **state)
{
    struct table_of_people t;

    (void)state;
    start(&t, &open_room);
    all_leave(&t);
    assert_int_equal(founds(&t, CY, words()), E_REFUSED);
    table_end(&t);
}

/* F1: a house that adds to the list, or spoils a part of it, changes nothing else. */
static void f1_false_words_are_left_out(void **state)
{
    uint8_t list[6 * STATEMENT_BYTES];
    struct table_of_people t;
    size_t len;

    (void)state;
    start(&t, &open_room);
    all_leave(&t);
    assert_int_equal(told_len, 3 * STATEMENT_BYTES);
    /* The first statement with another subject, the list, the first again, and half of one. */
    memcpy(list, told, STATEMENT_BYTES);
    memcpy(list + STATEMENT_SIGNED_BYTES - 32, t.people[CY].account, 32);
    memcpy(list + STATEMENT_BYTES, told, told_len);
    memcpy(list + 4 * STATEMENT_BYTES, told, STATEMENT_BYTES + STATEMENT_BYTES / 2);
    len = 5 * STATEMENT_BYTES + STATEMENT_BYTES / 2;
    assert_int_equal(founds(&t, BO, bytes(list, len)), OK);
    assert_true(core_room_member(t.people[BO].room, 0)->moderator);
    assert_true(core_room_is_blocked(t.people[BO].room, t.people[CY].account));
    assert_int_equal(t.people[BO].room->standing.statement_count, 3);
    table_end(&t);
}

/* F15: the table is not begun again by the link that a kick has closed. */
static void f15_a_closed_link_founds_nothing(void **state)
{
    static const uint8_t fresh[CORE_SECRET_BYTES] = "the next secret";
    struct core_word word = {.verb = STATEMENT_LINK, .kind = STATEMENT_ROOM};
    static struct order_room order;
    const struct core_commit *commit;
    struct table_of_people t;

    (void)state;
    told_len = 0;
    table_start(&t, &closed);
    table_seat(&t, 3);
    assert_int_equal(core_link_key(fresh, word.subject), OK);
    table_order(&t, (struct wish){.keeper = MAKER, .words = &word, .word_count = 1}, &order);
    assert_int_equal(core_room_commit(t.people[MAKER].room, table_now(&t), &order.order, &commit), OK);
    told_len = commit->words.len;
    memcpy(told, commit->words.at, told_len);
    all_leave(&t);
    assert_int_equal(founds(&t, BO, words()), E_EXPIRED);
    assert_int_equal(founds(&t, MAKER, words()), E_EXPIRED);
    t.people[CY].secret = fresh;
    assert_int_equal(founds(&t, CY, words()), OK);
    assert_false(comes_in(&t, CY, BO));
    t.people[BO].secret = fresh;
    assert_true(comes_in(&t, CY, BO));
    table_end(&t);
}

/* Who has seen more words than a group has does not sit down in it; who has not cannot tell. */
static void a_shorter_list_is_refused_by_who_has_seen_more(void **state)
{
    struct table_of_people t;
    struct core_mark mark, other;

    (void)state;
    start(&t, &open_room);
    assert_int_equal(core_room_mark(t.people[DAN].room, &mark), OK);
    assert_int_equal(mark.len, told_len);
    all_leave(&t);
    t.people[DAN].mark = t.people[BO].mark = &mark;
    assert_int_equal(founds(&t, DAN, bytes(told, told_len - STATEMENT_BYTES)), E_REPLAY);
    assert_int_equal(founds(&t, DAN, (struct bytes){0}), E_REPLAY);
    assert_int_equal(founds(&t, DAN, words()), OK);
    all_leave(&t);

    /* The same of another's founding. */
    assert_int_equal(founds(&t, MAKER, bytes(told, told_len - STATEMENT_BYTES)), OK);
    for (int knows = 0; knows < 2; knows++) {
        static struct order_room order;
        static struct upload upload;
        const struct core_commit *commit;

        core_room_free(t.people[BO].room);
        t.people[BO].room = NULL;
        t.people[BO].mark = knows ? &mark : NULL;
        table_enter(&t, BO);
        table_order(&t, (struct wish){.keeper = MAKER, .joiners = 1u << BO}, &order);
        assert_int_equal(core_room_commit(t.people[MAKER].room, table_now(&t), &order.order, &commit), OK);
        table_upload(&t, commit, &upload);
        assert_int_equal(
            core_room_join(t.people[BO].room, table_now(&t), upload.welcome_bytes, upload.tree_bytes),
            knows ? E_REPLAY : OK);
    }
    /* Not more of it, but something else. */
    other = mark;
    other.hash[7] ^= 1;
    t.people[DAN].mark = &other;
    assert_int_equal(founds(&t, DAN, words()), E_REPLAY);
    table_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_said_outlives_the_table),
        cmocka_unit_test(the_blocked_found_nothing),
        cmocka_unit_test(f1_false_words_are_left_out),
        cmocka_unit_test(f15_a_closed_link_founds_nothing),
        cmocka_unit_test(a_shorter_list_is_refused_by_who_has_seen_more),
    };

    if (crypto_start() != OK)
        return 1;
    return cmocka_run_group_tests_name("again", tests, NULL, NULL);
}
