/* How a newcomer learns of a group: the shapes of GroupContext, GroupInfo, GroupSecrets and Welcome.
 * RFC 9420, sections 8.1, 12.4.3, 12.4.3.1. What is read borrows from the message. */
#ifndef CORE_WELCOME_H
#define CORE_WELCOME_H

#include "core/proposal.h"

struct group_context {
    uint16_t version, suite;
    struct bytes group_id;
    uint64_t epoch;
    struct bytes tree_hash;
    struct bytes confirmed_transcript_hash;
    struct bytes extensions;
};

struct group_info {
    struct bytes body; /* without the signature: what is signed */
    struct bytes context_encoded;
    struct group_context context;
    struct bytes extensions;
    struct bytes confirmation_tag;
    uint32_t signer;
    struct bytes signature;
};

struct group_secrets {
    struct bytes joiner_secret;
    bool has_path_secret;
    struct bytes path_secret;
    struct bytes psks; /* of PreSharedKeyID */
};

/* EncryptedGroupSecrets */
struct welcome_secrets {
    struct bytes new_member; /* KeyPackageRef */
    struct bytes kem, sealed;
};

struct welcome {
    uint16_t suite;
    struct bytes secrets; /* of EncryptedGroupSecrets */
    struct bytes sealed_info;
};

void group_context_read(struct reader *, struct group_context *);
void group_info_read(struct reader *, struct group_info *);
void group_secrets_read(struct reader *, struct group_secrets *);
void welcome_read(struct reader *, struct welcome *);
/* Walk over what was checked; false at the end. */
bool welcome_secrets_next(struct reader *secrets, struct welcome_secrets *);
bool psk_id_next(struct reader *psks, struct psk_id *);

void group_context_write(struct buffer *, const struct group_context *);
/* Everything before the signature, and all of it. */
void group_info_write_body(struct buffer *, const struct group_info *);
void group_info_write(struct buffer *, const struct group_info *);
void group_secrets_write(struct buffer *, const struct group_secrets *);
void welcome_secrets_write(struct buffer *, const struct welcome_secrets *);
void welcome_write(struct buffer *, const struct welcome *);

#endif
