#include "sound/frames.h"

#include "sound/resample.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 512 };

struct frames {
    struct wav_reader reader;
    struct resampler *resampler; /* NULL where the file has the right rate already */
    bool opened, ended;
    size_t tail;     /* zeros still to be put behind the end */
    size_t from, to; /* what of `piece` is waiting, at the file's rate */
    float piece[PIECE];
    size_t filled; /* samples of the frame in the making */
    float frame[SOUND_FRAME];
};

enum result frames_new(struct frames **out, struct wav_source source)
{
    struct frames *f = calloc(1, sizeof *f);

    *out = f;
    if (f == NULL)
        return E_NO_MEMORY;
    wav_reader_start(&f->reader, source);
    return OK;
}

void frames_free(struct frames *f)
{
    if (f == NULL)
        return;
    resampler_free(f->resampler);
    free(f);
}

const char *frames_reason(const struct frames *f)
{
    return f->reader.reason;
}

static enum result open(struct frames *f)
{
    enum result res = wav_reader_open(&f->reader);

    if (res == OK && f->reader.rate != SOUND_RATE)
        res = resampler_new(&f->resampler, f->reader.rate);
    if (res != OK)
        return res;
    f->tail = f->resampler == NULL ? 0 : resampler_tail(f->resampler);
    f->opened = true;
    return OK;
}

/* More samples at the file's rate, then the zeros that push the last of them through the resampler. */
static enum result next_piece(struct frames *f)
{
    enum result res = E_CLOSED;

    f->from = 0;
    f->to = 0;
    if (!f->ended)
        res = wav_reader_take(&f->reader, f->piece, PIECE, &f->to);
    if (res != E_CLOSED)
        return res;
    f->ended = true;
    if (f->tail == 0)
        return E_CLOSED;
    f->to = f->tail < PIECE ? f->tail : PIECE;
    f->tail -= f->to;
    memset(f->piece, 0, f->to * sizeof f->piece[0]);
    return OK;
}

static void move(struct frames *f)
{
    size_t taken = f->to - f->from, given = SOUND_FRAME - f->filled;

    if (f->resampler != NULL) {
        resampler_put(f->resampler, f->piece + f->from, &taken, f->frame + f->filled, &given);
    } else {
        given = taken = taken < given ? taken : given;
        memcpy(f->frame + f->filled, f->piece + f->from, taken * sizeof f->piece[0]);
    }
    f->from += taken;
    f->filled += given;
}

enum result frames_next(struct frames *f, float out[static SOUND_FRAME])
{
    enum result res = f->opened ? OK : open(f);

    while (res == OK && f->filled < SOUND_FRAME) {
        if (f->from == f->to)
            res = next_piece(f);
        if (res == OK)
            move(f);
    }
    if (res == E_CLOSED && f->filled > 0)
        res = OK;
    if (res != OK)
        return res;
    memcpy(out, f->frame, f->filled * sizeof out[0]);
    memset(out + f->filled, 0, (SOUND_FRAME - f->filled) * sizeof out[0]);
    f->filled = 0;
    return OK;
}
