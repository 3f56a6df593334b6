#define _POSIX_C_SOURCE 200809L
#include "cli/commands.h"

#include "base/text.h"
#include "cli/line.h"
#include "crypto/crypto.h"
#include "house/house.h"
#include "io/udp.h"
#include "relay/relay.h"

#include <errno.h>
#include <string.h>
#include <time.h>

const struct args_option serve_options[] = {
    {"listen", ARGS_ADDRESS, "ADDR:PORT", "where HTTP is spoken; loopback alone without TLS or a proxy",
     true},
    {"data", ARGS_TEXT, "DIR", "the folder for the database and the house's key", true},
    {"media", ARGS_ADDRESS, "ADDR:PORT", "where the relay's UDP is; the same as --listen where not given",
     false},
    {"announce", ARGS_TEXT, "ADDR,...", "the addresses that clients send media to, where not that of --media",
     false},
    {"public-url", ARGS_TEXT, "URL", "how the house is called from outside", false},
    {"tls-cert", ARGS_TEXT, "FILE", "the certificate with its chain, PEM", false},
    {"tls-key", ARGS_TEXT, "FILE", "its key, PEM", false},
    {"behind-proxy", ARGS_SWITCH, NULL, "a proxy in front of this speaks TLS", false},
    {0},
};

enum { PORT_TRIES = 8, URL_SIZE = 512, PAIR_SIZE = ADDRESS_TEXT_SIZE + 9 };

static const char relay_subject[] = "relay";

struct serve {
    const struct args *args;
    struct address listen, media;
    char url[URL_SIZE - 8], media_url[URL_SIZE];
    const char *origins[2];
    struct tls *tls;
    struct loop *loop;
    struct store *store;
    struct bus *bus;
    struct http_server *http;
    struct house *house;
    struct relay *relay;
};

static uint64_t unix_ms(void *self)
{
    struct timespec day;

    (void)self;
    clock_gettime(CLOCK_REALTIME, &day);
    return (uint64_t)day.tv_sec * 1000 + (uint64_t)day.tv_nsec / 1000000;
}

static void pair_write(const struct address *a, char out[static PAIR_SIZE])
{
    char host[ADDRESS_TEXT_SIZE];

    address_write(a, host);
    snprintf(out, PAIR_SIZE, address_is_v4(a) ? "%s:%u" : "[%s]:%u", host, address_port(a));
}

static bool is_unspecified(const struct address *a)
{
    static const uint8_t zeros[16], v4_zeros[16] = {[10] = 0xff, [11] = 0xff};

    return memcmp(a->ip, zeros, 16) == 0 || memcmp(a->ip, v4_zeros, 16) == 0;
}

/* --- What was asked for --- */

static int tls_open(struct serve *s)
{
    const char *cert = args_text(s->args, "tls-cert"), *key = args_text(s->args, "tls-key");
    bool proxy = args_switch(s->args, "behind-proxy");

    if ((cert == NULL) != (key == NULL))
        return args_wrong(s->args, "--tls-cert and --tls-key come together");
    if (cert != NULL && proxy)
        return args_wrong(s->args, "either --tls-cert or --behind-proxy, not both");
    if (cert == NULL) {
        if (!proxy && !address_is_loopback(&s->listen))
            return args_wrong(s->args, "without --tls-cert and --tls-key, or --behind-proxy, only a loopback "
                                       "address may be listened on, such as 127.0.0.1:8080");
        return EXIT_DONE;
    }
    switch (tls_server_new(cert, key, &s->tls)) {
    case OK:
        return EXIT_DONE;
    case E_REFUSED:
        return args_wrong(s->args, "the key in %s is not that of the certificate in %s", key, cert);
    case E_MALFORMED:
        return args_wrong(s->args, "%s or %s is no readable PEM file with a certificate, or its key", cert,
                          key);
    default:
        return args_failed(s->args, "TLS cannot be set up");
    }
}

