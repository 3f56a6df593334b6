/* What a group refuses, and that a refusal leaves it as it was. RFC 9420, sections 12 and 15. */
#include "core/group.h"

#include "core/group_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/mls_room.h"

/* Three members, at leaves 0 to 2. */
static int seat_three(void **state)
{
    struct room *room = malloc(sizeof *room);

    assert_non_null(room);
    room_found(room, MLS_SUITE_CHACHA20_POLY1305, 3);
    room_commit(room, 0, 2, NULL, 0);
    *state = room;
    return 0;
}

static int leave(void **state)
{
    room_free(*state);
    free(*state);
    return 0;
}

static enum result commit_by(struct room *room, uint32_t leaf, const struct group_change *change,
                             struct group_committed *out)
{
    return group_commit(room->members[leaf], &room->seeded.random, change, room->now, out);
}

static struct group_committed plain_commit(struct room *room, uint32_t leaf)
{
    struct group_committed out;

    assert_int_equal(
        commit_by(room, leaf, &(struct group_change){.authenticated_data = BYTES_TEXT("why")}, &out), OK);
    return out;
}

static enum result open_at(struct room *room, uint32_t leaf, struct bytes message, struct opened **out)
{
    return group_open(room->members[leaf], message, room->now, out);
}

static void refused_at(struct room *room, uint32_t leaf, struct bytes message, enum result why)
{
    struct opened *opened = NULL;

    assert_int_equal(open_at(room, leaf, message, &opened), why);
    assert_null(opened);
}

static void seal_by(struct room *room, uint32_t leaf, struct buffer *message)
{
    assert_int_equal(
        group_seal(room->members[leaf], &room->seeded.random, BYTES_TEXT("word"), (struct bytes){0}, message),
        OK);
}

/* --- Commits --- */

/* Takes a private commit to pieces, as an insider can, changes its confirmation tag, and seals it again. */
static void forge_tag(struct room *room, uint32_t committer, uint32_t witness, struct bytes commit,
                      struct buffer *forged)
{
    struct epoch *epoch = room->members[witness]->epoch, *sending = room->members[committer]->epoch;
    struct mls_message message;
    struct sender_data sender;
    struct buffer plain = {0};
    struct content content;
    uint8_t tag[MLS_HASH_LEN];

    assert_int_equal(mls_message_read(commit, &message), OK);
    assert_int_equal(private_sender(&message.private, epoch->suite, epoch->secrets.sender_data, &sender), OK);
    assert_int_equal(private_open(&message.private, epoch->suite, epoch->messages, &sender, &plain, &content),
                     OK);
    memcpy(tag, content.confirmation_tag.at, sizeof tag);
    tag[31] ^= 1;
    content.confirmation_tag = BYTES_OF(tag);
    assert_int_equal(private_protect(&content, sending->suite, sending->messages,
                                     sending->secrets.sender_data, room->rules.padding, &room->seeded.random,
                                     forged),
                     OK);
    buffer_free(&plain);
}

static void g36_wrong_confirmation_tag_then_a_good_commit(void **state)
{
    struct room *room = *state;
    struct group_committed out = plain_commit(room, 1);
    struct buffer forged = {0};

    forge_tag(room, 1, 0, buffer_bytes(&out.commit), &forged);
    refused_at(room, 0, buffer_bytes(&forged), E_FORGED);
    refused_at(room, 2, buffer_bytes(&forged), E_FORGED);
    room_agrees(room);
    room_spread(room, 1, buffer_bytes(&out.commit));
    room_agrees(room);
    buffer_free(&forged);
    group_committed_free(&out);
}

static void g41_own_commit_is_applied_once(void **state)
{
    struct room *room = *state;
    struct group_committed out = plain_commit(room, 1);
    struct bytes commit = buffer_bytes(&out.commit);
    struct opened *first = NULL, *second = NULL;

    assert_int_equal(open_at(room, 1, commit, &first), OK);
    assert_int_equal(open_at(room, 1, commit, &second), OK);
    assert_true(first->own && second->own);
    assert_true(bytes_equal(first->authenticated_data, BYTES_TEXT("why")));
    assert_int_equal(group_epoch(room->members[1]), 1);
    assert_int_equal(group_apply(room->members[1], first), OK);
    assert_int_equal(group_apply(room->members[1], second), E_STALE);
    assert_int_equal(group_epoch(room->members[1]), 2);
    refused_at(room, 1, commit, E_STALE);
    opened_free(first);
    opened_free(second);
    room_take(room, 0, commit, false);
    room_take(room, 2, commit, false);
    room_agrees(room);
    group_committed_free(&out);
}

