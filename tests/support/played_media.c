#include "support/played_media.h"

#include "client/media.h"
#include "wire/limits.h"
#include "wire/rtp.h"

#include <stdlib.h>
#include <string.h>

enum { PACKET = 512 };

struct media {
    struct media *next, **link;
    unsigned number; /* its slot at all others */
    enum media_state state;
    bool renewed;
    const struct media_events *events;
    void *context;
    struct loop_timer *timer; /* events never come from within */
    uint8_t fingerprint[32];
};

static struct media *sessions;
static unsigned numbers;
static struct played_relay relay;

void played_media_relay(const struct played_relay *to)
{
    relay = *to;
}

static void due(void *context)
{
    struct media *media = context;

    if (media->state == MEDIA_JOINING) {
        media->state = MEDIA_OPEN;
        media->events->opened(media->context);
    } else if (media->state == MEDIA_LEAVING) {
        media->state = MEDIA_OVER;
        media->events->left(media->context);
    } else if (media->renewed) {
        media->renewed = false;
        media->events->renewed(media->context);
    }
}

enum result media_new(const struct media_options *options, const struct media_events *events, void *context,
                      struct media **out)
{
    struct media *media = calloc(1, sizeof *media);

    if (media == NULL)
        return E_NO_MEMORY;
    if (loop_timer_new(options->loop, due, media, &media->timer) != OK) {
        free(media);
        return E_NO_MEMORY;
    }
    media->number = numbers++ % SLOTS;
    media->events = events;
    media->context = context;
    random_fill(options->random, media->fingerprint, sizeof media->fingerprint);
    media->next = sessions;
    media->link = &sessions;
    if (sessions != NULL)
        sessions->link = &media->next;
    sessions = media;
    *out = media;
    return OK;
}

void media_free(struct media *media)
{
    if (media == NULL)
        return;
    *media->link = media->next;
    if (media->next != NULL)
        media->next->link = media->link;
    loop_timer_free(media->timer);
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

enum result media_enter(struct media *media, struct bytes media_url, struct bytes ticket, uint32_t ssrc)
{
    (void)media_url;
    (void)ticket;
    (void)ssrc;
    media->state = MEDIA_JOINING;
    loop_timer_set(media->timer, 0);
    return OK;
}

enum result media_renew(struct media *media, struct bytes ticket)
{
    (void)ticket;
    media->renewed = true;
    loop_timer_set(media->timer, 0);
    return OK;
}

enum result media_send(struct media *media, struct bytes_mut room, size_t len)
{
    if (media->state != MEDIA_OPEN || len > PACKET)
        return E_STATE;
    for (struct media *to = sessions; to != NULL; to = to->next) {
        uint8_t packet[PACKET];

        if (to == media || to->state != MEDIA_OPEN)
            continue;
        memcpy(packet, room.at, len);
        if (relay.passes == NULL ||
            relay.passes(relay.context, media->context, to->context, (struct bytes_mut){packet, len}))
            to->events->heard(to->context, loop_now_us(), media->number, (struct bytes_mut){packet, len});
    }
    return OK;
}

void media_moved(struct media *media)
{
    (void)media;
}

void media_leave(struct media *media)
{
    if (media->state == MEDIA_LEAVING || media->state == MEDIA_OVER)
        return;
    media->state = MEDIA_LEAVING;
    loop_timer_set(media->timer, 0);
}
