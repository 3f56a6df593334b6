#include "client/jitter.h"

#include "support/seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LOST = -1, SILENCE = -2, TICKS = 4000 };

/* A stream into one buffer, and what came out of it turn by turn. */
struct stream {
    struct jitter jitter;
    struct seeded seeded;
    uint16_t sequence; /* of frame 0 */
    uint32_t time_48k;
    uint64_t now_us; /* of the next tick */
    unsigned ticks;
    int heard[TICKS]; /* a frame's number, or one of the above */
    int delay_ms[TICKS];
    unsigned skips;
};

static struct stream *start(void **state)
{
    struct stream *s = *state;

    memset(s, 0, sizeof *s);
    jitter_start(&s->jitter);
    seeded_start(&s->seeded, 11);
    s->sequence = 30000;
    s->time_48k = 4000000000u;
    s->now_us = 1000000;
    return s;
}

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct stream));
    return *state == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

/* One packet whose sound is a number. */
static enum result put(struct stream *s, uint16_t sequence, uint32_t time_48k, uint64_t came_us,
                       uint32_t number)
{
    struct jitter_packet packet = {sequence, time_48k, 7, came_us, BYTES_OF(number)};

    return jitter_take(&s->jitter, &packet);
}

static enum result come(struct stream *s, uint32_t number, uint64_t came_us)
{
    return put(s, (uint16_t)(s->sequence + number), s->time_48k + number * FRAME_SAMPLES, came_us, number);
}

static int number_in(const struct jitter_frame *frame)
{
    uint32_t number;

    assert_int_equal(frame->opus_len, sizeof number);
    memcpy(&number, frame->opus, sizeof number);
    return (int)number;
}

static int tick(struct stream *s)
{
    struct jitter_turn turn;
    int heard = SILENCE;

    jitter_due(&s->jitter, s->now_us, &turn);
    if (turn.what == JITTER_LOST)
        heard = LOST;
    if (turn.what == JITTER_SKIP)
        s->skips++;
    if (turn.what == JITTER_PLAY || turn.what == JITTER_SKIP) {
        heard = number_in(turn.what == JITTER_SKIP ? turn.then : turn.frame);
        s->delay_ms[s->ticks] = (int)(s->now_us - turn.frame->came_us) / 1000;
    }
    assert_true(s->ticks < TICKS);
    s->heard[s->ticks++] = heard;
    s->now_us += FRAME_US;
    return heard;
}

/* Frame n is sent at first_us + n * 20 ms and comes as much later as `late_us` says; less than 0 for never.
 * Packets overtake each other as they will. Ticks go on until `until_us`. */
static void run(struct stream *s, uint64_t first_us, int (*late_us)(struct stream *, unsigned number),
                unsigned count, uint64_t until_us)
{
    struct {
        uint64_t at;
        unsigned number;
    } under_way[200];
    unsigned waiting = 0, next = 0;

    while (s->now_us <= until_us) {
        for (; next < count && first_us + (uint64_t)next * FRAME_US <= s->now_us; next++) {
            int late = late_us(s, next);

            if (late < 0)
                continue;
            assert_true(waiting < 200);
            under_way[waiting].at = first_us + (uint64_t)next * FRAME_US + (unsigned)late;
            under_way[waiting++].number = next;
        }
        for (;;) {
            unsigned first = 0;

            for (unsigned i = 1; i < waiting; i++) {
                if (under_way[i].at < under_way[first].at)
                    first = i;
            }
            if (waiting == 0 || under_way[first].at > s->now_us)
                break;
            (void)!come(s, under_way[first].number, under_way[first].at);
            under_way[first] = under_way[--waiting];
        }
        tick(s);
    }
}

/* Every frame once, in order, from the first sound on; `holes` turns in between were made up. */
static void assert_whole(const struct stream *s, int count, unsigned holes)
{
    unsigned at = 0, made_up = 0;
    int expected = 0;

    while (at < s->ticks && s->heard[at] == SILENCE)
        at++;
    for (; at < s->ticks && expected < count; at++) {
        if (s->heard[at] == LOST)
            made_up++;
        else
            assert_int_equal(s->heard[at], expected);
        expected++;
    }
    assert_int_equal(expected, count);
    assert_int_equal(made_up, holes);
}

static int last_delay(const struct stream *s)
{
    unsigned at = s->ticks;

    while (at > 0 && s->heard[at - 1] < 0)
        at--;
    assert_true(at > 0);
    return s->delay_ms[at - 1];
}

/* --- On a good way --- */

static int at_once(struct stream *s, unsigned number)
{
    (void)s;
    (void)number;
    return 300;
}

