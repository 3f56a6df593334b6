#include "core/keyring.h"
#include "support/denied.h"
#include "support/memory.h"
#include "support/seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { ALICE = 0, BOB = 1, CAROL = 2, LEN = FRAME_SEALED_SPEECH };

static const uint16_t everyone[] = {BOB, ALICE, CAROL}; /* any order will do */

/* Rings of members who are all in the same epoch. */
struct room {
    struct seeded seeded;
    struct keyring *rings[3];
};

static void base_key_of(uint64_t epoch, uint8_t out[static SEAL_BASE_KEY_LEN])
{
    memset(out, 0x40, SEAL_BASE_KEY_LEN);
    out[0] = (uint8_t)epoch;
    out[1] = (uint8_t)(epoch >> 8);
}

static enum result enter(struct keyring *ring, uint64_t now, uint16_t own, uint64_t epoch, bool only_adds)
{
    uint8_t base_key[SEAL_BASE_KEY_LEN];
    enum result res;

    base_key_of(epoch, base_key);
    res = keyring_enter(ring, now,
                        &(struct keyring_epoch){.number = epoch,
                                                .base_key = base_key,
                                                .speakers = everyone,
                                                .speaker_count = 3,
                                                .own_leaf = own,
                                                .only_adds = only_adds});
    wipe(base_key, sizeof base_key);
    return res;
}

static void room_start(struct room *room, uint64_t epoch)
{
    seeded_start(&room->seeded, 7);
    for (uint16_t i = 0; i < 3; i++) {
        assert_int_equal(keyring_new(&room->seeded.random, FRAME_PLAIN_SPEECH, &room->rings[i]), OK);
        assert_int_equal(enter(room->rings[i], 0, i, epoch, false), OK);
    }
}

static void room_end(struct room *room)
{
    for (unsigned i = 0; i < 3; i++)
        keyring_free(room->rings[i]);
}

static struct bytes_mut over(uint8_t frame[static LEN])
{
    return (struct bytes_mut){frame, LEN};
}

static enum result say(struct keyring *ring, uint64_t now, uint8_t word, uint8_t frame[static LEN])
{
    uint8_t opus[80];

    memset(opus, word, sizeof opus);
    return keyring_seal(ring, now, &(struct voice){BYTES_OF(opus), NULL}, over(frame));
}

/* Opens a copy, as a frame that came by a wire. */
static enum result hear(struct keyring *ring, uint64_t now, unsigned slot, const uint8_t frame[static LEN],
                        uint8_t *word)
{
    struct keyring_heard heard;
    uint8_t copy[LEN];
    enum result res;

    memcpy(copy, frame, LEN);
    res = keyring_open(ring, now, slot, over(copy), &heard);
    if (res == OK) {
        assert_int_equal(heard.voice.opus.len, 80);
        if (word != NULL)
            *word = heard.voice.opus.at[79];
    }
    return res;
}

static uint64_t attempts(const struct keyring *ring)
{
    return keyring_stats(ring)->attempts;
}

static void speech_goes_round(void **state)
{
    struct room room;
    uint8_t frame[LEN], word = 0;
    uint32_t first = 0;

    (void)state;
    room_start(&room, 3);
    for (uint32_t i = 0; i < 300; i++) {
        struct keyring_heard heard;

        assert_int_equal(say(room.rings[ALICE], i * 20, (uint8_t)i, frame), OK);
        assert_int_equal(frame[0], 0xbb);
        assert_int_equal(hear(room.rings[CAROL], i * 20, 4, frame, &word), OK);
        assert_int_equal(word, (uint8_t)i);
        assert_int_equal(keyring_open(room.rings[BOB], i * 20, 15, over(frame), &heard), OK);
        assert_int_equal(heard.leaf, ALICE);
        assert_int_equal(heard.epoch, 3);
        if (i == 0)
            first = heard.counter;
        assert_int_equal(heard.counter, first + i);
    }
    assert_in_range(first, FRAME_COUNTER_FIRST_MIN, FRAME_COUNTER_FIRST_MAX);
    assert_int_equal(keyring_stats(room.rings[BOB])->opened, 300);
    assert_int_equal(attempts(room.rings[BOB]), 300);
    assert_int_equal(keyring_refused(room.rings[BOB]), 0);
    room_end(&room);
}

static void music_has_its_own_length(void **state)
{
    struct seeded seeded;
    struct keyring *ring = NULL;
    struct keyring_heard heard;
    uint8_t frame[FRAME_SEALED_MUSIC], opus[361];

    (void)state;
    seeded_start(&seeded, 1);
    memset(opus, 9, sizeof opus);
    assert_int_equal(keyring_new(&seeded.random, FRAME_PLAIN_MUSIC, &ring), OK);
    assert_int_equal(enter(ring, 0, ALICE, 1, false), OK);
    assert_int_equal(
        keyring_seal(ring, 0, &(struct voice){BYTES_OF(opus), NULL}, (struct bytes_mut){frame, sizeof frame}),
        OK);
    assert_int_equal(keyring_open(ring, 0, 0, (struct bytes_mut){frame, LEN}, &heard), E_MALFORMED);
    assert_int_equal(keyring_open(ring, 0, 0, (struct bytes_mut){frame, sizeof frame}, &heard), OK);
    assert_true(bytes_equal(heard.voice.opus, BYTES_OF(opus)));
    keyring_free(ring);
}

