#include "core/proof.h"

#include "base/reader.h"
#include "base/writer.h"
#include "core/label.h"

#include <string.h>

enum {
    VERSION_SIGNED = 1,
    VERSION_DENIABLE = 2,
    CONTENT_LEN = 32 + 1 + 64 + 4 + 8 + MLS_HASH_LEN + 8 + 4 + 1 + PROOF_BLOCK * PROOF_HASH_LEN,
};

/* What the 480 bytes say. */
struct claim {
    uint8_t version;
    uint32_t first;      /* counter */
    uint64_t clock_ms;   /* 48 bits on the wire */
    uint16_t epoch_bits; /* low bits of the newest epoch in the block */
    uint8_t count;
    uint8_t hashes[PROOF_BLOCK][PROOF_HASH_LEN];
    uint8_t signature[MLS_SIGNATURE_LEN]; /* deniable: the authenticator and zeros */
};

static enum result hash_of(struct bytes sealed, uint8_t out[static PROOF_HASH_LEN])
{
    uint8_t whole[CRYPTO_SHA256_LEN];
    enum result res = crypto_sha256(&sealed, 1, whole);

    if (res == OK)
        memcpy(out, whole, PROOF_HASH_LEN);
    return res;
}

static void claim_write(const struct claim *c, uint8_t data[static ERASURE_DATA_LEN])
{
    struct writer w = writer_on((struct bytes_mut){data, ERASURE_DATA_LEN});

    writer_u32(&w, c->first);
    writer_u16(&w, (uint16_t)(c->clock_ms >> 32));
    writer_u32(&w, (uint32_t)c->clock_ms);
    writer_u16(&w, c->epoch_bits);
    writer_u8(&w, c->count);
    writer_u8(&w, c->version);
    writer_u16(&w, 0);
    writer_put(&w, BYTES_OF(c->hashes));
    writer_put(&w, BYTES_OF(c->signature));
}

static enum result claim_read(struct bytes data, struct claim *out)
{
    struct reader r = reader_on(data);
    struct claim c;
    uint64_t high;
    uint16_t spare;

    c.first = reader_u32(&r);
    high = reader_u16(&r);
    c.clock_ms = high << 32 | reader_u32(&r);
    c.epoch_bits = reader_u16(&r);
    c.count = reader_u8(&r);
    c.version = reader_u8(&r);
    spare = reader_u16(&r);
    reader_copy(&r, c.hashes, sizeof c.hashes);
    reader_copy(&r, c.signature, sizeof c.signature);
    if (reader_end(&r) != OK || spare != 0 || c.count > PROOF_BLOCK)
        return E_MALFORMED;
    *out = c;
    return OK;
}

/* room id | group id | leaf | epoch | epoch authenticator | clock | first counter | count | hashes */
static enum result content_write(const struct claim *c, const struct proof_ground *ground,
                                 const struct proof_epoch *epoch, uint8_t room[static CONTENT_LEN],
                                 struct bytes *out)
{
    struct writer w = writer_on((struct bytes_mut){room, CONTENT_LEN});

    writer_put(&w, BYTES_OF(ground->room));
    writer_run8(&w, ground->group_id);
    writer_u32(&w, ground->leaf);
    writer_u64(&w, epoch->epoch);
    writer_put(&w, BYTES_OF(epoch->authenticator));
    writer_u64(&w, c->clock_ms);
    writer_u32(&w, c->first);
    writer_u8(&w, c->count);
    writer_put(&w, BYTES_OF(c->hashes));
    return writer_end(&w, out);
}

#define PROOF_LABEL BYTES_TEXT("Teahouse Proof 1")

/* ---- the speaker's side */

static enum result block_close(struct proof_speaker *s, const struct proof_ground *ground,
                               const struct proof_epoch *newest, const struct proof_signer *signer,
                               uint64_t clock_ms)
{
    struct claim c = {.version = ground->deniable ? VERSION_DENIABLE : VERSION_SIGNED,
                      .first = s->number * PROOF_BLOCK,
                      .clock_ms = clock_ms & 0xffffffffffff,
                      .epoch_bits = (uint16_t)newest->epoch,
                      .count = (uint8_t)s->count};
    uint8_t room[CONTENT_LEN], data[ERASURE_DATA_LEN];
    struct bytes content;
    enum result res;

    memcpy(c.hashes, s->hashes, sizeof c.hashes);
    if (ground->deniable) {
        memcpy(c.signature, newest->authenticator, MLS_HASH_LEN);
    } else {
        res = content_write(&c, ground, newest, room, &content);
        if (res == OK)
            res = signer->sign(signer->self, PROOF_LABEL, content, c.signature);
        if (res != OK)
            return res;
    }
    claim_write(&c, data);
    erasure_encode(data, &s->pieces);
    return OK;
}

