#include "relay/entrance.h"

#include "base/text.h"
#include "relay/visit.h"

#include <assert.h>
#include <string.h>

enum {
    OFFER_MAX = 48 * 1024,
    ANSWER_MAX = 16 * 1024,
    ID_TEXT_LEN = TEXT_BASE64URL_LEN(RELAY_ID_LEN),
};

#define PATH "/media/"

static uint64_t unix_ms(const struct relay_entrance *e)
{
    return e->settings->unix_ms(e->settings->unix_self);
}

static uint64_t now_s(const struct relay_entrance *e)
{
    return unix_ms(e) / 1000;
}

/* The ticket's end on the workers' clock. */
static uint64_t expires_us(const struct relay_entrance *e, const struct ticket *t)
{
    uint64_t now_ms = unix_ms(e), end_ms = t->expiry_s * 1000;

    return loop_now_us() + (end_ms > now_ms ? (end_ms - now_ms) * 1000 : 0);
}

static void refuse(struct http_turn turn, enum result why)
{
    switch (why) {
    case E_MALFORMED:
    case E_TOO_LARGE:
        http_answer_text(turn, 400, "the offer is no session description that we understand");
        break;
    case E_UNSUPPORTED:
        http_answer_text(
            turn, 400,
            "the offer needs BUNDLE, rtcp-mux, ICE, DTLS with sha-256 and setup actpass or active, and Opus");
        break;
    case E_FORGED:
        http_answer_text(turn, 401, "no valid ticket");
        break;
    case E_EXPIRED:
        http_answer_text(turn, 401, "the ticket has expired, or runs for too long");
        break;
    case E_STALE:
        http_answer_text(turn, 401, "a newer ticket of this seat was seen, or the room has ended");
        break;
    case E_REFUSED:
        http_answer_text(turn, 401, "the ticket is for another relay, seat or certificate");
        break;
    case E_NOT_FOUND:
        http_answer_text(turn, 404, "there is no such session");
        break;
    case E_NO_KEY:
        http_answer_text(turn, 503, "the relay has not found its house yet");
        break;
    case E_NO_MEMORY:
    case E_AGAIN:
        http_answer_text(turn, 503, "the relay is full or going away");
        break;
    default:
        http_answer_text(turn, 500, "the relay could not do this");
        break;
    }
}

/* RFC 6750, section 2.1: `Bearer`, a blank, the token. OK | E_NO_KEY | E_FORGED | E_EXPIRED | E_REFUSED |
 * E_CRYPTO */
static enum result ticket_of(const struct relay_entrance *e, const struct http_request *request,
                             struct ticket *out)
{
    static const char scheme[] = "bearer ";
    struct bytes value = http_header(request->head, "Authorization");

    if (!e->has_key)
        return E_NO_KEY;
    if (value.len < sizeof scheme - 1)
        return E_FORGED;
    for (size_t i = 0; i < sizeof scheme - 1; i++) {
        if ((value.at[i] | 0x20) != scheme[i])
            return E_FORGED;
    }
    struct bytes token = bytes(value.at + sizeof scheme - 1, value.len - (sizeof scheme - 1));
    enum result res = ticket_read(token, e->house_key, now_s(e), out);
    if (res == E_MALFORMED)
        return E_FORGED;
    if (res == OK && memcmp(out->relay, e->settings->tag, TAG_BYTES) != 0)
        return E_REFUSED;
    return res;
}

static unsigned worker_of(const struct relay_entrance *e, const uint8_t room[static TAG_BYTES])
{
    uint32_t number = (uint32_t)room[0] << 24 | (uint32_t)room[1] << 16 | (uint32_t)room[2] << 8 | room[3];

    return number % e->worker_count;
}

static enum result room_left(const struct relay_entrance *e, unsigned worker)
{
    uint64_t settled = relay_worker_counts(e->workers[worker]).settled;

    if (e->draining || e->seated[worker] >= RELAY_SESSIONS_MAX ||
        e->added[worker] - settled >= RELAY_HANDSHAKES_MAX)
        return E_AGAIN;
    return OK;
}

static size_t candidates_of(const struct relay_entrance *e, unsigned worker,
                            struct address out[static RELAY_ANNOUNCE_MAX])
{
    struct address real = relay_worker_address(e->workers[worker]);
    size_t count = e->settings->announce_count;

    for (size_t i = 0; i < count; i++) {
        out[i] = e->settings->announce[i];
        memcpy(out[i].port, real.port, sizeof real.port);
    }
    if (count == 0)
        out[count++] = real;
    return count;
}

