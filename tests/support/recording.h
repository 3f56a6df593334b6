/* WAV files of tests: read whole, written whole, spoken by espeak-ng. */
#ifndef SUPPORT_RECORDING_H
#define SUPPORT_RECORDING_H

#include <stddef.h>

struct recording {
    float *samples; /* at 48 kHz, one channel; freed by recording_free */
    size_t count;
};

/* Fails the running test where the file cannot be read. */
struct recording recording_read(const char *path);
void recording_write(const char *path, const float *samples, size_t count);
void recording_free(struct recording *);
/* Writes a tone. */
void recording_tone(const char *path, unsigned seconds);
/* Of a tone: from the last sound before the longest silence to the first after it. It must sound at the end.
 */
double recording_longest_gap_s(const char *path);

#endif
