#define _GNU_SOURCE
#include "house/guest.h"

#include <signal.h>
#include <sys/resource.h>

struct table_of_three {
    struct guest anna, bert, cleo;
    uint8_t room[32];
};

/* Anna made the room and founded its table; bert sits at leaf 1, in epoch 1. Cleo is signed in. */
static void lay(struct table_of_three *t, struct inn *inn)
{
    guest_new(&t->anna, inn, "anna");
    guest_new(&t->bert, inn, "bert");
    guest_new(&t->cleo, inn, "cleo");
    guest_room(&t->anna, "tea", t->room);
    guest_first(&t->anna, t->room, SIGNAL_SPEAKER, "group");
    guest_join(&t->bert, &t->anna, t->room, SIGNAL_LISTENER, "group", 0, 1);
}

static void clear(struct table_of_three *t)
{
    guest_hang_up(&t->anna);
    guest_hang_up(&t->bert);
    guest_hang_up(&t->cleo);
    guest_forget(&t->anna);
    guest_forget(&t->bert);
    guest_forget(&t->cleo);
}

/* Attack F24: of two who found the same table one is first, and the other waits. */
static void f24_one_founding_wins(void **state)
{
    struct inn *inn = *state;
    struct guest anna, bert;
    const struct signal *m;
    struct draft d;
    uint8_t room[32];
    uint32_t founding;

    guest_new(&anna, inn, "anna");
    guest_new(&bert, inn, "bert");
    guest_room(&anna, "tea", room);
    guest_enter(&anna, room, SIGNAL_SPEAKER);
    guest_enter(&bert, room, SIGNAL_LISTENER);
    m = guest_got(&anna, SIGNAL_FOUND_TABLE);
    founding = m->found_table.founding;
    assert_int_equal(m->request, anna.request);
    assert_int_equal(guest_got(&bert, SIGNAL_FOUND_TABLE)->found_table.founding, founding);

    guest_found(&bert, room, founding, "bert's");
    m = guest_got(&bert, SIGNAL_SEATED);
    assert_int_equal(m->seated.leaf, 0);
    assert_true(m->seated.epoch == 0);
    assert_int_equal(m->request, bert.request);
    guest_found(&anna, room, founding, "anna's");
    guest_refused(&anna, REASON_STALE);

    /* Her KeyPackage waits, and the answer names the request that brought it. */
    m = guest_got(&bert, SIGNAL_WAITING);
    assert_true(bytes_equal(m->waiting.group_id, BYTES_TEXT("bert's")));
    bert.taken--;
    draft_start(&d, room, 0, "bert's");
    draft_seat(&d, &anna, guest_asked_for_one(&bert), 1);
    draft_send(&d, &bert);
    m = guest_got(&anna, SIGNAL_SEATED);
    assert_int_equal(m->request, anna.request - 1);
    assert_int_equal(m->seated.leaf, 1);
    assert_true(m->seated.epoch == 1);
    guest_hang_up(&anna);
    guest_hang_up(&bert);
    guest_forget(&anna);
    guest_forget(&bert);
}

static void founding_needs_a_request_for_it(void **state)
{
    struct inn *inn = *state;
    struct table_of_three t;
    uint8_t other[32];

    lay(&t, inn);
    guest_found(&t.cleo, t.room, 1, "cleo's");
    guest_refused(&t.cleo, REASON_NOT_NOW);
    guest_room(&t.cleo, "hers", other);
    guest_enter(&t.cleo, other, SIGNAL_SPEAKER);
    guest_got(&t.cleo, SIGNAL_FOUND_TABLE);
    guest_found(&t.cleo, t.room, 2, "cleo's");
    guest_refused(&t.cleo, REASON_NOT_NOW);
    guest_found(&t.cleo, other, 7, "cleo's");
    guest_refused(&t.cleo, REASON_STALE);
    /* After that she is asked anew. */
    guest_found(&t.cleo, other, guest_got(&t.cleo, SIGNAL_FOUND_TABLE)->found_table.founding, "cleo's");
    guest_got(&t.cleo, SIGNAL_SEATED);
    clear(&t);
}

