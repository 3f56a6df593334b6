/* The leaves of the ratchet tree and the lists of extensions in them. RFC 9420, sections 5.3, 7.2, 7.3, 13.4.
 * What is read borrows from the message. */
#ifndef CORE_LEAF_H
#define CORE_LEAF_H

#include "base/reader.h"
#include "core/buffer.h"
#include "core/mls.h"

/* Lists of u16, as they are encoded. */
struct capabilities {
    struct bytes versions, suites, extensions, proposals, credentials;
};

struct leaf_node {
    struct bytes encoded; /* the whole of it */
    struct bytes body;    /* without the signature: the beginning of what is signed */

    struct bytes encryption_key;
    struct bytes signature_key;
    uint16_t credential_type;
    struct bytes credential; /* basic: the identity; x509: the list of certificates */
    struct capabilities capabilities;
    uint8_t source;                 /* enum mls_leaf_source */
    uint64_t not_before, not_after; /* unix seconds; key_package only */
    struct bytes parent_hash;       /* commit only */
    struct bytes extensions;        /* a list for extension_find */
    struct bytes signature;
};

/* Where in which group a leaf sits: part of what its signature covers, unless it is a KeyPackage's. */
struct leaf_place {
    struct bytes group_id;
    uint32_t leaf;
};

/* Fails the reader where this is no leaf, or a list has an extension twice. */
void leaf_read(struct reader *, struct leaf_node *);
/* Composes it from its fields; `encoded` and `body` are not looked at. */
void leaf_write(struct buffer *, const struct leaf_node *);
/* Writes it signed anew by `seed`; its signature is not looked at. OK | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result leaf_write_signed(struct buffer *, const struct leaf_node *, const struct leaf_place *,
                                       const uint8_t seed[static 32]);
/* OK | E_FORGED | E_CRYPTO | E_NO_MEMORY */
MUST_USE enum result leaf_verify(const struct leaf_node *, const struct leaf_place *);

/* All of section 7.3 that can be said of a leaf by itself and its group's extensions, except its signature,
 * its lifetime and its source: keys, version and suite, credential, its extensions, required
 * capabilities, every extension of the context. OK | E_MALFORMED | E_REFUSED | E_UNSUPPORTED */
MUST_USE enum result leaf_check(const struct leaf_node *, uint16_t suite, struct bytes context_extensions);
/* OK | E_EXPIRED (over, or not begun) | E_REFUSED (longer in all than longest_s, where that is not 0).
 * slack_s is how far the clocks of two members may differ. */
MUST_USE enum result leaf_check_lifetime(const struct leaf_node *, uint64_t now, uint64_t longest_s,
                                         uint64_t slack_s);
/* A basic or x509 credential is understood by those who list it. */
bool leaf_supports_credential(const struct leaf_node *, uint16_t type);
bool leaf_supports_extension(const struct leaf_node *, uint16_t type); /* the default ones always */
/* OK | E_REFUSED where the RequiredCapabilities ask for what the leaf lacks | E_MALFORMED */
MUST_USE enum result leaf_meets(const struct leaf_node *, struct bytes required_capabilities);

/* Reads `Extension extensions<V>`, fails the reader on a type twice or on more than MLS_EXTENSIONS_MAX;
 * gives the list without its length. */
struct bytes extensions_read(struct reader *);
/* The next of a list; false at its end. */
bool extension_next(struct reader *, uint16_t *type, struct bytes *data);
/* OK | E_NOT_FOUND */
MUST_USE enum result extension_find(struct bytes extensions, uint16_t type, struct bytes *data);

#endif
