#include "core/frame.h"

#include "core/label.h"

/* --- FramedContent --- */

static bool sender_has_number(uint8_t type)
{
    return type == MLS_SENDER_MEMBER || type == MLS_SENDER_EXTERNAL;
}

/* The body alone, for a content type that is known from elsewhere. */
static void body_read(struct reader *r, struct content *content)
{
    const uint8_t *start = r->at;
    struct proposal proposal;
    struct commit commit;

    switch (content->type) {
    case MLS_APPLICATION:
        content->body = reader_vector(r);
        return;
    case MLS_PROPOSAL:
        proposal_read(r, &proposal);
        break;
    case MLS_COMMIT:
        commit_read(r, &commit);
        break;
    default:
        reader_fail(r);
        break;
    }
    content->body = r->failed ? (struct bytes){0} : bytes(start, (size_t)(r->at - start));
}

static void body_write(struct buffer *b, const struct content *content)
{
    if (content->type == MLS_APPLICATION)
        buffer_vector(b, content->body);
    else
        buffer_put(b, content->body);
}

void content_read(struct reader *r, struct content *content)
{
    content->group_id = reader_vector(r);
    content->epoch = reader_u64(r);
    content->sender_type = reader_u8(r);
    content->sender = 0;
    if (sender_has_number(content->sender_type))
        content->sender = reader_u32(r);
    else if (content->sender_type != MLS_SENDER_NEW_MEMBER_PROPOSAL &&
             content->sender_type != MLS_SENDER_NEW_MEMBER_COMMIT)
        reader_fail(r);
    content->authenticated_data = reader_vector(r);
    content->type = reader_u8(r);
    body_read(r, content);
}

void content_write(struct buffer *b, const struct content *content)
{
    buffer_vector(b, content->group_id);
    buffer_u64(b, content->epoch);
    buffer_u8(b, content->sender_type);
    if (sender_has_number(content->sender_type))
        buffer_u32(b, content->sender);
    buffer_vector(b, content->authenticated_data);
    buffer_u8(b, content->type);
    body_write(b, content);
}

void content_auth_read(struct reader *r, struct content *content)
{
    content->signature = reader_vector(r);
    content->confirmation_tag = (struct bytes){0};
    if (content->type == MLS_COMMIT)
        content->confirmation_tag = reader_vector(r);
}

void content_auth_write(struct buffer *b, const struct content *content)
{
    buffer_vector(b, content->signature);
    if (content->type == MLS_COMMIT)
        buffer_vector(b, content->confirmation_tag);
}

void content_write_confirmed(struct buffer *b, const struct content *content)
{
    buffer_u16(b, content->wire_format);
    content_write(b, content);
    buffer_vector(b, content->signature);
}

enum result content_ref(const struct content *content, uint8_t out[static MLS_HASH_LEN])
{
    struct buffer b = {0};
    struct bytes value;
    enum result res;

    buffer_u16(&b, content->wire_format);
    content_write(&b, content);
    content_auth_write(&b, content);
    res = buffer_end(&b, &value);
    if (res == OK)
        res = label_ref(BYTES_TEXT("MLS 1.0 Proposal Reference"), value, out);
    buffer_free(&b);
    return res;
}

/* --- Authentication --- */

static void write_signed(struct buffer *b, const struct content *content, struct bytes context)
{
    buffer_u16(b, MLS_VERSION_10);
    buffer_u16(b, content->wire_format);
    content_write(b, content);
    if (content->sender_type == MLS_SENDER_MEMBER || content->sender_type == MLS_SENDER_NEW_MEMBER_COMMIT)
        buffer_put(b, context);
}

enum result content_sign(const struct content *content, struct bytes context, const uint8_t seed[static 32],
                         uint8_t out[static MLS_SIGNATURE_LEN])
{
    struct buffer b = {0};
    struct bytes message;
    enum result res;

    write_signed(&b, content, context);
    res = buffer_end(&b, &message);
    if (res == OK)
        res = label_sign(seed, BYTES_TEXT("FramedContentTBS"), message, out);
    buffer_free(&b);
    return res;
}

