/* A house that keeps people apart: two rooms made of one, commits, plans and talk held back, a sign-in
 * carried elsewhere. It can do so, since absence looks the same; but whoever is cut off from the room's
 * moderator hears of it within 15 s, and after 60 s speaks no more. Minutes pass on a held clock
 * (support/hostile_house.h). */
#include "client/inside.h"
#include "core/room.h"
#include "support/hostile_house.h"
#include "wire/envelope.h"

#include <stdlib.h>
#include <time.h>

static const struct charter moderators_speak = {.stage = CHARTER_INVITED};
static const struct charter everyone_speaks = {.stage = CHARTER_EVERYONE};
static const struct charter among_us = {.kind = CHARTER_PRIVATE, .stage = CHARTER_EVERYONE};

static const char for_15_s[] = "no moderator has confirmed the room for 15 s";
static const char for_60_s[] = "no moderator has confirmed the room for 60 s";
static const char is_split[] = "the house has another group under this room's name";
static const char foreign[] = "voices come in that this room has no key for";

/* The beat's step, and what a plan takes on its way. */
enum { SLACK_MS = 100 };

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

static uint64_t alarm_after(unsigned who, const char *words, uint64_t since_ms)
{
    return hostile_house_alarm(&h, who, words, since_ms);
}

static bool within_15_s(unsigned who, uint64_t since_ms)
{
    return alarm_after(who, for_15_s, since_ms) <= 15000 + SLACK_MS;
}

/* Ada in one half, the others in another, to whom the house says that nobody is awake. */
static uint64_t gather_in_halves(void)
{
    bool everyone = h.charter.stage == CHARTER_EVERYONE;
    uint64_t since_ms;

    hostile_house_split(&h);
    h.guests[BEN].at = h.guests[CAT].at = 1;
    hostile_house_enter(&h, ADA, SIGNAL_SPEAKER);
    hostile_house_enter(&h, BEN, SIGNAL_SPEAKER);
    since_ms = hostile_house_ms();
    hostile_house_enter(&h, CAT, SIGNAL_LISTENER);
    hostile_house_pass(&h, 500);
    assert_int_equal(h.guests[BEN].open, everyone);
    return since_ms;
}

static bool keep_apart(struct hostile_house *house, unsigned from, unsigned to, struct bytes_mut packet)
{
    (void)packet;
    return house->guests[from].at == house->guests[to].at;
}

/* F3: the half without the moderator says so in 15 s, shows who is missing, and has an empty stage. The other
 * cannot know. */
static void f3_a_half_without_its_moderator_is_warned_in_15_s(void **state)
{
    uint64_t since_ms;

    (void)state;
    h.relay = keep_apart;
    since_ms = gather_in_halves();
    hostile_house_pass(&h, 20000);
    for (unsigned who = BEN; who <= CAT; who++) {
        assert_true(within_15_s(who, since_ms + (who == CAT) * 100));
        assert_null(hostile_house_seat(&h, who, ADA));
        assert_false(hostile_house_seat(&h, who, BEN)->speaker);
    }
    assert_null(hostile_house_seat(&h, ADA, BEN));
    assert_int_equal(h.guests[ADA].alarm_count, 0);
}

/* The same in the midst of talk: their links are led to the other half, where the house has forgotten them.
 * Each that sits down again says at once whom it sat with before. */
static void f3_a_table_founded_anew_shows_who_is_missing(void **state)
{
    uint64_t since_ms;

    (void)state;
    h.relay = keep_apart;
    hostile_house_gather(&h);
    hostile_house_split(&h);
    since_ms = hostile_house_ms();
    for (unsigned who = BEN; who <= CAT; who++) {
        h.guests[who].at = 1;
        ws_close(h.guests[who].ws, 1001, "");
    }
    hostile_house_until(&h, BEN, NEWS_SEATED, 2);
    hostile_house_until(&h, CAT, NEWS_SEATED, 2);
    for (unsigned who = BEN; who <= CAT; who++) {
        assert_true(alarm_after(who, "the table was founded anew, without ada", since_ms) <= 5000);
        assert_null(hostile_house_seat(&h, who, ADA));
    }
    hostile_house_pass(&h, 16000);
    assert_true(within_15_s(BEN, since_ms));
    assert_true(within_15_s(CAT, since_ms));
}

