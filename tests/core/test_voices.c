/* Whose voice it is: true speakers, a member who seals as another, and a relay that helps it, through whole
 * rooms. */
#include "core/bare.h"
#include "core/room.h"
#include "support/denied.h"

static const struct charter everyone_speaks = {.stage = CHARTER_EVERYONE};
static const struct charter deniable = {.stage = CHARTER_EVERYONE, .proof = CHARTER_DENIABLE};

enum { ALICE, BOB, TRUE_SLOT = 1, FALSE_SLOT = 3, FRAME_MS = 20, ALICES_LEAF = 0 };

/* Alice and Bob, and Carol, who has every key that they have and keeps to nothing. */
struct scene {
    struct table_of_people t;
    struct bare carol;
    struct seal_key *as_alice;
    uint8_t epoch;
    uint8_t last[TABLE_FRAME]; /* Alice's newest frame */
};

static void carol_takes_key(struct scene *s)
{
    uint8_t base_key[SEAL_BASE_KEY_LEN];

    seal_key_free(s->as_alice);
    assert_int_equal(group_export(s->carol.group, BYTES_TEXT("SFrame 1.0 Base Key"), (struct bytes){0},
                                  (struct bytes_mut){base_key, sizeof base_key}),
                     OK);
    s->epoch = (uint8_t)group_epoch(s->carol.group);
    assert_int_equal(seal_key_new(base_key, seal_kid(ALICES_LEAF, s->epoch), &s->as_alice), OK);
}

static void scene_start(struct scene *s, const struct charter *charter)
{
    memset(s, 0, sizeof *s);
    table_start(&s->t, charter);
    table_seat(&s->t, 2);
    bare_start(&s->carol, &s->t, 2);
    bare_join(&s->carol, &s->t, ALICE);
    carol_takes_key(s);
    s->t.now_ms += 1000;
}

static void scene_end(struct scene *s)
{
    seal_key_free(s->as_alice);
    bare_end(&s->carol);
    table_end(&s->t);
}

static struct core_room *bob(struct scene *s)
{
    return s->t.people[BOB].room;
}

static enum proof_verdict verdict(struct scene *s, unsigned slot)
{
    return core_room_verdict(bob(s), table_now(&s->t), slot, ALICES_LEAF);
}

static void alice_speaks(struct scene *s)
{
    s->t.now_ms += FRAME_MS;
    assert_int_equal(table_say(&s->t, ALICE, 7, s->last), OK);
}

/* Alice speaks and Bob hears, for so many frames; one in `lost_of` is lost. */
static void talk(struct scene *s, unsigned frames, uint32_t lost_of)
{
    for (unsigned i = 0; i < frames; i++) {
        alice_speaks(s);
        if (lost_of == 0 || seeded_below(&s->t.seeded, lost_of) != 0)
            assert_int_equal(table_hear(&s->t, BOB, TRUE_SLOT, s->last), 7);
    }
}

/* What Carol seals as Alice. */
static void forge(struct scene *s, uint32_t counter, const uint8_t *piece, uint8_t frame[static TABLE_FRAME])
{
    uint8_t opus[80];
    struct bytes_mut plain = {frame + FRAME_HEADER_LEN, FRAME_PLAIN_SPEECH};
    struct seal_name name = {ALICES_LEAF, s->epoch, counter};

    memset(opus, 66, sizeof opus);
    assert_int_equal(voice_write(&(struct voice){BYTES_OF(opus), piece}, plain), OK);
    seal_name_write(&name, frame);
    assert_int_equal(
        seal_encrypt(s->as_alice, counter, bytes(frame, FRAME_HEADER_LEN), plain, plain.at + plain.len), OK);
}

static uint32_t counter_of(const uint8_t frame[static TABLE_FRAME])
{
    struct seal_name name;

    assert_int_equal(seal_name_read(bytes(frame, FRAME_HEADER_LEN), &name), OK);
    return name.counter;
}

/* The piece in a frame of Alice's, as any member reads it. */
static void piece_of(struct scene *s, const uint8_t frame[static TABLE_FRAME], uint8_t piece[static 20])
{
    uint8_t copy[TABLE_FRAME];
    struct bytes_mut plain = {copy + FRAME_HEADER_LEN, FRAME_PLAIN_SPEECH};
    struct voice voice;

    memcpy(copy, frame, sizeof copy);
    assert_int_equal(seal_decrypt(s->as_alice, counter_of(frame), bytes(copy, FRAME_HEADER_LEN), plain,
                                  plain.at + plain.len),
                     OK);
    assert_int_equal(voice_read(bytes_const(plain), &voice), OK);
    memcpy(piece, voice.proof, 20);
}