static void every_truncation_is_refused_untried(void **state)
{
    struct room room;
    struct keyring_heard heard;
    uint8_t frame[LEN + 1] = {0};

    (void)state;
    room_start(&room, 3);
    assert_int_equal(say(room.rings[ALICE], 0, 1, frame), OK);
    for (size_t len = 0; len <= sizeof frame; len++)
        if (len != LEN)
            assert_int_equal(keyring_open(room.rings[BOB], 0, 0, (struct bytes_mut){frame, len}, &heard),
                             E_MALFORMED);
    assert_int_equal(attempts(room.rings[BOB]), 0);
    assert_int_equal(keyring_stats(room.rings[BOB])->refused[E_MALFORMED], LEN + 1);
    assert_int_equal(hear(room.rings[BOB], 0, 0, frame, NULL), OK);
    room_end(&room);
}

/* AES-GCM does not commit to a key: a frame that may be tried with several can mean two things. */
static void g35_one_attempt_with_the_key_that_the_id_names(void **state)
{
    struct room room;
    uint8_t frame[LEN];

    (void)state;
    room_start(&room, 3);
    assert_int_equal(enter(room.rings[BOB], 10, BOB, 4, false), OK);
    assert_int_equal(enter(room.rings[BOB], 20, BOB, 5, false), OK);
    assert_int_equal(enter(room.rings[ALICE], 0, ALICE, 4, false), OK);
    assert_int_equal(say(room.rings[ALICE], 30, 1, frame), OK);

    for (size_t bit = 0; bit < 8 * LEN; bit++) {
        uint64_t before = attempts(room.rings[BOB]);
        enum result res;

        frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
        res = hear(room.rings[BOB], 30, 0, frame, NULL);
        frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(res, OK);
        if (bit >= 8 * FRAME_HEADER_LEN)
            assert_int_equal(res, E_FORGED);
        assert_int_equal(attempts(room.rings[BOB]) - before, res == E_FORGED);
    }
    /* None of that moved a window or spoilt a key. */
    assert_int_equal(hear(room.rings[BOB], 30, 0, frame, NULL), OK);

    /* The same frame under the ids of the epochs around, whose keys live: one attempt each, and no voice. */
    for (int epoch = 3; epoch <= 5; epoch += 2) {
        uint64_t before = attempts(room.rings[BOB]);

        frame[4] = (uint8_t)epoch;
        assert_int_equal(hear(room.rings[BOB], 30, 1, frame, NULL), E_FORGED);
        assert_int_equal(attempts(room.rings[BOB]) - before, 1);
    }
    room_end(&room);
}

static void replays_are_refused_untried(void **state)
{
    struct room room;
    uint8_t frames[3 * KEYRING_WINDOW][LEN];
    unsigned newest = 2 * KEYRING_WINDOW;

    (void)state;
    room_start(&room, 3);
    for (unsigned i = 0; i < 3 * KEYRING_WINDOW; i++)
        assert_int_equal(say(room.rings[ALICE], 0, (uint8_t)i, frames[i]), OK);

    assert_int_equal(hear(room.rings[BOB], 0, 2, frames[newest], NULL), OK);
    assert_int_equal(hear(room.rings[BOB], 0, 2, frames[newest], NULL), E_REPLAY);
    /* The window's far edge, on both sides. */
    assert_int_equal(hear(room.rings[BOB], 0, 2, frames[newest - KEYRING_WINDOW], NULL), E_REPLAY);
    assert_int_equal(hear(room.rings[BOB], 0, 2, frames[newest - KEYRING_WINDOW + 1], NULL), OK);
    assert_int_equal(hear(room.rings[BOB], 0, 2, frames[newest - KEYRING_WINDOW + 1], NULL), E_REPLAY);
    /* Any order within it, each once. */
    for (unsigned i = newest - 1; i > newest - KEYRING_WINDOW + 1; i--)
        assert_int_equal(hear(room.rings[BOB], 0, 2, frames[i], NULL), OK);
    for (unsigned i = newest; i > newest - KEYRING_WINDOW; i--)
        assert_int_equal(hear(room.rings[BOB], 0, 2, frames[i], NULL), E_REPLAY);
    /* Steps of 1, 63, 64 and so on move the window without losing what is in it. */
    for (unsigned at = newest + 1, step = 1; at < 3 * KEYRING_WINDOW; at += step, step = step * 5 % 67) {
        assert_int_equal(hear(room.rings[BOB], 0, 2, frames[at], NULL), OK);
        assert_int_equal(hear(room.rings[BOB], 0, 2, frames[at], NULL), E_REPLAY);
        assert_int_equal(hear(room.rings[BOB], 0, 2, frames[newest], NULL), E_REPLAY);
    }
    assert_int_equal(attempts(room.rings[BOB]), keyring_stats(room.rings[BOB])->opened);
    assert_int_equal(keyring_stats(room.rings[BOB])->refused[E_REPLAY], keyring_refused(room.rings[BOB]));
    room_end(&room);
}

