/* Control messages: what reads must write to the same bytes again. */
#include "wire/control.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t room[CONTROL_BYTES];
    struct control message;
    struct bytes again;

    if (control_read(bytes(data, size), &message) == OK) {
        assert(control_write(&message, (struct bytes_mut){room, sizeof room}, &again) == OK);
        assert(bytes_equal(bytes(data, size), again));
    }
    return 0;
}