static void a_voice_is_proven(void **state)
{
    static struct scene s;
    static const uint32_t losses[] = {0, 20, 5};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        scene_start(&s, &everyone_speaks);
        assert_int_equal(verdict(&s, TRUE_SLOT), PROOF_NONE);
        talk(&s, 150, losses[i]);
        for (unsigned k = 0; k < 500; k++) {
            talk(&s, 1, losses[i]);
            assert_int_equal(verdict(&s, TRUE_SLOT), PROOF_PROVEN);
        }
        scene_end(&s);
    }
}

/* Epochs come and go while somebody speaks. */
static void rekeys_do_not_cut_a_proof(void **state)
{
    static struct scene s;

    (void)state;
    memset(&s, 0, sizeof s);
    table_start(&s.t, &everyone_speaks);
    table_seat(&s.t, 3);
    s.t.now_ms += 1000;
    for (unsigned i = 0; i < 1000; i++) {
        if (i % 17 == 0)
            table_epoch(&s.t, (struct wish){.keeper = i % 3});
        talk(&s, 1, 20);
        if (i > 150)
            assert_int_equal(verdict(&s, TRUE_SLOT), PROOF_PROVEN);
    }
    table_end(&s.t);
}

/* What Carol puts where the proof belongs. */
enum trick { NO_PIECES, JUNK, ALICES_PIECES, ALICES_COUNTERS, TRICKS };

static void make_piece(struct scene *s, enum trick trick, uint8_t piece[static 20])
{
    memset(piece, 0, 20);
    if (trick == JUNK)
        random_fill(&s->t.seeded.random, piece, 20);
    if (trick == ALICES_PIECES || trick == ALICES_COUNTERS)
        piece_of(s, s->last, piece);
}

/* F16: Carol, with the relay, seals as Alice in a slot of her own, from a counter far ahead. Alice stays
 * heard and becomes proven again; Carol is unproven or forged within three seconds and never proven, and once
 * forged she is not played any more. */
static void f16_a_forger_in_a_slot_of_its_own(void **state)
{
    static struct scene s;
    static const uint32_t losses[] = {0, 5};

    (void)state;
    for (int run = 0; run < 2 * TRICKS; run++) {
        enum trick trick = (enum trick)(run / 2);
        uint32_t lost_of = losses[run % 2], ahead = trick == ALICES_COUNTERS ? 0 : 50 * 20000;
        uint8_t frame[TABLE_FRAME], piece[20];
        unsigned after_forged = 0;
        uint64_t began_ms;
        bool was_forged = false;

        scene_start(&s, &everyone_speaks);
        talk(&s, 200, lost_of);
        assert_int_equal(verdict(&s, TRUE_SLOT), PROOF_PROVEN);
        began_ms = s.t.now_ms;
        for (unsigned i = 0; i < 500; i++) {
            int got;

            talk(&s, 1, lost_of); /* each is heard */
            make_piece(&s, trick, piece);
            forge(&s, counter_of(s.last) + ahead, piece, frame);
            if (lost_of == 0 || seeded_below(&s.t.seeded, lost_of) != 0) {
                got = table_hear(&s.t, BOB, FALSE_SLOT, frame);
                assert_true(got == 66 || got == -E_FORGED || got == -E_STALE);
                after_forged += was_forged && got == 66;
            }
            was_forged = was_forged || verdict(&s, FALSE_SLOT) == PROOF_FORGED;
            assert_int_not_equal(verdict(&s, FALSE_SLOT), PROOF_PROVEN);
            if (s.t.now_ms > began_ms + 3000 + FRAME_MS) {
                assert_int_not_equal(verdict(&s, FALSE_SLOT), PROOF_NONE);
                assert_int_equal(verdict(&s, TRUE_SLOT), PROOF_PROVEN);
            }
        }
        assert_int_equal(was_forged, trick != NO_PIECES);
        assert_int_equal(after_forged, 0);
        scene_end(&s);
    }
}

/* As soon as a second slot claims a leaf, what was proven before counts no more until a proof decides. */
static void f16_two_claims_prove_nothing(void **state)
{
    static struct scene s;
    uint8_t frame[TABLE_FRAME];

    (void)state;
    scene_start(&s, &everyone_speaks);
    talk(&s, 200, 0);
    assert_int_equal(verdict(&s, TRUE_SLOT), PROOF_PROVEN);
    forge(&s, counter_of(s.last) + 5000, NULL, frame);
    assert_int_equal(table_hear(&s.t, BOB, FALSE_SLOT, frame), 66);
    assert_int_equal(verdict(&s, TRUE_SLOT), PROOF_UNPROVEN);
    assert_int_equal(verdict(&s, FALSE_SLOT), PROOF_NONE);
    talk(&s, 60, 0);
    assert_int_equal(verdict(&s, TRUE_SLOT), PROOF_PROVEN);
    s.t.now_ms += 3000;
    assert_int_equal(verdict(&s, FALSE_SLOT), PROOF_UNPROVEN);
    scene_end(&s);
}

