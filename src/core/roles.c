#include "core/roles.h"

#include "core/label.h"
#include "wire/envelope.h"

#include <string.h>

/* --- Signed statements --- */

static enum result statement_sign(const uint8_t seed[static 32], const char *label,
                                  const uint8_t house[static 32], const uint8_t *room, struct bytes content,
                                  uint8_t signature[static 64])
{
    uint8_t message[ENVELOPE_SIGNED_BYTES];
    struct bytes whole;
    enum result res =
        envelope_signed(label, house, room, content, (struct bytes_mut){message, sizeof message}, &whole);

    return res == OK ? crypto_ed25519_sign(seed, whole, signature) : res;
}

static enum result statement_check(const uint8_t key[static 32], const char *label,
                                   const uint8_t house[static 32], const uint8_t *room, struct bytes content,
                                   const uint8_t signature[static 64])
{
    uint8_t message[ENVELOPE_SIGNED_BYTES];
    struct bytes whole;
    enum result res =
        envelope_signed(label, house, room, content, (struct bytes_mut){message, sizeof message}, &whole);

    return res == OK ? crypto_ed25519_verify(key, whole, bytes(signature, 64)) : res;
}

/* --- The charter --- */

enum result core_charter_sign(const struct charter *c, const uint8_t maker_seed[static 32],
                              struct bytes_mut to, struct bytes *out, uint8_t signature[static 64],
                              uint8_t room[static 32])
{
    uint8_t maker[32];
    struct charter again;
    struct bytes written;
    enum result res = crypto_ed25519_public(maker_seed, maker);

    if (res != OK)
        return res;
    if (memcmp(maker, c->maker, sizeof maker) != 0)
        return E_MALFORMED;
    res = charter_write(c, to, &written);
    /* What others would refuse to read must not become a room. */
    if (res == OK)
        res = charter_read(written, &again);
    if (res == OK)
        res = statement_sign(maker_seed, ENVELOPE_CHARTER, c->house, NULL, written, signature);
    if (res == OK)
        res = crypto_sha256(&written, 1, room);
    if (res == OK)
        *out = written;
    return res;
}

enum result core_charter_check(struct bytes charter, const uint8_t signature[static 64],
                               const uint8_t room[static 32], struct charter *out)
{
    uint8_t hash[32];
    struct charter c;
    enum result res = crypto_sha256(&charter, 1, hash);

    if (res != OK)
        return res;
    if (memcmp(hash, room, sizeof hash) != 0)
        return E_REFUSED;
    res = charter_read(charter, &c);
    if (res == OK)
        res = statement_check(c.maker, ENVELOPE_CHARTER, c.house, NULL, charter, signature);
    if (res == OK)
        *out = c;
    return res;
}

enum result roles_context_write(struct bytes charter, const uint8_t signature[static 64], struct bytes_mut to,
                                struct bytes *out)
{
    struct writer w = writer_on(to);

    writer_run16(&w, charter);
    writer_put(&w, bytes(signature, 64));
    return writer_end(&w, out);
}

enum result roles_context_check(struct bytes extension, const uint8_t room[static 32], struct charter *out)
{
    struct reader r = reader_on(extension);
    struct bytes charter, signature;

    charter = reader_run16(&r);
    signature = reader_take(&r, 64);
    if (reader_end(&r) != OK)
        return E_MALFORMED;
    return core_charter_check(charter, signature.at, room, out);
}

/* --- Bindings --- */

enum result roles_bind(const uint8_t *account_seed, const uint8_t house[static 32],
                       const uint8_t room[static 32], const uint8_t leaf_key[static 32],
                       struct seat_binding *out)
{
    struct seat_binding b = {.bound = account_seed != NULL};
    enum result res = OK;

    memcpy(b.room, room, sizeof b.room);
    if (b.bound)
        res = crypto_ed25519_public(account_seed, b.account);
    if (b.bound && res == OK)
        res = statement_sign(account_seed, ENVELOPE_BINDING, house, room, bytes(leaf_key, 32), b.signature);
    if (res == OK)
        *out = b;
    return res;
}

enum result roles_binding_read(const struct leaf_node *leaf, struct seat_binding *out)
{
    struct bytes extension;

    if (extension_find(leaf->extensions, EXTENSION_SEAT, &extension) != OK)
        return E_REFUSED;
    return seat_binding_read(extension, out);
}

