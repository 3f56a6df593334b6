/* The crypto of src/crypto as a box that nobody looks into: what goes in is made known to memcheck first,
 * what comes out is as secret as what went in, unless it is for all to see. So a branch or an index that
 * depends on a secret is core's own. The linker leads the calls here. */
#include "taint.h"

#include "core/group_state.h"
#include "crypto/crypto.h"

#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

enum { BOX = 1 << 22 };

static uint8_t box[BOX];
static size_t taken;

void taint(const void *at, size_t len)
{
    if (len != 0)
        (void)VALGRIND_MAKE_MEM_UNDEFINED(at, len);
}

void untaint(const void *at, size_t len)
{
    if (len != 0)
        (void)VALGRIND_MAKE_MEM_DEFINED(at, len);
}

bool is_tainted(const void *at, size_t len)
{
    uint8_t bits[64];

    for (size_t i = 0; i < len; i += sizeof bits) {
        size_t n = len - i < sizeof bits ? len - i : sizeof bits;

        (void)VALGRIND_GET_VBITS((const uint8_t *)at + i, bits, n);
        for (size_t k = 0; k < n; k++)
            if (bits[k] != 0)
                return true;
    }
    return false;
}

/* A copy that is known. */
static uint8_t *known(const void *at, size_t len)
{
    uint8_t *to = box + taken;

    if (len > BOX - taken)
        abort();
    if (len != 0)
        memcpy(to, at, len);
    untaint(to, len);
    taken += len;
    return to;
}

static struct bytes known_bytes(struct bytes b)
{
    return bytes(known(b.at, b.len), b.len);
}

/* All parts as one. */
static struct bytes known_parts(const struct bytes *parts, size_t count, bool *secret)
{
    uint8_t *start = box + taken;
    size_t len = 0;

    for (size_t i = 0; i < count; i++) {
        *secret = *secret || is_tainted(parts[i].at, parts[i].len);
        known(parts[i].at, parts[i].len);
        len += parts[i].len;
    }
    return bytes(start, len);
}

/* --- Hashes and keys --- */

enum result __real_crypto_sha256(const struct bytes *, size_t, uint8_t *);
enum result __wrap_crypto_sha256(const struct bytes *, size_t, uint8_t *);
enum result __real_crypto_hmac_sha256(struct bytes, const struct bytes *, size_t, uint8_t *);
enum result __wrap_crypto_hmac_sha256(struct bytes, const struct bytes *, size_t, uint8_t *);
enum result __real_crypto_hkdf_extract(struct bytes, struct bytes, uint8_t *);
enum result __wrap_crypto_hkdf_extract(struct bytes, struct bytes, uint8_t *);
enum result __real_crypto_hkdf_expand(struct bytes, const struct bytes *, size_t, struct bytes_mut);
enum result __wrap_crypto_hkdf_expand(struct bytes, const struct bytes *, size_t, struct bytes_mut);
enum result __real_crypto_x25519_public(const uint8_t *, uint8_t *);
enum result __wrap_crypto_x25519_public(const uint8_t *, uint8_t *);
enum result __real_crypto_x25519_shared(const uint8_t *, const uint8_t *, uint8_t *);
enum result __wrap_crypto_x25519_shared(const uint8_t *, const uint8_t *, uint8_t *);

enum result __wrap_crypto_sha256(const struct bytes *parts, size_t count, uint8_t *out)
{
    bool secret = false;
    struct bytes all = known_parts(parts, count, &secret);
    enum result res = __real_crypto_sha256(&all, 1, out);

    if (secret)
        taint(out, 32);
    taken = 0;
    return res;
}

enum result __wrap_crypto_hmac_sha256(struct bytes key, const struct bytes *parts, size_t count, uint8_t *out)
{
    bool secret = is_tainted(key.at, key.len);
    struct bytes all = known_parts(parts, count, &secret);
    enum result res = __real_crypto_hmac_sha256(known_bytes(key), &all, 1, out);

    if (secret)
        taint(out, 32);
    taken = 0;
    return res;
}

enum result __wrap_crypto_hkdf_extract(struct bytes salt, struct bytes secret, uint8_t *out)
{
    bool is_secret = is_tainted(salt.at, salt.len) || is_tainted(secret.at, secret.len);
    enum result res = __real_crypto_hkdf_extract(known_bytes(salt), known_bytes(secret), out);

    if (is_secret)
        taint(out, 32);
    taken = 0;
    return res;
}

enum result __wrap_crypto_hkdf_expand(struct bytes prk, const struct bytes *info, size_t count,
                                      struct bytes_mut out)
{
    bool secret = is_tainted(prk.at, prk.len);
    struct bytes all = known_parts(info, count, &secret);
    enum result res = __real_crypto_hkdf_expand(known_bytes(prk), &all, 1, out);

    if (secret)
        taint(out.at, out.len);
    taken = 0;
    return res;
}

enum result __wrap_crypto_x25519_public(const uint8_t *secret, uint8_t *out)
{
    enum result res = __real_crypto_x25519_public(known(secret, 32), out);

    taken = 0;
    return res;
}

