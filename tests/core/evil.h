/* Messages of somebody who keeps to no rule and makes no mistake else: keys, signatures, seals and tags are
 * as they must be, so that what a member refuses is the one thing that is wrong. For tests alone; included
 * after cmocka.h. */
#ifndef TESTS_CORE_EVIL_H
#define TESTS_CORE_EVIL_H

#include "core/group_state.h"
#include "core/label.h"
#include "support/mls_room.h"

enum { EVIL_ITEMS = 8 };

/* A proposal in a commit: by value, or of somebody else by reference. */
struct evil_item {
    struct proposal proposal;
    uint8_t ref[MLS_HASH_LEN];
    bool by_reference;
    uint32_t sender;
};

struct evil_commit {
    struct evil_item items[EVIL_ITEMS];
    size_t count;
    bool no_path;
    bool external;                /* as a new member, in a PublicMessage */
    uint32_t committer;           /* of a member; of a new one once it is made */
    uint8_t seed[32];             /* signs */
    const struct leaf_node *says; /* the leaf, but for its key and signature; NULL: as the committer's is */
    struct bytes leaf_key;        /* put into the path's leaf instead of its own; signed over */

    struct arena arena;
    struct buffer message;
};

static inline void evil_free(struct evil_commit *evil)
{
    arena_free(&evil->arena);
    buffer_free(&evil->message);
}

/* A commit by a member. */
static inline struct evil_commit evil_by(const struct room *room, uint32_t committer)
{
    struct evil_commit evil = {.committer = committer};

    memcpy(evil.seed, room->members[committer]->seed, sizeof evil.seed);
    return evil;
}

static inline struct bytes evil_keep(struct arena *arena, struct buffer *b)
{
    struct bytes kept;

    assert_int_equal(buffer_end(b, NULL), OK);
    assert_int_equal(arena_copy(arena, buffer_bytes(b), &kept), OK);
    buffer_free(b);
    return kept;
}

static inline void evil_add(struct evil_commit *evil, const struct proposal *proposal)
{
    assert_true(evil->count < EVIL_ITEMS);
    evil->items[evil->count++] = (struct evil_item){.proposal = *proposal, .sender = evil->committer};
}

/* --- Proposals --- */

/* A member's proposal as a PrivateMessage; what waits for it by reference is given, to be put into a commit.
 */
static inline struct evil_item evil_propose(struct room *room, struct arena *arena, uint32_t sender,
                                            const struct proposal *proposal, struct buffer *message)
{
    struct group *group = room->members[sender];
    struct epoch *epoch = group->epoch;
    uint8_t signature[MLS_SIGNATURE_LEN];
    struct evil_item item = {.by_reference = true, .sender = sender};
    struct buffer body = {0};
    struct content content = {
        .wire_format = MLS_PRIVATE_MESSAGE,
        .group_id = epoch->group_id,
        .epoch = epoch->number,
        .sender_type = MLS_SENDER_MEMBER,
        .sender = sender,
        .type = MLS_PROPOSAL,
    };
    struct reader r;

    proposal_write(&body, proposal);
    content.body = evil_keep(arena, &body);
    r = reader_on(content.body);
    proposal_read(&r, &item.proposal); /* where it can be read */
    assert_int_equal(content_sign(&content, epoch_context(epoch), group->seed, signature), OK);
    content.signature = BYTES_OF(signature);
    assert_int_equal(content_ref(&content, item.ref), OK);
    assert_int_equal(private_protect(&content, epoch->suite, epoch->messages, epoch->secrets.sender_data, 0,
                                     &room->seeded.random, message),
                     OK);
    return item;
}

/* The same, and it waits at this member. */
static inline struct evil_item evil_proposed(struct room *room, struct arena *arena, uint32_t sender,
                                             uint32_t at, const struct proposal *proposal)
{
    struct buffer message = {0};
    struct opened *opened = NULL;
    struct evil_item item = evil_propose(room, arena, sender, proposal, &message);

    assert_int_equal(group_open(room->members[at], buffer_bytes(&message), room->now, &opened), OK);
    assert_int_equal(group_apply(room->members[at], opened), OK);
    opened_free(opened);
    buffer_free(&message);
    return item;
}

/* A leaf, signed by `seed` for its place in the group. */
static inline struct leaf_node evil_leaf(struct room *room, struct arena *arena, const struct leaf_node *says,
                                         uint32_t place, const uint8_t seed[static 32])
{
    const struct group *any = room->members[room_any(room)];
    struct buffer b = {0};
    struct leaf_node leaf;
    struct reader r;

    assert_int_equal(leaf_write_signed(&b, says, &(struct leaf_place){group_id(any), place}, seed), OK);
    r = reader_on(evil_keep(arena, &b));
    leaf_read(&r, &leaf);
    assert_int_equal(reader_end(&r), OK);
    return leaf;
}

