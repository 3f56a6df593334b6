#include "cli/commands.h"

#include "cli/keys.h"
#include "cli/line.h"
#include "cli/server.h"
#include "crypto/crypto.h"

#define DATA_OPTION                                                                                          \
    {                                                                                                        \
        "data", ARGS_TEXT, "DIR", "the folder for the database and the house's key", true                    \
    }

const struct args_option house_options[] = {
    SERVER_LISTEN_OPTION,
    DATA_OPTION,
    {"relay-key", ARGS_TEXT, "FILE|HEX", "the public key of the relay that may link up", true},
    {"public-url", ARGS_TEXT, "URL", "how the house is called from outside", false},
    SERVER_WEB_OPTIONS,
    SERVER_HOUSE_OPTIONS,
    {0},
};

const struct args_option house_key_options[] = {DATA_OPTION, {0}};

static int listening_print(const struct server *s, const struct house *house)
{
    char key[KEYS_TEXT_SIZE];
    struct line line;

    keys_write(house_key(house), key);
    line_start(&line, s->args->json);
    line_text(&line, "event", BYTES_TEXT("listening"));
    line_text(&line, "url", bytes_string(s->url));
    line_text(&line, "key", bytes_string(key));
    return line_print(&line, stdout) == OK ? EXIT_DONE : EXIT_NEGATIVE;
}

int house_run(const struct args *args)
{
    struct house_settings settings = {0};
    struct server server = {0};
    struct store *store = NULL;
    struct house *house = NULL;
    uint8_t relay_key[32];
    int code = keys_read(args, "relay-key", relay_key);

    if (code == EXIT_DONE)
        code = server_begin(&server, args);
    if (code == EXIT_DONE)
        code = server_store(&server, &store);
    if (code == EXIT_DONE)
        code = server_listen(&server, NULL);
    settings.store = store;
    settings.relay_key = relay_key;
    if (code == EXIT_DONE)
        code = server_house(&server, &settings, &house);
    if (code == EXIT_DONE)
        code = listening_print(&server, house);
    if (code == EXIT_DONE)
        code = server_run(&server);
    server_close(&server);
    house_free(house);
    store_close(store);
    server_free(&server);
    return code;
}

int house_key_run(const struct args *args)
{
    struct server server = {.args = args};
    struct store *store = NULL;
    int code = server_store(&server, &store);

    if (code == EXIT_DONE)
        code = keys_print(args, store_key(store));
    store_close(store);
    return code;
}
