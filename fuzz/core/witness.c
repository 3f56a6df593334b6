/* Voices in any slots, under any leaf's name, with any counters and pieces, while a true speaker speaks:
 * nobody else is ever proven. */
#include "core/witness.h"

#include "base/reader.h"
#include "crypto/crypto.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SPEAKER = 1, TRUE_SLOT = 0, STEPS_MAX = 64 };

struct scene {
    struct witness *speaker, *listener;
    uint8_t key[32], sealed[32], piece[ERASURE_PIECE_LEN];
    uint64_t now_ms, epoch;
    uint32_t counter;
};

static void enter(struct scene *s, const uint16_t *gone, size_t gone_count)
{
    uint8_t authenticator[MLS_HASH_LEN] = {(uint8_t)++s->epoch};

    witness_enter(s->speaker, s->epoch, authenticator, SPEAKER, NULL, 0);
    witness_enter(s->listener, s->epoch, authenticator, 0, gone, gone_count);
}

static void speak(struct scene *s)
{
    s->now_ms += 20;
    s->counter++;
    memcpy(s->sealed, &s->counter, sizeof s->counter);
    assert(witness_piece(s->speaker, s->now_ms, s->counter, s->piece) == OK);
    assert(witness_sent(s->speaker, s->epoch, s->counter, BYTES_OF(s->sealed)) == OK);
}

/* What the listener says is a result; only that it is one counts here. */
static void hear(struct scene *s, unsigned slot, uint16_t leaf, uint32_t counter)
{
    enum result res = witness_heard(s->listener, s->now_ms,
                                    &(struct witness_frame){.slot = slot,
                                                            .leaf = leaf,
                                                            .counter = counter,
                                                            .sealed = BYTES_OF(s->sealed),
                                                            .key = s->key,
                                                            .piece = s->piece});

    assert(res == OK || res == E_STALE || res == E_FORGED);
}

static void step(struct scene *s, struct reader *r)
{
    uint8_t what = reader_u8(r);
    uint8_t where = reader_u8(r);
    uint16_t leaf = where & 3;

    switch (what & 7) {
    case 0:
        for (unsigned i = 0; i < where; i++) {
            speak(s);
            hear(s, TRUE_SLOT, SPEAKER, s->counter);
        }
        break;
    case 1:
        s->now_ms += 40 * (uint64_t)where;
        break;
    case 2:
        enter(s, &leaf, what >> 7);
        break;
    default:
        /* Another's frame, with the true piece or one of its own, near the true counter or far from it. */
        s->sealed[31] = what;
        if (what & 16)
            reader_copy(r, s->piece, sizeof s->piece);
        if (!r->failed)
            hear(s, 1 + (where >> 2) % (SLOTS - 1), leaf,
                 s->counter + (what & 32 ? reader_u32(r) : what >> 6));
        s->sealed[31] = 0;
        break;
    }
    for (unsigned slot = 1; slot < SLOTS; slot++)
        for (leaf = 0; leaf < 4; leaf++)
            assert(witness_verdict(s->listener, s->now_ms, slot, leaf) != PROOF_PROVEN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[32] = {1}, room[32] = {2};
    const struct witness_start start = {.room = room, .group_id = BYTES_TEXT("group"), .leaf_seed = seed};
    struct scene s = {.counter = FRAME_COUNTER_FIRST_MIN};
    struct reader r = reader_on(bytes(data, size));

    if (crypto_start() != OK || crypto_ed25519_public(seed, s.key) != OK ||
        witness_new(&start, &s.speaker) != OK)
        return 0;
    if (witness_new(&start, &s.listener) == OK) {
        enter(&s, NULL, 0);
        for (unsigned i = 0; i < STEPS_MAX && reader_left(&r) != 0; i++)
            step(&s, &r);
    }
    witness_free(s.speaker);
    witness_free(s.listener);
    return 0;
}
