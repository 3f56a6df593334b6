#include "client/recovery.h"

#include "crypto/crypto.h"

#include <string.h>

enum { CHECK_LEN = 3, CODE_BYTES = 32 + CHECK_LEN, LETTERS = CODE_BYTES * 8 / 5, GROUP = 4 };

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static enum result check_make(const uint8_t seed[static 32], uint8_t check[static CHECK_LEN])
{
    const struct bytes parts[] = {BYTES_TEXT("Teahouse recovery 1"), bytes(seed, 32)};
    uint8_t hash[32];
    enum result res = crypto_sha256(parts, 2, hash);

    if (res == OK)
        memcpy(check, hash, CHECK_LEN);
    wipe(hash, sizeof hash);
    return res;
}

enum result recovery_write(const uint8_t seed[static 32], char out[static RECOVERY_SIZE])
{
    uint8_t code[CODE_BYTES];
    char *at = out;
    enum result res;

    memcpy(code, seed, 32);
    res = check_make(seed, code + 32);
    for (size_t i = 0; res == OK && i < LETTERS; i++) {
        size_t bit = 5 * i, byte = bit / 8;
        unsigned pair = (unsigned)code[byte] << 8 | (byte + 1 < CODE_BYTES ? code[byte + 1] : 0);

        if (i != 0 && i % GROUP == 0)
            *at++ = '-';
        *at++ = alphabet[pair >> (11 - bit % 8) & 31];
    }
    *at = '\0';
    wipe(code, sizeof code);
    return res;
}

static int value_of(uint8_t c)
{
    const char *found;

    if (c >= 'a' && c <= 'z')
        c = (uint8_t)(c - 'a' + 'A');
    if (c == 'O')
        c = '0';
    if (c == 'I' || c == 'L')
        c = '1';
    found = c != '\0' ? strchr(alphabet, c) : NULL;
    return found != NULL ? (int)(found - alphabet) : -1;
}

static bool letters_read(struct bytes text, uint8_t code[static CODE_BYTES])
{
    size_t letters = 0;

    for (size_t i = 0; i < text.len; i++) {
        int value = value_of(text.at[i]);
        size_t bit = 5 * letters, byte = bit / 8;
        unsigned placed;

        if (text.at[i] == ' ' || text.at[i] == '-' || text.at[i] == '\n')
            continue;
        if (value < 0 || letters++ == LETTERS)
            return false;
        placed = (unsigned)value << (11 - bit % 8);
        code[byte] |= (uint8_t)(placed >> 8);
        if (byte + 1 < CODE_BYTES)
            code[byte + 1] |= (uint8_t)placed;
    }
    return letters == LETTERS;
}

enum result recovery_read(struct bytes text, uint8_t seed[static 32])
{
    uint8_t code[CODE_BYTES] = {0}, check[CHECK_LEN];
    enum result res = letters_read(text, code) ? check_make(code, check) : E_MALFORMED;

    if (res == OK && memcmp(check, code + 32, CHECK_LEN) != 0)
        res = E_MALFORMED;
    if (res == OK)
        memcpy(seed, code, 32);
    wipe(code, sizeof code);
    return res;
}
