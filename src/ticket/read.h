/* The house's leave to send or hear media at one relay: who may hold one of a room's seats, for at most a
 * minute. PASETO v4.public (Ed25519) with an empty footer and the implicit assertion TICKET_LABEL. The
 * payload is JSON with fixed keys in fixed order and without blanks; the reader accepts exactly that, after
 * the signature:
 *
 *   {"relay":"..","room":"..","seat":"..","role":"listener","fingerprint":"..","number":7,"expires":1764040000}
 *
 * Tags and the fingerprint are base64url without padding. Nothing in it names an account or a room: the tags
 * are random and live as long as one session. */
#ifndef TICKET_READ_H
#define TICKET_READ_H

#include "base/bytes.h"
#include "base/result.h"
#include "wire/limits.h"

enum {
    TICKET_FINGERPRINT_LEN = 32, /* SHA-256 of the holder's DTLS certificate */
    TICKET_TEXT_SIZE = 512,      /* room for any ticket and a closing zero */
};

/* What the signature covers beside the payload, so that it can't pass for any other word of the house. */
#define TICKET_LABEL       "Teahouse ticket 1"
/* The greatest expiry: what every JSON reader holds exactly. */
#define TICKET_EXPIRES_MAX ((UINT64_C(1) << 53) - 1)

enum ticket_role { TICKET_LISTENER, TICKET_SPEAKER };

struct ticket {
    uint8_t relay[TAG_BYTES]; /* the one relay that may accept it */
    uint8_t room[TAG_BYTES];
    uint8_t seat[TAG_BYTES];
    uint8_t fingerprint[TICKET_FINGERPRINT_LEN];
    enum ticket_role role;
    uint32_t number;   /* grows with each ticket of a seat; a relay never takes an older one */
    uint64_t expiry_s; /* seconds since 1970; the session ends then unless renewed */
};

/* Checks the house's signature, the form and the time. Whether relay, number and fingerprint fit is the
 * caller's to compare. *out is written on OK alone. Any thread.
 * OK | E_MALFORMED | E_FORGED | E_EXPIRED (over, or farther ahead than TICKET_S) | E_CRYPTO */
MUST_USE enum result ticket_read(struct bytes token, const uint8_t house_key[static 32], uint64_t now_s,
                                 struct ticket *out);

#endif
