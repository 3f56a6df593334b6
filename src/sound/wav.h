/* WAV files, in and out. The reader pulls: it works from a pipe, needs no length and never seeks. It takes 8
 * to 48 kHz, 1 to 6 channels, integers of 16, 24 or 32 bits and floats of 32, WAVE_FORMAT_EXTENSIBLE too, and
 * gives one channel of floats at the file's own rate. The writer makes 48 kHz, mono, 16 bits. */
#ifndef SOUND_WAV_H
#define SOUND_WAV_H

#include "base/bytes.h"
#include "base/result.h"

/* Where the bytes come from. Sets *got to at least 1, or to 0 at the end. OK | E_AGAIN | E_IO */
struct wav_source {
    enum result (*read)(void *self, struct bytes_mut into, size_t *got);
    void *self;
};

/* Where they go: `at` counts from the file's start, and the header is written more than once. OK | E_IO */
struct wav_sink {
    enum result (*write)(void *self, uint64_t at, struct bytes);
    void *self;
};

/* An open file descriptor, which must outlive the source or sink; a sink's must be seekable. */
struct wav_source wav_source_of(int *fd);
struct wav_sink wav_sink_of(int *fd);

enum { WAV_CHANNELS = 6, WAV_REASON_SIZE = 96 };

enum wav_state { WAV_RIFF, WAV_CHUNK, WAV_PAD, WAV_SKIP, WAV_FORMAT, WAV_SAMPLES, WAV_END, WAV_BAD };

struct wav_reader {
    struct wav_source source;
    enum wav_state state;
    enum result why;              /* of WAV_BAD */
    char reason[WAV_REASON_SIZE]; /* one line for a person: what was found and what would be right */
    uint32_t rate;                /* of the file; set once wav_reader_open gave OK, like the next three */
    unsigned channels;
    unsigned bits;
    bool is_float;
    float weight[WAV_CHANNELS]; /* of each channel in the one that comes out; their sum is 1 */
    uint64_t left;              /* bytes of the chunk at hand; UINT64_MAX for "to the end of the file" */
    bool padded;                /* the chunk at hand has an odd size */
    bool formatted;
    size_t from, to; /* what of `held` is waiting */
    uint8_t held[4096];
};

void wav_reader_start(struct wav_reader *, struct wav_source);

/* Reads up to the first sample. A data size of 0 or 0xffffffff means "to the end" (field report G59).
 * OK | E_AGAIN (call again when the source has more) | E_MALFORMED | E_UNSUPPORTED | E_IO, with `reason` set
 */
MUST_USE enum result wav_reader_open(struct wav_reader *);

/* The next samples, `max` at most, all channels mixed into one; opens the file by itself. A sample that the
 * end of the file cuts in half is left out. Floats that are no numbers become 0, others are held to -1 to 1.
 * OK with *got > 0 | E_CLOSED at the end | E_AGAIN | as wav_reader_open */
MUST_USE enum result wav_reader_take(struct wav_reader *, float *to, size_t max, size_t *got);

struct wav_writer {
    struct wav_sink sink;
    uint64_t written; /* bytes of samples */
    uint64_t told;    /* of these, what the header knows */
};

/* Writes a header for no samples. OK | E_IO */
MUST_USE enum result wav_writer_start(struct wav_writer *, struct wav_sink);
/* Appends; the header is brought up to date at least once a second of sound, so that a recorder that is
 * killed leaves a readable file. OK | E_TOO_LARGE (4 GiB, after 12 hours; nothing is written) | E_IO */
MUST_USE enum result wav_writer_put(struct wav_writer *, const float *samples, size_t count);
/* Brings the header up to date; more may be put afterwards. OK | E_IO */
MUST_USE enum result wav_writer_end(struct wav_writer *);

#endif
