/* The media sessions of clients in one process, without a relay: client/media.h as a test has it. Each packet
 * is given at once to everybody else who has a session, in a slot of its speaker's own; tickets are not
 * looked at. It stands in for src/client/media.c, which is not linked beside it. */
#ifndef SUPPORT_PLAYED_MEDIA_H
#define SUPPORT_PLAYED_MEDIA_H

#include "base/bytes.h"

struct client;

/* Whether a packet of one is passed on to another; may change it. NULL: always. For all sessions. */
struct played_relay {
    bool (*passes)(void *context, const struct client *from, const struct client *to,
                   struct bytes_mut packet);
    void *context;
};
void played_media_relay(const struct played_relay *);

#endif
