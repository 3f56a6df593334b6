#include "core/epoch.h"

#include <stdlib.h>
#include <string.h>

struct bytes epoch_context(const struct epoch *epoch)
{
    return buffer_bytes(&epoch->context);
}

uint32_t epoch_own_leaf(const struct epoch *epoch)
{
    return epoch->keys.leaf;
}

void epoch_free(struct epoch *epoch)
{
    if (epoch == NULL)
        return;
    secret_tree_free(epoch->messages);
    tree_free(&epoch->tree);
    buffer_free(&epoch->context);
    arena_free(&epoch->arena);
    wipe(epoch, sizeof *epoch);
    free(epoch);
}

void epoch_forget(struct epoch *epoch)
{
    secret_tree_free(epoch->messages);
    epoch->messages = NULL;
    wipe(&epoch->secrets, sizeof epoch->secrets);
    wipe(epoch->keys.secrets, sizeof epoch->keys.secrets);
    epoch->keys.known = 0;
    epoch->exporter_erased = true;
}

static enum result write_context(struct epoch *epoch)
{
    group_context_write(&epoch->context,
                        &(struct group_context){
                            .version = MLS_VERSION_10,
                            .suite = epoch->suite,
                            .group_id = epoch->group_id,
                            .epoch = epoch->number,
                            .tree_hash = BYTES_OF(epoch->tree_hash),
                            .confirmed_transcript_hash = bytes(epoch->confirmed_hash, epoch->confirmed_len),
                            .extensions = epoch->extensions,
                        });
    return buffer_end(&epoch->context, NULL);
}

enum result epoch_new(const struct epoch_start *start, struct tree *tree, struct epoch **out)
{
    struct epoch *epoch = calloc(1, sizeof *epoch);
    enum result res;

    if (epoch == NULL || start->confirmed_hash.len > sizeof epoch->confirmed_hash) {
        tree_free(tree);
        free(epoch);
        return epoch == NULL ? E_NO_MEMORY : E_MALFORMED;
    }
    epoch->tree = *tree;
    *tree = (struct tree){0};
    epoch->suite = start->suite;
    epoch->number = start->number;
    epoch->keys = *start->keys;
    epoch->confirmed_len = start->confirmed_hash.len;
    if (start->confirmed_hash.len != 0)
        memcpy(epoch->confirmed_hash, start->confirmed_hash.at, start->confirmed_hash.len);

    res = arena_copy(&epoch->arena, start->group_id, &epoch->group_id);
    if (res == OK)
        res = arena_copy(&epoch->arena, start->extensions, &epoch->extensions);
    if (res == OK)
        res = tree_root_hash(&epoch->tree, epoch->tree_hash);
    if (res == OK)
        res = write_context(epoch);
    if (res == OK)
        *out = epoch;
    else
        epoch_free(epoch);
    return res;
}

enum result epoch_key(struct epoch *epoch, struct schedule *secrets)
{
    struct bytes confirmed = bytes(epoch->confirmed_hash, epoch->confirmed_len);
    enum result res;

    epoch->secrets = *secrets;
    wipe(secrets, sizeof *secrets);
    res = secret_tree_new(epoch->suite, epoch->tree.depth, epoch->secrets.encryption, &epoch->messages);
    wipe(epoch->secrets.encryption, sizeof epoch->secrets.encryption);
    if (res == OK)
        res = schedule_confirmation_tag(epoch->secrets.confirmation, confirmed, epoch->confirmation_tag);
    wipe(epoch->secrets.confirmation, sizeof epoch->secrets.confirmation);
    if (res == OK)
        res = schedule_interim_hash(confirmed, BYTES_OF(epoch->confirmation_tag), epoch->interim_hash);
    return res;
}

enum result epoch_provisional(const struct epoch *epoch, struct tree *tree, struct bytes extensions,
                              struct buffer *out)
{
    uint8_t hash[MLS_HASH_LEN];
    enum result res = tree_root_hash(tree, hash);

    if (res != OK)
        return res;
    group_context_write(out,
                        &(struct group_context){
                            .version = MLS_VERSION_10,
                            .suite = epoch->suite,
                            .group_id = epoch->group_id,
                            .epoch = epoch->number + 1,
                            .tree_hash = BYTES_OF(hash),
                            .confirmed_transcript_hash = bytes(epoch->confirmed_hash, epoch->confirmed_len),
                            .extensions = extensions,
                        });
    return buffer_end(out, NULL);
}

static enum result confirmed_hash(const struct epoch *epoch, const struct content *commit,
                                  uint8_t out[static MLS_HASH_LEN])
{
    struct buffer input = {0};
    struct bytes content;
    enum result res;

    content_write_confirmed(&input, commit);
    res = buffer_end(&input, &content);
    if (res == OK)
        res = schedule_confirmed_hash(BYTES_OF(epoch->interim_hash), content, out);
    buffer_free(&input);
    return res;
}

enum result epoch_next(const struct epoch *epoch, const struct epoch_step *step, struct tree *tree,
                       uint8_t joiner[static 32], struct epoch **out)
{
    uint8_t confirmed[MLS_HASH_LEN];
    struct epoch_start start = {
        .suite = epoch->suite,
        .number = epoch->number + 1,
        .group_id = epoch->group_id,
        .extensions = step->extensions,
        .confirmed_hash = BYTES_OF(confirmed),
        .keys = step->keys,
    };
    struct epoch *next = NULL;
    struct schedule secrets;
    enum result res =
        epoch->number == UINT64_MAX ? E_TOO_LARGE : confirmed_hash(epoch, step->commit, confirmed);

    if (res != OK) {
        tree_free(tree);
        return res;
    }
    res = epoch_new(&start, tree, &next);
    if (res == OK)
        res = schedule_joiner(step->init, step->commit_secret, epoch_context(next), joiner);
    if (res == OK)
        res = schedule_epoch(joiner, step->psk_secret, epoch_context(next), &secrets);
    if (res == OK)
        res = epoch_key(next, &secrets);
    if (res == OK)
        *out = next;
    else
        epoch_free(next);
    return res;
}
