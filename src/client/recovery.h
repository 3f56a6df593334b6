/* An account's key on paper: fourteen groups of four letters and digits. Whoever has the paper has the
 * account; its handle and its house's key come from the house again. Letters that are taken for digits are
 * read as these, and a slip of the pen is noticed. docs/protocol.md, "Recovery code". */
#ifndef CLIENT_RECOVERY_H
#define CLIENT_RECOVERY_H

#include "base/bytes.h"
#include "base/result.h"

enum { RECOVERY_SIZE = 14 * 5 };

/* OK | E_CRYPTO */
MUST_USE enum result recovery_write(const uint8_t seed[static 32], char out[static RECOVERY_SIZE]);
/* In either case, with any blanks and dashes. OK | E_MALFORMED (too short, too long, or a slip) | E_CRYPTO */
MUST_USE enum result recovery_read(struct bytes text, uint8_t seed[static 32]);

#endif
