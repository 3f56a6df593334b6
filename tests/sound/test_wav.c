#define _POSIX_C_SOURCE 200809L

#include "sound/wav.h"

#include "base/writer.h"
#include "sound/sound.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* --- Files in memory --- */

enum { FILE_ROOM = 256 * 1024 };

struct file {
    uint8_t bytes[FILE_ROOM];
    size_t len;   /* of what is written */
    size_t at;    /* of what is read */
    size_t most;  /* bytes that one read gives; 0 for no limit */
    bool patient; /* every other read gives E_AGAIN */
    bool asked;
};

static enum result read_file(void *self, struct bytes_mut into, size_t *got)
{
    struct file *f = self;
    size_t n = f->len - f->at;

    f->asked = !f->asked;
    if (f->patient && f->asked)
        return E_AGAIN;
    if (f->most != 0 && n > f->most)
        n = f->most;
    if (n > into.len)
        n = into.len;
    memcpy(into.at, f->bytes + f->at, n);
    f->at += n;
    *got = n;
    return OK;
}

static enum result write_file(void *self, uint64_t at, struct bytes b)
{
    struct file *f = self;

    if (at + b.len > sizeof f->bytes)
        return E_IO;
    memcpy(f->bytes + at, b.at, b.len);
    if (f->len < at + b.len)
        f->len = (size_t)at + b.len;
    return OK;
}

static void put(struct file *f, const void *what, size_t len)
{
    assert_true(f->len + len <= sizeof f->bytes);
    memcpy(f->bytes + f->len, what, len);
    f->len += len;
}

static void put_little(struct file *f, uint32_t value, unsigned len)
{
    uint8_t b[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24)};

    put(f, b, len);
}

static void put_chunk(struct file *f, const char *id, const void *body, size_t len)
{
    put(f, id, 4);
    put_little(f, (uint32_t)len, 4);
    put(f, body, len);
    if (len % 2 != 0)
        put_little(f, 0, 1);
}

/* The kind of a file, and how its format is written. */
struct kind {
    unsigned tag, channels, rate, bits;
    bool extensible;
    uint32_t mask;
    unsigned format_len; /* 0 for the usual one */
};

static void put_head(struct file *f)
{
    memset(f, 0, sizeof *f);
    put(f, "RIFF\0\0\0\0WAVE", 12);
}

static void put_format(struct file *f, const struct kind *k)
{
    static const uint8_t tail[14] = {0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71};
    unsigned len = k->format_len != 0 ? k->format_len : k->extensible ? 40 : 16;
    size_t from;

    put(f, "fmt ", 4);
    put_little(f, len, 4);
    from = f->len;
    put_little(f, k->extensible ? 0xfffe : k->tag, 2);
    put_little(f, k->channels, 2);
    put_little(f, k->rate, 4);
    put_little(f, k->rate * k->channels * k->bits / 8, 4);
    put_little(f, k->channels * k->bits / 8, 2);
    put_little(f, k->bits, 2);
    if (k->extensible) {
        put_little(f, 22, 2);
        put_little(f, k->bits, 2);
        put_little(f, k->mask, 4);
        put_little(f, k->tag, 2);
        put(f, tail, sizeof tail);
    }
    while (f->len < from + len)
        put_little(f, 0, 1);
}

/* What a file of `frames` samples a channel holds: another slope in each channel, none beyond a half. */
static float sample_of(unsigned channel, size_t frame)
{
    return ((float)(frame % 64) - 32) / 64 / (float)(channel + 1);
}

static void put_samples(struct file *f, const struct kind *k, size_t frames)
{
    for (size_t i = 0; i < frames; i++) {
        for (unsigned channel = 0; channel < k->channels; channel++) {
            float sample = sample_of(channel, i);
            uint32_t bits;

            if (k->tag == 3)
                memcpy(&bits, &sample, sizeof bits);
            else
                bits = (uint32_t)(int32_t)lrint((double)sample * pow(2, k->bits - 1));
            put_little(f, bits, k->bits / 8);
        }
    }
}

