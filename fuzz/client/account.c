/* The account's file: what is read can be written, and reads the same again. */
#include "client/identity.h"
#include "crypto/crypto.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct identity identity = {0}, again = {0};
    uint8_t room[IDENTITY_FILE_BYTES];
    struct bytes whole;
    enum result res = crypto_start();

    assert(res == OK);
    if (identity_read(bytes(data, size), &identity) != OK)
        return 0;
    res = identity_write(&identity, (struct bytes_mut){room, sizeof room}, &whole);
    assert(res == OK && whole.len == size);
    res = identity_read(whole, &again);
    assert(res == OK && memcmp(&identity, &again, sizeof again) == 0);
    return 0;
}