static void everybody_learns_of_a_commit_and_the_joiner_of_the_table(void **state)
{
    struct inn *inn = *state;
    struct table_of_three t;
    struct draft d;
    const struct signal *m;
    struct signal_seat seat;
    struct bytes list;

    lay(&t, inn);
    guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
    m = guest_got(&t.anna, SIGNAL_WAITING);
    assert_true(m->waiting.epoch == 1);
    t.anna.taken--;
    draft_start(&d, t.room, 1, "group");
    draft_seat(&d, &t.cleo, guest_asked_for_one(&t.anna), 2);
    draft_send(&d, &t.anna);

    guest_got(&t.anna, SIGNAL_DONE);
    for (struct guest *g = &t.anna; g != NULL; g = g == &t.anna ? &t.bert : NULL) {
        m = guest_got(g, SIGNAL_HANDSHAKE);
        assert_int_equal(m->request, 0);
        assert_true(m->handshake.epoch == 1);
        assert_true(bytes_equal(m->handshake.commit, d.m.commit.commit));
        assert_int_equal(m->handshake.removed.len, 0);
        list = m->handshake.seated;
        assert_true(signal_seat_next(&list, &seat));
        assert_int_equal(seat.leaf, 2);
        assert_int_equal(seat.role, SIGNAL_LISTENER);
        assert_memory_equal(seat.account, t.cleo.key, 32);
        assert_true(bytes_equal(seat.handle, BYTES_TEXT("cleo")));
        assert_int_equal(list.len, 0);
        guest_nothing(g);
    }

    m = guest_got(&t.cleo, SIGNAL_SEATED);
    assert_true(m->seated.epoch == 2);
    assert_true(bytes_equal(m->seated.welcome, d.m.commit.welcome));
    assert_true(bytes_equal(m->seated.tree, BYTES_TEXT("tree")));
    assert_true(bytes_equal(m->seated.title, BYTES_TEXT("tea")));
    list = m->seated.seats;
    for (uint32_t leaf = 0; leaf < 3; leaf++) {
        assert_true(signal_seat_next(&list, &seat));
        assert_int_equal(seat.leaf, leaf);
    }
    assert_int_equal(list.len, 0);
    /* She was not there when the commit was made, and does not get it. */
    guest_nothing(&t.cleo);
    clear(&t);
}

/* Of two commits for one epoch one is taken; the other is stale, and so is a third that names the past. */
static void g42_one_commit_an_epoch(void **state)
{
    struct inn *inn = *state;
    struct table_of_three t;
    struct draft d;

    lay(&t, inn);
    draft_start(&d, t.room, 1, "group");
    draft_send(&d, &t.bert);
    guest_got(&t.bert, SIGNAL_DONE);
    guest_got(&t.bert, SIGNAL_HANDSHAKE);
    draft_start(&d, t.room, 1, "group");
    draft_send(&d, &t.anna);
    guest_got(&t.anna, SIGNAL_HANDSHAKE);
    guest_refused(&t.anna, REASON_STALE);
    draft_start(&d, t.room, 3, "group");
    draft_send(&d, &t.anna);
    guest_refused(&t.anna, REASON_STALE);
    draft_start(&d, t.room, 2, "group");
    draft_send(&d, &t.anna);
    guest_got(&t.anna, SIGNAL_DONE);
    clear(&t);
}

/* Anna commits all whom she was asked for; they are `all` in the order in which they came. */
static void let_in(struct guest *anna, const struct guest *all, const uint8_t room[32], uint64_t epoch,
                   unsigned *seated)
{
    const struct signal *m = guest_got(anna, SIGNAL_WAITING);
    struct bytes list = m->waiting.joiners;
    struct signal_joiner joiner;
    struct draft d;

    draft_start(&d, room, epoch, "group");
    while (signal_joiner_next(&list, &joiner)) {
        assert_true(bytes_equal(joiner.key_package, BYTES_OF(all[*seated].package)));
        ++*seated;
        draft_seat(&d, &all[*seated - 1], joiner.waiting, *seated);
    }
    draft_send(&d, anna);
    guest_got(anna, SIGNAL_DONE);
    guest_got(anna, SIGNAL_HANDSHAKE);
}

