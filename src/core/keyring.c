#include "core/keyring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    EPOCHS = 64, /* alive at once: more than a house lets begin in OLD_KEY_MS where people come in a stream.
                    Ids of 256 epochs differ, so none of these can be taken for another */
    SEEN = 8192, /* frames whose tags are remembered: 164 s, longer than an epoch lives */
    WINDOW_WORDS = KEYRING_WINDOW / 64,
};

/* The newest counter of one key id in one slot, and which of the ones behind it have come. */
struct window {
    bool used;
    uint32_t newest;
    uint64_t come[WINDOW_WORDS]; /* bit 0 of word 0 is the newest */
};

/* One leaf in one epoch. */
struct sender {
    uint16_t leaf;
    uint8_t signature_key[32]; /* for the witness */
    bool gone;
    struct seal_key *key; /* NULL until its first frame */
    /* Beginnings of the tags that were opened, at counter mod SEEN. A relay could take the same frame through
     * another slot, whose window knows nothing of it; this does. It compares tags, not counters, because a
     * member who forges a speaker's counters must not silence the speaker by that (F16). */
    uint32_t *seen;
    struct window windows[SLOTS];
};

struct epoch {
    bool alive;
    uint64_t number;
    uint64_t erase_at_ms;
    uint8_t base_key[SEAL_BASE_KEY_LEN];
    struct sender *senders; /* ascending by leaf */
    size_t count;
};

struct keyring {
    size_t plain_len;
    struct epoch epochs[EPOCHS];
    struct epoch *newest;  /* NULL before the first and after close */
    struct epoch *sending; /* the newest, or for a while the one before */
    uint64_t switch_at_ms; /* when sending becomes the newest */
    uint64_t first;        /* the first epoch that we were in */
    uint16_t own_leaf;
    uint32_t counter;                    /* the next; it runs on through all epochs */
    uint8_t muted[(UINT16_MAX + 1) / 8]; /* a bit a leaf */
    uint64_t sealed_ms;                  /* when the last frame was */
    struct witness *witness;
    struct keyring_stats stats;
};

/* --- Keys and their end --- */

static void sender_erase(struct sender *s)
{
    seal_key_free(s->key);
    free(s->seen);
    s->key = NULL;
    s->seen = NULL;
}

static void epoch_erase(struct epoch *e)
{
    for (size_t i = 0; i < e->count; i++)
        sender_erase(&e->senders[i]);
    free(e->senders);
    wipe(e, sizeof *e);
}

static struct sender *find(const struct epoch *e, uint16_t leaf)
{
    size_t low = 0, high = e->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (e->senders[middle].leaf < leaf)
            low = middle + 1;
        else
            high = middle;
    }
    return low < e->count && e->senders[low].leaf == leaf ? &e->senders[low] : NULL;
}

static enum result sender_key(const struct epoch *e, struct sender *s)
{
    if (s->key != NULL)
        return OK;
    return seal_key_new(e->base_key, seal_kid(s->leaf, e->number), &s->key);
}

enum result keyring_new(const struct random *random, size_t plain_len, struct keyring **out)
{
    struct keyring *ring = calloc(1, sizeof *ring);

    assert(plain_len == FRAME_PLAIN_SPEECH || plain_len == FRAME_PLAIN_MUSIC);
    if (ring == NULL)
        return E_NO_MEMORY;
    ring->plain_len = plain_len;
    do
        ring->counter = random_u32(random) & FRAME_COUNTER_FIRST_MAX;
    while (ring->counter < FRAME_COUNTER_FIRST_MIN);
    *out = ring;
    return OK;
}

void keyring_free(struct keyring *ring)
{
    if (ring == NULL)
        return;
    keyring_close(ring);
    wipe(ring, sizeof *ring);
    free(ring);
}

void keyring_prove(struct keyring *ring, struct witness *witness)
{
    ring->witness = witness;
}

void keyring_close(struct keyring *ring)
{
    for (size_t i = 0; i < EPOCHS; i++)
        epoch_erase(&ring->epochs[i]);
    ring->newest = NULL;
    ring->sending = NULL;
}

/* --- A new epoch --- */

static int by_leaf(const void *a, const void *b)
{
    const struct sender *x = a, *y = b;

    return (x->leaf > y->leaf) - (x->leaf < y->leaf);
}

static enum result epoch_make(const struct keyring_epoch *from, struct epoch *out)
{
    struct epoch e = {.alive = true, .number = from->number, .erase_at_ms = KEYRING_NEVER};

