/* Who was away, and who comes twice: real processes, and a way to the server that can be cut. */
#define _POSIX_C_SOURCE 200809L
#include "sound/sound.h"
#include "support/delay.h"
#include "support/recording.h"
#include "support/scene.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TONE_S = 60 };

static struct scene scene; /* one server for all tests of this file */
static char tone[SCRATCH_PATH];

static int server_start(void **state)
{
    (void)state;
    scene_start(&scene, NULL);
    scene_sign_up(&scene, scene.url, "amy");
    scene_sign_up(&scene, scene.url, "bo");
    scene_sign_up(&scene, scene.url, "cy");
    scratch_path(scene.folder, "tone.wav", tone);
    recording_tone(tone, TONE_S);
    return 0;
}

static int server_end(void **state)
{
    (void)state;
    scene_end(&scene);
    return 0;
}

static void leave(struct process *p)
{
    process_signal(p, SIGTERM);
    if (process_wait(p, SCENE_WAIT_MS) != 0)
        fail_msg("it ended with %d: %s", p->code, p->errors);
    process_end(p);
}

/* Waits until nobody but these listens; gives the event's time. */
static int64_t listeners_are(struct process *p, const char *handles)
{
    const char *line;
    int64_t at_us;

    do
        at_us = scene_event(p, "roster", &line);
    while (strcmp(scene_text(line, "listeners"), handles) != 0);
    return at_us;
}

/* G46, and G20: the network that comes back is another one, with other ports. */
static void g46_who_left_meanwhile_is_not_there_any_more(void **state)
{
    char room[SCENE_ROOM], link[SCENE_URL + SCENE_ROOM + 8], heard[SCRATCH_PATH];
    struct process amy, bo, cy;
    struct delay *way;
    int64_t cut_us, back_us, known_us;
    const char *line;
    double gap_s;

    (void)state;
    scene_room(&scene, "amy", "An outage", room);
    const char *speaks[] = {"--speak", tone, NULL};
    scene_join(&scene, &amy, "amy", room, speaks);
    scene_event(&amy, "stage", &line);
    scene_join(&scene, &cy, "cy", room, NULL);
    scene_event(&cy, "seated", &line);
    way = delay_start(scene.port, scene.media_port, 20000);
    assert_non_null(way);
    snprintf(link, sizeof link, "http://%s:%u/r/%s", DELAY_HOST, scene.port, room);
    scratch_path(scene.folder, "heard.wav", heard);
    const char *records[] = {"--record", heard, NULL};
    scene_join(&scene, &bo, "bo", link, records);
    scene_event(&bo, "heard", &line);
    listeners_are(&amy, "[ \"cy\", \"bo\" ]");

    cut_us = process_now_us();
    delay_end(way);
    leave(&cy);
    listeners_are(&amy, "[ \"bo\" ]");
    way = delay_start(scene.port, scene.media_port, 20000);
    assert_non_null(way);
    back_us = process_now_us();
    known_us = listeners_are(&bo, "[ \"bo\" ]");
    if (known_us - back_us > 2000 * 1000)
        fail_msg("known after %d ms", (int)((known_us - back_us) / 1000));

    /* Heard again, in the same seat; a second for the ears to show it. */
    assert_null(process_line_with(&bo, "\"seated\"", 3000));
    leave(&bo);
    gap_s = recording_longest_gap_s(heard) - (double)(back_us - cut_us) / 1e6;
    if (gap_s > 2.5)
        fail_msg("nothing was heard for %.1f s after the outage", gap_s);
    delay_end(way);
    leave(&amy);
}

