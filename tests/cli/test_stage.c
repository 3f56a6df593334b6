/* What a moderator and a speaker do in a running room, with `teahouse stage` and real processes. */
#define _POSIX_C_SOURCE 200809L
#include "sound/sound.h"
#include "support/recording.h"
#include "support/scene.h"
#include "support/speech.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct scene scene; /* one server for all tests of this file */
static char spoken[SCRATCH_PATH];

static int server_start(void **state)
{
    struct speech said = speech_say("en", speech_english);

    (void)state;
    scene_start(&scene, NULL);
    scene_sign_up(&scene, scene.url, "amy");
    scene_sign_up(&scene, scene.url, "bo");
    scene_sign_up(&scene, scene.url, "cy");
    scratch_path(scene.folder, "spoken.wav", spoken);
    recording_write(spoken, said.samples, said.count);
    free(said.samples);
    return 0;
}

static int server_end(void **state)
{
    (void)state;
    scene_end(&scene);
    return 0;
}

/* `teahouse stage`, to its end; what it says on standard error is kept in `errors`. */
static int stage(const char *handle, const char *verb, const char *room, const char *who,
                 char errors[static PROCESS_ERRORS])
{
    char home[SCRATCH_PATH];
    struct process p;
    int code;

    scene_home(&scene, handle, home);
    const char *words[] = {"stage", verb, room, "--home", home, who, NULL};
    code = scene_do(&p, words);
    memcpy(errors, p.errors, PROCESS_ERRORS);
    process_end(&p);
    return code;
}

static void done(const char *handle, const char *verb, const char *room, const char *who)
{
    char errors[PROCESS_ERRORS];

    if (stage(handle, verb, room, who, errors) != 0)
        fail_msg("stage %s: %s", verb, errors);
}

static void refused(int code, const char *text, const char *handle, const char *verb, const char *room,
                    const char *who)
{
    char errors[PROCESS_ERRORS];
    int got = stage(handle, verb, room, who, errors);
    size_t len = strlen(errors);

    if (got != code || len == 0 || strchr(errors, '\n') != errors + len - 1 || strstr(errors, text) == NULL)
        fail_msg("stage %s: %d, %s", verb, got, errors);
}

/* Events are dropped until this one says so. */
static void wait_for(struct process *p, const char *event, const char *key, const char *value)
{
    const char *line;

    do
        scene_event(p, event, &line);
    while (strcmp(scene_text(line, key), value) != 0);
}

static void leave(struct process *p)
{
    process_signal(p, 15);
    if (process_wait(p, SCENE_WAIT_MS) != 0)
        fail_msg("it ended with %d: %s", p->code, p->errors);
    process_end(p);
}

static void g43_kicked_is_the_end_of_it(void **state)
{
    char room[SCENE_ROOM];
    struct process amy, bo;
    const char *line;

    (void)state;
    scene_room(&scene, "amy", "Kicked", room);
    scene_join(&scene, &amy, "amy", room, NULL);
    scene_event(&amy, "seated", &line);
    scene_join(&scene, &bo, "bo", room, NULL);
    scene_event(&bo, "seated", &line);
    wait_for(&amy, "roster", "listeners", "[ \"amy\", \"bo\" ]");

    done("amy", "kick", room, "bo");
    scene_event(&bo, "kicked", &line);
    assert_int_equal(process_wait(&bo, SCENE_WAIT_MS), 1);
    assert_non_null(strstr(bo.errors, "a moderator removed you from the room"));
    process_end(&bo);
    wait_for(&amy, "roster", "listeners", "[ \"amy\" ]");

    /* A kick shuts the room to nobody, a block does. */
    scene_join(&scene, &bo, "bo", room, NULL);
    scene_event(&bo, "seated", &line);
    done("amy", "block", room, "bo");
    scene_event(&bo, "kicked", &line);
    assert_int_equal(process_wait(&bo, SCENE_WAIT_MS), 1);
    process_end(&bo);
    scene_join(&scene, &bo, "bo", room, NULL);
    assert_int_equal(process_wait(&bo, SCENE_WAIT_MS), 1);
    assert_non_null(strstr(bo.errors, "refused"));
    process_end(&bo);
    leave(&amy);
}