static void a_leap_empties_the_window(void **state)
{
    static const uint32_t leaps[] = {1, 63, 64, 65, 127, 128, 129, 1000};
    uint8_t frame[LEN], passed[LEN];

    (void)state;
    for (size_t i = 0; i < sizeof leaps / sizeof leaps[0]; i++) {
        struct room room;

        room_start(&room, 3);
        assert_int_equal(say(room.rings[ALICE], 0, 1, frame), OK);
        assert_int_equal(hear(room.rings[BOB], 0, 0, frame, NULL), OK);
        memcpy(passed, frame, LEN);
        for (uint32_t k = 0; k < leaps[i]; k++)
            assert_int_equal(say(room.rings[ALICE], 0, 2, frame), OK);
        assert_int_equal(hear(room.rings[BOB], 0, 0, frame, NULL), OK);
        assert_int_equal(hear(room.rings[BOB], 0, 0, frame, NULL), E_REPLAY);
        assert_int_equal(hear(room.rings[BOB], 0, 0, passed, NULL), E_REPLAY);
        room_end(&room);
    }
}

/* Any member can seal as any other (RFC 9605, section 7.2). Carol, from her own seat, seals as Alice with a
 * counter far ahead: that must not throw away what Alice says. */
static void f16_a_leap_in_another_slot_silences_nobody(void **state)
{
    struct room room;
    struct keyring *carol_as_alice = NULL;
    uint8_t frame[LEN], forged[LEN], word = 0;

    (void)state;
    room_start(&room, 3);
    /* A ring with another first counter: here it happens to be ahead of Alice's. */
    do {
        keyring_free(carol_as_alice);
        assert_int_equal(keyring_new(&room.seeded.random, FRAME_PLAIN_SPEECH, &carol_as_alice), OK);
        assert_int_equal(enter(carol_as_alice, 0, ALICE, 3, false), OK);
        assert_int_equal(say(carol_as_alice, 0, 66, forged), OK);
        assert_int_equal(say(room.rings[ALICE], 0, 1, frame), OK);
    } while (memcmp(forged + 5, frame + 5, 4) < 0);

    assert_int_equal(hear(room.rings[BOB], 0, 1, frame, &word), OK);
    assert_int_equal(hear(room.rings[BOB], 0, 9, forged, &word), OK);
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(say(room.rings[ALICE], 0, 1, frame), OK);
        assert_int_equal(hear(room.rings[BOB], 0, 1, frame, &word), OK);
        assert_int_equal(word, 1);
    }
    keyring_free(carol_as_alice);
    room_end(&room);
}

/* Nor may she take Alice's counters before Alice does: two rings with one leaf and one counter. */
static void f16_a_counter_taken_in_another_slot_silences_nobody(void **state)
{
    struct room room;
    struct keyring *carol_as_alice = NULL;
    struct seeded same;
    uint8_t frames[100][LEN], forged[LEN], word = 0;

    (void)state;
    room_start(&room, 3);
    seeded_start(&same, 7); /* as room_start: the first ring that is made from it is Alice's */
    assert_int_equal(keyring_new(&same.random, FRAME_PLAIN_SPEECH, &carol_as_alice), OK);
    assert_int_equal(enter(carol_as_alice, 0, ALICE, 3, false), OK);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(say(carol_as_alice, 0, 66, forged), OK);
        assert_int_equal(say(room.rings[ALICE], 0, 1, frames[i]), OK);
        assert_memory_equal(forged, frames[i], FRAME_HEADER_LEN);
        assert_int_equal(hear(room.rings[BOB], 0, 1, frames[i], &word), OK);
        assert_int_equal(word, 1);
        assert_int_equal(hear(room.rings[BOB], 0, 9, forged, &word), OK);
    }
    /* Nor does it let anything of Alice's be played again. */
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(hear(room.rings[BOB], 0, 1, frames[i], NULL), E_REPLAY);
    keyring_free(carol_as_alice);
    room_end(&room);
}

/* A relay puts what it has seen into another slot, whose window is empty. */
static void a_frame_is_played_once_in_all_slots(void **state)
{
    struct room room;
    uint8_t frames[500][LEN];

    (void)state;
    room_start(&room, 3);
    for (unsigned i = 0; i < 500; i++) {
        assert_int_equal(say(room.rings[ALICE], i * 20, (uint8_t)i, frames[i]), OK);
        assert_int_equal(hear(room.rings[BOB], i * 20, 1, frames[i], NULL), OK);
    }
    for (unsigned i = 0; i < 500; i++)
        assert_int_equal(hear(room.rings[BOB], 10000, 2, frames[i], NULL), E_REPLAY);
    assert_int_equal(attempts(room.rings[BOB]), 500);
    room_end(&room);
}

