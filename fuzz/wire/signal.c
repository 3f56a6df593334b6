/* Signalling and control: what reads must write to the same bytes again, and its lists must walk to their
 * ends. */
#include "wire/signal.h"
#include "wire/control.h"
#include "wire/envelope.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t room[SIGNAL_BYTES];

static void walk(struct signal *s)
{
    struct signal_seat seat;
    struct signal_joiner joiner;
    struct signal_room entry;
    struct bytes list;

    switch (s->type) {
    case SIGNAL_SEATED:
        for (list = s->seated.seats; signal_seat_next(&list, &seat);)
            assert(seat.handle.len <= HANDLE_BYTES);
        break;
    case SIGNAL_WAITING:
        for (list = s->waiting.joiners; signal_joiner_next(&list, &joiner);)
            assert(joiner.key_package.len != 0);
        break;
    case SIGNAL_ROOMS:
        for (list = s->rooms.rooms; signal_room_next(&list, &entry);)
            assert(entry.title.len != 0);
        break;
    default:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes(data, size), message, again;
    struct signal s;
    struct control c;

    if (signal_read(text, &s) == OK) {
        walk(&s);
        assert(signal_write(&s, (struct bytes_mut){room, sizeof room}, &again) == OK);
        assert(bytes_equal(text, again));
    }
    if (control_read(text, &c) == OK) {
        assert(control_write(&c, (struct bytes_mut){room, sizeof room}, &again) == OK);
        assert(bytes_equal(text, again));
    }
    if (envelope_unpad(text, &message) == OK) {
        assert(envelope_pad(message, (struct bytes_mut){room, sizeof room}, &again) == OK);
        assert(bytes_equal(text, again));
    }
    return 0;
}
