/* A group and all its members in one process: founding, adding, committing, and that everybody agrees. For
 * tests alone; included after cmocka.h. */
#ifndef SUPPORT_MLS_ROOM_H
#define SUPPORT_MLS_ROOM_H

#include "core/group.h"
#include "crypto/crypto.h"
#include "support/seeded.h"

#include <string.h>

enum {
    ROOM_MAX = 512,
    ROOM_CONTEXT = 0xf101, /* a private extension of the context */
    ROOM_LEAF = 0xf102,    /* and one of leaves */
    ROOM_NOW = 1700000000,
    ROOM_LIFETIME_S = 600,
};

struct room {
    struct seeded seeded;
    uint16_t suite;
    struct group_rules rules;
    struct group *members[ROOM_MAX]; /* by leaf; NULL where nobody sits */
    uint64_t now;
};

static const uint16_t room_types[] = {ROOM_CONTEXT, ROOM_LEAF};
static const struct group_extension room_leaf_extension = {ROOM_LEAF, {(const uint8_t *)"voucher", 7}};
static const struct group_extension room_context_extension = {ROOM_CONTEXT, {(const uint8_t *)"charter", 7}};

static inline struct group_identity room_identity(const uint8_t *seed)
{
    return (struct group_identity){
        .signature_seed = seed,
        .credential = {(const uint8_t *)"somebody", 8},
        .extensions = {&room_leaf_extension, 1},
        .supported = {room_types, 2},
    };
}

static inline void room_found(struct room *room, uint16_t suite, uint64_t seed)
{
    struct group_founding founding;
    uint8_t key[32];

    memset(room, 0, sizeof *room);
    assert_int_equal(crypto_start(), OK);
    seeded_start(&room->seeded, seed);
    room->suite = suite;
    room->now = ROOM_NOW;
    room->rules = (struct group_rules){.padding = 256, .lifetime_max_s = ROOM_LIFETIME_S};
    random_fill(&room->seeded.random, key, sizeof key);
    founding = (struct group_founding){
        .suite = suite,
        .rules = room->rules,
        .identity = room_identity(key),
        .context = {&room_context_extension, 1},
        .required = {room_types, 2},
        .now = room->now,
        .lifetime_s = 7200,
    };
    assert_int_equal(group_found(&room->seeded.random, &founding, &room->members[0]), OK);
}

static inline void room_free(struct room *room)
{
    for (size_t i = 0; i < ROOM_MAX; i++) {
        group_free(room->members[i]);
        room->members[i] = NULL;
    }
}

static inline uint32_t room_count(const struct room *room)
{
    uint32_t count = 0;

    for (size_t i = 0; i < ROOM_MAX; i++)
        count += room->members[i] != NULL;
    return count;
}

/* Any member, at random. */
static inline uint32_t room_any(struct room *room)
{
    uint32_t leaf;

    do
        leaf = seeded_below(&room->seeded, ROOM_MAX);
    while (room->members[leaf] == NULL);
    return leaf;
}

static inline void room_package(struct room *room, uint64_t not_before, uint64_t not_after,
                                struct buffer *package, struct joining **joining)
{
    uint8_t key[32];

    random_fill(&room->seeded.random, key, sizeof key);
    assert_int_equal(key_package_new(&room->seeded.random,
                                     &(struct key_package_order){.suite = room->suite,
                                                                 .identity = room_identity(key),
                                                                 .not_before = not_before,
                                                                 .not_after = not_after},
                                     package, joining),
                     OK);
}

/* All members see one group. */
static inline void room_agrees(const struct room *room)
{
    const struct group *first = NULL;
    uint8_t exported[2][32];
    uint32_t count = 0;

    for (uint32_t leaf = 0; leaf < ROOM_MAX; leaf++) {
        const struct group *group = room->members[leaf];

        if (group == NULL)
            continue;
        count++;
        if (first == NULL)
            first = group;
        assert_int_equal(group_own_leaf(group), leaf);
        assert_true(group_is_active(group));
        assert_int_equal(group_epoch(group), group_epoch(first));
        assert_true(bytes_equal(group_id(group), group_id(first)));
        assert_true(bytes_equal(group_tree_hash(group), group_tree_hash(first)));
        assert_true(bytes_equal(group_epoch_authenticator(group), group_epoch_authenticator(first)));
        assert_int_equal(group_export(first, BYTES_TEXT("label"), BYTES_TEXT("context"),
                                      (struct bytes_mut){exported[0], 32}),
                         OK);
        assert_int_equal(group_export(group, BYTES_TEXT("label"), BYTES_TEXT("context"),
                                      (struct bytes_mut){exported[1], 32}),
                         OK);
        assert_memory_equal(exported[0], exported[1], 32);
    }
    assert_int_equal(group_member_count(first), count);
    for (uint32_t leaf = 0; leaf < group_leaf_limit(first); leaf++)
        assert_int_equal(group_member(first, leaf) != NULL, room->members[leaf] != NULL);
}

static inline void room_take(struct room *room, uint32_t leaf, struct bytes message, bool own)
{
    struct opened *opened = NULL;
    bool removed;

    assert_int_equal(group_open(room->members[leaf], message, room->now, &opened), OK);
    assert_int_equal(opened->kind, OPENED_COMMIT);
    assert_int_equal(opened->own, own);
    removed = opened->removes_us;
    assert_int_equal(group_apply(room->members[leaf], opened), OK);
    opened_free(opened);
    if (removed) {
        assert_false(group_is_active(room->members[leaf]));
        group_free(room->members[leaf]);
        room->members[leaf] = NULL;
    }
}

/* Everybody takes the commit, its maker too. */
static inline void room_spread(struct room *room, uint32_t committer, struct bytes commit)
{
    for (uint32_t leaf = 0; leaf < ROOM_MAX; leaf++)
        if (room->members[leaf] != NULL)
            room_take(room, leaf, commit, leaf == committer);
}

/* One commit: so many newcomers, and these leaves go. */
static inline void room_commit(struct room *room, uint32_t committer, size_t adds, const uint32_t *removes,
                               size_t remove_count)
{
    struct buffer packages[ROOM_MAX] = {{0}};
    struct bytes list[ROOM_MAX];
    struct joining *joinings[ROOM_MAX];
    struct group_committed out;

    for (size_t i = 0; i < adds; i++) {
        room_package(room, room->now - 10, room->now - 10 + ROOM_LIFETIME_S, &packages[i], &joinings[i]);
        list[i] = buffer_bytes(&packages[i]);
    }
    assert_int_equal(
        group_commit(room->members[committer], &room->seeded.random,
                     &(struct group_change){
                         .adds = list, .add_count = adds, .removes = removes, .remove_count = remove_count},
                     room->now, &out),
        OK);
    room_spread(room, committer, buffer_bytes(&out.commit));
    for (size_t i = 0; i < adds; i++) {
        struct group *joined = NULL;

        assert_int_equal(group_join(joinings[i], &room->rules, buffer_bytes(&out.welcome),
                                    buffer_bytes(&out.tree), &joined),
                         OK);
        assert_null(room->members[group_own_leaf(joined)]);
        room->members[group_own_leaf(joined)] = joined;
        joining_free(joinings[i]);
        buffer_free(&packages[i]);
    }
    group_committed_free(&out);
    room_agrees(room);
}

#endif
