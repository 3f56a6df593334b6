/* Who speaks to a house in bytes, over a socket of its own: tests decide when it reads and when it does not.
 * Everything blocks, for ten seconds at most; what goes wrong fails the running test. */
#ifndef SUPPORT_CALLER_H
#define SUPPORT_CALLER_H

#include "wire/signal.h"

struct caller {
    int fd;
    const char *forwarded; /* whom the proxy before the house names; NULL for no proxy */
    uint32_t request;
    uint8_t seed[32], key[32]; /* its account */
    uint8_t house[32], nonce[32];
    unsigned closed; /* the code of the house's close frame, once it has come */
    char reason[128];
    uint8_t message[SIGNAL_BYTES];
};

/* Asks for a link to 127.0.0.1; gives the house's status, 101 where there is one. With `receive` the system
 * holds no more than about so many bytes that were not read. The account's key is left as it is. */
unsigned caller_dial(struct caller *, uint16_t port, int receive);
/* The same, and takes the challenge. */
void caller_open(struct caller *, uint16_t port, int receive);
void caller_close(struct caller *);

/* Numbers the request and sends it. */
void caller_send(struct caller *, struct signal *);
/* The next message, which borrows until the next call; false at the end, with `closed` where the house closed
 * in order. */
bool caller_take(struct caller *, struct signal *out);

/* Draws a key and signs up with it; signs in with the key that it has. Both take the answer. */
void caller_sign_up(struct caller *, const char *handle);
void caller_sign_in(struct caller *);
/* Signs up and gives the answer, whatever it is; the same for a new room. */
void caller_ask_account(struct caller *, const char *handle, struct signal *answer);
void caller_ask_room(struct caller *, const char *title, struct signal *answer);

#endif
