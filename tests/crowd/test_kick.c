/* What is left to somebody who was sent away and means to stay: every key that it ever had, every frame that
 * comes to whoever still sits, its session at the relay, and a ticket that it has not used. Some functions of
 * core, client and io are led through here by the linker, to note all that. */
#include "client/inside.h"
#include "core/seal.h"
#include "support/crowd.h"
#include "support/patience.h"
#include "support/raw.h"
#include "support/recording.h"
#include "wire/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    GUESTS = 5, /* of whom three are sent away, and one listens for what they could hear */
    KICKS = 3,
    LISTENER = KICKS + 1,
    KEYS = 512,
    OFFER = 16 * 1024,
    REQUEST = OFFER + 2048,
    TONE_S = 60,
    LIMIT_MS = 500,
    PATIENCE_MS = 10000,
};

/* An epoch's key, and whose ring it was given to. */
struct kept_key {
    const struct keyring *ring;
    uint64_t epoch;
    uint8_t base_key[SEAL_BASE_KEY_LEN];
};

/* What one guest kept. */
struct kept {
    const struct keyring *ring;
    uint64_t kicked_us;
    uint64_t opened_us;        /* the last frame that its keys opened ... */
    unsigned opened, unopened; /* ... and how many they opened and did not open, since the kick */
    unsigned before;           /* opened before */
    uint64_t packet_us;        /* the last packet in its own session */
    char offer[OFFER];
    size_t offer_len;
    char ticket[TICKET_BYTES + 1]; /* one that it never handed in */
};

static struct crowd crowd;
static struct kept_key keys[KEYS];
static unsigned key_count;
static struct kept guests[GUESTS + 1];
static bool tickets_are_kept;

/* --- What passes by --- */

enum result __real_keyring_enter(struct keyring *, uint64_t now_ms, const struct keyring_epoch *);
enum result __wrap_keyring_enter(struct keyring *, uint64_t now_ms, const struct keyring_epoch *);
void __real_beat_take(struct beat *, uint64_t now_us, unsigned slot, struct bytes_mut packet);
void __wrap_beat_take(struct beat *, uint64_t now_us, unsigned slot, struct bytes_mut packet);
enum result __real_media_renew(struct media *, struct bytes ticket);
enum result __wrap_media_renew(struct media *, struct bytes ticket);
enum result __real_http_request(struct http_client *, const struct http_ask *,
                                void (*answered)(void *context, enum result, const struct http_head *,
                                                 struct bytes body),
                                void *context);
enum result __wrap_http_request(struct http_client *, const struct http_ask *,
                                void (*answered)(void *context, enum result, const struct http_head *,
                                                 struct bytes body),
                                void *context);

enum result __wrap_keyring_enter(struct keyring *ring, uint64_t now_ms, const struct keyring_epoch *epoch)
{
    struct kept_key *key = &keys[key_count++];

    assert_true(key_count <= KEYS);
    key->ring = ring;
    key->epoch = epoch->number;
    memcpy(key->base_key, epoch->base_key, sizeof key->base_key);
    return __real_keyring_enter(ring, now_ms, epoch);
}

/* Whether any key that the guest was ever given opens the frame. */
static bool is_opened(const struct kept *guest, struct bytes frame)
{
    uint8_t copy[FRAME_SEALED_SPEECH];
    struct seal_key *key;
    struct seal_name name;
    bool opened = false;

    assert_int_equal(frame.len, sizeof copy);
    assert_int_equal(seal_name_read(bytes(frame.at, FRAME_HEADER_LEN), &name), OK);
    for (unsigned i = 0; i < key_count && !opened; i++) {
        if (keys[i].ring != guest->ring || (keys[i].epoch & 0xff) != name.epoch)
            continue;
        memcpy(copy, frame.at, sizeof copy);
        assert_int_equal(seal_key_new(keys[i].base_key, seal_kid(name.leaf, keys[i].epoch), &key), OK);
        opened = seal_decrypt(key, name.counter, bytes(copy, FRAME_HEADER_LEN),
                              (struct bytes_mut){copy + FRAME_HEADER_LEN, FRAME_PLAIN_SPEECH},
                              copy + FRAME_HEADER_LEN + FRAME_PLAIN_SPEECH) == OK;
        seal_key_free(key);
    }
    return opened;
}

