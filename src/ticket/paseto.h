/* PASETO v4.public, the reading half, for tokens of bounded size. */
#ifndef TICKET_PASETO_H
#define TICKET_PASETO_H

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"

enum {
    PASETO_TOKEN_MAX = 1024, /* longer ones are refused unread */
    PASETO_SIGNATURE_LEN = 64,
};

#define PASETO_HEADER "v4.public."

/* What is signed: PAE of header, payload, footer and implicit assertion (PASETO, "Pre-Authentication
 * Encoding"). A writer without room fails as writers do. */
void paseto_preimage(struct writer *, struct bytes payload, struct bytes footer, struct bytes implicit);

/* Verifies a token with exactly this footer and this implicit assertion; *payload then lies in `room`.
 * OK | E_MALFORMED | E_TOO_LARGE | E_FORGED | E_CRYPTO */
MUST_USE enum result paseto_open(struct bytes token, const uint8_t public_key[static 32], struct bytes footer,
                                 struct bytes implicit, uint8_t room[static PASETO_TOKEN_MAX],
                                 struct bytes *payload);

#endif
