/* A WAV file as a row of 20 ms frames at 48 kHz: what a mouth is fed with. */
#ifndef SOUND_FRAMES_H
#define SOUND_FRAMES_H

#include "sound/sound.h"
#include "sound/wav.h"

struct frames;

/* Nothing is read yet. The source is borrowed until frames_free. OK | E_NO_MEMORY */
MUST_USE enum result frames_new(struct frames **, struct wav_source);
void frames_free(struct frames *);

/* The next frame; zeros fill up the last one. On E_AGAIN nothing is lost: what was read waits for the next
 * call. OK | E_CLOSED after the last frame | E_AGAIN | E_MALFORMED, E_UNSUPPORTED, E_IO with frames_reason
 * set */
MUST_USE enum result frames_next(struct frames *, float out[static SOUND_FRAME]);

/* One line that says what was wrong with the file; empty where nothing was. */
const char *frames_reason(const struct frames *);

#endif