static void plays_at_once_and_in_order(void **state)
{
    for (uint64_t phase = 0; phase < FRAME_US; phase += 1700) {
        struct stream *s = start(state);

        run(s, 1000000 + phase, at_once, 500, 12000000);
        assert_whole(s, 500, 0);
        assert_in_range(last_delay(s), JITTER_TARGET_US / 1000, (JITTER_TARGET_US + FRAME_US) / 1000);
        assert_int_equal(s->jitter.lost + s->jitter.late + s->jitter.concealed, 0);
        assert_int_equal(s->heard[s->ticks - 1], SILENCE);
    }
}

static int within_the_target(struct stream *s, unsigned number)
{
    (void)number;
    return (int)seeded_below(&s->seeded, JITTER_TARGET_US - 1000);
}

static void leaves_jitter_within_the_target_alone(void **state)
{
    for (uint64_t phase = 0; phase < FRAME_US; phase += 3300) {
        struct stream *s = start(state);

        run(s, 1000000 + phase, within_the_target, 3000, 62000000);
        assert_whole(s, 3000, 0);
        assert_int_equal(s->jitter.lost + s->jitter.late + s->jitter.concealed + s->skips, 0);
    }
}

static void goes_on_where_the_caller_was_behind(void **state)
{
    struct stream *s = start(state);
    unsigned came = 0;

    /* The process slept for 300 ms: packets first, all of them, then the ticks that are due. */
    for (unsigned turn = 0; turn < 100; turn++) {
        uint64_t real_us = turn < 40 || turn > 55 ? s->now_us : 1000000 + 55 * FRAME_US;

        for (; 1000000 + (uint64_t)came * FRAME_US <= real_us; came++)
            assert_int_equal(come(s, came, turn == 40 ? real_us : 1000000 + (uint64_t)came * FRAME_US), OK);
        tick(s);
    }
    assert_whole(s, 95, 0);
}

/* --- On a bad one --- */

static int lose_the_50th(struct stream *s, unsigned number)
{
    (void)s;
    return number == 50 ? -1 : 300;
}

static void g12_one_loss_leaves_the_delay(void **state)
{
    struct stream *s = start(state);

    run(s, 1003000, lose_the_50th, 1000, 21500000);
    assert_whole(s, 1000, 1);
    for (unsigned at = 0; at < s->ticks; at++) {
        if (s->heard[at] >= 0)
            assert_int_equal(s->delay_ms[at], last_delay(s));
    }
    assert_int_equal(s->jitter.lost, 1);
    assert_int_equal(s->jitter.concealed, 1);
    assert_int_equal(s->jitter.late, 0);
}

static int one_spike(struct stream *s, unsigned number)
{
    (void)s;
    /* Nothing comes for 100 ms, then all of it at once. */
    return number >= 50 && number < 55 ? (int)(55 - number) * FRAME_US : 300;
}

static void a_spike_moves_nothing(void **state)
{
    struct stream *s = start(state);

    run(s, 1003000, one_spike, 500, 11500000);
    assert_in_range(s->jitter.late, 2, 4);
    assert_whole(s, 500, (unsigned)s->jitter.late);
    assert_int_equal(s->jitter.lost, 0);
    assert_int_equal(s->jitter.concealed, s->jitter.late);
    assert_int_equal(s->jitter.target_us, JITTER_TARGET_US);
}

static int a_longer_way(struct stream *s, unsigned number)
{
    (void)s;
    return number >= 100 && number < 300 ? 120000 : 300;
}

static void follows_a_longer_way_and_back(void **state)
{
    struct stream *s = start(state);

    run(s, 1003000, a_longer_way, 600, 1003000 + 125 * FRAME_US);
    assert_true(s->heard[s->ticks - 1] >= 0); /* heard again within half a second */
    assert_in_range(s->jitter.late, 2, 12);

    s = start(state);
    run(s, 1003000, a_longer_way, 600, 1003000 + 398 * FRAME_US);
    assert_true(s->heard[s->ticks - 1] >= 0);
    assert_true(s->skips > 0);
    /* Two seconds after the way was short again, so is the delay. */
    assert_true(s->delay_ms[s->ticks - 1] <= (JITTER_TARGET_US + 3 * FRAME_US) / 1000);
}

static int often_late(struct stream *s, unsigned number)
{
    return number % 9 == 5 && number < 700 ? 52000 : (int)seeded_below(&s->seeded, 5000);
}