static void put_data(struct file *f, const struct kind *k, size_t frames, uint32_t told_size)
{
    put(f, "data", 4);
    put_little(f, told_size, 4);
    put_samples(f, k, frames);
}

static uint32_t size_of(const struct kind *k, size_t frames)
{
    return (uint32_t)(frames * k->channels * k->bits / 8);
}

static const struct kind speech = {1, 1, 48000, 16, false, 0, 0};

/* --- Reading --- */

static size_t read_whole(struct wav_reader *w, float *to, size_t room, enum result *end)
{
    size_t total = 0, got;

    for (;;) {
        enum result res = wav_reader_take(w, to + total, room - total < 100 ? room - total : 100, &got);

        assert_true(total + got <= room);
        if (res == E_AGAIN)
            continue;
        if (res != OK) {
            assert_int_equal(got, 0);
            *end = res;
            return total;
        }
        assert_true(got > 0);
        total += got;
    }
}

/* Reads the file and checks that it holds `frames` samples, each the mix that the weights say. */
static void assert_holds(struct file *f, const struct kind *k, const float *weight, size_t frames)
{
    struct wav_reader *w = malloc(sizeof *w);
    float *got = calloc(frames + 200, sizeof *got);
    enum result end;

    assert_non_null(w);
    assert_non_null(got);
    wav_reader_start(w, (struct wav_source){read_file, f});
    assert_int_equal(read_whole(w, got, frames + 200, &end), frames);
    assert_int_equal(end, E_CLOSED);
    assert_int_equal(w->rate, k->rate);
    assert_string_equal(w->reason, "");
    for (size_t i = 0; i < frames; i++) {
        float expected = 0;

        for (unsigned channel = 0; channel < k->channels; channel++)
            expected += (weight == NULL ? 1 / (float)k->channels : weight[channel]) * sample_of(channel, i);
        assert_float_equal(got[i], expected, 1.0 / 32768 + 1e-6);
    }
    free(got);
    free(w);
}

static void reads_every_sane_kind(void **state)
{
    static const unsigned rates[] = {8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000};
    static const struct {
        unsigned tag, bits;
    } samples[] = {{1, 16}, {1, 24}, {1, 32}, {3, 32}};
    struct file *f = *state;

    for (size_t rate = 0; rate < sizeof rates / sizeof rates[0]; rate++) {
        for (size_t s = 0; s < sizeof samples / sizeof samples[0]; s++) {
            for (unsigned n = 0; n < 12; n++) {
                struct kind k = {samples[s].tag, n / 2 + 1, rates[rate], samples[s].bits, n % 2 != 0, 0, 0};

                put_head(f);
                put_format(f, &k);
                put_data(f, &k, 300, size_of(&k, 300));
                assert_holds(f, &k, NULL, 300);
            }
        }
    }
}

static void mixes_by_place(void **state)
{
    /* Front left, right and centre, the rumble, and two behind: BS.775, brought to a sum of one. */
    static const float surround[6] = {0.2071f, 0.2071f, 0.2929f, 0, 0.1464f, 0.1464f};
    static const float front[3] = {0.2929f, 0.2929f, 0.4142f};
    struct kind k = {1, 6, 48000, 16, true, 0x3f, 0};
    struct file *f = *state;

    put_head(f);
    put_format(f, &k);
    put_data(f, &k, 64, size_of(&k, 64));
    assert_holds(f, &k, surround, 64);

    k.channels = 3;
    k.mask = 0x7;
    put_head(f);
    put_format(f, &k);
    put_data(f, &k, 64, size_of(&k, 64));
    assert_holds(f, &k, front, 64);
}

static void g58_float_format_of_40_bytes(void **state)
{
    struct kind k = {3, 2, 44100, 32, false, 0, 40};
    struct file *f = *state;

    put_head(f);
    put_format(f, &k);
    put_data(f, &k, 500, size_of(&k, 500));
    assert_holds(f, &k, NULL, 500);
}

static void g59_size_unknown_reads_to_the_end(void **state)
{
    static const uint32_t told[] = {0, 0xffffffff, 0x7ffff000};
    struct file *f = *state;

    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        for (size_t most = 0; most < 50; most += 7) {
            put_head(f);
            put_format(f, &speech);
            put_data(f, &speech, 5000, told[i]);
            f->most = most;
            assert_holds(f, &speech, NULL, 5000);
        }
    }
}

