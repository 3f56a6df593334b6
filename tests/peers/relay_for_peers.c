/* A relay for other WebRTC stacks to talk to, with a house of its own: it signs whatever ticket it is asked
 * for on standard input, one a line:
 *
 *   listener|speaker SEAT NUMBER SECONDS FINGERPRINT      ->  the ticket
 *
 * SEAT is 1 to 255; all seats are in one room. First it prints the URL of its entrance. It ends with its
 * input. */
#define _GNU_SOURCE
#include "base/text.h"
#include "crypto/crypto.h"
#include "relay/relay.h"
#include "ticket/write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 512 };

struct stage {
    struct loop *loop;
    struct loop_watch *input;
    struct http_server *http;
    struct relay *relay;
    struct relay_settings settings;
    uint8_t house_seed[32];
    char line[LINE];
    size_t len;
};

static uint64_t unix_ms(void *self)
{
    struct timespec t;

    (void)self;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Colons between the bytes are passed over. */
static int fingerprint_read(const char *text, uint8_t out[static TICKET_FINGERPRINT_LEN])
{
    char hex[2 * TICKET_FINGERPRINT_LEN + 1];
    size_t len = 0, used;

    for (; *text != '\0'; text++) {
        if (*text != ':' && len < sizeof hex - 1)
            hex[len++] = *text;
    }
    return text_unhex(bytes(hex, len), (struct bytes_mut){out, TICKET_FINGERPRINT_LEN}, &used) == OK &&
           used == TICKET_FINGERPRINT_LEN;
}

static void grant(struct stage *s)
{
    struct ticket t = {0};
    char role[16], fingerprint[128], text[TICKET_TEXT_SIZE];
    unsigned seat, number, seconds;

    if (sscanf(s->line, "%15s %u %u %u %127s", role, &seat, &number, &seconds, fingerprint) != 5 ||
        !fingerprint_read(fingerprint, t.fingerprint)) {
        puts("?");
        return;
    }
    memcpy(t.relay, s->settings.tag, sizeof t.relay);
    memset(t.room, 1, sizeof t.room);
    memset(t.seat, (int)seat, sizeof t.seat);
    t.role = strcmp(role, "speaker") == 0 ? TICKET_SPEAKER : TICKET_LISTENER;
    t.number = number;
    t.expiry_s = unix_ms(NULL) / 1000 + seconds;
    if (ticket_write(&t, s->house_seed, text) == OK)
        puts(text);
    else
        puts("?");
}

static void on_input(void *context)
{
    struct stage *s = context;
    char byte;

    if (read(STDIN_FILENO, &byte, 1) != 1) {
        loop_stop(s->loop);
        return;
    }
    if (byte != '\n') {
        if (s->len < sizeof s->line - 1)
            s->line[s->len++] = byte;
        return;
    }
    s->line[s->len] = '\0';
    s->len = 0;
    grant(s);
    fflush(stdout);
}

static enum result start(struct stage *s)
{
    const struct http_server_options options = {.loop = s->loop};
    struct address web, real;

    enum result res = address_parse_pair(BYTES_TEXT("127.0.0.1:0"), &web);
    if (res != OK)
        return res;
    random_fill(crypto_random(), s->house_seed, sizeof s->house_seed);
    res = crypto_ed25519_public(s->house_seed, s->settings.house_key);
    if (res == OK)
        res = http_server_new(&options, &s->http);
    if (res == OK)
        res = http_listen(s->http, &web, NULL, &real);
    if (res != OK)
        return res;

    s->settings.loop = s->loop;
    s->settings.http = s->http;
    s->settings.random = crypto_random();
    s->settings.unix_ms = unix_ms;
    s->settings.media = web;
    random_fill(crypto_random(), s->settings.tag, sizeof s->settings.tag);
    res = relay_new(&s->settings, &s->relay);
    if (res == OK)
        res = loop_watch_new(s->loop, STDIN_FILENO, on_input, s, &s->input);
    if (res == OK) {
        printf("http://127.0.0.1:%u/media\n", (unsigned)address_port(&real));
        fflush(stdout);
    }
    return res;
}

int main(void)
{
    struct stage s = {0};

    enum result res = crypto_start();
    if (res == OK)
        res = loop_new(&s.loop);
    if (res == OK)
        res = start(&s);
    if (res == OK)
        res = loop_run(s.loop);
    if (s.input != NULL)
        loop_watch_free(s.input);
    http_server_free(s.http);
    relay_free(s.relay);
    loop_free(s.loop);
    if (res != OK)
        fprintf(stderr, "relay_for_peers: %s\n", result_text(res));
    return res == OK ? 0 : 1;
}
