/* Each class of data is there while it may be, and then in none of the files: database, write-ahead log and
 * free pages are searched byte by byte. */
#define _GNU_SOURCE
#include "house/guest.h"
#include "house/retention.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned hits_in(const char *folder, const char *name, struct bytes what)
{
    char path[SCRATCH_PATH + 32];
    unsigned hits = 0;
    struct stat s;
    uint8_t *all;
    int file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    assert_int_equal(fstat(file, &s), 0);
    all = malloc((size_t)s.st_size + 1);
    assert_non_null(all);
    assert_int_equal(read(file, all, (size_t)s.st_size), s.st_size);
    close(file);
    for (const uint8_t *at = all;
         (at = memmem(at, (size_t)(all + s.st_size - at), what.at, what.len)) != NULL; at++)
        hits++;
    free(all);
    return hits;
}

/* In all files of the folder; shared memory holds no rows. */
static unsigned hits(const struct inn *inn, struct bytes what)
{
    return hits_in(inn->folder, "house.db", what) + hits_in(inn->folder, "house.db-wal", what);
}

static void is_held(const struct inn *inn, struct bytes what)
{
    assert_true(hits(inn, what) > 0);
}

static void is_gone(const struct inn *inn, struct bytes what)
{
    assert_int_equal(hits(inn, what), 0);
}

static void finish(struct guest *g)
{
    guest_hang_up(g);
    guest_forget(g);
}

static void key_messages_are_gone_after_a_minute(void **state)
{
    static const char mark[] = "Qz7_wv";
    struct inn *inn = *state;
    struct guest anna;
    struct draft d;
    uint8_t room[32];

    guest_new(&anna, inn, "anna");
    guest_room(&anna, "tea", room);
    guest_first(&anna, room, SIGNAL_SPEAKER, "group");
    draft_start(&d, room, 0, "group");
    memcpy(d.commit + d.m.commit.commit.len - strlen(mark), mark, strlen(mark)); /* in place of "sealed" */
    draft_send(&d, &anna);
    guest_got(&anna, SIGNAL_DONE);
    is_held(inn, BYTES_TEXT("Qz7_wv"));
    inn_wait(inn, COMMITS_KEPT_MS - 2 * RETENTION_SWEEP_MS);
    is_held(inn, BYTES_TEXT("Qz7_wv"));
    inn_wait(inn, 2 * RETENTION_SWEEP_MS);
    is_gone(inn, BYTES_TEXT("Qz7_wv"));
    finish(&anna);
}

/* What is said is passed on, and never touches the disk. */
static void talk_is_never_kept(void **state)
{
    struct inn *inn = *state;
    struct guest anna, bert;
    struct signal m = {.type = SIGNAL_SAY};
    uint8_t to[256], mark[] = "Jx4_ky";
    uint8_t room[32];

    guest_new(&anna, inn, "anna");
    guest_new(&bert, inn, "bert");
    guest_room(&anna, "tea", room);
    guest_first(&anna, room, SIGNAL_SPEAKER, "group");
    guest_join(&bert, &anna, room, SIGNAL_LISTENER, "group", 0, 1);
    memcpy(m.say.room, room, 32);
    m.say.epoch = 1;
    m.say.message = guest_private((struct bytes_mut){to, sizeof to}, 1, "group", 1);
    memcpy(to + m.say.message.len - 6, mark, 6);
    guest_send(&bert, &m);

    guest_got(&bert, SIGNAL_DONE);
    guest_got(&anna, SIGNAL_SAID);
    is_gone(inn, bytes(mark, 6));
    finish(&anna);
    finish(&bert);
}

