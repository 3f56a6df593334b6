/* A house without any plan: it drops, doubles, delays, replays, crosses and spoils what it should pass on, as
 * a seed will have it. Whatever it does, nobody's client falls over it or shows a roster that is not the
 * tree's; and once it is honest again, whoever is still in the room is in one room. */
#include "client/inside.h"
#include "core/room.h"
#include "support/held_clock.h"
#include "support/hostile_house.h"
#include "wire/envelope.h"

#include <stdlib.h>

enum { SEEDS = 4, CHAOS_MS = 40000, HONEST_MS = 150000, KEPT = 32, LATER = 16 };

static const struct charter rules[] = {
    {.stage = CHARTER_INVITED},
    {.stage = CHARTER_EVERYONE},
    {.kind = CHARTER_PRIVATE, .stage = CHARTER_EVERYONE},
};

struct letter {
    uint8_t *bytes;
    size_t len;
    unsigned whose;
    uint64_t until_ms;
};

static struct hostile_house h;
static struct seeded dice;
static struct letter recorded[KEPT], later[LATER];
static unsigned record_count;

static void letter_free(struct letter *l)
{
    free(l->bytes);
    *l = (struct letter){0};
}

static void letter_write(struct letter *l, unsigned whose, const struct signal *s)
{
    static uint8_t plain[SIGNAL_BYTES];
    struct bytes message;

    letter_free(l);
    assert_int_equal(signal_write(s, (struct bytes_mut){plain, sizeof plain}, &message), OK);
    l->bytes = malloc(message.len);
    assert_non_null(l->bytes);
    memcpy(l->bytes, message.at, message.len);
    l->len = message.len;
    l->whose = whose;
}

/* Says it as it is; also where nobody could read it. */
static void say_raw(unsigned who, const struct letter *l)
{
    static uint8_t padded[SIGNAL_BYTES];
    struct bytes whole;

    if (h.guests[who].ws == NULL)
        return;
    assert_int_equal(envelope_pad(bytes(l->bytes, l->len), (struct bytes_mut){padded, sizeof padded}, &whole),
                     OK);
    (void)!ws_send(h.guests[who].ws, whole);
}

static bool happens(unsigned of_thousand)
{
    return seeded_below(&dice, 1000) < of_thousand;
}

static void hold_back(unsigned who, const struct signal *s)
{
    for (unsigned i = 0; i < LATER; i++)
        if (later[i].bytes == NULL) {
            letter_write(&later[i], who, s);
            later[i].until_ms = hostile_house_ms() + seeded_below(&dice, 4000);
            return;
        }
}

static bool to_guest(struct hostile_house *house, unsigned who, struct signal *s)
{
    struct letter *note = &recorded[record_count++ % KEPT];

    letter_write(note, who, s);
    if (happens(40))
        return false;
    if (happens(40)) {
        hold_back(who, s);
        return false;
    }
    if (happens(30))
        hostile_house_say(house, who, s);
    if (happens(40)) {
        const struct letter *old = &recorded[seeded_below(&dice, KEPT)];

        if (old->bytes != NULL)
            say_raw(happens(700) ? old->whose : who, old);
    }
    if (happens(15)) {
        note->bytes[seeded_below(&dice, (uint32_t)note->len)] ^= (uint8_t)(1 << seeded_below(&dice, 8));
        say_raw(who, note);
        return false;
    }
    if (happens(4) && house->guests[who].ws != NULL)
        ws_close(house->guests[who].ws, 1001, "");
    return true;
}

static bool to_house(struct hostile_house *house, unsigned who, struct signal *s)
{
    if (happens(20))
        return false;
    if (happens(20))
        hostile_house_bring(house, who, s);
    return true;
}

static void say_what_is_late(void)
{
    for (unsigned i = 0; i < LATER; i++)
        if (later[i].bytes != NULL && later[i].until_ms <= hostile_house_ms()) {
            say_raw(later[i].whose, &later[i]);
            letter_free(&later[i]);
        }
}

static bool is_in(unsigned who)
{
    return h.guests[who].client != NULL && client_is_in_room(h.guests[who].client);
}