/* F1: and where a moderator has said something meanwhile, which the other half knows nothing of, nobody who
 * heard it sits down there: there whoever was demoted would speak again, and whoever was shut out come in. */
static void f1_a_table_without_the_last_words_is_not_sat_down_at(void **state)
{
    (void)state;
    h.relay = keep_apart;
    hostile_house_gather(&h);
    hostile_house_wish(&h, ADA, CLIENT_INVITE, "ben");
    hostile_house_wish(&h, ADA, CLIENT_DEMOTE, "ben");
    hostile_house_pass(&h, 3000);
    hostile_house_split(&h);
    for (unsigned who = BEN; who <= CAT; who++) {
        h.guests[who].at = 1;
        ws_close(h.guests[who].ws, 1001, "");
    }
    for (unsigned who = BEN; who <= CAT; who++) {
        hostile_house_until(&h, who, NEWS_OVER, 1);
        assert_int_equal(h.guests[who].told[NEWS_SEATED], 1);
        assert_non_null(strstr(h.guests[who].what, "the room as it was before its moderators' last words"));
    }
    assert_int_equal(h.guests[ADA].alarm_count, 0);
}

/* Where everybody may speak, they do not go on for longer than a minute without a moderator; in an open room
 * their microphones stay open, and are marked by the alarm. */
static void f3_microphones_close_after_60_s_without_a_plan(void **state)
{
    uint64_t since_ms;

    (void)state;
    h.relay = keep_apart;
    since_ms = gather_in_halves();
    hostile_house_pass(&h, 58000);
    assert_true(h.guests[BEN].open);
    hostile_house_pass(&h, 5000);
    assert_true(alarm_after(BEN, for_60_s, since_ms) <= 60000 + SLACK_MS);
    assert_false(h.guests[BEN].open);
    assert_true(h.guests[BEN].open_changed_ms - since_ms <= 60000 + SLACK_MS);
    assert_true(h.guests[ADA].open);
    assert_int_equal(h.guests[ADA].alarm_count, 0);
}

static void f3_in_an_open_room_they_are_marked(void **state)
{
    uint64_t since_ms;

    (void)state;
    h.relay = keep_apart;
    since_ms = gather_in_halves();
    hostile_house_pass(&h, 62000);
    assert_true(within_15_s(BEN, since_ms));
    assert_true(alarm_after(BEN, for_60_s, since_ms) <= 60000 + SLACK_MS);
    assert_true(h.guests[BEN].open);
}

/* F3: halves that meet. The relay lets a voice over: those who hear it say in seconds that it is of no room
 * of theirs, the moderator's half too. */
static void f3_a_voice_from_the_other_half_is_an_alarm(void **state)
{
    uint64_t since_ms;

    (void)state;
    h.relay = keep_apart;
    gather_in_halves();
    hostile_house_pass(&h, 1000);
    assert_int_equal(h.guests[ADA].alarm_count, 0);
    h.relay = NULL;
    since_ms = hostile_house_ms();
    hostile_house_pass(&h, 5000);
    assert_true(alarm_after(ADA, foreign, since_ms) <= 4000 + SLACK_MS);
    assert_true(alarm_after(CAT, foreign, since_ms) <= 4000 + SLACK_MS);
}

static bool bring_over(struct hostile_house *house, unsigned who, struct signal *s)
{
    if (who == ADA && s->type == SIGNAL_SAY) {
        struct signal said = {.type = SIGNAL_SAID, .said = s->say};

        hostile_house_say(house, CAT, &said);
    }
    return true;
}

