/* Members who mean ill, with whatever a client of their own could send: what they can do to a room is to make
 * it wait for seconds, under their own name. The house is honest here; the liar on a member's link is that
 * member's own client (support/hostile_house.h). */
#include "client/inside.h"
#include "core/room.h"
#include "support/hostile_house.h"

static const struct charter moderators_speak = {.stage = CHARTER_INVITED};
static const struct charter everyone_speaks = {.stage = CHARTER_EVERYONE};

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

/* Ben has the lowest leaf, and so the doorkeeper's duty; Ada speaks and Cat listens. */
static void ben_keeps_the_door(void)
{
    hostile_house_enter(&h, BEN, SIGNAL_LISTENER);
    hostile_house_enter(&h, ADA, SIGNAL_SPEAKER);
    hostile_house_enter(&h, CAT, SIGNAL_LISTENER);
    hostile_house_pass(&h, 3000);
    assert_int_equal(core_room_leaf(h.guests[BEN].client->core), 0);
    assert_true(h.guests[CAT].heard > 50);
}

static bool share_an_epoch(unsigned one, unsigned other)
{
    const struct core_room *a = h.guests[one].client->core, *b = h.guests[other].client->core;

    return a != NULL && b != NULL && core_room_is_seated(a) && core_room_is_seated(b) &&
           memcmp(core_room_authenticator(a).at, core_room_authenticator(b).at, 32) == 0;
}

/* Milliseconds until the ghost, an honest joiner here, is in one epoch with Ada. */
static uint64_t joins_after(unsigned most_ms)
{
    const uint64_t since_ms = hostile_house_ms();

    hostile_house_begin(&h, GHOST, SIGNAL_LISTENER);
    while (!share_an_epoch(GHOST, ADA)) {
        assert_true(hostile_house_ms() - since_ms <= most_ms);
        hostile_house_pass(&h, 20);
    }
    return hostile_house_ms() - since_ms;
}

static void all_are_in_one_room(const unsigned *who, size_t count)
{
    const struct core_room *first = h.guests[who[0]].client->core;
    const struct client_seat *seats;

    for (size_t i = 0; i < count; i++) {
        const struct core_room *room = h.guests[who[i]].client->core;

        assert_int_equal(core_room_epoch(room), core_room_epoch(first));
        assert_memory_equal(core_room_authenticator(room).at, core_room_authenticator(first).at, 32);
        assert_int_equal(client_roster(h.guests[who[i]].client, &seats), count);
        for (size_t k = 0; k < count; k++)
            assert_non_null(hostile_house_seat(&h, who[i], who[k]));
    }
}

/* --- A doorkeeper who does not do his duty --- */

static bool never_commits(struct hostile_house *house, unsigned who, struct signal *s)
{
    (void)house;
    return who != BEN || s->type != SIGNAL_COMMIT;
}

static void f23_a_doorkeeper_who_does_nothing_costs_a_second(void **state)
{
    static const unsigned all[] = {BEN, ADA, CAT, GHOST};

    (void)state;
    ben_keeps_the_door();
    h.to_house = never_commits;
    assert_true(joins_after(3000) >= DOORKEEPER_MS);
    hostile_house_pass(&h, 1000);
    all_are_in_one_room(all, 4);
}

/* He keeps somebody's leaf in the tree who has left, and would so keep the room's keys for it. */
static void f4_a_doorkeeper_keeps_nobodys_leaf(void **state)
{
    static const unsigned left[] = {BEN, ADA};

    (void)state;
    ben_keeps_the_door();
    h.to_house = never_commits;
    client_leave(h.guests[CAT].client);
    hostile_house_until(&h, CAT, NEWS_OVER, 1);
    hostile_house_pass(&h, 3500);
    all_are_in_one_room(left, 2);
}

/* --- Commits that are half done --- */

static bool spoil_the_commit(struct hostile_house *house, unsigned who, struct signal *s)
{
    static uint8_t room[COMMIT_BYTES];

    if (who != BEN || s->type != SIGNAL_COMMIT)
        return true;
    house->lies++;
    memcpy(room, s->commit.commit.at, s->commit.commit.len);
    room[s->commit.commit.len - 1] ^= 1;
    s->commit.commit.at = room;
    return true;
}

/* G37, F5: it has the right epoch and wins it, and nobody can open it. The house drops it when nobody has
 * followed, its maker is out and told why, and the joiner comes in. Nobody stops hearing Ada. */