enum result proof_piece(struct proof_speaker *s, const struct proof_ground *ground,
                        const struct proof_epoch *newest, const struct proof_signer *signer,
                        uint64_t clock_ms, uint32_t counter, uint8_t piece[static ERASURE_PIECE_LEN])
{
    uint32_t number = counter / PROOF_BLOCK;
    enum result res = OK;

    if (!s->begun || number != s->number) {
        s->sending = false;
        /* After a gap of a whole block nobody would look for the proof in this one. */
        if (s->begun && number == s->number + 1) {
            res = block_close(s, ground, newest, signer, clock_ms);
            s->sending = res == OK;
        }
        s->begun = true;
        s->number = number;
        s->count = 0;
        memset(s->hashes, 0, sizeof s->hashes);
    }
    if (s->sending)
        memcpy(piece, s->pieces.at[counter % PROOF_BLOCK], ERASURE_PIECE_LEN);
    else
        memset(piece, 0, ERASURE_PIECE_LEN);
    return res;
}

enum result proof_sent(struct proof_speaker *s, uint32_t counter, struct bytes sealed)
{
    if (!s->begun || counter / PROOF_BLOCK != s->number)
        return OK;
    s->count++;
    return hash_of(sealed, s->hashes[counter % PROOF_BLOCK]);
}

/* ---- the listener's side */

static struct proof_block *block_of(struct proof_listener *l, uint32_t number)
{
    struct proof_block *block = &l->blocks[number % PROOF_BLOCKS_KEPT];

    return block->used && block->number == number ? block : NULL;
}

static struct proof_block *block_begin(struct proof_listener *l, uint32_t number, uint64_t now_ms)
{
    struct proof_block *block = &l->blocks[number % PROOF_BLOCKS_KEPT];

    /* A block that is older than what stands in its place has long been judged or given up. */
    if (block->used && block->number > number)
        return NULL;
    *block = (struct proof_block){.used = true, .number = number, .first_ms = now_ms};
    return block;
}

static void give(struct proof_listener *l, enum proof_verdict verdict, uint64_t now_ms)
{
    l->verdict = verdict;
    l->verdict_ms = now_ms;
}

static const struct proof_epoch *epoch_of(const struct proof_epoch *epochs, size_t count, uint16_t low_bits)
{
    for (size_t i = 0; i < count; i++)
        if ((uint16_t)epochs[i].epoch == low_bits)
            return &epochs[i];
    return NULL;
}

static enum result claim_verify(const struct claim *c, const struct proof_ground *ground,
                                const struct proof_epoch *epoch, const uint8_t signature_key[static 32])
{
    static const uint8_t nothing[MLS_SIGNATURE_LEN - MLS_HASH_LEN];
    uint8_t room[CONTENT_LEN];
    struct bytes content;
    enum result res;

    if (c->version != (ground->deniable ? VERSION_DENIABLE : VERSION_SIGNED))
        return E_FORGED;
    if (ground->deniable)
        return equal_secret(c->signature, epoch->authenticator, MLS_HASH_LEN) &&
                       memcmp(c->signature + MLS_HASH_LEN, nothing, sizeof nothing) == 0
                   ? OK
                   : E_FORGED;
    res = content_write(c, ground, epoch, room, &content);
    if (res != OK)
        return res;
    return label_verify(bytes(signature_key, 32), PROOF_LABEL, content, BYTES_OF(c->signature));
}

static bool frames_agree(const struct proof_block *proven, const struct claim *c)
{
    for (unsigned i = 0; i < PROOF_BLOCK; i++)
        if (proven->heard[i] && memcmp(proven->hashes[i], c->hashes[i], PROOF_HASH_LEN) != 0)
            return false;
    return true;
}

