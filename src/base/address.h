/* Where a datagram comes from or goes to. IPv4 is held as IPv4-mapped IPv6 (::ffff:a.b.c.d), so that one
 * address has one form and a whole `struct address` may be a table's key. No printing function: an address
 * is an identity and does not belong into a log. */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include "base/bytes.h"
#include "base/result.h"

struct address {
    uint8_t ip[16];
    uint8_t port[2]; /* network byte order */
};

struct address address_v4(const uint8_t ip[static 4], uint16_t port);
struct address address_v6(const uint8_t ip[static 16], uint16_t port);
uint16_t address_port(const struct address *);
bool address_is_v4(const struct address *);
bool address_is_loopback(const struct address *);
bool address_equal(const struct address *, const struct address *);

/* A literal address, without a port, in the forms of inet_pton; port is set as given. OK | E_MALFORMED */
MUST_USE enum result address_parse(struct bytes text, uint16_t port, struct address *out);
/* `host:port`, `[v6]:port`; the host must be a literal. OK | E_MALFORMED */
MUST_USE enum result address_parse_pair(struct bytes text, struct address *out);

enum { ADDRESS_TEXT_SIZE = 48 };
/* The host alone, without brackets, for protocol texts (SDP, URLs). */
void address_write(const struct address *, char out[static ADDRESS_TEXT_SIZE]);

#endif