static void old_epoch_opens_for_five_seconds(void **state)
{
    struct room room;
    uint8_t early[LEN], late[LEN], too_late[LEN];

    (void)state;
    room_start(&room, 3);
    assert_int_equal(say(room.rings[ALICE], 0, 1, early), OK);
    assert_int_equal(say(room.rings[ALICE], 0, 2, late), OK);
    assert_int_equal(say(room.rings[ALICE], 0, 3, too_late), OK);
    assert_int_equal(enter(room.rings[BOB], 1000, BOB, 4, false), OK);
    assert_int_equal(hear(room.rings[BOB], 1000, 0, early, NULL), OK);
    assert_int_equal(hear(room.rings[BOB], 1000, 0, early, NULL), E_REPLAY);
    assert_int_equal(keyring_due(room.rings[BOB], 1000), 1000 + OLD_KEY_MS);
    assert_int_equal(hear(room.rings[BOB], 1000 + OLD_KEY_MS - 1, 0, late, NULL), OK);
    assert_int_equal(hear(room.rings[BOB], 1000 + OLD_KEY_MS, 0, too_late, NULL), E_STALE);
    assert_true(keyring_due(room.rings[BOB], 1000 + OLD_KEY_MS) == KEYRING_NEVER);
    room_end(&room);
}

/* As RFC 9605, section 4.4.2, has it; written out here because the product keeps it to itself. */
static void needle_of(struct memory_needle *needle, struct bytes label, size_t len)
{
    uint8_t base_key[SEAL_BASE_KEY_LEN], secret[32], derived[16], tail[10];
    struct writer w = writer_over(tail);
    struct bytes info[] = {label, BYTES_OF(tail)};

    base_key_of(0x1234, base_key);
    assert_int_equal(crypto_hkdf_extract((struct bytes){0}, BYTES_OF(base_key), secret), OK);
    writer_u64(&w, seal_kid(ALICE, 0x1234));
    writer_u16(&w, 4);
    assert_int_equal(crypto_hkdf_expand(BYTES_OF(secret), info, 2, (struct bytes_mut){derived, len}), OK);
    wipe(secret, sizeof secret);
    wipe(base_key, sizeof base_key);
    memory_needle_take(needle, derived, len);
}

#ifdef __wasm__
enum { KEY_STANDS_IN_A_ROW = false }; /* a module's AES keeps its keys bitsliced */
#else
enum { KEY_STANDS_IN_A_ROW = true };
#endif

/* Looks for the keys themselves in the memory of the process: they are there while they may be, and nowhere
 * afterwards. */
static void erased_keys_leave_no_trace(void **state)
{
    struct room room;
    struct memory_needle base_needle, sender_needle, salt_needle;
    uint8_t base_key[SEAL_BASE_KEY_LEN], frame[LEN];

    (void)state;
    needle_of(&sender_needle, BYTES_TEXT("SFrame 1.0 Secret key "), 16);
    needle_of(&salt_needle, BYTES_TEXT("SFrame 1.0 Secret salt "), 12);
    base_key_of(0x1234, base_key);
    memory_needle_take(&base_needle, base_key, sizeof base_key);

    room_start(&room, 0x1234);
    assert_int_equal(say(room.rings[ALICE], 0, 1, frame), OK);
    assert_int_equal(hear(room.rings[BOB], 0, 0, frame, NULL), OK);
    assert_int_not_equal(memory_count(&base_needle), 0);
    assert_int_equal(memory_count(&sender_needle) != 0, KEY_STANDS_IN_A_ROW);
    assert_int_not_equal(memory_count(&salt_needle), 0);

    for (uint16_t i = 0; i < 3; i++)
        assert_int_equal(enter(room.rings[i], 100, i, 0x1235, false), OK);
    for (unsigned i = 0; i < 3; i++)
        keyring_due(room.rings[i], 100 + OLD_KEY_MS - 1);
    assert_int_equal(memory_count(&sender_needle) != 0, KEY_STANDS_IN_A_ROW);
    assert_int_not_equal(memory_count(&salt_needle), 0);
    for (unsigned i = 0; i < 3; i++)
        keyring_due(room.rings[i], 100 + OLD_KEY_MS);
    assert_int_equal(memory_count(&sender_needle), 0);
    assert_int_equal(memory_count(&salt_needle), 0);
    assert_int_equal(memory_count(&base_needle), 0);
    room_end(&room);
}

