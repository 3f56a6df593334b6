#include "cli/commands.h"

#include "cli/keys.h"
#include "cli/line.h"
#include "cli/server.h"
#include "crypto/crypto.h"
#include "io/url.h"

#include <string.h>

#define DATA_OPTION                                                                                          \
    {                                                                                                        \
        "data", ARGS_TEXT, "DIR", "the folder for the relay's key", true                                     \
    }

const struct args_option relay_options[] = {
    SERVER_LISTEN_OPTION,
    DATA_OPTION,
    {"house", ARGS_TEXT, "URL", "the house, such as https://tea.example", true},
    {"house-key", ARGS_TEXT, "FILE|HEX", "the house's public key", true},
    SERVER_MEDIA_OPTIONS,
    {"public-url", ARGS_TEXT, "URL", "how the relay is called from outside", false},
    SERVER_WEB_OPTIONS,
    {0},
};

const struct args_option relay_key_options[] = {DATA_OPTION, {0}};

/* What goes to the house on the bus of this process. */
static const char house_subject[] = "house";

enum link_state { LINK_UNTRIED, LINK_UP, LINK_DOWN };

struct apart {
    struct server server;
    struct store_relay *store;
    struct tls *tls;
    struct gate gate;
    struct relay *relay;
    struct bus_link *link;
    char house[URL_ORIGIN_SIZE], media_url[SERVER_MEDIA_URL_SIZE];
    uint8_t key[32], house_key[32];
    enum link_state state;
    int code;
};

/* --- What was asked for --- */

static bool is_near(const struct url *url)
{
    struct address address;

    return strcmp(url->host, "localhost") == 0 ||
           (address_parse(bytes_string(url->host), 0, &address) == OK && address_is_loopback(&address));
}

/* Whoever could change the messages of the link could end rooms and name keys. */
static int house_url_take(struct apart *a, const struct args *args)
{
    const char *text = args_text(args, "house");
    struct url url;

    if (url_parse(bytes_string(text), &url) != OK || strcmp(url.path, "/") != 0)
        return args_wrong(args, "--house takes a URL without a path, such as https://tea.example, not '%s'",
                          text);
    if (!url.tls && !is_near(&url))
        return args_wrong(args, "--house takes https:// alone, or a house on this machine, not '%s'", text);
    url_origin(&url, a->house);
    if (url.tls && tls_client_new(NULL, &a->tls) != OK)
        return args_failed(args, "TLS cannot be set up");
    return EXIT_DONE;
}

static int store_take(const struct args *args, struct store_relay **out)
{
    const char *folder = args_text(args, "data"), *why;
    enum result res = store_relay_open(folder, crypto_random(), out, &why);

    return res == OK ? EXIT_DONE : args_wrong(args, "--data %s: %s", folder, why);
}

/* --- The link --- */

static enum result sign(void *self, struct bytes message, uint8_t signature[static 64])
{
    const struct apart *a = self;

    return crypto_ed25519_sign(store_relay_key(a->store), message, signature);
}

static void link_print(struct apart *a, struct bytes event, enum result why)
{
    struct line line;

    line_start(&line, a->server.args->json);
    line_text(&line, "event", event);
    line_text(&line, "house", bytes_string(a->house));
    if (why == E_CRYPTO)
        line_text(&line, "why", BYTES_TEXT("no TLS with it, or its certificate is not trusted here"));
    else if (why != OK)
        line_text(&line, "why", bytes_string(result_text(why)));
    if (line_print(&line, stdout) != OK) {
        a->code = EXIT_NEGATIVE;
        loop_stop(a->server.loop);
    }
}

static void on_up(void *context)
{
    struct apart *a = context;

    a->state = LINK_UP;
    link_print(a, BYTES_TEXT("linked"), OK);
    if (relay_introduce(a->relay) != OK) {
        a->code = args_failed(a->server.args, "the relay cannot introduce itself");
        loop_stop(a->server.loop);
    }
}

static void on_take(void *context, struct bytes message)
{
    struct apart *a = context;
    enum result res = relay_control(a->relay, message);

    (void)res; /* a later house may say what this relay does not know */
}

