#define _POSIX_C_SOURCE 200809L
#include "support/recording.h"

#include "sound/frames.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct recording recording_read(const char *path)
{
    struct recording r = {0};
    struct frames *frames;
    size_t room = 0;
    enum result res;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        fail_msg("%s cannot be read", path);
    assert_int_equal(frames_new(&frames, wav_source_of(&fd)), OK);
    do {
        if (room - r.count < SOUND_FRAME) {
            room = 2 * room + 100 * SOUND_FRAME;
            r.samples = realloc(r.samples, room * sizeof *r.samples);
            assert_non_null(r.samples);
        }
        res = frames_next(frames, r.samples + r.count);
        r.count += res == OK ? SOUND_FRAME : 0;
    } while (res == OK);
    if (res != E_CLOSED)
        fail_msg("%s: %s", path, frames_reason(frames));
    frames_free(frames);
    close(fd);
    return r;
}

void recording_write(const char *path, const float *samples, size_t count)
{
    struct wav_writer writer;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        fail_msg("%s cannot be written", path);
    assert_int_equal(wav_writer_start(&writer, wav_sink_of(&fd)), OK);
    assert_int_equal(wav_writer_put(&writer, samples, count), OK);
    assert_int_equal(wav_writer_end(&writer), OK);
    close(fd);
}

void recording_free(struct recording *r)
{
    free(r->samples);
    *r = (struct recording){0};
}

double recording_longest_gap_s(const char *path)
{
    struct recording heard = recording_read(path);
    size_t quiet = 0, longest = 0;
    bool begun = false;

    for (size_t at = 0; at + SOUND_FRAME <= heard.count; at += SOUND_FRAME) {
        float loudest = 0;

        for (size_t i = 0; i < SOUND_FRAME; i++)
            loudest = heard.samples[at + i] > loudest ? heard.samples[at + i] : loudest;
        quiet = loudest > 0.02f ? 0 : quiet + SOUND_FRAME;
        begun = begun || quiet == 0;
        longest = begun && quiet > longest ? quiet : longest;
    }
    recording_free(&heard);
    assert_true(begun);
    assert_true(quiet < SOUND_RATE / 2);
    return (double)longest / SOUND_RATE;
}

void recording_tone(const char *path, unsigned seconds)
{
    size_t count = (size_t)seconds * SOUND_RATE;
    float *samples = malloc(count * sizeof *samples);

    assert_non_null(samples);
    for (size_t i = 0; i < count; i++)
        samples[i] = 0.2f * (float)(i / 55 % 2) - 0.1f;
    recording_write(path, samples, count);
    free(samples);
}
