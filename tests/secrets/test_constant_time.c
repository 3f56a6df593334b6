/* Runs under valgrind: secrets are made unknown to memcheck, which then tells of every branch and every
 * address that depends on one. What core does with keys takes the same way whatever they are. */
#include "core/group.h"
#include "core/seal.h"
#include "taint.h"

#include "core/table.h"

#include <valgrind/memcheck.h>

static struct random seeded;

/* Four bytes of randomness are a counter's or a guard's, and no secret; more are a key, or a group's id,
 * which taint.c knows. */
static void unknown_fill(void *self, uint8_t *to, size_t len)
{
    (void)self;
    random_fill(&seeded, to, len);
    if (len > sizeof(uint32_t))
        taint(to, len);
}

static void start(struct table_of_people *t, const struct charter *charter)
{
    table_start(t, charter);
    seeded = t->seeded.random;
    t->seeded.random.fill = unknown_fill;
    for (unsigned i = 0; i < PEOPLE; i++)
        taint(t->people[i].seed, sizeof t->people[i].seed);
    taint(t->secret, sizeof t->secret);
}

static unsigned long errors(void)
{
    return VALGRIND_COUNT_ERRORS;
}

/* Words for all; the answers and authenticators are for comparing. */
static void agree(struct table_of_people *t, unsigned count)
{
    uint8_t first[32], next[32];

    for (unsigned i = 0; i < count; i++) {
        memcpy(next, core_room_authenticator(t->people[i].room).at, sizeof next);
        assert_true(is_tainted(next, sizeof next)); /* it came from keys, all the way */
        untaint(next, sizeof next);
        if (i == 0)
            memcpy(first, next, sizeof first);
        assert_memory_equal(first, next, sizeof first);
    }
}

static void speak(struct table_of_people *t, unsigned who, unsigned count)
{
    t->now_ms += ADD_SWITCH_MS; /* who speaks has changed key by then */
    for (unsigned i = 0; i < 110; i++) {
        uint8_t frame[TABLE_FRAME];

        t->now_ms += 20;
        assert_int_equal(table_say(t, who, (uint8_t)i, frame), OK);
        assert_false(is_tainted(frame, sizeof frame));
        for (unsigned k = 0; k < count; k++)
            if (k != who)
                assert_int_equal(table_hear(t, k, who, frame), (int)(uint8_t)i);
        if (i == 50) {
            frame[40] ^= 1;
            assert_int_not_equal(table_hear(t, !who, who, frame), i);
        }
    }
}

static void talk(struct table_of_people *t, unsigned who, unsigned hearer)
{
    const struct talk chat = {.type = TALK_CHAT, .chat = {BYTES_TEXT("good evening")}};
    const struct core_said *said;
    struct bytes message;
    struct talk plan;

    assert_int_equal(core_room_say(t->people[who].room, &chat, &message), OK);
    assert_int_equal(core_room_hear(t->people[hearer].room, table_now(t), message, &said), OK);
    assert_int_equal(core_room_plan(t->people[0].room, table_now(t), &plan), OK);
    assert_int_equal(core_room_say(t->people[0].room, &plan, &message), OK);
    assert_int_equal(core_room_hear(t->people[hearer].room, table_now(t), message, &said), OK);
    assert_int_equal(said->plan, CORE_PLAN_AGREES);
}

static void a_room(const struct charter *charter)
{
    struct table_of_people t;
    struct core_word invite;
    unsigned long before = errors();

    start(&t, charter);
    table_seat(&t, 3);
    agree(&t, 3);
    speak(&t, 0, 3);
    talk(&t, 1, 2);
    table_enter(&t, 3);
    table_epoch(&t, (struct wish){.keeper = 1, .joiners = 1 << 3});
    invite =
        core_word_on(core_room_member(t.people[0].room, core_room_leaf(t.people[3].room)), STATEMENT_SPEAKER);
    table_epoch(&t, (struct wish){.keeper = 0, .words = &invite, .word_count = 1});
    table_epoch(&t, (struct wish){.keeper = 2});
    agree(&t, 4);
    speak(&t, 0, 4);
    table_epoch(&t, (struct wish){.keeper = 0, .kicks = 1 << 3});
    agree(&t, 3);
    speak(&t, 0, 3);
    table_end(&t);
    assert_int_equal(errors(), before);
}

static void an_open_room(void **state)
{
    (void)state;
    a_room(&(struct charter){.stage = CHARTER_EVERYONE});
}

static void a_private_room(void **state)
{
    (void)state;
    a_room(&(struct charter){.kind = CHARTER_PRIVATE, .stage = CHARTER_INVITED});
}

static void a_deniable_room(void **state)
{
    (void)state;
    a_room(&(struct charter){.stage = CHARTER_EVERYONE, .proof = CHARTER_DENIABLE});
}

/* The check itself: a comparison that stops early is seen, and so is a look-up by a secret. */
static void what_depends_is_seen(void **state)
{
    uint8_t a[32] = {1}, b[32] = {1}, table[256] = {0};
    unsigned long before = errors();
    volatile uint8_t looked_up;

    (void)state;
    assert_true(RUNNING_ON_VALGRIND);
    taint(a, sizeof a);
    if (bytes_equal(BYTES_OF(a), BYTES_OF(b)))
        b[1] = 1;
    assert_true(errors() > before);
    before = errors();
    looked_up = table[a[0]];
    (void)looked_up;
    assert_true(errors() > before);
    before = errors();
    assert_true(equal_secret(a, a, sizeof a));
    assert_int_equal(errors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_room),
        cmocka_unit_test(a_private_room),
        cmocka_unit_test(a_deniable_room),
        cmocka_unit_test(what_depends_is_seen),
    };

    if (crypto_start() != OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
