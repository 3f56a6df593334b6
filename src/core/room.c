#include "core/room.h"

#include "core/frame.h"
#include "core/roles.h"
#include "wire/signal.h"

#include <stdlib.h>
#include <string.h>

enum { SUITE = MLS_SUITE_CHACHA20_POLY1305 };

static const uint16_t extension_types[] = {EXTENSION_CHARTER, EXTENSION_SEAT, EXTENSION_ROLES};
static const struct group_types our_types = {extension_types, 3};

static const struct group_rules rules = {.padding = ROOM_PADDING, .lifetime_max_s = ROOM_LIFETIME_MAX_S};

/* The leaf's own extension lies in *place, which must live as long as what is returned. */
static struct group_identity identity(const struct core_room *room, struct group_extension *place)
{
    *place = (struct group_extension){EXTENSION_SEAT, bytes(room->binding, room->binding_len)};
    return (struct group_identity){
        .signature_seed = room->leaf_seed,
        .extensions = {place, 1},
        .supported = our_types,
    };
}

/* --- Coming and going --- */

static enum result bind(struct core_room *room, const struct core_self *self)
{
    uint8_t leaf_key[32];
    struct seat_binding binding = {0};
    struct bytes written;
    enum result res;

    random_fill(room->random, room->leaf_seed, sizeof room->leaf_seed);
    res = crypto_ed25519_public(room->leaf_seed, leaf_key);
    if (res == OK)
        res = roles_bind(self->account_seed, self->house, self->room, leaf_key, &binding);
    if (res == OK && self->secret != NULL)
        res = roles_vouch(self->secret, self->house, self->room, leaf_key, &binding);
    binding.stage = self->stage;
    if (res == OK)
        res = seat_binding_write(&binding, (struct bytes_mut){room->binding, sizeof room->binding}, &written);
    if (res == OK)
        room->binding_len = written.len;
    return res;
}

enum result core_room_new(const struct random *random, const struct core_self *self, struct core_now now,
                          struct core_room **out)
{
    struct core_room *room = calloc(1, sizeof *room);
    struct group_extension place;
    enum result res;

    if (room == NULL)
        return E_NO_MEMORY;
    room->random = random;
    room->unix_ahead_ms = now.unix_s * 1000 - now.ms;
    memcpy(room->house, self->house, sizeof room->house);
    memcpy(room->id, self->room, sizeof room->id);
    if (self->mark != NULL)
        room->mark = *self->mark;
    res = bind(room, self);
    if (res == OK)
        res = key_package_new(
            random,
            &(struct key_package_order){
                .suite = SUITE,
                .identity = identity(room, &place),
                .not_before = now.unix_s / ROOM_HOUR_S * ROOM_HOUR_S,
                .not_after = (now.unix_s + KEY_PACKAGE_S + ROOM_HOUR_S - 1) / ROOM_HOUR_S * ROOM_HOUR_S,
            },
            &room->key_package, &room->joining);
    if (res != OK) {
        core_room_free(room);
        return res;
    }
    *out = room;
    return OK;
}

static void leave_group(struct core_room *room)
{
    group_free(room->group);
    room->group = NULL;
    group_committed_free(&room->committed);
    buffer_free(&room->statements);
    room->commit = (struct core_commit){0};
    buffer_free(&room->said);
    opened_free(room->opened);
    room->opened = NULL;
}

void core_room_free(struct core_room *room)
{
    if (room == NULL)
        return;
    leave_group(room);
    keyring_free(room->ring);
    witness_free(room->witness);
    joining_free(room->joining);
    buffer_free(&room->key_package);
    wipe(room, sizeof *room);
    free(room);
}

struct bytes core_room_key_package(const struct core_room *room)
{
    return buffer_bytes(&room->key_package);
}

/* All that an epoch's exporter is asked for. */
static enum result take_exports(struct core_room *room, uint8_t base_key[static SEAL_BASE_KEY_LEN])
{
    const struct bytes label = BYTES_TEXT("Teahouse media hash 1");
    enum result res = group_export(room->group, BYTES_TEXT("SFrame 1.0 Base Key"), (struct bytes){0},
                                   (struct bytes_mut){base_key, SEAL_BASE_KEY_LEN});

