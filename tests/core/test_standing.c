#include "core/standing.h"
#include "crypto/crypto.h"
#include "wire/envelope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Seeds and keys of the people here: the maker, a moderator by charter, others. */
enum who { MAKER, MODERATOR, ANN, BO, CY, PEOPLE };

static uint8_t seeds[PEOPLE][32], keys[PEOPLE][32];
static const uint8_t room[32] = {7};
static struct charter charter;
static struct standing standing;

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(crypto_start(), OK);
    for (int i = 0; i < PEOPLE; i++) {
        memset(seeds[i], i + 1, 32);
        assert_int_equal(crypto_ed25519_public(seeds[i], keys[i]), OK);
    }
    memset(&charter, 0, sizeof charter);
    memcpy(charter.maker, keys[MAKER], 32);
    memset(charter.house, 9, 32);
    charter.moderator_count = 1;
    memcpy(charter.moderators[0], keys[MODERATOR], 32);
    standing_start(&standing, &charter, room);
    return 0;
}

static struct statement word_of(enum who signer, uint32_t number, enum statement_verb verb,
                                const uint8_t subject[static 32], enum statement_subject kind)
{
    struct statement s = {.number = number, .verb = verb, .kind = kind};
    uint8_t content_room[STATEMENT_SIGNED_BYTES], signed_room[ENVELOPE_SIGNED_BYTES];
    struct bytes content, text;

    memcpy(s.signer, keys[signer], 32);
    memcpy(s.subject, subject, 32);
    assert_int_equal(
        statement_write_signed(&s, (struct bytes_mut){content_room, sizeof content_room}, &content), OK);
    assert_int_equal(envelope_signed(ENVELOPE_ROLE, charter.house, room, content,
                                     (struct bytes_mut){signed_room, sizeof signed_room}, &text),
                     OK);
    assert_int_equal(crypto_ed25519_sign(seeds[signer], text, s.signature), OK);
    return s;
}

static enum result say(enum who signer, enum statement_verb verb, enum who subject)
{
    struct statement s = word_of(signer, standing_next_number(&standing, keys[signer]), verb, keys[subject],
                                 STATEMENT_ACCOUNT);

    return standing_add(&standing, &s);
}

static void the_charter_alone(void **state)
{
    (void)state;
    assert_true(standing_is_moderator(&standing, keys[MAKER], false));
    assert_true(standing_is_moderator(&standing, keys[MODERATOR], false));
    assert_false(standing_is_moderator(&standing, keys[ANN], false));
    assert_false(standing_may_speak(&standing, keys[ANN], false));
    /* A leaf key that happens to equal an account is somebody else. */
    assert_false(standing_is_moderator(&standing, keys[MAKER], true));
}

static void invited_and_demoted(void **state)
{
    (void)state;
    assert_int_equal(say(MODERATOR, STATEMENT_SPEAKER, ANN), OK);
    assert_true(standing_may_speak(&standing, keys[ANN], false));
    assert_false(standing_is_moderator(&standing, keys[ANN], false));
    assert_int_equal(say(MODERATOR, STATEMENT_NO_SPEAKER, ANN), OK);
    assert_false(standing_may_speak(&standing, keys[ANN], false));
}

/* F1: whoever is no moderator says nothing, the house least of all. */
static void f1_only_moderators_are_believed(void **state)
{
    struct statement s;

    (void)state;
    assert_int_equal(say(ANN, STATEMENT_SPEAKER, ANN), E_REFUSED);
    s = word_of(MODERATOR, 1, STATEMENT_SPEAKER, keys[ANN], STATEMENT_ACCOUNT);
    memcpy(s.subject, keys[BO], 32);
    assert_int_equal(standing_add(&standing, &s), E_FORGED);
    s = word_of(ANN, 1, STATEMENT_SPEAKER, keys[ANN], STATEMENT_ACCOUNT);
    memcpy(s.signer, keys[MODERATOR], 32);
    assert_int_equal(standing_add(&standing, &s), E_FORGED);
    assert_false(standing_may_speak(&standing, keys[ANN], false));
}

static void f1_an_old_statement_is_not_said_again(void **state)
{
    struct statement invitation = word_of(MODERATOR, 1, STATEMENT_SPEAKER, keys[ANN], STATEMENT_ACCOUNT);

    (void)state;
    assert_int_equal(standing_add(&standing, &invitation), OK);
    assert_int_equal(say(MODERATOR, STATEMENT_NO_SPEAKER, ANN), OK);
    assert_int_equal(standing_add(&standing, &invitation), E_REPLAY);
    assert_false(standing_may_speak(&standing, keys[ANN], false));
}

