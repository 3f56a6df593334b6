#include "io/ws_link.h"

#include <event2/buffer.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <wslay/wslay.h>

#include <stdlib.h>
#include <string.h>

enum {
    MESSAGE_MAX = 64 * 1024,
    QUEUE_MAX = 1024 * 1024,
    PING_MS = 15000,
    DEAD_MS = 40000,
    WHOLE_MS = 60000,
    CLOSE_WAIT_MS = 3000,
    CONTROL_SLACK = 16 * 1024, /* what answers to pings may add to a full queue */
    READ_AHEAD = 64 * 1024
};

enum state {
    WAITING, /* for the handshake */
    OPEN,
    CLOSING, /* our close is queued or sent; the peer's is awaited */
    SHUT     /* nothing will be sent any more; what comes is thrown away */
};

struct ws {
    struct loop *loop;
    struct ws_limits limits;
    const struct ws_events *events;
    void *context;
    enum state state;
    unsigned depth; /* of our own functions on the stack: with any, it must not be freed yet */
    bool dead;      /* to be freed when depth is 0 again */
    struct bufferevent *stream;
    struct address peer;
    struct wslay_event_context *frames;
    struct loop_timer *timer;
    struct http_guest guest;
    void (*give_up)(void *context);
    void *give_up_context;
    uint64_t heard_us, asked_us; /* the peer's last byte; our last ping */
    uint64_t begun_us;           /* when the message that is coming began; 0 for none */
    uint8_t *message;            /* what has come of it */
    size_t len, room;
    bool control;  /* the frame that is being read is none of the message's */
    unsigned code; /* why it closes, once it does */
    enum result why;
};

struct http_guest *ws_guest(struct ws *ws)
{
    return &ws->guest;
}

void ws_wait_for(struct ws *ws, void (*give_up)(void *context), void *context)
{
    ws->give_up = give_up;
    ws->give_up_context = context;
}

struct address ws_peer(const struct ws *ws)
{
    return ws->peer;
}

void ws_attach(struct ws *ws, const struct ws_events *events, void *context)
{
    ws->events = events;
    ws->context = context;
}

static void destroy(struct ws *ws)
{
    if (ws->give_up != NULL)
        ws->give_up(ws->give_up_context);
    http_guest_leave(&ws->guest);
    loop_timer_free(ws->timer);
    if (ws->stream != NULL)
        bufferevent_free(ws->stream);
    wslay_event_context_free(ws->frames);
    free(ws->message);
    free(ws);
}

static void enter(struct ws *ws)
{
    ws->depth++;
}

static void leave(struct ws *ws)
{
    if (--ws->depth == 0 && ws->dead)
        destroy(ws);
}

void ws_free(struct ws *ws)
{
    if (ws == NULL || ws->dead)
        return;
    ws->dead = true;
    ws->events = NULL;
    if (ws->depth == 0)
        destroy(ws);
}

void ws_finish(struct ws *ws, unsigned code, enum result why)
{
    const struct ws_events *events = ws->events;

    if (ws->dead)
        return;
    enter(ws);
    ws->dead = true;
    ws->events = NULL;
    if (events != NULL && events->closed != NULL)
        events->closed(ws->context, ws, code, why);
    leave(ws);
}

void ws_tell_opened(struct ws *ws)
{
    if (ws->events != NULL && ws->events->opened != NULL)
        ws->events->opened(ws->context, ws);
}

/* ---- closing */

static void flush(struct ws *ws)
{
    if (wslay_event_send(ws->frames) != 0)
        ws->why = E_NO_MEMORY;
}

static size_t unread(const struct ws *ws)
{
    return evbuffer_get_length(bufferevent_get_output(ws->stream)) +
           wslay_event_get_queued_msg_length(ws->frames);
}

static void close_with(struct ws *ws, unsigned code, enum result why, const char *reason)
{
    size_t len = strlen(reason) < 100 ? strlen(reason) : 100;

    if (ws->state != OPEN)
        return;
    ws->state = CLOSING;
    ws->code = code;
    ws->why = why;
    loop_timer_set(ws->timer, loop_now_us() + CLOSE_WAIT_MS * 1000);
    if (wslay_event_queue_close(ws->frames, (uint16_t)code, (const uint8_t *)reason, len) == 0)
        flush(ws);
}