/* One word of Carol's, with the counter of a frame that the relay keeps back, in Alice's own slot. */
static void a_false_frame_among_true_ones_is_forged(void **state)
{
    static struct scene s;
    uint8_t frame[TABLE_FRAME];

    (void)state;
    scene_start(&s, &everyone_speaks);
    talk(&s, 170, 0);
    alice_speaks(&s);
    forge(&s, counter_of(s.last), NULL, frame);
    assert_int_equal(table_hear(&s.t, BOB, TRUE_SLOT, frame), 66);
    for (unsigned i = 0; i < 100 && verdict(&s, TRUE_SLOT) != PROOF_FORGED; i++)
        talk(&s, 1, 0);
    assert_int_equal(verdict(&s, TRUE_SLOT), PROOF_FORGED);
    talk(&s, 100, 0);
    assert_int_equal(verdict(&s, TRUE_SLOT), PROOF_PROVEN);
    scene_end(&s);
}

/* A frame that was kept back until its block was proven without it is not played any more. */
static void nothing_is_played_after_its_proof(void **state)
{
    static struct scene s;
    uint8_t held[TABLE_FRAME];

    (void)state;
    scene_start(&s, &everyone_speaks);
    talk(&s, 120, 0);
    alice_speaks(&s);
    memcpy(held, s.last, sizeof held);
    talk(&s, 90, 0);
    assert_int_equal(table_hear(&s.t, BOB, TRUE_SLOT, held), -E_STALE);
    scene_end(&s);
}

/* F17: the relay holds a voice back by six seconds, to put it behind another question. */
static void f17_a_voice_held_back_is_unproven(void **state)
{
    static struct scene s;
    static uint8_t frames[900][TABLE_FRAME];
    enum { HELD = 300 };

    (void)state;
    scene_start(&s, &everyone_speaks);
    talk(&s, 200, 0);
    assert_int_equal(verdict(&s, TRUE_SLOT), PROOF_PROVEN);
    for (unsigned i = 0; i < 900; i++) {
        alice_speaks(&s);
        memcpy(frames[i], s.last, sizeof s.last);
        if (i < HELD)
            continue;
        /* The rest of the block that was under way is given up by now. */
        if (table_hear(&s.t, BOB, TRUE_SLOT, frames[i - HELD]) != 7)
            assert_true(i < HELD + PROOF_BLOCK);
        if (i > HELD + 200)
            assert_int_equal(verdict(&s, TRUE_SLOT), PROOF_UNPROVEN);
    }
    scene_end(&s);
}

/* F33: in a deniable room proofs show members that a voice is one of theirs, and a recording shows nobody
 * anything: Carol could have made each of them. */
static void f33_a_deniable_proof_could_be_anybodys(void **state)
{
    static struct scene s;

    (void)state;
    for (unsigned is_deniable = 0; is_deniable < 2; is_deniable++) {
        struct proof_speaker speaker = {0};
        struct proof_ground ground = {.leaf = ALICES_LEAF, .deniable = true};
        struct proof_epoch epoch;
        const struct proof_signer nobody = {0};

        scene_start(&s, is_deniable ? &deniable : &everyone_speaks);
        memcpy(ground.room, s.t.id, sizeof ground.room);
        ground.group_id = group_id(s.carol.group);
        epoch.epoch = group_epoch(s.carol.group);
        memcpy(epoch.authenticator, group_epoch_authenticator(s.carol.group).at, sizeof epoch.authenticator);
        for (uint32_t i = 0; i < 200; i++) {
            uint8_t frame[TABLE_FRAME], piece[20];

            s.t.now_ms += FRAME_MS;
            assert_int_equal(proof_piece(&speaker, &ground, &epoch, &nobody,
                                         s.t.now_ms + 1000 * (uint64_t)TABLE_UNIX, 20000000 + i, piece),
                             OK);
            forge(&s, 20000000 + i, piece, frame);
            assert_int_equal(proof_sent(&speaker, 20000000 + i, BYTES_OF(frame)), OK);
            assert_int_equal(table_hear(&s.t, BOB, FALSE_SLOT, frame), 66);
        }
        assert_int_equal(verdict(&s, FALSE_SLOT), is_deniable ? PROOF_PROVEN : PROOF_FORGED);
        scene_end(&s);
    }
}

