#include "support/waveform.h"

#include "sound/opus.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    THIN = 8,                    /* the lag is looked for at 6 kHz first */
    BLOCK = 120,                 /* 2.5 ms: holes are counted in these */
    PAUSE_BLOCKS = 4,            /* so many quiet blocks of the reference do not end a hole */
    SETTLE = 3 * SOUND_FRAME,    /* a decoder that starts in the middle needs a moment */
    LATE_START = 1 * SOUND_RATE, /* and a listener who comes late needs one, too */
};

static const double pi = 3.14159265358979323846, loud = 0.01, silent = 0.003;

bool waveform_through_opus(float *samples, size_t count)
{
    uint8_t packet[SOUND_SPEECH_BYTES];
    struct sound_encoder *encoder;
    struct sound_decoder *decoder = NULL;
    bool good = sound_encoder_new(&encoder) == OK && sound_decoder_new(&decoder) == OK;

    for (size_t at = 0; good && at + SOUND_FRAME <= count; at += SOUND_FRAME) {
        sound_encode(encoder, samples + at, packet);
        good = sound_decode(decoder, (struct bytes){packet, sizeof packet}, samples + at) == OK;
    }
    sound_encoder_free(encoder);
    sound_decoder_free(decoder);
    return good;
}

static double product(const float *a, const float *b, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += (double)a[i] * b[i];
    return sum;
}

static double loudness(const float *a, size_t count)
{
    return count == 0 ? 0 : sqrt(product(a, a, count) / (double)count);
}

double waveform_correlation(const float *a, const float *b, size_t count)
{
    double both = product(a, a, count) * product(b, b, count);

    return both > 0 ? product(a, b, count) / sqrt(both) : 0;
}

/* --- The lag --- */

/* In place, its length a power of two; not scaled. `turns` holds exp(-2 pi i k / n) for the first half. */
static void fourier(double complex *x, size_t n, const double complex *turns)
{
    for (size_t i = 1, j = 0; i < n; i++) {
        size_t bit = n >> 1;

        for (; j & bit; bit >>= 1)
            j ^= bit;
        j ^= bit;
        if (i < j) {
            double complex swap = x[i];

            x[i] = x[j];
            x[j] = swap;
        }
    }
    for (size_t len = 2; len <= n; len <<= 1) {
        for (size_t i = 0; i < n; i += len) {
            for (size_t k = 0; k < len / 2; k++) {
                double complex even = x[i + k], odd = turns[k * (n / len)] * x[i + k + len / 2];

                x[i + k] = even + odd;
                x[i + k + len / 2] = even - odd;
            }
        }
    }
}

static void thin_out(const float *from, size_t count, double complex *to)
{
    for (size_t i = 0; i < count / THIN; i++) {
        double sum = 0;

        for (size_t k = 0; k < THIN; k++)
            sum += from[i * THIN + k];
        to[i] = sum;
    }
}

static double agreement(const float *reference, size_t reference_count, const float *recording,
                        size_t recording_count, int64_t lag)
{
    size_t from = lag < 0 ? (size_t)-lag : 0, start = lag < 0 ? 0 : (size_t)lag, count;

    if (from >= reference_count || start >= recording_count)
        return 0;
    count = reference_count - from;
    if (count > recording_count - start)
        count = recording_count - start;
    return product(reference + from, recording + start, count);
}

static bool find_lag(const float *reference, size_t reference_count, const float *recording,
                     size_t recording_count, int64_t *lag)
{
    size_t n = 1, best = 0;
    double complex *a, *b, *turns;
    int64_t coarse;
    double most = 0;

    while (n < (reference_count + recording_count) / THIN + 2)
        n <<= 1;
    a = calloc(n, sizeof *a);
    b = calloc(n, sizeof *b);
    turns = calloc(n, sizeof *turns);
    if (a == NULL || b == NULL || turns == NULL) {
        free(a);
        free(b);
        free(turns);
        return false;
    }
    for (size_t k = 0; k < n / 2; k++)
        turns[k] = cexp(-2 * pi * I * (double)k / (double)n);
    thin_out(reference, reference_count, a);
    thin_out(recording, recording_count, b);
    fourier(a, n, turns);
    fourier(b, n, turns);
    /* Turned into its conjugate the product comes back by the same way; its real part is all that is asked.
     */
    for (size_t i = 0; i < n; i++)
        a[i] = a[i] * conj(b[i]);
    fourier(a, n, turns);
    for (size_t i = 1; i < n; i++) {
        if (creal(a[i]) > creal(a[best]))
            best = i;
    }
    free(a);
    free(b);
    free(turns);

    coarse = THIN * (best > recording_count / THIN ? (int64_t)best - (int64_t)n : (int64_t)best);
    *lag = coarse;
    for (int64_t fine = coarse - 2 * THIN; fine <= coarse + 2 * THIN; fine++) {
        double sum = agreement(reference, reference_count, recording, recording_count, fine);

        if (sum > most) {
            most = sum;
            *lag = fine;
        }
    }
    return true;
}

