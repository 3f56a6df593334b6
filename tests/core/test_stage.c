/* Roles and the stage: who may be heard, by whose word, and how that ends. */
#include "core/room.h"
#include "core/table.h"

static const struct charter everyone_speaks = {.stage = CHARTER_EVERYONE};
static const struct charter moderators_speak = {.stage = CHARTER_INVITED};
static const struct charter masked_speak = {.stage = CHARTER_INVITED, .pseudonyms = true};

static const struct core_member *member(const struct table_of_people *t, unsigned sees, unsigned who)
{
    return core_room_member(t->people[sees].room, core_room_leaf(t->people[who].room));
}

/* A word of `by` on `who`, committed by it. */
static void state(struct table_of_people *t, unsigned by, enum statement_verb verb, unsigned who)
{
    struct core_word word = core_word_on(member(t, by, who), verb);

    table_epoch(t, (struct wish){.keeper = by, .words = &word, .word_count = 1});
}

static void stage(struct table_of_people *t, unsigned who, enum core_stage stage)
{
    table_epoch(t, (struct wish){.keeper = who, .stage = stage});
}

static enum result try_word(struct table_of_people *t, unsigned by, struct core_word word)
{
    static struct order_room order;
    const struct core_commit *commit;

    table_order(t, (struct wish){.keeper = by, .words = &word, .word_count = 1}, &order);
    return core_room_commit(t->people[by].room, table_now(t), &order.order, &commit);
}

/* Whether all hear `who`, or none does and `who` does not even seal. */
static void heard(struct table_of_people *t, unsigned count, unsigned who, bool is)
{
    uint8_t frame[TABLE_FRAME];

    t->now_ms += 1000;
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(member(t, i, who)->speaker, is);
    assert_int_equal(table_say(t, who, 3, frame), is ? OK : E_REFUSED);
    for (unsigned i = 0; i < count; i++)
        if (is && i != who)
            assert_int_equal(table_hear(t, i, who, frame), 3);
}

static void f31_on_stage_by_both_words(void **state_)
{
    struct table_of_people t;

    (void)state_;
    table_start(&t, &moderators_speak);
    t.people[1].listens = true;
    table_seat(&t, 4);
    heard(&t, 4, 0, true);
    heard(&t, 4, 1, false);
    heard(&t, 4, 2, false); /* wants to, and is not let */
    stage(&t, 1, CORE_STAGE_COME);
    heard(&t, 4, 1, false);
    stage(&t, 1, CORE_STAGE_LEAVE);
    state(&t, 0, STATEMENT_SPEAKER, 1);
    heard(&t, 4, 1, false); /* is let, and does not want to */
    assert_true(member(&t, 3, 1)->may_speak);
    stage(&t, 1, CORE_STAGE_COME);
    heard(&t, 4, 1, true);
    state(&t, 0, STATEMENT_SPEAKER, 2); /* its word was there already */
    heard(&t, 4, 2, true);
    stage(&t, 2, CORE_STAGE_LEAVE);
    heard(&t, 4, 2, false);
    state(&t, 0, STATEMENT_NO_SPEAKER, 1);
    heard(&t, 4, 1, false);
    heard(&t, 4, 0, true);
    table_end(&t);
}

/* Where everybody may speak, a moderator takes one off the stage by name. */
static void everyone_but_one(void **state_)
{
    struct table_of_people t;

    (void)state_;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 3);
    heard(&t, 3, 2, true);
    state(&t, 0, STATEMENT_NO_SPEAKER, 2);
    heard(&t, 3, 2, false);
    stage(&t, 2, CORE_STAGE_LEAVE);
    stage(&t, 2, CORE_STAGE_COME);
    heard(&t, 3, 2, false);
    state(&t, 0, STATEMENT_SPEAKER, 2);
    heard(&t, 3, 2, true);
    table_end(&t);
}

/* F14: no grace for who leaves the stage or is taken off it: frames of the epoch before are not played
 * either. */
