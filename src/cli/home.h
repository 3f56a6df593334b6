/* What every subcommand that has a home begins with, and how it tells people what went wrong. */
#ifndef CLI_HOME_H
#define CLI_HOME_H

#include "cli/args.h"
#include "client/identity.h"
#include "wire/signal.h"

#define HOME_OPTION                                                                                          \
    {                                                                                                        \
        "home", ARGS_TEXT, "DIR", "the folder with your account's key", true                                 \
    }
#define SERVER_OPTION                                                                                        \
    {                                                                                                        \
        "server", ARGS_TEXT, "URL", "the house, where not the one of the account", false                     \
    }

/* The account of --home. EXIT_DONE, or the exit code after a
 * line on standard error. */
MUST_USE int home_open(const struct args *, struct identity *out);

/* The URL of --server. EXIT_DONE, or EXIT_USAGE after a line on standard error. */
MUST_USE int home_server(const struct args *, char out[static IDENTITY_URL_SIZE]);

/* Another address of the account's house, from a link or an option. What was https stays https. EXIT_DONE, or
 * EXIT_USAGE after a line on standard error. */
MUST_USE int home_elsewhere(const struct args *, struct identity *, const char *url);

/* Why a link to the house could not be had or was lost, as one line on standard error; gives EXIT_NEGATIVE.
 */
int home_lost(const struct args *, const char *house_url, enum result why);
/* What the house refused, in its own words; gives EXIT_NEGATIVE. */
int home_refused(const struct args *, const struct signal_refused *);

#endif