    e.senders = calloc(from->speaker_count == 0 ? 1 : from->speaker_count, sizeof *e.senders);
    if (e.senders == NULL)
        return E_NO_MEMORY;
    e.count = from->speaker_count;
    for (size_t i = 0; i < e.count; i++) {
        e.senders[i].leaf = from->speakers[i];
        if (from->keys != NULL)
            memcpy(e.senders[i].signature_key, from->keys[i], sizeof from->keys[i]);
    }
    qsort(e.senders, e.count, sizeof *e.senders, by_leaf);
    memcpy(e.base_key, from->base_key, sizeof e.base_key);
    *out = e;
    wipe(&e, sizeof e);
    return OK;
}

static bool is_among(const uint16_t *leaves, size_t count, uint16_t leaf)
{
    for (size_t i = 0; i < count; i++)
        if (leaves[i] == leaf)
            return true;
    return false;
}

/* Grace is for those who stayed: the keys of all others end with the commit (F14). */
static void end_grace(struct keyring *ring, const struct keyring_epoch *from)
{
    for (size_t i = 0; i < EPOCHS; i++) {
        struct epoch *old = &ring->epochs[i];

        for (size_t k = 0; k < old->count && old != ring->newest; k++) {
            struct sender *s = &old->senders[k];

            if (is_among(from->gone, from->gone_count, s->leaf) || find(ring->newest, s->leaf) == NULL) {
                sender_erase(s);
                s->gone = true;
            }
        }
    }
}

/* A free place, or that of the oldest epoch. */
static struct epoch *place(struct keyring *ring)
{
    struct epoch *oldest = &ring->epochs[0];

    for (size_t i = 0; i < EPOCHS; i++) {
        struct epoch *e = &ring->epochs[i];

        if (!e->alive)
            return e;
        if (e->number < oldest->number)
            oldest = e;
    }
    return oldest;
}

enum result keyring_enter(struct keyring *ring, uint64_t now_ms, const struct keyring_epoch *from)
{
    struct epoch made, *at, *before = ring->newest;
    enum result res;

    if (before != NULL && from->number <= before->number)
        return E_STALE;
    res = epoch_make(from, &made);
    if (res != OK)
        return res;

    keyring_due(ring, now_ms);
    at = place(ring);
    if (at == ring->sending)
        ring->sending = NULL;
    epoch_erase(at);
    *at = made;
    wipe(&made, sizeof made);

    if (before != NULL)
        before->erase_at_ms = now_ms + OLD_KEY_MS;
    else
        ring->first = at->number;
    ring->newest = at;
    ring->own_leaf = from->own_leaf;
    end_grace(ring, from);
    for (size_t i = 0; i < from->gone_count; i++)
        keyring_mute(ring, from->gone[i], false);
    if (before == NULL || ring->sending == NULL || !from->only_adds)
        ring->sending = at;
    else if (ring->sending == before)
        ring->switch_at_ms = now_ms + ADD_SWITCH_MS;
    return OK;
}

uint64_t keyring_due(struct keyring *ring, uint64_t now_ms)
{
    uint64_t next = KEYRING_NEVER;

    if (ring->sending != ring->newest) {
        if (now_ms >= ring->switch_at_ms)
            ring->sending = ring->newest;
        else
            next = ring->switch_at_ms;
    }
    for (size_t i = 0; i < EPOCHS; i++) {
        struct epoch *e = &ring->epochs[i];

        if (!e->alive)
            continue;
        if (now_ms >= e->erase_at_ms)
            epoch_erase(e);
        else if (e->erase_at_ms < next)
            next = e->erase_at_ms;
    }
    return next;
}

/* --- Frames --- */

size_t keyring_frame_len(const struct keyring *ring)
{
    return FRAME_HEADER_LEN + ring->plain_len + FRAME_TAG_LEN;
}

static struct bytes_mut plain_of(const struct keyring *ring, struct bytes_mut frame)
{
    return (struct bytes_mut){frame.at + FRAME_HEADER_LEN, ring->plain_len};
}

unsigned keyring_owes(const struct keyring *ring)
{
    return 2 * PROOF_BLOCK - 1 - (ring->counter + PROOF_BLOCK - 1) % PROOF_BLOCK;
}

/* After a pause listeners may have given up the block that was begun, and would play nothing more of it: the
 * next one is begun. */
