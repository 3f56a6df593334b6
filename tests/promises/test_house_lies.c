/* A house that lies about who is in a room and what they may do: each lie is refused, or shown to those whom
 * it is told. Honest clients, the house's own code, and a liar on each link (support/hostile_house.h). */
#include "client/inside.h"
#include "core/room.h"
#include "support/hostile_house.h"

#include <time.h>

static const struct charter moderators_speak = {.stage = CHARTER_INVITED};
static const struct charter everyone_speaks = {.stage = CHARTER_EVERYONE};
static const struct charter among_us = {.kind = CHARTER_PRIVATE, .stage = CHARTER_EVERYONE};

static const char differs[] = "the house's word about who came or went is not what the members' is";
static const char roster_differs[] = "the house's roster is not the members'";
static const char change_refused[] = "a change of the room was refused";

static struct hostile_house h;

static int start(void **state)
{
    hostile_house_start(&h, *state);
    return 0;
}

static int end(void **state)
{
    (void)state;
    hostile_house_end(&h);
    return 0;
}

static bool was_told(unsigned who, const char *words)
{
    return hostile_house_alarm(&h, who, words, 0) != UINT64_MAX;
}

static void nobody_was_alarmed(void)
{
    for (unsigned who = ADA; who <= CAT; who++)
        if (h.guests[who].alarm_count != 0)
            fail_msg("an alarm for nothing: %s", h.guests[who].alarms[0]);
}

/* --- A ghost: a member that the house makes of an account of its own --- */

enum { SLIPPED_IN = 4711 };

static struct {
    struct core_room *room;
    uint8_t welcome[WELCOME_BYTES], tree[TREE_BYTES], seats[4096];
    struct bytes welcome_bytes, tree_bytes;
    bool added, told;
    uint32_t leaf;
} ghost;

static struct core_now now(void)
{
    return (struct core_now){hostile_house_ms(), (uint64_t)time(NULL)};
}

static void ghost_make(const uint8_t *room, const uint8_t *secret)
{
    const struct core_self self = {
        .account_seed = h.guests[GHOST].identity.seed, .house = h.key, .room = room, .secret = secret};

    memset(&ghost, 0, sizeof ghost);
    assert_int_equal(core_room_new(&h.seeded.random, &self, now(), &ghost.room), OK);
}

static struct bytes kept(struct bytes b, uint8_t *to, size_t size)
{
    assert_true(b.len <= size);
    if (b.len != 0)
        memcpy(to, b.at, b.len);
    return bytes(to, b.len);
}

/* The doorkeeper's commit with the ghost in it becomes one of nobody's coming, as the house's own books know
 * it; the ghost keeps what is for it. */
static bool take_the_ghost_out(struct hostile_house *house, unsigned who, struct signal *s)
{
    struct bytes list = s->commit.seated;
    struct signal_placed placed;

    (void)house;
    (void)who;
    if (s->type != SIGNAL_COMMIT)
        return true;
    while (signal_placed_next(&list, &placed)) {
        if (placed.waiting != SLIPPED_IN)
            continue;
        ghost.added = true;
        ghost.leaf = placed.leaf;
        ghost.welcome_bytes = kept(s->commit.welcome, ghost.welcome, sizeof ghost.welcome);
        ghost.tree_bytes = kept(s->commit.tree, ghost.tree, sizeof ghost.tree);
        s->commit.welcome = s->commit.tree = s->commit.seated = (struct bytes){0};
    }
    return true;
}

static struct bytes one_seat(uint32_t leaf, unsigned whose, const char *handle)
{
    struct signal_seat seat = {.leaf = leaf, .handle = bytes_string(handle)};
    struct writer w = writer_over(ghost.seats);
    struct bytes list;

    memcpy(seat.account, h.guests[whose].identity.account_key, 32);
    signal_seat_put(&w, &seat);
    assert_int_equal(writer_end(&w, &list), OK);
    return list;
}

static bool name_the_ghost(struct hostile_house *house, unsigned who, struct signal *s)
{
    (void)house;
    (void)who;
    if (s->type == SIGNAL_HANDSHAKE && ghost.added)
        s->handshake.seated = one_seat(ghost.leaf, GHOST, "ghost");
    return true;
}

