#include "core/group_state.h"

#include "core/label.h"

#include <stdlib.h>
#include <string.h>

/* --- Life --- */

static void keep_resumption(struct group *group)
{
    if (group->resumption_count == GROUP_RESUMPTIONS) {
        memmove(group->resumptions, group->resumptions + 1,
                (GROUP_RESUMPTIONS - 1) * sizeof *group->resumptions);
        group->resumption_count--;
    }

    struct resumption *newest = &group->resumptions[group->resumption_count++];
    newest->epoch = group->epoch->number;
    memcpy(newest->psk, group->epoch->secrets.resumption, sizeof newest->psk);
}

enum result group_new(const struct group_rules *rules, const uint8_t seed[static 32], struct epoch *epoch,
                      struct group **out)
{
    struct group *group = calloc(1, sizeof *group);

    if (group == NULL)
        return E_NO_MEMORY;
    group->rules = *rules;
    memcpy(group->seed, seed, sizeof group->seed);
    group->epoch = epoch;
    keep_resumption(group);
    *out = group;
    return OK;
}

void group_free(struct group *group)
{
    if (group == NULL)
        return;
    group_drop_staged(group);
    waiting_free_all(group->waiting);
    psk_store_free(&group->psks);
    epoch_free(group->epoch);
    wipe(group, sizeof *group);
    free(group);
}

void outcome_free(struct outcome *outcome)
{
    epoch_free(outcome->next);
    tree_free(&outcome->tree);
    arena_free(&outcome->arena);
    *outcome = (struct outcome){0};
}

void group_drop_staged(struct group *group)
{
    if (group->own == NULL)
        return;
    outcome_free(&group->own->outcome);
    free(group->own);
    group->own = NULL;
}

void group_advance(struct group *group, struct outcome *outcome)
{
    waiting_free_all(group->waiting);
    group->waiting = NULL;
    group->waiting_count = 0;
    group->phase = outcome->phase;
    if (outcome->phase == GROUP_REMOVED) {
        epoch_forget(group->epoch);
    } else {
        struct epoch *next = outcome->next;

        outcome->next = NULL;
        epoch_free(group->epoch);
        group->epoch = next;
        keep_resumption(group);
    }
}

enum result group_must_be_active(const struct group *group)
{
    return group->phase == GROUP_ACTIVE ? OK : E_STATE;
}

/* --- Founding --- */

static enum result found_epoch(const struct random *random, const struct group_founding *founding,
                               struct bytes extensions, struct epoch **out)
{
    uint8_t group_id[MLS_HASH_LEN], secret[MLS_HASH_LEN];
    struct path_keys keys = {.known = 1};
    struct arena arena = {0};
    struct buffer encoded = {0};
    struct tree tree = {0};
    struct leaf_node leaf;
    struct hpke_pair pair;
    struct schedule secrets;
    struct epoch *epoch = NULL;
    uint32_t place;
    enum result res;

    random_fill(random, group_id, sizeof group_id);
    random_fill(random, secret, sizeof secret);
    res = hpke_pair_new(random, &pair);
    if (res == OK)
        res = identity_leaf(&founding->identity, &arena, &leaf);
    if (res == OK) {
        memcpy(keys.secrets[0], pair.secret, sizeof pair.secret);
        leaf.encryption_key = BYTES_OF(pair.public);
        leaf.source = MLS_LEAF_KEY_PACKAGE;
        /* A full hour tells nothing of when exactly, or how exactly a clock goes. */
        leaf.not_before = founding->now - founding->now % 3600;
        leaf.not_after = leaf.not_before + founding->lifetime_s;
        res = leaf_write_signed(&encoded, &leaf, NULL, founding->identity.signature_seed);
    }
    if (res == OK) {
        struct reader r = reader_on(buffer_bytes(&encoded));

        leaf_read(&r, &leaf);
        res = leaf_check(&leaf, founding->suite, extensions);
    }
    if (res == OK)
        res = tree_new(&tree);
    if (res == OK)
        res = tree_add(&tree, &leaf, &place);
    if (res == OK)
        res = epoch_new(&(struct epoch_start){.suite = founding->suite,
                                              .group_id = BYTES_OF(group_id),
                                              .extensions = extensions,
                                              .keys = &keys},
                        &tree, &epoch);
    if (res == OK)
        res = schedule_from_epoch_secret(secret, &secrets);
    if (res == OK)
        res = epoch_key(epoch, &secrets);
    if (res == OK)
        *out = epoch;
    else
        epoch_free(epoch);
    tree_free(&tree);
    buffer_free(&encoded);
    arena_free(&arena);
    wipe(&keys, sizeof keys);
    wipe(&pair, sizeof pair);
    wipe(secret, sizeof secret);
    return res;
}

enum result group_found(const struct random *random, const struct group_founding *founding,
                        struct group **out)
{
    struct buffer extensions = {0};
    struct epoch *epoch = NULL;
    enum result res;

    if (!mls_suite_known(founding->suite))
        return E_UNSUPPORTED;
    res =
        extensions_write(&founding->context, &founding->required, &founding->identity.supported, &extensions);
    if (res == OK)
        res = found_epoch(random, founding, buffer_bytes(&extensions), &epoch);
    if (res == OK)
        res = group_new(&founding->rules, founding->identity.signature_seed, epoch, out);
    if (res != OK)
        epoch_free(epoch);
    buffer_free(&extensions);
    return res;
}

/* --- Sending --- */

