#include "core/group_state.h"

#include <stdlib.h>
#include <string.h>

enum result waiting_new(const struct content *content, const uint8_t ref[static MLS_HASH_LEN],
                        struct waiting **out)
{
    struct waiting *waiting;
    struct reader r;

    if (content->body.len > SIZE_MAX / 2)
        return E_NO_MEMORY;
    waiting = calloc(1, sizeof *waiting + content->body.len);
    if (waiting == NULL)
        return E_NO_MEMORY;
    memcpy(waiting->ref, ref, sizeof waiting->ref);
    waiting->sender_type = content->sender_type;
    waiting->sender = content->sender;
    waiting->len = content->body.len;
    if (content->body.len != 0)
        memcpy(waiting->encoded, content->body.at, content->body.len);
    r = reader_on(bytes(waiting->encoded, waiting->len));
    proposal_read(&r, &waiting->proposal);
    if (reader_end(&r) != OK) {
        free(waiting);
        return E_MALFORMED;
    }
    *out = waiting;
    return OK;
}

enum result waiting_add(struct group *group, struct waiting *waiting)
{
    struct waiting **last = &group->waiting;

    if (group->waiting_count == GROUP_PROPOSALS_MAX)
        return E_TOO_LARGE;
    while (*last != NULL)
        last = &(*last)->next;
    *last = waiting;
    group->waiting_count++;
    return OK;
}

const struct waiting *waiting_find(const struct group *group, struct bytes ref)
{
    for (const struct waiting *waiting = group->waiting; waiting != NULL; waiting = waiting->next)
        if (bytes_equal(BYTES_OF(waiting->ref), ref))
            return waiting;
    return NULL;
}

void waiting_free_all(struct waiting *waiting)
{
    while (waiting != NULL) {
        struct waiting *next = waiting->next;

        free(waiting);
        waiting = next;
    }
}
