#include "core/group_state.h"

#include "core/joining.h"
#include "core/label.h"

#include <stdlib.h>
#include <string.h>

/* A commit in the making. */
struct making {
    struct group *group;
    const struct random *random;
    const struct group_change *wanted;
    struct arena arena;
    struct change change;
    const struct waiting **by_reference; /* per item; NULL where it goes by value */
    struct buffer extensions;            /* of the context to be */
    struct buffer own_extensions;        /* of the own leaf to be */

    struct tree tree;
    struct path_making path;
    struct buffer body;     /* the Commit */
    struct content content; /* around it */
    uint8_t signature[MLS_SIGNATURE_LEN];
    uint8_t psk_secret[MLS_HASH_LEN], joiner[MLS_HASH_LEN];
    struct own_commit *own;
};

static void making_free(struct making *making)
{
    tree_free(&making->tree);
    buffer_free(&making->body);
    buffer_free(&making->extensions);
    buffer_free(&making->own_extensions);
    if (making->own != NULL) {
        outcome_free(&making->own->outcome);
        free(making->own);
    }
    arena_free(&making->arena);
    wipe(making, sizeof *making);
}

/* --- Who can be added --- */

enum result group_may_add(const struct group *group, struct bytes key_package, uint64_t now,
                          struct leaf_node *leaf)
{
    const struct epoch *epoch = group->epoch;
    struct mls_message read;
    enum result res = mls_message_read(key_package, &read);

    if (res == OK && read.wire_format != MLS_KEY_PACKAGE)
        res = E_MALFORMED;
    if (res == OK)
        res = key_package_check(&read.package, epoch->suite, epoch->extensions, now,
                                group->rules.lifetime_max_s, 0);
    if (res == OK)
        res = tree_check_newcomer(&epoch->tree, &read.package.leaf);
    if (res == OK)
        *leaf = read.package.leaf;
    return res;
}

/* --- The list of proposals --- */

static struct change_item *next_item(struct making *making, const struct waiting *waiting)
{
    struct change *change = &making->change;
    struct change_item *item = &change->items[change->count];

    making->by_reference[change->count++] = waiting;
    item->sender_type = waiting == NULL ? MLS_SENDER_MEMBER : waiting->sender_type;
    item->sender = waiting == NULL ? change->committer : waiting->sender;
    return item;
}

/* The leaf that a waiting Remove or Update speaks of. */
static uint32_t leaf_of(const struct waiting *waiting)
{
    return waiting->proposal.type == MLS_PROPOSAL_UPDATE ? waiting->sender : waiting->proposal.removed;
}

static bool is_about(const struct waiting *waiting, uint16_t type, uint32_t leaf)
{
    return waiting->proposal.type == type && leaf_of(waiting) == leaf;
}

/* Of several that speak of one leaf a Remove is preferred, then the newest Update (section 12.2). */
static bool is_outdone(const struct group *group, const struct waiting *waiting)
{
    uint32_t leaf = leaf_of(waiting);
    bool behind = false;

    if (waiting->proposal.type == MLS_PROPOSAL_UPDATE) {
        for (const struct waiting *other = group->waiting; other != NULL; other = other->next) {
            if (is_about(other, MLS_PROPOSAL_REMOVE, leaf) ||
                (behind && is_about(other, MLS_PROPOSAL_UPDATE, leaf)))
                return true;
            behind = behind || other == waiting;
        }
        return false;
    }
    for (const struct waiting *other = group->waiting; other != waiting; other = other->next)
        if (is_about(other, MLS_PROPOSAL_REMOVE, leaf))
            return true;
    return false;
}

static bool wants_removed(const struct group_change *wanted, uint32_t leaf)
{
    for (size_t i = 0; i < wanted->remove_count; i++)
        if (wanted->removes[i] == leaf)
            return true;
    return false;
}

/* Others' Removes and Updates go along. Proposals of other kinds are left to a commit of whoever wants them:
 * they need the judgement of the layer above, which can pass them by value. */
static void take_waiting(struct making *making)
{
    const struct group *group = making->group;

    for (const struct waiting *waiting = group->waiting; waiting != NULL; waiting = waiting->next) {
        uint16_t type = waiting->proposal.type;

        if (type != MLS_PROPOSAL_REMOVE && type != MLS_PROPOSAL_UPDATE)
            continue;
        if (leaf_of(waiting) == making->change.committer || is_outdone(group, waiting))
            continue;
        if (type == MLS_PROPOSAL_UPDATE && wants_removed(making->wanted, leaf_of(waiting)))
            continue;
        next_item(making, waiting)->proposal = waiting->proposal;
    }
}