/* The roster that is shown is the set of key holders, at any time. */
static void rosters_are_trees(void)
{
    for (unsigned who = ADA; who <= CAT; who++) {
        const struct core_member *members;
        const struct client_seat *seats;
        size_t count;

        if (!is_in(who) || !core_room_is_seated(h.guests[who].client->core))
            continue;
        count = core_room_members(h.guests[who].client->core, &members);
        assert_int_equal(client_roster(h.guests[who].client, &seats), count);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(seats[i].leaf, members[i].leaf);
            assert_memory_equal(seats[i].account, members[i].account, 32);
            assert_true(!seats[i].speaker || members[i].speaker);
        }
    }
}

static void do_something(void)
{
    static const enum client_verb verbs[] = {CLIENT_RAISE,  CLIENT_LOWER, CLIENT_ACCEPT, CLIENT_LEAVE,
                                             CLIENT_INVITE, CLIENT_MUTE,  CLIENT_DEMOTE};
    unsigned who = seeded_below(&dice, GHOST);
    enum client_verb verb = verbs[seeded_below(&dice, sizeof verbs / sizeof verbs[0])];

    if (h.guests[who].client == NULL || client_state(h.guests[who].client) == CLIENT_OVER) {
        hostile_house_begin(&h, who, who == CAT ? SIGNAL_LISTENER : SIGNAL_SPEAKER);
        return;
    }
    if (client_wish(h.guests[who].client, verb, verb >= CLIENT_INVITE && verb != CLIENT_ACCEPT ? "ben" : NULL,
                    1) != OK ||
        client_chat(h.guests[who].client, BYTES_TEXT("and so on")) != OK)
        return;
}

static void whoever_is_in_is_in_one_room(void)
{
    const struct core_room *first = NULL;
    unsigned count = 0;

    for (unsigned who = ADA; who <= CAT; who++) {
        const struct core_room *room;

        if (!is_in(who))
            continue;
        room = h.guests[who].client->core;
        count++;
        if (first == NULL)
            first = room;
        assert_int_equal(core_room_epoch(room), core_room_epoch(first));
        assert_memory_equal(core_room_authenticator(room).at, core_room_authenticator(first).at, 32);
    }
    for (unsigned who = ADA; who <= CAT; who++) {
        const struct client_seat *seats;

        if (is_in(who))
            assert_int_equal(client_roster(h.guests[who].client, &seats), count);
    }
}

static void evening(unsigned seed)
{
    seeded_start(&dice, 1000 + seed);
    hostile_house_start(&h, &rules[seed % 3]);
    hostile_house_gather(&h);
    h.to_guest = to_guest;
    h.to_house = to_house;
    for (unsigned ms = 0; ms < CHAOS_MS; ms += 100) {
        hostile_house_pass(&h, 100);
        say_what_is_late();
        rosters_are_trees();
        if (happens(100))
            do_something();
        for (unsigned who = ADA; who <= CAT; who++)
            h.guests[who].alarm_count = 0;
    }
    h.to_guest = h.to_house = NULL;
    for (unsigned i = 0; i < LATER; i++)
        letter_free(&later[i]);
    for (unsigned ms = 0; ms < HONEST_MS; ms += 1000) {
        hostile_house_pass(&h, 1000);
        for (unsigned who = ADA; who <= CAT; who++)
            h.guests[who].alarm_count = 0;
    }
    rosters_are_trees();
    whoever_is_in_is_in_one_room();
    hostile_house_end(&h);
    for (unsigned i = 0; i < KEPT; i++)
        letter_free(&recorded[i]);
}

static void nobody_falls_over_a_house_gone_mad(void **state)
{
    const char *more = getenv("CHAOS_SEEDS"); /* for a long night */
    unsigned seeds = more != NULL ? (unsigned)strtoul(more, NULL, 10) : SEEDS;

    (void)state;
    for (unsigned seed = 0; seed < seeds; seed++)
        evening(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_falls_over_a_house_gone_mad),
    };

    return cmocka_run_group_tests_name("house_chaos", tests, NULL, NULL);
}
