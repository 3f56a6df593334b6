#include "bus/handshake.h"

#include "io/ws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PING_MS = 3000,
    DEAD_MS = 9000,
    PROVE_MS = 5000,   /* for the handshake, once the WebSocket is open */
    STRANGERS_MAX = 8, /* at the house's end: who has not proven anything yet */
    FIRST_MS = 500,    /* between two attempts: at first, and ... */
    MOST_MS = 15000,   /* ... at most */
    URL_SIZE = 600,
};

enum { CLOSE_NORMAL = 1000, CLOSE_MALFORMED = 1002, CLOSE_POLICY = 1008, CLOSE_TRY_LATER = 1013 };

static const char protocol[] = "teahouse-relay.1";

enum wire_state {
    WIRE_STRANGE, /* nothing heard: GREET is awaited by the relay, PROVE by the house */
    WIRE_PROVING, /* the relay's end: PROVEN is awaited */
    WIRE_UP,
    WIRE_ENDING, /* closing: what still comes is of no interest */
};

/* One WebSocket. Lives until it has closed. */
struct wire {
    struct bus_link *link;
    struct wire *next;
    struct ws *ws;
    struct loop_timer *deadline;
    enum wire_state state;
    enum result why; /* with WIRE_ENDING */
    struct handshake handshake;
};

struct bus_link {
    struct bus_link_options options;
    struct bus_subscription *outward;
    struct wire *wires;
    struct wire *up; /* among them; NULL while down */

    /* Of the relay's end alone. */
    bool dials;
    char url[URL_SIZE];
    const struct gate *gate;
    const struct tls *tls;
    struct loop_timer *redial;
    uint32_t pause_ms;
};

static void dial(struct bus_link *);

static void wire_free(struct wire *w)
{
    struct wire **at = &w->link->wires;

    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    loop_timer_free(w->deadline);
    free(w);
}

/* `closed` follows. */
static void wire_end(struct wire *w, unsigned code, enum result why)
{
    if (w->state == WIRE_ENDING)
        return;
    w->state = WIRE_ENDING;
    w->why = why;
    ws_close(w->ws, code, "");
}

static void overdue(void *context)
{
    wire_end(context, CLOSE_POLICY, E_EXPIRED);
}

static enum result wire_new(struct bus_link *link, struct wire **out)
{
    struct wire *w = calloc(1, sizeof *w);
    enum result res;

    if (w == NULL)
        return E_NO_MEMORY;
    res = loop_timer_new(link->options.loop, overdue, w, &w->deadline);
    if (res != OK) {
        free(w);
        return res;
    }
    w->link = link;
    w->next = link->wires;
    link->wires = w;
    *out = w;
    return OK;
}

static enum result say(struct wire *w, const struct control *message)
{
    uint8_t room[CONTROL_BYTES];
    struct bytes packed;
    enum result res = control_write(message, (struct bytes_mut){room, sizeof room}, &packed);

    return res == OK ? ws_send(w->ws, packed) : res;
}

/* --- Up and down --- */

static void rise(struct wire *w)
{
    struct bus_link *link = w->link;
    struct wire *former = link->up;

    loop_timer_clear(w->deadline);
    w->state = WIRE_UP;
    link->up = w;
    link->pause_ms = FIRST_MS;
    /* A relay that dials again has lost its former link, whether or not this end knows already. */
    if (former != NULL) {
        wire_end(former, CLOSE_NORMAL, E_CLOSED);
        link->options.down(link->options.context, E_CLOSED);
    }
    link->options.up(link->options.context);
}

/* Half of the pause is left to chance, so that the relays of a house that comes back do not come all at once.
 */
static void dial_later(struct bus_link *link)
{
    uint32_t ms = link->pause_ms - random_u32(link->options.random) % (link->pause_ms / 2);

    loop_timer_set(link->redial, loop_now_us() + (uint64_t)ms * 1000);
    link->pause_ms = link->pause_ms > MOST_MS / 2 ? MOST_MS : 2 * link->pause_ms;
}

static void on_closed(void *context, struct ws *ws, unsigned code, enum result why)
{
    struct wire *w = context;
    struct bus_link *link = w->link;
    bool was_up = link->up == w;

    (void)ws;
    if (w->state == WIRE_ENDING)
        why = w->why;
    else if (link->dials && !was_up && why == OK && code == CLOSE_POLICY)
        why = E_REFUSED;
    else if (why == OK || why == E_REFUSED)
        why = E_CLOSED; /* a server that is no house, or not one at the moment */
    else if (why == E_FORGED)
        why = E_CRYPTO; /* the certificate's fault: the house's own proof was never heard */
    wire_free(w);
    if (was_up)
        link->up = NULL;
    if (link->dials && why != E_FORGED && why != E_REFUSED)
        dial_later(link);
    if (was_up || link->dials)
        link->options.down(link->options.context, why);
}

/* --- The handshake --- */

static void hear_prove(struct wire *w, const struct control *message)
{
    struct control proven;
    enum result res = message->type == CONTROL_PROVE
                          ? handshake_prove_back(&w->handshake, &w->link->options, &message->prove, &proven)
                          : E_MALFORMED;

    if (res == OK)
        res = say(w, &proven);
    if (res == OK)
        rise(w);
    else
        wire_end(w, res == E_REFUSED || res == E_FORGED ? CLOSE_POLICY : CLOSE_TRY_LATER, res);
}

static void hear_greet(struct wire *w, const struct control *message)
{
    struct control prove;
    enum result res = message->type == CONTROL_GREET
                          ? handshake_prove(&w->handshake, &w->link->options, &message->greet, &prove)
                          : E_MALFORMED;

    if (res == OK)
        res = say(w, &prove);
    if (res == OK)
        w->state = WIRE_PROVING;
    else
        wire_end(w, CLOSE_NORMAL, res);
}