static void what_cannot_be_done_is_said(void **state)
{
    char room[SCENE_ROOM];
    struct process amy, bo;
    const char *line;

    (void)state;
    scene_room(&scene, "amy", "Nothing done", room);
    refused(1, "no 'teahouse join' of this home", "amy", "leave", room, NULL);
    refused(2, "is not one of: ", "amy", "kik", room, "bo");
    refused(2, "needs a HANDLE or #SEAT", "amy", "kick", room, NULL);
    refused(2, "is about nobody else", "amy", "accept", room, "bo");
    refused(2, "neither a room's id", "amy", "kick", "kitchen", "bo");
    scene_join(&scene, &amy, "amy", room, NULL);
    scene_event(&amy, "seated", &line);
    scene_join(&scene, &bo, "bo", room, NULL);
    scene_event(&bo, "seated", &line);
    refused(1, "nobody of that name", "amy", "kick", room, "cy");
    refused(1, "nobody of that name", "amy", "kick", room, "#77");
    refused(1, "only a moderator may do that", "bo", "kick", room, "amy");
    refused(1, "only a moderator may do that", "bo", "invite", room, "bo");
    refused(1, "no moderator has invited you", "bo", "accept", room, NULL);
    refused(1, "the house refused", "bo", "end", room, NULL);
    leave(&bo);
    done("amy", "end", room, NULL);
    scene_event(&amy, "ended", &line);
    assert_int_equal(process_wait(&amy, SCENE_WAIT_MS), 0);
    process_end(&amy);
}

/* Both words are needed, and either alone ends it (F31); nobody's ears suffer from it. */
static void invited_accepted_heard_and_demoted(void **state)
{
    char room[SCENE_ROOM];
    struct process amy, bo, cy;
    const char *line;

    (void)state;
    scene_room(&scene, "amy", "Up and down", room);
    const char *speaks[] = {"--speak", spoken, NULL};
    scene_join(&scene, &amy, "amy", room, NULL);
    scene_event(&amy, "seated", &line);
    scene_join(&scene, &cy, "cy", room, NULL);
    scene_event(&cy, "seated", &line);
    scene_join(&scene, &bo, "bo", room, speaks);
    scene_event(&bo, "seated", &line);
    wait_for(&amy, "roster", "listeners", "[ \"amy\", \"cy\", \"bo\" ]");

    done("amy", "invite", room, "bo");
    wait_for(&bo, "stage", "microphone", "open");
    wait_for(&cy, "roster", "speakers", "[ \"bo\" ]");
    wait_for(&cy, "heard", "handle", "bo");
    done("amy", "demote", room, "bo");
    wait_for(&bo, "stage", "microphone", "closed");
    wait_for(&cy, "roster", "speakers", "[ ]");

    done("amy", "invite", room, "cy");
    done("cy", "accept", room, NULL);
    wait_for(&cy, "stage", "microphone", "open");
    wait_for(&amy, "roster", "speakers", "[ \"cy\" ]");
    done("cy", "leave", room, NULL);
    wait_for(&cy, "stage", "microphone", "closed");

    /* Who was demoted has a session again, in which nothing is lost to it. */
    done("amy", "invite", room, "bo");
    wait_for(&bo, "stage", "microphone", "open");
    leave(&bo);
    leave(&cy);
    leave(&amy);
}

/* Talk: hands, a mute and its end; and a kick's commit ends what the kicked can decrypt. */
static void raised_muted_and_kicked_in_time(void **state)
{
    char room[SCENE_ROOM];
    struct process amy, bo, cy;
    int64_t kicked_us, took_us;
    const char *line;

    (void)state;
    scene_room(&scene, "amy", "In time", room);
    const char *speaks[] = {"--speak", spoken, NULL};
    scene_join(&scene, &amy, "amy", room, speaks);
    scene_event(&amy, "stage", &line);
    scene_join(&scene, &cy, "cy", room, NULL);
    scene_event(&cy, "seated", &line);
    wait_for(&cy, "heard", "handle", "amy");
    /* Whoever comes to speak raises the hand by itself. */
    scene_join(&scene, &bo, "bo", room, speaks);
    scene_event(&bo, "seated", &line);
    wait_for(&amy, "hand", "hand", "up");
    wait_for(&cy, "roster", "proof", "[ \"amy proven\" ]");

    done("amy", "invite", room, "bo");
    wait_for(&bo, "stage", "microphone", "open");
    wait_for(&amy, "hand", "hand", "down");
    done("amy", "mute", room, "bo");
    wait_for(&bo, "stage", "microphone", "closed");
    wait_for(&cy, "muted", "muted", "yes");
    done("bo", "accept", room, NULL);
    wait_for(&bo, "stage", "microphone", "open");
    wait_for(&cy, "muted", "muted", "no");
    refused(1, "only a moderator", "cy", "mute", room, "amy");
    done("cy", "raise", room, NULL);
    wait_for(&amy, "hand", "handle", "cy");
    done("cy", "lower", room, NULL);
    wait_for(&amy, "hand", "hand", "down");

    /* Who speaks changes to the new epoch's key with its event, and the kicked never has that key: what it
     * kept of later packets it cannot open. */
    kicked_us = process_now_us();
    done("amy", "kick", room, "bo");
    scene_event(&bo, "kicked", &line);
    do
        took_us = scene_event(&amy, "epoch", &line) - kicked_us;
    while (took_us < 0);
    if (took_us > 500 * 1000)
        fail_msg("what was said could be decrypted for %d ms more", (int)(took_us / 1000));
    assert_int_equal(process_wait(&bo, SCENE_WAIT_MS), 1);
    process_end(&bo);
    leave(&cy);
    leave(&amy);
}

