/* What a KeyPackage and a leaf must be: RFC 9420, sections 7.2, 7.3, 10, 10.1 and 13.4. Each is judged twice,
 * by who would add it and by who is told of it; lifetimes are g39's, in test_group.c. */
#include "core/group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "evil.h"
#include "support/heap.h"

enum { TELLS = 1, JUDGES = 0, MEMBERS = 3 };

static const uint8_t no_key[MLS_KEY_LEN] = {1}; /* of small order: its secret would be everybody's */
static const uint8_t grease[] = {0x0a, 0x0a};

static void good(struct key_package *p, void *self)
{
    (void)p;
    (void)self;
}

static void version_two(struct key_package *p, void *self)
{
    (void)self;
    p->version = 2;
}

static void another_suite(struct key_package *p, void *self)
{
    (void)self;
    p->suite = MLS_SUITE_AES_128_GCM;
}

static void one_key_for_both(struct key_package *p, void *self)
{
    (void)self;
    p->init_key = p->leaf.encryption_key;
}

static void init_key_that_is_none(struct key_package *p, void *self)
{
    (void)self;
    p->init_key = BYTES_OF(no_key);
}

static void init_key_cut(struct key_package *p, void *self)
{
    (void)self;
    p->init_key.len--;
}

static void encryption_key_that_is_none(struct key_package *p, void *self)
{
    (void)self;
    p->leaf.encryption_key = BYTES_OF(no_key);
}

static void encryption_key_cut(struct key_package *p, void *self)
{
    (void)self;
    p->leaf.encryption_key.len--;
}

static void signature_key_cut(struct key_package *p, void *self)
{
    (void)self;
    p->leaf.signature_key.len--;
}

static void leaf_of_an_update(struct key_package *p, void *self)
{
    (void)self;
    p->leaf.source = MLS_LEAF_UPDATE;
}

static void leaf_of_a_commit(struct key_package *p, void *self)
{
    (void)self;
    p->leaf.source = MLS_LEAF_COMMIT;
}

static void versions_without_ours(struct key_package *p, void *self)
{
    (void)self;
    p->leaf.capabilities.versions = BYTES_OF(grease);
}

static void suites_without_ours(struct key_package *p, void *self)
{
    (void)self;
    p->leaf.capabilities.suites = BYTES_OF(grease);
}

static void credentials_without_its_own(struct key_package *p, void *self)
{
    (void)self;
    p->leaf.capabilities.credentials = BYTES_OF(grease);
}

static void extensions_without_the_contexts(struct key_package *p, void *self)
{
    static const uint8_t leaf_alone[] = {ROOM_LEAF >> 8, ROOM_LEAF & 0xff};

    (void)self;
    p->leaf.capabilities.extensions = BYTES_OF(leaf_alone);
}

static void extensions_without_its_own(struct key_package *p, void *self)
{
    static const uint8_t context_alone[] = {ROOM_CONTEXT >> 8, ROOM_CONTEXT & 0xff};

    (void)self;
    p->leaf.capabilities.extensions = BYTES_OF(context_alone);
}

static void odd_list(struct key_package *p, void *self)
{
    (void)self;
    p->leaf.capabilities.proposals = bytes(grease, 1);
}

static void extension_twice_in_the_leaf(struct key_package *p, void *self)
{
    static const uint8_t twice[] = {ROOM_LEAF >> 8, ROOM_LEAF & 0xff, 0, ROOM_LEAF >> 8, ROOM_LEAF & 0xff, 0};

    (void)self;
    p->leaf.extensions = BYTES_OF(twice);
}

static void extension_twice(struct key_package *p, void *self)
{
    static const uint8_t twice[] = {0x0a, 0x0a, 0, 0x0a, 0x0a, 0};

    (void)self;
    p->extensions = BYTES_OF(twice);
}

/* As far as it goes: what is unknown is ignored (section 13.5). */
static void grease_everywhere(struct key_package *p, void *self)
{
    static const uint8_t versions[] = {0x0a, 0x0a, 0, 1}, suites[] = {0x1a, 0x1a, 0, 3},
                         extensions[] = {ROOM_CONTEXT >> 8, ROOM_CONTEXT & 0xff, 0x2a, 0x2a,
                                         ROOM_LEAF >> 8,    ROOM_LEAF & 0xff},
                         credentials[] = {0x4a, 0x4a, 0, 1}, in_package[] = {0x2a, 0x2a, 2, 9, 9};

    (void)self;
    p->leaf.capabilities = (struct capabilities){BYTES_OF(versions), BYTES_OF(suites), BYTES_OF(extensions),
                                                 BYTES_OF(grease), BYTES_OF(credentials)};
    p->extensions = BYTES_OF(in_package);
}

/* --- What is done to it when all is signed --- */

enum after {
    WHOLE,
    LEAF_SIGNATURE,    /* flipped, under a right signature of the package */
    PACKAGE_SIGNATURE, /* flipped */
    SIGNATURE_CUT,
    BYTE_MORE,
};

