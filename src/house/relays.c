#include "house/relays.h"

#include "crypto/crypto.h"
#include "house/seating.h"
#include "io/url.h"

/* In a minute as many seats may end as a house of 4096 links can empty. */
enum { RELAYS_ENDINGS = 4096 };

enum result relays_begin(struct house *h)
{
    struct bytes url;

    if (h->settings.media_url == NULL)
        return OK;
    url = bytes_string(h->settings.media_url);
    if (url.len > CONTROL_URL_BYTES)
        return E_TOO_LARGE;
    memcpy(h->relay.tag, h->settings.relay_tag, sizeof h->relay.tag);
    memcpy(h->relay.media_url, url.at, url.len);
    h->relay.is_linked = true;
    return OK;
}

void relays_note(struct house *h, const struct control *message)
{
    struct house_relay *r = &h->relay;

    if (h->settings.media_url != NULL ||
        (message->type != CONTROL_REVOKE_SEAT && message->type != CONTROL_END_ROOM))
        return;
    if (r->endings == NULL)
        r->endings = calloc(RELAYS_ENDINGS, sizeof *r->endings);
    if (r->endings == NULL) {
        log_warn("house", "an ended seat will not be said again", (struct log_tag){0}, E_NO_MEMORY);
        return;
    }
    r->endings[r->ending_count++ % RELAYS_ENDINGS] = (struct ending){house_unix_ms(h), *message};
}

/* A relay's new life takes no ticket of the former. */
static void say_again(struct house *h)
{
    const struct house_relay *r = &h->relay;
    uint64_t now_ms = house_unix_ms(h);
    size_t kept = r->ending_count < RELAYS_ENDINGS ? r->ending_count : RELAYS_ENDINGS;

    for (size_t i = r->ending_count - kept; i < r->ending_count; i++) {
        const struct ending *e = &r->endings[i % RELAYS_ENDINGS];

        if (now_ms < e->at_ms + TICKET_S * 1000)
            house_publish(h, &e->message);
    }
}

void relays_linked(struct house *h, const struct control_relay_is *is)
{
    bool same = memcmp(h->relay.tag, is->relay, sizeof h->relay.tag) == 0;

    if (same)
        say_again(h);
    else
        h->relay.ending_count = 0;
    memcpy(h->relay.tag, is->relay, sizeof h->relay.tag);
    memcpy(h->relay.media_url, is->url.at, is->url.len);
    h->relay.media_url[is->url.len] = '\0';
    h->relay.is_linked = true;
    for (struct session *s = h->sessions; s != NULL; s = s->next) {
        if (!s->ticket_owed)
            continue;
        s->ticket_owed = false;
        if (s->place == PLACE_SEATED && seating_send_ticket(s, s->ticket_request) != OK)
            session_dismiss(s, CLOSE_TRY_LATER);
        s->ticket_request = 0;
    }
}

void relays_gone(struct house *h)
{
    h->relay.is_linked = false;
}

/* --- The link --- */

static enum result sign(void *self, struct bytes message, uint8_t signature[static 64])
{
    const struct house *h = self;

    return crypto_ed25519_sign(store_key(h->store), message, signature);
}

static void on_up(void *context)
{
    struct house *h = context;
    struct control message = {.type = CONTROL_HOUSE_KEY};
    uint8_t room[CONTROL_BYTES];
    struct bytes packed;
    enum result res;

    memcpy(message.house_key.key, h->key, sizeof message.house_key.key);
    res = control_write(&message, (struct bytes_mut){room, sizeof room}, &packed);
    if (res == OK)
        res = bus_link_send(h->relay.link, packed);
    if (res != OK)
        log_warn("house", "the relay was not told the key", (struct log_tag){0}, res);
}

/* A link that breaks is told on standard error in both directions: nobody can enter meanwhile. */
static void on_take(void *context, struct bytes bytes)
{
    struct house *h = context;
    struct control message;
    struct url url;

    /* What a relay is not to say, or a later one may say, is passed over. */
    if (control_read(bytes, &message) != OK || message.type != CONTROL_RELAY_IS)
        return;
    if (url_parse(message.relay_is.url, &url) != OK) {
        log_warn("house", "the relay names no URL that clients could go to", (struct log_tag){0},
                 E_MALFORMED);
        return;
    }
    relays_linked(h, &message.relay_is);
    log_warn("house", "the relay is linked", (struct log_tag){0}, OK);
}

static void on_down(void *context, enum result why)
{
    relays_gone(context);
    log_warn("house", "no relay is linked, and nobody can enter a room", (struct log_tag){0}, why);
}

enum result relays_mount(struct house *h, struct loop *loop, struct http_server *server)
{
    const struct bus_link_options options = {
        .loop = loop,
        .random = h->random,
        .key = h->key,
        .other = h->settings.relay_key,
        .sign = sign,
        .verify = crypto_ed25519_verify,
        .self = h,
        .bus = h->settings.bus,
        .subject = h->settings.relay_subject,
        .up = on_up,
        .take = on_take,
        .down = on_down,
        .context = h,
    };

    return h->settings.relay_key == NULL ? OK : bus_link_attend(&options, server, &h->relay.link);
}

void relays_end(struct house *h)
{
    bus_link_free(h->relay.link);
    free(h->relay.endings);
    h->relay.link = NULL;
    h->relay.endings = NULL;
}