static void come(struct guest *guest, struct inn *inn, unsigned number, const uint8_t room[32])
{
    char handle[] = "guest-aa";

    handle[6] = (char)('a' + number / 26);
    handle[7] = (char)('a' + number % 26);
    guest_new(guest, inn, handle);
    guest_enter(guest, room, SIGNAL_LISTENER);
}

static void all_sat(struct guest *all, unsigned count, struct guest *anna)
{
    guest_nothing(anna);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(guest_got(&all[i], SIGNAL_SEATED)->seated.leaf, i + 1);
        guest_hang_up(&all[i]);
        guest_forget(&all[i]);
    }
    guest_hang_up(anna);
    guest_forget(anna);
    free(all);
}

/* Fifty come at once: each epoch has one commit, and all are in after two. */
static void g42_fifty_join_in_two_epochs(void **state)
{
    enum { MANY = 50 };
    struct inn *inn = *state;
    struct guest anna, *all = calloc(MANY, sizeof *all);
    uint8_t room[32];
    unsigned seated = 0, rounds = 0;

    assert_non_null(all);
    guest_new(&anna, inn, "anna");
    guest_room(&anna, "tea", room);
    guest_first(&anna, room, SIGNAL_SPEAKER, "group");
    for (unsigned i = 0; i < MANY; i++)
        come(&all[i], inn, i, room);
    /* Only the first was there when anna was asked. */
    for (; seated < MANY; rounds++)
        let_in(&anna, all, room, rounds, &seated);
    assert_int_equal(rounds, 3);
    all_sat(all, MANY, &anna);
}

/* They come one by one, and quickly: a commit for each would be as many epochs. */
static void g42_a_stream_of_joiners_shares_commits(void **state)
{
    enum { MANY = 60, EACH_MS = 10 };
    struct inn *inn = *state;
    struct guest anna, *all = calloc(MANY, sizeof *all);
    uint8_t room[32];
    unsigned seated = 0, rounds = 0;

    assert_non_null(all);
    guest_new(&anna, inn, "anna");
    guest_room(&anna, "tea", room);
    guest_first(&anna, room, SIGNAL_SPEAKER, "group");
    for (unsigned i = 0; i < MANY; i++) {
        come(&all[i], inn, i, room);
        inn_wait(inn, EACH_MS);
        if (anna.came != anna.taken)
            let_in(&anna, all, room, rounds++, &seated);
    }
    assert_in_range(MANY - seated, 0, 100 / EACH_MS);
    inn_wait(inn, 100);
    if (seated < MANY)
        let_in(&anna, all, room, rounds++, &seated);
    assert_int_equal(seated, MANY);
    assert_in_range(rounds, 1, 8 + MANY * EACH_MS / 100 + 1);
    all_sat(all, MANY, &anna);
}

