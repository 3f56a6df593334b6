/* Who opens and then does nothing: connections that never become anything, and readers that do not read. */
#define _DEFAULT_SOURCE
#include "support/caller.h"
#include "support/certificate.h"
#include "support/recording.h"
#include "support/scene.h"
#include "support/usage.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ssl.h>

enum {
    HALF_OPEN = 500,
    HALF_OPEN_KB = 80, /* that one may cost */
    HALF_OPEN_S = 16,  /* the head's 10 s, and 2 for the answer to be read */
    MAKERS = 4,
    ROOMS = 16, /* of each maker, with the longest title */
    READERS = 16,
    READS = 22, /* lists of all rooms that each asks for: 1.4 MB */
    TONE_S = 60,
};

/* --- Half of something --- */

struct half {
    int fd;
    SSL *ssl;
};

static struct {
    struct scene scene; /* with TLS */
    char cert[SCRATCH_PATH];
    SSL_CTX *context;
    struct half halves[HALF_OPEN];
    unsigned descriptors; /* of the server before */
    long memory_kb;
    int64_t opened_us; /* when the last one was */
} idle;

/* When nobody who has gone is still being seen off. */
static unsigned descriptors_at_rest(pid_t server)
{
    unsigned count = usage_descriptors(server);

    for (int same = 0; same < 6; same++) {
        unsigned before = count;

        (void)poll(NULL, 0, 50);
        count = usage_descriptors(server);
        if (count != before)
            same = 0;
    }
    return count;
}

