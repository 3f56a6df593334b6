/* House and relay as processes of their own. */
#define _POSIX_C_SOURCE 200809L
#include "sound/sound.h"
#include "support/certificate.h"
#include "support/pressure.h"
#include "support/recording.h"
#include "support/scene.h"
#include "support/speech.h"
#include "support/waveform.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { KEY = 65, PAIR = 32 };

struct apart {
    struct scene scene; /* its server is the house */
    struct process relay;
    char house_key[KEY], relay_key[KEY];
    char house_at[PAIR], relay_at[PAIR], media_at[PAIR]; /* kept over a restart */
};

static void key_in(struct apart *a, const char *part, const char *folder, char out[static KEY])
{
    char data[SCRATCH_PATH];
    struct process p;

    scratch_path(a->scene.folder, folder, data);
    const char *words[] = {part, "key", "--data", data, NULL};
    if (scene_do(&p, words) != 0)
        fail_msg("%s key: %s", part, p.errors);
    snprintf(out, KEY, "%s", scene_text(process_line(&p, 0), "key"));
    assert_int_equal(strlen(out), KEY - 1);
    process_end(&p);
}

static void key_of(struct apart *a, const char *part, char out[static KEY])
{
    key_in(a, part, part, out);
}

static void house_start(struct apart *a)
{
    char data[SCRATCH_PATH];
    const char *line;

    scratch_path(a->scene.folder, "house", data);
    const char *words[] = {"house", "--listen",    a->house_at,  "--data",
                           data,    "--relay-key", a->relay_key, NULL};
    scene_run(&a->scene.server, words);
    line = process_line_with(&a->scene.server, "\"listening\"", SCENE_WAIT_MS);
    if (line == NULL) {
        process_end(&a->scene.server);
        fail_msg("the house says: %s", a->scene.server.errors);
    }
    assert_string_equal(scene_text(line, "key"), a->house_key);
    snprintf(a->scene.url, sizeof a->scene.url, "%s", scene_text(line, "url"));
    snprintf(a->house_at, sizeof a->house_at, "%s", a->scene.url + strlen("http://"));
}

static void relay_run(const struct apart *a, struct process *p, const char *folder, const char *house_key)
{
    char data[SCRATCH_PATH];

    scratch_path(a->scene.folder, folder, data);
    const char *words[] = {"relay",      "--listen",    a->relay_at, "--media", a->media_at, "--house",
                           a->scene.url, "--house-key", house_key,   "--data",  data,        NULL};
    scene_run(p, words);
}

static void relay_event(struct apart *a, const char *event)
{
    char text[32];

    snprintf(text, sizeof text, "{\"event\":\"%s\"", event);
    if (process_line_with(&a->relay, text, SCENE_WAIT_MS) == NULL) {
        process_end(&a->relay);
        fail_msg("no %s; the relay says: %s", event, a->relay.errors);
    }
}

static void relay_start(struct apart *a)
{
    const char *line;

    relay_run(a, &a->relay, "relay", a->house_key);
    line = process_line_with(&a->relay, "\"listening\"", SCENE_WAIT_MS);
    assert_non_null(line);
    assert_string_equal(scene_text(line, "key"), a->relay_key);
    snprintf(a->media_at, sizeof a->media_at, "%s", scene_text(line, "media"));
    snprintf(a->relay_at, sizeof a->relay_at, "%s", scene_text(line, "url") + strlen("http://"));
    relay_event(a, "linked");
}

static int start(void **state)
{
    struct apart *a = calloc(1, sizeof *a);

    assert_non_null(a);
    scratch_make(a->scene.folder);
    snprintf(a->house_at, sizeof a->house_at, "127.0.0.1:0");
    snprintf(a->relay_at, sizeof a->relay_at, "127.0.0.1:0");
    snprintf(a->media_at, sizeof a->media_at, "127.0.0.1:0");
    key_of(a, "house", a->house_key);
    key_of(a, "relay", a->relay_key);
    house_start(a);
    relay_start(a);
    scene_sign_up(&a->scene, a->scene.url, "amy");
    scene_sign_up(&a->scene, a->scene.url, "bo");
    *state = a;
    return 0;
}

static int end(void **state)
{
    struct apart *a = *state;

    process_signal(&a->relay, SIGTERM);
    assert_int_equal(process_wait(&a->relay, SCENE_WAIT_MS), 0);
    assert_string_equal(a->relay.errors, "");
    process_end(&a->relay);
    scene_end(&a->scene);
    free(a);
    return 0;
}

/* What one says, the other hears. */
static struct waveform_verdict talk_once(struct apart *a, const char *title)
{
    struct speech said = speech_say("en", speech_english);
    char room[SCENE_ROOM], spoken[SCRATCH_PATH], heard[SCRATCH_PATH], time[24];
    struct waveform_verdict verdict;
    struct recording written, played;
    struct process amy, bo;
    const char *line;