/* That a shared secret is all zeros is a thing to be told. */
enum result __wrap_crypto_x25519_shared(const uint8_t *secret, const uint8_t *theirs, uint8_t *out)
{
    bool is_secret = is_tainted(secret, 32);
    enum result res = __real_crypto_x25519_shared(known(secret, 32), known(theirs, 32), out);

    if (is_secret)
        taint(out, 32);
    taken = 0;
    return res;
}

/* --- Signatures --- */

enum result __real_crypto_ed25519_public(const uint8_t *, uint8_t *);
enum result __wrap_crypto_ed25519_public(const uint8_t *, uint8_t *);
enum result __real_crypto_ed25519_sign(const uint8_t *, struct bytes, uint8_t *);
enum result __wrap_crypto_ed25519_sign(const uint8_t *, struct bytes, uint8_t *);
enum result __real_crypto_ed25519_verify(const uint8_t *, struct bytes, struct bytes);
enum result __wrap_crypto_ed25519_verify(const uint8_t *, struct bytes, struct bytes);

enum result __wrap_crypto_ed25519_public(const uint8_t *seed, uint8_t *out)
{
    enum result res = __real_crypto_ed25519_public(known(seed, 32), out);

    taken = 0;
    return res;
}

enum result __wrap_crypto_ed25519_sign(const uint8_t *seed, struct bytes message, uint8_t *out)
{
    enum result res = __real_crypto_ed25519_sign(known(seed, 32), known_bytes(message), out);

    taken = 0;
    return res;
}

enum result __wrap_crypto_ed25519_verify(const uint8_t *key, struct bytes message, struct bytes signature)
{
    enum result res =
        __real_crypto_ed25519_verify(known(key, 32), known_bytes(message), known_bytes(signature));

    taken = 0;
    return res;
}

/* --- Seals --- */

enum result __real_crypto_sealer_new(enum crypto_aead, struct bytes, struct crypto_sealer **);
enum result __wrap_crypto_sealer_new(enum crypto_aead, struct bytes, struct crypto_sealer **);
enum result __real_crypto_seal(struct crypto_sealer *, const uint8_t *, struct bytes, struct bytes_mut,
                               uint8_t *);
enum result __wrap_crypto_seal(struct crypto_sealer *, const uint8_t *, struct bytes, struct bytes_mut,
                               uint8_t *);
enum result __real_crypto_open(struct crypto_sealer *, const uint8_t *, struct bytes, struct bytes_mut,
                               const uint8_t *);
enum result __wrap_crypto_open(struct crypto_sealer *, const uint8_t *, struct bytes, struct bytes_mut,
                               const uint8_t *);

enum result __wrap_crypto_sealer_new(enum crypto_aead aead, struct bytes key, struct crypto_sealer **out)
{
    enum result res = __real_crypto_sealer_new(aead, known_bytes(key), out);

    taken = 0;
    return res;
}

/* What is sealed is for all to see. */
enum result __wrap_crypto_seal(struct crypto_sealer *sealer, const uint8_t *iv, struct bytes aad,
                               struct bytes_mut text, uint8_t *tag)
{
    enum result res;

    untaint(text.at, text.len);
    res = __real_crypto_seal(sealer, known(iv, CRYPTO_AEAD_IV_LEN), known_bytes(aad), text, tag);
    taken = 0;
    return res;
}

/* What is opened is read, but for what is just as long as a secret: of a path. */
enum result __wrap_crypto_open(struct crypto_sealer *sealer, const uint8_t *iv, struct bytes aad,
                               struct bytes_mut text, const uint8_t *tag)
{
    enum result res = __real_crypto_open(sealer, known(iv, CRYPTO_AEAD_IV_LEN), known_bytes(aad), text, tag);

    if (text.len == MLS_HASH_LEN)
        taint(text.at, text.len);
    taken = 0;
    return res;
}

/* --- Where something secret is found, or told --- */

bool __real_equal_secret(const void *, const void *, size_t);
bool __wrap_equal_secret(const void *, const void *, size_t);
void __real_group_secrets_read(struct reader *, struct group_secrets *);
void __wrap_group_secrets_read(struct reader *, struct group_secrets *);
enum result __real_group_found(const struct random *, const struct group_founding *, struct group **);
enum result __wrap_group_found(const struct random *, const struct group_founding *, struct group **);

/* It compares what is secret, and tells whether it is equal. */
bool __wrap_equal_secret(const void *a, const void *b, size_t len)
{
    bool equal = __real_equal_secret(a, b, len);

    untaint(&equal, sizeof equal);
    return equal;
}

void __wrap_group_secrets_read(struct reader *r, struct group_secrets *out)
{
    __real_group_secrets_read(r, out);
    if (r->failed)
        return;
    taint(out->joiner_secret.at, out->joiner_secret.len);
    if (out->has_path_secret)
        taint(out->path_secret.at, out->path_secret.len);
}

/* A group's id is random and no secret. */
enum result __wrap_group_found(const struct random *random, const struct group_founding *founding,
                               struct group **out)
{
    enum result res = __real_group_found(random, founding, out);

    if (res == OK) {
        untaint((*out)->epoch->group_id.at, (*out)->epoch->group_id.len);
        untaint((*out)->epoch->context.at, (*out)->epoch->context.len);
    }
    return res;
}
