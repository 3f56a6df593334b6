#include "sound/wav.h"

#include "base/reader.h"
#include "base/text.h"
#include "base/writer.h"
#include "sound/sound.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    TAG_INTEGER = 0x0001,
    TAG_FLOAT = 0x0003,
    TAG_EXTENSIBLE = 0xfffe,
    FORMAT_SHORT = 16, /* bytes of a fmt chunk with nothing extra */
    FORMAT_LONG = 40,  /* and of WAVE_FORMAT_EXTENSIBLE, which is all that is ever looked at */
    RATE_MIN = 8000,
    RATE_MAX = 48000,
    HEADER_LEN = 44,
    SAMPLE_LEN = 2,
};

/* The rest of the sub-format's GUID, after the two bytes that are a format tag. */
static const uint8_t guid_tail[14] = {0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80,
                                      0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71};

static const char *tag_name(unsigned tag)
{
    switch (tag) {
    case 0x0002:
    case 0x0011:
        return "ADPCM";
    case 0x0006:
        return "A-law";
    case 0x0007:
        return "mu-law";
    case 0x0031:
        return "GSM";
    case 0x0055:
        return "MP3";
    case 0x00ff:
        return "AAC";
    default:
        return "unknown here";
    }
}

__attribute__((format(printf, 3, 4))) static enum result bad(struct wav_reader *w, enum result why,
                                                             const char *text, ...)
{
    va_list list;

    va_start(list, text);
    vsnprintf(w->reason, sizeof w->reason, text, list);
    va_end(list);
    w->state = WAV_BAD;
    w->why = why;
    return why;
}

/* Sees to it that n bytes are held. OK | E_CLOSED (the file has fewer) | E_AGAIN | E_IO */
static enum result fill(struct wav_reader *w, size_t n)
{
    assert(n <= sizeof w->held);
    while (w->to - w->from < n) {
        size_t got = 0;
        enum result res;

        memmove(w->held, w->held + w->from, w->to - w->from);
        w->to -= w->from;
        w->from = 0;
        res =
            w->source.read(w->source.self, (struct bytes_mut){w->held + w->to, sizeof w->held - w->to}, &got);
        if (res == E_IO)
            return bad(w, E_IO, "the sound could not be read");
        if (res != OK)
            return res;
        if (got == 0)
            return E_CLOSED;
        assert(got <= sizeof w->held - w->to);
        w->to += got;
    }
    return OK;
}

static struct reader held(const struct wav_reader *w, size_t n)
{
    return reader_on(bytes(w->held + w->from, n));
}

static uint16_t little16(struct reader *r)
{
    uint16_t value = reader_u16(r);

    return (uint16_t)(value >> 8 | value << 8);
}

static uint32_t little32(struct reader *r)
{
    uint32_t low = little16(r);

    return low | (uint32_t)little16(r) << 16;
}

static bool is_id(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if (b.at[i] < ' ' || b.at[i] > '~')
            return false;
    }
    return true;
}

static enum result take_riff(struct wav_reader *w)
{
    enum result res = fill(w, 12);
    struct reader r;
    struct bytes outer, inner;
    char shown[32];

    if (res == E_CLOSED)
        return bad(w, E_MALFORMED, "%zu bytes, too short for a WAV file", w->to - w->from);
    if (res != OK)
        return res;

    r = held(w, 12);
    outer = reader_take(&r, 4);
    reader_take(&r, 4); /* the size of it all: never right in a pipe, and not needed */
    inner = reader_take(&r, 4);
    if (bytes_equal(outer, BYTES_TEXT("RIFF")) && bytes_equal(inner, BYTES_TEXT("WAVE"))) {
        w->from += 12;
        w->state = WAV_CHUNK;
        return OK;
    }
    if (!is_id(outer))
        return bad(w, E_MALFORMED, "no WAV file: it does not begin with RIFF");
    text_for_display(bytes_equal(outer, BYTES_TEXT("RIFF")) ? inner : outer, shown, sizeof shown);
    return bad(w, E_UNSUPPORTED, "a file of kind \"%s\", not a WAV file", shown);
}

/* After a chunk of odd size there is one byte of padding, zero by the book; some writers leave it out, and
 * then the next chunk's name stands there (field report G60). */
static enum result take_pad(struct wav_reader *w)
{
    enum result res = fill(w, 4);

    if (res != OK && res != E_CLOSED)
        return res;
    if (res == OK && !is_id(bytes(w->held + w->from, 4)))
        w->from++;
    w->state = WAV_CHUNK;
    return OK;
}

static enum result take_chunk(struct wav_reader *w)
{
    enum result res = fill(w, 8);
    struct reader r;
    struct bytes id;
    uint32_t size;

    if (res == E_CLOSED)
        return bad(w, E_MALFORMED, "a WAV file without %s", w->formatted ? "samples" : "a format");
    if (res != OK)
        return res;

