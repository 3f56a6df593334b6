#include "ticket/paseto.h"

#include "base/reader.h"
#include "base/text.h"
#include "crypto/crypto.h"

enum { PREIMAGE_SIZE = 2 * PASETO_TOKEN_MAX };

/* PAE counts in 64-bit little-endian numbers. */
static void count_put(struct writer *w, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        writer_u8(w, (uint8_t)(value >> 8 * i));
}

static void part_put(struct writer *w, struct bytes part)
{
    count_put(w, part.len);
    writer_put(w, part);
}

void paseto_preimage(struct writer *w, struct bytes payload, struct bytes footer, struct bytes implicit)
{
    count_put(w, 4);
    part_put(w, BYTES_TEXT(PASETO_HEADER));
    part_put(w, payload);
    part_put(w, footer);
    part_put(w, implicit);
}

/* The text up to the next dot, or to the end. */
static struct bytes part_take(struct reader *r)
{
    const uint8_t *start = r->at;
    size_t len = 0, left = reader_left(r);

    while (len < left && start[len] != '.')
        len++;
    return reader_take(r, len);
}

static enum result footer_check(struct reader *r, struct bytes footer)
{
    uint8_t decoded[PASETO_TOKEN_MAX];
    size_t used;

    if (reader_left(r) == 0)
        return footer.len == 0 ? OK : E_FORGED;

    reader_take(r, 1); /* the dot */
    struct bytes text = reader_take(r, reader_left(r));
    if (text.len == 0 || text_unbase64url(text, (struct bytes_mut){decoded, sizeof decoded}, &used) != OK)
        return E_MALFORMED;
    return bytes_equal(bytes(decoded, used), footer) ? OK : E_FORGED;
}

enum result paseto_open(struct bytes token, const uint8_t public_key[static 32], struct bytes footer,
                        struct bytes implicit, uint8_t room[static PASETO_TOKEN_MAX], struct bytes *payload)
{
    uint8_t preimage[PREIMAGE_SIZE];
    struct writer w = writer_over(preimage);
    struct reader r = reader_on(token);
    struct bytes message, signature, header, signed_text;
    size_t used;

    if (token.len > PASETO_TOKEN_MAX)
        return E_TOO_LARGE;
    header = reader_take(&r, sizeof PASETO_HEADER - 1);
    if (!bytes_equal(header, BYTES_TEXT(PASETO_HEADER)))
        return E_MALFORMED;
    signed_text = part_take(&r);
    if (text_unbase64url(signed_text, (struct bytes_mut){room, PASETO_TOKEN_MAX}, &used) != OK ||
        used < PASETO_SIGNATURE_LEN)
        return E_MALFORMED;
    enum result res = footer_check(&r, footer);
    if (res != OK)
        return res;

    message = bytes(room, used - PASETO_SIGNATURE_LEN);
    signature = bytes(room + message.len, PASETO_SIGNATURE_LEN);
    paseto_preimage(&w, message, footer, implicit);
    struct bytes covered;
    res = writer_end(&w, &covered);
    if (res == OK)
        res = crypto_ed25519_verify(public_key, covered, signature);
    if (res == OK)
        *payload = message;
    return res;
}