static void frequent_lateness_raises_the_target_for_a_while(void **state)
{
    struct stream *s = start(state);

    run(s, 1003000, often_late, 2400, 1003000 + 300 * FRAME_US);
    assert_in_range(s->jitter.target_us, JITTER_TARGET_US + JITTER_STEP_US, JITTER_TARGET_MAX_US);
    assert_in_range(s->jitter.late, 3, 40);

    s = start(state);
    run(s, 1003000, often_late, 2400, 1003000 + 2390 * FRAME_US);
    assert_int_equal(s->jitter.target_us, JITTER_TARGET_US);
    assert_in_range(last_delay(s), JITTER_TARGET_US / 1000, (JITTER_TARGET_US + 3 * FRAME_US) / 1000);
}

static int lossy(struct stream *s, unsigned number)
{
    (void)number;
    return seeded_below(&s->seeded, 100) < 5 ? -1 : (int)seeded_below(&s->seeded, 20000);
}

static void counts_every_loss_once(void **state)
{
    struct stream *s = start(state);
    struct seeded replay;
    unsigned lost = 0;

    s->sequence = 65000; /* and over the wrap */
    replay = s->seeded;
    for (unsigned number = 0; number < 2999; number++) {
        if (lossy(s, number) < 0)
            lost++;
    }
    s->seeded = replay;
    s->seeded.random.self = &s->seeded;
    run(s, 1000000, lossy, 3000, 62000000);
    assert_int_equal(s->jitter.lost, lost);
    assert_int_equal(s->jitter.concealed, lost);
    assert_whole(s, 2999, lost);
}

static void duplicates_and_disorder(void **state)
{
    static const unsigned order[] = {1, 0, 2, 2, 4, 3, 4, 1, 5, 7, 6, 5};
    static const enum result results[] = {OK,       OK,       OK, E_EXISTS, OK, OK,
                                          E_EXISTS, E_EXISTS, OK, OK,       OK, E_EXISTS};
    struct stream *s = start(state);

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        assert_int_equal(jitter_seen(&s->jitter, (uint16_t)(s->sequence + order[i])), results[i] == E_EXISTS);
        assert_int_equal(come(s, order[i], 1000000 + i), results[i]);
    }
    while (s->ticks < 30)
        tick(s);
    assert_whole(s, 8, 0);
    assert_int_equal(s->jitter.lost, 0);
}

static void the_copy_is_offered(void **state)
{
    struct stream *s = start(state);
    struct jitter_turn turn;

    assert_int_equal(come(s, 0, 1000000), OK);
    assert_int_equal(come(s, 2, 1040000), OK);
    s->now_us = 1040000;
    assert_int_equal(tick(s), 0);
    jitter_due(&s->jitter, 1060000, &turn);
    assert_int_equal(turn.what, JITTER_LOST);
    assert_int_equal(number_in(turn.frame), 2);
    jitter_due(&s->jitter, 1080000, &turn);
    assert_int_equal(turn.what, JITTER_PLAY);
    assert_int_equal(number_in(turn.frame), 2);
    jitter_due(&s->jitter, 1100000, &turn);
    assert_int_equal(turn.what, JITTER_LOST);
    assert_null(turn.frame);
}

/* --- Ends and beginnings --- */

static void a_pause_is_no_loss(void **state)
{
    struct stream *s = start(state);

    run(s, 1000000, at_once, 100, 4000000);
    assert_int_equal(s->heard[s->ticks - 1], SILENCE);
    /* The same speaker again, the number goes on, the time tells the pause. */
    for (unsigned number = 100; number < 150; number++) {
        assert_int_equal(put(s, (uint16_t)(s->sequence + number),
                             s->time_48k + number * FRAME_SAMPLES + 50000, s->now_us, number),
                         OK);
        tick(s);
    }
    while (s->ticks < 300)
        tick(s);
    assert_int_equal(s->jitter.lost + s->jitter.late + s->jitter.concealed, 0);
    for (unsigned at = 0, expected = 0; at < s->ticks; at++) {
        if (s->heard[at] >= 0)
            assert_int_equal(s->heard[at], expected++);
    }
    assert_in_range(last_delay(s), JITTER_TARGET_US / 1000, (JITTER_TARGET_US + FRAME_US) / 1000);
}

/* What is heard `wait` ticks after the stream went on with other numbers. */
static void assert_heard_after(struct stream *s, uint16_t sequence, uint32_t time_48k, unsigned wait)
{
    for (unsigned n = 0; n < 200; n++) {
        (void)!put(s, (uint16_t)(sequence + n), time_48k + n * FRAME_SAMPLES, s->now_us, 1000 + n);
        tick(s);
        if (n >= wait)
            assert_true(s->heard[s->ticks - 1] >= 1000);
    }
    /* Another speaker's phase may be a frame off. */
    assert_in_range(last_delay(s), JITTER_TARGET_US / 1000 - 20, (JITTER_TARGET_US + 2 * FRAME_US) / 1000);
    assert_true(s->jitter.lost < 20);
}

