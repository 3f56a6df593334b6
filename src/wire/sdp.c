#include "wire/sdp.h"

#include "base/text.h"

#include <string.h>

/* Shortest credentials: RFC 8839, section 5.4. */
enum { UFRAG_SHORTEST = 4, PWD_SHORTEST = 22, EXTENSION_LAST = 14 };

#define MID_EXTENSION "urn:ietf:params:rtp-hdrext:sdes:mid"

static bool starts(struct bytes text, struct bytes with)
{
    return text.len >= with.len && bytes_equal(bytes(text.at, with.len), with);
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool equal_any_case(struct bytes a, struct bytes b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.at[i]) != lower(b.at[i]))
            return false;
    }
    return true;
}

/* Takes what stands before the separator off the front; the separator goes too. */
static struct bytes take_until(struct bytes *text, uint8_t separator)
{
    size_t len = 0;

    if (text->len == 0)
        return (struct bytes){0};
    while (len < text->len && text->at[len] != separator)
        len++;
    struct bytes part = bytes(text->at, len);
    size_t gone = len < text->len ? len + 1 : len;
    *text = bytes(text->at + gone, text->len - gone);
    return part;
}

static struct bytes take_word(struct bytes *text)
{
    while (text->len != 0 && text->at[0] == ' ')
        *text = bytes(text->at + 1, text->len - 1);
    return take_until(text, ' ');
}

static struct bytes line_take(struct bytes *text)
{
    struct bytes line = take_until(text, '\n');

    if (line.len != 0 && line.at[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* Only what we might echo is looked at so closely: visible ASCII without the signs that begin and end lines.
 */
static bool is_visible(struct bytes text, bool blanks)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((text.at[i] <= ' ' && !(blanks && text.at[i] == ' ')) || text.at[i] > '~')
            return false;
    }
    return true;
}

static enum sdp_kind kind_of(struct bytes name)
{
    if (bytes_equal(name, BYTES_TEXT("audio")))
        return SDP_AUDIO;
    if (bytes_equal(name, BYTES_TEXT("video")))
        return SDP_VIDEO;
    return bytes_equal(name, BYTES_TEXT("application")) ? SDP_APPLICATION : SDP_OTHER;
}

static enum result media_line_read(struct bytes value, struct sdp_media *m)
{
    struct bytes port, first;
    uint64_t number;

    m->name = take_word(&value);
    port = take_word(&value);
    m->proto = take_word(&value);
    m->formats = value;
    /* Each rtpmap is looked for in them, so a long list and many of those would take time as the square. */
    if (m->formats.len > SDP_FORMATS_LEN)
        return E_TOO_LARGE;
    first = take_word(&value);
    port = take_until(&port, '/'); /* a count of ports may follow */
    if (m->name.len == 0 || m->proto.len == 0 || first.len == 0 || !is_visible(m->name, false) ||
        !is_visible(m->proto, false) || !is_visible(m->formats, true) ||
        text_number(port, 65535, &number) != OK)
        return E_MALFORMED;
    m->kind = kind_of(m->name);
    m->rejected = number == 0;
    return OK;
}

/* The type must stand in the m-line as well; a browser removes a codec from there alone. */
static bool has_format(const struct sdp_media *m, struct bytes type)
{
    struct bytes left = m->formats;

    while (left.len != 0) {
        struct bytes word = take_word(&left);

        if (bytes_equal(word, type))
            return true;
    }
    return false;
}

static void rtpmap_read(struct bytes value, struct sdp_media *m)
{
    struct bytes type = take_word(&value);
    uint64_t number;

    if (m->has_opus || !equal_any_case(value, BYTES_TEXT("opus/48000/2")) || !has_format(m, type) ||
        text_number(type, 127, &number) != OK)
        return;
    m->has_opus = true;
    m->opus_type = (uint8_t)number;
}

static void extmap_read(struct bytes value, struct sdp_media *m)
{
    struct bytes id = take_word(&value);
    struct bytes uri = take_word(&value);
    uint64_t number;

    id = take_until(&id, '/'); /* a direction may follow */
    if (bytes_equal(uri, BYTES_TEXT(MID_EXTENSION)) && text_number(id, EXTENSION_LAST, &number) == OK)
        m->mid_extension = (uint8_t)number;
}

/* RFC 8122, section 5: pairs of hex digits with colons between. */
static enum result fingerprint_read(struct bytes value, struct sdp_media *m)
{
    struct bytes hash = take_word(&value);
    uint8_t digest[SDP_FINGERPRINT_LEN];
    size_t used;

