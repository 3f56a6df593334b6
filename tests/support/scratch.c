#define _GNU_SOURCE
#include "support/scratch.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

void scratch_make(char path[static SCRATCH_PATH])
{
    const char *base = getenv("TMPDIR");

    snprintf(path, SCRATCH_PATH, "%s/teahouse-XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(path));
}

void scratch_path(const char *folder, const char *name, char path[static SCRATCH_PATH])
{
    int used = snprintf(path, SCRATCH_PATH, "%s/%s", folder, name);

    assert_in_range(used, 1, SCRATCH_PATH - 1);
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *where)
{
    (void)s;
    (void)kind;
    (void)where;
    return remove(path);
}

void scratch_remove(const char *path)
{
    (void)nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