enum result content_verify(const struct content *content, struct bytes context, struct bytes public_key)
{
    struct buffer b = {0};
    struct bytes message;
    enum result res;

    write_signed(&b, content, context);
    res = buffer_end(&b, &message);
    if (res == OK)
        res = label_verify(public_key, BYTES_TEXT("FramedContentTBS"), message, content->signature);
    buffer_free(&b);
    return res;
}

static enum result membership_tag(const struct content *content, struct bytes context,
                                  const uint8_t membership[static 32], uint8_t out[static 32])
{
    struct buffer b = {0};
    struct bytes message;
    enum result res;

    write_signed(&b, content, context);
    content_auth_write(&b, content);
    res = buffer_end(&b, &message);
    if (res == OK)
        res = crypto_hmac_sha256(bytes(membership, 32), &message, 1, out);
    buffer_free(&b);
    return res;
}

/* --- MLSMessage --- */

static void public_read(struct reader *r, struct public_message *message)
{
    message->content.wire_format = MLS_PUBLIC_MESSAGE;
    content_read(r, &message->content);
    content_auth_read(r, &message->content);
    message->membership_tag = (struct bytes){0};
    if (message->content.sender_type == MLS_SENDER_MEMBER)
        message->membership_tag = reader_vector(r);
}

static void public_write(struct buffer *b, const struct public_message *message)
{
    content_write(b, &message->content);
    content_auth_write(b, &message->content);
    if (message->content.sender_type == MLS_SENDER_MEMBER)
        buffer_vector(b, message->membership_tag);
}

static void private_read(struct reader *r, struct private_message *message)
{
    message->group_id = reader_vector(r);
    message->epoch = reader_u64(r);
    message->type = reader_u8(r);
    if (message->type < MLS_APPLICATION || message->type > MLS_COMMIT)
        reader_fail(r);
    message->authenticated_data = reader_vector(r);
    message->sealed_sender = reader_vector(r);
    message->ciphertext = reader_vector(r);
}

/* SenderDataAAD is the first three of these fields, PrivateContentAAD the first four. */
static void private_write_aad(struct buffer *b, const struct private_message *message, bool sender_data)
{
    buffer_vector(b, message->group_id);
    buffer_u64(b, message->epoch);
    buffer_u8(b, message->type);
    if (!sender_data)
        buffer_vector(b, message->authenticated_data);
}

static void private_write(struct buffer *b, const struct private_message *message)
{
    private_write_aad(b, message, false);
    buffer_vector(b, message->sealed_sender);
    buffer_vector(b, message->ciphertext);
}

enum result mls_message_read(struct bytes encoded, struct mls_message *message)
{
    struct reader r = reader_on(encoded);
    uint16_t version;

    version = reader_u16(&r);
    message->wire_format = reader_u16(&r);
    if (r.failed)
        return E_MALFORMED;
    if (version != MLS_VERSION_10)
        return E_UNSUPPORTED;
    switch (message->wire_format) {
    case MLS_PUBLIC_MESSAGE:
        public_read(&r, &message->public);
        break;
    case MLS_PRIVATE_MESSAGE:
        private_read(&r, &message->private);
        break;
    case MLS_WELCOME:
        welcome_read(&r, &message->welcome);
        break;
    case MLS_GROUP_INFO:
        group_info_read(&r, &message->info);
        break;
    case MLS_KEY_PACKAGE:
        key_package_read(&r, &message->package);
        break;
    default:
        return E_UNSUPPORTED;
    }
    return reader_end(&r);
}

void mls_message_head(struct buffer *b, uint16_t wire_format)
{
    buffer_u16(b, MLS_VERSION_10);
    buffer_u16(b, wire_format);
}

void mls_message_write(struct buffer *b, const struct mls_message *message)
{
    mls_message_head(b, message->wire_format);
    switch (message->wire_format) {
    case MLS_PUBLIC_MESSAGE:
        public_write(b, &message->public);
        break;
    case MLS_PRIVATE_MESSAGE:
        private_write(b, &message->private);
        break;
    case MLS_WELCOME:
        welcome_write(b, &message->welcome);
        break;
    case MLS_GROUP_INFO:
        group_info_write(b, &message->info);
        break;
    case MLS_KEY_PACKAGE:
        key_package_write(b, &message->package);
        break;
    }
}

