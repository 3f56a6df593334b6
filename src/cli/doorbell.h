/* The socket by which `teahouse stage` reaches the running join of one home and room: a stream socket in the
 * home (mode 0600), named after the room. One line is asked, `VERB [WHO]`, and one line answered, an exit
 * code and a text for people. The join that was seated last answers; the socket of one that is dead is
 * replaced. */
#ifndef CLI_DOORBELL_H
#define CLI_DOORBELL_H

#include "io/loop.h"

struct doorbell;

enum { DOORBELL_LINE = 512, DOORBELL_WAIT_S = 15 };

struct doorbell_options {
    struct loop *loop; /* borrowed, as all of it */
    const char *home;
    const uint8_t *room; /* 32 bytes */
    /* A whole line, without its end; to be answered once, now or later, by the caller's number. */
    void (*rung)(void *context, uint32_t caller, char *line);
    void *context;
};

/* OK | E_NO_MEMORY | E_IO, with errno */
MUST_USE enum result doorbell_new(const struct doorbell_options *, struct doorbell **out);
/* Takes the socket out of the home where it is still this one's. NULL is fine. */
void doorbell_free(struct doorbell *);
/* A caller who is gone is none. */
void doorbell_answer(struct doorbell *, uint32_t caller, int code, const char *text);

/* The other side: asks, and waits for the answer. `text` is closed by a zero.
 * OK | E_NOT_FOUND (nobody is in that room from this home) | E_EXPIRED | E_CLOSED | E_IO, with errno */
MUST_USE enum result doorbell_ring(const char *home, const uint8_t room[static 32], const char *line,
                                   int *code, char text[static DOORBELL_LINE]);

#endif
