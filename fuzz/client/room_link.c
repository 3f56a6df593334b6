/* Links to rooms and addresses of houses, as people paste them. What is taken is written back as it was, but
 * for slashes behind the house's name. */
#include "client/room_link.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes(data, size);
    char url[IDENTITY_URL_SIZE], again[IDENTITY_URL_SIZE], written[ROOM_LINK_SIZE];
    struct room_link link, same;
    enum result res;

    if (house_url_read(text, url) == OK) {
        res = house_url_read(bytes_string(url), again);
        assert(res == OK && strcmp(url, again) == 0);
    }
    if (room_link_read(text, &link) != OK)
        return 0;
    if (link.house_url[0] == '\0')
        room_name_write(link.room, written);
    else
        room_link_write(&link, written);
    res = room_link_read(bytes_string(written), &same);
    assert(res == OK && memcmp(link.room, same.room, 32) == 0 && strcmp(link.house_url, same.house_url) == 0);
    return 0;
}
