#include "house/clear.h"

#include "base/reader.h"
#include "base/writer.h"
#include "crypto/crypto.h"

enum {
    VERSION_MLS10 = 1,
    WIRE_PRIVATE_MESSAGE = 2,
    WIRE_WELCOME = 3,
    WIRE_KEY_PACKAGE = 5,
    CONTENT_APPLICATION = 1,
    CONTENT_PROPOSAL = 2,
    CONTENT_COMMIT = 3,
    SUITE_AES = 1,
    SUITE_CHACHA = 3,
};

/* MLSMessage: version, kind, and then what is of that kind. */
static enum result open_message(struct reader *r, unsigned kind)
{
    unsigned version, found;

    version = reader_u16(r);
    found = reader_u16(r);
    if (r->failed)
        return E_MALFORMED;
    return version == VERSION_MLS10 && found == kind ? OK : E_UNSUPPORTED;
}

static bool is_known_suite(unsigned suite)
{
    return suite == SUITE_AES || suite == SUITE_CHACHA;
}

/* RefHash (section 5.2): both suites hash with SHA-256. */
static enum result reference_of(struct bytes key_package, uint8_t reference[static 32])
{
    uint8_t before[64], length[8];
    struct writer head = writer_over(before), mid = writer_over(length);
    struct bytes parts[3];
    enum result res;

    writer_vector(&head, BYTES_TEXT("MLS 1.0 KeyPackage Reference"));
    writer_vector_length(&mid, key_package.len);
    res = writer_end(&head, &parts[0]);
    if (res == OK)
        res = writer_end(&mid, &parts[1]);
    if (res != OK)
        return res;
    parts[2] = key_package;
    return crypto_sha256(parts, 3, reference);
}

enum result clear_key_package(struct bytes message, uint8_t reference[static 32])
{
    struct reader r = reader_on(message);
    struct bytes package;
    unsigned version, suite;
    enum result res = open_message(&r, WIRE_KEY_PACKAGE);

    if (res != OK)
        return res;
    package = bytes(r.at, reader_left(&r));
    version = reader_u16(&r);
    suite = reader_u16(&r);
    if (r.failed)
        return E_MALFORMED;
    if (version != VERSION_MLS10 || !is_known_suite(suite))
        return E_UNSUPPORTED;
    return reference_of(package, reference);
}

static enum result read_private(struct bytes message, struct bytes *group_id, uint64_t *epoch,
                                unsigned *content)
{
    struct reader r = reader_on(message);
    enum result res = open_message(&r, WIRE_PRIVATE_MESSAGE);
    struct bytes group;
    uint64_t number;
    unsigned kind;

    if (res != OK)
        return res;
    group = reader_vector(&r);
    number = reader_u64(&r);
    kind = reader_u8(&r);
    (void)reader_vector(&r); /* authenticated data */
    (void)reader_vector(&r); /* encrypted sender data */
    (void)reader_vector(&r); /* ciphertext */
    if (reader_end(&r) != OK)
        return E_MALFORMED;
    *group_id = group;
    *epoch = number;
    *content = kind;
    return OK;
}

enum result clear_commit(struct bytes message, struct bytes *group_id, uint64_t *epoch)
{
    unsigned content;
    enum result res = read_private(message, group_id, epoch, &content);

    return res == OK && content != CONTENT_COMMIT ? E_UNSUPPORTED : res;
}

enum result clear_say(struct bytes message, struct bytes *group_id, uint64_t *epoch)
{
    unsigned content;
    enum result res = read_private(message, group_id, epoch, &content);

    return res == OK && content != CONTENT_APPLICATION && content != CONTENT_PROPOSAL ? E_UNSUPPORTED : res;
}

/* EncryptedGroupSecrets. */
static struct bytes read_secret(struct reader *r)
{
    struct bytes reference;

    reference = reader_vector(r);
    (void)reader_vector(r); /* kem output */
    (void)reader_vector(r); /* ciphertext */
    return reference;
}

enum result clear_welcome(struct bytes message, struct bytes *secrets)
{
    struct reader r = reader_on(message), inner;
    enum result res = open_message(&r, WIRE_WELCOME);
    struct bytes list;
    unsigned suite;

    if (res != OK)
        return res;
    suite = reader_u16(&r);
    list = reader_vector(&r);
    (void)reader_vector(&r); /* encrypted group info */
    if (reader_end(&r) != OK)
        return E_MALFORMED;
    if (!is_known_suite(suite))
        return E_UNSUPPORTED;
    inner = reader_on(list);
    while (reader_left(&inner) != 0)
        (void)read_secret(&inner);
    if (reader_end(&inner) != OK)
        return E_MALFORMED;
    *secrets = list;
    return OK;
}

bool clear_welcome_next(struct bytes *secrets, struct bytes *reference)
{
    struct reader r = reader_on(*secrets);

    if (secrets->len == 0)
        return false;
    *reference = read_secret(&r);
    if (r.failed)
        return false;
    *secrets = bytes(r.at, reader_left(&r));
    return true;
}
