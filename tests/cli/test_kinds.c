/* Social and private rooms, and seats under other names: real processes. */
#define _POSIX_C_SOURCE 200809L
#include "support/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { LINK = 256 };

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

/* Amy's new room of a kind, and her seat in it. */
static void amys_room(const char *kind, char link[static LINK], struct process *amy)
{
    char home[SCRATCH_PATH];
    struct process p;
    const char *line;

    scene_home(&scene, "amy", home);
    const char *words[] = {"room", "new", "--home", home, kind, NULL};
    if (scene_do(&p, words) != 0)
        fail_msg("room new: %s", p.errors);
    line = process_line(&p, 0);
    assert_non_null(line);
    snprintf(link, LINK, "%s", scene_text(line, "link"));
    process_end(&p);
    scene_join(&scene, amy, "amy", link, NULL);
    scene_event(amy, "seated", &line);
}

static void done(const char *const words[])
{
    struct process p;

    if (scene_do(&p, words) != 0)
        fail_msg("%s: %s", words[0], p.errors);
    process_end(&p);
}

static void refused(const char *handle, const char *link, const char *const options[], const char *why)
{
    struct process p;

    scene_join(&scene, &p, handle, link, options);
    assert_int_equal(process_wait(&p, SCENE_WAIT_MS), 1);
    assert_null(process_line_with(&p, "\"seated\"", 0));
    if (strstr(p.errors, why) == NULL)
        fail_msg("refused: %s", p.errors);
    process_end(&p);
}

static void leave(struct process *p)
{
    process_signal(p, 15);
    if (process_wait(p, SCENE_WAIT_MS) != 0)
        fail_msg("it ended with %d: %s", p->code, p->errors);
    process_end(p);
}

/* Events are dropped until this one says so. */
static void wait_for(struct process *p, const char *event, const char *key, const char *value)
{
    const char *line;

    do
        scene_event(p, event, &line);
    while (strcmp(scene_text(line, key), value) != 0);
}

static void f15_a_kick_closes_the_links_secret(void **state)
{
    char link[LINK], bare[LINK], again[LINK], home[SCRATCH_PATH], bo_home[SCRATCH_PATH];
    struct process amy, bo, renewing;
    const char *line;

    (void)state;
    amys_room("--private", link, &amy);
    assert_non_null(strchr(link, '#'));
    snprintf(bare, sizeof bare, "%.*s", (int)strcspn(link, "#"), link);
    refused("cy", bare, NULL, "the house refused");
    scene_join(&scene, &bo, "bo", link, NULL);
    scene_event(&bo, "seated", &line);
    wait_for(&amy, "roster", "seats", "[ \"#0 amy\", \"#1 bo\" ]");

    scene_home(&scene, "amy", home);
    const char *kick[] = {"stage", "kick", link, "bo", "--home", home, NULL};
    done(kick);
    scene_event(&bo, "kicked", &line);
    assert_int_equal(process_wait(&bo, SCENE_WAIT_MS), 1);
    process_end(&bo);
    wait_for(&amy, "roster", "seats", "[ \"#0 amy\" ]");
    refused("bo", link, NULL, "the house refused");

    /* Another link is the moderator's to make, and then the old one is nobody's. */
    const char *renew[] = {"stage", "link", link, "--home", home, NULL};
    if (scene_do(&renewing, renew) != 0)
        fail_msg("stage link: %s", renewing.errors);
    line = process_line(&renewing, 0);
    assert_non_null(line);
    snprintf(again, sizeof again, "%s", scene_text(line, "link"));
    process_end(&renewing);
    assert_string_not_equal(again, link);
    assert_memory_equal(again, link, strcspn(link, "#") + 1);
    refused("bo", link, NULL, "the house refused");
    scene_join(&scene, &bo, "bo", again, NULL);
    wait_for(&bo, "roster", "seats", "[ \"#0 amy\", \"#1 bo\" ]");
    const char *rights[] = {"stage", "link", link, "--home", bo_home, NULL};
    scene_home(&scene, "bo", bo_home);
    assert_int_equal(scene_do(&renewing, rights), 1);
    assert_non_null(strstr(renewing.errors, "only a moderator may do that"));
    process_end(&renewing);
    leave(&bo);
    leave(&amy);

    /* Nobody is there, and the first link opens nothing all the same. */
    refused("bo", link, NULL, "a moderator has closed this link");
    scene_join(&scene, &bo, "bo", again, NULL);
    scene_event(&bo, "seated", &line);
    leave(&bo);
    amys_room("--open", link, &amy);
    const char *open[] = {"stage", "link", link, "--home", home, NULL};
    assert_int_equal(scene_do(&renewing, open), 1);
    assert_non_null(strstr(renewing.errors, "only a private room has a link"));
    process_end(&renewing);
    leave(&amy);
}

