/* message-protection.json, messages.json, deserialization.json; every truncation, every flipped byte.
 * RFC 9420, section 6. */
#include "core/frame.h"
#include "core/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/mls_cases.h"
#include "support/seeded.h"

/* --- Protection --- */

enum { SENDER = 1 };

struct protection {
    struct mls_case *c;
    struct bytes context;
    struct bytes membership, sender_data, public_key, seed;
    struct secret_tree *tree;
    struct seeded seeded;
};

static void open_private(struct protection *p, struct bytes message, uint8_t type, struct bytes wanted)
{
    struct mls_message read;
    struct sender_data sender;
    struct buffer plain = {0};
    struct content content;

    assert_int_equal(mls_message_read(message, &read), OK);
    assert_int_equal(read.wire_format, MLS_PRIVATE_MESSAGE);
    assert_int_equal(read.private.type, type);
    assert_int_equal(private_sender(&read.private, p->c->suite, p->sender_data.at, &sender), OK);
    assert_int_equal(sender.leaf, SENDER);
    assert_int_equal(private_open(&read.private, p->c->suite, p->tree, &sender, &plain, &content), OK);
    assert_same(content.body, wanted);
    assert_int_equal(content_verify(&content, p->context, p->public_key), OK);
    assert_int_equal(content_verify(&content, BYTES_TEXT("other"), p->public_key), E_FORGED);
    assert_int_equal(content.confirmation_tag.len, type == MLS_COMMIT ? MLS_HASH_LEN : 0);
    buffer_free(&plain);
}

static void open_public(struct protection *p, struct bytes message, uint8_t type, struct bytes wanted)
{
    struct mls_message read;
    uint8_t other[32] = {0};

    assert_int_equal(mls_message_read(message, &read), OK);
    assert_int_equal(read.wire_format, MLS_PUBLIC_MESSAGE);
    assert_int_equal(read.public.content.type, type);
    assert_int_equal(public_check(&read.public, p->context, p->membership.at), OK);
    assert_int_equal(public_check(&read.public, p->context, other), E_FORGED);
    assert_int_equal(content_verify(&read.public.content, p->context, p->public_key), OK);
    assert_same(read.public.content.body, wanted);
}

static struct content content_of(struct protection *p, uint16_t wire_format, uint8_t type, struct bytes body,
                                 uint8_t signature[static MLS_SIGNATURE_LEN])
{
    static const uint8_t tag[MLS_HASH_LEN] = {1};
    struct content content = {
        .wire_format = wire_format,
        .group_id = case_hex(p->c, p->c->json, "group_id"),
        .epoch = vectors_number(p->c->json, "epoch"),
        .sender_type = MLS_SENDER_MEMBER,
        .sender = SENDER,
        .authenticated_data = BYTES_TEXT("data"),
        .type = type,
        .body = body,
        .confirmation_tag = BYTES_OF(tag),
    };

    assert_int_equal(content_sign(&content, p->context, p->seed.at, signature), OK);
    content.signature = bytes(signature, MLS_SIGNATURE_LEN);
    return content;
}

static void own_messages(struct protection *p, uint8_t type, struct bytes body)
{
    uint8_t signature[MLS_SIGNATURE_LEN];
    struct content content = content_of(p, MLS_PUBLIC_MESSAGE, type, body, signature);
    struct secret_tree *sending = NULL;
    struct buffer message = {0};
    struct mls_message read;

    if (type == MLS_APPLICATION) {
        assert_int_equal(public_protect(&content, p->context, p->membership.at, &message), E_REFUSED);
    } else {
        assert_int_equal(public_protect(&content, p->context, p->membership.at, &message), OK);
        open_public(p, buffer_bytes(&message), type, body);
    }
    buffer_free(&message);

    content = content_of(p, MLS_PRIVATE_MESSAGE, type, body, signature);
    assert_int_equal(
        secret_tree_new(p->c->suite, 1, case_hex(p->c, p->c->json, "encryption_secret").at, &sending), OK);
    assert_int_equal(
        private_protect(&content, p->c->suite, sending, p->sender_data.at, 256, &p->seeded.random, &message),
        OK);
    open_private(p, buffer_bytes(&message), type, body);
    assert_int_equal(mls_message_read(buffer_bytes(&message), &read), OK);
    assert_int_equal(read.private.ciphertext.len % 256, MLS_TAG_LEN);
    buffer_free(&message);
    secret_tree_free(sending);
}

