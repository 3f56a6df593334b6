#define _DEFAULT_SOURCE
#include "base/address.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

static void port_set(struct address *a, uint16_t port)
{
    a->port[0] = (uint8_t)(port >> 8);
    a->port[1] = (uint8_t)port;
}

struct address address_v4(const uint8_t ip[static 4], uint16_t port)
{
    struct address a;

    memcpy(a.ip, v4_prefix, sizeof v4_prefix);
    memcpy(a.ip + 12, ip, 4);
    port_set(&a, port);
    return a;
}

struct address address_v6(const uint8_t ip[static 16], uint16_t port)
{
    struct address a;

    memcpy(a.ip, ip, 16);
    port_set(&a, port);
    return a;
}

uint16_t address_port(const struct address *a)
{
    return (uint16_t)(a->port[0] << 8 | a->port[1]);
}

bool address_is_v4(const struct address *a)
{
    return memcmp(a->ip, v4_prefix, sizeof v4_prefix) == 0;
}

bool address_is_loopback(const struct address *a)
{
    static const uint8_t v6_loopback[16] = {[15] = 1};

    return address_is_v4(a) ? a->ip[12] == 127 : memcmp(a->ip, v6_loopback, 16) == 0;
}

bool address_equal(const struct address *a, const struct address *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

enum result address_parse(struct bytes text, uint16_t port, struct address *out)
{
    char zero_closed[ADDRESS_TEXT_SIZE];
    uint8_t ip[16];

    if (text.len == 0 || text.len >= sizeof zero_closed || memchr(text.at, 0, text.len) != NULL)
        return E_MALFORMED;
    memcpy(zero_closed, text.at, text.len);
    zero_closed[text.len] = '\0';
    if (inet_pton(AF_INET, zero_closed, ip) == 1)
        *out = address_v4(ip, port);
    else if (inet_pton(AF_INET6, zero_closed, ip) == 1)
        *out = address_v6(ip, port);
    else
        return E_MALFORMED;
    return OK;
}

enum result address_parse_pair(struct bytes text, struct address *out)
{
    struct bytes host = text, digits;
    uint64_t port;
    size_t colon = text.len;

    while (colon > 0 && text.at[colon - 1] != ':')
        colon--;
    if (colon < 2)
        return E_MALFORMED;
    host.len = colon - 1;
    digits = bytes(text.at + colon, text.len - colon);
    if (text_number(digits, 65535, &port) != OK)
        return E_MALFORMED;

    bool brackets = host.at[0] == '[' && host.at[host.len - 1] == ']';
    if (brackets)
        host = bytes(host.at + 1, host.len - 2);
    else if (memchr(host.at, ':', host.len) != NULL)
        return E_MALFORMED;
    return address_parse(host, (uint16_t)port, out);
}

void address_write(const struct address *a, char out[static ADDRESS_TEXT_SIZE])
{
    if (address_is_v4(a))
        inet_ntop(AF_INET, a->ip + 12, out, ADDRESS_TEXT_SIZE);
    else
        inet_ntop(AF_INET6, a->ip, out, ADDRESS_TEXT_SIZE);
}