/* Attack F23: commit, Welcome and list are one upload, and they agree or nothing is taken. */
static void f23_an_upload_is_whole(void **state)
{
    struct inn *inn = *state;
    struct table_of_three t;
    uint32_t waiting;
    uint8_t stranger[32] = {1};

    lay(&t, inn);
    guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
    waiting = guest_asked_for_one(&t.anna);
    for (int kind = 0; kind < 9; kind++) {
        enum signal_reason reason = REASON_MALFORMED;
        struct draft d;

        draft_start(&d, t.room, 1, kind == 7 ? "other" : "group");
        if (kind != 0 && kind != 1)
            draft_welcome(&d, t.cleo.reference);
        if (kind == 0 || kind == 2) /* a Welcome for somebody else, alone or as well */
            draft_welcome(&d, stranger);
        if (kind == 3) /* twice for the same */
            draft_welcome(&d, t.cleo.reference);
        if (kind == 4) { /* a leaf that somebody has */
            draft_list(&d, waiting, 1);
        } else if (kind == 5) { /* nobody waits under this number */
            draft_list(&d, waiting + 1, 2);
            reason = REASON_STALE;
        } else if (kind != 6) { /* 6: a Welcome for nobody who is listed; 1: a list without a Welcome */
            draft_list(&d, waiting, 2);
        }
        if (kind == 8) /* the same joiner twice */
            draft_list(&d, waiting, 3);
        draft_send(&d, &t.anna);
        guest_refused(&t.anna, reason);
        if (kind == 5)
            assert_int_equal(guest_asked_for_one(&t.anna), waiting);
    }
    guest_nothing(&t.bert);
    guest_nothing(&t.cleo);

    struct draft d;
    draft_start(&d, t.room, 1, "group");
    draft_seat(&d, &t.cleo, waiting, 2);
    draft_send(&d, &t.anna);
    guest_got(&t.anna, SIGNAL_DONE);
    guest_got(&t.cleo, SIGNAL_SEATED);
    clear(&t);
}

/* Attack F27, the house's half: a session without a seat posts nothing. */
static void f27_only_the_seated_commit(void **state)
{
    struct inn *inn = *state;
    struct table_of_three t;
    struct draft d;

    lay(&t, inn);
    draft_start(&d, t.room, 1, "group");
    draft_send(&d, &t.cleo);
    guest_refused(&t.cleo, REASON_NOT_NOW);
    guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
    draft_send(&d, &t.cleo);
    guest_refused(&t.cleo, REASON_NOT_NOW);
    d.m.commit.table = 1;
    draft_send(&d, &t.anna);
    guest_got(&t.anna, SIGNAL_WAITING);
    guest_refused(&t.anna, REASON_NOT_NOW);
    clear(&t);
}

/* Attack F4, the house's half: only a moderator removes somebody who has not left. */
static void f4_only_a_moderator_removes(void **state)
{
    struct inn *inn = *state;
    struct table_of_three t;
    struct draft d;
    struct signal_gone leaf;
    const struct signal *m;
    struct bytes list;

    lay(&t, inn);
    guest_join(&t.cleo, &t.anna, t.room, SIGNAL_LISTENER, "group", 1, 2);
    guest_got(&t.bert, SIGNAL_HANDSHAKE);
    draft_start(&d, t.room, 2, "group");
    draft_remove(&d, 0);
    draft_send(&d, &t.bert);
    guest_refused(&t.bert, REASON_NOT_YOURS);
    draft_start(&d, t.room, 2, "group");
    draft_remove(&d, 9);
    draft_send(&d, &t.anna);
    guest_refused(&t.anna, REASON_MALFORMED);
    draft_start(&d, t.room, 2, "group");
    draft_remove(&d, 0);
    draft_send(&d, &t.anna);
    guest_refused(&t.anna, REASON_MALFORMED);

    draft_start(&d, t.room, 2, "group");
    draft_remove(&d, 1);
    draft_send(&d, &t.anna);
    guest_got(&t.anna, SIGNAL_DONE);
    guest_got(&t.anna, SIGNAL_HANDSHAKE);
    guest_got(&t.cleo, SIGNAL_HANDSHAKE);
    /* He hears it too, and has no ticket any more. */
    m = guest_got(&t.bert, SIGNAL_HANDSHAKE);
    list = m->handshake.removed;
    assert_true(signal_gone_next(&list, &leaf));
    assert_int_equal(leaf.leaf, 1);
    assert_int_equal(guest_got(&t.bert, SIGNAL_SEAT_ENDED)->seat_ended.why, SIGNAL_KICKED);
    guest_ticket(&t.bert, t.room);
    guest_refused(&t.bert, REASON_NOT_NOW);
    clear(&t);
}

