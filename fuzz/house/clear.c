/* What the house reads of MLS messages: whatever is taken lies within the message. */
#include "house/clear.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void lies_within(struct bytes part, const uint8_t *data, size_t size)
{
    assert(part.len == 0 || (part.at >= data && part.at + part.len <= data + size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes message = bytes(data, size), group, secrets, reference;
    uint8_t hash[32];
    uint64_t epoch;

    if (clear_key_package(message, hash) == OK)
        assert(size >= 8);
    if (clear_commit(message, &group, &epoch) == OK)
        lies_within(group, data, size);
    if (clear_say(message, &group, &epoch) == OK)
        lies_within(group, data, size);
    if (clear_welcome(message, &secrets) == OK) {
        while (clear_welcome_next(&secrets, &reference))
            lies_within(reference, data, size);
        assert(secrets.len == 0);
    }
    return 0;
}
