/* What core takes for a group of so many leaves: lines of a name and microseconds, for mls.mjs to put beside
 * others'. CPU time of this thread, least of several rounds.
 *
 *   create           founding, and adding all others by one commit
 *   add1, add50      a commit that adds one or fifty to the group
 *   welcome_join     joining by a Welcome, as its last leaf
 *   commit_process   following another's empty commit
 *   remove           a commit that removes one
 *   message          sealing and opening 100 bytes
 *   sframe           sealing and opening one frame of speech, 128 bytes inside
 *   signatures       bare checks of so many signatures, as joining needs
 *   memory           bytes, not microseconds, that one member's group takes (native alone)
 *
 * No inner node of the tree has a key but those on the founder's path: as it is where one doorkeeper has let
 * everybody in, and the most that a commit can cost. Usage: mls LEAVES */
#define _POSIX_C_SOURCE 200809L
#include "base/text.h"
#include "core/group.h"
#include "core/keyring.h"
#include "crypto/crypto.h"

#ifndef __wasm__
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    LEAVES = 1000,
    FIFTY = 50,
    ROUNDS = 9,
    SHORT_ROUNDS = 90,
    FRAMES = 200,
    NOW = 1764000000,
};

struct newcomer {
    struct buffer package;
    struct joining *joining;
};

/* A group as its first and its last leaf hold it. */
struct table {
    uint32_t leaves;
    struct group *founder, *last;
    struct newcomer more[FIFTY];
};

static const struct group_rules rules = {.padding = 256};

static void must(enum result res, const char *what)
{
    if (res == OK)
        return;
    fprintf(stderr, "mls: %s: %s\n", what, result_text(res));
    exit(1);
}

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e6 * (double)t.tv_sec + (double)t.tv_nsec / 1e3;
}

static void least(double *so_far, double us)
{
    if (*so_far == 0 || us < *so_far)
        *so_far = us;
}

static void print(const char *name, double us)
{
    printf("%s %.3f\n", name, us);
    fflush(stdout);
}

static unsigned rounds(const struct table *t)
{
    return t->leaves > 150 ? 3 : ROUNDS;
}

/* --- People --- */

static struct group_identity identity(const uint8_t seed[static 32])
{
    return (struct group_identity){.signature_seed = seed, .credential = BYTES_TEXT("somebody")};
}

static void newcomer_make(struct newcomer *n)
{
    uint8_t seed[32];

    *n = (struct newcomer){0};
    random_fill(crypto_random(), seed, sizeof seed);
    must(key_package_new(
             crypto_random(),
             &(struct key_package_order){MLS_SUITE_CHACHA20_POLY1305, identity(seed), NOW - 60, NOW + 60},
             &n->package, &n->joining),
         "a KeyPackage");
}

static void newcomer_free(struct newcomer *n)
{
    buffer_free(&n->package);
    joining_free(n->joining);
}

static struct group *found(void)
{
    struct group_founding founding = {
        .suite = MLS_SUITE_CHACHA20_POLY1305,
        .rules = rules,
        .now = NOW,
        .lifetime_s = 7200,
    };
    struct group *group;
    uint8_t seed[32];

    random_fill(crypto_random(), seed, sizeof seed);
    founding.identity = identity(seed);
    must(group_found(crypto_random(), &founding, &group), "founding");
    return group;
}

static void take(struct group *group, const struct group_committed *made)
{
    struct opened *opened;

    must(group_open(group, buffer_bytes(&made->commit), NOW, &opened), "opening a commit");
    must(group_apply(group, opened), "applying it");
    opened_free(opened);
}

static void commit(struct group *group, const struct newcomer *newcomers, size_t count, const uint32_t *gone,
                   struct group_committed *out)
{
    static struct bytes adds[LEAVES];

    for (size_t i = 0; i < count; i++)
        adds[i] = buffer_bytes(&newcomers[i].package);
    must(group_commit(group, crypto_random(),
                      &(struct group_change){
                          .adds = adds, .add_count = count, .removes = gone, .remove_count = gone != NULL},
                      NOW, out),
         "committing");
}

/* --- What is measured --- */

/* Leaves the table seated. */
static void create(struct table *t)
{
    static struct newcomer newcomers[LEAVES];
    size_t count = t->leaves - 1;
    struct group_committed made;
    double us = 0;

    for (size_t i = 0; i < count; i++)
        newcomer_make(&newcomers[i]);
    for (unsigned round = 0; round < rounds(t); round++) {
        double start = now_us();

        group_free(t->founder);
        t->founder = found();
        if (round != 0)
            group_committed_free(&made);
        commit(t->founder, newcomers, count, NULL, &made);
        take(t->founder, &made);
        least(&us, now_us() - start);
    }
    print("create", us);
    must(group_join(newcomers[count - 1].joining, &rules, buffer_bytes(&made.welcome),
                    buffer_bytes(&made.tree), &t->last),
         "joining");
    group_committed_free(&made);
    for (size_t i = 0; i < count; i++)
        newcomer_free(&newcomers[i]);
}

static void changes(struct table *t, const char *name, size_t adds, const uint32_t *gone)
{
    struct group_committed made;
    double us = 0;

    for (unsigned round = 0; round < rounds(t); round++) {
        double start = now_us();

        commit(t->founder, t->more, adds, gone, &made);
        least(&us, now_us() - start);
        group_committed_free(&made);
    }
    group_drop_staged(t->founder);
    print(name, us);
}

