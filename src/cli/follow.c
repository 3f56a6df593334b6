#include "cli/commands.h"

#include "cli/errand.h"
#include "cli/home.h"
#include "cli/line.h"

const struct args_option follow_options[] = {HOME_OPTION, SERVER_OPTION, {0}};

struct following {
    const struct args *args;
};

static int on_done(void *context, const struct signal *signal)
{
    const struct args *args = ((struct following *)context)->args;
    struct line line;

    (void)signal;
    line_start(&line, args->json);
    line_text(&line, "handle", bytes_string(args->operands[0]));
    return line_print(&line, stdout) == OK ? EXIT_DONE : EXIT_NEGATIVE;
}

static int ask(const struct args *args, enum signal_type type)
{
    struct signal question = {.type = type};
    struct identity identity;
    char url[IDENTITY_URL_SIZE];
    struct following following = {args};
    struct errand errand = {.args = args,
                            .identity = &identity,
                            .question = &question,
                            .answered = on_done,
                            .context = &following};
    int code = home_open(args, &identity);

    if (code != EXIT_DONE)
        return code;
    question.follow.handle = bytes_string(args->operands[0]);
    if (question.follow.handle.len > HANDLE_BYTES)
        code = args_wrong(args, "no handle is so long");
    if (code == EXIT_DONE && args_text(args, "server") != NULL) {
        code = home_server(args, url);
        if (code == EXIT_DONE)
            code = home_elsewhere(args, &identity, url);
    }
    if (code == EXIT_DONE)
        code = errand_run(&errand);
    identity_wipe(&identity);
    return code;
}

int follow_run(const struct args *args)
{
    return ask(args, SIGNAL_FOLLOW);
}

int unfollow_run(const struct args *args)
{
    return ask(args, SIGNAL_UNFOLLOW);
}
