#include "cli/commands.h"

const struct args_command commands[] = {
    {0},
};