enum result roles_binding_check(const struct leaf_node *leaf, const struct charter *c,
                                const uint8_t room[static 32], struct seat_binding *out)
{
    struct seat_binding b;
    enum result res = roles_binding_read(leaf, &b);

    if (res != OK)
        return res;
    if (leaf->encoded.len > KEY_PACKAGE_BYTES)
        return E_TOO_LARGE;
    /* The binding says who it is; an identity of the leaf's own choice would tell clients apart (F37). */
    if (leaf->credential_type != MLS_CREDENTIAL_BASIC || leaf->credential.len != 0)
        return E_REFUSED;
    if (memcmp(b.room, room, sizeof b.room) != 0 || (!b.bound && !c->pseudonyms) ||
        b.vouched != (c->kind == CHARTER_PRIVATE))
        return E_REFUSED;
    if (b.bound)
        res = statement_check(b.account, ENVELOPE_BINDING, c->house, room, leaf->signature_key, b.signature);
    if (res == OK)
        *out = b;
    return res;
}

/* --- The link of a private room --- */

static enum result link_seed(const uint8_t secret[static CORE_SECRET_BYTES], uint8_t seed[static 32])
{
    const struct bytes label = BYTES_TEXT("Teahouse link 1");
    uint8_t key[32];
    enum result res = crypto_hkdf_extract((struct bytes){0}, bytes(secret, CORE_SECRET_BYTES), key);

    if (res == OK)
        res = crypto_hkdf_expand(BYTES_OF(key), &label, 1, (struct bytes_mut){seed, 32});
    wipe(key, sizeof key);
    return res;
}

enum result core_link_key(const uint8_t secret[static CORE_SECRET_BYTES], uint8_t key[static 32])
{
    uint8_t seed[32];
    enum result res = link_seed(secret, seed);

    if (res == OK)
        res = crypto_ed25519_public(seed, key);
    wipe(seed, sizeof seed);
    return res;
}

enum result roles_vouch(const uint8_t secret[static CORE_SECRET_BYTES], const uint8_t house[static 32],
                        const uint8_t room[static 32], const uint8_t leaf_key[static 32],
                        struct seat_binding *b)
{
    uint8_t seed[32];
    enum result res = link_seed(secret, seed);

    if (res == OK)
        res = statement_sign(seed, ENVELOPE_VOUCHER, house, room, bytes(leaf_key, 32), b->voucher);
    b->vouched = res == OK;
    wipe(seed, sizeof seed);
    return res;
}

enum result roles_voucher_check(const struct leaf_node *leaf, const struct seat_binding *b,
                                const struct charter *c, const uint8_t room[static 32],
                                const uint8_t link_key[static 32])
{
    if (c->kind != CHARTER_PRIVATE)
        return OK;
    return statement_check(link_key, ENVELOPE_VOUCHER, c->house, room, leaf->signature_key, b->voucher);
}

/* --- Statements, and the house's word --- */

enum result roles_state(const uint8_t account_seed[static 32], const uint8_t house[static 32],
                        const uint8_t room[static 32], struct statement *s)
{
    uint8_t content_room[STATEMENT_SIGNED_BYTES];
    struct bytes content;
    enum result res = crypto_ed25519_public(account_seed, s->signer);

    if (res == OK)
        res = statement_write_signed(s, (struct bytes_mut){content_room, sizeof content_room}, &content);
    if (res == OK)
        res = statement_sign(account_seed, ENVELOPE_ROLE, house, room, content, s->signature);
    return res;
}

enum result roles_lost_check(const struct charter *c, const uint8_t room[static 32], struct bytes group_id,
                             uint64_t epoch, uint32_t leaf, const uint8_t signature[static 64])
{
    uint8_t room_for_content[1 + 64 + 8 + 4];
    struct bytes content;
    enum result res = seat_lost_write(
        group_id, epoch, leaf, (struct bytes_mut){room_for_content, sizeof room_for_content}, &content);

    if (res != OK)
        return res;
    return statement_check(c->house, ENVELOPE_SEAT_LOST, c->house, room, content, signature);
}

/* --- Who takes whose place --- */

enum { REPLACES_BYTES = 32 + 32 };

#define REPLACES_LABEL BYTES_TEXT("Teahouse replaces 1")

static void replaces_content(const uint8_t room[static 32], const uint8_t key[static 32],
                             uint8_t out[static REPLACES_BYTES])
{
    memcpy(out, room, 32);
    memcpy(out + 32, key, 32);
}

enum result roles_replaces(const uint8_t leaf_seed[static 32], const uint8_t room[static 32],
                           const uint8_t key[static 32], uint8_t signature[static 64])
{
    uint8_t content[REPLACES_BYTES];

    replaces_content(room, key, content);
    return label_sign(leaf_seed, REPLACES_LABEL, BYTES_OF(content), signature);
}

enum result roles_replaces_check(struct bytes leaf_key, const uint8_t room[static 32],
                                 const uint8_t key[static 32], const uint8_t signature[static 64])
{
    uint8_t content[REPLACES_BYTES];

    replaces_content(room, key, content);
    return label_verify(leaf_key, REPLACES_LABEL, BYTES_OF(content), bytes(signature, 64));
}
