#define _POSIX_C_SOURCE 200809L

#include "support/speech.h"

#include "sound/frames.h"

#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { FRAMES_MAX = 60 * 50 };

const char speech_english[] =
    "The kettle sings, and the room is full of people who have not met for years. Somebody asks whether the "
    "river "
    "froze last winter, and three voices answer at once. Then the door opens, and everybody looks up.";
const char speech_mandarin[] = "茶馆里坐满了人，大家都在说话。今天的天气很好，我们一起喝茶，谈谈过去的事情。"
                               "有人问，去年冬天河水结冰了没有？三个人同时回答。";

extern char **environ;

static pid_t speak(const char *voice, const char *text, int to)
{
    char program[] = "espeak-ng", voice_option[] = "-v", output[] = "--stdout";
    char *words[] = {program, voice_option, (char *)(uintptr_t)voice, output, (char *)(uintptr_t)text, NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    int error;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
    error = posix_spawnp(&child, program, &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error == 0 ? child : -1;
}

struct speech speech_say(const char *voice, const char *text)
{
    struct speech said = {calloc((size_t)FRAMES_MAX * SOUND_FRAME, sizeof(float)), 0};
    struct frames *frames;
    enum result res;
    pid_t child;
    int ends[2], status;

    assert_non_null(said.samples);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFD, FD_CLOEXEC), 0);
    child = speak(voice, text, ends[1]);
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        free(said.samples);
        print_message("# no espeak-ng at hand\n");
        skip();
    }
    assert_int_equal(frames_new(&frames, wav_source_of(&ends[0])), OK);
    while ((res = frames_next(frames, said.samples + said.count)) == OK) {
        said.count += SOUND_FRAME;
        assert_true(said.count < (size_t)FRAMES_MAX * SOUND_FRAME);
    }
    assert_int_equal(res, E_CLOSED);
    frames_free(frames);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(said.count > 0);
    return said;
}
