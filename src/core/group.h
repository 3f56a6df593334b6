/* A group of RFC 9420 as one of its members holds it: founding, joining, committing, following commits, and
 * messages within an epoch. What may happen in a room is judged above: between group_open and group_apply the
 * caller looks at what a commit would change and may drop it. No clock, no randomness, no I/O: handed in.
 *
 * One thread at a time. A function that does not return OK has changed nothing in the group, but for
 * generations of the own sending ratchets, which never go back. Times are unix seconds. */
#ifndef CORE_GROUP_H
#define CORE_GROUP_H

#include "core/buffer.h"
#include "core/leaf.h"
#include "core/mls.h"

struct group;
struct joining;

enum {
    GROUP_LEAVES_MAX = 65536,  /* a media key id has 16 bits for the leaf */
    GROUP_CLOCK_SLACK_S = 300, /* how far others' clocks may be off, for the lifetimes in their Adds */
    GROUP_RESUMPTIONS = 8,     /* epochs whose resumption PSK is kept */
    GROUP_PROPOSALS_MAX = 256, /* proposals that wait for a commit; more are E_TOO_LARGE */
};

/* What this member accepts and how it sends. */
struct group_rules {
    uint32_t padding;        /* private messages' content is padded to a multiple; 0 and 1: not at all */
    uint64_t lifetime_max_s; /* the longest lifetime of an added KeyPackage; 0: any */
    bool public_handshakes;  /* members' PublicMessages are taken as well */
    bool outsiders;          /* external commits, external senders and new members' proposals are taken */
};

struct group_extension {
    uint16_t type;
    struct bytes data;
};

struct group_extensions {
    const struct group_extension *at;
    size_t count;
};

struct group_types {
    const uint16_t *at;
    size_t count;
};

/* What a member's leaf is made of. Capabilities are fixed: MLS 1.0, suites 3 and 1, basic credentials, no
 * further proposals, and the extension types of `supported`, which must hold every private type that is used
 * in leaves or in the context. */
struct group_identity {
    const uint8_t *signature_seed; /* 32 bytes; the member keeps this key as long as its leaf */
    struct bytes credential;       /* a basic credential's identity */
    struct group_extensions extensions;
    struct group_types supported;
};

struct group_founding {
    uint16_t suite;
    struct group_rules rules;
    struct group_identity identity;
    struct group_extensions context; /* GroupContext extensions, without required_capabilities */
    struct group_types required;     /* extension types for required_capabilities; none: no such extension */
    uint64_t now, lifetime_s;        /* the leaf's lifetime begins at the full hour before now */
};

/* A group of one in epoch 0, with a random id of 32 bytes. Section 11.
 * OK | E_UNSUPPORTED (suite) | E_REFUSED (extension twice, or one that is not supported) | E_NO_MEMORY |
 * E_CRYPTO */
MUST_USE enum result group_found(const struct random *, const struct group_founding *, struct group **out);
void group_free(struct group *); /* NULL is fine; wipes */

/* --- Joining --- */

struct key_package_order {
    uint16_t suite;
    struct group_identity identity;
    uint64_t not_before, not_after;
};

/* An MLSMessage with a KeyPackage, to be published, and the private half, good for one Welcome.
 * Errors as group_found. */
MUST_USE enum result key_package_new(const struct random *, const struct key_package_order *,
                                     struct buffer *message, struct joining **out);
void joining_free(struct joining *); /* NULL is fine; wipes */
/* The KeyPackageRef that a Welcome names this joiner by. */
struct bytes joining_ref(const struct joining *);
/* An external PSK that the Welcome may call for; copied. OK | E_NO_MEMORY */
MUST_USE enum result joining_psk(struct joining *, struct bytes id, struct bytes psk);

