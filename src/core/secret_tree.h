/* The keys of one epoch's private messages: a tree of secrets, two ratchets a member, keys deleted as they
 * are used. RFC 9420, section 9. Nothing is changed by looking at a key; a key is spent by secret_tree_spend,
 * once what it opened has proved authentic. */
#ifndef CORE_SECRET_TREE_H
#define CORE_SECRET_TREE_H

#include "core/mls.h"

enum {
    SECRET_TREE_AHEAD = 512, /* generations that one message may skip */
    SECRET_TREE_KEPT = 16, /* skipped keys that a ratchet keeps for messages out of order, the newest ones */
};

enum ratchet_kind { RATCHET_HANDSHAKE, RATCHET_APPLICATION };

/* A key for one message; whoever asked for it wipes it. */
struct message_key {
    uint8_t key[32]; /* crypto_aead_key_len of the suite's AEAD */
    uint8_t nonce[MLS_NONCE_LEN];
};

struct secret_tree;

/* For 2^depth leaves. Copies the secret. OK | E_NO_MEMORY */
MUST_USE enum result secret_tree_new(uint16_t suite, unsigned depth, const uint8_t encryption[static 32],
                                     struct secret_tree **out);
void secret_tree_free(struct secret_tree *); /* NULL is fine; wipes */

/* The key of a leaf's message. OK | E_REPLAY (spent, or skipped too long ago) | E_TOO_LARGE (too far ahead) |
 * E_NOT_FOUND (no such leaf) | E_CRYPTO */
MUST_USE enum result secret_tree_look(const struct secret_tree *, uint32_t leaf, enum ratchet_kind,
                                      uint32_t generation, struct message_key *out);
/* Deletes that key and everything that it could be derived from. Changes nothing on an error.
 * Errors as above, and E_NO_MEMORY. */
MUST_USE enum result secret_tree_spend(struct secret_tree *, uint32_t leaf, enum ratchet_kind,
                                       uint32_t generation);
/* The next key of the own leaf, spent at once. OK | E_TOO_LARGE (2^32 messages) | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result secret_tree_next(struct secret_tree *, uint32_t leaf, enum ratchet_kind,
                                      uint32_t *generation, struct message_key *out);

/* Key and nonce of the sender data, from a sample of the ciphertext. Section 6.3.2. OK | E_CRYPTO */
MUST_USE enum result sender_data_key(uint16_t suite, const uint8_t secret[static 32], struct bytes ciphertext,
                                     struct message_key *out);

/* Seals and opens in place, under a key that is used once and so kept in no sealer: len bytes of text with
 * room for the tag behind them; len bytes with the tag. OK | E_FORGED | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result message_key_seal(uint16_t suite, const struct message_key *, struct bytes aad,
                                      uint8_t *text, size_t len);
MUST_USE enum result message_key_open(uint16_t suite, const struct message_key *, struct bytes aad,
                                      uint8_t *sealed, size_t len);

#endif