static void g37_a_commit_that_nobody_can_open_is_over_in_5_s(void **state)
{
    static const unsigned left[] = {ADA, CAT, GHOST};
    unsigned heard;
    uint64_t took_ms;

    (void)state;
    ben_keeps_the_door();
    heard = h.guests[CAT].heard;
    h.to_house = spoil_the_commit;
    took_ms = joins_after(5000);
    assert_true(h.lies > 0 && took_ms >= TRIAL_MS);
    assert_true(h.guests[CAT].heard - heard >= took_ms / 20 - 2);
    hostile_house_pass(&h, 2000);
    assert_int_equal(h.guests[BEN].told[NEWS_OVER], 1);
    assert_string_equal(h.guests[BEN].what, "nobody could follow what this client changed in the room");
    all_are_in_one_room(left, 3);
}

static bool spoil_the_welcome(struct hostile_house *house, unsigned who, struct signal *s)
{
    static uint8_t room[WELCOME_BYTES];

    if (who != BEN || s->type != SIGNAL_COMMIT || s->commit.welcome.len == 0)
        return true;
    house->lies++;
    memcpy(room, s->commit.welcome.at, s->commit.welcome.len);
    room[s->commit.welcome.len - 1] ^= 1;
    s->commit.welcome.at = room;
    return true;
}

/* F23: his commit is right, and the Welcome that goes with it can be read by nobody. The joiner gives that
 * leaf back and comes again; somebody else is asked then. */
static void f23_a_joiner_whose_welcome_is_spoilt_comes_in_all_the_same(void **state)
{
    static const unsigned all[] = {BEN, ADA, CAT, GHOST};

    (void)state;
    ben_keeps_the_door();
    h.to_house = spoil_the_welcome;
    joins_after(5000);
    assert_int_equal(h.lies, 1);
    hostile_house_pass(&h, 3000);
    all_are_in_one_room(all, 4);
}

/* --- Whoever kicks and mutes --- */

static bool keep_the_kick_from_cat(struct hostile_house *house, unsigned who, struct signal *s)
{
    (void)house;
    return who != CAT || (s->type != SIGNAL_HANDSHAKE && s->type != SIGNAL_SEAT_ENDED);
}

/* Cat's client will not hear of her kick: it keeps its keys, the relay goes on to give it every packet, and
 * it tries each. What it can open ends half a second after the moderator's word. */
static void g33_a_kicked_client_that_stays_opens_nothing(void **state)
{
    const struct keyring_stats *stats;
    uint64_t since_ms, opened, last_ms;

    (void)state;
    hostile_house_gather(&h);
    h.to_guest = keep_the_kick_from_cat;
    stats = keyring_stats(core_room_keyring(h.guests[CAT].client->core));
    since_ms = last_ms = hostile_house_ms();
    opened = stats->opened;
    assert_int_equal(client_wish(h.guests[ADA].client, CLIENT_KICK, "cat", 1), OK);
    while (hostile_house_ms() < since_ms + 4000) {
        hostile_house_pass(&h, 20);
        if (stats->opened != opened)
            last_ms = hostile_house_ms();
        opened = stats->opened;
    }
    assert_true(last_ms <= since_ms + 500);
    assert_true(stats->foreign > 300); /* both went on, and all of it came to her */
    assert_null(hostile_house_seat(&h, BEN, CAT));
}

static bool says_no_plan(struct hostile_house *house, unsigned who, struct signal *s)
{
    const struct signal done = {.type = SIGNAL_DONE, .request = s->request};

    if (who != BEN || s->type != SIGNAL_SAY)
        return true;
    hostile_house_say(house, who, &done);
    return false;
}

/* A moderator, once the steward, can keep the room unconfirmed, and so close its microphones: not while there
 * is another. That one hears that something is wrong. */
static void a_steward_who_says_no_plan_silences_nobody(void **state)
{
    uint64_t since_ms;

    (void)state;
    ben_keeps_the_door();
    hostile_house_wish(&h, ADA, CLIENT_MODERATOR, "ben");
    hostile_house_pass(&h, 6000);
    assert_true(core_room_steward(h.guests[CAT].client->core)->leaf == 0);
    h.to_house = says_no_plan;
    since_ms = hostile_house_ms();
    hostile_house_pass(&h, 30000);
    assert_int_equal(h.guests[CAT].alarm_count, 0);
    assert_true(hostile_house_alarm(&h, ADA, "no moderator has confirmed the room for 15 s", since_ms) <=
                15100);
}