    r = held(w, 8);
    id = reader_take(&r, 4);
    size = little32(&r);
    w->left = size;
    w->padded = size % 2 != 0;
    if (bytes_equal(id, BYTES_TEXT("fmt "))) {
        if (w->formatted)
            return bad(w, E_MALFORMED, "a WAV file with two formats");
        if (size < FORMAT_SHORT)
            return bad(w, E_MALFORMED, "a WAV file whose format has %u bytes: 16 or more needed",
                       (unsigned)size);
        w->state = WAV_FORMAT;
    } else if (bytes_equal(id, BYTES_TEXT("data"))) {
        if (!w->formatted)
            return bad(w, E_MALFORMED, "a WAV file whose samples come before their format");
        if (size == 0 || size == UINT32_MAX)
            w->left = UINT64_MAX;
        w->state = WAV_SAMPLES;
    } else {
        w->state = WAV_SKIP;
    }
    w->from += 8;
    return OK;
}

static enum result take_skip(struct wav_reader *w)
{
    while (w->left != 0) {
        enum result res = fill(w, 1);
        size_t n = w->to - w->from;

        if (res == E_CLOSED)
            break;
        if (res != OK)
            return res;
        if (n > w->left)
            n = (size_t)w->left;
        w->from += n;
        w->left -= n;
    }
    w->state = w->padded ? WAV_PAD : WAV_CHUNK;
    return OK;
}

/* One channel's part in the mix by its place in the room (bits of dwChannelMask): as in ITU-R BS.775 the
 * centre is full, left and right are 3 dB softer, what is behind 6 dB, and low rumble is left out. */
static float part_of(uint32_t place)
{
    enum { LEFT_RIGHT = 0x1 | 0x2 | 0x40 | 0x80, CENTRE = 0x4, RUMBLE = 0x8 };

    if (place == RUMBLE)
        return 0;
    if (place == CENTRE)
        return 1;
    return place & LEFT_RIGHT ? 0.70710678f : 0.5f;
}

static void weigh(struct wav_reader *w, uint32_t mask)
{
    float sum = 0;
    unsigned n = 0;

    for (uint32_t place = 1; place != 0 && n < w->channels; place <<= 1) {
        if (mask & place)
            sum += w->weight[n++] = part_of(place);
    }
    /* Places that are not told, or not for all: every channel counts the same. */
    if (n < w->channels || sum == 0) {
        for (n = 0; n < w->channels; n++)
            w->weight[n] = 1;
        sum = (float)w->channels;
    }
    for (n = 0; n < w->channels; n++)
        w->weight[n] /= sum;
}

static enum result take_format(struct wav_reader *w)
{
    size_t len = w->left < FORMAT_LONG ? (size_t)w->left : FORMAT_LONG;
    enum result res = fill(w, len);
    struct reader r;
    unsigned tag, align;
    uint32_t mask = 0;

    if (res == E_CLOSED)
        return bad(w, E_MALFORMED, "a WAV file that ends within its format");
    if (res != OK)
        return res;

    r = held(w, len);
    tag = little16(&r);
    w->channels = little16(&r);
    w->rate = little32(&r);
    little32(&r); /* bytes a second, which follow from the rest */
    align = little16(&r);
    w->bits = little16(&r);
    if (tag == TAG_EXTENSIBLE) {
        struct bytes tail;

        little32(&r); /* the extension's size, and how many bits of each sample are in use */
        mask = little32(&r);
        tag = little16(&r);
        tail = reader_take(&r, sizeof guid_tail);
        if (reader_end(&r) != OK)
            return bad(w, E_MALFORMED, "an extensible WAV format of %zu bytes: 40 needed", len);
        if (!bytes_equal(tail, BYTES_OF(guid_tail)))
            return bad(w, E_UNSUPPORTED, "an extensible WAV format of a foreign kind: PCM or float needed");
    }

    if (tag != TAG_INTEGER && tag != TAG_FLOAT)
        return bad(w, E_UNSUPPORTED, "WAV with format 0x%04x (%s): PCM or float needed", tag, tag_name(tag));
    w->is_float = tag == TAG_FLOAT;
    if (w->is_float ? w->bits != 32 : w->bits != 16 && w->bits != 24 && w->bits != 32)
        return bad(w, E_UNSUPPORTED, "WAV with %ss of %u bits: %s needed", w->is_float ? "float" : "integer",
                   w->bits, w->is_float ? "32" : "16, 24 or 32");
    if (w->channels < 1 || w->channels > WAV_CHANNELS)
        return bad(w, E_UNSUPPORTED, "WAV with %u channels: 1 to %d needed", w->channels, WAV_CHANNELS);
    if (w->rate < RATE_MIN || w->rate > RATE_MAX)
        return bad(w, E_UNSUPPORTED, "WAV at %u Hz: %d to %d needed", (unsigned)w->rate, RATE_MIN, RATE_MAX);
    if (align != w->channels * w->bits / 8)
        return bad(w, E_MALFORMED, "WAV with %u bytes a sample of %u channels and %u bits", align,
                   w->channels, w->bits);

    weigh(w, mask);
    w->formatted = true;
    w->from += len;
    w->left -= len;
    w->state = WAV_SKIP;
    return OK;
}

void wav_reader_start(struct wav_reader *w, struct wav_source source)
{
    memset(w, 0, sizeof *w);
    w->source = source;
}

