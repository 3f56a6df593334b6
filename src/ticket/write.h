/* The house's half of tickets: granting them. Not in the library that a relay links. */
#ifndef TICKET_WRITE_H
#define TICKET_WRITE_H

#include "ticket/read.h"

/* Signs a ticket with the house's Ed25519 seed and writes it as text with a closing zero. Any thread.
 * OK | E_TOO_LARGE (expiry over TICKET_EXPIRES_MAX) | E_CRYPTO */
MUST_USE enum result ticket_write(const struct ticket *, const uint8_t house_seed[static 32],
                                  char out[static TICKET_TEXT_SIZE]);

#endif
