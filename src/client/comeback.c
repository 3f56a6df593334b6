#include "client/inside.h"

#include <string.h>

/* A link that broke is opened again, the first time at any moment of one second, so that a house that was
 * restarted does not meet everybody at once (field report G48). */
enum { SPREAD_US = 1000 * 1000, BEHIND_US = 2 * 1000 * 1000 };

static uint64_t patience_us(const struct client *s)
{
    unsigned ms = s->options.return_ms != 0 ? s->options.return_ms : CLIENT_RETURN_MS;

    return (uint64_t)ms * 1000;
}

void comeback_begin(struct client *s, enum result why)
{
    uint64_t now_us = loop_now_us();

    link_free(s->link);
    s->link = NULL;
    s->linked = false;
    if (s->link_lost_us == 0) {
        s->link_lost_us = now_us;
        s->link_tries = 0;
    }
    /* Another house in its place would be no other at the next try. */
    if (why == E_FORGED || now_us >= s->link_lost_us + patience_us(s)) {
        departure_fail(s, why, NULL);
        return;
    }
    s->link_retry_us = now_us + (s->link_tries != 0 ? SPREAD_US / 2 : 0) + client_random_us(s, SPREAD_US);
    s->link_tries++;
}

void comeback_due(struct client *s, uint64_t now_us)
{
    enum result res;

    if (s->link != NULL || s->link_retry_us == 0 || now_us < s->link_retry_us)
        return;
    s->link_retry_us = 0;
    res = client_link(s);
    if (res != OK)
        comeback_begin(s, res);
}

static void catch_up(struct client *s)
{
    struct signal signal = {.type = SIGNAL_CATCH_UP};
    struct signal_catch_up *ask = &signal.catch_up;

    memcpy(ask->room, s->options.room, sizeof ask->room);
    ask->leaf = core_room_leaf(s->core);
    ask->epoch = core_room_epoch(s->core);
    if (client_ask(s, &signal) != OK)
        comeback_begin(s, E_CLOSED);
    s->linked = false; /* until that is answered */
}

/* Signed in again. Whoever had asked for a seat asks anew; else the house tells what was missed. */
void comeback_challenged(struct client *s)
{
    s->linked = true;
    if (s->state == CLIENT_ENTERING || s->state == CLIENT_FOUNDING)
        arrival_again(s);
    else
        catch_up(s);
}

void comeback_behind(struct client *s)
{
    uint64_t now_us = loop_now_us();

    if (!s->linked || now_us < s->behind_us)
        return;
    s->behind_us = now_us + BEHIND_US;
    catch_up(s);
}

/* The network may be another than before, and the relay one that knows nothing of us. */
void comeback_done(struct client *s)
{
    s->link_lost_us = 0;
    s->linked = true;
    s->commit_number = 0;
    media_moved(s->media);
    hearing_ticket_soon(s);
    gossip_again(s);
    wish_again(s);
}

void comeback_stale(struct client *s)
{
    s->link_lost_us = 0;
    s->linked = true;
    arrival_again(s);
}