static void g07_speaker_changes_as_the_sequence_wraps(void **state)
{
    struct stream *s = start(state);

    s->sequence = (uint16_t)(65536 - 100);
    run(s, 1000000, at_once, 100, 1000000 + 100 * FRAME_US);
    assert_heard_after(s, 0, s->time_48k + 100 * FRAME_SAMPLES + 311, 3);
    assert_int_equal(s->jitter.lost, 0);
}

static void g09_sequence_begins_anew(void **state)
{
    struct stream *s = start(state);

    s->sequence = (uint16_t)(40000 - 99);
    run(s, 1000000, at_once, 100, 1000000 + 100 * FRAME_US);
    assert_heard_after(s, 10, s->time_48k + 100 * FRAME_SAMPLES, 10);
}

static void g10_speakers_with_times_of_their_own(void **state)
{
    static const uint32_t times[] = {17, 0xf0000000, 0x70000000};
    struct stream *s = start(state);

    run(s, 1000000, at_once, 100, 1000000 + 100 * FRAME_US);
    for (unsigned i = 0; i < 3; i++)
        assert_heard_after(s, (uint16_t)(s->sequence + 100 + 200 * i), times[i], 10);
}

static void g13_time_runs_back_once(void **state)
{
    struct stream *s = start(state);

    for (unsigned number = 0; number < 200; number++) {
        if (number == 100)
            assert_int_equal(put(s, (uint16_t)(s->sequence + 100),
                                 s->time_48k + 100 * FRAME_SAMPLES - 807813896u, s->now_us, 100),
                             E_STALE);
        else
            assert_int_equal(come(s, number, s->now_us), OK);
        tick(s);
    }
    assert_whole(s, 195, 1);
    assert_int_equal(s->jitter.lost, 1);
}

static void one_wild_leap_costs_little(void **state)
{
    static const struct {
        uint16_t sequence;
        uint32_t time_48k;
    } wild[] = {{100, 0x40000000}, {20000, 100 * FRAME_SAMPLES}, {40000, 5}, {99, 0}, {600, 0x7fffffff}};

    for (size_t i = 0; i < sizeof wild / sizeof wild[0]; i++) {
        struct stream *s = start(state);

        for (unsigned number = 0; number < 300; number++) {
            if (number == 100)
                (void)!put(s, (uint16_t)(s->sequence + wild[i].sequence), s->time_48k + wild[i].time_48k,
                           s->now_us, 100);
            else
                (void)!come(s, number, s->now_us);
            tick(s);
            if (number > 150)
                assert_true(s->heard[s->ticks - 1] > 100);
        }
    }
}

static void refuses_what_is_too_long(void **state)
{
    static const uint8_t opus[JITTER_OPUS_MAX + 1];
    struct jitter_packet packet = {1, 2, 3, 4, {opus, sizeof opus}};
    struct stream *s = start(state);

    assert_int_equal(jitter_take(&s->jitter, &packet), E_TOO_LARGE);
    packet.opus.len--;
    assert_int_equal(jitter_take(&s->jitter, &packet), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plays_at_once_and_in_order),
        cmocka_unit_test(leaves_jitter_within_the_target_alone),
        cmocka_unit_test(goes_on_where_the_caller_was_behind),
        cmocka_unit_test(g12_one_loss_leaves_the_delay),
        cmocka_unit_test(a_spike_moves_nothing),
        cmocka_unit_test(follows_a_longer_way_and_back),
        cmocka_unit_test(frequent_lateness_raises_the_target_for_a_while),
        cmocka_unit_test(counts_every_loss_once),
        cmocka_unit_test(duplicates_and_disorder),
        cmocka_unit_test(the_copy_is_offered),
        cmocka_unit_test(a_pause_is_no_loss),
        cmocka_unit_test(g07_speaker_changes_as_the_sequence_wraps),
        cmocka_unit_test(g09_sequence_begins_anew),
        cmocka_unit_test(g10_speakers_with_times_of_their_own),
        cmocka_unit_test(g13_time_runs_back_once),
        cmocka_unit_test(one_wild_leap_costs_little),
        cmocka_unit_test(refuses_what_is_too_long),
    };

    return cmocka_run_group_tests_name("jitter", tests, set_up, tear_down);
}
