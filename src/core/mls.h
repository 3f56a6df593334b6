/* Numbers of RFC 9420, sections 6, 7.2 and 17. */
#ifndef CORE_MLS_H
#define CORE_MLS_H

#include "crypto/crypto.h"

enum {
    MLS_VERSION_10 = 1,
    MLS_HASH_LEN = 32,       /* KDF.Nh of both suites */
    MLS_KEY_LEN = 32,        /* X25519 and Ed25519 alike */
    MLS_SIGNATURE_LEN = 64,  /* Ed25519 */
    MLS_TAG_LEN = 16,        /* both AEADs */
    MLS_NONCE_LEN = 12,      /* both AEADs */
    MLS_EXTENSIONS_MAX = 64, /* more in one list is refused as malformed */
};

/* Both are X25519, SHA-256, Ed25519. */
enum mls_suite { MLS_SUITE_AES_128_GCM = 1, MLS_SUITE_CHACHA20_POLY1305 = 3 };

enum mls_wire_format {
    MLS_PUBLIC_MESSAGE = 1,
    MLS_PRIVATE_MESSAGE = 2,
    MLS_WELCOME = 3,
    MLS_GROUP_INFO = 4,
    MLS_KEY_PACKAGE = 5,
};

enum mls_content_type { MLS_APPLICATION = 1, MLS_PROPOSAL = 2, MLS_COMMIT = 3 };

enum mls_sender_type {
    MLS_SENDER_MEMBER = 1,
    MLS_SENDER_EXTERNAL = 2,
    MLS_SENDER_NEW_MEMBER_PROPOSAL = 3,
    MLS_SENDER_NEW_MEMBER_COMMIT = 4,
};

enum mls_proposal_type {
    MLS_PROPOSAL_ADD = 1,
    MLS_PROPOSAL_UPDATE = 2,
    MLS_PROPOSAL_REMOVE = 3,
    MLS_PROPOSAL_PSK = 4,
    MLS_PROPOSAL_REINIT = 5,
    MLS_PROPOSAL_EXTERNAL_INIT = 6,
    MLS_PROPOSAL_CONTEXT_EXTENSIONS = 7,
};

enum mls_extension_type {
    MLS_EXTENSION_APPLICATION_ID = 1,
    MLS_EXTENSION_RATCHET_TREE = 2,
    MLS_EXTENSION_REQUIRED_CAPABILITIES = 3,
    MLS_EXTENSION_EXTERNAL_PUB = 4,
    MLS_EXTENSION_EXTERNAL_SENDERS = 5,
};

enum mls_leaf_source { MLS_LEAF_KEY_PACKAGE = 1, MLS_LEAF_UPDATE = 2, MLS_LEAF_COMMIT = 3 };
enum mls_credential_type { MLS_CREDENTIAL_BASIC = 1, MLS_CREDENTIAL_X509 = 2 };
enum mls_psk_type { MLS_PSK_EXTERNAL = 1, MLS_PSK_RESUMPTION = 2 };
enum mls_psk_usage { MLS_PSK_APPLICATION = 1, MLS_PSK_REINIT = 2, MLS_PSK_BRANCH = 3 };
enum mls_node_type { MLS_NODE_LEAF = 1, MLS_NODE_PARENT = 2 };

static inline bool mls_suite_known(uint16_t suite)
{
    return suite == MLS_SUITE_AES_128_GCM || suite == MLS_SUITE_CHACHA20_POLY1305;
}

/* MLS numbers these two suites as HPKE numbers their AEADs. */
static inline enum crypto_aead mls_suite_aead(uint16_t suite)
{
    return suite == MLS_SUITE_AES_128_GCM ? CRYPTO_AES_128_GCM : CRYPTO_CHACHA20_POLY1305;
}

#endif