/* A pseudonym's name goes with its seat, and with the commits that told of it. */
static void a_seat_is_gone_with_its_leaf(void **state)
{
    struct inn *inn = *state;
    struct guest anna, bert;
    struct charter c;
    struct draft d;
    uint8_t room[32], fingerprint[32];

    guest_new(&anna, inn, "anna");
    guest_new(&bert, inn, "zbert");
    c = guest_charter(&anna);
    c.pseudonyms = true;
    guest_room_from(&anna, &c, "masks");
    memcpy(room, guest_got(&anna, SIGNAL_ROOM_IS)->room_is.room, 32);
    guest_first(&anna, room, SIGNAL_SPEAKER, "group");
    guest_enter_as(&bert, room, SIGNAL_LISTENER, SIGNAL_NO_LEAF, "quetzal");
    draft_start(&d, room, 0, "group");
    draft_seat(&d, &bert, guest_asked_for_one(&anna), 1);
    draft_send(&d, &anna);
    guest_got(&bert, SIGNAL_SEATED);
    memset(fingerprint, 'z', sizeof fingerprint);
    is_held(inn, BYTES_TEXT("quetzal"));
    is_held(inn, BYTES_OF(fingerprint));

    guest_leave(&bert, room);
    guest_forget(&anna);
    draft_start(&d, room, 1, "group");
    draft_remove_for(&d, 1, SIGNAL_LEFT);
    draft_send(&d, &anna);
    guest_got(&anna, SIGNAL_DONE);
    inn_wait(inn, RETENTION_SWEEP_MS);
    is_gone(inn, BYTES_OF(fingerprint));
    inn_wait(inn, COMMITS_KEPT_MS);
    is_gone(inn, BYTES_TEXT("quetzal"));
    finish(&anna);
    finish(&bert);
}

/* A row of a room's about an account begins with both. */
static struct bytes pair(uint8_t to[static 64], const uint8_t room[32], const struct guest *g)
{
    memcpy(to, room, 32);
    memcpy(to + 32, g->key, 32);
    return bytes(to, 64);
}

/* The last one who leaves takes the group along; the room stays, with what its moderators have said, and ends
 * by its maker's word with all that hangs on it. */
static void a_room_takes_all_along(void **state)
{
    struct inn *inn = *state;
    struct guest anna, bert, cleo, dora;
    struct draft d;
    struct signal admit = {.type = SIGNAL_ADMIT};
    uint8_t room[32], role[64], block[64], admission[64], word[STATEMENT_BYTES];

    guest_new(&anna, inn, "anna");
    guest_new(&bert, inn, "bert");
    guest_new(&cleo, inn, "cleo");
    guest_new(&dora, inn, "dora");
    guest_room(&anna, "kettle and cups", room);
    pair(role, room, &bert);
    pair(block, room, &cleo);
    pair(admission, room, &dora);
    guest_first(&anna, room, SIGNAL_SPEAKER, "vuxgroup");
    guest_join(&bert, &anna, room, SIGNAL_LISTENER, "vuxgroup", 0, 1);
    draft_start(&d, room, 1, "vuxgroup");
    draft_role(&d, 1, SIGNAL_SPEAKER);
    draft_word(&d, &anna, 1, STATEMENT_BLOCK, cleo.key);
    memcpy(word, d.words, sizeof word);
    draft_send(&d, &anna);
    is_held(inn, BYTES_OF(block));
    is_held(inn, BYTES_OF(word));
    memcpy(admit.admit.room, room, 32);
    admit.admit.handle = BYTES_TEXT("dora");
    guest_send(&anna, &admit);
    is_held(inn, BYTES_OF(admission));
    is_held(inn, BYTES_TEXT("vuxgroup"));

    guest_leave(&bert, room);
    guest_leave(&anna, room);
    inn_wait(inn, COMMITS_KEPT_MS);
    is_gone(inn, BYTES_TEXT("vuxgroup"));
    is_held(inn, BYTES_OF(role)); /* bert's seat is none any more */
    is_held(inn, BYTES_OF(block));
    is_held(inn, BYTES_OF(word));
    is_held(inn, BYTES_OF(admission));
    is_held(inn, BYTES_TEXT("kettle and cups"));

    guest_forget(&anna);
    guest_end_room(&anna, room);
    guest_got(&anna, SIGNAL_DONE);
    inn_wait(inn, RETENTION_SWEEP_MS);
    is_gone(inn, BYTES_OF(room));
    is_gone(inn, bytes(word + STATEMENT_SIGNED_BYTES, 64));
    is_gone(inn, BYTES_TEXT("kettle and cups"));
    is_held(inn, BYTES_OF(anna.key));
    finish(&anna);
    finish(&bert);
    finish(&cleo);
    finish(&dora);
}

