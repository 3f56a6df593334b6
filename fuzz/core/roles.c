/* A charter as a group's context carries it, and a leaf's own extensions. */
#include "core/roles.h"
#include "core/standing.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any bytes are the charter of some room: their hash is its id, so only what they say is left to refuse. */
static void context(struct bytes data)
{
    struct reader r = reader_on(data);
    struct bytes charter = reader_run16(&r), written;
    uint8_t room[32], again[CHARTER_BYTES];
    struct charter c;

    if (crypto_sha256(&charter, 1, room) != OK || roles_context_check(data, room, &c) != OK)
        return;
    /* One encoding: what was read is what its maker wrote. */
    assert(charter_write(&c, (struct bytes_mut){again, sizeof again}, &written) == OK);
    assert(bytes_equal(written, charter));
}

/* Nobody here can sign, so no statement counts but none at all. */
static void statements(struct bytes data)
{
    static const struct charter charter = {.maker = {9}};
    static const uint8_t room[32] = {1};
    static struct standing standing;
    enum result res = standing_read(&standing, &charter, room, data);

    assert(res != OK || data.len == 0);
}

static void leaf(struct bytes data)
{
    static const struct charter masked = {.pseudonyms = true};
    struct reader r = reader_on(data);
    struct leaf_node node = {.credential_type = MLS_CREDENTIAL_BASIC};
    struct seat_binding b;

    node.extensions = extensions_read(&r);
    if (r.failed)
        return;
    node.signature_key = bytes(data.at, data.len < 32 ? data.len : 32);
    if (roles_binding_read(&node, &b) != OK)
        return;
    /* Whatever it says, it is for its own room or for none, and who signed nothing is nobody. */
    if (roles_binding_check(&node, &masked, b.room, &b) == OK)
        assert(b.bound || memcmp(b.account, (const uint8_t[32]){0}, 32) == 0);
    b.room[0] ^= 1;
    assert(roles_binding_check(&node, &masked, b.room, &b) != OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (crypto_start() != OK)
        return 0;
    context(bytes(data, size));
    statements(bytes(data, size));
    leaf(bytes(data, size));
    return 0;
}
