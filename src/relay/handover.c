#include "relay/handover.h"

#include <stdlib.h>
#include <string.h>

enum result relay_handover_start(struct relay_handover *h, size_t count, size_t item_len)
{
    size_t items = 1;

    while (items < count)
        items *= 2;
    h->items = calloc(items, item_len);
    if (h->items == NULL)
        return E_NO_MEMORY;
    h->item_len = item_len;
    h->mask = items - 1;
    atomic_init(&h->put, 0);
    atomic_init(&h->taken, 0);
    return OK;
}

void relay_handover_free(struct relay_handover *h)
{
    free(h->items);
    h->items = NULL;
}

enum result relay_handover_put(struct relay_handover *h, const void *item)
{
    size_t put = atomic_load_explicit(&h->put, memory_order_relaxed);

    if (put - atomic_load_explicit(&h->taken, memory_order_acquire) > h->mask)
        return E_AGAIN;
    memcpy(h->items + (put & h->mask) * h->item_len, item, h->item_len);
    atomic_store_explicit(&h->put, put + 1, memory_order_release);
    return OK;
}

bool relay_handover_take(struct relay_handover *h, void *item)
{
    size_t taken = atomic_load_explicit(&h->taken, memory_order_relaxed);

    if (taken == atomic_load_explicit(&h->put, memory_order_acquire))
        return false;
    memcpy(item, h->items + (taken & h->mask) * h->item_len, h->item_len);
    atomic_store_explicit(&h->taken, taken + 1, memory_order_release);
    return true;
}