/* Whoever is made a moderator does what one does, until the maker takes it back, or it does so itself (F30).
 */
static void f30_named_a_moderator_plain_again_and_resigned(void **state)
{
    char room[SCENE_ROOM];
    struct process amy, bo, cy;
    const char *line;

    (void)state;
    scene_room(&scene, "amy", "Two hosts", room);
    const char *speaks[] = {"--speak", spoken, NULL};
    scene_join(&scene, &amy, "amy", room, NULL);
    scene_event(&amy, "seated", &line);
    scene_join(&scene, &bo, "bo", room, NULL);
    scene_event(&bo, "seated", &line);
    scene_join(&scene, &cy, "cy", room, speaks);
    scene_event(&cy, "seated", &line);
    wait_for(&amy, "roster", "listeners", "[ \"amy\", \"bo\", \"cy\" ]");
    wait_for(&bo, "roster", "moderators", "[ \"amy\" ]");

    refused(1, "only a moderator may do that", "bo", "moderator", room, "bo");
    refused(1, "you are no moderator here", "bo", "resign", room, NULL);
    refused(1, "nobody overrules the room's maker", "amy", "resign", room, NULL);
    done("amy", "moderator", room, "bo");
    wait_for(&bo, "roster", "moderators", "[ \"amy\", \"bo\" ]");
    done("bo", "invite", room, "cy");
    wait_for(&cy, "stage", "microphone", "open");
    refused(1, "nobody overrules the room's maker", "bo", "demote", room, "amy");

    done("amy", "demote", room, "bo");
    wait_for(&cy, "roster", "moderators", "[ \"amy\" ]");
    refused(1, "only a moderator may do that", "bo", "demote", room, "cy");

    /* Who hands over may go: the room has a moderator still, and only then none. */
    done("amy", "moderator", room, "bo");
    wait_for(&cy, "roster", "moderators", "[ \"amy\", \"bo\" ]");
    leave(&amy);
    wait_for(&cy, "roster", "moderators", "[ \"bo\" ]");
    done("bo", "demote", room, "cy");
    wait_for(&cy, "stage", "microphone", "closed");
    done("bo", "resign", room, NULL);
    wait_for(&cy, "roster", "moderators", "[ ]");
    refused(1, "only a moderator may do that", "bo", "invite", room, "cy");
    leave(&cy);
    leave(&bo);
}

