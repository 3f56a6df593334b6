/* What members say to one another, and the plan by which they notice that they are not all in one room. */
#include "core/room.h"
#include "core/table.h"

static const struct charter everyone_speaks = {.stage = CHARTER_EVERYONE};

/* What `by` says, as the house carries it. */
struct carried {
    uint8_t room[SAY_BYTES];
    struct bytes message;
};

static enum result say(struct table_of_people *t, unsigned by, const struct talk *talk, struct carried *c)
{
    struct bytes message;
    enum result res = core_room_say(t->people[by].room, talk, &message);

    if (res == OK)
        c->message = kept(c->room, sizeof c->room, message);
    return res;
}

static enum result hear(struct table_of_people *t, unsigned who, const struct carried *c,
                        const struct core_said **out)
{
    return core_room_hear(t->people[who].room, table_now(t), c->message, out);
}

static struct talk chat(const char *text)
{
    return (struct talk){.type = TALK_CHAT, .chat = {bytes_string(text)}};
}

static void chat_reaches_all(void **state)
{
    static struct carried c;
    struct table_of_people t;
    struct talk words = chat("good evening");
    const struct core_said *said;

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 4);
    for (unsigned by = 0; by < 4; by++) {
        assert_int_equal(say(&t, by, &words, &c), OK);
        for (unsigned i = 0; i < 4; i++) {
            if (i == by)
                continue;
            assert_int_equal(hear(&t, i, &c, &said), OK);
            assert_int_equal(said->leaf, core_room_leaf(t.people[by].room));
            assert_int_equal(said->talk.type, TALK_CHAT);
            assert_true(bytes_equal(said->talk.chat.text, words.chat.text));
            assert_int_equal(said->plan, CORE_PLAN_NONE);
            assert_int_equal(hear(&t, i, &c, &said), E_REPLAY);
        }
    }
    table_end(&t);
}

/* The house sees how much is said by the kilobyte's quarter, not by the letter. */
static void talk_is_padded(void **state)
{
    static struct carried c;
    struct table_of_people t;
    char text[513];
    size_t first = 0;

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 2);
    for (size_t len = 1; len < 512; len += 51) {
        struct talk words;

        memset(text, 'a', len);
        text[len] = '\0';
        words = chat(text);
        assert_int_equal(say(&t, 0, &words, &c), OK);
        if (len == 1)
            first = c.message.len;
        assert_true(c.message.len >= first && (c.message.len - first) % ROOM_PADDING <= 2);
    }
    table_end(&t);
}

static void of_another_epoch(void **state)
{
    static struct carried before, after;
    static struct order_room order;
    static struct upload upload;
    struct table_of_people t;
    struct talk words = chat("once");
    const struct core_said *said;
    const struct core_commit *commit;
    const struct core_change *change;

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 2);
    assert_int_equal(say(&t, 1, &words, &before), OK);
    table_order(&t, (struct wish){.keeper = 0}, &order);
    assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), OK);
    table_upload(&t, commit, &upload);
    assert_int_equal(core_room_take(t.people[0].room, table_now(&t), &upload.handshake, &change), OK);
    assert_int_equal(hear(&t, 0, &before, &said), E_STALE);
    assert_int_equal(say(&t, 0, &words, &after), OK);
    assert_int_equal(hear(&t, 1, &after, &said), E_NO_KEY);
    assert_int_equal(core_room_take(t.people[1].room, table_now(&t), &upload.handshake, &change), OK);
    assert_int_equal(hear(&t, 1, &after, &said), OK);
    table_end(&t);
}