static void try_all(uint64_t now_us, struct bytes frame)
{
    for (unsigned i = 1; i <= GUESTS; i++) {
        struct kept *guest = &guests[i];

        if (guest->ring == NULL)
            continue;
        if (is_opened(guest, frame)) {
            guest->opened_us = now_us;
            *(guest->kicked_us != 0 ? &guest->opened : &guest->before) += 1;
        } else if (guest->kicked_us != 0) {
            guest->unopened++;
        }
    }
}

void __wrap_beat_take(struct beat *beat, uint64_t now_us, unsigned slot, struct bytes_mut packet)
{
    struct rtp rtp;

    for (unsigned i = 1; i <= GUESTS; i++)
        if (crowd.people[i].client != NULL && crowd.people[i].client->beat == beat)
            guests[i].packet_us = now_us;
    if (crowd.people[LISTENER].client->beat == beat && rtp_read(bytes_const(packet), &rtp) == OK &&
        rtp.payload.len == FRAME_SEALED_SPEECH)
        try_all(now_us, rtp.payload);
    __real_beat_take(beat, now_us, slot, packet);
}

static struct kept *guest_of(const struct media *media)
{
    for (unsigned i = 1; i <= GUESTS; i++)
        if (crowd.people[i].client != NULL && crowd.people[i].client->media == media)
            return &guests[i];
    return NULL;
}

enum result __wrap_media_renew(struct media *media, struct bytes ticket)
{
    struct kept *guest = guest_of(media);

    if (!tickets_are_kept || guest == NULL)
        return __real_media_renew(media, ticket);
    assert_in_range(ticket.len, 1, sizeof guest->ticket - 1);
    memcpy(guest->ticket, ticket.at, ticket.len);
    guest->ticket[ticket.len] = '\0';
    return OK;
}

enum result __wrap_http_request(struct http_client *http, const struct http_ask *ask,
                                void (*answered)(void *context, enum result, const struct http_head *,
                                                 struct bytes body),
                                void *context)
{
    struct kept *guest = guest_of(context);

    if (guest != NULL && strcmp(ask->method, "POST") == 0) {
        assert_in_range(ask->body.len, 1, sizeof guest->offer);
        memcpy(guest->offer, ask->body.at, ask->body.len);
        guest->offer_len = ask->body.len;
    }
    return __real_http_request(http, ask, answered, context);
}

/* --- The room --- */

/* The maker speaks, as a process of its own. */
static void maker_speaks(struct process *maker)
{
    char tone[SCRATCH_PATH];
    const char *line;

    scratch_path(crowd.scene.folder, "tone.wav", tone);
    recording_tone(tone, TONE_S);
    const char *speaks[] = {"--speak", tone, NULL};
    scene_join(&crowd.scene, maker, crowd.people[0].who.handle, crowd.rooms[0].name, speaks);
    scene_event(maker, "stage", &line);
}

static bool tickets_are_there(struct crowd *c, void *context)
{
    (void)c;
    (void)context;
    for (unsigned i = 1; i <= GUESTS; i++)
        if (guests[i].ticket[0] == '\0')
            return false;
    return true;
}

/* Each asks for another ticket, and keeps it. */
static void tickets_keep(void)
{
    tickets_are_kept = true;
    for (unsigned i = 1; i <= GUESTS; i++)
        hearing_ticket_soon(crowd.people[i].client);
    assert_true(crowd_until(&crowd, PATIENCE_MS, tickets_are_there, NULL));
    tickets_are_kept = false;
}

/* The guest's own offer, of the same certificate, with the ticket that it kept. */
static void offer_again(const struct kept *guest, const char *answer)
{
    char request[REQUEST];
    struct address at;
    struct raw raw;
    int len =
        snprintf(request, sizeof request,
                 "POST /media HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n"
                 "Authorization: Bearer %s\r\nContent-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n",
                 crowd.scene.port, guest->ticket, guest->offer_len);

    assert_in_range(len, 1, sizeof request - guest->offer_len);
    memcpy(request + len, guest->offer, guest->offer_len);
    assert_int_equal(address_parse(BYTES_TEXT("127.0.0.1"), crowd.scene.port, &at), OK);
    raw_connect(&raw, crowd.loop, &at);
    raw_send_bytes(&raw, bytes(request, (size_t)len + guest->offer_len));
    raw_expect(&raw, answer);
    raw_close(&raw);
}

