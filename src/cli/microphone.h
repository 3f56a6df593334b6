/* A WAV file or a pipe in place of a microphone. It never runs dry: what is not there is silence. */
#ifndef CLI_MICROPHONE_H
#define CLI_MICROPHONE_H

#include "cli/args.h"
#include "sound/frames.h"

struct microphone {
    const struct args *args;
    const char *path;
    int file;              /* of use while `frames` is there */
    int flags;             /* of standard input, to be given back; -1 otherwise */
    struct frames *frames; /* NULL: silence from now on */
    bool first_waits;
    float first[SOUND_FRAME];
};

/* Reads up to the first frame, from a pipe however long that takes, so that a bad file is known before
 * anything is joined. A NULL path is silence. EXIT_DONE, or the exit code after a line on standard error. The
 * struct must not move afterwards. */
MUST_USE int microphone_open(struct microphone *, const struct args *, const char *path);
/* The next frame, at once. */
void microphone_next(struct microphone *, float out[static SOUND_FRAME]);
/* A struct of zeros is fine. */
void microphone_close(struct microphone *);

#endif
