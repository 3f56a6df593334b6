/* Bytes to text and back: hex, base64url, decimal numbers, UTF-8. No locale, no allocation. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/bytes.h"
#include "base/result.h"

/* Lower-case hex with a closing zero; `out` holds 2 * b.len + 1 characters. */
void text_hex(struct bytes b, char *out);
/* Either case. *used gets the number of bytes. OK | E_MALFORMED | E_TOO_LARGE */
MUST_USE enum result text_unhex(struct bytes text, struct bytes_mut out, size_t *used);

/* RFC 4648, section 5, without padding. The encoded size, without a closing zero: */
#define TEXT_BASE64URL_LEN(n) (((n)*4 + 2) / 3)
/* `out` holds TEXT_BASE64URL_LEN(b.len) + 1 characters; a closing zero is written. */
void text_base64url(struct bytes b, char *out);
/* Strict: no padding, no spare bits, no other alphabet. OK | E_MALFORMED | E_TOO_LARGE */
MUST_USE enum result text_unbase64url(struct bytes text, struct bytes_mut out, size_t *used);

/* Digits only, no sign, no blank, at most `max`. OK | E_MALFORMED | E_TOO_LARGE */
MUST_USE enum result text_number(struct bytes text, uint64_t max, uint64_t *out);

/* Takes one code point from the front of *b. RFC 3629: no overlong forms, no surrogates, none above U+10FFFF.
 * OK | E_MALFORMED; *b must not be empty. */
MUST_USE enum result text_utf8_next(struct bytes *b, uint32_t *code);
bool text_is_utf8(struct bytes);

/* Whether a code point could move a cursor, break a line or turn the direction of writing, or is not seen at
 * all.
 */
bool text_moves_reader(uint32_t code);

/* Copies text for a terminal or a log, replacing by U+FFFD whatever text_moves_reader names (field
 * report G54). Cut at a whole code point when `size` is short; zero closed.
 */
void text_for_display(struct bytes text, char *out, size_t size);

#endif