/* Tells Ada, the doorkeeper, that somebody waits with this KeyPackage. */
static void slip_in(struct bytes key_package)
{
    const struct core_room *ada = h.guests[ADA].client->core;
    struct signal waiting = {.type = SIGNAL_WAITING,
                             .waiting = {.epoch = core_room_epoch(ada), .group_id = core_room_group_id(ada)}};
    struct writer w = writer_over(ghost.seats);

    memcpy(waiting.waiting.room, h.room, 32);
    signal_joiner_put(&w, &(struct signal_joiner){
                              .waiting = SLIPPED_IN, .key_package = key_package, .replaces = SIGNAL_NO_LEAF});
    assert_int_equal(writer_end(&w, &waiting.waiting.joiners), OK);
    h.to_house = take_the_ghost_out;
    hostile_house_say(&h, ADA, &waiting);
    hostile_house_pass(&h, 500);
}

static void ghost_joins(void)
{
    assert_true(ghost.added);
    assert_int_equal(core_room_join(ghost.room, now(), ghost.welcome_bytes, ghost.tree_bytes), OK);
}

/* The house can have a member let in an account of its own, and not hide it: whoever has the keys is on the
 * roster. */
static void f38_a_ghost_that_is_slipped_in_is_seen_by_all(void **state)
{
    (void)state;
    hostile_house_gather(&h);
    ghost_make(h.room, NULL);
    slip_in(core_room_key_package(ghost.room));
    ghost_joins();
    for (unsigned who = ADA; who <= CAT; who++) {
        assert_true(was_told(who, differs));
        assert_non_null(hostile_house_seat(&h, who, GHOST));
        assert_false(hostile_house_seat(&h, who, GHOST)->speaker);
    }
    core_room_free(ghost.room);
}

/* And where the house does tell of it, there is nothing to be alarmed at: it is a visible member. */
static void f38_a_ghost_that_is_told_of_has_a_name(void **state)
{
    (void)state;
    hostile_house_gather(&h);
    ghost_make(h.room, NULL);
    h.to_guest = name_the_ghost;
    slip_in(core_room_key_package(ghost.room));
    ghost_joins();
    nobody_was_alarmed();
    for (unsigned who = ADA; who <= CAT; who++)
        assert_string_equal(hostile_house_seat(&h, who, GHOST)->handle, "ghost");
    core_room_free(ghost.room);
}

/* --- Who sits where --- */

static bool tell_of_nobody(struct hostile_house *house, unsigned who, struct signal *s)
{
    (void)house;
    if (who == BEN && s->type == SIGNAL_HANDSHAKE)
        s->handshake.seated = (struct bytes){0};
    return true;
}

static void a_seat_that_is_hidden_from_one_is_an_alarm_to_it(void **state)
{
    (void)state;
    hostile_house_enter(&h, ADA, SIGNAL_SPEAKER);
    hostile_house_enter(&h, BEN, SIGNAL_LISTENER);
    h.to_guest = tell_of_nobody;
    hostile_house_enter(&h, CAT, SIGNAL_LISTENER);
    hostile_house_pass(&h, 500);
    assert_true(was_told(BEN, differs));
    assert_non_null(hostile_house_seat(&h, BEN, CAT));
    assert_int_equal(h.guests[ADA].alarm_count, 0);
    assert_int_equal(h.guests[CAT].alarm_count, 0);
}

/* What a lie does with the list of seats that a joiner gets. */
enum seat_lie { LEAVE_BEN_OUT, ADD_THE_GHOST, SWAP_ACCOUNTS, SWAP_LEAVES };

static bool rewrite_seats(struct hostile_house *house, unsigned who, struct signal *s)
{
    static uint8_t room[4096];
    struct signal_seat seats[4], item;
    struct writer w = writer_over(room);
    struct bytes list;
    unsigned count = 0;

    if (who != CAT || s->type != SIGNAL_SEATED)
        return true;
    list = s->seated.seats;
    while (signal_seat_next(&list, &item))
        seats[count++] = item;
    assert_int_equal(count, 3);
    switch ((enum seat_lie)house->lies) {
    case LEAVE_BEN_OUT:
        seats[1] = seats[2];
        count--;
        break;
    case ADD_THE_GHOST:
        seats[3] = seats[2];
        seats[3].leaf++;
        memcpy(seats[3].account, house->guests[GHOST].identity.account_key, 32);
        seats[3].handle = BYTES_TEXT("ghost");
        count++;
        break;
    case SWAP_ACCOUNTS:
        memcpy(seats[0].account, house->guests[BEN].identity.account_key, 32);
        memcpy(seats[1].account, house->guests[ADA].identity.account_key, 32);
        break;
    case SWAP_LEAVES:
        item = seats[0];
        seats[0] = seats[1];
        seats[1] = item;
        seats[0].leaf = 0;
        seats[1].leaf = 1;
        break;
    }
    for (unsigned i = 0; i < count; i++)
        signal_seat_put(&w, &seats[i]);
    assert_int_equal(writer_end(&w, &s->seated.seats), OK);
    return true;
}

