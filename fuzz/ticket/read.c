/* A ticket as raw text, and as a payload that the house did sign, so that what lies behind the signature is
 * reached too. */
#include "ticket/read.h"
#include "base/text.h"
#include "base/writer.h"
#include "crypto/crypto.h"
#include "ticket/paseto.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { NOW_S = 1764040000 };

static const uint8_t house_seed[32] = {1};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void signed_payload(struct bytes payload, const uint8_t key[static 32])
{
    uint8_t body[TICKET_TEXT_SIZE], preimage[2 * TICKET_TEXT_SIZE];
    char text[TICKET_TEXT_SIZE] = PASETO_HEADER;
    struct writer covered = writer_over(preimage);
    struct ticket t;

    if (payload.len > 300)
        return;
    if (payload.len != 0)
        memcpy(body, payload.at, payload.len);
    paseto_preimage(&covered, payload, (struct bytes){0}, BYTES_TEXT(TICKET_LABEL));
    if (crypto_ed25519_sign(house_seed, bytes(preimage, writer_used(&covered)), body + payload.len) != OK)
        return;
    text_base64url(bytes(body, payload.len + PASETO_SIGNATURE_LEN), text + sizeof PASETO_HEADER - 1);

    enum result res = ticket_read(bytes_string(text), key, NOW_S, &t);
    assert(res == OK || res == E_MALFORMED || res == E_EXPIRED);
    if (res == OK)
        assert(t.expiry_s > NOW_S && t.expiry_s <= NOW_S + TICKET_S);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t key[32];
    static int started;
    struct ticket t;

    if (!started) {
        if (crypto_start() != OK || crypto_ed25519_public(house_seed, key) != OK)
            abort();
        started = 1;
    }
    assert(ticket_read(bytes(data, size), key, NOW_S, &t) != OK);
    signed_payload(bytes(data, size), key);
    return 0;
}
