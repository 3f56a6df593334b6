/* A stream of WebSocket frames from the other side, in pieces: no message may come that is larger than the
 * cap, and the end is told once. The first byte says which side reads and how large the pieces are. */
#include "io/ws_link.h"

#include <event2/buffer.h>

#include <assert.h>
#include <stdlib.h>

enum { MESSAGE_MAX = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    struct ws *ws;
    unsigned messages;
    bool closed;
};

static void on_message(void *context, struct ws *ws, struct bytes message)
{
    struct seen *s = context;
    enum result res;

    assert(!s->closed && ws == s->ws);
    assert(message.len <= MESSAGE_MAX);
    res = ws_send(ws, message);
    assert(res == OK || res == E_AGAIN || res == E_STATE);
    if (++s->messages % 8 == 7)
        ws_close(ws, 1000, "enough");
}

static void on_closed(void *context, struct ws *ws, unsigned code, enum result why)
{
    struct seen *s = context;

    (void)ws;
    (void)code;
    (void)why;
    assert(!s->closed);
    s->closed = true;
    s->ws = NULL;
}

static const struct ws_events events = {.message = on_message, .closed = on_closed};

static void turn(struct loop *loop)
{
    for (int i = 0; i < 3; i++)
        event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct loop *loop; /* one for all runs: it holds descriptors */
    const struct ws_limits limits = {.message_max = MESSAGE_MAX, .queue_max = 20000};
    const struct address nobody = {0};
    struct bufferevent *ends[2];
    struct seen seen = {0};
    size_t piece;

    if (size == 0)
        return 0;
    if (loop == NULL && loop_new(&loop) != OK)
        abort();
    if (bufferevent_pair_new(loop_base(loop), 0, ends) != 0)
        abort();
    seen.ws = ws_new(loop, &limits);
    if (seen.ws == NULL || ws_start(seen.ws, data[0] & 1 ? WS_CLIENT : WS_SERVER, ends[0], &nobody) != OK)
        abort();
    ws_attach(seen.ws, &events, &seen);
    bufferevent_enable(ends[1], EV_READ | EV_WRITE);

    piece = 8u << (data[0] >> 4);
    for (size_t at = 1; at < size; at += piece) {
        bufferevent_write(ends[1], data + at, size - at < piece ? size - at : piece);
        turn(loop);
        evbuffer_drain(bufferevent_get_input(ends[1]), SIZE_MAX);
    }
    ws_free(seen.ws);
    bufferevent_free(ends[1]);
    turn(loop);
    return 0;
}
