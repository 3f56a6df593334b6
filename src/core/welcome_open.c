#include "core/joining.h"

#include "core/change.h"
#include "core/label.h"

void opened_welcome_free(struct opened_welcome *open)
{
    buffer_free(&open->secrets_text);
    buffer_free(&open->info_text);
    wipe(open, sizeof *open);
}

static bool find_ours(const struct joining *joining, const struct welcome *welcome,
                      struct welcome_secrets *out)
{
    struct reader r = reader_on(welcome->secrets);

    while (welcome_secrets_next(&r, out))
        if (bytes_equal(out->new_member, BYTES_OF(joining->ref)))
            return true;
    return false;
}

static enum result open_secrets(const struct joining *joining, const struct welcome *welcome,
                                struct opened_welcome *open)
{
    struct welcome_secrets ours;
    struct reader r;
    enum result res;

    if (!find_ours(joining, welcome, &ours))
        return E_NOT_FOUND;
    if (ours.sealed.len < MLS_TAG_LEN)
        return E_MALFORMED;
    buffer_zeros(&open->secrets_text, ours.sealed.len - MLS_TAG_LEN);
    res = buffer_end(&open->secrets_text, NULL);
    if (res == OK)
        res = label_decrypt(welcome->suite, &joining->init, BYTES_TEXT("Welcome"), welcome->sealed_info,
                            ours.kem, ours.sealed, open->secrets_text.at);
    if (res != OK)
        return res;
    r = reader_on(buffer_bytes(&open->secrets_text));
    group_secrets_read(&r, &open->secrets);
    if (reader_end(&r) != OK || open->secrets.joiner_secret.len != MLS_HASH_LEN ||
        (open->secrets.has_path_secret && open->secrets.path_secret.len != MLS_HASH_LEN))
        return E_MALFORMED;
    return OK;
}

static enum result mix_psks(const struct joining *joining, struct opened_welcome *open)
{
    const struct psk_sources sources = {.store = &joining->psks};
    struct reader r = reader_on(open->secrets.psks);
    struct psk_id id;
    uint16_t count = 0, index = 0;
    enum result res = OK;

    while (psk_id_next(&r, &id)) {
        if (id.nonce.len != MLS_HASH_LEN)
            return E_REFUSED;
        /* The group that this one goes on from would have to be at hand (sections 11.2, 11.3). */
        if (id.type == MLS_PSK_RESUMPTION && id.usage != MLS_PSK_APPLICATION)
            return E_UNSUPPORTED;
        if (count++ == CHANGE_PSKS_MAX)
            return E_TOO_LARGE;
    }
    r = reader_on(open->secrets.psks);
    while (res == OK && psk_id_next(&r, &id))
        res = psk_mix(&sources, &id, index++, count, open->psk_secret);
    return res;
}

enum result welcome_key(const uint8_t joiner[static 32], const uint8_t psk_secret[static 32], uint16_t suite,
                        struct message_key *out)
{
    uint8_t secret[MLS_HASH_LEN];
    enum result res = schedule_welcome(joiner, psk_secret, secret);

    *out = (struct message_key){0};
    if (res == OK)
        res = label_expand(secret, BYTES_TEXT("key"), (struct bytes){0},
                           (struct bytes_mut){out->key, crypto_aead_key_len(mls_suite_aead(suite))});
    if (res == OK)
        res = label_expand(secret, BYTES_TEXT("nonce"), (struct bytes){0},
                           (struct bytes_mut){out->nonce, sizeof out->nonce});
    wipe(secret, sizeof secret);
    return res;
}

static enum result open_info(const struct welcome *welcome, struct opened_welcome *open)
{
    struct message_key key;
    struct reader r;
    enum result res;

    if (welcome->sealed_info.len < MLS_TAG_LEN)
        return E_MALFORMED;
    res = welcome_key(open->secrets.joiner_secret.at, open->psk_secret, welcome->suite, &key);
    buffer_put(&open->info_text, welcome->sealed_info);
    if (res == OK)
        res = buffer_end(&open->info_text, NULL);
    if (res == OK)
        res = message_key_open(welcome->suite, &key, (struct bytes){0}, open->info_text.at,
                               open->info_text.len);
    wipe(&key, sizeof key);
    if (res != OK)
        return res;
    r = reader_on(bytes(open->info_text.at, open->info_text.len - MLS_TAG_LEN));
    group_info_read(&r, &open->info);
    return reader_end(&r);
}

static enum result check_head(const struct joining *joining, const struct mls_message *message)
{
    struct key_package package;
    enum result res = joining_package(joining, &package);

    if (res != OK)
        return res;
    if (message->wire_format != MLS_WELCOME)
        return E_MALFORMED;
    return message->welcome.suite == package.suite ? OK : E_UNSUPPORTED;
}

enum result welcome_open(const struct joining *joining, struct bytes welcome, struct opened_welcome *open)
{
    struct mls_message message;
    enum result res = mls_message_read(welcome, &message);

    if (res == OK)
        res = check_head(joining, &message);
    if (res == OK)
        res = open_secrets(joining, &message.welcome, open);
    if (res == OK)
        res = mix_psks(joining, open);
    if (res == OK)
        res = open_info(&message.welcome, open);
    if (res == OK &&
        (open->info.context.version != MLS_VERSION_10 || open->info.context.suite != message.welcome.suite))
        res = E_UNSUPPORTED;
    return res;
}
