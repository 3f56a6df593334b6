/* Text decoders: what decodes must encode to the same text again, and what is shown is clean UTF-8. */
#include "base/text.h"
#include "base/address.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes(data, size);
    uint8_t decoded[512];
    char again[1024], shown[256];
    struct address address;
    uint64_t number;
    size_t used;

    if (text_unbase64url(text, (struct bytes_mut){decoded, sizeof decoded}, &used) == OK) {
        text_base64url(bytes(decoded, used), again);
        assert(bytes_equal(text, bytes_string(again)));
    }
    if (text_unhex(text, (struct bytes_mut){decoded, sizeof decoded}, &used) == OK)
        assert(used * 2 == size);
    if (text_number(text, 65535, &number) == OK)
        assert(number <= 65535);
    if (address_parse_pair(text, &address) == OK)
        address_write(&address, again);

    text_for_display(text, shown, sizeof shown);
    assert(text_is_utf8(bytes_string(shown)));
    assert(strpbrk(shown, "\r\n\033") == NULL);
    return 0;
}