static void a_joiner_is_alarmed_by_a_list_that_is_not_the_trees(void **state)
{
    (void)state;
    hostile_house_enter(&h, ADA, SIGNAL_SPEAKER);
    hostile_house_enter(&h, BEN, SIGNAL_LISTENER);
    h.to_guest = rewrite_seats;
    for (h.lies = LEAVE_BEN_OUT; h.lies <= SWAP_LEAVES; h.lies++) {
        h.guests[CAT].alarm_count = 0;
        hostile_house_enter(&h, CAT, SIGNAL_LISTENER);
        if (!was_told(CAT, roster_differs))
            fail_msg("lie %u goes unnoticed", h.lies);
        /* Who is there is what the tree says. */
        assert_non_null(hostile_house_seat(&h, CAT, ADA));
        assert_non_null(hostile_house_seat(&h, CAT, BEN));
        assert_null(hostile_house_seat(&h, CAT, GHOST));
        client_leave(h.guests[CAT].client);
        hostile_house_until(&h, CAT, NEWS_OVER, 1);
        hostile_house_pass(&h, 3000);
    }
}

static bool call_the_ghost_ben(struct hostile_house *house, unsigned who, struct signal *s)
{
    struct signal_seat seat;
    struct bytes list = s->handshake.seated;

    (void)house;
    if (who == GHOST || s->type != SIGNAL_HANDSHAKE)
        return true;
    while (signal_seat_next(&list, &seat))
        if (memcmp(seat.account, h.guests[GHOST].identity.account_key, 32) == 0)
            s->handshake.seated = one_seat(seat.leaf, GHOST, "ben");
    return true;
}

/* F21: names are the house's to tell, and a name that was seen with one key is not taken from another, in
 * this session. */
static void f21_a_name_for_another_key_is_an_alarm(void **state)
{
    (void)state;
    hostile_house_gather(&h);
    client_leave(h.guests[BEN].client);
    hostile_house_until(&h, BEN, NEWS_OVER, 1);
    hostile_house_pass(&h, 3000);
    assert_null(hostile_house_seat(&h, ADA, BEN));
    h.to_guest = call_the_ghost_ben;
    hostile_house_enter(&h, GHOST, SIGNAL_LISTENER);
    hostile_house_pass(&h, 500);
    assert_true(was_told(ADA, "the house gives a name to another key than before"));
    assert_true(was_told(CAT, "the house gives a name to another key than before"));
}

/* --- What was once said --- */

static struct {
    uint8_t bytes[16][SIGNAL_BYTES / 4];
    struct bytes messages[16];
    unsigned count;
} recorded;

static bool record_bens(struct hostile_house *house, unsigned who, struct signal *s)
{
    (void)house;
    if (who == BEN && (s->type == SIGNAL_HANDSHAKE || s->type == SIGNAL_SAID) && recorded.count < 16) {
        unsigned i = recorded.count++;

        assert_int_equal(signal_write(s, (struct bytes_mut){recorded.bytes[i], sizeof recorded.bytes[i]},
                                      &recorded.messages[i]),
                         OK);
    }
    return true;
}

static void say_it_all_again(unsigned who, uint64_t epoch)
{
    for (unsigned i = 0; i < recorded.count; i++) {
        struct signal s;

        assert_int_equal(signal_read(recorded.messages[i], &s), OK);
        hostile_house_say(&h, who, &s);
        /* And as if it were of the epoch that is now. */
        if (s.type == SIGNAL_HANDSHAKE)
            s.handshake.epoch = epoch;
        else
            s.said.epoch = epoch;
        hostile_house_say(&h, who, &s);
    }
    hostile_house_pass(&h, 1000);
}