    scratch_path(a->scene.folder, "spoken.wav", spoken);
    scratch_path(a->scene.folder, "heard.wav", heard);
    recording_write(spoken, said.samples, said.count);
    scene_room(&a->scene, "amy", title, room);
    snprintf(time, sizeof time, "%zu", said.count / SOUND_RATE + 3);
    const char *bo_options[] = {"--record", heard, "--for", time, NULL};
    const char *amy_options[] = {"--speak", spoken, "--for", time, NULL};
    scene_join(&a->scene, &bo, "bo", room, bo_options);
    scene_event(&bo, "seated", &line);
    scene_join(&a->scene, &amy, "amy", room, amy_options);
    scene_event(&bo, "heard", &line);
    assert_string_equal(scene_text(line, "handle"), "amy");
    if (process_wait(&amy, SCENE_WAIT_MS) != 0 || process_wait(&bo, SCENE_WAIT_MS) != 0)
        fail_msg("they ended with %d and %d: %s%s", amy.code, bo.code, amy.errors, bo.errors);
    process_end(&amy);
    process_end(&bo);
    free(said.samples);
    written = recording_read(spoken);
    played = recording_read(heard);
    assert_true(waveform_through_opus(written.samples, written.count));
    assert_true(waveform_compare(written.samples, written.count, played.samples, played.count, 5, &verdict));
    recording_free(&written);
    recording_free(&played);
    return verdict;
}

static void talk(struct apart *a, const char *title)
{
    for (unsigned tries = 1;; tries++) {
        struct pressure machine = pressure_watch();
        struct waveform_verdict verdict = talk_once(a, title);

        if (verdict.same)
            return;
        if (tries == 3 || !pressure_felt(&machine))
            fail_msg("%s; worst %.3f, hole %.1f ms", verdict.why, verdict.worst_correlation,
                     verdict.longest_hole_ms);
    }
}

/* Enough of it to know that sound comes through. */
static void greet(struct apart *a, const char *title)
{
    struct speech said = speech_say("en", speech_english);
    char room[SCENE_ROOM], spoken[SCRATCH_PATH];
    struct process amy, bo;
    const char *line;

    scratch_path(a->scene.folder, "spoken.wav", spoken);
    recording_write(spoken, said.samples, said.count);
    free(said.samples);
    scene_room(&a->scene, "amy", title, room);
    const char *options[] = {"--speak", spoken, NULL};
    scene_join(&a->scene, &bo, "bo", room, NULL);
    scene_event(&bo, "seated", &line);
    scene_join(&a->scene, &amy, "amy", room, options);
    scene_event(&bo, "heard", &line);
    assert_string_equal(scene_text(line, "handle"), "amy");
    process_signal(&amy, SIGTERM);
    process_signal(&bo, SIGTERM);
    assert_int_equal(process_wait(&amy, SCENE_WAIT_MS), 0);
    assert_int_equal(process_wait(&bo, SCENE_WAIT_MS), 0);
    process_end(&amy);
    process_end(&bo);
}

static void speech_is_heard_through_a_relay_elsewhere(void **state)
{
    talk(*state, "Apart");
}

static void nobody_enters(struct apart *a, const char *room)
{
    struct process p;
    const char *options[] = {"--for", "1", NULL};

    scene_join(&a->scene, &p, "bo", room, options);
    assert_int_equal(process_wait(&p, SCENE_WAIT_MS), 1);
    if (strstr(p.errors, "no relay is linked") == NULL)
        fail_msg("it says: %s", p.errors);
    process_end(&p);
}

static void a_relay_that_died_links_up_again(void **state)
{
    struct apart *a = *state;
    char room[SCENE_ROOM];

    scene_room(&a->scene, "amy", "Without", room);
    process_signal(&a->relay, SIGKILL);
    assert_int_equal(process_wait(&a->relay, SCENE_WAIT_MS), 128 + SIGKILL);
    process_end(&a->relay);
    nobody_enters(a, room);
    relay_start(a);
    greet(a, "The relay is back");
}

static void a_house_that_died_is_dialled_again(void **state)
{
    struct apart *a = *state;

    process_signal(&a->scene.server, SIGKILL);
    assert_int_equal(process_wait(&a->scene.server, SCENE_WAIT_MS), 128 + SIGKILL);
    process_end(&a->scene.server);
    relay_event(a, "unlinked");
    house_start(a);
    relay_event(a, "linked");
    greet(a, "The house is back");
}