    if (res == OK)
        res = group_export(room->group, BYTES_TEXT("Teahouse answer"), (struct bytes){0},
                           (struct bytes_mut){room->answer, sizeof room->answer});
    if (res == OK)
        res = crypto_hkdf_expand(bytes(base_key, SEAL_BASE_KEY_LEN), &label, 1,
                                 (struct bytes_mut){room->media_hash, sizeof room->media_hash});
    return res;
}

/* Gives the epoch's key to the ring, and takes the means to make it again out of the group (F18). */
static enum result enter_epoch(struct core_room *room, uint64_t now_ms, const uint16_t *gone,
                               size_t gone_count, bool only_adds)
{
    uint8_t base_key[SEAL_BASE_KEY_LEN];
    uint16_t speakers[TABLE_LEAVES], own = (uint16_t)group_own_leaf(room->group);
    uint8_t keys[TABLE_LEAVES][32];
    size_t count = 0;
    enum result res;

    for (size_t i = 0; i < room->roster.count; i++) {
        const struct core_member *m = &room->roster.members[i];

        if (!m->speaker)
            continue;
        memcpy(keys[count], m->key, sizeof keys[count]);
        speakers[count++] = (uint16_t)m->leaf;
    }
    res = take_exports(room, base_key);
    if (res == OK)
        res = keyring_enter(room->ring, now_ms,
                            &(struct keyring_epoch){
                                .number = group_epoch(room->group),
                                .base_key = base_key,
                                .speakers = speakers,
                                .speaker_count = count,
                                .gone = gone,
                                .gone_count = gone_count,
                                .keys = (const uint8_t(*)[32])keys,
                                .own_leaf = own,
                                .only_adds = only_adds,
                            });
    if (res == OK)
        witness_enter(room->witness, group_epoch(room->group), group_epoch_authenticator(room->group).at, own,
                      gone, gone_count);
    wipe(base_key, sizeof base_key);
    group_erase_exporter(room->group);
    return res;
}

/* An old list under a new group would bring back whoever was shut out since. */
static enum result reaches_mark(const struct core_room *room, struct bytes statements)
{
    uint8_t hash[32];
    enum result res;

    if (room->mark.len == 0)
        return OK;
    if (statements.len < room->mark.len)
        return E_REPLAY;
    statements.len = room->mark.len;
    res = crypto_sha256(&statements, 1, hash);
    return res == OK && memcmp(hash, room->mark.hash, sizeof hash) != 0 ? E_REPLAY : res;
}

/* A group that we have just founded or been welcomed into. Takes it, on error too. */
static enum result sit_down(struct core_room *room, struct core_now now, struct group *group)
{
    size_t plain_len = FRAME_PLAIN_SPEECH;
    struct bytes charter, statements;
    enum result res = OK;

    room->group = group;
    if (group_context_extension(group, EXTENSION_CHARTER, &charter) != OK ||
        group_context_extension(group, EXTENSION_ROLES, &statements) != OK)
        res = E_REFUSED;
    if (res == OK)
        res = roles_context_check(charter, room->id, &room->charter);
    /* The link's room, but of another house: its word would count there, and bindings name this one. */
    if (res == OK && memcmp(room->charter.house, room->house, sizeof room->house) != 0)
        res = E_REFUSED;
    if (res == OK)
        res = standing_read(&room->standing, &room->charter, room->id, statements);
    if (res == OK)
        res = reaches_mark(room, statements);
    if (res == OK)
        res = roster_read(group, &room->standing, statements, &room->roster);
    if (res == OK && room->charter.profile == CHARTER_MUSIC)
        plain_len = FRAME_PLAIN_MUSIC;
    if (res == OK)
        res = keyring_new(room->random, plain_len, &room->ring);
    if (res == OK)
        res = witness_new(&(struct witness_start){.room = room->id,
                                                  .group_id = group_id(group),
                                                  .leaf_seed = room->leaf_seed,
                                                  .deniable = room->charter.proof == CHARTER_DENIABLE,
                                                  .unix_ahead_ms = room->unix_ahead_ms},
                          &room->witness);
    if (res == OK) {
        keyring_prove(room->ring, room->witness);
        res = enter_epoch(room, now.ms, NULL, 0, false);
    }
    if (res != OK) {
        core_room_unfound(room);
        return res;
    }
    room->stage = ROOM_SEATED;
    return OK;
}

