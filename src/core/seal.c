#include "core/seal.h"

#include <stdlib.h>
#include <string.h>

enum {
    SUITE_AES_128_GCM_SHA256_128 = 4,
    FIELD_IS_LONG = 8, /* X or Y: the field holds a length, not a value */
    INLINE_BELOW = 8,
    CONFIG = 0xbb, /* X=1, K=3, Y=1, C=3: four bytes each */
    KID_CONTEXT = 1,
    KIND_VOICE = 0,
};

/* --- The header in general --- */

static uint64_t value_read(struct reader *r, unsigned field)
{
    uint64_t value = 0;
    unsigned len = (field & 7) + 1;

    if ((field & FIELD_IS_LONG) == 0)
        return field;
    for (unsigned i = 0; i < len; i++)
        value = value << 8 | reader_u8(r);
    if (value < INLINE_BELOW || value >> 8 * (len - 1) == 0)
        reader_fail(r);
    return value;
}

void seal_header_read(struct reader *r, struct seal_header *out)
{
    unsigned config = reader_u8(r);

    out->kid = value_read(r, config >> 4);
    out->counter = value_read(r, config & 15);
}

static unsigned value_len(uint64_t value)
{
    unsigned len = 1;

    if (value < INLINE_BELOW)
        return 0;
    while (len < 8 && value >> 8 * len != 0)
        len++;
    return len;
}

static unsigned value_field(uint64_t value)
{
    unsigned len = value_len(value);

    return len == 0 ? (unsigned)value : FIELD_IS_LONG | (len - 1);
}

static void value_write(struct writer *w, uint64_t value)
{
    for (unsigned len = value_len(value); len > 0; len--)
        writer_u8(w, (uint8_t)(value >> 8 * (len - 1)));
}

void seal_header_write(struct writer *w, const struct seal_header *h)
{
    writer_u8(w, (uint8_t)(value_field(h->kid) << 4 | value_field(h->counter)));
    value_write(w, h->kid);
    value_write(w, h->counter);
}

/* --- One sender's key --- */

struct seal_key {
    struct crypto_sealer *sealer;
    uint8_t salt[CRYPTO_AEAD_IV_LEN];
};

static enum result derive(const uint8_t secret[static 32], struct bytes label, uint64_t kid,
                          struct bytes_mut out)
{
    uint8_t tail[10]; /* KID in eight bytes, suite in two */
    struct writer w = writer_over(tail);
    struct bytes info[] = {label, BYTES_OF(tail)};

    writer_u64(&w, kid);
    writer_u16(&w, SUITE_AES_128_GCM_SHA256_128);
    return crypto_hkdf_expand(bytes(secret, 32), info, 2, out);
}

enum result seal_key_new(const uint8_t base_key[static SEAL_BASE_KEY_LEN], uint64_t kid,
                         struct seal_key **out)
{
    uint8_t secret[32], key[CRYPTO_AES_128_GCM_KEY_LEN];
    struct seal_key *k = calloc(1, sizeof *k);
    enum result res = k == NULL ? E_NO_MEMORY : OK;

    if (res == OK)
        res = crypto_hkdf_extract((struct bytes){0}, bytes(base_key, SEAL_BASE_KEY_LEN), secret);
    if (res == OK)
        res = derive(secret, BYTES_TEXT("SFrame 1.0 Secret key "), kid, (struct bytes_mut){key, sizeof key});
    if (res == OK)
        res = derive(secret, BYTES_TEXT("SFrame 1.0 Secret salt "), kid,
                     (struct bytes_mut){k->salt, sizeof k->salt});
    if (res == OK)
        res = crypto_sealer_new(CRYPTO_AES_128_GCM, BYTES_OF(key), &k->sealer);
    if (res == OK) {
        *out = k;
        k = NULL; /* the caller owns it now */
    }
    wipe(secret, sizeof secret);
    wipe(key, sizeof key);
    seal_key_free(k);
    return res;
}

void seal_key_free(struct seal_key *k)
{
    if (k == NULL)
        return;
    crypto_sealer_free(k->sealer);
    wipe(k, sizeof *k);
    free(k);
}

