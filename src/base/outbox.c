#include "base/outbox.h"

#include <assert.h>
#include <string.h>

void outbox_start(struct outbox *box, struct bytes_mut room)
{
    box->room = room.at;
    box->size = room.len;
    outbox_clear(box);
}

void outbox_clear(struct outbox *box)
{
    box->used = 0;
    box->count = 0;
    box->full = false;
}

uint8_t *outbox_room(struct outbox *box, size_t size)
{
    if (box->count == OUTBOX_MESSAGES || box->size - box->used < size) {
        box->full = true;
        return NULL;
    }
    return box->room + box->used;
}

void outbox_keep(struct outbox *box, const struct address *to, size_t len)
{
    struct outbox_message *message = &box->messages[box->count];

    assert(box->count < OUTBOX_MESSAGES && len <= box->size - box->used);
    memset(&message->to, 0, sizeof message->to);
    if (to != NULL)
        message->to = *to;
    message->body = (struct bytes_mut){box->room + box->used, len};
    box->used += len;
    box->count++;
}

void outbox_put(struct outbox *box, const struct address *to, struct bytes b)
{
    uint8_t *room = outbox_room(box, b.len);

    if (room == NULL)
        return;
    if (b.len != 0)
        memcpy(room, b.at, b.len);
    outbox_keep(box, to, b.len);
}
