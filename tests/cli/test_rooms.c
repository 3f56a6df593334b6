/* The subcommands that ask a house one thing, against a real server. */
#include "support/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct scene scene; /* one server for all tests of this file */

static int server_start(void **state)
{
    (void)state;
    scene_start(&scene, NULL);
    scene_sign_up(&scene, scene.url, "amy");
    scene_sign_up(&scene, scene.url, "bo");
    return 0;
}

static int server_end(void **state)
{
    (void)state;
    scene_end(&scene);
    return 0;
}

/* The program ends with a code and one line on standard error that holds a text. */
static void refused(int code, const char *text, const char *const words[])
{
    struct process p;
    size_t len;

    assert_int_equal(scene_do(&p, words), code);
    assert_null(process_line(&p, 0));
    len = strlen(p.errors);
    if (len == 0 || strchr(p.errors, '\n') != p.errors + len - 1 || strstr(p.errors, text) == NULL)
        fail_msg("said: %s", p.errors);
    process_end(&p);
}

static void a_room_is_made_listed_shown_and_ended(void **state)
{
    char amy[SCRATCH_PATH], bo[SCRATCH_PATH], room[SCENE_ROOM];
    struct process p;
    const char *line;

    (void)state;
    scene_home(&scene, "amy", amy);
    scene_home(&scene, "bo", bo);
    /* G56: what is outside of the basic plane comes back as it was. */
    scene_room(&scene, "amy", "a 🚲 b 🅱️", room);

    const char *list[] = {"room", "list", "--home", bo, NULL};
    assert_int_equal(scene_do(&p, list), 0);
    line = process_line_with(&p, room, 0);
    assert_non_null(line);
    assert_string_equal(scene_text(line, "title"), "a 🚲 b 🅱️");
    assert_int_equal(scene_number(line, "speakers"), 0);
    assert_int_equal(scene_number(line, "listeners"), 0);
    process_end(&p);

    char link[SCENE_URL + SCENE_ROOM + 8];
    snprintf(link, sizeof link, "%s/r/%s", scene.url, room);
    const char *show[] = {"room", "show", link, "--home", bo, NULL};
    assert_int_equal(scene_do(&p, show), 0);
    line = process_line(&p, 0);
    assert_non_null(line);
    assert_string_equal(scene_text(line, "room"), room);
    assert_string_equal(scene_text(line, "speakers"), "[ ]");
    process_end(&p);

    const char *not_his[] = {"room", "end", room, "--home", bo, NULL};
    refused(1, "refused", not_his);
    const char *end[] = {"room", "end", room, "--home", amy, NULL};
    assert_int_equal(scene_do(&p, end), 0);
    process_end(&p);
    const char *gone[] = {"room", "show", room, "--home", amy, NULL};
    refused(1, "refused", gone);
    const char *join[] = {"join", room, "--home", amy, "--for", "5", NULL};
    refused(1, "refused", join);
}

static void a_name_is_had_once(void **state)
{
    char home[SCRATCH_PATH], account[SCRATCH_PATH + 16];
    struct stat info;

    (void)state;
    scene_home(&scene, "new", home);
    snprintf(account, sizeof account, "%s/account", home);
    const char *taken[] = {"signup", "--server", scene.url, "--home", home, "--handle", "amy", NULL};
    refused(1, "refused", taken);
    /* Nothing is left of it, so another name may be tried. */
    assert_int_not_equal(stat(account, &info), 0);
    /* G53: the middle letter is Cyrillic. */
    const char *looks_taken[] = {"signup", "--server", scene.url,   "--home",
                                 home,     "--handle", "b\xd0\xbe", NULL};
    refused(1, "refused", looks_taken);
    const char *bad[] = {"signup", "--server", scene.url, "--home", home, "--handle", "a\x1b[2J", NULL};
    refused(1, "refused", bad);

    scene_home(&scene, "amy", home);
    const char *twice[] = {"signup", "--server", scene.url, "--home", home, "--handle", "amy2", NULL};
    refused(2, "has an account already", twice);
}

static void g54_a_title_turns_nothing_around(void **state)
{
    char home[SCRATCH_PATH];

    (void)state;
    scene_home(&scene, "amy", home);
    const char *words[] = {"room",
                           "new",
                           "--home",
                           home,
                           "--title",
                           "a\xe2\x80\xae"
                           "b",
                           NULL};
    refused(1, "refused", words);
}

static void what_is_wrong_is_said(void **state)
{
    char home[SCRATCH_PATH], data[SCRATCH_PATH], none[SCRATCH_PATH];

    (void)state;
    scene_home(&scene, "amy", home);
    scratch_path(scene.folder, "data", data);
    scratch_path(scene.folder, "nobody", none);
    const struct {
        int code;
        const char *text;
        const char *words[10];
    } rows[] = {
        {2, "there is no account in", {"room", "list", "--home", none}},
        {2, "did you mean --title?", {"room", "new", "--home", home, "--titel", "x"}},
        {2, "one of them", {"room", "new", "--home", home, "--private", "--open"}},
        {2, "neither a room's id", {"room", "show", "kitchen", "--home", home}},
        {2, "neither a room's id", {"join", "http://127.0.0.1/r/", "--home", home}},
        {2, "takes a URL", {"signup", "--server", "localhost", "--home", none, "--handle", "x"}},
        {1, "nobody answers", {"signup", "--server", "http://127.0.0.1:1", "--home", none, "--handle", "x"}},
        {2, "is missing", {"serve", "--listen", "127.0.0.1:0"}},
        {2, "only a loopback address", {"serve", "--listen", "0.0.0.0:0", "--data", none}},
        {2, "come together", {"serve", "--listen", "127.0.0.1:0", "--data", none, "--tls-cert", "x"}},
        {2, "PEM", {"serve", "--listen", "127.0.0.1:0", "--data", none, "--tls-cert", "x", "--tls-key", "y"}},
        {2, "--data", {"serve", "--listen", "127.0.0.1:0", "--data", data}},
        {2, "no option --metrics", {"serve", "--listen", "127.0.0.1:0", "--data", none, "--metrics", "x:1"}},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refused(rows[i].code, rows[i].text, rows[i].words);
}

/* F19: a house that is not the pinned one gets no signature. */
static void f19_another_house_gets_no_signature(void **state)
{
    struct scene other;
    char home[SCRATCH_PATH];

    (void)state;
    scene_start(&other, NULL);
    scene_home(&scene, "amy", home);
    const char *words[] = {"room", "list", "--home", home, "--server", other.url, NULL};
    refused(1, "not the house", words);
    scene_end(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_is_made_listed_shown_and_ended), cmocka_unit_test(a_name_is_had_once),
        cmocka_unit_test(g54_a_title_turns_nothing_around),      cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(f19_another_house_gets_no_signature),
    };

    return cmocka_run_group_tests_name("rooms", tests, server_start, server_end);
}