/* The microphone closes, with a second of silence more, and opens again much later: all of it is heard and
 * proven. */
static void a_pause_is_no_gap(void **state)
{
    static const uint64_t pauses[] = {500, 1100, 2900, 60000, 600000};
    static struct scene s;

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        scene_start(&s, &everyone_speaks);
        for (unsigned round = 0; round < 4; round++) {
            talk(&s, 123 + round, 0);
            talk(&s, 50, 0);
            assert_int_equal(verdict(&s, TRUE_SLOT), PROOF_PROVEN);
            s.t.now_ms += pauses[i];
            talk(&s, 1, 0);
            assert_int_equal(verdict(&s, TRUE_SLOT) == PROOF_NONE, pauses[i] > WITNESS_CLAIM_MS);
        }
        scene_end(&s);
    }
}

/* Whatever was said last, however short: the silence that a microphone owes proves it. */
static void a_microphone_that_closes_proves_its_last_second(void **state)
{
    static struct scene s;
    unsigned owed;

    (void)state;
    for (unsigned frames = 1; frames < 120; frames += 7) {
        const struct keyring *ring;

        scene_start(&s, &everyone_speaks);
        ring = core_room_keyring(s.t.people[ALICE].room);
        while (keyring_owes(ring) != PROOF_BLOCK)
            talk(&s, 1, 0);
        talk(&s, PROOF_BLOCK, 5);
        talk(&s, frames, 5);
        owed = keyring_owes(ring);
        assert_in_range(owed, PROOF_BLOCK, 2 * PROOF_BLOCK - 1);
        talk(&s, owed, 5);
        /* All but the last block of silence is judged by now, and for the better. */
        s.t.now_ms += PROOF_WAIT_MS - PROOF_BLOCK * FRAME_MS;
        assert_int_equal(verdict(&s, TRUE_SLOT), PROOF_PROVEN);
        scene_end(&s);
    }
}

/* Whoever sits down on a leaf is not judged by what the last one there said. */
static void a_verdict_goes_with_its_leaf(void **state)
{
    struct table_of_people t;
    uint8_t frame[TABLE_FRAME];

    (void)state;
    table_start(&t, &everyone_speaks);
    table_seat(&t, 3);
    t.now_ms += 1000;
    for (unsigned i = 0; i < 150; i++, t.now_ms += FRAME_MS) {
        assert_int_equal(table_say(&t, 2, 1, frame), OK);
        assert_int_equal(table_hear(&t, 1, 5, frame), 1);
    }
    assert_int_equal(core_room_verdict(t.people[1].room, table_now(&t), 5, 2), PROOF_PROVEN);
    table_epoch(&t, (struct wish){.keeper = 0, .kicks = 1u << 2});
    table_enter(&t, 3);
    table_epoch(&t, (struct wish){.keeper = 0, .joiners = 1u << 3});
    assert_int_equal(core_room_verdict(t.people[1].room, table_now(&t), 5, 2), PROOF_NONE);
    table_end(&t);
}

/* Once a voice has been heard no frame of it takes memory, neither sealing nor opening: only signing a
 * block's proof and checking it do. */
static void frames_take_no_memory(void **state)
{
    static struct scene s;
    unsigned with_memory = 0;

    (void)state;
    scene_start(&s, &everyone_speaks);
    talk(&s, 100, 0);
    for (unsigned i = 0; i < 300; i++) {
        unsigned before = denied_count();

        talk(&s, 1, 0);
        with_memory += denied_count() != before;
    }
    assert_true(with_memory <= 2 * 300 / PROOF_BLOCK);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_voice_is_proven),
        cmocka_unit_test(rekeys_do_not_cut_a_proof),
        cmocka_unit_test(f16_a_forger_in_a_slot_of_its_own),
        cmocka_unit_test(f16_two_claims_prove_nothing),
        cmocka_unit_test(a_false_frame_among_true_ones_is_forged),
        cmocka_unit_test(nothing_is_played_after_its_proof),
        cmocka_unit_test(f17_a_voice_held_back_is_unproven),
        cmocka_unit_test(f33_a_deniable_proof_could_be_anybodys),
        cmocka_unit_test(a_pause_is_no_gap),
        cmocka_unit_test(a_microphone_that_closes_proves_its_last_second),
        cmocka_unit_test(a_verdict_goes_with_its_leaf),
        cmocka_unit_test(frames_take_no_memory),
    };

    if (crypto_start() != OK)
        return 1;
    return cmocka_run_group_tests_name("voices", tests, NULL, NULL);
}