/* --- PublicMessage --- */

enum result public_protect(const struct content *content, struct bytes context,
                           const uint8_t membership[static 32], struct buffer *message)
{
    uint8_t tag[MLS_HASH_LEN];
    enum result res;

    if (content->type == MLS_APPLICATION)
        return E_REFUSED;
    res = membership_tag(content, context, membership, tag);
    if (res != OK)
        return res;
    mls_message_head(message, MLS_PUBLIC_MESSAGE);
    public_write(message, &(struct public_message){*content, BYTES_OF(tag)});
    return buffer_end(message, NULL);
}

enum result public_check(const struct public_message *message, struct bytes context,
                         const uint8_t membership[static 32])
{
    uint8_t tag[MLS_HASH_LEN];
    enum result res;

    if (message->content.type == MLS_APPLICATION)
        return E_REFUSED;
    if (message->membership_tag.len != sizeof tag)
        return E_FORGED;
    res = membership_tag(&message->content, context, membership, tag);
    if (res == OK && !equal_secret(tag, message->membership_tag.at, sizeof tag))
        res = E_FORGED;
    return res;
}

/* --- PrivateMessage --- */

enum { SENDER_DATA_LEN = 12 };

enum ratchet_kind content_ratchet(uint8_t type)
{
    return type == MLS_APPLICATION ? RATCHET_APPLICATION : RATCHET_HANDSHAKE;
}

static void guard_nonce(struct message_key *key, const uint8_t guard[static 4])
{
    for (size_t i = 0; i < 4; i++)
        key->nonce[i] ^= guard[i];
}

static enum result aad_of(const struct private_message *message, bool sender_data, struct buffer *b,
                          struct bytes *out)
{
    private_write_aad(b, message, sender_data);
    return buffer_end(b, out);
}

static enum result seal_sender(const struct private_message *message, uint16_t suite,
                               const uint8_t secret[static 32], const struct sender_data *sender,
                               uint8_t out[static SENDER_DATA_LEN + MLS_TAG_LEN])
{
    struct buffer aad_room = {0}, plain = {0};
    struct message_key key;
    struct bytes aad, text;
    enum result res;

    buffer_u32(&plain, sender->leaf);
    buffer_u32(&plain, sender->generation);
    buffer_put(&plain, BYTES_OF(sender->guard));
    res = buffer_end(&plain, &text);
    if (res == OK)
        res = aad_of(message, true, &aad_room, &aad);
    if (res == OK)
        res = sender_data_key(suite, secret, message->ciphertext, &key);
    if (res == OK) {
        for (size_t i = 0; i < SENDER_DATA_LEN; i++)
            out[i] = text.at[i];
        res = message_key_seal(suite, &key, aad, out, SENDER_DATA_LEN);
    }
    wipe(&key, sizeof key);
    buffer_free(&aad_room);
    buffer_free(&plain);
    return res;
}

/* The padded plain text with room for a tag behind it. */
static enum result write_plain(const struct content *content, uint32_t padding, struct buffer *b, size_t *len)
{
    body_write(b, content);
    content_auth_write(b, content);
    if (padding > 1 && b->len % padding != 0)
        buffer_zeros(b, padding - b->len % padding);
    *len = b->len;
    buffer_zeros(b, MLS_TAG_LEN);
    return buffer_end(b, NULL);
}

