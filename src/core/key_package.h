/* What a newcomer publishes to be added by. RFC 9420, section 10. Borrows from the message that was read. */
#ifndef CORE_KEY_PACKAGE_H
#define CORE_KEY_PACKAGE_H

#include "core/leaf.h"

struct key_package {
    struct bytes encoded; /* the whole of it */
    struct bytes body;    /* without the signature: what is signed */
    uint16_t version, suite;
    struct bytes init_key;
    struct leaf_node leaf;
    struct bytes extensions;
    struct bytes signature;
};

/* Fails the reader where this is no KeyPackage. */
void key_package_read(struct reader *, struct key_package *);
/* Composes it from its fields, with or without the signature. */
void key_package_write_body(struct buffer *, const struct key_package *);
void key_package_write(struct buffer *, const struct key_package *);
/* KeyPackageRef, section 5.2. OK | E_CRYPTO */
MUST_USE enum result key_package_ref(const struct key_package *, uint8_t out[static MLS_HASH_LEN]);

/* Section 10.1 against a suite and the extensions of a group's context, with both signatures.
 * OK | E_UNSUPPORTED | E_MALFORMED | E_REFUSED | E_FORGED | E_EXPIRED | E_CRYPTO | E_NO_MEMORY */
MUST_USE enum result key_package_check(const struct key_package *, uint16_t suite,
                                       struct bytes context_extensions, uint64_t now, uint64_t longest_s,
                                       uint64_t slack_s);

#endif