/* --- The windows and the holes --- */

struct common {
    const float *reference, *recording;
    size_t count;
    double at_s; /* of the first sample, in the reference */
};

static void judge_window(const struct common *c, size_t at, struct waveform_verdict *v)
{
    double correlation;

    if (loudness(c->reference + at, SOUND_RATE) < silent) {
        if (loudness(c->recording + at, SOUND_RATE) > 3 * silent)
            v->why = "sound where the reference is silent";
        return;
    }
    correlation = waveform_correlation(c->reference + at, c->recording + at, SOUND_RATE);
    v->windows++;
    if (correlation < v->worst_correlation) {
        v->worst_correlation = correlation;
        v->worst_at_s = c->at_s + (double)at / SOUND_RATE;
    }
}

static void judge_windows(const struct common *c, struct waveform_verdict *v)
{
    size_t at = 0;

    for (; at + SOUND_RATE <= c->count; at += SOUND_RATE)
        judge_window(c, at, v);
    if (at < c->count && c->count >= SOUND_RATE)
        judge_window(c, c->count - SOUND_RATE, v);
}

static void judge_holes(const struct common *c, struct waveform_verdict *v)
{
    size_t first = 0, last = 0, pause = 0;
    bool within = false;

    for (size_t block = 0; (block + 1) * BLOCK <= c->count; block++) {
        double expected = loudness(c->reference + block * BLOCK, BLOCK);
        double got = loudness(c->recording + block * BLOCK, BLOCK);

        if (expected <= loud) {
            within = within && ++pause <= PAUSE_BLOCKS;
            continue;
        }
        if (got >= expected / 10) {
            within = false;
            continue;
        }
        if (!within)
            first = block;
        within = true;
        pause = 0;
        last = block;
        if ((double)(last + 1 - first) * BLOCK * 1000 / SOUND_RATE > v->longest_hole_ms) {
            v->longest_hole_ms = (double)(last + 1 - first) * BLOCK * 1000 / SOUND_RATE;
            v->hole_at_s = c->at_s + (double)first * BLOCK / SOUND_RATE;
        }
    }
}

static size_t first_sound(const float *recording, size_t count)
{
    size_t at = 0;

    while (at + BLOCK <= count && loudness(recording + at, BLOCK) < silent / 10)
        at += BLOCK;
    return at;
}

static struct common in_common(const float *reference, size_t reference_count, const float *recording,
                               size_t recording_count, int64_t lag)
{
    struct common c = {reference, recording, 0, 0};

    if (lag < 0) {
        size_t late =
            first_sound(recording, recording_count < LATE_START ? recording_count : LATE_START) + SETTLE;

        if (late > recording_count || (size_t)-lag + late > reference_count)
            return c;
        c.reference += (size_t)-lag + late;
        c.recording += late;
        reference_count -= (size_t)-lag + late;
        recording_count -= late;
        c.at_s = ((double)-lag + (double)late) / SOUND_RATE;
    } else {
        if ((size_t)lag > recording_count)
            return c;
        c.recording += lag;
        recording_count -= (size_t)lag;
    }
    c.count = reference_count < recording_count ? reference_count : recording_count;
    return c;
}

bool waveform_compare(const float *reference, size_t reference_count, const float *recording,
                      size_t recording_count, double least_s, struct waveform_verdict *v)
{
    struct common c;

    memset(v, 0, sizeof *v);
    v->why = "";
    v->worst_correlation = 1;
    if (!find_lag(reference, reference_count, recording, recording_count, &v->lag))
        return false;
    c = in_common(reference, reference_count, recording, recording_count, v->lag);
    v->compared_s = (double)c.count / SOUND_RATE;
    judge_windows(&c, v);
    judge_holes(&c, v);

    if (v->windows == 0)
        v->worst_correlation = 0;
    if (v->longest_hole_ms > WAVEFORM_HOLE_MS)
        v->why = "a hole";
    if (v->worst_correlation < WAVEFORM_CORRELATION)
        v->why = "another waveform";
    if (v->compared_s < least_s)
        v->why = "too little in common";
    v->same = v->why[0] == '\0';
    return true;
}