static const struct row {
    const char *section, *what;
    void (*change)(struct key_package *, void *);
    enum after after;
    enum result why;
} rows[] = {
    {"10", "a good one", good, WHOLE, OK},
    {"13.5", "GREASE wherever it may be", grease_everywhere, WHOLE, OK},
    {"10.1", "another version", version_two, WHOLE, E_UNSUPPORTED},
    {"10.1", "another suite", another_suite, WHOLE, E_UNSUPPORTED},
    {"10.1", "one key for init and leaf", one_key_for_both, WHOLE, E_REFUSED},
    {"10", "an init key that is none", init_key_that_is_none, WHOLE, E_REFUSED},
    {"10", "an init key that is cut", init_key_cut, WHOLE, E_MALFORMED},
    {"10.1", "another signature", good, PACKAGE_SIGNATURE, E_FORGED},
    {"10.1", "half a signature", good, SIGNATURE_CUT, E_FORGED},
    {"7.3", "another signature of the leaf", good, LEAF_SIGNATURE, E_FORGED},
    {"10", "the leaf of an Update", leaf_of_an_update, WHOLE, E_REFUSED},
    {"10", "the leaf of a Commit", leaf_of_a_commit, WHOLE, E_REFUSED},
    {"7.3", "an encryption key that is none", encryption_key_that_is_none, WHOLE, E_REFUSED},
    {"7.3", "an encryption key that is cut", encryption_key_cut, WHOLE, E_MALFORMED},
    {"7.3", "a signature key that is cut", signature_key_cut, WHOLE, E_MALFORMED},
    {"7.3", "a version that it does not list", versions_without_ours, WHOLE, E_UNSUPPORTED},
    {"7.3", "a suite that it does not list", suites_without_ours, WHOLE, E_UNSUPPORTED},
    {"7.2", "its own credential that it does not list", credentials_without_its_own, WHOLE, E_REFUSED},
    {"13.4", "the context's extension that it does not list", extensions_without_the_contexts, WHOLE,
     E_REFUSED},
    {"7.2", "its own extension that it does not list", extensions_without_its_own, WHOLE, E_REFUSED},
    {"7.2", "half a number in a list", odd_list, WHOLE, E_MALFORMED},
    {"13.4", "an extension twice in the leaf", extension_twice_in_the_leaf, WHOLE, E_MALFORMED},
    {"13.4", "an extension twice", extension_twice, WHOLE, E_MALFORMED},
    {"10", "a byte more", good, BYTE_MORE, E_MALFORMED},
};

/* Where the leaf is spoilt, the package around it is signed anew. */
static void spoil(struct arena *arena, const uint8_t seed[static 32], enum after after, struct key_package *p)
{
    uint8_t *signature = arena_take(arena, MLS_SIGNATURE_LEN);
    struct buffer body = {0};

    assert_non_null(signature);
    if (after == LEAF_SIGNATURE) {
        memcpy(signature, p->leaf.signature.at, MLS_SIGNATURE_LEN);
        p->leaf.signature = bytes(signature, MLS_SIGNATURE_LEN);
    } else {
        memcpy(signature, p->signature.at, MLS_SIGNATURE_LEN);
        p->signature = bytes(signature, MLS_SIGNATURE_LEN - (after == SIGNATURE_CUT));
    }
    if (after == LEAF_SIGNATURE || after == PACKAGE_SIGNATURE)
        signature[7] ^= 1;
    if (after != LEAF_SIGNATURE)
        return;
    key_package_write_body(&body, p);
    signature = arena_take(arena, MLS_SIGNATURE_LEN);
    assert_int_equal(label_sign(seed, BYTES_TEXT("KeyPackageTBS"), buffer_bytes(&body), signature), OK);
    p->signature = bytes(signature, MLS_SIGNATURE_LEN);
    buffer_free(&body);
}

static void each_package_is_judged(void **state)
{
    static struct room room;

    (void)state;
    room_found(&room, MLS_SUITE_CHACHA20_POLY1305, 12);
    room_commit(&room, 0, MEMBERS - 1, NULL, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer message = {0}, proposal = {0};
        struct opened *opened = NULL;
        struct arena arena = {0};
        uint8_t seed[32];
        struct proposal add = evil_newcomer(&room, &arena, rows[i].change, NULL, seed);
        struct key_package again = add.add;
        struct leaf_node leaf;
        enum result adding, following;
        uint64_t before;

        if (rows[i].after != WHOLE)
            spoil(&arena, seed, rows[i].after, &again);
        mls_message_head(&message, MLS_KEY_PACKAGE);
        key_package_write(&message, &again);
        if (rows[i].after == BYTE_MORE)
            buffer_u8(&message, 0);
        evil_propose(&room, &arena, TELLS, &(struct proposal){.type = MLS_PROPOSAL_ADD, .add = again},
                     &proposal);
        before = heap_image();
        adding = group_may_add(room.members[JUDGES], buffer_bytes(&message), room.now, &leaf);
        if (adding != rows[i].why)
            fail_msg("%s: %s: adding it: %s", rows[i].section, rows[i].what, result_text(adding));
        following = group_open(room.members[JUDGES], buffer_bytes(&proposal), room.now, &opened);
        /* A byte more around the package is not in the proposal. */
        if (following != rows[i].why && rows[i].after != BYTE_MORE)
            fail_msg("%s: %s: told of it: %s", rows[i].section, rows[i].what, result_text(following));
        if (following != OK && heap_image() != before)
            fail_msg("%s: %s: it has left a trace", rows[i].section, rows[i].what);
        opened_free(opened);
        buffer_free(&message);
        buffer_free(&proposal);
        arena_free(&arena);
    }
    room_free(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_package_is_judged),
    };

    heap_watch();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