/* What holds of the words that a house kept. Members took each of them once, so a list that an honest house
 * gives is whole; a false word is no reason to give up the true ones. */
static enum result take_words(const struct core_room *room, const struct charter *charter, struct bytes words,
                              struct buffer *out)
{
    struct standing *standing = calloc(1, sizeof *standing);
    struct statement word;
    enum result res = standing == NULL ? E_NO_MEMORY : OK;

    if (res == OK)
        standing_start(standing, charter, room->id);
    for (struct bytes rest = words; res == OK && statement_next(&rest, &word) == OK; words = rest)
        if (standing_add(standing, &word) == OK)
            buffer_put(out, bytes(words.at, words.len - rest.len));
    free(standing);
    return res == OK ? buffer_end(out, NULL) : res;
}

/* Whoever comes later takes a voucher by any link that ever held, for who sits may have come by it; who
 * begins the table has no other than the one that holds (F15). */
static enum result vouches_now(const struct core_room *room)
{
    const struct leaf_node *own = group_member(room->group, group_own_leaf(room->group));
    struct seat_binding binding;
    enum result res = roles_binding_read(own, &binding);

    if (res == OK)
        res = roles_voucher_check(own, &binding, &room->charter, room->id, room->standing.link_key);
    return res == E_FORGED ? E_EXPIRED : res;
}

enum result core_room_found(struct core_room *room, struct core_now now, struct bytes charter,
                            const uint8_t signature[static 64], struct bytes *id)
{
    return core_room_found_again(room, now, charter, signature, (struct bytes){0}, id);
}

enum result core_room_found_again(struct core_room *room, struct core_now now, struct bytes charter,
                                  const uint8_t signature[static 64], struct bytes words, struct bytes *id)
{
    uint8_t extension[ROLES_CONTEXT_BYTES];
    struct buffer statements = {0};
    struct group_extension place, context[] = {{EXTENSION_CHARTER, {0}}, {EXTENSION_ROLES, {0}}};
    struct group_founding founding = {
        .suite = SUITE,
        .rules = rules,
        .identity = identity(room, &place),
        .context = {context, 2},
        .required = our_types,
        .now = now.unix_s,
        .lifetime_s = ROOM_LIFETIME_MAX_S,
    };
    struct charter checked;
    struct group *group = NULL;
    enum result res;

    if (room->stage != ROOM_WAITING)
        return E_STATE;
    res = core_charter_check(charter, signature, room->id, &checked);
    if (res == OK)
        res = roles_context_write(charter, signature, (struct bytes_mut){extension, sizeof extension},
                                  &context[0].data);
    if (res == OK)
        res = take_words(room, &checked, words, &statements);
    context[1].data = buffer_bytes(&statements);
    if (res == OK)
        res = group_found(room->random, &founding, &group);
    buffer_free(&statements);
    if (res == OK)
        res = sit_down(room, now, group);
    if (res == OK) {
        res = vouches_now(room);
        if (res != OK)
            core_room_unfound(room);
    }
    if (res == OK)
        *id = group_id(room->group);
    return res;
}

void core_room_unfound(struct core_room *room)
{
    leave_group(room);
    keyring_free(room->ring);
    room->ring = NULL;
    witness_free(room->witness);
    room->witness = NULL;
    room->stage = ROOM_WAITING;
}

enum result core_room_join(struct core_room *room, struct core_now now, struct bytes welcome,
                           struct bytes tree)
{
    struct group *group = NULL;
    enum result res;