static void another_rooms_statement_counts_for_nothing(void **state)
{
    struct statement s = word_of(MODERATOR, 1, STATEMENT_SPEAKER, keys[ANN], STATEMENT_ACCOUNT);
    const uint8_t other_room[32] = {8};

    (void)state;
    standing_start(&standing, &charter, other_room);
    assert_int_equal(standing_add(&standing, &s), E_FORGED);
}

/* F30: the maker outranks, and nobody takes anything from the maker. */
static void f30_the_maker_outranks(void **state)
{
    (void)state;
    assert_int_equal(say(MODERATOR, STATEMENT_NO_MODERATOR, MAKER), E_REFUSED);
    assert_int_equal(say(MODERATOR, STATEMENT_BLOCK, MAKER), E_REFUSED);
    assert_int_equal(say(MAKER, STATEMENT_MODERATOR, ANN), OK);
    assert_int_equal(say(MODERATOR, STATEMENT_NO_MODERATOR, ANN), E_REFUSED);
    assert_true(standing_is_moderator(&standing, keys[ANN], false));
    assert_int_equal(say(ANN, STATEMENT_MODERATOR, BO), OK);
    assert_int_equal(say(MODERATOR, STATEMENT_NO_MODERATOR, BO), OK);
    assert_int_equal(say(MAKER, STATEMENT_NO_MODERATOR, MODERATOR), OK);
    assert_int_equal(say(MODERATOR, STATEMENT_SPEAKER, CY), E_REFUSED);
    assert_int_equal(say(ANN, STATEMENT_MODERATOR, MODERATOR), E_REFUSED);
}

/* F30: nor is the maker's word overruled by the way of a block. */
static void f30_only_the_maker_blocks_whom_the_maker_named(void **state)
{
    (void)state;
    assert_int_equal(say(MAKER, STATEMENT_MODERATOR, ANN), OK);
    assert_int_equal(say(ANN, STATEMENT_BLOCK, MODERATOR), E_REFUSED);
    assert_int_equal(say(MODERATOR, STATEMENT_BLOCK, ANN), E_REFUSED);
    assert_true(standing_is_moderator(&standing, keys[MODERATOR], false));
    assert_true(standing_is_moderator(&standing, keys[ANN], false));
    assert_int_equal(say(MAKER, STATEMENT_SPEAKER, BO), OK);
    assert_int_equal(say(MODERATOR, STATEMENT_BLOCK, BO), E_REFUSED);
    assert_true(standing_may_speak(&standing, keys[BO], false));
    /* Once the maker has taken it back, and where it is another moderator's word, they may. */
    assert_int_equal(say(MAKER, STATEMENT_NO_SPEAKER, BO), OK);
    assert_int_equal(say(MODERATOR, STATEMENT_BLOCK, BO), OK);
    assert_int_equal(say(ANN, STATEMENT_MODERATOR, CY), OK);
    assert_int_equal(say(MODERATOR, STATEMENT_BLOCK, CY), OK);
    assert_false(standing_is_moderator(&standing, keys[CY], false));
}

/* Nobody is kept a moderator. What the maker gave is then as free as what another gave. */
static void f30_a_moderator_resigns(void **state)
{
    (void)state;
    assert_int_equal(say(MODERATOR, STATEMENT_NO_MODERATOR, MODERATOR), OK);
    assert_false(standing_is_moderator(&standing, keys[MODERATOR], false));
    assert_int_equal(say(MODERATOR, STATEMENT_SPEAKER, BO), E_REFUSED);
    assert_int_equal(say(MODERATOR, STATEMENT_MODERATOR, MODERATOR), E_REFUSED);
    assert_int_equal(say(MAKER, STATEMENT_MODERATOR, ANN), OK);
    assert_int_equal(say(ANN, STATEMENT_MODERATOR, MODERATOR), OK);
    assert_true(standing_is_moderator(&standing, keys[MODERATOR], false));
    assert_int_equal(say(MAKER, STATEMENT_NO_MODERATOR, MAKER), E_REFUSED);
    /* Of the stage alone the maker's word holds, about oneself too. */
    assert_int_equal(say(MAKER, STATEMENT_SPEAKER, ANN), OK);
    assert_int_equal(say(ANN, STATEMENT_NO_SPEAKER, ANN), E_REFUSED);
}