static int dial(uint16_t port)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {10, 0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void secure(struct half *h)
{
    h->ssl = SSL_new(idle.context);
    assert_non_null(h->ssl);
    assert_int_equal(SSL_set_fd(h->ssl, h->fd), 1);
    assert_int_equal(SSL_connect(h->ssl), 1);
}

static void say(struct half *h, const char *text, size_t len)
{
    assert_int_equal(SSL_write(h->ssl, text, (int)len), len);
}

static void half_open(struct half *h, unsigned kind)
{
    static const char hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03half of a hello";
    static const char head[] = "GET /signal HTTP/1.1\r\nHost: t\r\nX-And-Th";
    static const char upgrade[] =
        "GET /signal HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: teahouse.1\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    static const char frame[] = "\x82\xfe\x01\x00\x01\x02\x03\x04half";
    char answer[16];

    h->fd = dial(idle.scene.port);
    if (kind == 1)
        assert_int_equal(send(h->fd, hello, sizeof hello - 1, MSG_NOSIGNAL), sizeof hello - 1);
    if (kind < 2)
        return;
    secure(h);
    if (kind == 2) {
        say(h, head, sizeof head - 1);
        return;
    }
    say(h, upgrade, sizeof upgrade - 1);
    assert_int_equal(SSL_read(h->ssl, answer, sizeof answer), sizeof answer);
    assert_memory_equal(answer, "HTTP/1.1 101 ", 13);
    say(h, frame, sizeof frame - 1);
}

static int64_t sign_up_takes_us(const char *handle)
{
    int64_t begun_us = process_now_us();

    setenv("SSL_CERT_FILE", idle.cert, 1);
    scene_sign_up(&idle.scene, idle.scene.url, handle);
    unsetenv("SSL_CERT_FILE");
    return process_now_us() - begun_us;
}

/* They stay as they are while the next test runs. */
static void half_open_sockets_keep_nobody_out(void **state)
{
    int64_t alone_us, among_us;
    long grown_kb;

    (void)state;
    sign_up_takes_us("anybody"); /* what is built at the first handshake counts for no connection */
    alone_us = sign_up_takes_us("amy");
    idle.descriptors = descriptors_at_rest(idle.scene.server.pid);
    idle.memory_kb = usage_memory_kb(idle.scene.server.pid);
    for (unsigned i = 0; i < HALF_OPEN; i++)
        half_open(&idle.halves[i], i % 4);
    idle.opened_us = process_now_us();
    assert_in_range(usage_descriptors(idle.scene.server.pid), idle.descriptors + HALF_OPEN * 9 / 10,
                    idle.descriptors + HALF_OPEN);
    among_us = sign_up_takes_us("bo");
    if (among_us > alone_us + 2000 * 1000)
        fail_msg("a sign-up took %d ms, and %d among them", (int)(alone_us / 1000), (int)(among_us / 1000));
    grown_kb = usage_memory_kb(idle.scene.server.pid) - idle.memory_kb;
    if (grown_kb > HALF_OPEN * HALF_OPEN_KB)
        fail_msg("%ld kB more", grown_kb);
}

static void half_open_sockets_are_closed_in_time(void **state)
{
    int64_t until_us = idle.opened_us + HALF_OPEN_S * 1000 * 1000;
    unsigned open, left;

    (void)state;
    do {
        (void)poll(NULL, 0, 50);
        open = usage_descriptors(idle.scene.server.pid);
        left = open > idle.descriptors ? open - idle.descriptors : 0;
    } while (left != 0 && process_now_us() < until_us);
    if (left != 0)
        fail_msg("%u are still open", left);
    (void)sign_up_takes_us("cy");
}

/* --- Readers that do not read --- */

static struct {
    struct scene scene;
    char tone[SCRATCH_PATH], heard[SCRATCH_PATH], room[SCENE_ROOM];
    struct process amy, bo;
    struct caller account, readers[READERS];
} slow;

static void rooms_make(struct caller *maker)
{
    static const char letter[] = "\xf0\xa0\x80\x80"; /* U+20000, a letter of four bytes */
    static char title[TITLE_BYTES + 1];
    struct signal answer;

    for (size_t at = 0; at < TITLE_BYTES; at += 4)
        memcpy(title + at, letter, 4);
    for (unsigned i = 0; i < ROOMS; i++) {
        caller_ask_room(maker, title, &answer);
        assert_int_equal(answer.type, SIGNAL_ROOM_IS);
    }
}

/* Comes, sits and leaves; gives how long it took to be seated. */
static int64_t visit_us(const char *handle)
{
    int64_t begun_us = process_now_us(), took_us;
    struct process p;
    const char *line;

    scene_join(&slow.scene, &p, handle, slow.room, NULL);
    scene_event(&p, "seated", &line);
    took_us = process_now_us() - begun_us;
    process_signal(&p, SIGTERM);
    assert_int_equal(process_wait(&p, SCENE_WAIT_MS), 0);
    process_end(&p);
    return took_us;
}

/* Each asks for 1.4 MB and reads nothing of it; the house lets it go. Gives the server's memory then. */
static long wave(unsigned descriptors, int64_t alone_us)
{
    struct signal ask = {.type = SIGNAL_ROOM_LIST}, answer;
    int64_t until_us, took_us;
    long most_kb = 0;

    for (unsigned i = 0; i < READERS; i++) {
        memcpy(slow.readers[i].seed, slow.account.seed, 32);
        memcpy(slow.readers[i].key, slow.account.key, 32);
        caller_open(&slow.readers[i], slow.scene.port, 16 * 1024);
        caller_sign_in(&slow.readers[i]);
    }
    for (unsigned k = 0; k < READS; k++)
        for (unsigned i = 0; i < READERS; i++)
            caller_send(&slow.readers[i], &ask);
    /* Whoever reads on finds out why. */
    while (caller_take(&slow.readers[0], &answer))
        assert_int_equal(answer.type, SIGNAL_ROOMS);
    assert_int_equal(slow.readers[0].closed, 1008);
    assert_string_equal(slow.readers[0].reason, "reads too slowly");
    took_us = visit_us("cy");
    if (took_us > alone_us + 2000 * 1000)
        fail_msg("a seat took %d ms, and %d before", (int)(took_us / 1000), (int)(alone_us / 1000));
    until_us = process_now_us() + 6 * 1000 * 1000;
    while (usage_descriptors(slow.scene.server.pid) > descriptors && process_now_us() < until_us) {
        long kb = usage_memory_kb(slow.scene.server.pid);

        most_kb = kb > most_kb ? kb : most_kb;
        (void)poll(NULL, 0, 20);
    }
    assert_in_range(usage_descriptors(slow.scene.server.pid), 1, descriptors);
    for (unsigned i = 0; i < READERS; i++)
        caller_close(&slow.readers[i]);
    return most_kb;
}

static void slow_readers_are_let_go(void **state)
{
    const char *speaks[] = {"--speak", slow.tone, NULL}, *records[] = {"--record", slow.heard, NULL};
    unsigned descriptors;
    int64_t alone_us;
    long before_kb, first_kb, second_kb;
    struct caller maker = {0};
    const char *line;

    (void)state;
    for (unsigned i = 0; i < MAKERS; i++) {
        char handle[] = "maker-a";

        handle[6] = (char)('a' + i);
        caller_open(&maker, slow.scene.port, 0);
        caller_sign_up(&maker, handle);
        rooms_make(&maker);
        caller_close(&maker);
    }
    caller_open(&slow.account, slow.scene.port, 0);
    caller_sign_up(&slow.account, "sloth");
    caller_close(&slow.account);
    scene_join(&slow.scene, &slow.amy, "amy", slow.room, speaks);
    scene_event(&slow.amy, "stage", &line);
    scene_join(&slow.scene, &slow.bo, "bo", slow.room, records);
    scene_event(&slow.bo, "heard", &line);
    alone_us = visit_us("cy");
    descriptors = descriptors_at_rest(slow.scene.server.pid);
    before_kb = usage_memory_kb(slow.scene.server.pid);
    first_kb = wave(descriptors, alone_us);
    second_kb = wave(descriptors, alone_us);
    /* A queue of 1 MiB each, and what is being written; and nothing of that is kept. */
    if (first_kb - before_kb > READERS * 1536 || second_kb - first_kb > 4096)
        fail_msg("from %ld kB to %ld, and to %ld", before_kb, first_kb, second_kb);

    process_signal(&slow.bo, SIGTERM);
    assert_int_equal(process_wait(&slow.bo, SCENE_WAIT_MS), 0);
    process_signal(&slow.amy, SIGTERM);
    assert_int_equal(process_wait(&slow.amy, SCENE_WAIT_MS), 0);
    process_end(&slow.bo);
    process_end(&slow.amy);
    assert_true(recording_longest_gap_s(slow.heard) < 0.5);
}

/* --- The two servers --- */

static int start(void **state)
{
    char key[SCRATCH_PATH];

    (void)state;
    scene_open(&idle.scene);
    scratch_path(idle.scene.folder, "cert.pem", idle.cert);
    scratch_path(idle.scene.folder, "key.pem", key);
    certificate_make("IP:127.0.0.1", idle.cert, key);
    const char *options[] = {"--tls-cert", idle.cert, "--tls-key", key, NULL};
    scene_serve(&idle.scene, options);
    idle.context = SSL_CTX_new(TLS_client_method());
    assert_non_null(idle.context);

    scene_start(&slow.scene, NULL);
    scene_sign_up(&slow.scene, slow.scene.url, "amy");
    scene_sign_up(&slow.scene, slow.scene.url, "bo");
    scene_sign_up(&slow.scene, slow.scene.url, "cy");
    scene_room(&slow.scene, "amy", "Going on", slow.room);
    scratch_path(slow.scene.folder, "tone.wav", slow.tone);
    scratch_path(slow.scene.folder, "heard.wav", slow.heard);
    recording_tone(slow.tone, TONE_S);
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < HALF_OPEN; i++) {
        SSL_free(idle.halves[i].ssl);
        close(idle.halves[i].fd);
    }
    SSL_CTX_free(idle.context);
    scene_end(&idle.scene);
    scene_end(&slow.scene);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_open_sockets_keep_nobody_out),
        cmocka_unit_test(slow_readers_are_let_go),
        cmocka_unit_test(half_open_sockets_are_closed_in_time),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests_name("idle", tests, start, end);
}