static void on_down(void *context, enum result why)
{
    struct apart *a = context;
    char key[KEYS_TEXT_SIZE];

    if (why == E_FORGED) {
        a->code =
            args_failed(a->server.args, "what answers at %s does not hold the key of --house-key", a->house);
        loop_stop(a->server.loop);
    } else if (why == E_REFUSED) {
        keys_write(a->key, key);
        a->code =
            args_failed(a->server.args, "the house at %s does not take this relay: its --relay-key is not %s",
                        a->house, key);
        loop_stop(a->server.loop);
    } else if (a->state != LINK_DOWN) {
        /* Once, however many attempts follow. */
        a->state = LINK_DOWN;
        link_print(a, BYTES_TEXT("unlinked"), why);
    }
}

static int link_begin(struct apart *a)
{
    const struct bus_link_options options = {
        .loop = a->server.loop,
        .random = crypto_random(),
        .key = a->key,
        .other = a->house_key,
        .sign = sign,
        .verify = crypto_ed25519_verify,
        .self = a,
        .bus = a->server.bus,
        .subject = house_subject,
        .up = on_up,
        .take = on_take,
        .down = on_down,
        .context = a,
    };

    if (bus_link_dial(&options, a->house, &a->gate, a->tls, &a->link) != OK)
        return args_failed(a->server.args, "the link to the house cannot be set up");
    return EXIT_DONE;
}

/* --- The relay --- */

static int relay_begin(struct apart *a)
{
    struct relay_settings settings = {.load_subject = house_subject, .url = a->media_url, .keyless = true};

    snprintf(a->media_url, sizeof a->media_url, "%s/media", a->server.url);
    /* New in each life: tickets of a former one, whose revocations are forgotten, count no more. */
    random_fill(crypto_random(), settings.tag, sizeof settings.tag);
    return server_relay(&a->server, &settings, &a->relay);
}

static int listening_print(const struct apart *a)
{
    struct address media = relay_address(a->relay, 0);
    char pair[SERVER_PAIR_SIZE], key[KEYS_TEXT_SIZE];
    struct line line;

    server_pair(&media, pair);
    keys_write(a->key, key);
    line_start(&line, a->server.args->json);
    line_text(&line, "event", BYTES_TEXT("listening"));
    line_text(&line, "url", bytes_string(a->server.url));
    line_text(&line, "media", bytes_string(pair));
    line_text(&line, "key", bytes_string(key));
    return line_print(&line, stdout) == OK ? EXIT_DONE : EXIT_NEGATIVE;
}

static int begin(struct apart *a, const struct args *args)
{
    int code = keys_read(args, "house-key", a->house_key);

    if (code == EXIT_DONE)
        code = house_url_take(a, args);
    if (code == EXIT_DONE)
        code = server_begin(&a->server, args);
    if (code == EXIT_DONE)
        code = store_take(args, &a->store);
    if (code == EXIT_DONE && crypto_ed25519_public(store_relay_key(a->store), a->key) != OK)
        code = args_failed(args, "the crypto library failed");
    /* Browsers come with the page of the house. */
    if (code == EXIT_DONE)
        code = server_listen(&a->server, a->house);
    if (code == EXIT_DONE)
        code = relay_begin(a);
    if (code == EXIT_DONE)
        code = link_begin(a);
    return code == EXIT_DONE ? listening_print(a) : code;
}

int relay_run(const struct args *args)
{
    struct apart a = {0};
    int code = begin(&a, args);

    if (code == EXIT_DONE)
        code = server_run(&a.server);
    if (code == EXIT_DONE)
        code = a.code;
    server_close(&a.server);
    bus_link_free(a.link);
    relay_free(a.relay);
    store_relay_close(a.store);
    tls_free(a.tls);
    server_free(&a.server);
    return code;
}

int relay_key_run(const struct args *args)
{
    struct store_relay *store = NULL;
    int code = store_take(args, &store);

    if (code == EXIT_DONE)
        code = keys_print(args, store_relay_key(store));
    store_relay_close(store);
    return code;
}
