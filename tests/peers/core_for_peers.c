/* Members of MLS groups for other implementations to sit with. One command a line on standard input, one
 * answer a line on standard output: `ok` and what there is to tell, or `no` and why. Bytes are hex, nothing
 * is
 * `-`, lists have commas. SEAT is a number below SEATS, the caller's own name for a member:
 *
 *   found SEAT SUITE              a group of one       -> its id
 *   package SEAT SUITE            a newcomer           -> its KeyPackage
 *   join SEAT WELCOME TREE                             -> the leaf
 *   commit SEAT ADDS REMOVES      staged until taken   -> the commit, the Welcome, the tree
 *   remove SEAT LEAF                                   -> a proposal
 *   take SEAT MESSAGE             -> commit LEAF | own LEAF | gone LEAF | proposal LEAF | said LEAF TEXT
 *   say SEAT TEXT                                      -> a message
 *   psk SEAT ID SECRET
 *   state SEAT                    -> epoch, leaf, epoch authenticator, tree hash, 32 bytes of the exporter
 *   drop SEAT
 *
 * Usage: core_for_peers UNIX-SECONDS, the time that it is for all of them (field report G40). */
#define _POSIX_C_SOURCE 200809L
#include "base/arena.h"
#include "base/text.h"
#include "core/group.h"
#include "crypto/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SEATS = 256,
    WORDS = 2,
    LIST = 256,
    CONTEXT = 0xf101, /* a private extension of the context */
    LEAF = 0xf102,    /* and one of leaves */
    LIFETIME_S = 86400,
};

static const uint16_t types[] = {CONTEXT, LEAF};
static const struct group_extension leaf_extension = {LEAF, {(const uint8_t *)"voucher", 7}};
static const struct group_extension context_extension = {CONTEXT, {(const uint8_t *)"charter", 7}};
/* All that MLS has is taken here, what a room refuses as well. */
static const struct group_rules rules = {.padding = 64, .public_handshakes = true, .outsiders = true};

struct seat {
    struct group *group;
    struct joining *joining;
};

/* One command: its words, and memory for as long as it lasts. */
struct command {
    struct seat *seat;
    uint64_t now;
    struct bytes words[WORDS];
    struct arena arena;
};

/* --- In and out --- */

static void put_number(uint64_t n)
{
    printf(" %llu", (unsigned long long)n);
}

static void put_hex(struct bytes b)
{
    static const char digits[] = "0123456789abcdef";

    putchar(' ');
    for (size_t i = 0; i < b.len; i++) {
        putchar(digits[b.at[i] >> 4]);
        putchar(digits[b.at[i] & 15]);
    }
    if (b.len == 0)
        putchar('-');
}

static enum result ok(void)
{
    fputs("ok", stdout);
    return OK;
}

static enum result hex_read(struct command *c, struct bytes text, struct bytes *out)
{
    uint8_t *room;
    size_t used;
    enum result res;

    *out = (struct bytes){0};
    if (text.len == 0 || bytes_equal(text, BYTES_TEXT("-")))
        return OK;
    room = arena_array(&c->arena, text.len / 2 + 1, 1);
    if (room == NULL)
        return E_NO_MEMORY;
    res = text_unhex(text, (struct bytes_mut){room, text.len / 2 + 1}, &used);
    if (res == OK)
        *out = bytes(room, used);
    return res;
}

/* Takes what is before the next comma from the front of a list; false at its end. */
static bool list_next(struct bytes *list, struct bytes *item)
{
    const uint8_t *comma;

    if (list->len == 0 || bytes_equal(*list, BYTES_TEXT("-")))
        return false;
    comma = memchr(list->at, ',', list->len);
    *item = bytes(list->at, comma == NULL ? list->len : (size_t)(comma - list->at));
    *list = comma == NULL ? (struct bytes){0} : bytes(comma + 1, list->len - item->len - 1);
    return true;
}

/* --- Who it is --- */

static struct group_identity identity(const uint8_t *seed)
{
    return (struct group_identity){
        .signature_seed = seed,
        .credential = BYTES_TEXT("core"),
        .extensions = {&leaf_extension, 1},
        .supported = {types, 2},
    };
}