static void g60_odd_chunk_with_and_without_its_pad(void **state)
{
    struct file *f = *state;

    for (int padded = 0; padded < 2; padded++) {
        put_head(f);
        put_format(f, &speech);
        put(f, "LIST", 4);
        put_little(f, 7, 4);
        put(f, "INFOabc\0", padded ? 8 : 7);
        put_data(f, &speech, 700, size_of(&speech, 700));
        assert_holds(f, &speech, NULL, 700);
    }
}

static void g61_chunks_before_and_after(void **state)
{
    struct kind six = {1, 6, 44100, 24, true, 0, 0};
    struct file *f = *state;

    put_head(f);
    put_chunk(f, "JUNK", "0123456789", 9);
    put_format(f, &six);
    put_chunk(f, "fact", "\x2c\x01\0\0", 4);
    put_chunk(f, "LIST", "INFOISFT\x03\0\0\0Lav", 15);
    put_chunk(f, "PEAK", "0123456789abcdef01234567", 24);
    put_data(f, &six, 300, size_of(&six, 300));
    assert_holds(f, &six, NULL, 300);

    put_head(f);
    put_format(f, &speech);
    put_data(f, &speech, 301, size_of(&speech, 301));
    put_chunk(f, "LIST", "INFO\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f", 12);
    assert_holds(f, &speech, NULL, 301);
}

static void waits_for_a_slow_source(void **state)
{
    struct file *f = *state;

    put_head(f);
    put_chunk(f, "LIST", "INFOabcde", 9);
    put_format(f, &speech);
    put_data(f, &speech, 400, 0);
    f->patient = true;
    f->most = 1;
    assert_holds(f, &speech, NULL, 400);
}

static void reads_a_pipe(void **state)
{
    struct wav_reader *w = malloc(sizeof *w);
    float got[2000];
    struct file *f = *state;
    size_t n, count;
    int ends[2];

    assert_non_null(w);
    put_head(f);
    put_format(f, &speech);
    put_data(f, &speech, 1000, 0xffffffff);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    wav_reader_start(w, wav_source_of(&ends[0]));
    assert_int_equal(wav_reader_open(w), E_AGAIN);
    assert_int_equal(write(ends[1], f->bytes, 21), 21);
    assert_int_equal(wav_reader_take(w, got, 2000, &n), E_AGAIN);
    assert_int_equal(write(ends[1], f->bytes + 21, f->len - 21), (ssize_t)f->len - 21);
    assert_int_equal(wav_reader_take(w, got, 2000, &count), OK);
    assert_int_equal(count, 1000);
    assert_int_equal(wav_reader_take(w, got, 2000, &n), E_AGAIN);
    close(ends[1]);
    assert_int_equal(wav_reader_take(w, got, 2000, &n), E_CLOSED);
    close(ends[0]);
    assert_int_equal(wav_reader_take(w, got, 2000, &n), E_CLOSED);
    free(w);
}

static void floats_are_held_to_one(void **state)
{
    static const struct {
        uint32_t bits;
        float expected;
    } floats[] = {{0x7fc00000, 0}, {0x7f800000, 1},  {0xff800000, -1},
                  {0x40000000, 1}, {0xc1200000, -1}, {0xbf000000, -0.5f}};
    struct kind k = {3, 1, 48000, 32, false, 0, 0};
    struct wav_reader *w = malloc(sizeof *w);
    struct file *f = *state;
    float got[8];
    size_t n;

    assert_non_null(w);
    put_head(f);
    put_format(f, &k);
    put_data(f, &k, 0, 0);
    for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++)
        put_little(f, floats[i].bits, 4);
    wav_reader_start(w, (struct wav_source){read_file, f});
    assert_int_equal(wav_reader_take(w, got, 8, &n), OK);
    assert_int_equal(n, sizeof floats / sizeof floats[0]);
    for (size_t i = 0; i < n; i++)
        assert_true(got[i] == floats[i].expected);
    free(w);
}