static void another_commit_won(void **state)
{
    struct room *room = *state;
    struct group_committed lost = plain_commit(room, 1), won = plain_commit(room, 2);
    struct opened *opened = NULL;

    /* Looked at and not applied: the group is where it was. */
    assert_int_equal(open_at(room, 0, buffer_bytes(&lost.commit), &opened), OK);
    opened_free(opened);
    assert_int_equal(open_at(room, 0, buffer_bytes(&lost.commit), &opened), OK);

    room_take(room, 1, buffer_bytes(&won.commit), false);
    room_take(room, 2, buffer_bytes(&won.commit), true);
    room_take(room, 0, buffer_bytes(&won.commit), false);
    assert_int_equal(group_apply(room->members[0], opened), E_STALE);
    opened_free(opened);
    room_agrees(room);
    refused_at(room, 1, buffer_bytes(&lost.commit), E_STALE);
    group_committed_free(&lost);
    group_committed_free(&won);
}

static void dropped_commit_is_unknown(void **state)
{
    struct room *room = *state;
    struct group_committed out = plain_commit(room, 1);

    group_drop_staged(room->members[1]);
    refused_at(room, 1, buffer_bytes(&out.commit), E_REPLAY);
    group_committed_free(&out);
    /* The next one goes under another key. */
    out = plain_commit(room, 1);
    room_spread(room, 1, buffer_bytes(&out.commit));
    room_agrees(room);
    group_committed_free(&out);
}

static void cut_or_changed_commit(void **state)
{
    struct room *room = *state;
    struct group_committed out = plain_commit(room, 1);
    struct bytes commit = buffer_bytes(&out.commit);
    uint8_t *changed = malloc(commit.len);
    struct opened *opened = NULL;

    assert_non_null(changed);
    for (size_t len = 0; len < commit.len; len++)
        refused_at(room, 0, bytes(commit.at, len), E_MALFORMED);
    for (size_t i = 0; i < commit.len; i++) {
        memcpy(changed, commit.at, commit.len);
        changed[i] ^= 0x20;
        assert_int_not_equal(open_at(room, 0, bytes(changed, commit.len), &opened), OK);
    }
    free(changed);
    room_spread(room, 1, commit);
    room_agrees(room);
    group_committed_free(&out);
}

static void what_a_commit_shows(void **state)
{
    static const struct group_extension extension = {ROOM_CONTEXT, {(const uint8_t *)"roles 2", 7}};
    struct room *room = *state;
    struct buffer package = {0};
    struct joining *joining = NULL;
    struct group_committed out;
    struct opened *opened = NULL;
    struct bytes add, found;

    room_package(room, room->now - 1, room->now + 100, &package, &joining);
    add = buffer_bytes(&package);
    assert_int_equal(commit_by(room, 0,
                               &(struct group_change){.adds = &add,
                                                      .add_count = 1,
                                                      .removes = &(uint32_t){2},
                                                      .remove_count = 1,
                                                      .context = &(struct group_extensions){&extension, 1},
                                                      .authenticated_data = BYTES_TEXT("list")},
                               &out),
                     OK);
    assert_int_equal(open_at(room, 1, buffer_bytes(&out.commit), &opened), OK);
    assert_int_equal(opened->sender, 0);
    assert_int_equal(opened->epoch, 2);
    assert_true(bytes_equal(opened->authenticated_data, BYTES_TEXT("list")));
    assert_int_equal(opened->add_count, 1);
    assert_int_equal(opened->adds[0].leaf, 2);
    assert_int_equal(extension_find(opened->adds[0].node->extensions, ROOM_LEAF, &found), OK);
    assert_true(bytes_equal(found, BYTES_TEXT("voucher")));
    assert_int_equal(opened->remove_count, 1);
    assert_int_equal(opened->removes[0].leaf, 2);
    assert_int_equal(opened->removes[0].proposer_type, MLS_SENDER_MEMBER);
    assert_int_equal(opened->removes[0].proposer, 0);
    assert_int_equal(opened->update_count, 1);
    assert_int_equal(opened->updates[0].leaf, 0);
    assert_true(opened->new_context);
    assert_int_equal(extension_find(opened->context, ROOM_CONTEXT, &found), OK);
    assert_true(bytes_equal(found, BYTES_TEXT("roles 2")));
    assert_int_equal(extension_find(opened->context, MLS_EXTENSION_REQUIRED_CAPABILITIES, &found), OK);
    assert_int_equal(group_context_extension(room->members[1], ROOM_CONTEXT, &found), OK);
    assert_true(bytes_equal(found, BYTES_TEXT("charter")));
    opened_free(opened);

    room_spread(room, 0, buffer_bytes(&out.commit));
    assert_null(room->members[2]);
    assert_int_equal(group_join(joining, &room->rules, buffer_bytes(&out.welcome), buffer_bytes(&out.tree),
                                &room->members[2]),
                     OK);
    room_agrees(room);
    assert_int_equal(group_context_extension(room->members[2], ROOM_CONTEXT, &found), OK);
    assert_true(bytes_equal(found, BYTES_TEXT("roles 2")));
    joining_free(joining);
    buffer_free(&package);
    group_committed_free(&out);
}