/* A table that empties takes nothing of what its moderators have said along. */
static void what_was_said_outlives_an_empty_room(void **state)
{
    char room[SCENE_ROOM];
    struct process amy, bo, cy;
    const char *line;

    (void)state;
    scene_room(&scene, "amy", "Again", room);
    const char *speaks[] = {"--role", "speaker", NULL};
    scene_join(&scene, &amy, "amy", room, NULL);
    scene_event(&amy, "seated", &line);
    scene_join(&scene, &bo, "bo", room, NULL);
    scene_event(&bo, "seated", &line);
    scene_join(&scene, &cy, "cy", room, NULL);
    scene_event(&cy, "seated", &line);
    wait_for(&amy, "roster", "listeners", "[ \"amy\", \"bo\", \"cy\" ]");
    done("amy", "moderator", room, "bo");
    done("amy", "block", room, "cy");
    scene_event(&cy, "kicked", &line);
    assert_int_equal(process_wait(&cy, SCENE_WAIT_MS), 1);
    process_end(&cy);
    leave(&amy);
    leave(&bo);

    scene_join(&scene, &bo, "bo", room, speaks);
    wait_for(&bo, "roster", "moderators", "[ \"bo\" ]");
    wait_for(&bo, "stage", "microphone", "open");
    scene_join(&scene, &cy, "cy", room, NULL);
    assert_int_equal(process_wait(&cy, SCENE_WAIT_MS), 1);
    assert_non_null(strstr(cy.errors, "shut this room to you"));
    process_end(&cy);

    /* Bo does not overrule the maker, who does. */
    refused(1, "nobody overrules the room's maker", "bo", "admit", room, "cy");
    scene_join(&scene, &amy, "amy", room, NULL);
    scene_event(&amy, "seated", &line);
    refused(1, "nobody here has this handle", "amy", "admit", room, "zoe");
    done("amy", "admit", room, "cy");
    scene_join(&scene, &cy, "cy", room, NULL);
    wait_for(&cy, "roster", "listeners", "[ \"amy\", \"cy\" ]");
    leave(&cy);
    leave(&amy);
    leave(&bo);
}

static void lines_are_chat(void **state)
{
    char room[SCENE_ROOM], amy_home[SCRATCH_PATH], command[2 * SCRATCH_PATH + 512];
    struct process amy, bo;
    const char *line;

    (void)state;
    scene_room(&scene, "amy", "Chat", room);
    scene_join(&scene, &bo, "bo", room, NULL);
    scene_event(&bo, "seated", &line);
    scene_home(&scene, "amy", amy_home);
    snprintf(command, sizeof command,
             "printf 'good evening\\n\\nto \"all\" \\360\\237\\232\\262\\n' | %s join %s --home %s --for 3",
             scene_binary(), room, amy_home);
    const char *shell[] = {"sh", "-c", command, NULL};
    assert_true(process_start(&amy, shell));
    scene_event(&bo, "chat", &line);
    assert_string_equal(scene_text(line, "handle"), "amy");
    assert_string_equal(scene_text(line, "seat"), "#1");
    assert_string_equal(scene_text(line, "text"), "good evening");
    scene_event(&bo, "chat", &line);
    assert_string_equal(scene_text(line, "text"), "to \"all\" 🚲");
    assert_int_equal(process_wait(&amy, SCENE_WAIT_MS), 0);
    process_end(&amy);
    leave(&bo);
}

static void a_dead_joins_socket_is_replaced(void **state)
{
    char room[SCENE_ROOM], path[SCRATCH_PATH + 64];
    struct process amy, again;
    struct stat info;
    const char *line;

    (void)state;
    scene_room(&scene, "amy", "Dead", room);
    scene_join(&scene, &amy, "amy", room, NULL);
    scene_event(&amy, "seated", &line);
    scene_home(&scene, "amy", path);
    snprintf(path + strlen(path), 64, "/stage-%s", room);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    process_signal(&amy, 9);
    process_end(&amy);
    refused(1, "no 'teahouse join' of this home", "amy", "leave", room, NULL);

    /* Of two joins of one home the newest answers, and the older one does not take its socket away. */
    scene_join(&scene, &amy, "amy", room, NULL);
    scene_event(&amy, "seated", &line);
    const char *speaks[] = {"--role", "speaker", NULL};
    scene_join(&scene, &again, "amy", room, speaks);
    wait_for(&again, "stage", "microphone", "open");
    leave(&amy);
    done("amy", "leave", room, NULL);
    wait_for(&again, "stage", "microphone", "closed");
    leave(&again);
    assert_int_not_equal(stat(path, &info), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g43_kicked_is_the_end_of_it),
        cmocka_unit_test(what_cannot_be_done_is_said),
        cmocka_unit_test(invited_accepted_heard_and_demoted),
        cmocka_unit_test(raised_muted_and_kicked_in_time),
        cmocka_unit_test(f30_named_a_moderator_plain_again_and_resigned),
        cmocka_unit_test(what_was_said_outlives_an_empty_room),
        cmocka_unit_test(lines_are_chat),
        cmocka_unit_test(a_dead_joins_socket_is_replaced),
    };

    return cmocka_run_group_tests_name("stage", tests, server_start, server_end);
}
