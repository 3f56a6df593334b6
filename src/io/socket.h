/* For this folder's own files: addresses as the system calls take them. */
#ifndef IO_SOCKET_H
#define IO_SOCKET_H

#include "base/address.h"

#include <sys/socket.h>

/* As an IPv4 or IPv6 socket address; *family is that of the socket it is for: an AF_INET6 socket takes IPv4
 * in its mapped form. Returns the length, 0 where an AF_INET socket is to reach an IPv6 address. */
socklen_t socket_address(const struct address *, int family, struct sockaddr_storage *out);
/* Zero for a family that is neither. */
struct address socket_address_from(const struct sockaddr_storage *);
/* Where it is bound. OK | E_IO */
MUST_USE enum result socket_bound(int fd, struct address *out);

#endif
