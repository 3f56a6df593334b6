#include "client/media.h"

#include "base/text.h"
#include "base/writer.h"
#include "hop/hop.h"
#include "io/udp.h"
#include "wire/sdp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OFFER_SIZE = 8 * 1024, LOCATION_SIZE = 256, WHAT_SIZE = 256, CNAME_BYTES = 12 };

struct media {
    enum media_state state;
    struct loop *loop;
    const struct gate *gate;
    const struct tls *tls;
    const struct random *random;
    const struct media_events *events;
    void *context;

    struct http_client *http;
    char origin[URL_ORIGIN_SIZE]; /* where `http` goes to */
    bool secure;                  /* it is https, and nothing less will do from then on */
    char location[LOCATION_SIZE]; /* of the session: an absolute path */
    char ticket[TICKET_BYTES];    /* the newest */
    size_t ticket_len;

    struct hop_identity *identity;
    struct hop_credentials credentials;
    struct hop *hop;
    struct udp *udp;
    struct loop_watch *watch;
    struct loop_timer *timer;
    struct address relay;
    bool blocked;          /* the system did not take the last packet */
    uint32_t slots[SLOTS]; /* the ssrc of each */
    size_t slot_count;

    struct outbox outbox;
    uint8_t room[HOP_OUTBOX_SIZE];
};

/* The one place where the state changes. */
static void state_set(struct media *media, enum media_state state)
{
    media->state = state;
}

enum media_state media_state(const struct media *media)
{
    return media->state;
}

const uint8_t *media_fingerprint(const struct media *media)
{
    return hop_identity_fingerprint(media->identity);
}

static void hop_end(struct media *media)
{
    loop_timer_clear(media->timer);
    loop_watch_free(media->watch);
    udp_close(media->udp);
    hop_free(media->hop);
    media->watch = NULL;
    media->udp = NULL;
    media->hop = NULL;
}

static void lose(struct media *media, enum result why, const char *what)
{
    hop_end(media);
    http_client_free(media->http);
    media->http = NULL;
    if (media->state == MEDIA_LEAVING) {
        state_set(media, MEDIA_OVER);
        media->events->left(media->context);
    } else if (media->state != MEDIA_OVER) {
        state_set(media, MEDIA_IDLE);
        media->events->lost(media->context, why, what);
    }
}

/* --- The hop --- */

static void outbox_send(struct media *media)
{
    if (media->outbox.count != 0)
        (void)udp_send(media->udp, &media->outbox);
    outbox_clear(&media->outbox);
}

/* What follows from the hop's state, after anything that may have changed it. */
static void hop_follow(struct media *media)
{
    enum hop_state state = hop_state(media->hop);

    if (state == HOP_CLOSED) {
        enum result why = hop_why(media->hop);

        lose(media, why == OK ? E_CLOSED : why,
             why == OK          ? "the relay ended the media session"
             : why == E_EXPIRED ? "the relay does not answer over UDP"
                                : "the media session could not be secured");
    } else if (state == HOP_OPEN && media->state == MEDIA_JOINING) {
        state_set(media, MEDIA_OPEN);
        media->events->opened(media->context);
    }
}

static void hop_due_now(void *context)
{
    struct media *media = context;
    uint64_t next_us = hop_due(media->hop, loop_now_us(), &media->outbox);

    outbox_send(media);
    if (next_us != UINT64_MAX)
        loop_timer_set(media->timer, next_us);
    hop_follow(media);
}

static bool slot_of(const struct media *media, uint32_t ssrc, unsigned *slot)
{
    for (unsigned i = 0; i < media->slot_count; i++)
        if (media->slots[i] == ssrc) {
            *slot = i;
            return true;
        }
    return false;
}

/* One datagram. Whether it was media, after which nothing is due. */
static bool datagram_take(struct media *media, uint64_t now_us, const struct udp_packet *packet)
{
    struct hop_packet opened = {.kind = HOP_NOTHING};
    unsigned slot;
    enum result res = hop_take(media->hop, now_us, &packet->from, packet->body, &media->outbox, &opened);

    if (res != OK || opened.kind != HOP_RTP)
        return opened.kind != HOP_NOTHING;
    if (slot_of(media, opened.rtp.ssrc, &slot))
        media->events->heard(media->context, now_us, slot, opened.plain);
    return true;
}

