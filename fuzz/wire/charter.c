/* Charters and bindings: their bytes are hashed and signed, so each value has one encoding. */
#include "wire/charter.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes(data, size), rest = text, before = text, again;
    uint8_t room[CHARTER_BYTES];
    struct charter charter;
    struct seat_binding binding;
    struct permit permit;

    if (charter_read(text, &charter) == OK) {
        assert(charter_write(&charter, (struct bytes_mut){room, sizeof room}, &again) == OK);
        assert(bytes_equal(text, again));
    }
    if (seat_binding_read(text, &binding) == OK) {
        assert(seat_binding_write(&binding, (struct bytes_mut){room, sizeof room}, &again) == OK);
        assert(bytes_equal(text, again));
    }
    while (permit_next(&rest, &permit) == OK) {
        assert(permit_write(&permit, (struct bytes_mut){room, sizeof room}, &again) == OK);
        assert(bytes_equal(bytes(before.at, PERMIT_BYTES), again));
        before = rest;
    }
    return 0;
}