static void skip_block(struct keyring *ring, uint64_t now_ms)
{
    if (ring->stats.sealed != 0 && now_ms - ring->sealed_ms > KEYRING_PAUSE_MS &&
        ring->counter < UINT32_MAX - PROOF_BLOCK)
        ring->counter = (ring->counter + PROOF_BLOCK - 1) / PROOF_BLOCK * PROOF_BLOCK;
}

enum result keyring_seal(struct keyring *ring, uint64_t now_ms, const struct voice *voice,
                         struct bytes_mut frame)
{
    struct bytes_mut plain = plain_of(ring, frame);
    struct voice proven = *voice;
    uint8_t piece[ERASURE_PIECE_LEN];
    struct sender *own;
    struct seal_name name;
    enum result res;

    assert(frame.len == keyring_frame_len(ring));
    keyring_due(ring, now_ms);
    if (ring->newest == NULL)
        return E_NO_KEY;
    /* The newest roles decide: who has left the stage does not go on under the old epoch, and who has just
     * come on does not wait for the change of key. */
    if (find(ring->newest, ring->own_leaf) == NULL)
        return E_REFUSED;
    if (find(ring->sending, ring->own_leaf) == NULL)
        ring->sending = ring->newest;
    own = find(ring->sending, ring->own_leaf);
    skip_block(ring, now_ms);
    if (ring->counter == UINT32_MAX)
        return E_STATE;
    res = sender_key(ring->sending, own);
    if (res == OK && ring->witness != NULL) {
        res = witness_piece(ring->witness, now_ms, ring->counter, piece);
        proven.proof = piece;
    }
    if (res != OK)
        return res;
    res = voice_write(&proven, plain);
    if (res != OK)
        return res;

    name = (struct seal_name){own->leaf, (uint8_t)ring->sending->number, ring->counter++};
    seal_name_write(&name, frame.at);
    res =
        seal_encrypt(own->key, name.counter, bytes(frame.at, FRAME_HEADER_LEN), plain, plain.at + plain.len);
    if (res == OK && ring->witness != NULL)
        res = witness_sent(ring->witness, ring->sending->number, name.counter, bytes_const(frame));
    if (res != OK) {
        wipe(frame.at, frame.len); /* half-sealed voice goes nowhere */
        return res;
    }
    ring->sealed_ms = now_ms;
    ring->stats.sealed++;
    return OK;
}

/* The epoch that a key id means, if we have it. Its eight bits are read around the newest epoch: ahead of it
 * is to come, behind it is over. */
static enum result epoch_of(struct keyring *ring, uint8_t low_bits, struct epoch **out)
{
    if (ring->newest == NULL)
        return E_NO_KEY;
    for (size_t i = 0; i < EPOCHS; i++)
        if (ring->epochs[i].alive && (uint8_t)ring->epochs[i].number == low_bits) {
            *out = &ring->epochs[i];
            return OK;
        }
    return (uint8_t)(low_bits - (uint8_t)ring->newest->number) < 128 ? E_NO_KEY : E_STALE;
}

static bool window_takes(const struct window *w, uint32_t counter)
{
    uint32_t behind = w->newest - counter;

    if (!w->used || counter > w->newest)
        return true;
    return behind < KEYRING_WINDOW && (w->come[behind / 64] >> behind % 64 & 1) == 0;
}

static void window_mark(struct window *w, uint32_t counter)
{
    uint32_t ahead = counter - w->newest;

    if (!w->used) {
        *w = (struct window){.used = true, .newest = counter, .come = {1}};
        return;
    }
    if (counter <= w->newest) {
        w->come[(w->newest - counter) / 64] |= (uint64_t)1 << (w->newest - counter) % 64;
        return;
    }
    w->newest = counter;
    if (ahead >= KEYRING_WINDOW) {
        memset(w->come, 0, sizeof w->come);
    } else {
        for (; ahead >= 64; ahead -= 64) {
            w->come[1] = w->come[0];
            w->come[0] = 0;
        }
        if (ahead > 0) {
            w->come[1] = w->come[1] << ahead | w->come[0] >> (64 - ahead);
            w->come[0] <<= ahead;
        }
    }
    w->come[0] |= 1;
}

static uint32_t tag_beginning(const uint8_t *tag)
{
    uint32_t beginning;

    memcpy(&beginning, tag, sizeof beginning);
    return beginning | 1; /* zero says that nothing was seen there */
}