/* F3: and so does the moderator's plan, or any talk, that comes over. */
static void f3_talk_from_the_other_half_is_an_alarm(void **state)
{
    uint64_t since_ms;

    (void)state;
    h.relay = keep_apart;
    gather_in_halves();
    h.to_house = bring_over;
    since_ms = hostile_house_ms();
    hostile_house_pass(&h, 6000);
    assert_true(alarm_after(CAT, is_split, since_ms) <= 5000 + SLACK_MS);
    assert_int_equal(h.guests[BEN].alarm_count, 0);
}

/* --- A kick that is kept from a speaker --- */

static struct {
    uint64_t last_ms;
    unsigned count, says;
} bens;

static bool note_bens_voice(struct hostile_house *house, unsigned from, unsigned to, struct bytes_mut packet)
{
    (void)house;
    (void)to;
    (void)packet;
    if (from == BEN) {
        bens.last_ms = hostile_house_ms();
        bens.count++;
    }
    return true;
}

static bool keep_from_ben(struct hostile_house *house, unsigned who, struct signal *s)
{
    (void)house;
    return who != BEN || (s->type != SIGNAL_HANDSHAKE && s->type != SIGNAL_SAID);
}

/* Its own books are to say that Ben follows: the value that Ada answers with is the one that he would. */
static bool answer_for_ben(struct hostile_house *house, unsigned who, struct signal *s)
{
    if (who == BEN && s->type == SIGNAL_SAY)
        bens.says++;
    if (who == ADA && s->type == SIGNAL_ANSWER)
        hostile_house_bring(house, BEN, s);
    return who != BEN || s->type != SIGNAL_ANSWER;
}

/* F13: Cat is kicked, keeps every key and packet, and house and relay are with her. Ben, who is not told,
 * goes on for a minute at most; he hears nobody from the kick on, and is warned within seconds. */
static void f13_a_kick_kept_from_a_speaker_ends_him_in_60_s(void **state)
{
    uint64_t since_ms, plan_ms;

    (void)state;
    memset(&bens, 0, sizeof bens);
    h.relay = note_bens_voice;
    hostile_house_gather(&h);
    hostile_house_pass(&h, 5000);
    plan_ms = h.guests[BEN].client->plan_us / 1000;
    h.to_guest = keep_from_ben;
    h.to_house = answer_for_ben;
    since_ms = hostile_house_ms();
    hostile_house_wish(&h, ADA, CLIENT_KICK, "cat");
    hostile_house_pass(&h, 10000);
    assert_true(bens.count > 500);
    /* Deaf from the commit on, but for what was under way. */
    assert_true(h.guests[BEN].heard_last_ms <= since_ms + 500);
    assert_true(h.guests[ADA].heard_last_ms <= since_ms + OLD_KEY_MS + 500);
    assert_true(alarm_after(BEN, foreign, since_ms) <= 5000);
    assert_true(within_15_s(BEN, plan_ms) || alarm_after(BEN, for_15_s, plan_ms) == UINT64_MAX);
    hostile_house_pass(&h, 60000);
    assert_true(within_15_s(BEN, plan_ms));
    assert_true(alarm_after(BEN, for_60_s, plan_ms) <= 60000 + SLACK_MS);
    assert_false(h.guests[BEN].open);
    assert_true(h.guests[BEN].frame_last_ms <= plan_ms + 60000 + SLACK_MS);
    /* Silence follows, that proves the last second: for one block, and what is left of the one before. */
    assert_true(bens.last_ms <= plan_ms + 60000 + 2 * 1000 + SLACK_MS);
    assert_true(h.guests[ADA].open);
    bens.says = 0;
    assert_int_equal(client_chat(h.guests[BEN].client, BYTES_TEXT("is she gone?")), OK);
    hostile_house_pass(&h, 2000);
    assert_int_equal(bens.says, 0);
}

/* --- What is held back --- */

static bool keep_all_talk(struct hostile_house *house, unsigned who, struct signal *s)
{
    (void)house;
    (void)who;
    return s->type != SIGNAL_SAID;
}