static void blocked_people_have_no_role(void **state)
{
    (void)state;
    assert_int_equal(say(MAKER, STATEMENT_MODERATOR, ANN), OK);
    assert_int_equal(say(MODERATOR, STATEMENT_SPEAKER, BO), OK);
    assert_int_equal(say(MODERATOR, STATEMENT_BLOCK, BO), OK);
    assert_true(standing_is_blocked(&standing, keys[BO]));
    assert_false(standing_may_speak(&standing, keys[BO], false));
    assert_int_equal(say(MAKER, STATEMENT_BLOCK, ANN), OK);
    assert_false(standing_is_moderator(&standing, keys[ANN], false));
    assert_int_equal(say(MODERATOR, STATEMENT_UNBLOCK, ANN), E_REFUSED);
    assert_int_equal(say(MODERATOR, STATEMENT_UNBLOCK, BO), OK);
    assert_true(standing_may_speak(&standing, keys[BO], false));
}

static void where_everyone_may_speak_one_can_still_be_taken_off(void **state)
{
    (void)state;
    charter.stage = CHARTER_EVERYONE;
    assert_true(standing_may_speak(&standing, keys[ANN], false));
    assert_int_equal(say(MODERATOR, STATEMENT_NO_SPEAKER, ANN), OK);
    assert_false(standing_may_speak(&standing, keys[ANN], false));
    assert_true(standing_may_speak(&standing, keys[BO], false));
}

static void f15_a_link_is_closed_in_private_rooms_alone(void **state)
{
    const uint8_t new_link[32] = {5};
    struct statement s = word_of(MODERATOR, 1, STATEMENT_LINK, new_link, STATEMENT_ROOM);

    (void)state;
    assert_int_equal(standing_add(&standing, &s), E_REFUSED);
    charter.kind = CHARTER_PRIVATE;
    assert_int_equal(standing_add(&standing, &s), OK);
    assert_memory_equal(standing.link_key, new_link, 32);
}

static void a_whole_list_reads_back_and_only_grows(void **state)
{
    static uint8_t list[4 * STATEMENT_BYTES];
    struct statement words[3];
    struct bytes one;
    size_t used = 0;

    (void)state;
    words[0] = word_of(MODERATOR, 1, STATEMENT_SPEAKER, keys[ANN], STATEMENT_ACCOUNT);
    words[1] = word_of(MAKER, 1, STATEMENT_MODERATOR, keys[ANN], STATEMENT_ACCOUNT);
    words[2] = word_of(ANN, 1, STATEMENT_SPEAKER, keys[BO], STATEMENT_LEAF);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            statement_write(&words[i], (struct bytes_mut){list + used, sizeof list - used}, &one), OK);
        used += one.len;
    }
    assert_int_equal(standing_read(&standing, &charter, room, bytes(list, used)), OK);
    assert_true(standing_may_speak(&standing, keys[BO], true));
    assert_false(standing_may_speak(&standing, keys[BO], false));
    assert_int_equal(standing_next_number(&standing, keys[ANN]), 2);
    for (size_t cut = 0; cut < used; cut++)
        assert_int_equal(standing_read(&standing, &charter, room, bytes(list, cut)),
                         cut % STATEMENT_BYTES == 0 ? OK : E_MALFORMED);

    assert_int_equal(standing_follows(bytes(list, STATEMENT_BYTES), bytes(list, used)), OK);
    assert_int_equal(standing_follows(bytes(list, used), bytes(list, STATEMENT_BYTES)), E_REFUSED);
    assert_int_equal(
        standing_follows(bytes(list, STATEMENT_BYTES), bytes(list + STATEMENT_BYTES, STATEMENT_BYTES)),
        E_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_charter_alone, set_up),
        cmocka_unit_test_setup(invited_and_demoted, set_up),
        cmocka_unit_test_setup(f1_only_moderators_are_believed, set_up),
        cmocka_unit_test_setup(f1_an_old_statement_is_not_said_again, set_up),
        cmocka_unit_test_setup(another_rooms_statement_counts_for_nothing, set_up),
        cmocka_unit_test_setup(f30_the_maker_outranks, set_up),
        cmocka_unit_test_setup(f30_only_the_maker_blocks_whom_the_maker_named, set_up),
        cmocka_unit_test_setup(f30_a_moderator_resigns, set_up),
        cmocka_unit_test_setup(blocked_people_have_no_role, set_up),
        cmocka_unit_test_setup(where_everyone_may_speak_one_can_still_be_taken_off, set_up),
        cmocka_unit_test_setup(f15_a_link_is_closed_in_private_rooms_alone, set_up),
        cmocka_unit_test_setup(a_whole_list_reads_back_and_only_grows, set_up),
    };

    return cmocka_run_group_tests_name("standing", tests, NULL, NULL);
}
