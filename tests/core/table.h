/* A table of up to five people and a house, in one process and without a network, for the tests of rooms. The
 * house here is honest; tests that want a lying one change what it passes on. */
#ifndef TESTS_CORE_TABLE_H
#define TESTS_CORE_TABLE_H

#include "core/core.h"
#include "support/seeded.h"
#include "wire/envelope.h"
#include "wire/signal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { PEOPLE = 5, TABLE_UNIX = 1764000000 };

struct person {
    uint8_t seed[32], account[32];
    bool listens;          /* does not want to be on stage */
    bool masked;           /* sits as a pseudonym */
    const uint8_t *secret; /* of a private room's link, as this person knows it */
    const struct core_mark *mark;
    struct core_room *room; /* NULL while not in it */
};

struct table_of_people {
    struct seeded seeded;
    uint8_t house_seed[32], house[32];
    struct charter charter;
    uint8_t secret[CORE_SECRET_BYTES]; /* of a private room's link; everybody knows it */
    uint8_t charter_room[CHARTER_BYTES], signature[64], id[32];
    struct bytes charter_bytes;
    struct person people[PEOPLE];
    uint64_t now_ms;
};

static inline struct core_now table_now(const struct table_of_people *t)
{
    return (struct core_now){t->now_ms, TABLE_UNIX + t->now_ms / 1000};
}

static inline void key_from(uint8_t fill, uint8_t seed[static 32], uint8_t public_key[static 32])
{
    memset(seed, fill, 32);
    assert_int_equal(crypto_ed25519_public(seed, public_key), OK);
}

/* The first of the people is the maker. */
static inline void table_start(struct table_of_people *t, const struct charter *like)
{
    memset(t, 0, sizeof *t);
    seeded_start(&t->seeded, 42);
    key_from(0xc0, t->house_seed, t->house);
    for (unsigned i = 0; i < PEOPLE; i++)
        key_from((uint8_t)(1 + i), t->people[i].seed, t->people[i].account);
    t->charter = *like;
    memcpy(t->charter.maker, t->people[0].account, 32);
    memcpy(t->charter.house, t->house, 32);
    if (like->kind == CHARTER_PRIVATE) {
        random_fill(&t->seeded.random, t->secret, sizeof t->secret);
        assert_int_equal(core_link_key(t->secret, t->charter.link_key), OK);
        for (unsigned i = 0; i < PEOPLE; i++)
            t->people[i].secret = t->secret;
    }
    assert_int_equal(core_charter_sign(&t->charter, t->people[0].seed,
                                       (struct bytes_mut){t->charter_room, sizeof t->charter_room},
                                       &t->charter_bytes, t->signature, t->id),
                     OK);
}

static inline void table_end(struct table_of_people *t)
{
    for (unsigned i = 0; i < PEOPLE; i++)
        core_room_free(t->people[i].room);
}

/* A KeyPackage is made; the seat is still to come. */
static inline struct core_room *table_enter(struct table_of_people *t, unsigned who)
{
    struct core_self self = {t->people[who].masked ? NULL : t->people[who].seed,
                             t->house,
                             t->id,
                             !t->people[who].listens,
                             t->people[who].secret,
                             t->people[who].mark};

    assert_null(t->people[who].room);
    assert_int_equal(core_room_new(&t->seeded.random, &self, table_now(t), &t->people[who].room), OK);
    return t->people[who].room;
}

static inline void table_found(struct table_of_people *t, unsigned who)
{
    struct bytes group_id;

    assert_int_equal(
        core_room_found(table_enter(t, who), table_now(t), t->charter_bytes, t->signature, &group_id), OK);
}

/* The house's word that a seat is lost. */
static inline struct signal_lost table_lost(const struct table_of_people *t, struct bytes group_id,
                                            uint64_t epoch, uint32_t leaf)
{
    struct signal_lost lost = {.leaf = leaf};
    uint8_t content[128], message[ENVELOPE_SIGNED_BYTES];
    struct bytes written, whole;

    assert_int_equal(
        seat_lost_write(group_id, epoch, leaf, (struct bytes_mut){content, sizeof content}, &written), OK);
    assert_int_equal(envelope_signed(ENVELOPE_SEAT_LOST, t->house, t->id, written,
                                     (struct bytes_mut){message, sizeof message}, &whole),
                     OK);
    assert_int_equal(crypto_ed25519_sign(t->house_seed, whole, lost.signature), OK);
    return lost;
}

/* What a doorkeeper is asked for, by bits of people's numbers, and what it wants itself. */
struct wish {
    unsigned keeper, joiners, lost, kicks;
    const struct core_word *words;
    size_t word_count;
    enum core_stage stage;
};

struct order_room {
    uint8_t joiners[8192], lost[1024];
    uint32_t kicks[PEOPLE];
    struct core_order order;
};

static inline void table_order(struct table_of_people *t, struct wish w, struct order_room *o)
{
    struct core_room *keeper = t->people[w.keeper].room;
    struct writer joiners = writer_over(o->joiners), lost = writer_over(o->lost);

    memset(&o->order, 0, sizeof o->order);
    o->order.epoch = core_room_epoch(keeper);
    o->order.group_id = core_room_group_id(keeper);
    o->order.kicks = o->kicks;
    o->order.words = w.words;
    o->order.word_count = w.word_count;
    o->order.account_seed = t->people[w.keeper].seed;
    o->order.stage = w.stage;
    for (unsigned i = 0; i < PEOPLE; i++) {
        struct core_room *room = t->people[i].room;

        if (w.joiners >> i & 1)
            signal_joiner_put(&joiners, &(struct signal_joiner){.waiting = 100 + i,
                                                                .key_package = core_room_key_package(room),
                                                                .replaces = SIGNAL_NO_LEAF});
        if (w.lost >> i & 1) {
            struct signal_lost word = table_lost(t, o->order.group_id, o->order.epoch, core_room_leaf(room));

            signal_lost_put(&lost, &word);
        }
        if (w.kicks >> i & 1)
            o->kicks[o->order.kick_count++] = core_room_leaf(room);
    }
    assert_int_equal(writer_end(&joiners, &o->order.joiners), OK);
    assert_int_equal(writer_end(&lost, &o->order.lost), OK);
}

