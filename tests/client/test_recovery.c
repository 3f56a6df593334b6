#include "client/recovery.h"
#include "client/words.h"
#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void seed_fill(uint8_t seed[static 32])
{
    for (size_t i = 0; i < 32; i++)
        seed[i] = (uint8_t)(0xf1 + 7 * i);
}

static void a_code_gives_the_key_back(void **state)
{
    uint8_t seed[32], back[32];
    char code[RECOVERY_SIZE];

    (void)state;
    seed_fill(seed);
    assert_int_equal(recovery_write(seed, code), OK);
    assert_int_equal(strlen(code), RECOVERY_SIZE - 1);
    assert_int_equal(strspn(code, "0123456789ABCDEFGHJKMNPQRSTVWXYZ-"), RECOVERY_SIZE - 1);
    assert_int_equal(recovery_read(bytes_string(code), back), OK);
    assert_memory_equal(seed, back, 32);
}

static void however_it_is_written(void **state)
{
    uint8_t seed[32], back[32];
    char code[RECOVERY_SIZE], loose[4 * RECOVERY_SIZE], *at = loose;

    (void)state;
    seed_fill(seed);
    assert_int_equal(recovery_write(seed, code), OK);
    for (const char *c = code; *c != '\0'; c++) {
        if (*c == '-')
            *at++ = '\n';
        else if (*c == '0')
            *at++ = 'o';
        else if (*c == '1')
            *at++ = 'l';
        else
            *at++ = *c >= 'A' ? (char)(*c - 'A' + 'a') : *c;
        *at++ = ' ';
    }
    *at = '\0';
    assert_int_equal(recovery_read(bytes_string(loose), back), OK);
    assert_memory_equal(seed, back, 32);
}

static void a_slip_of_the_pen_is_noticed(void **state)
{
    uint8_t seed[32], back[32];
    char code[RECOVERY_SIZE], wrong[RECOVERY_SIZE + 1];

    (void)state;
    seed_fill(seed);
    assert_int_equal(recovery_write(seed, code), OK);
    for (size_t i = 0; i < RECOVERY_SIZE - 1; i++) {
        if (code[i] == '-')
            continue;
        memcpy(wrong, code, sizeof code);
        wrong[i] = code[i] == 'Q' ? 'R' : 'Q';
        assert_int_equal(recovery_read(bytes_string(wrong), back), E_MALFORMED);
        wrong[i] = 'U'; /* no letter of the alphabet */
        assert_int_equal(recovery_read(bytes_string(wrong), back), E_MALFORMED);
    }
    for (size_t len = 0; len < RECOVERY_SIZE - 1; len++)
        assert_int_equal(recovery_read(bytes(code, len), back), E_MALFORMED);
    memcpy(wrong, code, sizeof code - 1);
    memcpy(wrong + RECOVERY_SIZE - 1, "0", 2);
    assert_int_equal(recovery_read(bytes_string(wrong), back), E_MALFORMED);
}

/* draft-rayner-proquint, with its example 127.0.0.1 = lusab-babad. */
static void words_are_consonant_and_vowel_in_turn(void **state)
{
    uint8_t authenticator[32] = {0x7f, 0, 0, 1, 0xff, 0xff};
    char words[WORDS_SIZE];

    (void)state;
    words_say(BYTES_OF(authenticator), words);
    assert_string_equal(words, "lusab babad zuzuz babab babab babab babab babab");
    words_say(bytes(authenticator, 15), words);
    assert_string_equal(words, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_gives_the_key_back),
        cmocka_unit_test(however_it_is_written),
        cmocka_unit_test(a_slip_of_the_pen_is_noticed),
        cmocka_unit_test(words_are_consonant_and_vowel_in_turn),
    };

    if (crypto_start() != OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
