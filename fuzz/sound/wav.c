/* A WAV file in pieces: the first byte says how many bytes each read gives, and whether every other one has
 * to be asked for twice. What comes out is sound, and no more of it than the file can hold. */
#include "sound/wav.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct pieces {
    struct bytes left;
    size_t most;
    bool patient, asked;
};

static enum result read_piece(void *self, struct bytes_mut into, size_t *got)
{
    struct pieces *p = self;
    size_t n = p->left.len < p->most ? p->left.len : p->most;

    p->asked = !p->asked;
    if (p->patient && p->asked)
        return E_AGAIN;
    if (n > into.len)
        n = into.len;
    if (n != 0)
        memcpy(into.at, p->left.at, n);
    p->left = bytes(p->left.at + n, p->left.len - n);
    *got = n;
    return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pieces p;
    struct wav_reader w;
    size_t got, total = 0;
    enum result res;

    if (size == 0)
        return 0;
    p = (struct pieces){{data + 1, size - 1}, 1 + data[0] / 2, data[0] % 2 != 0, false};
    wav_reader_start(&w, (struct wav_source){read_piece, &p});
    do {
        float samples[97];

        res = wav_reader_take(&w, samples, 97, &got);
        assert(got <= 97 && (res == OK) == (got > 0));
        for (size_t i = 0; i < got; i++)
            assert(samples[i] >= -1.001f && samples[i] <= 1.001f);
        total += got;
    } while (res == OK || res == E_AGAIN);
    assert(total * 2 <= size);
    assert((res == E_CLOSED) == (w.reason[0] == '\0'));
    assert(memchr(w.reason, '\0', sizeof w.reason) != NULL);
    return 0;
}
