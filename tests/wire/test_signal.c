#include "wire/signal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t seats_list[] = {
    0, 0, 0, 1, 1, [5] = 0xaa, [37] = 3, 'a', 'n', 'n', /* leaf 1, speaker, account aa00.., "ann" */
    0, 0, 0, 2, 0, [46] = 0,   [78] = 0,                /* leaf 2, listener, a pseudonym */
};

/* Initialisers of static storage cannot be compound literals. */
#define TEXT(literal)                                                                                        \
    {                                                                                                        \
        (const uint8_t *)("" literal), sizeof(literal) - 1                                                   \
    }

static const uint8_t joiners_list[] = {0, 0, 0, 1, 0, 2, 'k', 'p', 0xff, 0xff, 0xff, 0xff, [75] = 0};

/* One message of every type, all fields filled. */
static const struct signal samples[] = {
    {SIGNAL_CHALLENGE, 0, .challenge = {{1}, {2}}},
    {SIGNAL_SIGN_UP, 1, .sign_up = {{3}, TEXT("ann"), {4}}},
    {SIGNAL_SIGN_IN, 2, .sign_in = {{5}, {6}}},
    {SIGNAL_SIGNED_IN, 2, .signed_in = {TEXT("ann")}},
    {SIGNAL_DONE, 3, .challenge = {{0}}},
    {SIGNAL_REFUSED, 4, .refused = {REASON_STALE, TEXT("another commit was first")}},
    {SIGNAL_ROOM_NEW, 5, .room_new = {TEXT("charter"), {7}, TEXT("茶館")}},
    {SIGNAL_ROOM_LIST, 6, .room_list = {{8}}},
    {SIGNAL_ROOMS, 6, .rooms = {{0}}},
    {SIGNAL_ROOM_SHOW, 7, .room_show = {{9}}},
    {SIGNAL_ROOM_IS, 7,
     .room_is = {{10}, TEXT("charter"), {11}, TEXT("title"), {seats_list, sizeof seats_list}}},
    {SIGNAL_ROOM_END, 8, .room_end = {{12}, {13}}},
    {SIGNAL_ROOM_ENDED, 0, .room_ended = {{14}}},
    {SIGNAL_ENTER, 9, .enter = {{15}, SIGNAL_SPEAKER, TEXT("key package"), {16}, TEXT("a guest"), 7, {27}}},
    {SIGNAL_FOUND_TABLE, 9, .found_table = {{17}, 0, 3, TEXT("charter"), {18}, TEXT("words")}},
    {SIGNAL_FOUNDED, 10, .founded = {{19}, 0, 3, TEXT("group")}},
    {SIGNAL_SEATED, 9,
     .seated = {{20},
                0,
                7,
                2,
                TEXT("title"),
                TEXT("welcome"),
                TEXT("tree"),
                {seats_list, sizeof seats_list},
                TEXT("http://localhost/media"),
                TEXT("v4.public.x")}},
    {SIGNAL_TICKET_NEW, 11, .ticket_new = {{21}}},
    {SIGNAL_TICKET, 11, .ticket = {{22}, TEXT("v4.public.y")}},
    {SIGNAL_LEAVE, 12, .leave = {{23}}},
    {SIGNAL_WAITING, 0, .waiting = {{24}, 0, 8, TEXT("group"), {joiners_list, sizeof joiners_list}, {0}}},
    {SIGNAL_COMMIT, 13,
     .commit = {{25},
                0,
                8,
                TEXT("commit"),
                TEXT("welcome"),
                TEXT("tree"),
                TEXT("\0\0\0\1\0\0\0\2"),
                TEXT("\0\0\0\3\2"),
                TEXT("\0\0\0\4\1"),
                TEXT("words")}},
    {SIGNAL_FOLLOW, 14, .follow = {TEXT("bo")}},
    {SIGNAL_UNFOLLOW, 15, .unfollow = {TEXT("bo")}},
    {SIGNAL_ADMIT, 16, .admit = {{28}, TEXT("bo")}},
    {SIGNAL_ADMITTED, 16, .admitted = {{35}, {36}}},
    {SIGNAL_SEAT_ENDED, 0, .seat_ended = {{29}, SIGNAL_KICKED}},
    {SIGNAL_CATCH_UP, 17, .catch_up = {{30}, 0, 3, 9}},
    {SIGNAL_ANSWER, 18, .answer = {{31}, 0, 9, {32}}},
    {SIGNAL_SAY, 19, .say = {{33}, 0, 9, TEXT("sealed")}},
    {SIGNAL_SAID, 0, .said = {{34}, 0, 9, TEXT("sealed")}},
    {SIGNAL_HANDSHAKE, 0,
     .handshake = {{26},
                   0,
                   8,
                   TEXT("commit"),
                   {seats_list, sizeof seats_list},
                   TEXT("\0\0\0\3\2"),
                   TEXT("\0\0\0\4\1")}},
};

