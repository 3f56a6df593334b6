/* Two wrappings that every message shares: what a signature covers, and the padding that hides a length. */
#ifndef WIRE_ENVELOPE_H
#define WIRE_ENVELOPE_H

#include "base/bytes.h"
#include "base/result.h"

/* What the key of an account, a house or a relay signs. Each use has a label of its own, and each signature
 * names the house and, where there is one, the room, so that no house can have a signature made for one use,
 * house or room count in another (attack F19). docs/protocol.md, "Signatures", lists what each content is. */
#define ENVELOPE_SIGN_UP   "Teahouse sign-up 1"
#define ENVELOPE_SIGN_IN   "Teahouse sign-in 1"
#define ENVELOPE_CHARTER   "Teahouse charter 1"
#define ENVELOPE_VOUCHER   "Teahouse voucher 1"
#define ENVELOPE_BINDING   "Teahouse binding 1"
#define ENVELOPE_ROLE      "Teahouse role 1"
#define ENVELOPE_SEAT_LOST "Teahouse seat lost 1"
#define ENVELOPE_END_ROOM  "Teahouse end room 1"
#define ENVELOPE_RELAY     "Teahouse relay 1"
#define ENVELOPE_HOUSE     "Teahouse house 1"

enum {
    ENVELOPE_LABEL_BYTES = 63,
    ENVELOPE_CONTENT_BYTES = 1024,
    ENVELOPE_SIGNED_BYTES = 1 + ENVELOPE_LABEL_BYTES + 32 + 32 + 2 + ENVELOPE_CONTENT_BYTES,
};

/* Writes the bytes to be signed:
 *     opaque label<1..63>; opaque house[32]; opaque room[32]; opaque content<0..1024>;
 * `house` is the house's public key. `room` is the room's id, or NULL for 32 zeros where no room is meant.
 * OK | E_TOO_LARGE */
MUST_USE enum result envelope_signed(const char *label, const uint8_t house[static 32], const uint8_t *room,
                                     struct bytes content, struct bytes_mut to, struct bytes *out);

/* The size that a message of `len` bytes takes on the wire: 256 bytes or a doubling of it; 0 if it is too
 * long. */
size_t envelope_padded_size(size_t len);
/* uint32 length; opaque message[length]; zeros to the size class. OK | E_TOO_LARGE */
MUST_USE enum result envelope_pad(struct bytes message, struct bytes_mut to, struct bytes *out);
/* The message inside, borrowed. Any size but the message's own class, or a byte of padding that is not zero,
 * is refused, so that a message has one encoding. OK | E_MALFORMED */
MUST_USE enum result envelope_unpad(struct bytes padded, struct bytes *message);

#endif