/* An Update of a member's leaf under a fresh key. */
static inline struct proposal evil_update(struct room *room, struct arena *arena, uint32_t member)
{
    struct leaf_node says = *group_member(room->members[member], member);
    struct hpke_pair pair;

    assert_int_equal(hpke_pair_new(&room->seeded.random, &pair), OK);
    says.source = MLS_LEAF_UPDATE;
    says.encryption_key = BYTES_OF(pair.public);
    return (struct proposal){.type = MLS_PROPOSAL_UPDATE,
                             .update = evil_leaf(room, arena, &says, member, room->members[member]->seed)};
}

/* A newcomer's Add, good as it is; `change` makes it bad before all is signed. `kept`, where it is not NULL,
 * gets the seed that signs. */
static inline struct proposal evil_newcomer(struct room *room, struct arena *arena,
                                            void (*change)(struct key_package *, void *), void *self,
                                            uint8_t *kept)
{
    struct proposal add = {.type = MLS_PROPOSAL_ADD};
    struct buffer message = {0}, leaf = {0}, body = {0};
    uint8_t seed[32], signature[MLS_SIGNATURE_LEN], key[32];
    struct joining *joining = NULL;
    struct key_package package;
    struct mls_message read;
    struct reader r;

    random_fill(&room->seeded.random, seed, sizeof seed);
    assert_int_equal(key_package_new(&room->seeded.random,
                                     &(struct key_package_order){.suite = room->suite,
                                                                 .identity = room_identity(seed),
                                                                 .not_before = room->now - 10,
                                                                 .not_after = room->now + 100},
                                     &message, &joining),
                     OK);
    assert_int_equal(mls_message_read(evil_keep(arena, &message), &read), OK);
    package = read.package;
    if (change != NULL)
        change(&package, self);
    /* Whose signature key it names in the end signs, where that is known. */
    assert_int_equal(crypto_ed25519_public(seed, key), OK);
    for (uint32_t i = 0; i < ROOM_MAX; i++)
        if (room->members[i] != NULL &&
            bytes_equal(group_member(room->members[i], i)->signature_key, package.leaf.signature_key))
            memcpy(seed, room->members[i]->seed, sizeof seed);
    assert_int_equal(leaf_write_signed(&leaf, &package.leaf, &(struct leaf_place){{0}, 0}, seed), OK);
    r = reader_on(evil_keep(arena, &leaf));
    leaf_read(&r, &read.package.leaf);
    if (reader_end(&r) == OK)
        package.leaf = read.package.leaf;
    key_package_write_body(&body, &package);
    assert_int_equal(label_sign(seed, BYTES_TEXT("KeyPackageTBS"), buffer_bytes(&body), signature), OK);
    buffer_free(&body);
    assert_int_equal(arena_copy(arena, BYTES_OF(signature), &package.signature), OK);
    key_package_write(&body, &package);
    /* What no reader takes is kept as it was put together. */
    r = reader_on(evil_keep(arena, &body));
    key_package_read(&r, &add.add);
    if (reader_end(&r) != OK)
        add.add = package;
    if (kept != NULL)
        memcpy(kept, seed, sizeof seed);
    joining_free(joining);
    return add;
}

/* --- Commits --- */

static inline void evil_change(struct evil_commit *evil, const struct epoch *epoch, struct change *change)
{
    *change = (struct change){.external = evil->external,
                              .committer = evil->committer,
                              .extensions = epoch->extensions,
                              .count = evil->count};
    change->items = arena_array(&evil->arena, EVIL_ITEMS, sizeof *change->items);
    change->added = arena_array(&evil->arena, EVIL_ITEMS, sizeof *change->added);
    assert_true(change->items != NULL && change->added != NULL);
    for (size_t i = 0; i < evil->count; i++) {
        const struct evil_item *item = &evil->items[i];

        change->items[i] = (struct change_item){
            item->proposal, evil->external ? MLS_SENDER_NEW_MEMBER_COMMIT : MLS_SENDER_MEMBER, item->sender};
        if (item->proposal.type == MLS_PROPOSAL_CONTEXT_EXTENSIONS)
            change->extensions = item->proposal.extensions;
        if (item->proposal.type == MLS_PROPOSAL_PSK)
            change->psk_count++;
    }
}

static inline void evil_write(const struct evil_commit *evil, struct bytes path, struct buffer *body)
{
    size_t mark = buffer_open(body);

    for (size_t i = 0; i < evil->count; i++)
        proposal_or_ref_write(body, &(struct proposal_or_ref){.by_reference = evil->items[i].by_reference,
                                                              .reference = BYTES_OF(evil->items[i].ref),
                                                              .proposal = evil->items[i].proposal});
    buffer_close(body, mark);
    buffer_u8(body, !evil->no_path);
    if (!evil->no_path)
        buffer_put(body, path);
}

/* Puts a key into a path's leaf that its maker may not know. */
static inline void evil_swap_key(struct evil_commit *evil, struct room *room, struct buffer *path)
{
    struct update_path read;
    struct reader r = reader_on(evil_keep(&evil->arena, path));

    update_path_read(&r, &read);
    read.leaf.encryption_key = evil->leaf_key;
    read.leaf = evil_leaf(room, &evil->arena, &read.leaf, evil->committer, evil->seed);
    update_path_write(path, &read);
}