static void commit_process(struct table *t)
{
    struct group_committed made;
    double us = 0;

    for (unsigned round = 0; round < 2 * ROUNDS; round++) {
        double start;

        commit(t->founder, NULL, 0, NULL, &made);
        start = now_us();
        take(t->last, &made);
        least(&us, now_us() - start);
        take(t->founder, &made);
        group_committed_free(&made);
    }
    print("commit_process", us);
}

static void message(struct table *t)
{
    static const uint8_t text[100] = "good evening";
    double us = 0;

    for (unsigned round = 0; round < 100; round++) {
        struct buffer sealed = {0};
        struct opened *opened;
        double start = now_us();

        must(group_seal(t->founder, crypto_random(), BYTES_OF(text), (struct bytes){0}, &sealed), "sealing");
        must(group_open(t->last, buffer_bytes(&sealed), NOW, &opened), "opening");
        least(&us, now_us() - start);
        opened_free(opened);
        buffer_free(&sealed);
    }
    print("message", us);
}

/* As the last leaf of a group that was one smaller; the last time it is kept, to be weighed. */
static void welcome_join(struct table *t)
{
    const uint32_t gone = t->leaves - 1;
    struct group_committed made;
    double us = 0;

    for (unsigned round = 0; round < rounds(t); round++) {
        struct group *joined;
        struct newcomer n;
        double start;
#ifndef __wasm__
        size_t before;
#endif

        newcomer_make(&n);
        commit(t->founder, &n, 1, &gone, &made);
#ifndef __wasm__
        before = mallinfo2().uordblks;
#endif
        start = now_us();
        must(group_join(n.joining, &rules, buffer_bytes(&made.welcome), buffer_bytes(&made.tree), &joined),
             "joining");
        least(&us, now_us() - start);
#ifndef __wasm__
        if (round == 0)
            print("memory", (double)(mallinfo2().uordblks - before));
#endif
        if (group_member_count(joined) != t->leaves)
            must(E_STATE, "counting");
        group_free(joined);
        newcomer_free(&n);
        group_committed_free(&made);
    }
    group_drop_staged(t->founder);
    print("welcome_join", us);
}

static void signatures(const struct table *t)
{
    static uint8_t keys[LEAVES][32], made[LEAVES][64], text[200];
    uint8_t seed[32];
    double us = 0;

    for (uint32_t i = 0; i < t->leaves; i++) {
        random_fill(crypto_random(), seed, sizeof seed);
        must(crypto_ed25519_public(seed, keys[i]), "a key");
        must(crypto_ed25519_sign(seed, BYTES_OF(text), made[i]), "signing");
    }
    for (unsigned round = 0; round < rounds(t); round++) {
        double start = now_us();

        for (uint32_t i = 0; i < t->leaves; i++)
            must(crypto_ed25519_verify(keys[i], BYTES_OF(text), BYTES_OF(made[i])), "verifying");
        least(&us, now_us() - start);
    }
    print("signatures", us);
}

static void sframe(struct table *t)
{
    static const uint16_t speakers[] = {0, 1};
    static uint8_t frames[FRAMES][FRAME_SEALED_SPEECH];
    uint8_t base_key[SEAL_BASE_KEY_LEN], opus[80] = {1};
    struct keyring *rings[2];
    uint64_t now_ms = 0;
    double us = 0;

    must(group_export(t->founder, BYTES_TEXT("sframe"), (struct bytes){0},
                      (struct bytes_mut){base_key, sizeof base_key}),
         "exporting");
    for (uint16_t i = 0; i < 2; i++) {
        must(keyring_new(crypto_random(), FRAME_PLAIN_SPEECH, &rings[i]), "a keyring");
        must(keyring_enter(rings[i], 0,
                           &(struct keyring_epoch){.number = 1,
                                                   .base_key = base_key,
                                                   .speakers = speakers,
                                                   .speaker_count = 2,
                                                   .own_leaf = i}),
             "entering");
    }
    for (unsigned round = 0; round < SHORT_ROUNDS; round++) {
        double start = now_us();

        for (size_t i = 0; i < FRAMES; i++) {
            struct bytes_mut frame = {frames[i], sizeof frames[i]};
            struct keyring_heard heard;

            now_ms += 20;
            must(keyring_seal(rings[0], now_ms, &(struct voice){BYTES_OF(opus), NULL}, frame), "sealing");
            must(keyring_open(rings[1], now_ms, 0, frame, &heard), "opening a frame");
        }
        least(&us, (now_us() - start) / FRAMES);
    }
    print("sframe", us);
    keyring_free(rings[0]);
    keyring_free(rings[1]);
}

int main(int argc, char **argv)
{
    static struct table t;
    uint64_t leaves;

    if (argc != 2 || text_number(bytes_string(argv[1]), LEAVES, &leaves) != OK || leaves < 2)
        return 2;
    must(crypto_start(), "starting");
    t.leaves = (uint32_t)leaves;
    create(&t);
    for (size_t i = 0; i < FIFTY; i++)
        newcomer_make(&t.more[i]);
    changes(&t, "add1", 1, NULL);
    changes(&t, "add50", FIFTY, NULL);
    changes(&t, "remove", 0, &(uint32_t){t.leaves - 1});
    welcome_join(&t);
    signatures(&t);
    commit_process(&t);
    message(&t);
    sframe(&t);
    for (size_t i = 0; i < FIFTY; i++)
        newcomer_free(&t.more[i]);
    group_free(t.founder);
    group_free(t.last);
    return 0;
}
