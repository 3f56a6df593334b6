/* The public keys by which a house and a relay know each other. */
#ifndef CLI_KEYS_H
#define CLI_KEYS_H

#include "cli/args.h"

enum { KEYS_TEXT_SIZE = 65 }; /* hex, zero closed */

/* The option's value: 64 hex digits, or a file that holds them. EXIT_DONE, or EXIT_USAGE after a line on
 * standard error. */
MUST_USE int keys_read(const struct args *, const char *option, uint8_t out[static 32]);
void keys_write(const uint8_t key[static 32], char out[static KEYS_TEXT_SIZE]);

/* Prints the public key of a seed as the one line of a subcommand; gives its exit code. */
int keys_print(const struct args *, const uint8_t seed[static 32]);

#endif