enum result private_protect(const struct content *content, uint16_t suite, struct secret_tree *tree,
                            const uint8_t sender_data[static 32], uint32_t padding,
                            const struct random *random, struct buffer *message)
{
    struct private_message made = {
        .group_id = content->group_id,
        .epoch = content->epoch,
        .type = content->type,
        .authenticated_data = content->authenticated_data,
    };
    struct sender_data sender = {.leaf = content->sender};
    uint8_t sealed_sender[SENDER_DATA_LEN + MLS_TAG_LEN];
    struct buffer aad_room = {0}, text = {0};
    struct message_key key;
    struct bytes aad;
    size_t len;
    enum result res;

    res = write_plain(content, padding, &text, &len);
    if (res == OK)
        res = aad_of(&made, false, &aad_room, &aad);
    if (res == OK)
        res = secret_tree_next(tree, sender.leaf, content_ratchet(content->type), &sender.generation, &key);
    if (res == OK) {
        random_fill(random, sender.guard, sizeof sender.guard);
        guard_nonce(&key, sender.guard);
        res = message_key_seal(suite, &key, aad, text.at, len);
    }
    if (res == OK) {
        made.ciphertext = buffer_bytes(&text);
        res = seal_sender(&made, suite, sender_data, &sender, sealed_sender);
    }
    if (res == OK) {
        made.sealed_sender = BYTES_OF(sealed_sender);
        mls_message_head(message, MLS_PRIVATE_MESSAGE);
        private_write(message, &made);
        res = buffer_end(message, NULL);
    }
    wipe(&key, sizeof key);
    buffer_free(&aad_room);
    buffer_free(&text);
    return res;
}

enum result private_sender(const struct private_message *message, uint16_t suite,
                           const uint8_t sender_data[static 32], struct sender_data *out)
{
    uint8_t sealed[SENDER_DATA_LEN + MLS_TAG_LEN];
    struct buffer aad_room = {0};
    struct message_key key;
    struct bytes aad;
    enum result res;

    if (message->sealed_sender.len != sizeof sealed)
        return E_MALFORMED;
    for (size_t i = 0; i < sizeof sealed; i++)
        sealed[i] = message->sealed_sender.at[i];
    res = aad_of(message, true, &aad_room, &aad);
    if (res == OK)
        res = sender_data_key(suite, sender_data, message->ciphertext, &key);
    if (res == OK)
        res = message_key_open(suite, &key, aad, sealed, sizeof sealed);
    if (res == OK) {
        struct reader r = reader_on(bytes(sealed, SENDER_DATA_LEN));

        out->leaf = reader_u32(&r);
        out->generation = reader_u32(&r);
        reader_copy(&r, out->guard, sizeof out->guard);
    }
    wipe(&key, sizeof key);
    buffer_free(&aad_room);
    return res;
}

/* Content, signature and tag, and then zeros alone (section 6.3.1). */
static enum result read_plain(struct bytes plain, struct content *content)
{
    struct reader r = reader_on(plain);
    struct bytes padding;

    body_read(&r, content);
    content_auth_read(&r, content);
    if (r.failed)
        return E_MALFORMED;
    padding = reader_take(&r, reader_left(&r));
    for (size_t i = 0; i < padding.len; i++)
        if (padding.at[i] != 0)
            return E_MALFORMED;
    return OK;
}

enum result private_open(const struct private_message *message, uint16_t suite,
                         const struct secret_tree *tree, const struct sender_data *sender,
                         struct buffer *plain, struct content *out)
{
    struct content opened = {
        .wire_format = MLS_PRIVATE_MESSAGE,
        .group_id = message->group_id,
        .epoch = message->epoch,
        .sender_type = MLS_SENDER_MEMBER,
        .sender = sender->leaf,
        .authenticated_data = message->authenticated_data,
        .type = message->type,
    };
    struct buffer aad_room = {0};
    struct message_key key;
    struct bytes aad;
    enum result res;

    if (message->ciphertext.len < MLS_TAG_LEN)
        return E_MALFORMED;
    buffer_put(plain, message->ciphertext);
    res = buffer_end(plain, NULL);
    if (res == OK)
        res = aad_of(message, false, &aad_room, &aad);
    if (res == OK)
        res = secret_tree_look(tree, sender->leaf, content_ratchet(message->type), sender->generation, &key);
    if (res == OK) {
        guard_nonce(&key, sender->guard);
        res = message_key_open(suite, &key, aad, plain->at, plain->len);
    }
    if (res == OK)
        res = read_plain(bytes(plain->at, plain->len - MLS_TAG_LEN), &opened);
    if (res == OK)
        *out = opened;
    wipe(&key, sizeof key);
    buffer_free(&aad_room);
    return res;
}
