/* The house on a real server: its routes, links and timer. The one file of the house with effects. */
#include "house/inside.h"
#include "house/relays.h"

#include "io/ws.h"

/* A link is dead long before its ticket lapses, and its seat is then free SEAT_LOST_MS later. */
enum { PING_MS = 3000, DEAD_MS = 9000 };

struct mount {
    struct house *house;
    struct loop_timer *timer;
    struct wire *wires;
};

/* One WebSocket. Lives until the link has closed; its session may end before. */
struct wire {
    struct mount *mount;
    struct wire *next, **link;
    struct ws *ws;
    struct session *session; /* NULL once it has ended */
};

static uint64_t now_ms(void)
{
    return loop_now_us() / 1000;
}

/* After each verb: what is due at once, and the time for the rest. */
static void attend(struct mount *m)
{
    uint64_t due = m->house->due_ms;

    if (due <= now_ms())
        due = house_due(m->house, now_ms());
    if (due == UINT64_MAX)
        loop_timer_clear(m->timer);
    else
        loop_timer_set(m->timer, due * 1000);
}

static void timer_due(void *context)
{
    attend(context);
}

static void wire_free(struct wire *w)
{
    *w->link = w->next;
    if (w->next != NULL)
        w->next->link = w->link;
    free(w);
}

static enum result wire_send(void *self, struct bytes message)
{
    struct wire *w = self;

    return ws_send(w->ws, message);
}

static void wire_close(void *self, unsigned code)
{
    struct wire *w = self;

    w->session = NULL;
    ws_close(w->ws, code, "");
}

static void on_message(void *context, struct ws *ws, struct bytes message)
{
    struct wire *w = context;
    struct mount *m = w->mount;

    (void)ws;
    if (w->session == NULL)
        return;
    session_take(w->session, now_ms(), message);
    attend(m);
}

static void on_closed(void *context, struct ws *ws, unsigned code, enum result why)
{
    struct wire *w = context;
    struct mount *m = w->mount;
    struct session *s = w->session;

    (void)ws;
    (void)code;
    (void)why;
    wire_free(w);
    if (s == NULL)
        return;
    session_end(s, now_ms());
    attend(m);
}

static void on_link(void *context, struct ws *ws, const struct http_request *request)
{
    static const struct ws_events events = {NULL, on_message, on_closed};
    struct mount *m = context;
    struct wire *w = calloc(1, sizeof *w);
    struct line line = {wire_send, wire_close, w, house_crowd(m->house, &request->from)};
    enum result res;

    if (w == NULL) {
        ws_free(ws);
        return;
    }
    w->mount = m;
    w->ws = ws;
    w->next = m->wires;
    w->link = &m->wires;
    if (w->next != NULL)
        w->next->link = &w->next;
    m->wires = w;
    ws_attach(ws, &events, w);
    res = session_new(m->house, now_ms(), &line, &w->session);
    if (res != OK) {
        log_warn("house", "a link was turned away", (struct log_tag){0}, res);
        ws_close(ws, CLOSE_TRY_LATER, "");
    }
    attend(m);
}

static void on_health(void *context, const struct http_request *request, struct http_turn turn)
{
    (void)context;
    (void)request;
    http_answer_text(turn, 200, "ok");
}

static void mount_free(struct mount *m)
{
    while (m->wires != NULL) {
        ws_free(m->wires->ws);
        wire_free(m->wires);
    }
    loop_timer_free(m->timer);
    free(m);
}

enum result house_mount(struct house *h, struct loop *loop, struct http_server *server)
{
    struct mount *m = calloc(1, sizeof *m);
    enum result res;

    if (m == NULL)
        return E_NO_MEMORY;
    m->house = h;
    h->mount = m; /* freed with the house, whatever happens below */
    h->unmount = mount_free;
    res = loop_timer_new(loop, timer_due, m, &m->timer);
    if (res == OK)
        res = ws_route_add(server, &(struct ws_route){.path = "/signal",
                                                      .protocol = "teahouse.1",
                                                      .limits = {SIGNAL_BYTES, 0, PING_MS, DEAD_MS},
                                                      .accept = on_link,
                                                      .context = m});
    if (res == OK)
        res = http_route_add(server,
                             &(struct http_route){.method = "GET", .path = "/health", .handle = on_health});
    if (res == OK)
        res = relays_mount(h, loop, server);
    if (res == OK)
        attend(m);
    return res;
}
