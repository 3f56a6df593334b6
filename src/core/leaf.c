#include "core/leaf.h"

#include "core/label.h"

/* --- Extensions --- */

bool extension_next(struct reader *r, uint16_t *type, struct bytes *data)
{
    if (reader_left(r) == 0)
        return false;
    *type = reader_u16(r);
    *data = reader_vector(r);
    return !r->failed;
}

struct bytes extensions_read(struct reader *r)
{
    struct bytes list = reader_vector(r), data;
    struct reader inner = reader_on(list);
    uint16_t types[MLS_EXTENSIONS_MAX], type;
    size_t count = 0;

    while (extension_next(&inner, &type, &data)) {
        for (size_t i = 0; i < count; i++)
            if (types[i] == type)
                reader_fail(r);
        if (count == MLS_EXTENSIONS_MAX || r->failed) {
            reader_fail(r);
            break;
        }
        types[count++] = type;
    }
    if (reader_end(&inner) != OK)
        reader_fail(r);
    return r->failed ? (struct bytes){0} : list;
}

enum result extension_find(struct bytes extensions, uint16_t type, struct bytes *data)
{
    struct reader r = reader_on(extensions);
    struct bytes found;
    uint16_t candidate;

    while (extension_next(&r, &candidate, &found)) {
        if (candidate == type) {
            *data = found;
            return OK;
        }
    }
    return E_NOT_FOUND;
}

/* --- Reading and writing --- */

static struct bytes u16_list(struct reader *r)
{
    struct bytes list = reader_vector(r);

    if (list.len % 2 != 0)
        reader_fail(r);
    return list;
}

static bool list_has(struct bytes list, uint16_t value)
{
    for (size_t i = 0; i + 1 < list.len; i += 2)
        if (list.at[i] == value >> 8 && list.at[i + 1] == (value & 0xff))
            return true;
    return false;
}

static void credential_read(struct reader *r, struct leaf_node *leaf)
{
    struct reader certificates;

    leaf->credential_type = reader_u16(r);
    leaf->credential = reader_vector(r);
    switch (leaf->credential_type) {
    case MLS_CREDENTIAL_BASIC:
        break;
    case MLS_CREDENTIAL_X509:
        certificates = reader_on(leaf->credential);
        while (reader_left(&certificates) != 0)
            reader_vector(&certificates);
        if (reader_end(&certificates) != OK)
            reader_fail(r);
        break;
    default: /* its shape is unknown, so nothing behind it can be read */
        reader_fail(r);
        break;
    }
}

void leaf_read(struct reader *r, struct leaf_node *leaf)
{
    const uint8_t *start = r->at;

    *leaf = (struct leaf_node){0};
    leaf->encryption_key = reader_vector(r);
    leaf->signature_key = reader_vector(r);
    credential_read(r, leaf);
    leaf->capabilities.versions = u16_list(r);
    leaf->capabilities.suites = u16_list(r);
    leaf->capabilities.extensions = u16_list(r);
    leaf->capabilities.proposals = u16_list(r);
    leaf->capabilities.credentials = u16_list(r);
    leaf->source = reader_u8(r);
    switch (leaf->source) {
    case MLS_LEAF_KEY_PACKAGE:
        leaf->not_before = reader_u64(r);
        leaf->not_after = reader_u64(r);
        break;
    case MLS_LEAF_UPDATE:
        break;
    case MLS_LEAF_COMMIT:
        leaf->parent_hash = reader_vector(r);
        break;
    default:
        reader_fail(r);
        break;
    }
    leaf->extensions = extensions_read(r);
    if (!r->failed)
        leaf->body = bytes(start, (size_t)(r->at - start));
    leaf->signature = reader_vector(r);
    if (!r->failed)
        leaf->encoded = bytes(start, (size_t)(r->at - start));
}

static void write_body(struct buffer *b, const struct leaf_node *leaf)
{
    buffer_vector(b, leaf->encryption_key);
    buffer_vector(b, leaf->signature_key);
    buffer_u16(b, leaf->credential_type);
    buffer_vector(b, leaf->credential);
    buffer_vector(b, leaf->capabilities.versions);
    buffer_vector(b, leaf->capabilities.suites);
    buffer_vector(b, leaf->capabilities.extensions);
    buffer_vector(b, leaf->capabilities.proposals);
    buffer_vector(b, leaf->capabilities.credentials);
    buffer_u8(b, leaf->source);
    if (leaf->source == MLS_LEAF_KEY_PACKAGE) {
        buffer_u64(b, leaf->not_before);
        buffer_u64(b, leaf->not_after);
    }
    if (leaf->source == MLS_LEAF_COMMIT)
        buffer_vector(b, leaf->parent_hash);
    buffer_vector(b, leaf->extensions);
}

void leaf_write(struct buffer *b, const struct leaf_node *leaf)
{
    write_body(b, leaf);
    buffer_vector(b, leaf->signature);
}