static void closing_ends_all_keys_at_once(void **state)
{
    struct room room;
    uint8_t frame[LEN];

    (void)state;
    room_start(&room, 3);
    assert_int_equal(say(room.rings[ALICE], 0, 1, frame), OK);
    keyring_close(room.rings[BOB]);
    assert_int_equal(hear(room.rings[BOB], 0, 0, frame, NULL), E_NO_KEY);
    assert_int_equal(say(room.rings[BOB], 0, 1, frame), E_NO_KEY);
    assert_true(keyring_due(room.rings[BOB], 0) == KEYRING_NEVER);
    room_end(&room);
}

static void unknown_epochs_wait_untried(void **state)
{
    struct room room;
    uint8_t frame[LEN], before[LEN], word = 0;
    struct keyring_heard heard;

    (void)state;
    room_start(&room, 3);
    assert_int_equal(enter(room.rings[ALICE], 0, ALICE, 4, false), OK);
    assert_int_equal(say(room.rings[ALICE], 0, 5, frame), OK);
    memcpy(before, frame, LEN);
    assert_int_equal(keyring_open(room.rings[BOB], 0, 0, over(frame), &heard), E_NO_KEY);
    assert_memory_equal(frame, before, LEN);
    assert_int_equal(attempts(room.rings[BOB]), 0);
    assert_int_equal(keyring_refused(room.rings[BOB]), 0);
    assert_int_equal(enter(room.rings[BOB], 100, BOB, 4, false), OK);
    assert_int_equal(hear(room.rings[BOB], 100, 0, frame, &word), OK);
    assert_int_equal(word, 5);
    keyring_gave_up(room.rings[BOB]);
    assert_int_equal(keyring_refused(room.rings[BOB]), 1);
    room_end(&room);
}

/* Who has just come is sent frames of the epoch before, for a moment. They are neither played nor a fault. */
static void frames_from_before_we_came_are_not_counted(void **state)
{
    struct room room;
    struct keyring *joiner = NULL;
    uint8_t frame[LEN];

    (void)state;
    room_start(&room, 0);
    assert_int_equal(say(room.rings[ALICE], 0, 1, frame), OK);
    assert_int_equal(keyring_new(&room.seeded.random, FRAME_PLAIN_SPEECH, &joiner), OK);
    assert_int_equal(enter(joiner, 0, BOB, 1, false), OK);
    assert_int_equal(hear(joiner, 0, 0, frame, NULL), E_NOT_FOUND);
    frame[4] = 0xff; /* 255, or -1 */
    assert_int_equal(hear(joiner, 0, 0, frame, NULL), E_NOT_FOUND);
    assert_int_equal(keyring_refused(joiner), 0);
    assert_int_equal(enter(joiner, 1000, BOB, 2, false), OK);
    assert_int_equal(enter(joiner, 2000, BOB, 3, false), OK);
    frame[4] = 0;
    assert_int_equal(hear(joiner, 9000, 0, frame, NULL), E_NOT_FOUND);
    assert_int_equal(keyring_refused(joiner), 0);
    frame[4] = 1;
    assert_int_equal(hear(joiner, 9000, 0, frame, NULL), E_STALE);
    assert_int_equal(keyring_refused(joiner), 1);
    assert_int_equal(attempts(joiner), 0);
    keyring_free(joiner);
    room_end(&room);
}

static void g34_epoch_and_leaf_of_zero_work(void **state)
{
    struct room room;
    uint8_t frame[LEN];

    (void)state;
    room_start(&room, 0);
    assert_int_equal(say(room.rings[ALICE], 0, 1, frame), OK);
    assert_int_equal(frame[2] | frame[3] | frame[4], 0);
    assert_int_equal(hear(room.rings[BOB], 0, 0, frame, NULL), OK);
    /* The first change of keys, and the epoch whose low bits are zero again. */
    for (uint64_t epoch = 1; epoch <= 257; epoch++) {
        uint64_t now = epoch * 1000;

        for (uint16_t i = 0; i < 3; i++)
            assert_int_equal(enter(room.rings[i], now, i, epoch, epoch % 2 == 0), OK);
        assert_int_equal(say(room.rings[ALICE], now, 1, frame), OK);
        assert_int_equal(hear(room.rings[BOB], now, 0, frame, NULL), OK);
    }
    assert_int_equal(enter(room.rings[BOB], 300000, BOB, 257, false), E_STALE);
    assert_int_equal(enter(room.rings[BOB], 300000, BOB, 0, false), E_STALE);
    assert_int_equal(keyring_refused(room.rings[BOB]), 0);
    room_end(&room);
}

/* What a half of the room that went on without us sends, or another half under its own keys, or one that fell
 * behind: none of it opens, and all of it is counted (F3, F13). What is muted or played twice is not. */
