#include "cli/args.h"
#include "cli/commands.h"
#include "crypto/crypto.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    struct args args;

    switch (args_read(commands, argc, argv, &args)) {
    case ARGS_HELP:
        if (args.command == NULL)
            args_help_all(stdout, commands);
        else
            args_help(stdout, args.command);
        return EXIT_DONE;
    case ARGS_WRONG:
        fprintf(stderr, "%s\n", args.wrong);
        return EXIT_USAGE;
    case ARGS_RUN:
        break;
    }
    if (crypto_start() != OK)
        return args_failed(&args, "the crypto library does not start");
    return args.command->run(&args);
}