    if (!equal_any_case(hash, BYTES_TEXT("sha-256")))
        return OK;
    if (value.len != 3 * sizeof digest - 1)
        return E_MALFORMED;
    for (size_t i = 0; i < sizeof digest; i++) {
        if (text_unhex(bytes(value.at + 3 * i, 2), (struct bytes_mut){digest + i, 1}, &used) != OK ||
            (i + 1 < sizeof digest && value.at[3 * i + 2] != ':'))
            return E_MALFORMED;
    }
    memcpy(m->fingerprint, digest, sizeof digest);
    m->has_fingerprint = true;
    return OK;
}

/* RFC 8839, section 5.1. Host names (mDNS) and other kinds than host over UDP are passed over: a relay has no
 * use for a client's candidates, and a client's relay has literal ones. */
static void candidate_read(struct bytes value, struct sdp *s)
{
    struct bytes component, transport, ip, port, typ, kind;
    struct address address;
    uint64_t number;

    take_word(&value); /* the foundation */
    component = take_word(&value);
    transport = take_word(&value);
    take_word(&value); /* the priority */
    ip = take_word(&value);
    port = take_word(&value);
    typ = take_word(&value);
    kind = take_word(&value);
    if (s->candidate_count == SDP_CANDIDATES || !bytes_equal(component, BYTES_TEXT("1")) ||
        !equal_any_case(transport, BYTES_TEXT("udp")) || !bytes_equal(typ, BYTES_TEXT("typ")) ||
        !bytes_equal(kind, BYTES_TEXT("host")) || text_number(port, 65535, &number) != OK || number == 0 ||
        address_parse(ip, (uint16_t)number, &address) != OK)
        return;
    s->candidates[s->candidate_count++] = address;
}

static void ssrc_read(struct bytes value, struct sdp_media *m)
{
    struct bytes word = take_word(&value);
    uint64_t number;

    if (m->has_ssrc || text_number(word, UINT32_MAX, &number) != OK)
        return;
    m->has_ssrc = true;
    m->ssrc = (uint32_t)number;
}

static bool direction_read(struct bytes name, struct sdp_media *m)
{
    static const struct {
        const char *name;
        enum sdp_direction direction;
    } directions[] = {{"sendrecv", SDP_SENDRECV},
                      {"sendonly", SDP_SENDONLY},
                      {"recvonly", SDP_RECVONLY},
                      {"inactive", SDP_INACTIVE}};

    for (size_t i = 0; i < sizeof directions / sizeof *directions; i++) {
        if (bytes_equal(name, bytes_string(directions[i].name))) {
            m->direction = directions[i].direction;
            return true;
        }
    }
    return false;
}

static enum result setup_read(struct bytes value, struct sdp_media *m)
{
    if (bytes_equal(value, BYTES_TEXT("actpass")))
        m->setup = SDP_ACTPASS;
    else if (bytes_equal(value, BYTES_TEXT("active")))
        m->setup = SDP_ACTIVE;
    else if (bytes_equal(value, BYTES_TEXT("passive")))
        m->setup = SDP_PASSIVE;
    else
        return E_MALFORMED;
    return OK;
}

static enum result credential_read(struct bytes value, size_t shortest, struct bytes *out)
{
    if (value.len < shortest || value.len > SDP_UFRAG_LEN || !is_visible(value, false))
        return E_MALFORMED;
    *out = value;
    return OK;
}

static enum result mid_read(struct bytes value, struct sdp_media *m)
{
    if (value.len == 0 || value.len > SDP_MID_LEN || !is_visible(value, false))
        return E_MALFORMED;
    m->mid = value;
    return OK;
}

/* One a= line, of the session or of the m-line that it follows. */
static enum result attribute_read(struct bytes value, struct sdp *s, struct sdp_media *m,
                                  struct bytes *bundle)
{
    struct bytes name = take_until(&value, ':');