/* --- Refusing --- */

static void assert_refused(struct file *f, enum result why, const char *reason)
{
    struct wav_reader *w = malloc(sizeof *w);
    float got[10];
    size_t n;

    assert_non_null(w);
    wav_reader_start(w, (struct wav_source){read_file, f});
    assert_int_equal(wav_reader_take(w, got, 10, &n), why);
    assert_string_equal(w->reason, reason);
    assert_int_equal(wav_reader_open(w), why);
    free(w);
}

static void says_what_was_found(void **state)
{
    static const struct {
        struct kind kind;
        enum result why;
        const char *reason;
    } formats[] = {
        {{0x55, 2, 44100, 16}, E_UNSUPPORTED, "WAV with format 0x0055 (MP3): PCM or float needed"},
        {{7, 1, 8000, 8}, E_UNSUPPORTED, "WAV with format 0x0007 (mu-law): PCM or float needed"},
        {{0x1234, 1, 8000, 16}, E_UNSUPPORTED, "WAV with format 0x1234 (unknown here): PCM or float needed"},
        {{2, 1, 8000, 16, true, 0, 0}, E_UNSUPPORTED, "WAV with format 0x0002 (ADPCM): PCM or float needed"},
        {{1, 1, 48000, 8}, E_UNSUPPORTED, "WAV with integers of 8 bits: 16, 24 or 32 needed"},
        {{3, 1, 48000, 64}, E_UNSUPPORTED, "WAV with floats of 64 bits: 32 needed"},
        {{1, 0, 48000, 16}, E_UNSUPPORTED, "WAV with 0 channels: 1 to 6 needed"},
        {{1, 7, 48000, 16}, E_UNSUPPORTED, "WAV with 7 channels: 1 to 6 needed"},
        {{1, 1, 96000, 16}, E_UNSUPPORTED, "WAV at 96000 Hz: 8000 to 48000 needed"},
        {{1, 1, 0, 16}, E_UNSUPPORTED, "WAV at 0 Hz: 8000 to 48000 needed"},
        {{1, 1, 48000, 16, true, 0, 24}, E_MALFORMED, "an extensible WAV format of 24 bytes: 40 needed"},
    };
    struct file *f = *state;

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        put_head(f);
        if (formats[i].kind.format_len == 24) {
            struct kind short_one = formats[i].kind;

            short_one.extensible = false;
            short_one.tag = 0xfffe;
            put_format(f, &short_one);
        } else {
            put_format(f, &formats[i].kind);
        }
        put_data(f, &speech, 10, 20);
        assert_refused(f, formats[i].why, formats[i].reason);
    }
}

static void refuses_what_is_no_wav(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum result why;
        const char *reason;
    } files[] = {
        {"", 0, E_MALFORMED, "0 bytes, too short for a WAV file"},
        {"RIFF\x24\0\0\0WAV", 11, E_MALFORMED, "11 bytes, too short for a WAV file"},
        {"OggS\0\2\0\0\0\0\0\0\0\0", 14, E_UNSUPPORTED, "a file of kind \"OggS\", not a WAV file"},
        {"RIFF\x24\0\0\0AVI LIST", 16, E_UNSUPPORTED, "a file of kind \"AVI \", not a WAV file"},
        {"RIFX\0\0\0\x24WAVEfmt ", 16, E_UNSUPPORTED, "a file of kind \"RIFX\", not a WAV file"},
        {"\x1b[2Jhello there", 15, E_MALFORMED, "no WAV file: it does not begin with RIFF"},
        {"RIFF\x24\0\0\0WAVE", 12, E_MALFORMED, "a WAV file without a format"},
        {"RIFF\x24\0\0\0WAVEfmt \x0e\0\0\0", 20, E_MALFORMED,
         "a WAV file whose format has 14 bytes: 16 or more needed"},
        {"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0", 22, E_MALFORMED, "a WAV file that ends within its format"},
        {"RIFF\x24\0\0\0WAVEdata\4\0\0\0\0\0\0\0", 24, E_MALFORMED,
         "a WAV file whose samples come before their format"},
    };
    struct file *f = *state;

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        memset(f, 0, sizeof *f);
        put(f, files[i].bytes, files[i].len);
        assert_refused(f, files[i].why, files[i].reason);
    }

    put_head(f);
    put_format(f, &speech);
    assert_refused(f, E_MALFORMED, "a WAV file without samples");
    put_format(f, &speech);
    f->at = 0;
    assert_refused(f, E_MALFORMED, "a WAV file with two formats");

    put_head(f);
    put_format(f, &speech);
    f->bytes[12 + 8 + 12] = 3; /* the block's size */
    put_data(f, &speech, 10, 20);
    assert_refused(f, E_MALFORMED, "WAV with 3 bytes a sample of 1 channels and 16 bits");
}

