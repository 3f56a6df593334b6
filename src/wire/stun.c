#include "wire/stun.h"

#include "base/reader.h"

#include <string.h>

enum { COOKIE = 0x2112a442, FINGERPRINT_MASK = 0x5354554e, FINGERPRINT_LEN = 4, ATTRIBUTE_HEAD_LEN = 4 };

enum attribute {
    MAPPED_ADDRESS = 0x0001,
    USERNAME = 0x0006,
    MESSAGE_INTEGRITY = 0x0008,
    ERROR_CODE = 0x0009,
    UNKNOWN_ATTRIBUTES = 0x000a,
    REALM = 0x0014,
    NONCE = 0x0015,
    MESSAGE_INTEGRITY_SHA256 = 0x001c,
    XOR_MAPPED_ADDRESS = 0x0020,
    PRIORITY = 0x0024,
    USE_CANDIDATE = 0x0025,
    FINGERPRINT = 0x8028,
    ICE_CONTROLLED = 0x8029,
    ICE_CONTROLLING = 0x802a,
};

/* RFC 8489, section 14.7: the CRC-32 of ITU V.42, four bits at a time. A message has some hundred bytes and
 * there are few, so a large table would only push other things out of the cache. */
static uint32_t crc32(struct bytes b)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < b.len; i++) {
        crc ^= b.at[i];
        crc = crc >> 4 ^ table[crc & 0x0f];
        crc = crc >> 4 ^ table[crc & 0x0f];
    }
    return ~crc;
}

/* What an address is XORed with: the cookie, then the transaction. The port takes the first two bytes. */
static void mask_of(const uint8_t transaction[static STUN_TRANSACTION_LEN], uint8_t mask[static 16])
{
    static const uint8_t cookie[4] = {COOKIE >> 24, COOKIE >> 16 & 0xff, COOKIE >> 8 & 0xff, COOKIE & 0xff};

    memcpy(mask, cookie, sizeof cookie);
    memcpy(mask + sizeof cookie, transaction, STUN_TRANSACTION_LEN);
}

static void mapped_read(struct bytes value, struct stun *m)
{
    struct reader r = reader_on(value);
    uint8_t mask[16], ip[16] = {0};

    mask_of(m->transaction, mask);
    reader_u8(&r);
    uint8_t family = reader_u8(&r);
    uint16_t port = (uint16_t)(reader_u16(&r) ^ (mask[0] << 8 | mask[1]));
    size_t len = family == 1 ? 4 : 16;
    reader_copy(&r, ip, len);
    if (reader_end(&r) != OK || (family != 1 && family != 2))
        return;
    for (size_t i = 0; i < len; i++)
        ip[i] ^= mask[i];
    m->mapped = len == 4 ? address_v4(ip, port) : address_v6(ip, port);
    m->mapped_given = true;
}

static void error_read(struct bytes value, struct stun *m)
{
    struct reader r = reader_on(value);

    reader_u16(&r);
    unsigned hundreds = reader_u8(&r) & 0x07;
    unsigned rest = reader_u8(&r);
    if (!r.failed && hundreds >= 3 && hundreds <= 6 && rest < 100)
        m->error = (uint16_t)(hundreds * 100 + rest);
}

/* One attribute whose value has been read whole. Only what ICE acts upon is kept. */
static void attribute_keep(struct stun *m, uint16_t type, struct bytes value)
{
    struct reader r = reader_on(value);

    switch (type) {
    case USERNAME:
        if (m->username.len == 0 && value.len <= STUN_USERNAME_MAX)
            m->username = value;
        break;
    case XOR_MAPPED_ADDRESS:
        if (!m->mapped_given)
            mapped_read(value, m);
        break;
    case PRIORITY:
        if (m->priority == 0)
            m->priority = reader_u32(&r);
        break;
    case USE_CANDIDATE:
        m->use_candidate = true;
        break;
    case ICE_CONTROLLING:
        m->controlling = true;
        break;
    case ICE_CONTROLLED:
        m->controlled = true;
        break;
    case ERROR_CODE:
        if (m->error == 0)
            error_read(value, m);
        break;
    case MAPPED_ADDRESS:
    case UNKNOWN_ATTRIBUTES:
    case REALM:
    case NONCE:
    case MESSAGE_INTEGRITY_SHA256:
        break;
    default:
        if (type < 0x8000 && m->unknown_count < STUN_UNKNOWN_MAX)
            m->unknown[m->unknown_count++] = type;
    }
}

bool stun_is(struct bytes b)
{
    static const uint8_t cookie[4] = {COOKIE >> 24, COOKIE >> 16 & 0xff, COOKIE >> 8 & 0xff, COOKIE & 0xff};

    return b.len >= STUN_HEADER_LEN && b.at[0] <= 3 && memcmp(b.at + 4, cookie, sizeof cookie) == 0;
}

enum result stun_read(struct bytes datagram, struct stun *out)
{
    struct reader r = reader_on(datagram);
    struct stun m = {0};

    if (!stun_is(datagram))
        return E_MALFORMED;
    m.type = reader_u16(&r);
    size_t len = reader_u16(&r);
    reader_u32(&r);
    reader_copy(&r, m.transaction, sizeof m.transaction);
    if (len % 4 != 0 || len != reader_left(&r))
        return E_MALFORMED;