void ws_close(struct ws *ws, unsigned code, const char *reason)
{
    if (ws->state == WAITING) {
        /* There is nobody yet to whom a close could be sent: it is told in the loop's next turn. */
        ws->give_up(ws->give_up_context);
        ws->give_up = NULL;
        ws->state = SHUT;
        ws->code = code;
        ws->why = OK;
        loop_timer_set(ws->timer, 0);
        return;
    }
    close_with(ws, code, OK, reason);
}

/* The peer breaks a rule. What it sends from now on is not even looked at. */
static void refuse(struct ws *ws, unsigned code, enum result why, const char *reason)
{
    close_with(ws, code, why, reason);
    wslay_event_shutdown_read(ws->frames);
}

static void settle(struct ws *ws)
{
    bool received = wslay_event_get_close_received(ws->frames), sent = wslay_event_get_close_sent(ws->frames);

    if (ws->dead || ws->state == SHUT)
        return;
    if (ws->state == OPEN && received) {
        ws->state = CLOSING;
        ws->code = wslay_event_get_status_code_received(ws->frames);
        ws->why = OK;
        loop_timer_set(ws->timer, loop_now_us() + CLOSE_WAIT_MS * 1000);
    }
    if (ws->state == CLOSING && sent && unread(ws) == 0) {
        if (received) {
            ws_finish(ws, ws->code, ws->why);
        } else if (!wslay_event_get_read_enabled(ws->frames)) {
            /* Told off: no reset may overtake the close frame, so what is still under way is read and
             * dropped. */
            ws->state = SHUT;
            stream_shut(ws->stream);
        }
    }
}

/* ---- what wslay asks for */

