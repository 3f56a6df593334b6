#include "core/label.h"
#include "core/proof.h"
#include "support/seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { FRAME_MS = 20 };

/* A speaker, a listener and what they agree on; frames are random bytes in place of sealed ones. */
struct stage {
    struct seeded seeded;
    uint8_t seed[32], key[32];
    struct proof_ground ground;
    struct proof_epoch epoch;
    struct proof_signer signer;
    struct proof_speaker speaker;
    struct proof_listener listener;
    uint32_t counter;
    uint64_t now_ms, speaker_clock_ms;
    uint8_t sealed[FRAME_SEALED_SPEECH], piece[ERASURE_PIECE_LEN];
};

static enum result sign(void *self, struct bytes label, struct bytes content, uint8_t out[MLS_SIGNATURE_LEN])
{
    return label_sign(self, label, content, out);
}

static void stage_set(struct stage *s, uint64_t seed)
{
    memset(s, 0, sizeof *s);
    assert_int_equal(crypto_start(), OK);
    seeded_start(&s->seeded, seed);
    random_fill(&s->seeded.random, s->seed, sizeof s->seed);
    assert_int_equal(crypto_ed25519_public(s->seed, s->key), OK);
    random_fill(&s->seeded.random, s->ground.room, sizeof s->ground.room);
    s->ground.group_id = BYTES_TEXT("a group's id");
    s->ground.leaf = 3;
    s->epoch.epoch = 70000;
    random_fill(&s->seeded.random, s->epoch.authenticator, sizeof s->epoch.authenticator);
    s->signer = (struct proof_signer){sign, s->seed};
    s->counter = FRAME_COUNTER_FIRST_MIN + seeded_below(&s->seeded, 1000);
    s->now_ms = 1000000;
    s->speaker_clock_ms = 1764000000000;
}

/* The next frame, as the speaker sends it. */
static void speak(struct stage *s)
{
    s->counter++;
    s->now_ms += FRAME_MS;
    s->speaker_clock_ms += FRAME_MS;
    assert_int_equal(proof_piece(&s->speaker, &s->ground, &s->epoch, &s->signer, s->speaker_clock_ms,
                                 s->counter, s->piece),
                     OK);
    random_fill(&s->seeded.random, s->sealed, sizeof s->sealed);
    assert_int_equal(proof_sent(&s->speaker, s->counter, BYTES_OF(s->sealed)), OK);
}

static enum result hear(struct stage *s, uint64_t late_ms)
{
    return proof_heard(&s->listener, &s->ground, &s->epoch, 1, s->key, s->now_ms + late_ms, s->counter,
                       BYTES_OF(s->sealed), s->piece);
}

static void talk(struct stage *s, unsigned frames)
{
    for (unsigned i = 0; i < frames; i++) {
        speak(s);
        assert_int_equal(hear(s, 0), OK);
    }
}

static void a_true_voice_is_proven_within_two_seconds(void **state)
{
    struct stage s;
    unsigned frames = 0;

    (void)state;
    stage_set(&s, 1);
    while (proof_verdict(&s.listener, s.now_ms) == PROOF_NONE) {
        talk(&s, 1);
        assert_true(++frames <= 100);
    }
    assert_int_equal(proof_verdict(&s.listener, s.now_ms), PROOF_PROVEN);
    for (unsigned i = 0; i < 1000; i++) {
        talk(&s, 1);
        assert_int_equal(proof_verdict(&s.listener, s.now_ms), PROOF_PROVEN);
    }
}

/* F9: a fifth of all frames lost, and every block is still proven. */
static void f9_stands_20_percent_loss(void **state)
{
    struct stage s;

    (void)state;
    stage_set(&s, 2);
    for (unsigned i = 0; i < 10000; i++) {
        speak(&s);
        if (seeded_below(&s.seeded, 100) >= 20)
            assert_int_equal(hear(&s, 0), OK);
        if (i > 150)
            assert_int_equal(proof_verdict(&s.listener, s.now_ms), PROOF_PROVEN);
    }
}

/* Another member seals as the speaker, and a hostile relay puts its frame in the true one's place. */
static void a_swapped_frame_is_forged_within_three_seconds(void **state)
{
    struct stage s;
    uint64_t swapped_ms;

    (void)state;
    stage_set(&s, 3);
    talk(&s, 120);
    speak(&s);
    s.sealed[20] ^= 1;
    assert_int_equal(hear(&s, 0), OK);
    swapped_ms = s.now_ms;
    while (proof_verdict(&s.listener, s.now_ms) == PROOF_PROVEN) {
        talk(&s, 1);
        assert_true(s.now_ms - swapped_ms <= PROOF_WAIT_MS);
    }
    assert_int_equal(proof_verdict(&s.listener, s.now_ms), PROOF_FORGED);
}

static void a_frame_that_was_never_sent_is_forged(void **state)
{
    struct stage s;

    (void)state;
    stage_set(&s, 4);
    talk(&s, 120);
    s.counter++; /* the speaker lost this one before sending; somebody else fills the gap */
    assert_int_equal(hear(&s, 0), OK);
    for (unsigned i = 0; i < 150 && s.listener.verdict != PROOF_FORGED; i++)
        talk(&s, 1);
    assert_int_equal(s.listener.verdict, PROOF_FORGED);
}

