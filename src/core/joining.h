/* Joining from the inside: what commits and tests need of it besides group.h. */
#ifndef CORE_JOINING_H
#define CORE_JOINING_H

#include "core/group.h"
#include "core/psk.h"
#include "core/secret_tree.h"
#include "core/welcome.h"

struct joining {
    bool spent;
    struct buffer package; /* the KeyPackage, encoded */
    uint8_t ref[MLS_HASH_LEN];
    struct hpke_pair init, encryption;
    uint8_t seed[CRYPTO_ED25519_SEED_LEN];
    struct psk_store psks;
};

/* A private half that was made elsewhere: published vectors have theirs. */
struct joining_parts {
    struct bytes package; /* a KeyPackage, without the MLSMessage around it */
    const uint8_t *signature_seed, *init, *encryption;
};

/* OK | E_MALFORMED | E_REFUSED (the keys are not the package's) | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result joining_from(const struct joining_parts *, struct joining **out);
/* Its KeyPackage, borrowed. OK | E_MALFORMED */
MUST_USE enum result joining_package(const struct joining *, struct key_package *);

/* What a Welcome says once it is open. The texts lie in the buffers. */
struct opened_welcome {
    struct buffer secrets_text, info_text;
    struct group_secrets secrets;
    struct group_info info;
    uint8_t psk_secret[MLS_HASH_LEN];
};

/* Opens a Welcome's MLSMessage down to the GroupInfo, whose signature and tag are not checked yet. *open
 * begins as {0} and is freed by the caller, whatever comes. Errors as group_join. */
MUST_USE enum result welcome_open(const struct joining *, struct bytes message, struct opened_welcome *open);
void opened_welcome_free(struct opened_welcome *);

/* Key and nonce of a Welcome's GroupInfo, section 12.4.3.1; the caller wipes them. OK | E_CRYPTO */
MUST_USE enum result welcome_key(const uint8_t joiner[static 32], const uint8_t psk_secret[static 32],
                                 uint16_t suite, struct message_key *out);

#endif
