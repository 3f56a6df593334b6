/* How long a word takes and how soon a newcomer hears: real server, real clients, loopback. Prints one JSON
 * line:
 *
 *   wav_to_wav_ms_p50  from the moment a frame of the speaker's WAV is taken in to the moment that it is
 * written to the listener's, over windows of two seconds first_audio_ms     from the start of `join` to its
 * first audible frame; median round_trips        what a round trip of 100 ms before the joiner alone adds to
 * that, in round trips; median
 */
#include "sound/sound.h"
#include "support/delay.h"
#include "support/recording.h"
#include "support/scene.h"
#include "support/speech.h"
#include "support/waveform.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { JOINS = 9, ROUND_TRIP_US = 100 * 1000, WINDOW_S = 2, TONE_S = 90 };

static int order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, order);
    return values[count / 2];
}

static void gone(struct process *p)
{
    if (process_wait(p, SCENE_WAIT_MS) != 0)
        fail_msg("a join ended with %d: %s", p->code, p->errors);
    process_end(p);
}

/* The lag of each window of the reference, given that of the whole. */
static double lag_ms_p50(const struct recording *said, const struct recording *heard)
{
    double lags[32];
    size_t count = 0;

    for (size_t at = SOUND_RATE; at + WINDOW_S * SOUND_RATE <= said->count && count < 32; at += SOUND_RATE) {
        struct waveform_verdict verdict;

        if (waveform_compare(said->samples + at, WINDOW_S * SOUND_RATE, heard->samples, heard->count, 1,
                             &verdict) &&
            verdict.worst_correlation > WAVEFORM_CORRELATION)
            lags[count++] = (double)(verdict.lag - (int64_t)at) * 1000 / SOUND_RATE;
    }
    assert_true(count >= 5);
    return median(lags, count);
}

static double wav_to_wav_ms(struct scene *scene)
{
    struct speech said = speech_say("en", speech_english);
    char room[SCENE_ROOM], spoken[SCRATCH_PATH], recorded[SCRATCH_PATH], whole[24];
    struct process amy, bo;
    struct recording written, heard;
    int64_t begun_us, seated_us;
    const char *line;
    double lag_ms;

    scratch_path(scene->folder, "spoken.wav", spoken);
    scratch_path(scene->folder, "recorded.wav", recorded);
    recording_write(spoken, said.samples, said.count);
    scene_room(scene, "amy", "Delay", room);
    snprintf(whole, sizeof whole, "%zu", said.count / SOUND_RATE + 2);
    const char *listen[] = {"--record", recorded, "--for", whole, NULL};
    const char *speak[] = {"--speak", spoken, "--for", whole, NULL};
    scene_join(scene, &bo, "bo", room, listen);
    seated_us = scene_event(&bo, "seated", &line);
    scene_join(scene, &amy, "amy", room, speak);
    begun_us = scene_event(&amy, "stage", &line);
    gone(&amy);
    gone(&bo);

    heard = recording_read(recorded);
    written = recording_read(spoken); /* Opus hears its 16 bits */
    assert_true(waveform_through_opus(written.samples, written.count));
    lag_ms = lag_ms_p50(&written, &heard);
    recording_free(&heard);
    recording_free(&written);
    free(said.samples);
    return lag_ms - (double)(begun_us - seated_us) / 1000;
}

/* A tone that never ends, so that the first frame that can be heard is loud. */
static void tone_write(const char *path)
{
    float *samples = malloc(TONE_S * SOUND_RATE * sizeof *samples);

    assert_non_null(samples);
    for (size_t i = 0; i < (size_t)TONE_S * SOUND_RATE; i++)
        samples[i] = 0.3f * sinf((float)(i % SOUND_RATE) * 440 * 6.2831853f / SOUND_RATE);
    recording_write(path, samples, (size_t)TONE_S * SOUND_RATE);
    free(samples);
}

static double first_audio_ms(struct scene *scene, const char *handle, const char *room)
{
    const char *options[] = {"--for", "2", NULL};
    double values[JOINS];
    const char *line;

    for (size_t i = 0; i < JOINS; i++) {
        struct process p;
        int64_t started_us = process_now_us();

        scene_join(scene, &p, handle, room, options);
        values[i] = (double)(scene_event(&p, "heard", &line) - started_us) / 1000;
        gone(&p);
    }
    return median(values, JOINS);
}

int main(void)
{
    char room[SCENE_ROOM], spoken[SCRATCH_PATH], far_url[SCENE_URL];
    double delay_ms, near_ms, far_ms;
    struct process amy;
    struct scene scene;
    struct delay *delay;
    const char *line;

    scene_start(&scene, NULL);
    delay = delay_start(scene.port, scene.media_port, ROUND_TRIP_US);
    assert_non_null(delay);
    snprintf(far_url, sizeof far_url, "http://" DELAY_HOST ":%u", scene.port);
    scene_sign_up(&scene, scene.url, "amy");
    scene_sign_up(&scene, scene.url, "bo");
    scene_sign_up(&scene, far_url, "cy");
    delay_ms = wav_to_wav_ms(&scene);

    scratch_path(scene.folder, "tone.wav", spoken);
    tone_write(spoken);
    scene_room(&scene, "amy", "First audio", room);
    const char *speak[] = {"--speak", spoken, NULL};
    scene_join(&scene, &amy, "amy", room, speak);
    scene_event(&amy, "stage", &line);
    near_ms = first_audio_ms(&scene, "bo", room);
    far_ms = first_audio_ms(&scene, "cy", room);
    process_signal(&amy, 15);
    gone(&amy);

    printf("{\"name\":\"join\",\"wav_to_wav_ms_p50\":%.1f,\"first_audio_ms\":%.0f,\"round_trips\":%.2f}\n",
           delay_ms, near_ms, (far_ms - near_ms) * 1000 / ROUND_TRIP_US);
    delay_end(delay);
    scene_end(&scene);
    return 0;
}
