/* Speech for tests, made by espeak-ng when it is needed: nobody's voice lies in the tree. */
#ifndef SUPPORT_SPEECH_H
#define SUPPORT_SPEECH_H

#include <stddef.h>

struct speech {
    float *samples; /* at 48 kHz; freed by whoever asked */
    size_t count;   /* whole frames of 20 ms */
};

/* Voices by espeak-ng's names: `en`, `cmn`. Skips the running cmocka test where espeak-ng is missing. */
struct speech speech_say(const char *voice, const char *text);

/* Something to say for about ten seconds, in English and in Mandarin. */
extern const char speech_english[], speech_mandarin[];

#endif