static void a_removed_leaf_may_be_taken_in_the_same_commit(void **state)
{
    struct inn *inn = *state;
    struct table_of_three t;
    struct draft d;

    lay(&t, inn);
    guest_leave(&t.bert, t.room);
    guest_got(&t.bert, SIGNAL_DONE);
    guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
    draft_start(&d, t.room, 1, "group");
    draft_seat(&d, &t.cleo, guest_asked_for_one(&t.anna), 1);
    draft_remove(&d, 1);
    draft_send(&d, &t.anna);
    guest_got(&t.anna, SIGNAL_DONE);
    assert_int_equal(guest_got(&t.cleo, SIGNAL_SEATED)->seated.leaf, 1);
    clear(&t);
}

static void the_next_leaf_is_asked_after_a_second(void **state)
{
    struct inn *inn = *state;
    struct table_of_three t;
    struct draft d;
    uint32_t waiting;

    lay(&t, inn);
    guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
    waiting = guest_asked_for_one(&t.anna);
    inn_wait(inn, DOORKEEPER_MS - 1);
    guest_nothing(&t.bert);
    inn_wait(inn, 1);
    assert_int_equal(guest_asked_for_one(&t.bert), waiting);
    guest_nothing(&t.anna);
    /* Then the lowest again, and one whose link breaks is not waited for. */
    inn_wait(inn, DOORKEEPER_MS);
    assert_int_equal(guest_asked_for_one(&t.anna), waiting);
    guest_hang_up(&t.anna);
    assert_int_equal(guest_asked_for_one(&t.bert), waiting);
    draft_start(&d, t.room, 1, "group");
    draft_seat(&d, &t.cleo, waiting, 2);
    draft_send(&d, &t.bert);
    guest_got(&t.cleo, SIGNAL_SEATED);
    clear(&t);
}

/* A KeyPackage that members refuse does not keep them committing for ever. */
static void who_is_left_out_twice_is_sent_away(void **state)
{
    struct inn *inn = *state;
    struct table_of_three t;
    struct draft d;
    const struct signal *m;

    lay(&t, inn);
    guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
    guest_asked_for_one(&t.anna);
    draft_start(&d, t.room, 1, "group");
    draft_send(&d, &t.anna);
    guest_got(&t.bert, SIGNAL_HANDSHAKE);
    guest_asked_for_one(&t.bert);
    guest_nothing(&t.cleo);
    draft_start(&d, t.room, 2, "group");
    draft_send(&d, &t.bert);
    m = guest_got(&t.cleo, SIGNAL_REFUSED);
    assert_int_equal(m->refused.reason, REASON_MALFORMED);
    assert_int_equal(m->request, t.cleo.request);
    guest_forget(&t.anna);
    guest_forget(&t.bert);
    inn_wait(inn, 5000);
    guest_nothing(&t.anna);
    guest_nothing(&t.bert);
    /* She may come again. */
    guest_join(&t.cleo, &t.anna, t.room, SIGNAL_LISTENER, "group", 3, 2);
    clear(&t);
}

static void who_waits_founds_when_nobody_is_awake(void **state)
{
    struct inn *inn = *state;
    struct table_of_three t;
    const struct signal *m;
    struct bytes list;
    struct signal_seat seat;

    lay(&t, inn);
    guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
    guest_got(&t.anna, SIGNAL_WAITING);
    guest_hang_up(&t.bert);
    guest_nothing(&t.cleo);
    guest_hang_up(&t.anna);
    inn_wait(inn, SEAT_LOST_MS - 1);
    guest_nothing(&t.cleo);
    inn_wait(inn, 1);
    m = guest_got(&t.cleo, SIGNAL_FOUND_TABLE);
    assert_int_equal(m->request, t.cleo.request);
    assert_int_equal(m->found_table.founding, 2);
    guest_found(&t.cleo, t.room, 2, "cleo's");
    list = guest_got(&t.cleo, SIGNAL_SEATED)->seated.seats;
    assert_true(signal_seat_next(&list, &seat));
    assert_memory_equal(seat.account, t.cleo.key, 32);
    assert_int_equal(list.len, 0);
    /* Those before are strangers to the new table and are not lost a second time. */
    inn_wait(inn, 2 * SEAT_LOST_MS);
    guest_nothing(&t.cleo);
    clear(&t);
}

