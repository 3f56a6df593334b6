/* Datagrams at a relay with one session that waits for its client: each is one byte that says from where and
 * how much later, two of length, and the body. Who has not passed a check gets no answer. */
#include "relay/receive.h"
#include "base/reader.h"
#include "crypto/crypto.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same credentials each time, so that a seed can name them. */
static void fill(void *self, uint8_t *to, size_t len)
{
    (void)self;
    memset(to, 'A', len);
}

static void count(void *self, const struct outbox *box)
{
    *(unsigned *)self += box->count;
}

static void want(int truth)
{
    if (!truth)
        abort();
}

static struct relay_session *session_make(const struct random *random, uint64_t now_us)
{
    struct relay_session *s = calloc(1, sizeof *s);
    struct hop_settings settings = {.role = HOP_RELAY, .random = random};

    want(s != NULL && hop_identity_new(&s->identity) == OK);
    hop_credentials_draw(random, &settings.local);
    settings.identity = s->identity;
    memcpy(s->ufrag, settings.local.ufrag, sizeof s->ufrag);
    s->role = TICKET_SPEAKER;
    s->expires_us = UINT64_MAX;
    s->open_by_us = now_us + RELAY_OPEN_US;
    want(hop_new(&settings, now_us, &s->hop) == OK);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[RELAY_DEPARTURES_SIZE];
    static int started;
    const struct random random = {fill, NULL};
    struct reader r = reader_on(bytes(data, size));
    struct relay_departures departures;
    struct relay_seats *seats;
    uint64_t now_us = 1000000;
    uint8_t ids[1][RELAY_ID_LEN], body[2048];
    unsigned answers = 0;

    if (!started)
        want(crypto_start() == OK);
    started = 1;
    want(relay_seats_new(1, &random, &seats) == OK);
    want(relay_seats_add(seats, session_make(&random, now_us), now_us) == OK);
    relay_departures_start(&departures, (struct bytes_mut){room, sizeof room}, count, &answers);
    while (reader_left(&r) != 0) {
        const uint8_t ip[4] = {10, 0, 0, 1};
        struct relay_ended ended = {.capacity = 1, .ids = ids};
        uint8_t how = reader_u8(&r);
        struct bytes datagram = reader_run16(&r);
        struct address from = address_v4(ip, (uint16_t)(1 + (how & 3)));
        bool check = datagram.len != 0 && datagram.at[0] < 4;
        bool known = table_get(&seats->by_address, &from) != NULL;
        unsigned before = answers;

        if (datagram.len > sizeof body)
            break;
        if (datagram.len != 0)
            memcpy(body, datagram.at, datagram.len);
        now_us += (uint64_t)(how >> 2) * 1000;
        relay_receive(seats, now_us, &from, (struct bytes_mut){body, datagram.len}, &departures);
        relay_departures_flush(&departures);
        want(check || known || answers == before);
        relay_seats_due(seats, now_us, &departures, &ended);
        relay_departures_flush(&departures);
    }
    relay_seats_free(seats);
    return 0;
}
