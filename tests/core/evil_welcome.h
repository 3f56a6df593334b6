/* A Welcome and a tree by a member who means ill: taken to pieces, and put together again with every hash,
 * tag, signature and seal as it must be. For tests alone; included after cmocka.h. */
#ifndef TESTS_CORE_EVIL_WELCOME_H
#define TESTS_CORE_EVIL_WELCOME_H

#include "core/joining.h"

#include "evil.h"

/* The inviter is the room's first leaf, the joiner comes after its four members. */
enum { INVITER = 0, INVITED = 4, JOINER = 4 };

/* A Welcome in pieces. */
struct evil_welcome {
    struct room room;
    struct arena arena;
    struct joining *joining;
    struct group_committed made; /* as it should be */

    struct opened_welcome open;
    struct key_package package;
    struct tree tree;
    uint16_t suite; /* that the Welcome says */
    bool keep_hash, flip_tag, cut_tag, flip_signature, flip_ref, no_tree, inside;
    uint8_t seed[32];
    struct buffer welcome, outside;
};

static inline void evil_put_extension(struct evil_welcome *s, struct bytes *list, uint16_t type,
                                      struct bytes data)
{
    struct buffer b = {0};

    buffer_put(&b, *list);
    buffer_u16(&b, type);
    buffer_vector(&b, data);
    *list = evil_keep(&s->arena, &b);
}

static inline void evil_welcome_set(struct evil_welcome *s)
{
    struct buffer package = {0};
    struct bytes add;

    memset(s, 0, sizeof *s);
    room_found(&s->room, MLS_SUITE_CHACHA20_POLY1305, 15);
    room_commit(&s->room, 0, INVITED - 1, NULL, 0);
    room_package(&s->room, s->room.now - 1, s->room.now + 60, &package, &s->joining);
    add = buffer_bytes(&package);
    assert_int_equal(group_commit(s->room.members[INVITER], &s->room.seeded.random,
                                  &(struct group_change){.adds = &add, .add_count = 1}, s->room.now,
                                  &s->made),
                     OK);
    buffer_free(&package);
    assert_int_equal(welcome_open(s->joining, buffer_bytes(&s->made.welcome), &s->open), OK);
    assert_int_equal(joining_package(s->joining, &s->package), OK);
    assert_int_equal(tree_read(buffer_bytes(&s->made.tree), &s->tree), OK);
    s->suite = s->open.info.context.suite;
    memcpy(s->seed, s->room.members[INVITER]->seed, sizeof s->seed);
    for (uint32_t leaf = 0; leaf <= JOINER; leaf++)
        tree_blank_path(&s->tree, leaf);
    s->open.secrets.has_path_secret = false;
}

static inline void evil_welcome_free(struct evil_welcome *s)
{
    buffer_free(&s->welcome);
    buffer_free(&s->outside);
    opened_welcome_free(&s->open);
    tree_free(&s->tree);
    group_committed_free(&s->made);
    joining_free(s->joining);
    arena_free(&s->arena);
    room_free(&s->room);
}

static inline void evil_put_tag(struct evil_welcome *s, uint8_t tag[static MLS_HASH_LEN])
{
    struct group_info *info = &s->open.info;
    struct buffer context = {0};
    struct schedule secrets;
    uint8_t joiner[MLS_HASH_LEN];

    group_context_write(&context, &info->context);
    memcpy(joiner, s->open.secrets.joiner_secret.at, sizeof joiner);
    assert_int_equal(schedule_epoch(joiner, s->open.psk_secret, buffer_bytes(&context), &secrets), OK);
    assert_int_equal(
        schedule_confirmation_tag(secrets.confirmation, info->context.confirmed_transcript_hash, tag), OK);
    tag[3] ^= s->flip_tag;
    info->confirmation_tag = bytes(tag, MLS_HASH_LEN - 16 * s->cut_tag);
    buffer_free(&context);
}

static inline void evil_seal_info(struct evil_welcome *s, struct buffer *sealed)
{
    struct group_info *info = &s->open.info;
    uint8_t signature[MLS_SIGNATURE_LEN], tag[MLS_HASH_LEN], hash[MLS_HASH_LEN];
    struct buffer body = {0};
    struct message_key key;

    for (uint32_t i = 0; i < tree_node_count(s->tree.depth); i++)
        s->tree.nodes[i].hashed = false;
    if (!s->keep_hash) {
        assert_int_equal(tree_root_hash(&s->tree, hash), OK);
        info->context.tree_hash = BYTES_OF(hash);
    }
    tree_write(&s->outside, &s->tree);
    if (s->inside)
        evil_put_extension(s, &info->extensions, MLS_EXTENSION_RATCHET_TREE, buffer_bytes(&s->outside));
    evil_put_tag(s, tag);
    group_info_write_body(&body, info);
    assert_int_equal(label_sign(s->seed, BYTES_TEXT("GroupInfoTBS"), buffer_bytes(&body), signature), OK);
    signature[9] ^= s->flip_signature;
    info->signature = BYTES_OF(signature);
    group_info_write(sealed, info);
    buffer_zeros(sealed, MLS_TAG_LEN);
    assert_int_equal(
        welcome_key(s->open.secrets.joiner_secret.at, s->open.psk_secret, MLS_SUITE_CHACHA20_POLY1305, &key),
        OK);
    assert_int_equal(message_key_seal(MLS_SUITE_CHACHA20_POLY1305, &key, (struct bytes){0}, sealed->at,
                                      sealed->len - MLS_TAG_LEN),
                     OK);
    buffer_free(&body);
}

static inline void evil_welcome_make(struct evil_welcome *s)
{
    struct buffer info = {0}, text = {0}, secrets = {0};
    uint8_t ref[MLS_HASH_LEN], kem[32], sealed[512];

    evil_seal_info(s, &info);
    group_secrets_write(&text, &s->open.secrets);
    assert_true(text.len + MLS_TAG_LEN <= sizeof sealed);
    assert_int_equal(label_encrypt(&s->room.seeded.random, MLS_SUITE_CHACHA20_POLY1305,
                                   s->package.init_key.at, BYTES_TEXT("Welcome"), buffer_bytes(&info),
                                   buffer_bytes(&text), kem, sealed),
                     OK);
    assert_int_equal(key_package_ref(&s->package, ref), OK);
    ref[0] ^= s->flip_ref;
    welcome_secrets_write(&secrets, &(struct welcome_secrets){BYTES_OF(ref), BYTES_OF(kem),
                                                              bytes(sealed, text.len + MLS_TAG_LEN)});
    mls_message_head(&s->welcome, MLS_WELCOME);
    welcome_write(&s->welcome, &(struct welcome){s->suite, buffer_bytes(&secrets), buffer_bytes(&info)});
    buffer_free(&info);
    buffer_free(&text);
    buffer_free(&secrets);
}

#endif
