#include "core/roles.h"
#include "core/table.h"

static const struct charter speech = {.kind = CHARTER_OPEN};

/* A leaf as a KeyPackage has it, with this binding and key. */
struct leaf_made {
    uint8_t binding[SEAT_BINDING_BYTES], key[32];
    size_t binding_len;
    struct buffer extensions;
    struct leaf_node node;
};

static void leaf_make(struct leaf_made *l, const struct seat_binding *b, const uint8_t key[static 32])
{
    struct bytes written;

    memset(l, 0, sizeof *l);
    memcpy(l->key, key, sizeof l->key);
    assert_int_equal(seat_binding_write(b, (struct bytes_mut){l->binding, sizeof l->binding}, &written), OK);
    l->binding_len = written.len;
    buffer_u16(&l->extensions, EXTENSION_SEAT);
    buffer_vector(&l->extensions, written);
    l->node.credential_type = MLS_CREDENTIAL_BASIC;
    l->node.signature_key = BYTES_OF(l->key);
    l->node.extensions = buffer_bytes(&l->extensions);
}

static enum result check(const struct table_of_people *t, const struct seat_binding *b,
                         const uint8_t key[static 32])
{
    struct leaf_made l;
    struct seat_binding got;
    enum result res;

    leaf_make(&l, b, key);
    res = roles_binding_check(&l.node, &t->charter, t->id, &got);
    buffer_free(&l.extensions);
    return res;
}

static void charter_is_its_makers(void **state)
{
    struct table_of_people t;
    struct charter got, bad;
    uint8_t room_for[CHARTER_BYTES], signature[64], id[32];
    struct bytes written;

    (void)state;
    table_start(&t, &speech);
    assert_int_equal(core_charter_check(t.charter_bytes, t.signature, t.id, &got), OK);
    assert_memory_equal(got.maker, t.people[0].account, 32);

    /* Nobody makes a charter in another's name, nor one that nobody would read. */
    assert_int_equal(core_charter_sign(&t.charter, t.people[1].seed,
                                       (struct bytes_mut){room_for, sizeof room_for}, &written, signature,
                                       id),
                     E_MALFORMED);
    bad = t.charter;
    bad.moderator_count = 1;
    memcpy(bad.moderators[0], bad.maker, 32);
    assert_int_equal(core_charter_sign(&bad, t.people[0].seed, (struct bytes_mut){room_for, sizeof room_for},
                                       &written, signature, id),
                     E_MALFORMED);
    assert_int_equal(core_charter_sign(&t.charter, t.people[0].seed,
                                       (struct bytes_mut){room_for, t.charter_bytes.len - 1}, &written,
                                       signature, id),
                     E_TOO_LARGE);
}

