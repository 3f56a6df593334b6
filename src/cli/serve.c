#include "cli/commands.h"

#include "cli/line.h"
#include "cli/server.h"
#include "crypto/crypto.h"

#include <string.h>

const struct args_option serve_options[] = {
    SERVER_LISTEN_OPTION,
    {"data", ARGS_TEXT, "DIR", "the folder for the database and the house's key", true},
    SERVER_MEDIA_OPTIONS,
    {"public-url", ARGS_TEXT, "URL", "how the house is called from outside", false},
    SERVER_WEB_OPTIONS,
    SERVER_HOUSE_OPTIONS,
    {0},
};

struct serve {
    struct server server;
    char media_url[SERVER_MEDIA_URL_SIZE];
    struct store *store;
    struct house *house;
    struct relay *relay;
};

static int parts_begin(struct serve *s)
{
    struct house_settings house = {.store = s->store, .media_url = s->media_url};
    struct relay_settings relay = {0};
    int code;

    snprintf(s->media_url, sizeof s->media_url, "%s/media", s->server.url);
    random_fill(crypto_random(), relay.tag, sizeof relay.tag);
    memcpy(house.relay_tag, relay.tag, sizeof house.relay_tag);
    code = server_house(&s->server, &house, &s->house);
    if (code != EXIT_DONE)
        return code;
    memcpy(relay.house_key, house_key(s->house), sizeof relay.house_key);
    return server_relay(&s->server, &relay, &s->relay);
}

static int listening_print(struct serve *s)
{
    struct address media = relay_address(s->relay, 0);
    char pair[SERVER_PAIR_SIZE];
    struct line line;

    server_pair(&media, pair);
    line_start(&line, s->server.args->json);
    line_text(&line, "event", BYTES_TEXT("listening"));
    line_text(&line, "url", bytes_string(s->server.url));
    line_text(&line, "media", bytes_string(pair));
    return line_print(&line, stdout) == OK ? EXIT_DONE : EXIT_NEGATIVE;
}

int serve_run(const struct args *args)
{
    struct serve s = {0};
    int code = server_begin(&s.server, args);

    if (code == EXIT_DONE)
        code = server_store(&s.server, &s.store);
    if (code == EXIT_DONE)
        code = server_listen(&s.server, NULL);
    if (code == EXIT_DONE)
        code = parts_begin(&s);
    if (code == EXIT_DONE)
        code = listening_print(&s);
    if (code == EXIT_DONE)
        code = server_run(&s.server);
    server_close(&s.server);
    relay_free(s.relay);
    house_free(s.house);
    store_close(s.store);
    server_free(&s.server);
    return code;
}
