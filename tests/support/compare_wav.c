/* compare_wav REFERENCE.wav RECORDING.wav [--json] [--least SECONDS]
 *
 * Whether the recording holds the reference as Opus decodes it; see support/waveform.h. Exits 0 where it
 * does, 1 where it does not, 2 where a file cannot be read. */
#include "sound/frames.h"
#include "support/waveform.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sound {
    float *samples;
    size_t count;
};

static enum result load_frames(struct frames *frames, struct sound *s)
{
    enum result res;

    do {
        float *more = realloc(s->samples, (s->count + SOUND_FRAME) * sizeof *more);

        if (more == NULL)
            return E_NO_MEMORY;
        s->samples = more;
        res = frames_next(frames, s->samples + s->count);
        if (res == OK)
            s->count += SOUND_FRAME;
    } while (res == OK);
    return res == E_CLOSED ? OK : res;
}

static bool load(const char *path, struct sound *s)
{
    int fd = open(path, O_RDONLY);
    struct frames *frames = NULL;
    enum result res;

    if (fd < 0) {
        perror(path);
        return false;
    }
    res = frames_new(&frames, wav_source_of(&fd));
    if (res == OK)
        res = load_frames(frames, s);
    if (res != OK)
        fprintf(stderr, "%s: %s\n", path, frames != NULL ? frames_reason(frames) : result_text(res));
    frames_free(frames);
    close(fd);
    return res == OK;
}

static void print(const struct waveform_verdict *v, bool json)
{
    double lag_ms = (double)v->lag * 1000 / SOUND_RATE;

    if (json)
        printf("{\"same\":%s,\"why\":\"%s\",\"worst_correlation\":%.4f,\"worst_at_s\":%.3f,"
               "\"longest_hole_ms\":%.1f,\"hole_at_s\":%.3f,\"lag_ms\":%.3f,\"compared_s\":%.3f,\"windows\":%"
               "u}\n",
               v->same ? "true" : "false", v->why, v->worst_correlation, v->worst_at_s, v->longest_hole_ms,
               v->hole_at_s, lag_ms, v->compared_s, v->windows);
    else
        printf("%s%s%s\nworst window    %.4f at %.3f s, of %u\nlongest hole    %.1f ms at %.3f s\nlag        "
               "     "
               "%.3f ms\ncompared        %.3f s\n",
               v->same ? "the same" : "not the same", v->why[0] == '\0' ? "" : ": ", v->why,
               v->worst_correlation, v->worst_at_s, v->windows, v->longest_hole_ms, v->hole_at_s, lag_ms,
               v->compared_s);
}

int main(int argc, char **argv)
{
    struct sound sounds[2] = {0};
    struct waveform_verdict verdict;
    double least_s = 1;
    bool json = false, good = true;
    int files = 0;

    for (int i = 1; i < argc && good; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--least") == 0 && i + 1 < argc)
            least_s = strtod(argv[++i], NULL);
        else
            good = files < 2 && argv[i][0] != '-' && load(argv[i], &sounds[files++]);
    }
    if (good && files == 2) {
        good = waveform_through_opus(sounds[0].samples, sounds[0].count) &&
               waveform_compare(sounds[0].samples, sounds[0].count, sounds[1].samples, sounds[1].count,
                                least_s, &verdict);
    } else {
        fprintf(stderr, "usage: compare_wav REFERENCE.wav RECORDING.wav [--json] [--least SECONDS]\n");
        good = false;
    }
    free(sounds[0].samples);
    free(sounds[1].samples);
    if (!good)
        return 2;
    print(&verdict, json);
    return verdict.same ? 0 : 1;
}