enum result group_seal(struct group *group, const struct random *random, struct bytes application,
                       struct bytes authenticated_data, struct buffer *message)
{
    uint8_t signature[MLS_SIGNATURE_LEN];
    struct epoch *epoch = group->epoch;
    struct content content = {
        .wire_format = MLS_PRIVATE_MESSAGE,
        .group_id = epoch->group_id,
        .epoch = epoch->number,
        .sender_type = MLS_SENDER_MEMBER,
        .sender = epoch_own_leaf(epoch),
        .authenticated_data = authenticated_data,
        .type = MLS_APPLICATION,
        .body = application,
        .signature = BYTES_OF(signature),
    };
    enum result res = group_must_be_active(group);

    /* Whoever is to be removed must not hear what is said after the proposal (section 12.4). */
    if (res == OK && group->waiting != NULL)
        res = E_AGAIN;
    if (res == OK)
        res = content_sign(&content, epoch_context(epoch), group->seed, signature);
    if (res == OK)
        res = private_protect(&content, epoch->suite, epoch->messages, epoch->secrets.sender_data,
                              group->rules.padding, random, message);
    return res;
}

static enum result write_remove(uint32_t leaf, struct buffer *b, struct bytes *out)
{
    proposal_write(b, &(struct proposal){.type = MLS_PROPOSAL_REMOVE, .removed = leaf});
    return buffer_end(b, out);
}

enum result group_propose_remove(struct group *group, const struct random *random, uint32_t leaf,
                                 struct bytes authenticated_data, struct buffer *message)
{
    uint8_t signature[MLS_SIGNATURE_LEN], ref[MLS_HASH_LEN];
    struct epoch *epoch = group->epoch;
    struct content content = {
        .wire_format = MLS_PRIVATE_MESSAGE,
        .group_id = epoch->group_id,
        .epoch = epoch->number,
        .sender_type = MLS_SENDER_MEMBER,
        .sender = epoch_own_leaf(epoch),
        .authenticated_data = authenticated_data,
        .type = MLS_PROPOSAL,
        .signature = BYTES_OF(signature),
    };
    struct waiting *waiting = NULL;
    struct buffer body = {0};
    enum result res = group_must_be_active(group);

    if (res == OK && tree_leaf(&epoch->tree, leaf) == NULL)
        res = E_NOT_FOUND;
    if (res == OK && group->waiting_count == GROUP_PROPOSALS_MAX)
        res = E_TOO_LARGE;
    if (res == OK)
        res = write_remove(leaf, &body, &content.body);
    if (res == OK)
        res = content_sign(&content, epoch_context(epoch), group->seed, signature);
    if (res == OK)
        res = content_ref(&content, ref);
    if (res == OK)
        res = waiting_new(&content, ref, &waiting);
    if (res == OK)
        res = private_protect(&content, epoch->suite, epoch->messages, epoch->secrets.sender_data,
                              group->rules.padding, random, message);
    /* Our own message does not come back readable, so our proposal waits from now on. */
    if (res == OK)
        res = waiting_add(group, waiting);
    if (res != OK)
        waiting_free_all(waiting);
    buffer_free(&body);
    return res;
}

/* --- What there is --- */

enum result group_psk(struct group *group, struct bytes id, struct bytes psk)
{
    return psk_store_add(&group->psks, id, psk);
}

struct psk_sources group_psk_sources(const struct group *group)
{
    return (struct psk_sources){&group->psks, group->epoch->group_id, group->resumptions,
                                group->resumption_count};
}

enum result group_export(const struct group *group, struct bytes label, struct bytes context,
                         struct bytes_mut out)
{
    if (group->epoch->exporter_erased)
        return E_NO_KEY;
    return schedule_export(group->epoch->secrets.exporter, label, context, out);
}

void group_erase_exporter(struct group *group)
{
    wipe(group->epoch->secrets.exporter, sizeof group->epoch->secrets.exporter);
    group->epoch->exporter_erased = true;
}

uint16_t group_suite(const struct group *group)
{
    return group->epoch->suite;
}

struct bytes group_id(const struct group *group)
{
    return group->epoch->group_id;
}

uint64_t group_epoch(const struct group *group)
{
    return group->epoch->number;
}

struct bytes group_epoch_authenticator(const struct group *group)
{
    return BYTES_OF(group->epoch->secrets.authenticator);
}

struct bytes group_tree_hash(const struct group *group)
{
    return BYTES_OF(group->epoch->tree_hash);
}

uint32_t group_own_leaf(const struct group *group)
{
    return epoch_own_leaf(group->epoch);
}

bool group_is_active(const struct group *group)
{
    return group->phase == GROUP_ACTIVE;
}

uint32_t group_leaf_limit(const struct group *group)
{
    return tree_leaf_limit(&group->epoch->tree);
}

uint32_t group_member_count(const struct group *group)
{
    uint32_t count = 0;

    for (uint32_t leaf = 0; leaf < group_leaf_limit(group); leaf++)
        count += group_member(group, leaf) != NULL;
    return count;
}

const struct leaf_node *group_member(const struct group *group, uint32_t leaf)
{
    return tree_leaf(&group->epoch->tree, leaf);
}

struct bytes group_context(const struct group *group)
{
    return group->epoch->extensions;
}

enum result group_context_extension(const struct group *group, uint16_t type, struct bytes *data)
{
    return extension_find(group->epoch->extensions, type, data);
}

enum result group_tree_write(const struct group *group, struct buffer *b)
{
    tree_write(b, &group->epoch->tree);
    return buffer_end(b, NULL);
}

enum result group_sign(const struct group *group, struct bytes label, struct bytes content,
                       uint8_t out[static MLS_SIGNATURE_LEN])
{
    return label_sign(group->seed, label, content, out);
}

enum result group_verify(const struct group *group, uint32_t leaf, struct bytes label, struct bytes content,
                         struct bytes signature)
{
    const struct leaf_node *member = group_member(group, leaf);

    return member == NULL ? E_NOT_FOUND : label_verify(member->signature_key, label, content, signature);
}