    if (room->stage != ROOM_WAITING)
        return E_STATE;
    res = group_join(room->joining, &rules, welcome, tree, &group);
    return res == OK ? sit_down(room, now, group) : res;
}

/* --- Following --- */

/* Who comes, who goes and whose role is another, told apart before the roster changes. */
static enum result note_change(struct core_room *room, const struct opened *o)
{
    struct core_change *c = &room->change;

    *c = (struct core_change){
        .epoch = o->epoch,
        .committer = o->sender,
        .own = o->own,
        .out = o->removes_us,
        .came = room->came,
        .went = room->went,
        .moved = room->moved,
    };
    for (size_t i = 0; i < o->remove_count; i++) {
        const struct core_member *m = roster_find(&room->roster, o->removes[i].leaf);

        if (m == NULL || c->went_count == TABLE_LEAVES)
            return E_REFUSED;
        room->went[c->went_count++] = *m;
    }
    for (size_t i = 0; i < room->next.roster.count; i++) {
        const struct core_member *now = &room->next.roster.members[i];
        const struct core_member *was = roster_find_same(&room->roster, now);

        if (was == NULL)
            room->came[c->came_count++] = *now;
        else if (was->speaker != now->speaker || was->may_speak != now->may_speak ||
                 was->moderator != now->moderator)
            room->moved[c->moved_count++] = *now;
    }
    return OK;
}

/* Does the house say of the roles what the commit says? */
static bool agrees_with_words(const struct core_room *room, const struct opened *o, struct bytes said)
{
    struct roster_words words = {&room->roster, &room->next.roster, &room->standing, &room->next.standing,
                                 o->sender};
    uint8_t text_room[ROOM_ROLES_BYTES];
    struct writer w = writer_over(text_room);
    struct bytes text;

    roster_words_put(&words, &w);
    return writer_end(&w, &text) == OK && bytes_equal(text, said);
}

/* Nor does the house lay at a moderator's door what it did itself, or the other way about. */
static bool agrees_with_reasons(const struct policy *p, const struct opened *o, struct bytes removed)
{
    struct signal_gone gone;

    while (signal_gone_next(&removed, &gone))
        if (policy_is_kick(p, o, gone.leaf) != (gone.why == SIGNAL_KICKED || gone.why == SIGNAL_BLOCKED))
            return false;
    return true;
}

/* Removed: no key stays, and what the group still knows is of no use to anybody. */
static void get_out(struct core_room *room)
{
    keyring_close(room->ring);
    leave_group(room);
    room->roster.count = 0;
    room->stage = ROOM_OUT;
}

static enum result follow(struct core_room *room, uint64_t now_ms, struct opened *opened)
{
    uint16_t gone[TABLE_LEAVES];
    size_t gone_count = room->change.went_count;
    enum result res;

    for (size_t i = 0; i < gone_count; i++)
        gone[i] = (uint16_t)room->change.went[i].leaf;
    for (size_t i = 0; i < gone_count; i++)
        room->lags[gone[i]] = (struct plan_lag){0};
    res = group_apply(room->group, opened);
    if (res != OK)
        return res;
    room_drop_commit(room);
    room->standing = room->next.standing;
    room->roster = room->next.roster;
    /* From here on there is no way back into the old epoch: who cannot go on is out. */
    res = enter_epoch(room, now_ms, gone, gone_count, gone_count == 0);
    if (res != OK)
        get_out(room);
    return res;
}

/* A commit can call for a PSK or a proposal that only its maker knows, and then there is no key for it
 * either. But that is no commit which we missed: whoever left the room for it could be sent away by any
 * member. */
static bool is_of_our_epoch(const struct core_room *room, struct bytes commit)
{
    struct mls_message message;

    return mls_message_read(commit, &message) == OK && message.wire_format == MLS_PRIVATE_MESSAGE &&
           message.private.epoch == group_epoch(room->group);
}

