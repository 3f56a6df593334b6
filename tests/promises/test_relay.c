/* The relay's row: it may drop and, for less than 5 s, delay. It never has a frame played that nobody said,
 * played twice, or played as another's; and whatever it adds, who truly speaks stays heard. */
#include "support/hostile_relay.h"

#include <stdlib.h>

enum { ALICES_SLOT, BOBS_SLOT, FALSE_SLOT = 7, SECONDS = 50, TAIL = 25 };

/* What the relay does with one frame of Alice's, and one of Bob's, of 20 ms. */
typedef void meddle(struct hostile_relay *, unsigned turn, const uint8_t *alices, const uint8_t *bobs);

static void pass(struct hostile_relay *h, unsigned slot, const uint8_t *packet)
{
    assert_int_equal(hostile_give(h, slot, bytes(packet, MOUTH_PACKET_LEN)), OK);
}

static struct hostile_relay *speak(meddle *does, unsigned turns)
{
    struct hostile_relay *h = calloc(1, sizeof *h);

    assert_non_null(h);
    hostile_start(h, 7);
    for (unsigned turn = 0; turn < turns; turn++) {
        const uint8_t *alices = hostile_say(h, ALICE), *bobs = hostile_say(h, BOB);

        does(h, turn, alices, bobs);
        hostile_turn(h);
    }
    for (unsigned turn = 0; turn < TAIL; turn++)
        hostile_turn(h);
    return h;
}

static void over(struct hostile_relay *h)
{
    assert_int_equal(hostile_wrong(h), 0);
    hostile_end(h);
    free(h);
}

/* Nothing of what both said is missing. */
static void both_were_heard(struct hostile_relay *h)
{
    assert_true(h->voices[ALICE].count >= SECONDS);
    assert_int_equal(hostile_played(h, ALICE), h->voices[ALICE].count);
    assert_int_equal(hostile_played(h, BOB), h->voices[BOB].count);
    over(h);
}

/* --- Control --- */

static void honest(struct hostile_relay *h, unsigned turn, const uint8_t *alices, const uint8_t *bobs)
{
    (void)turn;
    pass(h, ALICES_SLOT, alices);
    pass(h, BOBS_SLOT, bobs);
}

static void what_an_honest_relay_passes_is_played_once(void **state)
{
    struct hostile_relay *h = speak(honest, 5 * SECONDS);

    (void)state;
    assert_int_equal(hostile_keys(h)->attempts, h->given);
    assert_int_equal(hostile_keys(h)->opened, h->given);
    assert_int_equal(hostile_verdict(h, ALICES_SLOT, ALICE), PROOF_PROVEN);
    both_were_heard(h);
}

/* --- What nobody sealed --- */

static void strip(struct hostile_relay *h, unsigned turn, const uint8_t *alices, const uint8_t *bobs)
{
    struct bytes frame = hostile_frame(alices);
    const struct bytes less[] = {
        bytes(frame.at, frame.len - FRAME_TAG_LEN),
        bytes(frame.at + FRAME_HEADER_LEN, frame.len - FRAME_HEADER_LEN),
        bytes(frame.at + FRAME_HEADER_LEN, FRAME_PLAIN_SPEECH),
    };

    honest(h, turn, alices, bobs);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(hostile_give_frame(h, FALSE_SLOT, less[i]), E_MALFORMED);
}

static void a_frame_without_its_seal_is_not_played(void **state)
{
    struct hostile_relay *h = speak(strip, SECONDS);

    (void)state;
    assert_int_equal(hostile_keys(h)->attempts, 2 * SECONDS);
    both_were_heard(h);
}

/* Bare Opus, silence as Opus says it, and both at the sealed frame's length, as its text and as all of it. */
static void inject(struct hostile_relay *h, unsigned turn, const uint8_t *alices, const uint8_t *bobs)
{
    static const uint8_t silence[] = {0xf8, 0xff, 0xfe};
    const struct hostile_said *said = &h->voices[ALICE].said[turn];
    uint8_t whole[FRAME_SEALED_SPEECH] = {0}, dressed[FRAME_SEALED_SPEECH] = {0};
    struct bytes_mut plain = {dressed + FRAME_HEADER_LEN, FRAME_PLAIN_SPEECH};

    honest(h, turn, alices, bobs);
    memcpy(whole, said->opus, sizeof said->opus);
    memcpy(dressed, hostile_frame(alices).at, FRAME_HEADER_LEN);
    assert_int_equal(voice_write(&(struct voice){BYTES_OF(said->opus), NULL}, plain), OK);
    assert_int_equal(hostile_give_frame(h, FALSE_SLOT, BYTES_OF(silence)), E_MALFORMED);
    assert_int_equal(hostile_give_frame(h, FALSE_SLOT, BYTES_OF(said->opus)), E_MALFORMED);
    assert_int_not_equal(hostile_give_frame(h, FALSE_SLOT, BYTES_OF(whole)), OK);
    assert_int_not_equal(hostile_give_frame(h, FALSE_SLOT, BYTES_OF(dressed)), OK);
    memset(dressed + FRAME_HEADER_LEN, 0, sizeof dressed - FRAME_HEADER_LEN);
    assert_int_not_equal(hostile_give_frame(h, FALSE_SLOT, BYTES_OF(dressed)), OK);
}