/* The house says that it was said, and says it to nobody. Of a line of chat nobody can know; but with it the
 * plan does not come either. */
static void f3_talk_that_is_held_back_is_missed_in_15_s(void **state)
{
    uint64_t since_ms;

    (void)state;
    hostile_house_gather(&h);
    h.to_guest = keep_all_talk;
    since_ms = hostile_house_ms();
    assert_int_equal(client_chat(h.guests[ADA].client, BYTES_TEXT("is anybody there?")), OK);
    hostile_house_pass(&h, 16000);
    for (unsigned who = BEN; who <= CAT; who++) {
        assert_int_equal(h.guests[who].chats, 0);
        assert_true(within_15_s(who, since_ms));
    }
}

enum { KEPT = 16, LATE_MS = 8000 };

static struct {
    struct {
        uint8_t bytes[4096];
        struct bytes message;
        uint64_t until_ms;
    } at[KEPT];
    unsigned first, end;
} kept;

static bool keep_for_a_while(struct hostile_house *house, unsigned who, struct signal *s)
{
    unsigned i = kept.end % KEPT;

    (void)house;
    if (who != BEN || s->type != SIGNAL_SAID)
        return true;
    assert_true(kept.end - kept.first < KEPT);
    assert_int_equal(
        signal_write(s, (struct bytes_mut){kept.at[i].bytes, sizeof kept.at[i].bytes}, &kept.at[i].message),
        OK);
    kept.at[i].until_ms = hostile_house_ms() + LATE_MS;
    kept.end++;
    return false;
}

static void pass_with_what_is_late(unsigned ms)
{
    for (unsigned done = 0; done < ms; done += 100) {
        for (; kept.first < kept.end && kept.at[kept.first % KEPT].until_ms <= hostile_house_ms();
             kept.first++) {
            struct signal s;

            assert_int_equal(signal_read(kept.at[kept.first % KEPT].message, &s), OK);
            hostile_house_say(&h, BEN, &s);
        }
        hostile_house_pass(&h, 100);
    }
}

/* F17: each plan comes, 8 s late. It confirms what was, and so it counts as none. */
static void f17_plans_that_come_late_count_as_none(void **state)
{
    uint64_t since_ms;

    (void)state;
    memset(&kept, 0, sizeof kept);
    hostile_house_gather(&h);
    hostile_house_pass(&h, 6000);
    h.to_guest = keep_for_a_while;
    since_ms = hostile_house_ms();
    pass_with_what_is_late(25000);
    assert_true(kept.first >= 2); /* some came */
    assert_true(within_15_s(BEN, since_ms));
    assert_int_equal(h.guests[CAT].alarm_count, 0);
}

static struct {
    unsigned handshakes;
} dropped;

static bool drop_every_other(struct hostile_house *house, unsigned who, struct signal *s)
{
    (void)house;
    if (who != BEN)
        return true;
    if (s->type == SIGNAL_HANDSHAKE)
        return dropped.handshakes++ % 2 != 0;
    return s->type != SIGNAL_SAID;
}

/* Without every other commit he cannot follow, and takes another seat each time. That buys the house no time.
 */
static void f3_a_seat_taken_anew_does_not_buy_time(void **state)
{
    uint64_t since_ms;
    unsigned seats;

    (void)state;
    memset(&dropped, 0, sizeof dropped);
    hostile_house_gather(&h);
    h.to_guest = drop_every_other;
    since_ms = hostile_house_ms();
    seats = h.guests[BEN].told[NEWS_SEATED];
    for (unsigned i = 0; i < 4; i++) {
        hostile_house_wish(&h, ADA, i % 2 == 0 ? CLIENT_INVITE : CLIENT_DEMOTE, "cat");
        hostile_house_pass(&h, 4000);
    }
    assert_true(h.guests[BEN].told[NEWS_SEATED] >= seats + 2);
    assert_true(within_15_s(BEN, since_ms));
}

