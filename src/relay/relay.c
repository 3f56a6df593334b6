#include "relay/relay.h"

#include "relay/entrance.h"
#include "wire/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    SWEEP_US = 1000 * 1000,
    LOAD_SWEEPS = 5, /* between two reports of the load */
    ROLL_PER_WORKER = 4 * RELAY_SESSIONS_MAX,
};

struct relay {
    struct relay_settings settings;
    struct relay_entrance entrance;
    struct relay_worker *workers[RELAY_WORKERS_MAX];
    uint64_t added[RELAY_WORKERS_MAX];
    size_t seated[RELAY_WORKERS_MAX];
    struct loop_timer *timer;
    struct bus_subscription *control;
    unsigned sweeps;
    struct relay_counts told; /* as of the last report of the load */
};

static enum result settings_check(const struct relay_settings *s)
{
    static const uint8_t none[16] = {0}, none_v4[16] = {[10] = 0xff, [11] = 0xff};
    bool anywhere = memcmp(s->media.ip, none, 16) == 0 || memcmp(s->media.ip, none_v4, 16) == 0;

    if (s->workers > RELAY_WORKERS_MAX || s->announce_count > RELAY_ANNOUNCE_MAX ||
        (anywhere && s->announce_count == 0))
        return E_MALFORMED;
    if (address_port(&s->media) != 0 &&
        address_port(&s->media) + (s->workers == 0 ? 0 : s->workers - 1) > 65535)
        return E_MALFORMED;
    return OK;
}

static enum result workers_start(struct relay *r)
{
    struct relay_entrance *e = &r->entrance;
    unsigned count = r->settings.workers == 0 ? 1 : r->settings.workers;

    while (e->worker_count < count) {
        struct address at = r->settings.media;
        uint16_t port = address_port(&at);

        if (port != 0) {
            port = (uint16_t)(port + e->worker_count);
            at.port[0] = (uint8_t)(port >> 8);
            at.port[1] = (uint8_t)port;
        }
        enum result res =
            relay_worker_new(&at, RELAY_SESSIONS_MAX, r->settings.random, &r->workers[e->worker_count]);
        if (res != OK)
            return res;
        e->worker_count++;
    }
    return OK;
}

struct relay_counts relay_counts(const struct relay *r)
{
    struct relay_counts sum = {.sessions = (uint32_t)r->entrance.roll.seated};

    for (unsigned i = 0; i < r->entrance.worker_count; i++) {
        struct relay_worker_counts counts = relay_worker_counts(r->workers[i]);

        sum.packets_in += counts.packets_in;
        sum.packets_out += counts.packets_out;
        sum.refused += counts.refused;
    }
    return sum;
}

static void load_tell(struct relay *r)
{
    const uint32_t seconds = SWEEP_US / 1000000 * LOAD_SWEEPS;
    struct relay_counts now = relay_counts(r);
    struct control message = {
        .type = CONTROL_LOAD,
        .load = {.sessions = now.sessions,
                 .packets_in = (uint32_t)((now.packets_in - r->told.packets_in) / seconds),
                 .packets_out = (uint32_t)((now.packets_out - r->told.packets_out) / seconds)},
    };
    uint8_t room[CONTROL_BYTES];
    struct bytes written;

    memcpy(message.load.relay, r->settings.tag, TAG_BYTES);
    r->told = now;
    enum result res = control_write(&message, (struct bytes_mut){room, sizeof room}, &written);
    if (res == OK)
        res = bus_publish(r->settings.bus, r->settings.load_subject, written);
    (void)res; /* the next one comes in five seconds */
}

static void on_sweep(void *context)
{
    struct relay *r = context;

    relay_entrance_sweep(&r->entrance);
    relay_roll_forget(&r->entrance.roll, r->settings.unix_ms(r->settings.unix_self) / 1000);
    if (++r->sweeps % LOAD_SWEEPS == 0 && r->settings.bus != NULL && r->settings.load_subject != NULL)
        load_tell(r);
    loop_timer_set(r->timer, loop_now_us() + SWEEP_US);
}

static void on_control(void *context, struct bytes message)
{
    enum result res = relay_control(context, message);

    (void)res; /* the bus brings what others send as well */
}

enum result relay_new(const struct relay_settings *settings, struct relay **out)
{
    enum result res = settings_check(settings);
    if (res != OK)
        return res;

    struct relay *r = calloc(1, sizeof *r);
    if (r == NULL)
        return E_NO_MEMORY;
    r->settings = *settings;
    r->entrance = (struct relay_entrance){
        .settings = &r->settings, .workers = r->workers, .added = r->added, .seated = r->seated};
    memcpy(r->entrance.house_key, settings->house_key, sizeof settings->house_key);
    r->entrance.has_key = !settings->keyless;
    r->entrance.roll = relay_roll_of(
        (size_t)ROLL_PER_WORKER * (settings->workers == 0 ? 1 : settings->workers), settings->random);
    res = workers_start(r);
    if (res == OK)
        res = relay_entrance_mount(&r->entrance);
    if (res == OK)
        res = loop_timer_new(settings->loop, on_sweep, r, &r->timer);
    if (res == OK && settings->bus != NULL)
        res = bus_subscribe(settings->bus, settings->subject, settings->loop, on_control, r, &r->control);
    if (res != OK) {
        relay_free(r);
        return res;
    }
    loop_timer_set(r->timer, loop_now_us() + SWEEP_US);
    *out = r;
    return OK;
}

void relay_free(struct relay *r)
{
    int why = errno;

    if (r == NULL)
        return;
    bus_unsubscribe(r->control);
    if (r->timer != NULL)
        loop_timer_free(r->timer);
    for (unsigned i = 0; i < r->entrance.worker_count; i++)
        relay_worker_free(r->workers[i]);
    relay_roll_free(&r->entrance.roll);
    wipe(r, sizeof *r);
    free(r);
    errno = why;
}

enum result relay_introduce(struct relay *r)
{
    struct control message = {.type = CONTROL_RELAY_IS, .relay_is.url = bytes_string(r->settings.url)};
    uint8_t room[CONTROL_BYTES];
    struct bytes written;
    enum result res;

    memcpy(message.relay_is.relay, r->settings.tag, TAG_BYTES);
    res = control_write(&message, (struct bytes_mut){room, sizeof room}, &written);
    return res == OK ? bus_publish(r->settings.bus, r->settings.load_subject, written) : res;
}

struct address relay_address(const struct relay *r, unsigned index)
{
    return relay_worker_address(r->workers[index]);
}

enum result relay_control(struct relay *r, struct bytes bytes)
{
    struct control message;

    enum result res = control_read(bytes, &message);
    if (res != OK)
        return res;
    switch (message.type) {
    case CONTROL_HOUSE_KEY:
        memcpy(r->entrance.house_key, message.house_key.key, sizeof r->entrance.house_key);
        r->entrance.has_key = true;
        return OK;
    case CONTROL_REVOKE_SEAT:
        return relay_entrance_revoke(&r->entrance, message.revoke_seat.seat, message.revoke_seat.number);
    case CONTROL_END_ROOM:
        return relay_entrance_end_room(&r->entrance, message.end_room.room);
    case CONTROL_DRAIN:
        r->entrance.draining = true;
        return OK;
    case CONTROL_LOAD:
    case CONTROL_RELAY_IS:
    case CONTROL_GREET:
    case CONTROL_PROVE:
    case CONTROL_PROVEN:
        break;
    }
    return E_UNSUPPORTED;
}
