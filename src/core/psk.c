#include "core/psk.h"

#include <stdlib.h>
#include <string.h>

struct psk {
    struct psk *next;
    size_t id_len, len;
    uint8_t room[]; /* the id, then the PSK */
};

enum result psk_store_add(struct psk_store *store, struct bytes id, struct bytes psk)
{
    struct psk *made;

    if (id.len > SIZE_MAX / 4 || psk.len > SIZE_MAX / 4)
        return E_NO_MEMORY;
    made = malloc(sizeof *made + id.len + psk.len);
    if (made == NULL)
        return E_NO_MEMORY;
    made->id_len = id.len;
    made->len = psk.len;
    if (id.len != 0)
        memcpy(made->room, id.at, id.len);
    if (psk.len != 0)
        memcpy(made->room + id.len, psk.at, psk.len);
    made->next = store->first;
    store->first = made;
    return OK;
}

void psk_store_free(struct psk_store *store)
{
    while (store->first != NULL) {
        struct psk *next = store->first->next;

        wipe(store->first, sizeof *store->first + store->first->id_len + store->first->len);
        free(store->first);
        store->first = next;
    }
}

static enum result find(const struct psk_sources *sources, const struct psk_id *id, struct bytes *out)
{
    if (id->type == MLS_PSK_RESUMPTION) {
        for (size_t i = 0; i < sources->resumption_count; i++) {
            if (sources->resumptions[i].epoch == id->epoch && bytes_equal(sources->group_id, id->id)) {
                *out = BYTES_OF(sources->resumptions[i].psk);
                return OK;
            }
        }
        return E_NO_KEY;
    }
    for (const struct psk *psk = sources->store->first; psk != NULL; psk = psk->next) {
        if (bytes_equal(bytes(psk->room, psk->id_len), id->id)) {
            *out = bytes(psk->room + psk->id_len, psk->len);
            return OK;
        }
    }
    return E_NO_KEY;
}

enum result psk_mix(const struct psk_sources *sources, const struct psk_id *id, uint16_t index,
                    uint16_t count, uint8_t psk_secret[static 32])
{
    struct bytes psk;
    enum result res = find(sources, id, &psk);

    return res == OK ? schedule_psk(psk_secret, id, psk, index, count) : res;
}
