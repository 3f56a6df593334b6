#include "io/url.h"

#include "base/address.h"
#include "base/reader.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

struct scheme {
    const char *name;
    bool tls;
    uint16_t port;
};

static const struct scheme schemes[] = {
    {"http", false, 80}, {"https", true, 443}, {"ws", false, 80}, {"wss", true, 443}};

static size_t find(struct bytes text, const char *any_of)
{
    size_t at = 0;

    while (at < text.len && strchr(any_of, text.at[at]) == NULL)
        at++;
    return at;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool printable(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~')
            return false;
    return true;
}

static bool scheme_is(struct bytes text, const char *name)
{
    if (text.len != strlen(name))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (lower(text.at[i]) != (uint8_t)name[i])
            return false;
    return true;
}

static enum result scheme_read(struct bytes text, struct url *url)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (scheme_is(text, schemes[i].name)) {
            url->tls = schemes[i].tls;
            url->port = schemes[i].port;
            return OK;
        }
    return E_UNSUPPORTED;
}

static bool host_character(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static enum result host_read(struct bytes host, bool bracketed, struct url *url)
{
    struct address literal;

    if (host.len == 0)
        return E_MALFORMED;
    if (host.len >= sizeof url->host)
        return E_TOO_LARGE;
    if (bracketed && (address_parse(host, 0, &literal) != OK || memchr(host.at, ':', host.len) == NULL))
        return E_MALFORMED;
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = lower(host.at[i]);

        if (!bracketed && !host_character(c))
            return E_MALFORMED;
        url->host[i] = (char)c;
    }
    url->host[host.len] = 0;
    return OK;
}

/* `host`, `host:port`, `[v6]`, `[v6]:port` */
static enum result authority_read(struct bytes text, struct url *url)
{
    bool bracketed = text.len != 0 && text.at[0] == '[';
    struct reader r = reader_on(text);
    struct bytes host, port;
    uint64_t number;
    enum result res;

    if (bracketed) {
        size_t end = find(text, "]");

        reader_take(&r, 1);
        host = reader_take(&r, end - 1);
        reader_take(&r, 1);
    } else {
        host = reader_take(&r, find(text, ":"));
    }
    if (r.failed)
        return E_MALFORMED;
    res = host_read(host, bracketed, url);
    if (res != OK || reader_left(&r) == 0)
        return res;
    if (reader_u8(&r) != ':')
        return E_MALFORMED;
    port = reader_take(&r, reader_left(&r));
    if (text_number(port, 65535, &number) != OK || number == 0)
        return E_MALFORMED;
    url->port = (uint16_t)number;
    return OK;
}

enum result url_parse(struct bytes text, struct url *out)
{
    struct reader r = reader_on(text);
    struct url url = {.path = "/"};
    struct bytes scheme, slashes, authority, path;
    enum result res;

    if (!printable(text) || find(text, "#@\\") != text.len)
        return E_MALFORMED;
    scheme = reader_take(&r, find(text, ":"));
    slashes = reader_take(&r, 3);
    if (!bytes_equal(slashes, BYTES_TEXT("://")))
        return E_MALFORMED;
    res = scheme_read(scheme, &url);
    if (res != OK)
        return res;

    authority = reader_take(&r, find(bytes(r.at, reader_left(&r)), "/?"));
    path = reader_take(&r, reader_left(&r));
    res = authority_read(authority, &url);
    if (res != OK)
        return res;
    if (path.len != 0 && path.at[0] == '?')
        return E_MALFORMED;
    if (path.len >= sizeof url.path)
        return E_TOO_LARGE;
    if (path.len != 0) {
        memcpy(url.path, path.at, path.len);
        url.path[path.len] = 0;
    }
    *out = url;
    return OK;
}

void url_authority(const struct url *url, char out[static URL_ORIGIN_SIZE])
{
    bool v6 = strchr(url->host, ':') != NULL, usual = url->port == (url->tls ? 443 : 80);
    char port[8] = "";

    if (!usual)
        snprintf(port, sizeof port, ":%u", url->port);
    snprintf(out, URL_ORIGIN_SIZE, "%s%s%s%s", v6 ? "[" : "", url->host, v6 ? "]" : "", port);
}

void url_origin(const struct url *url, char out[static URL_ORIGIN_SIZE])
{
    char authority[URL_ORIGIN_SIZE];

    url_authority(url, authority);
    snprintf(out, URL_ORIGIN_SIZE, "%s://%.*s", url->tls ? "https" : "http", URL_ORIGIN_SIZE - 10, authority);
}