static void f14_no_grace_off_the_stage(void **state_)
{
    (void)state_;
    for (int way = 0; way < 3; way++) {
        struct table_of_people t;
        uint8_t before[TABLE_FRAME], other[TABLE_FRAME];

        table_start(&t, &everyone_speaks);
        table_seat(&t, 3);
        t.now_ms += 1000;
        assert_int_equal(table_say(&t, 2, 5, before), OK);
        assert_int_equal(table_say(&t, 1, 6, other), OK);
        if (way == 0)
            state(&t, 0, STATEMENT_NO_SPEAKER, 2);
        if (way == 1)
            stage(&t, 2, CORE_STAGE_LEAVE);
        if (way == 2)
            table_epoch(&t, (struct wish){.keeper = 1}); /* nobody's role changes: late frames are played */
        assert_int_equal(table_hear(&t, 0, 2, before), way == 2 ? 5 : -E_REFUSED);
        assert_int_equal(table_hear(&t, 0, 1, other), 6);
        table_end(&t);
    }
}

/* Whoever comes on stage is heard with the epoch that says so, and its frames of an epoch in which it was not
 * on stage are never played. */
static void f1_a_frame_is_judged_by_its_own_epoch(void **state_)
{
    struct table_of_people t;
    uint8_t frame[TABLE_FRAME];

    (void)state_;
    table_start(&t, &moderators_speak);
    table_seat(&t, 3);
    t.now_ms += 1000;
    state(&t, 0, STATEMENT_SPEAKER, 2);
    assert_int_equal(table_say(&t, 2, 5, frame), OK);
    assert_int_equal(table_hear(&t, 1, 2, frame), 5);
    frame[4] = (uint8_t)(frame[4] - 1); /* the same under the name of the epoch before */
    assert_int_equal(table_hear(&t, 1, 2, frame), -E_REFUSED);
    table_end(&t);
}

static void what_changed_is_told(void **state_)
{
    static struct order_room order;
    static struct upload upload;
    struct table_of_people t;
    struct core_word words[2];
    const struct core_commit *commit;
    const struct core_change *change;
    struct signal_moved moved;
    struct bytes list, truth = {0};
    uint8_t lie[64];
    static const uint8_t roles[] = {SIGNAL_LISTENER, SIGNAL_SPEAKER, SIGNAL_MODERATOR};

    (void)state_;
    table_start(&t, &moderators_speak);
    table_seat(&t, 4);
    words[0] = core_word_on(member(&t, 0, 2), STATEMENT_MODERATOR);
    words[1] = core_word_on(member(&t, 0, 1), STATEMENT_SPEAKER);
    table_order(&t, (struct wish){.keeper = 0, .words = words, .word_count = 2, .stage = CORE_STAGE_LEAVE},
                &order);
    assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), OK);
    list = commit->roles;
    for (uint32_t leaf = 0; leaf < 3; leaf++) {
        assert_true(signal_moved_next(&list, &moved));
        assert_int_equal(moved.leaf, leaf);
        assert_int_equal(moved.role, roles[leaf]);
    }
    assert_int_equal(list.len, 0);
    for (unsigned way = 0; way < 4; way++) { /* to each of the people the house tells something else */
        struct writer w = writer_over(lie);

        if (way == 0) { /* the maker hears the truth; its own commit is forgotten then */
            table_upload(&t, commit, &upload);
            truth = upload.handshake.roles;
        }
        upload.handshake.roles = truth;
        if (way == 1)
            upload.handshake.roles.len = 0;
        if (way == 2)
            upload.roles[4] ^= 1;
        if (way == 3) {
            signal_moved_put(&w, &(struct signal_moved){3, SIGNAL_SPEAKER});
            assert_int_equal(writer_end(&w, &upload.handshake.roles), OK);
        }
        assert_int_equal(core_room_take(t.people[way].room, table_now(&t), &upload.handshake, &change), OK);
        assert_int_equal(change->alarm, way != 0);
        assert_int_equal(change->moved_count, 3);
        assert_true(change->moved[2].moderator && change->moved[2].speaker);
        assert_true(!change->moved[1].moderator && change->moved[1].speaker);
        assert_true(change->moved[0].moderator && !change->moved[0].speaker);
    }
    table_end(&t);
}