static void protection(struct mls_case *c)
{
    static const struct {
        uint8_t type;
        const char *body, *private, *public;
    } rows[] = {
        {MLS_PROPOSAL, "proposal", "proposal_priv", "proposal_pub"},
        {MLS_COMMIT, "commit", "commit_priv", "commit_pub"},
        {MLS_APPLICATION, "application", "application_priv", NULL},
    };
    struct group_context context = {
        .version = MLS_VERSION_10,
        .suite = c->suite,
        .group_id = case_hex(c, c->json, "group_id"),
        .epoch = vectors_number(c->json, "epoch"),
        .tree_hash = case_hex(c, c->json, "tree_hash"),
        .confirmed_transcript_hash = case_hex(c, c->json, "confirmed_transcript_hash"),
    };
    struct protection p = {
        .c = c,
        .membership = case_hex(c, c->json, "membership_key"),
        .sender_data = case_hex(c, c->json, "sender_data_secret"),
        .public_key = case_hex(c, c->json, "signature_pub"),
        .seed = case_hex(c, c->json, "signature_priv"),
    };
    struct buffer encoded = {0};

    seeded_start(&p.seeded, c->number);
    group_context_write(&encoded, &context);
    p.context = buffer_bytes(&encoded);
    for (size_t i = 0; i < 3; i++) {
        struct bytes body = case_hex(c, c->json, rows[i].body);

        assert_int_equal(secret_tree_new(c->suite, 1, case_hex(c, c->json, "encryption_secret").at, &p.tree),
                         OK);
        open_private(&p, case_hex(c, c->json, rows[i].private), rows[i].type, body);
        if (rows[i].public != NULL)
            open_public(&p, case_hex(c, c->json, rows[i].public), rows[i].type, body);
        own_messages(&p, rows[i].type, body);
        secret_tree_free(p.tree);
    }
    buffer_free(&encoded);
}

/* Whatever byte of a private message is changed, it does not open. */
static void flipped(struct mls_case *c)
{
    struct bytes message = case_hex(c, c->json, "application_priv");
    struct bytes sender_secret = case_hex(c, c->json, "sender_data_secret");
    struct secret_tree *tree = NULL;
    uint8_t *changed = malloc(message.len);
    struct mls_message read;

    assert_non_null(changed);
    assert_int_equal(secret_tree_new(c->suite, 1, case_hex(c, c->json, "encryption_secret").at, &tree), OK);
    for (size_t i = 0; i < message.len; i++) {
        struct sender_data sender;
        struct buffer plain = {0};
        struct content content;
        enum result res;

        memcpy(changed, message.at, message.len);
        changed[i] ^= 1;
        res = mls_message_read(bytes(changed, message.len), &read);
        if (res == OK && read.wire_format == MLS_PRIVATE_MESSAGE)
            res = private_sender(&read.private, c->suite, sender_secret.at, &sender);
        if (res == OK)
            res = private_open(&read.private, c->suite, tree, &sender, &plain, &content);
        assert_int_not_equal(res, OK);
        buffer_free(&plain);
    }
    secret_tree_free(tree);
    free(changed);
}

static void message_protection(void **state)
{
    (void)state;
    mls_cases("mls/message-protection.json", 2, protection);
}

static void flipped_bytes(void **state)
{
    (void)state;
    mls_cases("mls/message-protection.json", 2, flipped);
}

/* --- Encodings --- */

/* Reads one object whole and composes it again from its fields. */
static enum result recode_message(struct bytes encoded, struct buffer *b)
{
    struct mls_message message;
    enum result res = mls_message_read(encoded, &message);

    if (res == OK)
        mls_message_write(b, &message);
    return res;
}

static enum result recode_tree(struct bytes encoded, struct buffer *b)
{
    struct tree tree;
    enum result res = tree_read(encoded, &tree);

    if (res == OK) {
        tree_write(b, &tree);
        tree_free(&tree);
    }
    return res;
}

static enum result recode_secrets(struct bytes encoded, struct buffer *b)
{
    struct reader r = reader_on(encoded);
    struct group_secrets secrets;

    group_secrets_read(&r, &secrets);
    if (reader_end(&r) != OK)
        return E_MALFORMED;
    group_secrets_write(b, &secrets);
    return OK;
}

static enum result recode_commit(struct bytes encoded, struct buffer *b)
{
    struct reader r = reader_on(encoded);
    struct commit commit;
    struct proposal_or_ref item;
    struct buffer proposals = {0};

