#include "core/group_state.h"

/* Room for a list of up to `count`, at least one, so that NULL means no memory. */
static void *list_of(struct arena *arena, size_t count, size_t size)
{
    return arena_array(arena, count == 0 ? 1 : count, size);
}

enum result view_fill(struct opened *view, struct arena *arena, const struct change *change, bool has_path,
                      const struct tree *after)
{
    struct opened_add *adds = list_of(arena, change->added_count, sizeof *adds);
    struct opened_remove *removes = list_of(arena, change->count, sizeof *removes);
    struct opened_update *updates = list_of(arena, change->count + 1, sizeof *updates);

    if (adds == NULL || removes == NULL || updates == NULL)
        return E_NO_MEMORY;
    for (size_t i = 0; i < change->added_count; i++)
        adds[i] = (struct opened_add){change->added[i], tree_leaf(after, change->added[i])};
    view->adds = adds;
    view->add_count = change->added_count;
    view->removes = removes;
    view->updates = updates;
    for (size_t i = 0; i < change->count; i++) {
        const struct change_item *item = &change->items[i];

        if (item->proposal.type == MLS_PROPOSAL_REMOVE)
            removes[view->remove_count++] =
                (struct opened_remove){item->proposal.removed, item->sender_type, item->sender};
        if (item->proposal.type == MLS_PROPOSAL_UPDATE)
            updates[view->update_count++] =
                (struct opened_update){item->sender, tree_leaf(after, item->sender)};
    }
    if (has_path)
        updates[view->update_count++] =
            (struct opened_update){change->committer, tree_leaf(after, change->committer)};
    view->reinit = change->reinit;
    view->new_context = change->new_extensions;
    return arena_copy(arena, change->extensions, &view->context);
}
