/* Any packets in any order at any time, and turns in between: what is taken is played once at most, and what
 * is played within one beginning is played in order. */
#include "client/jitter.h"

#include "base/reader.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PACKETS = 4096 };

struct ledger {
    bool taken[PACKETS], played[PACKETS];
    int64_t last_place;
};

static void note(struct ledger *ledger, const struct jitter_frame *frame)
{
    uint16_t number;

    assert(frame->held && frame->opus_len == sizeof number);
    memcpy(&number, frame->opus, sizeof number);
    assert(number < PACKETS && ledger->taken[number] && !ledger->played[number]);
    ledger->played[number] = true;
    assert(frame->place > ledger->last_place);
    ledger->last_place = frame->place;
}

static void take_turn(struct jitter *j, struct ledger *ledger, uint64_t now_us)
{
    struct jitter_turn turn;

    jitter_due(j, now_us, &turn);
    if (turn.what == JITTER_PLAY || turn.what == JITTER_SKIP)
        note(ledger, turn.frame);
    if (turn.what == JITTER_SKIP)
        note(ledger, turn.then);
    assert((turn.what == JITTER_SKIP) == (turn.then != NULL));
    assert(turn.what != JITTER_SILENCE || turn.frame == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_on(bytes(data, size));
    struct ledger ledger = {.last_place = INT64_MIN};
    uint64_t now_us = 1000000, tick_us = 1000000;
    uint16_t sequence = 100, number = 0;
    uint32_t time_48k = 5000;
    struct jitter j;

    jitter_start(&j);
    while (reader_left(&r) != 0 && number < PACKETS) {
        /* Small steps mostly, as streams go; wild ones by their own command. */
        uint8_t command = reader_u8(&r);
        struct jitter_packet packet;

        if (command == 255) {
            sequence = reader_u16(&r);
            time_48k = reader_u32(&r);
            now_us += (uint64_t)reader_u8(&r) * 10000;
        } else {
            int step = command % 8 - 2;

            sequence = (uint16_t)(sequence + step);
            time_48k += (uint32_t)(step * FRAME_SAMPLES) + (command > 250 ? 77 : 0);
            now_us += (uint64_t)(command / 8) * 1300;
        }
        for (; tick_us <= now_us; tick_us += FRAME_US)
            take_turn(&j, &ledger, tick_us);
        packet = (struct jitter_packet){sequence, time_48k, command & 1, now_us, BYTES_OF(number)};
        ledger.taken[number] = jitter_take(&j, &packet) == OK;
        number++;
    }
    for (int i = 0; i < 100; i++, tick_us += FRAME_US)
        take_turn(&j, &ledger, tick_us);
    assert(j.state == JITTER_SILENT);
    return 0;
}