/* The house's word for a lost seat holds for one group and epoch. */
static void lost_seats_come_with_the_houses_word(void **state)
{
    struct inn *inn = *state;
    struct table_of_three t;
    struct signal_lost lost;
    const struct signal *m;
    struct bytes list, content;
    struct draft d;
    uint8_t to[128];

    lay(&t, inn);
    guest_join(&t.cleo, &t.anna, t.room, SIGNAL_LISTENER, "group", 1, 2);
    guest_got(&t.bert, SIGNAL_HANDSHAKE);
    inn_wait(inn, 2000);
    guest_hang_up(&t.bert);
    inn_wait(inn, SEAT_LOST_MS - 1);
    guest_nothing(&t.anna);
    inn_wait(inn, 1);
    m = guest_got(&t.anna, SIGNAL_WAITING);
    assert_int_equal(m->waiting.joiners.len, 0);
    list = m->waiting.lost;
    assert_true(signal_lost_next(&list, &lost));
    assert_int_equal(lost.leaf, 1);
    assert_int_equal(list.len, 0);
    assert_int_equal(seat_lost_write(BYTES_TEXT("group"), 2, 1, (struct bytes_mut){to, sizeof to}, &content),
                     OK);
    assert_int_equal(
        house_verify(inn->house, house_key(inn->house), ENVELOPE_SEAT_LOST, t.room, content, lost.signature),
        OK);
    assert_int_equal(seat_lost_write(BYTES_TEXT("group"), 3, 1, (struct bytes_mut){to, sizeof to}, &content),
                     OK);
    assert_int_equal(
        house_verify(inn->house, house_key(inn->house), ENVELOPE_SEAT_LOST, t.room, content, lost.signature),
        E_FORGED);

    /* Another commit comes first: the word is given again, for the epoch that follows. */
    draft_start(&d, t.room, 2, "group");
    draft_send(&d, &t.cleo);
    guest_got(&t.anna, SIGNAL_HANDSHAKE);
    inn_wait(inn, 1000);
    m = guest_got(&t.anna, SIGNAL_WAITING);
    assert_true(m->waiting.epoch == 3);
    draft_start(&d, t.room, 3, "group");
    draft_remove(&d, 1);
    draft_send(&d, &t.anna);
    guest_got(&t.anna, SIGNAL_DONE);
    guest_got(&t.anna, SIGNAL_HANDSHAKE);
    inn_wait(inn, 5000);
    guest_nothing(&t.anna);
    clear(&t);
}

/* At most one rekey a second for plain leaves. */
static void leaves_are_batched(void **state)
{
    struct inn *inn = *state;
    struct table_of_three t;
    struct signal_lost lost;
    struct bytes list;

    lay(&t, inn);
    guest_join(&t.cleo, &t.anna, t.room, SIGNAL_LISTENER, "group", 1, 2);
    guest_leave(&t.bert, t.room);
    inn_wait(inn, 500);
    guest_leave(&t.cleo, t.room);
    inn_wait(inn, 499);
    guest_nothing(&t.anna);
    inn_wait(inn, 1);
    list = guest_got(&t.anna, SIGNAL_WAITING)->waiting.lost;
    for (uint32_t leaf = 1; leaf < 3; leaf++) {
        assert_true(signal_lost_next(&list, &lost));
        assert_int_equal(lost.leaf, leaf);
    }
    assert_int_equal(list.len, 0);
    clear(&t);
}

static int64_t commits_in_store(struct inn *inn)
{
    struct store_rows rows;
    int64_t count;

    assert_int_equal(store_query(inn->store, "SELECT COUNT(*) FROM handshake", NULL, 0, &rows), OK);
    assert_int_equal(store_next(&rows), OK);
    count = store_column_int(&rows, 0);
    store_done(&rows);
    return count;
}

