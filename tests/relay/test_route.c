/* The rules of a slot, on a clock of our own: what sequence and time a room's microphone gives to packets. */
#include "relay/route.h"
#include "support/seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t payload[FRAME_SEALED_SPEECH] = {0xbb};

/* A speaker with numbers of its own. */
struct speaker {
    struct relay_session session;
    uint32_t ssrc, time;
    uint16_t sequence;
};

struct scene {
    struct relay_room room;
    uint64_t now_us;
};

static void scene_start(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    scene->now_us = 5000000;
    scene->room.origin_us = scene->now_us - 1000000;
}

static void speaker_start(struct speaker *s, struct scene *scene, uint32_t ssrc, uint16_t sequence,
                          uint32_t time)
{
    memset(s, 0, sizeof *s);
    s->session.room = &scene->room;
    s->session.microphone = -1;
    s->ssrc = ssrc;
    s->sequence = sequence;
    s->time = time;
}

static enum result route(struct speaker *s, struct scene *scene, uint16_t sequence, uint32_t time,
                         struct relay_passage *out)
{
    struct rtp rtp = {
        .sequence = sequence, .time = time, .ssrc = s->ssrc, .payload = bytes(payload, sizeof payload)};

    return relay_route(&s->session, &rtp, scene->now_us, out);
}

static void step(struct speaker *s)
{
    s->sequence++;
    s->time += FRAME_SAMPLES;
}

/* The next packet, now. */
static struct relay_passage say(struct speaker *s, struct scene *scene)
{
    struct relay_passage p = {0};

    assert_int_equal(route(s, scene, s->sequence, s->time, &p), OK);
    step(s);
    return p;
}

/* The same, and 20 ms go by. */
static struct relay_passage speak(struct speaker *s, struct scene *scene)
{
    struct relay_passage p = say(s, scene);

    scene->now_us += FRAME_US;
    return p;
}

static uint32_t off_the_clock(const struct scene *scene, uint32_t time)
{
    int32_t d = (int32_t)(time - (uint32_t)((scene->now_us - scene->room.origin_us) * 48 / 1000));

    return (uint32_t)(d < 0 ? -d : d);
}

static void g10_time_follows_the_clock_over_speakers(void **state)
{
    struct scene scene;
    struct speaker speakers[3];
    struct relay_passage before = {0}, p;
    struct seeded seeded;

    (void)state;
    scene_start(&scene);
    seeded_start(&seeded, 10);
    for (int i = 0; i < 3; i++)
        speaker_start(&speakers[i], &scene, 100 + (uint32_t)i, (uint16_t)seeded_u64(&seeded),
                      (uint32_t)seeded_u64(&seeded));
    for (int turn = 0; turn < 12; turn++) {
        /* Between two turns there is a pause, long enough to give the microphone away. */
        scene.now_us += RELAY_HOLD_US + 1 + seeded_below(&seeded, 3000000);
        for (int i = 0; i < 50; i++) {
            p = say(&speakers[turn % 3], &scene);
            assert_int_equal(p.microphone, 0);
            assert_true(off_the_clock(&scene, p.time) <= 40 * 48);
            assert_int_equal(p.begins, i == 0);
            if (turn + i != 0) {
                assert_true((int32_t)(p.time - before.time) > 0);
                assert_int_equal(p.sequence, before.sequence + 1);
            }
            if (i != 0)
                assert_int_equal(p.time - before.time, FRAME_SAMPLES);
            before = p;
            scene.now_us += FRAME_US;
        }
    }
}

/* The microphone's sequence wraps at 16 bits in the very packet that brings another speaker. */
static void g07_a_wrap_and_a_change_together(void **state)
{
    struct scene scene;
    struct speaker a, b;

    (void)state;
    scene_start(&scene);
    scene.room.microphones[0].sequence = 0xffff - 3;
    speaker_start(&a, &scene, 1, 65533, 4000000000u);
    speaker_start(&b, &scene, 2, 65535, 17);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(speak(&a, &scene).sequence, 0xffff - 2 + i);
    scene.now_us += RELAY_HOLD_US + 1;
    for (uint32_t i = 0; i < 5; i++) {
        struct relay_passage p = speak(&b, &scene);

        assert_int_equal(p.microphone, 0);
        assert_int_equal(p.sequence, 0x10000 + i);
    }
}

static void g08_one_ssrc_twice_takes_two_slots(void **state)
{
    struct scene scene;
    struct speaker a, b;

    (void)state;
    scene_start(&scene);
    speaker_start(&a, &scene, 0x11111111, 10, 0);
    speaker_start(&b, &scene, 0x11111111, 20, 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(say(&a, &scene).microphone, 0);
        assert_int_equal(speak(&b, &scene).microphone, 1);
    }
}

/* A sender that starts its numbers again without a new SSRC is strange for a moment and then heard. */
static void g09_a_sequence_that_starts_again(void **state)
{
    struct scene scene;
    struct speaker s;
    struct relay_passage before = {0}, p;
    int refused = 0;

    (void)state;
    scene_start(&scene);
    speaker_start(&s, &scene, 1, 39990, 1000);
    for (int i = 0; i < 10; i++)
        before = speak(&s, &scene);
    s.sequence = 10;
    s.time = 77;
    while (route(&s, &scene, s.sequence, s.time, &p) != OK) {
        step(&s);
        scene.now_us += FRAME_US;
        assert_true(++refused < 1000000 / FRAME_US);
    }
    assert_true(refused > 0);
    assert_true(p.begins);
    assert_int_equal(p.sequence, before.sequence + 1);
    assert_true((int32_t)(p.time - before.time) > 0);
    step(&s);
    scene.now_us += FRAME_US;
    assert_int_equal(speak(&s, &scene).sequence, before.sequence + 2);
}

