#include "sound/resample.h"

#include "sound/sound.h"

#include <assert.h>
#include <stdlib.h>

#include <speex/speex_resampler.h>

/* Of 0 to 10. Eight is clean to the ear and takes a hundredth of a core at 48 kHz. */
enum { QUALITY = 8 };

struct resampler {
    SpeexResamplerState *state;
};

enum result resampler_new(struct resampler **out, uint32_t from_rate)
{
    struct resampler *r;
    int error;

    *out = NULL;
    if (from_rate < RESAMPLE_RATE_MIN || from_rate > RESAMPLE_RATE_MAX)
        return E_UNSUPPORTED;
    r = calloc(1, sizeof *r);
    if (r == NULL)
        return E_NO_MEMORY;
    r->state = speex_resampler_init(1, from_rate, SOUND_RATE, QUALITY, &error);
    if (r->state == NULL) {
        free(r);
        return E_NO_MEMORY;
    }
    speex_resampler_skip_zeros(r->state);
    *out = r;
    return OK;
}

void resampler_free(struct resampler *r)
{
    if (r == NULL)
        return;
    speex_resampler_destroy(r->state);
    free(r);
}

void resampler_put(struct resampler *r, const float *in, size_t *taken, float *out, size_t *given)
{
    spx_uint32_t in_len = *taken > UINT16_MAX ? UINT16_MAX : (spx_uint32_t)*taken;
    spx_uint32_t out_len = *given > UINT16_MAX ? UINT16_MAX : (spx_uint32_t)*given;
    int error = speex_resampler_process_float(r->state, 0, in, &in_len, out, &out_len);

    assert(error == RESAMPLER_ERR_SUCCESS);
    (void)error;
    *taken = in_len;
    *given = out_len;
}

size_t resampler_tail(const struct resampler *r)
{
    return (size_t)speex_resampler_get_input_latency(r->state);
}