static bool take_no_commit(struct hostile_house *house, unsigned who, struct signal *s)
{
    const struct signal refused = {
        .type = SIGNAL_REFUSED, .request = s->request, .refused = {.reason = REASON_STALE}};

    if (s->type != SIGNAL_COMMIT)
        return true;
    hostile_house_say(house, who, &refused);
    return false;
}

/* F18: one epoch for as long as the house likes, and with it one key. Everybody says so after two minutes. */
static void f18_an_epoch_that_the_house_keeps_is_an_alarm(void **state)
{
    static const char old[] = "the room's keys are older than two minutes";
    uint64_t since_ms;

    (void)state;
    hostile_house_enter(&h, ADA, SIGNAL_LISTENER);
    hostile_house_enter(&h, BEN, SIGNAL_LISTENER);
    since_ms = hostile_house_ms();
    hostile_house_pass(&h, 130000);
    assert_int_equal(h.guests[BEN].alarm_count, 0);
    assert_true(core_room_epoch(h.guests[BEN].client->core) > 1); /* an honest one has it changed */
    h.to_house = take_no_commit;
    since_ms = hostile_house_ms();
    hostile_house_pass(&h, 136000);
    assert_true(alarm_after(ADA, old, since_ms) <= 135000 + SLACK_MS);
    assert_true(alarm_after(BEN, old, since_ms) <= 135000 + SLACK_MS);
}

/* --- A joiner who is led into a fork --- */

static struct {
    uint8_t welcome[WELCOME_BYTES], tree[TREE_BYTES];
    struct bytes welcome_bytes, tree_bytes;
} led;

static struct core_now now(void)
{
    return (struct core_now){hostile_house_ms(), (uint64_t)time(NULL)};
}

/* The doorkeeper, Ben's client with the house's help, makes two commits of one: everybody gets the second,
 * and the joiner the Welcome of the first. */
static bool fork_the_joiner(struct hostile_house *house, unsigned who, struct signal *s)
{
    struct client *ben = house->guests[BEN].client;
    struct core_order order = {.epoch = s->waiting.epoch, .group_id = s->waiting.group_id};
    const struct core_commit *first;

    if (s->type == SIGNAL_WAITING && who == ADA && s->waiting.joiners.len != 0) {
        order.joiners = s->waiting.joiners;
        assert_int_equal(core_room_commit(ben->core, now(), &order, &first), OK);
        assert_true(first->welcome.len <= sizeof led.welcome && first->tree.len <= sizeof led.tree);
        memcpy(led.welcome, first->welcome.at, first->welcome.len);
        memcpy(led.tree, first->tree.at, first->tree.len);
        led.welcome_bytes = bytes(led.welcome, first->welcome.len);
        led.tree_bytes = bytes(led.tree, first->tree.len);
        return true; /* Ada makes the one that counts */
    }
    if (s->type == SIGNAL_SEATED && who == CAT) {
        s->seated.welcome = led.welcome_bytes;
        s->seated.tree = led.tree_bytes;
    }
    return true;
}

/* F6: she is in a group with the right charter, roster and epoch, and with keys that nobody else has: no
 * voice opens, no plan comes, and both are said. */
static void f6_a_joiner_in_a_fork_is_warned(void **state)
{
    uint64_t since_ms;

    (void)state;
    memset(&led, 0, sizeof led);
    hostile_house_enter(&h, ADA, SIGNAL_SPEAKER);
    hostile_house_enter(&h, BEN, SIGNAL_LISTENER);
    hostile_house_pass(&h, 1000);
    h.to_guest = fork_the_joiner;
    hostile_house_enter(&h, CAT, SIGNAL_LISTENER);
    since_ms = hostile_house_ms();
    assert_int_equal(core_room_epoch(h.guests[CAT].client->core),
                     core_room_epoch(h.guests[ADA].client->core));
    assert_memory_not_equal(core_room_authenticator(h.guests[CAT].client->core).at,
                            core_room_authenticator(h.guests[ADA].client->core).at, 32);
    assert_int_equal(h.guests[CAT].alarm_count, 0);
    hostile_house_pass(&h, 16000);
    assert_true(alarm_after(CAT, foreign, since_ms) <= 5000);
    assert_true(within_15_s(CAT, since_ms));
    assert_int_equal(h.guests[CAT].heard, 0);
    assert_true(h.guests[BEN].heard > 0);
}

