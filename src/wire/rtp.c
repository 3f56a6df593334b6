#include "wire/rtp.h"

#include "base/reader.h"
#include "base/writer.h"

#include <string.h>

enum { VERSION = 2 };

enum result rtp_header_read(struct bytes packet, struct rtp *out)
{
    struct reader r = reader_on(packet);
    struct bytes fixed = reader_take(&r, RTP_HEADER_LEN);
    struct rtp p = {0};

    if (r.failed)
        return E_MALFORMED;
    /* Read twice for each packet of each hearer, so these twelve bytes are one step and not seven. */
    const uint8_t *b = fixed.at;
    uint8_t flags = b[0];
    p.padded = (flags & 0x20) != 0;
    p.marker = b[1] >> 7;
    p.payload_type = b[1] & 0x7f;
    p.sequence = (uint16_t)(b[2] << 8 | b[3]);
    p.time = (uint32_t)b[4] << 24 | (uint32_t)b[5] << 16 | (uint32_t)b[6] << 8 | b[7];
    p.ssrc = (uint32_t)b[8] << 24 | (uint32_t)b[9] << 16 | (uint32_t)b[10] << 8 | b[11];
    p.csrcs = reader_take(&r, 4 * (size_t)(flags & 0x0f));
    p.extended = (flags & 0x10) != 0;
    if (p.extended) {
        p.profile = reader_u16(&r);
        size_t words = reader_u16(&r);
        p.extension = reader_take(&r, 4 * words);
    }
    p.header_len = packet.len - reader_left(&r);
    p.payload = reader_take(&r, reader_left(&r));
    if (reader_end(&r) != OK || flags >> 6 != VERSION)
        return E_MALFORMED;
    *out = p;
    return OK;
}

enum result rtp_unpad(struct rtp *p)
{
    uint8_t padding;

    if (!p->padded)
        return OK;
    if (p->payload.len == 0)
        return E_MALFORMED;
    padding = p->payload.at[p->payload.len - 1];
    if (padding == 0 || padding > p->payload.len)
        return E_MALFORMED;
    p->padding = padding;
    p->payload.len -= padding;
    return OK;
}

enum result rtp_read(struct bytes packet, struct rtp *out)
{
    struct rtp p;
    enum result res = rtp_header_read(packet, &p);

    if (res == OK)
        res = rtp_unpad(&p);
    if (res == OK)
        *out = p;
    return res;
}

/* RFC 8285, section 4.2: a byte of four bits number, four bits length less one. Number 0 is one byte of
 * padding, 15 ends the list, and so does a padding byte that claims a length. */
static enum result one_byte_find(struct bytes body, uint8_t id, struct bytes *out)
{
    struct reader r = reader_on(body);

    while (reader_left(&r) != 0) {
        uint8_t head = reader_u8(&r);

        if (head == 0)
            continue;
        if (head >> 4 == 0 || head >> 4 == 15)
            return E_NOT_FOUND;
        struct bytes value = reader_take(&r, (head & 0x0f) + 1u);
        if (r.failed)
            return E_NOT_FOUND;
        if (head >> 4 == id) {
            *out = value;
            return OK;
        }
    }
    return E_NOT_FOUND;
}

/* RFC 8285, section 4.3: a byte of number, a byte of length. */
static enum result two_bytes_find(struct bytes body, uint8_t id, struct bytes *out)
{
    struct reader r = reader_on(body);

    while (reader_left(&r) != 0) {
        uint8_t number = reader_u8(&r);

        if (number == 0)
            continue;
        struct bytes value = reader_run8(&r);
        if (r.failed)
            return E_NOT_FOUND;
        if (number == id) {
            *out = value;
            return OK;
        }
    }
    return E_NOT_FOUND;
}

enum result rtp_element(const struct rtp *p, uint8_t id, struct bytes *out)
{
    if (!p->extended || id == 0)
        return E_NOT_FOUND;
    if (p->profile == RTP_EXTENSION_ONE_BYTE)
        return one_byte_find(p->extension, id, out);
    if ((p->profile & 0xfff0) == RTP_EXTENSION_TWO_BYTES)
        return two_bytes_find(p->extension, id, out);
    return E_NOT_FOUND;
}

enum result rtp_write(const struct rtp *p, struct bytes_mut to, struct bytes *out)
{
    struct writer w = writer_on(to);

    if (p->payload_type > 0x7f || (p->extended && p->extension.len % 4 != 0))
        writer_fail(&w);
    writer_u8(&w, (uint8_t)(VERSION << 6 | (p->extended ? 0x10 : 0)));
    writer_u8(&w, (uint8_t)((p->marker ? 0x80 : 0) | p->payload_type));
    writer_u16(&w, p->sequence);
    writer_u32(&w, p->time);
    writer_u32(&w, p->ssrc);
    if (p->extended) {
        if (p->extension.len / 4 > UINT16_MAX)
            writer_fail(&w);
        writer_u16(&w, p->profile);
        writer_u16(&w, (uint16_t)(p->extension.len / 4));
        writer_put(&w, p->extension);
    }

    uint8_t *payload = writer_room(&w, p->payload.len);
    if (payload != NULL && p->payload.len != 0)
        memmove(payload, p->payload.at, p->payload.len);
    return writer_end(&w, out);
}

enum result rtp_element_write(uint8_t id, struct bytes value, struct bytes_mut to, struct bytes *out)
{
    struct writer w = writer_on(to);

    if (id < 1 || id > 14 || value.len < 1 || value.len > 16) {
        writer_fail(&w);
        return writer_end(&w, NULL);
    }
    writer_u8(&w, (uint8_t)(id << 4 | (value.len - 1)));
    writer_put(&w, value);
    writer_zeros(&w, (4 - (1 + value.len) % 4) % 4);
    return writer_end(&w, out);
}

bool rtp_is_rtcp(struct bytes packet)
{
    return packet.len >= 2 && packet.at[0] >> 6 == VERSION && packet.at[1] >= 192 && packet.at[1] <= 223;
}
