#include "io/http_message.h"
#include "io/stream.h"

#include <event2/buffer.h>

#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 10000 };

enum state {
    IDLE,    /* no request; perhaps a connection, perhaps one that is being opened */
    OPENING, /* a request waits for the connection */
    HEAD,    /* for the answer's head */
    BODY
};

struct http_client {
    struct http_client_options options;
    struct url url;
    enum state state;
    struct dial *dial;
    struct bufferevent *stream;
    struct address peer; /* of the newest connection, where has_peer */
    bool has_peer;
    struct loop_timer *deadline;
    bool used;        /* the connection has carried a request before this one */
    bool repeatable;  /* the request may be sent twice without harm: RFC 9110, section 9.2.2 */
    bool bodiless;    /* its answer has no body */
    bool heard;       /* a byte of the answer has come */
    uint8_t *request; /* until it is answered */
    size_t request_len;
    uint8_t *block;
    struct http_message message;
    struct http_body body;
    void (*answered)(void *context, enum result, const struct http_head *, struct bytes body);
    void *context;
};

static void open_connection(struct http_client *);

static void hang_up(struct http_client *c)
{
    dial_cancel(c->dial);
    c->dial = NULL;
    if (c->stream != NULL)
        bufferevent_free(c->stream);
    c->stream = NULL;
    c->used = false;
}

static void forget_request(struct http_client *c)
{
    http_body_free(&c->body);
    free(c->request);
    free(c->block);
    c->request = NULL;
    c->block = NULL;
}

void http_client_free(struct http_client *c)
{
    if (c == NULL)
        return;
    hang_up(c);
    forget_request(c);
    loop_timer_free(c->deadline);
    free(c);
}

/* Tells the asker. The next request may be made from within, so all of this one's memory is set aside before.
 */
static void answer(struct http_client *c, enum result res, struct bytes body)
{
    struct http_message message = c->message;
    struct http_body held = c->body;
    uint8_t *block = c->block;

    c->block = NULL;
    c->body = (struct http_body){.step = BODY_WHOLE};
    forget_request(c);
    loop_timer_clear(c->deadline);
    c->state = IDLE;
    c->answered(c->context, res, res == OK ? &message.head : NULL, body);
    /* The client may be gone. */
    http_body_free(&held);
    free(block);
}

static void fail(struct http_client *c, enum result res)
{
    hang_up(c);
    if (c->state != IDLE)
        answer(c, res, (struct bytes){0});
}

static void complete(struct http_client *c)
{
    struct bytes body;
    enum result res = http_body_bytes(&c->body, &body);

    c->used = true;
    if (!c->message.keep || res != OK || evbuffer_get_length(bufferevent_get_input(c->stream)) != 0)
        hang_up(c);
    answer(c, res, body);
}

static void take_body(struct http_client *c)
{
    enum result res = http_body_take(&c->body, bufferevent_get_input(c->stream));

    if (res == OK)
        complete(c);
    else if (res != E_AGAIN)
        fail(c, res);
}

static bool without_body(const struct http_client *c)
{
    return c->bodiless || c->message.head.status == 204 || c->message.head.status == 304;
}

static void take_head(struct http_client *c)
{
    struct evbuffer *input = bufferevent_get_input(c->stream);
    size_t max = c->options.body_max != 0 ? c->options.body_max : HTTP_BODY_MAX;
    enum result res;
    size_t len;

    do {
        free(c->block);
        c->block = NULL;
        res = http_head_take(input, &c->block, &len);
        if (res == E_AGAIN)
            return;
        if (res == OK)
            res = http_message_read(bytes(c->block, len), HTTP_RESPONSE, &c->message);
        if (res == OK && c->message.head.status == 101)
            res = E_MALFORMED;
    } while (res == OK && c->message.head.status < 200); /* RFC 9110, section 15.2: they announce another */

    if (res == OK && without_body(c)) {
        c->message.chunked = false;
        c->message.measured = true;
        c->message.length = 0;
    }
    if (res == OK)
        res = http_body_start(&c->body, &c->message, HTTP_RESPONSE, max);
    if (res != OK) {
        fail(c, res);
        return;
    }
    c->state = BODY;
    take_body(c);
}

static void on_read(struct bufferevent *stream, void *context)
{
    struct http_client *c = context;

    (void)stream;
    c->heard = true;
    if (c->state == HEAD)
        take_head(c);
    else if (c->state == BODY)
        take_body(c);
    else
        hang_up(c); /* an answer to nothing */
}

static void on_event(struct bufferevent *stream, short events, void *context)
{
    struct http_client *c = context;
    enum result why;

    if (events & BEV_EVENT_CONNECTED)
        return;
    why = stream_why(stream, events);
    if (c->state == BODY && c->body.step == BODY_TO_END && (events & BEV_EVENT_EOF)) {
        c->message.keep = false;
        complete(c);
    } else if (c->state == HEAD && c->used && !c->heard && c->repeatable) {
        /* The server closed a connection that had rested, just as the request went out. */
        hang_up(c);
        c->state = OPENING;
        open_connection(c);
    } else {
        fail(c, why);
    }
}

static void send_request(struct http_client *c)
{
    c->state = HEAD;
    c->heard = false;
    if (bufferevent_write(c->stream, c->request, c->request_len) != 0)
        loop_timer_set(c->deadline, 0);
}