static void seat_free(struct relay_entrance *e, struct relay_seat *seat)
{
    if (seat->seated)
        e->seated[seat->worker]--;
    relay_roll_rise(&e->roll, seat);
}

static void seat_end(struct relay_entrance *e, struct relay_seat *seat)
{
    struct relay_order order = {.kind = RELAY_ORDER_END};

    if (!seat->seated)
        return;
    memcpy(order.id, seat->id, RELAY_ID_LEN);
    enum result res = relay_worker_order(e->workers[seat->worker], &order);
    assert(res == OK); /* only an order to add may be refused */
    (void)res;
    seat_free(e, seat);
}

/* Takes the session in any case. A seat has one session: an earlier one makes way (a client that comes back).
 */
static enum result session_seat(struct relay_entrance *e, const struct ticket *t, unsigned worker,
                                struct relay_session *s)
{
    struct relay_order order = {.kind = RELAY_ORDER_ADD, .session = s};
    uint8_t id[RELAY_ID_LEN];
    struct relay_seat *seat;

    memcpy(id, s->id, sizeof id);
    enum result res = relay_roll_seat(&e->roll, t->seat, now_s(e), &seat);
    if (res == OK) {
        seat_end(e, seat);
        res = relay_roll_sit(&e->roll, seat, id, worker);
    }
    if (res != OK) {
        relay_session_free(s);
        return res;
    }
    e->seated[worker]++;
    res = relay_worker_order(e->workers[worker], &order);
    if (res != OK) {
        seat_free(e, seat);
        relay_session_free(s);
        return res;
    }
    e->added[worker]++;
    seat->number = t->number;
    memcpy(seat->room, t->room, sizeof seat->room);
    memcpy(seat->fingerprint, t->fingerprint, sizeof seat->fingerprint);
    return OK;
}

static enum result enter(struct relay_entrance *e, const struct http_request *request, struct writer *answer,
                         uint8_t id[static RELAY_ID_LEN])
{
    struct address candidates[RELAY_ANNOUNCE_MAX];
    struct relay_session *s;
    struct sdp_plan plan;
    struct sdp offer;
    struct ticket t;

    enum result res = ticket_of(e, request, &t);
    if (res == OK)
        res = relay_roll_check(&e->roll, &t);
    if (res == OK)
        res = relay_offer_read(request->body, &t, &offer, &plan);
    if (res != OK)
        return res;

    unsigned worker = worker_of(e, t.room);
    res = room_left(e, worker);
    if (res != OK)
        return res;
    size_t count = candidates_of(e, worker, candidates);
    res = relay_session_new(&offer, &plan, &t, candidates, count, e->settings->random, loop_now_us(), answer,
                            &s);
    if (res != OK)
        return res;
    s->expires_us = expires_us(e, &t);
    memcpy(id, s->id, RELAY_ID_LEN);
    return session_seat(e, &t, worker, s);
}

static bool is_sdp(struct bytes type)
{
    static const char sdp[] = "application/sdp";
    size_t len = sizeof sdp - 1;

    if (type.len < len || (type.len > len && type.at[len] != ';' && type.at[len] != ' '))
        return false;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = type.at[i] >= 'A' && type.at[i] <= 'Z' ? (uint8_t)(type.at[i] | 0x20) : type.at[i];

        if (c != sdp[i])
            return false;
    }
    return true;
}

static void on_post(void *context, const struct http_request *request, struct http_turn turn)
{
    struct relay_entrance *e = context;
    uint8_t text[ANSWER_MAX], id[RELAY_ID_LEN];
    char location[sizeof PATH + ID_TEXT_LEN] = PATH;
    struct writer answer = writer_over(text);

    relay_entrance_sweep(e);
    if (!is_sdp(http_header(request->head, "Content-Type"))) {
        http_answer_text(turn, 415, "the offer must be application/sdp");
        return;
    }
    enum result res = enter(e, request, &answer, id);
    if (res != OK) {
        refuse(turn, res);
        return;
    }
    text_base64url(bytes(id, sizeof id), location + sizeof PATH - 1);
    http_answer(turn, &(struct http_reply){.status = 201,
                                           .type = "application/sdp",
                                           .body = bytes(text, writer_used(&answer)),
                                           .location = bytes_string(location)});
}

/* The session of the path, if the ticket is its seat's. */
static enum result seat_of(const struct relay_entrance *e, const struct http_request *request,
                           struct ticket *t, struct relay_seat **out)
{
    uint8_t id[RELAY_ID_LEN];
    size_t used;

