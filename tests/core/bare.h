/* A member that keeps to none of a room's rules, on a bare group: it can commit what it likes, and has every
 * secret that members have. */
#ifndef TESTS_CORE_BARE_H
#define TESTS_CORE_BARE_H

#include "core/group.h"
#include "core/roles.h"
#include "core/table.h"

/* A member without any policy of its own. */
struct bare {
    uint8_t seed[32], key[32];
    uint8_t binding[SEAT_BINDING_BYTES];
    struct group_extension extensions[1];
    size_t extension_count;
    struct bytes credential;
    struct buffer key_package;
    struct joining *joining;
    struct group *group;
};

static const uint16_t bare_types[] = {EXTENSION_CHARTER, EXTENSION_SEAT, EXTENSION_ROLES};
static const struct group_rules bare_rules = {0};

static inline struct group_identity bare_identity(const struct bare *b)
{
    return (struct group_identity){
        .signature_seed = b->seed,
        .credential = b->credential,
        .extensions = {b->extensions, b->extension_count},
        .supported = {bare_types, 3},
    };
}

/* Bound as it should be: tests spoil it afterwards. */
static inline void bare_start(struct bare *b, const struct table_of_people *t, unsigned who)
{
    struct seat_binding binding;
    struct bytes written;

    memset(b, 0, sizeof *b);
    key_from((uint8_t)(0x50 + who), b->seed, b->key);
    assert_int_equal(roles_bind(t->people[who].seed, t->house, t->id, b->key, &binding), OK);
    if (t->charter.kind == CHARTER_PRIVATE)
        assert_int_equal(roles_vouch(t->secret, t->house, t->id, b->key, &binding), OK);
    assert_int_equal(
        seat_binding_write(&binding, (struct bytes_mut){b->binding, sizeof b->binding}, &written), OK);
    b->extensions[0] = (struct group_extension){EXTENSION_SEAT, written};
    b->extension_count = 1;
}

static inline void bare_end(struct bare *b)
{
    buffer_free(&b->key_package);
    joining_free(b->joining);
    group_free(b->group);
}

static inline void bare_found(struct bare *b, struct table_of_people *t, struct bytes charter,
                              const uint8_t signature[static 64])
{
    uint8_t room_for[ROLES_CONTEXT_BYTES];
    struct group_extension context[] = {{EXTENSION_CHARTER, {0}}, {EXTENSION_ROLES, {0}}};

    assert_int_equal(roles_context_write(charter, signature, (struct bytes_mut){room_for, sizeof room_for},
                                         &context[0].data),
                     OK);
    assert_int_equal(group_found(&t->seeded.random,
                                 &(struct group_founding){
                                     .suite = MLS_SUITE_CHACHA20_POLY1305,
                                     .rules = bare_rules,
                                     .identity = bare_identity(b),
                                     .context = {context, charter.len == 0 ? 0 : 2},
                                     .now = TABLE_UNIX,
                                     .lifetime_s = 7200,
                                 },
                                 &b->group),
                     OK);
}

static inline void bare_wait(struct bare *b, struct table_of_people *t)
{
    assert_int_equal(
        key_package_new(&t->seeded.random,
                        &(struct key_package_order){MLS_SUITE_CHACHA20_POLY1305, bare_identity(b),
                                                    TABLE_UNIX - 3600, TABLE_UNIX + 3600},
                        &b->key_package, &b->joining),
        OK);
}

/* An honest doorkeeper lets it in, and everybody seated follows. */
static inline void bare_join(struct bare *b, struct table_of_people *t, unsigned keeper)
{
    static struct order_room order;
    static struct upload upload;
    const struct core_commit *commit;
    const struct core_change *change;
    struct writer w = writer_over(order.joiners);

    bare_wait(b, t);
    table_order(t, (struct wish){.keeper = keeper}, &order);
    signal_joiner_put(&w, &(struct signal_joiner){.waiting = 100,
                                                  .key_package = buffer_bytes(&b->key_package),
                                                  .replaces = SIGNAL_NO_LEAF});
    assert_int_equal(writer_end(&w, &order.order.joiners), OK);
    assert_int_equal(core_room_commit(t->people[keeper].room, table_now(t), &order.order, &commit), OK);
    table_upload(t, commit, &upload);
    for (unsigned i = 0; i < PEOPLE; i++)
        if (t->people[i].room != NULL && core_room_is_seated(t->people[i].room))
            assert_int_equal(core_room_take(t->people[i].room, table_now(t), &upload.handshake, &change), OK);
    assert_int_equal(group_join(b->joining, &bare_rules, upload.welcome_bytes, upload.tree_bytes, &b->group),
                     OK);
}

#endif