static enum result read_nothing(void *self, struct bytes_mut into, size_t *got)
{
    (void)self;
    (void)into;
    (void)got;
    return E_IO;
}

static void tells_a_failing_source(void **state)
{
    struct wav_reader *w = malloc(sizeof *w);

    (void)state;
    assert_non_null(w);
    wav_reader_start(w, (struct wav_source){read_nothing, NULL});
    assert_int_equal(wav_reader_open(w), E_IO);
    assert_string_equal(w->reason, "the sound could not be read");
    free(w);
}

/* Cut within its header a file is refused; cut within its samples it is as long as it is. */
static void survives_every_cut(void **state)
{
    struct kind k = {1, 2, 44100, 24, true, 0x3, 0};
    struct file *f = *state;
    struct wav_reader *w = malloc(sizeof *w);
    size_t whole, head;

    assert_non_null(w);
    put_head(f);
    put_chunk(f, "fact", "\x14\0\0\0", 4);
    put_format(f, &k);
    put_chunk(f, "LIST", "INFOabc", 7);
    put(f, "data", 4);
    put_little(f, size_of(&k, 20), 4);
    head = f->len;
    put_samples(f, &k, 20);
    put_chunk(f, "LIST", "INFOdef", 7);
    whole = f->len;

    for (size_t cut = 0; cut < whole; cut++) {
        size_t left = cut < head ? 0 : (cut - head) / 6;
        float got[64];
        enum result end;

        f->len = cut;
        f->at = 0;
        wav_reader_start(w, (struct wav_source){read_file, f});
        assert_int_equal(read_whole(w, got, 64, &end), left < 20 ? left : 20);
        assert_int_equal(end, cut < head ? E_MALFORMED : E_CLOSED);
        assert_true((w->reason[0] != '\0') == (end == E_MALFORMED));
    }
    free(w);
}

/* --- Writing --- */

static void writes_what_it_reads(void **state)
{
    struct wav_writer writer;
    struct file *f = *state;
    float samples[1000];

    memset(f, 0, sizeof *f);
    for (size_t i = 0; i < 1000; i++)
        samples[i] = sample_of(0, i);
    assert_int_equal(wav_writer_start(&writer, (struct wav_sink){write_file, f}), OK);
    assert_int_equal(wav_writer_put(&writer, samples, 960), OK);
    assert_int_equal(wav_writer_put(&writer, samples + 960, 40), OK);
    assert_int_equal(wav_writer_end(&writer), OK);
    assert_int_equal(f->len, 44 + 2000);
    assert_memory_equal(f->bytes + 40, "\xd0\x07\0\0", 4);
    assert_holds(f, &speech, NULL, 1000);
}

static void rounds_and_clips(void **state)
{
    static const float samples[] = {1,   -1,       2,        -2, 0.4f / 32768, 0.6f / 32768, -0.6f / 32768,
                                    NAN, INFINITY, -INFINITY};
    static const int16_t expected[] = {32767, -32768, 32767, -32768, 0, 1, -1, 0, 32767, -32768};
    struct wav_writer writer;
    struct file *f = *state;

    memset(f, 0, sizeof *f);
    assert_int_equal(wav_writer_start(&writer, (struct wav_sink){write_file, f}), OK);
    assert_int_equal(wav_writer_put(&writer, samples, sizeof samples / sizeof samples[0]), OK);
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        int16_t got = (int16_t)(f->bytes[44 + 2 * i] | f->bytes[45 + 2 * i] << 8);

        assert_int_equal(got, expected[i]);
    }
}

