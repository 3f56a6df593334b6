#include "bus/handshake.h"

#include "wire/envelope.h"

#include <string.h>

struct text {
    uint8_t room[ENVELOPE_SIGNED_BYTES];
    struct bytes signed_bytes;
};

static enum result relay_text(const struct handshake *h, struct text *out)
{
    uint8_t content[64];

    memcpy(content, h->house_nonce, 32);
    memcpy(content + 32, h->relay_nonce, 32);
    return envelope_signed(ENVELOPE_RELAY, h->house, NULL, BYTES_OF(content),
                           (struct bytes_mut){out->room, sizeof out->room}, &out->signed_bytes);
}

static enum result house_text(const struct handshake *h, struct text *out)
{
    uint8_t content[96];

    memcpy(content, h->relay_nonce, 32);
    memcpy(content + 32, h->house_nonce, 32);
    memcpy(content + 64, h->relay, 32);
    return envelope_signed(ENVELOPE_HOUSE, h->house, NULL, BYTES_OF(content),
                           (struct bytes_mut){out->room, sizeof out->room}, &out->signed_bytes);
}

void handshake_greet(struct handshake *h, const struct bus_link_options *house, struct control *greet)
{
    memcpy(h->house, house->key, 32);
    memcpy(h->relay, house->other, 32);
    random_fill(house->random, h->house_nonce, sizeof h->house_nonce);
    *greet = (struct control){.type = CONTROL_GREET};
    memcpy(greet->greet.house, h->house, 32);
    memcpy(greet->greet.nonce, h->house_nonce, 32);
}

enum result handshake_prove(struct handshake *h, const struct bus_link_options *relay,
                            const struct control_greet *greet, struct control *prove)
{
    struct text text;
    enum result res;

    if (memcmp(greet->house, relay->other, 32) != 0)
        return E_FORGED;
    memcpy(h->house, relay->other, 32);
    memcpy(h->relay, relay->key, 32);
    memcpy(h->house_nonce, greet->nonce, 32);
    random_fill(relay->random, h->relay_nonce, sizeof h->relay_nonce);
    *prove = (struct control){.type = CONTROL_PROVE};
    memcpy(prove->prove.key, h->relay, 32);
    memcpy(prove->prove.nonce, h->relay_nonce, 32);
    res = relay_text(h, &text);
    return res == OK ? relay->sign(relay->self, text.signed_bytes, prove->prove.signature) : res;
}

enum result handshake_prove_back(struct handshake *h, const struct bus_link_options *house,
                                 const struct control_prove *prove, struct control *proven)
{
    struct text text;
    enum result res;

    if (memcmp(prove->key, h->relay, 32) != 0)
        return E_REFUSED;
    memcpy(h->relay_nonce, prove->nonce, 32);
    res = relay_text(h, &text);
    if (res == OK)
        res = house->verify(h->relay, text.signed_bytes, BYTES_OF(prove->signature));
    if (res == OK)
        res = house_text(h, &text);
    *proven = (struct control){.type = CONTROL_PROVEN};
    return res == OK ? house->sign(house->self, text.signed_bytes, proven->proven.signature) : res;
}

enum result handshake_end(const struct handshake *h, const struct bus_link_options *relay,
                          const struct control_proven *proven)
{
    struct text text;
    enum result res = house_text(h, &text);

    return res == OK ? relay->verify(h->house, text.signed_bytes, BYTES_OF(proven->signature)) : res;
}
