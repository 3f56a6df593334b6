/* Messages of a group: content, its signature, and the two ways to send it. RFC 9420, section 6. What is read
 * borrows from the message; what a PrivateMessage held is in the caller's buffer. */
#ifndef CORE_FRAME_H
#define CORE_FRAME_H

#include "core/secret_tree.h"
#include "core/welcome.h"

/* AuthenticatedContent */
struct content {
    uint16_t wire_format; /* MLS_PUBLIC_MESSAGE or MLS_PRIVATE_MESSAGE */
    struct bytes group_id;
    uint64_t epoch;
    uint8_t sender_type; /* enum mls_sender_type */
    uint32_t sender;     /* of members and external senders */
    struct bytes authenticated_data;
    uint8_t type;      /* enum mls_content_type */
    struct bytes body; /* application data; or a Proposal, or a Commit, encoded */
    struct bytes signature;
    struct bytes confirmation_tag; /* commits only */
};

struct public_message {
    struct content content;
    struct bytes membership_tag; /* of members only */
};

struct private_message {
    struct bytes group_id;
    uint64_t epoch;
    uint8_t type;
    struct bytes authenticated_data;
    struct bytes sealed_sender;
    struct bytes ciphertext;
};

/* An MLSMessage of any kind. */
struct mls_message {
    uint16_t wire_format;
    union {
        struct public_message public;
        struct private_message private;
        struct welcome welcome;
        struct group_info info;
        struct key_package package;
    };
};

/* OK | E_MALFORMED | E_UNSUPPORTED (another version or format) */
MUST_USE enum result mls_message_read(struct bytes, struct mls_message *);
void mls_message_write(struct buffer *, const struct mls_message *);
/* The four bytes before a message of that format. */
void mls_message_head(struct buffer *, uint16_t wire_format);

void content_read(struct reader *, struct content *);        /* FramedContent; the format stays as it was */
void content_write(struct buffer *, const struct content *); /* the same */
void content_auth_read(struct reader *, struct content *); /* FramedContentAuthData, for the content's type */
void content_auth_write(struct buffer *, const struct content *);
/* ConfirmedTranscriptHashInput: wire format, content, signature. */
void content_write_confirmed(struct buffer *, const struct content *);
/* ProposalRef, section 5.2. OK | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result content_ref(const struct content *, uint8_t out[static MLS_HASH_LEN]);

/* FramedContentTBS; `context` is the GroupContext, encoded, and is covered where the sender knows it. */
MUST_USE enum result content_sign(const struct content *, struct bytes context, const uint8_t seed[static 32],
                                  uint8_t out[static MLS_SIGNATURE_LEN]);
MUST_USE enum result content_verify(const struct content *, struct bytes context, struct bytes public_key);

/* MLSMessage with a PublicMessage of a member: adds the membership tag. OK | E_REFUSED (application data must
 * not go this way) | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result public_protect(const struct content *, struct bytes context,
                                    const uint8_t membership[static 32], struct buffer *message);
/* OK | E_FORGED | E_REFUSED | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result public_check(const struct public_message *, struct bytes context,
                                  const uint8_t membership[static 32]);

/* MLSMessage with a PrivateMessage, under the sender's next key; the content is padded to a multiple.
 * OK | E_TOO_LARGE | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result private_protect(const struct content *, uint16_t suite, struct secret_tree *,
                                     const uint8_t sender_data[static 32], uint32_t padding,
                                     const struct random *, struct buffer *message);

struct sender_data {
    uint32_t leaf, generation;
    uint8_t guard[4];
};

/* Who sent it. OK | E_FORGED | E_MALFORMED | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result private_sender(const struct private_message *, uint16_t suite,
                                    const uint8_t sender_data[static 32], struct sender_data *out);
/* Decrypts into `plain`, which the content then borrows from. The key is not spent yet.
 * OK | E_REPLAY | E_TOO_LARGE | E_NOT_FOUND | E_FORGED | E_MALFORMED (padding that is not zero, too) |
 * E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result private_open(const struct private_message *, uint16_t suite, const struct secret_tree *,
                                  const struct sender_data *, struct buffer *plain, struct content *out);

enum ratchet_kind content_ratchet(uint8_t type);

#endif
