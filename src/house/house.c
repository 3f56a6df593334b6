#include "house/gathering.h"
#include "house/inside.h"
#include "house/relays.h"
#include "house/returning.h"
#include "house/schema.h"

#include "crypto/crypto.h"
#include "wire/envelope.h"

const struct store_schema *house_schema(void)
{
    static const char *const steps[] = {schema_sql, schema_2_sql, schema_3_sql};
    static const struct store_schema schema = {steps, sizeof steps / sizeof steps[0]};

    return &schema;
}

enum result house_new(const struct house_settings *settings, struct house **out)
{
    struct house *h = calloc(1, sizeof *h);
    enum result res = E_NO_MEMORY;

    if (h == NULL)
        return res;
    h->settings = *settings;
    h->store = settings->store;
    h->random = settings->random;
    h->due_ms = 0;
    h->plain = malloc(SIGNAL_BYTES);
    h->padded = malloc(SIGNAL_BYTES);
    h->list = malloc(SIGNAL_BYTES);
    h->sign_ups = calloc(CROWDS, sizeof *h->sign_ups);
    if (h->plain == NULL || h->padded == NULL || h->list == NULL || h->sign_ups == NULL)
        goto out;
    if (h->settings.sign_ups_each == 0)
        h->settings.sign_ups_each = HOUSE_SIGN_UPS_EACH;
    if (h->settings.rooms_each == 0)
        h->settings.rooms_each = HOUSE_ROOMS_EACH;
    random_fill(h->random, h->seed, sizeof h->seed);
    res = relays_begin(h);
    if (res == OK)
        res = names_new(&h->names);
    if (res == OK)
        res = crypto_ed25519_public(store_key(h->store), h->key);
    if (res == OK)
        res = returning_restore(h);
out:
    if (res != OK) {
        house_free(h);
        return res;
    }
    *out = h;
    return OK;
}

void house_free(struct house *h)
{
    if (h == NULL)
        return;
    if (h->unmount != NULL)
        h->unmount(h->mount);
    relays_end(h);
    /* A house that stops ends no media: sessions at a relay live until their tickets lapse. */
    h->settings.bus = NULL;
    while (h->sessions != NULL)
        session_free(h->sessions);
    while (h->gatherings != NULL)
        gathering_free(h->gatherings);
    names_free(h->names);
    free(h->plain);
    free(h->padded);
    free(h->list);
    free(h->sign_ups);
    free(h);
}

const uint8_t *house_key(const struct house *h)
{
    return h->key;
}

const char *house_media_url(const struct house *h)
{
    return h->relay.media_url;
}

int house_crowd(const struct house *h, const struct address *from)
{
    return crowd_of(from, h->seed, CROWDS);
}

uint64_t house_unix_ms(const struct house *h)
{
    return h->settings.unix_ms(h->settings.unix_self);
}

enum result house_conclude(struct house *h, enum result res)
{
    if (res == OK)
        return store_commit(h->store);
    store_rollback(h->store);
    return res;
}

enum result house_verify(const struct house *h, const uint8_t key[static 32], const char *label,
                         const uint8_t *room, struct bytes content, const uint8_t signature[static 64])
{
    uint8_t signed_bytes[ENVELOPE_SIGNED_BYTES];
    struct bytes message;
    enum result res = envelope_signed(label, h->key, room, content,
                                      (struct bytes_mut){signed_bytes, sizeof signed_bytes}, &message);

    if (res != OK)
        return res;
    return crypto_ed25519_verify(key, message, bytes(signature, 64));
}