static void what_was_said_before_does_nothing_when_said_again(void **state)
{
    const struct core_room *room;
    uint64_t epoch;
    unsigned told;

    (void)state;
    memset(&recorded, 0, sizeof recorded);
    h.to_guest = record_bens;
    hostile_house_gather(&h);
    assert_int_equal(client_chat(h.guests[ADA].client, BYTES_TEXT("yes")), OK);
    hostile_house_wish(&h, ADA, CLIENT_INVITE, "ben");
    hostile_house_wish(&h, ADA, CLIENT_DEMOTE, "ben");
    hostile_house_pass(&h, 500);
    h.to_guest = NULL;
    assert_true(recorded.count >= 4);
    assert_int_equal(h.guests[BEN].chats, 1);
    room = h.guests[BEN].client->core;
    epoch = core_room_epoch(room);
    told = h.guests[BEN].told[NEWS_EPOCH];
    say_it_all_again(BEN, epoch);
    say_it_all_again(CAT, epoch);
    assert_int_equal(h.guests[BEN].chats, 1);
    assert_int_equal(h.guests[CAT].chats, 1);
    assert_int_equal(h.guests[BEN].told[NEWS_EPOCH], told);
    assert_int_equal(core_room_epoch(h.guests[BEN].client->core), epoch);
    nobody_was_alarmed();
    assert_int_equal(client_chat(h.guests[ADA].client, BYTES_TEXT("no")), OK);
    hostile_house_pass(&h, 500);
    assert_string_equal(h.guests[BEN].chat, "no");
}

/* --- Why somebody goes --- */

static bool lay_it_at_adas_door(struct hostile_house *house, unsigned who, struct signal *s)
{
    static uint8_t room[64];
    struct writer w = writer_over(room);
    struct signal_gone gone;
    struct bytes list;

    (void)who;
    if (s->type == SIGNAL_SEAT_ENDED)
        s->seat_ended.why = SIGNAL_KICKED;
    if (s->type != SIGNAL_HANDSHAKE || s->handshake.removed.len == 0)
        return true;
    list = s->handshake.removed;
    while (signal_gone_next(&list, &gone)) {
        gone.why = (uint8_t)house->lies;
        signal_gone_put(&w, &gone);
    }
    assert_int_equal(writer_end(&w, &s->handshake.removed), OK);
    return true;
}

/* The house takes Cat's seat by its own word, and says that a moderator did. */
static void f4_a_seat_that_the_house_takes_is_no_kick(void **state)
{
    (void)state;
    hostile_house_gather(&h);
    h.to_guest = lay_it_at_adas_door;
    h.lies = SIGNAL_KICKED;
    client_leave(h.guests[CAT].client);
    hostile_house_until(&h, CAT, NEWS_OVER, 1);
    hostile_house_pass(&h, 3000);
    assert_null(hostile_house_seat(&h, BEN, CAT));
    assert_true(was_told(ADA, differs));
    assert_true(was_told(BEN, differs));
}

/* And a kick is no loss: the one who is kicked learns it from the commit. */
static void f4_a_kick_is_nothing_else(void **state)
{
    (void)state;
    hostile_house_gather(&h);
    h.to_guest = lay_it_at_adas_door;
    h.lies = SIGNAL_LOST;
    hostile_house_wish(&h, ADA, CLIENT_KICK, "cat");
    hostile_house_until(&h, CAT, NEWS_OVER, 1);
    assert_int_equal(h.guests[CAT].told[NEWS_KICKED], 1);
    assert_string_equal(h.guests[CAT].what, "a moderator removed you from the room");
    assert_true(was_told(CAT, differs));
    assert_true(was_told(BEN, differs));
}

static void f4_a_kick_that_nobody_made_is_the_houses_word(void **state)
{
    struct signal ended = {.type = SIGNAL_SEAT_ENDED, .seat_ended.why = SIGNAL_KICKED};

    (void)state;
    hostile_house_gather(&h);
    memcpy(ended.seat_ended.room, h.room, 32);
    hostile_house_say(&h, CAT, &ended);
    hostile_house_until(&h, CAT, NEWS_OVER, 1);
    assert_non_null(strstr(h.guests[CAT].what, "the house says that a moderator removed you"));
}

/* --- Roles --- */

static bool ben_is_on_stage(struct hostile_house *house, unsigned who, struct signal *s)
{
    static uint8_t room[4096];
    struct writer w = writer_over(room);
    struct signal_seat seat;
    struct bytes list;

    (void)house;
    if (who != CAT || s->type != SIGNAL_SEATED)
        return true;
    list = s->seated.seats;
    while (signal_seat_next(&list, &seat)) {
        seat.role = SIGNAL_SPEAKER;
        signal_seat_put(&w, &seat);
    }
    assert_int_equal(writer_end(&w, &s->seated.seats), OK);
    return true;
}

