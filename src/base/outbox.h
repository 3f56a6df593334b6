/* What a machine wants sent, in order: the third argument of every `x_take` and `x_due`. The memory is the
 * caller's; a machine only appends. A message that does not fit is left out and `full` is set, so nothing is
 * ever cut in half and the caller can count what was lost. */
#ifndef BASE_OUTBOX_H
#define BASE_OUTBOX_H

#include "base/address.h"
#include "base/bytes.h"

enum { OUTBOX_MESSAGES = 64 };

struct outbox_message {
    struct address to; /* zero where the machine has one peer only */
    struct bytes_mut body;
};

struct outbox {
    uint8_t *room;
    size_t size, used;
    unsigned count;
    bool full;
    struct outbox_message messages[OUTBOX_MESSAGES];
};

void outbox_start(struct outbox *, struct bytes_mut room);
/* Drops the messages; the memory is used again from its beginning. */
void outbox_clear(struct outbox *);

/* Room for one message of up to `size` bytes, or NULL. Follow with outbox_keep for what was really written;
 * asking again without keeping drops it. */
uint8_t *outbox_room(struct outbox *, size_t size);
void outbox_keep(struct outbox *, const struct address *to, size_t len);

/* Copies one message. `to` may be NULL. */
void outbox_put(struct outbox *, const struct address *to, struct bytes);

#endif
