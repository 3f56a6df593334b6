#include "core/group_state.h"

#include <stdlib.h>
#include <string.h>

struct opened_staged {
    const struct group *group;
    uint64_t epoch; /* the one that it was opened in */
    bool applied;
    struct outcome outcome;  /* of a commit of somebody else */
    struct waiting *waiting; /* a proposal */

    struct bytes message; /* a copy, in the outcome's arena */
    struct buffer plain;  /* what a private message held */
    struct content content;
    struct sender_data sender;
};

void opened_free(struct opened *opened)
{
    if (opened == NULL)
        return;
    if (opened->staged != NULL) {
        outcome_free(&opened->staged->outcome);
        waiting_free_all(opened->staged->waiting);
        buffer_free(&opened->staged->plain);
        wipe(opened->staged, sizeof *opened->staged);
        free(opened->staged);
    }
    free(opened);
}

/* --- Whose message it is --- */

static enum result check_place(const struct epoch *epoch, struct bytes group_id, uint64_t number)
{
    if (!bytes_equal(group_id, epoch->group_id))
        return E_NOT_FOUND;
    if (number < epoch->number)
        return E_STALE;
    return number > epoch->number ? E_NO_KEY : OK;
}

static enum result check_member(const struct epoch *epoch, uint32_t leaf)
{
    if (leaf == epoch_own_leaf(epoch))
        return E_REPLAY;
    return tree_leaf(&epoch->tree, leaf) == NULL ? E_REFUSED : OK;
}

static enum result open_private(const struct epoch *epoch, const struct private_message *message,
                                struct opened_staged *staged)
{
    enum result res = check_place(epoch, message->group_id, message->epoch);

    if (res == OK)
        res = private_sender(message, epoch->suite, epoch->secrets.sender_data, &staged->sender);
    if (res == OK)
        res = check_member(epoch, staged->sender.leaf);
    if (res == OK)
        res = private_open(message, epoch->suite, epoch->messages, &staged->sender, &staged->plain,
                           &staged->content);
    if (res == OK)
        res = content_verify(&staged->content, epoch_context(epoch),
                             tree_leaf(&epoch->tree, staged->sender.leaf)->signature_key);
    return res;
}

/* Section 12.1.8.1. */
static enum result external_sender_key(const struct epoch *epoch, uint32_t number, struct bytes *key)
{
    struct bytes data, list;
    struct reader r;

    if (extension_find(epoch->extensions, MLS_EXTENSION_EXTERNAL_SENDERS, &data) != OK)
        return E_REFUSED;
    r = reader_on(data);
    list = reader_vector(&r);
    if (reader_end(&r) != OK)
        return E_MALFORMED;
    r = reader_on(list);
    for (uint32_t i = 0; reader_left(&r) != 0; i++) {
        struct bytes candidate;

        candidate = reader_vector(&r);
        reader_u16(&r);
        reader_vector(&r);
        if (r.failed)
            return E_MALFORMED;
        if (i == number) {
            *key = candidate;
            return OK;
        }
    }
    return E_REFUSED;
}

/* The key that an outsider's message must be signed by: section 6.1. */
static enum result outsider_key(const struct epoch *epoch, const struct content *content, struct bytes *key)
{
    struct reader r = reader_on(content->body);
    struct proposal proposal;
    struct commit commit;

    switch (content->sender_type) {
    case MLS_SENDER_EXTERNAL:
        return content->type == MLS_PROPOSAL ? external_sender_key(epoch, content->sender, key) : E_REFUSED;
    case MLS_SENDER_NEW_MEMBER_PROPOSAL:
        if (content->type != MLS_PROPOSAL)
            return E_REFUSED;
        proposal_read(&r, &proposal);
        if (proposal.type != MLS_PROPOSAL_ADD)
            return E_REFUSED;
        *key = proposal.add.leaf.signature_key;
        return OK;
    default:
        if (content->type != MLS_COMMIT)
            return E_REFUSED;
        commit_read(&r, &commit);
        if (!commit.has_path)
            return E_REFUSED;
        *key = commit.path.leaf.signature_key;
        return OK;
    }
}

static enum result open_public(const struct group *group, const struct public_message *message,
                               struct opened_staged *staged)
{
    const struct epoch *epoch = group->epoch;
    const struct content *content = &message->content;
    bool member = content->sender_type == MLS_SENDER_MEMBER;
    struct bytes key = {0};
    enum result res = check_place(epoch, content->group_id, content->epoch);

