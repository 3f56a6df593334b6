#include "client/identity.h"

#include "base/reader.h"
#include "base/text.h"
#include "base/writer.h"
#include "crypto/crypto.h"
#include "wire/envelope.h"

#include <stdio.h>
#include <string.h>

static const char first_line[] = "teahouse account 1\n";

enum result identity_new(const struct random *random, struct identity *out)
{
    *out = (struct identity){0};
    random_fill(random, out->seed, sizeof out->seed);
    return crypto_ed25519_public(out->seed, out->account_key);
}

void identity_wipe(struct identity *identity)
{
    wipe(identity, sizeof *identity);
}

static void line_write(struct writer *w, struct bytes key, struct bytes value)
{
    if (memchr(value.at, '\n', value.len) != NULL)
        writer_fail(w);
    writer_put(w, key);
    writer_put(w, BYTES_TEXT(" "));
    writer_put(w, value);
    writer_put(w, BYTES_TEXT("\n"));
}

static void key_write(struct writer *w, struct bytes key, const uint8_t value[static 32])
{
    char hex[65];

    text_hex(bytes(value, 32), hex);
    line_write(w, key, bytes(hex, 64));
    wipe(hex, sizeof hex);
}

enum result identity_write(const struct identity *identity, struct bytes_mut room, struct bytes *out)
{
    struct writer w = writer_on(room);

    writer_put(&w, bytes_string(first_line));
    key_write(&w, BYTES_TEXT("seed"), identity->seed);
    line_write(&w, BYTES_TEXT("handle"), bytes_string(identity->handle));
    line_write(&w, BYTES_TEXT("house"), bytes_string(identity->house_url));
    key_write(&w, BYTES_TEXT("house-key"), identity->house_key);
    return writer_end(&w, out) == OK ? OK : E_MALFORMED;
}

/* The rest of a line that begins with the key and a blank. */
static struct bytes line_read(struct reader *r, struct bytes key)
{
    struct bytes word = reader_take(r, key.len), line = {0};
    uint8_t blank = reader_u8(r);
    const uint8_t *end = r->failed ? NULL : memchr(r->at, '\n', reader_left(r));

    if (end == NULL || blank != ' ' || !bytes_equal(word, key)) {
        reader_fail(r);
        return line;
    }
    line = reader_take(r, (size_t)(end - r->at));
    reader_take(r, 1);
    return line;
}

static void key_read(struct reader *r, struct bytes key, uint8_t out[static 32])
{
    struct bytes hex = line_read(r, key);
    size_t used = 0;

    if (text_unhex(hex, (struct bytes_mut){out, 32}, &used) != OK || used != 32)
        reader_fail(r);
}

static void string_read(struct reader *r, struct bytes key, char *out, size_t size)
{
    struct bytes text = line_read(r, key);

    if (text.len == 0 || text.len >= size || memchr(text.at, '\0', text.len) != NULL || !text_is_utf8(text)) {
        reader_fail(r);
        return;
    }
    memcpy(out, text.at, text.len);
    out[text.len] = '\0';
}

enum result identity_read(struct bytes file, struct identity *out)
{
    struct reader r = reader_on(file);
    struct identity identity = {0};
    struct bytes first = reader_take(&r, sizeof first_line - 1);
    enum result res;

    key_read(&r, BYTES_TEXT("seed"), identity.seed);
    string_read(&r, BYTES_TEXT("handle"), identity.handle, sizeof identity.handle);
    string_read(&r, BYTES_TEXT("house"), identity.house_url, sizeof identity.house_url);
    key_read(&r, BYTES_TEXT("house-key"), identity.house_key);
    res = reader_end(&r);
    if (res == OK && !bytes_equal(first, bytes_string(first_line)))
        res = E_MALFORMED;
    if (res == OK)
        res = crypto_ed25519_public(identity.seed, identity.account_key);
    if (res == OK)
        *out = identity;
    identity_wipe(&identity);
    return res;
}

enum result identity_sign(const struct identity *identity, const char *label, const uint8_t *room,
                          struct bytes content, uint8_t out[static 64])
{
    uint8_t text[ENVELOPE_SIGNED_BYTES];
    struct bytes whole;
    enum result res = envelope_signed(label, identity->house_key, room, content,
                                      (struct bytes_mut){text, sizeof text}, &whole);

    return res == OK ? crypto_ed25519_sign(identity->seed, whole, out) : res;
}

enum result identity_fingerprint(const uint8_t account_key[static 32],
                                 char out[static IDENTITY_FINGERPRINT_SIZE])
{
    struct bytes key = bytes(account_key, 32);
    uint8_t hash[32];
    char hex[33];
    enum result res = crypto_sha256(&key, 1, hash);

    if (res != OK)
        return res;
    text_hex(bytes(hash, 16), hex);
    for (size_t i = 0; i < 8; i++) {
        memcpy(out + 5 * i, hex + 4 * i, 4);
        out[5 * i + 4] = i == 7 ? '\0' : ' ';
    }
    return OK;
}
