/* Voices added up to one. Pure. */
#ifndef CLIENT_MIX_H
#define CLIENT_MIX_H

#include "sound/sound.h"

void mix_start(float sum[static SOUND_FRAME]);
void mix_add(float sum[static SOUND_FRAME], const float voice[static SOUND_FRAME]);
/* Bends what is louder than 0.9 so that nothing passes 1; what is softer stays as it was, bit for bit. */
void mix_limit(float sum[static SOUND_FRAME]);

#endif