/* F17: a relay that holds a voice back makes every later proof older than the first ones were. */
static bool delayed(struct proof_listener *l, uint64_t clock_ms, uint64_t now_ms)
{
    int64_t lag_ms = (int64_t)(now_ms - clock_ms);

    if (!l->lag_known || lag_ms < l->least_lag_ms) {
        l->lag_known = true;
        l->least_lag_ms = lag_ms;
    }
    return lag_ms - l->least_lag_ms > PROOF_LAG_MS;
}

/* The pieces in `carrier` are enough: judge the block before it. */
static void judge(struct proof_listener *l, const struct proof_ground *ground,
                  const struct proof_epoch *epochs, size_t epoch_count,
                  const uint8_t signature_key[static 32], uint64_t now_ms, const struct proof_block *carrier,
                  struct proof_block *proven)
{
    uint8_t data[ERASURE_DATA_LEN];
    const struct proof_epoch *epoch;
    struct claim c;

    if (erasure_decode(&carrier->pieces, data) != OK)
        return;
    proven->judged = true;
    if (claim_read(BYTES_OF(data), &c) != OK || c.first != proven->number * PROOF_BLOCK) {
        give(l, PROOF_FORGED, now_ms);
        return;
    }
    /* An epoch that we were not in proves nothing to us: a fork looks like this. */
    epoch = epoch_of(epochs, epoch_count, c.epoch_bits);
    if (epoch == NULL)
        give(l, PROOF_UNPROVEN, now_ms);
    else if (claim_verify(&c, ground, epoch, signature_key) != OK || !frames_agree(proven, &c))
        give(l, PROOF_FORGED, now_ms);
    else if (delayed(l, c.clock_ms, now_ms))
        give(l, PROOF_UNPROVEN, now_ms);
    else {
        give(l, PROOF_PROVEN, now_ms);
        if (proven->number >= l->proven)
            l->proven = proven->number + 1;
    }
}

static unsigned pieces_of(const struct proof_block *block)
{
    unsigned count = 0;

    for (unsigned i = 0; i < ERASURE_PIECES; i++)
        count += block->pieces.have[i];
    return count;
}

static bool all_zero(const uint8_t piece[static ERASURE_PIECE_LEN])
{
    static const uint8_t zeros[ERASURE_PIECE_LEN];

    return memcmp(piece, zeros, ERASURE_PIECE_LEN) == 0;
}

enum result proof_heard(struct proof_listener *l, const struct proof_ground *ground,
                        const struct proof_epoch *epochs, size_t epoch_count,
                        const uint8_t signature_key[static 32], uint64_t now_ms, uint32_t counter,
                        struct bytes sealed, const uint8_t piece[static ERASURE_PIECE_LEN])
{
    uint32_t number = counter / PROOF_BLOCK, index = counter % PROOF_BLOCK;
    struct proof_block *block = block_of(l, number), *before;
    enum result res;

    if (block == NULL)
        block = block_begin(l, number, now_ms);
    if (block == NULL || block->judged)
        return E_STALE;
    res = hash_of(sealed, block->hashes[index]);
    if (res != OK)
        return res;
    block->heard[index] = true;

    /* One piece more than the code needs never changes the answer, so the first 24 decide. A whole proof has
     * no piece of zeros but by a chance of 2^-160. */
    before = number == 0 ? NULL : block_of(l, number - 1);
    if (all_zero(piece) || block->pieces.have[index])
        return OK;
    memcpy(block->pieces.at[index], piece, ERASURE_PIECE_LEN);
    block->pieces.have[index] = true;
    if (before != NULL && !before->judged && pieces_of(block) == ERASURE_DATA)
        judge(l, ground, epochs, epoch_count, signature_key, now_ms, block, before);
    return OK;
}

enum proof_verdict proof_verdict(struct proof_listener *l, uint64_t now_ms)
{
    for (unsigned i = 0; i < PROOF_BLOCKS_KEPT; i++) {
        struct proof_block *block = &l->blocks[i];

        if (block->used && !block->judged && now_ms - block->first_ms > PROOF_WAIT_MS) {
            block->judged = true;
            give(l, PROOF_UNPROVEN, now_ms);
        }
    }
    return l->verdict;
}
