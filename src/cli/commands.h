/* The subcommands; each file of this folder that bears one's name fills it. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/args.h"

extern const struct args_command commands[];

#endif