static void every_cut_and_bit_is_refused(void **state)
{
    static struct carried c;
    struct table_of_people t;
    struct talk words = chat("word");
    const struct core_said *said;
    struct bytes whole;

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 2);
    assert_int_equal(say(&t, 0, &words, &c), OK);
    whole = c.message;
    for (size_t len = 0; len < whole.len; len++) {
        c.message.len = len;
        assert_int_not_equal(hear(&t, 1, &c, &said), OK);
    }
    c.message = whole;
    for (size_t bit = 0; bit < 8 * whole.len; bit += 7) {
        c.room[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(hear(&t, 1, &c, &said), OK);
        c.room[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(hear(&t, 1, &c, &said), OK);
    table_end(&t);
}

/* What is muted is opened and not played, in every slot; its own word ends it. */
static void a_moderator_mutes(void **state)
{
    static struct carried c;
    struct table_of_people t;
    struct talk mute = {.type = TALK_MUTE}, unmute = {.type = TALK_UNMUTE};
    const struct core_said *said;
    uint8_t frame[TABLE_FRAME];

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 3);
    t.now_ms += 1000;
    mute.mute.leaf = 9;
    assert_int_equal(say(&t, 0, &mute, &c), E_NOT_FOUND);
    mute.mute.leaf = core_room_leaf(t.people[2].room);
    assert_int_equal(say(&t, 1, &mute, &c), E_REFUSED);
    assert_int_equal(say(&t, 0, &mute, &c), OK);
    for (unsigned i = 1; i < 3; i++)
        assert_int_equal(hear(&t, i, &c, &said), OK);
    for (unsigned i = 0; i < 3; i++)
        assert_true(core_room_is_muted(t.people[i].room, mute.mute.leaf));
    assert_int_equal(table_say(&t, 2, 1, frame), OK); /* though it should not */
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(table_hear(&t, i, 2, frame), -E_REFUSED);
    table_epoch(&t, (struct wish){.keeper = 1}); /* a new epoch changes nothing of it */
    assert_true(core_room_is_muted(t.people[1].room, mute.mute.leaf));

    assert_int_equal(say(&t, 2, &unmute, &c), OK);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(hear(&t, i, &c, &said), OK);
    for (unsigned i = 0; i < 3; i++)
        assert_false(core_room_is_muted(t.people[i].room, mute.mute.leaf));
    assert_int_equal(table_hear(&t, 0, 2, frame), -E_REPLAY); /* what was muted is not heard afterwards */
    t.now_ms += 1000;
    assert_int_equal(table_say(&t, 2, 2, frame), OK);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(table_hear(&t, i, 2, frame), 2);
    table_end(&t);
}

/* Whoever takes a muted leaf's place begins anew. */
static void a_mute_goes_with_its_leaf(void **state)
{
    static struct carried c;
    struct table_of_people t;
    struct talk mute = {.type = TALK_MUTE, .mute = {2}};
    const struct core_said *said;

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 3);
    assert_int_equal(say(&t, 0, &mute, &c), OK);
    assert_int_equal(hear(&t, 1, &c, &said), OK);
    table_epoch(&t, (struct wish){.keeper = 0, .kicks = 1u << 2});
    table_enter(&t, 3);
    table_epoch(&t, (struct wish){.keeper = 0, .joiners = 1u << 3});
    assert_int_equal(core_room_leaf(t.people[3].room), 2);
    for (unsigned i = 0; i < 2; i++)
        assert_false(core_room_is_muted(t.people[i].room, 2));
    table_end(&t);
}

/* A member that keeps to no rule seals what its own client would not: others do not heed it. */
static void others_do_not_heed_what_nobody_may_say(void **state)
{
    struct table_of_people t;
    struct core_room *hostile;
    struct talk mute = {.type = TALK_MUTE}, plan = {.type = TALK_PLAN};
    uint8_t text_room[TALK_BYTES];
    struct bytes texts[4];
    static const enum result expect[] = {E_REFUSED, E_REFUSED, E_UNSUPPORTED, E_MALFORMED};
    const struct core_said *said;
    struct buffer message = {0};

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 3);
    hostile = t.people[2].room;
    for (unsigned i = 0; i < 4; i++) {
        texts[2] = BYTES_TEXT("\x63later");
        texts[3] = (struct bytes){0};
        if (i < 2)
            assert_int_equal(talk_write(i == 0 ? &mute : &plan,
                                        (struct bytes_mut){text_room, sizeof text_room}, &texts[i]),
                             OK);
        assert_int_equal(group_seal(hostile->group, &t.seeded.random, texts[i], (struct bytes){0}, &message),
                         OK);
        assert_int_equal(core_room_hear(t.people[1].room, table_now(&t), buffer_bytes(&message), &said),
                         expect[i]);
        buffer_free(&message);
    }
    assert_false(core_room_is_muted(t.people[1].room, 0));
    /* Nor does its proposal wait for the next commit and spoil it. */
    assert_int_equal(group_propose_remove(hostile->group, &t.seeded.random, 0, (struct bytes){0}, &message),
                     OK);
    assert_int_equal(core_room_hear(t.people[1].room, table_now(&t), buffer_bytes(&message), &said),
                     E_REFUSED);
    buffer_free(&message);
    core_room_free(hostile);
    t.people[2].room = NULL;
    table_epoch(&t, (struct wish){.keeper = 1});
    table_end(&t);
}

static void answers_are_one_in_an_epoch(void **state)
{
    struct table_of_people t;
    uint8_t before[16];

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 3);
    memcpy(before, core_room_answer(t.people[0].room).at, sizeof before);
    for (int epoch = 0; epoch < 2; epoch++) {
        struct bytes first = core_room_answer(t.people[0].room);

        assert_int_equal(first.len, 16);
        assert_int_equal(memcmp(first.at, before, sizeof before) == 0, epoch == 0);
        for (unsigned i = 1; i < 3; i++)
            assert_true(bytes_equal(core_room_answer(t.people[i].room), first));
        table_epoch(&t, (struct wish){.keeper = 2});
    }
    table_end(&t);
}

/* --- The plan --- */

static enum core_plan planned(struct table_of_people *t, unsigned by, unsigned who, const struct talk *plan)
{
    static struct carried c;
    const struct core_said *said;

