#include "wire/rtcp.h"

#include "base/reader.h"
#include "base/writer.h"

enum { VERSION = 2, HEADER_LEN = 4, SENDER_INFO_LEN = 20, REPORT_LEN = 24, CNAME = 1 };

enum result rtcp_next(struct bytes *rest, struct rtcp *out)
{
    struct reader r = reader_on(*rest);
    uint8_t flags = reader_u8(&r);
    struct rtcp p = {0};

    p.count = flags & 0x1f;
    p.type = reader_u8(&r);
    size_t words = reader_u16(&r);
    p.body = reader_take(&r, 4 * words);
    if (r.failed || flags >> 6 != VERSION)
        return E_MALFORMED;
    if ((flags & 0x20) != 0) {
        uint8_t padding = p.body.len == 0 ? 0 : p.body.at[p.body.len - 1];

        if (padding == 0 || padding % 4 != 0 || padding > p.body.len || reader_left(&r) != 0)
            return E_MALFORMED;
        p.body.len -= padding;
    }
    *rest = reader_take(&r, reader_left(&r));
    *out = p;
    return OK;
}

enum result rtcp_check(struct bytes compound)
{
    struct rtcp p;

    do {
        enum result res = rtcp_next(&compound, &p);

        if (res != OK)
            return res;
    } while (compound.len != 0);
    return OK;
}

enum result rtcp_sender_read(const struct rtcp *p, struct rtcp_sender *out)
{
    struct reader r = reader_on(p->body);
    struct rtcp_sender s;

    if (p->type != RTCP_SENDER)
        return E_NOT_FOUND;
    s.ssrc = reader_u32(&r);
    s.ntp = reader_u64(&r);
    s.time = reader_u32(&r);
    s.packets = reader_u32(&r);
    s.bytes = reader_u32(&r);
    if (r.failed)
        return E_MALFORMED;
    *out = s;
    return OK;
}

enum result rtcp_source(const struct rtcp *p, uint32_t *ssrc)
{
    struct reader r = reader_on(p->body);
    uint32_t read = reader_u32(&r);

    if (p->type < RTCP_SENDER || p->type > RTCP_PAYLOAD_FEEDBACK)
        return E_NOT_FOUND;
    if ((p->type == RTCP_BYE || p->type == RTCP_DESCRIPTION) && p->count == 0)
        return E_NOT_FOUND;
    if (r.failed)
        return E_MALFORMED;
    *ssrc = read;
    return OK;
}

enum result rtcp_report_read(const struct rtcp *p, unsigned index, struct rtcp_report *out)
{
    struct reader r = reader_on(p->body);
    struct rtcp_report report;

    if ((p->type != RTCP_SENDER && p->type != RTCP_RECEIVER) || index >= p->count)
        return E_NOT_FOUND;
    reader_take(&r, 4 + (p->type == RTCP_SENDER ? SENDER_INFO_LEN : 0) + (size_t)index * REPORT_LEN);
    report.ssrc = reader_u32(&r);
    report.fraction_lost = reader_u8(&r);
    uint32_t lost = reader_u24(&r);
    report.lost = (int32_t)lost - ((lost & 0x800000) != 0 ? 0x1000000 : 0);
    report.highest = reader_u32(&r);
    report.jitter = reader_u32(&r);
    report.last_sr = reader_u32(&r);
    report.delay = reader_u32(&r);
    if (r.failed)
        return E_MALFORMED;
    *out = report;
    return OK;
}

/* The length field counts words less one: it is filled in when the packet is complete. */
static size_t packet_open(struct writer *w, unsigned count, enum rtcp_type type)
{
    writer_u8(w, (uint8_t)(VERSION << 6 | count));
    writer_u8(w, (uint8_t)type);
    writer_u16(w, 0);
    return writer_used(w);
}

static void packet_close(struct writer *w, size_t mark)
{
    if (w->failed)
        return;

    size_t words = (writer_used(w) - mark) / 4;
    w->start[mark - 2] = (uint8_t)(words >> 8);
    w->start[mark - 1] = (uint8_t)words;
}

static void report_write(struct writer *w, const struct rtcp_report *r)
{
    writer_u32(w, r->ssrc);
    writer_u8(w, r->fraction_lost);
    writer_u24(w, (uint32_t)r->lost & 0xffffff);
    writer_u32(w, r->highest);
    writer_u32(w, r->jitter);
    writer_u32(w, r->last_sr);
    writer_u32(w, r->delay);
}

enum result rtcp_write(const struct rtcp_compound *c, struct bytes_mut to, struct bytes *out)
{
    struct writer w = writer_on(to);
    size_t mark;

    if (c->report_count > RTCP_REPORTS_MAX)
        return E_TOO_LARGE;
    mark = packet_open(&w, c->report_count, c->sender != NULL ? RTCP_SENDER : RTCP_RECEIVER);
    writer_u32(&w, c->ssrc);
    if (c->sender != NULL) {
        writer_u64(&w, c->sender->ntp);
        writer_u32(&w, c->sender->time);
        writer_u32(&w, c->sender->packets);
        writer_u32(&w, c->sender->bytes);
    }
    for (unsigned i = 0; i < c->report_count; i++)
        report_write(&w, &c->reports[i]);
    packet_close(&w, mark);

    mark = packet_open(&w, 1, RTCP_DESCRIPTION);
    writer_u32(&w, c->ssrc);
    writer_u8(&w, CNAME);
    writer_run8(&w, c->cname);
    /* A chunk ends with one zero at least, and at a whole word (section 6.5). */
    writer_zeros(&w, 4 - (2 + c->cname.len) % 4);
    packet_close(&w, mark);

    if (c->bye) {
        mark = packet_open(&w, 1, RTCP_BYE);
        writer_u32(&w, c->ssrc);
        packet_close(&w, mark);
    }
    return writer_end(&w, out);
}
