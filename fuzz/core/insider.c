/* Commits, KeyPackages, Welcomes and trees that were right, with fields changed as the input says, and signed
 * and sealed again: what is judged behind signatures is reached. While one is judged, memory runs out at the
 * allocation that the input names. What is refused leaves everything as it was, and nothing behind.
 *
 * The input: kind u8, allocation u16 (0: none), then for each change what it is and where. */
#include "core/group.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The tests' evil members ask by cmocka; here its questions are asserts. */
#define assert_int_equal(a, b)       assert((a) == (b))
#define assert_true(a)               assert(a)
#define assert_false(a)              assert(!(a))
#define assert_non_null(a)           assert((a) != NULL)
#define assert_null(a)               assert((a) == NULL)
#define assert_memory_equal(a, b, n) assert(memcmp(a, b, n) == 0)

#include "core/evil_welcome.h"
#include "support/denied.h"
#include "support/heap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    VICTIM = 0,
    ATTACKER = 1,
    OTHER = 2,
    PEOPLE = 6,
    ROUNDS = 100, /* then all begins anew: the attacker's generations run away */
    FIELDS = 160,
    LIST = 24,
    GROWTH = 255,
};

/* What can be changed in an object. */
struct fields {
    struct arena *arena;
    struct bytes *bytes[FIELDS];
    size_t byte_count;
    struct {
        void *at;
        size_t size;
    } numbers[FIELDS];
    size_t number_count;
};

static void has_bytes(struct fields *f, struct bytes *b)
{
    if (f->byte_count < FIELDS)
        f->bytes[f->byte_count++] = b;
}

static void has_number(struct fields *f, void *at, size_t size)
{
    if (f->number_count == FIELDS)
        return;
    f->numbers[f->number_count].at = at;
    f->numbers[f->number_count++].size = size;
}

static void has_leaf(struct fields *f, struct leaf_node *leaf)
{
    has_bytes(f, &leaf->encryption_key);
    has_bytes(f, &leaf->signature_key);
    has_bytes(f, &leaf->credential);
    has_bytes(f, &leaf->capabilities.versions);
    has_bytes(f, &leaf->capabilities.suites);
    has_bytes(f, &leaf->capabilities.extensions);
    has_bytes(f, &leaf->capabilities.proposals);
    has_bytes(f, &leaf->capabilities.credentials);
    has_bytes(f, &leaf->parent_hash);
    has_bytes(f, &leaf->extensions);
    has_bytes(f, &leaf->signature);
    has_number(f, &leaf->credential_type, sizeof leaf->credential_type);
    has_number(f, &leaf->source, sizeof leaf->source);
    has_number(f, &leaf->not_before, sizeof leaf->not_before);
    has_number(f, &leaf->not_after, sizeof leaf->not_after);
}

static void has_package(struct fields *f, struct key_package *package)
{
    has_number(f, &package->version, sizeof package->version);
    has_number(f, &package->suite, sizeof package->suite);
    has_bytes(f, &package->init_key);
    has_bytes(f, &package->extensions);
    has_bytes(f, &package->signature);
    has_leaf(f, &package->leaf);
}

static void has_proposal(struct fields *f, struct proposal *p)
{
    switch (p->type) {
    case MLS_PROPOSAL_ADD:
        has_package(f, &p->add);
        break;
    case MLS_PROPOSAL_UPDATE:
        has_leaf(f, &p->update);
        break;
    case MLS_PROPOSAL_REMOVE:
        has_number(f, &p->removed, sizeof p->removed);
        break;
    case MLS_PROPOSAL_PSK:
        has_bytes(f, &p->psk.id);
        has_bytes(f, &p->psk.nonce);
        break;
    case MLS_PROPOSAL_REINIT:
        has_bytes(f, &p->reinit.group_id);
        has_bytes(f, &p->reinit.extensions);
        has_number(f, &p->reinit.version, sizeof p->reinit.version);
        break;
    case MLS_PROPOSAL_EXTERNAL_INIT:
        has_bytes(f, &p->kem);
        break;
    case MLS_PROPOSAL_CONTEXT_EXTENSIONS:
        has_bytes(f, &p->extensions);
        break;
    }
}

/* --- One change --- */

/* A copy with room behind it, so that whoever puts the object together may read a whole key there. */
static uint8_t *copy(struct fields *f, struct bytes b, size_t len)
{
    uint8_t *to = arena_take(f->arena, len + 64);

    assert(to != NULL);
    if (b.len != 0)
        memcpy(to, b.at, b.len < len ? b.len : len);
    return to;
}