    if (res == OK && !(member ? group->rules.public_handshakes : group->rules.outsiders))
        res = E_REFUSED;
    if (res == OK && member) {
        res = check_member(epoch, content->sender);
        if (res == OK)
            res = public_check(message, epoch_context(epoch), epoch->secrets.membership);
        if (res == OK)
            key = tree_leaf(&epoch->tree, content->sender)->signature_key;
    } else if (res == OK) {
        res = outsider_key(epoch, content, &key);
    }
    if (res == OK)
        res = content_verify(content, epoch_context(epoch), key);
    if (res == OK)
        staged->content = *content;
    return res;
}

static enum result open_content(const struct group *group, struct opened_staged *staged)
{
    struct mls_message message;
    enum result res = mls_message_read(staged->message, &message);

    if (res != OK)
        return res;
    switch (message.wire_format) {
    case MLS_PRIVATE_MESSAGE:
        return open_private(group->epoch, &message.private, staged);
    case MLS_PUBLIC_MESSAGE:
        return open_public(group, &message.public, staged);
    }
    return E_MALFORMED;
}

/* --- A commit --- */

/* Puts the proposals of a commit side by side, those by reference out of the ones that wait. */
static enum result resolve(const struct group *group, const struct content *content,
                           const struct commit *commit, struct arena *arena, struct change *change)
{
    struct proposal_or_ref item;
    struct reader r = reader_on(commit->proposals);
    size_t count = 0;

    while (proposal_next(&r, &item))
        count++;
    change->external = content->sender_type == MLS_SENDER_NEW_MEMBER_COMMIT;
    change->committer = content->sender;
    change->items = arena_array(arena, count + 1, sizeof *change->items);
    change->added = arena_array(arena, count + 1, sizeof *change->added);
    if (change->items == NULL || change->added == NULL)
        return E_NO_MEMORY;

    r = reader_on(commit->proposals);
    while (proposal_next(&r, &item)) {
        struct change_item *to = &change->items[change->count++];
        const struct waiting *waiting = NULL;

        if (item.by_reference) {
            waiting = waiting_find(group, item.reference);
            /* A new member has seen no proposals to refer to (section 12.4.3.2). */
            if (change->external)
                return E_REFUSED;
            if (waiting == NULL)
                return E_NO_KEY;
        }
        to->proposal = waiting != NULL ? waiting->proposal : item.proposal;
        to->sender_type = waiting != NULL ? waiting->sender_type : content->sender_type;
        to->sender = waiting != NULL ? waiting->sender : content->sender;
    }
    return OK;
}

static bool removes(const struct change *change, uint32_t leaf)
{
    for (size_t i = 0; i < change->count; i++)
        if (change->items[i].proposal.type == MLS_PROPOSAL_REMOVE &&
            change->items[i].proposal.removed == leaf)
            return true;
    return false;
}

/* Whoever comes back in the place of its old leaf takes a new key, as by an Update (section 12.2). */
static bool takes_old_key(const struct epoch *epoch, const struct change *change,
                          const struct leaf_node *leaf)
{
    for (size_t i = 0; change->external && i < change->count; i++) {
        const struct proposal *proposal = &change->items[i].proposal;

        if (proposal->type == MLS_PROPOSAL_REMOVE &&
            bytes_equal(tree_leaf(&epoch->tree, proposal->removed)->encryption_key, leaf->encryption_key))
            return true;
    }
    return false;
}

static enum result merge_path(const struct epoch *epoch, const struct change *change,
                              const struct update_path *path, struct tree *tree)
{
    enum result res;

    if (path->leaf.source != MLS_LEAF_COMMIT || takes_old_key(epoch, change, &path->leaf))
        return E_REFUSED;
    res = leaf_check(&path->leaf, epoch->suite, change->extensions);
    if (res == OK)
        res = leaf_verify(&path->leaf, &(struct leaf_place){epoch->group_id, change->committer});
    if (res == OK)
        res = path_merge(tree, change->committer, path);
    return res;
}

/* The init secret that an external commit brings along. Section 8.3. */
static enum result external_init(const struct epoch *epoch, struct bytes kem, uint8_t out[static 32])
{
    struct hpke_context context;
    struct hpke_pair pair;
    enum result res = schedule_external_pair(epoch->secrets.external, &pair);

