#define _GNU_SOURCE
#include "support/garbage.h"

#include "support/recording.h"
#include "support/scene.h"
#include "support/usage.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { SOURCES = 64, KINDS = 4, BURST_US = 2000 };

struct garbage {
    pthread_t thread;
    struct sockaddr_in to;
    int sources[SOURCES];
    unsigned each_second, sent;
    uint64_t seed;
    atomic_bool stop;
};

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t draw(struct garbage *g)
{
    g->seed ^= g->seed << 13;
    g->seed ^= g->seed >> 7;
    g->seed ^= g->seed << 17;
    return g->seed;
}

/* RFC 8489: a binding request with a USERNAME of eight characters and a colon, as a session's would be. */
static size_t stun(uint8_t *at)
{
    static const uint8_t head[] = {0, 1, 0, 24, 0x21, 0x12, 0xa4, 0x42};
    static const char name[] = "\0\x06\0\x11"
                               "ABCDEFGH:abcdefgh\0\0\0";

    memcpy(at, head, sizeof head);
    memcpy(at + 20, name, 24);
    return 44;
}

static size_t write_one(struct garbage *g, uint8_t at[static 256])
{
    static const uint8_t hello[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 200, 1, 0, 0, 188};

    for (size_t i = 0; i < 256; i += 8) {
        uint64_t bits = draw(g);

        memcpy(at + i, &bits, 8);
    }
    switch (g->sent % KINDS) {
    case 0:
        return stun(at);
    case 1:
        memcpy(at, hello, sizeof hello);
        return 213;
    case 2:
        at[0] = 0x90;
        at[1] = 111;
        return 200;
    default:
        return 1 + draw(g) % 255;
    }
}

static void *run(void *self)
{
    struct garbage *g = self;
    uint64_t begun_us = now_us(), skipped = 0;
    const struct timespec pause = {0, BURST_US * 1000};
    uint8_t datagram[256];

    while (!atomic_load(&g->stop)) {
        uint64_t due = (now_us() - begun_us) * g->each_second / 1000000 - skipped;

        /* A machine that had no time for us is not to be paid back with a flood. */
        if (due > g->sent + g->each_second / 20) {
            skipped += due - g->sent - g->each_second / 20;
            due = g->sent + g->each_second / 20;
        }
        for (; g->sent < due; g->sent++) {
            size_t len = write_one(g, datagram);

            (void)sendto(g->sources[g->sent / KINDS % SOURCES], datagram, len, 0,
                         (const struct sockaddr *)&g->to, sizeof g->to);
        }
        nanosleep(&pause, NULL);
    }
    return NULL;
}

struct garbage *garbage_start(uint16_t port, unsigned each_second)
{
    struct garbage *g = calloc(1, sizeof *g);

    assert_non_null(g);
    g->each_second = each_second;
    g->seed = 0x9e3779b97f4a7c15u;
    g->to = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (unsigned i = 0; i < SOURCES; i++) {
        const struct sockaddr_in from = {.sin_family = AF_INET,
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + i)};

        g->sources[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_true(g->sources[i] >= 0);
        assert_int_equal(bind(g->sources[i], (const struct sockaddr *)&from, sizeof from), 0);
    }
    assert_int_equal(pthread_create(&g->thread, NULL, run, g), 0);
    return g;
}

unsigned garbage_end(struct garbage *g)
{
    unsigned sent;

    atomic_store(&g->stop, true);
    pthread_join(g->thread, NULL);
    sent = g->sent;
    for (unsigned i = 0; i < SOURCES; i++)
        close(g->sources[i]);
    free(g);
    return sent;
}

/* --- What it does to a listener --- */

enum { TONE_S = 60 };

static void listen_for(const struct scene *scene, const char *room, unsigned seconds, unsigned *frames,
                       unsigned *lost)
{
    char time[16];
    struct process bo;
    const char *line;

    snprintf(time, sizeof time, "%u", seconds);
    const char *options[] = {"--for", time, NULL};
    scene_join(scene, &bo, "bo", room, options);
    scene_event(&bo, "left", &line);
    *frames = (unsigned)(scene_number(line, "frames_played") + scene_number(line, "frames_lost"));
    *lost = (unsigned)scene_number(line, "frames_lost");
    assert_int_equal(scene_number(line, "frames_refused"), 0);
    assert_int_equal(process_wait(&bo, SCENE_WAIT_MS), 0);
    process_end(&bo);
}

void garbage_measure(unsigned seconds, unsigned each_second, struct garbage_figures *out)
{
    char room[SCENE_ROOM], tone[SCRATCH_PATH];
    struct garbage *garbage;
    struct scene scene;
    struct process amy;
    const char *line;
    long before_kb;

    scene_start(&scene, NULL);
    scene_sign_up(&scene, scene.url, "amy");
    scene_sign_up(&scene, scene.url, "bo");
    scene_room(&scene, "amy", "Noise", room);
    scratch_path(scene.folder, "tone.wav", tone);
    recording_tone(tone, TONE_S);
    const char *speaks[] = {"--speak", tone, NULL};
    scene_join(&scene, &amy, "amy", room, speaks);
    scene_event(&amy, "stage", &line);

    listen_for(&scene, room, seconds, &out->control_frames, &out->control_lost);
    before_kb = usage_memory_kb(scene.server.pid);
    garbage = garbage_start(scene.media_port, each_second);
    listen_for(&scene, room, seconds, &out->frames, &out->lost);
    out->grown_kb = usage_memory_kb(scene.server.pid) - before_kb;
    out->sent = garbage_end(garbage);

    process_signal(&amy, SIGTERM);
    assert_int_equal(process_wait(&amy, SCENE_WAIT_MS), 0);
    process_end(&amy);
    scene_end(&scene);
}