static enum result found(struct command *c)
{
    struct group_founding founding = {
        .rules = rules,
        .context = {&context_extension, 1},
        .required = {types, 2},
        .now = c->now,
        .lifetime_s = LIFETIME_S,
    };
    uint8_t seed[32];
    uint64_t suite;
    enum result res = text_number(c->words[0], UINT16_MAX, &suite);

    random_fill(crypto_random(), seed, sizeof seed);
    founding.identity = identity(seed);
    founding.suite = (uint16_t)suite;
    if (res == OK)
        res = group_found(crypto_random(), &founding, &c->seat->group);
    if (res != OK)
        return res;
    ok();
    put_hex(group_id(c->seat->group));
    return OK;
}

static enum result package(struct command *c)
{
    struct key_package_order order = {.not_before = c->now - 3600, .not_after = c->now + LIFETIME_S};
    struct buffer message = {0};
    uint8_t seed[32];
    uint64_t suite;
    enum result res = text_number(c->words[0], UINT16_MAX, &suite);

    random_fill(crypto_random(), seed, sizeof seed);
    order.identity = identity(seed);
    order.suite = (uint16_t)suite;
    if (res == OK)
        res = key_package_new(crypto_random(), &order, &message, &c->seat->joining);
    if (res == OK) {
        ok();
        put_hex(buffer_bytes(&message));
    }
    buffer_free(&message);
    return res;
}

static enum result join(struct command *c)
{
    struct bytes welcome, tree;
    enum result res = hex_read(c, c->words[0], &welcome);

    if (res == OK)
        res = hex_read(c, c->words[1], &tree);
    if (res == OK && c->seat->joining == NULL)
        res = E_STATE;
    if (res == OK)
        res = group_join(c->seat->joining, &rules, welcome, tree, &c->seat->group);
    if (res != OK)
        return res;
    joining_free(c->seat->joining);
    c->seat->joining = NULL;
    ok();
    put_number(group_own_leaf(c->seat->group));
    return OK;
}

/* --- What it does --- */

static enum result commit(struct command *c)
{
    struct bytes adds[LIST], item, list = c->words[0];
    uint32_t removes[LIST];
    struct group_change change = {.adds = adds, .removes = removes};
    struct group_committed out;
    enum result res = OK;

    while (res == OK && change.add_count < LIST && list_next(&list, &item))
        res = hex_read(c, item, &adds[change.add_count++]);
    list = c->words[1];
    while (res == OK && change.remove_count < LIST && list_next(&list, &item)) {
        uint64_t leaf;

        res = text_number(item, UINT32_MAX, &leaf);
        removes[change.remove_count++] = (uint32_t)leaf;
    }
    if (res == OK)
        res = group_commit(c->seat->group, crypto_random(), &change, c->now, &out);
    if (res != OK)
        return res;
    ok();
    put_hex(buffer_bytes(&out.commit));
    put_hex(buffer_bytes(&out.welcome));
    put_hex(buffer_bytes(&out.tree));
    group_committed_free(&out);
    return OK;
}

static enum result propose(struct command *c)
{
    struct buffer message = {0};
    uint64_t leaf;
    enum result res = text_number(c->words[0], UINT32_MAX, &leaf);

    if (res == OK)
        res = group_propose_remove(c->seat->group, crypto_random(), (uint32_t)leaf, (struct bytes){0},
                                   &message);
    if (res == OK) {
        ok();
        put_hex(buffer_bytes(&message));
    }
    buffer_free(&message);
    return res;
}

static enum result say(struct command *c)
{
    struct buffer message = {0};
    struct bytes text;
    enum result res = hex_read(c, c->words[0], &text);

    if (res == OK)
        res = group_seal(c->seat->group, crypto_random(), text, BYTES_TEXT("aloud"), &message);
    if (res == OK) {
        ok();
        put_hex(buffer_bytes(&message));
    }
    buffer_free(&message);
    return res;
}

