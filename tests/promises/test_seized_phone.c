#define _POSIX_C_SOURCE 200809L
/* Whoever seizes a phone finds what its owner kept. After a room: the account, and nothing of rooms or
 * people; no key of the room in memory, freed memory too. */
#include "support/guests.h"

#include "base/text.h"
#include "support/patience.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Ada's first key is that of the epoch in which she was alone; Ben's coming ended it. */
static void a_key_outlives_neither_its_epoch_nor_the_room(void **state)
{
    static struct guests g;

    (void)state;
    guests_start(&g);
    guests_talk(&g, 50);
    assert_true(g.secrets[SECRET_BASE_KEY].count < SECRETS);
    patience_let_pass(g.loop, OLD_KEY_MS + 500);
    assert_int_equal(memory_count(&g.secrets[SECRET_BASE_KEY].needles[0]), 0);
    assert_int_equal(memory_count(&g.secrets[SECRET_SENDER_KEY].needles[0]), 0);
    /* The search finds what is in use: the running epoch's. */
    assert_true(guests_in_memory(&g, SECRET_BASE_KEY, getpid()) > 0);
    guests_leave(&g);
    assert_int_equal(guests_in_memory(&g, SECRET_BASE_KEY, getpid()), 0);
    assert_int_equal(guests_in_memory(&g, SECRET_SENDER_KEY, getpid()), 0);
    guests_end(&g);
}

enum { FILE_ROOM = 4096 };

static size_t account_read(const char *home, uint8_t room[static FILE_ROOM])
{
    char path[SCRATCH_PATH];
    ssize_t len;
    int file;

    scratch_path(home, "account", path);
    file = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0);
    len = read(file, room, FILE_ROOM);
    assert_in_range(len, 1, FILE_ROOM - 1);
    close(file);
    return (size_t)len;
}

/* Nothing is there but the account, byte by byte as it was, and it names neither the room nor Ada. */
static void f21_a_home_knows_no_room_and_nobody(void **state)
{
    static struct guests g;
    static uint8_t before[FILE_ROOM], after[FILE_ROOM];
    const char *const stay[] = {"--for", "1", NULL};
    char home[SCRATCH_PATH], text[2 * 32 + 1];
    struct process ada, ben;
    struct dirent *entry;
    const char *line;
    size_t len;
    DIR *dir;

    (void)state;
    guests_start(&g);
    scene_home(&g.scene, GUEST_BEN, home);
    len = account_read(home, before);
    scene_join(&g.scene, &ada, GUEST_ADA, g.room_name, (const char *const[]){"--for", "3", NULL});
    scene_event(&ada, "seated", &line);
    scene_join(&g.scene, &ben, GUEST_BEN, g.room_name, stay);
    scene_event(&ben, "left", &line);
    assert_int_equal(process_wait(&ben, SCENE_WAIT_MS), 0);
    assert_int_equal(process_wait(&ada, SCENE_WAIT_MS), 0);
    process_end(&ben);
    process_end(&ada);

    dir = opendir(home);
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            assert_string_equal(entry->d_name, "account");
    closedir(dir);
    assert_int_equal(account_read(home, after), len);
    assert_memory_equal(after, before, len);
    after[len] = '\0';
    assert_null(strstr((const char *)after, g.room_name));
    assert_null(strstr((const char *)after, GUEST_ADA));
    text_hex(BYTES_OF(g.room), text);
    assert_null(strstr((const char *)after, text));
    assert_non_null(strstr((const char *)after, GUEST_BEN));
    guests_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_outlives_neither_its_epoch_nor_the_room),
        cmocka_unit_test(f21_a_home_knows_no_room_and_nobody),
    };

    return cmocka_run_group_tests_name("seized_phone", tests, NULL, NULL);
}
