/* The first whole of it: speech goes in at one real client and comes out at two others, through a real
 * server.
 */
#define _POSIX_C_SOURCE 200809L
#include "sound/sound.h"
#include "support/pressure.h"
#include "support/recording.h"
#include "support/scene.h"
#include "support/speech.h"
#include "support/waveform.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct scene scene; /* one server for all tests of this file */

static int server_start(void **state)
{
    (void)state;
    scene_start(&scene, NULL);
    scene_sign_up(&scene, scene.url, "amy");
    scene_sign_up(&scene, scene.url, "bo");
    scene_sign_up(&scene, scene.url, "cy");
    return 0;
}

static int server_end(void **state)
{
    (void)state;
    scene_end(&scene);
    return 0;
}

static struct waveform_verdict compare(const struct recording *said, const char *recorded)
{
    struct recording heard = recording_read(recorded);
    struct waveform_verdict verdict;

    assert_true(waveform_compare(said->samples, said->count, heard.samples, heard.count, 5, &verdict));
    recording_free(&heard);
    return verdict;
}

static void left_in_peace(struct process *p, bool listener)
{
    const char *line;

    scene_event(p, "left", &line);
    assert_int_equal(scene_number(line, "frames_refused"), 0);
    if (listener) {
        assert_true(scene_number(line, "frames_played") > 250);
        assert_true(scene_number(line, "delay_ms_p50") <= scene_number(line, "delay_ms_p99"));
    }
    if (process_wait(p, SCENE_WAIT_MS) != 0)
        fail_msg("it ended with %d: %s", p->code, p->errors);
    assert_string_equal(p->errors, "");
    process_end(p);
}

/* Amy says the file of the scene; Bo and Cy record what they hear, all of it and a second more. */
static void talk(const char *spoken, size_t count, const char *const recordings[2])
{
    char room[SCENE_ROOM], long_enough[24], longer[24];
    struct process amy, bo, cy;
    const char *line;

    scene_room(&scene, "amy", "A first room", room);
    snprintf(long_enough, sizeof long_enough, "%zu", count / SOUND_RATE + 2);
    snprintf(longer, sizeof longer, "%zu", count / SOUND_RATE + 4);
    const char *bo_options[] = {"--record", recordings[0], "--for", longer, NULL};
    const char *cy_options[] = {"--record", recordings[1], "--for", longer, NULL};
    const char *amy_options[] = {"--speak", spoken, "--for", long_enough, NULL};
    scene_join(&scene, &bo, "bo", room, bo_options);
    scene_event(&bo, "seated", &line);
    assert_string_equal(scene_text(line, "room"), room);
    assert_string_equal(scene_text(line, "title"), "A first room");
    scene_join(&scene, &cy, "cy", room, cy_options);
    scene_event(&cy, "roster", &line);
    assert_string_equal(scene_text(line, "listeners"), "[ \"bo\", \"cy\" ]");
    scene_join(&scene, &amy, "amy", room, amy_options);
    scene_event(&amy, "roster", &line);
    assert_string_equal(scene_text(line, "speakers"), "[ \"amy\" ]");
    scene_event(&amy, "stage", &line);

    scene_event(&bo, "heard", &line);
    assert_string_equal(scene_text(line, "handle"), "amy");
    scene_event(&cy, "heard", &line);
    left_in_peace(&amy, false);
    left_in_peace(&bo, true);
    left_in_peace(&cy, true);
}

