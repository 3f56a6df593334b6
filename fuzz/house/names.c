/* Handles and titles: what is taken is clean UTF-8 within the limits, and is taken again unchanged. */
#include "house/names.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void shows_as_it_is(struct bytes name)
{
    char shown[TITLE_BYTES + 1];

    text_for_display(name, shown, sizeof shown);
    assert(bytes_equal(bytes_string(shown), name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* One for the process: opening the checker costs more than all else. */
    static struct names *names;
    struct bytes name = bytes(data, size), out, again;
    uint8_t first[SKELETON_BYTES], second[SKELETON_BYTES];
    const char *why = NULL;

    if (names == NULL && names_new(&names) != OK)
        return 0;
    if (names_handle(names, name, (struct bytes_mut){first, sizeof first}, &out, &why) == OK) {
        assert(size <= HANDLE_BYTES && out.len != 0);
        shows_as_it_is(name);
    } else {
        assert(why != NULL);
    }
    if (names_title(names, name, (struct bytes_mut){first, TITLE_BYTES}, &out, &why) == OK) {
        assert(out.len != 0 && out.len <= TITLE_BYTES && text_is_utf8(out));
        assert(memchr(out.at, '\n', out.len) == NULL && memchr(out.at, '\0', out.len) == NULL);
        assert(names_title(names, out, (struct bytes_mut){second, TITLE_BYTES}, &again, &why) == OK);
        assert(bytes_equal(out, again));
    }
    return 0;
}