static void readable(void *context)
{
    struct media *media = context;
    const struct udp_packet *packets;
    uint64_t now_us = loop_now_us();
    unsigned count;
    bool due = false;

    if (udp_receive(media->udp, &packets, &count) != OK)
        return;
    for (unsigned i = 0; i < count && media->hop != NULL; i++)
        due |= !datagram_take(media, now_us, &packets[i]);
    if (media->hop == NULL)
        return;
    outbox_send(media);
    if (due)
        hop_due_now(media);
}

/* --- The entrance --- */

/* The first address of the relay that the gate allows. A relay may be at another address than its entrance,
 * but at none that lies nearer to us. */
static enum result relay_choose(struct media *media, const struct sdp *answer)
{
    struct address entrance;

    if (!http_client_peer(media->http, &entrance))
        return E_CLOSED;
    for (size_t i = 0; i < answer->candidate_count; i++)
        if (gate_allows_named(media->gate, &entrance, &answer->candidates[i]) == OK) {
            media->relay = answer->candidates[i];
            return OK;
        }
    return E_UNSUPPORTED;
}

static enum result socket_open(struct media *media)
{
    static const uint8_t any[16];
    struct address at = address_is_v4(&media->relay) ? address_v4(any, 0) : address_v6(any, 0);
    enum result res = udp_open(&at, UDP_ALONE, &media->udp);

    return res == OK ? loop_watch_new(media->loop, udp_fd(media->udp), readable, media, &media->watch) : res;
}

/* Each slot that we offered must have a stream of its own. m-line 0 is the mouth. */
static void slots_learn(struct media *media, const struct sdp *answer)
{
    media->slot_count = 0;
    for (size_t i = 1; i < answer->media_count && media->slot_count < SLOTS; i++)
        media->slots[media->slot_count++] = answer->media[i].has_ssrc ? answer->media[i].ssrc : 0;
}

static enum result answer_take(struct media *media, struct bytes text)
{
    struct hop_settings settings = {
        .role = HOP_CLIENT,
        .identity = media->identity,
        .random = media->random,
        .local = media->credentials,
    };
    const struct sdp_media *transport;
    struct sdp answer;
    enum result res = sdp_read(text, &answer);

    if (res == OK)
        res = sdp_check_transport(&answer);
    if (res == OK)
        res = relay_choose(media, &answer);
    if (res != OK)
        return res;
    transport = &answer.media[answer.transport];
    if (transport->setup != SDP_PASSIVE)
        return E_UNSUPPORTED;
    memcpy(settings.peer_fingerprint, transport->fingerprint, sizeof settings.peer_fingerprint);
    settings.remote_ufrag = transport->ufrag;
    settings.remote_password = transport->pwd;
    settings.peer = media->relay;
    slots_learn(media, &answer);
    res = socket_open(media);
    return res == OK ? hop_new(&settings, loop_now_us(), &media->hop) : res;
}

/* A refusal's own line where it has one. */
static void refusal(struct media *media, const struct http_head *head, struct bytes body)
{
    char what[WHAT_SIZE];
    size_t len = body.len < 160 ? body.len : 160;

    while (len != 0 && (body.at[len - 1] == '\n' || body.at[len - 1] == '\r'))
        len--;
    snprintf(what, sizeof what, "the relay refused (%u)%s%.*s", head->status, len != 0 ? ": " : "", (int)len,
             len != 0 ? (const char *)body.at : "");
    lose(media, E_REFUSED, what);
}

