/* The URLs that clients are given: http, https, ws and wss, with a host and perhaps a port and a path. No
 * user, no fragment, nothing outside of printable ASCII. */
#ifndef IO_URL_H
#define IO_URL_H

#include "base/bytes.h"
#include "base/result.h"

enum { URL_HOST_SIZE = 254, URL_PATH_SIZE = 512 };

struct url {
    bool tls;
    uint16_t port;
    char host[URL_HOST_SIZE]; /* lower case; IPv6 without brackets */
    char path[URL_PATH_SIZE]; /* with the query; `/` where the URL has none */
};

/* OK | E_MALFORMED | E_TOO_LARGE (host or path) | E_UNSUPPORTED (another scheme) */
MUST_USE enum result url_parse(struct bytes text, struct url *out);

enum { URL_ORIGIN_SIZE = URL_HOST_SIZE + 20 };
/* `https://host`, the port only where it is not the scheme's: RFC 6454, section 6.2. */
void url_origin(const struct url *, char out[static URL_ORIGIN_SIZE]);
/* The value of a Host header. */
void url_authority(const struct url *, char out[static URL_ORIGIN_SIZE]);

#endif
