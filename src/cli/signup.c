#include "cli/commands.h"

#include "cli/errand.h"
#include "cli/home.h"
#include "cli/line.h"
#include "crypto/crypto.h"

#include <errno.h>
#include <string.h>

const struct args_option signup_options[] = {
    {"server", ARGS_TEXT, "URL", "the house, such as http://localhost:8080", true},
    HOME_OPTION,
    {"handle", ARGS_TEXT, "NAME", "what others will call you there", true},
    {0},
};

struct signup {
    const struct args *args;
    struct identity identity;
    bool saved;
};

/* The key is on the disk before the house hears of it: an account whose key nobody has could never be had
 * again.
 */
static int on_challenged(void *context, const struct signal_challenge *challenge)
{
    struct signup *signup = context;
    const char *home = args_text(signup->args, "home");
    enum result res;

    memcpy(signup->identity.house_key, challenge->house, sizeof signup->identity.house_key);
    res = identity_save(&signup->identity, home);
    signup->saved = res == OK;
    switch (res) {
    case OK:
        return EXIT_DONE;
    case E_EXISTS:
        return args_wrong(signup->args, "%s has an account already; take another --home", home);
    case E_REFUSED:
        return args_wrong(signup->args, "others may write into %s; chmod go-w it", home);
    default:
        return args_wrong(signup->args, "the account cannot be saved in %s: %s", home,
                          res == E_IO ? strerror(errno) : result_text(res));
    }
}

static int on_answered(void *context, const struct signal *signal)
{
    struct signup *signup = context;
    char fingerprint[IDENTITY_FINGERPRINT_SIZE];
    struct line line;

    if (signal->type != SIGNAL_SIGNED_IN ||
        identity_fingerprint(signup->identity.account_key, fingerprint) != OK)
        return EXIT_NEGATIVE;
    line_start(&line, signup->args->json);
    line_text(&line, "handle", signal->signed_in.handle);
    line_text(&line, "fingerprint", bytes_string(fingerprint));
    return line_print(&line, stdout) == OK ? EXIT_DONE : EXIT_NEGATIVE;
}

int signup_run(const struct args *args)
{
    struct signup signup = {.args = args};
    struct errand errand = {
        .args = args,
        .identity = &signup.identity,
        .challenged = on_challenged,
        .signs_up = true,
        .answered = on_answered,
        .context = &signup,
    };
    const char *handle = args_text(args, "handle");
    int code;

    if (strlen(handle) > HANDLE_BYTES)
        return args_wrong(args, "--handle takes at most %d characters", HANDLE_POINTS);
    if (identity_new(crypto_random(), &signup.identity) != OK)
        return args_failed(args, "no key can be made");
    code = home_server(args, signup.identity.house_url);
    if (code == EXIT_DONE) {
        memcpy(signup.identity.handle, handle, strlen(handle) + 1);
        code = errand_run(&errand);
    }
    if (errand.refused && signup.saved && identity_remove(args_text(args, "home")) != OK)
        code = args_failed(args, "the refused account is still in %s", args_text(args, "home"));
    identity_wipe(&signup.identity);
    return code;
}