/* F1: he was on stage and is not any more. A late joiner, to whom the house tells the old roles, goes by the
 * statements that are in the group. */
static void f1_old_roles_are_not_believed(void **state)
{
    (void)state;
    hostile_house_enter(&h, ADA, SIGNAL_SPEAKER);
    hostile_house_enter(&h, BEN, SIGNAL_SPEAKER);
    hostile_house_wish(&h, ADA, CLIENT_INVITE, "ben");
    hostile_house_pass(&h, 1000);
    assert_true(h.guests[BEN].open);
    hostile_house_wish(&h, ADA, CLIENT_DEMOTE, "ben");
    hostile_house_pass(&h, 1000);
    assert_false(h.guests[BEN].open);
    h.to_guest = ben_is_on_stage;
    hostile_house_enter(&h, CAT, SIGNAL_LISTENER);
    assert_true(hostile_house_seat(&h, CAT, ADA)->speaker);
    assert_false(hostile_house_seat(&h, CAT, BEN)->speaker);
}

static bool make_the_ghost_moderator(struct hostile_house *house, unsigned who, struct signal *s)
{
    static uint8_t room[64];
    struct writer w = writer_over(room);

    (void)house;
    (void)who;
    if (s->type != SIGNAL_HANDSHAKE)
        return true;
    signal_moved_put(&w, &(struct signal_moved){ghost.leaf, SIGNAL_MODERATOR});
    assert_int_equal(writer_end(&w, &s->handshake.roles), OK);
    return true;
}

/* A commit by the ghost, past all rules of its own, as the house brings it to everybody. */
static void ghost_commits(const struct group_change *change, struct bytes removed)
{
    struct signal s = {.type = SIGNAL_HANDSHAKE, .handshake = {.removed = removed}};
    struct group_committed out;

    assert_int_equal(group_commit(ghost.room->group, &h.seeded.random, change, now().unix_s, &out), OK);
    memcpy(s.handshake.room, h.room, 32);
    s.handshake.epoch = group_epoch(ghost.room->group);
    s.handshake.commit = buffer_bytes(&out.commit);
    for (unsigned who = ADA; who <= CAT; who++)
        hostile_house_say(&h, who, &s);
    hostile_house_pass(&h, 500);
    group_committed_free(&out);
    group_drop_staged(ghost.room->group);
}

/* F1, F4: the house's word makes nobody moderator; as one it is listened to by nobody. */
static void f1_a_ghost_is_no_moderator_by_the_houses_word(void **state)
{
    const struct core_member *members;
    struct bytes removed;
    uint8_t list[16];
    struct writer w = writer_over(list);
    uint64_t epoch;

    (void)state;
    hostile_house_gather(&h);
    ghost_make(h.room, NULL);
    h.to_guest = name_the_ghost;
    slip_in(core_room_key_package(ghost.room));
    ghost_joins();
    nobody_was_alarmed();

    /* It kicks Ben. */
    h.to_guest = NULL;
    signal_gone_put(&w, &(struct signal_gone){hostile_house_seat(&h, ADA, BEN)->leaf, SIGNAL_KICKED});
    assert_int_equal(writer_end(&w, &removed), OK);
    epoch = core_room_epoch(h.guests[ADA].client->core);
    ghost_commits(
        &(struct group_change){.removes = &hostile_house_seat(&h, ADA, BEN)->leaf, .remove_count = 1},
        removed);
    for (unsigned who = ADA; who <= CAT; who++) {
        assert_true(was_told(who, change_refused));
        assert_int_equal(core_room_epoch(h.guests[who].client->core), epoch);
        assert_non_null(hostile_house_seat(&h, who, BEN));
    }

    /* The house says that it is one. */
    h.to_guest = make_the_ghost_moderator;
    hostile_house_wish(&h, ADA, CLIENT_INVITE, "ben");
    hostile_house_pass(&h, 500);
    for (unsigned who = ADA; who <= CAT; who++) {
        assert_true(was_told(who, differs));
        for (size_t i = 0, n = core_room_members(h.guests[who].client->core, &members); i < n; i++)
            assert_int_equal(members[i].moderator,
                             memcmp(members[i].account, h.guests[ADA].identity.account_key, 32) == 0);
    }
    core_room_free(ghost.room);
}