static void bare_opus_and_silence_are_not_played(void **state)
{
    (void)state;
    both_were_heard(speak(inject, SECONDS));
}

/* Every bit of the frame, some in each turn, before the true frame comes. */
static void flip(struct hostile_relay *h, unsigned turn, const uint8_t *alices, const uint8_t *bobs)
{
    enum { BITS = 8 * FRAME_SEALED_SPEECH, EACH = (BITS + SECONDS - 1) / SECONDS };
    uint8_t frame[FRAME_SEALED_SPEECH];

    for (unsigned bit = turn * EACH; bit < (turn + 1) * EACH && bit < BITS; bit++) {
        enum result res;

        memcpy(frame, hostile_frame(alices).at, sizeof frame);
        frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
        res = hostile_give_frame(h, FALSE_SLOT, BYTES_OF(frame));
        assert_true(res == E_FORGED || res == E_MALFORMED || res == E_REFUSED || res == E_NOT_FOUND ||
                    res == E_STALE || res == E_AGAIN);
    }
    honest(h, turn, alices, bobs);
}

static void a_flipped_bit_is_not_played(void **state)
{
    (void)state;
    both_were_heard(speak(flip, SECONDS));
}

static void truncate_it(struct hostile_relay *h, unsigned turn, const uint8_t *alices, const uint8_t *bobs)
{
    for (size_t len = turn; len < MOUTH_PACKET_LEN; len += SECONDS)
        if (len != RTP_HEADER_LEN) /* a probe, which is nothing at all */
            assert_int_equal(hostile_give(h, FALSE_SLOT, bytes(alices, len)), E_MALFORMED);
    honest(h, turn, alices, bobs);
}

static void a_frame_cut_short_is_not_played(void **state)
{
    (void)state;
    both_were_heard(speak(truncate_it, SECONDS));
}

/* --- What was sealed, and comes wrongly --- */

/* At once as it was, at once under a number of the relay's own, and once more a second later. */
static void replay(struct hostile_relay *h, unsigned turn, const uint8_t *alices, const uint8_t *bobs)
{
    honest(h, turn, alices, bobs);
    assert_int_equal(hostile_give(h, ALICES_SLOT, bytes(alices, MOUTH_PACKET_LEN)), E_EXISTS);
    for (unsigned before = 0; before <= 50 && before <= turn; before += 25) {
        struct bytes old = hostile_frame(h->voices[ALICE].said[turn - before].packet);
        uint8_t packet[MOUTH_PACKET_LEN];

        memcpy(packet, alices, RTP_HEADER_LEN);
        packet[2] ^= 0x40; /* far away from the numbers of the true ones */
        memcpy(packet + RTP_HEADER_LEN, old.at, old.len);
        assert_int_equal(hostile_give(h, ALICES_SLOT, BYTES_OF(packet)), E_REPLAY);
    }
}

static void a_frame_is_not_played_twice(void **state)
{
    (void)state;
    both_were_heard(speak(replay, 3 * SECONDS));
}

static void double_it(struct hostile_relay *h, unsigned turn, const uint8_t *alices, const uint8_t *bobs)
{
    honest(h, turn, alices, bobs);
    hostile_give_frame(h, FALSE_SLOT, hostile_frame(alices));
}

static void f16_a_frame_in_two_slots_is_played_in_one(void **state)
{
    (void)state;
    both_were_heard(speak(double_it, 3 * SECONDS));
}

static void swap(struct hostile_relay *h, unsigned turn, const uint8_t *alices, const uint8_t *bobs)
{
    bool crossed = turn / 10 % 2 == 1;

    assert_int_equal(hostile_give_frame(h, crossed ? BOBS_SLOT : ALICES_SLOT, hostile_frame(alices)), OK);
    assert_int_equal(hostile_give_frame(h, crossed ? ALICES_SLOT : BOBS_SLOT, hostile_frame(bobs)), OK);
}

