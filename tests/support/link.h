/* A network between machines in one process, replayable from its seed: it loses, delays, reorders and doubles
 * datagrams. Time is the test's own. */
#ifndef SUPPORT_LINK_H
#define SUPPORT_LINK_H

#include "base/address.h"
#include "base/bytes.h"
#include "base/outbox.h"
#include "support/seeded.h"

enum { LINK_DATAGRAM = 1500, LINK_QUEUE = 512 };

struct link_datagram {
    uint64_t due_us;
    unsigned number; /* counted from 0 over all that was put */
    struct address from, to;
    size_t len; /* 0: a free place */
    uint8_t bytes[LINK_DATAGRAM];
};

struct link {
    struct seeded *seeded;
    unsigned loss, twice;         /* of 1000 */
    uint64_t delay_us, jitter_us; /* each way; jitter is what reorders */
    unsigned sent, lost;
    bool stun_is_lost; /* and nothing else */
    struct link_datagram queue[LINK_QUEUE];
};

/* Fails the running test when the queue is full. */
void link_put(struct link *, uint64_t now_us, const struct address *from, const struct address *to,
              struct bytes);
/* All of an outbox, from one sender; empties it. */
void link_put_all(struct link *, uint64_t now_us, const struct address *from, struct outbox *);
/* Loses the one with that number, if it is still on its way. */
void link_drop(struct link *, unsigned number);
/* When the next datagram arrives, or UINT64_MAX. */
uint64_t link_next(struct link *);
/* Takes it out, if it has arrived by now; `out` is the caller's copy. */
bool link_take(struct link *, uint64_t now_us, struct link_datagram *out);

#endif
