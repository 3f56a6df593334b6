/* A peer that speaks bytes: what it sends and what it expects is written out in the test. Driven by the
 * test's loop. */
#ifndef SUPPORT_RAW_H
#define SUPPORT_RAW_H

#include "base/address.h"
#include "io/loop.h"

enum { RAW_HELD = 256 * 1024 };

struct raw {
    struct loop *loop;
    struct loop_watch *watch;
    int fd;
    bool ended; /* the other side closed, or reset, the connection */
    bool reset;
    size_t len;
    char *held; /* what has come and was not dropped; closed by a zero */
};

/* Connects, or the running test fails. */
void raw_connect(struct raw *, struct loop *, const struct address *);
/* This machine's address in some net, with port 0; false where it has but the loopback. */
bool raw_own_address(struct address *out);
/* Listens on a free port of 127.0.0.1; returns the socket. */
int raw_listen(struct address *at);
/* Runs the loop until somebody connects. */
void raw_accept(struct raw *, struct loop *, int listening);
/* Without a wait of its own: what does not fit into the socket's buffer fails the test. */
void raw_send(struct raw *, const char *text);
void raw_send_bytes(struct raw *, struct bytes);
/* As much as the socket takes now; false when the connection is broken. */
bool raw_try(struct raw *, struct bytes, size_t *sent);
/* Runs the loop until this text has come; then `held` begins with what follows it. */
void raw_expect(struct raw *, const char *text);
/* Runs the loop until so many bytes are held. */
void raw_expect_bytes(struct raw *, size_t n);
void raw_drop(struct raw *, size_t n);
/* Runs the loop until the other side has ended the connection. */
void raw_expect_end(struct raw *);
/* Stops or goes on taking bytes from the socket. */
void raw_pause(struct raw *, bool paused);
/* The last byte is sent: TCP half-close. */
void raw_shut(struct raw *);
/* Sends RST. */
void raw_reset(struct raw *);
void raw_close(struct raw *);

#endif