/* Attack F26: commits are kept for 64 epochs, or 60 seconds, and no longer. */
static void f26_commits_are_kept_for_a_while(void **state)
{
    struct inn *inn = *state;
    struct table_of_three t;
    struct draft d;

    lay(&t, inn);
    for (uint64_t epoch = 1; epoch < 100; epoch++) {
        draft_start(&d, t.room, epoch, "group");
        draft_send(&d, &t.anna);
        guest_forget(&t.anna);
        guest_forget(&t.bert);
        inn_wait(inn, 100);
    }
    assert_int_equal(commits_in_store(inn), COMMITS_KEPT);
    inn_wait(inn, COMMITS_KEPT_MS + 20000);
    assert_int_equal(commits_in_store(inn), 0);
    clear(&t);
}

/* Lets the disk be full, as far as writes beyond the first bytes of a file go. */
static void disk_full(bool is_full)
{
    static struct rlimit before;
    struct rlimit tight;

    if (!is_full) {
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        return;
    }
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    tight = before;
    tight.rlim_cur = 1;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
}

/* Field report G51: while the disk is full all that changes anything is refused, and nothing is half done. */
static void g51_a_full_disk_refuses_and_forgets_nothing(void **state)
{
    struct inn *inn = *state;
    struct table_of_three t;
    struct guest dora;
    struct charter c;
    struct draft d;
    uint32_t waiting;

    lay(&t, inn);
    guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
    waiting = guest_asked_for_one(&t.anna);
    guest_key(&dora, inn, "dora");
    guest_arrive(&dora, inn);
    c = guest_charter(&t.bert);

    disk_full(true);
    draft_start(&d, t.room, 1, "group");
    draft_seat(&d, &t.cleo, waiting, 2);
    draft_send(&d, &t.anna);
    guest_sign_up(&dora);
    guest_room_from(&t.bert, &c, "new");
    guest_leave(&t.bert, t.room);
    disk_full(false);
    guest_refused(&t.anna, REASON_TROUBLE);
    guest_refused(&dora, REASON_TROUBLE);
    guest_refused(&t.bert, REASON_TROUBLE);
    guest_refused(&t.bert, REASON_TROUBLE);
    guest_refused(&t.cleo, REASON_TROUBLE);

    /* All the same requests, once there is room again. */
    guest_enter(&t.cleo, t.room, SIGNAL_LISTENER);
    waiting = guest_asked_for_one(&t.bert); /* who seated bert, who wants to go unheard, is asked later */
    draft_start(&d, t.room, 1, "group");
    draft_seat(&d, &t.cleo, waiting, 2);
    draft_send(&d, &t.anna);
    guest_got(&t.anna, SIGNAL_DONE);
    assert_true(guest_got(&t.cleo, SIGNAL_SEATED)->seated.epoch == 2);
    guest_sign_up(&dora);
    guest_got(&dora, SIGNAL_SIGNED_IN);
    guest_got(&t.bert, SIGNAL_HANDSHAKE);
    guest_room_from(&t.bert, &c, "new");
    guest_got(&t.bert, SIGNAL_ROOM_IS);
    guest_leave(&t.bert, t.room);
    guest_got(&t.bert, SIGNAL_DONE);
    guest_hang_up(&dora);
    guest_forget(&dora);

    /* A grace that ends while the disk is full ends when it is not. */
    guest_forget(&t.anna);
    inn_wait(inn, 5000);
    draft_start(&d, t.room, 2, "group");
    draft_remove(&d, 1);
    draft_send(&d, &t.anna);
    guest_forget(&t.anna);
    guest_hang_up(&t.cleo);
    disk_full(true);
    inn_wait(inn, SEAT_LOST_MS + 3000);
    disk_full(false);
    guest_nothing(&t.anna);
    inn_wait(inn, 2000);
    guest_got(&t.anna, SIGNAL_WAITING);
    clear(&t);
}

static unsigned seats_on_disk(struct store *look)
{
    struct store_rows rows;
    unsigned count;

    assert_int_equal(store_query(look, "SELECT COUNT(*) FROM seat", NULL, 0, &rows), OK);
    assert_int_equal(store_next(&rows), OK);
    count = (unsigned)store_column_int(&rows, 0);
    store_done(&rows);
    return count;
}

