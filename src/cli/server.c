#define _POSIX_C_SOURCE 200809L
#include "cli/server.h"

#include "base/text.h"
#include "crypto/crypto.h"
#include "io/udp.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum {
    PORT_TRIES = 8,
    CONNECTIONS_MAX = 8192,     /* of the HTTP server, if the system gives as many descriptors */
    CONNECTIONS_EACH = 256,     /* of one address, where nothing else is said */
    DESCRIPTORS_ELSEWHERE = 128 /* for the database, the workers and what libraries open */
};

uint64_t server_unix_ms(void *self)
{
    struct timespec day;

    (void)self;
    clock_gettime(CLOCK_REALTIME, &day);
    return (uint64_t)day.tv_sec * 1000 + (uint64_t)day.tv_nsec / 1000000;
}

void server_pair(const struct address *a, char out[static SERVER_PAIR_SIZE])
{
    char host[ADDRESS_TEXT_SIZE];

    address_write(a, host);
    snprintf(out, SERVER_PAIR_SIZE, address_is_v4(a) ? "%s:%u" : "[%s]:%u", host, address_port(a));
}

static bool is_unspecified(const struct address *a)
{
    static const uint8_t zeros[16], v4_zeros[16] = {[10] = 0xff, [11] = 0xff};

    return memcmp(a->ip, zeros, 16) == 0 || memcmp(a->ip, v4_zeros, 16) == 0;
}

/* --- What was asked for --- */

static int tls_open(struct server *s)
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
static int port_find(struct server *s)
{
    struct udp *udp;
    char pair[SERVER_PAIR_SIZE];

    if (udp_open(&s->listen, UDP_ALONE, &udp) != OK) {
        server_pair(&s->listen, pair);
        return args_wrong(s->args, "%s cannot be listened on: %s", pair, strerror(errno));
    }
    s->listen = udp_address(udp);
    udp_close(udp);
    return EXIT_DONE;
}

static int url_set(struct server *s)
{
    const char *public_url = args_text(s->args, "public-url");
    char pair[SERVER_PAIR_SIZE];
    struct url url;

    server_pair(&s->listen, pair);
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
    s->origins[0] = s->url;
    return EXIT_DONE;
}

static int announce_read(struct server *s, struct relay_settings *settings)
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

/* As many as the system gives without being asked for more than it must; the database keeps its own. */
static unsigned connections_possible(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return 0;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0 && getrlimit(RLIMIT_NOFILE, &files) != 0)
        return 0;
    if (files.rlim_cur < CONNECTIONS_MAX + DESCRIPTORS_ELSEWHERE)
        return files.rlim_cur < 2 * DESCRIPTORS_ELSEWHERE ? DESCRIPTORS_ELSEWHERE
                                                          : (unsigned)files.rlim_cur - DESCRIPTORS_ELSEWHERE;
    return CONNECTIONS_MAX;
}

/* OK | E_IO (errno) | E_NO_MEMORY */
static enum result http_begin(struct server *s)
{
    struct http_server_options options = {
        .loop = s->loop,
        .origins = s->origins,
        .connections_max = connections_possible(),
        .connections_each = CONNECTIONS_EACH,
        .behind_proxy = args_switch(s->args, "behind-proxy"),
    };
    struct address real;
    enum result res;

    args_number(s->args, "connections-each", &options.connections_each);
    res = http_server_new(&options, &s->http);

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

int server_listen(struct server *s, const char *other_origin)
{
    bool any_port = address_port(&s->listen) == 0;
    struct address wanted = s->listen;
    enum result res = E_IO;
    char pair[SERVER_PAIR_SIZE];

    s->origins[1] = other_origin;
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
    server_pair(&s->listen, pair);
    if (res == E_IO)
        return args_wrong(s->args, "%s cannot be listened on: %s", pair, strerror(errno));
    return res == OK ? EXIT_DONE : args_failed(s->args, "the HTTP server cannot be set up");
}

static void on_end(void *context)
{
    struct server *s = context;

    loop_stop(s->loop);
}

int server_begin(struct server *s, const struct args *args)
{
    int code;

    s->args = args;
    args_address(args, "listen", &s->listen);
    code = tls_open(s);
    if (code == EXIT_DONE && (loop_new(&s->loop) != OK || bus_local(&s->bus) != OK))
        code = args_failed(args, "the loop cannot be set up");
    /* Before anybody is told that we listen: who hears of it may end us at once. */
    if (code == EXIT_DONE && loop_on_end(s->loop, on_end, s) != OK)
        code = args_failed(args, "signals cannot be waited for");
    return code;
}

int server_store(struct server *s, struct store **out)
{
    const char *folder = args_text(s->args, "data"), *why;
    enum result res = store_open(folder, house_schema(), crypto_random(), out, &why);

    return res == OK ? EXIT_DONE : args_wrong(s->args, "--data %s: %s", folder, why);
}

static const char *media_url(void *context)
{
    return house_media_url(context);
}

int server_house(struct server *s, struct house_settings *settings, struct house **out)
{
    args_number(s->args, "sign-ups-each", &settings->sign_ups_each);
    args_number(s->args, "rooms-each", &settings->rooms_each);
    settings->random = crypto_random();
    settings->unix_ms = server_unix_ms;
    settings->bus = s->bus;
    settings->relay_subject = SERVER_RELAY_SUBJECT;
    if (house_new(settings, out) != OK || house_mount(*out, s->loop, s->http) != OK)
        return args_failed(s->args, "the house cannot be set up");
    s->page = (struct page_settings){media_url, *out};
    if (page_mount(s->http, &s->page) != OK)
        return args_failed(s->args, "the page cannot be set up");
    return EXIT_DONE;
}

int server_relay(struct server *s, struct relay_settings *settings, struct relay **out)
{
    char pair[SERVER_PAIR_SIZE];
    int code = announce_read(s, settings);

    if (code != EXIT_DONE)
        return code;
    settings->loop = s->loop;
    settings->http = s->http;
    settings->bus = s->bus;
    settings->subject = SERVER_RELAY_SUBJECT;
    settings->random = crypto_random();
    settings->unix_ms = server_unix_ms;
    settings->media = s->listen;
    args_address(s->args, "media", &settings->media);
    server_pair(&settings->media, pair);
    switch (relay_new(settings, out)) {
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

int server_run(struct server *s)
{
    if (loop_run(s->loop) != OK)
        return args_failed(s->args, "the loop failed");
    return EXIT_DONE;
}

void server_close(struct server *s)
{
    http_server_free(s->http);
    s->http = NULL;
}

void server_free(struct server *s)
{
    server_close(s);
    bus_free(s->bus);
    tls_free(s->tls);
    loop_free(s->loop);
}
