/* Any sane rate to 48 kHz, by speexdsp. One thread at a time. */
#ifndef SOUND_RESAMPLE_H
#define SOUND_RESAMPLE_H

#include "base/result.h"

#include <stddef.h>
#include <stdint.h>

enum { RESAMPLE_RATE_MIN = 8000, RESAMPLE_RATE_MAX = 192000 };

struct resampler;

/* OK | E_UNSUPPORTED (a rate outside of the two above) | E_NO_MEMORY */
MUST_USE enum result resampler_new(struct resampler **, uint32_t from_rate);
void resampler_free(struct resampler *);

/* Takes up to *taken samples and gives up to *given; sets both to what was really taken and given. The
 * filter's own delay is left out of the beginning, so the first sample out is the first in; to get the last
 * ones out, put `resampler_tail` zeros after the end. */
void resampler_put(struct resampler *, const float *in, size_t *taken, float *out, size_t *given);
/* In samples of the incoming rate. */
size_t resampler_tail(const struct resampler *);

#endif