/* Takes a Welcome's MLSMessage and the tree, which may be empty where the Welcome has it inside. All of
 * section 12.4.3.1; lifetimes of leaves that are in the tree already are not judged, because a member may
 * sit longer than its KeyPackage lasts. On OK the joining is spent and its secrets are wiped; on an error it
 * may be tried with another Welcome.
 * OK | E_NOT_FOUND (not for us) | E_MALFORMED | E_FORGED | E_REFUSED | E_UNSUPPORTED | E_NO_KEY (a PSK) |
 * E_STATE (spent) | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result group_join(struct joining *, const struct group_rules *, struct bytes welcome,
                                struct bytes tree, struct group **out);

/* --- Changing the group --- */

struct group_change {
    const struct bytes *adds; /* MLSMessages with KeyPackages */
    size_t add_count;
    const uint32_t *removes; /* leaves */
    size_t remove_count;
    const struct group_extensions *context; /* replaces the context's extensions, but keeps
                                               required_capabilities; NULL leaves them */
    const struct group_extensions *own;     /* replaces the own leaf's extensions; NULL leaves them */
    struct bytes authenticated_data;
};

/* Each is owned by the caller after OK and empty after an error. */
struct group_committed {
    struct buffer commit;  /* MLSMessage, a PrivateMessage */
    struct buffer welcome; /* MLSMessage; empty where nobody is added */
    struct buffer tree;    /* the ratchet_tree extension's content, for those who join */
};

/* Whether a KeyPackage's MLSMessage can be added to the group as it stands: all that group_commit, or another
 * member, would refuse a commit for, but for what two that are added together may share. `leaf` borrows from
 * the message. OK | E_MALFORMED | E_FORGED | E_EXPIRED | E_REFUSED | E_UNSUPPORTED | E_EXISTS (one of its
 * keys is in the tree) | E_CRYPTO | E_NO_MEMORY */
MUST_USE enum result group_may_add(const struct group *, struct bytes key_package, uint64_t now,
                                   struct leaf_node *leaf);

/* A commit with a new path, of the change and of all proposals that wait and do not concern ourselves. The
 * group stays in its epoch, with the new one staged, until the commit comes back through group_open and
 * group_apply; a new one replaces what was staged.
 * OK | E_REFUSED (the list of proposals is not valid, or an extension that our leaf does not support) |
 * E_EXPIRED | E_MALFORMED, E_FORGED (an added KeyPackage) | E_NOT_FOUND (no such leaf) | E_TOO_LARGE |
 * E_STATE (removed, or group closed by ReInit) | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result group_commit(struct group *, const struct random *, const struct group_change *,
                                  uint64_t now, struct group_committed *out);
void group_committed_free(struct group_committed *);
/* Forgets what was staged: another's commit won. */
void group_drop_staged(struct group *);

/* Proposes a Remove, of oneself as a rule, as a PrivateMessage; others commit it.
 * OK | E_NOT_FOUND | E_STATE | E_TOO_LARGE | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result group_propose_remove(struct group *, const struct random *, uint32_t leaf,
                                          struct bytes authenticated_data, struct buffer *message);

/* --- What comes in --- */

enum opened_kind { OPENED_APPLICATION = 1, OPENED_PROPOSAL = 2, OPENED_COMMIT = 3 };

struct opened_add {
    uint32_t leaf;
    const struct leaf_node *node;
};

/* A Remove and who asked for it: the committer by value, anybody by reference. */
struct opened_remove {
    uint32_t leaf;
    uint8_t proposer_type; /* enum mls_sender_type */
    uint32_t proposer;     /* a leaf, or an external sender's number */
};

/* A leaf that another takes the place of: the committer's own, or by an Update. */
struct opened_update {
    uint32_t leaf;
    const struct leaf_node *node;
};

struct opened {
    enum opened_kind kind;
    uint8_t sender_type; /* enum mls_sender_type */
    uint32_t sender;     /* a leaf, also of a new member that commits; or an external sender's number */
    struct bytes authenticated_data;
    struct bytes application;

    /* A proposal's kind, and of a Remove its leaf. */
    uint16_t proposal_type;
    uint32_t proposal_removes;