static void two_hear_what_one_says(void **state)
{
    struct speech said = speech_say("en", speech_english);
    char spoken[SCRATCH_PATH], heard[2][SCRATCH_PATH];
    struct recording written;
    unsigned well = 0;

    (void)state;
    scratch_path(scene.folder, "spoken.wav", spoken);
    scratch_path(scene.folder, "bo.wav", heard[0]);
    scratch_path(scene.folder, "cy.wav", heard[1]);
    recording_write(spoken, said.samples, said.count);
    free(said.samples);
    /* The file, not the samples that it was made of: Opus hears 16 bits. */
    written = recording_read(spoken);
    assert_true(waveform_through_opus(written.samples, written.count));

    for (unsigned tries = 1; well < 2; tries++) {
        struct pressure machine = pressure_watch();

        talk(spoken, written.count, (const char *const[]){heard[0], heard[1]});
        for (well = 0; well < 2; well++) {
            struct waveform_verdict verdict = compare(&written, heard[well]);

            if (verdict.same)
                continue;
            if (tries == 3 || !pressure_felt(&machine))
                fail_msg("recording %u: %s; worst %.3f at %.2f s, hole %.1f ms at %.2f s", well, verdict.why,
                         verdict.worst_correlation, verdict.worst_at_s, verdict.longest_hole_ms,
                         verdict.hole_at_s);
            break;
        }
    }

    /* The same check does fail: on 400 ms cut out of the recording, and on noise as loud as the speech. */
    struct recording spoilt = recording_read(heard[0]);
    size_t middle = spoilt.count / 2;
    memset(spoilt.samples + middle, 0, 400 * 48 * sizeof *spoilt.samples);
    recording_write(heard[0], spoilt.samples, spoilt.count);
    assert_false(compare(&written, heard[0]).same);
    srand(1);
    for (size_t i = 0; i < spoilt.count; i++)
        spoilt.samples[i] = 0.2f * ((float)rand() / (float)RAND_MAX - 0.5f);
    recording_write(heard[0], spoilt.samples, spoilt.count);
    assert_false(compare(&written, heard[0]).same);
    recording_free(&spoilt);
    recording_free(&written);
}

/* F18 and G32 in small: people come and go while one speaks, and each of them hears. */
static void g32_who_comes_again_hears_again(void **state)
{
    struct speech said = speech_say("cmn", speech_mandarin);
    char room[SCENE_ROOM], spoken[SCRATCH_PATH];
    struct process amy, bo;
    const char *line;

    (void)state;
    scratch_path(scene.folder, "long.wav", spoken);
    recording_write(spoken, said.samples, said.count);
    scene_room(&scene, "amy", "Come and go", room);
    const char *amy_options[] = {"--speak", spoken, "--for", "30", NULL};
    const char *bo_options[] = {"--for", "3", NULL};
    scene_join(&scene, &amy, "amy", room, amy_options);
    scene_event(&amy, "stage", &line);
    for (unsigned i = 0; i < 3; i++) {
        scene_join(&scene, &bo, "bo", room, bo_options);
        scene_event(&bo, "heard", &line);
        assert_true(scene_number(line, "ms") < 2500);
        left_in_peace(&bo, false);
    }
    process_signal(&amy, 15);
    left_in_peace(&amy, false);
    free(said.samples);
}

static void the_end_of_a_room_ends_its_joins(void **state)
{
    char room[SCENE_ROOM], home[SCRATCH_PATH];
    struct process bo, end;
    const char *line;

    (void)state;
    scene_room(&scene, "amy", "Soon over", room);
    scene_join(&scene, &bo, "bo", room, NULL);
    scene_event(&bo, "seated", &line);
    scene_home(&scene, "amy", home);
    const char *words[] = {"room", "end", room, "--home", home, NULL};
    assert_int_equal(scene_do(&end, words), 0);
    process_end(&end);
    scene_event(&bo, "ended", &line);
    left_in_peace(&bo, false);
}

/* Bytes in place of a WAV file: exit 2, one line, before anything is joined. */
static void a_bad_wav_is_said_before_joining(void **state)
{
    static const struct {
        const char *name, *bytes, *told;
        size_t len;
    } rows[] = {
        {"text.wav", "hello, this is no sound at all, not in the least", "text.wav", 48},
        {"cut.wav", "RIFF\x24\0\0\0WAVEfmt ", "cut.wav", 16},
        {"empty.wav", "", "empty.wav", 0},
        {"mp3.wav",
         "RIFF\xff\0\0\0WAVEfmt \x10\0\0\0\x55\0\x01\0\x80\xbb\0\0\0\x77\x01\0\x02\0\x10\0"
         "data\0\0\0\0",
         "mp3.wav", 44},
    };
    char room[SCENE_ROOM], path[SCRATCH_PATH], home[SCRATCH_PATH];
    struct process p;

    (void)state;
    scene_room(&scene, "amy", "Never entered", room);
    scene_home(&scene, "amy", home);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        FILE *file;

        scratch_path(scene.folder, rows[i].name, path);
        file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(rows[i].bytes, 1, rows[i].len, file), rows[i].len);
        fclose(file);
        const char *words[] = {"join", room, "--home", home, "--speak", path, NULL};
        if (scene_do(&p, words) != 2 || strstr(p.errors, rows[i].told) == NULL)
            fail_msg("%s: %d, %s", rows[i].name, p.code, p.errors);
        assert_null(process_line(&p, 0));
        process_end(&p);
    }
    const char *words[] = {"join", room, "--home", home, "--speak", "/nowhere/a.wav", NULL};
    assert_int_equal(scene_do(&p, words), 2);
    process_end(&p);
    const char *record[] = {"join", room, "--home", home, "--record", "/nowhere/a.wav", NULL};
    assert_int_equal(scene_do(&p, record), 2);
    process_end(&p);
}

