/* The session with a relay, in a browser: the host has the peer connection, makes offer and certificate, and
 * takes them to the relay's entrance with the ticket. Frames do not come this way: beside it, voice.h. */
#include "client/media.h"
#include "base/host.h"

#include <stdlib.h>

/* SHA-256 of the certificate that the peer connection will have. */
HOST(media_fingerprint) void host_media_fingerprint(uint8_t to[static 32]);
/* A new session in place of the one that there was. */
HOST(media_enter)
void host_media_enter(struct media *, const uint8_t *url, size_t, const uint8_t *ticket, size_t);
HOST(media_renew) void host_media_renew(struct media *, const uint8_t *ticket, size_t);
/* The network may be another: time for an ICE restart. */
HOST(media_moved) void host_media_moved(struct media *);
HOST(media_leave) void host_media_leave(struct media *);
/* Nothing is told of it any more. */
HOST(media_drop) void host_media_drop(struct media *);

EXPORT(media_opened) void media_opened(struct media *);
EXPORT(media_renewed) void media_renewed(struct media *);
/* `refused`: the relay said no; else it cannot be reached. */
EXPORT(media_lost) void media_lost(struct media *, bool refused);
EXPORT(media_left) void media_left(struct media *);

struct media {
    const struct media_events *events;
    void *context;
    enum media_state state;
    uint8_t fingerprint[32];
};

enum result media_new(const struct media_options *options, const struct media_events *events, void *context,
                      struct media **out)
{
    struct media *media = calloc(1, sizeof *media);

    (void)options;
    if (media == NULL)
        return E_NO_MEMORY;
    *media = (struct media){.events = events, .context = context};
    host_media_fingerprint(media->fingerprint);
    *out = media;
    return OK;
}

void media_free(struct media *media)
{
    if (media == NULL)
        return;
    host_media_drop(media);
    free(media);
}

enum media_state media_state(const struct media *media)
{
    return media->state;
}

const uint8_t *media_fingerprint(const struct media *media)
{
    return media->fingerprint;
}

enum result media_enter(struct media *media, struct bytes url, struct bytes ticket, uint32_t ssrc)
{
    (void)ssrc; /* the browser draws its own */
    if (media->state == MEDIA_LEAVING)
        return E_STATE;
    media->state = MEDIA_OFFERED;
    host_media_enter(media, url.at, url.len, ticket.at, ticket.len);
    return OK;
}

enum result media_renew(struct media *media, struct bytes ticket)
{
    if (media->state == MEDIA_IDLE || media->state == MEDIA_LEAVING)
        return E_STATE;
    host_media_renew(media, ticket.at, ticket.len);
    return OK;
}

/* What is sealed leaves by the browser's own sender. */
enum result media_send(struct media *media, struct bytes_mut room, size_t len)
{
    (void)media;
    (void)room;
    (void)len;
    return E_STATE;
}

void media_moved(struct media *media)
{
    host_media_moved(media);
}

void media_leave(struct media *media)
{
    media->state = MEDIA_LEAVING;
    host_media_leave(media);
}

void media_opened(struct media *media)
{
    if (media->state != MEDIA_OFFERED)
        return;
    media->state = MEDIA_OPEN;
    media->events->opened(media->context);
}

void media_renewed(struct media *media)
{
    if (media->state == MEDIA_OPEN)
        media->events->renewed(media->context);
}

void media_lost(struct media *media, bool refused)
{
    if (media->state == MEDIA_LEAVING || media->state == MEDIA_IDLE)
        return;
    media->state = MEDIA_IDLE;
    media->events->lost(media->context, refused ? E_REFUSED : E_CLOSED,
                        refused ? "the relay refused the ticket" : "the relay cannot be reached");
}

void media_left(struct media *media)
{
    if (media->state == MEDIA_LEAVING)
        media->events->left(media->context);
}
