/* Social and private rooms: who comes in, and who finds them. */
#include "house/guest.h"

struct trio {
    struct guest anna, bert, cleo;
    uint8_t room[32];
};

static void make(struct trio *t, struct inn *inn, enum charter_kind kind)
{
    struct charter c;

    guest_new(&t->anna, inn, "anna");
    guest_new(&t->bert, inn, "bert");
    guest_new(&t->cleo, inn, "cleo");
    c = guest_charter(&t->anna);
    c.kind = kind;
    if (kind == CHARTER_PRIVATE)
        memset(c.link_key, 7, sizeof c.link_key);
    c.moderator_count = 1;
    memcpy(c.moderators[0], t->bert.key, 32);
    guest_room_from(&t->anna, &c, "tea");
    memcpy(t->room, guest_got(&t->anna, SIGNAL_ROOM_IS)->room_is.room, 32);
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

static void follows(struct guest *g, enum signal_type type, const char *handle)
{
    struct signal m = {.type = type};

    m.follow.handle = bytes_string(handle);
    guest_send(g, &m);
}

static void admits(struct guest *g, const uint8_t room[32], const char *handle)
{
    struct signal m = {.type = SIGNAL_ADMIT};

    memcpy(m.admit.room, room, 32);
    m.admit.handle = bytes_string(handle);
    guest_send(g, &m);
}

static void who_is_followed_may_enter(void **state)
{
    struct inn *inn = *state;
    struct trio t;

    make(&t, inn, CHARTER_SOCIAL);
    guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
    guest_refused(&t.cleo, REASON_NOT_YOURS);
    /* She follows herself in vain. */
    follows(&t.cleo, SIGNAL_FOLLOW, "anna");
    guest_got(&t.cleo, SIGNAL_DONE);
    guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
    guest_refused(&t.cleo, REASON_NOT_YOURS);

    for (struct guest *g = &t.anna; g != NULL; g = g == &t.anna ? &t.bert : NULL) {
        follows(g, SIGNAL_FOLLOW, "cleo");
        guest_got(g, SIGNAL_DONE);
        follows(g, SIGNAL_FOLLOW, "cleo");
        guest_got(g, SIGNAL_DONE);
        guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
        guest_got(&t.cleo, SIGNAL_FOUND_TABLE);
        guest_leave(&t.cleo, t.room);
        guest_got(&t.cleo, SIGNAL_DONE);
        follows(g, SIGNAL_UNFOLLOW, "cleo");
        guest_got(g, SIGNAL_DONE);
        guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
        guest_refused(&t.cleo, REASON_NOT_YOURS);
    }
    follows(&t.anna, SIGNAL_FOLLOW, "nobody");
    guest_refused(&t.anna, REASON_UNKNOWN);
    guest_first(&t.bert, t.room, SIGNAL_SPEAKER, "group");
    rise(&t);
}

/* Whom somebody follows counts who was made a moderator, and no more when he is none. */
static void later_moderators_count(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    struct guest dora;
    struct draft d;

    make(&t, inn, CHARTER_SOCIAL);
    guest_new(&dora, inn, "dora");
    follows(&t.cleo, SIGNAL_FOLLOW, "dora");
    follows(&t.bert, SIGNAL_FOLLOW, "dora");
    follows(&t.anna, SIGNAL_FOLLOW, "cleo");
    guest_forget(&t.anna);
    guest_forget(&t.cleo);
    guest_first(&t.anna, t.room, SIGNAL_SPEAKER, "group");
    guest_forget(&t.bert);
    guest_join(&t.bert, &t.anna, t.room, SIGNAL_LISTENER, "group", 0, 1);
    guest_join(&t.cleo, &t.anna, t.room, SIGNAL_LISTENER, "group", 1, 2);
    draft_start(&d, t.room, 2, "group");
    draft_role(&d, 1, SIGNAL_NO_MODERATOR);
    draft_send(&d, &t.anna);
    guest_enter(&dora, t.room, SIGNAL_LISTENER);
    guest_refused(&dora, REASON_NOT_YOURS);
    draft_start(&d, t.room, 3, "group");
    draft_role(&d, 2, SIGNAL_MODERATOR);
    draft_send(&d, &t.anna);
    guest_enter(&dora, t.room, SIGNAL_LISTENER);
    guest_nothing(&dora);
    guest_hang_up(&dora);
    guest_forget(&dora);
    rise(&t);
}

static void who_is_admitted_may_enter(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    struct draft d;
    uint8_t none[32] = {1};

    make(&t, inn, CHARTER_SOCIAL);
    admits(&t.cleo, t.room, "cleo");
    guest_refused(&t.cleo, REASON_NOT_YOURS);
    admits(&t.bert, none, "cleo");
    guest_refused(&t.bert, REASON_UNKNOWN);
    admits(&t.bert, t.room, "nobody");
    guest_refused(&t.bert, REASON_UNKNOWN);
    admits(&t.bert, t.room, "cleo");
    assert_memory_equal(guest_got(&t.bert, SIGNAL_ADMITTED)->admitted.account, t.cleo.key, 32);
    guest_first(&t.anna, t.room, SIGNAL_SPEAKER, "group");
    guest_join(&t.cleo, &t.anna, t.room, SIGNAL_LISTENER, "group", 0, 1);

    /* A block is over when a moderator lets the account in again. */
    draft_start(&d, t.room, 1, "group");
    draft_remove_for(&d, 1, SIGNAL_BLOCKED);
    draft_send(&d, &t.anna);
    guest_forget(&t.cleo);
    guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
    guest_refused(&t.cleo, REASON_NOT_YOURS);
    admits(&t.bert, t.room, "cleo");
    assert_memory_equal(guest_got(&t.bert, SIGNAL_ADMITTED)->admitted.account, t.cleo.key, 32);
    guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
    guest_nothing(&t.cleo);
    rise(&t);
}

/* The house has no secret: it keeps the charter, lists the room nowhere, and leaves the door to the members.
 */
static void a_private_room_is_found_by_its_link_alone(void **state)
{
    struct inn *inn = *state;
    struct trio t;
    struct signal list = {.type = SIGNAL_ROOM_LIST}, show = {.type = SIGNAL_ROOM_SHOW};

    make(&t, inn, CHARTER_PRIVATE);
    guest_send(&t.cleo, &list);
    assert_int_equal(guest_got(&t.cleo, SIGNAL_ROOMS)->rooms.rooms.len, 0);
    memcpy(show.room_show.room, t.room, 32);
    guest_send(&t.cleo, &show);
    guest_got(&t.cleo, SIGNAL_ROOM_IS);
    guest_first(&t.anna, t.room, SIGNAL_SPEAKER, "group");
    guest_join(&t.cleo, &t.anna, t.room, SIGNAL_LISTENER, "group", 0, 1);
    rise(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_is_followed_may_enter, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(later_moderators_count, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(who_is_admitted_may_enter, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(a_private_room_is_found_by_its_link_alone, inn_start, inn_end),
    };

    return cmocka_run_group_tests_name("social", tests, NULL, NULL);
}
