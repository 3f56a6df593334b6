#include "io/http_server.h"

#include <event2/buffer.h>

#include <assert.h>
#include <string.h>
#include <time.h>

static const struct {
    unsigned status;
    const char *text;
} phrases[] = {
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

static const char *phrase(unsigned status)
{
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
        if (phrases[i].status == status)
            return phrases[i].text;
    return "Status";
}

/* On every answer. Nothing that this server says is to be framed, sniffed, sent on as a referrer or shared
 * with another origin's process. */
static const char nothing_allowed[] = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
                                      "form-action 'none'";
static const char security[] =
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Embedder-Policy: require-corp\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Permissions-Policy: microphone=(self), screen-wake-lock=(self), clipboard-write=(self), camera=(), "
    "geolocation=(), display-capture=(), payment=(), usb=(), serial=(), hid=(), bluetooth=(), midi=()\r\n";

static bool put(struct evbuffer *to, struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        assert(text.at[i] >= ' ' && text.at[i] != 0x7f);
    return evbuffer_add(to, text.at, text.len) == 0;
}

static bool header(struct evbuffer *to, const char *name, struct bytes value)
{
    return value.len == 0 || (put(to, bytes_string(name)) && put(to, BYTES_TEXT(": ")) && put(to, value) &&
                              evbuffer_add(to, "\r\n", 2) == 0);
}

static struct bytes text_or_none(const char *text)
{
    return text != NULL ? bytes_string(text) : (struct bytes){0};
}

static bool has_length(unsigned status)
{
    return status >= 200 && status != 204 && status != 304;
}

enum result http_reply_write(const struct http_reply *reply, const struct http_reply_extra *extra,
                             struct evbuffer *to)
{
    time_t now = time(NULL);
    struct tm utc;
    char date[40];
    bool good = evbuffer_add_printf(to, "HTTP/1.1 %u %s\r\n", reply->status, phrase(reply->status)) > 0;

    gmtime_r(&now, &utc);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    good = good && header(to, "Date", bytes_string(date)) &&
           evbuffer_add(to, security, sizeof security - 1) == 0;
    good = good && header(to, "Content-Security-Policy",
                          bytes_string(reply->policy != NULL ? reply->policy : nothing_allowed));
    good = good && header(to, "Cache-Control", reply->cache.len != 0 ? reply->cache : BYTES_TEXT("no-store"));
    good = good && header(to, "Content-Type", text_or_none(reply->type));
    good = good && header(to, "Content-Encoding", text_or_none(reply->encoding));
    if (reply->varies)
        good = good && header(to, "Vary", BYTES_TEXT("Accept-Encoding"));
    good = good && header(to, "Location", reply->location) && header(to, "ETag", reply->etag);
    good = good && header(to, "Allow", text_or_none(extra->allow));
    if (reply->status == 401)
        good = good && header(to, "WWW-Authenticate", BYTES_TEXT("Bearer"));
    if (extra->upgrade != NULL)
        good = good && header(to, "Upgrade", text_or_none(extra->upgrade)) &&
               header(to, "Connection", extra->close ? BYTES_TEXT("Upgrade, close") : BYTES_TEXT("Upgrade"));
    else if (extra->close)
        good = good && header(to, "Connection", BYTES_TEXT("close"));
    if (has_length(reply->status))
        good = good && evbuffer_add_printf(to, "Content-Length: %zu\r\n", reply->body.len) > 0;
    good = good && evbuffer_add(to, "\r\n", 2) == 0;
    if (has_length(reply->status) && !extra->no_body && reply->body.len != 0)
        good = good && evbuffer_add(to, reply->body.at, reply->body.len) == 0;
    return good ? OK : E_NO_MEMORY;
}
