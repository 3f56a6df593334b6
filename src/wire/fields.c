#include "wire/fields.h"

#include <assert.h>
#include <string.h>

static unsigned width_of(size_t most)
{
    return most < 1u << 8 ? 1 : most < 1u << 16 ? 2 : most < 1u << 24 ? 3 : 4;
}

static struct bytes run_read(struct reader *r, const struct field *f)
{
    size_t len = 0;
    struct bytes run;

    for (unsigned i = width_of(f->most); i > 0; i--)
        len = len << 8 | reader_u8(r);
    run = reader_take(r, len);
    if (run.len < f->least || run.len > f->most)
        reader_fail(r);
    return run;
}

static void items_check(struct reader *r, const struct field *f, struct bytes list)
{
    union {
        uint8_t room[FIELD_ITEM_SIZE];
        uint64_t aligned;
        struct bytes borrowed;
    } item;
    struct reader items = reader_on(list);

    while (reader_left(&items) != 0)
        fields_read(&items, f->item, &item);
    if (items.failed)
        reader_fail(r);
}

static void field_read(struct reader *r, const struct field *f, uint8_t *to)
{
    struct bytes run;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    switch (f->shape) {
    case FIELD_U8:
        u8 = reader_u8(r);
        memcpy(to, &u8, sizeof u8);
        break;
    case FIELD_U16:
        u16 = reader_u16(r);
        memcpy(to, &u16, sizeof u16);
        break;
    case FIELD_U32:
        u32 = reader_u32(r);
        memcpy(to, &u32, sizeof u32);
        break;
    case FIELD_U64:
        u64 = reader_u64(r);
        memcpy(to, &u64, sizeof u64);
        break;
    case FIELD_FIXED:
        reader_copy(r, to, f->most);
        break;
    case FIELD_RUN:
        run = run_read(r, f);
        memcpy(to, &run, sizeof run);
        break;
    case FIELD_LIST:
        run = run_read(r, f);
        items_check(r, f, run);
        memcpy(to, &run, sizeof run);
        break;
    case FIELD_END:
        break;
    }
}

void fields_read(struct reader *r, const struct field *fields, void *to)
{
    for (const struct field *f = fields; f->shape != FIELD_END; f++)
        field_read(r, f, (uint8_t *)to + f->offset);
}

static void run_write(struct writer *w, const struct field *f, struct bytes run)
{
    unsigned width = width_of(f->most);
    size_t mark = writer_open(w, width);

    if (run.len < f->least || run.len > f->most)
        writer_fail(w);
    writer_put(w, run);
    writer_close(w, mark, width);
}

static void field_write(struct writer *w, const struct field *f, const uint8_t *from)
{
    struct bytes run;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    switch (f->shape) {
    case FIELD_U8:
        writer_u8(w, *from);
        break;
    case FIELD_U16:
        memcpy(&u16, from, sizeof u16);
        writer_u16(w, u16);
        break;
    case FIELD_U32:
        memcpy(&u32, from, sizeof u32);
        writer_u32(w, u32);
        break;
    case FIELD_U64:
        memcpy(&u64, from, sizeof u64);
        writer_u64(w, u64);
        break;
    case FIELD_FIXED:
        writer_put(w, bytes(from, f->most));
        break;
    case FIELD_RUN:
    case FIELD_LIST:
        memcpy(&run, from, sizeof run);
        run_write(w, f, run);
        break;
    case FIELD_END:
        break;
    }
}

void fields_write(struct writer *w, const struct field *fields, const void *from)
{
    for (const struct field *f = fields; f->shape != FIELD_END; f++)
        field_write(w, f, (const uint8_t *)from + f->offset);
}

static const struct field *body_of(struct field_types types, unsigned type)
{
    return type < types.count ? types.of[type] : NULL;
}

enum result fields_read_body(struct reader *r, struct field_types types, unsigned type, void *to)
{
    const struct field *fields = body_of(types, type);

    if (r->failed)
        return E_MALFORMED;
    if (fields == NULL)
        return E_UNSUPPORTED;
    fields_read(r, fields, to);
    return reader_end(r);
}

void fields_write_body(struct writer *w, struct field_types types, unsigned type, const void *from)
{
    const struct field *fields = body_of(types, type);

    assert(fields != NULL);
    fields_write(w, fields, from);
}

bool fields_next(struct bytes *list, const struct field *fields, void *to)
{
    struct reader r = reader_on(*list);

    if (list->len == 0)
        return false;
    fields_read(&r, fields, to);
    assert(!r.failed); /* reading the message has checked every item */
    *list = bytes(r.at, (size_t)(r.end - r.at));
    return true;
}
