#include "store/folder.h"
#include "store/store.h"

#include <stdlib.h>

struct store_relay {
    struct folder folder;
};

enum result store_relay_open(const char *folder, const struct random *random, struct store_relay **out,
                             const char **why)
{
    struct store_relay *s = calloc(1, sizeof *s);
    enum result res;

    *why = "out of memory";
    if (s == NULL)
        return E_NO_MEMORY;
    res = folder_open(&s->folder, FOLDER_RELAY, folder, random, why);
    if (res != OK) {
        store_relay_close(s);
        return res;
    }
    *why = NULL;
    *out = s;
    return OK;
}

const uint8_t *store_relay_key(const struct store_relay *s)
{
    return s->folder.key;
}

void store_relay_close(struct store_relay *s)
{
    if (s == NULL)
        return;
    folder_close(&s->folder);
    free(s);
}