/* --- What is another room's, or nobody's --- */

/* F25: a KeyPackage that somebody made for another room seats nobody here. */
static void f25_a_key_package_of_another_room_seats_nobody(void **state)
{
    uint8_t other[32];

    (void)state;
    hostile_house_gather(&h);
    random_fill(&h.seeded.random, other, sizeof other);
    ghost_make(other, NULL);
    slip_in(core_room_key_package(ghost.room));
    assert_false(ghost.added);
    for (unsigned who = ADA; who <= CAT; who++)
        assert_null(hostile_house_seat(&h, who, GHOST));
    nobody_was_alarmed();
    core_room_free(ghost.room);
}

static bool spoil_the_welcome(struct hostile_house *house, unsigned who, struct signal *s)
{
    static uint8_t room[WELCOME_BYTES];

    if (who != CAT || s->type != SIGNAL_SEATED)
        return true;
    s->seated.welcome = kept(s->seated.welcome, room, sizeof room);
    room[s->seated.welcome.len - 1 - house->lies] ^= 1;
    return true;
}

static void a_forged_welcome_seats_nobody(void **state)
{
    (void)state;
    hostile_house_enter(&h, ADA, SIGNAL_SPEAKER);
    h.to_guest = spoil_the_welcome;
    for (h.lies = 0; h.lies < 200; h.lies += 99) {
        hostile_house_begin(&h, CAT, SIGNAL_LISTENER);
        hostile_house_until(&h, CAT, NEWS_OVER, 1);
        assert_int_equal(h.guests[CAT].told[NEWS_SEATED], 0);
        assert_int_not_equal(h.guests[CAT].why, OK);
        hostile_house_pass(&h, 3000);
    }
    assert_null(hostile_house_seat(&h, ADA, CAT));
}

/* --- A group of the house's own under the true link --- */

static bool welcome_into_the_false_group(struct hostile_house *house, unsigned who, struct signal *s)
{
    static uint8_t joiners[4096], seats[4096];
    struct writer w = writer_over(joiners), list = writer_over(seats);
    struct core_order order = {.epoch = core_room_epoch(ghost.room),
                               .group_id = core_room_group_id(ghost.room)};
    struct signal seated = {.type = SIGNAL_SEATED, .request = s->request};
    struct core_handshake handshake = {0};
    const struct core_commit *commit;
    const struct core_change *change;
    struct signal_seat seat = {.handle = BYTES_TEXT("ada")};

    if (who != CAT || s->type != SIGNAL_ENTER)
        return true;
    signal_joiner_put(&w, &(struct signal_joiner){
                              .waiting = 1, .key_package = s->enter.key_package, .replaces = SIGNAL_NO_LEAF});
    assert_int_equal(writer_end(&w, &order.joiners), OK);
    assert_int_equal(core_room_commit(ghost.room, now(), &order, &commit), OK);
    /* Its own seat is the ghost's, whatever name the house gives it. */
    memcpy(seat.account, house->guests[GHOST].identity.account_key, 32);
    signal_seat_put(&list, &seat);
    seat.leaf = 1;
    memcpy(seat.account, house->guests[CAT].identity.account_key, 32);
    seat.handle = BYTES_TEXT("cat");
    signal_seat_put(&list, &seat);
    assert_int_equal(writer_end(&list, &seated.seated.seats), OK);
    memcpy(seated.seated.room, house->room, 32);
    seated.seated.epoch = commit->epoch + 1;
    seated.seated.leaf = 1;
    seated.seated.title = BYTES_TEXT("Tea");
    seated.seated.welcome = commit->welcome;
    seated.seated.tree = commit->tree;
    seated.seated.media_url = BYTES_TEXT("http://127.0.0.1:9/media");
    seated.seated.ticket = BYTES_TEXT("v4.public.x");
    hostile_house_say(house, CAT, &seated);
    handshake.commit = commit->commit;
    assert_int_equal(core_room_take(ghost.room, now(), &handshake, &change), OK);
    return false;
}

/* F2: with the true charter, which is no secret, the house founds a group of its own. In it nobody is on
 * stage, since nobody there is a moderator, the people whom the joiner expects are missing, and within 15 s
 * it says that no moderator has confirmed the room. */
