/* An MLSMessage from anybody, and the content of one from a member who means ill: signed and sealed as it
 * must be, so that what a commit or a proposal says is reached behind the signature. */
#include "core/group_state.h"
#include "core/joining.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1700000000, ROUNDS = 120 };

static void fill(void *self, uint8_t *to, size_t len)
{
    uint32_t *state = self;

    for (size_t i = 0; i < len; i++) {
        *state = *state * 1664525 + 1013904223;
        to[i] = (uint8_t)(*state >> 24);
    }
}

/* Three members; the first is under attack by the second. */
struct scene {
    struct group *attacked, *attacker;
    unsigned rounds;
};

static struct group_identity identity(const uint8_t *seed)
{
    return (struct group_identity){.signature_seed = seed, .credential = BYTES_TEXT("x")};
}

static void scene_free(struct scene *scene)
{
    group_free(scene->attacked);
    group_free(scene->attacker);
    *scene = (struct scene){0};
}

static bool scene_start(struct scene *scene)
{
    uint32_t state = 1;
    struct random random = {fill, &state};
    uint8_t seeds[3][32] = {{1}, {2}, {3}};
    struct group_rules rules = {.public_handshakes = true, .outsiders = true};
    struct group_founding founding = {.suite = MLS_SUITE_CHACHA20_POLY1305,
                                      .rules = rules,
                                      .identity = identity(seeds[0]),
                                      .now = NOW,
                                      .lifetime_s = 1u << 30};
    struct buffer packages[2] = {{0}};
    struct joining *joinings[2] = {NULL};
    struct group_committed out = {{0}};
    struct opened *own = NULL;
    struct bytes adds[2];
    bool good = group_found(&random, &founding, &scene->attacked) == OK;

    for (unsigned i = 0; i < 2 && good; i++) {
        good = key_package_new(&random,
                               &(struct key_package_order){.suite = founding.suite,
                                                           .identity = identity(seeds[i + 1]),
                                                           .not_before = NOW - 1,
                                                           .not_after = NOW + 1},
                               &packages[i], &joinings[i]) == OK;
        adds[i] = buffer_bytes(&packages[i]);
    }
    good = good && group_commit(scene->attacked, &random,
                                &(struct group_change){.adds = adds, .add_count = 2}, NOW, &out) == OK;
    good = good && group_open(scene->attacked, buffer_bytes(&out.commit), NOW, &own) == OK &&
           group_apply(scene->attacked, own) == OK;
    good = good && group_join(joinings[0], &rules, buffer_bytes(&out.welcome), buffer_bytes(&out.tree),
                              &scene->attacker) == OK;
    opened_free(own);
    group_committed_free(&out);
    for (unsigned i = 0; i < 2; i++) {
        buffer_free(&packages[i]);
        joining_free(joinings[i]);
    }
    return good;
}

static void recode(struct bytes data)
{
    struct mls_message message;
    struct buffer again = {0};

    if (mls_message_read(data, &message) != OK)
        return;
    /* One encoding: what was read is what we should have written. */
    mls_message_write(&again, &message);
    assert(bytes_equal(buffer_bytes(&again), data));
    buffer_free(&again);
}

static void from_anybody(struct scene *scene, struct bytes data)
{
    struct opened *opened = NULL;

    if (group_open(scene->attacked, data, NOW, &opened) == OK)
        opened_free(opened);
}

static void from_the_attacker(struct scene *scene, uint8_t type, struct bytes body)
{
    struct epoch *epoch = scene->attacker->epoch;
    uint32_t state = 2;
    struct random random = {fill, &state};
    uint8_t signature[MLS_SIGNATURE_LEN], tag[MLS_HASH_LEN] = {0};
    struct buffer message = {0};
    struct opened *opened = NULL;
    struct content content = {
        .wire_format = MLS_PRIVATE_MESSAGE,
        .group_id = epoch->group_id,
        .epoch = epoch->number,
        .sender_type = MLS_SENDER_MEMBER,
        .sender = epoch_own_leaf(epoch),
        .type = type,
        .body = body,
        .signature = BYTES_OF(signature),
        .confirmation_tag = BYTES_OF(tag),
    };

    if (content_sign(&content, epoch_context(epoch), scene->attacker->seed, signature) == OK &&
        private_protect(&content, epoch->suite, epoch->messages, epoch->secrets.sender_data, 0, &random,
                        &message) == OK &&
        group_open(scene->attacked, buffer_bytes(&message), NOW, &opened) == OK) {
        /* Nobody guesses a confirmation tag; who goes out by the commit has none to check. */
        assert(type != MLS_COMMIT || opened->removes_us);
        opened_free(opened);
    }
    buffer_free(&message);
}

/* The same with the commit's leaf signed by the attacker, who can: what is behind that check is reached, too.
 */
static void with_own_leaf(struct scene *scene, struct bytes body)
{
    struct epoch *epoch = scene->attacker->epoch;
    const struct leaf_node *own = tree_leaf(&epoch->tree, epoch_own_leaf(epoch));
    struct buffer leaf = {0}, again = {0};
    struct reader r = reader_on(body);
    struct commit commit;

    commit_read(&r, &commit);
    if (reader_end(&r) != OK || !commit.has_path)
        return;
    commit.path.leaf.signature_key = own->signature_key;
    if (leaf_write_signed(&leaf, &commit.path.leaf,
                          &(struct leaf_place){epoch->group_id, epoch_own_leaf(epoch)},
                          scene->attacker->seed) == OK) {
        r = reader_on(buffer_bytes(&leaf));
        leaf_read(&r, &commit.path.leaf);
        commit_write(&again, &commit);
        from_the_attacker(scene, MLS_COMMIT, buffer_bytes(&again));
    }
    buffer_free(&leaf);
    buffer_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scene scene;
    struct bytes whole = bytes(data, size);

    if (scene.rounds == 0 && (crypto_start() != OK || !scene_start(&scene)))
        abort();
    recode(whole);
    from_anybody(&scene, whole);
    from_the_attacker(&scene, MLS_PROPOSAL, whole);
    from_the_attacker(&scene, MLS_COMMIT, whole);
    with_own_leaf(&scene, whole);
    /* The attacker's generations run away from the attacked, who refuses. */
    if (++scene.rounds == ROUNDS)
        scene_free(&scene);
    return 0;
}
