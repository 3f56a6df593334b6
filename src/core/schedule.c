#include "core/schedule.h"

#include "core/label.h"

enum result schedule_joiner(const uint8_t init[static 32], const uint8_t commit[static 32],
                            struct bytes context, uint8_t out[static 32])
{
    uint8_t mixed[32];
    enum result res = crypto_hkdf_extract(bytes(init, 32), bytes(commit, 32), mixed);

    if (res == OK)
        res = label_expand(mixed, BYTES_TEXT("joiner"), context, (struct bytes_mut){out, 32});
    wipe(mixed, sizeof mixed);
    return res;
}

enum result schedule_welcome(const uint8_t joiner[static 32], const uint8_t psk[static 32],
                             uint8_t out[static 32])
{
    uint8_t mixed[32];
    enum result res = crypto_hkdf_extract(bytes(joiner, 32), bytes(psk, 32), mixed);

    if (res == OK)
        res = label_derive(mixed, BYTES_TEXT("welcome"), out);
    wipe(mixed, sizeof mixed);
    return res;
}

enum result schedule_from_epoch_secret(const uint8_t secret[static 32], struct schedule *out)
{
    struct schedule made;
    const struct {
        struct bytes label;
        uint8_t *to;
    } derived[] = {
        {BYTES_TEXT("init"), made.init},
        {BYTES_TEXT("sender data"), made.sender_data},
        {BYTES_TEXT("encryption"), made.encryption},
        {BYTES_TEXT("exporter"), made.exporter},
        {BYTES_TEXT("external"), made.external},
        {BYTES_TEXT("confirm"), made.confirmation},
        {BYTES_TEXT("membership"), made.membership},
        {BYTES_TEXT("resumption"), made.resumption},
        {BYTES_TEXT("authentication"), made.authenticator},
    };
    enum result res = OK;

    for (size_t i = 0; i < sizeof derived / sizeof derived[0] && res == OK; i++)
        res = label_derive(secret, derived[i].label, derived[i].to);
    if (res == OK)
        *out = made;
    wipe(&made, sizeof made);
    return res;
}

enum result schedule_epoch(const uint8_t joiner[static 32], const uint8_t psk[static 32],
                           struct bytes context, struct schedule *out)
{
    uint8_t mixed[32], secret[32];
    enum result res = crypto_hkdf_extract(bytes(joiner, 32), bytes(psk, 32), mixed);

    if (res == OK)
        res = label_expand(mixed, BYTES_TEXT("epoch"), context, (struct bytes_mut){secret, 32});
    if (res == OK)
        res = schedule_from_epoch_secret(secret, out);
    wipe(mixed, sizeof mixed);
    wipe(secret, sizeof secret);
    return res;
}

enum result schedule_psk(uint8_t psk_secret[static 32], const struct psk_id *id, struct bytes psk,
                         uint16_t index, uint16_t count)
{
    static const uint8_t zeros[32];
    uint8_t extracted[32], input[32], mixed[32];
    struct buffer b = {0};
    struct bytes label;
    enum result res;

    psk_id_write(&b, id);
    buffer_u16(&b, index);
    buffer_u16(&b, count);
    res = buffer_end(&b, &label);
    if (res == OK)
        res = crypto_hkdf_extract(BYTES_OF(zeros), psk, extracted);
    if (res == OK)
        res = label_expand(extracted, BYTES_TEXT("derived psk"), label, (struct bytes_mut){input, 32});
    if (res == OK)
        res = crypto_hkdf_extract(BYTES_OF(input), bytes(psk_secret, 32), mixed);
    if (res == OK)
        for (size_t i = 0; i < sizeof mixed; i++)
            psk_secret[i] = mixed[i];
    wipe(extracted, sizeof extracted);
    wipe(input, sizeof input);
    wipe(mixed, sizeof mixed);
    buffer_free(&b);
    return res;
}

enum result schedule_export(const uint8_t exporter[static 32], struct bytes label, struct bytes context,
                            struct bytes_mut out)
{
    uint8_t secret[32], hash[32];
    enum result res = label_derive(exporter, label, secret);

    if (res == OK)
        res = crypto_sha256(&context, 1, hash);
    if (res == OK)
        res = label_expand(secret, BYTES_TEXT("exported"), BYTES_OF(hash), out);
    wipe(secret, sizeof secret);
    return res;
}

enum result schedule_external_pair(const uint8_t external[static 32], struct hpke_pair *out)
{
    return hpke_pair_derive(bytes(external, 32), out);
}

enum result schedule_confirmed_hash(struct bytes interim_before, struct bytes content, uint8_t out[static 32])
{
    const struct bytes parts[] = {interim_before, content};

    return crypto_sha256(parts, 2, out);
}

enum result schedule_interim_hash(struct bytes confirmed, struct bytes confirmation_tag,
                                  uint8_t out[static 32])
{
    uint8_t length = (uint8_t)confirmation_tag.len;
    const struct bytes parts[] = {confirmed, BYTES_OF(length), confirmation_tag};

    /* A MAC of either suite has 32 bytes, whose length takes one. */
    if (confirmation_tag.len != MLS_HASH_LEN)
        return E_MALFORMED;
    return crypto_sha256(parts, 3, out);
}

enum result schedule_confirmation_tag(const uint8_t confirmation[static 32], struct bytes confirmed,
                                      uint8_t out[static 32])
{
    return crypto_hmac_sha256(bytes(confirmation, 32), &confirmed, 1, out);
}