/* A house shows another charter under the link: any cut, any bit, any other signature. */
static void f2_charter_must_hash_to_the_room(void **state)
{
    struct table_of_people t;
    struct charter got;
    uint8_t copy[CHARTER_BYTES], id[32];
    struct bytes all;

    (void)state;
    table_start(&t, &speech);
    memcpy(copy, t.charter_bytes.at, t.charter_bytes.len);
    all = bytes(copy, t.charter_bytes.len);
    for (size_t len = 0; len < all.len; len++)
        assert_int_equal(core_charter_check(bytes(copy, len), t.signature, t.id, &got), E_REFUSED);
    for (size_t bit = 0; bit < 8 * all.len; bit++) {
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(core_charter_check(all, t.signature, t.id, &got), E_REFUSED);
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof t.signature; bit++) {
        t.signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(core_charter_check(all, t.signature, t.id, &got), E_FORGED);
        t.signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    /* The hash of what is no charter is nobody's room either. */
    all.len--;
    assert_int_equal(crypto_sha256(&all, 1, id), OK);
    assert_int_equal(core_charter_check(all, t.signature, id, &got), E_MALFORMED);
}

static void context_goes_round_and_breaks_at_every_cut(void **state)
{
    struct table_of_people t;
    uint8_t room_for[ROLES_CONTEXT_BYTES];
    struct bytes written;
    struct charter got;

    (void)state;
    table_start(&t, &speech);
    assert_int_equal(roles_context_write(t.charter_bytes, t.signature,
                                         (struct bytes_mut){room_for, sizeof room_for}, &written),
                     OK);
    assert_int_equal(roles_context_check(written, t.id, &got), OK);
    assert_memory_equal(got.maker, t.charter.maker, 32);
    for (size_t len = 0; len < written.len; len++)
        assert_int_not_equal(roles_context_check(bytes(written.at, len), t.id, &got), OK);
}

static void binding_is_for_one_leaf_of_one_room(void **state)
{
    struct table_of_people t;
    struct seat_binding b, bad;
    uint8_t seed[32], key[32], other_seed[32], other[32];

    (void)state;
    table_start(&t, &speech);
    key_from(0x31, seed, key);
    key_from(0x32, other_seed, other);
    assert_int_equal(roles_bind(t.people[2].seed, t.house, t.id, key, &b), OK);
    assert_memory_equal(b.account, t.people[2].account, 32);
    assert_int_equal(check(&t, &b, key), OK);

    assert_int_equal(check(&t, &b, other), E_FORGED); /* moved to another leaf */
    bad = b;
    memcpy(bad.account, t.people[1].account, 32); /* another's name over it */
    assert_int_equal(check(&t, &bad, key), E_FORGED);
    bad = b;
    bad.signature[63] ^= 1;
    assert_int_equal(check(&t, &bad, key), E_FORGED);
    assert_int_equal(roles_bind(t.people[2].seed, other, t.id, key, &bad), OK); /* made for another house */
    assert_int_equal(check(&t, &bad, key), E_FORGED);
}

/* A house hands a KeyPackage for one room to the members of another. */
static void f25_binding_of_another_room_is_refused(void **state)
{
    struct table_of_people t;
    struct seat_binding b;
    uint8_t seed[32], key[32], elsewhere[32] = {7};

    (void)state;
    table_start(&t, &speech);
    key_from(0x31, seed, key);
    assert_int_equal(roles_bind(t.people[2].seed, t.house, elsewhere, key, &b), OK);
    assert_int_equal(check(&t, &b, key), E_REFUSED);
    memcpy(b.room, t.id, 32); /* and the same with the room's id written over */
    assert_int_equal(check(&t, &b, key), E_FORGED);
}

static void f7_leaf_without_binding_is_refused(void **state)
{
    struct table_of_people t;
    struct leaf_node bare = {0};
    struct leaf_made l;
    struct seat_binding b, got;
    uint8_t seed[32], key[32];
    size_t whole;

    (void)state;
    table_start(&t, &speech);
    key_from(0x31, seed, key);
    bare.signature_key = BYTES_OF(key);
    assert_int_equal(roles_binding_check(&bare, &t.charter, t.id, &got), E_REFUSED);

    /* Cut at any place. */
    assert_int_equal(roles_bind(t.people[2].seed, t.house, t.id, key, &b), OK);
    leaf_make(&l, &b, key);
    whole = l.extensions.len;
    buffer_free(&l.extensions);
    assert_true(whole > l.binding_len);
    for (size_t len = 0; len < l.binding_len; len++) {
        buffer_u16(&l.extensions, EXTENSION_SEAT);
        buffer_vector(&l.extensions, bytes(l.binding, len));
        l.node.extensions = buffer_bytes(&l.extensions);
        assert_int_equal(roles_binding_check(&l.node, &t.charter, t.id, &got), E_MALFORMED);
        buffer_free(&l.extensions);
    }
}

static void pseudonyms_where_the_charter_has_them(void **state)
{
    static const struct charter masked = {
        .kind = CHARTER_OPEN, .stage = CHARTER_EVERYONE, .pseudonyms = true};
    struct table_of_people with, without;
    struct seat_binding b;
    uint8_t seed[32], key[32];

    (void)state;
    table_start(&with, &masked);
    table_start(&without, &speech);
    key_from(0x31, seed, key);
    assert_int_equal(roles_bind(NULL, with.house, with.id, key, &b), OK);
    assert_false(b.bound);
    assert_int_equal(check(&with, &b, key), OK);
    memcpy(b.room, without.id, 32);
    assert_int_equal(check(&without, &b, key), E_REFUSED);
}

static void f4_lost_word_is_for_one_seat_of_one_epoch(void **state)
{
    struct table_of_people t;
    struct signal_lost word;
    const struct bytes group = BYTES_TEXT("a group"), other = BYTES_TEXT("another");

    (void)state;
    table_start(&t, &speech);
    word = table_lost(&t, group, 7, 3);
    assert_int_equal(roles_lost_check(&t.charter, t.id, group, 7, 3, word.signature), OK);
    assert_int_equal(roles_lost_check(&t.charter, t.id, group, 8, 3, word.signature), E_FORGED);
    assert_int_equal(roles_lost_check(&t.charter, t.id, group, 7, 4, word.signature), E_FORGED);
    assert_int_equal(roles_lost_check(&t.charter, t.id, other, 7, 3, word.signature), E_FORGED);
    assert_int_equal(roles_lost_check(&t.charter, t.house, group, 7, 3, word.signature), E_FORGED);
    memcpy(t.charter.house, t.people[1].account, 32); /* whoever signs must be the charter's house */
    assert_int_equal(roles_lost_check(&t.charter, t.id, group, 7, 3, word.signature), E_FORGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(charter_is_its_makers),
        cmocka_unit_test(f2_charter_must_hash_to_the_room),
        cmocka_unit_test(context_goes_round_and_breaks_at_every_cut),
        cmocka_unit_test(binding_is_for_one_leaf_of_one_room),
        cmocka_unit_test(f25_binding_of_another_room_is_refused),
        cmocka_unit_test(f7_leaf_without_binding_is_refused),
        cmocka_unit_test(pseudonyms_where_the_charter_has_them),
        cmocka_unit_test(f4_lost_word_is_for_one_seat_of_one_epoch),
    };

    if (crypto_start() != OK)
        return 1;
    return cmocka_run_group_tests_name("roles", tests, NULL, NULL);
}