/* A leaf whose removal was proposed already goes by that proposal, which says who asked for it. */
static bool is_taken(const struct change *change, uint32_t leaf)
{
    for (size_t i = 0; i < change->count; i++)
        if (change->items[i].proposal.type == MLS_PROPOSAL_REMOVE &&
            change->items[i].proposal.removed == leaf)
            return true;
    return false;
}

static enum result take_add(struct making *making, struct bytes message)
{
    struct mls_message read;
    struct change_item *item;
    enum result res = mls_message_read(message, &read);

    if (res != OK)
        return res;
    if (read.wire_format != MLS_KEY_PACKAGE)
        return E_MALFORMED;
    item = next_item(making, NULL);
    item->proposal = (struct proposal){.type = MLS_PROPOSAL_ADD, .add = read.package};
    return OK;
}

static const struct leaf_node *own_leaf(const struct making *making)
{
    return tree_leaf(&making->group->epoch->tree, making->change.committer);
}

/* Appends to a list. The same reader that judges others' lists judges ours: a type twice, too many. */
static enum result write_wanted(const struct making *making, const struct group_extensions *wanted,
                                struct buffer *b)
{
    struct buffer whole = {0};
    struct reader r;
    enum result res;

    for (size_t i = 0; i < wanted->count; i++) {
        if (!leaf_supports_extension(own_leaf(making), wanted->at[i].type))
            return E_REFUSED;
        buffer_u16(b, wanted->at[i].type);
        buffer_vector(b, wanted->at[i].data);
    }
    res = buffer_end(b, NULL);
    if (res != OK)
        return res;
    buffer_vector(&whole, buffer_bytes(b));
    res = buffer_end(&whole, NULL);
    r = reader_on(buffer_bytes(&whole));
    extensions_read(&r);
    if (res == OK && reader_end(&r) != OK)
        res = E_REFUSED;
    buffer_free(&whole);
    return res;
}

static enum result take_context(struct making *making)
{
    const struct epoch *epoch = making->group->epoch;
    struct buffer *b = &making->extensions;
    struct bytes required;
    enum result res;

    if (extension_find(epoch->extensions, MLS_EXTENSION_REQUIRED_CAPABILITIES, &required) == OK) {
        buffer_u16(b, MLS_EXTENSION_REQUIRED_CAPABILITIES);
        buffer_vector(b, required);
    }
    res = write_wanted(making, making->wanted->context, b);
    if (res == OK)
        next_item(making, NULL)->proposal =
            (struct proposal){.type = MLS_PROPOSAL_CONTEXT_EXTENSIONS, .extensions = buffer_bytes(b)};
    return res;
}

static enum result collect(struct making *making)
{
    const struct group_change *wanted = making->wanted;
    struct change *change = &making->change;
    size_t room = making->group->waiting_count + wanted->add_count + wanted->remove_count + 1;
    enum result res = OK;

    change->items = arena_array(&making->arena, room, sizeof *change->items);
    change->added = arena_array(&making->arena, room, sizeof *change->added);
    making->by_reference = arena_array(&making->arena, room, sizeof(const struct waiting *));
    if (change->items == NULL || change->added == NULL || making->by_reference == NULL)
        return E_NO_MEMORY;
    take_waiting(making);
    for (size_t i = 0; i < wanted->remove_count; i++)
        if (!is_taken(change, wanted->removes[i]))
            next_item(making, NULL)->proposal =
                (struct proposal){.type = MLS_PROPOSAL_REMOVE, .removed = wanted->removes[i]};
    for (size_t i = 0; i < wanted->add_count && res == OK; i++)
        res = take_add(making, wanted->adds[i]);
    if (res == OK && wanted->context != NULL)
        res = take_context(making);
    if (res == OK && wanted->own != NULL)
        res = write_wanted(making, wanted->own, &making->own_extensions);
    return res;
}

/* --- The Commit --- */

static enum result write_commit(struct making *making, struct bytes path)
{
    struct buffer *b = &making->body;
    size_t mark = buffer_open(b);

    for (size_t i = 0; i < making->change.count; i++) {
        const struct waiting *waiting = making->by_reference[i];
        struct proposal_or_ref item = {.by_reference = waiting != NULL};

        if (waiting != NULL)
            item.reference = BYTES_OF(waiting->ref);
        else
            item.proposal = making->change.items[i].proposal;
        proposal_or_ref_write(b, &item);
    }
    buffer_close(b, mark);
    buffer_u8(b, 1);
    buffer_put(b, path);
    return buffer_end(b, NULL);
}

