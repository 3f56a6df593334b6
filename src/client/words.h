/* What people read to each other to hear that they are in one epoch of one group: its authenticator's first
 * 128 bits as eight words that can be said in many languages, consonant and vowel in turn. */
#ifndef CLIENT_WORDS_H
#define CLIENT_WORDS_H

#include "base/bytes.h"

enum { WORDS_COUNT = 8, WORDS_SIZE = 6 * WORDS_COUNT };

/* The words with a blank between them. Empty where the authenticator is shorter than 16 bytes. */
void words_say(struct bytes authenticator, char out[static WORDS_SIZE]);

#endif
