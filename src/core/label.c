#include "core/label.h"

#include "base/writer.h"
#include "core/buffer.h"

/* The length of a vector, encoded: what stands before it when a hash or a KDF takes its input in parts. */
struct vector_head {
    uint8_t room[4];
    struct writer writer;
};

static struct bytes vector_head(struct vector_head *head, size_t len)
{
    head->writer = writer_over(head->room);
    writer_vector_length(&head->writer, len);
    return bytes(head->room, writer_used(&head->writer));
}

#define PREFIX BYTES_TEXT("MLS 1.0 ")

enum result label_expand(const uint8_t secret[static 32], struct bytes label, struct bytes context,
                         struct bytes_mut out)
{
    uint8_t length[2] = {(uint8_t)(out.len >> 8), (uint8_t)out.len};
    struct vector_head label_head, context_head;
    struct bytes label_len = vector_head(&label_head, PREFIX.len + label.len);
    struct bytes context_len = vector_head(&context_head, context.len);
    const struct bytes parts[] = {BYTES_OF(length), label_len, PREFIX, label, context_len, context};

    if (out.len > UINT16_MAX || label_head.writer.failed || context_head.writer.failed)
        return E_TOO_LARGE;
    return crypto_hkdf_expand(bytes(secret, 32), parts, 6, out);
}

enum result label_derive(const uint8_t secret[static 32], struct bytes label, uint8_t out[static 32])
{
    return label_expand(secret, label, (struct bytes){0}, (struct bytes_mut){out, 32});
}

enum result label_derive_tree(const uint8_t secret[static 32], struct bytes label, uint32_t generation,
                              struct bytes_mut out)
{
    uint8_t context[4] = {(uint8_t)(generation >> 24), (uint8_t)(generation >> 16),
                          (uint8_t)(generation >> 8), (uint8_t)generation};

    return label_expand(secret, label, BYTES_OF(context), out);
}

enum result label_ref(struct bytes label, struct bytes value, uint8_t out[static 32])
{
    struct vector_head label_head, value_head;
    struct bytes label_len = vector_head(&label_head, label.len);
    struct bytes value_len = vector_head(&value_head, value.len);
    const struct bytes parts[] = {label_len, label, value_len, value};

    if (label_head.writer.failed || value_head.writer.failed)
        return E_TOO_LARGE;
    return crypto_sha256(parts, 4, out);
}

/* SignContent and EncryptContext have the same shape. */
static enum result labelled(struct buffer *b, struct bytes label, struct bytes content, struct bytes *out)
{
    size_t mark = buffer_open(b);

    buffer_put(b, PREFIX);
    buffer_put(b, label);
    buffer_close(b, mark);
    buffer_vector(b, content);
    return buffer_end(b, out);
}

enum result label_sign(const uint8_t seed[static 32], struct bytes label, struct bytes content,
                       uint8_t out[static MLS_SIGNATURE_LEN])
{
    struct buffer b = {0};
    struct bytes message;
    enum result res = labelled(&b, label, content, &message);

    if (res == OK)
        res = crypto_ed25519_sign(seed, message, out);
    buffer_free(&b);
    return res;
}

enum result label_verify(struct bytes public_key, struct bytes label, struct bytes content,
                         struct bytes signature)
{
    struct buffer b = {0};
    struct bytes message;
    enum result res;

    if (public_key.len != MLS_KEY_LEN || signature.len != MLS_SIGNATURE_LEN)
        return E_FORGED;
    res = labelled(&b, label, content, &message);
    if (res == OK)
        res = crypto_ed25519_verify(public_key.at, message, signature);
    buffer_free(&b);
    return res;
}

enum result label_encrypt(const struct random *random, uint16_t suite, const uint8_t to[static 32],
                          struct bytes label, struct bytes context, struct bytes text, uint8_t kem[static 32],
                          uint8_t *out)
{
    struct buffer b = {0};
    struct bytes info;
    enum result res = labelled(&b, label, context, &info);

    if (res == OK)
        res = hpke_seal(random, mls_suite_aead(suite), to, info, (struct bytes){0}, text, kem, out);
    buffer_free(&b);
    return res;
}

enum result label_decrypt(uint16_t suite, const struct hpke_pair *own, struct bytes label,
                          struct bytes context, struct bytes kem, struct bytes sealed, uint8_t *out)
{
    struct buffer b = {0};
    struct bytes info;
    enum result res = labelled(&b, label, context, &info);

    if (res == OK)
        res = hpke_open(mls_suite_aead(suite), own, kem, info, (struct bytes){0}, sealed, out);
    buffer_free(&b);
    return res;
}