static ssize_t give_bytes(wslay_event_context_ptr frames, uint8_t *to, size_t len, int flags, void *context)
{
    struct ws *ws = context;
    int got = ws->dead ? 0 : evbuffer_remove(bufferevent_get_input(ws->stream), to, len);

    (void)flags;
    if (got <= 0) {
        wslay_event_set_error(frames, ws->dead ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    return got;
}

static ssize_t take_bytes(wslay_event_context_ptr frames, const uint8_t *from, size_t len, int flags,
                          void *context)
{
    struct ws *ws = context;

    (void)flags;
    if (bufferevent_write(ws->stream, from, len) != 0) {
        wslay_event_set_error(frames, WSLAY_ERR_CALLBACK_FAILURE);
        return -1;
    }
    return (ssize_t)len;
}

static int draw_mask(wslay_event_context_ptr frames, uint8_t *to, size_t len, void *context)
{
    (void)context;
    if (RAND_bytes(to, (int)len) == 1)
        return 0;
    wslay_event_set_error(frames, WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static void frame_begins(wslay_event_context_ptr frames,
                         const struct wslay_event_on_frame_recv_start_arg *frame, void *context)
{
    struct ws *ws = context;

    (void)frames;
    ws->control = wslay_is_ctrl_frame(frame->opcode);
    if (ws->dead || ws->control)
        return;
    if (ws->begun_us == 0)
        ws->begun_us = loop_now_us();
    if (frame->opcode == WSLAY_TEXT_FRAME)
        refuse(ws, WSLAY_CODE_UNSUPPORTED_DATA, E_MALFORMED, "binary messages only");
    else if (frame->payload_length > ws->limits.message_max - ws->len)
        refuse(ws, WSLAY_CODE_MESSAGE_TOO_BIG, E_TOO_LARGE, "message too big");
}

static bool make_room(struct ws *ws, size_t more)
{
    size_t room = ws->room != 0 ? ws->room : 1024;
    uint8_t *grown;

    while (room < ws->len + more)
        room *= 2;
    if (room == ws->room)
        return true;
    grown = realloc(ws->message, room);
    if (grown == NULL)
        return false;
    ws->message = grown;
    ws->room = room;
    return true;
}

static void frame_goes_on(wslay_event_context_ptr frames,
                          const struct wslay_event_on_frame_recv_chunk_arg *chunk, void *context)
{
    struct ws *ws = context;

    if (ws->dead || ws->control || !wslay_event_get_read_enabled(frames) || chunk->data_length == 0)
        return;
    if (!make_room(ws, chunk->data_length)) {
        refuse(ws, WSLAY_CODE_INTERNAL_SERVER_ERROR, E_NO_MEMORY, "out of memory");
        return;
    }
    memcpy(ws->message + ws->len, chunk->data, chunk->data_length);
    ws->len += chunk->data_length;
}

static void message_ends(wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *message,
                         void *context)
{
    struct ws *ws = context;

    if (ws->dead || wslay_is_ctrl_frame(message->opcode) || !wslay_event_get_read_enabled(frames))
        return;
    if (ws->state == OPEN && ws->events != NULL && ws->events->message != NULL)
        ws->events->message(ws->context, ws, bytes(ws->message, ws->len));
    ws->len = 0;
    ws->begun_us = 0;
    /* A rare large message should not hold memory for the life of a link. */
    if (ws->room > 16 * 1024) {
        free(ws->message);
        ws->message = NULL;
        ws->room = 0;
    }
}

/* ---- what the stream tells */

static void read_more(struct ws *ws)
{
    struct evbuffer *input = bufferevent_get_input(ws->stream);

    if (evbuffer_get_length(input) != 0)
        ws->heard_us = loop_now_us();
    if (ws->state == SHUT || !wslay_event_get_read_enabled(ws->frames)) {
        evbuffer_drain(input, SIZE_MAX);
        return;
    }
    if (wslay_event_recv(ws->frames) == WSLAY_ERR_NOMEM && !ws->dead)
        refuse(ws, WSLAY_CODE_INTERNAL_SERVER_ERROR, E_NO_MEMORY, "out of memory");
    if (ws->dead)
        return;
    /* wslay queues a close by itself where the peer broke the protocol, and stops reading. */
    if (ws->state == OPEN && !wslay_event_get_read_enabled(ws->frames) &&
        !wslay_event_get_close_received(ws->frames)) {
        ws->state = CLOSING;
        ws->code = WSLAY_CODE_PROTOCOL_ERROR;
        ws->why = E_MALFORMED;
        loop_timer_set(ws->timer, loop_now_us() + CLOSE_WAIT_MS * 1000);
    }
    flush(ws);
    if (unread(ws) > ws->limits.queue_max + CONTROL_SLACK)
        ws_finish(ws, WSLAY_CODE_POLICY_VIOLATION, E_AGAIN);
}

static void on_read(struct bufferevent *stream, void *context)
{
    struct ws *ws = context;

    (void)stream;
    enter(ws);
    read_more(ws);
    settle(ws);
    leave(ws);
}

static void on_written(struct bufferevent *stream, void *context)
{
    struct ws *ws = context;

    (void)stream;
    enter(ws);
    settle(ws);
    leave(ws);
}

static void on_event(struct bufferevent *stream, short events, void *context)
{
    struct ws *ws = context;

    if (events & BEV_EVENT_CONNECTED)
        return;
    if (ws->state == OPEN)
        ws_finish(ws, WSLAY_CODE_ABNORMAL_CLOSURE, stream_why(stream, events));
    else
        ws_finish(ws, ws->code, ws->why);
}

static void heed_time(struct ws *ws)
{
    uint64_t now_us = loop_now_us();
    uint64_t dead_us = ws->heard_us + ws->limits.dead_ms * UINT64_C(1000);
    uint64_t ping_us =
        (ws->heard_us > ws->asked_us ? ws->heard_us : ws->asked_us) + ws->limits.ping_ms * UINT64_C(1000);
    struct wslay_event_msg ping = {.opcode = WSLAY_PING};

    if (ws->state == WAITING) {
        ws_finish(ws, WSLAY_CODE_ABNORMAL_CLOSURE, E_EXPIRED);
    } else if (ws->state != OPEN) {
        ws_finish(ws, ws->code, ws->why);
    } else if (now_us >= dead_us) {
        ws_finish(ws, WSLAY_CODE_ABNORMAL_CLOSURE, E_EXPIRED);
    } else if (ws->begun_us != 0 && now_us >= ws->begun_us + ws->limits.whole_ms * UINT64_C(1000)) {
        refuse(ws, WSLAY_CODE_POLICY_VIOLATION, E_EXPIRED, "the message takes too long");
    } else {
        if (now_us >= ping_us) {
            ws->asked_us = now_us;
            ping_us = now_us + ws->limits.ping_ms * UINT64_C(1000);
            if (wslay_event_queue_msg(ws->frames, &ping) == 0)
                flush(ws);
        }
        loop_timer_set(ws->timer, ping_us < dead_us ? ping_us : dead_us);
    }
}

static void timed_out(void *context)
{
    struct ws *ws = context;

    enter(ws);
    heed_time(ws);
    leave(ws);
}

struct ws *ws_new(struct loop *loop, const struct ws_limits *limits)
{
    struct ws *ws = calloc(1, sizeof *ws);

    if (ws == NULL)
        return NULL;
    ws->loop = loop;
    ws->limits = *limits;
    if (ws->limits.message_max == 0)
        ws->limits.message_max = MESSAGE_MAX;
    if (ws->limits.queue_max == 0)
        ws->limits.queue_max = QUEUE_MAX;
    if (ws->limits.ping_ms == 0)
        ws->limits.ping_ms = PING_MS;
    if (ws->limits.dead_ms == 0)
        ws->limits.dead_ms = DEAD_MS;
    if (ws->limits.whole_ms == 0)
        ws->limits.whole_ms = WHOLE_MS;
    if (loop_timer_new(loop, timed_out, ws, &ws->timer) != OK) {
        free(ws);
        return NULL;
    }
    return ws;
}

enum result ws_start(struct ws *ws, enum ws_side side, struct bufferevent *stream, const struct address *peer)
{
    const struct wslay_event_callbacks calls = {.recv_callback = give_bytes,
                                                .send_callback = take_bytes,
                                                .genmask_callback = draw_mask,
                                                .on_frame_recv_start_callback = frame_begins,
                                                .on_frame_recv_chunk_callback = frame_goes_on,
                                                .on_msg_recv_callback = message_ends};
    int made;

    ws->stream = stream;
    ws->peer = *peer;
    if (side == WS_SERVER)
        made = wslay_event_context_server_init(&ws->frames, &calls, ws);
    else
        made = wslay_event_context_client_init(&ws->frames, &calls, ws);
    if (made != 0)
        return E_NO_MEMORY;
    /* The message is put together here, so the cap is ours alone. */
    wslay_event_config_set_no_buffering(ws->frames, 1);
    wslay_event_config_set_max_recv_msg_length(ws->frames, INT64_MAX);
    ws->state = OPEN;
    ws->heard_us = loop_now_us();
    loop_timer_set(ws->timer, ws->heard_us + ws->limits.ping_ms * UINT64_C(1000));
    bufferevent_setcb(stream, on_read, on_written, on_event, ws);
    bufferevent_setwatermark(stream, EV_READ, 0, READ_AHEAD);
    if (bufferevent_enable(stream, EV_READ | EV_WRITE) != 0)
        return E_NO_MEMORY;
    if (evbuffer_get_length(bufferevent_get_input(stream)) != 0)
        bufferevent_trigger(stream, EV_READ, BEV_OPT_DEFER_CALLBACKS);
    return OK;
}

enum result ws_send(struct ws *ws, struct bytes message)
{
    struct wslay_event_msg m = {.opcode = WSLAY_BINARY_FRAME, .msg = message.at, .msg_length = message.len};

    if (ws->dead || ws->state != OPEN)
        return E_STATE;
    if (message.len > ws->limits.message_max)
        return E_TOO_LARGE;
    if (message.len > ws->limits.queue_max || unread(ws) > ws->limits.queue_max - message.len) {
        close_with(ws, WSLAY_CODE_POLICY_VIOLATION, E_AGAIN, "reads too slowly");
        return E_AGAIN;
    }
    if (wslay_event_queue_msg(ws->frames, &m) != 0 || wslay_event_send(ws->frames) != 0)
        return E_NO_MEMORY;
    return OK;
}

/* ---- the handshake's key */

enum result ws_key_new(char out[static WS_KEY_SIZE])
{
    uint8_t key[16];

    if (RAND_bytes(key, sizeof key) != 1)
        return E_CRYPTO;
    EVP_EncodeBlock((unsigned char *)out, key, sizeof key);
    return OK;
}

enum result ws_accept_of(struct bytes key, char out[static WS_ACCEPT_SIZE])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    uint8_t text[WS_KEY_SIZE - 1 + sizeof guid - 1], raw[18], hash[20];
    unsigned len;

    /* 16 bytes in base64: 22 characters and `==`. */
    if (key.len != WS_KEY_SIZE - 1 || key.at[22] != '=' || key.at[23] != '=' ||
        EVP_DecodeBlock(raw, key.at, (int)key.len) != sizeof raw)
        return E_MALFORMED;
    memcpy(text, key.at, key.len);
    memcpy(text + key.len, guid, sizeof guid - 1);
    if (EVP_Digest(text, sizeof text, hash, &len, EVP_sha1(), NULL) != 1)
        return E_CRYPTO;
    EVP_EncodeBlock((unsigned char *)out, hash, sizeof hash);
    return OK;
}