/* Exit 1, and one line that says why. */
static void strangers_are_refused_and_told(void **state)
{
    struct apart *a = *state;
    struct apart other = *a;
    struct process p;

    snprintf(other.relay_at, sizeof other.relay_at, "127.0.0.1:0");
    snprintf(other.media_at, sizeof other.media_at, "127.0.0.1:0");
    relay_run(&other, &p, "stranger", a->house_key);
    assert_int_equal(process_wait(&p, SCENE_WAIT_MS), 1);
    if (strstr(p.errors, "does not take this relay") == NULL || strchr(p.errors, '\n')[1] != '\0')
        fail_msg("it says: %s", p.errors);
    process_end(&p);

    relay_run(&other, &p, "stranger", a->relay_key);
    assert_int_equal(process_wait(&p, SCENE_WAIT_MS), 1);
    if (strstr(p.errors, "does not hold the key of --house-key") == NULL || strchr(p.errors, '\n')[1] != '\0')
        fail_msg("it says: %s", p.errors);
    process_end(&p);
    greet(a, "Undisturbed");
}

/* Over TLS, where the house shows a certificate that the relay's system trusts; not otherwise. */
static void the_link_is_kept_by_tls(void **state)
{
    struct apart *a = *state;
    char cert[SCRATCH_PATH], key[SCRATCH_PATH], house_data[SCRATCH_PATH], relay_data[SCRATCH_PATH];
    char url[SCENE_URL], house_key[KEY], relay_key[KEY];
    struct process house, relay;
    const char *line;

    scratch_path(a->scene.folder, "cert.pem", cert);
    scratch_path(a->scene.folder, "key.pem", key);
    scratch_path(a->scene.folder, "sealed-house", house_data);
    scratch_path(a->scene.folder, "sealed-relay", relay_data);
    certificate_make("IP:127.0.0.1", cert, key);
    key_in(a, "house", "sealed-house", house_key);
    key_in(a, "relay", "sealed-relay", relay_key);
    const char *house_words[] = {"house",    "--listen",    "127.0.0.1:0", "--data",
                                 house_data, "--relay-key", relay_key,     "--tls-cert",
                                 cert,       "--tls-key",   key,           NULL};
    scene_run(&house, house_words);
    line = process_line_with(&house, "\"listening\"", SCENE_WAIT_MS);
    assert_non_null(line);
    snprintf(url, sizeof url, "%s", scene_text(line, "url"));
    assert_int_equal(strncmp(url, "https://", 8), 0);
    const char *relay_words[] = {"relay",       "--listen", "127.0.0.1:0", "--house",  url,
                                 "--house-key", house_key,  "--data",      relay_data, NULL};
    scene_run(&relay, relay_words);
    line = process_line_with(&relay, "linked\"", SCENE_WAIT_MS);
    assert_non_null(line);
    assert_string_equal(scene_text(line, "event"), "unlinked");
    assert_non_null(strstr(scene_text(line, "why"), "certificate is not trusted"));
    process_end(&relay);

    setenv("SSL_CERT_FILE", cert, 1);
    scene_run(&relay, relay_words);
    unsetenv("SSL_CERT_FILE");
    line = process_line_with(&relay, "linked\"", SCENE_WAIT_MS);
    assert_non_null(line);
    assert_string_equal(scene_text(line, "event"), "linked");
    process_signal(&relay, SIGTERM);
    assert_int_equal(process_wait(&relay, SCENE_WAIT_MS), 0);
    process_end(&relay);
    process_signal(&house, SIGTERM);
    assert_int_equal(process_wait(&house, SCENE_WAIT_MS), 0);
    process_end(&house);
}

static void what_cannot_be_is_said_before(void **state)
{
    struct apart *a = *state;
    char data[SCRATCH_PATH];
    struct process p;

    scratch_path(a->scene.folder, "stranger", data);
    const struct {
        const char *house, *key, *told;
    } rows[] = {
        {"http://192.0.2.1", a->house_key, "https"},
        {"http://127.0.0.1:1/path", a->house_key, "without a path"},
        {"ftp://tea.example", a->house_key, "--house"},
        {"http://127.0.0.1:1", "/nowhere/key", "64 hex digits"},
        {"http://127.0.0.1:1", "abcdef", "64 hex digits"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *words[] = {"relay",   "--listen",    "127.0.0.1:0", "--data",    data,
                               "--house", rows[i].house, "--house-key", rows[i].key, NULL};

        if (scene_do(&p, words) != 2 || strstr(p.errors, rows[i].told) == NULL)
            fail_msg("row %zu: %d, %s", i, p.code, p.errors);
        process_end(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speech_is_heard_through_a_relay_elsewhere),
        cmocka_unit_test(a_relay_that_died_links_up_again),
        cmocka_unit_test(a_house_that_died_is_dialled_again),
        cmocka_unit_test(strangers_are_refused_and_told),
        cmocka_unit_test(the_link_is_kept_by_tls),
        cmocka_unit_test(what_cannot_be_is_said_before),
    };

    return cmocka_run_group_tests_name("apart", tests, start, end);
}
