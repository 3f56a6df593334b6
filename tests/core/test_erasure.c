#include "core/erasure.h"
#include "support/seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void any_24_of_50_give_the_data(void **state)
{
    struct seeded seeded;

    (void)state;
    seeded_start(&seeded, 24);
    for (unsigned round = 0; round < 200; round++) {
        uint8_t data[ERASURE_DATA_LEN], back[ERASURE_DATA_LEN];
        struct erasure_pieces pieces;
        unsigned kept = ERASURE_PIECES;

        random_fill(&seeded.random, data, sizeof data);
        erasure_encode(data, &pieces);
        while (kept > ERASURE_DATA) {
            uint32_t i = seeded_below(&seeded, ERASURE_PIECES);

            kept -= pieces.have[i];
            pieces.have[i] = false;
            memset(pieces.at[i], 0xee, ERASURE_PIECE_LEN);
        }
        assert_int_equal(erasure_decode(&pieces, back), OK);
        assert_memory_equal(back, data, sizeof data);
    }
}

static void parity_alone_is_enough_and_23_are_not(void **state)
{
    uint8_t data[ERASURE_DATA_LEN], back[ERASURE_DATA_LEN];
    struct erasure_pieces pieces;

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7 + 1);
    erasure_encode(data, &pieces);
    for (unsigned i = 0; i < 26; i++)
        pieces.have[i] = false;
    assert_int_equal(erasure_decode(&pieces, back), OK);
    assert_memory_equal(back, data, sizeof data);
    pieces.have[30] = false;
    assert_int_equal(erasure_decode(&pieces, back), E_AGAIN);
}

/* So that another implementation can be checked: the inverses of 24 and of 25 in GF(2^8) with 0x11d. */
static void known_answer(void **state)
{
    uint8_t data[ERASURE_DATA_LEN] = {[0] = 1, [ERASURE_PIECE_LEN + 1] = 1};
    struct erasure_pieces pieces;

    (void)state;
    erasure_encode(data, &pieces);
    assert_int_equal(pieces.at[0][0], 1);
    assert_int_equal(pieces.at[24][0], 0x90);
    assert_int_equal(pieces.at[24][1], 0xde);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_24_of_50_give_the_data),
        cmocka_unit_test(parity_alone_is_enough_and_23_are_not),
        cmocka_unit_test(known_answer),
    };

    return cmocka_run_group_tests_name("erasure", tests, NULL, NULL);
}
