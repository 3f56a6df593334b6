/* What the house reads of MLS messages: only what stands there in clear (RFC 9420, sections 5.2, 6 and
 * 12.4.3.1). It is enough to keep the order of epochs and to see whom a Welcome welcomes (attack F23). */
#ifndef HOUSE_CLEAR_H
#define HOUSE_CLEAR_H

#include "base/bytes.h"
#include "base/result.h"

/* The reference of an MLSMessage that holds a KeyPackage of suite 1 or 3.
 * OK | E_MALFORMED | E_UNSUPPORTED (another version, kind or suite) | E_CRYPTO | E_TOO_LARGE */
MUST_USE enum result clear_key_package(struct bytes message, uint8_t reference[static 32]);

/* Group and epoch of an MLSMessage that holds a PrivateMessage with a commit; nothing else is a commit here,
 * external ones least of all (field report G38). OK | E_MALFORMED | E_UNSUPPORTED */
MUST_USE enum result clear_commit(struct bytes message, struct bytes *group_id, uint64_t *epoch);

/* The same of one that holds application data or a proposal. OK | E_MALFORMED | E_UNSUPPORTED */
MUST_USE enum result clear_say(struct bytes message, struct bytes *group_id, uint64_t *epoch);

/* Reads an MLSMessage that holds a Welcome; *secrets is then the list for clear_welcome_next.
 * OK | E_MALFORMED | E_UNSUPPORTED */
MUST_USE enum result clear_welcome(struct bytes message, struct bytes *secrets);
/* The next joiner's KeyPackage reference; false at the end. */
bool clear_welcome_next(struct bytes *secrets, struct bytes *reference);

#endif