static void crossed_slots_do_not_change_whose_voice_it_is(void **state)
{
    (void)state;
    both_were_heard(speak(swap, 2 * SECONDS));
}

/* Three frames, last one first. */
static void reorder(struct hostile_relay *h, unsigned turn, const uint8_t *alices, const uint8_t *bobs)
{
    pass(h, BOBS_SLOT, bobs);
    if (turn == 0)
        pass(h, ALICES_SLOT, alices);
    for (unsigned back = 0; turn != 0 && turn % 3 == 0 && back < 3; back++)
        pass(h, ALICES_SLOT, h->voices[ALICE].said[turn - back].packet);
}

static void reordered_frames_are_played_in_their_order_or_not_at_all(void **state)
{
    struct hostile_relay *h = speak(reorder, 3 * SECONDS + 1);

    (void)state;
    assert_int_equal(hostile_played(h, BOB), 3 * SECONDS + 1);
    /* Until the buffer has grown by the 40 ms. */
    assert_true(hostile_played(h, ALICE) > 3 * SECONDS - 15);
    over(h);
}

enum { MINUTE = 60 * 1000000 / FRAME_US };

/* One frame in ten of Alice's is kept for a minute; no epoch ends meanwhile. */
static void keep_for_a_minute(struct hostile_relay *h, unsigned turn, const uint8_t *alices,
                              const uint8_t *bobs)
{
    pass(h, BOBS_SLOT, bobs);
    if (turn % 10 != 0)
        pass(h, ALICES_SLOT, alices);
    if (turn >= MINUTE && (turn - MINUTE) % 10 == 0) {
        enum result res =
            hostile_give_frame(h, FALSE_SLOT, hostile_frame(h->voices[ALICE].said[turn - MINUTE].packet));

        assert_true(res == E_STALE || res == E_REPLAY || res == E_FORGED);
    }
}

static void f17_a_frame_a_minute_late_is_not_played(void **state)
{
    struct hostile_relay *h = speak(keep_for_a_minute, MINUTE + SECONDS);
    unsigned said = (unsigned)h->voices[ALICE].count;

    (void)state;
    assert_int_equal(hostile_played(h, ALICE), said - said / 10);
    assert_int_equal(hostile_played(h, BOB), said);
    over(h);
}

static void frames_of_another_room_are_not_played(void **state)
{
    struct hostile_relay *here = calloc(1, sizeof *here), *there = calloc(1, sizeof *there);

    (void)state;
    assert_non_null(here);
    assert_non_null(there);
    hostile_start(there, 8);
    hostile_start(here, 7);
    assert_memory_not_equal(here->base_key, there->base_key, sizeof here->base_key);
    for (unsigned turn = 0; turn < SECONDS; turn++) {
        const uint8_t *foreign = hostile_say(there, ALICE);

        honest(here, turn, hostile_say(here, ALICE), hostile_say(here, BOB));
        /* Same leaf, same epoch, other keys. */
        assert_int_equal(hostile_give_frame(here, FALSE_SLOT, hostile_frame(foreign)), E_FORGED);
        hostile_turn(here);
        there->now_us = here->now_us;
    }
    for (unsigned turn = 0; turn < TAIL; turn++)
        hostile_turn(here);
    hostile_end(there);
    free(there);
    both_were_heard(here);
}

/* G33: the relay goes on with the voice of somebody who was removed. */
static void g33_who_was_removed_is_not_played(void **state)
{
    struct hostile_relay *h = calloc(1, sizeof *h);
    unsigned before;

    (void)state;
    assert_non_null(h);
    hostile_start(h, 7);
    for (unsigned turn = 0; turn < SECONDS; turn++) {
        honest(h, turn, hostile_say(h, ALICE), hostile_say(h, BOB));
        hostile_turn(h);
    }
    table_epoch(&h->table, (struct wish){.keeper = ALICE, .kicks = 1u << BOB});
    for (unsigned turn = 0; turn < TAIL; turn++) /* what had come and was to be played */
        hostile_turn(h);
    before = hostile_played(h, BOB);
    for (unsigned turn = 0; turn < SECONDS; turn++) {
        uint8_t frame[TABLE_FRAME];

        /* By the key that he had, sealed by somebody who kept it. */
        hostile_forge(h, h->voices[BOB].leaf,
                      hostile_counter(h->voices[BOB].said[SECONDS - 1].packet) + 1 + turn, frame);
        assert_int_equal(hostile_give_frame(h, BOBS_SLOT, BYTES_OF(frame)), E_REFUSED);
        pass(h, ALICES_SLOT, hostile_say(h, ALICE));
        hostile_turn(h);
    }
    for (unsigned turn = 0; turn < TAIL; turn++)
        hostile_turn(h);
    assert_int_equal(hostile_played(h, BOB), before);
    assert_int_equal(hostile_played(h, ALICE), h->voices[ALICE].count);
    over(h);
}