    if (direction_read(name, m))
        return OK;
    if (bytes_equal(name, BYTES_TEXT("mid")))
        return mid_read(value, m);
    if (bytes_equal(name, BYTES_TEXT("setup")))
        return setup_read(value, m);
    if (bytes_equal(name, BYTES_TEXT("ice-ufrag")))
        return credential_read(value, UFRAG_SHORTEST, &m->ufrag);
    if (bytes_equal(name, BYTES_TEXT("ice-pwd")))
        return credential_read(value, PWD_SHORTEST, &m->pwd);
    if (bytes_equal(name, BYTES_TEXT("fingerprint")))
        return fingerprint_read(value, m);

    if (bytes_equal(name, BYTES_TEXT("rtcp-mux")))
        m->rtcp_mux = true;
    else if (bytes_equal(name, BYTES_TEXT("bundle-only")))
        m->rejected = false; /* RFC 9143, section 6: its port 0 is no refusal */
    else if (bytes_equal(name, BYTES_TEXT("rtpmap")))
        rtpmap_read(value, m);
    else if (bytes_equal(name, BYTES_TEXT("extmap")))
        extmap_read(value, m);
    else if (bytes_equal(name, BYTES_TEXT("ssrc")))
        ssrc_read(value, m);
    else if (bytes_equal(name, BYTES_TEXT("candidate")))
        candidate_read(value, s);
    else if (bytes_equal(name, BYTES_TEXT("ice-lite")))
        s->ice_lite = true;
    else if (bytes_equal(name, BYTES_TEXT("group")) && bundle->len == 0 &&
             starts(value, BYTES_TEXT("BUNDLE ")))
        *bundle = bytes(value.at + sizeof "BUNDLE", value.len - sizeof "BUNDLE");
    return OK;
}

static enum result bundle_resolve(struct bytes bundle, struct sdp *s)
{
    bool first = true;

    for (size_t i = 0; i < s->media_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (s->media[i].mid.len != 0 && bytes_equal(s->media[i].mid, s->media[j].mid))
                return E_MALFORMED;
        }
    }
    s->has_bundle = bundle.len != 0;
    if (!s->has_bundle)
        s->media[0].bundled = true;
    while (bundle.len != 0) {
        struct bytes mid = take_word(&bundle);

        for (size_t i = 0; i < s->media_count; i++) {
            if (mid.len == 0 || !bytes_equal(s->media[i].mid, mid))
                continue;
            s->media[i].bundled = true;
            if (first)
                s->transport = i;
            first = false;
        }
    }
    return OK;
}

enum result sdp_read(struct bytes text, struct sdp *out)
{
    struct sdp s = {0};
    struct sdp_media session = {0}, *current = &session;
    struct bytes bundle = {0};
    enum result res;

    if (text.len > SDP_SIZE_MAX)
        return E_TOO_LARGE;
    struct bytes first = line_take(&text);
    if (!bytes_equal(first, BYTES_TEXT("v=0")))
        return E_MALFORMED;
    while (text.len != 0) {
        struct bytes line = line_take(&text);

        if (line.len == 0)
            continue;
        if (line.len < 2 || line.at[1] != '=')
            return E_MALFORMED;
        struct bytes value = bytes(line.at + 2, line.len - 2);
        res = OK;
        if (line.at[0] == 'm') {
            if (s.media_count == SDP_MEDIA)
                return E_TOO_LARGE;
            current = &s.media[s.media_count++];
            *current = session;
            res = media_line_read(value, current);
        } else if (line.at[0] == 'a') {
            res = attribute_read(value, &s, current, &bundle);
        }
        if (res != OK)
            return res;
    }
    if (s.media_count == 0)
        return E_MALFORMED;
    res = bundle_resolve(bundle, &s);
    if (res == OK)
        *out = s;
    return res;
}

enum result sdp_check_transport(const struct sdp *s)
{
    const struct sdp_media *m = &s->media[s->transport];

