#include "cli/errand.h"

#include "cli/home.h"

#include <string.h>

struct running {
    struct errand *errand;
    struct loop *loop;
    int code;
};

static void end(struct running *running, int code)
{
    running->code = code;
    loop_stop(running->loop);
}

static void on_challenged(void *context, struct link *link, const struct signal_challenge *challenge)
{
    struct running *running = context;
    struct errand *errand = running->errand;
    int code = errand->challenged != NULL ? errand->challenged(errand->context, challenge) : EXIT_DONE;
    enum result res;

    if (code != EXIT_DONE) {
        end(running, code);
        return;
    }
    if (errand->signs_up) {
        res = link_sign_up(link, errand->identity);
    } else {
        res = link_sign_in(link, errand->identity);
        if (res == OK)
            res = link_ask(link, errand->question);
    }
    if (res != OK)
        end(running, home_lost(errand->args, errand->identity->house_url, res));
}

static void on_heard(void *context, struct link *link, const struct signal *signal, enum signal_type asked)
{
    struct running *running = context;
    struct errand *errand = running->errand;
    enum result res;
    int code;

    if (signal->type == SIGNAL_REFUSED) {
        errand->refused = true;
        end(running, home_refused(errand->args, &signal->refused));
        return;
    }
    if (asked == SIGNAL_SIGN_IN || asked == (enum signal_type)0)
        return;
    code = errand->answered(errand->context, signal);
    if (code != ERRAND_AGAIN) {
        end(running, code);
        return;
    }
    res = link_ask(link, errand->question);
    if (res != OK)
        end(running, home_lost(errand->args, errand->identity->house_url, res));
}

static void on_lost(void *context, struct link *link, enum result why)
{
    struct running *running = context;

    (void)link;
    end(running, home_lost(running->errand->args, running->errand->identity->house_url, why));
}

static const struct link_events events = {on_challenged, on_heard, on_lost};

int errand_run(struct errand *errand)
{
    struct running running = {.errand = errand, .code = EXIT_NEGATIVE};
    const char *url = errand->identity->house_url;
    struct gate gate = {0};
    struct tls *tls = NULL;
    struct link *link = NULL;
    enum result res = loop_new(&running.loop);

    if (res == OK && strncmp(url, "https:", 6) == 0)
        res = tls_client_new(NULL, &tls);
    if (res == OK) {
        struct link_options options = {running.loop, &gate, tls, url};

        res = link_open(&options, &events, &running, &link);
    }
    if (res == OK)
        res = loop_run(running.loop);
    if (res != OK)
        running.code = home_lost(errand->args, url, res);
    link_free(link);
    tls_free(tls);
    loop_free(running.loop);
    return running.code;
}