    /* What a commit would change. */
    bool own;         /* our commit has come back */
    bool removes_us;  /* there is no next epoch for us */
    bool reinit;      /* the group ends */
    bool new_context; /* the context's extensions change, to `context` */
    struct bytes context;
    const struct opened_add *adds;
    size_t add_count;
    const struct opened_remove *removes;
    size_t remove_count;
    const struct opened_update *updates;
    size_t update_count;
    uint64_t epoch; /* the one that it makes */

    struct opened_staged *staged; /* private */
};

/* Decrypts and validates an MLSMessage. An application message's key is spent by this, a proposal's too; a
 * commit, which may be dropped unapplied, spends nothing. *out owns what it shows, except that the view of
 * our own commit lasts as long as what was staged. OK | E_MALFORMED | E_NOT_FOUND (another group) | E_STALE
 * (a past epoch) | E_NO_KEY (an epoch to come; a PSK) | E_REPLAY | E_TOO_LARGE (a generation too far ahead) |
 * E_FORGED | E_REFUSED | E_EXPIRED | E_UNSUPPORTED | E_STATE | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result group_open(struct group *, struct bytes message, uint64_t now, struct opened **out);
/* Makes a commit's epoch the current one, or lets a proposal wait for a commit. *opened stays the caller's,
 * but its view of a commit is of no use any more.
 * OK | E_STALE (the group went on meanwhile) | E_STATE (applied already, or an application message) |
 * E_TOO_LARGE | E_NO_MEMORY */
MUST_USE enum result group_apply(struct group *, struct opened *);
void opened_free(struct opened *); /* NULL is fine; wipes */

/* A PrivateMessage with application data. OK | E_AGAIN (proposals wait: a commit must come first,
 * section 12.4) | E_STATE | E_TOO_LARGE | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result group_seal(struct group *, const struct random *, struct bytes application,
                                struct bytes authenticated_data, struct buffer *message);

/* An external PSK that commits may call for; copied. OK | E_NO_MEMORY */
MUST_USE enum result group_psk(struct group *, struct bytes id, struct bytes psk);

/* --- What there is --- */

/* MLS-Exporter, section 8.5. OK | E_NO_KEY (erased) | E_TOO_LARGE | E_CRYPTO */
MUST_USE enum result group_export(const struct group *, struct bytes label, struct bytes context,
                                  struct bytes_mut out);
/* Takes the exporter secret out of this epoch, once all exports are made. */
void group_erase_exporter(struct group *);

uint16_t group_suite(const struct group *);
struct bytes group_id(const struct group *);
uint64_t group_epoch(const struct group *);
struct bytes group_epoch_authenticator(const struct group *);
struct bytes group_tree_hash(const struct group *);
uint32_t group_own_leaf(const struct group *);
bool group_is_active(const struct group *); /* not removed, not closed */

/* Leaves are numbered below group_leaf_limit; group_member is NULL for a blank one. What they give is valid
 * until the group changes. */
uint32_t group_leaf_limit(const struct group *);
uint32_t group_member_count(const struct group *);
const struct leaf_node *group_member(const struct group *, uint32_t leaf);
/* The GroupContext's extensions, a list for extension_next; and one of them. OK | E_NOT_FOUND */
struct bytes group_context(const struct group *);
MUST_USE enum result group_context_extension(const struct group *, uint16_t type, struct bytes *data);
/* The ratchet_tree extension's content. OK | E_NO_MEMORY */
MUST_USE enum result group_tree_write(const struct group *, struct buffer *);

/* The own leaf's signature, and the check of another leaf's, outside of MLS: labels of the caller's own.
 * OK | E_NOT_FOUND (no such leaf) | E_FORGED | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result group_sign(const struct group *, struct bytes label, struct bytes content,
                                uint8_t out[static MLS_SIGNATURE_LEN]);
MUST_USE enum result group_verify(const struct group *, uint32_t leaf, struct bytes label,
                                  struct bytes content, struct bytes signature);

#endif