enum result wav_reader_open(struct wav_reader *w)
{
    enum result res = OK;

    while (res == OK) {
        switch (w->state) {
        case WAV_RIFF:
            res = take_riff(w);
            break;
        case WAV_CHUNK:
            res = take_chunk(w);
            break;
        case WAV_PAD:
            res = take_pad(w);
            break;
        case WAV_SKIP:
            res = take_skip(w);
            break;
        case WAV_FORMAT:
            res = take_format(w);
            break;
        case WAV_SAMPLES:
        case WAV_END:
            return OK;
        case WAV_BAD:
            return w->why;
        }
    }
    return res;
}

static float one_float(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    if (!isfinite(value))
        return isnan(value) ? 0 : value > 0 ? 1 : -1;
    return value > 1 ? 1 : value < -1 ? -1 : value;
}

static float one_sample(const struct wav_reader *w, struct reader *r)
{
    if (w->bits == 16)
        return (float)(int16_t)little16(r) / 0x1p15f;
    if (w->bits == 24) {
        uint32_t low = little16(r);

        return (float)(int32_t)(low << 8 | (uint32_t)reader_u8(r) << 24) / 0x1p31f;
    }
    return w->is_float ? one_float(little32(r)) : (float)(int32_t)little32(r) / 0x1p31f;
}

enum result wav_reader_take(struct wav_reader *w, float *to, size_t max, size_t *got)
{
    enum result res = wav_reader_open(w);
    size_t align = w->channels * w->bits / 8, n = 0;

    *got = 0;
    while (res == OK && n < max && w->state == WAV_SAMPLES) {
        res = w->left < align ? E_CLOSED : fill(w, align);
        if (res == OK) {
            struct reader r = held(w, align);

            to[n] = 0;
            for (unsigned channel = 0; channel < w->channels; channel++)
                to[n] += w->weight[channel] * one_sample(w, &r);
            n++;
            w->from += align;
            if (w->left != UINT64_MAX)
                w->left -= align;
        } else if (res == E_CLOSED) {
            w->state = WAV_END;
        }
    }
    *got = n;
    if (n > 0)
        return OK;
    return w->state == WAV_END ? E_CLOSED : res;
}

static void little(struct writer *out, uint32_t value, unsigned bytes_of_it)
{
    for (unsigned i = 0; i < bytes_of_it; i++)
        writer_u8(out, (uint8_t)(value >> 8 * i));
}

static enum result write_header(struct wav_writer *w)
{
    uint8_t header[HEADER_LEN];
    struct writer out = writer_over(header);
    struct bytes whole;
    enum result res;

    writer_put(&out, BYTES_TEXT("RIFF"));
    little(&out, (uint32_t)(w->written + HEADER_LEN - 8), 4);
    writer_put(&out, BYTES_TEXT("WAVEfmt "));
    little(&out, FORMAT_SHORT, 4);
    little(&out, TAG_INTEGER, 2);
    little(&out, 1, 2);
    little(&out, SOUND_RATE, 4);
    little(&out, SOUND_RATE * SAMPLE_LEN, 4);
    little(&out, SAMPLE_LEN, 2);
    little(&out, SAMPLE_LEN * 8, 2);
    writer_put(&out, BYTES_TEXT("data"));
    little(&out, (uint32_t)w->written, 4);
    res = writer_end(&out, &whole);
    assert(res == OK && whole.len == HEADER_LEN);

    res = w->sink.write(w->sink.self, 0, whole);
    if (res == OK)
        w->told = w->written;
    return res;
}

enum result wav_writer_start(struct wav_writer *w, struct wav_sink sink)
{
    *w = (struct wav_writer){.sink = sink};
    return write_header(w);
}

static int16_t to_16_bits(float sample)
{
    float scaled = sample * 0x1p15f;

    if (!(scaled > INT16_MIN)) /* no number at all falls here, too */
        return isnan(scaled) ? 0 : INT16_MIN;
    return scaled >= INT16_MAX ? INT16_MAX : (int16_t)lrintf(scaled);
}

enum result wav_writer_put(struct wav_writer *w, const float *samples, size_t count)
{
    enum result res = OK;

    if (count > (UINT32_MAX - HEADER_LEN - w->written) / SAMPLE_LEN)
        return E_TOO_LARGE;
    while (res == OK && count > 0) {
        uint8_t room[SOUND_FRAME * SAMPLE_LEN];
        size_t n = count < SOUND_FRAME ? count : SOUND_FRAME;
        struct writer out = writer_over(room);

        for (size_t i = 0; i < n; i++)
            little(&out, (uint16_t)to_16_bits(samples[i]), SAMPLE_LEN);
        res = w->sink.write(w->sink.self, HEADER_LEN + w->written, bytes(room, writer_used(&out)));
        if (res == OK)
            w->written += n * SAMPLE_LEN;
        samples += n;
        count -= n;
    }
    if (res == OK && w->written - w->told >= SOUND_RATE * SAMPLE_LEN)
        res = write_header(w);
    return res;
}

enum result wav_writer_end(struct wav_writer *w)
{
    return w->told == w->written ? OK : write_header(w);
}