/* G35: the epoch that a frame names decides which key is tried, though three epochs' keys are alive. */
static void g35_one_key_is_tried_on_a_frame(void **state)
{
    struct hostile_relay *h = calloc(1, sizeof *h);
    uint64_t before;

    (void)state;
    assert_non_null(h);
    hostile_start(h, 7);
    for (unsigned epoch = 0; epoch < 3; epoch++) {
        table_epoch(&h->table, (struct wish){.keeper = ALICE});
        for (unsigned turn = 0; turn < 10; turn++) {
            pass(h, ALICES_SLOT, hostile_say(h, ALICE));
            pass(h, BOBS_SLOT, hostile_say(h, BOB));
            hostile_turn(h);
        }
    }
    before = hostile_keys(h)->attempts;
    for (unsigned turn = 0; turn < SECONDS; turn++) {
        const uint8_t *alices = hostile_say(h, ALICE);
        uint8_t frame[FRAME_SEALED_SPEECH];

        for (unsigned back = 1; back <= 2; back++) {
            memcpy(frame, hostile_frame(alices).at, sizeof frame);
            frame[4] = (uint8_t)(frame[4] - back);
            assert_int_equal(hostile_give_frame(h, FALSE_SLOT, BYTES_OF(frame)), E_FORGED);
        }
        pass(h, ALICES_SLOT, alices);
        pass(h, BOBS_SLOT, hostile_say(h, BOB));
        hostile_turn(h);
    }
    assert_int_equal(hostile_keys(h)->attempts - before, 4 * SECONDS);
    for (unsigned turn = 0; turn < TAIL; turn++)
        hostile_turn(h);
    both_were_heard(h);
}

/* F16: with a member's keys one frame sealed as Alice, its counter far ahead, in a slot of another: Alice's
 * own frames are heard as before, and the false voice is never shown as proven. */
static void f16_a_leaping_counter_does_not_silence_the_speaker(void **state)
{
    struct hostile_relay *h = calloc(1, sizeof *h);

    (void)state;
    assert_non_null(h);
    hostile_start(h, 7);
    for (unsigned turn = 0; turn < 5 * SECONDS; turn++) {
        const uint8_t *alices = hostile_say(h, ALICE);

        if (turn == 3 * SECONDS) {
            uint8_t frame[TABLE_FRAME];

            hostile_forge(h, h->voices[ALICE].leaf, hostile_counter(alices) + (1 << 20), frame);
            hostile_give_frame(h, FALSE_SLOT, BYTES_OF(frame));
        }
        honest(h, turn, alices, hostile_say(h, BOB));
        hostile_turn(h);
        if (turn >= 3 * SECONDS)
            assert_int_not_equal(hostile_verdict(h, FALSE_SLOT, ALICE), PROOF_PROVEN);
    }
    for (unsigned turn = 0; turn < TAIL; turn++)
        hostile_turn(h);
    assert_int_equal(hostile_verdict(h, ALICES_SLOT, ALICE), PROOF_PROVEN);
    /* The one frame that a member may have played, unproven. */
    assert_true(h->foreign <= 1);
    h->foreign = 0;
    both_were_heard(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_honest_relay_passes_is_played_once),
        cmocka_unit_test(a_frame_without_its_seal_is_not_played),
        cmocka_unit_test(bare_opus_and_silence_are_not_played),
        cmocka_unit_test(a_flipped_bit_is_not_played),
        cmocka_unit_test(a_frame_cut_short_is_not_played),
        cmocka_unit_test(a_frame_is_not_played_twice),
        cmocka_unit_test(f16_a_frame_in_two_slots_is_played_in_one),
        cmocka_unit_test(crossed_slots_do_not_change_whose_voice_it_is),
        cmocka_unit_test(reordered_frames_are_played_in_their_order_or_not_at_all),
        cmocka_unit_test(f17_a_frame_a_minute_late_is_not_played),
        cmocka_unit_test(frames_of_another_room_are_not_played),
        cmocka_unit_test(g33_who_was_removed_is_not_played),
        cmocka_unit_test(g35_one_key_is_tried_on_a_frame),
        cmocka_unit_test(f16_a_leaping_counter_does_not_silence_the_speaker),
    };

    return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