    return m->ufrag.len != 0 && m->pwd.len != 0 && m->has_fingerprint && m->setup != SDP_SETUP_NONE
               ? OK
               : E_UNSUPPORTED;
}

static bool can_be_served(const struct sdp_media *m)
{
    bool profile = bytes_equal(m->proto, BYTES_TEXT("UDP/TLS/RTP/SAVPF")) ||
                   bytes_equal(m->proto, BYTES_TEXT("RTP/SAVPF"));

    return m->kind == SDP_AUDIO && m->has_opus && profile && m->rtcp_mux && m->bundled && !m->rejected;
}

void sdp_plan_of(const struct sdp *offer, struct sdp_plan *out)
{
    bool mouth = false;

    *out = (struct sdp_plan){0};
    for (size_t i = 0; i < offer->media_count; i++) {
        const struct sdp_media *m = &offer->media[i];

        if (!can_be_served(m))
            continue;
        if (m->direction == SDP_INACTIVE) {
            out->use[i] = SDP_IDLE;
        } else if (m->direction == SDP_RECVONLY && out->slot_count < SLOTS) {
            out->use[i] = SDP_SLOT;
            out->slot_count++;
        } else if (m->direction != SDP_RECVONLY && !mouth) {
            out->use[i] = SDP_MOUTH;
            mouth = true;
        }
    }
}

static void put(struct writer *w, const char *text)
{
    writer_put(w, bytes_string(text));
}

static void put_number(struct writer *w, uint64_t value)
{
    uint8_t digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    writer_put(w, bytes(digits + at, sizeof digits - at));
}

static void put_line(struct writer *w, const char *name, struct bytes value)
{
    put(w, name);
    writer_put(w, value);
    put(w, "\r\n");
}

static void put_fingerprint(struct writer *w, const uint8_t fingerprint[static SDP_FINGERPRINT_LEN])
{
    static const char digits[] = "0123456789ABCDEF";

    put(w, "a=fingerprint:sha-256 ");
    for (size_t i = 0; i < SDP_FINGERPRINT_LEN; i++) {
        if (i != 0)
            writer_u8(w, ':');
        writer_u8(w, (uint8_t)digits[fingerprint[i] >> 4]);
        writer_u8(w, (uint8_t)digits[fingerprint[i] & 15]);
    }
    put(w, "\r\n");
}

/* One foundation per address; RFC 8445, section 5.1.2.1, with the host's type preference. */
static void put_candidates(struct writer *w, const struct sdp_self *self)
{
    for (size_t i = 0; i < self->candidate_count; i++) {
        char ip[ADDRESS_TEXT_SIZE];

        address_write(&self->candidates[i], ip);
        put(w, "a=candidate:");
        put_number(w, i + 1);
        put(w, " 1 udp ");
        put_number(w, UINT64_C(126) << 24 | (65535 - i) << 8 | 255);
        put(w, " ");
        put(w, ip);
        put(w, " ");
        put_number(w, address_port(&self->candidates[i]));
        put(w, " typ host\r\n");
    }
    if (self->candidate_count != 0)
        put(w, "a=end-of-candidates\r\n");
}

static void put_transport(struct writer *w, const struct sdp_self *self, const char *setup)
{
    put_line(w, "a=ice-ufrag:", self->ufrag);
    put_line(w, "a=ice-pwd:", self->pwd);
    put_fingerprint(w, self->fingerprint);
    put_line(w, "a=setup:", bytes_string(setup));
}

/* Constant bit rate, no discontinuous transmission, in-band FEC, one channel: what the sealed frame holds. */
static void put_opus(struct writer *w, uint8_t type)
{
    put(w, "a=rtcp-mux\r\na=rtpmap:");
    put_number(w, type);
    put(w, " opus/48000/2\r\na=fmtp:");
    put_number(w, type);
    put(w, " minptime=20;usedtx=0;cbr=1;useinbandfec=1;stereo=0;maxaveragebitrate=32000\r\n");
}

static void put_mid_extension(struct writer *w, uint8_t id)
{
    if (id == 0)
        return;
    put(w, "a=extmap:");
    put_number(w, id);
    put(w, " " MID_EXTENSION "\r\n");
}