/* A port that is free for UDP, to be tried for TCP: media and HTTP share a number unless told otherwise. */
static int port_find(struct serve *s)
{
    struct udp *udp;
    char pair[PAIR_SIZE];

    if (udp_open(&s->listen, UDP_ALONE, &udp) != OK) {
        pair_write(&s->listen, pair);
        return args_wrong(s->args, "%s cannot be listened on: %s", pair, strerror(errno));
    }
    s->listen = udp_address(udp);
    udp_close(udp);
    return EXIT_DONE;
}

static int url_set(struct serve *s)
{
    const char *public_url = args_text(s->args, "public-url");
    char pair[PAIR_SIZE];
    struct url url;

    pair_write(&s->listen, pair);
    if (public_url == NULL && is_unspecified(&s->listen))
        return args_wrong(s->args, "nobody can call %s: give --public-url", pair);
    if (public_url == NULL)
        snprintf(s->url, sizeof s->url, "%s://%s", s->tls != NULL ? "https" : "http", pair);
    else if (url_parse(bytes_string(public_url), &url) == OK && strcmp(url.path, "/") == 0)
        url_origin(&url, s->url);
    else
        return args_wrong(s->args,
                          "--public-url takes a URL without a path, such as https://tea.example, not '%s'",
                          public_url);
    snprintf(s->media_url, sizeof s->media_url, "%s/media", s->url);
    s->origins[0] = s->url;
    return EXIT_DONE;
}

static int announce_read(struct serve *s, struct relay_settings *settings)
{
    const char *text = args_text(s->args, "announce");
    struct bytes rest = bytes_string(text != NULL ? text : "");

    while (rest.len != 0) {
        const uint8_t *comma = memchr(rest.at, ',', rest.len);
        struct bytes one = bytes(rest.at, comma != NULL ? (size_t)(comma - rest.at) : rest.len);

        if (settings->announce_count == RELAY_ANNOUNCE_MAX)
            return args_wrong(s->args, "--announce takes at most %d addresses", RELAY_ANNOUNCE_MAX);
        if (address_parse(one, 0, &settings->announce[settings->announce_count]) != OK)
            return args_wrong(s->args, "--announce takes addresses, such as 192.0.2.1,2001:db8::1, not '%s'",
                              text);
        settings->announce_count++;
        rest = comma != NULL ? bytes(comma + 1, rest.len - one.len - 1) : bytes(NULL, 0);
    }
    return EXIT_DONE;
}

/* --- The parts --- */

static int store_begin_with(struct serve *s)
{
    const char *folder = args_text(s->args, "data"), *why;
    enum result res = store_open(folder, house_schema(), crypto_random(), &s->store, &why);

    return res == OK ? EXIT_DONE : args_wrong(s->args, "--data %s: %s", folder, why);
}

/* OK | E_IO (errno) | E_NO_MEMORY */
static enum result http_begin(struct serve *s)
{
    const struct http_server_options options = {.loop = s->loop, .origins = s->origins};
    struct address real;
    enum result res = http_server_new(&options, &s->http);

    if (res == OK)
        res = http_listen(s->http, &s->listen, s->tls, &real);
    if (res != OK) {
        int why = errno;

        http_server_free(s->http);
        s->http = NULL;
        errno = why;
    }
    return res;
}

static int house_begin(struct serve *s, const uint8_t relay_tag[static TAG_BYTES])
{
    struct house_settings settings = {
        .store = s->store,
        .random = crypto_random(),
        .unix_ms = unix_ms,
        .bus = s->bus,
        .relay_subject = relay_subject,
        .media_url = s->media_url,
    };

    memcpy(settings.relay_tag, relay_tag, sizeof settings.relay_tag);
    if (house_new(&settings, &s->house) != OK || house_mount(s->house, s->loop, s->http) != OK)
        return args_failed(s->args, "the house cannot be set up");
    return EXIT_DONE;
}