/* G51: many come in and talk at once, while somebody else reads the database and takes its time: nothing is
 * locked, nothing is refused, nothing is lost. */
static void g51_a_burst_under_a_readers_eyes_loses_nothing(void **state)
{
    enum { MANY = 30 };
    struct inn *inn = *state;
    struct guest anna, *all = calloc(MANY, sizeof *all);
    struct store *look;
    struct store_rows rows;
    const char *why;
    struct draft d;
    uint8_t room[32];
    unsigned seated = 0, epoch = 0;

    assert_non_null(all);
    guest_new(&anna, inn, "anna");
    guest_room(&anna, "tea", room);
    guest_first(&anna, room, SIGNAL_SPEAKER, "group");
    for (unsigned i = 0; i < MANY; i++) {
        char handle[] = "guest-a";

        handle[6] = (char)('a' + i % 26);
        handle[5] = (char)('0' + i / 26);
        guest_new(&all[i], inn, handle);
    }
    assert_int_equal(store_look(inn->folder, house_schema(), &look, &why), OK);
    assert_int_equal(store_query(look, "SELECT leaf FROM seat", NULL, 0, &rows), OK);
    assert_int_equal(store_next(&rows), OK); /* and it is not done */

    for (unsigned i = 0; i < MANY; i++)
        guest_enter(&all[i], room, SIGNAL_LISTENER);
    for (; seated < MANY; epoch++) {
        const struct signal *m = guest_got(&anna, SIGNAL_WAITING);
        struct bytes list = m->waiting.joiners;
        struct signal_joiner joiner;

        draft_start(&d, room, epoch, "group");
        while (signal_joiner_next(&list, &joiner)) {
            seated++;
            draft_seat(&d, &all[seated - 1], joiner.waiting, seated);
        }
        draft_send(&d, &anna);
        guest_got(&anna, SIGNAL_DONE);
        guest_got(&anna, SIGNAL_HANDSHAKE);
    }
    guest_nothing(&anna);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(guest_got(&all[i], SIGNAL_SEATED)->seated.leaf, i + 1);
        guest_forget(&all[i]);
    }
    for (unsigned i = 0; i < MANY; i++) {
        guest_say(&all[i], room, epoch, "group", 1);
        for (unsigned k = 0; k < MANY; k++) {
            guest_got(&all[k], k == i ? SIGNAL_DONE : SIGNAL_SAID);
            guest_forget(&all[k]);
        }
        guest_got(&anna, SIGNAL_SAID);
        guest_forget(&anna);
    }
    store_done(&rows);
    assert_int_equal(seats_on_disk(look), MANY + 1);
    store_close(look);
    for (unsigned i = 0; i < MANY; i++)
        guest_hang_up(&all[i]);
    guest_hang_up(&anna);
    for (unsigned i = 0; i < MANY; i++)
        guest_forget(&all[i]);
    guest_forget(&anna);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(f24_one_founding_wins, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(founding_needs_a_request_for_it, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(everybody_learns_of_a_commit_and_the_joiner_of_the_table, inn_start,
                                        inn_end),
        cmocka_unit_test_setup_teardown(g42_one_commit_an_epoch, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(g42_fifty_join_in_two_epochs, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(g42_a_stream_of_joiners_shares_commits, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f23_an_upload_is_whole, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f27_only_the_seated_commit, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f4_only_a_moderator_removes, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(a_removed_leaf_may_be_taken_in_the_same_commit, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(the_next_leaf_is_asked_after_a_second, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(who_is_left_out_twice_is_sent_away, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(who_waits_founds_when_nobody_is_awake, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(lost_seats_come_with_the_houses_word, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(leaves_are_batched, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(f26_commits_are_kept_for_a_while, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(g51_a_full_disk_refuses_and_forgets_nothing, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(g51_a_burst_under_a_readers_eyes_loses_nothing, inn_start, inn_end),
    };

    return cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
}
