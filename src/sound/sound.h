/* What sound is, everywhere inside the program: one channel of `float` samples, -1 to 1, 48000 a second, in
 * frames of 20 ms. */
#ifndef SOUND_SOUND_H
#define SOUND_SOUND_H

enum {
    SOUND_RATE = 48000,
    SOUND_FRAME = 960, /* samples in 20 ms */
    SOUND_FRAME_US = 20000,
};

#endif