static void f2_a_false_group_under_a_true_link_is_empty_and_shows_in_15_s(void **state)
{
    struct bytes group_id;
    uint64_t since_ms, after_ms;

    (void)state;
    ghost_make(h.room, NULL);
    assert_int_equal(core_room_found(ghost.room, now(), h.charter_bytes, h.signature, &group_id), OK);
    hostile_house_enter(&h, ADA, SIGNAL_SPEAKER);
    h.to_house = welcome_into_the_false_group;
    hostile_house_enter(&h, CAT, SIGNAL_SPEAKER);
    since_ms = hostile_house_ms();
    assert_null(hostile_house_seat(&h, CAT, ADA));
    assert_false(hostile_house_seat(&h, CAT, GHOST)->speaker);
    assert_false(hostile_house_seat(&h, CAT, CAT)->speaker);
    hostile_house_pass(&h, 16000);
    after_ms = hostile_house_alarm(&h, CAT, "no moderator has confirmed the room for 15 s", since_ms);
    assert_true(after_ms <= 15100);
    assert_false(h.guests[CAT].open);
    core_room_free(ghost.room);
}

static bool found_another_room(struct hostile_house *house, unsigned who, struct signal *s)
{
    static uint8_t text[CHARTER_BYTES], id[32];
    struct charter charter = house->charter;

    (void)who;
    if (s->type != SIGNAL_FOUND_TABLE)
        return true;
    memcpy(charter.maker, house->guests[GHOST].identity.account_key, 32);
    assert_int_equal(core_charter_sign(&charter, house->guests[GHOST].identity.seed,
                                       (struct bytes_mut){text, sizeof text}, &s->found_table.charter,
                                       s->found_table.signature, id),
                     OK);
    return true;
}

/* F2: another charter than the link's, whoever has signed it, is not founded under its name. */
static void f2_the_link_names_the_charter(void **state)
{
    (void)state;
    h.to_guest = found_another_room;
    hostile_house_begin(&h, CAT, SIGNAL_LISTENER);
    hostile_house_until(&h, CAT, NEWS_OVER, 1);
    assert_int_equal(h.guests[CAT].told[NEWS_SEATED], 0);
    assert_int_equal(h.guests[CAT].why, E_REFUSED);
}

/* --- A private room --- */

/* F7, F15: the house has no secret, so it has no voucher, and no member lets its ghost in: neither without
 * one nor with one by a secret of its own. */
static void f7_without_the_links_secret_nobody_is_let_in(void **state)
{
    static const uint8_t guessed[CORE_SECRET_BYTES] = {1, 2, 3};

    (void)state;
    hostile_house_gather(&h);
    for (unsigned guess = 0; guess < 2; guess++) {
        ghost_make(h.room, guess == 0 ? NULL : guessed);
        slip_in(core_room_key_package(ghost.room));
        assert_false(ghost.added);
        core_room_free(ghost.room);
    }
    /* By the front door neither. */
    h.to_house = NULL;
    h.guests[GHOST].secret = guessed;
    hostile_house_begin(&h, GHOST, SIGNAL_LISTENER);
    hostile_house_until(&h, GHOST, NEWS_OVER, 1);
    assert_int_equal(h.guests[GHOST].told[NEWS_SEATED], 0);
    h.guests[GHOST].secret = NULL;
    for (unsigned who = ADA; who <= CAT; who++)
        assert_null(hostile_house_seat(&h, who, GHOST));
    nobody_was_alarmed();
    /* The secret is what was missing. */
    ghost_make(h.room, h.secret);
    slip_in(core_room_key_package(ghost.room));
    assert_true(ghost.added);
    core_room_free(ghost.room);
}

/* F15: with the secret, which was kicked out with somebody, it is shut as well. */
static void f15_a_kick_shuts_the_secret_that_went_with_it(void **state)
{
    (void)state;
    hostile_house_gather(&h);
    hostile_house_wish(&h, ADA, CLIENT_KICK, "cat");
    hostile_house_until(&h, CAT, NEWS_OVER, 1);
    assert_int_equal(h.guests[CAT].told[NEWS_KICKED], 1);
    ghost_make(h.room, h.secret);
    slip_in(core_room_key_package(ghost.room));
    assert_false(ghost.added);
    assert_null(hostile_house_seat(&h, ADA, GHOST));
    assert_null(hostile_house_seat(&h, BEN, GHOST));
    core_room_free(ghost.room);
}

/* --- Tickets --- */

static struct {
    enum signal_type last;
    uint16_t reason;
    unsigned tickets;
    bool without_a_leaf;
} tickets;

