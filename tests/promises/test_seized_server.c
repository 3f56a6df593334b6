#define _GNU_SOURCE
/* Whoever seizes the server gets its folder: database, log of writes, free pages, keys. Nothing that was said
 * is in it, no key of a room, no ticket; taken while people speak, and again after its end. */
#include "support/guests.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void file_search(const struct guests *g, const char *path, unsigned *with_handle)
{
    struct stat is;
    uint8_t *at;
    int file = open(path, O_RDONLY | O_CLOEXEC);

    assert_true(file >= 0);
    assert_int_equal(fstat(file, &is), 0);
    at = malloc((size_t)is.st_size + 1);
    assert_non_null(at);
    for (off_t have = 0; have < is.st_size;) {
        ssize_t got = read(file, at + have, (size_t)(is.st_size - have));

        assert_true(got > 0);
        have += got;
    }
    close(file);
    for (unsigned kind = 0; kind < SECRET_KINDS; kind++)
        if (guests_in_bytes(g, (enum secret_kind)kind, bytes(at, (size_t)is.st_size)) != 0)
            fail_msg("%s has a secret of kind %u", path, kind);
    *with_handle += memmem(at, (size_t)is.st_size, GUEST_ADA, strlen(GUEST_ADA)) != NULL;
    free(at);
}

/* All bytes of all files, whatever they are for. */
static unsigned folder_search(const struct guests *g)
{
    char data[SCRATCH_PATH], path[SCRATCH_PATH];
    unsigned files = 0, with_handle = 0;
    struct dirent *entry;
    DIR *dir;

    scratch_path(g->scene.folder, "data", data);
    dir = opendir(data);
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        scratch_path(data, entry->d_name, path);
        file_search(g, path, &with_handle);
        files++;
    }
    closedir(dir);
    /* The search does find what is kept: who has an account. */
    assert_true(with_handle > 0);
    return files;
}

static void the_folder_has_no_sound_no_key_and_no_ticket(void **state)
{
    static struct guests g;

    (void)state;
    guests_start(&g);
    guests_talk(&g, 50);
    assert_true(folder_search(&g) >= 2);
    guests_leave(&g);
    assert_true(folder_search(&g) >= 2);
    guests_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_folder_has_no_sound_no_key_and_no_ticket),
    };

    return cmocka_run_group_tests_name("seized_server", tests, NULL, NULL);
}