    while (reader_left(&r) != 0) {
        size_t before = datagram.len - reader_left(&r);
        uint16_t type = reader_u16(&r);
        size_t size = reader_u16(&r);
        struct bytes value = reader_take(&r, size);
        reader_take(&r, (4 - size % 4) % 4);
        if (r.failed || m.fingerprint)
            return E_MALFORMED;

        if (type == FINGERPRINT) {
            struct reader f = reader_on(value);
            uint32_t given = reader_u32(&f);

            if (reader_end(&f) != OK || given != (crc32(bytes(datagram.at, before)) ^ FINGERPRINT_MASK))
                return E_MALFORMED;
            m.fingerprint = true;
        } else if (m.integrity != NULL) {
            continue;
        } else if (type == MESSAGE_INTEGRITY) {
            if (size != STUN_INTEGRITY_LEN)
                return E_MALFORMED;
            /* The header counts as if the message ended here (RFC 8489, section 14.5). */
            size_t covered = before + ATTRIBUTE_HEAD_LEN + STUN_INTEGRITY_LEN - STUN_HEADER_LEN;

            m.integrity = value.at;
            memcpy(m.covered_head, datagram.at, STUN_HEADER_LEN);
            m.covered_head[2] = (uint8_t)(covered >> 8);
            m.covered_head[3] = (uint8_t)covered;
            m.covered_rest = bytes(datagram.at + STUN_HEADER_LEN, before - STUN_HEADER_LEN);
        } else {
            attribute_keep(&m, type, value);
        }
    }
    if (reader_end(&r) != OK)
        return E_MALFORMED;
    *out = m;
    return OK;
}

void stun_open(struct writer *w, enum stun_type type, const uint8_t transaction[static STUN_TRANSACTION_LEN])
{
    writer_u16(w, (uint16_t)type);
    writer_u16(w, 0);
    writer_u32(w, COOKIE);
    writer_put(w, bytes(transaction, STUN_TRANSACTION_LEN));
}

/* The message's length as it will be with `more` bytes after what is there. */
static void length_set(struct writer *w, size_t more)
{
    if (w->failed)
        return;

    size_t len = writer_used(w) + more - STUN_HEADER_LEN;
    if (len > UINT16_MAX) {
        writer_fail(w);
        return;
    }
    w->start[2] = (uint8_t)(len >> 8);
    w->start[3] = (uint8_t)len;
}

static uint8_t *attribute_open(struct writer *w, enum attribute type, size_t len)
{
    if (len > UINT16_MAX)
        writer_fail(w);
    writer_u16(w, (uint16_t)type);
    writer_u16(w, (uint16_t)len);

    uint8_t *value = writer_room(w, len);
    writer_zeros(w, (4 - len % 4) % 4);
    return w->failed ? NULL : value;
}

void stun_put_username(struct writer *w, struct bytes first, struct bytes second)
{
    uint8_t *value = attribute_open(w, USERNAME, first.len + 1 + second.len);

    if (value == NULL)
        return;
    memcpy(value, first.at, first.len);
    value[first.len] = ':';
    memcpy(value + first.len + 1, second.at, second.len);
}

void stun_put_mapped(struct writer *w, const struct address *a)
{
    size_t ip_len = address_is_v4(a) ? 4 : 16;
    uint8_t *value = attribute_open(w, XOR_MAPPED_ADDRESS, 4 + ip_len);
    uint8_t mask[16];

    if (value == NULL)
        return;
    mask_of(w->start + 8, mask);
    value[0] = 0;
    value[1] = ip_len == 4 ? 1 : 2;
    value[2] = a->port[0] ^ mask[0];
    value[3] = a->port[1] ^ mask[1];
    for (size_t i = 0; i < ip_len; i++)
        value[4 + i] = a->ip[16 - ip_len + i] ^ mask[i];
}

void stun_put_priority(struct writer *w, uint32_t priority)
{
    writer_u16(w, PRIORITY);
    writer_u16(w, 4);
    writer_u32(w, priority);
}

static void put_role(struct writer *w, uint16_t role, uint64_t tie_breaker)
{
    writer_u16(w, role);
    writer_u16(w, 8);
    writer_u64(w, tie_breaker);
}

void stun_put_controlling(struct writer *w, uint64_t tie_breaker)
{
    put_role(w, ICE_CONTROLLING, tie_breaker);
}

void stun_put_controlled(struct writer *w, uint64_t tie_breaker)
{
    put_role(w, ICE_CONTROLLED, tie_breaker);
}

void stun_put_use_candidate(struct writer *w)
{
    attribute_open(w, USE_CANDIDATE, 0);
}

void stun_put_error(struct writer *w, uint16_t code)
{
    writer_u16(w, ERROR_CODE);
    writer_u16(w, 4);
    writer_u16(w, 0);
    writer_u8(w, (uint8_t)(code / 100));
    writer_u8(w, (uint8_t)(code % 100));
}

void stun_put_unknown(struct writer *w, const uint16_t *types, unsigned count)
{
    writer_u16(w, UNKNOWN_ATTRIBUTES);
    writer_u16(w, (uint16_t)(2 * count));
    for (unsigned i = 0; i < count; i++)
        writer_u16(w, types[i]);
    writer_zeros(w, 2 * (count % 2));
}

uint8_t *stun_integrity(struct writer *w, struct bytes *covered)
{
    size_t before = writer_used(w);

    length_set(w, ATTRIBUTE_HEAD_LEN + STUN_INTEGRITY_LEN);
    uint8_t *value = attribute_open(w, MESSAGE_INTEGRITY, STUN_INTEGRITY_LEN);
    *covered = value == NULL ? (struct bytes){0} : bytes(w->start, before);
    return value;
}

void stun_fingerprint(struct writer *w)
{
    size_t before = writer_used(w);

    length_set(w, ATTRIBUTE_HEAD_LEN + FINGERPRINT_LEN);
    if (w->failed)
        return;
    writer_u16(w, FINGERPRINT);
    writer_u16(w, FINGERPRINT_LEN);
    writer_u32(w, crc32(bytes(w->start, before)) ^ FINGERPRINT_MASK);
}
