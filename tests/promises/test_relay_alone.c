/* A relay that somebody else runs, `teahouse relay` as a process of its own: while people speak through it,
 * its memory and all that it printed are searched for their keys and voices, for who they are, and for the
 * room. */
#define _POSIX_C_SOURCE 200809L
#include "support/guests.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { KEY = 65, NAMES = 6 };

static struct guests g;
static struct process relay;

static void key_of(const char *part, const char *data, char out[static KEY])
{
    const char *words[] = {part, "key", "--data", data, NULL};
    struct process p;

    assert_int_equal(scene_do(&p, words), 0);
    snprintf(out, KEY, "%s", scene_text(process_line(&p, 0), "key"));
    process_end(&p);
}

static void start_apart(void)
{
    char house_data[SCRATCH_PATH], relay_data[SCRATCH_PATH], house_key[KEY], relay_key[KEY];
    const char *line;

    memset(&g, 0, sizeof g);
    scratch_make(g.scene.folder);
    scratch_path(g.scene.folder, "house", house_data);
    scratch_path(g.scene.folder, "relay", relay_data);
    key_of("house", house_data, house_key);
    key_of("relay", relay_data, relay_key);
    const char *house[] = {"house",    "--listen",    "127.0.0.1:0", "--data",
                           house_data, "--relay-key", relay_key,     NULL};
    scene_run(&g.scene.server, house);
    line = process_line_with(&g.scene.server, "\"listening\"", SCENE_WAIT_MS);
    assert_non_null(line);
    snprintf(g.scene.url, sizeof g.scene.url, "%s", scene_text(line, "url"));
    const char *apart[] = {"relay",       "--listen", "127.0.0.1:0", "--house",  g.scene.url,
                           "--house-key", house_key,  "--data",      relay_data, NULL};
    scene_run(&relay, apart);
    assert_non_null(process_line_with(&relay, "\"linked\"", SCENE_WAIT_MS));
    guests_settle(&g);
}

/* Who they are and where they sit, as bytes. */
static void names_take(struct memory_needle needles[static NAMES])
{
    uint8_t copy[32];

    for (unsigned i = 0; i < GUESTS; i++) {
        memcpy(copy, g.who[i].account_key, 32);
        memory_needle_take(&needles[i], copy, 32);
        memcpy(copy, g.who[i].handle, strlen(g.who[i].handle));
        memory_needle_take(&needles[GUESTS + i], copy, strlen(g.who[i].handle));
    }
    memcpy(copy, g.room, 32);
    memory_needle_take(&needles[4], copy, 32);
    memcpy(copy, g.room_name, 32);
    memory_needle_take(&needles[5], copy, 32);
}

static void a_running_relay_knows_seats_and_nothing_else(void **state)
{
    struct memory_needle names[NAMES];
    const char *line;

    (void)state;
    start_apart();
    guests_talk(&g, 100);
    names_take(names);
    for (unsigned moment = 0; moment < 2; moment++) {
        guests_go_on(&g, 7);
        for (unsigned kind = SECRET_BASE_KEY; kind <= SECRET_PCM; kind++)
            assert_int_equal(guests_in_memory(&g, (enum secret_kind)kind, relay.pid), 0);
    }
    for (unsigned i = 0; i < NAMES; i++)
        assert_int_equal(memory_count_of(relay.pid, &names[i]), 0);
    /* The same search finds the seats there, and the names at the house. */
    assert_int_equal(guests_in_memory(&g, SECRET_SEAT, relay.pid), GUESTS);
    for (unsigned i = 0; i < 5; i++)
        assert_true(memory_count_of(g.scene.server.pid, &names[i]) > 0);
    guests_leave(&g);
    process_signal(&relay, SIGTERM);
    while ((line = process_line(&relay, SCENE_WAIT_MS)) != NULL)
        for (unsigned kind = 0; kind < SECRET_KINDS; kind++)
            assert_int_equal(guests_in_bytes(&g, (enum secret_kind)kind, bytes_string(line)), 0);
    assert_int_equal(process_wait(&relay, SCENE_WAIT_MS), 0);
    process_end(&relay);
    assert_string_equal(relay.errors, "");
    guests_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_running_relay_knows_seats_and_nothing_else),
    };

    return cmocka_run_group_tests_name("relay_alone", tests, NULL, NULL);
}