    enum result res = ticket_of(e, request, t);
    if (res != OK)
        return res;
    if (text_unbase64url(request->rest, (struct bytes_mut){id, sizeof id}, &used) != OK || used != sizeof id)
        return E_NOT_FOUND;
    struct relay_seat *seat = relay_roll_by_id(&e->roll, id);
    if (seat == NULL)
        return E_NOT_FOUND;
    if (memcmp(seat->tag, t->seat, TAG_BYTES) != 0 || memcmp(seat->room, t->room, TAG_BYTES) != 0 ||
        memcmp(seat->fingerprint, t->fingerprint, TICKET_FINGERPRINT_LEN) != 0)
        return E_REFUSED;
    *out = seat;
    return OK;
}

static void on_patch(void *context, const struct http_request *request, struct http_turn turn)
{
    struct relay_entrance *e = context;
    struct relay_order order = {.kind = RELAY_ORDER_RENEW};
    struct relay_seat *seat;
    struct ticket t;

    relay_entrance_sweep(e);
    enum result res = seat_of(e, request, &t, &seat);
    if (res == OK)
        res = relay_roll_check(&e->roll, &t);
    if (res == OK)
        res = relay_roll_seat(&e->roll, t.seat, now_s(e), &seat);
    if (res != OK) {
        refuse(turn, res);
        return;
    }
    seat->number = t.number;
    order.role = t.role;
    order.expires_us = expires_us(e, &t);
    memcpy(order.id, seat->id, RELAY_ID_LEN);
    res = relay_worker_order(e->workers[seat->worker], &order);
    assert(res == OK);
    http_answer(turn, &(struct http_reply){.status = 204});
}

static void on_delete(void *context, const struct http_request *request, struct http_turn turn)
{
    struct relay_entrance *e = context;
    struct relay_seat *seat;
    struct ticket t;

    relay_entrance_sweep(e);
    enum result res = seat_of(e, request, &t, &seat);
    if (res == OK && t.number < seat->number)
        res = E_STALE;
    if (res != OK) {
        refuse(turn, res);
        return;
    }
    seat_end(e, seat);
    http_answer_text(turn, 200, "ended");
}

enum result relay_entrance_mount(struct relay_entrance *e)
{
    const struct http_route routes[] = {
        {.method = "POST", .path = "/media", .body_max = OFFER_MAX, .handle = on_post, .context = e},
        {.method = "PATCH", .path = PATH, .below = true, .body_max = 1, .handle = on_patch, .context = e},
        {.method = "DELETE", .path = PATH, .below = true, .body_max = 1, .handle = on_delete, .context = e},
    };

    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        enum result res = http_route_add(e->settings->http, &routes[i]);

        if (res != OK)
            return res;
    }
    return OK;
}

void relay_entrance_sweep(struct relay_entrance *e)
{
    uint8_t id[RELAY_ID_LEN];

    for (unsigned i = 0; i < e->worker_count; i++) {
        while (relay_worker_ended(e->workers[i], id)) {
            struct relay_seat *seat = relay_roll_by_id(&e->roll, id);

            if (seat != NULL)
                seat_free(e, seat);
        }
    }
}

enum result relay_entrance_revoke(struct relay_entrance *e, const uint8_t tag[static TAG_BYTES],
                                  uint32_t number)
{
    struct relay_seat *seat;

    enum result res = relay_roll_seat(&e->roll, tag, now_s(e), &seat);
    if (res != OK)
        return res;
    /* A session that lives by a newer ticket is not meant: this may be said again, after a link that broke.
     */
    if (seat->number > number)
        return OK;
    seat->number = number;
    seat_end(e, seat);
    return OK;
}

enum result relay_entrance_end_room(struct relay_entrance *e, const uint8_t room[static TAG_BYTES])
{
    unsigned worker = worker_of(e, room);
    struct relay_order order = {.kind = RELAY_ORDER_END_ROOM};
    struct relay_seat *seat;
    size_t cursor = 0;

    memcpy(order.id, room, TAG_BYTES);
    enum result res = relay_worker_order(e->workers[worker], &order);
    assert(res == OK);
    while ((seat = table_next(&e->roll.by_tag, &cursor)) != NULL) {
        if (seat->seated && memcmp(seat->room, room, TAG_BYTES) == 0)
            seat_free(e, seat);
    }
    return relay_roll_end_room(&e->roll, room, now_s(e));
}
