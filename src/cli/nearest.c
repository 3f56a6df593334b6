#include "cli/nearest.h"

#include <string.h>

enum { WORD_MAX = 32, CLOSE = 2 };

struct nearest nearest_to(struct bytes wanted)
{
    return (struct nearest){.wanted = wanted, .distance = CLOSE + 1};
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Levenshtein: letters put in, left out or exchanged. */
static size_t distance(struct bytes a, struct bytes b)
{
    size_t row[WORD_MAX + 1];

    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t above = row[j];

            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a.at[i - 1] != b.at[j - 1]));
            diagonal = above;
        }
    }
    return row[b.len];
}

void nearest_offer(struct nearest *nearest, const char *known)
{
    struct bytes b = bytes_string(known);
    bool begins = nearest->wanted.len >= 3 && b.len > nearest->wanted.len &&
                  memcmp(b.at, nearest->wanted.at, nearest->wanted.len) == 0;
    size_t far;

    if (nearest->wanted.len == 0 || nearest->wanted.len > WORD_MAX || b.len > WORD_MAX)
        return;
    far = begins ? CLOSE : distance(nearest->wanted, b);
    /* Of a word of one or two letters any other is close. */
    if (far < nearest->distance && far < b.len) {
        nearest->distance = far;
        nearest->best = known;
    }
}