/* --- Another house --- */

/* What another house is asked, without a link of its own. */
static struct {
    struct signal_challenge challenge;
    uint16_t reason;
    enum signal_type last;
    bool whole; /* its challenge is passed on as it is, not under this house's name */
    unsigned brought;
    struct session *session;
} elsewhere;

static enum result elsewhere_takes(void *self, struct bytes padded)
{
    struct bytes plain;
    struct signal s;

    (void)self;
    assert_int_equal(envelope_unpad(padded, &plain), OK);
    assert_int_equal(signal_read(plain, &s), OK);
    elsewhere.last = s.type;
    if (s.type == SIGNAL_CHALLENGE)
        elsewhere.challenge = s.challenge;
    if (s.type == SIGNAL_REFUSED)
        elsewhere.reason = s.refused.reason;
    return OK;
}

static void elsewhere_closes(void *self, unsigned code)
{
    (void)self;
    (void)code;
}

static bool challenge_for_another(struct hostile_house *house, unsigned who, struct signal *s)
{
    (void)house;
    (void)who;
    if (s->type != SIGNAL_CHALLENGE)
        return true;
    memcpy(s->challenge.nonce, elsewhere.challenge.nonce, 32);
    if (elsewhere.whole)
        memcpy(s->challenge.house, elsewhere.challenge.house, 32);
    return true;
}

static void bring_elsewhere(const struct signal *s)
{
    static uint8_t plain[4096], padded[8192];
    struct bytes message, whole;

    assert_int_equal(signal_write(s, (struct bytes_mut){plain, sizeof plain}, &message), OK);
    assert_int_equal(envelope_pad(message, (struct bytes_mut){padded, sizeof padded}, &whole), OK);
    session_take(elsewhere.session, hostile_house_ms(), whole);
}

static bool carry_the_sign_in(struct hostile_house *house, unsigned who, struct signal *s)
{
    (void)house;
    (void)who;
    elsewhere.brought++;
    if (s->type == SIGNAL_SIGN_IN)
        bring_elsewhere(s);
    return true;
}

static void call_elsewhere(void)
{
    static const struct line line = {elsewhere_takes, elsewhere_closes, NULL};

    if (elsewhere.session != NULL)
        session_end(elsewhere.session, hostile_house_ms());
    assert_int_equal(session_new(h.houses[1], hostile_house_ms(), &line, &elsewhere.session), OK);
    assert_int_equal(elsewhere.last, SIGNAL_CHALLENGE);
}

/* F19: Ben has one key with two houses. The first hands him the other's challenge, and carries what he signs
 * there: under its own name it counts for nothing, and under the other's he signs nothing. */
static void f19_a_sign_in_carried_to_another_house_is_refused(void **state)
{
    struct signal own = {.type = SIGNAL_SIGN_IN, .request = 9};
    struct identity *ben = &h.guests[BEN].identity;

    (void)state;
    memset(&elsewhere, 0, sizeof elsewhere);
    hostile_house_neighbour(&h, BEN);
    h.to_guest = challenge_for_another;
    h.to_house = carry_the_sign_in;

    call_elsewhere();
    hostile_house_begin(&h, BEN, SIGNAL_LISTENER);
    hostile_house_pass(&h, 1000);
    assert_true(elsewhere.brought > 0);
    assert_int_equal(elsewhere.last, SIGNAL_REFUSED);
    assert_int_equal(elsewhere.reason, REASON_FORGED);

    call_elsewhere();
    elsewhere.whole = true;
    elsewhere.brought = 0;
    hostile_house_begin(&h, BEN, SIGNAL_LISTENER);
    hostile_house_until(&h, BEN, NEWS_OVER, 1);
    assert_int_equal(h.guests[BEN].why, E_FORGED);
    assert_int_equal(elsewhere.brought, 0);

    /* He himself is let in there. */
    call_elsewhere();
    memcpy(own.sign_in.account, ben->account_key, 32);
    memcpy(ben->house_key, elsewhere.challenge.house, 32);
    assert_int_equal(identity_sign(ben, ENVELOPE_SIGN_IN, NULL, BYTES_OF(elsewhere.challenge.nonce),
                                   own.sign_in.signature),
                     OK);
    bring_elsewhere(&own);
    assert_int_equal(elsewhere.last, SIGNAL_SIGNED_IN);
    session_end(elsewhere.session, hostile_house_ms());
}