static void change_bytes(struct fields *f, struct bytes *b, uint8_t how, uint16_t where, uint8_t value)
{
    size_t len = b->len;
    uint8_t *to;

    switch (how % 6) {
    case 0:
        to = copy(f, *b, len);
        if (len != 0)
            to[where % len] ^= value | 1;
        break;
    case 1:
        len = where % (len + 1);
        to = copy(f, *b, len);
        break;
    case 2:
        len += value;
        to = copy(f, *b, len);
        break;
    case 3:
        len = f->bytes[where % f->byte_count]->len;
        to = copy(f, *f->bytes[where % f->byte_count], len);
        break;
    case 4:
        to = copy(f, (struct bytes){0}, len);
        memset(to, value, len);
        break;
    default:
        len = 0;
        to = copy(f, (struct bytes){0}, 0);
        break;
    }
    *b = bytes(to, len);
}

static void change_number(struct fields *f, size_t i, uint8_t how, uint64_t value)
{
    uint64_t now = 0;

    memcpy(&now, f->numbers[i].at, f->numbers[i].size); /* little-endian, as are the machines that fuzz */
    now = how % 2 == 0 ? value : now ^ value;
    memcpy(f->numbers[i].at, &now, f->numbers[i].size);
}

/* Changes until the input ends, but for the last words, which are read before. */
static void change(struct reader *script, struct fields *f)
{
    for (unsigned i = 0; i < 8 && reader_left(script) >= 6; i++) {
        uint8_t which = reader_u8(script), how = reader_u8(script);
        uint16_t where = reader_u16(script), value = reader_u16(script);

        if (which < 128 && f->byte_count != 0)
            change_bytes(f, f->bytes[which % f->byte_count], how, where, (uint8_t)value);
        else if (which >= 128 && f->number_count != 0)
            change_number(f, which % f->number_count, how, value);
    }
}

/* --- Judging --- */

struct verdict {
    struct group *group;
    struct joining *joining;
    struct bytes message, tree;
    const struct group_rules *rules;
};

static enum result judge(struct verdict *v)
{
    struct opened *opened = NULL;
    struct group *joined = NULL;
    enum result res;

    if (v->joining != NULL) {
        res = group_join(v->joining, v->rules, v->message, v->tree, &joined);
        group_free(joined);
        return res;
    }
    res = group_open(v->group, v->message, ROOM_NOW, &opened);
    opened_free(opened);
    return res;
}

/* First with memory that runs out, then with enough. */
static enum result judged(struct verdict *v, uint16_t allocation)
{
    uint64_t before = heap_image();
    size_t blocks = heap_blocks();
    enum result denied = OK, res;

    if (allocation != 0) {
        denied_after(allocation - 1u);
        denied = judge(v);
        if (!denied_end() || denied == OK) /* there was enough, or it was not needed */
            return denied;
        assert(heap_image() == before);
    }
    res = judge(v);
    if (res != OK)
        assert(heap_image() == before);
    assert(v->joining != NULL ||
           heap_blocks() <= blocks + 8); /* a sender's ratchets come when it is first heard */
    assert(denied == OK || denied == E_NO_MEMORY || denied == res);
    return res;
}

/* --- Commits --- */

static struct room room;
static unsigned rounds;

static void seat_people(void)
{
    room_found(&room, MLS_SUITE_CHACHA20_POLY1305, 77);
    room_commit(&room, 0, PEOPLE - 1, NULL, 0);
    room_commit(&room, 3, 0, NULL, 0);
    room.members[VICTIM]->rules.outsiders = true;
    room.members[VICTIM]->rules.public_handshakes = true;
    assert(group_psk(room.members[VICTIM], BYTES_TEXT("known"), BYTES_TEXT("secret")) == OK);
    assert(group_psk(room.members[ATTACKER], BYTES_TEXT("known"), BYTES_TEXT("secret")) == OK);
}