static int relay_begin(struct serve *s, const uint8_t relay_tag[static TAG_BYTES])
{
    struct relay_settings settings = {
        .loop = s->loop,
        .http = s->http,
        .bus = s->bus,
        .subject = relay_subject,
        .random = crypto_random(),
        .unix_ms = unix_ms,
        .media = s->media,
    };
    char pair[PAIR_SIZE];
    int code = announce_read(s, &settings);

    if (code != EXIT_DONE)
        return code;
    memcpy(settings.tag, relay_tag, sizeof settings.tag);
    memcpy(settings.house_key, house_key(s->house), sizeof settings.house_key);
    pair_write(&s->media, pair);
    switch (relay_new(&settings, &s->relay)) {
    case OK:
        return EXIT_DONE;
    case E_MALFORMED:
        return args_wrong(s->args, "nobody can send media to %s: give --announce", pair);
    case E_IO:
        return args_wrong(s->args, "media at %s: %s", pair, strerror(errno));
    default:
        return args_failed(s->args, "the relay cannot be set up");
    }
}

static int listening_print(struct serve *s)
{
    struct address media = relay_address(s->relay, 0);
    char pair[PAIR_SIZE];
    struct line line;

    pair_write(&media, pair);
    line_start(&line, s->args->json);
    line_text(&line, "event", BYTES_TEXT("listening"));
    line_text(&line, "url", bytes_string(s->url));
    line_text(&line, "media", bytes_string(pair));
    return line_print(&line, stdout) == OK ? EXIT_DONE : EXIT_NEGATIVE;
}

static void on_end(void *context)
{
    struct serve *s = context;

    loop_stop(s->loop);
}

static int listen_begin(struct serve *s)
{
    bool any_port = address_port(&s->listen) == 0;
    struct address wanted = s->listen;
    enum result res = E_IO;
    char pair[PAIR_SIZE];

    for (int tries = 0; res == E_IO && tries < (any_port ? PORT_TRIES : 1); tries++) {
        int code;

        s->listen = wanted;
        code = any_port ? port_find(s) : EXIT_DONE;
        if (code == EXIT_DONE)
            code = url_set(s);
        if (code != EXIT_DONE)
            return code;
        res = http_begin(s);
    }
    pair_write(&s->listen, pair);
    if (res == E_IO)
        return args_wrong(s->args, "%s cannot be listened on: %s", pair, strerror(errno));
    return res == OK ? EXIT_DONE : args_failed(s->args, "the HTTP server cannot be set up");
}

static int begin(struct serve *s)
{
    uint8_t relay_tag[TAG_BYTES];
    int code;

    random_fill(crypto_random(), relay_tag, sizeof relay_tag);
    args_address(s->args, "listen", &s->listen);
    code = tls_open(s);
    if (code == EXIT_DONE && (loop_new(&s->loop) != OK || bus_local(&s->bus) != OK))
        code = args_failed(s->args, "the loop cannot be set up");
    if (code == EXIT_DONE)
        code = store_begin_with(s);
    if (code == EXIT_DONE)
        code = listen_begin(s);
    s->media = s->listen;
    args_address(s->args, "media", &s->media);
    if (code == EXIT_DONE)
        code = house_begin(s, relay_tag);
    if (code == EXIT_DONE)
        code = relay_begin(s, relay_tag);
    return code;
}

int serve_run(const struct args *args)
{
    struct serve s = {.args = args};
    int code = begin(&s);

    if (code == EXIT_DONE && loop_on_end(s.loop, on_end, &s) != OK)
        code = args_failed(args, "signals cannot be waited for");
    if (code == EXIT_DONE)
        code = listening_print(&s);
    if (code == EXIT_DONE && loop_run(s.loop) != OK)
        code = args_failed(args, "the loop failed");
    http_server_free(s.http);
    relay_free(s.relay);
    house_free(s.house);
    bus_free(s.bus);
    store_close(s.store);
    tls_free(s.tls);
    loop_free(s.loop);
    return code;
}