static void put_ssrc(struct writer *w, uint32_t ssrc, struct bytes cname)
{
    put(w, "a=ssrc:");
    put_number(w, ssrc);
    put_line(w, " cname:", cname);
}

static void put_head(struct writer *w, const struct sdp_self *self)
{
    put(w, "v=0\r\no=- ");
    put_number(w, self->session & UINT64_MAX >> 2);
    put(w, " 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n");
}

static void put_rejected(struct writer *w, const struct sdp_media *m)
{
    struct bytes formats = m->formats;

    put(w, "m=");
    writer_put(w, m->name);
    put(w, " 0 ");
    writer_put(w, m->proto);
    put(w, " ");
    put_line(w, "", take_word(&formats));
    put(w, "c=IN IP4 0.0.0.0\r\na=inactive\r\n");
    if (m->mid.len != 0)
        put_line(w, "a=mid:", m->mid);
}

static void put_accepted(struct writer *w, const struct sdp_media *m, enum sdp_use use)
{
    static const char *const directions[] = {
        [SDP_MOUTH] = "a=recvonly\r\n", [SDP_SLOT] = "a=sendonly\r\n", [SDP_IDLE] = "a=inactive\r\n"};

    put(w, "m=audio 9 ");
    writer_put(w, m->proto);
    put(w, " ");
    put_number(w, m->opus_type);
    put(w, "\r\nc=IN IP4 0.0.0.0\r\n");
    if (m->mid.len != 0)
        put_line(w, "a=mid:", m->mid);
    put(w, directions[use]);
    put_opus(w, m->opus_type);
    put_mid_extension(w, m->mid_extension);
}

static void put_bundle(struct writer *w, const struct sdp *offer, const struct sdp_plan *plan)
{
    put(w, "a=group:BUNDLE");
    for (size_t i = 0; i < offer->media_count; i++) {
        if (plan->use[i] == SDP_REJECT)
            continue;
        put(w, " ");
        writer_put(w, offer->media[i].mid);
    }
    put(w, "\r\n");
}

void sdp_answer_write(struct writer *w, const struct sdp *offer, const struct sdp_plan *plan,
                      const struct sdp_self *self, bool *active)
{
    bool first = true;
    size_t slot = 0;

    *active = offer->media[offer->transport].setup == SDP_PASSIVE;
    put_head(w, self);
    put(w, "a=ice-lite\r\n");
    if (offer->has_bundle)
        put_bundle(w, offer, plan);
    for (size_t i = 0; i < offer->media_count; i++) {
        const struct sdp_media *m = &offer->media[i];

        if (plan->use[i] == SDP_REJECT) {
            put_rejected(w, m);
            continue;
        }
        put_accepted(w, m, plan->use[i]);
        put_transport(w, self, *active ? "active" : "passive");
        if (plan->use[i] == SDP_SLOT)
            put_ssrc(w, self->ssrc[slot++], self->cname);
        if (first)
            put_candidates(w, self);
        first = false;
    }
}

void sdp_offer_write(struct writer *w, const struct sdp_self *self)
{
    enum { MID_EXTENSION_ID = 4 };

    put_head(w, self);
    put(w, "a=group:BUNDLE");
    for (unsigned i = 0; i <= SLOTS; i++) {
        put(w, " ");
        put_number(w, i);
    }
    put(w, "\r\n");
    for (unsigned i = 0; i <= SLOTS; i++) {
        put(w, "m=audio 9 UDP/TLS/RTP/SAVPF ");
        put_number(w, OPUS_PAYLOAD_TYPE);
        put(w, "\r\nc=IN IP4 0.0.0.0\r\na=mid:");
        put_number(w, i);
        put(w, i == 0 ? "\r\na=sendonly\r\n" : "\r\na=recvonly\r\n");
        put_opus(w, OPUS_PAYLOAD_TYPE);
        put_mid_extension(w, MID_EXTENSION_ID);
        put_transport(w, self, "actpass");
        if (i == 0)
            put_ssrc(w, self->ssrc[0], self->cname);
    }
}