/* Everything that a commit is, by the epoch of `through`, who is a member. */
static inline void evil_make(struct room *room, uint32_t through, struct evil_commit *evil)
{
    struct group *group = room->members[through];
    struct epoch *epoch = group->epoch, *next = NULL;
    const struct psk_sources sources = group_psk_sources(group);
    uint8_t signature[MLS_SIGNATURE_LEN], joiner[32], psk[32], zeros[32] = {0}, init[32];
    struct buffer context = {0}, path = {0}, body = {0};
    struct path_making made = {0};
    struct tree tree = {0};
    struct change change;
    struct content content;

    evil_change(evil, epoch, &change);
    assert_int_equal(tree_clone(&epoch->tree, &tree), OK);
    assert_int_equal(change_apply(&change, &tree), OK);
    evil->committer = change.committer;
    if (!evil->no_path) {
        const struct leaf_node *says =
            evil->says != NULL ? evil->says : tree_leaf(&epoch->tree, change.committer);

        assert_int_equal(path_make(&tree, change.committer, says, epoch->group_id, evil->seed,
                                   &room->seeded.random, &made),
                         OK);
        assert_int_equal(epoch_provisional(epoch, &tree, change.extensions, &context), OK);
        assert_int_equal(path_seal(&tree, &made, epoch->suite, buffer_bytes(&context), change.added,
                                   change.added_count, &room->seeded.random, &path),
                         OK);
        if (evil->leaf_key.len != 0)
            evil_swap_key(evil, room, &path);
    } else {
        made.keys = epoch->keys;
        path_keys_prune(&made.keys, &tree);
    }
    evil_write(evil, buffer_bytes(&path), &body);
    content = (struct content){
        .wire_format = evil->external ? MLS_PUBLIC_MESSAGE : MLS_PRIVATE_MESSAGE,
        .group_id = epoch->group_id,
        .epoch = epoch->number,
        .sender_type = evil->external ? MLS_SENDER_NEW_MEMBER_COMMIT : MLS_SENDER_MEMBER,
        .sender = evil->external ? 0 : evil->committer,
        .type = MLS_COMMIT,
        .body = buffer_bytes(&body),
    };
    assert_int_equal(content_sign(&content, epoch_context(epoch), evil->seed, signature), OK);
    content.signature = BYTES_OF(signature);
    assert_int_equal(change_psk_secret(&change, &sources, psk), OK);
    memcpy(init, epoch->secrets.init, sizeof init);
    for (size_t i = 0; evil->external && i < evil->count; i++)
        if (evil->items[i].proposal.type == MLS_PROPOSAL_EXTERNAL_INIT)
            memcpy(init, evil->items[i].ref, sizeof init); /* put there by evil_external_init */
    assert_int_equal(
        epoch_next(epoch,
                   &(struct epoch_step){.init = init,
                                        .commit_secret = evil->no_path ? zeros : made.commit_secret,
                                        .psk_secret = psk,
                                        .commit = &content,
                                        .extensions = change.extensions,
                                        .keys = &made.keys},
                   &tree, joiner, &next),
        OK);
    content.confirmation_tag = BYTES_OF(next->confirmation_tag);
    if (evil->external) {
        mls_message_write(&evil->message, &(struct mls_message){.wire_format = MLS_PUBLIC_MESSAGE,
                                                                .public = {.content = content}});
    } else {
        assert_int_equal(private_protect(&content, epoch->suite, epoch->messages, epoch->secrets.sender_data,
                                         0, &room->seeded.random, &evil->message),
                         OK);
    }
    epoch_free(next);
    tree_free(&tree);
    buffer_free(&context);
    buffer_free(&path);
    buffer_free(&body);
}

/* The proposal that a new member's commit begins with; the secret that it agrees on is kept beside it. */
static inline void evil_external_init(struct room *room, uint32_t through, struct evil_commit *evil)
{
    struct epoch *epoch = room->members[through]->epoch;
    struct hpke_context context;
    struct hpke_pair pair;
    uint8_t kem[32];
    struct evil_item *item;

    evil_add(evil, &(struct proposal){.type = MLS_PROPOSAL_EXTERNAL_INIT});
    item = &evil->items[evil->count - 1];
    assert_int_equal(schedule_external_pair(epoch->secrets.external, &pair), OK);
    assert_int_equal(hpke_setup_sender(&room->seeded.random, mls_suite_aead(epoch->suite), pair.public,
                                       (struct bytes){0}, NULL, kem, &context),
                     OK);
    assert_int_equal(hpke_export(&context, BYTES_TEXT("MLS 1.0 external init secret"), item->ref), OK);
    assert_int_equal(arena_copy(&evil->arena, BYTES_OF(kem), &item->proposal.kem), OK);
}

#endif
