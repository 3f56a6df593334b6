/* One question to a house and its answer: open the link, sign in, ask, hear, go. */
#ifndef CLI_ERRAND_H
#define CLI_ERRAND_H

#include "cli/args.h"
#include "client/link.h"

enum { ERRAND_AGAIN = -1 };

struct errand {
    const struct args *args;
    const struct identity *identity;
    /* Called with the house's challenge, before the sign-in. EXIT_DONE, or the exit code to end with. NULL
     * where there is nothing to do. */
    int (*challenged)(void *context, const struct signal_challenge *);
    bool signs_up; /* registers in place of signing in; the answer to that is the answer */
    struct signal *question;
    /* Called with an answer that is no refusal. An exit code, or ERRAND_AGAIN to ask once more. */
    int (*answered)(void *context, const struct signal *);
    void *context;
    bool refused; /* set where the house said no */
};

/* Everything is borrowed. Gives the exit code; what went wrong has been told on standard error. */
int errand_run(struct errand *);

#endif