static const char *kind_of(const struct opened *opened)
{
    switch (opened->kind) {
    case OPENED_APPLICATION:
        return " said";
    case OPENED_PROPOSAL:
        return " proposal";
    case OPENED_COMMIT:
        break;
    }
    return opened->own ? " own" : opened->removes_us ? " gone" : " commit";
}

static enum result take(struct command *c)
{
    struct opened *opened = NULL;
    struct bytes message;
    enum result res = hex_read(c, c->words[0], &message);

    if (res == OK)
        res = group_open(c->seat->group, message, c->now, &opened);
    if (res == OK && opened->kind != OPENED_APPLICATION)
        res = group_apply(c->seat->group, opened);
    if (res == OK) {
        ok();
        fputs(kind_of(opened), stdout);
        put_number(opened->sender);
        if (opened->kind == OPENED_APPLICATION)
            put_hex(opened->application);
    }
    opened_free(opened);
    return res;
}

static enum result psk(struct command *c)
{
    struct bytes id, secret;
    enum result res = hex_read(c, c->words[0], &id);

    if (res == OK)
        res = hex_read(c, c->words[1], &secret);
    if (res == OK && c->seat->group != NULL)
        res = group_psk(c->seat->group, id, secret);
    else if (res == OK)
        res = c->seat->joining == NULL ? E_STATE : joining_psk(c->seat->joining, id, secret);
    return res == OK ? ok() : res;
}

static enum result state(struct command *c)
{
    const struct group *group = c->seat->group;
    uint8_t exported[32];
    enum result res = group_export(group, BYTES_TEXT("peers"), BYTES_TEXT("context"),
                                   (struct bytes_mut){exported, sizeof exported});

    if (res != OK)
        return res;
    ok();
    put_number(group_epoch(group));
    put_number(group_own_leaf(group));
    put_hex(group_epoch_authenticator(group));
    put_hex(group_tree_hash(group));
    put_hex(BYTES_OF(exported));
    return OK;
}

static enum result drop(struct command *c)
{
    group_free(c->seat->group);
    joining_free(c->seat->joining);
    *c->seat = (struct seat){0};
    return ok();
}

static const struct verb {
    const char *name;
    bool seated; /* a member alone can do it */
    enum result (*run)(struct command *);
} verbs[] = {
    {"found", false, found},   {"package", false, package}, {"join", false, join}, {"commit", true, commit},
    {"remove", true, propose}, {"take", true, take},        {"say", true, say},    {"psk", false, psk},
    {"state", true, state},    {"drop", false, drop},
};

/* Takes a word from the front of a line; an empty one at its end. */
static struct bytes word_next(struct bytes *line)
{
    size_t len = 0;
    struct bytes word;

    while (len < line->len && line->at[len] != ' ' && line->at[len] != '\n')
        len++;
    word = bytes(line->at, len);
    len += len < line->len;
    *line = bytes(line->at + len, line->len - len);
    return word;
}

static enum result obey(struct seat *seats, uint64_t now, struct bytes line)
{
    struct command c = {.now = now};
    struct bytes name = word_next(&line);
    uint64_t number;
    enum result res = text_number(word_next(&line), SEATS - 1, &number);

    if (res != OK)
        return res;
    res = E_NOT_FOUND;
    c.seat = &seats[number];
    for (size_t i = 0; i < WORDS; i++)
        c.words[i] = word_next(&line);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (bytes_equal(bytes_string(verbs[i].name), name))
            res = verbs[i].seated && c.seat->group == NULL ? E_STATE : verbs[i].run(&c);
    arena_free(&c.arena);
    return res;
}

int main(int argc, char **argv)
{
    static struct seat seats[SEATS];
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    uint64_t now;

    if (argc != 2 || text_number(bytes_string(argv[1]), UINT32_MAX, &now) != OK || crypto_start() != OK)
        return 2;
    while ((len = getline(&line, &room, stdin)) > 0) {
        enum result res = obey(seats, now, bytes(line, (size_t)len));

        if (res != OK)
            printf("no %s", result_text(res));
        putchar('\n');
        fflush(stdout);
    }
    for (size_t i = 0; i < SEATS; i++) {
        group_free(seats[i].group);
        joining_free(seats[i].joining);
    }
    free(line);
    return 0;
}