static void on_answer(void *context, enum result res, const struct http_head *head, struct bytes body)
{
    struct media *media = context;
    struct bytes location;

    if (media->state == MEDIA_LEAVING || res != OK) {
        lose(media, res, "the relay's entrance cannot be reached");
        return;
    }
    if (head->status != 201) {
        refusal(media, head, body);
        return;
    }
    location = http_header(head, "location");
    if (location.len == 0 || location.len >= sizeof media->location || location.at[0] != '/') {
        lose(media, E_MALFORMED, "the relay answered without a session");
        return;
    }
    memcpy(media->location, location.at, location.len);
    media->location[location.len] = '\0';
    res = answer_take(media, body);
    if (res != OK) {
        lose(media, res, "the relay's answer cannot be used");
        return;
    }
    state_set(media, MEDIA_JOINING);
    hop_due_now(media);
}

static enum result offer_write(struct media *media, uint32_t ssrc, struct bytes_mut to, struct bytes *out)
{
    struct writer w = writer_on(to);
    struct sdp_self self = {
        .ufrag = bytes_string(media->credentials.ufrag),
        .pwd = bytes_string(media->credentials.password),
        .ssrc = {ssrc},
    };
    uint8_t cname[CNAME_BYTES];
    char cname_text[2 * CNAME_BYTES + 1];

    random_fill(media->random, &self.session, sizeof self.session);
    random_fill(media->random, cname, sizeof cname);
    text_hex(BYTES_OF(cname), cname_text);
    self.cname = bytes_string(cname_text);
    memcpy(self.fingerprint, media_fingerprint(media), sizeof self.fingerprint);
    sdp_offer_write(&w, &self);
    return writer_end(&w, out);
}

/* The connection that was opened in advance serves where the entrance is where it was thought to be. */
static enum result client_for(struct media *media, struct bytes url, struct url *parsed)
{
    struct http_client_options options = {.loop = media->loop, .gate = media->gate, .tls = media->tls};
    char origin[URL_ORIGIN_SIZE];
    struct http_client *http;
    enum result res = url_parse(url, parsed);

    if (res != OK)
        return res;
    if (media->secure && !parsed->tls)
        return E_REFUSED;
    media->secure = parsed->tls;
    url_origin(parsed, origin);
    if (media->http != NULL && strcmp(origin, media->origin) == 0)
        return OK;
    res = http_client_new(&options, url, &http);
    if (res != OK)
        return res;
    http_client_free(media->http);
    media->http = http;
    memcpy(media->origin, origin, sizeof origin);
    http_connect(http);
    return OK;
}

static enum result ticket_keep(struct media *media, struct bytes ticket)
{
    if (ticket.len > sizeof media->ticket)
        return E_TOO_LARGE;
    memcpy(media->ticket, ticket.at, ticket.len);
    media->ticket_len = ticket.len;
    return OK;
}

/* An answer that is still to come is nobody's any more. */
static void session_drop(struct media *media)
{
    hop_end(media);
    if (media->state != MEDIA_IDLE) {
        http_client_free(media->http);
        media->http = NULL;
    }
    hop_credentials_draw(media->random, &media->credentials);
    state_set(media, MEDIA_IDLE);
}

enum result media_enter(struct media *media, struct bytes media_url, struct bytes ticket, uint32_t ssrc)
{
    uint8_t offer[OFFER_SIZE];
    struct http_ask ask = {.method = "POST", .type = "application/sdp"};
    struct url url;
    enum result res;

    if (media->state == MEDIA_LEAVING || media->state == MEDIA_OVER)
        return E_STATE;
    session_drop(media);
    res = ticket_keep(media, ticket);
    if (res == OK)
        res = client_for(media, media_url, &url);
    if (res == OK)
        res = offer_write(media, ssrc, (struct bytes_mut){offer, sizeof offer}, &ask.body);
    if (res != OK)
        return res;
    ask.path = bytes_string(url.path);
    ask.bearer = bytes(media->ticket, media->ticket_len);
    res = http_request(media->http, &ask, on_answer, media);
    if (res == OK)
        state_set(media, MEDIA_OFFERED);
    return res;
}