/* "Nobody is awake, and nobody has said anything yet." */
static bool found_it_without_words(struct hostile_house *house, unsigned who, struct signal *s)
{
    struct signal found = {.type = SIGNAL_FOUND_TABLE, .request = s->request};

    if (who != BEN || s->type != SIGNAL_ENTER)
        return true;
    memcpy(found.found_table.room, house->room, 32);
    memcpy(found.found_table.signature, house->signature, 64);
    found.found_table.founding = 7;
    found.found_table.charter = house->charter_bytes;
    hostile_house_say(house, BEN, &found);
    return false;
}

/* F1, F3: what moderators have said is not undone by a table that is founded anew, for those who have heard
 * it: the house gives Ben's seat up, and would have him begin the room again from its charter. */
static void f1_who_has_heard_a_word_takes_no_older_list(void **state)
{
    struct signal ended = {.type = SIGNAL_SEAT_ENDED, .seat_ended.why = SIGNAL_LOST};

    (void)state;
    hostile_house_gather(&h);
    hostile_house_wish(&h, ADA, CLIENT_BLOCK, "cat");
    hostile_house_pass(&h, 6000); /* and the plan has confirmed it */
    h.to_house = found_it_without_words;
    memcpy(ended.seat_ended.room, h.room, 32);
    hostile_house_say(&h, BEN, &ended);
    hostile_house_until(&h, BEN, NEWS_OVER, 1);
    assert_int_equal(h.guests[BEN].why, E_REPLAY);
    assert_non_null(strstr(h.guests[BEN].what, "as it was before its moderators' last words"));
}

#define TEST(test, charter)                                                                                  \
    {                                                                                                        \
#test, test, start, end, (void *)(uintptr_t) & (charter)                                             \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(f3_a_half_without_its_moderator_is_warned_in_15_s, moderators_speak),
        TEST(f3_a_table_founded_anew_shows_who_is_missing, moderators_speak),
        TEST(f1_a_table_without_the_last_words_is_not_sat_down_at, moderators_speak),
        TEST(f1_who_has_heard_a_word_takes_no_older_list, moderators_speak),
        TEST(f3_microphones_close_after_60_s_without_a_plan, among_us),
        TEST(f3_in_an_open_room_they_are_marked, everyone_speaks),
        TEST(f3_a_voice_from_the_other_half_is_an_alarm, everyone_speaks),
        TEST(f3_talk_from_the_other_half_is_an_alarm, everyone_speaks),
        TEST(f13_a_kick_kept_from_a_speaker_ends_him_in_60_s, among_us),
        TEST(f3_talk_that_is_held_back_is_missed_in_15_s, moderators_speak),
        TEST(f17_plans_that_come_late_count_as_none, moderators_speak),
        TEST(f3_a_seat_taken_anew_does_not_buy_time, moderators_speak),
        TEST(f18_an_epoch_that_the_house_keeps_is_an_alarm, moderators_speak),
        TEST(f6_a_joiner_in_a_fork_is_warned, moderators_speak),
        TEST(f19_a_sign_in_carried_to_another_house_is_refused, moderators_speak),
    };

    return cmocka_run_group_tests_name("house_split", tests, NULL, NULL);
}
