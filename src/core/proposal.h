/* Proposals, and the commits that carry them out: their shapes alone. RFC 9420,
 * sections 7.6, 8.4, 12.1, 12.4. What is read borrows from the message. Vectors are checked when they are
 * read and walked afterwards. */
#ifndef CORE_PROPOSAL_H
#define CORE_PROPOSAL_H

#include "core/key_package.h"

/* PreSharedKeyID */
struct psk_id {
    struct bytes encoded;
    uint8_t type;    /* enum mls_psk_type */
    uint8_t usage;   /* enum mls_psk_usage; resumption only */
    struct bytes id; /* psk_id, or psk_group_id */
    uint64_t epoch;  /* resumption only */
    struct bytes nonce;
};

struct reinit {
    struct bytes group_id;
    uint16_t version, suite;
    struct bytes extensions;
};

struct proposal {
    struct bytes encoded;
    uint16_t type; /* enum mls_proposal_type */
    union {
        struct key_package add;
        struct leaf_node update;
        uint32_t removed;
        struct psk_id psk;
        struct reinit reinit;
        struct bytes kem;        /* external_init */
        struct bytes extensions; /* group_context_extensions */
    };
};

/* ProposalOrRef */
struct proposal_or_ref {
    bool by_reference;
    struct bytes reference;
    struct proposal proposal; /* by value */
};

struct path_node {
    struct bytes key;
    struct bytes secrets; /* of HPKECiphertext */
};

/* UpdatePath */
struct update_path {
    struct leaf_node leaf;
    struct bytes nodes;
};

struct commit {
    struct bytes proposals; /* of ProposalOrRef */
    bool has_path;
    struct update_path path;
};

/* Each fails the reader where the shape is wrong or its kind unknown. */
void psk_id_read(struct reader *, struct psk_id *);
void proposal_read(struct reader *, struct proposal *);
void update_path_read(struct reader *, struct update_path *);
void commit_read(struct reader *, struct commit *);
void ciphertext_read(struct reader *, struct bytes *kem, struct bytes *sealed);

/* Walks over what was checked; false at the end. */
bool proposal_next(struct reader *proposals, struct proposal_or_ref *);
bool path_node_next(struct reader *nodes, struct path_node *);
bool ciphertext_next(struct reader *secrets, struct bytes *kem, struct bytes *sealed);

/* Each composes from the fields; `encoded` is not looked at. */
void psk_id_write(struct buffer *, const struct psk_id *);
void proposal_write(struct buffer *, const struct proposal *);
void proposal_or_ref_write(struct buffer *, const struct proposal_or_ref *);
void update_path_write(struct buffer *, const struct update_path *);
void commit_write(struct buffer *, const struct commit *);
void ciphertext_write(struct buffer *, struct bytes kem, struct bytes sealed);

#endif
