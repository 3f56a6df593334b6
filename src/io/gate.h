/* The only way out. `gate_open` resolves a name, judges every address and connects; nothing else in the
 * program calls connect() for TCP, and whoever sends datagrams asks `gate_allows` before the first one. */
#ifndef IO_GATE_H
#define IO_GATE_H

#include "base/address.h"
#include "io/loop.h"

/* The rules. Plain data, read-only while in use, shared by all threads. {0} is the default of each. */
struct gate {
    uint32_t wait_ms; /* for the whole of gate_open; 0 for 10 s */
};

/* OK | E_REFUSED: an address that nobody has (unspecified, multicast, broadcast, port 0) */
MUST_USE enum result gate_allows(const struct gate *, const struct address *to);
/* The same for an address that a peer names, who is himself at `by`: one that lies nearer to us than he does
 * is E_REFUSED as well. Whoever is out on the net names no private address, whoever is in the same private
 * net no link-local one, and nobody but this machine the loopback: else he would make us talk to what he
 * cannot reach himself. */
MUST_USE enum result gate_allows_named(const struct gate *, const struct address *by,
                                       const struct address *to);

struct gate_call;

/* Connects to a name or a literal (IPv6 without brackets). Names are resolved beside the loop; literals and
 * localhost need no resolver. Allowed addresses are tried in the resolver's order, 250 ms apart (RFC 8305,
 * section 5), and the first to answer wins. `opened` is called once, from the loop and never from within
 * gate_open: with OK and a non-blocking socket (TCP_NODELAY) that is then the callee's, and the address; or
 * with -1 and E_NOT_FOUND (no such name) | E_REFUSED (by the rules) | E_EXPIRED (no answer in time) | E_IO
 * (connection refused, no route, ...) | E_NO_MEMORY. The call is over then and must not be cancelled any
 * more. OK | E_MALFORMED (no host can be called so) | E_NO_MEMORY */
MUST_USE enum result gate_open(const struct gate *, struct loop *, const char *host, uint16_t port,
                               void (*opened)(void *context, enum result, int fd, const struct address *),
                               void *context, struct gate_call **out);
/* Gives up; `opened` is not called. NULL is fine. */
void gate_cancel(struct gate_call *);

#endif