static void f1_only_moderators_words_count(void **state_)
{
    struct table_of_people t;

    (void)state_;
    table_start(&t, &moderators_speak);
    table_seat(&t, 4);
    assert_int_equal(try_word(&t, 1, core_word_on(member(&t, 1, 1), STATEMENT_SPEAKER)), E_REFUSED);
    assert_int_equal(try_word(&t, 1, core_word_on(member(&t, 1, 0), STATEMENT_NO_MODERATOR)), E_REFUSED);
    state(&t, 0, STATEMENT_MODERATOR, 1);
    state(&t, 1, STATEMENT_SPEAKER, 2);
    heard(&t, 4, 2, true);
    state(&t, 0, STATEMENT_NO_MODERATOR, 1);
    assert_int_equal(try_word(&t, 1, core_word_on(member(&t, 1, 3), STATEMENT_SPEAKER)), E_REFUSED);
    table_end(&t);
}

/* Moderators against the maker. */
static void f30_the_makers_word_is_above_all(void **state_)
{
    struct table_of_people t;

    (void)state_;
    table_start(&t, &moderators_speak);
    table_seat(&t, 4);
    state(&t, 0, STATEMENT_MODERATOR, 1);
    state(&t, 0, STATEMENT_MODERATOR, 2);
    for (unsigned verb = STATEMENT_MODERATOR; verb <= STATEMENT_UNBLOCK; verb++)
        assert_int_equal(try_word(&t, 1, core_word_on(member(&t, 1, 0), (enum statement_verb)verb)),
                         E_REFUSED);
    assert_int_equal(try_word(&t, 1, core_word_on(member(&t, 1, 2), STATEMENT_NO_MODERATOR)), E_REFUSED);
    state(&t, 1, STATEMENT_SPEAKER, 3);
    state(&t, 0, STATEMENT_NO_SPEAKER, 3);
    assert_int_equal(try_word(&t, 1, core_word_on(member(&t, 1, 3), STATEMENT_SPEAKER)), E_REFUSED);
    heard(&t, 4, 3, false);
    table_end(&t);
}

/* F30: however many statements a moderator makes, the maker has the last ones, and a commit that carries them
 * all still goes through the door. */
static void f30_nobody_fills_the_list_against_the_maker(void **state_)
{
    enum { FREE = STATEMENTS_MAX - STATEMENTS_FOR_MAKER };
    static struct core_word words[FREE];
    struct table_of_people t;

    (void)state_;
    table_start(&t, &moderators_speak);
    table_seat(&t, 3);
    state(&t, 0, STATEMENT_MODERATOR, 1);
    for (unsigned i = 0; i < FREE; i++)
        words[i] = core_word_on(member(&t, 0, 2), i % 2 == 0 ? STATEMENT_SPEAKER : STATEMENT_NO_SPEAKER);
    table_epoch(&t, (struct wish){.keeper = 1, .words = words, .word_count = FREE - 1});
    assert_int_equal(try_word(&t, 1, words[0]), E_TOO_LARGE);
    state(&t, 0, STATEMENT_NO_MODERATOR, 1);
    assert_false(member(&t, 2, 1)->moderator);
    table_epoch(&t, (struct wish){.keeper = 0, .words = words, .word_count = STATEMENTS_FOR_MAKER - 1});
    assert_int_equal(try_word(&t, 0, words[0]), E_TOO_LARGE);
    table_epoch(&t, (struct wish){.keeper = 2});
    table_end(&t);
}

/* A blocked account loses its seat by the same commit, and gets no other under its name. */
static void f20_a_block_ends_the_seat_and_shuts_the_door(void **state_)
{
    static struct order_room order;
    struct table_of_people t;
    const struct core_commit *commit;
    struct core_word block;
    struct signal_gone gone;
    struct bytes list;

    (void)state_;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 3);
    block = core_word_on(member(&t, 0, 2), STATEMENT_BLOCK);
    table_order(&t, (struct wish){.keeper = 0, .words = &block, .word_count = 1}, &order);
    assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), OK);
    list = commit->removed;
    assert_true(signal_gone_next(&list, &gone));
    assert_int_equal(gone.leaf, 2);
    assert_int_equal(gone.why, SIGNAL_BLOCKED);
    table_epoch(&t, (struct wish){.keeper = 0, .words = &block, .word_count = 1});
    assert_false(core_room_is_seated(t.people[2].room));
    core_room_free(t.people[2].room);
    t.people[2].room = NULL;

    table_enter(&t, 2);
    for (unsigned keeper = 0; keeper < 2; keeper++) {
        table_order(&t, (struct wish){.keeper = keeper, .joiners = 1u << 2}, &order);
        assert_int_equal(core_room_commit(t.people[keeper].room, table_now(&t), &order.order, &commit), OK);
        assert_int_equal(commit->seated.len, 0);
    }
    block.verb = STATEMENT_UNBLOCK;
    table_epoch(&t, (struct wish){.keeper = 0, .words = &block, .word_count = 1});
    table_epoch(&t, (struct wish){.keeper = 1, .joiners = 1u << 2});
    heard(&t, 3, 2, true);
    table_end(&t);
}

