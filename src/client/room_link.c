#include "client/room_link.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { ROOM_NAME_LEN = ROOM_NAME_SIZE - 1, SECRET_LEN = 22 };

static bool takes_from_front(struct bytes *text, struct bytes word)
{
    if (text->len < word.len || memcmp(text->at, word.at, word.len) != 0)
        return false;
    *text = bytes(text->at + word.len, text->len - word.len);
    return true;
}

static bool is_host_character(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':' || c == '[' || c == ']';
}

enum result house_url_read(struct bytes text, char out[static IDENTITY_URL_SIZE])
{
    struct bytes host;

    while (text.len != 0 && text.at[text.len - 1] == '/')
        text.len--;
    host = text;
    if (text.len >= IDENTITY_URL_SIZE ||
        (!takes_from_front(&host, BYTES_TEXT("http://")) &&
         !takes_from_front(&host, BYTES_TEXT("https://"))) ||
        host.len == 0)
        return E_MALFORMED;
    for (size_t i = 0; i < host.len; i++)
        if (!is_host_character(host.at[i]))
            return E_MALFORMED;
    memcpy(out, text.at, text.len);
    out[text.len] = '\0';
    return OK;
}

/* Takes `#SECRET` from the end, where it is there. */
static enum result secret_take(struct bytes *text, struct room_link *link)
{
    const uint8_t *hash = memchr(text->at, '#', text->len);
    struct bytes secret;
    size_t used;

    if (hash == NULL)
        return OK;
    secret = bytes(hash + 1, (size_t)(text->at + text->len - hash) - 1);
    if (secret.len != SECRET_LEN ||
        text_unbase64url(secret, (struct bytes_mut){link->secret, sizeof link->secret}, &used) != OK ||
        used != sizeof link->secret)
        return E_MALFORMED;
    text->len = (size_t)(hash - text->at);
    link->has_secret = true;
    return OK;
}

enum result room_link_read(struct bytes text, struct room_link *out)
{
    static const char between[] = "/r/";
    struct room_link link = {.house_url = ""};
    struct bytes url, name;
    size_t used;

    if (text.len < ROOM_NAME_LEN || secret_take(&text, &link) != OK || text.len < ROOM_NAME_LEN)
        return E_MALFORMED;
    name = bytes(text.at + text.len - ROOM_NAME_LEN, ROOM_NAME_LEN);
    url = bytes(text.at, text.len - ROOM_NAME_LEN);
    if (url.len != 0) {
        if (url.len < sizeof between - 1 ||
            memcmp(url.at + url.len - (sizeof between - 1), between, sizeof between - 1) != 0)
            return E_MALFORMED;
        url.len -= sizeof between - 1;
        if (house_url_read(url, link.house_url) != OK)
            return E_MALFORMED;
    }
    if (text_unbase64url(name, (struct bytes_mut){link.room, sizeof link.room}, &used) != OK || used != 32)
        return E_MALFORMED;
    *out = link;
    return OK;
}

void room_name_write(const uint8_t room[static 32], char out[static ROOM_NAME_SIZE])
{
    text_base64url(bytes(room, 32), out);
}

void room_link_write(const struct room_link *link, char out[static ROOM_LINK_SIZE])
{
    char name[ROOM_NAME_SIZE], secret[SECRET_LEN + 1] = "";

    room_name_write(link->room, name);
    if (link->has_secret)
        text_base64url(BYTES_OF(link->secret), secret);
    snprintf(out, ROOM_LINK_SIZE, "%s/r/%s%s%s", link->house_url, name, link->has_secret ? "#" : "", secret);
}