static void on_renewed(void *context, enum result res, const struct http_head *head, struct bytes body)
{
    struct media *media = context;

    if (media->state == MEDIA_LEAVING)
        lose(media, res, "");
    else if (res != OK)
        lose(media, res, "the relay's entrance cannot be reached");
    else if (head->status == 404) /* a relay that was restarted knows no session of before */
        lose(media, E_CLOSED, "the relay knows nothing of the session any more");
    else if (head->status != 204)
        refusal(media, head, body);
    else
        media->events->renewed(media->context);
}

enum result media_renew(struct media *media, struct bytes ticket)
{
    struct http_ask ask = {.method = "PATCH"};
    enum result res;

    if (media->state != MEDIA_JOINING && media->state != MEDIA_OPEN)
        return E_STATE;
    res = ticket_keep(media, ticket);
    if (res != OK)
        return res;
    ask.path = bytes_string(media->location);
    ask.bearer = bytes(media->ticket, media->ticket_len);
    return http_request(media->http, &ask, on_renewed, media);
}

/* A network that takes packets again may be another one. */
static void sent(struct media *media, bool taken)
{
    bool was_blocked = media->blocked;

    media->blocked = !taken;
    if (taken && was_blocked)
        media_moved(media);
}

enum result media_send(struct media *media, struct bytes_mut room, size_t len)
{
    struct address to;
    enum result res;

    if (media->state != MEDIA_OPEN || hop_state(media->hop) != HOP_OPEN || !hop_peer(media->hop, &to))
        return E_STATE;
    res = hop_seal_rtp(media->hop, room, &len);
    if (res == OK)
        sent(media, udp_send_one(media->udp, &to, bytes(room.at, len)) == 0);
    return res;
}

void media_moved(struct media *media)
{
    if (media->hop == NULL)
        return;
    hop_moved(media->hop);
    hop_due_now(media);
}

static void on_left(void *context, enum result res, const struct http_head *head, struct bytes body)
{
    struct media *media = context;

    (void)head;
    (void)body;
    lose(media, res, "");
}

void media_leave(struct media *media)
{
    struct http_ask ask = {.method = "DELETE"};
    enum media_state before = media->state;

    if (before == MEDIA_LEAVING || before == MEDIA_OVER)
        return;
    state_set(media, MEDIA_LEAVING);
    if (media->hop != NULL) {
        hop_close(media->hop, &media->outbox);
        outbox_send(media);
        hop_end(media);
    }
    ask.path = bytes_string(media->location);
    ask.bearer = bytes(media->ticket, media->ticket_len);
    /* Where no session is there to be ended, or its end cannot be told now, the timer says the last word. */
    if ((before != MEDIA_JOINING && before != MEDIA_OPEN) ||
        http_request(media->http, &ask, on_left, media) != OK)
        loop_timer_set(media->timer, 0);
}

/* --- Beginning and end --- */

static void timer_due(void *context)
{
    struct media *media = context;

    if (media->state == MEDIA_LEAVING)
        lose(media, OK, "");
    else if (media->hop != NULL)
        hop_due_now(media);
}

enum result media_new(const struct media_options *options, const struct media_events *events, void *context,
                      struct media **out)
{
    struct media *media = calloc(1, sizeof *media);
    struct url url;
    enum result res;

    if (media == NULL)
        return E_NO_MEMORY;
    media->loop = options->loop;
    media->gate = options->gate;
    media->tls = options->tls;
    media->random = options->random;
    media->events = events;
    media->context = context;
    outbox_start(&media->outbox, (struct bytes_mut){media->room, sizeof media->room});
    res = loop_timer_new(media->loop, timer_due, media, &media->timer);
    if (res == OK)
        res = client_for(media, bytes_string(options->near_url), &url);
    if (res == OK)
        res = hop_identity_new(&media->identity);
    if (res != OK) {
        media_free(media);
        return res;
    }
    *out = media;
    return OK;
}

void media_free(struct media *media)
{
    if (media == NULL)
        return;
    if (media->timer != NULL)
        hop_end(media);
    loop_timer_free(media->timer);
    http_client_free(media->http);
    hop_identity_free(media->identity);
    wipe(media, sizeof *media);
    free(media);
}
