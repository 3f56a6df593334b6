/* A disk that is full: a server whose data lie on a small file system of its own, which the test fills. */
#define _GNU_SOURCE
#include "support/recording.h"
#include "support/scene.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { TONE_S = 60, TRIES = 8 };

static const char trouble[] = "the house cannot write to its disk";

static struct scene scene;
static char data[SCRATCH_PATH], filler[SCRATCH_PATH], tone[SCRATCH_PATH];

static bool write_to(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return done;
}

/* From here on what is mounted is seen by this test and what it starts alone. */
static bool own_mounts(void)
{
    unsigned user = getuid(), group = getgid();
    char map[32];

    if (unshare(CLONE_NEWNS) != 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
            return false;
        (void)write_to("/proc/self/setgroups", "deny");
        snprintf(map, sizeof map, "0 %u 1", user);
        if (!write_to("/proc/self/uid_map", map))
            return false;
        snprintf(map, sizeof map, "0 %u 1", group);
        if (!write_to("/proc/self/gid_map", map))
            return false;
    }
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static void fill(void)
{
    static const char zeros[4096];
    int fd = open(filler, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    while (write(fd, zeros, sizeof zeros) > 0)
        ;
    assert_int_equal(errno, ENOSPC);
    close(fd);
}

/* Refused with one line that says why. What the database may still write into pages that it has is filled up
 * and tried again: it was accepted then, which is well. */
static void refused(const char *const words[], void (*accepted)(void))
{
    struct process p;
    int code = 0;

    for (int i = 0; i < TRIES && code == 0; i++) {
        fill();
        code = scene_do(&p, words);
        if (code == 0 && accepted != NULL)
            accepted();
        process_end(&p);
    }
    if (code != 1 || strstr(p.errors, trouble) == NULL || strchr(p.errors, '\n')[1] != '\0')
        fail_msg("%s ended with %d: %s", words[0], code, p.errors);
}

static char next_home[SCRATCH_PATH], next_handle[16];
static unsigned signed_up;

static void next(void)
{
    signed_up++;
    snprintf(next_handle, sizeof next_handle, "dee%c", 'a' + (int)signed_up);
    scene_home(&scene, next_handle, next_home);
}

static int start(void **state)
{
    (void)state;
    if (!own_mounts())
        return 0;
    scene_open(&scene);
    scratch_path(scene.folder, "data", data);
    scratch_path(scene.folder, "data/filler", filler);
    scratch_path(scene.folder, "tone.wav", tone);
    assert_int_equal(mkdir(data, 0700), 0);
    assert_int_equal(mount("none", data, "tmpfs", MS_NOSUID | MS_NODEV, "size=2m,mode=0700"), 0);
    scene_serve(&scene, NULL);
    scene_sign_up(&scene, scene.url, "amy");
    scene_sign_up(&scene, scene.url, "bo");
    scene_sign_up(&scene, scene.url, "cy");
    scene_sign_up(&scene, scene.url, "dan");
    recording_tone(tone, TONE_S);
    return 0;
}

static int end(void **state)
{
    (void)state;
    if (scene.folder[0] == '\0')
        return 0;
    process_signal(&scene.server, SIGTERM);
    assert_int_equal(process_wait(&scene.server, SCENE_WAIT_MS), 0);
    process_end(&scene.server);
    assert_int_equal(umount(data), 0);
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

static void roster_is(struct process *p, const char *speakers, const char *listeners)
{
    const char *line;

    do
        scene_event(p, "roster", &line);
    while (strcmp(scene_text(line, "speakers"), speakers) != 0 ||
           strcmp(scene_text(line, "listeners"), listeners) != 0);
}

static unsigned rooms_of(const char *handle)
{
    char home[SCRATCH_PATH];
    struct process p;
    unsigned count = 0;

    scene_home(&scene, handle, home);
    const char *words[] = {"room", "list", "--home", home, NULL};
    assert_int_equal(scene_do(&p, words), 0);
    while (process_line(&p, 0) != NULL)
        count++;
    process_end(&p);
    return count;
}

static unsigned rooms;

static void another_room(void)
{
    rooms++;
}

/* Field report G51. */
static void g51_a_full_disk_refuses_and_loses_nothing(void **state)
{
    char room[SCENE_ROOM], amys[SCRATCH_PATH], cys[SCRATCH_PATH], heard[SCRATCH_PATH];
    struct process amy, bo, cy, dan;
    const char *line;

    (void)state;
    if (scene.folder[0] == '\0')
        skip();
    scene_home(&scene, "amy", amys);
    scene_home(&scene, "cy", cys);
    scratch_path(scene.folder, "heard.wav", heard);
    scene_room(&scene, "amy", "Before the flood", room);
    rooms = 1;
    const char *speaks[] = {"--speak", tone, NULL}, *records[] = {"--record", heard, NULL};
    scene_join(&scene, &amy, "amy", room, speaks);
    scene_event(&amy, "stage", &line);
    scene_join(&scene, &dan, "dan", room, NULL);
    scene_event(&dan, "seated", &line);
    scene_join(&scene, &bo, "bo", room, records);
    scene_event(&bo, "heard", &line);

    next();
    const char *sign_up[] = {"signup",  "--server", scene.url,   "--home",
                             next_home, "--handle", next_handle, NULL};
    const char *room_new[] = {"room", "new", "--home", cys, "--title", "Ark", NULL};
    const char *join[] = {"join", room, "--home", cys, "--for", "1", NULL};
    const char *invite[] = {"stage", "invite", room, "bo", "--home", amys, NULL};
    refused(sign_up, next);
    refused(room_new, another_room);
    refused(join, NULL);
    refused(invite, NULL);
    /* Whose seat is lost meanwhile has lost it when that can be written down. */
    process_signal(&dan, SIGKILL);
    process_end(&dan);
    fill();
    assert_null(process_line_with(&bo, "\"alarm\"", 6000));
    assert_int_equal(process_wait(&amy, 0), -1);
    assert_int_equal(process_wait(&bo, 0), -1);

    assert_int_equal(unlink(filler), 0);
    roster_is(&amy, "[ \"amy\" ]", "[ \"bo\" ]");
    scene_sign_up(&scene, scene.url, next_handle);
    scene_room(&scene, "cy", "Ark", (char[SCENE_ROOM]){0});
    rooms++;
    scene_join(&scene, &cy, "cy", room, NULL);
    scene_event(&cy, "heard", &line);
    leave(&cy);
    leave(&bo);
    leave(&amy);
    assert_true(recording_longest_gap_s(heard) < 0.5);

    scene_kill_and_restart(&scene);
    assert_int_equal(rooms_of(next_handle), rooms);
    assert_int_equal(rooms_of("bo"), rooms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g51_a_full_disk_refuses_and_loses_nothing),
    };

    return cmocka_run_group_tests_name("disk", tests, start, end);
}
