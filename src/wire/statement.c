#include "wire/statement.h"

#include "base/reader.h"
#include "base/writer.h"

#include <string.h>

enum { VERSION = 1 };

static void put_signed(struct writer *w, const struct statement *s)
{
    writer_u8(w, VERSION);
    writer_u32(w, s->number);
    writer_put(w, BYTES_OF(s->signer));
    writer_u8(w, (uint8_t)s->verb);
    writer_u8(w, (uint8_t)s->kind);
    writer_put(w, BYTES_OF(s->subject));
}

enum result statement_write_signed(const struct statement *s, struct bytes_mut to, struct bytes *out)
{
    struct writer w = writer_on(to);

    put_signed(&w, s);
    return writer_end(&w, out);
}

enum result statement_write(const struct statement *s, struct bytes_mut to, struct bytes *out)
{
    struct writer w = writer_on(to);

    put_signed(&w, s);
    writer_put(&w, BYTES_OF(s->signature));
    return writer_end(&w, out);
}

/* A role belongs to an account or a leaf, a block to an account alone (F20), a link key to the room. */
static bool goes_together(unsigned verb, unsigned kind)
{
    switch (verb) {
    case STATEMENT_LINK:
        return kind == STATEMENT_ROOM;
    case STATEMENT_BLOCK:
    case STATEMENT_UNBLOCK:
        return kind == STATEMENT_ACCOUNT;
    default:
        return kind == STATEMENT_ACCOUNT || kind == STATEMENT_LEAF;
    }
}

enum result statement_next(struct bytes *list, struct statement *out)
{
    struct reader r = reader_on(*list);
    struct statement s;
    unsigned version, verb, kind;

    if (list->len == 0)
        return E_NOT_FOUND;
    version = reader_u8(&r);
    s.number = reader_u32(&r);
    reader_copy(&r, s.signer, sizeof s.signer);
    verb = reader_u8(&r);
    kind = reader_u8(&r);
    reader_copy(&r, s.subject, sizeof s.subject);
    reader_copy(&r, s.signature, sizeof s.signature);
    if (r.failed)
        return E_MALFORMED;
    if (version != VERSION)
        return E_UNSUPPORTED;
    if (verb < STATEMENT_MODERATOR || verb > STATEMENT_LINK || !goes_together(verb, kind) || s.number == 0)
        return E_MALFORMED;
    s.verb = (enum statement_verb)verb;
    s.kind = (enum statement_subject)kind;
    *out = s;
    *list = bytes(r.at, (size_t)(r.end - r.at));
    return OK;
}