static void hear_proven(struct wire *w, const struct control *message)
{
    enum result res = message->type == CONTROL_PROVEN
                          ? handshake_end(&w->handshake, &w->link->options, &message->proven)
                          : E_MALFORMED;

    if (res == OK)
        rise(w);
    else
        wire_end(w, CLOSE_NORMAL, res);
}

static void on_message(void *context, struct ws *ws, struct bytes bytes)
{
    struct wire *w = context;
    struct bus_link *link = w->link;
    struct control message;

    (void)ws;
    if (w->state == WIRE_ENDING)
        return;
    if (w->state == WIRE_UP) {
        link->options.take(link->options.context, bytes);
        return;
    }
    if (control_read(bytes, &message) != OK)
        wire_end(w, CLOSE_MALFORMED, E_MALFORMED);
    else if (w->state == WIRE_PROVING)
        hear_proven(w, &message);
    else if (link->dials)
        hear_greet(w, &message);
    else
        hear_prove(w, &message);
}

/* --- The house's end --- */

static void on_link(void *context, struct ws *ws, const struct http_request *request)
{
    static const struct ws_events events = {NULL, on_message, on_closed};
    struct bus_link *link = context;
    struct control greet;
    struct wire *w;
    unsigned strangers = 0;

    (void)request;
    for (w = link->wires; w != NULL; w = w->next)
        strangers += w != link->up;
    if (strangers >= STRANGERS_MAX || wire_new(link, &w) != OK) {
        ws_free(ws);
        return;
    }
    w->ws = ws;
    ws_attach(ws, &events, w);
    loop_timer_set(w->deadline, loop_now_us() + (uint64_t)PROVE_MS * 1000);
    handshake_greet(&w->handshake, &link->options, &greet);
    if (say(w, &greet) != OK)
        wire_end(w, CLOSE_TRY_LATER, E_NO_MEMORY);
}

/* --- The relay's end --- */

static void on_opened(void *context, struct ws *ws)
{
    struct wire *w = context;

    (void)ws;
    loop_timer_set(w->deadline, loop_now_us() + (uint64_t)PROVE_MS * 1000);
}

static void dial(struct bus_link *link)
{
    static const struct ws_events events = {on_opened, on_message, on_closed};
    const struct ws_client_options options = {
        .loop = link->options.loop,
        .gate = link->gate,
        .tls = link->tls,
        .protocol = protocol,
        .limits = {CONTROL_BYTES, 0, PING_MS, DEAD_MS},
    };
    struct wire *w;
    enum result res = wire_new(link, &w);

    if (res == OK) {
        res = ws_connect(&options, bytes_string(link->url), &events, w, &w->ws);
        if (res != OK)
            wire_free(w);
    }
    if (res == OK)
        return;
    dial_later(link);
    link->options.down(link->options.context, res);
}

static void redial(void *context)
{
    dial(context);
}

/* --- Both --- */

static void on_published(void *context, struct bytes message)
{
    enum result res = bus_link_send(context, message);

    (void)res; /* a link that cannot take it is down, or about to be */
}

static enum result link_new(const struct bus_link_options *options, struct bus_link **out)
{
    struct bus_link *link = calloc(1, sizeof *link);
    enum result res;

    if (link == NULL)
        return E_NO_MEMORY;
    link->options = *options;
    link->pause_ms = FIRST_MS;
    res = bus_subscribe(options->bus, options->subject, options->loop, on_published, link, &link->outward);
    if (res != OK) {
        bus_link_free(link);
        return res;
    }
    *out = link;
    return OK;
}

enum result bus_link_attend(const struct bus_link_options *options, struct http_server *server,
                            struct bus_link **out)
{
    struct bus_link *link;
    enum result res = link_new(options, &link);

    if (res != OK)
        return res;
    res = ws_route_add(server, &(struct ws_route){.path = BUS_LINK_PATH,
                                                  .protocol = protocol,
                                                  .limits = {CONTROL_BYTES, 0, PING_MS, DEAD_MS},
                                                  .accept = on_link,
                                                  .context = link});
    if (res != OK) {
        bus_link_free(link);
        return res;
    }
    *out = link;
    return OK;
}

enum result bus_link_dial(const struct bus_link_options *options, const char *url, const struct gate *gate,
                          const struct tls *tls, struct bus_link **out)
{
    struct bus_link *link;
    enum result res;
    int len;

    res = link_new(options, &link);
    if (res != OK)
        return res;
    link->dials = true;
    link->gate = gate;
    link->tls = tls;
    len = snprintf(link->url, sizeof link->url, "%s" BUS_LINK_PATH, url);
    if (len < 0 || (size_t)len >= sizeof link->url)
        res = E_TOO_LARGE;
    if (res == OK)
        res = loop_timer_new(options->loop, redial, link, &link->redial);
    if (res != OK) {
        bus_link_free(link);
        return res;
    }
    /* From the loop, as every later attempt: what it tells finds its hearer ready. */
    loop_timer_set(link->redial, loop_now_us());
    *out = link;
    return OK;
}

enum result bus_link_send(struct bus_link *link, struct bytes message)
{
    return link->up == NULL ? E_STATE : ws_send(link->up->ws, message);
}

void bus_link_free(struct bus_link *link)
{
    if (link == NULL)
        return;
    while (link->wires != NULL) {
        ws_free(link->wires->ws);
        wire_free(link->wires);
    }
    loop_timer_free(link->redial);
    bus_unsubscribe(link->outward);
    free(link);
}
