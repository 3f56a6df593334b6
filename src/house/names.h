/* What may be a handle and what may be a room's title. The rules stand here once; docs/protocol.md repeats
 * them for people. Lengths are counted in code points and in bytes of UTF-8, whichever limit is reached first
 * (wire/limits.h); a database never counts again (field report G55).
 *
 * A handle is 1 to HANDLE_POINTS characters of UTF-8 in NFC: lower-case letters, marks and digits that
 * UTS 39 recommends for identifiers, and `.` `_` `-`, beginning with a letter or a digit. Scripts are mixed
 * only where UTS 39 calls it highly restrictive (Latin with Han and kana, say). Two handles with one skeleton
 * (UTS 39, section 4) cannot both be had. A handle is taken as it is or refused, never changed: what was
 * signed is what is stored.
 *
 * A title is 1 to TITLE_POINTS characters of UTF-8, brought to NFC, without controls, line or paragraph
 * separators, marks of direction and other characters that nobody sees (field report G54). Joiners may stand
 * between two visible characters, where Persian, Indic scripts and emoji need them. It neither begins nor
 * ends with a blank, and no more than four combining marks follow each other. */
#ifndef HOUSE_NAMES_H
#define HOUSE_NAMES_H

#include "base/bytes.h"
#include "base/result.h"
#include "wire/limits.h"

enum { SKELETON_BYTES = 512 };

/* ICU's tables. Read only once made: any thread may use it. */
struct names;

MUST_USE enum result names_new(struct names **out);
void names_free(struct names *); /* NULL is fine */

/* Judges a handle; *skeleton, in `room` (SKELETON_BYTES), is what must be unique. *why gets a phrase for the
 * person who chose it, a literal, where the result is not OK.
 * OK | E_TOO_LARGE | E_MALFORMED (no UTF-8) | E_REFUSED | E_NO_MEMORY */
MUST_USE enum result names_handle(const struct names *, struct bytes handle, struct bytes_mut room,
                                  struct bytes *skeleton, const char **why);

/* Judges a title; *clean, in `room` (TITLE_BYTES), is what to store and show. Results as above. */
MUST_USE enum result names_title(const struct names *, struct bytes title, struct bytes_mut room,
                                 struct bytes *clean, const char **why);

#endif
