/* Whoever observes the wire: one person speaks, and another time keeps silence before an open microphone.
 * Sizes and times tell neither, and no eight bytes of the two sessions' sound are the same.
 * tests/cli/test_wire.c searches all of a party's packets for names, and all phases of its flows for what
 * they have in common. */
#include "support/capture.h"
#include "support/recording.h"
#include "support/scene.h"
#include "support/speech.h"
#include "wire/limits.h"
#include "wire/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WINDOW = 8, PACKETS = 600, LEAST = 150 };

/* The sound of one session on its way to the relay. */
struct flow {
    size_t count, size;
    struct bytes packets[PACKETS];
    int64_t first_us, last_us;
    size_t early, late; /* packets that came 10 ms off the beat and more */
};

static void session(struct scene *s, const char *room, const char *speak, struct capture **capture)
{
    const char *const words[] = {"--speak", speak, "--for", "4", NULL};
    struct process p;
    const char *line;

    *capture = capture_start(s->media_port, s->media_port);
    if (*capture == NULL)
        skip();
    scene_join(s, &p, "ada", room, words);
    scene_event(&p, "left", &line);
    assert_int_equal(process_wait(&p, SCENE_WAIT_MS), 0);
    process_end(&p);
    capture_stop(*capture);
    assert_int_equal(capture_missed(*capture), 0);
}

static void flow_of(const struct capture *capture, uint16_t media_port, struct flow *flow)
{
    int64_t before_us = 0;

    memset(flow, 0, sizeof *flow);
    for (size_t i = 0; i < capture_count(capture); i++) {
        struct capture_packet p = capture_packet(capture, i);
        struct rtp rtp;

        if (!p.udp || p.to != media_port || p.payload.at[0] >> 6 != 2 || rtp_is_rtcp(p.payload) ||
            rtp_header_read(p.payload, &rtp) != OK)
            continue;
        assert_true(flow->count < PACKETS);
        if (flow->count == 0) {
            flow->size = p.payload.len;
            flow->first_us = p.at_us;
        } else {
            flow->early += p.at_us - before_us < FRAME_US / 2;
            flow->late += p.at_us - before_us > 3 * FRAME_US / 2;
        }
        assert_int_equal(p.payload.len, flow->size);
        flow->packets[flow->count++] = p.payload;
        before_us = flow->last_us = p.at_us;
    }
    assert_true(flow->count >= LEAST);
}

static int order(const void *a, const void *b)
{
    return memcmp(a, b, WINDOW);
}

static size_t windows(const struct flow *flow, uint8_t (**out)[WINDOW])
{
    size_t count = 0;

    *out = calloc(flow->count * flow->size, WINDOW);
    assert_non_null(*out);
    for (size_t i = 0; i < flow->count; i++)
        for (size_t at = 0; at + WINDOW <= flow->packets[i].len; at++)
            memcpy((*out)[count++], flow->packets[i].at + at, WINDOW);
    qsort(*out, count, WINDOW, order);
    return count;
}

static void speech_and_silence_of_one_person_are_two_strangers(void **state)
{
    struct speech said = speech_say("en", speech_english);
    float *silence = calloc(said.count, sizeof *silence);
    char spoken[SCRATCH_PATH], silent[SCRATCH_PATH], room[SCENE_ROOM];
    uint8_t(*first)[WINDOW], (*second)[WINDOW];
    struct capture *loud, *quiet;
    static struct flow a, b;
    struct scene s;
    size_t count, common = 0;

    (void)state;
    scene_start(&s, NULL);
    scratch_path(s.folder, "spoken.wav", spoken);
    scratch_path(s.folder, "silent.wav", silent);
    recording_write(spoken, said.samples, said.count);
    recording_write(silent, silence, said.count);
    free(said.samples);
    free(silence);
    scene_sign_up(&s, s.url, "ada");
    scene_room(&s, "ada", "A room", room);
    session(&s, room, spoken, &loud);
    session(&s, room, silent, &quiet);
    flow_of(loud, s.media_port, &a);
    flow_of(quiet, s.media_port, &b);

    assert_int_equal(a.size, b.size);
    for (unsigned i = 0; i < 2; i++) {
        const struct flow *flow = i == 0 ? &a : &b;
        double seconds = (double)(flow->last_us - flow->first_us) / 1e6;

        /* The beat is the clock's: a late packet is one that the machine had no time for. */
        assert_true((double)(flow->count - 1) / seconds > 49 && (double)(flow->count - 1) / seconds < 51);
        assert_true(flow->early + flow->late < flow->count / 5);
    }
    count = windows(&b, &second);
    for (size_t i = windows(&a, &first); i-- > 0;)
        common += bsearch(first[i], second, count, WINDOW, order) != NULL;
    assert_int_equal(common, 0);
    free(first);
    free(second);
    capture_free(loud);
    capture_free(quiet);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speech_and_silence_of_one_person_are_two_strangers),
    };

    return cmocka_run_group_tests_name("observer", tests, NULL, NULL);
}
