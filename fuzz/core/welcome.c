/* A Welcome from anybody, and one from a member who means ill: a GroupSecrets and a GroupInfo, each after its
 * length of two bytes, and a tree, sealed to the joiner as they must be. */
#include "core/group_state.h"
#include "core/joining.h"
#include "core/label.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1700000000 };

static void fill(void *self, uint8_t *to, size_t len)
{
    uint32_t *state = self;

    for (size_t i = 0; i < len; i++) {
        *state = *state * 1664525 + 1013904223;
        to[i] = (uint8_t)(*state >> 24);
    }
}

static struct joining *joiner(struct random *random)
{
    static const uint8_t seed[32] = {1};
    struct joining *joining = NULL;
    struct buffer message = {0};
    struct key_package_order order = {
        .suite = MLS_SUITE_CHACHA20_POLY1305,
        .identity = {.signature_seed = seed, .credential = {(const uint8_t *)"x", 1}},
        .not_before = NOW,
        .not_after = NOW + 600,
    };

    if (crypto_start() != OK || key_package_new(random, &order, &message, &joining) != OK)
        abort();
    buffer_free(&message);
    return joining;
}

static void try(struct joining *joining, struct bytes welcome, struct bytes tree)
{
    const struct group_rules rules = {0};
    struct group *group = NULL;

    if (group_join(joining, &rules, welcome, tree, &group) == OK)
        group_free(group);
}

/* Seals the GroupInfo where the secrets say how. */
static enum result seal_info(struct bytes secrets, struct bytes info, struct buffer *out)
{
    const uint8_t no_psk[MLS_HASH_LEN] = {0};
    struct reader r = reader_on(secrets);
    struct group_secrets read;
    struct message_key key;
    enum result res;

    group_secrets_read(&r, &read);
    if (r.failed || read.joiner_secret.len != MLS_HASH_LEN)
        return E_MALFORMED;
    buffer_put(out, info);
    buffer_zeros(out, MLS_TAG_LEN);
    res = buffer_end(out, NULL);
    if (res == OK)
        res = welcome_key(read.joiner_secret.at, no_psk, MLS_SUITE_CHACHA20_POLY1305, &key);
    if (res == OK)
        res = message_key_seal(MLS_SUITE_CHACHA20_POLY1305, &key, (struct bytes){0}, out->at, info.len);
    return res;
}

static void sealed(struct joining *joining, struct random *random, struct bytes data)
{
    struct reader r = reader_on(data);
    struct buffer info = {0}, text = {0}, secrets = {0}, message = {0};
    struct bytes plain_secrets, plain_info, tree;
    uint8_t kem[CRYPTO_X25519_LEN];

    plain_secrets = reader_run16(&r);
    plain_info = reader_run16(&r);
    tree = reader_take(&r, reader_left(&r));
    buffer_zeros(&text, plain_secrets.len + MLS_TAG_LEN);
    if (!r.failed && buffer_end(&text, NULL) == OK && seal_info(plain_secrets, plain_info, &info) == OK &&
        label_encrypt(random, MLS_SUITE_CHACHA20_POLY1305, joining->init.public, BYTES_TEXT("Welcome"),
                      buffer_bytes(&info), plain_secrets, kem, text.at) == OK) {
        welcome_secrets_write(
            &secrets, &(struct welcome_secrets){joining_ref(joining), BYTES_OF(kem), buffer_bytes(&text)});
        mls_message_head(&message, MLS_WELCOME);
        welcome_write(&message, &(struct welcome){MLS_SUITE_CHACHA20_POLY1305, buffer_bytes(&secrets),
                                                  buffer_bytes(&info)});
        try(joining, buffer_bytes(&message), tree);
    }
    buffer_free(&info);
    buffer_free(&text);
    buffer_free(&secrets);
    buffer_free(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t state = 1;
    struct random random = {fill, &state};
    struct joining *joining = joiner(&random);

    try(joining, bytes(data, size), (struct bytes){0});
    sealed(joining, &random, bytes(data, size));
    joining_free(joining);
    return 0;
}