/* F20: a block says nothing of pseudonyms' seats; a role may be theirs by their leaf key. */
static void f20_pseudonyms_stay(void **state_)
{
    struct table_of_people t;
    struct core_word block = {.verb = STATEMENT_BLOCK, .kind = STATEMENT_ACCOUNT};

    (void)state_;
    table_start(&t, &masked_speak);
    t.people[2].masked = true;
    table_seat(&t, 3);
    assert_false(member(&t, 0, 2)->bound);
    memcpy(block.subject, t.people[2].account, 32);
    table_epoch(&t, (struct wish){.keeper = 0, .words = &block, .word_count = 1});
    heard(&t, 3, 2, false);
    state(&t, 0, STATEMENT_SPEAKER, 2);
    heard(&t, 3, 2, true);
    assert_int_equal(core_word_on(member(&t, 0, 2), STATEMENT_SPEAKER).kind, STATEMENT_LEAF);
    table_epoch(&t, (struct wish){.keeper = 0, .kicks = 1u << 2});
    assert_false(core_room_is_seated(t.people[2].room));
    table_end(&t);
}

/* A joiner gets the roles with its Welcome, as they are, and from nowhere else. */
static void f1_a_late_joiner_sees_the_same_roles(void **state_)
{
    struct table_of_people t;

    (void)state_;
    table_start(&t, &moderators_speak);
    table_seat(&t, 3);
    state(&t, 0, STATEMENT_SPEAKER, 1);
    state(&t, 0, STATEMENT_MODERATOR, 2);
    state(&t, 0, STATEMENT_NO_MODERATOR, 2);
    table_enter(&t, 3);
    table_epoch(&t, (struct wish){.keeper = 1, .joiners = 1u << 3});
    heard(&t, 4, 1, true);
    heard(&t, 4, 2, false);
    heard(&t, 4, 3, false);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(member(&t, 3, i)->moderator, i == 0);
    table_end(&t);
}

/* --- Who takes whose place --- */

static enum result replace(struct table_of_people *t, unsigned keeper, const struct core_room *new_seat,
                           uint32_t leaf, const uint8_t signature[static 64], struct upload *u,
                           size_t *removed, size_t *seated)
{
    static struct order_room order;
    struct signal_joiner joiner = {
        .waiting = 102, .key_package = core_room_key_package(new_seat), .replaces = leaf};
    struct writer w = writer_over(order.joiners);
    const struct core_commit *commit;
    enum result res;

    memcpy(joiner.replaces_signature, signature, sizeof joiner.replaces_signature);
    table_order(t, (struct wish){.keeper = keeper}, &order);
    signal_joiner_put(&w, &joiner);
    assert_int_equal(writer_end(&w, &order.order.joiners), OK);
    res = core_room_commit(t->people[keeper].room, table_now(t), &order.order, &commit);
    if (res != OK)
        return res;
    *removed = commit->removed.len / ROOM_GONE_BYTES;
    *seated = commit->seated.len / ROOM_PLACED_BYTES;
    table_upload(t, commit, u);
    return OK;
}

