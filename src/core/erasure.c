#include "core/erasure.h"

#include <string.h>

enum { POLYNOMIAL = 0x11d };

static uint8_t times(uint8_t a, uint8_t b)
{
    unsigned product = 0, factor = a;

    for (; b != 0; b >>= 1) {
        if (b & 1)
            product ^= factor;
        factor <<= 1;
        if (factor & 0x100)
            factor ^= POLYNOMIAL;
    }
    return (uint8_t)product;
}

/* a^254 is 1/a, since a^255 is 1. */
static uint8_t inverse(uint8_t a)
{
    uint8_t result = 1;

    for (unsigned i = 0; i < 7; i++) {
        a = times(a, a);
        result = times(result, a);
    }
    return result;
}

static uint8_t coefficient(unsigned piece, unsigned data)
{
    if (piece < ERASURE_DATA)
        return piece == data;
    return inverse((uint8_t)(piece ^ data));
}

static void add_times(uint8_t *to, const uint8_t *from, size_t len, uint8_t factor)
{
    if (factor == 0)
        return;
    for (size_t i = 0; i < len; i++)
        to[i] ^= times(from[i], factor);
}

static void scale(uint8_t *row, size_t len, uint8_t factor)
{
    for (size_t i = 0; i < len; i++)
        row[i] = times(row[i], factor);
}

void erasure_encode(const uint8_t data[static ERASURE_DATA_LEN], struct erasure_pieces *out)
{
    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < ERASURE_PIECES; i++) {
        out->have[i] = true;
        for (unsigned j = 0; j < ERASURE_DATA; j++)
            add_times(out->at[i], data + j * ERASURE_PIECE_LEN, ERASURE_PIECE_LEN, coefficient(i, j));
    }
}

/* Gauss-Jordan elimination. Every square part of the code's matrix can be inverted, so a pivot is always
 * found. */
static void solve(uint8_t matrix[ERASURE_DATA][ERASURE_DATA], uint8_t values[ERASURE_DATA][ERASURE_PIECE_LEN])
{
    for (unsigned column = 0; column < ERASURE_DATA; column++) {
        unsigned pivot = column;
        uint8_t row[ERASURE_DATA], value[ERASURE_PIECE_LEN], factor;

        while (matrix[pivot][column] == 0)
            pivot++;
        memcpy(row, matrix[pivot], sizeof row);
        memcpy(value, values[pivot], sizeof value);
        memcpy(matrix[pivot], matrix[column], sizeof row);
        memcpy(values[pivot], values[column], sizeof value);

        factor = inverse(row[column]);
        scale(row, sizeof row, factor);
        scale(value, sizeof value, factor);
        memcpy(matrix[column], row, sizeof row);
        memcpy(values[column], value, sizeof value);

        for (unsigned other = 0; other < ERASURE_DATA; other++) {
            if (other == column)
                continue;
            factor = matrix[other][column];
            add_times(matrix[other], row, sizeof row, factor);
            add_times(values[other], value, sizeof value, factor);
        }
    }
}

enum result erasure_decode(const struct erasure_pieces *pieces, uint8_t data[static ERASURE_DATA_LEN])
{
    uint8_t matrix[ERASURE_DATA][ERASURE_DATA], values[ERASURE_DATA][ERASURE_PIECE_LEN];
    unsigned rows = 0;

    for (unsigned i = 0; i < ERASURE_PIECES && rows < ERASURE_DATA; i++) {
        if (!pieces->have[i])
            continue;
        for (unsigned j = 0; j < ERASURE_DATA; j++)
            matrix[rows][j] = coefficient(i, j);
        memcpy(values[rows++], pieces->at[i], ERASURE_PIECE_LEN);
    }
    if (rows < ERASURE_DATA)
        return E_AGAIN;
    solve(matrix, values);
    memcpy(data, values, ERASURE_DATA_LEN);
    return OK;
}
