#define _POSIX_C_SOURCE 200809L
#include "support/scene.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

const char *scene_binary(void)
{
    static char beside[SCRATCH_PATH];
    const char *path = getenv("TEAHOUSE_BINARY");
    ssize_t len;

    if (path != NULL)
        return path;
    len = readlink("/proc/self/exe", beside, sizeof beside - 16);
    assert_true(len > 0);
    beside[len] = '\0';
    for (int up = 0; up < 2; up++)
        *strrchr(beside, '/') = '\0';
    memcpy(beside + strlen(beside), "/teahouse", sizeof "/teahouse");
    return beside;
}

static size_t words_put(const char **argv, size_t at, const char *const words[])
{
    for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
        assert_true(at + 1 < PROCESS_WORDS);
        argv[at++] = words[i];
    }
    return at;
}

void scene_run(struct process *p, const char *const words[])
{
    const char *argv[PROCESS_WORDS] = {scene_binary()};

    words_put(argv, 1, words);
    assert_true(process_start(p, argv));
}

int scene_do(struct process *p, const char *const words[])
{
    int code;

    scene_run(p, words);
    code = process_wait(p, SCENE_WAIT_MS);
    assert_int_not_equal(code, -1);
    return code;
}

static struct json_object *member(const char *line, const char *key, struct json_object **whole)
{
    struct json_object *value = NULL;

    *whole = json_tokener_parse(line);
    if (*whole == NULL || !json_object_object_get_ex(*whole, key, &value))
        fail_msg("no %s in: %s", key, line);
    return value;
}

int64_t scene_number(const char *line, const char *key)
{
    struct json_object *whole, *value = member(line, key, &whole);
    int64_t number = json_object_get_int64(value);

    json_object_put(whole);
    return number;
}

const char *scene_text(const char *line, const char *key)
{
    static char text[1024];
    struct json_object *whole, *value = member(line, key, &whole);

    snprintf(text, sizeof text, "%s", json_object_get_string(value));
    json_object_put(whole);
    return text;
}

static uint16_t port_of(const char *text)
{
    const char *colon = strrchr(text, ':');

    assert_non_null(colon);
    return (uint16_t)strtoul(colon + 1, NULL, 10);
}

static void server_begin(struct scene *s, const char *listen, const char *const options[])
{
    const char *words[PROCESS_WORDS] = {"serve", "--listen", listen, "--data"};
    char data[SCRATCH_PATH];

    scratch_path(s->folder, "data", data);
    words[4] = data;
    words[words_put(words, 5, options)] = NULL;
    scene_run(&s->server, words);
}

static void server_await(struct scene *s)
{
    const char *line;

    line = process_line_with(&s->server, "\"listening\"", SCENE_WAIT_MS);
    if (line == NULL) {
        process_end(&s->server);
        fail_msg("the server says: %s", s->server.errors);
    }
    snprintf(s->url, sizeof s->url, "%s", scene_text(line, "url"));
    s->port = port_of(s->url);
    s->media_port = port_of(scene_text(line, "media"));
}

void scene_open(struct scene *s)
{
    memset(s, 0, sizeof *s);
    scratch_make(s->folder);
}

void scene_serve(struct scene *s, const char *const options[])
{
    server_begin(s, "127.0.0.1:0", options);
    server_await(s);
}

void scene_start(struct scene *s, const char *const options[])
{
    scene_open(s);
    scene_serve(s, options);
}

void scene_kill_and_restart(struct scene *s)
{
    scene_kill_and_relaunch(s);
    server_await(s);
}

void scene_kill_and_relaunch(struct scene *s)
{
    char listen[32];

    process_signal(&s->server, SIGKILL);
    process_end(&s->server);
    snprintf(listen, sizeof listen, "127.0.0.1:%u", s->port);
    server_begin(s, listen, NULL);
}

void scene_end(struct scene *s)
{
    int code = 0;

    if (s->server.pid != 0) {
        process_signal(&s->server, SIGTERM);
        code = process_wait(&s->server, SCENE_WAIT_MS);
    }
    process_end(&s->server);
    if (s->folder[0] != '\0')
        scratch_remove(s->folder);
    s->folder[0] = '\0';
    if (code != 0)
        fail_msg("the server ended with %d: %s", code, s->server.errors);
}

void scene_home(const struct scene *s, const char *handle, char out[static SCRATCH_PATH])
{
    scratch_path(s->folder, handle, out);
}

void scene_sign_up(const struct scene *s, const char *url, const char *handle)
{
    char home[SCRATCH_PATH];
    struct process p;
    const char *line;

    scene_home(s, handle, home);
    const char *words[] = {"signup", "--server", url, "--home", home, "--handle", handle, NULL};
    if (scene_do(&p, words) != 0)
        fail_msg("signup: %s", p.errors);
    line = process_line(&p, 0);
    assert_non_null(line);
    assert_string_equal(scene_text(line, "handle"), handle);
    assert_int_equal(strlen(scene_text(line, "fingerprint")), 39);
    process_end(&p);
}

void scene_room(const struct scene *s, const char *maker, const char *title, char room[static SCENE_ROOM])
{
    char home[SCRATCH_PATH];
    struct process p;
    const char *line;

    scene_home(s, maker, home);
    const char *words[] = {"room", "new", "--home", home, "--title", title, NULL};
    if (scene_do(&p, words) != 0)
        fail_msg("room new: %s", p.errors);
    line = process_line(&p, 0);
    assert_non_null(line);
    snprintf(room, SCENE_ROOM, "%s", scene_text(line, "room"));
    process_end(&p);
}

void scene_join(const struct scene *s, struct process *p, const char *handle, const char *room,
                const char *const options[])
{
    const char *words[PROCESS_WORDS] = {"join", room, "--home"};
    char home[SCRATCH_PATH];

    scene_home(s, handle, home);
    words[3] = home;
    words[words_put(words, 4, options)] = NULL;
    scene_run(p, words);
}

int64_t scene_event(struct process *p, const char *event, const char **line)
{
    char text[64];

    snprintf(text, sizeof text, "{\"event\":\"%s\"", event);
    *line = process_line_with(p, text, SCENE_WAIT_MS);
    if (*line == NULL) {
        process_end(p);
        fail_msg("no %s; it ended with %d: %s", event, p->code, p->errors);
    }
    return scene_number(*line, "clock_us");
}
