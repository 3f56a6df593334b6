#include "support/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void put_once(struct link *link, uint64_t now_us, const struct address *from, const struct address *to,
                     struct bytes b)
{
    uint64_t jitter = link->jitter_us == 0 ? 0 : seeded_u64(link->seeded) % link->jitter_us;

    for (size_t i = 0; i < LINK_QUEUE; i++) {
        struct link_datagram *d = &link->queue[i];

        if (d->len != 0)
            continue;
        d->due_us = now_us + link->delay_us + jitter;
        d->number = link->sent - 1;
        d->from = *from;
        d->to = *to;
        d->len = b.len;
        memcpy(d->bytes, b.at, b.len);
        return;
    }
    fail_msg("the link's queue is full");
}

void link_put(struct link *link, uint64_t now_us, const struct address *from, const struct address *to,
              struct bytes b)
{
    assert_in_range(b.len, 1, LINK_DATAGRAM);
    link->sent++;
    if (seeded_below(link->seeded, 1000) < link->loss || (link->stun_is_lost && b.at[0] <= 3)) {
        link->lost++;
        return;
    }
    put_once(link, now_us, from, to, b);
    if (seeded_below(link->seeded, 1000) < link->twice)
        put_once(link, now_us, from, to, b);
}

void link_put_all(struct link *link, uint64_t now_us, const struct address *from, struct outbox *box)
{
    assert_false(box->full);
    for (unsigned i = 0; i < box->count; i++)
        link_put(link, now_us, from, &box->messages[i].to, bytes_const(box->messages[i].body));
    outbox_clear(box);
}

static struct link_datagram *earliest(struct link *link)
{
    struct link_datagram *found = NULL;

    for (size_t i = 0; i < LINK_QUEUE; i++)
        if (link->queue[i].len != 0 && (found == NULL || link->queue[i].due_us < found->due_us))
            found = &link->queue[i];
    return found;
}

void link_drop(struct link *link, unsigned number)
{
    for (size_t i = 0; i < LINK_QUEUE; i++)
        if (link->queue[i].len != 0 && link->queue[i].number == number)
            link->queue[i].len = 0;
}

uint64_t link_next(struct link *link)
{
    struct link_datagram *d = earliest(link);

    return d == NULL ? UINT64_MAX : d->due_us;
}

bool link_take(struct link *link, uint64_t now_us, struct link_datagram *out)
{
    struct link_datagram *d = earliest(link);

    if (d == NULL || d->due_us > now_us)
        return false;
    *out = *d;
    d->len = 0;
    return true;
}
