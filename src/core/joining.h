/* The parts of joining that commits and tests need. */
#ifndef CORE_JOINING_H
#define CORE_JOINING_H

#include "core/group.h"
#include "core/secret_tree.h"

/* A private half that was made elsewhere: published vectors have theirs. */
struct joining_parts {
    struct bytes package; /* a KeyPackage, without the MLSMessage around it */
    const uint8_t *signature_seed, *init, *encryption;
};

/* OK | E_MALFORMED | E_REFUSED (the keys are not the package's) | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result joining_from(const struct joining_parts *, struct joining **out);

/* Key and nonce of a Welcome's GroupInfo, section 12.4.3.1; the caller wipes them. OK | E_CRYPTO */
MUST_USE enum result welcome_key(const uint8_t joiner[static 32], const uint8_t psk_secret[static 32],
                                 uint16_t suite, struct message_key *out);

#endif