static void write_place(struct buffer *b, const struct leaf_node *leaf, const struct leaf_place *place)
{
    if (leaf->source == MLS_LEAF_KEY_PACKAGE)
        return;
    buffer_vector(b, place->group_id);
    buffer_u32(b, place->leaf);
}

enum result leaf_write_signed(struct buffer *b, const struct leaf_node *leaf, const struct leaf_place *place,
                              const uint8_t seed[static 32])
{
    uint8_t signature[MLS_SIGNATURE_LEN];
    struct buffer signed_part = {0};
    struct bytes content;
    enum result res;

    write_body(&signed_part, leaf);
    write_place(&signed_part, leaf, place);
    res = buffer_end(&signed_part, &content);
    if (res == OK)
        res = label_sign(seed, BYTES_TEXT("LeafNodeTBS"), content, signature);
    if (res == OK) {
        write_body(b, leaf);
        buffer_vector(b, BYTES_OF(signature));
        res = buffer_end(b, NULL);
    }
    buffer_free(&signed_part);
    return res;
}

/* --- Checks --- */

enum result leaf_verify(const struct leaf_node *leaf, const struct leaf_place *place)
{
    struct buffer signed_part = {0};
    struct bytes content;
    enum result res;

    buffer_put(&signed_part, leaf->body);
    write_place(&signed_part, leaf, place);
    res = buffer_end(&signed_part, &content);
    if (res == OK)
        res = label_verify(leaf->signature_key, BYTES_TEXT("LeafNodeTBS"), content, leaf->signature);
    buffer_free(&signed_part);
    return res;
}

bool leaf_supports_credential(const struct leaf_node *leaf, uint16_t type)
{
    return list_has(leaf->capabilities.credentials, type);
}

bool leaf_supports_extension(const struct leaf_node *leaf, uint16_t type)
{
    return (type >= MLS_EXTENSION_APPLICATION_ID && type <= MLS_EXTENSION_EXTERNAL_SENDERS) ||
           list_has(leaf->capabilities.extensions, type);
}

enum result leaf_meets(const struct leaf_node *leaf, struct bytes required_capabilities)
{
    struct reader r = reader_on(required_capabilities);
    struct bytes extensions, proposals, credentials;

    extensions = u16_list(&r);
    proposals = u16_list(&r);
    credentials = u16_list(&r);
    if (reader_end(&r) != OK)
        return E_MALFORMED;
    for (size_t i = 0; i < extensions.len; i += 2)
        if (!leaf_supports_extension(leaf, (uint16_t)(extensions.at[i] << 8 | extensions.at[i + 1])))
            return E_REFUSED;
    for (size_t i = 0; i < proposals.len; i += 2) {
        uint16_t type = (uint16_t)(proposals.at[i] << 8 | proposals.at[i + 1]);

        if (type > MLS_PROPOSAL_CONTEXT_EXTENSIONS && !list_has(leaf->capabilities.proposals, type))
            return E_REFUSED;
    }
    for (size_t i = 0; i < credentials.len; i += 2)
        if (!leaf_supports_credential(leaf, (uint16_t)(credentials.at[i] << 8 | credentials.at[i + 1])))
            return E_REFUSED;
    return OK;
}

enum result leaf_check(const struct leaf_node *leaf, uint16_t suite, struct bytes context_extensions)
{
    struct reader r = reader_on(leaf->extensions);
    struct bytes data;
    uint16_t type;
    enum result res = hpke_key_check(leaf->encryption_key);

    if (res != OK || leaf->signature_key.len != MLS_KEY_LEN)
        return res != OK ? res : E_MALFORMED;
    if (!list_has(leaf->capabilities.versions, MLS_VERSION_10) || !list_has(leaf->capabilities.suites, suite))
        return E_UNSUPPORTED;
    if (!leaf_supports_credential(leaf, leaf->credential_type))
        return E_REFUSED;
    while (extension_next(&r, &type, &data))
        if (!leaf_supports_extension(leaf, type))
            return E_REFUSED;

    r = reader_on(context_extensions);
    while (extension_next(&r, &type, &data)) {
        if (!leaf_supports_extension(leaf, type))
            return E_REFUSED;
        if (type == MLS_EXTENSION_REQUIRED_CAPABILITIES) {
            res = leaf_meets(leaf, data);
            if (res != OK)
                return res;
        }
    }
    return OK;
}

enum result leaf_check_lifetime(const struct leaf_node *leaf, uint64_t now, uint64_t longest_s,
                                uint64_t slack_s)
{
    if (leaf->not_after < leaf->not_before)
        return E_EXPIRED;
    if (leaf->not_before > now && leaf->not_before - now > slack_s)
        return E_EXPIRED;
    if (now > leaf->not_after && now - leaf->not_after > slack_s)
        return E_EXPIRED;
    if (longest_s != 0 && leaf->not_after - leaf->not_before > longest_s)
        return E_REFUSED;
    return OK;
}
