/* Messages as tables: a struct's fields in wire order. One walk reads by the table and one writes by it, so
 * that the two cannot disagree. For wire/signal and wire/control alone. */
#ifndef WIRE_FIELDS_H
#define WIRE_FIELDS_H

#include "base/bytes.h"
#include "base/reader.h"
#include "base/writer.h"

#include <stddef.h>

enum field_shape {
    FIELD_END = 0,
    FIELD_U8,
    FIELD_U16,
    FIELD_U32,
    FIELD_U64,
    FIELD_FIXED, /* uint8_t[most] */
    FIELD_RUN, /* struct bytes, least..most bytes; TLS presentation: the length's width follows from `most` */
    FIELD_LIST, /* struct bytes holding whole items */
};

struct field {
    enum field_shape shape;
    size_t offset; /* in the struct */
    size_t least, most;
    const struct field *item; /* FIELD_LIST */
};

#define FIELD_NUMBER(type, name, bits)                                                                       \
    {                                                                                                        \
        FIELD_U##bits, offsetof(type, name), 0, 0, NULL                                                      \
    }
#define FIELD_ARRAY(type, name)                                                                              \
    {                                                                                                        \
        FIELD_FIXED, offsetof(type, name), 0, sizeof(((type *)0)->name), NULL                                \
    }
#define FIELD_BYTES(type, name, least, most)                                                                 \
    {                                                                                                        \
        FIELD_RUN, offsetof(type, name), least, most, NULL                                                   \
    }
#define FIELD_ITEMS(type, name, most, item)                                                                  \
    {                                                                                                        \
        FIELD_LIST, offsetof(type, name), 0, most, item                                                      \
    }
#define FIELDS_END                                                                                           \
    {                                                                                                        \
        FIELD_END, 0, 0, 0, NULL                                                                             \
    }

/* The largest struct that a list may have for an item; its own reading needs room for one. */
enum { FIELD_ITEM_SIZE = 128 };

/* The tables of a protocol's messages by their type; NULL where there is no such type. */
struct field_types {
    const struct field *const *of;
    size_t count;
};

#define FIELD_TYPES(array) ((struct field_types){(array), sizeof(array) / sizeof((array)[0])})

/* Fails the reader where a value cannot be. `to` is written field by field. */
void fields_read(struct reader *, const struct field *, void *to);
/* Fails the writer where a run is too long or too short. */
void fields_write(struct writer *, const struct field *, const void *from);
/* A message's body, up to its end, after the type and whatever else stands before it.
 * OK | E_MALFORMED | E_UNSUPPORTED (type) */
MUST_USE enum result fields_read_body(struct reader *, struct field_types, unsigned type, void *to);
/* The type is one of the tables'. */
void fields_write_body(struct writer *, struct field_types, unsigned type, const void *from);

/* Takes one item from the front of a list that has been read; false at its end. */
bool fields_next(struct bytes *list, const struct field *, void *to);

#endif