static void f3_frames_of_another_half_are_counted(void **state)
{
    struct room here, there;
    uint8_t frame[LEN], first[LEN];
    const struct keyring_stats *stats;

    (void)state;
    room_start(&here, 3);
    room_start(&there, 3);
    stats = keyring_stats(here.rings[BOB]);
    assert_int_equal(say(here.rings[ALICE], 0, 1, first), OK);
    assert_int_equal(hear(here.rings[BOB], 0, 0, first, NULL), OK);
    assert_int_equal(hear(here.rings[BOB], 0, 0, first, NULL), E_REPLAY);
    keyring_mute(here.rings[BOB], ALICE, true);
    assert_int_equal(say(here.rings[ALICE], 0, 1, frame), OK);
    assert_int_equal(hear(here.rings[BOB], 0, 0, frame, NULL), E_REFUSED);
    assert_int_equal(stats->foreign, 0);

    frame[LEN - 1] ^= 1; /* as any other key's */
    frame[FRAME_HEADER_LEN - 1] ^= 0x40;
    assert_int_equal(hear(here.rings[BOB], 0, 1, frame, NULL), E_FORGED);
    assert_int_equal(stats->foreign, 1);
    frame[3] = 9; /* nobody on stage */
    assert_int_equal(hear(here.rings[BOB], 0, 1, frame, NULL), E_REFUSED);
    assert_int_equal(stats->foreign, 2);
    assert_int_equal(enter(there.rings[ALICE], 0, ALICE, 4, false), OK);
    assert_int_equal(say(there.rings[ALICE], 0, 1, frame), OK);
    assert_int_equal(hear(here.rings[BOB], 0, 1, frame, NULL), E_NO_KEY);
    assert_int_equal(stats->foreign, 2); /* it may still be ours */
    keyring_gave_up(here.rings[BOB]);
    assert_int_equal(stats->foreign, 3);
    assert_int_equal(enter(here.rings[BOB], 0, BOB, 4, false), OK);
    keyring_due(here.rings[BOB], OLD_KEY_MS + 1);
    assert_int_equal(hear(here.rings[BOB], OLD_KEY_MS + 1, 1, first, NULL), E_STALE);
    assert_int_equal(stats->foreign, 4);
    room_end(&here);
    room_end(&there);
}

/* More epochs in five seconds than a ring keeps: the oldest goes, nothing is taken for another. But a room
 * that many enter at once has ten in a second, and none of those is lost (field report G42). */
static void many_epochs_at_once(void **state)
{
    enum { MANY = 80, KEPT = 64 };
    struct room room;
    uint8_t frames[MANY][LEN];

    (void)state;
    room_start(&room, 250);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(say(room.rings[ALICE], 10 * i, (uint8_t)i, frames[i]), OK);
        assert_int_equal(enter(room.rings[ALICE], 10 * i, ALICE, 251 + i, false), OK);
        assert_int_equal(enter(room.rings[BOB], 10 * i, BOB, 251 + i, false), OK);
    }
    for (unsigned i = 0; i < MANY; i++) {
        uint8_t word = 0;
        enum result res = hear(room.rings[BOB], 10 * MANY, 0, frames[i], &word);

        assert_int_equal(res, i <= MANY - KEPT ? E_STALE : OK);
        if (res == OK)
            assert_int_equal(word, i);
    }
    room_end(&room);
}

static void sender_waits_after_a_commit_that_only_adds(void **state)
{
    struct room room;
    uint8_t frame[LEN];

    (void)state;
    room_start(&room, 3);
    assert_int_equal(enter(room.rings[ALICE], 1000, ALICE, 4, true), OK);
    assert_int_equal(keyring_due(room.rings[ALICE], 1000), 1000 + ADD_SWITCH_MS);
    assert_int_equal(say(room.rings[ALICE], 1000 + ADD_SWITCH_MS - 1, 1, frame), OK);
    assert_int_equal(frame[4], 3);
    assert_int_equal(say(room.rings[ALICE], 1000 + ADD_SWITCH_MS, 1, frame), OK);
    assert_int_equal(frame[4], 4);
    /* A second commit within the wait does not put the change off. */
    assert_int_equal(enter(room.rings[ALICE], 2000, ALICE, 5, true), OK);
    assert_int_equal(enter(room.rings[ALICE], 2100, ALICE, 6, true), OK);
    assert_int_equal(say(room.rings[ALICE], 2100, 1, frame), OK);
    assert_int_equal(frame[4], 4);
    assert_int_equal(say(room.rings[ALICE], 2000 + ADD_SWITCH_MS, 1, frame), OK);
    assert_int_equal(frame[4], 6);
    /* A removal does not wait, not even for a wait that runs. */
    assert_int_equal(enter(room.rings[ALICE], 3000, ALICE, 7, true), OK);
    assert_int_equal(enter(room.rings[ALICE], 3001, ALICE, 8, false), OK);
    assert_int_equal(say(room.rings[ALICE], 3001, 1, frame), OK);
    assert_int_equal(frame[4], 8);
    room_end(&room);
}

/* F13: who hears an authentic frame of the newer epoch seals no more under the old one; a forged one proves
 * nothing. */
