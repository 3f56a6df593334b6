/* The command line: a table of subcommands, each with its options, read by one parser. Every option may be
 * given as `--name value` or `--name=value`, and from the environment as TEAHOUSE_NAME; the command line
 * wins. Values are checked here, by their kind, so that a subcommand meets only what it can use. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include "base/address.h"
#include "base/result.h"

#include <stdio.h>

/* A result is 0, a negative result (refused, lost, not found) 1, and wrong usage or input 2. */
enum { EXIT_DONE = 0, EXIT_NEGATIVE = 1, EXIT_USAGE = 2 };

enum args_kind {
    ARGS_SWITCH,  /* takes no value; from the environment 1 or 0 */
    ARGS_TEXT,    /* anything but the empty text */
    ARGS_SECONDS, /* a decimal number, up to a day */
    ARGS_NUMBER,  /* a whole one, from 1 to 60000 */
    ARGS_ADDRESS, /* a literal address and a port */
    ARGS_CHOICE,  /* one of the words that `shown` lists, parted by | */
};

struct args_option {
    const char *name; /* without its dashes; NULL ends a list */
    enum args_kind kind;
    const char *shown; /* what the help calls the value; NULL for a switch */
    const char *help;
    bool required;
};

struct args;

struct args_command {
    const char *name;     /* one word or two (`room new`); NULL ends the table */
    const char *operands; /* their names, parted by blanks; NULL for none. Those in [] come last and may be
                             left out. */
    const char *help;
    const struct args_option *options;
    int (*run)(const struct args *); /* gives the exit code */
    const char *more;                /* further lines for the subcommand's own help; NULL for none */
};

enum { ARGS_OPTIONS_MAX = 24, ARGS_OPERANDS_MAX = 4, ARGS_LINE = 512 };

struct args {
    const struct args_command *command;
    const char *values[ARGS_OPTIONS_MAX]; /* borrowed from argv or the environment; NULL where absent */
    const char *operands[ARGS_OPERANDS_MAX];
    bool json;             /* asked for, or standard output is no terminal */
    char wrong[ARGS_LINE]; /* after ARGS_WRONG: one line for standard error */
};

enum args_outcome { ARGS_RUN, ARGS_HELP, ARGS_WRONG };

/* Reads argv[1] and what follows. ARGS_HELP leaves `command` NULL where the help of all was asked for. */
enum args_outcome args_read(const struct args_command *table, int argc, char **argv, struct args *out);

/* The help of all, or of one subcommand. */
void args_help_all(FILE *, const struct args_command *table);
void args_help(FILE *, const struct args_command *);

/* The value of an option that the subcommand's own table names; NULL or false where it was not given. */
const char *args_text(const struct args *, const char *name);
bool args_switch(const struct args *, const char *name);
/* *out is left alone where the option was not given. */
void args_milliseconds(const struct args *, const char *name, int64_t *out);
void args_number(const struct args *, const char *name, unsigned *out);
void args_address(const struct args *, const char *name, struct address *out);

/* One line on standard error, `teahouse COMMAND: ...`, with whatever could move a cursor taken out. Gives the
 * exit code: EXIT_USAGE for args_wrong, EXIT_NEGATIVE for args_failed. */
__attribute__((format(printf, 2, 3))) int args_wrong(const struct args *, const char *format, ...);
__attribute__((format(printf, 2, 3))) int args_failed(const struct args *, const char *format, ...);

#endif