static enum result make_path(struct making *making, uint64_t now)
{
    struct group *group = making->group;
    const struct epoch *epoch = group->epoch;
    struct change *change = &making->change;
    struct leaf_node says = *own_leaf(making);
    struct buffer context = {0}, path = {0};
    enum result res;

    if (making->wanted->own != NULL)
        says.extensions = buffer_bytes(&making->own_extensions);
    res = change_check(epoch, change, &group->rules, now, 0);
    if (res == OK)
        res = tree_clone(&epoch->tree, &making->tree);
    if (res == OK)
        res = change_apply(change, &making->tree);
    if (res == OK)
        res = path_make(&making->tree, change->committer, &says, epoch->group_id, group->seed, making->random,
                        &making->path);
    if (res == OK)
        res = change_check_tree(epoch, change, &making->tree);
    if (res == OK)
        res = epoch_provisional(epoch, &making->tree, change->extensions, &context);
    if (res == OK)
        res = path_seal(&making->tree, &making->path, epoch->suite, buffer_bytes(&context), change->added,
                        change->added_count, making->random, &path);
    if (res == OK)
        res = write_commit(making, buffer_bytes(&path));
    buffer_free(&context);
    buffer_free(&path);
    return res;
}

static enum result sign(struct making *making)
{
    const struct epoch *epoch = making->group->epoch;
    enum result res;

    making->content = (struct content){
        .wire_format = MLS_PRIVATE_MESSAGE,
        .group_id = epoch->group_id,
        .epoch = epoch->number,
        .sender_type = MLS_SENDER_MEMBER,
        .sender = making->change.committer,
        .authenticated_data = making->wanted->authenticated_data,
        .type = MLS_COMMIT,
        .body = buffer_bytes(&making->body),
    };
    res = content_sign(&making->content, epoch_context(epoch), making->group->seed, making->signature);
    making->content.signature = BYTES_OF(making->signature);
    return res;
}

/* The next epoch, and what will be seen of the commit when it comes back. */
static enum result stage(struct making *making)
{
    const struct group *group = making->group;
    const struct epoch *epoch = group->epoch;
    const struct psk_sources sources = group_psk_sources(group);
    struct opened *view;
    struct epoch *next;
    enum result res;

    making->own = calloc(1, sizeof *making->own);
    if (making->own == NULL)
        return E_NO_MEMORY;
    view = &making->own->view;
    res = change_psk_secret(&making->change, &sources, making->psk_secret);
    if (res == OK)
        res = epoch_next(epoch,
                         &(struct epoch_step){.init = epoch->secrets.init,
                                              .commit_secret = making->path.commit_secret,
                                              .psk_secret = making->psk_secret,
                                              .commit = &making->content,
                                              .extensions = making->change.extensions,
                                              .keys = &making->path.keys},
                         &making->tree, making->joiner, &making->own->outcome.next);
    if (res != OK)
        return res;
    next = making->own->outcome.next;
    making->content.confirmation_tag = BYTES_OF(next->confirmation_tag);
    path_keys_prune(&next->keys, &next->tree);
    *view = (struct opened){
        .kind = OPENED_COMMIT,
        .sender_type = MLS_SENDER_MEMBER,
        .sender = making->change.committer,
        .own = true,
        .epoch = next->number,
    };
    res = view_fill(view, &making->own->outcome.arena, &making->change, true, &next->tree);
    if (res == OK)
        res = arena_copy(&making->own->outcome.arena, making->wanted->authenticated_data,
                         &view->authenticated_data);
    return res;
}

/* --- The Welcome --- */

static enum result seal_info(const struct making *making, struct buffer *sealed)
{
    const struct epoch *next = making->own->outcome.next;
    uint8_t signature[MLS_SIGNATURE_LEN];
    struct group_info info = {
        .confirmation_tag = BYTES_OF(next->confirmation_tag),
        .signer = making->change.committer,
    };
    struct reader r = reader_on(epoch_context(next));
    struct message_key key;
    struct buffer body = {0};
    enum result res;

    group_context_read(&r, &info.context);
    group_info_write_body(&body, &info);
    res = buffer_end(&body, NULL);
    if (res == OK)
        res = label_sign(making->group->seed, BYTES_TEXT("GroupInfoTBS"), buffer_bytes(&body), signature);
    info.signature = BYTES_OF(signature);
    group_info_write(sealed, &info);
    buffer_zeros(sealed, MLS_TAG_LEN);
    if (res == OK)
        res = buffer_end(sealed, NULL);
    if (res == OK)
        res = welcome_key(making->joiner, making->psk_secret, next->suite, &key);
    if (res == OK)
        res = message_key_seal(next->suite, &key, (struct bytes){0}, sealed->at, sealed->len - MLS_TAG_LEN);
    wipe(&key, sizeof key);
    buffer_free(&body);
    return res;
}