static void f13_hearing_the_new_epoch_ends_the_wait(void **state)
{
    struct room room;
    uint8_t frame[LEN], spoken[LEN];

    (void)state;
    room_start(&room, 3);
    assert_int_equal(enter(room.rings[ALICE], 1000, ALICE, 4, true), OK);
    assert_int_equal(enter(room.rings[BOB], 1000, BOB, 4, false), OK);
    assert_int_equal(say(room.rings[BOB], 1000, 1, spoken), OK);
    spoken[LEN - 1] ^= 1;
    assert_int_equal(hear(room.rings[ALICE], 1001, 0, spoken, NULL), E_FORGED);
    assert_int_equal(say(room.rings[ALICE], 1001, 1, frame), OK);
    assert_int_equal(frame[4], 3);
    spoken[LEN - 1] ^= 1;
    assert_int_equal(hear(room.rings[ALICE], 1002, 0, spoken, NULL), OK);
    assert_int_equal(say(room.rings[ALICE], 1002, 1, frame), OK);
    assert_int_equal(frame[4], 4);
    room_end(&room);
}

/* Alice is removed, or only taken off stage: what she sealed before is not played after the commit, and her
 * key is not kept for the five seconds; Carol's is. */
static void f14_no_grace_for_who_was_removed(void **state)
{
    static const uint16_t without_alice[] = {BOB, CAROL};
    static const uint16_t alice[] = {ALICE};
    uint8_t base_key[SEAL_BASE_KEY_LEN];

    (void)state;
    /* 0: off stage; 1: removed; 2: removed, and somebody else sits at her leaf at once. */
    for (int way = 0; way < 3; way++) {
        struct room room;
        uint8_t by_alice[2][LEN], by_carol[LEN];

        room_start(&room, 3);
        assert_int_equal(say(room.rings[ALICE], 0, 1, by_alice[0]), OK);
        assert_int_equal(say(room.rings[ALICE], 0, 1, by_alice[1]), OK);
        assert_int_equal(say(room.rings[CAROL], 0, 1, by_carol), OK);
        assert_int_equal(hear(room.rings[BOB], 0, 0, by_alice[0], NULL), OK);
        base_key_of(4, base_key);
        assert_int_equal(keyring_enter(room.rings[BOB], 10,
                                       &(struct keyring_epoch){
                                           .number = 4,
                                           .base_key = base_key,
                                           .speakers = way == 2 ? everyone : without_alice,
                                           .speaker_count = way == 2 ? 3 : 2,
                                           .gone = alice,
                                           .gone_count = way == 0 ? 0 : 1,
                                           .own_leaf = BOB,
                                       }),
                         OK);
        assert_int_equal(hear(room.rings[BOB], 11, 0, by_alice[1], NULL), E_REFUSED);
        assert_int_equal(hear(room.rings[BOB], 11, 1, by_carol, NULL), OK);
        assert_int_equal(attempts(room.rings[BOB]), 2);
        room_end(&room);
    }
}

static void only_the_stage_is_heard(void **state)
{
    static const uint16_t stage[] = {ALICE};
    struct room room;
    struct keyring *listener = NULL, *speaker = NULL;
    uint8_t base_key[SEAL_BASE_KEY_LEN], frame[LEN];
    struct keyring_epoch epoch = {
        .number = 3, .base_key = base_key, .speakers = stage, .speaker_count = 1, .own_leaf = BOB};

    (void)state;
    room_start(&room, 3);
    base_key_of(3, base_key);
    assert_int_equal(keyring_new(&room.seeded.random, FRAME_PLAIN_SPEECH, &listener), OK);
    assert_int_equal(keyring_enter(listener, 0, &epoch), OK);
    /* A listener does not seal, and whom the roles do not name is not played, key or no key. */
    assert_int_equal(say(listener, 0, 1, frame), E_REFUSED);
    assert_int_equal(say(room.rings[CAROL], 0, 1, frame), OK);
    assert_int_equal(hear(listener, 0, 0, frame, NULL), E_REFUSED);
    assert_int_equal(attempts(listener), 0);

    /* Coming on stage: the first word is sealed at once, though the epoch only adds. */
    epoch.number = 4;
    epoch.speakers = everyone;
    epoch.speaker_count = 3;
    epoch.only_adds = true;
    assert_int_equal(keyring_enter(listener, 100, &epoch), OK);
    assert_int_equal(say(listener, 100, 1, frame), OK);
    assert_int_equal(frame[4], 4);

    /* Leaving it: nothing more, not under the old epoch either. */
    assert_int_equal(keyring_new(&room.seeded.random, FRAME_PLAIN_SPEECH, &speaker), OK);
    assert_int_equal(enter(speaker, 0, BOB, 3, false), OK);
    epoch.speakers = stage;
    epoch.speaker_count = 1;
    assert_int_equal(keyring_enter(speaker, 100, &epoch), OK);
    assert_int_equal(say(speaker, 100, 1, frame), E_REFUSED);
    keyring_free(listener);
    keyring_free(speaker);
    room_end(&room);
}

