#include "client/mix.h"

#include <math.h>
#include <string.h>

void mix_start(float sum[static SOUND_FRAME])
{
    memset(sum, 0, SOUND_FRAME * sizeof sum[0]);
}

void mix_add(float sum[static SOUND_FRAME], const float voice[static SOUND_FRAME])
{
    for (unsigned i = 0; i < SOUND_FRAME; i++)
        sum[i] += voice[i];
}

static float bend(float sample)
{
    const float knee = 0.9f, over = fabsf(sample) - knee;

    if (over <= 0)
        return sample;
    return copysignf(knee + (1 - knee) * tanhf(over / (1 - knee)), sample);
}

void mix_limit(float sum[static SOUND_FRAME])
{
    for (unsigned i = 0; i < SOUND_FRAME; i++)
        sum[i] = bend(sum[i]);
}
