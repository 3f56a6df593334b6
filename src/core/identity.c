#include "core/group_state.h"

static bool has_type(const struct group_types *types, uint16_t type)
{
    for (size_t i = 0; i < types->count; i++)
        if (types->at[i] == type)
            return true;
    return false;
}

static bool is_default(uint16_t type)
{
    return type >= MLS_EXTENSION_APPLICATION_ID && type <= MLS_EXTENSION_EXTERNAL_SENDERS;
}

static void write_types(struct buffer *b, const struct group_types *types)
{
    size_t mark = buffer_open(b);

    for (size_t i = 0; i < types->count; i++)
        buffer_u16(b, types->at[i]);
    buffer_close(b, mark);
}

static void write_extension(struct buffer *b, uint16_t type, struct bytes data)
{
    buffer_u16(b, type);
    buffer_vector(b, data);
}

static enum result write_required(struct buffer *b, const struct group_types *required)
{
    const struct group_types none = {0};
    struct buffer data = {0};
    enum result res;

    write_types(&data, required);
    write_types(&data, &none); /* proposals */
    write_types(&data, &none); /* credentials */
    res = buffer_end(&data, NULL);
    if (res == OK)
        write_extension(b, MLS_EXTENSION_REQUIRED_CAPABILITIES, buffer_bytes(&data));
    buffer_free(&data);
    return res;
}

enum result extensions_write(const struct group_extensions *extensions, const struct group_types *required,
                             const struct group_types *supported, struct buffer *out)
{
    enum result res = OK;

    if (extensions->count >= MLS_EXTENSIONS_MAX)
        return E_REFUSED;
    for (size_t i = 0; i < required->count; i++)
        if (!has_type(supported, required->at[i]))
            return E_REFUSED;
    if (required->count != 0)
        res = write_required(out, required);
    for (size_t i = 0; i < extensions->count && res == OK; i++) {
        uint16_t type = extensions->at[i].type;

        if (!is_default(type) && !has_type(supported, type))
            res = E_REFUSED;
        for (size_t k = 0; k < i; k++)
            if (extensions->at[k].type == type)
                res = E_REFUSED;
        write_extension(out, type, extensions->at[i].data);
    }
    return res == OK ? buffer_end(out, NULL) : res;
}

/* The content of a list, in the arena. */
static enum result keep(struct buffer *b, struct arena *arena, struct bytes *out)
{
    enum result res = buffer_end(b, NULL);

    if (res == OK)
        res = arena_copy(arena, buffer_bytes(b), out);
    buffer_free(b);
    return res;
}

enum result identity_leaf(const struct group_identity *identity, struct arena *arena, struct leaf_node *out)
{
    static const uint8_t versions[] = {0, MLS_VERSION_10};
    static const uint8_t suites[] = {0, MLS_SUITE_CHACHA20_POLY1305, 0, MLS_SUITE_AES_128_GCM};
    static const uint8_t credentials[] = {0, MLS_CREDENTIAL_BASIC};
    const struct group_types none = {0};
    uint8_t public_key[MLS_KEY_LEN];
    struct buffer b = {0};
    enum result res;

    *out = (struct leaf_node){
        .credential_type = MLS_CREDENTIAL_BASIC,
        .credential = identity->credential,
        .capabilities = {.versions = BYTES_OF(versions),
                         .suites = BYTES_OF(suites),
                         .credentials = BYTES_OF(credentials)},
    };
    res = crypto_ed25519_public(identity->signature_seed, public_key);
    if (res == OK)
        res = arena_copy(arena, BYTES_OF(public_key), &out->signature_key);
    for (size_t i = 0; i < identity->supported.count; i++)
        buffer_u16(&b, identity->supported.at[i]);
    if (res == OK)
        res = keep(&b, arena, &out->capabilities.extensions);
    if (res == OK)
        res = extensions_write(&identity->extensions, &none, &identity->supported, &b);
    if (res == OK)
        res = keep(&b, arena, &out->extensions);
    buffer_free(&b);
    return res;
}