static bool is_gone(struct crowd *c, void *context)
{
    (void)c;
    return ((const struct person *)context)->client == NULL;
}

/* `teahouse stage kick`, and two seconds more. */
static void kick(unsigned who)
{
    char home[SCRATCH_PATH];
    struct process p;

    scene_home(&crowd.scene, crowd.people[0].who.handle, home);
    const char *words[] = {"stage", "kick", crowd.rooms[0].name, crowd.people[who].who.handle, "--home",
                           home,    NULL};
    guests[who].kicked_us = loop_now_us();
    scene_run(&p, words);
    assert_true(crowd_until(&crowd, PATIENCE_MS, is_gone, &crowd.people[who]));
    assert_int_equal(process_wait(&p, PATIENCE_MS), 0);
    process_end(&p);
    crowd_pass(&crowd, 2000);
}

static unsigned ms_after(uint64_t at_us, uint64_t since_us)
{
    return at_us > since_us ? (unsigned)((at_us - since_us) / 1000) : 0;
}

static int order(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

    return (x > y) - (x < y);
}

static void what_is_kept_opens_nothing_half_a_second_after_a_kick(void **state)
{
    unsigned deaf_ms[KICKS], packet_ms[KICKS];
    struct process maker;

    (void)state;
    crowd_start(&crowd, GUESTS + 1, 1, NULL);
    maker_speaks(&maker);
    for (unsigned i = 1; i <= GUESTS; i++)
        crowd_enter(&crowd, &crowd.people[i], 0, false);
    assert_true(crowd_until(&crowd, PATIENCE_MS, crowd_all_hear, NULL));
    for (unsigned i = 1; i <= GUESTS; i++)
        guests[i].ring = core_room_keyring(crowd.people[i].client->core);
    tickets_keep();
    crowd_pass(&crowd, 500);

    for (unsigned i = 1; i <= KICKS; i++) {
        const struct kept *guest = &guests[i];
        const struct person *person = &crowd.people[i];

        kick(i);
        deaf_ms[i - 1] = ms_after(guest->opened_us, guest->kicked_us);
        packet_ms[i - 1] = ms_after(guest->packet_us, guest->kicked_us);
        /* Its keys opened all that there was before, and the others' hear on. */
        assert_true(guest->before >= 20);
        assert_true(guest->unopened >= 50);
        assert_int_equal(person->kicks, 1);
        assert_int_equal(person->why, E_REFUSED);
        /* G43, F32. */
        assert_int_equal(person->tries, 0);
        offer_again(guest, "HTTP/1.1 401");
    }
    print_message("# opened last %u, %u, %u ms after the kick; last packet %u, %u, %u ms\n", deaf_ms[0],
                  deaf_ms[1], deaf_ms[2], packet_ms[0], packet_ms[1], packet_ms[2]);
    qsort(deaf_ms, KICKS, sizeof deaf_ms[0], order);
    qsort(packet_ms, KICKS, sizeof packet_ms[0], order);
    assert_in_range(deaf_ms[KICKS / 2], 0, LIMIT_MS);
    assert_in_range(packet_ms[KICKS / 2], 0, LIMIT_MS);

    /* Whoever stays could use such a ticket, and was heard of all the time. */
    assert_true(crowd.people[LISTENER].longest < 10);
    offer_again(&guests[LISTENER + 1], "HTTP/1.1 201");
    assert_int_equal(crowd_alarms(&crowd), 0);
    process_signal(&maker, 15);
    assert_int_equal(process_wait(&maker, PATIENCE_MS), 0);
    process_end(&maker);
    crowd_end(&crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_opens_nothing_half_a_second_after_a_kick),
    };

    return cmocka_run_group_tests_name("kick", tests, NULL, NULL);
}
