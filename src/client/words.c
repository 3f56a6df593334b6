#include "client/words.h"

/* Sixteen bits are three consonants with two vowels between them, none of which sounds like another of its
 * kind. */
void words_say(struct bytes authenticator, char out[static WORDS_SIZE])
{
    static const char consonants[] = "bdfghjklmnprstvz", vowels[] = "aiou";
    static const struct {
        const char *letters;
        unsigned mask, shift;
    } places[] = {
        {consonants, 15, 12}, {vowels, 3, 10}, {consonants, 15, 6}, {vowels, 3, 4}, {consonants, 15, 0},
    };
    char *at = out;

    out[0] = '\0';
    if (authenticator.len < 2 * WORDS_COUNT)
        return;
    for (size_t i = 0; i < WORDS_COUNT; i++) {
        unsigned bits = (unsigned)authenticator.at[2 * i] << 8 | authenticator.at[2 * i + 1];

        for (size_t place = 0; place < sizeof places / sizeof places[0]; place++)
            *at++ = places[place].letters[bits >> places[place].shift & places[place].mask];
        *at++ = i + 1 < WORDS_COUNT ? ' ' : '\0';
    }
}