/* A block that a moderator takes back is in the statements alone, and those say that it is over. */
static void a_block_is_gone_when_it_is_over(void **state)
{
    struct inn *inn = *state;
    struct guest anna, cleo;
    struct draft d;
    uint8_t room[32], block[64];

    guest_new(&anna, inn, "anna");
    guest_new(&cleo, inn, "cleo");
    guest_room(&anna, "tea", room);
    guest_first(&anna, room, SIGNAL_SPEAKER, "group");
    pair(block, room, &cleo);
    for (uint32_t i = 0; i < 2; i++) {
        draft_start(&d, room, i, "group");
        draft_word(&d, &anna, i + 1, i == 0 ? STATEMENT_BLOCK : STATEMENT_UNBLOCK, cleo.key);
        draft_send(&d, &anna);
        if (i == 0)
            is_held(inn, BYTES_OF(block));
    }
    inn_wait(inn, RETENTION_SWEEP_MS);
    is_gone(inn, BYTES_OF(block));
    finish(&anna);
    finish(&cleo);
}

/* Where somebody calls from, and what a relay knows it by, is in no file at any time. */
static void addresses_and_tickets_are_never_kept(void **state)
{
    static const uint8_t ip[16] = {0x20, 0x01, 0x0d, 0xb8, 0x5a, 0x71, 0xc3, 0x9e,
                                   0x44, 0x1f, 0xe8, 0x27, 0x90, 0xbb, 0x63, 0xd5};
    const struct address from = address_v6(ip, 40123);
    struct inn *inn = *state;
    struct guest anna;
    struct bytes ticket;
    uint8_t room[32];

    guest_key(&anna, inn, "anna");
    anna.from = &from;
    guest_arrive(&anna, inn);
    guest_sign_up(&anna);
    guest_got(&anna, SIGNAL_SIGNED_IN);
    guest_room(&anna, "tea", room);
    guest_enter(&anna, room, SIGNAL_SPEAKER);
    guest_found(&anna, room, guest_got(&anna, SIGNAL_FOUND_TABLE)->found_table.founding, "group");
    ticket = guest_got(&anna, SIGNAL_SEATED)->seated.ticket;
    assert_true(ticket.len > 64);
    is_gone(inn, bytes(ticket.at + 10, 54));
    is_gone(inn, BYTES_OF(anna.session->tag));
    is_gone(inn, BYTES_OF(anna.session->gathering->tag));
    is_gone(inn, BYTES_OF(ip));
    is_gone(inn, BYTES_TEXT("2001:db8:5a71:c39e:441f:e827:90bb:63d5"));
    is_held(inn, BYTES_OF(anna.key));
    finish(&anna);
}

static void an_empty_room_is_gone_after_its_hour(void **state)
{
    const uint64_t empty_ms = (uint64_t)HOUSE_ROOM_EMPTY_MIN * 60 * 1000;
    struct inn *inn = *state;
    struct guest anna;
    uint8_t room[32];

    guest_new(&anna, inn, "anna");
    guest_room(&anna, "kettle and cups", room);
    inn_wait(inn, empty_ms - 1000);
    is_held(inn, BYTES_TEXT("kettle and cups"));
    inn_wait(inn, 1000 + RETENTION_SWEEP_MS);
    is_gone(inn, BYTES_TEXT("kettle and cups"));
    is_gone(inn, BYTES_OF(room));
    finish(&anna);
}

static void whom_one_followed_is_gone_when_one_does_not(void **state)
{
    struct inn *inn = *state;
    struct guest anna, bert;
    struct signal m = {.type = SIGNAL_FOLLOW};
    uint8_t pair[64];

    guest_new(&anna, inn, "anna");
    guest_new(&bert, inn, "bert");
    memcpy(pair, anna.key, 32);
    memcpy(pair + 32, bert.key, 32);
    m.follow.handle = BYTES_TEXT("bert");
    guest_send(&anna, &m);
    guest_got(&anna, SIGNAL_DONE);
    is_held(inn, BYTES_OF(pair));
    m.type = SIGNAL_UNFOLLOW;
    guest_send(&anna, &m);
    guest_got(&anna, SIGNAL_DONE);
    inn_wait(inn, RETENTION_SWEEP_MS);
    is_gone(inn, BYTES_OF(pair));
    finish(&anna);
    finish(&bert);
}

/* ---- what an operator is told */

struct told {
    unsigned count, seats, keys;
    bool is_named;
    char kinds[256];
};

static void on_class(void *context, const struct house_class *c)
{
    struct told *t = context;

    assert_true(c->name[0] != 0 && c->what[0] != 0 && c->until[0] != 0);
    t->count++;
    if (strcmp(c->name, "seat") == 0)
        t->seats = (unsigned)c->count;
    if (strcmp(c->name, "key message") == 0) {
        t->keys = (unsigned)c->count;
        assert_true(c->lifetime_ms == COMMITS_KEPT_MS);
    }
    if (strcmp(c->name, "talk") == 0)
        assert_true(c->count == -1);
}