    commit_read(&r, &commit);
    if (reader_end(&r) != OK)
        return E_MALFORMED;
    r = reader_on(commit.proposals);
    while (proposal_next(&r, &item))
        proposal_or_ref_write(&proposals, &item);
    commit.proposals = buffer_bytes(&proposals);
    commit_write(b, &commit);
    buffer_free(&proposals);
    return OK;
}

/* The vectors' proposals are bare: without their type. */
static enum result recode_proposal(uint16_t type, struct bytes encoded, struct buffer *b)
{
    struct buffer typed = {0}, again = {0};
    struct proposal proposal;
    struct reader r;
    enum result res;

    buffer_u16(&typed, type);
    buffer_put(&typed, encoded);
    r = reader_on(buffer_bytes(&typed));
    proposal_read(&r, &proposal);
    res = reader_end(&r);
    if (res == OK) {
        proposal_write(&again, &proposal);
        assert_int_equal(again.at[1], type);
        buffer_put(b, bytes(again.at + 2, again.len - 2));
    }
    buffer_free(&typed);
    buffer_free(&again);
    return res;
}

static enum result recode(const char *member, struct bytes encoded, struct buffer *b)
{
    static const struct {
        const char *member;
        uint16_t type;
    } proposals[] = {
        {"add_proposal", MLS_PROPOSAL_ADD},
        {"update_proposal", MLS_PROPOSAL_UPDATE},
        {"remove_proposal", MLS_PROPOSAL_REMOVE},
        {"pre_shared_key_proposal", MLS_PROPOSAL_PSK},
        {"re_init_proposal", MLS_PROPOSAL_REINIT},
        {"external_init_proposal", MLS_PROPOSAL_EXTERNAL_INIT},
        {"group_context_extensions_proposal", MLS_PROPOSAL_CONTEXT_EXTENSIONS},
    };

    for (size_t i = 0; i < sizeof proposals / sizeof proposals[0]; i++)
        if (strcmp(member, proposals[i].member) == 0)
            return recode_proposal(proposals[i].type, encoded, b);
    if (strcmp(member, "ratchet_tree") == 0)
        return recode_tree(encoded, b);
    if (strcmp(member, "group_secrets") == 0)
        return recode_secrets(encoded, b);
    if (strcmp(member, "commit") == 0)
        return recode_commit(encoded, b);
    return recode_message(encoded, b);
}

static void all_encodings(struct mls_case *c)
{
    json_object_object_foreach(c->json, member, value)
    {
        struct bytes encoded = vectors_hex_string(&c->arena, json_object_get_string(value));
        struct buffer again = {0};

        assert_int_equal(recode(member, encoded, &again), OK);
        assert_same(buffer_bytes(&again), encoded);
        buffer_free(&again);
        if (c->number != 0)
            continue;
        for (size_t len = 0; len < encoded.len; len++) {
            assert_int_equal(recode(member, bytes(encoded.at, len), &again), E_MALFORMED);
            buffer_free(&again);
        }
    }
}

static void vector_length(struct mls_case *c)
{
    struct bytes header = case_hex(c, c->json, "vlbytes_header");
    size_t len = vectors_number(c->json, "length");
    uint8_t *whole = calloc(1, header.len + len + 1);
    struct buffer b = {0};
    struct reader r;
    size_t mark;

    assert_non_null(whole);
    memcpy(whole, header.at, header.len);
    r = reader_on(bytes(whole, header.len + len));
    assert_int_equal(reader_vector(&r).len, len);
    assert_int_equal(reader_end(&r), OK);

    /* The greatest have a gigabyte behind them, which nobody needs to see copied. */
    if (len <= 1u << 20) {
        buffer_vector(&b, bytes(whole + header.len, len));
        assert_same(buffer_bytes(&b), bytes(whole, header.len + len));
        buffer_free(&b);
        buffer_u8(&b, 9);
        mark = buffer_open(&b);
        buffer_zeros(&b, len);
        buffer_close(&b, mark);
        assert_same(bytes(b.at + 1, b.len - 1), bytes(whole, header.len + len));
        buffer_free(&b);
    }
    free(whole);
}

static void message_encodings(void **state)
{
    (void)state;
    mls_cases("mls/messages.json", 300, all_encodings);
}

static void deserialization(void **state)
{
    (void)state;
    mls_cases("mls/deserialization.json", 14, vector_length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_protection),
        cmocka_unit_test(flipped_bytes),
        cmocka_unit_test(message_encodings),
        cmocka_unit_test(deserialization),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