/* --- Lists of proposals that are not valid --- */

static void g39_key_package_out_of_its_time(void **state)
{
    static const struct {
        const char *what;
        int64_t from, to;
        enum result adding, following;
    } rows[] = {
        {"good", -10, 100, OK, OK},
        {"over", -500, -400, E_EXPIRED, E_EXPIRED},
        {"over just now, by this clock", -100, -1, E_EXPIRED, OK},
        {"not begun", 400, 500, E_EXPIRED, E_EXPIRED},
        {"not begun, by this clock", 1, 100, E_EXPIRED, OK},
        {"ends before it begins", 10, -10, E_EXPIRED, E_EXPIRED},
        {"too long", -10, ROOM_LIFETIME_S, E_REFUSED, E_REFUSED},
    };
    struct room *room = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t from = (uint64_t)((int64_t)room->now + rows[i].from);
        uint64_t to = (uint64_t)((int64_t)room->now + rows[i].to);
        struct buffer package = {0};
        struct joining *joining = NULL;
        struct group_committed out;
        struct opened *opened = NULL;
        struct leaf_node leaf;
        struct bytes add;
        uint64_t lie = (from + to) / 2;

        room_package(room, from, to, &package, &joining);
        add = buffer_bytes(&package);
        assert_int_equal(group_may_add(room->members[0], add, room->now, &leaf), rows[i].adding);
        assert_int_equal(commit_by(room, 0, &(struct group_change){.adds = &add, .add_count = 1}, &out),
                         rows[i].adding);
        if (rows[i].adding == OK)
            group_committed_free(&out);

        /* A committer whose clock and rules are others than everybody's. */
        room->members[0]->rules.lifetime_max_s = 0;
        if (group_commit(room->members[0], &room->seeded.random,
                         &(struct group_change){.adds = &add, .add_count = 1}, lie, &out) == OK) {
            assert_int_equal(open_at(room, 1, buffer_bytes(&out.commit), &opened), rows[i].following);
            opened_free(opened);
            group_committed_free(&out);
        }
        room->members[0]->rules.lifetime_max_s = ROOM_LIFETIME_S;
        group_drop_staged(room->members[0]);
        joining_free(joining);
        buffer_free(&package);
    }
}