    if (res == OK)
        res =
            hpke_setup_receiver(mls_suite_aead(epoch->suite), &pair, kem, (struct bytes){0}, NULL, &context);
    if (res == OK)
        res = hpke_export(&context, BYTES_TEXT("MLS 1.0 external init secret"), out);
    wipe(&pair, sizeof pair);
    wipe(&context, sizeof context);
    return res;
}

/* Everything secret that the next epoch is made of. */
struct step_secrets {
    uint8_t init[MLS_HASH_LEN], commit[MLS_HASH_LEN], psk[MLS_HASH_LEN], joiner[MLS_HASH_LEN];
    struct path_keys keys;
};

static enum result open_path(const struct epoch *epoch, const struct change *change,
                             const struct update_path *path, struct tree *tree, struct step_secrets *secrets)
{
    struct buffer context = {0};
    enum result res = epoch_provisional(epoch, tree, change->extensions, &context);

    if (res == OK)
        res = path_open(tree, change->committer, path, epoch->suite, buffer_bytes(&context), change->added,
                        change->added_count, &secrets->keys, secrets->commit);
    buffer_free(&context);
    return res;
}

/* Takes the tree, on an error too. */
static enum result next_epoch(const struct group *group, const struct content *content,
                              const struct change *change, const struct commit *commit, struct tree *tree,
                              struct epoch **out)
{
    const struct psk_sources sources = group_psk_sources(group);
    const struct epoch *epoch = group->epoch;
    struct step_secrets secrets = {.keys = epoch->keys};
    struct epoch *next = NULL;
    enum result res = OK;

    path_keys_prune(&secrets.keys, tree);
    memcpy(secrets.init, epoch->secrets.init, sizeof secrets.init);
    if (commit->has_path)
        res = open_path(epoch, change, &commit->path, tree, &secrets);
    if (res == OK && change->external)
        res = external_init(epoch, change->kem, secrets.init);
    if (res == OK)
        res = change_psk_secret(change, &sources, secrets.psk);
    if (res == OK)
        res = epoch_next(epoch,
                         &(struct epoch_step){.init = secrets.init,
                                              .commit_secret = secrets.commit,
                                              .psk_secret = secrets.psk,
                                              .commit = content,
                                              .extensions = change->extensions,
                                              .keys = &secrets.keys},
                         tree, secrets.joiner, &next);
    if (res == OK && (content->confirmation_tag.len != MLS_HASH_LEN ||
                      !equal_secret(content->confirmation_tag.at, next->confirmation_tag, MLS_HASH_LEN)))
        res = E_FORGED;
    if (res == OK)
        *out = next;
    else
        epoch_free(next);
    tree_free(tree);
    wipe(&secrets, sizeof secrets);
    return res;
}

static enum result follow(const struct group *group, uint64_t now, struct opened *opened)
{
    struct opened_staged *staged = opened->staged;
    struct outcome *outcome = &staged->outcome;
    const struct content *content = &staged->content;
    const struct epoch *epoch = group->epoch;
    struct change change = {0};
    struct reader r = reader_on(content->body);
    struct tree tree = {0};
    struct commit commit;
    enum result res;

    commit_read(&r, &commit);
    res = reader_end(&r);
    if (res == OK)
        res = resolve(group, content, &commit, &outcome->arena, &change);
    if (res == OK)
        res = change_check(epoch, &change, &group->rules, now, GROUP_CLOCK_SLACK_S);
    if (res == OK && change.needs_path && !commit.has_path)
        res = E_REFUSED;
    if (res == OK)
        res = tree_clone(&epoch->tree, &tree);
    if (res == OK)
        res = change_apply(&change, &tree);
    if (res == OK && commit.has_path)
        res = merge_path(epoch, &change, &commit.path, &tree);
    if (res == OK)
        res = change_check_tree(epoch, &change, &tree);
    if (res == OK && removes(&change, epoch_own_leaf(epoch))) {
        /* The secrets are sealed to none of our keys: the signature must do. */
        opened->removes_us = true;
        outcome->phase = GROUP_REMOVED;
        outcome->tree = tree;
        tree = (struct tree){0};
    } else if (res == OK) {
        outcome->phase = change.reinit ? GROUP_CLOSED : GROUP_ACTIVE;
        res = next_epoch(group, content, &change, &commit, &tree, &outcome->next);
    }
    if (res == OK) {
        opened->sender = change.committer;
        opened->epoch = epoch->number + 1;
        res = view_fill(opened, &outcome->arena, &change, commit.has_path,
                        outcome->next != NULL ? &outcome->next->tree : &outcome->tree);
    }
    tree_free(&tree);
    return res;
}