static void a_killed_recorder_leaves_all_but_a_second(void **state)
{
    static const float silence[SOUND_FRAME];
    struct wav_writer writer;
    struct file *f = *state;

    memset(f, 0, sizeof *f);
    assert_int_equal(wav_writer_start(&writer, (struct wav_sink){write_file, f}), OK);
    for (uint32_t frame = 1; frame <= 120; frame++) {
        uint32_t told;

        assert_int_equal(wav_writer_put(&writer, silence, SOUND_FRAME), OK);
        told = f->bytes[40] | (uint32_t)f->bytes[41] << 8 | (uint32_t)f->bytes[42] << 16 |
               (uint32_t)f->bytes[43] << 24;
        assert_true(told <= frame * 1920 && frame * 1920 - told < 96000);
        assert_true(told != 0 || frame < 50);
    }
}

static enum result write_nothing(void *self, uint64_t at, struct bytes b)
{
    (void)b;
    *(uint64_t *)self = at;
    return E_IO;
}

static void stops_at_its_limits(void **state)
{
    static const float silence[SOUND_FRAME];
    struct wav_writer writer;
    struct file *f = *state;
    uint64_t at;

    assert_int_equal(wav_writer_start(&writer, (struct wav_sink){write_nothing, &at}), E_IO);
    assert_int_equal(wav_writer_put(&writer, silence, 1), E_IO);
    assert_int_equal(at, 44);

    assert_int_equal(wav_writer_start(&writer, (struct wav_sink){write_file, f}), OK);
    writer.written = UINT32_MAX - 44 - 1000;
    assert_int_equal(wav_writer_put(&writer, silence, SOUND_FRAME), E_TOO_LARGE);
}

static void writes_a_real_file(void **state)
{
    char path[] = "/tmp/teahouse-wav-XXXXXX";
    struct wav_reader *w = malloc(sizeof *w);
    struct wav_writer writer;
    float samples[SOUND_FRAME], got[2 * SOUND_FRAME];
    size_t n;
    int fd = mkstemp(path);

    (void)state;
    assert_non_null(w);
    assert_true(fd >= 0);
    unlink(path);
    for (size_t i = 0; i < SOUND_FRAME; i++)
        samples[i] = sample_of(0, i);
    assert_int_equal(wav_writer_start(&writer, wav_sink_of(&fd)), OK);
    assert_int_equal(wav_writer_put(&writer, samples, SOUND_FRAME), OK);
    assert_int_equal(wav_writer_end(&writer), OK);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    wav_reader_start(w, wav_source_of(&fd));
    assert_int_equal(wav_reader_take(w, got, 2 * SOUND_FRAME, &n), OK);
    assert_int_equal(n, SOUND_FRAME);
    assert_memory_equal(got, samples, sizeof samples);
    close(fd);
    assert_int_equal(wav_writer_put(&writer, samples, 1), E_IO);
    free(w);
}

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct file));
    return *state == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_sane_kind),
        cmocka_unit_test(mixes_by_place),
        cmocka_unit_test(g58_float_format_of_40_bytes),
        cmocka_unit_test(g59_size_unknown_reads_to_the_end),
        cmocka_unit_test(g60_odd_chunk_with_and_without_its_pad),
        cmocka_unit_test(g61_chunks_before_and_after),
        cmocka_unit_test(waits_for_a_slow_source),
        cmocka_unit_test(reads_a_pipe),
        cmocka_unit_test(floats_are_held_to_one),
        cmocka_unit_test(says_what_was_found),
        cmocka_unit_test(refuses_what_is_no_wav),
        cmocka_unit_test(tells_a_failing_source),
        cmocka_unit_test(survives_every_cut),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(rounds_and_clips),
        cmocka_unit_test(a_killed_recorder_leaves_all_but_a_second),
        cmocka_unit_test(stops_at_its_limits),
        cmocka_unit_test(writes_a_real_file),
    };

    return cmocka_run_group_tests_name("wav", tests, set_up, tear_down);
}