static enum result seal_secrets(const struct making *making, const struct key_package *package, uint32_t leaf,
                                struct bytes sealed_info, struct buffer *out)
{
    unsigned level = leaves_meet(leaf, making->change.committer);
    struct group_secrets secrets = {
        .joiner_secret = BYTES_OF(making->joiner),
        .has_path_secret = true,
        .path_secret = BYTES_OF(making->path.secrets[level]),
    };
    uint8_t ref[MLS_HASH_LEN], kem[CRYPTO_X25519_LEN];
    struct buffer text = {0}, sealed = {0};
    enum result res;

    group_secrets_write(&text, &secrets);
    buffer_zeros(&sealed, text.len + MLS_TAG_LEN);
    res = buffer_end(&text, NULL);
    if (res == OK)
        res = buffer_end(&sealed, NULL);
    if (res == OK)
        res = key_package_ref(package, ref);
    if (res == OK)
        res = label_encrypt(making->random, making->group->epoch->suite, package->init_key.at,
                            BYTES_TEXT("Welcome"), sealed_info, buffer_bytes(&text), kem, sealed.at);
    if (res == OK)
        welcome_secrets_write(out,
                              &(struct welcome_secrets){BYTES_OF(ref), BYTES_OF(kem), buffer_bytes(&sealed)});
    buffer_free(&text);
    buffer_free(&sealed);
    return res;
}

static enum result write_welcome(const struct making *making, struct buffer *out)
{
    const struct change *change = &making->change;
    struct welcome welcome = {.suite = making->group->epoch->suite};
    struct buffer info = {0}, secrets = {0};
    size_t added = 0;
    enum result res = seal_info(making, &info);

    for (size_t i = 0; i < change->count && res == OK; i++)
        if (change->items[i].proposal.type == MLS_PROPOSAL_ADD)
            res = seal_secrets(making, &change->items[i].proposal.add, change->added[added++],
                               buffer_bytes(&info), &secrets);
    if (res == OK)
        res = buffer_end(&secrets, NULL);
    if (res == OK) {
        welcome.secrets = buffer_bytes(&secrets);
        welcome.sealed_info = buffer_bytes(&info);
        mls_message_head(out, MLS_WELCOME);
        welcome_write(out, &welcome);
        res = buffer_end(out, NULL);
    }
    buffer_free(&info);
    buffer_free(&secrets);
    return res;
}

/* --- All of it --- */

void group_committed_free(struct group_committed *committed)
{
    buffer_free(&committed->commit);
    buffer_free(&committed->welcome);
    buffer_free(&committed->tree);
}

static enum result write_out(struct making *making, struct group_committed *out)
{
    struct epoch *epoch = making->group->epoch;
    enum result res = OK;

    if (making->change.added_count != 0) {
        res = write_welcome(making, &out->welcome);
        tree_write(&out->tree, &making->own->outcome.next->tree);
        if (res == OK)
            res = buffer_end(&out->tree, NULL);
    }
    if (res == OK)
        res = private_protect(&making->content, epoch->suite, epoch->messages, epoch->secrets.sender_data,
                              making->group->rules.padding, making->random, &out->commit);
    if (res == OK) {
        struct bytes message = buffer_bytes(&out->commit);

        res = crypto_sha256(&message, 1, making->own->message_hash);
    }
    return res;
}

enum result group_commit(struct group *group, const struct random *random, const struct group_change *wanted,
                         uint64_t now, struct group_committed *out)
{
    struct making making = {
        .group = group,
        .random = random,
        .wanted = wanted,
        .change = {.committer = epoch_own_leaf(group->epoch)},
    };
    enum result res = group_must_be_active(group);

    *out = (struct group_committed){0};
    if (res == OK)
        res = collect(&making);
    if (res == OK)
        res = make_path(&making, now);
    if (res == OK)
        res = sign(&making);
    if (res == OK)
        res = stage(&making);
    if (res == OK)
        res = write_out(&making, out);
    if (res == OK) {
        group_drop_staged(group);
        group->own = making.own;
        making.own = NULL;
    } else {
        group_committed_free(out);
    }
    making_free(&making);
    return res;
}