static void lists_that_are_not_valid(void **state)
{
    static const struct group_extension unknown = {0xf999, {0}};
    static const struct group_extension twice[] = {{ROOM_CONTEXT, {0}}, {ROOM_CONTEXT, {0}}};
    struct room *room = *state;
    struct buffer package = {0}, other_suite = {0}, application = {0};
    struct joining *joining = NULL, *other_joining = NULL;
    struct bytes same[2], foreign, junk = BYTES_TEXT("\0\1\0\5"), message;
    struct group_committed out;

    room_package(room, room->now - 1, room->now + 100, &package, &joining);
    room->suite = MLS_SUITE_AES_128_GCM;
    room_package(room, room->now - 1, room->now + 100, &other_suite, &other_joining);
    seal_by(room, 0, &application);
    same[0] = same[1] = buffer_bytes(&package);
    foreign = buffer_bytes(&other_suite);
    message = buffer_bytes(&application);

    const struct {
        const char *what;
        struct group_change change;
        enum result why;
    } rows[] = {
        {"one newcomer twice", {.adds = same, .add_count = 2}, E_REFUSED},
        {"another suite", {.adds = &foreign, .add_count = 1}, E_UNSUPPORTED},
        {"no key package", {.adds = &junk, .add_count = 1}, E_MALFORMED},
        {"another message", {.adds = &message, .add_count = 1}, E_MALFORMED},
        {"nobody's leaf", {.removes = &(uint32_t){3}, .remove_count = 1}, E_NOT_FOUND},
        {"a leaf beyond the tree", {.removes = &(uint32_t){UINT32_MAX}, .remove_count = 1}, E_NOT_FOUND},
        {"oneself", {.removes = &(uint32_t){0}, .remove_count = 1}, E_REFUSED},
        {"an extension nobody has", {.context = &(struct group_extensions){&unknown, 1}}, E_REFUSED},
        {"an extension twice", {.context = &(struct group_extensions){twice, 2}}, E_REFUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(commit_by(room, 0, &rows[i].change, &out), rows[i].why);
    room_agrees(room);
    buffer_free(&package);
    buffer_free(&other_suite);
    buffer_free(&application);
    joining_free(joining);
    joining_free(other_joining);
}

static void foundings_that_are_refused(void **state)
{
    static const uint8_t key[32] = {1};
    static const struct group_extension unknown = {0xf999, {0}};
    static const uint16_t unknown_type = 0xf999;
    struct seeded seeded;
    struct group *group = NULL;
    struct group_founding good = {.suite = MLS_SUITE_CHACHA20_POLY1305,
                                  .identity = room_identity(key),
                                  .now = ROOM_NOW,
                                  .lifetime_s = 60};
    struct group_founding bad[4] = {good, good, good, good};

    (void)state;
    bad[0].suite = 2;
    bad[1].context = (struct group_extensions){&unknown, 1};
    bad[2].identity.extensions = (struct group_extensions){&unknown, 1};
    bad[3].required = (struct group_types){&unknown_type, 1};
    assert_int_equal(crypto_start(), OK);
    seeded_start(&seeded, 5);
    assert_int_equal(group_found(&seeded.random, &bad[0], &group), E_UNSUPPORTED);
    for (size_t i = 1; i < 4; i++)
        assert_int_equal(group_found(&seeded.random, &bad[i], &group), E_REFUSED);
    assert_int_equal(group_found(&seeded.random, &good, &group), OK);
    assert_int_equal(group_member(group, 0)->not_before % 3600, 0);
    assert_int_equal(group_member_count(group), 1);
    group_free(group);
}

/* --- Leaving --- */

static void a_leaver_asks_and_another_commits(void **state)
{
    struct room *room = *state;
    struct buffer message = {0}, word = {0};
    struct group_committed out;
    struct opened *opened = NULL;

    assert_int_equal(
        group_propose_remove(room->members[2], &room->seeded.random, 2, (struct bytes){0}, &message), OK);
    for (uint32_t leaf = 0; leaf < 2; leaf++) {
        assert_int_equal(open_at(room, leaf, buffer_bytes(&message), &opened), OK);
        assert_int_equal(opened->kind, OPENED_PROPOSAL);
        assert_int_equal(opened->sender, 2);
        assert_int_equal(opened->proposal_type, MLS_PROPOSAL_REMOVE);
        assert_int_equal(opened->proposal_removes, 2);
        assert_int_equal(group_apply(room->members[leaf], opened), OK);
        assert_int_equal(group_apply(room->members[leaf], opened), E_STATE);
        opened_free(opened);
    }
    refused_at(room, 0, buffer_bytes(&message), E_REPLAY);
    /* Nobody speaks on before the commit (section 12.4). */
    assert_int_equal(
        group_seal(room->members[0], &room->seeded.random, BYTES_TEXT("word"), (struct bytes){0}, &word),
        E_AGAIN);

    /* The wish to remove the leaf oneself does not hide that it asked. */
    assert_int_equal(
        commit_by(room, 0, &(struct group_change){.removes = &(uint32_t){2}, .remove_count = 1}, &out), OK);
    assert_int_equal(open_at(room, 1, buffer_bytes(&out.commit), &opened), OK);
    assert_int_equal(opened->remove_count, 1);
    assert_int_equal(opened->removes[0].leaf, 2);
    assert_int_equal(opened->removes[0].proposer, 2);
    opened_free(opened);

    assert_int_equal(open_at(room, 2, buffer_bytes(&out.commit), &opened), OK);
    assert_true(opened->removes_us);
    assert_int_equal(group_apply(room->members[2], opened), OK);
    opened_free(opened);
    assert_false(group_is_active(room->members[2]));
    refused_at(room, 2, buffer_bytes(&out.commit), E_STATE);
    group_committed_free(&out);
    assert_int_equal(commit_by(room, 2, &(struct group_change){0}, &out), E_STATE);
    assert_int_equal(group_export(room->members[2], BYTES_TEXT("label"), (struct bytes){0},
                                  (struct bytes_mut){(uint8_t[32]){0}, 32}),
                     E_NO_KEY);
    group_free(room->members[2]);
    room->members[2] = NULL;
    buffer_free(&message);
    buffer_free(&word);
}

static void a_leaver_cannot_commit_its_own_removal(void **state)
{
    struct room *room = *state;
    struct buffer message = {0};
    struct group_committed out;
    struct opened *opened = NULL;

    assert_int_equal(
        group_propose_remove(room->members[2], &room->seeded.random, 2, (struct bytes){0}, &message), OK);
    assert_int_equal(commit_by(room, 2, &(struct group_change){0}, &out), OK);
    assert_int_equal(open_at(room, 0, buffer_bytes(&out.commit), &opened), OK);
    assert_int_equal(opened->remove_count, 0);
    opened_free(opened);
    group_committed_free(&out);
    buffer_free(&message);
}

static void a_reference_to_nothing(void **state)
{
    struct room *room = *state;
    struct buffer message = {0};
    struct group_committed out;
    struct opened *opened = NULL;

    assert_int_equal(
        group_propose_remove(room->members[2], &room->seeded.random, 2, (struct bytes){0}, &message), OK);
    assert_int_equal(open_at(room, 0, buffer_bytes(&message), &opened), OK);
    assert_int_equal(group_apply(room->members[0], opened), OK);
    opened_free(opened);
    assert_int_equal(commit_by(room, 0, &(struct group_change){0}, &out), OK);
    /* Member 1 has not seen the proposal yet, and takes the commit once it has. */
    refused_at(room, 1, buffer_bytes(&out.commit), E_NO_KEY);
    assert_int_equal(open_at(room, 1, buffer_bytes(&message), &opened), OK);
    assert_int_equal(group_apply(room->members[1], opened), OK);
    opened_free(opened);
    room_spread(room, 0, buffer_bytes(&out.commit));
    room_agrees(room);
    group_committed_free(&out);
    buffer_free(&message);
}

/* --- Words --- */

static void words_once_each_and_in_their_epoch(void **state)
{
    struct room *room = *state;
    struct buffer first = {0}, second = {0}, later = {0};
    struct group_committed out;
    struct opened *opened = NULL;

    seal_by(room, 1, &first);
    seal_by(room, 1, &second);
    assert_int_equal(first.len, second.len);
    assert_int_equal(open_at(room, 0, buffer_bytes(&second), &opened), OK);
    assert_int_equal(group_apply(room->members[0], opened), E_STATE);
    opened_free(opened);
    assert_int_equal(open_at(room, 0, buffer_bytes(&first), &opened), OK);
    opened_free(opened);
    opened = NULL;
    refused_at(room, 0, buffer_bytes(&first), E_REPLAY);
    refused_at(room, 0, buffer_bytes(&second), E_REPLAY);
    refused_at(room, 1, buffer_bytes(&second), E_REPLAY);

    out = plain_commit(room, 0);
    room_take(room, 0, buffer_bytes(&out.commit), true);
    seal_by(room, 0, &later);
    refused_at(room, 2, buffer_bytes(&later), E_NO_KEY);
    room_take(room, 2, buffer_bytes(&out.commit), false);
    refused_at(room, 2, buffer_bytes(&first), E_STALE);
    assert_int_equal(open_at(room, 2, buffer_bytes(&later), &opened), OK);
    opened_free(opened);
    group_committed_free(&out);
    buffer_free(&first);
    buffer_free(&second);
    buffer_free(&later);
}

static void another_groups_word(void **state)
{
    static struct room other;
    struct room *room = *state;
    struct buffer word = {0};

    room_found(&other, MLS_SUITE_CHACHA20_POLY1305, 99);
    seal_by(&other, 0, &word);
    refused_at(room, 0, buffer_bytes(&word), E_NOT_FOUND);
    buffer_free(&word);
    room_free(&other);
}

static void outsiders_and_open_handshakes_are_refused(void **state)
{
    struct room *room = *state;
    struct epoch *epoch = room->members[1]->epoch;
    struct buffer body = {0}, message = {0};
    uint8_t signature[MLS_SIGNATURE_LEN];
    struct opened *opened = NULL;
    struct content content = {
        .wire_format = MLS_PUBLIC_MESSAGE,
        .group_id = epoch->group_id,
        .epoch = epoch->number,
        .sender_type = MLS_SENDER_MEMBER,
        .sender = 1,
        .type = MLS_PROPOSAL,
        .signature = BYTES_OF(signature),
    };

    proposal_write(&body, &(struct proposal){.type = MLS_PROPOSAL_REMOVE, .removed = 1});
    content.body = buffer_bytes(&body);
    assert_int_equal(content_sign(&content, epoch_context(epoch), room->members[1]->seed, signature), OK);
    assert_int_equal(public_protect(&content, epoch_context(epoch), epoch->secrets.membership, &message), OK);
    refused_at(room, 0, buffer_bytes(&message), E_REFUSED);
    room->members[0]->rules.public_handshakes = true;
    assert_int_equal(open_at(room, 0, buffer_bytes(&message), &opened), OK);
    opened_free(opened);
    buffer_free(&body);
    buffer_free(&message);
}

/* --- Exports --- */

static void exports_end_when_erased(void **state)
{
    struct room *room = *state;
    struct group *group = room->members[0];
    uint8_t out[2][16];

    assert_int_equal(group_export(group, BYTES_TEXT("a"), BYTES_TEXT("c"), (struct bytes_mut){out[0], 16}),
                     OK);
    assert_int_equal(group_export(group, BYTES_TEXT("b"), BYTES_TEXT("c"), (struct bytes_mut){out[1], 16}),
                     OK);
    assert_memory_not_equal(out[0], out[1], 16);
    group_erase_exporter(group);
    assert_int_equal(group_export(group, BYTES_TEXT("a"), BYTES_TEXT("c"), (struct bytes_mut){out[0], 16}),
                     E_NO_KEY);
    room_commit(room, 1, 0, NULL, 0);
}

static void signatures_of_leaves(void **state)
{
    struct room *room = *state;
    uint8_t signature[MLS_SIGNATURE_LEN];
    struct bytes label = BYTES_TEXT("Teahouse Test"), word = BYTES_TEXT("word");

    assert_int_equal(group_sign(room->members[1], label, word, signature), OK);
    assert_int_equal(group_verify(room->members[0], 1, label, word, BYTES_OF(signature)), OK);
    assert_int_equal(group_verify(room->members[0], 2, label, word, BYTES_OF(signature)), E_FORGED);
    assert_int_equal(group_verify(room->members[0], 9, label, word, BYTES_OF(signature)), E_NOT_FOUND);
    assert_int_equal(
        group_verify(room->members[0], 1, BYTES_TEXT("FramedContentTBS"), word, BYTES_OF(signature)),
        E_FORGED);
}

/* --- Welcomes --- */

static void welcomes_that_are_refused(void **state)
{
    static struct room other;
    struct room *room = *state;
    struct buffer packages[2] = {{0}}, other_tree = {0};
    struct joining *joinings[2] = {NULL};
    struct group_committed out;
    struct group *joined = NULL;
    struct bytes add, welcome, tree;
    uint8_t *changed;

    room_package(room, room->now - 1, room->now + 100, &packages[0], &joinings[0]);
    room_package(room, room->now - 1, room->now + 100, &packages[1], &joinings[1]);
    add = buffer_bytes(&packages[0]);
    assert_int_equal(commit_by(room, 0, &(struct group_change){.adds = &add, .add_count = 1}, &out), OK);
    welcome = buffer_bytes(&out.welcome);
    tree = buffer_bytes(&out.tree);

    assert_int_equal(group_join(joinings[1], &room->rules, welcome, tree, &joined), E_NOT_FOUND);
    assert_int_equal(group_join(joinings[0], &room->rules, buffer_bytes(&out.commit), tree, &joined),
                     E_MALFORMED);
    assert_int_equal(group_join(joinings[0], &room->rules, welcome, (struct bytes){0}, &joined), E_NOT_FOUND);
    for (size_t len = 0; len < welcome.len; len++)
        assert_int_equal(group_join(joinings[0], &room->rules, bytes(welcome.at, len), tree, &joined),
                         E_MALFORMED);
    for (size_t len = 1; len < tree.len; len++)
        assert_int_equal(group_join(joinings[0], &room->rules, welcome, bytes(tree.at, len), &joined),
                         E_MALFORMED);
    changed = malloc(welcome.len + tree.len);
    assert_non_null(changed);
    for (size_t i = 4; i < welcome.len; i++) {
        memcpy(changed, welcome.at, welcome.len);
        changed[i] ^= 4;
        assert_int_not_equal(
            group_join(joinings[0], &room->rules, bytes(changed, welcome.len), tree, &joined), OK);
    }
    for (size_t i = 0; i < tree.len; i++) {
        memcpy(changed, tree.at, tree.len);
        changed[i] ^= 4;
        assert_int_not_equal(
            group_join(joinings[0], &room->rules, welcome, bytes(changed, tree.len), &joined), OK);
    }
    free(changed);

    room_found(&other, MLS_SUITE_CHACHA20_POLY1305, 8);
    assert_int_equal(group_tree_write(other.members[0], &other_tree), OK);
    assert_int_equal(group_join(joinings[0], &room->rules, welcome, buffer_bytes(&other_tree), &joined),
                     E_FORGED);
    room_free(&other);

    /* After all of that the right one still does. */
    room_spread(room, 0, buffer_bytes(&out.commit));
    assert_int_equal(group_join(joinings[0], &room->rules, welcome, tree, &joined), OK);
    room->members[group_own_leaf(joined)] = joined;
    room_agrees(room);
    assert_int_equal(group_join(joinings[0], &room->rules, welcome, tree, &joined), E_STATE);
    for (size_t i = 0; i < 2; i++) {
        joining_free(joinings[i]);
        buffer_free(&packages[i]);
    }
    buffer_free(&other_tree);
    group_committed_free(&out);
}

#define in_a_room(test) cmocka_unit_test_setup_teardown(test, seat_three, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_a_room(g36_wrong_confirmation_tag_then_a_good_commit),
        in_a_room(g41_own_commit_is_applied_once),
        in_a_room(another_commit_won),
        in_a_room(dropped_commit_is_unknown),
        in_a_room(cut_or_changed_commit),
        in_a_room(what_a_commit_shows),
        in_a_room(g39_key_package_out_of_its_time),
        in_a_room(lists_that_are_not_valid),
        cmocka_unit_test(foundings_that_are_refused),
        in_a_room(a_leaver_asks_and_another_commits),
        in_a_room(a_leaver_cannot_commit_its_own_removal),
        in_a_room(a_reference_to_nothing),
        in_a_room(words_once_each_and_in_their_epoch),
        in_a_room(another_groups_word),
        in_a_room(outsiders_and_open_handshakes_are_refused),
        in_a_room(exports_end_when_erased),
        in_a_room(signatures_of_leaves),
        in_a_room(welcomes_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