/* A commit of what the bits say, right in all. */
static void compose(struct evil_commit *evil, uint8_t wanted)
{
    static const uint8_t nonce[MLS_HASH_LEN] = {5};
    struct proposal add = evil_newcomer(&room, &evil->arena, NULL, NULL, NULL);

    if (wanted & 1)
        evil_add(evil, &add);
    if (wanted & 2)
        evil_add(evil, &(struct proposal){.type = MLS_PROPOSAL_REMOVE, .removed = 4});
    if (wanted & 4) {
        struct proposal update = evil_update(&room, &evil->arena, OTHER);

        evil->items[evil->count++] = evil_proposed(&room, &evil->arena, OTHER, VICTIM, &update);
    }
    if (wanted & 8)
        evil_add(evil,
                 &(struct proposal){
                     .type = MLS_PROPOSAL_PSK,
                     .psk = {.type = MLS_PSK_EXTERNAL, .id = BYTES_TEXT("known"), .nonce = BYTES_OF(nonce)}});
    if (wanted & 16)
        evil_add(evil, &(struct proposal){.type = MLS_PROPOSAL_CONTEXT_EXTENSIONS,
                                          .extensions = group_context(room.members[VICTIM])});
    if (wanted & 32) {
        evil->external = true;
        evil->says = &evil->items[0].proposal.add.leaf; /* some leaf; its key signs nothing */
        memcpy(evil->seed, room.members[ATTACKER]->seed, sizeof evil->seed);
        evil->count = 0;
        evil_add(evil, &add);
        evil->says = &add.add.leaf;
        evil->count = 0;
        evil_external_init(&room, VICTIM, evil);
    }
    evil->no_path = (wanted & 64) != 0;
    evil_make(&room, evil->external ? VICTIM : ATTACKER, evil);
}

/* A path in pieces. */
struct pieces {
    struct path_node nodes[LIST];
    size_t node_count;
    struct {
        struct bytes kem, sealed;
    } secrets[LIST][LIST];
    size_t secret_count[LIST];
    struct proposal_or_ref items[LIST];
    size_t item_count;
};

static void take_apart(const struct commit *commit, struct pieces *p)
{
    struct reader r = reader_on(commit->path.nodes), inner;

    while (commit->has_path && p->node_count < LIST && path_node_next(&r, &p->nodes[p->node_count])) {
        size_t n = p->node_count++;

        inner = reader_on(p->nodes[n].secrets);
        while (p->secret_count[n] < LIST && ciphertext_next(&inner, &p->secrets[n][p->secret_count[n]].kem,
                                                            &p->secrets[n][p->secret_count[n]].sealed))
            p->secret_count[n]++;
    }
    r = reader_on(commit->proposals);
    while (p->item_count < LIST && proposal_next(&r, &p->items[p->item_count]))
        p->item_count++;
}

/* Takes an element out of a list, or puts it in twice. */
static void bend(void *list, size_t size, size_t *count, uint8_t how, uint8_t which)
{
    uint8_t *at = list;
    size_t i;

    if (*count == 0)
        return;
    i = which % *count;
    if (how % 2 == 0) {
        memmove(at + i * size, at + (i + 1) * size, (*count - i - 1) * size);
        --*count;
    } else if (*count < LIST) {
        memmove(at + (i + 1) * size, at + i * size, (*count - i) * size);
        ++*count;
    }
}

static void put_together(struct arena *arena, struct pieces *p, struct commit *commit)
{
    struct buffer nodes = {0}, items = {0};

    for (size_t n = 0; n < p->node_count; n++) {
        struct buffer secrets = {0};

        for (size_t i = 0; i < p->secret_count[n]; i++)
            ciphertext_write(&secrets, p->secrets[n][i].kem, p->secrets[n][i].sealed);
        buffer_vector(&nodes, p->nodes[n].key);
        buffer_vector(&nodes, buffer_bytes(&secrets));
        buffer_free(&secrets);
    }
    for (size_t i = 0; i < p->item_count; i++)
        proposal_or_ref_write(&items, &p->items[i]);
    commit->path.nodes = evil_keep(arena, &nodes);
    commit->proposals = evil_keep(arena, &items);
}

/* The message's content, opened as a member can. */
static void read_commit(struct evil_commit *evil, struct content *content, struct buffer *plain)
{
    struct epoch *epoch = room.members[VICTIM]->epoch;
    struct mls_message read;
    struct sender_data sender;

    assert(mls_message_read(evil_keep(&evil->arena, &evil->message), &read) == OK);
    if (evil->external) {
        *content = read.public.content;
        return;
    }
    assert(private_sender(&read.private, epoch->suite, epoch->secrets.sender_data, &sender) == OK);
    assert(private_open(&read.private, epoch->suite, epoch->messages, &sender, plain, content) == OK);
}

static void send_commit(struct evil_commit *evil, struct content *content)
{
    struct epoch *epoch = room.members[ATTACKER]->epoch;
    static uint8_t signature[MLS_SIGNATURE_LEN];

    assert(content_sign(content, epoch_context(epoch), evil->seed, signature) == OK);
    content->signature = BYTES_OF(signature);
    if (evil->external)
        mls_message_write(&evil->message, &(struct mls_message){.wire_format = MLS_PUBLIC_MESSAGE,
                                                                .public = {.content = *content}});
    else
        assert(private_protect(content, epoch->suite, epoch->messages, epoch->secrets.sender_data, 0,
                               &room.seeded.random, &evil->message) == OK);
}

