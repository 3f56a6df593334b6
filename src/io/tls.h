/* Contexts for TLS 1.2 and 1.3 with AEAD ciphers and ephemeral keys only. No tickets and no session ids that
 * could be resumed: no byte string links two connections. Made once, shared read-only by all connections that
 * borrow it. */
#ifndef IO_TLS_H
#define IO_TLS_H

#include "base/bytes.h"
#include "base/result.h"

struct tls;

/* PEM files: the certificate with its chain, and its key. OK | E_NO_MEMORY | E_MALFORMED (unreadable, or no
 * such thing in it) | E_REFUSED (the key is not the certificate's) | E_CRYPTO */
MUST_USE enum result tls_server_new(const char *certificate_file, const char *key_file, struct tls **out);
/* Trusts the system's authorities, or those of one PEM file in their place. The peer's name or address is
 * always verified. OK | E_NO_MEMORY | E_MALFORMED | E_CRYPTO */
MUST_USE enum result tls_client_new(const char *authorities_file, struct tls **out);
void tls_free(struct tls *);

/* For this folder's own files: the OpenSSL state of one connection. `host` (a name or a literal) is NULL at a
 * server. Owned by the caller. NULL where memory is short or the host cannot be one. */
struct ssl_st;
struct ssl_st *tls_connection(const struct tls *, const char *host);

#endif
