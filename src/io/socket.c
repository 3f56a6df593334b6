#include "io/socket.h"

#include <netinet/in.h>
#include <string.h>

socklen_t socket_address(const struct address *a, int family, struct sockaddr_storage *out)
{
    if (family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;

        if (!address_is_v4(a))
            return 0;
        *in = (struct sockaddr_in){.sin_family = AF_INET};
        memcpy(&in->sin_port, a->port, 2);
        memcpy(&in->sin_addr, a->ip + 12, 4);
        return sizeof *in;
    }

    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

    *in6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
    memcpy(&in6->sin6_port, a->port, 2);
    memcpy(&in6->sin6_addr, a->ip, 16);
    return sizeof *in6;
}

struct address socket_address_from(const struct sockaddr_storage *from)
{
    struct address a = {0};

    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)from;

        a = address_v4((const uint8_t *)&in->sin_addr, ntohs(in->sin_port));
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;

        a = address_v6((const uint8_t *)&in6->sin6_addr, ntohs(in6->sin6_port));
    }
    return a;
}

enum result socket_bound(int fd, struct address *out)
{
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;

    if (getsockname(fd, (struct sockaddr *)&bound, &len) != 0)
        return E_IO;
    *out = socket_address_from(&bound);
    return OK;
}
