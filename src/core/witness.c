#include "core/witness.h"

#include "core/label.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_ID_MAX = 64 };

/* One leaf as it is heard in one slot. */
struct voice_heard {
    bool used;
    uint16_t leaf;
    uint64_t first_ms, last_ms; /* of its frames, since it was last silent for WITNESS_CLAIM_MS */
    struct proof_listener listener;
};

struct witness {
    uint8_t room[32], group_id[GROUP_ID_MAX], seed[32];
    size_t group_id_len;
    bool deniable;
    uint64_t unix_ahead_ms;
    uint16_t own_leaf;

    struct proof_epoch epochs[WITNESS_EPOCHS]; /* a ring */
    size_t epoch_count;                        /* all that were entered */
    uint64_t sealed_epoch;                     /* of our last frame */
    struct proof_speaker speaker;
    struct voice_heard *slots[SLOTS]; /* WITNESS_VOICES each; NULL before a slot's first frame */
};

enum result witness_new(const struct witness_start *start, struct witness **out)
{
    struct witness *w;

    if (start->group_id.len > GROUP_ID_MAX)
        return E_TOO_LARGE;
    w = calloc(1, sizeof *w);
    if (w == NULL)
        return E_NO_MEMORY;
    memcpy(w->room, start->room, sizeof w->room);
    if (start->group_id.len != 0)
        memcpy(w->group_id, start->group_id.at, start->group_id.len);
    w->group_id_len = start->group_id.len;
    memcpy(w->seed, start->leaf_seed, sizeof w->seed);
    w->deniable = start->deniable;
    w->unix_ahead_ms = start->unix_ahead_ms;
    *out = w;
    return OK;
}

void witness_free(struct witness *w)
{
    if (w == NULL)
        return;
    for (unsigned i = 0; i < SLOTS; i++)
        free(w->slots[i]);
    wipe(w, sizeof *w);
    free(w);
}

void witness_enter(struct witness *w, uint64_t epoch, const uint8_t authenticator[static MLS_HASH_LEN],
                   uint16_t own_leaf, const uint16_t *gone, size_t gone_count)
{
    struct proof_epoch *e = &w->epochs[w->epoch_count++ % WITNESS_EPOCHS];

    e->epoch = epoch;
    memcpy(e->authenticator, authenticator, sizeof e->authenticator);
    w->own_leaf = own_leaf;
    for (unsigned slot = 0; slot < SLOTS; slot++)
        for (unsigned i = 0; i < WITNESS_VOICES && w->slots[slot] != NULL; i++)
            for (size_t k = 0; k < gone_count; k++)
                if (w->slots[slot][i].leaf == gone[k])
                    w->slots[slot][i].used = false;
}

static struct proof_ground ground_of(const struct witness *w, uint16_t leaf)
{
    struct proof_ground ground = {
        .group_id = bytes(w->group_id, w->group_id_len), .leaf = leaf, .deniable = w->deniable};

    memcpy(ground.room, w->room, sizeof ground.room);
    return ground;
}

static size_t epochs_known(const struct witness *w)
{
    return w->epoch_count < WITNESS_EPOCHS ? w->epoch_count : WITNESS_EPOCHS;
}

/* --- Our own voice --- */

static enum result sign(void *self, struct bytes label, struct bytes content, uint8_t out[MLS_SIGNATURE_LEN])
{
    const struct witness *w = self;

    return label_sign(w->seed, label, content, out);
}

/* The epoch of our last frame; the newest, where that is over by so many that it is forgotten. */
static const struct proof_epoch *epoch_sealed(const struct witness *w)
{
    for (size_t i = 0; i < epochs_known(w); i++)
        if (w->epochs[i].epoch == w->sealed_epoch)
            return &w->epochs[i];
    return &w->epochs[(w->epoch_count - 1) % WITNESS_EPOCHS];
}

enum result witness_piece(struct witness *w, uint64_t now_ms, uint32_t counter,
                          uint8_t piece[static ERASURE_PIECE_LEN])
{
    const struct proof_ground ground = ground_of(w, w->own_leaf);
    const struct proof_signer signer = {sign, w};

    assert(w->epoch_count != 0);
    return proof_piece(&w->speaker, &ground, epoch_sealed(w), &signer, now_ms + w->unix_ahead_ms, counter,
                       piece);
}

enum result witness_sent(struct witness *w, uint64_t epoch, uint32_t counter, struct bytes sealed)
{
    w->sealed_epoch = epoch;
    return proof_sent(&w->speaker, counter, sealed);
}

