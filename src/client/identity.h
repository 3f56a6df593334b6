/* Who the person is on this device: the account's key, the house that knows it, and the handle there. One
 * file in the home directory, `account`, readable by its owner alone, written whole or not at all. The key
 * never leaves this struct but into signatures. Homes are not locked: the file does not change once it is
 * there, and each join takes a leaf of its own. */
#ifndef CLIENT_IDENTITY_H
#define CLIENT_IDENTITY_H

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"

enum { IDENTITY_URL_SIZE = 256, IDENTITY_HANDLE_SIZE = 132 };

struct identity {
    uint8_t seed[32]; /* Ed25519 (RFC 8032) */
    uint8_t account_key[32];
    uint8_t house_key[32]; /* pinned when the account was made */
    char house_url[IDENTITY_URL_SIZE];
    char handle[IDENTITY_HANDLE_SIZE];
};

/* A new key; house and handle are still empty. OK | E_CRYPTO */
MUST_USE enum result identity_new(const struct random *, struct identity *out);

/* The file's content, at most IDENTITY_FILE_BYTES - 1 long. OK | E_MALFORMED (a line break in a text) */
enum { IDENTITY_FILE_BYTES = 1024 };
MUST_USE enum result identity_write(const struct identity *, struct bytes_mut to, struct bytes *out);
/* OK | E_MALFORMED | E_CRYPTO */
MUST_USE enum result identity_read(struct bytes file, struct identity *out);

/* Makes the home directory (0700) where it is missing; its parent must be there. The file is on the disk, not
 * only in the system's memory, when this returns. A home that has an account already is left alone.
 * OK | E_EXISTS | E_REFUSED (others may write into the directory) | E_MALFORMED (a line break in a text)
 * | E_IO, with errno */
MUST_USE enum result identity_save(const struct identity *, const char *home);

/* OK | E_NOT_FOUND | E_REFUSED (others may read the file, or write into the directory) | E_MALFORMED | E_IO,
 * with errno | E_CRYPTO */
MUST_USE enum result identity_load(const char *home, struct identity *out);

/* Takes back a file that identity_save wrote, where the house refused the account. OK | E_IO */
MUST_USE enum result identity_remove(const char *home);

void identity_wipe(struct identity *);

/* Signs content for one use, for the pinned house and no other, and for one room or (NULL) none: see
 * wire/envelope.h. OK | E_TOO_LARGE | E_CRYPTO */
MUST_USE enum result identity_sign(const struct identity *, const char *label, const uint8_t *room,
                                   struct bytes content, uint8_t out[static 64]);

/* Eight groups of four hex digits of the key's SHA-256: what people compare. OK | E_CRYPTO */
enum { IDENTITY_FINGERPRINT_SIZE = 40 };
MUST_USE enum result identity_fingerprint(const uint8_t account_key[static 32],
                                          char out[static IDENTITY_FINGERPRINT_SIZE]);

#endif