static void sign_leaf(struct arena *arena, struct leaf_node *leaf, uint32_t place,
                      const uint8_t seed[static 32])
{
    struct buffer b = {0};
    struct reader r;
    struct leaf_node again;

    assert(leaf_write_signed(&b, leaf, &(struct leaf_place){group_id(room.members[VICTIM]), place}, seed) ==
           OK);
    r = reader_on(evil_keep(arena, &b));
    leaf_read(&r, &again);
    if (reader_end(&r) == OK)
        *leaf = again;
}

static void commits(struct reader *script, uint16_t allocation)
{
    static struct pieces pieces;
    struct evil_commit evil = evil_by(&room, ATTACKER);
    struct fields fields = {.arena = &evil.arena};
    struct buffer plain = {0}, body = {0};
    struct content content;
    struct commit commit;
    struct reader r;
    uint8_t wanted = reader_u8(script), bends = reader_u8(script), keep_signature = reader_u8(script);
    struct verdict v = {.group = room.members[VICTIM]};

    memset(&pieces, 0, sizeof pieces);
    compose(&evil, wanted);
    read_commit(&evil, &content, &plain);
    r = reader_on(content.body);
    commit_read(&r, &commit);
    assert(reader_end(&r) == OK);
    take_apart(&commit, &pieces);
    if (commit.has_path)
        has_leaf(&fields, &commit.path.leaf);
    for (size_t n = 0; n < pieces.node_count; n++) {
        has_bytes(&fields, &pieces.nodes[n].key);
        for (size_t i = 0; i < pieces.secret_count[n]; i++) {
            has_bytes(&fields, &pieces.secrets[n][i].kem);
            has_bytes(&fields, &pieces.secrets[n][i].sealed);
        }
    }
    for (size_t i = 0; i < pieces.item_count; i++) {
        if (pieces.items[i].by_reference)
            has_bytes(&fields, &pieces.items[i].reference);
        else
            has_proposal(&fields, &pieces.items[i].proposal);
    }
    has_bytes(&fields, &content.group_id);
    has_bytes(&fields, &content.authenticated_data);
    has_bytes(&fields, &content.confirmation_tag);
    has_number(&fields, &content.epoch, sizeof content.epoch);
    change(script, &fields);
    for (unsigned i = 0; i < bends % 4; i++) {
        uint8_t which = reader_u8(script), how = reader_u8(script);

        if (how & 2)
            bend(pieces.items, sizeof pieces.items[0], &pieces.item_count, how, which);
        else if (how & 4)
            bend(pieces.secrets[which % LIST], sizeof pieces.secrets[0][0],
                 &pieces.secret_count[which % LIST], how, which);
        else
            bend(pieces.nodes, sizeof pieces.nodes[0], &pieces.node_count, how, which);
    }
    put_together(&evil.arena, &pieces, &commit);
    if (commit.has_path && keep_signature % 2 == 0)
        sign_leaf(&evil.arena, &commit.path.leaf, evil.committer, evil.seed);
    commit_write(&body, &commit);
    content.body = buffer_bytes(&body);
    send_commit(&evil, &content);
    v.message = buffer_bytes(&evil.message);
    (void)judged(&v, allocation);
    waiting_free_all(room.members[VICTIM]->waiting);
    room.members[VICTIM]->waiting = NULL;
    room.members[VICTIM]->waiting_count = 0;
    buffer_free(&plain);
    buffer_free(&body);
    evil_free(&evil);
}

/* --- KeyPackages --- */

struct package_script {
    struct reader *script;
    struct arena *arena;
};

static void change_package(struct key_package *package, void *self)
{
    struct package_script *s = self;
    struct fields fields = {.arena = s->arena};

    has_package(&fields, package);
    change(s->script, &fields);
}

static void packages(struct reader *script, uint16_t allocation)
{
    struct arena arena = {0};
    struct package_script s = {script, &arena};
    struct proposal add = evil_newcomer(&room, &arena, change_package, &s, NULL);
    struct buffer message = {0}, proposal = {0};
    struct verdict v = {.group = room.members[VICTIM]};
    struct leaf_node leaf;
    enum result adding, told;

    mls_message_head(&message, MLS_KEY_PACKAGE);
    key_package_write(&message, &add.add);
    adding = group_may_add(room.members[VICTIM], buffer_bytes(&message), ROOM_NOW, &leaf);
    evil_propose(&room, &arena, ATTACKER, &add, &proposal);
    v.message = buffer_bytes(&proposal);
    told = judged(&v, allocation);
    /* Whom one would add, others are told of without a word. */
    assert(adding != OK || told == OK || told == E_NO_MEMORY);
    buffer_free(&message);
    buffer_free(&proposal);
    arena_free(&arena);
}