static void f26_a_new_seat_replaces_the_old(void **state_)
{
    static struct upload u;
    struct table_of_people t;
    struct core_room *old;
    const struct core_change *change;
    uint8_t signature[64];
    uint32_t leaf;
    size_t removed, seated;

    (void)state_;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 3);
    old = t.people[2].room;
    t.people[2].room = NULL;
    table_enter(&t, 2);
    assert_int_equal(core_room_replaces(old, t.people[2].room, &leaf, signature), OK);
    assert_int_equal(leaf, 2);

    /* Neither another leaf's place, nor by another's word; then nobody comes in and nobody goes. */
    assert_int_equal(replace(&t, 1, t.people[2].room, 0, signature, &u, &removed, &seated), OK);
    assert_int_equal(removed + seated, 0);
    signature[0] ^= 1;
    assert_int_equal(replace(&t, 1, t.people[2].room, leaf, signature, &u, &removed, &seated), OK);
    assert_int_equal(removed + seated, 0);
    signature[0] ^= 1;
    /* The doorkeeper cannot remove itself. */
    core_room_free(t.people[2].room);
    t.people[2].room = old;
    {
        struct core_room *fresh = NULL;
        struct core_self self = {t.people[2].seed, t.house, t.id, true};

        assert_int_equal(core_room_new(&t.seeded.random, &self, table_now(&t), &fresh), OK);
        assert_int_equal(core_room_replaces(old, fresh, &leaf, signature), OK);
        assert_int_equal(replace(&t, 2, fresh, leaf, signature, &u, &removed, &seated), OK);
        assert_int_equal(removed + seated, 0);

        assert_int_equal(replace(&t, 1, fresh, leaf, signature, &u, &removed, &seated), OK);
        assert_int_equal(removed, 1);
        assert_int_equal(seated, 1);
        assert_int_equal(u.removed[4], SIGNAL_REPLACED);
        for (unsigned i = 0; i < 2; i++) {
            assert_int_equal(core_room_take(t.people[i].room, table_now(&t), &u.handshake, &change), OK);
            assert_int_equal(change->came_count, 1);
            assert_int_equal(change->went_count, 1);
        }
        assert_int_equal(core_room_join(fresh, table_now(&t), u.welcome_bytes, u.tree_bytes), OK);
        core_room_free(old);
        t.people[2].room = fresh;
    }
    heard(&t, 3, 2, true);
    /* A leaf that is gone by now needs no word. */
    old = t.people[2].room;
    t.people[2].room = NULL;
    table_enter(&t, 2);
    assert_int_equal(core_room_replaces(old, t.people[2].room, &leaf, signature), OK);
    core_room_free(old);
    assert_int_equal(replace(&t, 1, t.people[2].room, 9, signature, &u, &removed, &seated), OK);
    assert_int_equal(removed, 0);
    assert_int_equal(seated, 1);
    table_end(&t);
}

/* F37: what is in a leaf besides keys tells two clients apart by nothing but whose they are. */
static void f37_leaves_look_alike(void **state_)
{
    struct table_of_people t;
    const struct leaf_node *a, *b;

    (void)state_;
    table_start(&t, &everyone_speaks);
    t.now_ms += 7 * 60 * 1000 + 123;
    table_found(&t, 0);
    table_enter(&t, 1);
    t.now_ms += 3 * 60 * 1000 + 77;
    table_enter(&t, 2);
    table_epoch(&t, (struct wish){.keeper = 0, .joiners = 6});
    a = group_member(t.people[0].room->group, 1);
    b = group_member(t.people[0].room->group, 2);
    assert_true(bytes_equal(a->capabilities.extensions, b->capabilities.extensions));
    assert_true(bytes_equal(a->capabilities.suites, b->capabilities.suites));
    assert_int_equal(a->credential.len + b->credential.len, 0);
    assert_int_equal(a->not_before % ROOM_HOUR_S, 0);
    assert_int_equal(a->not_after % ROOM_HOUR_S, 0);
    assert_true(a->not_before == b->not_before && a->not_after == b->not_after);
    assert_int_equal(a->encoded.len, b->encoded.len);
    table_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f31_on_stage_by_both_words),
        cmocka_unit_test(everyone_but_one),
        cmocka_unit_test(f14_no_grace_off_the_stage),
        cmocka_unit_test(f1_a_frame_is_judged_by_its_own_epoch),
        cmocka_unit_test(what_changed_is_told),
        cmocka_unit_test(f1_only_moderators_words_count),
        cmocka_unit_test(f30_the_makers_word_is_above_all),
        cmocka_unit_test(f30_nobody_fills_the_list_against_the_maker),
        cmocka_unit_test(f20_a_block_ends_the_seat_and_shuts_the_door),
        cmocka_unit_test(f20_pseudonyms_stay),
        cmocka_unit_test(f1_a_late_joiner_sees_the_same_roles),
        cmocka_unit_test(f26_a_new_seat_replaces_the_old),
        cmocka_unit_test(f37_leaves_look_alike),
    };

    if (crypto_start() != OK)
        return 1;
    return cmocka_run_group_tests_name("stage", tests, NULL, NULL);
}