    assert_int_equal(say(t, by, plan, &c), OK);
    assert_int_equal(hear(t, who, &c, &said), OK);
    return said->plan;
}

static void the_stewards_plan_agrees(void **state)
{
    struct table_of_people t;
    struct core_word word = {.verb = STATEMENT_MODERATOR, .kind = STATEMENT_ACCOUNT};
    struct talk plan;

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 3);
    assert_int_equal(core_room_plan(t.people[1].room, table_now(&t), &plan), E_REFUSED);
    memcpy(word.subject, t.people[1].account, 32);
    table_epoch(&t, (struct wish){.keeper = 0, .words = &word, .word_count = 1});
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(core_room_steward(t.people[i].room)->leaf, 0);
    /* Any moderator may say it in the steward's stead. */
    assert_int_equal(core_room_plan(t.people[1].room, table_now(&t), &plan), OK);
    assert_int_equal(planned(&t, 1, 2, &plan), CORE_PLAN_AGREES);
    for (unsigned i = 1; i < 3; i++) {
        assert_int_equal(core_room_plan(t.people[0].room, table_now(&t), &plan), OK);
        assert_int_equal(planned(&t, 0, i, &plan), CORE_PLAN_AGREES);
    }
    /* The steward goes; the next moderator is it. */
    table_epoch(&t, (struct wish){.keeper = 1, .lost = 1});
    core_room_free(t.people[0].room);
    t.people[0].room = NULL;
    assert_true(core_room_steward(t.people[1].room)->self);
    assert_int_equal(core_room_plan(t.people[1].room, table_now(&t), &plan), OK);
    assert_int_equal(planned(&t, 1, 2, &plan), CORE_PLAN_AGREES);
    table_end(&t);
}

static void f10_a_plan_of_another_key_or_roster_is_told(void **state)
{
    struct table_of_people t;
    struct talk plan;
    uint8_t tables[256];

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 2);
    for (int way = 0; way < 9; way++) {
        struct writer w = writer_over(tables);
        struct talk_table table;
        struct bytes list;

        assert_int_equal(core_room_plan(t.people[0].room, table_now(&t), &plan), OK);
        list = plan.plan.tables;
        assert_true(talk_table_next(&list, &table));
        table.epoch += way == 1;
        table.tree_hash[31] ^= way == 2;
        table.leaves = (uint16_t)(table.leaves + (way == 3));
        table.table = way == 4;
        plan.plan.roles_hash[0] ^= way == 5;
        plan.plan.media_hash[0] ^= way == 6;
        if (way != 7) /* 7: no table at all */
            talk_table_put(&w, &table);
        if (way == 8)
            talk_table_put(&w, &table);
        assert_int_equal(writer_end(&w, &plan.plan.tables), OK);
        assert_int_equal(planned(&t, 0, 1, &plan), way == 0 ? CORE_PLAN_AGREES : CORE_PLAN_DIFFERS);
    }
    table_end(&t);
}

/* A house that lets plans through ever later, to hide what came after them, is noticed; a clock that is
 * simply wrong is not. */
static void f17_a_plan_held_back_counts_as_none(void **state)
{
    struct table_of_people t;
    struct talk plan;
    static const struct {
        uint64_t held_ms;
        enum core_plan expect;
    } cases[] = {{300, CORE_PLAN_AGREES},  {100, CORE_PLAN_AGREES}, {5000, CORE_PLAN_AGREES},
                 {5101, CORE_PLAN_LATE},   {60000, CORE_PLAN_LATE}, {200, CORE_PLAN_AGREES},
                 {5100, CORE_PLAN_AGREES}, {5101, CORE_PLAN_LATE}};

    (void)state;
    for (int wrong = -1; wrong < 2; wrong++) {
        table_start(&t, &everyone_speaks);
        table_seat(&t, 2);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            assert_int_equal(core_room_plan(t.people[0].room, table_now(&t), &plan), OK);
            plan.plan.clock_ms += (uint64_t)wrong * 3600 * 1000;
            t.now_ms += cases[i].held_ms;
            assert_int_equal(planned(&t, 0, 1, &plan), cases[i].expect);
        }
        table_end(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chat_reaches_all),
        cmocka_unit_test(talk_is_padded),
        cmocka_unit_test(of_another_epoch),
        cmocka_unit_test(every_cut_and_bit_is_refused),
        cmocka_unit_test(a_moderator_mutes),
        cmocka_unit_test(a_mute_goes_with_its_leaf),
        cmocka_unit_test(others_do_not_heed_what_nobody_may_say),
        cmocka_unit_test(answers_are_one_in_an_epoch),
        cmocka_unit_test(the_stewards_plan_agrees),
        cmocka_unit_test(f10_a_plan_of_another_key_or_roster_is_told),
        cmocka_unit_test(f17_a_plan_held_back_counts_as_none),
    };

    if (crypto_start() != OK)
        return 1;
    return cmocka_run_group_tests_name("talk", tests, NULL, NULL);
}