/* --- Welcomes and trees --- */

static void change_tree(struct reader *script, struct evil_welcome *w)
{
    uint32_t node = reader_u8(script) % tree_node_count(w->tree.depth);
    struct fields fields = {.arena = &w->arena};
    struct leaf_node leaf;
    uint8_t how = reader_u8(script);

    if (w->tree.nodes[node].leaf != NULL && node / 2 < INVITED) {
        leaf = *w->tree.nodes[node].leaf;
        has_leaf(&fields, &leaf);
        change(script, &fields);
        if (how % 2 == 0) {
            struct buffer b = {0};
            struct reader r;
            struct leaf_node again;

            assert(leaf_write_signed(&b, &leaf, &(struct leaf_place){w->open.info.context.group_id, node / 2},
                                     w->room.members[node / 2]->seed) == OK);
            r = reader_on(evil_keep(&w->arena, &b));
            leaf_read(&r, &again);
            if (reader_end(&r) == OK)
                assert(tree_put_leaf(&w->tree, node / 2, &again) == OK);
        } else {
            tree_blank_leaf(&w->tree, node / 2);
        }
    } else if (w->tree.nodes[node].parent != NULL) {
        struct parent_node *parent = w->tree.nodes[node].parent;
        uint32_t *unmerged = arena_array(&w->arena, 4, sizeof *unmerged);

        has_bytes(&fields, &parent->key);
        has_bytes(&fields, &parent->parent_hash);
        change(script, &fields);
        assert(unmerged != NULL);
        for (unsigned i = 0; i < how % 4; i++)
            unmerged[i] = reader_u8(script) % 9;
        parent->unmerged = unmerged;
        parent->unmerged_count = parent->unmerged_room = how % 4;
    }
}

static void welcomes(struct reader *script, uint16_t allocation, bool trees)
{
    static struct evil_welcome w;
    struct fields fields = {.arena = &w.arena};
    struct verdict v;
    uint8_t bits = reader_u8(script);
    struct bytes secret;

    evil_welcome_set(&w);
    if (bits & 1) {
        tree_free(&w.tree);
        assert(tree_read(buffer_bytes(&w.made.tree), &w.tree) == OK);
        w.open.secrets.has_path_secret = true;
    }
    w.inside = bits & 2;
    w.no_tree = bits & 4;
    if (trees) {
        change_tree(script, &w);
    } else {
        has_bytes(&fields, &w.open.info.context.group_id);
        has_bytes(&fields, &w.open.info.context.confirmed_transcript_hash);
        has_bytes(&fields, &w.open.info.context.extensions);
        has_bytes(&fields, &w.open.info.extensions);
        has_bytes(&fields, &w.open.secrets.path_secret);
        has_bytes(&fields, &w.open.secrets.psks);
        has_bytes(&fields, &w.open.secrets.joiner_secret);
        has_number(&fields, &w.open.info.context.epoch, sizeof(uint64_t));
        has_number(&fields, &w.open.info.context.version, sizeof(uint16_t));
        has_number(&fields, &w.open.info.context.suite, sizeof(uint16_t));
        has_number(&fields, &w.open.info.signer, sizeof(uint32_t));
        has_number(&fields, &w.suite, sizeof(uint16_t));
        change(script, &fields);
    }
    /* More than a Welcome's secrets can be is not sealed. */
    secret = w.open.secrets.joiner_secret;
    if (secret.len + w.open.secrets.path_secret.len + w.open.secrets.psks.len > 400)
        w.open.secrets.path_secret.len = w.open.secrets.psks.len = w.open.secrets.joiner_secret.len = 0;
    evil_welcome_make(&w);
    v = (struct verdict){.joining = w.joining,
                         .rules = &w.room.rules,
                         .message = buffer_bytes(&w.welcome),
                         .tree = w.no_tree ? (struct bytes){0} : buffer_bytes(&w.outside)};
    (void)judged(&v, allocation);
    evil_welcome_free(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader script = reader_on(bytes(data, size));
    uint8_t kind = reader_u8(&script);
    uint16_t allocation = reader_u16(&script);

    if (rounds == 0) {
        heap_watch();
        seat_people();
    }
    switch (kind % 4) {
    case 0:
        commits(&script, allocation);
        break;
    case 1:
        packages(&script, allocation);
        break;
    default:
        welcomes(&script, allocation, kind % 4 == 3);
        break;
    }
    if (++rounds == ROUNDS) {
        rounds = 0;
        room_free(&room);
    }
    return 0;
}
