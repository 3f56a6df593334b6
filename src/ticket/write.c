#include "ticket/write.h"

#include "base/text.h"
#include "base/writer.h"
#include "crypto/crypto.h"
#include "ticket/paseto.h"

#include <inttypes.h>
#include <stdio.h>

static void binary_put(struct writer *w, const uint8_t *at, size_t len)
{
    char text[TEXT_BASE64URL_LEN(TICKET_FINGERPRINT_LEN) + 1];

    text_base64url(bytes(at, len), text);
    writer_put(w, bytes_string(text));
}

static void number_put(struct writer *w, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, value);
    writer_put(w, bytes_string(text));
}

static void payload_put(struct writer *w, const struct ticket *t)
{
    writer_put(w, BYTES_TEXT("{\"relay\":\""));
    binary_put(w, t->relay, sizeof t->relay);
    writer_put(w, BYTES_TEXT("\",\"room\":\""));
    binary_put(w, t->room, sizeof t->room);
    writer_put(w, BYTES_TEXT("\",\"seat\":\""));
    binary_put(w, t->seat, sizeof t->seat);
    writer_put(w, BYTES_TEXT("\",\"role\":\""));
    writer_put(w, t->role == TICKET_SPEAKER ? BYTES_TEXT("speaker") : BYTES_TEXT("listener"));
    writer_put(w, BYTES_TEXT("\",\"fingerprint\":\""));
    binary_put(w, t->fingerprint, sizeof t->fingerprint);
    writer_put(w, BYTES_TEXT("\",\"number\":"));
    number_put(w, t->number);
    writer_put(w, BYTES_TEXT(",\"expires\":"));
    number_put(w, t->expiry_s);
    writer_put(w, BYTES_TEXT("}"));
}

enum result ticket_write(const struct ticket *t, const uint8_t house_seed[static 32],
                         char out[static TICKET_TEXT_SIZE])
{
    uint8_t payload[TICKET_TEXT_SIZE], preimage[2 * TICKET_TEXT_SIZE];
    struct writer w = writer_over(payload), covered = writer_over(preimage);
    struct writer token = writer_on((struct bytes_mut){(uint8_t *)out, TICKET_TEXT_SIZE});
    struct bytes message;
    uint8_t *signature, *text;

    if (t->expiry_s > TICKET_EXPIRES_MAX)
        return E_TOO_LARGE;
    payload_put(&w, t);
    message = bytes(payload, writer_used(&w));
    signature = writer_room(&w, PASETO_SIGNATURE_LEN);
    paseto_preimage(&covered, message, (struct bytes){0}, BYTES_TEXT(TICKET_LABEL));
    if (signature == NULL || covered.failed)
        return E_TOO_LARGE;
    enum result res = crypto_ed25519_sign(house_seed, bytes(preimage, writer_used(&covered)), signature);
    if (res != OK)
        return res;

    writer_put(&token, BYTES_TEXT(PASETO_HEADER));
    text = writer_room(&token, TEXT_BASE64URL_LEN(writer_used(&w)) + 1);
    if (text == NULL)
        return E_TOO_LARGE;
    text_base64url(bytes(payload, writer_used(&w)), (char *)text);
    return OK;
}
