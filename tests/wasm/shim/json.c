/* A reader of JSON for published vectors: numbers up to 2^64-1, and no word of a file that is not JSON. */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

enum kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_object {
    enum kind kind;
    uint64_t number; /* of a negative one, two's complement */
    char *text;
    size_t count;
    char **names;                /* of an object's members */
    struct json_object **values; /* of an object or an array; NULL for null, as json-c has it */
};

struct json_tokener {
    const char *at, *end;
    bool failed;
};

static struct json_object *value_read(struct json_tokener *t);

static void *take(struct json_tokener *t, size_t size)
{
    void *room = calloc(1, size);

    t->failed = t->failed || room == NULL;
    return room;
}

static void blanks_skip(struct json_tokener *t)
{
    while (t->at < t->end && strchr(" \t\r\n", *t->at) != NULL)
        t->at++;
}

/* Whether the next character, after blanks, is this one; takes it then. */
static bool next_is(struct json_tokener *t, char c)
{
    blanks_skip(t);
    if (t->failed || t->at == t->end || *t->at != c)
        return false;
    t->at++;
    return true;
}

static void expect(struct json_tokener *t, char c)
{
    if (!next_is(t, c))
        t->failed = true;
}

/* No vector's meaning hangs on an escape: each becomes the character after it. */
static char *string_read(struct json_tokener *t)
{
    const char *from;
    char *text;
    size_t len = 0;

    expect(t, '"');
    from = t->at;
    while (t->at < t->end && *t->at != '"')
        t->at += *t->at == '\\' ? 2 : 1;
    if (t->failed || t->at >= t->end) {
        t->failed = true;
        return NULL;
    }
    text = take(t, (size_t)(t->at - from) + 1);
    for (const char *c = from; text != NULL && c < t->at; c++)
        text[len++] = *c == '\\' ? *++c : *c;
    t->at++;
    return text;
}

static void grow(struct json_tokener *t, struct json_object *o)
{
    if ((o->count & (o->count - 1)) == 0) { /* at 0 and at each power of two */
        size_t room = o->count == 0 ? 1 : 2 * o->count;
        char **names = realloc(o->names, room * sizeof *names);
        struct json_object **values = realloc(o->values, room * sizeof *values);

        t->failed = t->failed || names == NULL || values == NULL;
        o->names = names;
        o->values = values;
    }
    if (!t->failed)
        o->names[o->count] = NULL;
}

static void members_read(struct json_tokener *t, struct json_object *o, char closing)
{
    if (next_is(t, closing))
        return;
    do {
        char *name = NULL;
        struct json_object *value;

        if (o->kind == JSON_OBJECT) {
            name = string_read(t);
            expect(t, ':');
        }
        value = value_read(t);
        grow(t, o);
        if (t->failed)
            return;
        o->names[o->count] = name;
        o->values[o->count++] = value;
    } while (next_is(t, ','));
    expect(t, closing);
}

static void number_read(struct json_tokener *t, struct json_object *o)
{
    bool negative = next_is(t, '-');
    const char *from = t->at;

    for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++)
        o->number = o->number * 10 + (uint64_t)(*t->at - '0');
    if (negative)
        o->number = 0 - o->number;
    t->failed = t->failed || from == t->at;
}

static bool word_read(struct json_tokener *t, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(t->end - t->at) < len || memcmp(t->at, word, len) != 0)
        return false;
    t->at += len;
    return true;
}

static struct json_object *value_read(struct json_tokener *t)
{
    struct json_object *o = take(t, sizeof *o);

    blanks_skip(t);
    if (t->failed || t->at == t->end) {
        t->failed = true;
        return NULL;
    }
    switch (*t->at) {
    case '{':
    case '[':
        o->kind = *t->at == '{' ? JSON_OBJECT : JSON_ARRAY;
        t->at++;
        members_read(t, o, o->kind == JSON_OBJECT ? '}' : ']');
        break;
    case '"':
        o->kind = JSON_STRING;
        o->text = string_read(t);
        break;
    case 't':
    case 'f':
        o->kind = JSON_BOOL;
        o->number = *t->at == 't';
        t->failed = t->failed || !word_read(t, o->number != 0 ? "true" : "false");
        break;
    case 'n':
        t->failed = t->failed || !word_read(t, "null");
        return NULL;
    default:
        o->kind = JSON_NUMBER;
        number_read(t, o);
    }
    return o;
}

struct json_tokener *json_tokener_new(void)
{
    return calloc(1, sizeof(struct json_tokener));
}

struct json_object *json_tokener_parse_ex(struct json_tokener *t, const char *text, int len)
{
    struct json_object *o;

    *t = (struct json_tokener){text, text + len, false};
    o = value_read(t);
    blanks_skip(t);
    return t->failed || t->at != t->end ? NULL : o;
}

void json_tokener_free(struct json_tokener *t)
{
    free(t);
}

int json_object_put(struct json_object *o)
{
    (void)o;
    return 1;
}

bool json_object_object_get_ex(struct json_object *o, const char *key, struct json_object **out)
{
    for (size_t i = 0; o != NULL && o->kind == JSON_OBJECT && i < o->count; i++) {
        if (strcmp(o->names[i], key) == 0) {
            *out = o->values[i];
            return true;
        }
    }
    return false;
}

size_t json_object_array_length(const struct json_object *o)
{
    return o == NULL ? 0 : o->count;
}

struct json_object *json_object_array_get_idx(const struct json_object *o, size_t i)
{
    return o == NULL || i >= o->count ? NULL : o->values[i];
}

const char *json_object_get_string(struct json_object *o)
{
    return o == NULL ? NULL : o->text;
}

uint64_t json_object_get_uint64(const struct json_object *o)
{
    return o == NULL ? 0 : o->number;
}

int64_t json_object_get_int64(const struct json_object *o)
{
    return (int64_t)json_object_get_uint64(o);
}

int json_object_get_int(const struct json_object *o)
{
    return (int)json_object_get_uint64(o);
}

const char *shim_json_member(const struct json_object *o, size_t i, struct json_object **value)
{
    if (o == NULL || o->kind != JSON_OBJECT || i >= o->count)
        return NULL;
    *value = o->values[i];
    return o->names[i];
}
