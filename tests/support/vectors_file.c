#include "support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void path_of(const char *name, char *path, size_t size)
{
    const char *folder = getenv("TEAHOUSE_VECTORS"), *source = getenv("TEAHOUSE_SOURCE");

    if (folder != NULL)
        snprintf(path, size, "%s/%s", folder, name);
    else
        snprintf(path, size, "%s/../shared/vectors/%s", source == NULL ? "." : source, name);
}

struct bytes vectors_file(struct arena *arena, const char *name)
{
    char path[4096];
    FILE *file;
    uint8_t *room;
    long size;

    path_of(name, path, sizeof path);
    file = fopen(path, "rb");
    if (file == NULL) {
        print_message("# no vectors at hand: %s\n", name);
        skip();
    }
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    assert_true(size >= 0);
    rewind(file);
    room = arena_take(arena, (size_t)size);
    assert_non_null(room);
    assert_int_equal(fread(room, 1, (size_t)size, file), (size_t)size);
    fclose(file);
    return bytes(room, (size_t)size);
}
