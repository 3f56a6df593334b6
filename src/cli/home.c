#include "cli/home.h"

#include "client/room_link.h"

#include <errno.h>
#include <string.h>

int home_server(const struct args *a, char out[static IDENTITY_URL_SIZE])
{
    const char *url = args_text(a, "server");

    if (house_url_read(bytes_string(url), out) != OK)
        return args_wrong(a, "--server takes a URL such as http://localhost:8080, not '%s'", url);
    return EXIT_DONE;
}

int home_open(const struct args *a, struct identity *out)
{
    const char *home = args_text(a, "home");
    enum result res = identity_load(home, out);

    switch (res) {
    case OK:
        break;
    case E_NOT_FOUND:
        return args_wrong(a, "there is no account in %s; 'teahouse signup' makes one", home);
    case E_REFUSED:
        return args_wrong(a, "others may read or exchange the account in %s; chmod go= it and its folder",
                          home);
    case E_MALFORMED:
        return args_wrong(a, "the file 'account' in %s is damaged", home);
    default:
        return args_wrong(a, "the account in %s cannot be read: %s", home,
                          res == E_IO ? strerror(errno) : result_text(res));
    }
    return EXIT_DONE;
}

int home_elsewhere(const struct args *a, struct identity *identity, const char *url)
{
    if (strncmp(identity->house_url, "https:", 6) == 0 && strncmp(url, "https:", 6) != 0)
        return args_wrong(a, "the house of this account is spoken to over https alone, not at %s", url);
    snprintf(identity->house_url, sizeof identity->house_url, "%s", url);
    return EXIT_DONE;
}

int home_lost(const struct args *a, const char *house_url, enum result why)
{
    switch (why) {
    case E_IO:
        return args_failed(a, "nobody answers at %s; is the server running?", house_url);
    case E_NOT_FOUND:
        return args_failed(a, "there is no host of the name in %s", house_url);
    case E_REFUSED:
        return args_failed(a, "what answers at %s is no Teahouse", house_url);
    case E_MALFORMED:
        return args_failed(a, "the house at %s speaks another protocol", house_url);
    case E_FORGED:
        return args_failed(a, "what answers at %s is not the house that this account was made at", house_url);
    case E_CRYPTO:
        return args_failed(a, "no TLS connection can be made with %s", house_url);
    case E_EXPIRED:
        return args_failed(a, "the house at %s does not answer", house_url);
    case E_CLOSED:
        return args_failed(a, "the house at %s closed the connection", house_url);
    default:
        return args_failed(a, "the connection to %s failed: %s", house_url, result_text(why));
    }
}

int home_refused(const struct args *a, const struct signal_refused *refused)
{
    static const char *const words[] = {
        [REASON_MALFORMED] = "it does not understand the request",
        [REASON_NOT_NOW] = "not now",
        [REASON_FORGED] = "a signature does not verify",
        [REASON_NAME_TAKEN] = "this name, or one that looks like it, is taken",
        [REASON_NAME_BAD] = "this name cannot be had",
        [REASON_UNKNOWN] = "there is no such account or room",
        [REASON_NOT_YOURS] = "only the room's maker may do that",
        [REASON_STALE] = "somebody else was first",
        [REASON_FULL] = "it is full",
        [REASON_TOO_MANY] = "too many requests; try again later",
        [REASON_NOT_HERE] = "the room belongs to another house",
        [REASON_TROUBLE] = "it is in trouble itself; nothing was changed",
    };
    size_t reason = refused->reason;

    if (refused->text.len != 0)
        return args_failed(a, "the house refused: %.*s", (int)refused->text.len,
                           (const char *)refused->text.at);
    return args_failed(a, "the house refused: %s",
                       reason < sizeof words / sizeof words[0] && words[reason] != NULL
                           ? words[reason]
                           : "for an unknown reason");
}