/* Gaps and order go through; a packet that comes late keeps its place, one of an earlier run has none. */
static void g11_gaps_and_order_are_kept(void **state)
{
    static const uint32_t order[] = {1, 3, 2, 7, 4, 6, 8};
    struct scene scene;
    struct speaker s, t;
    struct relay_passage p, first;

    (void)state;
    scene_start(&scene);
    speaker_start(&s, &scene, 1, 65532, 5000);
    first = speak(&s, &scene);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        assert_int_equal(route(&s, &scene, (uint16_t)(65532 + order[i]), 5000 + order[i] * FRAME_SAMPLES, &p),
                         OK);
        assert_int_equal(p.sequence - first.sequence, order[i]);
        assert_int_equal(p.time - first.time, order[i] * FRAME_SAMPLES);
        scene.now_us += FRAME_US;
    }
    /* The newest once more. */
    assert_int_equal(route(&s, &scene, (uint16_t)(65532 + 8), 5000 + 8 * FRAME_SAMPLES, &p), E_STALE);

    scene.now_us += RELAY_HOLD_US + 1;
    speaker_start(&t, &scene, 2, 30, FRAME_SAMPLES);
    speak(&t, &scene);
    assert_int_equal(route(&t, &scene, 29, 0, &p), E_STALE);
}

static void g13_a_time_that_runs_back_is_dropped(void **state)
{
    struct scene scene;
    struct speaker s;
    struct relay_passage before, p;

    (void)state;
    scene_start(&scene);
    speaker_start(&s, &scene, 1, 100, 900000000);
    speak(&s, &scene);
    before = speak(&s, &scene);
    assert_int_equal(route(&s, &scene, s.sequence, s.time - 807813896, &p), E_REFUSED);
    step(&s);
    scene.now_us += FRAME_US;
    p = speak(&s, &scene);
    assert_false(p.begins);
    assert_int_equal(p.sequence - before.sequence, 2);
    assert_int_equal(p.time - before.time, 2 * FRAME_SAMPLES);
}

/* Who mutes keeps his time going, or lets it rest: both are heard at the clock's time afterwards. */
static void a_pause_of_the_same_speaker(void **state)
{
    struct scene scene;
    struct speaker s;
    struct relay_passage p;

    (void)state;
    scene_start(&scene);
    speaker_start(&s, &scene, 1, 100, 50);
    speak(&s, &scene);
    scene.now_us += 400000;
    s.time += 400 * 48; /* goes on */
    p = say(&s, &scene);
    assert_false(p.begins);
    assert_true(off_the_clock(&scene, p.time) <= 40 * 48);

    scene.now_us += 400000; /* rests */
    p = say(&s, &scene);
    assert_true(p.begins);
    assert_true(off_the_clock(&scene, p.time) <= 40 * 48);

    /* The network rested for a moment, and everything comes at once. */
    scene.now_us += 150000;
    for (int i = 0; i < 8; i++)
        assert_false(say(&s, &scene).begins);
}

static void no_more_microphones_than_slots(void **state)
{
    static struct speaker speakers[SLOTS + 1];
    struct scene scene;
    struct relay_passage p;

    (void)state;
    scene_start(&scene);
    for (uint32_t i = 0; i <= SLOTS; i++)
        speaker_start(&speakers[i], &scene, i, 1, 1);
    for (uint32_t i = 0; i < SLOTS; i++)
        assert_int_equal(say(&speakers[i], &scene).microphone, i);
    assert_int_equal(route(&speakers[SLOTS], &scene, 1, 1, &p), E_NO_MEMORY);

    /* One leaves the stage. */
    relay_microphone_leave(&speakers[3].session);
    assert_int_equal(say(&speakers[SLOTS], &scene).microphone, 3);

    /* Its successor is silent for as long as it takes to be succeeded, all others speak. */
    scene.now_us += RELAY_HOLD_US;
    for (uint32_t i = 0; i < SLOTS; i++) {
        if (i != 3)
            assert_int_equal(say(&speakers[i], &scene).microphone, i);
    }
    assert_int_equal(route(&speakers[3], &scene, 5, 5, &p), E_NO_MEMORY);
    scene.now_us += 1;
    assert_int_equal(route(&speakers[3], &scene, 5, 5, &p), OK);
    assert_int_equal(p.microphone, 3);
    assert_int_equal(speakers[SLOTS].session.microphone, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g10_time_follows_the_clock_over_speakers),
        cmocka_unit_test(g07_a_wrap_and_a_change_together),
        cmocka_unit_test(g08_one_ssrc_twice_takes_two_slots),
        cmocka_unit_test(g09_a_sequence_that_starts_again),
        cmocka_unit_test(g11_gaps_and_order_are_kept),
        cmocka_unit_test(g13_a_time_that_runs_back_is_dropped),
        cmocka_unit_test(a_pause_of_the_same_speaker),
        cmocka_unit_test(no_more_microphones_than_slots),
    };

    return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
