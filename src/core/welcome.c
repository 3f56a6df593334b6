#include "core/welcome.h"

/* --- Reading --- */

void group_context_read(struct reader *r, struct group_context *context)
{
    context->version = reader_u16(r);
    context->suite = reader_u16(r);
    context->group_id = reader_vector(r);
    context->epoch = reader_u64(r);
    context->tree_hash = reader_vector(r);
    context->confirmed_transcript_hash = reader_vector(r);
    context->extensions = extensions_read(r);
}

void group_info_read(struct reader *r, struct group_info *info)
{
    const uint8_t *start = r->at;

    *info = (struct group_info){0};
    group_context_read(r, &info->context);
    if (!r->failed)
        info->context_encoded = bytes(start, (size_t)(r->at - start));
    info->extensions = extensions_read(r);
    info->confirmation_tag = reader_vector(r);
    info->signer = reader_u32(r);
    if (!r->failed)
        info->body = bytes(start, (size_t)(r->at - start));
    info->signature = reader_vector(r);
}

bool psk_id_next(struct reader *psks, struct psk_id *psk)
{
    if (reader_left(psks) == 0)
        return false;
    psk_id_read(psks, psk);
    return !psks->failed;
}

void group_secrets_read(struct reader *r, struct group_secrets *secrets)
{
    struct reader psks;
    struct psk_id psk;
    uint8_t has_path_secret;

    *secrets = (struct group_secrets){0};
    secrets->joiner_secret = reader_vector(r);
    has_path_secret = reader_u8(r);
    if (has_path_secret > 1)
        reader_fail(r);
    secrets->has_path_secret = has_path_secret == 1;
    if (secrets->has_path_secret)
        secrets->path_secret = reader_vector(r);
    secrets->psks = reader_vector(r);
    psks = reader_on(secrets->psks);
    while (psk_id_next(&psks, &psk))
        ;
    if (reader_end(&psks) != OK)
        reader_fail(r);
}

bool welcome_secrets_next(struct reader *secrets, struct welcome_secrets *item)
{
    if (reader_left(secrets) == 0)
        return false;
    item->new_member = reader_vector(secrets);
    ciphertext_read(secrets, &item->kem, &item->sealed);
    return !secrets->failed;
}

void welcome_read(struct reader *r, struct welcome *welcome)
{
    struct welcome_secrets item;
    struct reader secrets;

    welcome->suite = reader_u16(r);
    welcome->secrets = reader_vector(r);
    secrets = reader_on(welcome->secrets);
    while (welcome_secrets_next(&secrets, &item))
        ;
    if (reader_end(&secrets) != OK)
        reader_fail(r);
    welcome->sealed_info = reader_vector(r);
}

/* --- Writing --- */

void group_context_write(struct buffer *b, const struct group_context *context)
{
    buffer_u16(b, context->version);
    buffer_u16(b, context->suite);
    buffer_vector(b, context->group_id);
    buffer_u64(b, context->epoch);
    buffer_vector(b, context->tree_hash);
    buffer_vector(b, context->confirmed_transcript_hash);
    buffer_vector(b, context->extensions);
}

void group_info_write_body(struct buffer *b, const struct group_info *info)
{
    group_context_write(b, &info->context);
    buffer_vector(b, info->extensions);
    buffer_vector(b, info->confirmation_tag);
    buffer_u32(b, info->signer);
}

void group_info_write(struct buffer *b, const struct group_info *info)
{
    group_info_write_body(b, info);
    buffer_vector(b, info->signature);
}

void group_secrets_write(struct buffer *b, const struct group_secrets *secrets)
{
    buffer_vector(b, secrets->joiner_secret);
    buffer_u8(b, secrets->has_path_secret);
    if (secrets->has_path_secret)
        buffer_vector(b, secrets->path_secret);
    buffer_vector(b, secrets->psks);
}

void welcome_secrets_write(struct buffer *b, const struct welcome_secrets *item)
{
    buffer_vector(b, item->new_member);
    ciphertext_write(b, item->kem, item->sealed);
}

void welcome_write(struct buffer *b, const struct welcome *welcome)
{
    buffer_u16(b, welcome->suite);
    buffer_vector(b, welcome->secrets);
    buffer_vector(b, welcome->sealed_info);
}
