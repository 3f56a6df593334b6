#include "support/vectors.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct json_object *vectors_load(const char *name)
{
    struct arena arena = {0};
    struct bytes text = vectors_file(&arena, name);
    struct json_tokener *tokener = json_tokener_new();
    struct json_object *parsed;

    assert_non_null(tokener);
    parsed = json_tokener_parse_ex(tokener, (const char *)text.at, (int)text.len);
    json_tokener_free(tokener);
    arena_free(&arena);
    assert_non_null(parsed);
    return parsed;
}

struct json_object *vectors_member(struct json_object *object, const char *member)
{
    struct json_object *found;

    if (!json_object_object_get_ex(object, member, &found))
        fail_msg("the vector has no member %s", member);
    return found;
}

const char *vectors_text(struct json_object *object, const char *member)
{
    return json_object_get_string(vectors_member(object, member));
}

uint64_t vectors_number(struct json_object *object, const char *member)
{
    return json_object_get_uint64(vectors_member(object, member));
}

struct bytes vectors_hex_string(struct arena *arena, const char *hex)
{
    size_t len = strlen(hex) / 2, used;
    uint8_t *room = arena_take(arena, len);

    assert_non_null(room);
    assert_int_equal(text_unhex(bytes_string(hex), (struct bytes_mut){room, len}, &used), OK);
    return bytes(room, len);
}

struct bytes vectors_hex(struct arena *arena, struct json_object *object, const char *member)
{
    return vectors_hex_string(arena, vectors_text(object, member));
}

void vectors_ran(const char *name, size_t count)
{
    print_message("# vectors: %u of %s\n", (unsigned)count, name);
}