static void dialled(void *context, enum result res, struct bufferevent *stream, const struct address *peer)
{
    struct http_client *c = context;

    c->dial = NULL;
    if (res != OK) {
        fail(c, res);
        return;
    }
    c->stream = stream;
    c->peer = *peer;
    c->has_peer = true;
    bufferevent_setcb(stream, on_read, NULL, on_event, c);
    bufferevent_setwatermark(stream, EV_READ, 0, HTTP_HEAD_MAX + 4096);
    if (bufferevent_enable(stream, EV_READ | EV_WRITE) != 0)
        fail(c, E_NO_MEMORY);
    else if (c->state == OPENING)
        send_request(c);
}

static void open_connection(struct http_client *c)
{
    enum result res = dial_open(c->options.gate, c->options.loop, c->url.tls ? c->options.tls : NULL,
                                c->url.host, c->url.port, dialled, c, &c->dial);

    /* Told from the loop, as everything is. */
    if (res != OK && c->state != IDLE)
        loop_timer_set(c->deadline, 0);
}

bool http_client_peer(const struct http_client *c, struct address *out)
{
    if (c->has_peer)
        *out = c->peer;
    return c->has_peer;
}

void http_connect(struct http_client *c)
{
    if (c->stream == NULL && c->dial == NULL)
        open_connection(c);
}

static void too_late(void *context)
{
    fail(context, E_EXPIRED);
}

enum result http_client_new(const struct http_client_options *options, struct bytes url,
                            struct http_client **out)
{
    struct http_client *c = calloc(1, sizeof *c);
    enum result res;

    if (c == NULL)
        return E_NO_MEMORY;
    c->options = *options;
    c->body.step = BODY_WHOLE;
    res = url_parse(url, &c->url);
    if (res == OK && c->url.tls && options->tls == NULL)
        res = E_UNSUPPORTED;
    if (res == OK)
        res = loop_timer_new(options->loop, too_late, c, &c->deadline);
    if (res != OK) {
        http_client_free(c);
        return res == E_TOO_LARGE ? E_MALFORMED : res;
    }
    *out = c;
    return OK;
}

/* Nothing that could end a line or a request early. */
static bool clean(struct bytes text, uint8_t lowest)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < lowest || text.at[i] > '~')
            return false;
    return true;
}

static bool line(struct evbuffer *to, const char *name, struct bytes value)
{
    return evbuffer_add(to, name, strlen(name)) == 0 && evbuffer_add(to, value.at, value.len) == 0 &&
           evbuffer_add(to, "\r\n", 2) == 0;
}

static bool has_body_by_nature(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
}

static enum result request_write(const struct http_client *c, const struct http_ask *ask, struct evbuffer *to)
{
    char authority[URL_ORIGIN_SIZE];
    bool good;

    url_authority(&c->url, authority);
    good = evbuffer_add_printf(to, "%s ", ask->method) > 0 &&
           evbuffer_add(to, ask->path.at, ask->path.len) == 0 && line(to, " HTTP/1.1", (struct bytes){0}) &&
           line(to, "Host: ", bytes_string(authority));
    if (ask->bearer.len != 0)
        good = good && line(to, "Authorization: Bearer ", ask->bearer);
    if (ask->type != NULL)
        good = good && line(to, "Content-Type: ", bytes_string(ask->type));
    if (ask->body.len != 0 || has_body_by_nature(ask->method))
        good = good && evbuffer_add_printf(to, "Content-Length: %zu\r\n", ask->body.len) > 0;
    good = good && evbuffer_add(to, "\r\n", 2) == 0 && evbuffer_add(to, ask->body.at, ask->body.len) == 0;
    return good ? OK : E_NO_MEMORY;
}

static enum result request_keep(struct http_client *c, const struct http_ask *ask)
{
    struct evbuffer *text = evbuffer_new();
    enum result res = text != NULL ? request_write(c, ask, text) : E_NO_MEMORY;

    if (res == OK) {
        c->request_len = evbuffer_get_length(text);
        c->request = malloc(c->request_len);
        if (c->request == NULL)
            res = E_NO_MEMORY;
        else
            evbuffer_remove(text, c->request, c->request_len);
    }
    if (text != NULL)
        evbuffer_free(text);
    return res;
}

enum result http_request(struct http_client *c, const struct http_ask *ask,
                         void (*answered)(void *context, enum result, const struct http_head *,
                                          struct bytes body),
                         void *context)
{
    uint32_t wait_ms = c->options.wait_ms != 0 ? c->options.wait_ms : WAIT_MS;
    enum result res;

    if (c->state != IDLE)
        return E_STATE;
    if (ask->path.len == 0 || ask->path.at[0] != '/' || !clean(ask->path, '!') || !clean(ask->bearer, '!'))
        return E_MALFORMED;
    res = request_keep(c, ask);
    if (res != OK)
        return res;

    c->answered = answered;
    c->context = context;
    c->bodiless = strcmp(ask->method, "HEAD") == 0;
    c->repeatable = strcmp(ask->method, "POST") != 0 && strcmp(ask->method, "PATCH") != 0;
    loop_timer_set(c->deadline, loop_now_us() + wait_ms * UINT64_C(1000));
    c->state = OPENING;
    if (c->stream != NULL)
        send_request(c);
    else
        http_connect(c);
    return OK;
}
