/* Whether a recording holds what was said: the same waveform, window by window, without holes. What went
 * through Opus is compared with what Opus makes of it, so nothing but the way between is judged. */
#ifndef SUPPORT_WAVEFORM_H
#define SUPPORT_WAVEFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAVEFORM_CORRELATION 0.95 /* of each window of a second, at least */
#define WAVEFORM_HOLE_MS     20.0 /* at most, where the reference is loud */

struct waveform_verdict {
    bool same;
    const char *why; /* "" where it is the same */
    int64_t lag;     /* samples of the recording before the reference begins; negative where it began later */
    double worst_correlation, worst_at_s; /* the window, counted from the reference's beginning */
    double longest_hole_ms, hole_at_s;
    double compared_s;
    unsigned windows; /* of a second, that held sound enough to be compared */
};

/* The samples as a client encodes and a listener decodes them, from the first on; in place. `count` is
 * rounded down to whole frames. False where memory is short. */
bool waveform_through_opus(float *samples, size_t count);

/* Finds the lag and compares what both hold; less than `least_s` seconds in common are not the same. A
 * recording that began after the reference is compared from its first sound on, which may be a second away.
 * False where memory is short. */
bool waveform_compare(const float *reference, size_t reference_count, const float *recording,
                      size_t recording_count, double least_s, struct waveform_verdict *);

/* How well two pieces of one length agree, lag 0: -1 to 1; 0 where one is silent. */
double waveform_correlation(const float *, const float *, size_t count);

#endif
