/* DTLS 1.2 for the keys of SRTP: RFC 6347, RFC 5764. Datagrams in, a flight out; who sends it again, and
 * when, is the hop's to say. Private to hop. */
#ifndef HOP_DTLS_H
#define HOP_DTLS_H

#include "hop/hop.h"
#include "hop/srtp.h"

#include <openssl/ssl.h>

struct hop_identity {
    SSL_CTX *context; /* serves both roles */
    uint8_t fingerprint[HOP_FINGERPRINT_LEN];
};

enum {
    HOP_FLIGHT_MAX = 3072,  /* ours have some 1000 bytes */
    HOP_FAREWELL_MAX = 128, /* a close_notify under AES-GCM has 37 bytes, under any cipher of ours under 64 */
};

struct hop_dtls;

/* Of the identity's context: accepts the one certificate whose hash was announced to the hop. */
int hop_dtls_verify(X509_STORE_CTX *, void *);

/* OK | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result hop_dtls_new(const struct hop_identity *, enum hop_role,
                                  const uint8_t peer_fingerprint[static HOP_FINGERPRINT_LEN],
                                  struct hop_dtls **out);
void hop_dtls_free(struct hop_dtls *); /* NULL is fine */

/* One datagram of the handshake; an empty one starts a client's. *fresh says whether there is a new flight to
 * be sent. After an error the handshake is over, and the flight is the alert. OK (complete) | E_AGAIN (going
 * on) | E_FORGED (not the certificate that was announced) | E_REFUSED (no AEAD_AES_128_GCM, or no extended
 * master secret) | E_MALFORMED (any other failure) */
MUST_USE enum result hop_dtls_step(struct hop_dtls *, struct bytes datagram, bool *fresh);

/* The newest flight: records in the order in which they are to be sent, none longer than HOP_DATAGRAM_MAX. */
struct bytes hop_dtls_flight(const struct hop_dtls *);
/* The next datagram of such a row: as many whole records as HOP_DATAGRAM_MAX takes. Empty at the end. */
struct bytes hop_records_next(struct bytes *rest);

/* After completion. Both ways' keys from the exporter (RFC 5764, section 4.2); each way is started.
 * OK | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result hop_dtls_ways(struct hop_dtls *, struct hop_way *sending, struct hop_way *receiving);

/* After completion: any datagram. OK | E_CLOSED (the peer said farewell, or a fatal alert) */
MUST_USE enum result hop_dtls_take(struct hop_dtls *, struct bytes datagram);

/* After completion: the close_notify that may be sent at any time, once no other record will be. */
size_t hop_dtls_farewell(struct hop_dtls *, uint8_t out[static HOP_FAREWELL_MAX]);

#endif