/* F36: a mute cuts the sound off before it is sealed or even encoded: nobody asks the microphone any more. */
static void f36_a_mute_cuts_the_capture(void **state)
{
    unsigned frames;

    (void)state;
    hostile_house_gather(&h);
    assert_true(h.guests[BEN].open);
    hostile_house_wish(&h, ADA, CLIENT_MUTE, "ben");
    hostile_house_pass(&h, 100);
    assert_false(h.guests[BEN].open);
    frames = h.guests[BEN].frames;
    assert_true(frames > 0);
    hostile_house_pass(&h, 3000);
    assert_int_equal(h.guests[BEN].frames, frames);
    assert_true(h.guests[ADA].heard_last_ms < hostile_house_ms() - 2000);
    hostile_house_wish(&h, BEN, CLIENT_ACCEPT, NULL);
    hostile_house_pass(&h, 1000);
    assert_true(h.guests[BEN].frames > frames);
}

/* F30: a moderator whom the maker named does not overrule her, nor put her out. */
static void f30_a_moderator_is_not_above_the_maker(void **state)
{
    static const unsigned all[] = {ADA, BEN, CAT};
    static const enum client_verb verbs[] = {CLIENT_KICK, CLIENT_BLOCK, CLIENT_DEMOTE};
    struct core_word word;
    struct core_order order;
    const struct core_commit *commit;
    struct signal s = {.type = SIGNAL_COMMIT, .request = 4711};
    struct core_room *ada;

    (void)state;
    hostile_house_gather(&h);
    ada = h.guests[ADA].client->core;
    word =
        core_word_on(core_room_member(ada, core_room_leaf(h.guests[BEN].client->core)), STATEMENT_MODERATOR);
    order = (struct core_order){.epoch = core_room_epoch(ada),
                                .group_id = core_room_group_id(ada),
                                .words = &word,
                                .word_count = 1,
                                .account_seed = h.guests[ADA].identity.seed};
    assert_int_equal(core_room_commit(ada, client_time(), &order, &commit), OK);
    memcpy(s.commit.room, h.room, 32);
    s.commit.epoch = commit->epoch;
    s.commit.commit = commit->commit;
    s.commit.roles = commit->roles;
    hostile_house_bring(&h, ADA, &s);
    hostile_house_pass(&h, 1000);
    assert_true(
        core_room_member(h.guests[CAT].client->core, core_room_leaf(h.guests[BEN].client->core))->moderator);

    for (unsigned i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        unsigned before = h.guests[BEN].told[NEWS_WISH];

        assert_int_equal(client_wish(h.guests[BEN].client, verbs[i], "ada", 1), OK);
        hostile_house_until(&h, BEN, NEWS_WISH, before + 1);
        assert_int_equal(h.guests[BEN].why, E_REFUSED);
    }
    hostile_house_pass(&h, 1000);
    all_are_in_one_room(all, 3);
    assert_true(h.guests[ADA].open);
    /* Others he may put out. */
    hostile_house_wish(&h, BEN, CLIENT_KICK, "cat");
    hostile_house_pass(&h, 1000);
    assert_int_equal(h.guests[CAT].told[NEWS_KICKED], 1);
    all_are_in_one_room(all, 2);
}

#define TEST(test, charter)                                                                                  \
    {                                                                                                        \
#test, test, start, end, (void *)(uintptr_t) & (charter)                                             \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(f23_a_doorkeeper_who_does_nothing_costs_a_second, moderators_speak),
        TEST(f4_a_doorkeeper_keeps_nobodys_leaf, moderators_speak),
        TEST(g37_a_commit_that_nobody_can_open_is_over_in_5_s, moderators_speak),
        TEST(f23_a_joiner_whose_welcome_is_spoilt_comes_in_all_the_same, moderators_speak),
        TEST(g33_a_kicked_client_that_stays_opens_nothing, everyone_speaks),
        TEST(a_steward_who_says_no_plan_silences_nobody, moderators_speak),
        TEST(f36_a_mute_cuts_the_capture, everyone_speaks),
        TEST(f30_a_moderator_is_not_above_the_maker, moderators_speak),
    };

    return cmocka_run_group_tests_name("member", tests, NULL, NULL);
}