/* --- A proposal --- */

static enum result take_proposal(const struct group *group, uint64_t now, struct opened *opened)
{
    struct opened_staged *staged = opened->staged;
    const struct content *content = &staged->content;
    struct reader r = reader_on(content->body);
    struct change_item item = {.sender_type = content->sender_type, .sender = content->sender};
    uint8_t ref[MLS_HASH_LEN];
    enum result res;

    proposal_read(&r, &item.proposal);
    res = reader_end(&r);
    if (res == OK)
        res = proposal_check(group->epoch, &item, group->epoch->extensions, &group->rules, now,
                             GROUP_CLOCK_SLACK_S);
    if (res == OK)
        res = content_ref(content, ref);
    if (res == OK)
        res = waiting_new(content, ref, &staged->waiting);
    if (res != OK)
        return res;
    opened->proposal_type = item.proposal.type;
    if (item.proposal.type == MLS_PROPOSAL_REMOVE)
        opened->proposal_removes = item.proposal.removed;
    return OK;
}

/* --- All of it --- */

static enum result take_content(struct group *group, uint64_t now, struct opened *opened)
{
    struct opened_staged *staged = opened->staged;
    const struct content *content = &staged->content;
    enum result res = OK;

    opened->sender_type = content->sender_type;
    opened->sender = content->sender;
    opened->authenticated_data = content->authenticated_data;
    switch (content->type) {
    case MLS_APPLICATION:
        opened->kind = OPENED_APPLICATION;
        opened->application = content->body;
        break;
    case MLS_PROPOSAL:
        opened->kind = OPENED_PROPOSAL;
        res = take_proposal(group, now, opened);
        break;
    case MLS_COMMIT:
        opened->kind = OPENED_COMMIT;
        return follow(group, now, opened);
    }
    /* Last, since from here on the group is another. */
    if (res == OK && content->wire_format == MLS_PRIVATE_MESSAGE)
        res = secret_tree_spend(group->epoch->messages, staged->sender.leaf, content_ratchet(content->type),
                                staged->sender.generation);
    return res;
}

static enum result is_own_commit(const struct group *group, struct bytes message, bool *own)
{
    uint8_t hash[MLS_HASH_LEN];
    enum result res = OK;

    *own = false;
    if (group->own == NULL)
        return OK;
    res = crypto_sha256(&message, 1, hash);
    if (res == OK)
        *own = bytes_equal(BYTES_OF(hash), BYTES_OF(group->own->message_hash));
    return res;
}

enum result group_open(struct group *group, struct bytes message, uint64_t now, struct opened **out)
{
    struct opened *opened;
    struct opened_staged *staged;
    enum result res = group_must_be_active(group);
    bool own;

    if (res != OK)
        return res;
    opened = calloc(1, sizeof *opened);
    staged = calloc(1, sizeof *staged);
    if (opened == NULL || staged == NULL) {
        free(opened);
        free(staged);
        return E_NO_MEMORY;
    }
    res = is_own_commit(group, message, &own);
    if (res == OK && own)
        *opened = group->own->view;
    opened->staged = staged;
    staged->group = group;
    staged->epoch = group->epoch->number;
    if (res == OK && !own) {
        res = arena_copy(&staged->outcome.arena, message, &staged->message);
        if (res == OK)
            res = open_content(group, staged);
        if (res == OK)
            res = take_content(group, now, opened);
    }
    if (res == OK)
        *out = opened;
    else
        opened_free(opened);
    return res;
}

enum result group_apply(struct group *group, struct opened *opened)
{
    struct opened_staged *staged = opened->staged;
    enum result res;

    if (staged->group != group || staged->epoch != group->epoch->number)
        return E_STALE;
    if (staged->applied || opened->kind == OPENED_APPLICATION || group->phase != GROUP_ACTIVE)
        return E_STATE;
    if (opened->kind == OPENED_PROPOSAL) {
        res = waiting_add(group, staged->waiting);
        if (res != OK)
            return res;
        staged->waiting = NULL;
    } else if (opened->own) {
        if (group->own == NULL)
            return E_STALE;
        group_advance(group, &group->own->outcome);
        group_drop_staged(group);
    } else {
        group_advance(group, &staged->outcome);
        group_drop_staged(group);
    }
    staged->applied = true;
    return OK;
}