/* A commit as the house keeps it. */
struct upload {
    uint8_t commit[COMMIT_BYTES], welcome[COMMIT_BYTES], tree[COMMIT_BYTES], removed[64], roles[64],
        seats[2048];
    struct bytes commit_bytes, welcome_bytes, tree_bytes;
    struct core_handshake handshake;
};

static inline struct bytes kept(uint8_t *room, size_t size, struct bytes b)
{
    assert_true(b.len <= size);
    if (b.len != 0)
        memcpy(room, b.at, b.len);
    return bytes(room, b.len);
}

static inline void table_upload(struct table_of_people *t, const struct core_commit *c, struct upload *u)
{
    struct writer seats = writer_over(u->seats);
    struct bytes placed_list = c->seated;
    struct signal_placed placed;

    u->commit_bytes = kept(u->commit, sizeof u->commit, c->commit);
    u->welcome_bytes = kept(u->welcome, sizeof u->welcome, c->welcome);
    u->tree_bytes = kept(u->tree, sizeof u->tree, c->tree);
    u->handshake.commit = u->commit_bytes;
    u->handshake.removed = kept(u->removed, sizeof u->removed, c->removed);
    u->handshake.roles = kept(u->roles, sizeof u->roles, c->roles);
    while (signal_placed_next(&placed_list, &placed)) {
        struct signal_seat seat = {.leaf = placed.leaf, .handle = BYTES_TEXT("somebody")};

        if (!t->people[placed.waiting - 100].masked)
            memcpy(seat.account, t->people[placed.waiting - 100].account, 32);
        signal_seat_put(&seats, &seat);
    }
    assert_int_equal(writer_end(&seats, &u->handshake.seated), OK);
}

/* Is this person's seat taken by the wish? */
static inline bool table_goes(const struct table_of_people *t, struct wish w, unsigned who)
{
    for (size_t i = 0; i < w.word_count; i++)
        if (w.words[i].verb == STATEMENT_BLOCK && !t->people[who].masked &&
            memcmp(w.words[i].subject, t->people[who].account, 32) == 0)
            return true;
    return w.kicks >> who & 1;
}

/* The whole way of one epoch: the keeper commits, everybody seated follows, the joiners sit down. Those whose
 * seat was lost hear nothing of it. */
static inline void table_epoch(struct table_of_people *t, struct wish w)
{
    static struct order_room order;
    static struct upload upload;
    const struct core_commit *commit;

    table_order(t, w, &order);
    assert_int_equal(core_room_commit(t->people[w.keeper].room, table_now(t), &order.order, &commit), OK);
    table_upload(t, commit, &upload);
    for (unsigned i = 0; i < PEOPLE; i++) {
        struct core_room *room = t->people[i].room;
        const struct core_change *change;

        if (room == NULL || !core_room_is_seated(room) || w.lost >> i & 1)
            continue;
        assert_int_equal(core_room_take(room, table_now(t), &upload.handshake, &change), OK);
        assert_false(change->alarm);
        assert_int_equal(change->own, i == w.keeper);
        assert_int_equal(change->out, table_goes(t, w, i));
    }
    for (unsigned i = 0; i < PEOPLE; i++)
        if (w.joiners >> i & 1)
            assert_int_equal(
                core_room_join(t->people[i].room, table_now(t), upload.welcome_bytes, upload.tree_bytes), OK);
}

/* The maker founds, the others join in one commit. */
static inline void table_seat(struct table_of_people *t, unsigned count)
{
    unsigned joiners = 0;

    table_found(t, 0);
    for (unsigned i = 1; i < count; i++) {
        table_enter(t, i);
        joiners |= 1u << i;
    }
    if (joiners != 0)
        table_epoch(t, (struct wish){.keeper = 0, .joiners = joiners});
}

enum { TABLE_FRAME = FRAME_SEALED_SPEECH };

static inline enum result table_say(struct table_of_people *t, unsigned who, uint8_t word,
                                    uint8_t frame[static TABLE_FRAME])
{
    uint8_t opus[80];

    memset(opus, word, sizeof opus);
    return keyring_seal(core_room_keyring(t->people[who].room), t->now_ms,
                        &(struct voice){BYTES_OF(opus), NULL}, (struct bytes_mut){frame, TABLE_FRAME});
}

/* What `who` hears of a frame that came in the speaker's slot; the word, or minus the error. */
static inline int table_hear(struct table_of_people *t, unsigned who, unsigned slot,
                             const uint8_t frame[static TABLE_FRAME])
{
    uint8_t copy[TABLE_FRAME];
    struct keyring_heard heard;
    enum result res;

    memcpy(copy, frame, sizeof copy);
    res = keyring_open(core_room_keyring(t->people[who].room), t->now_ms, slot,
                       (struct bytes_mut){copy, sizeof copy}, &heard);
    return res == OK ? heard.voice.opus.at[0] : -(int)res;
}

#endif