/* --- Others' voices --- */

static struct voice_heard *find(struct witness *w, unsigned slot, uint16_t leaf)
{
    for (unsigned i = 0; i < WITNESS_VOICES && w->slots[slot] != NULL; i++)
        if (w->slots[slot][i].used && w->slots[slot][i].leaf == leaf)
            return &w->slots[slot][i];
    return NULL;
}

/* A free place in the slot, or that of whoever has been silent longest. A relay that crowds a slot spoils
 * that slot alone. */
static enum result place(struct witness *w, unsigned slot, struct voice_heard **out)
{
    struct voice_heard *oldest;

    if (w->slots[slot] == NULL)
        w->slots[slot] = calloc(WITNESS_VOICES, sizeof **w->slots);
    if (w->slots[slot] == NULL)
        return E_NO_MEMORY;
    oldest = &w->slots[slot][0];
    for (unsigned i = 0; i < WITNESS_VOICES; i++) {
        struct voice_heard *v = &w->slots[slot][i];

        if (!v->used) {
            oldest = v;
            break;
        }
        if (v->last_ms < oldest->last_ms)
            oldest = v;
    }
    *out = oldest;
    return OK;
}

static bool claims(const struct voice_heard *v, uint64_t now_ms)
{
    return now_ms - v->last_ms <= WITNESS_CLAIM_MS;
}

/* The newest beginning of another slot's claim to the leaf; false where there is none. */
static bool is_claimed_elsewhere(struct witness *w, uint64_t now_ms, unsigned slot, uint16_t leaf,
                                 uint64_t *since_ms)
{
    bool is = false;

    *since_ms = 0;
    for (unsigned other = 0; other < SLOTS; other++) {
        const struct voice_heard *v = other == slot ? NULL : find(w, other, leaf);

        if (v == NULL || !claims(v, now_ms))
            continue;
        is = true;
        if (v->first_ms > *since_ms)
            *since_ms = v->first_ms;
    }
    return is;
}

/* Only a signed proof tells this: without a signature a member could make one far ahead, and silence the
 * speaker by it (F16). */
static bool is_late(struct witness *w, const struct proof_ground *ground, const struct witness_frame *f)
{
    for (unsigned slot = 0; slot < SLOTS && !ground->deniable; slot++) {
        const struct voice_heard *v = find(w, slot, f->leaf);

        if (v != NULL && v->listener.proven > f->counter / PROOF_BLOCK + WITNESS_LATE)
            return true;
    }
    return false;
}

enum result witness_heard(struct witness *w, uint64_t now_ms, const struct witness_frame *f)
{
    const struct proof_ground ground = ground_of(w, f->leaf);
    struct voice_heard *v = find(w, f->slot, f->leaf);
    uint64_t since_ms;
    enum result res;

    if (is_late(w, &ground, f))
        return E_STALE;
    res = v == NULL ? place(w, f->slot, &v) : OK;
    if (res != OK)
        return res;
    (void)proof_verdict(&v->listener,
                        now_ms); /* what was waited for in vain is judged before what comes now */
    if (!v->used || v->leaf != f->leaf)
        *v = (struct voice_heard){.used = true, .leaf = f->leaf, .first_ms = now_ms};
    else if (!claims(v, now_ms))
        v->first_ms = now_ms;
    v->last_ms = now_ms;
    res = proof_heard(&v->listener, &ground, w->epochs, epochs_known(w), f->key, now_ms, f->counter,
                      f->sealed, f->piece);
    if (res == OK && v->listener.verdict == PROOF_FORGED &&
        is_claimed_elsewhere(w, now_ms, f->slot, f->leaf, &since_ms))
        res = E_FORGED;
    return res;
}

enum proof_verdict witness_verdict(struct witness *w, uint64_t now_ms, unsigned slot, uint16_t leaf)
{
    struct voice_heard *v;
    enum proof_verdict verdict;
    uint64_t since_ms;

    assert(slot < SLOTS);
    v = find(w, slot, leaf);
    if (v == NULL)
        return PROOF_NONE;
    verdict = proof_verdict(&v->listener, now_ms);
    /* Who speaks again after a silence is not judged by what came before it. */
    if (v->listener.verdict_ms <= v->first_ms)
        return PROOF_NONE;
    if (verdict == PROOF_PROVEN && is_claimed_elsewhere(w, now_ms, slot, leaf, &since_ms) &&
        since_ms >= v->listener.verdict_ms)
        verdict = PROOF_UNPROVEN;
    return verdict;
}