/* The longest time without a tone, from the first of it to the last. */
static double longest_gap_s(const char *recorded)
{
    struct recording heard = recording_read(recorded);
    size_t quiet = 0, longest = 0;
    bool begun = false;

    for (size_t at = 0; at + SOUND_FRAME <= heard.count; at += SOUND_FRAME) {
        float loudest = 0;

        for (size_t i = 0; i < SOUND_FRAME; i++)
            loudest = heard.samples[at + i] > loudest ? heard.samples[at + i] : loudest;
        quiet = loudest > 0.02f ? 0 : quiet + SOUND_FRAME;
        begun = begun || quiet == 0;
        longest = begun && quiet > longest ? quiet : longest;
    }
    recording_free(&heard);
    assert_true(begun);
    assert_true(quiet < SOUND_RATE); /* it sounds at the end */
    return (double)longest / SOUND_RATE;
}

static void a_server_that_comes_back_is_met_again(void **state)
{
    enum { SECONDS = 30 };
    float *tone = malloc(SECONDS * SOUND_RATE * sizeof *tone);
    char room[SCENE_ROOM], spoken[SCRATCH_PATH], heard[SCRATCH_PATH];
    struct scene other;
    struct process amy, bo, cy;
    const char *line;
    double gap_s;

    (void)state;
    for (size_t i = 0; i < SECONDS * SOUND_RATE; i++)
        tone[i] = 0.2f * (float)(i / 55 % 2) - 0.1f;
    scene_start(&other, NULL);
    scene_sign_up(&other, other.url, "amy");
    scene_sign_up(&other, other.url, "bo");
    scene_sign_up(&other, other.url, "cy");
    scene_room(&other, "amy", "Again", room);
    scratch_path(other.folder, "tone.wav", spoken);
    scratch_path(other.folder, "heard.wav", heard);
    recording_write(spoken, tone, SECONDS * SOUND_RATE);
    free(tone);
    const char *speaks[] = {"--speak", spoken, NULL};
    const char *records[] = {"--record", heard, "--for", "12", NULL};
    scene_join(&other, &amy, "amy", room, speaks);
    scene_event(&amy, "stage", &line);
    scene_join(&other, &bo, "bo", room, records);
    scene_event(&bo, "heard", &line);

    scene_kill_and_restart(&other);
    /* Nobody was thrown out, and the house still knows the room and lets others in. */
    scene_join(&other, &cy, "cy", room, NULL);
    scene_event(&cy, "heard", &line);
    assert_string_equal(scene_text(line, "handle"), "amy");
    scene_event(&bo, "left", &line);
    assert_int_equal(process_wait(&bo, SCENE_WAIT_MS), 0);
    process_end(&bo);
    gap_s = longest_gap_s(heard);
    if (gap_s > 5)
        fail_msg("nothing was heard for %.1f s", gap_s);
    process_signal(&cy, 15);
    left_in_peace(&cy, false);
    process_signal(&amy, 15);
    left_in_peace(&amy, false);
    scene_end(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_hear_what_one_says),
        cmocka_unit_test(g32_who_comes_again_hears_again),
        cmocka_unit_test(the_end_of_a_room_ends_its_joins),
        cmocka_unit_test(a_bad_wav_is_said_before_joining),
        cmocka_unit_test(a_server_that_comes_back_is_met_again),
    };

    return cmocka_run_group_tests_name("speech", tests, server_start, server_end);
}