static void nonce(const struct seal_key *k, uint64_t counter, uint8_t iv[static CRYPTO_AEAD_IV_LEN])
{
    memcpy(iv, k->salt, CRYPTO_AEAD_IV_LEN);
    for (unsigned i = 0; i < 8; i++)
        iv[CRYPTO_AEAD_IV_LEN - 1 - i] ^= (uint8_t)(counter >> 8 * i);
}

enum result seal_encrypt(struct seal_key *k, uint64_t counter, struct bytes aad, struct bytes_mut text,
                         uint8_t tag[static FRAME_TAG_LEN])
{
    uint8_t iv[CRYPTO_AEAD_IV_LEN];

    nonce(k, counter, iv);
    return crypto_seal(k->sealer, iv, aad, text, tag);
}

enum result seal_decrypt(struct seal_key *k, uint64_t counter, struct bytes aad, struct bytes_mut text,
                         const uint8_t tag[static FRAME_TAG_LEN])
{
    uint8_t iv[CRYPTO_AEAD_IV_LEN];

    nonce(k, counter, iv);
    return crypto_open(k->sealer, iv, aad, text, tag);
}

/* --- Teahouse's frame --- */

uint64_t seal_kid(uint16_t leaf, uint64_t epoch)
{
    return (uint64_t)KID_CONTEXT << 24 | (uint64_t)leaf << 8 | (epoch & 0xff);
}

void seal_name_write(const struct seal_name *name, uint8_t header[static FRAME_HEADER_LEN])
{
    struct writer w = writer_on((struct bytes_mut){header, FRAME_HEADER_LEN});

    writer_u8(&w, CONFIG);
    writer_u32(&w, (uint32_t)seal_kid(name->leaf, name->epoch));
    writer_u32(&w, name->counter);
}

enum result seal_name_read(struct bytes header, struct seal_name *out)
{
    struct reader r = reader_on(header);
    struct seal_header h;

    if (header.len != FRAME_HEADER_LEN || header.at[0] != CONFIG)
        return E_MALFORMED;
    seal_header_read(&r, &h); /* the shortest form, so neither value is below 2^24 */
    if (reader_end(&r) != OK || h.kid >> 24 != KID_CONTEXT)
        return E_MALFORMED;
    *out = (struct seal_name){(uint16_t)(h.kid >> 8), (uint8_t)h.kid, (uint32_t)h.counter};
    return OK;
}

/* The length of an Opus frame takes two bytes where one cannot say it. */
static size_t length_width(size_t plain_len)
{
    return plain_len > FRAME_PLAIN_SPEECH ? 2 : 1;
}

size_t voice_room(size_t plain_len)
{
    size_t before = 1 + length_width(plain_len) + FRAME_PROOF_LEN;

    return plain_len < before ? 0 : plain_len - before;
}

enum result voice_write(const struct voice *v, struct bytes_mut plain)
{
    struct writer w = writer_on(plain);

    if (v->opus.len == 0)
        return E_MALFORMED;
    if (v->opus.len > voice_room(plain.len))
        return E_TOO_LARGE;
    writer_u8(&w, KIND_VOICE);
    if (length_width(plain.len) == 2)
        writer_u16(&w, (uint16_t)v->opus.len);
    else
        writer_u8(&w, (uint8_t)v->opus.len);
    if (v->proof != NULL)
        writer_put(&w, bytes(v->proof, FRAME_PROOF_LEN));
    else
        writer_zeros(&w, FRAME_PROOF_LEN);
    writer_put(&w, v->opus);
    writer_zeros(&w, plain.len - writer_used(&w));
    return writer_end(&w, NULL);
}

enum result voice_read(struct bytes plain, struct voice *out)
{
    struct reader r = reader_on(plain);
    unsigned kind = reader_u8(&r);
    size_t len = length_width(plain.len) == 2 ? reader_u16(&r) : reader_u8(&r);
    struct bytes proof = reader_take(&r, FRAME_PROOF_LEN);
    struct bytes opus = reader_take(&r, len);
    struct bytes zeros = reader_take(&r, reader_left(&r));

    if (reader_end(&r) != OK || len == 0)
        return E_MALFORMED;
    if (kind != KIND_VOICE)
        return E_UNSUPPORTED;
    for (size_t i = 0; i < zeros.len; i++)
        if (zeros.at[i] != 0)
            return E_MALFORMED;
    *out = (struct voice){opus, proof.at};
    return OK;
}