enum { SAMPLES = sizeof samples / sizeof samples[0] };

static uint8_t room[1024], again[1024];

static void round_trips_and_truncations(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct bytes text, second;
        struct signal back;

        assert_int_equal(signal_write(&samples[i], (struct bytes_mut){room, sizeof room}, &text), OK);
        assert_int_equal(signal_read(text, &back), OK);
        assert_int_equal(back.type, samples[i].type);
        assert_int_equal(back.request, samples[i].request);
        assert_int_equal(signal_write(&back, (struct bytes_mut){again, sizeof again}, &second), OK);
        assert_true(bytes_equal(text, second));
        for (size_t cut = 0; cut < text.len; cut++)
            assert_int_equal(signal_read(bytes(text.at, cut), &back), E_MALFORMED);
        room[text.len] = 0;
        assert_int_equal(signal_read(bytes(room, text.len + 1), &back), E_MALFORMED);
    }
}

static void every_type_has_a_sample(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        const uint8_t text[5] = {(uint8_t)type};
        struct signal back;
        bool known = signal_read(BYTES_OF(text), &back) != E_UNSUPPORTED, sampled = false;

        for (size_t i = 0; i < SAMPLES; i++)
            sampled |= samples[i].type == (enum signal_type)type;
        assert_int_equal(known, sampled);
    }
}

static void lists_give_their_items(void **state)
{
    struct bytes list = BYTES_OF(seats_list), text;
    struct signal_seat seat;
    uint8_t built[sizeof seats_list];
    struct writer w = writer_over(built);

    (void)state;
    assert_true(signal_seat_next(&list, &seat));
    assert_int_equal(seat.leaf, 1);
    assert_int_equal(seat.role, SIGNAL_SPEAKER);
    assert_int_equal(seat.account[0], 0xaa);
    assert_true(bytes_equal(seat.handle, BYTES_TEXT("ann")));
    signal_seat_put(&w, &seat);
    assert_true(signal_seat_next(&list, &seat));
    assert_int_equal(seat.leaf, 2);
    assert_int_equal(seat.handle.len, 0);
    signal_seat_put(&w, &seat);
    assert_false(signal_seat_next(&list, &seat));
    assert_int_equal(writer_end(&w, &text), OK);
    assert_true(bytes_equal(text, BYTES_OF(seats_list)));
}

/* A list whose last item is cut is refused with the message, so that walking it later cannot fail. */
static void half_an_item_spoils_the_message(void **state)
{
    struct signal s = samples[SAMPLES - 1], back;
    struct bytes text;

    (void)state;
    for (size_t cut = 1; cut < sizeof seats_list; cut++) {
        s.handshake.seated = bytes(seats_list, cut);
        assert_int_equal(signal_write(&s, (struct bytes_mut){room, sizeof room}, &text), OK);
        assert_int_equal(signal_read(text, &back), cut == 41 ? OK : E_MALFORMED);
    }
}

static void runs_have_their_limits(void **state)
{
    static uint8_t long_handle[HANDLE_BYTES + 1];
    struct signal s = {SIGNAL_SIGN_UP, 1, .sign_up = {{3}, BYTES_OF(long_handle), {4}}};
    struct bytes text;

    (void)state;
    assert_int_equal(signal_write(&s, (struct bytes_mut){room, sizeof room}, &text), E_TOO_LARGE);
    s.sign_up.handle.len--;
    assert_int_equal(signal_write(&s, (struct bytes_mut){room, sizeof room}, &text), OK);
    s.sign_up.handle.len = 0;
    assert_int_equal(signal_write(&s, (struct bytes_mut){room, sizeof room}, &text), E_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips_and_truncations), cmocka_unit_test(every_type_has_a_sample),
        cmocka_unit_test(lists_give_their_items),      cmocka_unit_test(half_an_item_spoils_the_message),
        cmocka_unit_test(runs_have_their_limits),
    };

    return cmocka_run_group_tests_name("signal", tests, NULL, NULL);
}
