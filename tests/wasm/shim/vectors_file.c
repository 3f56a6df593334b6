#include "host.h"
#include "support/vectors.h"

#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct bytes vectors_file(struct arena *arena, const char *name)
{
    int size = host_vectors(name, strlen(name));
    uint8_t *room;

    if (size < 0) {
        print_message("# no vectors at hand: %s\n", name);
        skip();
    }
    room = arena_take(arena, (size_t)size);
    assert_non_null(room);
    host_vectors_take(room);
    return bytes(room, (size_t)size);
}