/* Every ticket that the house gives goes to somebody who is on every roster. */
static bool watch_tickets(struct hostile_house *house, unsigned who, struct signal *s)
{
    if (who == GHOST) {
        tickets.last = s->type;
        tickets.reason = s->type == SIGNAL_REFUSED ? s->refused.reason : 0;
    }
    if (s->type != SIGNAL_TICKET)
        return true;
    tickets.tickets++;
    for (unsigned other = ADA; other <= CAT; other++)
        if (other != who && house->guests[other].told[NEWS_SEATED] != 0 &&
            hostile_house_seat(house, other, who) == NULL)
            tickets.without_a_leaf = true;
    return true;
}

static bool never_enters(struct hostile_house *house, unsigned who, struct signal *s)
{
    (void)house;
    return who != GHOST || s->type != SIGNAL_ENTER;
}

/* G47: a bot that signs in, and never sits down. */
static void g47_no_ticket_without_a_leaf_on_every_roster(void **state)
{
    const struct signal types[] = {
        {.type = SIGNAL_TICKET_NEW, .request = 50},
        {.type = SIGNAL_CATCH_UP, .request = 51},
        {.type = SIGNAL_COMMIT, .request = 52, .commit.commit = BYTES_TEXT("x")},
        {.type = SIGNAL_FOUNDED, .request = 53, .founded.group_id = BYTES_TEXT("x")}};

    (void)state;
    memset(&tickets, 0, sizeof tickets);
    h.to_guest = watch_tickets;
    hostile_house_gather(&h);
    for (unsigned who = ADA; who <= CAT; who++)
        for (unsigned other = ADA; other <= CAT; other++)
            assert_non_null(hostile_house_seat(&h, other, who));
    hostile_house_pass(&h, 65000); /* two tickets more for each */
    assert_true(tickets.tickets >= 2 * 3);
    assert_false(tickets.without_a_leaf);

    h.to_house = never_enters;
    hostile_house_begin(&h, GHOST, SIGNAL_LISTENER);
    for (unsigned ms = 0; tickets.last != SIGNAL_SIGNED_IN; ms += 1) {
        assert_true(ms < 5000);
        hostile_house_pass(&h, 1);
    }
    for (unsigned i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct signal s = types[i];

        memcpy(s.ticket_new.room, h.room, 32); /* each begins with the room */
        hostile_house_bring(&h, GHOST, &s);
        assert_int_equal(tickets.last, SIGNAL_REFUSED);
        assert_int_not_equal(tickets.reason, 0);
    }
}

#define TEST(test, charter)                                                                                  \
    {                                                                                                        \
#test, test, start, end, (void *)(uintptr_t) & (charter)                                             \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(f38_a_ghost_that_is_slipped_in_is_seen_by_all, moderators_speak),
        TEST(f38_a_ghost_that_is_told_of_has_a_name, moderators_speak),
        TEST(a_seat_that_is_hidden_from_one_is_an_alarm_to_it, moderators_speak),
        TEST(a_joiner_is_alarmed_by_a_list_that_is_not_the_trees, moderators_speak),
        TEST(f21_a_name_for_another_key_is_an_alarm, moderators_speak),
        TEST(what_was_said_before_does_nothing_when_said_again, moderators_speak),
        TEST(f4_a_seat_that_the_house_takes_is_no_kick, moderators_speak),
        TEST(f4_a_kick_is_nothing_else, moderators_speak),
        TEST(f4_a_kick_that_nobody_made_is_the_houses_word, moderators_speak),
        TEST(f1_old_roles_are_not_believed, moderators_speak),
        TEST(f1_a_ghost_is_no_moderator_by_the_houses_word, moderators_speak),
        TEST(f25_a_key_package_of_another_room_seats_nobody, moderators_speak),
        TEST(a_forged_welcome_seats_nobody, moderators_speak),
        TEST(f2_a_false_group_under_a_true_link_is_empty_and_shows_in_15_s, moderators_speak),
        TEST(f2_the_link_names_the_charter, everyone_speaks),
        TEST(f7_without_the_links_secret_nobody_is_let_in, among_us),
        TEST(f15_a_kick_shuts_the_secret_that_went_with_it, among_us),
        TEST(g47_no_ticket_without_a_leaf_on_every_roster, everyone_speaks),
    };

    return cmocka_run_group_tests_name("house_lies", tests, NULL, NULL);
}