static void too_large_a_voice_is_not_sealed(void **state)
{
    struct room room;
    uint8_t opus[107] = {1}, frame[LEN];

    (void)state;
    room_start(&room, 3);
    assert_int_equal(keyring_seal(room.rings[ALICE], 0, &(struct voice){BYTES_OF(opus), NULL}, over(frame)),
                     E_TOO_LARGE);
    assert_int_equal(keyring_stats(room.rings[ALICE])->sealed, 0);
    room_end(&room);
}

/* The way of an ordinary frame takes no memory: a sender's first frame has made its key. */
static void frames_take_no_memory(void **state)
{
    struct room room;
    uint8_t frame[LEN];
    unsigned before;

    (void)state;
    room_start(&room, 3);
    assert_int_equal(say(room.rings[ALICE], 0, 1, frame), OK);
    assert_int_equal(hear(room.rings[BOB], 0, 0, frame, NULL), OK);
    before = denied_count();
    assert_int_not_equal(before, 0);
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(say(room.rings[ALICE], i * 20, 1, frame), OK);
        assert_int_equal(hear(room.rings[BOB], i * 20, 0, frame, NULL), OK);
        assert_int_equal(hear(room.rings[BOB], i * 20, 0, frame, NULL), E_REPLAY);
        frame[FRAME_HEADER_LEN] ^= 1;
        frame[LEN - FRAME_TAG_LEN] ^= 0x80;
        assert_int_equal(hear(room.rings[BOB], i * 20, 1, frame, NULL), E_FORGED);
    }
    assert_int_equal(denied_count(), before);
    room_end(&room);
}

/* Each allocation is denied in turn: nothing breaks, and the same call goes through afterwards. */
static void want_of_memory_is_a_result(void **state)
{
    unsigned nth = 0;
    bool denied = true;

    (void)state;
    for (; denied; nth++) {
        struct room room;
        struct keyring *ring = NULL;
        uint8_t frame[LEN], copy[LEN];
        struct keyring_heard heard;
        enum result res;

        room_start(&room, 3);
        assert_int_equal(say(room.rings[ALICE], 0, 1, frame), OK);
        memcpy(copy, frame, LEN);
        denied_after(nth);
        res = keyring_new(&room.seeded.random, FRAME_PLAIN_SPEECH, &ring);
        if (res == OK)
            res = enter(ring, 0, BOB, 3, false);
        if (res == OK)
            res = say(ring, 0, 1, frame);
        if (res == OK)
            res = keyring_open(ring, 0, 0, over(copy), &heard);
        denied = denied_end();
        assert_int_equal(res, denied ? E_NO_MEMORY : OK);
        if (ring == NULL)
            assert_int_equal(keyring_new(&room.seeded.random, FRAME_PLAIN_SPEECH, &ring), OK);
        if (denied) {
            res = enter(ring, 0, BOB, 3, false);
            assert_true(res == OK || res == E_STALE);
        }
        assert_int_equal(say(ring, 0, 1, frame), OK);
        assert_int_equal(hear(room.rings[ALICE], 0, 0, frame, NULL), OK);
        keyring_free(ring);
        room_end(&room);
    }
    assert_true(nth >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speech_goes_round),
        cmocka_unit_test(music_has_its_own_length),
        cmocka_unit_test(every_truncation_is_refused_untried),
        cmocka_unit_test(g35_one_attempt_with_the_key_that_the_id_names),
        cmocka_unit_test(replays_are_refused_untried),
        cmocka_unit_test(a_leap_empties_the_window),
        cmocka_unit_test(f16_a_leap_in_another_slot_silences_nobody),
        cmocka_unit_test(f16_a_counter_taken_in_another_slot_silences_nobody),
        cmocka_unit_test(a_frame_is_played_once_in_all_slots),
        cmocka_unit_test(old_epoch_opens_for_five_seconds),
        cmocka_unit_test(erased_keys_leave_no_trace),
        cmocka_unit_test(closing_ends_all_keys_at_once),
        cmocka_unit_test(unknown_epochs_wait_untried),
        cmocka_unit_test(frames_from_before_we_came_are_not_counted),
        cmocka_unit_test(g34_epoch_and_leaf_of_zero_work),
        cmocka_unit_test(f3_frames_of_another_half_are_counted),
        cmocka_unit_test(many_epochs_at_once),
        cmocka_unit_test(sender_waits_after_a_commit_that_only_adds),
        cmocka_unit_test(f13_hearing_the_new_epoch_ends_the_wait),
        cmocka_unit_test(f14_no_grace_for_who_was_removed),
        cmocka_unit_test(only_the_stage_is_heard),
        cmocka_unit_test(too_large_a_voice_is_not_sealed),
        cmocka_unit_test(frames_take_no_memory),
        cmocka_unit_test(want_of_memory_is_a_result),
    };

    if (crypto_start() != OK)
        return 1;
    return cmocka_run_group_tests_name("keyring", tests, NULL, NULL);
}
