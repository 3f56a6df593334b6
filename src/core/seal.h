/* SFrame (RFC 9605), suite 0x0004 (AES_128_GCM_SHA256_128), and the one frame that Teahouse makes of it:
 *
 *     header 9 | sealed 128 (music: 384) | tag 16
 *
 * Time and replay are not known here: the keyring knows them. docs/protocol.md, "The sealed frame". */
#ifndef CORE_SEAL_H
#define CORE_SEAL_H

#include "base/reader.h"
#include "base/writer.h"
#include "crypto/crypto.h"
#include "wire/limits.h"

enum { SEAL_BASE_KEY_LEN = CRYPTO_AES_128_GCM_KEY_LEN };

/* --- The header in general: RFC 9605, section 4.3 --- */

struct seal_header {
    uint64_t kid, counter;
};

/* Fails the reader where a value takes more bytes than it needs: each header has one encoding. */
void seal_header_read(struct reader *, struct seal_header *);
void seal_header_write(struct writer *, const struct seal_header *);

/* --- One sender's key in one epoch: RFC 9605, sections 4.4.2 to 4.4.4 --- */

struct seal_key;

/* Derives key and salt and keeps them expanded. OK | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result seal_key_new(const uint8_t base_key[static SEAL_BASE_KEY_LEN], uint64_t kid,
                                  struct seal_key **out);
void seal_key_free(struct seal_key *); /* NULL is fine; wipes */

/* In place; `aad` is the header, and metadata where there is some. A counter may be used once. OK | E_CRYPTO
 */
MUST_USE enum result seal_encrypt(struct seal_key *, uint64_t counter, struct bytes aad,
                                  struct bytes_mut text, uint8_t tag[static FRAME_TAG_LEN]);
/* In place; the text is zeros after E_FORGED. OK | E_FORGED | E_CRYPTO */
MUST_USE enum result seal_decrypt(struct seal_key *, uint64_t counter, struct bytes aad,
                                  struct bytes_mut text, const uint8_t tag[static FRAME_TAG_LEN]);

/* --- Teahouse's frame --- */

/* What the header of a frame names. */
struct seal_name {
    uint16_t leaf;
    uint8_t epoch; /* its low eight bits */
    uint32_t counter;
};

/* 1 << 24 | leaf << 8 | epoch mod 256: four bytes always. */
uint64_t seal_kid(uint16_t leaf, uint64_t epoch);

void seal_name_write(const struct seal_name *, uint8_t header[static FRAME_HEADER_LEN]);
/* Any other header than the one form is refused. OK | E_MALFORMED */
MUST_USE enum result seal_name_read(struct bytes header, struct seal_name *out);

/* What is sealed. Borrows from the frame when read. */
struct voice {
    struct bytes opus;    /* one frame of 20 ms, never empty */
    const uint8_t *proof; /* the 20 bytes of the proof piece; NULL writes zeros */
};

/* The most Opus that a frame of `plain` sealed bytes takes. */
size_t voice_room(size_t plain_len);
/* Fills all of `plain`, whose length is a profile's. OK | E_TOO_LARGE | E_MALFORMED (no Opus) */
MUST_USE enum result voice_write(const struct voice *, struct bytes_mut plain);
/* OK | E_MALFORMED | E_UNSUPPORTED (another kind than voice) */
MUST_USE enum result voice_read(struct bytes plain, struct voice *out);

#endif