enum result core_room_take(struct core_room *room, struct core_now now, const struct core_handshake *h,
                           const struct core_change **out)
{
    struct policy p = room_policy(room);
    struct opened *opened = NULL;
    bool words_agree = false;
    enum result res;

    if (room->stage != ROOM_SEATED)
        return E_STATE;
    res = group_open(room->group, h->commit, now.unix_s, &opened);
    if (res == E_NO_KEY && is_of_our_epoch(room, h->commit))
        res = E_REFUSED;
    if (res == OK)
        res = policy_judge(&p, opened, &room->next);
    if (res == OK)
        res = note_change(room, opened);
    if (res == OK) {
        words_agree =
            agrees_with_words(room, opened, h->roles) && agrees_with_reasons(&p, opened, h->removed);
        room->change.kicked = opened->removes_us && policy_is_kick(&p, opened, group_own_leaf(room->group));
    }
    if (res == OK && opened->removes_us)
        get_out(room);
    else if (res == OK)
        res = follow(room, now.ms, opened);
    opened_free(opened);
    if (res != OK)
        return res;

    room->change.alarm = !words_agree || !roster_agrees(room->came, room->change.came_count, h->seated) ||
                         !roster_agrees_leaves(room->went, room->change.went_count, h->removed);
    *out = &room->change;
    return OK;
}

enum result core_room_replaces(const struct core_room *old, const struct core_room *with, uint32_t *leaf,
                               uint8_t signature[static 64])
{
    uint8_t key[32];
    enum result res;

    if (old->stage != ROOM_SEATED)
        return E_STATE;
    res = crypto_ed25519_public(with->leaf_seed, key);
    if (res == OK)
        res = roles_replaces(old->leaf_seed, old->id, key, signature);
    if (res == OK)
        *leaf = group_own_leaf(old->group);
    return res;
}

/* --- What there is --- */

bool core_room_is_seated(const struct core_room *room)
{
    return room->stage == ROOM_SEATED;
}

uint64_t core_room_epoch(const struct core_room *room)
{
    return group_epoch(room->group);
}

uint32_t core_room_leaf(const struct core_room *room)
{
    return group_own_leaf(room->group);
}

struct bytes core_room_group_id(const struct core_room *room)
{
    return group_id(room->group);
}

struct bytes core_room_authenticator(const struct core_room *room)
{
    return group_epoch_authenticator(room->group);
}

const struct charter *core_room_charter(const struct core_room *room)
{
    return &room->charter;
}

enum result core_room_mark(const struct core_room *room, struct core_mark *out)
{
    struct core_mark mark = {0};
    struct bytes statements;
    enum result res = group_context_extension(room->group, EXTENSION_ROLES, &statements);

    if (res == OK)
        res = crypto_sha256(&statements, 1, mark.hash);
    mark.len = statements.len;
    if (res == OK)
        *out = mark;
    return res;
}

bool core_room_is_blocked(const struct core_room *room, const uint8_t account[static 32])
{
    return standing_is_blocked(&room->standing, account);
}

size_t core_room_members(const struct core_room *room, const struct core_member **out)
{
    *out = room->roster.members;
    return room->roster.count;
}

const struct core_member *core_room_member(const struct core_room *room, uint32_t leaf)
{
    return roster_find(&room->roster, leaf);
}

bool core_room_agrees(const struct core_room *room, struct bytes seats)
{
    return roster_agrees(room->roster.members, room->roster.count, seats);
}

/* --- Voice --- */

struct keyring *core_room_keyring(struct core_room *room)
{
    return room->ring;
}

enum proof_verdict core_room_verdict(struct core_room *room, struct core_now now, unsigned slot,
                                     uint32_t leaf)
{
    if (room->witness == NULL || leaf > UINT16_MAX)
        return PROOF_NONE;
    return witness_verdict(room->witness, now.ms, slot, (uint16_t)leaf);
}

uint64_t core_room_due(struct core_room *room, struct core_now now)
{
    return room->ring == NULL ? KEYRING_NEVER : keyring_due(room->ring, now.ms);
}
