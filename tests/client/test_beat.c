#define _POSIX_C_SOURCE 200809L
#include "client/beat.h"
#include "core/keyring.h"
#include "hop/hop.h"
#include "support/patience.h"
#include "support/seeded.h"
#include "wire/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FRAMES = 30, STALL_US = 130 * 1000 };

struct hall {
    struct seeded seeded;
    struct keyring *keyring;
    struct loop *loop;
    struct beat *beat;
    uint64_t start_us;
    unsigned heard, spoken, sent, until;
    size_t sent_len;
    bool stalls;
};

static void on_speak(void *context, float out[static SOUND_FRAME])
{
    struct hall *hall = context;

    hall->spoken++;
    memset(out, 0, SOUND_FRAME * sizeof *out);
}

static void on_hear(void *context, const float in[static SOUND_FRAME])
{
    struct hall *hall = context;

    (void)in;
    if (++hall->heard == hall->until)
        loop_stop(hall->loop);
}

static void on_send(void *context, struct bytes_mut room, size_t len)
{
    struct hall *hall = context;

    assert_true(room.len >= len + HOP_RTP_OVERHEAD);
    assert_true(hall->sent == 0 || len == hall->sent_len);
    hall->sent_len = len;
    hall->sent++;
}

static void on_heard(void *context, uint64_t at_us, uint32_t leaf)
{
    (void)context;
    (void)at_us;
    (void)leaf;
    fail_msg("nobody speaks");
}

/* Once, the thread does not come back for a while. */
static void on_tick(void *context, uint64_t now_us)
{
    struct hall *hall = context;

    if (!hall->stalls || hall->heard < 5)
        return;
    hall->stalls = false;
    while (loop_now_us() < now_us + STALL_US)
        ;
}

static int hall_make(void **state)
{
    static const uint8_t base_key[SEAL_BASE_KEY_LEN] = {1};
    static const uint16_t speakers[] = {0};
    const struct keyring_epoch epoch = {.base_key = base_key, .speakers = speakers, .speaker_count = 1};
    struct hall *hall = calloc(1, sizeof *hall);

    if (crypto_start() != OK)
        return -1;
    seeded_start(&hall->seeded, 3);
    hall->loop = patience_loop();
    if (keyring_new(&hall->seeded.random, FRAME_PLAIN_SPEECH, &hall->keyring) != OK ||
        keyring_enter(hall->keyring, 0, &epoch) != OK)
        return -1;
    hall->until = FRAMES;
    *state = hall;
    return 0;
}

static int hall_clear(void **state)
{
    struct hall *hall = *state;

    beat_free(hall->beat);
    keyring_free(hall->keyring);
    loop_free(hall->loop);
    free(hall);
    return 0;
}

static void begin(struct hall *hall)
{
    const struct beat_options options = {
        .loop = hall->loop,
        .keyring = hall->keyring,
        .random = &hall->seeded.random,
        .speak = on_speak,
        .hear = on_hear,
        .send = on_send,
        .heard = on_heard,
        .tick = on_tick,
        .context = hall,
    };

    hall->start_us = loop_now_us();
    assert_int_equal(beat_new(&options, hall->start_us, &hall->beat), OK);
}

/* Frame n never comes before its time, and a stall delays no frame but those that fell into it. */
static void the_clock_does_not_drift(void **state)
{
    struct hall *hall = *state;
    uint64_t took_us;

    hall->stalls = true;
    begin(hall);
    patience_run(hall->loop);
    took_us = loop_now_us() - hall->start_us;
    assert_true(took_us >= (FRAMES - 1) * (uint64_t)FRAME_US);
    assert_true(took_us < (FRAMES - 1) * (uint64_t)FRAME_US + STALL_US);
    assert_int_equal(hall->heard, FRAMES);
    assert_int_equal(hall->sent, 0);
}

static void a_closed_microphone_sends_nothing(void **state)
{
    struct hall *hall = *state;

    begin(hall);
    patience_run(hall->loop);
    assert_int_equal(hall->spoken, 0);
    assert_int_equal(hall->sent, 0);
}

static void an_open_one_sends_each_frame_in_one_size(void **state)
{
    struct hall *hall = *state;

    begin(hall);
    hall->stalls = true;
    assert_int_equal(beat_open_microphone(hall->beat), hall->start_us);
    patience_run(hall->loop);
    assert_int_equal(hall->spoken, FRAMES);
    assert_int_equal(hall->sent, FRAMES);
    assert_int_equal(hall->sent_len, 12 + FRAME_SEALED_SPEECH);
}

static void a_microphone_closes_and_opens_again(void **state)
{
    struct hall *hall = *state;
    unsigned owed;

    begin(hall);
    beat_open_microphone(hall->beat);
    patience_run(hall->loop);
    beat_close_microphone(hall->beat);
    assert_false(beat_is_open(hall->beat));
    /* The silence that is owed, and not a frame more. */
    assert_true(beat_is_closing(hall->beat));
    owed = keyring_owes(hall->keyring);
    hall->until += owed + 2;
    patience_run(hall->loop);
    assert_false(beat_is_closing(hall->beat));
    assert_int_equal(hall->sent, FRAMES + owed);
    assert_int_equal(hall->spoken, FRAMES);
    beat_open_microphone(hall->beat);
    hall->until += FRAMES;
    patience_run(hall->loop);
    assert_int_equal(hall->sent, 2 * FRAMES + owed);
    assert_int_equal(hall->spoken, 2 * FRAMES);
    /* Nobody waits for silence to end before speaking. */
    beat_close_microphone(hall->beat);
    beat_open_microphone(hall->beat);
    assert_false(beat_is_closing(hall->beat));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_clock_does_not_drift, hall_make, hall_clear),
        cmocka_unit_test_setup_teardown(a_closed_microphone_sends_nothing, hall_make, hall_clear),
        cmocka_unit_test_setup_teardown(an_open_one_sends_each_frame_in_one_size, hall_make, hall_clear),
        cmocka_unit_test_setup_teardown(a_microphone_closes_and_opens_again, hall_make, hall_clear),
    };

    return cmocka_run_group_tests_name("beat", tests, NULL, NULL);
}