/* One account in two homes has two seats, and neither throws the other out. */
static void g44_two_devices_of_one_account(void **state)
{
    char room[SCENE_ROOM], home[SCRATCH_PATH], other[SCRATCH_PATH];
    struct process copy, amy, bo, again;
    const char *line;

    (void)state;
    scene_home(&scene, "bo", home);
    scene_home(&scene, "bo-again", other);
    const char *words[] = {"cp", "-a", home, other, NULL};
    assert_true(process_start(&copy, words));
    assert_int_equal(process_wait(&copy, SCENE_WAIT_MS), 0);
    process_end(&copy);
    scene_room(&scene, "amy", "Two devices", room);
    scene_join(&scene, &amy, "amy", room, NULL);
    scene_event(&amy, "seated", &line);
    scene_join(&scene, &bo, "bo", room, NULL);
    scene_event(&bo, "seated", &line);
    scene_join(&scene, &again, "bo-again", room, NULL);
    scene_event(&again, "seated", &line);
    listeners_are(&bo, "[ \"amy\", \"bo\", \"bo\" ]");
    assert_null(process_line(&bo, 3000));
    assert_int_equal(process_wait(&bo, 0), -1);
    assert_int_equal(process_wait(&again, 0), -1);

    /* A kick by name is for both. */
    scene_home(&scene, "amy", home);
    const char *kick[] = {"stage", "kick", room, "bo", "--home", home, NULL};
    assert_int_equal(scene_do(&copy, kick), 0);
    process_end(&copy);
    scene_event(&bo, "kicked", &line);
    scene_event(&again, "kicked", &line);
    assert_int_equal(process_wait(&bo, SCENE_WAIT_MS), 1);
    assert_int_equal(process_wait(&again, SCENE_WAIT_MS), 1);
    process_end(&bo);
    process_end(&again);
    leave(&amy);
}

/* The steward's word is missing: it is told once, and not while it comes. */
static void a_room_that_no_moderator_confirms_is_told(void **state)
{
    char room[SCENE_ROOM];
    struct process amy, bo;
    int64_t stopped_us, told_us;
    const char *line;

    (void)state;
    scene_room(&scene, "amy", "No plan", room);
    scene_join(&scene, &amy, "amy", room, NULL);
    scene_event(&amy, "seated", &line);
    scene_join(&scene, &bo, "bo", room, NULL);
    scene_event(&bo, "seated", &line);
    assert_null(process_line_with(&bo, "\"alarm\"", 6000));
    process_signal(&amy, SIGSTOP);
    stopped_us = process_now_us();
    told_us = scene_event(&bo, "alarm", &line);
    assert_non_null(strstr(scene_text(line, "what"), "no moderator has confirmed the room"));
    assert_in_range(told_us - stopped_us, 9 * 1000 * 1000, 16 * 1000 * 1000);
    process_signal(&amy, SIGCONT);
    assert_null(process_line_with(&bo, "\"alarm\"", 3000));
    leave(&bo);
    leave(&amy);
}

/* 30 times in a minute, and heard within a second each time. */
static void g32_who_comes_again_and_again_hears(void **state)
{
    char room[SCENE_ROOM];
    struct process amy, bo;
    int64_t begun_us = process_now_us(), seated_us;
    const char *line;

    (void)state;
    scene_room(&scene, "amy", "Again and again", room);
    const char *speaks[] = {"--speak", tone, NULL}, *shortly[] = {"--for", "1", NULL};
    scene_join(&scene, &amy, "amy", room, speaks);
    scene_event(&amy, "stage", &line);
    for (unsigned i = 0; i < 30; i++) {
        scene_join(&scene, &bo, "bo", room, shortly);
        seated_us = scene_event(&bo, "seated", &line);
        assert_true(scene_event(&bo, "heard", &line) - seated_us < 1000 * 1000);
        scene_event(&bo, "left", &line);
        assert_int_equal(scene_number(line, "frames_refused"), 0);
        assert_int_equal(process_wait(&bo, SCENE_WAIT_MS), 0);
        process_end(&bo);
    }
    assert_true(process_now_us() - begun_us < 60 * 1000 * 1000);
    leave(&amy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g46_who_left_meanwhile_is_not_there_any_more),
        cmocka_unit_test(g32_who_comes_again_and_again_hears),
        cmocka_unit_test(g44_two_devices_of_one_account),
        cmocka_unit_test(a_room_that_no_moderator_confirms_is_told),
    };

    return cmocka_run_group_tests_name("returns", tests, server_start, server_end);
}
