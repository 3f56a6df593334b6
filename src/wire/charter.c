#include "wire/charter.h"

#include "base/reader.h"
#include "base/writer.h"

#include <string.h>

enum { VERSION = 1 };

enum result charter_write(const struct charter *c, struct bytes_mut to, struct bytes *out)
{
    struct writer w = writer_on(to);
    size_t mark;

    if (c->moderator_count > ROOM_MODERATORS_MAX)
        return E_TOO_LARGE;
    writer_u8(&w, VERSION);
    writer_put(&w, BYTES_OF(c->maker));
    writer_put(&w, BYTES_OF(c->house));
    writer_put(&w, BYTES_OF(c->nonce));
    writer_u8(&w, (uint8_t)c->kind);
    writer_u8(&w, (uint8_t)c->stage);
    writer_u8(&w, (uint8_t)c->proof);
    writer_u8(&w, c->pseudonyms);
    writer_u8(&w, (uint8_t)c->profile);
    writer_put(&w, BYTES_OF(c->link_key));
    mark = writer_open(&w, 2);
    writer_put(&w, bytes(c->moderators, 32 * c->moderator_count));
    writer_close(&w, mark, 2);
    return writer_end(&w, out);
}

static unsigned choice(struct reader *r, unsigned largest)
{
    unsigned value = reader_u8(r);

    if (value > largest)
        reader_fail(r);
    return value;
}

static bool all_zero(const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (at[i] != 0)
            return false;
    return true;
}

/* A set has one encoding: strictly ascending, and the maker is not named twice. */
static bool is_set_of_others(const struct charter *c)
{
    for (unsigned i = 0; i < c->moderator_count; i++)
        if (memcmp(c->moderators[i], c->maker, 32) == 0 ||
            (i > 0 && memcmp(c->moderators[i - 1], c->moderators[i], 32) >= 0))
            return false;
    return true;
}

enum result charter_read(struct bytes message, struct charter *out)
{
    struct reader r = reader_on(message);
    struct charter c = {0};
    struct bytes moderators;

    if (reader_u8(&r) != VERSION)
        return r.failed ? E_MALFORMED : E_UNSUPPORTED;
    reader_copy(&r, c.maker, sizeof c.maker);
    reader_copy(&r, c.house, sizeof c.house);
    reader_copy(&r, c.nonce, sizeof c.nonce);
    c.kind = (enum charter_kind)choice(&r, CHARTER_PRIVATE);
    c.stage = (enum charter_stage)choice(&r, CHARTER_EVERYONE);
    c.proof = (enum charter_proof)choice(&r, CHARTER_DENIABLE);
    c.pseudonyms = choice(&r, 1);
    c.profile = (enum charter_profile)choice(&r, CHARTER_MUSIC);
    reader_copy(&r, c.link_key, sizeof c.link_key);
    moderators = reader_run16(&r);
    if (reader_end(&r) != OK || moderators.len % 32 != 0 || moderators.len > sizeof c.moderators)
        return E_MALFORMED;

    c.moderator_count = (unsigned)(moderators.len / 32);
    if (moderators.len != 0)
        memcpy(c.moderators, moderators.at, moderators.len);
    if (!is_set_of_others(&c) || (c.kind == CHARTER_PRIVATE) == all_zero(c.link_key, sizeof c.link_key))
        return E_MALFORMED;
    *out = c;
    return OK;
}

enum result seat_binding_write(const struct seat_binding *b, struct bytes_mut to, struct bytes *out)
{
    struct writer w = writer_on(to);

    writer_put(&w, BYTES_OF(b->room));
    writer_u8(&w, b->stage);
    writer_u8(&w, b->bound);
    if (b->bound) {
        writer_put(&w, BYTES_OF(b->account));
        writer_put(&w, BYTES_OF(b->signature));
    }
    writer_u8(&w, b->vouched);
    if (b->vouched)
        writer_put(&w, BYTES_OF(b->voucher));
    return writer_end(&w, out);
}

enum result seat_binding_read(struct bytes message, struct seat_binding *out)
{
    struct reader r = reader_on(message);
    struct seat_binding b = {0};

    reader_copy(&r, b.room, sizeof b.room);
    b.stage = choice(&r, 1);
    b.bound = choice(&r, 1);
    if (b.bound) {
        reader_copy(&r, b.account, sizeof b.account);
        reader_copy(&r, b.signature, sizeof b.signature);
    }
    b.vouched = choice(&r, 1);
    if (b.vouched)
        reader_copy(&r, b.voucher, sizeof b.voucher);
    if (reader_end(&r) != OK)
        return E_MALFORMED;
    *out = b;
    return OK;
}

bool seat_binding_equal(const struct seat_binding *a, const struct seat_binding *b)
{
    uint8_t a_room[SEAT_BINDING_BYTES], b_room[SEAT_BINDING_BYTES];
    struct bytes a_bytes, b_bytes;

    return seat_binding_write(a, (struct bytes_mut){a_room, sizeof a_room}, &a_bytes) == OK &&
           seat_binding_write(b, (struct bytes_mut){b_room, sizeof b_room}, &b_bytes) == OK &&
           bytes_equal(a_bytes, b_bytes);
}

enum result seat_lost_write(struct bytes group_id, uint64_t epoch, uint32_t leaf, struct bytes_mut to,
                            struct bytes *out)
{
    struct writer w = writer_on(to);

    if (group_id.len > 64)
        return E_TOO_LARGE;
    writer_run8(&w, group_id);
    writer_u64(&w, epoch);
    writer_u32(&w, leaf);
    return writer_end(&w, out);
}

enum result permit_write(const struct permit *p, struct bytes_mut to, struct bytes *out)
{
    struct writer w = writer_on(to);

    writer_u8(&w, (uint8_t)p->kind);
    writer_u32(&w, p->leaf);
    writer_put(&w, BYTES_OF(p->key));
    writer_put(&w, BYTES_OF(p->signature));
    return writer_end(&w, out);
}

enum result permit_next(struct bytes *list, struct permit *out)
{
    struct reader r = reader_on(*list);
    struct permit p;
    unsigned kind;

    if (list->len == 0)
        return E_NOT_FOUND;
    kind = reader_u8(&r);
    p.leaf = reader_u32(&r);
    reader_copy(&r, p.key, sizeof p.key);
    reader_copy(&r, p.signature, sizeof p.signature);
    if (r.failed || (kind != PERMIT_LOST && kind != PERMIT_REPLACED) ||
        (kind == PERMIT_LOST && !all_zero(p.key, sizeof p.key)))
        return E_MALFORMED;
    p.kind = (enum permit_kind)kind;
    *out = p;
    *list = bytes(r.at, (size_t)(r.end - r.at));
    return OK;
}
