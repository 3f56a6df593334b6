/* A house that a test plays: a real WebSocket at `/signal`, and whatever the test has it say. */
#ifndef CLIENT_PLAYED_HOUSE_H
#define CLIENT_PLAYED_HOUSE_H

#include "io/ws.h"
#include "wire/signal.h"

struct played_house {
    struct loop *loop;
    struct http_server *server;
    char url[64];
    uint8_t key[32];
    struct ws *link; /* of the guest; NULL where there is none */
    /* What it does when somebody has come (NULL), and at each request. */
    void (*play)(void *context, const struct signal *request);
    void *context;
    unsigned asked; /* requests so far */
    enum signal_type first_asked;
};

/* On a free port of 127.0.0.1, with a loop of its own; loop_stop is called when a guest's link is gone. Fails
 * the running test where that cannot be. */
void played_house_open(struct played_house *);
void played_house_close(struct played_house *);

void played_house_say(struct played_house *, const struct signal *);
/* Its key, and a nonce of nines. */
void played_house_challenge(struct played_house *);
/* Answers one request with a message that has nothing but its type. */
void played_house_answer(struct played_house *, const struct signal *request, enum signal_type);

#endif
