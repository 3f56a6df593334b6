/* What `serve`, `house` and `relay` have in common: an HTTP server with its loop, where it listens and how it
 * is called, and the parts that stand on it. */
#ifndef CLI_SERVER_H
#define CLI_SERVER_H

#include "bus/bus.h"
#include "cli/args.h"
#include "house/house.h"
#include "page/page.h"
#include "relay/relay.h"

#define SERVER_LISTEN_OPTION                                                                                 \
    {                                                                                                        \
        "listen", ARGS_ADDRESS, "ADDR:PORT", "where HTTP is spoken; loopback alone without TLS or a proxy",  \
            true                                                                                             \
    }
#define SERVER_MEDIA_OPTIONS                                                                                 \
    {"media", ARGS_ADDRESS, "ADDR:PORT", "where the relay's UDP is; the same as --listen where not given",   \
     false},                                                                                                 \
    {                                                                                                        \
        "announce", ARGS_TEXT, "ADDR,...",                                                                   \
            "the addresses that clients send media to, where not that of --media", false                     \
    }
#define SERVER_WEB_OPTIONS                                                                                   \
    {"tls-cert", ARGS_TEXT, "FILE", "the certificate with its chain, PEM", false},                           \
        {"tls-key", ARGS_TEXT, "FILE", "its key, PEM", false},                                               \
        {"behind-proxy", ARGS_SWITCH, NULL, "a proxy in front of this speaks TLS", false},                   \
    {                                                                                                        \
        "connections-each", ARGS_NUMBER, "N",                                                                \
            "connections that one address may have at a time; 256 where not given", false                    \
    }
#define SERVER_HOUSE_OPTIONS                                                                                 \
    {"sign-ups-each", ARGS_NUMBER, "N",                                                                      \
     "accounts that one address may make at once, and in an hour; 120 where not given", false},              \
    {                                                                                                        \
        "rooms-each", ARGS_NUMBER, "N", "rooms that one account may have at a time; 16 where not given",     \
            false                                                                                            \
    }

enum { SERVER_URL_SIZE = 504, SERVER_MEDIA_URL_SIZE = 512, SERVER_PAIR_SIZE = ADDRESS_TEXT_SIZE + 9 };

/* Where a relay listens on the bus of its process. */
#define SERVER_RELAY_SUBJECT "relay"

/* Zeros at first. server_free in any case. */
struct server {
    const struct args *args;
    struct address listen;
    char url[SERVER_URL_SIZE]; /* how it is called from outside; without a path */
    const char *origins[3];
    struct tls *tls;
    struct loop *loop;
    struct bus *bus;
    struct http_server *http;
    struct page_settings page;
};

/* Each of the following gives EXIT_DONE, or an exit code after a line on standard error. */

/* Reads what is common to them, and makes loop and bus. */
MUST_USE int server_begin(struct server *, const struct args *);
/* Listens. `other_origin` is a further URL whose pages may come, borrowed, or NULL. The server must not move
 * any more. */
MUST_USE int server_listen(struct server *, const char *other_origin);
/* The store of --data, with the house's layout. */
MUST_USE int server_store(struct server *, struct store **out);
/* Fill what the server knows of the settings. The caller owns what they make; it goes after server_close and
 * before server_free. */
MUST_USE int server_house(struct server *, struct house_settings *, struct house **out);
MUST_USE int server_relay(struct server *, struct relay_settings *, struct relay **out);
/* Until a signal, or loop_stop. */
MUST_USE int server_run(struct server *);

void server_close(struct server *);
void server_free(struct server *);

/* `ADDR:PORT`, IPv6 in brackets. */
void server_pair(const struct address *, char out[static SERVER_PAIR_SIZE]);
uint64_t server_unix_ms(void *self);

#endif