static void on_fact(void *context, const struct house_fact *fact)
{
    struct told *t = context;

    t->count++;
    assert_true(strlen(t->kinds) + strlen(fact->kind) + 2 < sizeof t->kinds);
    snprintf(t->kinds + strlen(t->kinds), sizeof t->kinds - strlen(t->kinds), "%s,", fact->kind);
    for (unsigned i = 0; i < fact->count; i++)
        if (strcmp(fact->fields[i].name, "pseudonym") == 0)
            t->is_named = bytes_equal(fact->fields[i].text, BYTES_TEXT("quetzal"));
}

/* Beside the running house, by a connection of its own. */
static void an_operator_is_told_what_is_held(void **state)
{
    struct inn *inn = *state;
    struct guest anna, bert;
    struct charter c;
    struct draft d;
    struct signal m = {.type = SIGNAL_FOLLOW};
    struct told classes = {0}, of_bert = {0}, of_anna = {0}, none = {0};
    struct store *look;
    const char *why;
    uint8_t room[32];

    guest_new(&anna, inn, "anna");
    guest_new(&bert, inn, "bert");
    c = guest_charter(&anna);
    c.pseudonyms = true;
    c.moderator_count = 1;
    memcpy(c.moderators[0], bert.key, 32);
    guest_room_from(&anna, &c, "masks");
    memcpy(room, guest_got(&anna, SIGNAL_ROOM_IS)->room_is.room, 32);
    m.follow.handle = BYTES_TEXT("bert");
    guest_send(&anna, &m);
    guest_forget(&anna);
    guest_first(&anna, room, SIGNAL_SPEAKER, "group");
    guest_enter_as(&bert, room, SIGNAL_LISTENER, SIGNAL_NO_LEAF, "quetzal");
    draft_start(&d, room, 0, "group");
    draft_seat(&d, &bert, guest_asked_for_one(&anna), 1);
    draft_word(&d, &anna, 1, STATEMENT_NO_SPEAKER, bert.key);
    draft_send(&d, &anna);
    guest_got(&bert, SIGNAL_SEATED);

    assert_int_equal(store_look(inn->folder, house_schema(), &look, &why), OK);
    assert_int_equal(house_retention(look, on_class, &classes), OK);
    assert_true(classes.count > 10);
    assert_int_equal(classes.seats, 2);
    assert_int_equal(classes.keys, 1);
    assert_int_equal(house_disclose(look, BYTES_TEXT("bert"), on_fact, &of_bert), OK);
    assert_string_equal(of_bert.kinds, "account,followed by,named by charter,role,word,seat,");
    assert_true(of_bert.is_named);
    assert_int_equal(house_disclose(look, BYTES_TEXT("anna"), on_fact, &of_anna), OK);
    assert_string_equal(of_anna.kinds, "account,follows,room,word,seat,");
    assert_int_equal(house_disclose(look, BYTES_TEXT("cleo"), on_fact, &none), E_NOT_FOUND);
    assert_int_equal(none.count, 0);
    store_close(look);
    finish(&anna);
    finish(&bert);
}

/* Whoever looks changes nothing, and sees no folder where there is none. */
static void a_look_changes_nothing(void **state)
{
    struct inn *inn = *state;
    struct store *look;
    const char *why = NULL;

    assert_int_equal(store_look("/nowhere/at/all", house_schema(), &look, &why), E_NOT_FOUND);
    assert_non_null(why);
    assert_int_equal(store_look(inn->folder, house_schema(), &look, &why), OK);
    assert_int_equal(store_begin(look), OK);
    assert_int_equal(store_run(look, "DELETE FROM account", NULL, 0, NULL), E_IO);
    store_rollback(look);
    store_close(look);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(key_messages_are_gone_after_a_minute, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(talk_is_never_kept, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(a_seat_is_gone_with_its_leaf, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(a_room_takes_all_along, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(a_block_is_gone_when_it_is_over, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(addresses_and_tickets_are_never_kept, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(an_empty_room_is_gone_after_its_hour, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(whom_one_followed_is_gone_when_one_does_not, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(an_operator_is_told_what_is_held, inn_start, inn_end),
        cmocka_unit_test_setup_teardown(a_look_changes_nothing, inn_start, inn_end),
    };

    return cmocka_run_group_tests_name("retention", tests, NULL, NULL);
}
