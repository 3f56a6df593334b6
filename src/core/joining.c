#include "core/joining.h"

#include "core/group_state.h"
#include "core/label.h"

#include <stdlib.h>
#include <string.h>

static enum result write_package(const struct key_package_order *order, const struct joining *joining,
                                 struct buffer *out)
{
    uint8_t signature[MLS_SIGNATURE_LEN];
    struct key_package package = {
        .version = MLS_VERSION_10,
        .suite = order->suite,
        .init_key = BYTES_OF(joining->init.public),
    };
    struct arena arena = {0};
    struct buffer leaf = {0}, body = {0};
    enum result res;

    res = identity_leaf(&order->identity, &arena, &package.leaf);
    package.leaf.encryption_key = BYTES_OF(joining->encryption.public);
    package.leaf.source = MLS_LEAF_KEY_PACKAGE;
    package.leaf.not_before = order->not_before;
    package.leaf.not_after = order->not_after;
    if (res == OK)
        res = leaf_write_signed(&leaf, &package.leaf, NULL, order->identity.signature_seed);
    if (res == OK) {
        struct reader r = reader_on(buffer_bytes(&leaf));

        leaf_read(&r, &package.leaf);
        key_package_write_body(&body, &package);
        res = buffer_end(&body, NULL);
    }
    if (res == OK)
        res = label_sign(order->identity.signature_seed, BYTES_TEXT("KeyPackageTBS"), buffer_bytes(&body),
                         signature);
    if (res == OK) {
        package.signature = BYTES_OF(signature);
        key_package_write(out, &package);
        res = buffer_end(out, NULL);
    }
    buffer_free(&leaf);
    buffer_free(&body);
    arena_free(&arena);
    return res;
}

enum result joining_package(const struct joining *joining, struct key_package *package)
{
    struct reader r = reader_on(buffer_bytes(&joining->package));

    key_package_read(&r, package);
    return reader_end(&r);
}

enum result key_package_new(const struct random *random, const struct key_package_order *order,
                            struct buffer *message, struct joining **out)
{
    struct joining *joining;
    struct key_package package;
    enum result res;

    if (!mls_suite_known(order->suite))
        return E_UNSUPPORTED;
    joining = calloc(1, sizeof *joining);
    if (joining == NULL)
        return E_NO_MEMORY;
    memcpy(joining->seed, order->identity.signature_seed, sizeof joining->seed);
    res = hpke_pair_new(random, &joining->init);
    if (res == OK)
        res = hpke_pair_new(random, &joining->encryption);
    if (res == OK)
        res = write_package(order, joining, &joining->package);
    if (res == OK)
        res = joining_package(joining, &package);
    if (res == OK)
        res = leaf_check(&package.leaf, order->suite, (struct bytes){0});
    if (res == OK)
        res = key_package_ref(&package, joining->ref);
    if (res == OK) {
        mls_message_head(message, MLS_KEY_PACKAGE);
        buffer_put(message, package.encoded);
        res = buffer_end(message, NULL);
    }
    if (res == OK)
        *out = joining;
    else
        joining_free(joining);
    return res;
}

enum result joining_from(const struct joining_parts *parts, struct joining **out)
{
    struct joining *joining = calloc(1, sizeof *joining);
    struct key_package package;
    enum result res;

    if (joining == NULL)
        return E_NO_MEMORY;
    memcpy(joining->seed, parts->signature_seed, sizeof joining->seed);
    buffer_put(&joining->package, parts->package);
    res = buffer_end(&joining->package, NULL);
    if (res == OK)
        res = hpke_pair_from(parts->init, &joining->init);
    if (res == OK)
        res = hpke_pair_from(parts->encryption, &joining->encryption);
    if (res == OK)
        res = joining_package(joining, &package);
    if (res == OK && (!bytes_equal(package.init_key, BYTES_OF(joining->init.public)) ||
                      !bytes_equal(package.leaf.encryption_key, BYTES_OF(joining->encryption.public))))
        res = E_REFUSED;
    if (res == OK)
        res = key_package_ref(&package, joining->ref);
    if (res == OK)
        *out = joining;
    else
        joining_free(joining);
    return res;
}

void joining_free(struct joining *joining)
{
    if (joining == NULL)
        return;
    psk_store_free(&joining->psks);
    buffer_free(&joining->package);
    wipe(joining, sizeof *joining);
    free(joining);
}

struct bytes joining_ref(const struct joining *joining)
{
    return BYTES_OF(joining->ref);
}

enum result joining_psk(struct joining *joining, struct bytes id, struct bytes psk)
{
    return psk_store_add(&joining->psks, id, psk);
}