static void without_pieces_a_voice_is_unproven(void **state)
{
    struct stage s;

    (void)state;
    stage_set(&s, 5);
    for (unsigned i = 0; i < 3 * 50 + 2; i++) {
        speak(&s);
        memset(s.piece, 0, sizeof s.piece);
        assert_int_equal(hear(&s, 0), OK);
    }
    assert_int_equal(proof_verdict(&s.listener, s.now_ms), PROOF_UNPROVEN);
}

static void another_leafs_key_does_not_prove(void **state)
{
    struct stage s;

    (void)state;
    stage_set(&s, 6);
    s.key[0] ^= 1;
    talk(&s, 110);
    assert_int_equal(proof_verdict(&s.listener, s.now_ms), PROOF_FORGED);
}

/* F6: in a fork the hashes could agree, resealed by whoever made it, but the authenticator cannot. */
static void f6_a_fork_does_not_prove(void **state)
{
    struct stage s;
    struct proof_epoch ours;

    (void)state;
    stage_set(&s, 7);
    ours = s.epoch;
    ours.authenticator[0] ^= 1;
    for (unsigned i = 0; i < 110; i++) {
        speak(&s);
        assert_int_equal(proof_heard(&s.listener, &s.ground, &ours, 1, s.key, s.now_ms, s.counter,
                                     BYTES_OF(s.sealed), s.piece),
                         OK);
    }
    assert_int_equal(proof_verdict(&s.listener, s.now_ms), PROOF_FORGED);

    stage_set(&s, 7);
    ours = s.epoch;
    ours.epoch++;
    for (unsigned i = 0; i < 110; i++) {
        speak(&s);
        assert_int_equal(proof_heard(&s.listener, &s.ground, &ours, 1, s.key, s.now_ms, s.counter,
                                     BYTES_OF(s.sealed), s.piece),
                         OK);
    }
    assert_int_equal(proof_verdict(&s.listener, s.now_ms), PROOF_UNPROVEN);
}

static void f17_a_voice_held_back_is_unproven(void **state)
{
    struct stage s;

    (void)state;
    stage_set(&s, 8);
    talk(&s, 200);
    assert_int_equal(proof_verdict(&s.listener, s.now_ms), PROOF_PROVEN);
    for (unsigned i = 0; i < 200; i++) {
        speak(&s);
        assert_int_equal(hear(&s, PROOF_LAG_MS + 200), OK);
    }
    assert_int_equal(s.listener.verdict, PROOF_UNPROVEN);
}

static void what_comes_after_its_proof_is_not_played(void **state)
{
    struct stage s;
    uint32_t kept;
    uint8_t held[sizeof s.sealed], piece[ERASURE_PIECE_LEN];

    (void)state;
    stage_set(&s, 9);
    talk(&s, 120);
    speak(&s); /* held back by the relay */
    kept = s.counter;
    memcpy(held, s.sealed, sizeof held);
    memcpy(piece, s.piece, sizeof piece);
    talk(&s, 120);
    assert_int_equal(
        proof_heard(&s.listener, &s.ground, &s.epoch, 1, s.key, s.now_ms, kept, BYTES_OF(held), piece),
        E_STALE);
}

/* F33: nothing in a deniable room's pieces is signed, and a fork still shows. */
static void f33_a_deniable_voice_is_proven_without_a_signature(void **state)
{
    struct stage s;
    struct proof_epoch ours;

    (void)state;
    stage_set(&s, 10);
    s.ground.deniable = true;
    s.signer.sign = NULL;
    talk(&s, 200);
    assert_int_equal(proof_verdict(&s.listener, s.now_ms), PROOF_PROVEN);
    ours = s.epoch;
    ours.authenticator[5] ^= 1;
    for (unsigned i = 0; i < 110; i++) {
        speak(&s);
        assert_int_equal(proof_heard(&s.listener, &s.ground, &ours, 1, s.key, s.now_ms, s.counter,
                                     BYTES_OF(s.sealed), s.piece),
                         OK);
    }
    assert_int_equal(s.listener.verdict, PROOF_FORGED);
}

/* A room is one kind or the other for good: a signature may not be left out where one is promised. */
static void a_deniable_proof_counts_in_no_other_room(void **state)
{
    struct stage s;
    struct proof_ground proven_room;

    (void)state;
    stage_set(&s, 11);
    proven_room = s.ground;
    s.ground.deniable = true;
    for (unsigned i = 0; i < 110; i++) {
        speak(&s);
        assert_int_equal(proof_heard(&s.listener, &proven_room, &s.epoch, 1, s.key, s.now_ms, s.counter,
                                     BYTES_OF(s.sealed), s.piece),
                         OK);
    }
    assert_int_equal(s.listener.verdict, PROOF_FORGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_true_voice_is_proven_within_two_seconds),
        cmocka_unit_test(f9_stands_20_percent_loss),
        cmocka_unit_test(a_swapped_frame_is_forged_within_three_seconds),
        cmocka_unit_test(a_frame_that_was_never_sent_is_forged),
        cmocka_unit_test(without_pieces_a_voice_is_unproven),
        cmocka_unit_test(another_leafs_key_does_not_prove),
        cmocka_unit_test(f6_a_fork_does_not_prove),
        cmocka_unit_test(f17_a_voice_held_back_is_unproven),
        cmocka_unit_test(what_comes_after_its_proof_is_not_played),
        cmocka_unit_test(f33_a_deniable_voice_is_proven_without_a_signature),
        cmocka_unit_test(a_deniable_proof_counts_in_no_other_room),
    };

    return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}