static void a_social_room_is_for_whom_a_moderator_knows(void **state)
{
    static const char shut[] = "for those whom its moderators follow or let in";
    char link[LINK], home[SCRATCH_PATH];
    struct process amy, bo, cy;

    (void)state;
    amys_room("--social", link, &amy);
    refused("bo", link, NULL, shut);
    scene_home(&scene, "amy", home);
    const char *follow[] = {"follow", "bo", "--home", home, NULL};
    done(follow);
    scene_join(&scene, &bo, "bo", link, NULL);
    wait_for(&bo, "roster", "listeners", "[ \"amy\", \"bo\" ]");
    refused("cy", link, NULL, shut);
    const char *admit[] = {"stage", "admit", link, "cy", "--home", home, NULL};
    done(admit);
    scene_join(&scene, &cy, "cy", link, NULL);
    wait_for(&amy, "roster", "listeners", "[ \"amy\", \"bo\", \"cy\" ]");
    leave(&cy);
    leave(&bo);
    const char *unfollow[] = {"unfollow", "bo", "--home", home, NULL};
    done(unfollow);
    refused("bo", link, NULL, shut);
    leave(&amy);
}

/* F20: a kicked pseudonym's account comes again under its name, and under no other. */
static void f20_a_seat_under_another_name(void **state)
{
    static const char *const masked[] = {"--pseudonym", "masked", NULL};
    static const char *const hooded[] = {"--pseudonym", "hooded", NULL};
    static const char *const as_amy[] = {"--pseudonym", "amy", NULL};
    char link[LINK], home[SCRATCH_PATH];
    struct process amy, bo;
    const char *line;

    (void)state;
    amys_room("--pseudonyms", link, &amy);
    refused("bo", link, as_amy, "an account has this name");
    scene_join(&scene, &bo, "bo", link, masked);
    scene_event(&bo, "seated", &line);
    wait_for(&amy, "roster", "seats", "[ \"#0 amy\", \"#1 masked\" ]");
    scene_home(&scene, "amy", home);
    const char *block[] = {"stage", "block", link, "#1", "--home", home, NULL};
    struct process p;
    assert_int_equal(scene_do(&p, block), 1);
    assert_non_null(strstr(p.errors, "a pseudonym has no account to be blocked"));
    process_end(&p);
    const char *kick[] = {"stage", "kick", link, "#1", "--home", home, NULL};
    done(kick);
    scene_event(&bo, "kicked", &line);
    assert_int_equal(process_wait(&bo, SCENE_WAIT_MS), 1);
    process_end(&bo);
    wait_for(&amy, "roster", "seats", "[ \"#0 amy\" ]");
    refused("bo", link, masked, "a moderator has shut this room to you");
    refused("bo", link, hooded, "a moderator has shut this room to you");
    scene_join(&scene, &bo, "bo", link, NULL);
    wait_for(&amy, "roster", "seats", "[ \"#0 amy\", \"#1 bo\" ]");
    leave(&bo);
    leave(&amy);

    /* Where the charter does not allow it, nobody sits under another name. */
    amys_room("--open", link, &amy);
    refused("bo", link, masked, "this room has no pseudonyms");
    leave(&amy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f15_a_kick_closes_the_links_secret),
        cmocka_unit_test(a_social_room_is_for_whom_a_moderator_knows),
        cmocka_unit_test(f20_a_seat_under_another_name),
    };

    return cmocka_run_group_tests_name("kinds", tests, server_start, server_end);
}
