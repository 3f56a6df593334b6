/* Lines on standard input as chat. */
#ifndef CLI_CHAT_H
#define CLI_CHAT_H

#include "cli/args.h"
#include "client/session.h"
#include "wire/talk.h"

enum { CHAT_ROOM = TALK_CHAT_BYTES + 2 };

struct chat_input {
    const struct args *args;
    struct client *session;
    struct loop_watch *watch; /* NULL at the end of the input */
    bool too_long;            /* the rest of the line goes with its beginning */
    size_t used;
    uint8_t line[CHAT_ROOM];
};

/* From now on, each line is said; input that is there already at once. A terminal of which another program
 * has the keyboard is left alone. What cannot be said is told on standard error. The struct must not move
 * until chat_input_end; one of zeros is fine for that. */
void chat_input_begin(struct chat_input *, const struct args *, struct loop *, struct client *);
void chat_input_end(struct chat_input *);

#endif