static enum result open_by(struct keyring *ring, struct epoch *e, struct window *window, struct sender *s,
                           const struct seal_name *name, struct bytes_mut frame)
{
    struct bytes_mut plain = plain_of(ring, frame);
    const uint8_t *tag = plain.at + plain.len;
    uint32_t beginning = tag_beginning(tag);
    enum result res;

    if (!window_takes(window, name->counter) ||
        (s->seen != NULL && s->seen[name->counter % SEEN] == beginning))
        return E_REPLAY;
    res = sender_key(e, s);
    if (res != OK)
        return res;
    ring->stats.attempts++;
    res = seal_decrypt(s->key, name->counter, bytes(frame.at, FRAME_HEADER_LEN), plain, tag);
    if (res == E_FORGED)
        ring->stats.foreign++;
    if (res != OK)
        return res;

    /* Only what was authentic moves a window or takes memory. */
    if (s->seen == NULL)
        s->seen = calloc(SEEN, sizeof *s->seen);
    if (s->seen == NULL)
        return E_NO_MEMORY;
    s->seen[name->counter % SEEN] = beginning;
    window_mark(window, name->counter);
    /* Who hears the new epoch seals no more under the old one (F13). */
    if (e == ring->newest)
        ring->sending = e;
    return OK;
}

/* A joiner's first frames may still be sealed under the epoch before it came: a sender changes a little
 * later.
 */
static bool is_before_our_time(const struct keyring *ring, uint8_t low_bits)
{
    uint64_t back = (uint8_t)(ring->newest->number - low_bits);

    return ring->newest->number - ring->first < back;
}

static enum result open_frame(struct keyring *ring, uint64_t now_ms, unsigned slot, struct bytes_mut frame,
                              struct keyring_heard *out)
{
    uint8_t sealed[FRAME_SEALED_MAX]; /* as it came, for the witness */
    struct seal_name name;
    struct epoch *e;
    struct sender *s;
    struct voice voice;
    enum result res;

    if (frame.len != keyring_frame_len(ring))
        return E_MALFORMED;
    res = seal_name_read(bytes(frame.at, FRAME_HEADER_LEN), &name);
    if (res != OK)
        return res;
    res = epoch_of(ring, name.epoch, &e);
    if (res == E_STALE) {
        ring->stats.foreign++;
        return is_before_our_time(ring, name.epoch) ? E_NOT_FOUND : res;
    }
    if (res != OK)
        return res;
    s = find(e, name.leaf);
    if (s == NULL || s->gone) {
        ring->stats.foreign++;
        return E_REFUSED;
    }
    memcpy(sealed, frame.at, frame.len);
    res = open_by(ring, e, &s->windows[slot], s, &name, frame);
    if (res != OK)
        return res;
    res = voice_read(bytes_const(plain_of(ring, frame)), &voice);
    if (res != OK)
        return res;
    if (ring->witness != NULL)
        res = witness_heard(ring->witness, now_ms,
                            &(struct witness_frame){
                                .slot = slot,
                                .leaf = name.leaf,
                                .counter = name.counter,
                                .sealed = bytes(sealed, frame.len),
                                .key = s->signature_key,
                                .piece = voice.proof,
                            });
    if (res != OK)
        return res;
    if (keyring_is_muted(ring, name.leaf))
        return E_REFUSED;
    *out = (struct keyring_heard){name.leaf, name.counter, e->number, voice};
    return OK;
}

enum result keyring_open(struct keyring *ring, uint64_t now_ms, unsigned slot, struct bytes_mut frame,
                         struct keyring_heard *out)
{
    enum result res;

    assert(slot < SLOTS);
    keyring_due(ring, now_ms);
    res = open_frame(ring, now_ms, slot, frame, out);
    if (res == OK)
        ring->stats.opened++;
    else if (res != E_NO_KEY && res != E_NOT_FOUND)
        ring->stats.refused[res]++;
    return res;
}

void keyring_mute(struct keyring *ring, uint16_t leaf, bool muted)
{
    uint8_t bit = (uint8_t)(1 << leaf % 8);

    if (muted)
        ring->muted[leaf / 8] |= bit;
    else
        ring->muted[leaf / 8] &= (uint8_t)~bit;
}

bool keyring_is_muted(const struct keyring *ring, uint16_t leaf)
{
    return ring->muted[leaf / 8] >> leaf % 8 & 1;
}

void keyring_gave_up(struct keyring *ring)
{
    ring->stats.refused[E_NO_KEY]++;
    ring->stats.foreign++;
}

const struct keyring_stats *keyring_stats(const struct keyring *ring)
{
    return &ring->stats;
}

uint64_t keyring_refused(const struct keyring *ring)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < RESULT_COUNT; i++)
        sum += ring->stats.refused[i];
    return sum;
}
